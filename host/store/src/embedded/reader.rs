//! Reading: a thread with a connection of its own and a bounded queue. It sees what is committed and nothing else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use jackfield_core::port::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::open::OpenFault;
use super::unavailable;

/// Questions that may wait for one thread; above it one is answered `Busy` at once.
const WAITING_MAX: usize = 4096;

type Question = Box<dyn FnOnce(&Connection) + Send>;

/// One thread that reads.
pub(super) struct Reader {
    questions: Option<SyncSender<Question>>,
    thread: Option<JoinHandle<()>>,
    damage: Arc<Damage>,
}

/// Says once that the file is damaged, however many questions find it so.
struct Damage {
    path: PathBuf,
    is_known: AtomicBool,
}

impl Damage {
    fn found(&self, error: &rusqlite::Error) {
        let fault = OpenFault::from_sqlite(error);
        let is_damage = matches!(fault, OpenFault::Corrupt(_) | OpenFault::Foreign);
        if is_damage && !self.is_known.swap(true, Ordering::Relaxed) {
            let path = self.path.display();
            tracing::error!(%path, %error, hint = OpenFault::Corrupt(String::new()).hint(), "the store is damaged");
        }
    }
}

impl Reader {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub(super) fn start(name: &str, connection: Connection, path: &Path) -> std::io::Result<Reader> {
        let (questions, asked) = sync_channel::<Question>(WAITING_MAX);
        let damage = Arc::new(Damage { path: path.to_owned(), is_known: AtomicBool::new(false) });
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            for question in asked {
                question(&connection);
            }
        })?;
        Ok(Reader { questions: Some(questions), thread: Some(thread), damage })
    }

    /// Asks, and waits for the answer without blocking.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let question: Question = Box::new(move |connection| {
            // Who asked may be gone by now.
            if !tell.is_closed() {
                let _ = tell.send(work(connection));
            }
        });
        let sent = self.questions.as_ref().map(|questions| questions.try_send(question));
        match sent {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_))) => return Err(StoreError::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => return Err(ended()),
        }
        told.await.map_err(|_| ended())?.map_err(|error| {
            self.damage.found(&error);
            unavailable(&error)
        })
    }
}

fn ended() -> StoreError {
    StoreError::Unavailable("its reading thread has ended".to_owned())
}

impl Drop for Reader {
    fn drop(&mut self) {
        // The thread ends with its queue.
        drop(self.questions.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
