//! One call in a fresh instance: arm the bounds, instantiate, call, account, forget.
//!
//! The order on this path is measured: nothing is looked up by name, the context of WASI is made only when it is
//! used, and an instance whose memory the pool keeps resident costs no system call.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use jackfield_core::budget::Limits;
use jackfield_core::call::{Call, CallContext, WriteOutcome};
use jackfield_core::failure::Failure;
use jackfield_core::grant::Grant;
use jackfield_core::manifest::Manifest;
use jackfield_core::package::Package;
use jackfield_core::port;
use jackfield_core::settle::Settlement;
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Store, StoreContextMut, UpdateDeadline};

use crate::capability::wasi::RESOURCES_MAX;
use crate::engine::Shared;
use crate::package::Anatomy;
use crate::permit::Permit;
use crate::trap::{Fault, Stop, fault};
use crate::world::{Exports, Version};

mod describe;
mod entry;
mod state;

pub use entry::{Delivery, Event, Page};
pub(crate) use state::HostState;

/// What guests reach, through the grant, of the rest of the host. One for all calls.
pub struct Ports {
    /// Sends granted requests.
    pub egress: Arc<dyn port::Egress>,
    /// Uses secrets, and finds them in texts.
    pub secrets: Arc<dyn port::Secrets>,
    /// Remembers for a while.
    pub cache: Arc<dyn port::Cache>,
    /// Asks other connectors.
    pub intents: Arc<dyn port::Intents>,
    /// Takes log lines.
    pub log: Arc<dyn port::GuestLog>,
}

/// One call of one connector, with everything that bounds it.
#[derive(Debug)]
pub struct Invocation {
    /// What the guest is told. For `settle` it is the call that `handle` got. For `receive` and `poll` only settings, time and identity matter: the last stands behind
    /// what the guest asks of other connectors.
    pub call: Call,
    /// What the guest is not told. Its deadline holds, or the wall time of `limits` if that ends earlier.
    pub context: CallContext,
    /// What the guest may reach.
    pub grant: Arc<Grant>,
    /// What the call may use.
    pub limits: Arc<Limits>,
    /// The place in the pool, where admission has waited for one.
    pub permit: Option<Permit>,
}

/// A call that ended, and what it used. It always ends so.
#[derive(Debug)]
pub struct Completed<T> {
    /// The guest's answer, or why there is none.
    pub result: Result<T, Ended>,
    /// What it used until then.
    pub usage: Usage,
}

/// Why a call ended without an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The connector says why: an answer of its own kind.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The connector did not keep to its bounds, or to WebAssembly.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What a call used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time that the guest computed.
    pub cpu: Duration,
    /// Time from the first to the last, waiting included.
    pub wall: Duration,
    /// The most linear memory it had, in bytes.
    pub memory_bytes_peak: usize,
    /// Calls into the host of any kind.
    pub host_calls: u32,
    /// Requests that the grant let through.
    pub upstream_requests: u32,
    /// Bodies of requests, in bytes.
    pub bytes_sent: u64,
    /// Bodies of answers, in bytes.
    pub bytes_received: u64,
    /// Lines that went to the log; what standard error gave is not counted.
    pub log_lines: u32,
    /// Lines that were over the bound.
    pub log_lines_dropped: u32,
    /// What is known of writes, also when the call ended before the system's answer.
    pub write_outcome: WriteOutcome,
    /// What was refused, with the line that would allow it; the first few.
    pub denials: Vec<String>,
}

/// A loaded connector: checked, compiled, linked, and never run so far.
pub struct Connector {
    guest: Guest,
    package: Package,
    manifest: Manifest,
    digest: String,
    imports: Vec<String>,
    size: usize,
    /// Answers in the guest's place.
    #[cfg(feature = "bench")]
    native: Option<crate::native::Work>,
}

impl Connector {
    pub(crate) fn new(
        guest: Guest,
        package: Package,
        manifest: Manifest,
        digest: String,
        anatomy: &Anatomy<'_>,
    ) -> Connector {
        Connector {
            guest,
            #[cfg(feature = "bench")]
            native: crate::native::linked(&manifest.id),
            package,
            manifest,
            digest,
            imports: anatomy.imports.clone(),
            size: anatomy.size,
        }
    }

    /// Intents with their schemas.
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// What it asks for.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// BLAKE3 of the file, in hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Names of its imports.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Size of the file, in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Linear memory that a call starts with, in bytes. More than the host keeps resident makes every call dearer.
    pub fn initial_memory_bytes(&self) -> u64 {
        self.guest.initial_memory_bytes()
    }

    /// Answers one call with JSON text. Whether it is JSON, and of the right schema, is for the reply stage to say.
    pub async fn handle(&self, ports: &Arc<Ports>, invocation: Invocation) -> Completed<String> {
        #[cfg(feature = "bench")]
        if let Some(work) = self.native {
            return crate::native::run(work, &self.guest.shared, ports, invocation).await;
        }
        self.guest.run(ports, invocation, entry::Handle).await
    }

    /// Whether this write can be looked for afterwards. A connector built for 1.0 never can.
    pub fn settles(&self, intent: &str) -> bool {
        self.guest.exports.settle.is_some() && self.package.settles.iter().any(|settled| settled == intent)
    }

    /// Asks whether a write happened whose end nobody heard; `Unknown` where the connector cannot say. Whoever asks gives
    /// a grant of reading rules: see `Grant::looking_back`.
    pub async fn settle(&self, ports: &Arc<Ports>, invocation: Invocation) -> Completed<Settlement> {
        if self.guest.exports.settle.is_none() {
            return Completed { result: Ok(Settlement::Unknown), usage: Usage::default() };
        }
        self.guest.run(ports, invocation, entry::Settle).await
    }

