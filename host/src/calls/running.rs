//! A call that this process carries out now: how far it is, for those who watch, and the two ways to stop it.

use std::sync::{Arc, OnceLock};

use jackfield_core::call::WriteGate;
use jackfield_core::digest::Digest;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::Owner;
use super::record::Ended;
use crate::dispatch::Voice;
use crate::policy::Sentence;

/// How far a call is.
#[derive(Clone, Default)]
pub(super) struct Stage {
    /// It takes longer than usual.
    pub(super) progressed: bool,
    /// It has its answer.
    pub(super) ended: Option<Arc<Ended>>,
}

/// A call under way.
pub struct Running {
    /// Its id.
    pub call_id: Arc<str>,
    pub(super) owner: Owner,
    /// The key of its write.
    pub(super) key: Option<Digest>,
    /// Where its writes leave.
    pub(super) gate: WriteGate,
    is_read: bool,
    voice: Voice,
    stage: watch::Sender<Stage>,
    withdrawn: watch::Sender<bool>,
    task: OnceLock<AbortHandle>,
}

impl Running {
    pub(super) fn new(call_id: Arc<str>, owner: Owner, key: Option<Digest>, is_read: bool, voice: Voice) -> Running {
        Running {
            call_id,
            owner,
            key,
            gate: WriteGate::closable(),
            is_read,
            voice,
            stage: watch::Sender::default(),
            withdrawn: watch::Sender::new(false),
            task: OnceLock::new(),
        }
    }

    pub(super) fn is_read(&self) -> bool {
        self.is_read
    }

    pub(super) fn voice(&self) -> &Voice {
        &self.voice
    }

    /// What its person is told for as long as it works.
    pub fn progress_text(&self) -> String {
        self.voice.say(Sentence::Progress).to_owned()
    }

    pub(super) fn stage(&self) -> Stage {
        self.stage.borrow().clone()
    }

    /// Tells when it is further than now.
    pub(super) fn watch(&self) -> watch::Receiver<Stage> {
        self.stage.subscribe()
    }

    /// It takes longer than usual.
    pub(super) fn progress(&self) {
        self.stage.send_modify(|stage| stage.progressed = true);
    }

    /// It has its answer.
    pub(super) fn publish(&self, ended: Arc<Ended>) {
        self.stage.send_modify(|stage| stage.ended = Some(ended));
    }

    /// Calls it off. `false`: a write has left, or may have, so that it goes on.
    pub(super) fn withdraw(&self) -> bool {
        let may = self.is_read || self.gate.close();
        if may {
            self.withdrawn.send_replace(true);
        }
        may
    }

    /// Comes back when it is called off.
    pub(super) async fn until_withdrawn(&self) {
        // The sender is this call's own, so the channel cannot close while it is borrowed.
        let _ = self.withdrawn.subscribe().wait_for(|withdrawn| *withdrawn).await;
    }

    /// The task that carries it out.
    pub(super) fn carried_by(&self, task: AbortHandle) {
        // Set once: one task carries a call out.
        let _ = self.task.set(task);
    }

    /// Whether its task is gone.
    pub(super) fn has_ended(&self) -> bool {
        self.task.get().is_none_or(AbortHandle::is_finished)
    }

    /// Ends it as the end of the process would: nothing is said and nothing is kept.
    pub(super) fn abort(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}
