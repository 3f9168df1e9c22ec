//! What counts as a session, who gets which, and how often one is fetched.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use proptest::prelude::*;
use tokio::sync::Notify;

use super::*;

const HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

fn key(user: &str) -> Key {
    Key { connection: "erp".to_owned(), slot: "odata".to_owned(), user: Some(user.to_owned()) }
}

fn answer(token: &str, cookies: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(HEADER, HeaderValue::from_str(token).unwrap());
    for cookie in cookies {
        headers.append(SET_COOKIE, HeaderValue::from_str(cookie).unwrap());
    }
    headers
}

fn session(token: &str, now: Instant) -> Session {
    Session::read(&HEADER, &answer(token, &[]), now).unwrap()
}

fn problem(headers: &HeaderMap) -> Option<CsrfProblem> {
    Session::read(&HEADER, headers, Instant::now()).err()
}

/// What the write carries, after reading what the fetch gave.
fn put(headers: &HeaderMap) -> HeaderMap {
    let session = Session::read(&HEADER, headers, Instant::now()).unwrap();
    let mut write = HeaderMap::new();
    session.put(&HEADER, &mut write).unwrap();
    write
}

#[test]
fn token_and_cookies_go_back_without_their_attributes() {
    let write = put(&answer(
        "gB3xQ==",
        &[
            "sap-usercontext=sap-client=100; path=/",
            "SAP_SESSIONID_ABC_100=old; Path=/; HttpOnly",
            " MYSAPSSO2 = AjEx%3d ;secure; SameSite=None",
            "SAP_SESSIONID_ABC_100=new==;path=/;secure",
            "=nameless; path=/",
            "no pair at all",
            "",
        ],
    ));
    assert_eq!(write[HEADER], "gB3xQ==");
    assert_eq!(write[COOKIE], "sap-usercontext=sap-client=100; SAP_SESSIONID_ABC_100=new==; MYSAPSSO2=AjEx%3d");
    assert!(write[HEADER].is_sensitive() && write[COOKIE].is_sensitive());
    assert_eq!(write.len(), 2);
}

#[test]
fn what_the_request_carried_before_is_replaced() {
    let session = session("t", Instant::now());
    let mut write = answer("mine", &[]);
    write.insert(COOKIE, HeaderValue::from_static("sid=mine"));
    session.put(&HEADER, &mut write).unwrap();
    assert_eq!(write[HEADER], "t");
    assert!(!write.contains_key(COOKIE));
}

#[test]
fn a_fetch_asks_in_the_header_of_the_manifest() {
    let mut fetch = answer("old", &[]);
    ask(&HEADER, &mut fetch);
    assert_eq!(fetch.get_all(HEADER).iter().collect::<Vec<_>>(), ["Fetch"]);
}

#[test]
fn an_answer_without_a_token_is_no_session() {
    assert_eq!(problem(&HeaderMap::new()), Some(CsrfProblem::NoToken));
    for token in ["", "  ", "Fetch", "required", "REQUIRED"] {
        assert_eq!(problem(&answer(token, &["a=b"])), Some(CsrfProblem::NoToken), "{token:?}");
    }
}

#[test]
fn a_session_is_bounded() {
    let cookies: Vec<_> = (0..=COOKIES_MAX).map(|i| format!("c{i}=v")).collect();
    let cookies: Vec<_> = cookies.iter().map(String::as_str).collect();
    assert_eq!(problem(&answer("t", &cookies[..COOKIES_MAX])), None);
    assert_eq!(problem(&answer("t", &cookies)), Some(CsrfProblem::TooLarge));
    // Of the same name, there is one.
    assert_eq!(problem(&answer("t", &["c=v"; COOKIES_MAX * 2])), None);
    let wide = |bytes: usize| format!("c={}", "v".repeat(bytes));
    assert_eq!(problem(&answer("t", &[&wide(COOKIES_BYTES_MAX - 4)])), None);
    assert_eq!(problem(&answer("t", &[&wide(COOKIES_BYTES_MAX)])), Some(CsrfProblem::TooLarge));
    assert_eq!(problem(&answer(&"t".repeat(TOKEN_BYTES_MAX), &[])), None);
    assert_eq!(problem(&answer(&"t".repeat(TOKEN_BYTES_MAX + 1), &[])), Some(CsrfProblem::TooLarge));
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let odd = HeaderValue::from_bytes(b"a=\xff").unwrap();
    let mut headers = answer("t", &[]);
    headers.append(SET_COOKIE, odd.clone());
    assert_eq!(problem(&headers), Some(CsrfProblem::Unreadable));
    headers.insert(HEADER, odd);
    assert_eq!(problem(&headers), Some(CsrfProblem::Unreadable));
}

