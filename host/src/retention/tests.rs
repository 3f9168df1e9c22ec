//! What a sweep takes, gives a last word, and leaves.

use jackfield_core::digest::Digest;
use jackfield_core::idempotency::{Answer, Record, State};
use jackfield_core::settle::{SettlePolicy, Write};
use jackfield_store::{Embedded, Options};
use serde_json::{Value, json};

use super::*;
use crate::dispatch::idempotency::Ledger;

const NOW: u64 = 1_700_000_000_000;
const DAY: u64 = 24 * 60 * 60 * 1_000;

struct Room {
    store: Arc<dyn Store>,
    ledger: Ledger,
    heir: Heir,
    _dir: tempfile::TempDir,
}

fn room() -> Room {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(Embedded::open(&dir.path().join("jackfield.db"), Options::default()).unwrap());
    let heir = Heir::of(store.clone(), None, Arc::default(), SettlePolicy::default());
    Room { ledger: Ledger::of(store.clone(), None), heir, store, _dir: dir }
}

impl Room {
    async fn sweep(&self) {
        sweep_answers(&self.heir, "ab", NOW).await.unwrap();
    }
}

/// A key as the ledger has them.
fn key(first: &str) -> String {
    format!("{first:0<64}")
}

fn begun(at_ms: u64) -> Record {
    Record::begin(Digest::of_json(&json!("x")), at_ms, &IdempotencyPolicy::default())
}

fn write() -> Write {
    Write {
        call_id: "01CALL".to_owned(),
        tenant: "acme".to_owned(),
        connection: "desk".to_owned(),
        intent: "ticket.create".to_owned(),
        input: json!({}),
        user: None,
        locale: "en".to_owned(),
        time_zone: "UTC".to_owned(),
        guest_key: "k".to_owned(),
        began_ms: NOW - DAY,
    }
}

#[tokio::test]
async fn an_answer_is_forgotten_when_its_retention_is_over_and_not_before() {
    let room = room();
    let answer = Answer { status: 200, body: "{}".to_owned() };
    for (key, at_ms) in [("ab-old", NOW - DAY), ("ab-young", NOW - DAY + 1), ("ac-elsewhere", NOW - DAY)] {
        let record = begun(at_ms).answered(at_ms, answer.clone());
        room.ledger.put_named(key, &record, Expect::Absent).await.unwrap();
    }
    room.sweep().await;
    assert_eq!(room.store.keys(Bucket::Idempotency, "").await.unwrap(), ["ab-young", "ac-elsewhere"]);
}

#[tokio::test]
async fn a_write_whose_host_died_is_taken_over_to_be_settled_and_one_under_way_is_left_alone() {
    let room = room();
    let (dead, alive, older) = (key("abd"), key("aba"), key("abc"));
    room.ledger.put_named(&dead, &begun(NOW - DAY).of(write()), Expect::Absent).await.unwrap();
    room.ledger.put_named(&alive, &begun(NOW), Expect::Absent).await.unwrap();
    // As a host wrote it that did not know of settling.
    room.ledger.put_named(&older, &begun(NOW - DAY), Expect::Absent).await.unwrap();
    room.sweep().await;
    let state = async |key: &str| room.ledger.get_named(key).await.unwrap().unwrap().0.state;
    assert!(matches!(state(&alive).await, State::InFlight { .. }));
    for (key, call_id) in [(&dead, json!("01CALL")), (&older, Value::Null)] {
        let State::Done { answer, .. } = state(key).await else { panic!("no last word") };
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, &body["outcome"], &body["retryable"]), (504, &json!("unknown"), &json!(false)));
        assert_eq!(body["call_id"], call_id);
    }
    assert_eq!(room.store.keys(Bucket::Settlements, "").await.unwrap(), ["01CALL"]);
}

#[tokio::test]
async fn a_write_whose_call_will_be_taken_up_is_left_to_that() {
    let room = room();
    room.ledger.put_named(&key("abd"), &begun(NOW - DAY).of(write()), Expect::Absent).await.unwrap();
    room.store.put(Bucket::Jobs, "01CALL", b"owed"[..].into(), Expect::Absent).await.unwrap();
    room.sweep().await;
    let (record, _) = room.ledger.get_named(&key("abd")).await.unwrap().unwrap();
    assert!(matches!(record.state, State::InFlight { .. }));
    assert!(room.store.keys(Bucket::Settlements, "").await.unwrap().is_empty());
    room.store.delete(Bucket::Jobs, "01CALL", Expect::Any).await.unwrap();
    room.sweep().await;
    assert_eq!(room.store.keys(Bucket::Settlements, "").await.unwrap(), ["01CALL"]);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_stays() {
    let room = room();
    room.store.put(Bucket::Idempotency, "ab", b"\x01sealed"[..].into(), Expect::Any).await.unwrap();
    room.sweep().await;
    assert_eq!(room.store.keys(Bucket::Idempotency, "").await.unwrap(), ["ab"]);
}

#[tokio::test]
async fn a_kept_answer_is_forgotten_when_it_is_good_for_nothing_any_more() {
    let room = room();
    let kept = |expires_ms: u64| [&[1], expires_ms.to_be_bytes().as_slice(), b"sealed"].concat();
    for (key, value) in [
        ("ab-over", kept(NOW - 1)),
        ("ab-good", kept(NOW)),
        ("ab-last", kept(NOW + KEPT_MS_MAX)),
        ("ab-never", kept(u64::MAX)),
        ("ab-damaged", b"\x01".to_vec()),
        ("ac-elsewhere", kept(NOW - 1)),
    ] {
        room.store.put(Bucket::Answers, key, value.into(), Expect::Absent).await.unwrap();
    }
    sweep_kept(&*room.store, "ab", NOW).await.unwrap();
    assert_eq!(room.store.keys(Bucket::Answers, "").await.unwrap(), ["ab-good", "ab-last", "ac-elsewhere"]);
}

#[tokio::test]
async fn a_used_confirmation_is_remembered_until_its_token_has_expired() {
    let room = room();
    for (key, expires) in [("ab-over", NOW - 60_000), ("ab-open", NOW + 1)] {
        let value = expires.to_string().into_bytes().into();
        room.store.put(Bucket::Confirmations, key, value, Expect::Absent).await.unwrap();
    }
    sweep_confirmations(&*room.store, "ab", NOW).await.unwrap();
    assert_eq!(room.store.keys(Bucket::Confirmations, "").await.unwrap(), ["ab-open"]);
}
