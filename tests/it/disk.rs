//! The store's hard days, as a whole host has them: no room, no right to write, damage. What needs no store goes on,
//! what does is refused before anything happens, and nothing that was acknowledged is lost.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use http::Method;
use jackfield_core::port::{Bucket, Expect, Log};
use jackfield_tests::process::command;
use jackfield_tests::{Answer, Host, Process, Stub, guests, until};
use serde_json::json;

const BINARY: &str = env!("CARGO_BIN_EXE_jackfield-under-test");

/// A configuration with a store in a folder of its own, a connector that writes and one that reads.
fn config(dir: &Path, upstream: &str, store: &str) -> String {
    let folder = dir.join("store");
    std::fs::create_dir_all(&folder).unwrap();
    let mut config = format!("[store]\nfile = {:?}\n{store}\n", folder.join("jackfield.db"));
    config += &guests::config(dir, &["trespass", "healthy"], upstream, "access = \"write\"");
    guests::write(dir, "trespass", &guests::writing("trespass"));
    config
}

async fn write(host: &Host, key: &str) -> Answer {
    let input = json!({ "input": { "endpoint": "api", "method": "POST", "path": "/slow", "body": key } });
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    host.client.send(Method::POST, "/v1/intents/trespass.run", &headers, input.to_string()).await
}

#[tokio::test]
async fn on_a_full_disk_reads_go_on_writes_are_refused_unsent_and_room_is_found_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let upstream = Stub::empty().await.unwrap();
    let host = Host::start(&config(dir.path(), &upstream.url, "file_bytes_max = 1048576")).await.unwrap();
    let written = || upstream.arrived().iter().filter(|one| one.line.starts_with("POST ")).count();
    let kept = write(&host, "kept").await;
    assert_eq!((kept.status, written()), (200, 1), "{}", kept.raw);

    // Pieces that become smaller until not even the smallest fits.
    let mut fillers = Vec::new();
    let mut size = 256 << 10;
    while size > 0 {
        let key = format!("filler-{}", fillers.len());
        match host.app.store.put(Bucket::Tokens, &key, vec![b'x'; size].into(), Expect::Any).await {
            Ok(_) => fillers.push(key),
            Err(_) => size /= 2,
        }
    }
    let refused = write(&host, "refused").await;
    assert_eq!((refused.status, refused.text("/code"), refused.text("/outcome")), (503, "unavailable", "none"));
    assert_eq!(written(), 1, "it was refused before anything was sent");
    let read = host.client.ask("healthy.run", json!({ "requests": 1 })).await;
    assert_eq!(read.body["output"]["answers"][0]["status"], 200, "{}", read.raw);
    let again = write(&host, "kept").await;
    assert_eq!((&again.raw, written()), (&kept.raw, 1), "what was acknowledged is there");

    for key in fillers {
        host.app.store.delete(Bucket::Tokens, &key, Expect::Any).await.unwrap();
    }
    let after = until(async || Some(write(&host, "refused").await).filter(|answer| answer.status == 200)).await;
    assert_eq!((after.headers.get("idempotency-replayed"), written()), (None, 2), "{}", after.raw);
}

/// Runs a verb to its end.
async fn run(dir: &Path, verb: &'static str, uid: Option<u32>) -> Output {
    let mut command = command(Path::new(BINARY), &dir.join("jackfield.toml"), verb);
    if let Some(uid) = uid {
        command.uid(uid).gid(uid);
    }
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A store with many records, whose host has ended.
async fn filled(dir: &Path) -> PathBuf {
    let upstream = Stub::empty().await.unwrap();
    let text = config(dir, &upstream.url, "");
    std::fs::write(dir.join("jackfield.toml"), &text).unwrap();
    let host = Host::start(&text).await.unwrap();
    for number in 0..2_000 {
        host.app.store.append(Log::Audit, format!("{{\"a rather long record of a log\":{number}}}").into()).unwrap();
    }
    host.app.store.flush().await.unwrap();
    host.drain().await.unwrap();
    let path = dir.join("store/jackfield.db");
    // The host's threads end with the last who holds it.
    until(async || (!dir.join("store/jackfield.db-wal").exists()).then_some(())).await;
    path
}

#[tokio::test]
async fn a_damaged_store_is_refused_at_start_with_its_path_and_remedy_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = filled(dir.path()).await;
    let sound = run(dir.path(), "store check", None).await;
    assert_eq!((sound.status.code(), said(&sound).contains("sound")), (Some(0), true), "{}", said(&sound));
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 4096 / 2 * 4096;
    bytes[middle] ^= 0xFF;
    std::fs::write(&path, &bytes).unwrap();
    let refused = run(dir.path(), "serve --listen 127.0.0.1:0", None).await;
    let report = said(&refused);
    assert_eq!(refused.status.code(), Some(3), "{report}");
    for part in [path.to_str().unwrap(), "is damaged", "put a backup in its place"] {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
    let checked = run(dir.path(), "store check", None).await;
    assert_eq!((checked.status.code(), said(&checked).contains("damaged: ")), (Some(1), true), "{}", said(&checked));
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "whoever mends it finds it as it was");
}

#[tokio::test]
async fn a_store_that_may_not_be_written_is_refused_at_start_with_its_path_and_remedy() {
    /// Nobody in particular: who may do everything meets no read-only file.
    const NOBODY: u32 = 65_534;
    let dir = tempfile::tempdir().unwrap();
    let path = filled(dir.path()).await;
    let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let is_root = std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).is_ok();
    mode(dir.path(), 0o755);
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let file = entry.unwrap().path();
        mode(&file, if file.is_dir() { 0o555 } else { 0o644 });
    }
    mode(&path, 0o400);
    // A binary that only we may reach cannot be run as somebody else.
    let binary = dir.path().join("jackfield");
    std::fs::copy(BINARY, &binary).unwrap();
    mode(&binary, 0o755);
    let mut command = command(&binary, &dir.path().join("jackfield.toml"), "serve --listen 127.0.0.1:0");
    if is_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    let refused = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    mode(path.parent().unwrap(), 0o755);
    let report = said(&refused);
    assert_eq!(refused.status.code(), Some(3), "{report}");
    for part in [path.to_str().unwrap(), "is read-only", "let the host's user write"] {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
}

#[tokio::test]
async fn compacting_keeps_the_records_and_their_chain() {
    let dir = tempfile::tempdir().unwrap();
    let path = filled(dir.path()).await;
    let before = run(dir.path(), "audit verify", None).await;
    assert_eq!(before.status.code(), Some(0), "{}", said(&before));
    let done = run(dir.path(), "store compact", None).await;
    assert_eq!((done.status.code(), said(&done).contains(path.to_str().unwrap())), (Some(0), true), "{}", said(&done));
    let after = run(dir.path(), "audit verify", None).await;
    assert_eq!(said(&after), said(&before));
}

#[tokio::test]
async fn the_host_says_how_many_files_it_may_open_and_how_many_it_may_need() {
    let dir = tempfile::tempdir().unwrap();
    let upstream = Stub::empty().await.unwrap();
    let text = config(dir.path(), &upstream.url, "");
    let file = dir.path().join("jackfield.toml");
    std::fs::write(&file, "[server]\nconnections_max = 100000000\n".to_owned() + &text).unwrap();
    let host = Process::serve(Path::new(BINARY), &file).await.unwrap();
    let log = host.log();
    assert!(log.contains("file descriptors may run out under load") && log.contains("connections_max"), "{log}");
    host.kill().await.unwrap();
}
