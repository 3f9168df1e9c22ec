//! What goes from a shelf with what, that nothing is left behind, and which reads a write overtook.

use jackfield_core::freshness::Tagger;
use serde_json::{Value, json};

use super::*;

fn key(name: &str) -> Digest {
    Digest::of_json(&json!(name))
}

fn slot(ids: &[&str], expires_ms: u64) -> Slot {
    let orders: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    let tags = Tagger::new("order.search", &json!({}), &json!({})).of_answer(&json!({}), &json!({ "orders": orders }));
    let kept = Kept { text: "{}".into(), made_ms: 0, expires_ms, is_restored: false };
    Slot { kept: Arc::new(kept), tags, is_durable: false, is_stored: false }
}

fn keys(taken: Vec<(Digest, Slot)>) -> HashSet<Digest> {
    taken.into_iter().map(|(key, _)| key).collect()
}

#[test]
fn what_is_touched_goes_and_nothing_of_it_stays_behind() {
    let mut shelf = Shelf::default();
    shelf.put(key("a"), slot(&["1", "2"], 9));
    shelf.put(key("b"), slot(&["2", "3"], 9));
    let mut single = slot(&[], 9);
    single.tags = Tagger::new("order.status", &json!({}), &json!({})).of_answer(&json!({}), &json!({ "id": "4" }));
    shelf.put(key("c"), single);
    assert!(keys(shelf.take_touched(&Tags::of_object("ticket", "1"))).is_empty());
    assert_eq!(keys(shelf.take_touched(&Tags::of_object("order", "9"))), HashSet::from([key("a"), key("b")]));
    assert_eq!(keys(shelf.take_touched(&Tags::of_object("order", "4"))), HashSet::from([key("c")]));
    assert_eq!((shelf.len(), shelf.bytes(), shelf.tagged.len()), (0, 0, 0));
}

#[test]
fn an_answer_takes_the_place_of_the_one_before_with_its_tags() {
    let mut shelf = Shelf::default();
    shelf.put(key("a"), Slot { is_stored: true, ..slot(&["1"], 9) });
    shelf.put(key("a"), slot(&["2"], 9));
    assert!(shelf.slot(&key("a")).unwrap().is_stored, "the store still has the one before");
    assert!(!shelf.tagged.contains_key("order:1"));
    assert_eq!(shelf.bytes(), slot(&["2"], 9).bytes());
}

#[test]
fn the_answer_that_was_used_least_lately_goes_first() {
    let mut shelf = Shelf::default();
    for name in ["a", "b", "c"] {
        shelf.put(key(name), slot(&[name], 9));
    }
    assert!(shelf.get(&key("a")).is_some());
    assert!(shelf.slot(&key("b")).is_some(), "a look is no use");
    assert_eq!(shelf.take_oldest().unwrap().0, key("b"));
    assert_eq!(keys(shelf.take_expired(9)), HashSet::new());
    assert_eq!(keys(shelf.take_expired(10)).len(), 2);
    assert!(shelf.take_oldest().is_none() && shelf.bytes() == 0);
}

#[test]
fn a_read_is_overtaken_by_what_it_cannot_have_seen_and_by_nothing_else() {
    let mut writes = Writes::default();
    writes.note(&Tags::of_object("order", "1"));
    let early = writes.read_begins();
    assert!(!writes.overtook(early, &Tags::of_object("order", "1")));
    writes.note(&Tags::of_object("order", "2"));
    let late = writes.read_begins();
    let tagger = Tagger::new("order.status", &json!({}), &json!({}));
    let [one, two] = ["1", "2"].map(|id| tagger.of_answer(&json!({}), &json!({ "id": id })));
    assert!(!writes.overtook(early, &one) && writes.overtook(early, &two));
    assert!(!writes.overtook(late, &two));
    writes.read_ends();
    assert!(writes.overtook(early, &two), "another read is still under way");
    writes.read_ends();
    assert!(writes.unseen.is_empty());
}

#[test]
fn a_read_that_began_before_more_writes_than_are_remembered_counts_as_overtaken() {
    let mut writes = Writes::default();
    let seen = writes.read_begins();
    for number in 0..WRITES_MAX {
        writes.note(&Tags::of_object("ticket", &number.to_string()));
    }
    let order = Tags::of_object("order", "1");
    assert!(!writes.overtook(seen, &order));
    writes.note(&Tags::of_object("ticket", "x"));
    assert!(writes.overtook(seen, &order));
    assert_eq!(writes.unseen.len(), WRITES_MAX);
}
