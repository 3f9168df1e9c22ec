//! How much the embedded store takes on this machine: `cargo run --release -p jackfield-store --example throughput -- DIR`.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use jackfield_core::port::{Bucket, Expect, Log, Store as _, StoreError};
use jackfield_store::{Embedded, Options};

const PUTS: usize = 20_000;
const ENTRIES: usize = 200_000;
const READS: usize = 50_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let dir = tempfile::tempdir_in(folder)?;
    let store = Arc::new(Embedded::open(&dir.path().join("throughput.db"), Options::default())?);
    for writers in [1, 8, 64, 512] {
        let begun = Instant::now();
        let each = (PUTS / 10 * writers.min(10) / writers).max(1);
        let tasks: Vec<_> = (0..writers).map(|writer| tokio::spawn(put(store.clone(), writer, each))).collect();
        for task in tasks {
            task.await??;
        }
        say(&format!("put, {writers} at once"), each * writers, begun);
    }
    let begun = Instant::now();
    let body = Bytes::from(vec![b'x'; 300]);
    for _ in 0..ENTRIES {
        while store.append(Log::Audit, body.clone()) == Err(StoreError::Busy) {
            store.flush().await.or_else(|error| if error == StoreError::Busy { Ok(()) } else { Err(error) })?;
            tokio::task::yield_now().await;
        }
    }
    store.flush().await?;
    say("append of 300 bytes", ENTRIES, begun);
    let begun = Instant::now();
    for _ in 0..READS {
        store.get(Bucket::Tokens, "writer-0").await?;
    }
    say("get, one after the other", READS, begun);
    Ok(())
}

async fn put(store: Arc<Embedded>, writer: usize, times: usize) -> Result<(), StoreError> {
    let (key, value) = (format!("writer-{writer}"), Bytes::from(vec![b'x'; 1024]));
    for _ in 0..times {
        store.put(Bucket::Tokens, &key, value.clone(), Expect::Any).await?;
    }
    Ok(())
}

fn say(what: &str, times: usize, begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    println!("{what}: {:.0} a second, {:.1} us each", times as f64 / seconds, seconds * 1e6 / times as f64);
}
