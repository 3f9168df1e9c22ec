//! Which connection answers: named in the request, else the first matching `[[route]]`, else the only one that can.
//!
//! Everything is decided when the configuration is read; a request costs one look-up.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::intent::covers;

/// One `[[route]]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteRule {
    /// `*` or one tenant.
    #[serde(default = "any")]
    pub tenant: String,
    /// `*`, `order.*` or `order.status`.
    #[serde(default = "any")]
    pub intent: String,
    /// Name of a connection.
    pub connection: String,
}

fn any() -> String {
    "*".to_owned()
}

/// A connection as routing sees it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Name of the connection.
    pub name: Arc<str>,
    /// Its tenant; only callers of that tenant reach it.
    pub tenant: Arc<str>,
    /// Intents that it serves, after its access and its own list are taken into account.
    pub intents: Vec<String>,
}

/// Why no connection answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// No connection of this tenant serves the intent.
    #[error("no connection serves this intent")]
    UnknownIntent,
    /// The named connection is not there for this tenant, or does not serve the intent.
    #[error("no such connection serves this intent")]
    UnknownConnection,
    /// Several could, and no route says which.
    #[error("several connections serve this intent: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
}

/// A table from tenant and intent to a connection.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    tenants: HashMap<Arc<str>, HashMap<String, Choice>>,
}

#[derive(Clone, Debug, Default)]
struct Choice {
    default: Option<Arc<str>>,
    serving: Vec<Arc<str>>,
}

impl Routes {
    /// Builds the table.
    pub fn new(rules: &[RouteRule], candidates: &[Candidate]) -> Routes {
        let mut tenants: HashMap<Arc<str>, HashMap<String, Choice>> = HashMap::new();
        for candidate in candidates {
            let intents = tenants.entry(candidate.tenant.clone()).or_default();
            for intent in &candidate.intents {
                intents.entry(intent.clone()).or_default().serving.push(candidate.name.clone());
            }
        }
        for (tenant, intents) in &mut tenants {
            for (intent, choice) in intents {
                let routed = rules
                    .iter()
                    .filter(|r| (r.tenant == "*" || *r.tenant == **tenant) && covers(&r.intent, intent))
                    .find_map(|r| choice.serving.iter().find(|c| ***c == *r.connection));
                choice.default = match (routed, choice.serving.as_slice()) {
                    (Some(connection), _) | (None, [connection]) => Some(connection.clone()),
                    _ => None,
                };
            }
        }
        Routes { tenants }
    }

    /// Chooses a connection.
    ///
    /// # Errors
    /// See [`RouteError`]; another tenant's connection is as unknown as a missing one.
    pub fn route(&self, tenant: &str, intent: &str, named: Option<&str>) -> Result<&Arc<str>, RouteError> {
        let choice = self.tenants.get(tenant).and_then(|t| t.get(intent)).ok_or(RouteError::UnknownIntent)?;
        match (named, &choice.default) {
            (Some(name), _) => choice.serving.iter().find(|c| ***c == *name).ok_or(RouteError::UnknownConnection),
            (None, Some(connection)) => Ok(connection),
            (None, None) => Err(RouteError::Ambiguous(choice.serving.iter().map(|c| c.to_string()).collect())),
        }
    }

    /// Intents that a tenant can ask for.
    pub fn intents(&self, tenant: &str) -> impl Iterator<Item = (&str, &[Arc<str>])> {
        self.tenants
            .get(tenant)
            .into_iter()
            .flat_map(|intents| intents.iter().map(|(name, choice)| (name.as_str(), choice.serving.as_slice())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(name: &str, tenant: &str, intents: &[&str]) -> Candidate {
        Candidate {
            name: name.into(),
            tenant: tenant.into(),
            intents: intents.iter().map(|s| (*s).to_owned()).collect(),
        }
    }

    fn rule(tenant: &str, intent: &str, connection: &str) -> RouteRule {
        RouteRule { tenant: tenant.into(), intent: intent.into(), connection: connection.into() }
    }

    fn routes() -> Routes {
        let candidates = [
            candidate("shop-eu", "acme", &["order.status", "order.search"]),
            candidate("shop-us", "acme", &["order.status", "order.search"]),
            candidate("help", "acme", &["ticket.create"]),
            candidate("shop", "other", &["order.status"]),
        ];
        Routes::new(&[rule("acme", "order.status", "shop-us"), rule("*", "ticket.*", "help")], &candidates)
    }

    #[test]
    fn the_first_matching_route_wins_and_a_single_server_needs_none() {
        let routes = routes();
        assert_eq!(&**routes.route("acme", "order.status", None).unwrap(), "shop-us");
        assert_eq!(&**routes.route("acme", "order.status", Some("shop-eu")).unwrap(), "shop-eu");
        assert_eq!(&**routes.route("other", "order.status", None).unwrap(), "shop");
    }

    #[test]
    fn without_a_route_several_servers_are_ambiguous() {
        let error = routes().route("acme", "order.search", None).unwrap_err();
        assert_eq!(error, RouteError::Ambiguous(vec!["shop-eu".into(), "shop-us".into()]));
    }

    #[test]
    fn another_tenants_connection_is_unknown() {
        assert_eq!(
            routes().route("other", "order.status", Some("shop-eu")).unwrap_err(),
            RouteError::UnknownConnection
        );
        assert_eq!(routes().route("other", "ticket.create", None).unwrap_err(), RouteError::UnknownIntent);
        assert_eq!(routes().route("nobody", "order.status", None).unwrap_err(), RouteError::UnknownIntent);
    }
}
