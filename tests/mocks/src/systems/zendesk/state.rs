//! The account's state and its seed. Objects are JSON as the vendor documents them; members whose names begin with an
//! underscore are the simulation's own and never leave it.

use std::collections::HashMap;
use std::time::Instant;

use bytes::Bytes;
use jiff::{Timestamp, ToSpan, Unit};
use serde_json::{Value, json};

use crate::exchange::Answer;

pub(super) const SUPPORT: u64 = 360001;
pub(super) const BILLING: u64 = 360002;
pub(super) const TIER_2: u64 = 360003;

pub(super) const ALEX: u64 = 20978301;
pub(super) const BEA: u64 = 20978302;
pub(super) const CASEY: u64 = 20978392;
pub(super) const JANE: u64 = 20978393;

pub(super) struct State {
    base_url: String,
    pub(super) users: Vec<Value>,
    pub(super) groups: Vec<Value>,
    pub(super) memberships: Vec<Value>,
    pub(super) tickets: Vec<Value>,
    pub(super) statuses: Vec<Value>,
    pub(super) fields: Vec<Value>,
    /// Answers to created tickets by idempotency key, with the body that asked for them.
    pub(super) created: HashMap<String, (Instant, Bytes, Answer)>,
    pub(super) answered: u64,
    last_ticket: u64,
    last_user: u64,
    last_other: u64,
}

/// ISO 8601 in UTC to the second, as everywhere in this API.
pub(super) fn stamp(at: Timestamp) -> String {
    at.round(Unit::Second).unwrap_or(at).to_string()
}

fn in_minutes(minutes: i64) -> String {
    stamp(Timestamp::now() + minutes.minutes())
}

impl State {
    pub(super) fn seed(base_url: &str) -> Self {
        let mut state = Self {
            base_url: base_url.to_owned(),
            users: Vec::new(),
            groups: Vec::new(),
            memberships: Vec::new(),
            tickets: Vec::new(),
            statuses: statuses(),
            fields: fields(),
            created: HashMap::new(),
            answered: 0,
            last_ticket: 35440,
            last_user: 20978400,
            last_other: 9000,
        };
        let people = [
            (ALEX, "Alex Agent", "agent@example.com", "agent"),
            (BEA, "Bea Billing", "bea@example.com", "agent"),
            (CASEY, "Casey Customer", "customer@example.com", "end-user"),
            (JANE, "Jane Doe", "jane@example.com", "end-user"),
        ];
        for (id, name, email, role) in people {
            let group = match id {
                ALEX => Some(SUPPORT),
                BEA => Some(BILLING),
                _ => None,
            };
            let mut user = state.user(id, name, email, role);
            user["default_group_id"] = group.into();
            if id == CASEY {
                user["phone"] = "+12025550143".into();
            }
            state.users.push(user);
        }
        for (id, name) in [(SUPPORT, "Support"), (BILLING, "Billing"), (TIER_2, "Tier 2")] {
            state.groups.push(json!({
                "url": format!("{base_url}/api/v2/groups/{id}.json"),
                "id": id,
                "name": name,
                "description": "",
                "default": id == SUPPORT,
                "deleted": false,
                "is_public": true,
                "created_at": "2025-05-01T08:00:00Z",
                "updated_at": "2025-05-01T08:00:00Z",
            }));
        }
        let members = [(ALEX, SUPPORT), (ALEX, TIER_2), (BEA, BILLING), (BEA, SUPPORT)];
        for ((user, group), id) in members.into_iter().zip(4461_u64..) {
            let home = if user == ALEX { SUPPORT } else { BILLING };
            state.memberships.push(json!({
                "url": format!("{base_url}/api/v2/group_memberships/{id}.json"),
                "id": id,
                "user_id": user,
                "group_id": group,
                "default": group == home,
                "created_at": "2025-05-01T08:00:00Z",
                "updated_at": "2025-05-01T08:00:00Z",
            }));
        }
        state.seed_tickets();
        state
    }

