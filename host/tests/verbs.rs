//! The verbs that look after the store, run as an operator runs them: the binary, its exit code and what it prints.

use std::path::Path;
use std::process::{Command, Output};

use jackfield_core::audit::{Event, Record};
use jackfield_core::port::{Log, Store as _};
use jackfield_store::{Embedded, Options};
use serde_json::Value;

fn jackfield(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let config = dir.join("jackfield.toml");
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_jackfield"))
        .args(args)
        .env("JACKFIELD_CONFIG", config)
        .current_dir(dir)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn folder(config: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("jackfield.toml"), config).unwrap();
    dir
}

fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn record(store: &Embedded, minute: u32, connection: &str) {
    let record = Record {
        at: format!("2026-01-20T10:{minute:02}:00.000Z"),
        event: Event::SecretUsed { secret: "api_key".to_owned(), how: "hmac".to_owned() },
        tenant: "acme".to_owned(),
        connection: connection.to_owned(),
        call_id: None,
        user: None,
        outcome: "ok".to_owned(),
    };
    store.append(Log::Audit, serde_json::to_vec(&record).unwrap().into()).unwrap();
}

#[test]
fn checking_makes_no_store_and_says_where_one_cannot_be() {
    let dir = folder("");
    let (code, _, talk) = jackfield(dir.path(), &["check"]);
    assert_eq!((code, talk.as_str()), (0, ""));
    assert_eq!(files(dir.path()), ["jackfield.toml"]);

    let dir = folder("[store]\nfile = \"nowhere/jackfield.db\"\n");
    let (code, _, talk) = jackfield(dir.path(), &["check"]);
    assert_eq!(code, 3, "{talk}");
    assert!(talk.contains("has no folder to be in") && talk.contains("file = ") && talk.contains("mkdir"), "{talk}");
}

#[test]
fn without_a_store_there_is_nothing_to_verify() {
    let dir = folder("");
    for args in [&["audit", "verify"][..], &["audit", "show"], &["store", "check"], &["store", "backup", "copy.db"]] {
        let (code, data, talk) = jackfield(dir.path(), args);
        assert_eq!((code, data.as_str()), (1, ""), "{args:?}");
        assert!(talk.contains("is not there"), "{talk}");
    }
    assert_eq!(files(dir.path()), ["jackfield.toml"]);
}

#[test]
fn an_operator_proves_and_reads_the_log_while_it_is_written() {
    let dir = folder("[store]\nfile = \"kept.db\"\n");
    let store = Embedded::open(&dir.path().join("kept.db"), Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    (0..3).for_each(|minute| record(&store, minute, "crm"));
    runtime.block_on(store.flush()).unwrap();
    let (code, data, _) = jackfield(dir.path(), &["audit", "verify", "--json"]);
    let noted: Value = serde_json::from_str(&data).unwrap();
    assert_eq!((code, &noted["count"]), (0, &Value::from(3)), "{data}");
    let head = noted["head"].as_str().unwrap();

    record(&store, 3, "shop");
    runtime.block_on(store.flush()).unwrap();
    let (code, data, _) = jackfield(dir.path(), &["audit", "verify", "--head", head]);
    assert_eq!(code, 0);
    assert!(data.contains("4 records, unbroken") && data.contains("that of record 3"), "{data}");
    let (code, data, _) = jackfield(dir.path(), &["audit", "verify", "--head", &"ab".repeat(32)]);
    assert_eq!(code, 1);
    assert!(data.contains("is not in the log"), "{data}");
    assert_eq!(jackfield(dir.path(), &["audit", "verify", "--head", "xyz"]).0, 2);

    let (_, data, _) = jackfield(dir.path(), &["audit", "show", "--limit", "2"]);
    let lines: Vec<_> = data.lines().collect();
    assert_eq!(lines.len(), 2, "{data}");
    assert_eq!(lines[1], "     4 2026-01-20T10:03:00.000Z shop secret_used ok secret=api_key how=hmac tenant=acme");
    let (_, data, _) =
        jackfield(dir.path(), &["audit", "show", "--connection", "crm", "--since", "2026-01-20T10:01:00Z", "--json"]);
    let shown: Vec<Value> = data.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(shown.iter().map(|r| r["sequence"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(shown[1]["digest"], head);
}

#[test]
fn a_backup_is_made_while_the_store_is_open_and_overwrites_nothing() {
    let dir = folder("");
    let store = Embedded::open(&dir.path().join("jackfield.db"), Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    record(&store, 0, "crm");
    runtime.block_on(store.flush()).unwrap();
    let (code, data, _) = jackfield(dir.path(), &["store", "check"]);
    assert_eq!(code, 0);
    assert!(data.contains("log audit: 1 entries") && data.ends_with("sound\n"), "{data}");
    let (code, _, talk) = jackfield(dir.path(), &["store", "backup", "copy.db"]);
    assert_eq!(code, 0, "{talk}");
    let (code, _, talk) = jackfield(dir.path(), &["store", "backup", "copy.db"]);
    assert_eq!(code, 1);
    assert!(talk.contains("`copy.db` is there already"), "{talk}");
    std::fs::write(dir.path().join("jackfield.toml"), "[store]\nfile = \"copy.db\"\n").unwrap();
    assert!(jackfield(dir.path(), &["audit", "verify"]).1.starts_with("1 records, unbroken"));
}
