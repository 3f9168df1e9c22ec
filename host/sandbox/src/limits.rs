//! Memory and tables of one call: what may grow, how far it grew, and whether it was refused.

use wasmtime::ResourceLimiter;

/// Refuses growth beyond the call's limits and remembers that it did, so that the trap that usually follows is blamed
/// on memory and not on the guest's allocator giving up.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    memory_bytes_max: usize,
    table_elements_max: usize,
    memory_bytes: usize,
    last_growth: usize,
    /// The most memory the call had, in bytes, summed over its memories.
    pub(crate) memory_bytes_peak: usize,
    /// A memory was refused.
    pub(crate) memory_refused: bool,
    /// A table was refused.
    pub(crate) table_refused: bool,
}

impl Bounds {
    pub(crate) fn new(memory_bytes_max: usize, table_elements_max: usize) -> Bounds {
        Bounds { memory_bytes_max, table_elements_max, ..Bounds::default() }
    }
}

impl ResourceLimiter for Bounds {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, wasmtime::Error> {
        let growth = desired.saturating_sub(current);
        let total = self.memory_bytes.saturating_add(growth);
        if total > self.memory_bytes_max {
            self.memory_refused = true;
            return Ok(false);
        }
        self.memory_bytes = total;
        self.last_growth = growth;
        self.memory_bytes_peak = self.memory_bytes_peak.max(total);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> Result<(), wasmtime::Error> {
        // The pool's own bound, or the system's: granted above and not had.
        self.memory_refused = true;
        self.memory_bytes = self.memory_bytes.saturating_sub(std::mem::take(&mut self.last_growth));
        Ok(())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, wasmtime::Error> {
        let fits = desired <= self.table_elements_max;
        self.table_refused |= !fits;
        Ok(fits)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> Result<(), wasmtime::Error> {
        self.table_refused = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_bounded_in_their_sum() {
        let mut bounds = Bounds::new(100, 10);
        assert!(bounds.memory_growing(0, 60, None).unwrap());
        assert!(bounds.memory_growing(0, 40, None).unwrap());
        assert!(!bounds.memory_refused);
        assert!(!bounds.memory_growing(60, 61, None).unwrap());
        assert!(bounds.memory_refused);
        assert_eq!(bounds.memory_bytes_peak, 100);
    }

    #[test]
    fn growth_that_failed_elsewhere_is_given_back() {
        let mut bounds = Bounds::new(100, 10);
        assert!(bounds.memory_growing(0, 80, None).unwrap());
        bounds.memory_grow_failed(wasmtime::Error::msg("no room")).unwrap();
        assert!(bounds.memory_growing(0, 80, None).unwrap());
        assert!(bounds.memory_refused);
    }

    #[test]
    fn each_table_is_bounded() {
        let mut bounds = Bounds::new(100, 10);
        assert!(bounds.table_growing(0, 10, None).unwrap());
        assert!(!bounds.table_growing(10, 11, None).unwrap());
        assert!(bounds.table_refused);
    }
}
