//! Says when something in a connector's folder changed that makes another component of it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

/// How long it must be quiet before a change counts: an editor writes a file in several steps, a tool many files.
const QUIET: Duration = Duration::from_millis(120);

/// Folders that make no difference to the component: what was compiled, and fixtures, which every call reads anew.
const IGNORED: [&str; 5] = ["target", "target-guests", "dist", "fixtures", "node_modules"];

/// Watches one folder.
pub(super) struct Watch {
    root: PathBuf,
    out: Option<PathBuf>,
    events: Receiver<notify::Result<Event>>,
    watcher: Mutex<RecommendedWatcher>,
}

impl Watch {
    /// Begins to watch a folder; `out` is where packages are put.
    ///
    /// # Errors
    /// When the system does not let it.
    pub(super) fn begin(dir: &Path, out: &Path) -> anyhow::Result<Watch> {
        let root = dir.canonicalize().with_context(|| format!("cannot open {}", dir.display()))?;
        // It is made by the first build; its place is known before.
        let out = std::path::absolute(out).ok();
        let (sender, events) = channel();
        let watcher = notify::recommended_watcher(sender).context("cannot watch folders")?;
        let watch = Watch { root, out, events, watcher: Mutex::new(watcher) };
        watch.follow(&watch.root, RecursiveMode::NonRecursive)?;
        let entries = std::fs::read_dir(&watch.root).with_context(|| format!("cannot read {}", dir.display()))?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.is_dir() && watch.counts(&path) {
                watch.follow(&path, RecursiveMode::Recursive)?;
            }
        }
        Ok(watch)
    }

    fn follow(&self, path: &Path, mode: RecursiveMode) -> anyhow::Result<()> {
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        watcher.watch(path, mode).with_context(|| format!("cannot watch {}", path.display()))
    }

    /// Waits for a change, and then until it is quiet. False when there will never be one.
    pub(super) fn wait(&self) -> bool {
        loop {
            let Ok(event) = self.events.recv() else { return false };
            if self.matters(&event) {
                break;
            }
        }
        // Only what matters is noise: the files are also read here, for every call and by every look at the page.
        let mut quiet = Instant::now() + QUIET;
        loop {
            match self.events.recv_timeout(quiet.saturating_duration_since(Instant::now())) {
                Ok(event) if self.matters(&event) => quiet = Instant::now() + QUIET,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    fn matters(&self, event: &notify::Result<Event>) -> bool {
        let event = match event {
            Ok(event) => event,
            // Some event was lost, so that anything may have changed.
            Err(_) => return true,
        };
        if matches!(event.kind, EventKind::Access(_)) {
            return false;
        }
        if matches!(event.kind, EventKind::Create(_)) {
            let is_new = |path: &&PathBuf| path.parent() == Some(&self.root) && path.is_dir() && self.counts(path);
            for path in event.paths.iter().filter(is_new) {
                if let Err(error) = self.follow(path, RecursiveMode::Recursive) {
                    eprintln!("warning: {error:#}");
                }
            }
        }
        event.paths.iter().any(|path| self.counts(path))
    }

    /// Whether what is at a path has a part in the component.
    fn counts(&self, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(&self.root) else { return false };
        let Some(first) = below.iter().next().and_then(OsStr::to_str) else { return false };
        let is_out = self.out.as_ref().is_some_and(|out| path.starts_with(out));
        let is_hidden = below.iter().any(|part| part.to_string_lossy().starts_with('.'));
        // Backups that editors leave for the moment of a save.
        let is_backup = path.to_string_lossy().ends_with('~');
        !is_out && !is_hidden && !is_backup && !IGNORED.contains(&first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_counts_and_what_is_made_of_it_does_not() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("src")).unwrap();
        let watch = Watch::begin(dir.path(), &dir.path().join("packages")).unwrap();
        let root = watch.root.clone();
        for (path, counts) in [
            ("src/lib.rs", true),
            ("src/intents/order_status.rs", true),
            ("connector.toml", true),
            ("Cargo.toml", true),
            ("schemas/a.json", true),
            ("src/.lib.rs.swp", false),
            ("src/lib.rs~", false),
            ("target/release/x", false),
            ("target-guests/x", false),
            ("fixtures/a/b/request.json", false),
            (".git/index", false),
        ] {
            assert_eq!(watch.counts(&root.join(path)), counts, "{path}");
        }
        assert!(!watch.counts(&root), "the folder itself");
    }

    #[test]
    fn reading_beside_a_save_does_not_put_it_off() {
        let dir = tempfile::tempdir().unwrap();
        let watch = Watch::begin(dir.path(), Path::new("dist")).unwrap();
        let file = dir.path().join("connector.toml");
        std::fs::write(&file, "a").unwrap();
        let waiting = std::thread::spawn(move || watch.wait());
        while !waiting.is_finished() {
            std::fs::read(&file).unwrap();
        }
        assert!(waiting.join().unwrap());
    }

    #[test]
    fn one_save_in_several_steps_is_one_change() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("src")).unwrap();
        let watch = Watch::begin(dir.path(), Path::new("dist")).unwrap();
        let file = dir.path().join("src/lib.rs");
        for text in ["a", "b", "c"] {
            std::fs::write(&file, text).unwrap();
        }
        assert!(watch.wait());
        assert!(watch.events.try_recv().is_err(), "the steps of one save are told once");
        // In a folder that was made after the watch began.
        std::fs::create_dir(dir.path().join("schemas")).unwrap();
        assert!(watch.wait());
        std::fs::write(dir.path().join("schemas/a.json"), "{}").unwrap();
        assert!(watch.wait());
    }
}
