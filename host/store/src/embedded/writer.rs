//! Writing: one thread, one transaction for everything that waits (group commit), an answer only after the commit.
//!
//! An operation that changes a value and fails is over: whoever asked is told. A log entry has no one waiting, so one
//! that was taken is kept and tried again until it is written; meanwhile no further entry is taken. The thread finds
//! out by itself when writing works again.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use jackfield_core::port::{Bucket, Expect, Log, StoreError};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::open::{self, OpenFault};
use super::room::Shrinker;
use super::{OpenError, Options, unavailable, words};
use transaction::attempt;

mod transaction;

/// Operations in one transaction: bounds how long the first of them waits for the last.
const BATCH_OPERATIONS_MAX: usize = 1024;

/// What an operation costs in the queue beside its key and its value, in bytes: bounds the number of empty ones.
const OPERATION_BYTES: usize = 512;

/// How long the thread waits, after writing failed, before it tries by itself whether it works again.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// What is to be done.
#[derive(Debug)]
pub(super) enum Change {
    /// A value under a condition.
    Put { bucket: Bucket, key: String, value: Bytes, expect: Expect },
    /// No value any more, under a condition.
    Delete { bucket: Bucket, key: String, expect: Expect },
    /// One more entry of a log.
    Append { log: Log, body: Bytes },
    /// No entries of a log any more up to this one.
    Trim { log: Log, through: u64 },
    /// Nothing: its answer says that everything before it is durable.
    Flush,
}

impl Change {
    fn cost(&self) -> usize {
        OPERATION_BYTES
            + match self {
                Change::Put { key, value, .. } => key.len() + value.len(),
                Change::Delete { key, .. } => key.len(),
                Change::Append { body, .. } => body.len(),
                Change::Trim { .. } | Change::Flush => 0,
            }
    }
}

/// A revision where there is one, else 0.
type Answer = Result<u64, StoreError>;

/// A change on its way.
#[derive(Debug)]
struct Operation {
    change: Change,
    tell: Option<oneshot::Sender<Answer>>,
    /// Its room in the queue, given back when it is settled.
    _room: OwnedSemaphorePermit,
}

impl Operation {
    fn settle(self, answer: Answer) {
        if let Some(tell) = self.tell {
            // Who asked may be gone by now; what was done stays done.
            let _ = tell.send(answer);
        }
    }

    fn is_append(&self) -> bool {
        matches!(self.change, Change::Append { .. })
    }
}

/// Why writing does not work at the moment; `None` when it does.
type Outage = Arc<Mutex<Option<String>>>;

/// The thread that writes, and its queue.
pub(super) struct Writer {
    /// Unbounded as a channel; `room` is the bound.
    queue: Option<Sender<Operation>>,
    room: Arc<Semaphore>,
    outage: Outage,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub(super) fn start(connection: Connection, path: &Path, options: &Options) -> Result<Writer, OpenError> {
        let (queue, changes) = channel();
        let outage = Outage::default();
        let fault = |error: rusqlite::Error| OpenError { path: path.to_owned(), fault: error.into() };
        let shrinker = Shrinker::new(&connection, options.free_bytes_kept).map_err(fault)?;
        let (outage_told, path_told, held) = (outage.clone(), path.to_owned(), VecDeque::new());
        let mut thread = Thread { connection, path: path_told, changes, outage: outage_told, held, shrinker };
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || thread.run());
        let thread = thread.map_err(|error| open::thread(path, &error))?;
        let room = Arc::new(Semaphore::new(options.queue_bytes_max as usize));
        Ok(Writer { queue: Some(queue), room, outage, thread: Some(thread) })
    }

    /// Does a change; the answer comes after the commit. Whoever stops waiting does not undo it.
    pub(super) async fn change(&self, change: Change) -> Answer {
        let (tell, told) = oneshot::channel();
        self.enqueue(change, Some(tell))?;
        told.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Takes an entry and returns at once.
    pub(super) fn append(&self, log: Log, body: Bytes) -> Result<(), StoreError> {
        if let Some(why) = &*self.outage.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(StoreError::Unavailable(why.clone()));
        }
        self.enqueue(Change::Append { log, body }, None)
    }

    fn enqueue(&self, change: Change, tell: Option<oneshot::Sender<Answer>>) -> Result<(), StoreError> {
        let cost = u32::try_from(change.cost()).unwrap_or(u32::MAX);
        let room = self.room.clone().try_acquire_many_owned(cost).map_err(|_| StoreError::Busy)?;
        let queue = self.queue.as_ref().ok_or_else(ended)?;
        queue.send(Operation { change, tell, _room: room }).map_err(|_| ended())
    }
}

