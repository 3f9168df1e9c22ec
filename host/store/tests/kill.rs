//! A process that is killed while it writes loses nothing of what it was told is written.
//!
//! The test runs its own binary again as the process to be killed. That one reports every answer of the store on its
//! standard output; what it reported must be in the file afterwards.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use jackfield_core::port::{Bucket, Expect, Log, Store as _};
use jackfield_store::{Embedded, Observer, Options};

/// Set for the process that is to be killed: the file that it writes.
const FILE: &str = "JACKFIELD_TEST_STORE";

/// Writers at once, so that commits are shared.
const WRITERS: usize = 4;

/// A value that is put and deleted between two answers, so that room is given back all the time.
const LARGE_BYTES: usize = 256 << 10;

/// How often a process is killed.
const ROUNDS: usize = 6;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn nothing_acknowledged_is_lost_by_sigkill() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jackfield.db");
    let mut values = vec![0u64; WRITERS];
    let mut entries = vec![0u64; WRITERS];
    for round in 0..ROUNDS {
        // Another moment in each round: after the first answers, after some, after many.
        let wanted = 5 + round * 60;
        for (kind, writer, number) in acknowledged(&path, wanted) {
            let last = if kind == "value" { &mut values[writer] } else { &mut entries[writer] };
            *last = (*last).max(number);
        }
        check(&path, &values, &entries);
    }
    assert!(values.iter().chain(&entries).all(|last| *last > 0), "{values:?} {entries:?}");
}

/// Runs a writer, kills it after so many answers, and gives all the answers that it had.
fn acknowledged(path: &Path, wanted: usize) -> Vec<(String, usize, u64)> {
    let mut child: Child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_process_that_is_killed", "--nocapture", "--test-threads=1"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut answers = Vec::new();
    let mut killed = false;
    for line in BufReader::new(child.stdout.take().unwrap()).split(b'\n') {
        let line = String::from_utf8_lossy(&line.unwrap()).into_owned();
        let words: Vec<_> = line.split(' ').collect();
        // A line that the kill cut short has no end mark.
        if let ["written", kind, writer, number, "."] = words[..] {
            answers.push((kind.to_owned(), writer.parse().unwrap(), number.parse().unwrap()));
        }
        if answers.len() >= wanted && !killed {
            killed = true;
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(killed, "it ended by itself after {} answers", answers.len());
    answers
}

fn check(path: &Path, values: &[u64], entries: &[u64]) {
    let store = Embedded::open(path, Options::default()).unwrap();
    let observer = Observer::open(path).unwrap();
    assert_eq!(observer.check().unwrap().problems, Vec::<String>::new());
    let chain = observer.verify(Log::Audit, None).unwrap();
    assert_eq!(chain.broken, None);
    let all = runtime().block_on(store.entries(Log::Audit, 0, usize::MAX)).unwrap();
    assert_eq!(all.len() as u64, chain.count);
    for writer in 0..values.len() {
        let value = runtime().block_on(store.get(Bucket::Tokens, &format!("writer-{writer}"))).unwrap();
        let written = value.map_or(0, |v| std::str::from_utf8(&v.value).unwrap().parse::<u64>().unwrap());
        assert!(written >= values[writer], "writer {writer} was told {} and {written} is there", values[writer]);
        for number in 1..=entries[writer] {
            let body = format!("{writer} {number}");
            assert!(all.iter().any(|e| e.body == body), "writer {writer} was told that entry {number} is durable");
        }
    }
}

/// Not a test of its own: the other one runs it in a process that it kills.
#[test]
fn the_process_that_is_killed() {
    let Some(path) = std::env::var_os(FILE) else { return };
    // It keeps no room for later, so that it is killed while it gives some back.
    let options = Options { free_bytes_kept: 0, ..Options::default() };
    let store = Arc::new(Embedded::open(Path::new(&path), options).unwrap());
    // Not `println!`, which the test harness may catch. One line at a time, and whole.
    let report = |line: String| {
        let mut out = std::io::stdout().lock();
        out.write_all(line.as_bytes()).and_then(|()| out.flush())
    };
    runtime().block_on(async {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let store = store.clone();
                tokio::spawn(async move {
                    let key = format!("writer-{writer}");
                    // It goes on where the process before it was killed.
                    let before = match store.get(Bucket::Tokens, &key).await.unwrap() {
                        Some(value) => std::str::from_utf8(&value.value).unwrap().parse::<u64>().unwrap(),
                        None => 0,
                    };
                    for number in before + 1.. {
                        store.append(Log::Audit, Bytes::from(format!("{writer} {number}"))).unwrap();
                        store.put(Bucket::Tokens, &key, number.to_string().into(), Expect::Any).await.unwrap();
                        report(format!("written value {writer} {number} .\n")).unwrap();
                        let large = format!("large-{writer}");
                        store.put(Bucket::Tokens, &large, vec![0; LARGE_BYTES].into(), Expect::Any).await.unwrap();
                        store.delete(Bucket::Tokens, &large, Expect::Any).await.unwrap();
                        store.flush().await.unwrap();
                        report(format!("written entry {writer} {number} .\n")).unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}
