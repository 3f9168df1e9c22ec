//! Creating and changing tickets: which members there are, what may be set to what, comments, routing, safe updates
//! and idempotency keys (Zendesk Ticketing API, "create ticket" and "update ticket").

use std::time::{Duration, Instant};

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::pages::public;
use super::state::{SUPPORT, reply_target, sla, stamp};
use super::{Call, failure, invalid, not_found};
use crate::exchange::Answer;
use crate::shape::{Need, Shape};

/// How long an idempotency key is remembered.
const REMEMBERED: Duration = Duration::from_secs(2 * 60 * 60);
/// The longest comment.
const LONGEST: usize = 65_536;

const ID: Shape = Shape::Nullable(&Shape::Integer);
const TEXT: Shape = Shape::Nullable(&Shape::Text);
const IDS: Shape = Shape::List(&Shape::Integer);
const PRIORITY: Shape = Shape::Nullable(&Shape::OneOf(&["urgent", "high", "normal", "low"]));
const TYPE: Shape = Shape::Nullable(&Shape::OneOf(&["problem", "incident", "question", "task"]));
const STATUS: Shape = Shape::OneOf(&["new", "open", "pending", "hold", "solved", "closed"]);
pub(super) const COMMENT: Shape = Shape::Object(&[
    ("body", Need::May, &Shape::Text),
    ("html_body", Need::May, &Shape::Text),
    ("public", Need::May, &Shape::Boolean),
    ("author_id", Need::May, &Shape::Integer),
    ("uploads", Need::May, &Shape::List(&Shape::Text)),
]);
const FIELDS: Shape =
    Shape::List(&Shape::Object(&[("id", Need::Must, &Shape::Integer), ("value", Need::Must, &Shape::Any)]));
pub(super) const REQUESTER: Shape = Shape::Object(&[
    ("name", Need::May, &Shape::Text),
    ("email", Need::Must, &Shape::Text),
    ("locale_id", Need::May, &Shape::Integer),
]);
pub(super) const PEOPLE: Shape = Shape::List(&Shape::Any);

const UPDATE: Shape = Shape::Object(&[
    ("subject", Need::May, &Shape::Text),
    ("comment", Need::May, &COMMENT),
    ("status", Need::May, &STATUS),
    ("custom_status_id", Need::May, &Shape::Integer),
    ("priority", Need::May, &PRIORITY),
    ("type", Need::May, &TYPE),
    ("group_id", Need::May, &ID),
    ("assignee_id", Need::May, &ID),
    ("assignee_email", Need::May, &Shape::Text),
    ("requester_id", Need::May, &Shape::Integer),
    ("organization_id", Need::May, &ID),
    ("external_id", Need::May, &TEXT),
    ("problem_id", Need::May, &ID),
    ("due_at", Need::May, &TEXT),
    ("tags", Need::May, &Shape::List(&Shape::Text)),
    ("custom_fields", Need::May, &FIELDS),
    ("collaborator_ids", Need::May, &IDS),
    ("additional_collaborators", Need::May, &PEOPLE),
    ("email_ccs", Need::May, &PEOPLE),
    ("followers", Need::May, &PEOPLE),
    ("attribute_value_ids", Need::May, &IDS),
    ("sharing_agreement_ids", Need::May, &IDS),
    ("safe_update", Need::May, &Shape::Boolean),
    ("updated_stamp", Need::May, &Shape::Text),
]);

