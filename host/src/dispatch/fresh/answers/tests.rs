//! What is kept and given, what a write takes away, and who gives way where room is short.

use std::time::Duration;

use jackfield_core::freshness::{Keeping, Tagger};
use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::error::Code;

const NOW_MS: u64 = 1_700_000_000_000;

const KEEPING: Keeping = Keeping { ttl_ms: 60_000, max_stale_ms: 3_600_000 };

fn host(bounds: CacheSection) -> Arc<Answers> {
    let tenancy = |connection: &str, tenant: &str, asks_others| Tenancy {
        connection: connection.into(),
        tenant: tenant.into(),
        asks_others,
    };
    let all = [
        tenancy("shop", "t", false),
        tenancy("help", "t", false),
        tenancy("desk", "t", true),
        tenancy("desk-of-others", "u", true),
    ];
    Answers::new(all, bounds, AnswerCounts::default())
}

fn terms(answers: &Answers, connection: &str, question: &str) -> Terms {
    Terms {
        key: Digest::of_json(&json!([connection, question])),
        place: answers.place(connection).unwrap().clone(),
        keeping: KEEPING,
        coalesce: true,
        is_trusted: true,
        is_durable: true,
    }
}

fn checked(made_ms: u64, id: &str) -> Checked {
    let output = json!({ "id": id });
    let tags = Tagger::new("order.status", &json!({}), &json!({})).of_answer(&json!({}), &output);
    let fetched_at = Timestamp::from_millisecond(i64::try_from(made_ms).unwrap()).unwrap();
    Checked { output, fetched_at, tags }
}

fn lead(answers: &Arc<Answers>, terms: &Terms) -> Passenger {
    match answers.board(terms, Instant::now() + Duration::from_secs(15), NOW_MS) {
        Boarded::Leads(passenger) => passenger,
        Boarded::Kept(_) => panic!("it is kept"),
        Boarded::Joined(_) => panic!("it is under way"),
    }
}

/// Asks and is answered at once.
fn ask(answers: &Arc<Answers>, terms: &Terms, outcome: Result<Checked, Problem>) {
    let passenger = lead(answers, terms);
    answers.land(passenger.flight(), outcome);
}

fn fresh(answers: &Arc<Answers>, terms: &Terms) -> Option<String> {
    match answers.board(terms, Instant::now(), NOW_MS) {
        Boarded::Kept(kept) => Some(kept.text.to_string()),
        _ => None,
    }
}

fn problem(code: Code) -> Problem {
    Problem::new(code, "as the system says")
}

