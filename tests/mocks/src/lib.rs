//! Business systems simulated strictly from their vendors' documentation, with faults on demand.
//! Knows nothing of the connectors it is used to test: whatever a vendor does not document is recorded as a violation.

// The seeds are large JSON literals.
#![recursion_limit = "256"]

mod auth;
mod clock;
mod control;
pub mod credentials;
mod exchange;
mod fault;
mod journal;
mod odata;
mod server;
mod shape;
mod systems;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use fault::{Fault, Kind};
pub use journal::Entry;

use control::Control;
use fault::Faults;
use journal::Journal;
use server::Stand;

/// What the control and the library's callers share.
pub(crate) struct Hub {
    places: Vec<(&'static str, String)>,
    stands: Vec<Arc<Stand>>,
    /// Whether each system takes connections, by name.
    doors: BTreeMap<&'static str, watch::Sender<bool>>,
    journal: Arc<Journal>,
    faults: Arc<Faults>,
}

impl Hub {
    fn knows(&self, system: &str) -> bool {
        self.places.iter().any(|(name, _)| *name == system)
    }

    fn arm(&self, fault: Fault) -> Result<u64, String> {
        if !self.knows(&fault.system) {
            return Err(format!("no system is called {:?}", fault.system));
        }
        fault.check()?;
        if fault.kind == Kind::Refuse
            && let Some(door) = self.doors.get(fault.system.as_str())
        {
            door.send_replace(false);
        }
        Ok(self.faults.arm(fault))
    }

    /// No faults; whatever they closed is open again.
    fn clear(&self) {
        self.faults.clear();
        for door in self.doors.values() {
            door.send_if_modified(|is_open| !std::mem::replace(is_open, true));
        }
    }

    fn turn(&self, system: &str, knob: &str, value: &Value) -> Result<(), String> {
        let stand = self
            .stands
            .iter()
            .find(|stand| stand.name == system)
            .ok_or_else(|| format!("no system is called {system:?}"))?;
        stand.system.turn(knob, value)
    }

    fn reset(&self) {
        self.clear();
        for stand in &self.stands {
            stand.system.reset();
        }
        self.journal.clear();
    }
}

/// All simulated systems, each on its own listener. Dropping it stops them at once.
pub struct Mocks {
    control: String,
    hub: Arc<Hub>,
    stop: watch::Sender<bool>,
    listeners: JoinSet<()>,
}

impl Mocks {
    /// Starts the control on `address` and the systems on the ports after it, in the table's order.
    /// With port 0 every port is chosen by the operating system.
    ///
    /// # Errors
    ///
    /// When a port cannot be bound.
    pub async fn start(address: SocketAddr) -> io::Result<Self> {
        let control_listener = TcpListener::bind(address).await?;
        let journal = Arc::new(Journal::default());
        let faults = Arc::new(Faults::default());
        let mut places = Vec::new();
        let mut stands = Vec::new();
        let mut bound = Vec::new();
        for (index, (name, make)) in systems::TABLE.iter().enumerate() {
            let listener = TcpListener::bind(neighbour(address, index)?).await?;
            let url = url_of(address.ip(), &listener)?;
            let stand = Arc::new(Stand {
                name,
                system: make(&url),
                journal: Arc::clone(&journal),
                faults: Arc::clone(&faults),
            });
            places.push((*name, url));
            stands.push(Arc::clone(&stand));
            bound.push((listener, stand));
        }
        let doors = systems::TABLE.iter().map(|(name, _)| (*name, watch::Sender::new(true))).collect();
        let hub = Arc::new(Hub { places, stands, doors, journal, faults });
        let control = url_of(address.ip(), &control_listener)?;
        let (stop, stopped) = watch::channel(false);
        let mut listeners = JoinSet::new();
        for (listener, stand) in bound {
            let door = hub.doors[stand.name].subscribe();
            listeners.spawn(server::listen(listener, stand, door, stopped.clone()));
        }
        let site = Arc::new(Control { hub: Arc::clone(&hub) });
        let (_, open) = watch::channel(true);
        listeners.spawn(server::listen(control_listener, site, open, stopped));
        Ok(Self { control, hub, stop, listeners })
    }

