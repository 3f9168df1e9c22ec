//! What becomes of a state, one thing after the other.

use jackfield_core::audit::Record;
use jackfield_core::port::Audit;

use super::*;

/// Writes down nothing.
struct Nowhere;

impl Audit for Nowhere {
    fn record(&self, _: &Record) -> Result<(), String> {
        Ok(())
    }
}

struct Scene {
    states: States,
    seen: Arc<Mutex<Vec<(State, State)>>>,
    slot: Arc<str>,
}

impl Scene {
    fn new() -> Scene {
        let seen: Arc<Mutex<Vec<_>>> = Arc::default();
        let told = seen.clone();
        let observer: Observer = Arc::new(move |change| told.lock().unwrap().push((change.from, change.to)));
        let states = States::new(Arc::new(Ledger::new(Arc::new(Nowhere))), Some(observer));
        Scene { states, seen, slot: "api/default".into() }
    }

    fn subject<'s>(&'s self, user: Option<&'s str>) -> Subject<'s> {
        Subject { tenant: "acme", connection: "crm", slot: &self.slot, user }
    }
}

#[test]
fn a_change_is_told_once_and_the_same_again_is_none() {
    let scene = Scene::new();
    let own = scene.subject(None);
    scene.states.accepted(&own);
    scene.states.troubled(&own, State::ReauthRequired, "revoked");
    scene.states.troubled(&own, State::ReauthRequired, "revoked");
    let since = scene.states.status("crm").since_ms;
    assert!(since.is_some());
    scene.states.accepted(&own);
    scene.states.accepted(&own);
    let seen = scene.seen.lock().unwrap().clone();
    assert_eq!(seen, [(State::Active, State::ReauthRequired), (State::ReauthRequired, State::Active)]);
    assert_eq!(scene.states.status("crm"), Status::default());
}

#[test]
fn one_users_trouble_is_no_other_users() {
    let scene = Scene::new();
    scene.states.troubled(&scene.subject(Some("u1")), State::ReauthRequired, "revoked");
    assert_eq!(scene.states.of(&scene.subject(Some("u1"))).state, State::ReauthRequired);
    assert_eq!(scene.states.of(&scene.subject(Some("u2"))).state, State::Active);
    let status = scene.states.status("crm");
    assert_eq!((status.state, status.users_troubled), (State::Active, 1));
}

#[test]
fn missing_scopes_stay_known_while_the_credential_is_accepted() {
    let scene = Scene::new();
    let own = scene.subject(None);
    scene.states.scopes(&own, &["b".to_owned()]);
    scene.states.lacks(&own, &["c".to_owned()]);
    scene.states.accepted(&own);
    assert_eq!(scene.states.status("crm").state, State::Degraded);
    assert_eq!(scene.states.status("crm").missing_scopes, ["b", "c"]);
    // Until a token is given that has them.
    scene.states.scopes(&own, &[]);
    assert_eq!(scene.states.status("crm").state, State::Active);
}

#[test]
fn a_new_token_alone_does_not_end_a_refusal() {
    let scene = Scene::new();
    let own = scene.subject(None);
    scene.states.troubled(&own, State::ReauthRequired, "refused");
    scene.states.scopes(&own, &[]);
    assert_eq!(scene.states.status("crm").state, State::ReauthRequired);
    scene.states.accepted(&own);
    assert_eq!(scene.states.status("crm").state, State::Active);
}

#[test]
fn a_connection_is_as_bad_as_its_worst_scheme() {
    let scene = Scene::new();
    let other: Arc<str> = "login/oauth".into();
    let second = Subject { slot: &other, ..scene.subject(None) };
    scene.states.troubled(&second, State::Pending, "waits");
    scene.states.troubled(&scene.subject(None), State::ReauthRequired, "refused");
    assert_eq!(scene.states.status("crm").state, State::ReauthRequired);
    scene.states.accepted(&scene.subject(None));
    assert_eq!(scene.states.status("crm").state, State::Pending);
    scene.states.retain(|_| false);
    assert_eq!(scene.states.status("crm"), Status::default());
}
