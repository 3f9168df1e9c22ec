//! The search syntax and its endpoints (Zendesk Ticketing API, search). Text that is not quoted is read as keywords, so
//! words of a stranger can change what is searched: that is the vendor's behaviour, and the point.

use serde_json::{Value, json};

use super::pages::merge;
use super::state::State;
use super::{Call, failure};
use crate::exchange::Answer;

const KEYWORDS: &[&str] = &[
    "type",
    "status",
    "priority",
    "ticket_type",
    "requester",
    "assignee",
    "submitter",
    "commenter",
    "cc",
    "group",
    "subject",
    "description",
    "comment",
    "tags",
    "created",
    "updated",
    "solved",
    "due_date",
    "external_id",
    "custom_status_id",
    "organization",
    "brand",
    "via",
    "role",
    "name",
    "email",
    "phone",
    "order_by",
    "sort",
];
const STATUSES: &[&str] = &["new", "open", "pending", "hold", "solved", "closed"];
const PRIORITIES: &[&str] = &["low", "normal", "high", "urgent"];

#[derive(Debug, PartialEq, Eq)]
struct Term {
    /// Empty for free text.
    keyword: String,
    operator: &'static str,
    value: String,
    quoted: bool,
    negated: bool,
}

#[derive(Debug)]
pub(super) struct Query {
    terms: Vec<Term>,
    pub(super) oddities: Vec<String>,
}

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let mut terms = Vec::new();
        let mut oddities = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let negated = rest.starts_with('-') && rest.len() > 1;
            if negated {
                rest = &rest[1..];
            }
            let end =
                rest.find(|c: char| c.is_whitespace() || matches!(c, ':' | '<' | '>' | '"')).unwrap_or(rest.len());
            let operator = ["<=", ">=", ":", "<", ">"].into_iter().find(|operator| rest[end..].starts_with(operator));
            let (keyword, operator) = match operator {
                Some(operator) if end > 0 => {
                    let keyword = rest[..end].to_lowercase();
                    rest = &rest[end + operator.len()..];
                    (keyword, operator)
                }
                _ => (String::new(), ":"),
            };
            let quoted = rest.starts_with('"');
            let value = if quoted {
                let inner = &rest[1..];
                match inner.find('"') {
                    Some(end) => {
                        rest = &inner[end + 1..];
                        inner[..end].to_owned()
                    }
                    None => {
                        oddities.push("a quote that is not closed".to_owned());
                        rest = "";
                        inner.to_owned()
                    }
                }
            } else {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                let value = rest[..end].to_owned();
                rest = &rest[end..];
                value
            };
            rest = rest.trim_start();
            let known =
                keyword.is_empty() || KEYWORDS.contains(&keyword.as_str()) || keyword.starts_with("custom_field_");
            if !known {
                oddities.push(format!("unknown search keyword {keyword}"));
            }
            terms.push(Term { keyword, operator, value, quoted, negated });
        }
        Self { terms, oddities }
    }

    fn value(&self, keyword: &str) -> Option<&str> {
        let mut terms = self.terms.iter();
        let term = terms.find(|term| term.keyword == keyword)?;
        Some(&term.value)
    }

    /// Whether objects of a kind are searched at all: without `type` all of them are.
    fn wants(&self, kind: &str) -> bool {
        let mut types = self.terms.iter().filter(|term| term.keyword == "type").peekable();
        types.peek().is_none() || types.any(|term| term.value.eq_ignore_ascii_case(kind) != term.negated)
    }

    /// Different keywords narrow, repeats of one widen, negated ones exclude, free words all have to be there.
    fn finds(&self, matches: impl Fn(&Term) -> bool) -> bool {
        let steering = |term: &&Term| !matches!(term.keyword.as_str(), "type" | "order_by" | "sort");
        let terms: Vec<_> = self.terms.iter().filter(steering).collect();
        terms.iter().all(|term| {
            if term.negated {
                return !matches(term);
            }
            if term.keyword.is_empty() {
                return matches(term);
            }
            terms.iter().filter(|other| other.keyword == term.keyword && !other.negated).any(|other| {
                // Two bounds of one keyword are a range, not a choice.
                if other.operator == ":" && term.operator == ":" { matches(other) } else { matches(term) }
            })
        })
    }

    pub(super) fn finds_user(&self, state: &State, user: &Value) -> bool {
        let text = |member: &str| user[member].as_str().unwrap_or_default();
        self.finds(|term| match term.keyword.as_str() {
            "" => ["name", "email", "phone", "external_id", "notes"].iter().any(|member| term.in_words(text(member))),
            "name" => term.in_words(text("name")),
            "email" => term.in_words(text("email")),
            "phone" | "role" | "external_id" => term.is(text(&term.keyword)),
            "tags" => tagged(term, user),
            "created" => term.compares(text("created_at")),
            "updated" => term.compares(text("updated_at")),
            "group" => state.groups.iter().any(|group| {
                let id = group["id"].as_u64().unwrap_or_default();
                term.is_group(group) && state.is_member(user["id"].as_u64().unwrap_or_default(), id)
            }),
            _ => false,
        })
    }

    fn finds_group(&self, group: &Value) -> bool {
        let name = group["name"].as_str().unwrap_or_default();
        self.finds(|term| match term.keyword.as_str() {
            "" | "name" => term.in_words(name),
            _ => false,
        })
    }

    fn finds_ticket(&self, state: &State, me: &Value, ticket: &Value) -> bool {
        let text = |member: &str| ticket[member].as_str().unwrap_or_default();
        let in_comments = |term: &Term| {
            let comments = ticket["_comments"].as_array().into_iter().flatten();
            let mut bodies = comments.filter_map(|comment| comment["body"].as_str());
            bodies.any(|body| term.in_words(body))
        };
        let person = |term: &Term, member: &str| match term.value.as_str() {
            "none" => ticket[member].is_null(),
            "me" => ticket[member] == me["id"],
            _ => state.users.iter().any(|user| ticket[member] == user["id"] && term.is_user(user)),
        };
        self.finds(|term| match term.keyword.as_str() {
            "" => {
                term.in_words(text("subject"))
                    || term.in_words(text("description"))
                    || in_comments(term)
                    || (!term.quoted && is_number(&ticket["id"], &term.value))
            }
            "subject" => term.in_words(text("subject")),
            "description" => term.in_words(text("description")),
            "comment" => in_comments(term),
            "status" => term.ranks(STATUSES, text("status")),
            "priority" => match term.value.as_str() {
                "none" => ticket["priority"].is_null(),
                _ => term.ranks(PRIORITIES, text("priority")),
            },
            "ticket_type" => term.is(text("type")),
            "external_id" => term.is(text("external_id")),
            "via" => term.is(ticket["via"]["channel"].as_str().unwrap_or_default()),
            "custom_status_id" => is_number(&ticket["custom_status_id"], &term.value),
            "requester" => person(term, "requester_id"),
            "submitter" => person(term, "submitter_id"),
            "assignee" => person(term, "assignee_id"),
            "group" => match term.value.as_str() {
                "none" => ticket["group_id"].is_null(),
                _ => state.groups.iter().any(|group| ticket["group_id"] == group["id"] && term.is_group(group)),
            },
            "tags" => match term.value.as_str() {
                "none" => ticket["tags"].as_array().is_none_or(Vec::is_empty),
                _ => tagged(term, ticket),
            },
            "created" => term.compares(text("created_at")),
            "updated" => term.compares(text("updated_at")),
            "due_date" => term.compares(text("due_at")),
            keyword => match keyword.strip_prefix("custom_field_") {
                Some(id) => {
                    let mut fields = ticket["custom_fields"].as_array().into_iter().flatten();
                    fields.any(|field| {
                        is_number(&field["id"], id) && term.is(field["value"].as_str().unwrap_or_default())
                    })
                }
                // A word with a colon that is no keyword is text.
                None if !KEYWORDS.contains(&keyword) => {
                    let whole = format!("{keyword} {}", term.value).to_lowercase();
                    text("subject").to_lowercase().contains(&whole)
                }
                None => false,
            },
        })
    }
}

