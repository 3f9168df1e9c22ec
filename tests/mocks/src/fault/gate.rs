//! Where a held request waits until a test lets it go. Answers for the waiting only; when to wait is the server's
//! choice.

use tokio::sync::watch;

#[derive(Default)]
struct State {
    held: usize,
    open: bool,
}

/// The gate of one fault: closed until released, and open for ever after.
#[derive(Default)]
pub(crate) struct Gate {
    state: watch::Sender<State>,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.state.send_modify(|state| state.open = true);
    }

    /// How many requests wait here now.
    pub(crate) fn held(&self) -> usize {
        self.state.borrow().held
    }

    /// Returns once a request waits here, or once nothing ever will because the gate is open.
    pub(crate) async fn until_held(&self) {
        // The sender is this gate's own, so the channel cannot close while it is borrowed.
        let _ = self.state.subscribe().wait_for(|state| state.held > 0 || state.open).await;
    }

    /// Waits until the gate is open. A caller that goes away is no longer counted.
    pub(crate) async fn pass(&self) {
        let _place = Place::take(self);
        let _ = self.state.subscribe().wait_for(|state| state.open).await;
    }
}

struct Place<'a>(&'a Gate);

impl<'a> Place<'a> {
    fn take(gate: &'a Gate) -> Self {
        gate.state.send_modify(|state| state.held += 1);
        Self(gate)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.held = state.held.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_request_waits_until_it_is_released_and_is_counted_while_it_does() {
        let gate = Arc::new(Gate::default());
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.pass().await }
        });
        gate.until_held().await;
        assert_eq!(gate.held(), 1);
        gate.open();
        waiting.await.unwrap();
        assert_eq!(gate.held(), 0);
        gate.pass().await;
    }
}