    /// The systems' names and base URLs, in the table's order.
    pub fn systems(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.hub.places.iter().map(|(name, url)| (*name, url.as_str()))
    }

    /// The base URL of a system, without a slash at the end.
    ///
    /// # Panics
    ///
    /// When no system has that name.
    pub fn base_url(&self, system: &str) -> &str {
        self.systems()
            .find(|(name, _)| *name == system)
            .map(|(_, url)| url)
            .unwrap_or_else(|| panic!("no simulated system is called {system:?}"))
    }

    /// The base URL of the control listener.
    pub fn control_url(&self) -> &str {
        &self.control
    }

    /// Every request a system received, in order.
    pub fn journal(&self, system: &str) -> Vec<Entry> {
        self.hub.journal.entries(Some(system))
    }

    /// How many objects of each kind the systems hold, as `system/kind`: what a write added is there once, however
    /// often it was sent.
    pub fn census(&self) -> BTreeMap<String, usize> {
        let all = self.hub.stands.iter();
        all.flat_map(|stand| {
            stand.system.census().into_iter().map(|(kind, count)| (format!("{}/{kind}", stand.name), count))
        })
        .collect()
    }

    /// Sets a fault and answers its id.
    ///
    /// # Panics
    ///
    /// When the fault names no system, or its members do not fit its kind.
    pub fn fault(&self, fault: Fault) -> u64 {
        self.hub.arm(fault).unwrap_or_else(|message| panic!("the fault is wrong: {message}"))
    }

    /// Turns a knob of a system: how long its tokens live, which consent is gone, how wrong its clock is.
    /// The README lists the knobs; a reset puts all of them back.
    ///
    /// # Panics
    ///
    /// When no system has that name, the system has no such knob, or the value does not fit it.
    pub fn knob(&self, system: &str, knob: &str, value: impl Into<Value>) {
        self.hub.turn(system, knob, &value.into()).unwrap_or_else(|message| panic!("the knob is wrong: {message}"));
    }

    /// Returns once the fault, of a kind that holds, holds a request.
    ///
    /// # Panics
    ///
    /// When no fault that is still set has that id.
    pub async fn until_held(&self, fault: u64) {
        self.gate(fault).until_held().await;
    }

    /// Lets go what the fault holds, and everything it would have held.
    ///
    /// # Panics
    ///
    /// When no fault that is still set has that id.
    pub fn release(&self, fault: u64) {
        self.gate(fault).open();
    }

    fn gate(&self, fault: u64) -> Arc<fault::gate::Gate> {
        self.hub.faults.gate(fault).unwrap_or_else(|| panic!("no fault has the id {fault}"))
    }

    pub fn clear_faults(&self) {
        self.hub.clear();
    }

    /// Back to the seed: state, knobs, journal and faults.
    pub fn reset(&self) {
        self.hub.reset();
    }

    /// What the systems received and their vendors' documentation does not know.
    pub fn violations(&self) -> Vec<String> {
        self.hub.journal.violations()
    }

    /// Takes no new connections and lets the open ones finish for up to two seconds.
    pub async fn stop(mut self) {
        // Without receivers there is nobody left to stop.
        let _ = self.stop.send(true);
        while self.listeners.join_next().await.is_some() {}
    }
}

/// The address of the system at `index`: the ports after the control's, or any port when the control has any.
fn neighbour(address: SocketAddr, index: usize) -> io::Result<SocketAddr> {
    if address.port() == 0 {
        return Ok(address);
    }
    let port = u16::try_from(index + 1)
        .ok()
        .and_then(|offset| address.port().checked_add(offset))
        .ok_or_else(|| io::Error::other("the control port leaves no room for the systems"))?;
    Ok(SocketAddr::new(address.ip(), port))
}

fn url_of(ip: IpAddr, listener: &TcpListener) -> io::Result<String> {
    let port = listener.local_addr()?.port();
    Ok(format!("http://{}", SocketAddr::new(ip, port)))
}