    /// Turns a verified webhook delivery into events.
    pub async fn receive(
        &self,
        ports: &Arc<Ports>,
        invocation: Invocation,
        delivery: Delivery,
    ) -> Completed<Vec<Event>> {
        self.guest.run(ports, invocation, entry::Receive(delivery)).await
    }

    /// Fetches changes since a cursor; without one, from now on.
    pub async fn poll(&self, ports: &Arc<Ports>, invocation: Invocation, cursor: Option<String>) -> Completed<Page> {
        self.guest.run(ports, invocation, entry::Poll(cursor)).await
    }

    /// Asks for the intents again, as `jackfield build` does; a request never does.
    ///
    /// # Errors
    /// When it does not answer within the limits.
    pub async fn describe(&self, limits: &Limits) -> Result<String, Ended> {
        self.guest.describe(limits).await
    }
}

/// A linked component and where its functions are.
pub(crate) struct Guest {
    shared: Arc<Shared>,
    pre: InstancePre<HostState>,
    exports: Exports,
}

impl Guest {
    /// # Errors
    /// When an export is missing or has another type than the contract says.
    pub(crate) fn new(shared: Arc<Shared>, pre: InstancePre<HostState>, version: Version) -> wasmtime::Result<Guest> {
        let exports = version.find(&pre)?;
        Ok(Guest { shared, pre, exports })
    }

    pub(crate) fn initial_memory_bytes(&self) -> u64 {
        const PAGE_BYTES: u64 = 64 << 10;
        let pages = self.pre.component().resources_required().and_then(|r| r.max_initial_memory_size);
        pages.unwrap_or(0).saturating_mul(PAGE_BYTES)
    }

    /// One call from beginning to end.
    async fn run<E: Entry>(&self, ports: &Arc<Ports>, mut invocation: Invocation, entry: E) -> Completed<E::Answer> {
        let started = Instant::now();
        let shared = &*self.shared;
        let max = shared.permits.max();
        let Some(_permit) = invocation.permit.take().or_else(|| shared.permits.try_take()) else {
            return Completed { result: Err(Fault::Overloaded { max }.into()), usage: Usage::default() };
        };
        // Armed here, after all queueing. Everyone behind sees the earlier of the two ends.
        let by_limit = started.checked_add(invocation.limits.wall());
        let deadline = by_limit.map_or(invocation.context.deadline, |end| end.min(invocation.context.deadline));
        invocation.context.deadline = deadline;
        let state = HostState::new(ports.clone(), invocation, started, shared);
        let (meter, invocation) = (state.meter.clone(), state.invocation.clone());

        let mut store = Store::new(&shared.engine, state);
        store.limiter(|state| &mut state.bounds);
        store.set_hostcall_fuel(store.data().transfer_bytes_max);
        store.set_max_component_handles(RESOURCES_MAX);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(look_at_the_clock);

        let ended = if deadline <= started {
            Err(Ended::Fault(store.data().wall_exceeded()))
        } else {
            let calling = async {
                let instance = self.pre.instantiate_async(&mut store).await?;
                entry.call(&self.exports, &instance, &mut store, &invocation).await
            };
            // The epoch ends a guest that computes; only a timer ends one that waits in a host call.
            let called = tokio::time::timeout_at(deadline.into(), meter.computing(&shared.ticker, calling)).await;
            match called {
                Ok(Ok(answered)) => answered.map_err(Ended::Failed),
                Ok(Err(error)) => Err(Ended::Fault(fault(&error, store.data()))),
                Err(_elapsed) => Err(Ended::Fault(store.data().wall_exceeded())),
            }
        };
        let mut state = store.into_data();
        state.finish();
        let result = ended.and_then(|answer| {
            let limit = invocation.limits.output_bytes_max;
            if E::bytes(&answer) > limit {
                return Err(Ended::Fault(Fault::OutputTooLarge { limit }));
            }
            Ok(answer)
        });
        if meter.writes_open.load(Relaxed) > 0 {
            // It left, and nobody waited for the answer: only the system knows.
            state.tally.write_outcome = WriteOutcome::Unknown;
        }
        Completed { result, usage: state.usage(started) }
    }
}

/// One of the contract's functions: which, with what, and what it gives.
pub(crate) trait Entry: Send {
    /// What the host makes of the guest's answer.
    type Answer: Send;

    /// Calls it.
    fn call(
        self,
        exports: &Exports,
        instance: &Instance,
        store: &mut Store<HostState>,
        invocation: &Invocation,
    ) -> impl Future<Output = wasmtime::Result<Result<Self::Answer, Failure>>> + Send;

    /// Size of an answer, for its bound.
    fn bytes(answer: &Self::Answer) -> usize;
}

/// Runs at every tick in which the guest computes.
fn look_at_the_clock(context: StoreContextMut<'_, HostState>) -> wasmtime::Result<UpdateDeadline> {
    let state = context.data();
    let now = Instant::now();
    if now >= state.invocation.context.deadline {
        return Err(Stop::Wall.into());
    }
    if state.meter.spent(now) > state.limits().cpu() {
        return Err(Stop::Cpu.into());
    }
    // Those of WASI cannot refuse by themselves.
    if state.tally.host_calls > state.limits().host_calls_max {
        return Err(Stop::HostCalls.into());
    }
    // Not the engine's own yield: tokio would look at timers and sockets only every 61st time.
    Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
}
