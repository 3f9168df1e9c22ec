//! What a sweep takes, gives a last word, and leaves.

use jackfield_core::digest::Digest;
use jackfield_core::idempotency::{Answer, Record};
use jackfield_store::{Embedded, Options};
use serde_json::{Value, json};

use super::*;

const NOW: u64 = 1_700_000_000_000;
const DAY: u64 = 24 * 60 * 60 * 1_000;

struct Room {
    store: Arc<dyn Store>,
    ledger: Ledger,
    _dir: tempfile::TempDir,
}

fn room() -> Room {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(Embedded::open(&dir.path().join("jackfield.db"), Options::default()).unwrap());
    Room { ledger: Ledger::of(store.clone(), None), store, _dir: dir }
}

fn begun(at_ms: u64) -> Record {
    Record::begin(Digest::of_json(&json!("x")), at_ms, &IdempotencyPolicy::default())
}

#[tokio::test]
async fn an_answer_is_forgotten_when_its_retention_is_over_and_not_before() {
    let room = room();
    let answer = Answer { status: 200, body: "{}".to_owned() };
    for (key, at_ms) in [("ab-old", NOW - DAY), ("ab-young", NOW - DAY + 1), ("ac-elsewhere", NOW - DAY)] {
        let record = begun(at_ms).answered(at_ms, answer.clone());
        room.ledger.put_named(key, &record, Expect::Absent).await.unwrap();
    }
    sweep_answers(&room.ledger, &*room.store, "ab", NOW).await.unwrap();
    assert_eq!(room.store.keys(Bucket::Idempotency, "").await.unwrap(), ["ab-young", "ac-elsewhere"]);
}

#[tokio::test]
async fn a_write_whose_host_died_gets_its_last_word_and_one_under_way_is_left_alone() {
    let room = room();
    room.ledger.put_named("ab-dead", &begun(NOW - DAY), Expect::Absent).await.unwrap();
    room.ledger.put_named("ab-alive", &begun(NOW), Expect::Absent).await.unwrap();
    sweep_answers(&room.ledger, &*room.store, "ab", NOW).await.unwrap();
    let state = async |key: &str| room.ledger.get_named(key).await.unwrap().unwrap().0.state;
    assert!(matches!(state("ab-alive").await, State::InFlight { .. }));
    let State::Done { answer, .. } = state("ab-dead").await else { panic!("no last word") };
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, &body["outcome"], &body["retryable"]), (504, &json!("unknown"), &json!(false)));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_stays() {
    let room = room();
    room.store.put(Bucket::Idempotency, "ab", b"\x01sealed"[..].into(), Expect::Any).await.unwrap();
    sweep_answers(&room.ledger, &*room.store, "ab", NOW).await.unwrap();
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