impl Term {
    fn is(&self, held: &str) -> bool {
        match self.value.strip_suffix('*') {
            Some(start) => held.to_lowercase().starts_with(&start.to_lowercase()),
            None => held.eq_ignore_ascii_case(&self.value),
        }
    }

    /// Words in a row when quoted; otherwise the value's words anywhere.
    fn in_words(&self, held: &str) -> bool {
        let split = |text: &str| -> Vec<String> {
            let words = text.split(|c: char| !c.is_alphanumeric());
            words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
        };
        let (held, wanted) = (split(held), split(&self.value));
        let prefix = !self.quoted && self.value.ends_with('*');
        let same = |index: usize, word: &String| {
            if prefix && index + 1 == wanted.len() { word.starts_with(&wanted[index]) } else { *word == wanted[index] }
        };
        if wanted.is_empty() {
            return false;
        }
        if self.quoted {
            let mut rows = held.windows(wanted.len());
            rows.any(|row| row.iter().enumerate().all(|(index, word)| same(index, word)))
        } else {
            (0..wanted.len()).all(|index| held.iter().any(|word| same(index, word)))
        }
    }

    fn is_user(&self, user: &Value) -> bool {
        is_number(&user["id"], &self.value)
            || user["email"].as_str().is_some_and(|email| self.is(email))
            || user["name"].as_str().is_some_and(|name| self.in_words(name))
    }

