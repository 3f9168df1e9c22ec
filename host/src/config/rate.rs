//! `[connection.NAME.rate.ENDPOINT]`: what the vendor allows this connection, where its plan is not the one that the
//! manifest was written for. A manifest knows which windows there are and where the system tells of them; the operator
//! knows what was bought.
//!
//! ```toml
//! [connection.shop-eu.rate.admin.window.rest]
//! limit = 80
//! ```

use std::collections::BTreeMap;

use jackfield_core::rate::{Kind, Rate, WindowRule};
use serde::Deserialize;
use toml::Spanned;

use super::Complaints;

/// One endpoint's budget. What is not written is the manifest's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateSection {
    /// How long a request may wait for room, in milliseconds.
    pub wait_ms_max: Option<u64>,
    /// How long to stay away after a `429` that says nothing, in milliseconds.
    pub pause_ms: Option<u64>,
    /// Windows by name.
    pub window: BTreeMap<String, Spanned<WindowSection>>,
}

/// One window. A limit that is written here is not exceeded, whatever the system
/// tells of its own; what the system tells of the use, by whoever, counts against it. A name that the manifest does not have is a window of the operator's own, which counts every request of
/// the endpoint; it needs both numbers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WindowSection {
    /// The weight that it allows.
    pub limit: Option<u64>,
    /// Its length, in milliseconds.
    pub length_ms: Option<u64>,
}

impl RateSection {
    /// The manifest's budget as the operator has it.
    pub fn over(&self, place: &Place<'_>, rate: &Rate, complaints: &mut Complaints) -> Rate {
        let mut rate = rate.clone();
        rate.wait_ms_max = self.wait_ms_max.unwrap_or(rate.wait_ms_max);
        rate.pause_ms = self.pause_ms.unwrap_or(rate.pause_ms);
        for (name, written) in &self.window {
            let WindowSection { limit, length_ms } = *written.get_ref();
            let known = rate.window.iter_mut().find(|rule| rule.name == *name);
            match (known, limit, length_ms) {
                (Some(rule), limit, length_ms) => {
                    rule.length_ms = length_ms.unwrap_or(rule.length_ms);
                    if let Some(limit) = limit {
                        rule.limit = limit;
                        // Also where the account has more: the rest is for somebody else.
                        rule.limit_max = Some(limit);
                    }
                }
                (None, Some(limit), Some(length_ms)) => rate.window.push(WindowRule {
                    name: name.clone(),
                    kind: Kind::Moving,
                    limit,
                    limit_max: Some(limit),
                    length_ms,
                    only: Vec::new(),
                    told: None,
                    told_in_body: None,
                }),
                (None, _, _) => {
                    let known: Vec<_> = rate.window.iter().map(|rule| format!("`{}`", rule.name)).collect();
                    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                    complaints.push(
                        Some(written.span()),
                        format!("{place} has no window `{name}`"),
                        format!("it has {known}; a window of your own needs `limit` and `length_ms`"),
                    );
                }
            }
        }
        if let Err(why) = rate.check() {
            let hint = "see `[endpoint.NAME.rate]` of the connector; times are in milliseconds";
            complaints.push(Some(place.span.clone()), format!("{place}: {why}"), hint);
        }
        rate
    }
}

/// Whose budget it is, for complaints.
#[derive(Clone, Debug)]
pub struct Place<'p> {
    /// Of the connection.
    pub connection: &'p str,
    /// Of the endpoint.
    pub endpoint: &'p str,
    /// Of the section.
    pub span: std::ops::Range<usize>,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`rate.{}` of connection `{}`", self.endpoint, self.connection)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;

    fn over(section: &str) -> (Rate, Vec<String>) {
        let manifest: Rate = toml::from_str(
            "wait_ms_max = 3000\n[[window]]\nname = \"rest\"\nlimit = 40\nlength_ms = 20000\nkind = \"bucket\"\n\
             told = { used = \"x-calls\", limit = \"x-limit\" }\n",
        )
        .unwrap();
        let section: RateSection = toml::from_str(section).unwrap();
        let source = Source { path: "jackfield.toml".into(), text: String::new() };
        let mut complaints = Complaints::new(source);
        let place = Place { connection: "shop", endpoint: "admin", span: 0..0 };
        let rate = section.over(&place, &manifest, &mut complaints);
        (rate, complaints.list().iter().map(|c| format!("{}; {}", c.message, c.hint)).collect())
    }

    #[test]
    fn another_plan_changes_the_limit_and_keeps_what_the_system_tells_of_its_use() {
        let (rate, complaints) = over("pause_ms = 7\nwindow.rest = { limit = 400 }");
        assert_eq!(complaints, [""; 0]);
        let rest = &rate.window[0];
        assert_eq!((rest.limit, rest.length_ms, rest.kind), (400, 20_000, Kind::Bucket));
        assert!(rest.told.is_some() && rest.limit_max == Some(400), "the system tells of its use; the limit stands");
        assert_eq!((rate.pause_ms, rate.wait_ms_max), (7, 3_000));
    }

    #[test]
    fn an_operator_may_add_a_window_and_must_say_all_of_it() {
        let (rate, complaints) = over("window.nightly = { limit = 10, length_ms = 1000 }");
        assert_eq!((complaints.len(), rate.window.len(), rate.window[1].limit), (0, 2, 10));
        let (_, complaints) = over("window.reste = { limit = 10 }");
        let expected = "`rate.admin` of connection `shop` has no window `reste`; \
                        it has `rest`; a window of your own needs `limit` and `length_ms`";
        assert_eq!(complaints, [expected]);
        let (_, complaints) = over("window.rest = { limit = 0 }");
        assert!(complaints[0].contains("`limit` of window `rest` is between 1"), "{complaints:?}");
    }
}