const CREATE: Shape = Shape::Object(&[
    ("comment", Need::Must, &COMMENT),
    ("subject", Need::May, &Shape::Text),
    ("raw_subject", Need::May, &Shape::Text),
    ("status", Need::May, &STATUS),
    ("custom_status_id", Need::May, &Shape::Integer),
    ("priority", Need::May, &PRIORITY),
    ("type", Need::May, &TYPE),
    ("group_id", Need::May, &ID),
    ("assignee_id", Need::May, &ID),
    ("assignee_email", Need::May, &Shape::Text),
    ("requester", Need::May, &REQUESTER),
    ("requester_id", Need::May, &Shape::Integer),
    ("submitter_id", Need::May, &Shape::Integer),
    ("organization_id", Need::May, &ID),
    ("external_id", Need::May, &TEXT),
    ("problem_id", Need::May, &ID),
    ("due_at", Need::May, &TEXT),
    ("tags", Need::May, &Shape::List(&Shape::Text)),
    ("custom_fields", Need::May, &FIELDS),
    ("collaborator_ids", Need::May, &IDS),
    ("collaborators", Need::May, &PEOPLE),
    ("additional_collaborators", Need::May, &PEOPLE),
    ("email_ccs", Need::May, &PEOPLE),
    ("email_cc_ids", Need::May, &IDS),
    ("followers", Need::May, &PEOPLE),
    ("follower_ids", Need::May, &IDS),
    ("attribute_value_ids", Need::May, &IDS),
    ("macro_ids", Need::May, &IDS),
    ("sharing_agreement_ids", Need::May, &IDS),
    ("recipient", Need::May, &TEXT),
    ("ticket_form_id", Need::May, &ID),
    ("brand_id", Need::May, &ID),
    ("via", Need::May, &Shape::Any),
    ("via_followup_source_id", Need::May, &Shape::Integer),
    ("safe_update", Need::May, &Shape::Boolean),
    ("updated_stamp", Need::May, &Shape::Text),
]);

/// Members taken over as they are.
const PLAIN: &[&str] = &[
    "subject",
    "priority",
    "type",
    "organization_id",
    "external_id",
    "problem_id",
    "due_at",
    "recipient",
    "ticket_form_id",
    "brand_id",
    "collaborator_ids",
    "email_cc_ids",
    "follower_ids",
];

