//! Looking from the outside: reports, and backups of a store in use.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[test]
fn a_report_counts_what_there_is_while_the_store_is_open() {
    let room = room();
    put(&room.store, "a", "one", Expect::Any).unwrap();
    append(&room.store, ["one", "two"]);
    let report = Observer::open(&room.path).unwrap().check().unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(report.buckets, [("tokens".to_owned(), 1)]);
    assert_eq!(report.logs, [("audit".to_owned(), 2)]);
    assert!(report.bytes > 0);
}

#[test]
fn a_damaged_page_is_a_problem_in_the_report() {
    let Room { store, path, _dir } = room();
    append(&store, (0..2_000).map(|n| format!("a rather long entry of a log, number {n}")));
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    let report = Observer::open(&path).unwrap();
    let problems = report.check().map(|r| r.problems).unwrap_or_else(|e| vec![e.to_string()]);
    assert!(!problems.is_empty());
}

#[test]
fn a_backup_of_a_store_in_use_is_one_sound_file() {
    let room = room();
    let copy = room.path.with_file_name("copy.db");
    append(&room.store, (0..100).map(|n| format!("entry {n}")));
    let report = std::thread::scope(|scope| {
        let writing = scope.spawn(|| (0..20).for_each(|n| append(&room.store, [format!("later {n}")])));
        let report = Observer::open(&room.path).unwrap().backup(&copy).unwrap();
        writing.join().unwrap();
        report
    });
    let copied = verify(&copy, None);
    assert!(copied.count >= 100 && copied.broken.is_none(), "{copied:?}");
    assert_eq!(report.logs, [("audit".to_owned(), copied.count)]);
    assert_eq!(verify(&room.path, Some(copied.head)).found, Some(copied.count), "it is a beginning of the original");
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let beside = std::fs::read_dir(copy.parent().unwrap()).unwrap();
    let beside: Vec<_> = beside.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(beside.iter().filter(|n| !n.starts_with("jackfield.db")).collect::<Vec<_>>(), ["copy.db"]);
    // And it is a store.
    append(&Embedded::open(&copy, Options::default()).unwrap(), ["goes on"]);
    assert_eq!(verify(&copy, Some(copied.head)).found, Some(copied.count));
}

#[test]
fn a_backup_overwrites_nothing() {
    let room = room();
    let taken = room.path.with_file_name("taken");
    std::fs::write(&taken, "mine").unwrap();
    let refused = Observer::open(&room.path).unwrap().backup(&taken).unwrap_err();
    assert!(matches!(refused, LookError::Exists(_)), "{refused}");
    assert_eq!(std::fs::read_to_string(&taken).unwrap(), "mine");
}