    fn is_group(&self, group: &Value) -> bool {
        is_number(&group["id"], &self.value) || group["name"].as_str().is_some_and(|name| self.is(name))
    }

    fn orders<T: PartialOrd>(&self, held: T, wanted: T) -> bool {
        match self.operator {
            "<" => held < wanted,
            ">" => held > wanted,
            "<=" => held <= wanted,
            ">=" => held >= wanted,
            _ => held == wanted,
        }
    }

    fn ranks(&self, order: &[&str], held: &str) -> bool {
        let rank = |value: &str| order.iter().position(|known| known.eq_ignore_ascii_case(value));
        match (rank(held), rank(&self.value)) {
            (Some(held), Some(wanted)) => self.orders(held, wanted),
            _ => false,
        }
    }

    /// Times are ISO 8601 text; a shorter one means its beginning, and equality "within".
    fn compares(&self, held: &str) -> bool {
        match self.operator {
            ":" => !held.is_empty() && held.starts_with(&self.value),
            _ => !held.is_empty() && self.orders(held, self.value.as_str()),
        }
    }
}

fn is_number(held: &Value, wanted: &str) -> bool {
    held.as_u64().is_some_and(|held| wanted.parse() == Ok(held))
}

fn tagged(term: &Term, item: &Value) -> bool {
    let tags = item["tags"].as_array().into_iter().flatten();
    tags.filter_map(Value::as_str).any(|tag| term.is(tag))
}

