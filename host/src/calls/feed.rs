//! A call as a sequence of events, for whoever watches it: from its beginning or from where they were, here or on another
//! host, across restarts. An event's number follows from its kind, so that no number must be kept and none is given twice:
//! what a call has to say, it says in this order.

use std::sync::Arc;
use std::time::Duration;

use jackfield_core::idempotency::Answer;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::record::{Settled, working};
use super::{Calls, Owner, View};
use crate::app::App;
use crate::error::Problem;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// For `Last-Event-ID`.
    pub id: u8,
    /// `accepted`, `progress`, `input_required`, `result`, `error` or `settled`.
    pub name: &'static str,
    /// One line of JSON.
    pub data: Value,
}

const ACCEPTED: u8 = 1;
const PROGRESS: u8 = 2;
const END: u8 = 3;
const SETTLED: u8 = 4;

impl Event {
    /// An answer that was given before, as the event that it would have been.
    pub fn of_answer(answer: &Answer) -> Event {
        let data = serde_json::from_str(&answer.body).unwrap_or_default();
        Event { id: END, name: if answer.status == 200 { "result" } else { "error" }, data }
    }
}

/// How often the store is asked for a call that another host carries out, or none yet.
const LOOK_EVERY: Duration = Duration::from_secs(2);

impl View {
    /// The next event after the one with this number, as far as things are.
    fn after(&self, last: u8, call_id: &str) -> Option<Event> {
        let event = |id: u8, name: &'static str, data: Value| (id > last).then_some(Event { id, name, data });
        let accepted = event(ACCEPTED, "accepted", json!({ "call_id": call_id, "status": "working" }));
        match self {
            // What was answered at once was never worked on: its answer is all there is to say.
            View::Ended(ended) => {
                let (name, body) = ended.said(call_id);
                let settled = ended.settled.as_ref().map(Settled::shown);
                let settled = settled.and_then(|mut shown| {
                    shown["call_id"] = call_id.into();
                    event(SETTLED, "settled", shown)
                });
                accepted.filter(|_| name != "input_required").or_else(|| event(END, name, body)).or(settled)
            }
            View::Working { text, progressed, .. } => {
                accepted.or_else(|| event(PROGRESS, "progress", working(call_id, text)).filter(|_| *progressed))
            }
        }
    }

    /// Everything that there is to say now.
    pub fn all(&self, call_id: &str) -> Vec<Event> {
        let mut last = 0;
        let next = || {
            let event = self.after(last, call_id)?;
            last = event.id;
            Some(event)
        };
        std::iter::from_fn(next).collect()
    }

    /// Whether there will never be an event after the one with this number.
    pub fn is_over(&self, last: u8) -> bool {
        match self {
            View::Working { .. } => false,
            View::Ended(ended) if ended.is_open() => false,
            View::Ended(ended) => last >= if ended.settled.is_some() { SETTLED } else { END },
        }
    }
}

/// Follows one call.
pub struct Feed {
    app: Arc<App>,
    owner: Owner,
    call_id: String,
    last: u8,
    until: Instant,
}

impl Feed {
    /// From after an event's number; from the beginning with 0.
    pub fn new(app: Arc<App>, owner: Owner, call_id: String, last: u8) -> Feed {
        let until = Instant::now() + Duration::from_millis(*app.calls.settings.stream_ms.get_ref());
        Feed { app, owner, call_id, last, until }
    }

    /// The next event, as soon as there is one. Nothing when there will be none, when the stream has been open for as
    /// long as it may, and when the host drains.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let news = self.app.calls.news.subscribe();
            let view = match self.app.calls.look(&self.owner, &self.call_id).await {
                Ok(view) => Some(view),
                // Not the call's fault, and perhaps over soon.
                Err(problem) if problem.code.retryable() => None,
                Err(_) => return None,
            };
            let pulse = view.as_ref().map(Pulse::of);
            if let Some(view) = pulse.as_ref().map(|pulse| &pulse.view) {
                if let Some(event) = view.after(self.last, &self.call_id) {
                    self.last = event.id;
                    return Some(event);
                }
                if view.is_over(self.last) {
                    return None;
                }
            }
            let stage = pulse.and_then(|pulse| pulse.stage);
            if !self.app.calls.changed(stage, news, self.until).await {
                return None;
            }
        }
    }
}

