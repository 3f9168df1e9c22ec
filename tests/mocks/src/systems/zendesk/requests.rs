//! The end-user view of tickets (Zendesk Ticketing API, requests): public comments only, and few members to change.

use serde_json::{Value, json};

use super::write::{COMMENT, PEOPLE, REQUESTER};
use super::{Call, invalid, not_found};
use crate::exchange::{Answer, Request};
use crate::shape::{Need, Shape};

impl Call<'_> {
    /// End users see their own requests, agents all of them.
    fn visible(&self, ticket: &Value) -> bool {
        let user = &self.caller.user;
        ticket["is_public"] == true && (user["role"] != "end-user" || ticket["requester_id"] == user["id"])
    }

    fn own(&self, id: &str) -> Option<&Value> {
        self.state.ticket_by_id(id).filter(|ticket| self.visible(ticket))
    }

    fn as_request(&self, ticket: &Value) -> Value {
        let mut request = json!({
            "url": format!("{}/api/v2/requests/{}.json", self.base_url, ticket["id"]),
            "can_be_solved_by_me": !ticket["assignee_id"].is_null(),
            "solved": matches!(ticket["status"].as_str(), Some("solved" | "closed")),
            "followup_source_id": null,
        });
        for name in [
            "id",
            "subject",
            "description",
            "status",
            "custom_status_id",
            "priority",
            "type",
            "organization_id",
            "requester_id",
            "assignee_id",
            "group_id",
            "collaborator_ids",
            "email_cc_ids",
            "is_public",
            "due_at",
            "recipient",
            "ticket_form_id",
            "custom_fields",
            "via",
            "created_at",
            "updated_at",
        ] {
            request[name] = ticket[name].clone();
        }
        request
    }

    pub(super) fn list_requests(&mut self) -> Answer {
        self.known(&["sort_by", "sort_order", "status"]);
        let statuses = self.parameter("status");
        let found = self
            .state
            .tickets
            .iter()
            .filter(|ticket| ticket["requester_id"] == self.caller.user["id"])
            .filter(|ticket| {
                statuses.as_ref().is_none_or(|wanted| wanted.split(',').any(|wanted| ticket["status"] == wanted))
            })
            .map(|ticket| self.as_request(ticket))
            .collect();
        self.page("requests", found)
    }

    pub(super) fn show_request(&mut self, id: &str) -> Answer {
        self.known(&[]);
        match self.own(id) {
            Some(ticket) => Answer::json(200, &json!({ "request": self.as_request(ticket) })),
            None => not_found(),
        }
    }

    pub(super) fn request_comments(&mut self, id: &str) -> Answer {
        self.known(&["since", "role"]);
        let Some(ticket) = self.own(id) else {
            return not_found();
        };
        let comments = ticket["_comments"].as_array().into_iter().flatten();
        let public = comments.filter(|comment| comment["public"] == true).cloned().collect();
        self.page("comments", public)
    }

    pub(super) fn create_request(&mut self) -> Answer {
        const BODY: Shape = Shape::Object(&[("request", Need::Must, &REQUEST)]);
        const REQUEST: Shape = Shape::Object(&[
            ("subject", Need::Must, &Shape::Text),
            ("comment", Need::Must, &COMMENT),
            ("requester", Need::May, &REQUESTER),
            ("priority", Need::May, &Shape::OneOf(&["urgent", "high", "normal", "low"])),
            ("type", Need::May, &Shape::OneOf(&["problem", "incident", "question", "task"])),
            ("custom_fields", Need::May, &Shape::List(&Shape::Any)),
            ("ticket_form_id", Need::May, &Shape::Integer),
            ("recipient", Need::May, &Shape::Text),
            ("due_at", Need::May, &Shape::Text),
            ("email_ccs", Need::May, &PEOPLE),
            ("collaborators", Need::May, &PEOPLE),
        ]);
        self.known(&[]);
        let body = match self.body(&BODY, "request") {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let mut wanted = body["request"].clone();
        wanted["comment"]["public"] = true.into();
        self.through_ticket("POST", json!({ "ticket": wanted }), None)
    }

    pub(super) fn update_request(&mut self, id: &str) -> Answer {
        const BODY: Shape = Shape::Object(&[("request", Need::Must, &REQUEST)]);
        const REQUEST: Shape = Shape::Object(&[
            ("comment", Need::May, &COMMENT),
            ("solved", Need::May, &Shape::Boolean),
            ("additional_collaborators", Need::May, &PEOPLE),
            ("email_ccs", Need::May, &PEOPLE),
        ]);
        self.known(&[]);
        let Some(ticket) = self.own(id).cloned() else {
            return not_found();
        };
        let body = match self.body(&BODY, "request") {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let mut wanted = json!({});
        if let Some(comment) = body["request"].get("comment") {
            wanted["comment"] = comment.clone();
            wanted["comment"]["public"] = true.into();
        }
        if body["request"]["solved"] == true {
            if ticket["assignee_id"].is_null() {
                return invalid(&[("base", "Request: cannot be solved by you")]);
            }
            wanted["status"] = "solved".into();
        }
        self.through_ticket("PUT", json!({ "ticket": wanted }), Some(id))
    }

    /// Does the same to the ticket and shows the result as a request.
    fn through_ticket(&mut self, method: &str, body: Value, id: Option<&str>) -> Answer {
        let request = Request { body: body.to_string().into(), ..self.request.clone() };
        let user = self.caller.user.clone();
        let mut inner = Call {
            state: &mut *self.state,
            request: &request,
            base_url: self.base_url,
            caller: super::Caller { user, writes: true },
            violations: Vec::new(),
        };
        let answer = match (method, id) {
            ("PUT", Some(id)) => inner.update_ticket(id),
            _ => inner.create_ticket(),
        };
        let violations = inner.violations;
        self.violations.extend(violations);
        if !matches!(answer.status, 200 | 201) {
            return answer;
        }
        let made: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let request = self.as_request(&made["ticket"]);
        Answer::json(answer.status, &json!({ "request": request }))
    }
}
