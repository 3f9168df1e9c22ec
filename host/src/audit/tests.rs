use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use jackfield_core::audit::Event;
use jackfield_core::port::StoreError;
use jackfield_store::{Closed, Embedded, Observer, Options};
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

fn record(connection: &str) -> Record {
    Record {
        at: "2026-01-20T10:00:00.000Z".to_owned(),
        event: Event::SecretUsed { secret: "api_key".to_owned(), how: "hmac".to_owned() },
        tenant: "acme".to_owned(),
        connection: connection.to_owned(),
        call_id: Some("01J".to_owned()),
        user: None,
        outcome: "ok".to_owned(),
    }
}

#[tokio::test]
async fn a_record_is_one_line_of_json_in_the_chain() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jackfield.db");
    let store: Arc<dyn Store> = Arc::new(Embedded::open(&path, Options::default()).unwrap());
    let audit: Arc<dyn Audit> = Arc::new(AuditLog::new(store.clone()));
    audit.record(&record("crm")).unwrap();
    audit.record(&record("shop\nforged")).unwrap();
    store.flush().await.unwrap();
    let entries = store.entries(Log::Audit, 0, 10).await.unwrap();
    assert_eq!(serde_json::from_slice::<Record>(&entries[0].body).unwrap(), record("crm"));
    assert!(!entries[1].body.contains(&b'\n'), "a name cannot begin a line of its own");
    let chain = Observer::open(&path).unwrap().verify(Log::Audit, None).unwrap();
    assert_eq!((chain.count, chain.broken), (2, None));
}

#[test]
fn without_a_store_every_record_is_refused() {
    let refused = AuditLog::new(Arc::new(Closed)).record(&record("crm")).unwrap_err();
    assert_eq!(refused, "the store is not usable: it was not opened");
}

/// Counts log lines by level.
#[derive(Clone, Default)]
struct Lines(Arc<[AtomicUsize; 2]>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let is_error = *event.metadata().level() == tracing::Level::ERROR;
        self.0[usize::from(is_error)].fetch_add(1, Ordering::Relaxed);
    }
}

/// A store that says what it is told to say.
struct Moody(Mutex<Result<(), StoreError>>);

impl Moody {
    fn feels(&self, mood: Result<(), StoreError>) {
        *self.0.lock().unwrap() = mood;
    }
}

mod moody {
    use jackfield_core::port::{BoxFuture, Bucket, Entry, Expect, Versioned};

    use super::*;

    impl Store for Moody {
        fn get<'a>(&'a self, _: Bucket, _: &'a str) -> BoxFuture<'a, Result<Option<Versioned>, StoreError>> {
            Box::pin(async { Ok(None) })
        }
        fn put<'a>(&'a self, _: Bucket, _: &'a str, _: Bytes, _: Expect) -> BoxFuture<'a, Result<u64, StoreError>> {
            Box::pin(async { Ok(1) })
        }
        fn delete<'a>(&'a self, _: Bucket, _: &'a str, _: Expect) -> BoxFuture<'a, Result<(), StoreError>> {
            Box::pin(async { Ok(()) })
        }
        fn keys<'a>(&'a self, _: Bucket, _: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
            Box::pin(async { Ok(Vec::new()) })
        }
        fn append(&self, _: Log, _: Bytes) -> Result<(), StoreError> {
            self.0.lock().unwrap().clone()
        }
        fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
            Box::pin(async { Ok(()) })
        }
        fn trim(&self, _: Log, _: u64) -> BoxFuture<'_, Result<(), StoreError>> {
            Box::pin(async { Ok(()) })
        }
        fn entries<'a>(&'a self, _: Log, _: u64, _: usize) -> BoxFuture<'a, Result<Vec<Entry>, StoreError>> {
            Box::pin(async { Ok(Vec::new()) })
        }
    }
}

#[test]
fn an_outage_is_one_error_line_however_many_calls_it_refuses() {
    let store = Arc::new(Moody(Mutex::new(Ok(()))));
    let audit = AuditLog::new(store.clone());
    let lines = Lines::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(lines.clone()), || {
        for outage in [StoreError::Busy, StoreError::Unavailable("disk full".to_owned())] {
            store.feels(Err(outage));
            for _ in 0..100 {
                assert!(audit.record(&record("crm")).is_err());
            }
            store.feels(Ok(()));
            for _ in 0..100 {
                audit.record(&record("crm")).unwrap();
            }
        }
    });
    let count = |at: usize| lines.0[at].load(Ordering::Relaxed);
    assert_eq!((count(1), count(0)), (2, 2), "two outages: one line when each begins, one when it ends");
}
