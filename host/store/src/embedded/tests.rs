use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::observer::{Broken, LookError};
use super::*;
use crate::Observer;

mod chain;
mod failing;
mod observing;
mod opening;
mod trimming;

/// A store in a folder of its own.
struct Room {
    store: Arc<Embedded>,
    path: PathBuf,
    _dir: TempDir,
}

fn room_with(options: Options) -> Room {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jackfield.db");
    Room { store: Arc::new(Embedded::open(&path, options).unwrap()), path, _dir: dir }
}

fn room() -> Room {
    room_with(Options::default())
}

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn put(store: &Embedded, key: &str, value: &str, expect: Expect) -> Result<u64, StoreError> {
    now(store.put(Bucket::Tokens, key, Bytes::copy_from_slice(value.as_bytes()), expect))
}

fn get(store: &Embedded, key: &str) -> Option<Versioned> {
    now(store.get(Bucket::Tokens, key)).unwrap()
}

fn append(store: &Embedded, bodies: impl IntoIterator<Item = impl AsRef<str>>) {
    for body in bodies {
        store.append(Log::Audit, Bytes::copy_from_slice(body.as_ref().as_bytes())).unwrap();
    }
    now(store.flush()).unwrap();
}

/// Another hand on the same file.
fn sql(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap()
}

fn verify(path: &Path, wanted: Option<[u8; 32]>) -> observer::Verification {
    Observer::open(path).unwrap().verify(Log::Audit, wanted).unwrap()
}

mod values {
    use super::*;

    #[test]
    fn a_value_is_there_until_it_is_deleted() {
        let room = room();
        assert_eq!(get(&room.store, "a"), None);
        let revision = put(&room.store, "a", "one", Expect::Any).unwrap();
        assert_eq!(get(&room.store, "a"), Some(Versioned { revision, value: Bytes::from_static(b"one") }));
        now(room.store.delete(Bucket::Tokens, "a", Expect::Any)).unwrap();
        assert_eq!(get(&room.store, "a"), None);
        assert_eq!(now(room.store.delete(Bucket::Tokens, "a", Expect::Any)), Ok(()), "twice is no harm");
    }

    #[test]
    fn a_condition_that_does_not_hold_changes_nothing() {
        let room = room();
        let first = put(&room.store, "a", "one", Expect::Absent).unwrap();
        assert_eq!(put(&room.store, "a", "two", Expect::Absent), Err(StoreError::Conflict));
        assert_eq!(put(&room.store, "a", "two", Expect::Revision(first + 1)), Err(StoreError::Conflict));
        assert_eq!(put(&room.store, "b", "two", Expect::Revision(first)), Err(StoreError::Conflict));
        let delete = |expect| now(room.store.delete(Bucket::Tokens, "a", expect));
        assert_eq!(delete(Expect::Absent), Err(StoreError::Conflict));
        assert_eq!(delete(Expect::Revision(first + 1)), Err(StoreError::Conflict));
        assert_eq!(get(&room.store, "a").unwrap().value, "one");
        let second = put(&room.store, "a", "two", Expect::Revision(first)).unwrap();
        assert!(second > first);
        assert_eq!(delete(Expect::Revision(second)), Ok(()));
        assert_eq!(delete(Expect::Absent), Ok(()));
    }

    #[test]
    fn revisions_grow_across_a_deletion_and_a_restart() {
        let room = room();
        let first = put(&room.store, "a", "one", Expect::Any).unwrap();
        now(room.store.delete(Bucket::Tokens, "a", Expect::Any)).unwrap();
        let second = put(&room.store, "a", "two", Expect::Any).unwrap();
        assert!(second > first, "{second} is not above {first}");
        now(room.store.delete(Bucket::Tokens, "a", Expect::Any)).unwrap();
        let Room { store, path, _dir } = room;
        drop(store);
        let again = Embedded::open(&path, Options::default()).unwrap();
        assert!(put(&again, "a", "three", Expect::Any).unwrap() > second);
    }

    #[test]
    fn keys_are_listed_by_their_beginning_and_in_order() {
        let room = room();
        for key in ["b/1", "a/2", "a/10", "a", "ä/1", "a%", "a_"] {
            put(&room.store, key, "", Expect::Any).unwrap();
        }
        assert_eq!(now(room.store.keys(Bucket::Tokens, "a/")).unwrap(), ["a/10", "a/2"]);
        assert_eq!(now(room.store.keys(Bucket::Tokens, "")).unwrap().len(), 7);
        assert_eq!(now(room.store.keys(Bucket::Tokens, "c")).unwrap(), Vec::<String>::new());
        assert_eq!(now(room.store.keys(Bucket::Tokens, "a_")).unwrap(), ["a_"], "no wildcard");
    }

    #[test]
    fn eight_threads_that_increment_by_compare_and_set_lose_nothing() {
        const THREADS: u64 = 8;
        const EACH: u64 = 125;
        let room = room();
        put(&room.store, "n", "0", Expect::Absent).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        loop {
                            let seen = get(&room.store, "n").unwrap();
                            let number: u64 = std::str::from_utf8(&seen.value).unwrap().parse().unwrap();
                            let next = (number + 1).to_string();
                            match put(&room.store, "n", &next, Expect::Revision(seen.revision)) {
                                Ok(_) => break,
                                Err(StoreError::Conflict) => {}
                                Err(error) => panic!("{error}"),
                            }
                        }
                    }
                });
            }
        });
        assert_eq!(get(&room.store, "n").unwrap().value, (THREADS * EACH).to_string());
    }

    #[test]
    fn of_many_that_want_to_be_first_one_is() {
        let room = room();
        let won = std::thread::scope(|scope| {
            let lease = || put(&room.store, "lease", "mine", Expect::Absent);
            let tries: Vec<_> = (0..16).map(|_| scope.spawn(lease)).collect();
            tries.into_iter().map(|t| t.join().unwrap()).filter(Result::is_ok).count()
        });
        assert_eq!(won, 1);
    }

    #[test]
    fn what_is_put_by_one_process_is_read_by_another() {
        let room = room();
        let other = Embedded::open(&room.path, Options::default()).unwrap();
        let revision = put(&room.store, "a", "one", Expect::Any).unwrap();
        assert_eq!(get(&other, "a").unwrap().revision, revision);
        assert!(put(&other, "a", "two", Expect::Revision(revision)).unwrap() > revision);
        assert_eq!(put(&room.store, "a", "three", Expect::Revision(revision)), Err(StoreError::Conflict));
    }
}
