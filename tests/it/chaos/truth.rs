//! What became of every call in the business systems, held against what the bot was told.

use std::collections::{BTreeMap, BTreeSet};

use jackfield_mocks::{Entry, Mocks};

use super::bot::{Asked, Told, What};

/// Everything that is wrong.
pub(super) fn complaints(mocks: &Mocks, before: &BTreeMap<String, usize>, told: &[(Asked, Told)]) -> Vec<String> {
    let made = Made::of(mocks);
    let mut wrong = Vec::new();
    for (asked, told) in told {
        let name = format!("{:?} {}", asked.what, asked.number);
        if let Told::Lost(why) = told {
            wrong.push(format!("{name} is lost: {why}"));
        }
        let count = match asked.what {
            What::Read | What::ReadJob => continue,
            What::Ticket | What::TicketJob => made.tickets.get(&asked.mark()).map_or(0, BTreeSet::len),
            What::Lead => made.leads.get(&asked.mark()).map_or(0, BTreeSet::len),
            What::Message => made.about(&asked.mark()),
        };
        match (told, count) {
            (Told::Done | Told::Taken(_), 1) | (Told::Failed(_), 0) | (Told::Unknown, 0 | 1) => {}
            (told, count) => wrong.push(format!("{name} is told {told:?}, and is there {count} times")),
        }
        if let Told::Taken(reference) = told
            && made.referring(reference) != 1
        {
            wrong.push(format!("{name}: {} tickets name {reference}", made.referring(reference)));
        }
    }
    // By the systems' own count, which knows nothing of marks and keys.
    let now = mocks.census();
    for (kind, made) in [("zendesk/tickets", made.tickets.len()), ("salesforce/Lead", made.leads.len())] {
        let added = now[kind] - before[kind];
        if added != made {
            wrong.push(format!("{added} {kind} were added for {made} calls and messages"));
        }
    }
    wrong
}

/// What the systems made: by what they were told, the keys under which they made it. Under one key a system makes one.
struct Made {
    tickets: BTreeMap<String, BTreeSet<String>>,
    leads: BTreeMap<String, BTreeSet<String>>,
    /// What the tickets of messages say.
    messages: BTreeMap<String, BTreeSet<String>>,
}

impl Made {
    fn of(mocks: &Mocks) -> Made {
        let mut made = Made { tickets: BTreeMap::new(), leads: BTreeMap::new(), messages: BTreeMap::new() };
        let processed = |entry: &Entry| entry.processed.is_some_and(|status| status < 300);
        for entry in mocks.journal("zendesk").iter().filter(|entry| entry.method == "POST" && processed(entry)) {
            let ticket = entry.json.as_ref().map(|json| &json["ticket"]).cloned().unwrap_or_default();
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let (subject, body) = (text(&ticket["subject"]), text(&ticket["comment"]["body"]));
            // Without a key each request is a ticket of its own.
            let key = header(entry, "idempotency-key").unwrap_or_else(|| format!("request {}", entry.seq));
            if !subject.starts_with("chaos-") {
                made.messages.entry(body.clone()).or_default().insert(key.clone());
            }
            let name = if subject.starts_with("chaos-") { subject } else { body };
            made.tickets.entry(name).or_default().insert(key);
        }
        for entry in mocks.journal("salesforce").iter().filter(|entry| entry.path.contains("/sobjects/Lead")) {
            if matches!(entry.method.as_str(), "PATCH" | "POST") && processed(entry) {
                let name = entry.json.as_ref().and_then(|json| json["LastName"].as_str()).unwrap_or_default();
                let key = match entry.method.as_str() {
                    "PATCH" => entry.path.clone(),
                    _ => format!("request {}", entry.seq),
                };
                made.leads.entry(name.to_owned()).or_default().insert(key);
            }
        }
        made
    }

    /// Tickets of messages that are about something.
    fn about(&self, mark: &str) -> usize {
        self.messages.iter().filter(|(body, _)| body.to_lowercase().contains(mark)).map(|(_, keys)| keys.len()).sum()
    }

    /// Tickets of messages that name a reference.
    fn referring(&self, reference: &str) -> usize {
        self.messages.iter().filter(|(body, _)| body.contains(reference)).map(|(_, keys)| keys.len()).sum()
    }
}

fn header(entry: &Entry, name: &str) -> Option<String> {
    entry.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}