#[test]
fn the_scrubber_is_told_what_is_secret_and_not_which_client_it_is() {
    let headers = answer("tok", &["sap-usercontext=sap-client=100", "SAP_SESSIONID_ABC_100=sid"]);
    let session = Session::read(&HEADER, &headers, Instant::now()).unwrap();
    let secrets: Vec<_> = session.secrets().collect();
    assert_eq!(secrets, [("token", "tok"), ("SAP_SESSIONID_ABC_100", "sid")]);
}

#[test]
fn a_refusal_is_told_by_header_or_text_and_only_with_403() {
    let required = answer("Required", &[]);
    let none = HeaderMap::new();
    let text = b"<error>CSRF token validation failed</error>";
    let refused = |status, headers: &HeaderMap, body: &[u8]| is_refused(&HEADER, status, headers, body);
    assert!(refused(StatusCode::FORBIDDEN, &required, b""));
    assert!(refused(StatusCode::FORBIDDEN, &answer("required", &[]), b""));
    assert!(refused(StatusCode::FORBIDDEN, &none, text));
    assert!(!refused(StatusCode::FORBIDDEN, &none, b"no authorisation for service"));
    assert!(!refused(StatusCode::FORBIDDEN, &answer("gB3xQ==", &[]), b""));
    assert!(!refused(StatusCode::UNAUTHORIZED, &required, text));
    assert!(!refused(StatusCode::OK, &required, text));
    let late = [&vec![b' '; REFUSAL_BYTES_MAX][..], text].concat();
    assert!(!refused(StatusCode::FORBIDDEN, &none, &late));
}

#[tokio::test]
async fn a_session_is_fetched_once_and_used_until_it_is_old() {
    let sessions = Sessions::default();
    let now = Instant::now();
    assert!(sessions.fresh(&key("ann"), now).is_none());
    let first = sessions.get(&key("ann"), now, async || Ok::<_, ()>(session("one", now))).await.unwrap();
    let nobody = async || -> Result<Session, ()> { panic!("nothing is fetched") };
    let almost = now + AGE_MAX - Duration::from_millis(1);
    let again = sessions.get(&key("ann"), almost, nobody).await.unwrap();
    assert!(Arc::ptr_eq(&first, &again));

    let late = now + AGE_MAX;
    assert!(sessions.fresh(&key("ann"), late).is_none());
    let second = sessions.get(&key("ann"), late, async || Ok::<_, ()>(session("two", late))).await.unwrap();
    assert_eq!(second.token.as_str(), "two");
}

#[tokio::test]
async fn nobody_gets_the_session_of_another() {
    let sessions = Sessions::default();
    let now = Instant::now();
    sessions.get(&key("ann"), now, async || Ok::<_, ()>(session("one", now))).await.unwrap();
    let others = [
        key("bob"),
        Key { user: None, ..key("ann") },
        Key { connection: "erp2".to_owned(), ..key("ann") },
        Key { slot: "other".to_owned(), ..key("ann") },
    ];
    for other in &others {
        assert!(sessions.fresh(other, now).is_none());
    }
}

#[tokio::test]
async fn many_who_ask_at_once_fetch_once() {
    const CALLERS: usize = 500;
    let sessions = Arc::new(Sessions::default());
    let (fetched, arrived, go) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)), Notify::new());
    let now = Instant::now();
    let callers = (0..CALLERS).map(|_| async {
        arrived.fetch_add(1, Ordering::Relaxed);
        let fetch = async || {
            fetched.fetch_add(1, Ordering::Relaxed);
            go.notified().await;
            Ok::<_, ()>(session("one", now))
        };
        sessions.get(&key("ann"), now, fetch).await.unwrap()
    });
    let open = async {
        while arrived.load(Ordering::Relaxed) < CALLERS {
            tokio::task::yield_now().await;
        }
        go.notify_one();
    };
    let (got, ()) = tokio::join!(join_all(callers), open);
    assert_eq!(fetched.load(Ordering::Relaxed), 1);
    assert!(got.iter().all(|session| Arc::ptr_eq(session, &got[0])));
}