#[test]
fn an_answer_is_given_again_while_it_is_fresh_and_after_a_failure_while_it_is_stale() {
    let answers = host(CacheSection::default());
    let terms = terms(&answers, "shop", "1");
    ask(&answers, &terms, Ok(checked(NOW_MS - 10_000, "1")));
    assert_eq!(fresh(&answers, &terms).as_deref(), Some(r#"{"id":"1"}"#));
    let after = |asked, now_ms| answers.after_failure(&terms, asked, now_ms).map(|(_, age_ms)| age_ms);
    assert!(matches!(answers.board(&terms, Instant::now(), NOW_MS + 50_000), Boarded::Leads(_)));
    let cases = [
        // the request's max_stale_ms, now, age
        (None, NOW_MS + 50_000, Some(60_000)),
        (Some(60_000), NOW_MS + 50_000, Some(60_000)),
        (Some(59_999), NOW_MS + 50_000, None),
        (Some(0), NOW_MS + 50_000, None),
        (Some(0), NOW_MS, None),
        (None, NOW_MS + 3_590_000, Some(3_600_000)),
        (Some(u64::MAX), NOW_MS + 3_590_001, None),
    ];
    for (asked, now_ms, age_ms) in cases {
        assert_eq!(after(asked, now_ms), age_ms, "{asked:?} at {now_ms}");
    }
    answers.expire(NOW_MS + 3_590_001);
    assert_eq!(answers.taken(), (0, 0));
}

#[test]
fn a_no_of_the_system_takes_the_kept_answer_away_and_a_breakdown_does_not() {
    let answers = host(CacheSection::default());
    for (code, stays) in [
        (Code::NotFound, false),
        (Code::Denied, false),
        (Code::ReauthRequired, false),
        (Code::Unavailable, true),
        (Code::Timeout, true),
        (Code::ConnectorFault, true),
    ] {
        let terms = terms(&answers, "shop", code.as_str());
        ask(&answers, &terms, Ok(checked(NOW_MS - 90_000, "1")));
        ask(&answers, &terms, Err(problem(code)));
        assert_eq!(answers.after_failure(&terms, None, NOW_MS).is_some(), stays, "{code:?}");
    }
}

#[test]
fn a_write_takes_what_it_touched_and_a_read_under_way_does_not_bring_it_back() {
    let answers = host(CacheSection::default());
    let [one, two, slow, other] = ["1", "2", "slow", "other"].map(|question| terms(&answers, "shop", question));
    ask(&answers, &one, Ok(checked(NOW_MS, "1")));
    ask(&answers, &two, Ok(checked(NOW_MS, "2")));
    let (slow_read, other_read) = (lead(&answers, &slow), lead(&answers, &other));
    answers.touch("shop", &Tags::of_object("order", "1"));
    assert!(fresh(&answers, &one).is_none() && fresh(&answers, &two).is_some());
    answers.land(slow_read.flight(), Ok(checked(NOW_MS, "1")));
    answers.land(other_read.flight(), Ok(checked(NOW_MS, "3")));
    assert!(fresh(&answers, &slow).is_none(), "it tells what was before the write");
    assert!(fresh(&answers, &other).is_some(), "it tells of something else");
    ask(&answers, &slow, Ok(checked(NOW_MS, "1")));
    assert!(fresh(&answers, &slow).is_some(), "it was asked after the write");
}

#[test]
fn a_write_of_one_connection_leaves_others_alone_but_for_those_that_ask_it() {
    let answers = host(CacheSection::default());
    let all = ["shop", "help", "desk", "desk-of-others"].map(|connection| terms(&answers, connection, "1"));
    for terms in &all {
        ask(&answers, terms, Ok(checked(NOW_MS, "1")));
    }
    answers.touch("shop", &Tags::of_object("order", "1"));
    assert_eq!(all.each_ref().map(|terms| fresh(&answers, terms).is_some()), [false, true, false, true]);
    answers.touch("nowhere", &Tags::of_object("order", "1"));
}

#[test]
fn an_answer_that_is_older_than_the_one_that_is_kept_does_not_take_its_place() {
    let answers = host(CacheSection::default());
    let terms = terms(&answers, "shop", "1");
    let early = lead(&answers, &terms);
    // A write of something else: whoever asks now does not join.
    answers.touch("shop", &Tags::of_object("order", "9"));
    ask(&answers, &terms, Ok(checked(NOW_MS, "new")));
    answers.land(early.flight(), Ok(checked(NOW_MS - 1, "old")));
    assert_eq!(fresh(&answers, &terms).as_deref(), Some(r#"{"id":"new"}"#));
}

#[test]
fn an_answer_over_its_bound_is_not_kept_and_takes_the_one_before_away() {
    let answers = host(CacheSection::default());
    let terms = Terms { keeping: Keeping { ttl_ms: 0, ..KEEPING }, ..terms(&answers, "shop", "1") };
    ask(&answers, &terms, Ok(checked(NOW_MS, "1")));
    assert!(answers.after_failure(&terms, None, NOW_MS).is_some());
    let mut large = checked(NOW_MS, "1");
    large.output = json!({ "id": "1", "text": "x".repeat(ANSWER_BYTES_MAX) });
    ask(&answers, &terms, Ok(large));
    assert!(answers.after_failure(&terms, None, NOW_MS).is_none());
}

#[test]
fn room_is_bounded_and_the_connection_that_takes_most_gives_way() {
    let answers = host(CacheSection { answers_max: 10, ..CacheSection::default() });
    let help = terms(&answers, "help", "1");
    ask(&answers, &help, Ok(checked(NOW_MS, "1")));
    let many: Vec<Terms> = (0..50).map(|number| terms(&answers, "shop", &number.to_string())).collect();
    for terms in &many {
        ask(&answers, terms, Ok(checked(NOW_MS, "1")));
    }
    assert_eq!(answers.taken().0, 10);
    assert!(fresh(&answers, &help).is_some(), "a busy connection crowds out a quiet one");
    assert!(fresh(&answers, &many[49]).is_some() && fresh(&answers, &many[40]).is_none());

    let answers = host(CacheSection { bytes_max: 4_000, ..CacheSection::default() });
    for number in 0..50 {
        let terms = terms(&answers, "shop", &number.to_string());
        ask(&answers, &terms, Ok(checked(NOW_MS, "1")));
        assert!(answers.taken().1 <= 4_000);
    }
    assert!(answers.taken().0 > 3);

    let answers = host(CacheSection { answers_max: 0, ..CacheSection::default() });
    let none = terms(&answers, "shop", "1");
    ask(&answers, &none, Ok(checked(NOW_MS, "1")));
    assert_eq!((answers.taken(), fresh(&answers, &none)), ((0, 0), None));
}

#[test]
fn a_restored_answer_is_for_failures_and_a_new_one_takes_its_place() {
    let answers = host(CacheSection::default());
    let terms = terms(&answers, "shop", "1");
    let restored = || Kept { text: "{}".into(), made_ms: NOW_MS - 5, expires_ms: NOW_MS + 5, is_restored: true };
    answers.restore(&terms.place, terms.key, restored(), Tags::default());
    assert!(fresh(&answers, &terms).is_none());
    assert_eq!(answers.after_failure(&terms, None, NOW_MS).map(|(_, age_ms)| age_ms), Some(5));
    ask(&answers, &terms, Ok(checked(NOW_MS, "1")));
    answers.restore(&terms.place, terms.key, restored(), Tags::default());
    assert!(fresh(&answers, &terms).is_some(), "what was given since is not overwritten");
}

#[test]
fn a_connection_whose_credential_is_refused_gives_nothing_that_is_kept() {
    let answers = host(CacheSection::default());
    let terms = terms(&answers, "shop", "1");
    ask(&answers, &terms, Ok(checked(NOW_MS, "1")));
    assert!(fresh(&answers, &Terms { is_trusted: false, ..terms.clone() }).is_none());
    assert!(fresh(&answers, &terms).is_some(), "it is accepted again");
}

#[test]
fn a_read_that_nobody_waits_for_any_more_keeps_nothing() {
    let answers = host(CacheSection::default());
    let terms = terms(&answers, "shop", "1");
    let passenger = lead(&answers, &terms);
    let flight = passenger.flight().clone();
    drop(passenger);
    answers.land(&flight, Ok(checked(NOW_MS, "1")));
    assert!(answers.after_failure(&terms, None, NOW_MS).is_none());
}