/// A view that is not older than the receiver that tells of changes to it.
struct Pulse {
    view: View,
    stage: Option<watch::Receiver<super::running::Stage>>,
}

impl Pulse {
    fn of(view: &View) -> Pulse {
        match view {
            View::Working { running: Some(running), .. } => {
                let stage = running.watch();
                Pulse { view: View::of_running(running), stage: Some(stage) }
            }
            other => Pulse { view: other.clone(), stage: None },
        }
    }
}

impl Calls {
    /// Waits for a call's end until a moment at the latest, and says how far it is then.
    ///
    /// # Errors
    /// As for looking at it.
    pub async fn wait(&self, owner: &Owner, id: &str, until: Instant) -> Result<View, Problem> {
        loop {
            let news = self.news.subscribe();
            let Pulse { view, stage } = Pulse::of(&self.look(owner, id).await?);
            if !view.is_working() || !self.changed(stage, news, until).await {
                return Ok(view);
            }
        }
    }

    /// Whether the host lets nobody wait any more.
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Waits until there may be something new to say. `false` when the time is over or the host drains.
    async fn changed(
        &self,
        stage: Option<watch::Receiver<super::running::Stage>>,
        mut news: watch::Receiver<u64>,
        until: Instant,
    ) -> bool {
        let mut draining = self.draining.subscribe();
        let look = until.min(Instant::now() + LOOK_EVERY);
        let told = async {
            match stage {
                // Of a call that is carried out here its own task tells; what becomes of others is no news.
                Some(mut stage) => stage.changed().await.is_ok(),
                None => news.changed().await.is_ok(),
            }
        };
        tokio::select! {
            _ = draining.wait_for(|draining| *draining) => false,
            _ = told => true,
            () = tokio::time::sleep_until(look) => look < until,
        }
    }
}

#[cfg(test)]
mod tests {
    use jackfield_core::call::WriteOutcome;

    use super::super::record::{End, Ended};
    use super::*;

    fn ended(status: u16, body: Value) -> Ended {
        let owner = Owner { caller: "bot".to_owned(), tenant: "acme".to_owned() };
        Ended::new(owner, End::Answered { answer: Answer { status, body: body.to_string() } })
    }

    fn told(view: &View, last: u8) -> Vec<(u8, &'static str)> {
        view.all("c").into_iter().filter(|event| event.id > last).map(|event| (event.id, event.name)).collect()
    }

    #[test]
    fn what_a_call_has_to_say_it_says_in_one_order_from_wherever_one_was() {
        let working = |progressed| View::Working { text: "wait".to_owned(), progressed, running: None };
        assert_eq!(told(&working(false), 0), [(1, "accepted")]);
        assert_eq!(told(&working(true), 0), [(1, "accepted"), (2, "progress")]);
        assert_eq!(told(&working(true), 2), []);
        let done = View::Ended(Arc::new(ended(200, json!({ "status": "completed" }))));
        assert_eq!(told(&done, 0), [(1, "accepted"), (3, "result")]);
        assert_eq!(told(&done, 2), [(3, "result")]);
        assert!(!done.is_over(2) && done.is_over(3));
    }

    #[test]
    fn a_question_is_all_there_is_to_say() {
        let asked = View::Ended(Arc::new(ended(200, json!({ "status": "input_required" }))));
        assert_eq!(told(&asked, 0), [(3, "input_required")]);
        assert!(asked.is_over(3));
    }

    #[test]
    fn a_write_nobody_knows_of_is_over_when_it_is_settled() {
        let mut unknown = ended(504, json!({ "outcome": "unknown" }));
        let open = View::Ended(Arc::new(unknown.clone()));
        assert_eq!(told(&open, 1), [(3, "error")]);
        assert!(!open.is_over(3));
        let answer = Answer { status: 200, body: "{}".to_owned() };
        unknown.settled = Some(Settled::new(WriteOutcome::Applied, &answer, 0));
        let settled = View::Ended(Arc::new(unknown));
        assert_eq!(told(&settled, 1), [(3, "error"), (4, "settled")]);
        assert!(!settled.is_over(3) && settled.is_over(4));
    }
}