#[tokio::test]
async fn a_slow_fetch_for_one_does_not_hold_up_another() {
    let sessions = Sessions::default();
    let now = Instant::now();
    let (ann, bob) = (key("ann"), key("bob"));
    let mut slow = Box::pin(sessions.get(&ann, now, async || std::future::pending::<Result<Session, ()>>().await));
    assert!(futures_util::poll!(slow.as_mut()).is_pending());
    let got = sessions.get(&bob, now, async || Ok::<_, ()>(session("one", now))).await.unwrap();
    assert_eq!(got.token.as_str(), "one");
    // Dropped half-way, it leaves the place free.
    drop(slow);
    assert!(sessions.get(&ann, now, async || Ok::<_, ()>(session("two", now))).await.is_ok());
}

#[tokio::test]
async fn a_fetch_that_failed_is_tried_by_the_next() {
    let sessions = Sessions::default();
    let now = Instant::now();
    let failed = sessions.get(&key("ann"), now, async || Err::<Session, _>("down")).await;
    assert_eq!(failed.err(), Some("down"));
    assert!(sessions.fresh(&key("ann"), now).is_none());
    assert!(sessions.get(&key("ann"), now, async || Ok::<_, ()>(session("one", now))).await.is_ok());
}

#[tokio::test]
async fn a_refused_session_is_forgotten_but_not_the_one_after_it() {
    let sessions = Sessions::default();
    let now = Instant::now();
    let ann = key("ann");
    let first = sessions.get(&ann, now, async || Ok::<_, ()>(session("one", now))).await.unwrap();
    sessions.forget(&ann, &first);
    assert!(sessions.fresh(&ann, now).is_none());
    let second = sessions.get(&ann, now, async || Ok::<_, ()>(session("two", now))).await.unwrap();
    // A slower caller hears of the first one's end only now.
    sessions.forget(&ann, &first);
    assert!(sessions.fresh(&ann, now).is_some_and(|session| Arc::ptr_eq(&session, &second)));
    sessions.forget(&key("bob"), &second);
}

#[tokio::test]
async fn sessions_are_bounded_and_the_oldest_goes_first() {
    let sessions = Sessions::default();
    let now = Instant::now();
    for i in 0..SESSIONS_MAX as u64 {
        let at = now + Duration::from_millis(i);
        let slot = Arc::new(Slot { session: Mutex::new(Some(Arc::new(session("t", at)))), ..Slot::default() });
        lock(&sessions.slots).insert(key(&i.to_string()), slot);
    }
    let later = now + Duration::from_secs(60);
    sessions.get(&key("new"), later, async || Ok::<_, ()>(session("t", later))).await.unwrap();
    assert_eq!(lock(&sessions.slots).len(), SESSIONS_MAX);
    assert!(sessions.fresh(&key("0"), later).is_none());
    assert!(sessions.fresh(&key("1"), later).is_some());
    assert!(sessions.fresh(&key("new"), later).is_some());
    // What is too old goes with the next newcomer.
    let much_later = later + AGE_MAX;
    sessions.get(&key("last"), much_later, async || Ok::<_, ()>(session("t", much_later))).await.unwrap();
    assert_eq!(lock(&sessions.slots).len(), 1);
}

#[tokio::test]
async fn a_fetch_may_run_on_any_thread() {
    let sessions = Arc::new(Sessions::default());
    let task = tokio::spawn(async move {
        let now = Instant::now();
        let fetch = async || {
            tokio::task::yield_now().await;
            Ok::<_, ()>(session("one", now))
        };
        sessions.get(&key("ann"), now, fetch).await.is_ok()
    });
    assert!(task.await.unwrap());
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic_or_split_a_header(
        token in "[ -~\t\u{80}-\u{ff}]{0,40}",
        cookies in proptest::collection::vec("[ -~\t\u{80}-\u{ff}]{0,40}", 0..6),
    ) {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_bytes(token.as_bytes()).unwrap());
        for cookie in &cookies {
            headers.append(SET_COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).unwrap());
        }
        if let Ok(session) = Session::read(&HEADER, &headers, Instant::now()) {
            let mut write = HeaderMap::new();
            prop_assert!(session.put(&HEADER, &mut write).is_ok());
            // As many cookies come out as went in: none hides another in it.
            let sent = write.get(COOKIE).map_or(0, |line| line.to_str().unwrap().split(';').count());
            prop_assert_eq!(sent, session.cookies.len());
        }
    }
}
