//! Writing that fails: what is told to whom, and how it goes on by itself.

use super::*;

/// Waits until a condition holds; the test's own time limit is the bound.
fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        std::thread::yield_now();
    }
}

#[test]
fn a_full_disk_fails_what_does_not_fit_and_writing_goes_on_when_there_is_room() {
    let room = room_with(Options { file_bytes_max: Some(256 << 10), ..Options::default() });
    put(&room.store, "kept", "value", Expect::Any).unwrap();
    let large = "x".repeat(100 << 10);
    put(&room.store, "large", &large, Expect::Any).unwrap();
    let refused = put(&room.store, "larger", &large.repeat(2), Expect::Any).unwrap_err();
    assert!(matches!(&refused, StoreError::Unavailable(why) if why.contains("full")), "{refused}");
    assert_eq!(get(&room.store, "larger"), None);
    assert_eq!(get(&room.store, "kept").unwrap().value, "value", "reading goes on");
    assert_eq!(put(&room.store, "kept", "new", Expect::Any).map(drop), Ok(()), "what fits is written");
    now(room.store.delete(Bucket::Tokens, "large", Expect::Any)).unwrap();
    put(&room.store, "other", &large, Expect::Any).unwrap();
    assert_eq!(now(room.store.flush()), Ok(()));
}

#[test]
fn what_does_not_fit_takes_nothing_with_it_that_was_in_the_same_commit() {
    let room = room_with(Options { file_bytes_max: Some(256 << 10), ..Options::default() });
    let lock = sql(&room.path);
    // While somebody else writes, all of these come together in the queue.
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (large, small) = now(async {
        let put =
            |key: &'static str, size: usize| room.store.put(Bucket::Tokens, key, vec![b'x'; size].into(), Expect::Any);
        let (first, large, small) = (put("first", 1), put("large", 400 << 10), put("small", 1));
        let all = async { tokio::join!(first, large, small) };
        let release = async { lock.execute_batch("ROLLBACK").unwrap() };
        let ((_, large, small), ()) = tokio::join!(all, release);
        (large, small)
    });
    assert!(matches!(large, Err(StoreError::Unavailable(_))), "{large:?}");
    assert!(small.is_ok(), "{small:?}");
}

#[test]
fn an_entry_that_was_taken_is_written_when_writing_works_again() {
    let room = room_with(Options { busy_timeout: Duration::from_millis(10), ..Options::default() });
    append(&room.store, ["before"]);
    let lock = sql(&room.path);
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    room.store.append(Log::Audit, Bytes::from_static(b"taken")).unwrap();
    let refused = now(room.store.flush()).unwrap_err();
    assert!(matches!(&refused, StoreError::Unavailable(why) if why.contains("locked")), "{refused}");
    let refused = room.store.append(Log::Audit, Bytes::from_static(b"refused"));
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    lock.execute_batch("ROLLBACK").unwrap();
    // Nobody asks anything of the writer: it finds out by itself.
    until(|| room.store.append(Log::Audit, Bytes::from_static(b"after")).is_ok());
    now(room.store.flush()).unwrap();
    let bodies: Vec<_> = now(room.store.entries(Log::Audit, 0, 10)).unwrap().into_iter().map(|e| e.body).collect();
    assert_eq!(bodies, ["before", "taken", "after"]);
    assert_eq!(verify(&room.path, None).broken, None);
}

#[test]
fn an_entry_that_finds_the_disk_full_is_written_when_there_is_room() {
    let room = room_with(Options { file_bytes_max: Some(256 << 10), ..Options::default() });
    put(&room.store, "large", &"x".repeat(200 << 10), Expect::Any).unwrap();
    room.store.append(Log::Audit, vec![b'x'; 100 << 10].into()).unwrap();
    assert!(matches!(now(room.store.flush()), Err(StoreError::Unavailable(_))));
    assert!(matches!(room.store.append(Log::Audit, Bytes::new()), Err(StoreError::Unavailable(_))));
    put(&room.store, "small", "fits", Expect::Any).unwrap();
    now(room.store.delete(Bucket::Tokens, "large", Expect::Any)).unwrap();
    until(|| now(room.store.flush()).is_ok());
    assert_eq!(verify(&room.path, None).count, 1);
}

#[test]
fn a_put_that_cannot_be_written_is_told_so_and_not_done_later() {
    let room = room_with(Options { busy_timeout: Duration::from_millis(10), ..Options::default() });
    let lock = sql(&room.path);
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(put(&room.store, "a", "one", Expect::Any), Err(StoreError::Unavailable(_))));
    lock.execute_batch("ROLLBACK").unwrap();
    until(|| put(&room.store, "b", "two", Expect::Any).is_ok());
    assert_eq!(get(&room.store, "a"), None);
}

#[test]
fn a_full_queue_says_so_at_once() {
    let room = room_with(Options { queue_bytes_max: 8 << 10, ..Options::default() });
    let lock = sql(&room.path);
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut taken = 0;
    let refused = loop {
        match room.store.append(Log::Audit, Bytes::from_static(b"entry")) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, StoreError::Busy);
    assert!(taken > 10, "{taken}");
    lock.execute_batch("ROLLBACK").unwrap();
    until(|| now(room.store.flush()).is_ok());
    assert_eq!(verify(&room.path, None).count, taken, "all that was taken, and nothing that was not");
}

#[test]
fn what_is_in_the_queue_is_written_before_the_end() {
    let room = room();
    let entries = (0..5_000).map(|n| Bytes::from(format!("entry {n}")));
    entries.for_each(|entry| room.store.append(Log::Audit, entry).unwrap());
    let Room { store, path, _dir } = room;
    drop(store);
    assert_eq!(verify(&path, None).count, 5_000);
}

#[test]
fn a_file_that_breaks_while_it_is_open_answers_with_an_error() {
    let room = room();
    append(&room.store, (0..2_000).map(|n| format!("a rather long entry of a log, number {n}")));
    now(room.store.delete(Bucket::Tokens, "none", Expect::Any)).unwrap();
    sql(&room.path).pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(())).unwrap();
    let length = std::fs::metadata(&room.path).unwrap().len();
    std::fs::write(&room.path, vec![0xA5; usize::try_from(length).unwrap()]).unwrap();
    let other = Embedded::open(&room.path, Options::default());
    assert!(matches!(other.map(drop), Err(OpenError { fault: OpenFault::Foreign, .. })));
    assert!(matches!(now(room.store.entries(Log::Audit, 0, 5_000)), Err(StoreError::Unavailable(_))));
}
