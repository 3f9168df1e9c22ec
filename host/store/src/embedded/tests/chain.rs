//! Logs: the chain holds, and whatever was done to it shows.

use super::*;

#[test]
fn entries_are_numbered_from_one_and_hang_together() {
    let room = room();
    append(&room.store, (1..=2500).map(|n| format!("entry {n}")));
    let page = now(room.store.entries(Log::Audit, 10, 3)).unwrap();
    assert_eq!(page.iter().map(|e| e.sequence).collect::<Vec<_>>(), [11, 12, 13]);
    assert_eq!(page[0].body, "entry 11");
    let whole = verify(&room.path, None);
    assert_eq!((whole.count, whole.broken), (2500, None));
    let last = now(room.store.entries(Log::Audit, 2499, 10)).unwrap();
    assert_eq!(last[0].digest, whole.head);
    let newest = Observer::open(&room.path).unwrap().entries_before(Log::Audit, u64::MAX, 2).unwrap();
    assert_eq!(newest.iter().map(|e| e.sequence).collect::<Vec<_>>(), [2500, 2499]);
}

#[test]
fn an_empty_log_is_a_sound_chain() {
    let room = room();
    let whole = verify(&room.path, Some(GENESIS));
    assert_eq!((whole.count, whole.head, whole.found, whole.broken), (0, GENESIS, Some(0), None));
}

#[test]
fn two_processes_make_one_chain() {
    let room = room();
    let other = Embedded::open(&room.path, Options::default()).unwrap();
    std::thread::scope(|scope| {
        for (name, store) in [("left", &*room.store), ("right", &other)] {
            scope.spawn(move || (0..20).for_each(|n| append(store, (0..10).map(|m| format!("{name} {n}.{m}")))));
        }
    });
    let whole = verify(&room.path, None);
    assert_eq!((whole.count, whole.broken), (400, None));
    let all = now(room.store.entries(Log::Audit, 0, 1000)).unwrap();
    let left: Vec<_> = all.iter().filter(|e| e.body.starts_with(b"left")).collect();
    assert_eq!(left.len(), 200);
    assert_eq!(left[199].body, "left 19.9", "each keeps its own order");
}

fn tampered(change: &str) -> observer::Verification {
    let room = room();
    append(&room.store, (1..=9).map(|n| format!("entry {n}")));
    sql(&room.path).execute_batch(change).unwrap();
    verify(&room.path, None)
}

#[test]
fn a_changed_entry_is_found() {
    let found = tampered("UPDATE entry SET body = x'00' WHERE sequence = 4");
    assert_eq!((found.count, found.broken), (3, Some(Broken::Digest { sequence: 4 })));
}

#[test]
fn a_changed_digest_is_found() {
    for digest in ["zeroblob(32)", "x'00'", "zeroblob(0)"] {
        let found = tampered(&format!("UPDATE entry SET digest = {digest} WHERE sequence = 4"));
        assert_eq!(found.broken, Some(Broken::Digest { sequence: 4 }), "{digest}");
    }
}

#[test]
fn a_dropped_entry_is_found_also_when_the_rest_moves_up() {
    let found = tampered("DELETE FROM entry WHERE sequence = 1");
    assert_eq!(found.broken, Some(Broken::Gap { expected: 1, found: 2 }));
    let found = tampered("DELETE FROM entry WHERE sequence BETWEEN 4 AND 5");
    assert_eq!((found.count, found.broken), (3, Some(Broken::Gap { expected: 4, found: 6 })));
    let closed = "DELETE FROM entry WHERE sequence = 4; \
                  UPDATE entry SET sequence = sequence - 101 WHERE sequence > 4; \
                  UPDATE entry SET sequence = sequence + 100 WHERE sequence < 0";
    assert_eq!(tampered(closed).broken, Some(Broken::Digest { sequence: 4 }));
}

#[test]
fn reordered_entries_are_found() {
    let found = tampered(
        "UPDATE entry SET sequence = -4 WHERE sequence = 4; UPDATE entry SET sequence = 4 WHERE sequence = 5; \
         UPDATE entry SET sequence = 5 WHERE sequence = -4",
    );
    assert_eq!(found.broken, Some(Broken::Digest { sequence: 4 }));
}

#[test]
fn a_row_outside_of_the_chain_is_never_shown() {
    let room = room();
    append(&room.store, ["one"]);
    let forged = "INSERT INTO entry VALUES ('audit', -1, zeroblob(32), x'00'), ('audit', 0, zeroblob(32), x'00')";
    sql(&room.path).execute_batch(forged).unwrap();
    let whole = verify(&room.path, None);
    assert_eq!((whole.count, whole.broken), (1, None));
    assert_eq!(now(room.store.entries(Log::Audit, 0, 10)).unwrap().len(), 1);
    assert_eq!(Observer::open(&room.path).unwrap().entries_before(Log::Audit, u64::MAX, 10).unwrap().len(), 1);
}

#[test]
fn a_log_cut_at_its_end_is_found_by_a_head_that_was_noted() {
    let room = room();
    append(&room.store, (1..=5).map(|n| format!("entry {n}")));
    let noted = verify(&room.path, None).head;
    append(&room.store, ["entry 6"]);
    let later = verify(&room.path, Some(noted));
    assert_eq!((later.count, later.found), (6, Some(5)));
    sql(&room.path).execute_batch("DELETE FROM entry WHERE sequence > 4").unwrap();
    let cut = verify(&room.path, Some(noted));
    assert_eq!((cut.count, cut.broken, cut.found), (4, None, None));
    // Whoever cuts and goes on makes a sound chain, which is another one.
    append(&room.store, ["entry 5, told otherwise", "entry 6"]);
    let rewritten = verify(&room.path, Some(noted));
    assert_eq!((rewritten.count, rewritten.broken, rewritten.found), (6, None, None));
}
