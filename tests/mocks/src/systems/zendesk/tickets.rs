//! Reading tickets: lists, side-loads, comments, tags, audits and metrics (Zendesk Ticketing API, tickets). Creating
//! and changing them is `write`'s.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::groups::number;
use super::pages::{merge, public};
use super::{Call, invalid, no_endpoint, not_found};
use crate::exchange::Answer;
use crate::shape::{Need, Shape};

const INCLUDES: &[&str] =
    &["users", "groups", "slas", "organizations", "metric_sets", "dates", "comment_count", "last_audits"];

impl Call<'_> {
    pub(super) fn list_tickets(&mut self) -> Answer {
        self.known(&["external_id", "include", "sort_by", "sort_order", "sort"]);
        let external = self.parameter("external_id");
        let tickets = self.state.tickets.iter();
        let found = tickets
            .filter(|ticket| external.as_ref().is_none_or(|id| ticket["external_id"] == id.as_str()))
            .cloned()
            .collect();
        self.ticket_page(found).with_header("zendesk-ratelimit-tickets-index", "total=100; remaining=99; resets=41")
    }

    pub(super) fn requested(&mut self, user: &str) -> Answer {
        self.known(&["include", "sort_by", "sort_order", "sort"]);
        let Some(user) = number(user).filter(|id| self.state.user_by_id(*id).is_some()) else {
            return not_found();
        };
        let tickets = self.state.tickets.iter();
        let found = tickets.filter(|ticket| ticket["requester_id"] == user).cloned().collect();
        self.ticket_page(found)
    }

    pub(super) fn show_many_tickets(&mut self) -> Answer {
        self.known(&["ids", "include"]);
        let ids: Vec<_> = self.parameter("ids").unwrap_or_default().split(',').filter_map(number).collect();
        if ids.is_empty() || ids.len() > 100 {
            self.violations.push("show_many takes 1 to 100 ids".to_owned());
        }
        let tickets = self.state.tickets.iter();
        let found =
            tickets.filter(|ticket| ticket["id"].as_u64().is_some_and(|id| ids.contains(&id))).cloned().collect();
        self.ticket_page(found)
    }

    pub(super) fn ticket_page(&mut self, mut found: Vec<Value>) -> Answer {
        let (by, descending) = match self.parameter("sort") {
            Some(sort) => {
                let descending = sort.starts_with('-');
                (sort.trim_start_matches('-').to_owned(), descending)
            }
            None => {
                (self.parameter("sort_by").unwrap_or_default(), self.parameter("sort_order").as_deref() == Some("desc"))
            }
        };
        match by.as_str() {
            "" | "id" => {}
            "created_at" | "updated_at" => {
                found.sort_by(|a, b| a[&by].as_str().cmp(&b[&by].as_str()));
            }
            _ => self.violations.push(format!("unknown sort {by:?}")),
        }
        if descending {
            found.reverse();
        }
        let sides = self.sides(&found);
        let found = found.into_iter().map(|ticket| self.dressed(ticket)).collect();
        match self.cut(found, 10_000) {
            Ok((page, rest)) => {
                let mut body = json!({ "tickets": page });
                merge(&mut body, sides);
                merge(&mut body, rest);
                Answer::json(200, &body)
            }
            Err(answer) => answer,
        }
    }

    pub(super) fn show_ticket(&mut self, id: &str) -> Answer {
        self.known(&["include"]);
        let Some(ticket) = self.state.ticket_by_id(id).cloned() else {
            return not_found();
        };
        let sides = self.sides(std::slice::from_ref(&ticket));
        let mut body = json!({ "ticket": public(self.dressed(ticket)) });
        merge(&mut body, sides);
        Answer::json(200, &body)
    }

    fn includes(&self) -> Vec<String> {
        let include = self.parameter("include").unwrap_or_default();
        include.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
    }

    /// The ticket with what is side-loaded into it. A ticket no policy matches has no `slas`.
    fn dressed(&self, mut ticket: Value) -> Value {
        let includes = self.includes();
        if includes.iter().any(|name| name == "slas") && !ticket["_slas"].is_null() {
            let mut metrics = ticket["_slas"].clone();
            for metric in metrics.as_array_mut().into_iter().flatten() {
                let breach = metric["breach_at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
                if let Some(at) = breach {
                    metric["minutes"] = ((at.as_second() - Timestamp::now().as_second()) / 60).into();
                }
            }
            ticket["slas"] = json!({ "policy_metrics": metrics });
        }
        if includes.iter().any(|name| name == "comment_count") {
            let count = ticket["_comments"].as_array().map_or(0, Vec::len);
            ticket["comment_count"] = count.into();
        }
        ticket
    }

    /// The siblings that side-loading adds to the answer.
    fn sides(&mut self, tickets: &[Value]) -> Value {
        let mut sides = json!({});
        for name in self.includes() {
            let part = |kinds: &[&str], items: &[Value]| -> Value {
                items
                    .iter()
                    .filter(|item| tickets.iter().any(|ticket| kinds.iter().any(|kind| ticket[*kind] == item["id"])))
                    .map(|item| public(item.clone()))
                    .collect()
            };
            match name.as_str() {
                "users" => {
                    let kinds = ["requester_id", "submitter_id", "assignee_id"];
                    sides["users"] = part(&kinds, &self.state.users);
                }
                "groups" => sides["groups"] = part(&["group_id"], &self.state.groups),
                "organizations" => sides["organizations"] = json!([]),
                name if INCLUDES.contains(&name) => {}
                name => self.violations.push(format!("unknown side-load {name}")),
            }
        }
        sides
    }

    pub(super) fn list_comments(&mut self, id: &str) -> Answer {
        self.known(&["include", "include_inline_images", "sort", "sort_order"]);
        let Some(ticket) = self.state.ticket_by_id(id) else {
            return not_found();
        };
        let mut comments = ticket["_comments"].as_array().cloned().unwrap_or_default();
        let newest_first = self.parameter("sort").as_deref() == Some("-created_at")
            || self.parameter("sort_order").as_deref() == Some("desc");
        if newest_first {
            comments.reverse();
        }
        let authors: Vec<_> = comments.iter().map(|comment| comment["author_id"].clone()).collect();
        let mut answer = match self.cut(comments, 10_000) {
            Ok((page, rest)) => {
                let mut body = json!({ "comments": page });
                merge(&mut body, rest);
                body
            }
            Err(answer) => return answer,
        };
        if self.includes().iter().any(|name| name == "users") {
            let users = self.state.users.iter();
            answer["users"] = users.filter(|user| authors.contains(&user["id"])).cloned().collect();
        }
        Answer::json(200, &answer)
    }

    pub(super) fn list_audits(&mut self, id: &str) -> Answer {
        self.known(&["include"]);
        match self.state.ticket_by_id(id) {
            Some(ticket) => {
                let audits = ticket["_audits"].as_array().cloned().unwrap_or_default();
                self.page("audits", audits)
            }
            None => not_found(),
        }
    }

    /// One object, as the API answers in spite of its specification.
    pub(super) fn metrics(&mut self, id: &str) -> Answer {
        self.known(&[]);
        let Some(ticket) = self.state.ticket_by_id(id) else {
            return not_found();
        };
        let replies = ticket["_comments"].as_array().map_or(0, |comments| {
            let public = comments.iter().filter(|comment| comment["public"] == true);
            public.filter(|comment| comment["author_id"] != ticket["requester_id"]).count()
        });
        let solved = matches!(ticket["status"].as_str(), Some("solved" | "closed"));
        let minutes = |known: bool, value: u64| {
            let value = known.then_some(value);
            json!({ "calendar": value, "business": value })
        };
        Answer::json(
            200,
            &json!({ "ticket_metric": {
            "id": ticket["id"].as_u64().unwrap_or_default() + 1_000_000,
            "ticket_id": ticket["id"],
            "created_at": ticket["created_at"],
            "updated_at": ticket["updated_at"],
            "group_stations": 1,
            "assignee_stations": if ticket["assignee_id"].is_null() { 0 } else { 1 },
            "reopens": 0,
            "replies": replies,
            "solved_at": solved.then(|| ticket["updated_at"].clone()),
            "status_updated_at": ticket["updated_at"],
            "reply_time_in_minutes": minutes(replies > 0, 40),
            "first_resolution_time_in_minutes": minutes(solved, 1440),
            "full_resolution_time_in_minutes": minutes(solved, 1440),
            "agent_wait_time_in_minutes": minutes(true, 0),
            "requester_wait_time_in_minutes": minutes(true, 60),
            "on_hold_time_in_minutes": minutes(true, 0),
        } }),
        )
    }

    /// PUT adds, POST sets, DELETE removes.
    pub(super) fn tags(&mut self, id: &str) -> Answer {
        const BODY: Shape = Shape::Object(&[
            ("tags", Need::Must, &Shape::List(&Shape::Text)),
            ("safe_update", Need::May, &Shape::Boolean),
            ("updated_stamp", Need::May, &Shape::Text),
        ]);
        self.known(&[]);
        let Some(mut ticket) = self.state.ticket_by_id(id).cloned() else {
            return not_found();
        };
        let method = self.request.method.as_str();
        if method == "GET" {
            return Answer::json(200, &json!({ "tags": ticket["tags"] }));
        }
        if !matches!(method, "PUT" | "POST" | "DELETE") {
            return no_endpoint(self.request);
        }
        let body = match self.body(&BODY, "tags") {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        if ticket["status"] == "closed" {
            return invalid(&[("status", "Status: closed prevents ticket update")]);
        }
        if let Err(answer) = self.unchanged_since(&body, &ticket) {
            return answer;
        }
        let wanted: Vec<Value> = body["tags"].as_array().cloned().unwrap_or_default();
        let mut tags = ticket["tags"].as_array().cloned().unwrap_or_default();
        match method {
            "POST" => tags = wanted,
            "DELETE" => tags.retain(|tag| !wanted.contains(tag)),
            _ => tags.extend(wanted),
        }
        ticket["tags"] = super::write::tag_list(&tags);
        let answer = Answer::json(if method == "POST" { 201 } else { 200 }, &json!({ "tags": ticket["tags"] }));
        super::write::touch(&mut ticket);
        self.store(ticket);
        answer
    }
}