fn ended() -> StoreError {
    StoreError::Unavailable("its writing thread has ended".to_owned())
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread writes what is in the queue, and ends with it.
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Thread {
    connection: Connection,
    path: PathBuf,
    changes: Receiver<Operation>,
    outage: Outage,
    /// Entries that were taken and could not be written yet, the oldest first. They keep their room in the queue.
    held: VecDeque<Operation>,
    shrinker: Shrinker,
}

impl Thread {
    fn run(&mut self) {
        while let Some(first) = self.next() {
            let mut batch: Vec<_> = self.held.drain(..).chain(first).collect();
            while batch.len() < BATCH_OPERATIONS_MAX
                && let Ok(operation) = self.changes.try_recv()
            {
                batch.push(operation);
            }
            self.commit(batch);
        }
        if !self.held.is_empty() {
            let last: Vec<_> = self.held.drain(..).collect();
            self.commit(last);
            if !self.held.is_empty() {
                tracing::error!(entries = self.held.len(), "the store ends with log entries that cannot be written");
            }
        }
    }

    /// Waits for something to do: `Some(None)` is time to try again, `None` the end.
    fn next(&mut self) -> Option<Option<Operation>> {
        if self.is_healthy() {
            // While nobody waits, room is given back; whoever comes waits for one step of it at most.
            loop {
                match self.changes.try_recv() {
                    Ok(operation) => return Some(Some(operation)),
                    Err(TryRecvError::Empty) if self.shrinker.step(&self.connection) => {}
                    Err(TryRecvError::Empty) => return self.changes.recv().ok().map(Some),
                    Err(TryRecvError::Disconnected) => return None,
                }
            }
        }
        match self.changes.recv_timeout(RETRY_AFTER) {
            Ok(operation) => Some(Some(operation)),
            Err(RecvTimeoutError::Timeout) => Some(None),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Writes a batch; each operation is settled or, an entry that does not go, held.
    fn commit(&mut self, batch: Vec<Operation>) {
        let is_healthy = self.is_healthy();
        let changes = batch.iter().map(|operation| &operation.change);
        match attempt(&mut self.connection, changes, is_healthy) {
            Ok(answers) => {
                // Before anybody is told: who hears that writing works may append at once.
                self.recovered();
                self.shrinker.wrote();
                batch.into_iter().zip(answers).for_each(|(operation, answer)| operation.settle(answer));
            }
            Err(error) if batch.len() <= 1 || is_busy(&error) => self.failed(batch, &error),
            // One of them does not go, such as a large value on a disk that is nearly full. Each on its own, so that it
            // takes no other with it.
            Err(_) => batch.into_iter().for_each(|operation| self.commit_alone(operation)),
        }
    }

    fn commit_alone(&mut self, operation: Operation) {
        let waits_for_held = operation.is_append() || matches!(operation.change, Change::Flush);
        if waits_for_held && !self.held.is_empty() {
            // Entries keep their order, and a flush speaks for all entries before it.
            let why = self.outage.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default();
            return self.refuse(operation, &StoreError::Unavailable(why));
        }
        let is_healthy = self.is_healthy();
        match attempt(&mut self.connection, std::iter::once(&operation.change), is_healthy) {
            Ok(answers) => {
                if self.held.is_empty() {
                    self.recovered();
                }
                self.shrinker.wrote();
                std::iter::once(operation).zip(answers).for_each(|(operation, answer)| operation.settle(answer));
            }
            Err(error) => self.failed(vec![operation], &error),
        }
    }

    fn failed(&mut self, batch: Vec<Operation>, error: &rusqlite::Error) {
        let before = self.outage.lock().unwrap_or_else(PoisonError::into_inner).replace(words(error));
        if before.is_none() {
            let (path, hint) = (self.path.display(), OpenFault::from_sqlite(error).hint());
            tracing::error!(%path, %error, hint, "the store cannot be written");
        }
        let answer = unavailable(error);
        batch.into_iter().for_each(|operation| self.refuse(operation, &answer));
    }

    fn refuse(&mut self, operation: Operation, why: &StoreError) {
        if operation.is_append() {
            self.held.push_back(operation);
        } else {
            operation.settle(Err(why.clone()));
        }
    }

    fn recovered(&self) {
        if self.outage.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            tracing::info!(path = %self.path.display(), "the store can be written again");
        }
    }

    fn is_healthy(&self) -> bool {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

/// Whether another process holds the lock: then nothing of the batch is at fault.
fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked))
}
