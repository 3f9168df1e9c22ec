//! The engine with one of its settings changed, for benches alone: what each is worth.
//!
//! Only the feature `bench` compiles this, and no crate but the benches' turns it on (`tests/imports.sh`).

use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

/// One setting changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variant {
    /// None: as every host runs.
    #[default]
    Shipped,
    /// No pool: each call maps its own memory.
    OnDemand,
    /// A pool that keeps nothing resident, as the engine's own default.
    NothingKept,
    /// Tables are given back to the system.
    TablesGivenBack,
    /// Only pages that were written are reset, found by a scan of the page map.
    PagemapScan,
    /// Ready for asynchronous functions of the component model.
    Concurrency,
    /// Stacks are handed on as they are.
    StacksAsTheyAre,
    /// Images are copied in, not mapped.
    NoCopyOnWrite,
    /// Table elements are made when the instance is.
    EagerTables,
}

impl Variant {
    pub(crate) fn pool(self, pool: &mut PoolingAllocationConfig) {
        match self {
            Variant::NothingKept => {
                pool.linear_memory_keep_resident(0).table_keep_resident(0).async_stack_keep_resident(0);
            }
            Variant::TablesGivenBack => {
                pool.table_keep_resident(0);
            }
            Variant::PagemapScan => {
                pool.pagemap_scan(Enabled::Yes);
            }
            _ => {}
        }
    }

    pub(crate) fn settings(self, settings: &mut Config) {
        match self {
            Variant::OnDemand => {
                settings.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            }
            Variant::Concurrency => {
                settings.concurrency_support(true);
            }
            Variant::StacksAsTheyAre => {
                settings.async_stack_zeroing(false);
            }
            Variant::NoCopyOnWrite => {
                settings.memory_init_cow(false);
            }
            Variant::EagerTables => {
                settings.table_lazy_init(false);
            }
            _ => {}
        }
    }
}
