//! What whoever counts and alerts is told of the traffic of connections: one value per thing that happened, as it
//! happens. Counting is the host's business, and so are the names of its metrics; nothing told here holds a header, a
//! body, a path or a secret.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jackfield_core::breaker::Standing;
use jackfield_core::manifest::Access;

/// Something that happened to the requests of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment<'m> {
    /// Name of the connection.
    pub connection: &'m str,
    /// Whether it was about a read or a write.
    pub access: Access,
    /// What it was.
    pub what: What,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The system answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// From sending to the end of the body.
        elapsed: Duration,
    },
    /// It was sent, or should have been, and no whole answer came.
    Failed {
        /// Until that was clear.
        elapsed: Duration,
    },
    /// It is sent again after this while.
    Repeated {
        /// The wait.
        after: Duration,
    },
    /// It waited for room in the vendor's budget.
    Waited {
        /// How long.
        during: Duration,
    },
    /// It was not sent, or its answer not read, because of a bound.
    Refused {
        /// Which bound.
        by: Bound,
    },
    /// A probe was answered, or should have been. Nothing else is told of it.
    Probed {
        /// Whether the system answered with anything below 500.
        ok: bool,
        /// Until that was clear.
        elapsed: Duration,
    },
    /// A breaker stands otherwise than before.
    Breaker {
        /// How it stands now.
        now: Standing,
    },
}

/// What keeps the trouble of one connection to that connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// The system has been failing.
    Breaker,
    /// The vendor's budget has no room in time.
    Budget,
    /// Too many requests are under way.
    Requests,
    /// Too many bytes of answers are being read.
    ResponseBytes,
}

impl Bound {
    /// As a label of a metric.
    pub fn as_str(self) -> &'static str {
        match self {
            Bound::Breaker => "breaker",
            Bound::Budget => "budget",
            Bound::Requests => "requests",
            Bound::ResponseBytes => "response_bytes",
        }
    }
}

/// Is told of every moment, on the task it happened on: it must be quick.
pub type Watcher = Arc<dyn Fn(&Moment<'_>) + Send + Sync>;

/// The place of the watcher, shared by all connections; without one nobody is told.
#[derive(Default)]
pub(crate) struct Watch(OnceLock<Watcher>);

impl Watch {
    /// Has a watcher told from now on. Only the first one is.
    pub(crate) fn begin(&self, watcher: Watcher) {
        let _ = self.0.set(watcher);
    }

    pub(crate) fn tell(&self, moment: &Moment<'_>) {
        if let Some(watcher) = self.0.get() {
            watcher(moment);
        }
    }
}