impl Call<'_> {
    pub(super) fn create_ticket(&mut self) -> Answer {
        self.known(&[]);
        let Some(key) = self.request.header("idempotency-key").map(str::to_owned) else {
            return self.new_ticket();
        };
        self.state.created.retain(|_, (at, _, _)| at.elapsed() < REMEMBERED);
        if let Some((_, body, answer)) = self.state.created.get(&key) {
            if *body != self.request.body {
                let text = "Request parameters don't match the given idempotency key";
                return failure(400, "IdempotentRequestError", text);
            }
            return answer.clone().with_header("x-idempotency-lookup", "hit");
        }
        let answer = self.new_ticket();
        if answer.status == 201 {
            let record = (Instant::now(), self.request.body.clone(), answer.clone());
            self.state.created.insert(key, record);
        }
        answer.with_header("x-idempotency-lookup", "miss")
    }

    fn new_ticket(&mut self) -> Answer {
        const BODY: Shape = Shape::Object(&[("ticket", Need::Must, &CREATE)]);
        let body = match self.body(&BODY, "ticket") {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let wanted = &body["ticket"];
        let requester = match self.requester(wanted) {
            Ok(requester) => requester,
            Err(answer) => return answer,
        };
        if wanted["status"] == "closed" {
            return invalid(&[("base", "Status: closed is not valid")]);
        }
        let now = stamp(Timestamp::now());
        let mut ticket = self.state.ticket(0, &now);
        ticket["requester_id"] = requester.clone();
        ticket["submitter_id"] = match &wanted["submitter_id"] {
            Value::Null => self.caller.user["id"].clone(),
            submitter => submitter.clone(),
        };
        ticket["group_id"] = SUPPORT.into();
        let author = match wanted["submitter_id"].as_u64() {
            Some(submitter) => submitter.into(),
            None => requester,
        };
        if let Err(answer) = self.change(&mut ticket, wanted, &author) {
            return answer;
        }
        let comments = ticket["_comments"].as_array().cloned().unwrap_or_default();
        let Some(first) = comments.first() else {
            return invalid(&[("comment", "Comment: cannot be blank")]);
        };
        ticket["description"] = first["body"].clone();
        ticket["is_public"] = first["public"].clone();
        ticket["raw_subject"] = ticket["subject"].clone();
        if let Some(minutes) = reply_target(&ticket["priority"]) {
            ticket["_slas"] = json!([sla("first_reply_time", "active", minutes)]);
        }
        let id = self.state.next_ticket();
        let url = format!("{}/api/v2/tickets/{id}.json", self.base_url);
        ticket["id"] = id.into();
        ticket["url"] = url.clone().into();
        let audit = self.audit(&mut ticket, wanted, "Create");
        let answer = Answer::json(201, &json!({ "ticket": public(ticket.clone()), "audit": audit }));
        self.state.tickets.push(ticket);
        answer.with_header("location", url)
    }

    /// The requester by id, or by e-mail address, which makes an unknown one.
    pub(super) fn requester(&mut self, wanted: &Value) -> Result<Value, Answer> {
        let named = &wanted["requester"];
        if named.is_object() && !wanted["requester_id"].is_null() {
            self.violations.push("requester and requester_id exclude each other".to_owned());
        }
        if let Some(id) = wanted["requester_id"].as_u64() {
            return match self.state.user_by_id(id) {
                Some(user) => Ok(user["id"].clone()),
                None => Err(invalid(&[("requester_id", "Requester: is invalid")])),
            };
        }
        let Some(email) = named["email"].as_str() else {
            return Ok(self.caller.user["id"].clone());
        };
        if let Some(user) = self.state.user_by_email(email) {
            return Ok(user["id"].clone());
        }
        let Some(name) = named["name"].as_str().filter(|name| !name.is_empty()) else {
            return Err(invalid(&[("requester", "Requester: Name: is too short (minimum one character)")]));
        };
        if !email.contains('@') {
            let text = format!("Requester: Email: {email} is not properly formatted");
            return Err(invalid(&[("requester", &text)]));
        }
        let id = self.state.next_user();
        let user = self.state.user(id, name, email, "end-user");
        self.state.users.push(user);
        Ok(id.into())
    }

    pub(super) fn update_ticket(&mut self, id: &str) -> Answer {
        const BODY: Shape = Shape::Object(&[("ticket", Need::Must, &UPDATE)]);
        self.known(&[]);
        let Some(mut ticket) = self.state.ticket_by_id(id).cloned() else {
            return not_found();
        };
        let body = match self.body(&BODY, "ticket") {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let wanted = &body["ticket"];
        if ticket["status"] == "closed" {
            return invalid(&[("status", "Status: closed prevents ticket update")]);
        }
        if let Err(answer) = self.unchanged_since(wanted, &ticket) {
            return answer;
        }
        if let Some(requester) = wanted["requester_id"].as_u64() {
            if self.state.user_by_id(requester).is_none() {
                return invalid(&[("requester_id", "Requester: is invalid")]);
            }
            ticket["requester_id"] = requester.into();
        }
        let author = self.caller.user["id"].clone();
        if let Err(answer) = self.change(&mut ticket, wanted, &author) {
            return answer;
        }
        ticket["raw_subject"] = ticket["subject"].clone();
        touch(&mut ticket);
        let audit = self.audit(&mut ticket, wanted, "Change");
        let answer = Answer::json(200, &json!({ "ticket": public(ticket.clone()), "audit": audit }));
        self.store(ticket);
        answer
    }

    /// A safe update goes through only when nobody changed the ticket since the caller read it.
    pub(super) fn unchanged_since(&mut self, wanted: &Value, ticket: &Value) -> Result<(), Answer> {
        if wanted["safe_update"] != true {
            return Ok(());
        }
        let parse = |value: &Value| value.as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let Some(seen) = parse(&wanted["updated_stamp"]) else {
            self.violations.push("safe_update needs an updated_stamp".to_owned());
            return Err(invalid(&[("base", "updated_stamp: is not valid")]));
        };
        if parse(&ticket["updated_at"]) == Some(seen) {
            return Ok(());
        }
        let text = "Safe Update prevented the update due to outdated ticket data.";
        Err(failure(409, "UpdateConflict", text))
    }

    /// Applies the members that creating and changing share.
    fn change(&mut self, ticket: &mut Value, wanted: &Value, author: &Value) -> Result<(), Answer> {
        for name in PLAIN {
            if let Some(value) = wanted.get(name) {
                ticket[*name] = value.clone();
            }
        }
        if let Some(Value::Array(tags)) = wanted.get("tags") {
            ticket["tags"] = tag_list(tags);
        }
        self.set_fields(ticket, wanted)?;
        self.set_status(ticket, wanted)?;
        self.set_owner(ticket, wanted)?;
        if ticket["status"] == "solved" && ticket["assignee_id"].is_null() {
            return Err(invalid(&[("base", "Assignee: is required when solving a ticket")]));
        }
        if let Some(comment) = wanted.get("comment") {
            self.add_comment(ticket, comment, author)?;
        }
        Ok(())
    }

    fn set_fields(&self, ticket: &mut Value, wanted: &Value) -> Result<(), Answer> {
        for field in wanted["custom_fields"].as_array().into_iter().flatten() {
            if !self.state.fields.iter().any(|known| known["id"] == field["id"]) {
                let text = format!("Custom field {} does not exist", field["id"]);
                return Err(invalid(&[("custom_fields", &text)]));
            }
            let held = ticket["custom_fields"].as_array_mut().into_iter().flatten();
            for held in held.filter(|held| held["id"] == field["id"]) {
                held["value"] = field["value"].clone();
            }
        }
        Ok(())
    }

    fn set_status(&self, ticket: &mut Value, wanted: &Value) -> Result<(), Answer> {
        if let Some(id) = wanted.get("custom_status_id") {
            let known = self.state.statuses.iter().find(|status| status["id"] == *id);
            let Some(status) = known.filter(|status| status["active"] == true) else {
                return Err(invalid(&[("custom_status_id", "Custom status: is invalid")]));
            };
            ticket["custom_status_id"] = id.clone();
            ticket["status"] = status["status_category"].clone();
            return Ok(());
        }
        let Some(status) = wanted["status"].as_str() else {
            return Ok(());
        };
        if status == "closed" || (status == "new" && ticket["status"] != "new") {
            let text = format!("Status: {status} is not valid");
            return Err(invalid(&[("base", &text)]));
        }
        if ticket["status"] != status {
            ticket["status"] = status.into();
            ticket["custom_status_id"] = self.state.default_status(status);
        }
        Ok(())
    }

    /// Group and assignee. An agent who is not in the group cannot be assigned; a new group alone drops the old agent.
    fn set_owner(&self, ticket: &mut Value, wanted: &Value) -> Result<(), Answer> {
        if let Some(group) = wanted.get("group_id") {
            if !group.is_null() && !self.state.groups.iter().any(|known| known["id"] == *group) {
                return Err(invalid(&[("group_id", "Group: is invalid")]));
            }
            ticket["group_id"] = group.clone();
        }
        let assignee = match (wanted.get("assignee_id"), wanted["assignee_email"].as_str()) {
            (Some(Value::Null), _) => {
                ticket["assignee_id"] = Value::Null;
                return Ok(());
            }
            (Some(id), _) => self.state.users.iter().find(|user| user["id"] == *id),
            (None, Some(email)) => self.state.user_by_email(email),
            (None, None) => {
                let held = ticket["assignee_id"].as_u64();
                let group = ticket["group_id"].as_u64().unwrap_or_default();
                if held.is_some_and(|user| !self.state.is_member(user, group)) {
                    ticket["assignee_id"] = Value::Null;
                }
                return Ok(());
            }
        };
        let agent = assignee.filter(|user| user["role"] != "end-user");
        let Some(agent) = agent else {
            return Err(invalid(&[("assignee_id", "Assignee: is not an agent")]));
        };
        let id = agent["id"].as_u64().unwrap_or_default();
        let group = ticket["group_id"].as_u64().unwrap_or_default();
        if !self.state.is_member(id, group) {
            if wanted.get("group_id").is_some() {
                let text = "Assignee: is not a member of the group";
                return Err(invalid(&[("assignee_id", text)]));
            }
            ticket["group_id"] = agent["default_group_id"].clone();
        }
        ticket["assignee_id"] = id.into();
        Ok(())
    }

    fn add_comment(&mut self, ticket: &mut Value, comment: &Value, author: &Value) -> Result<(), Answer> {
        let text = comment["body"].as_str().or(comment["html_body"].as_str()).unwrap_or_default();
        if text.trim().is_empty() {
            return Err(invalid(&[("comment", "Comment: cannot be blank")]));
        }
        if text.len() > LONGEST {
            return Err(invalid(&[("comment", "Comment: is too long")]));
        }
        if comment["uploads"].as_array().is_some_and(|uploads| !uploads.is_empty()) {
            self.violations.push("uploads are not simulated".to_owned());
        }
        let author = match comment["author_id"].as_u64() {
            Some(id) if self.state.user_by_id(id).is_none() => {
                return Err(invalid(&[("comment", "Author: is invalid")]));
            }
            Some(id) => id,
            None => author.as_u64().unwrap_or_default(),
        };
        // The first comment's visibility is the default for those after it.
        let public = match comment["public"].as_bool() {
            Some(public) => public,
            None => ticket["is_public"] != false,
        };
        let made = self.state.comment(author, text, public, &stamp(Timestamp::now()));
        let by_agent = self.state.user_by_id(author).is_some_and(|user| user["role"] != "end-user");
        if let Some(comments) = ticket["_comments"].as_array_mut() {
            let replies = by_agent && public && !comments.is_empty();
            comments.push(made);
            for metric in ticket["_slas"].as_array_mut().into_iter().flatten() {
                if replies && metric["metric"] == "first_reply_time" {
                    metric["stage"] = "achieved".into();
                }
            }
        }
        Ok(())
    }

    /// Records who changed what, and answers the record.
    fn audit(&mut self, ticket: &mut Value, wanted: &Value, kind: &str) -> Value {
        let mut events: Vec<Value> = Vec::new();
        if wanted.get("comment").is_some()
            && let Some(comment) = ticket["_comments"].as_array().and_then(|all| all.last())
        {
            events.push(comment.clone());
        }
        for (name, value) in wanted.as_object().into_iter().flatten() {
            if !matches!(name.as_str(), "comment" | "safe_update" | "updated_stamp" | "requester") {
                let id = self.state.next_other();
                events.push(json!({ "id": id, "type": kind, "field_name": name, "value": value }));
            }
        }
        let audit = json!({
            "id": self.state.next_other(),
            "ticket_id": ticket["id"],
            "created_at": ticket["updated_at"],
            "author_id": self.caller.user["id"],
            "metadata": { "system": {}, "custom": {} },
            "events": events,
            "via": ticket["via"],
        });
        if let Some(audits) = ticket["_audits"].as_array_mut() {
            audits.push(audit.clone());
        }
        audit
    }

    pub(super) fn store(&mut self, ticket: Value) {
        let mut tickets = self.state.tickets.iter_mut();
        if let Some(held) = tickets.find(|held| held["id"] == ticket["id"]) {
            *held = ticket;
        }
    }
}

/// Moves `updated_at` on by a second at least, so that two changes never share a stamp.
pub(super) fn touch(ticket: &mut Value) {
    let now = Timestamp::now();
    let before = ticket["updated_at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let at = match before {
        Some(before) => now.max(before + 1.second()),
        None => now,
    };
    ticket["updated_at"] = stamp(at).into();
    ticket["generated_timestamp"] = at.as_second().into();
}

/// Tags are lower case, sorted and unique.
pub(super) fn tag_list(tags: &[Value]) -> Value {
    let mut tags: Vec<String> =
        tags.iter().filter_map(|tag| tag.as_str()).map(|tag| tag.to_lowercase().replace(' ', "_")).collect();
    tags.sort();
    tags.dedup();
    tags.into()
}