    fn seed_tickets(&mut self) {
        struct Seed(u64, u64, &'static str, &'static str, Option<&'static str>, Option<u64>, u64);
        let seeds = [
            Seed(35436, CASEY, "Cannot log in", "open", Some("high"), Some(ALEX), SUPPORT),
            Seed(35437, CASEY, "Where is my parcel?", "pending", Some("normal"), Some(ALEX), SUPPORT),
            Seed(35438, JANE, "Wrong invoice address", "solved", Some("normal"), Some(BEA), BILLING),
            Seed(35439, CASEY, "Question about sizes", "closed", Some("low"), Some(ALEX), SUPPORT),
            Seed(35440, CASEY, "Refund not received", "hold", Some("urgent"), Some(BEA), BILLING),
        ];
        for Seed(id, requester, subject, status, priority, assignee, group) in seeds {
            let created = format!("2026-01-{:02}T10:00:00Z", id - 35431);
            let mut ticket = self.ticket(id, &created);
            ticket["subject"] = subject.into();
            ticket["raw_subject"] = subject.into();
            ticket["status"] = status.into();
            ticket["custom_status_id"] = self.default_status(status);
            ticket["priority"] = priority.into();
            ticket["type"] = "question".into();
            ticket["requester_id"] = requester.into();
            ticket["submitter_id"] = requester.into();
            ticket["assignee_id"] = assignee.into();
            ticket["group_id"] = group.into();
            ticket["tags"] = json!(["chatbot"]);
            let words = match id {
                35436 => "The password reset mail never arrives.",
                35437 => "My parcel has not moved for five days.",
                35438 => "Please send the invoice to my new address.",
                35439 => "Is the blue shirt cut small?",
                _ => "I returned the jacket three weeks ago.",
            };
            ticket["description"] = words.into();
            let first = self.comment(requester, words, true, &created);
            ticket["_comments"] = json!([first]);
            ticket["_audits"] = json!([]);
            match id {
                35436 => {
                    ticket["type"] = "incident".into();
                    ticket["tags"] = json!(["chatbot", "login"]);
                    ticket["external_id"] = "chat-8841".into();
                    ticket["custom_fields"] = json!([{ "id": 360042, "value": "mobile_app" }]);
                    let note = "Mail provider blocks us; IT is on it.";
                    let internal = self.comment(ALEX, note, false, "2026-01-05T10:30:00Z");
                    let reply = "We are looking into it.";
                    let public = self.comment(ALEX, reply, true, "2026-01-05T10:40:00Z");
                    if let Some(comments) = ticket["_comments"].as_array_mut() {
                        comments.extend([internal, public]);
                    }
                    ticket["_slas"] =
                        json!([sla("first_reply_time", "active", 120), sla("requester_wait_time", "active", 480),]);
                }
                35437 => ticket["custom_status_id"] = 5060.into(),
                35440 => ticket["_slas"] = json!([sla("next_reply_time", "active", -90)]),
                _ => {}
            }
            self.tickets.push(ticket);
        }
    }

    /// A ticket with every member at its emptiest.
    pub(super) fn ticket(&self, id: u64, created: &str) -> Value {
        let generated = created.parse::<Timestamp>().map_or(0, |at| at.as_second());
        json!({
            "url": format!("{}/api/v2/tickets/{id}.json", self.base_url),
            "id": id,
            "external_id": null,
            "via": { "channel": "api", "source": { "from": {}, "to": {}, "rel": null } },
            "created_at": created,
            "updated_at": created,
            "generated_timestamp": generated,
            "type": null,
            "subject": null,
            "raw_subject": null,
            "description": "",
            "priority": null,
            "status": "new",
            "recipient": null,
            "requester_id": null,
            "submitter_id": null,
            "assignee_id": null,
            "organization_id": null,
            "group_id": null,
            "collaborator_ids": [],
            "follower_ids": [],
            "email_cc_ids": [],
            "forum_topic_id": null,
            "problem_id": null,
            "has_incidents": false,
            "is_public": true,
            "due_at": null,
            "tags": [],
            "custom_fields": [{ "id": 360042, "value": null }],
            "fields": [],
            "satisfaction_rating": null,
            "sharing_agreement_ids": [],
            "custom_status_id": self.default_status("new"),
            "followup_ids": [],
            "ticket_form_id": 360007,
            "brand_id": 360500,
            "allow_channelback": false,
            "allow_attachments": true,
            "from_messaging_channel": false,
            "_comments": [],
            "_audits": [],
            "_slas": null,
        })
    }

    pub(super) fn user(&self, id: u64, name: &str, email: &str, role: &str) -> Value {
        let now = "2025-05-01T08:00:00Z";
        json!({
            "id": id,
            "url": format!("{}/api/v2/users/{id}.json", self.base_url),
            "name": name,
            "email": email,
            "role": role,
            "phone": null,
            "external_id": null,
            "organization_id": null,
            "default_group_id": null,
            "active": true,
            "verified": true,
            "suspended": false,
            "locale": "en-US",
            "time_zone": "Eastern Time (US & Canada)",
            "tags": [],
            "notes": "",
            "details": "",
            "user_fields": {},
            "created_at": now,
            "updated_at": now,
        })
    }

    pub(super) fn comment(&mut self, author: u64, body: &str, public: bool, at: &str) -> Value {
        let escaped = body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        json!({
            "id": self.next_other(),
            "type": "Comment",
            "author_id": author,
            "body": body,
            "html_body": format!("<div class=\"zd-comment\" dir=\"auto\">{escaped}</div>"),
            "plain_body": body,
            "public": public,
            "attachments": [],
            "audit_id": self.next_other(),
            "via": { "channel": "api", "source": { "from": {}, "to": {}, "rel": null } },
            "created_at": at,
            "metadata": { "system": {}, "custom": {} },
        })
    }

    pub(super) fn next_ticket(&mut self) -> u64 {
        self.last_ticket += 1;
        self.last_ticket
    }

    pub(super) fn next_user(&mut self) -> u64 {
        self.last_user += 1;
        self.last_user
    }

    pub(super) fn next_other(&mut self) -> u64 {
        self.last_other += 1;
        self.last_other
    }

    pub(super) fn user_by_id(&self, id: u64) -> Option<&Value> {
        self.users.iter().find(|user| user["id"] == id)
    }

    pub(super) fn user_by_email(&self, email: &str) -> Option<&Value> {
        self.users.iter().find(|user| user["email"].as_str().is_some_and(|held| held.eq_ignore_ascii_case(email)))
    }

    pub(super) fn ticket_by_id(&self, id: &str) -> Option<&Value> {
        let id: u64 = id.parse().ok()?;
        self.tickets.iter().find(|ticket| ticket["id"] == id)
    }

    pub(super) fn is_member(&self, user: u64, group: u64) -> bool {
        self.memberships.iter().any(|entry| entry["user_id"] == user && entry["group_id"] == group)
    }

    /// The custom status a plain status stands for.
    pub(super) fn default_status(&self, status: &str) -> Value {
        // A closed ticket keeps the status it was solved with.
        let category = if status == "closed" { "solved" } else { status };
        self.statuses
            .iter()
            .find(|entry| entry["default"] == true && entry["status_category"] == category)
            .map(|entry| entry["id"].clone())
            .unwrap_or_default()
    }
}

/// A target that runs out in so many minutes, or ran out that long ago.
pub(super) fn sla(metric: &str, stage: &str, minutes: i64) -> Value {
    json!({
        "breach_at": in_minutes(minutes),
        "stage": stage,
        "metric": metric,
        "minutes": minutes,
    })
}

/// Minutes to the first reply by priority; tickets without one have no policy.
pub(super) fn reply_target(priority: &Value) -> Option<i64> {
    match priority.as_str()? {
        "urgent" => Some(60),
        "high" => Some(240),
        "normal" => Some(480),
        _ => Some(1440),
    }
}

fn statuses() -> Vec<Value> {
    let rows = [
        (5001, "new", "New", "New", true, true),
        (5002, "open", "Open", "Open", true, true),
        (5003, "pending", "Pending", "Awaiting your reply", true, true),
        (5004, "hold", "On-hold", "Open", true, true),
        (5005, "solved", "Solved", "Solved", true, true),
        (5060, "pending", "Waiting for carrier", "We are asking the carrier", false, true),
        (5061, "open", "Legacy triage", "Open", false, false),
    ];
    rows.iter()
        .map(|&(id, category, agent, end_user, default, active)| {
            json!({
                "id": id,
                "status_category": category,
                "agent_label": agent,
                "raw_agent_label": agent,
                "end_user_label": end_user,
                "raw_end_user_label": end_user,
                "description": "",
                "raw_description": "",
                "end_user_description": "",
                "raw_end_user_description": "",
                "active": active,
                "default": default,
                "created_at": "2025-05-01T08:00:00Z",
                "updated_at": "2025-05-01T08:00:00Z",
            })
        })
        .collect()
}

fn fields() -> Vec<Value> {
    vec![json!({
        "id": 360042,
        "type": "text",
        "title": "Source",
        "raw_title": "Source",
        "title_in_portal": "Source",
        "description": "Where the conversation came from",
        "active": true,
        "required": false,
        "visible_in_portal": false,
        "editable_in_portal": false,
        "tag": null,
        "removable": true,
        "position": 1,
        "created_at": "2025-05-01T08:00:00Z",
        "updated_at": "2025-05-01T08:00:00Z",
    })]
}
