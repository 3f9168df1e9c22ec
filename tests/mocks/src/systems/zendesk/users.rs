//! Users: finding them, and making or changing one by its e-mail address (Zendesk Ticketing API, users).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::groups::number;
use super::pages::public;
use super::search::Query;
use super::state::stamp;
use super::{Call, invalid, not_found};
use crate::exchange::Answer;
use crate::shape::{Need, Shape};

const USER: Shape = Shape::Object(&[
    ("name", Need::May, &Shape::Text),
    ("email", Need::May, &Shape::Text),
    ("external_id", Need::May, &Shape::Nullable(&Shape::Text)),
    ("phone", Need::May, &Shape::Nullable(&Shape::Text)),
    ("role", Need::May, &Shape::OneOf(&["end-user", "agent", "admin"])),
    ("verified", Need::May, &Shape::Boolean),
    ("skip_verify_email", Need::May, &Shape::Boolean),
    ("locale", Need::May, &Shape::Text),
    ("locale_id", Need::May, &Shape::Integer),
    ("time_zone", Need::May, &Shape::Text),
    ("organization_id", Need::May, &Shape::Nullable(&Shape::Integer)),
    ("notes", Need::May, &Shape::Text),
    ("details", Need::May, &Shape::Text),
    ("tags", Need::May, &Shape::List(&Shape::Text)),
    ("user_fields", Need::May, &Shape::Any),
]);

impl Call<'_> {
    pub(super) fn me(&mut self) -> Answer {
        self.known(&[]);
        let mut user = public(self.caller.user.clone());
        user["authenticity_token"] = "demo".into();
        Answer::json(200, &json!({ "user": user }))
    }

    pub(super) fn list_users(&mut self) -> Answer {
        self.known(&["role", "role[]", "external_id", "permission_set"]);
        let roles: Vec<String> = self
            .request
            .pairs()
            .into_iter()
            .filter(|(name, _)| name == "role" || name == "role[]")
            .map(|(_, role)| role)
            .collect();
        let external = self.parameter("external_id");
        let found = self
            .state
            .users
            .iter()
            .filter(|user| roles.is_empty() || roles.iter().any(|role| user["role"] == role.as_str()))
            .filter(|user| external.as_ref().is_none_or(|id| user["external_id"] == id.as_str()))
            .cloned()
            .collect();
        self.page("users", found)
    }

    pub(super) fn search_users(&mut self) -> Answer {
        self.known(&["query", "external_id"]);
        let found: Vec<Value> = match (self.parameter("query"), self.parameter("external_id")) {
            (None, None) => {
                self.violations.push("users/search needs query or external_id".to_owned());
                Vec::new()
            }
            (_, Some(id)) => {
                let users = self.state.users.iter();
                users.filter(|user| user["external_id"] == id.as_str()).cloned().collect()
            }
            (Some(query), None) => {
                let query = Query::parse(&query);
                self.violations.extend(query.oddities.iter().cloned());
                let users = self.state.users.iter();
                users.filter(|user| query.finds_user(self.state, user)).cloned().collect()
            }
        };
        self.page("users", found)
    }

    pub(super) fn show_user(&mut self, id: &str) -> Answer {
        self.known(&["include"]);
        match number(id).and_then(|id| self.state.user_by_id(id)) {
            Some(user) => Answer::json(200, &json!({ "user": public(user.clone()) })),
            None => not_found(),
        }
    }

    pub(super) fn show_many_users(&mut self) -> Answer {
        self.known(&["ids", "external_ids"]);
        let ids: Vec<u64> = self.parameter("ids").unwrap_or_default().split(',').filter_map(number).collect();
        let users = self.state.users.iter();
        let found = users.filter(|user| user["id"].as_u64().is_some_and(|id| ids.contains(&id))).cloned().collect();
        self.page("users", found)
    }

    /// Makes a user, or changes the one with the same e-mail address or external id.
    pub(super) fn upsert_user(&mut self) -> Answer {
        const BODY: Shape = Shape::Object(&[("user", Need::Must, &USER)]);
        self.known(&[]);
        let body = match self.body(&BODY, "user") {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let wanted = &body["user"];
        let existing = self.state.users.iter().position(|user| {
            let same_email = wanted["email"]
                .as_str()
                .is_some_and(|email| user["email"].as_str().is_some_and(|held| held.eq_ignore_ascii_case(email)));
            let external = &wanted["external_id"];
            same_email || (external.is_string() && user["external_id"] == *external)
        });
        let now = stamp(Timestamp::now());
        let (status, mut user) = match existing {
            Some(index) => (200, self.state.users[index].clone()),
            None => {
                let Some(name) = wanted["name"].as_str().filter(|name| !name.trim().is_empty()) else {
                    return invalid(&[("name", "Name: is too short (minimum one character)")]);
                };
                let email = wanted["email"].as_str().unwrap_or_default();
                if !email.is_empty() && !email.contains('@') {
                    let text = format!("Email: {email} is not properly formatted");
                    return invalid(&[("email", &text)]);
                }
                let id = self.state.next_user();
                let mut user = self.state.user(id, name, email, "end-user");
                user["created_at"] = now.clone().into();
                user["verified"] = false.into();
                (201, user)
            }
        };
        for (name, value) in wanted.as_object().into_iter().flatten() {
            if name != "skip_verify_email" && name != "locale_id" && !user[name].is_object() {
                user[name] = value.clone();
            }
        }
        user["updated_at"] = now.into();
        let answer = Answer::json(status, &json!({ "user": public(user.clone()) }));
        let url = user["url"].as_str().unwrap_or_default().to_owned();
        match existing {
            Some(index) => self.state.users[index] = user,
            None => self.state.users.push(user),
        }
        answer.with_header("location", url)
    }
}
