//! Opening: every fault of a file or its folder has its own words, and nothing is touched that is not ours.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn fault(path: &Path) -> OpenFault {
    let error = Embedded::open(path, Options::default()).map(drop).unwrap_err();
    assert!(error.to_string().starts_with(&format!("the store `{}` ", path.display())), "{error}");
    assert!(!error.fault.hint().is_empty());
    error.fault
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_files_are_for_the_owner_alone() {
    let room = room();
    put(&room.store, "a", "one", Expect::Any).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let path = PathBuf::from(format!("{}{suffix}", room.path.display()));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let Room { store, path, _dir } = room();
    drop(store);
    mode(&path, 0o640);
    assert_eq!(fault(&path), OpenFault::Mode(0o640));
    assert_eq!(preflight(&path).unwrap_err().fault, OpenFault::Mode(0o640));
}

#[test]
fn a_folder_where_everybody_may_write_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    mode(dir.path(), 0o777);
    assert_eq!(fault(&dir.path().join("jackfield.db")), OpenFault::FolderMode(0o777));
}

#[test]
fn a_missing_folder_is_named() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(fault(&dir.path().join("no/jackfield.db")), OpenFault::MissingFolder);
    assert_eq!(fault(dir.path()), OpenFault::NotAFile);
}

#[test]
fn another_file_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jackfield.toml");
    let text = "[server]\nlisten = \"127.0.0.1:8080\"\n";
    std::fs::write(&path, text).unwrap();
    mode(&path, 0o600);
    assert_eq!(fault(&path), OpenFault::Foreign);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);

    let path = dir.path().join("other.db");
    sql(&path).execute_batch("CREATE TABLE bookmark (url TEXT); PRAGMA user_version = 1").unwrap();
    mode(&path, 0o600);
    assert_eq!(fault(&path), OpenFault::Foreign);
    let before: i64 = sql(&path)
        .pragma_query_value(None, "journal_mode", |r| Ok((r.get::<_, String>(0)? == "delete").into()))
        .unwrap();
    assert_eq!(before, 1, "not even its journal mode");
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let Room { store, path, _dir } = room();
    drop(store);
    sql(&path).pragma_update(None, "user_version", 7).unwrap();
    let newer = fault(&path);
    assert_eq!(newer, OpenFault::Newer { found: 7, known: 2 });
    assert_eq!(newer.to_string(), "has the form 7, and this version knows forms up to 2");
}

#[test]
fn a_file_that_is_cut_off_is_damaged() {
    let Room { store, path, _dir } = room();
    append(&store, (0..500).map(|n| format!("a rather long entry of a log, number {n}")));
    drop(store);
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(std::fs::metadata(&path).unwrap().len() / 2).unwrap();
    assert!(matches!(fault(&path), OpenFault::Corrupt(_)), "{:?}", fault(&path));
    file.set_len(10).unwrap();
    assert!(matches!(fault(&path), OpenFault::Corrupt(_)), "{:?}", fault(&path));
}

#[test]
fn a_page_that_was_overwritten_is_found_at_start_and_by_a_check() {
    let Room { store, path, _dir } = room();
    append(&store, (0..2_000).map(|n| format!("a rather long entry of a log, number {n}")));
    drop(store);
    let bytes = std::fs::read(&path).unwrap();
    // The header of a page in the middle: its kind is none that there is.
    let mut spoilt = bytes.clone();
    let middle = bytes.len() / 4096 / 2 * 4096;
    spoilt[middle] ^= 0xFF;
    std::fs::write(&path, &spoilt).unwrap();
    assert!(matches!(fault(&path), OpenFault::Corrupt(_)), "{:?}", fault(&path));
    assert_ne!(Observer::open(&path).unwrap().check().unwrap().problems, [""; 0]);
    assert_eq!(std::fs::read(&path).unwrap(), spoilt, "left as it is, for whoever mends it");
    // Beyond the size that is looked through, the file is used until somebody meets the page.
    let unchecked = Options { checked_bytes_max: 4096, ..Options::default() };
    let store = Embedded::open(&path, unchecked).unwrap();
    let met = now(store.entries(Log::Audit, 0, 5_000)).unwrap_err();
    assert!(matches!(&met, StoreError::Unavailable(why) if why.contains("backup")), "{met}");
}

#[test]
fn a_full_disk_is_said_at_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jackfield.db");
    let options = Options { file_bytes_max: Some(8 << 10), ..Options::default() };
    assert_eq!(Embedded::open(&path, options).map(drop).unwrap_err().fault, OpenFault::Full);
    // What was begun is no obstacle when there is room again.
    Embedded::open(&path, Options::default()).unwrap();
}

#[test]
fn a_file_that_somebody_holds_is_said_at_start() {
    let room = room();
    let lock = sql(&room.path);
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let options = Options { busy_timeout: Duration::from_millis(10), ..Options::default() };
    assert_eq!(Embedded::open(&room.path, options).map(drop).unwrap_err().fault, OpenFault::Busy);
}

#[test]
fn looking_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jackfield.db");
    preflight(&path).unwrap();
    assert_eq!(Observer::open(&path).map(drop).unwrap_err().fault, OpenFault::Missing);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn many_processes_may_start_at_once_on_a_new_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jackfield.db");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let store = Embedded::open(&path, Options::default()).unwrap();
                append(&store, ["here"]);
            });
        }
    });
    assert_eq!(verify(&path, None).count, 8);
}
