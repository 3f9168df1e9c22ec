//! Logs that are cut off at their old end, and files that become smaller: what is left is whole.

use super::*;

fn trim(store: &Embedded, through: u64) {
    now(store.trim(Log::Audit, through)).unwrap();
}

fn sequences(store: &Embedded) -> Vec<u64> {
    now(store.entries(Log::Audit, 0, usize::MAX)).unwrap().iter().map(|entry| entry.sequence).collect()
}

#[test]
fn what_is_left_of_a_log_is_verified_from_where_it_begins() {
    let room = room();
    append(&room.store, (1..=9).map(|n| format!("entry {n}")));
    let heads: Vec<_> = now(room.store.entries(Log::Audit, 0, 9)).unwrap().iter().map(|entry| entry.digest).collect();
    trim(&room.store, 4);
    assert_eq!(sequences(&room.store), [5, 6, 7, 8, 9]);
    let found = verify(&room.path, Some(heads[6]));
    assert_eq!((found.trimmed, found.count, found.found, found.broken), (4, 5, Some(7), None));
    assert_eq!(verify(&room.path, Some(heads[3])).found, Some(4), "the digest that it begins with");
    assert_eq!(verify(&room.path, Some(heads[1])).found, None, "of what is gone nothing can be said");
}

#[test]
fn a_log_of_which_nothing_is_left_goes_on_with_its_numbers_and_its_chain() {
    let room = room();
    append(&room.store, ["one", "two"]);
    trim(&room.store, 7);
    append(&room.store, ["three"]);
    assert_eq!(sequences(&room.store), [3]);
    let Room { store, path, _dir } = room;
    drop(store);
    let again = Embedded::open(&path, Options::default()).unwrap();
    trim(&again, 3);
    trim(&again, 3);
    append(&again, ["four"]);
    let found = verify(&path, None);
    assert_eq!((found.trimmed, found.count, found.broken), (3, 1, None));
}

#[test]
fn entries_that_somebody_else_takes_away_are_missed() {
    let room = room();
    append(&room.store, (1..=9).map(|n| format!("entry {n}")));
    trim(&room.store, 4);
    sql(&room.path).execute_batch("DELETE FROM entry WHERE sequence = 5").unwrap();
    assert_eq!(verify(&room.path, None).broken, Some(Broken::Gap { expected: 5, found: 6 }));
    // Whoever moves the beginning along does not know a digest that the rest hangs on, or has changed nothing.
    sql(&room.path).execute_batch("UPDATE anchor SET sequence = 5").unwrap();
    assert_eq!(verify(&room.path, None).broken, Some(Broken::Digest { sequence: 6 }));
}

#[test]
fn a_log_is_not_cut_off_where_nothing_could_be_verified_afterwards() {
    let room = room();
    append(&room.store, (1..=9).map(|n| format!("entry {n}")));
    sql(&room.path).execute_batch("UPDATE entry SET digest = x'00' WHERE sequence = 4").unwrap();
    let refused = now(room.store.trim(Log::Audit, 4)).unwrap_err();
    assert!(matches!(&refused, StoreError::Unavailable(why) if why.contains("entry 4")), "{refused}");
    assert_eq!(sequences(&room.store).len(), 9);
}

#[test]
fn a_file_of_the_first_form_is_looked_at_as_it_is_and_brought_up_to_date_when_it_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jackfield.db");
    drop(
        std::os::unix::fs::OpenOptionsExt::mode(std::fs::OpenOptions::new().write(true).create_new(true), 0o600)
            .open(&path),
    );
    let first = sql(&path);
    first.execute_batch(include_str!("../schema/1.sql")).unwrap();
    first.execute_batch("PRAGMA application_id = 0x6a61636b; PRAGMA user_version = 1").unwrap();
    drop(first);
    assert_eq!(verify(&path, None).count, 0);
    let store = Embedded::open(&path, Options::default()).unwrap();
    append(&store, ["one", "two"]);
    trim(&store, 1);
    assert_eq!(verify(&path, None).trimmed, 1);
}

/// The size of a file with what is still in its write-ahead log.
fn size(path: &Path) -> u64 {
    sql(path).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    std::fs::metadata(path).unwrap().len()
}

#[test]
fn what_is_deleted_is_given_back_to_the_disk_while_nobody_waits() {
    let room = room_with(Options { free_bytes_kept: 64 << 10, ..Options::default() });
    let large = "x".repeat(1 << 20);
    for key in ["a", "b", "c", "d"] {
        put(&room.store, key, &large, Expect::Any).unwrap();
    }
    put(&room.store, "kept", "value", Expect::Any).unwrap();
    assert!(size(&room.path) > 4 << 20);
    for key in ["a", "b", "c", "d"] {
        now(room.store.delete(Bucket::Tokens, key, Expect::Any)).unwrap();
    }
    while size(&room.path) > 256 << 10 {
        std::thread::yield_now();
    }
    assert_eq!(get(&room.store, "kept").unwrap().value, "value");
    assert_eq!(Observer::open(&room.path).unwrap().check().unwrap().problems, [""; 0]);
}

#[test]
fn compacting_leaves_everything_but_what_is_free() {
    let Room { store, path, _dir } = room();
    put(&store, "large", &"x".repeat(4 << 20), Expect::Any).unwrap();
    put(&store, "kept", "value", Expect::Any).unwrap();
    append(&store, ["one", "two"]);
    now(store.delete(Bucket::Tokens, "large", Expect::Any)).unwrap();
    drop(store);
    let done = crate::compact(&path, &Options::default()).unwrap();
    assert!(done.before > 4 << 20 && done.after < 256 << 10, "{done:?}");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), done.after);
    let store = Embedded::open(&path, Options::default()).unwrap();
    assert_eq!(get(&store, "kept").unwrap().value, "value");
    assert_eq!((verify(&path, None).count, verify(&path, None).broken), (2, None));
}