impl Call<'_> {
    /// Everything a query finds, each with its type.
    fn found(&mut self, kind: Option<&str>) -> Result<Vec<Value>, Answer> {
        let Some(text) = self.parameter("query") else {
            self.violations.push("search needs a query".to_owned());
            return Err(failure(400, "BadRequest", "query is missing"));
        };
        let query = Query::parse(&text);
        self.violations.extend(query.oddities.iter().cloned());
        let wants = |name: &str| query.wants(name) && kind.is_none_or(|kind| kind == name);
        let typed = |item: &Value, name: &str| {
            let mut item = item.clone();
            item["result_type"] = name.into();
            item
        };
        let state = &*self.state;
        let me = &self.caller.user;
        let mut found: Vec<Value> = Vec::new();
        if wants("ticket") {
            let tickets = state.tickets.iter().filter(|item| query.finds_ticket(state, me, item));
            found.extend(tickets.map(|item| typed(item, "ticket")));
        }
        if wants("user") {
            let users = state.users.iter().filter(|item| query.finds_user(state, item));
            found.extend(users.map(|item| typed(item, "user")));
        }
        if wants("group") {
            let groups = state.groups.iter().filter(|item| query.finds_group(item));
            found.extend(groups.map(|item| typed(item, "group")));
        }
        let by = query.value("order_by").map(str::to_owned).or(self.parameter("sort_by"));
        let order = query.value("sort").map(str::to_owned).or(self.parameter("sort_order"));
        let member = match by.as_deref() {
            None | Some("relevance") => None,
            Some("created" | "created_at") => Some("created_at"),
            Some("updated" | "updated_at") => Some("updated_at"),
            Some("status") => Some("status"),
            Some("priority") => Some("priority"),
            Some("ticket_type") => Some("type"),
            Some(other) => {
                self.violations.push(format!("unknown sort {other:?}"));
                None
            }
        };
        if let Some(member) = member {
            let rank = |item: &Value| {
                let text = item[member].as_str().unwrap_or_default().to_owned();
                let known = match member {
                    "status" => STATUSES.iter().position(|known| *known == text),
                    "priority" => PRIORITIES.iter().position(|known| *known == text),
                    _ => None,
                };
                (known, text)
            };
            found.sort_by_cached_key(rank);
            // Newest and highest first, unless asked otherwise.
            if order.as_deref() != Some("asc") {
                found.reverse();
            }
        }
        Ok(found)
    }

    pub(super) fn search(&mut self) -> Answer {
        self.known(&["query", "sort_by", "sort_order", "include"]);
        let found = match self.found(None) {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        match self.cut(found, 1000) {
            Ok((page, rest)) => {
                let mut body = json!({ "results": page, "facets": null });
                merge(&mut body, rest);
                Answer::json(200, &body)
            }
            Err(answer) => answer,
        }
    }

    pub(super) fn search_count(&mut self) -> Answer {
        self.known(&["query"]);
        match self.found(None) {
            Ok(found) => Answer::json(200, &json!({ "count": found.len() })),
            Err(answer) => answer,
        }
    }

    pub(super) fn search_export(&mut self) -> Answer {
        self.known(&["query", "filter[type]"]);
        let Some(kind) = self.parameter("filter[type]") else {
            self.violations.push("search/export needs filter[type]".to_owned());
            return failure(400, "BadRequest", "filter[type] is missing");
        };
        let found = match self.found(Some(&kind)) {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        match self.cut(found, 1000) {
            Ok((page, rest)) => {
                let mut body = json!({ "results": page, "facets": null });
                merge(&mut body, rest);
                Answer::json(200, &body)
            }
            Err(answer) => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tickets(text: &str) -> Vec<u64> {
        let state = State::seed("http://zendesk.test");
        let query = Query::parse(text);
        assert!(query.oddities.is_empty(), "{:?}", query.oddities);
        let me = &state.users[0];
        let found = state.tickets.iter().filter(|ticket| query.finds_ticket(&state, me, ticket));
        found.filter_map(|ticket| ticket["id"].as_u64()).collect()
    }

    #[test]
    fn keywords_narrow_and_their_repeats_widen() {
        assert_eq!(tickets("type:ticket status<solved requester:customer@example.com"), [35436, 35437, 35440]);
        assert_eq!(tickets("status:pending status:hold"), [35437, 35440]);
        assert_eq!(tickets("requester:customer@example.com -status:closed priority>=high"), [35436, 35440]);
        assert_eq!(tickets("created>=2026-01-07 created<2026-01-09"), [35438, 35439]);
    }

    #[test]
    fn free_text_is_looked_for_in_subjects_and_comments() {
        assert_eq!(tickets("password"), [35436]);
        assert_eq!(tickets("\"log in\""), [35436]);
        assert_eq!(tickets("parc*"), [35437]);
        assert!(tickets("\"in log\"").is_empty());
    }

    #[test]
    fn a_type_among_unquoted_words_changes_what_is_searched() {
        let query = Query::parse("type:ticket customer type:user");
        assert!(query.wants("user"));
        let query = Query::parse("type:ticket \"customer type:user\"");
        assert!(!query.wants("user"));
    }
}
