//! `GET /v1/audit`: what was done with the credentials of the key's tenant. Another tenant's records are not there.

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use jackfield_core::audit::Record;
use jackfield_core::port::{Entry, Log, Store, StoreError};
use serde::Serialize;

use super::{Api, Known, json, refuse};
use crate::audit::hex;
use crate::error::{Code, Problem};
use crate::trace::Trace;

/// The scope that it needs.
pub(super) const SCOPE: &str = "audit:read";

/// Records of one answer, unless the request wants fewer or more.
const LIMIT: usize = 100;

/// Records of one answer at most.
const LIMIT_MAX: usize = 1_000;

/// Entries read from the store at once.
const ENTRIES_AT_ONCE: usize = 1_000;

/// Entries looked at for one answer: with many tenants most are another's, and an answer must not take forever.
const ENTRIES_MAX: usize = 20_000;

/// How long a caller should wait before it asks a store again that is behind, in milliseconds.
const RETRY_AFTER_MS: u32 = 1_000;

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    connection: Option<String>,
    after: u64,
    limit: Option<usize>,
}

/// A record and its place in the chain.
#[derive(Serialize)]
struct Shown {
    sequence: u64,
    digest: String,
    #[serde(flatten)]
    record: Record,
}

/// Some records, and where to go on.
#[derive(Serialize)]
struct Page {
    records: Vec<Shown>,
    /// For `after`; absent at the end of the log. There may be more even where this page has no record.
    next: Option<u64>,
}

/// `GET /v1/audit?connection=&after=&limit=`.
pub(super) async fn list(
    State(api): State<Api>,
    Extension(trace): Extension<Trace>,
    known: Known,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Response {
    let noted = known.noted();
    if !known.0.has(SCOPE) {
        return refuse(Problem::told(Code::Forbidden, format!("needs the scope `{SCOPE}`")), &trace, noted);
    }
    let asked = query.map_err(|_| "the query does not decode".to_owned()).and_then(|Query(query)| parse(&query));
    let asked = match asked {
        Ok(asked) => asked,
        Err(detail) => return refuse(Problem::told(Code::Malformed, detail), &trace, noted),
    };
    match page(&*api.app.store, &known.0.tenant, &asked).await {
        Ok(page) => match serde_json::to_vec(&page) {
            Ok(bytes) => json(bytes, noted),
            Err(error) => refuse(Problem::new(Code::Internal, error.to_string()), &trace, noted),
        },
        Err(error @ StoreError::Busy) => {
            refuse(Problem::new(Code::Overloaded, error.to_string()).retry_after(RETRY_AFTER_MS), &trace, noted)
        }
        // Not `unavailable`: that speaks of a business system.
        Err(error) => refuse(Problem::new(Code::Internal, error.to_string()), &trace, noted),
    }
}

fn parse(query: &[(String, String)]) -> Result<Asked, String> {
    let mut asked = Asked::default();
    for (name, value) in query {
        match name.as_str() {
            "connection" => asked.connection = Some(value.clone()),
            "after" => asked.after = value.parse().map_err(|_| "`after` is a sequence number".to_owned())?,
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
                asked.limit = Some(limit.ok_or_else(|| format!("`limit` is a number from 1 to {LIMIT_MAX}"))?);
            }
            _ => return Err("the query parameters here are `connection`, `after` and `limit`".to_owned()),
        }
    }
    Ok(asked)
}

async fn page(store: &dyn Store, tenant: &str, asked: &Asked) -> Result<Page, StoreError> {
    let limit = asked.limit.unwrap_or(LIMIT);
    let mut records = Vec::new();
    let mut at = asked.after;
    for _ in 0..ENTRIES_MAX / ENTRIES_AT_ONCE {
        let entries = store.entries(Log::Audit, at, ENTRIES_AT_ONCE).await?;
        let is_last = entries.len() < ENTRIES_AT_ONCE;
        for entry in entries {
            if records.len() == limit {
                return Ok(Page { records, next: Some(at) });
            }
            at = entry.sequence;
            records.extend(shown(entry, tenant, asked.connection.as_deref()));
        }
        if is_last {
            return Ok(Page { records, next: None });
        }
    }
    Ok(Page { records, next: Some(at) })
}

/// The record of an entry, if it is this tenant's. One that does not read, such as a newer version's, has no tenant that
/// could be trusted.
fn shown(entry: Entry, tenant: &str, connection: Option<&str>) -> Option<Shown> {
    let record: Record = serde_json::from_slice(&entry.body).ok()?;
    let is_wanted = record.tenant == tenant && connection.is_none_or(|wanted| wanted == record.connection);
    is_wanted.then(|| Shown { sequence: entry.sequence, digest: hex(&entry.digest), record })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jackfield_core::audit::Event;
    use jackfield_store::{Embedded, Options};

    use super::*;

    async fn store(records: impl Iterator<Item = (&'static str, &'static str)>) -> (Embedded, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let store = Embedded::open(&dir.path().join("jackfield.db"), Options::default()).unwrap();
        for (tenant, connection) in records {
            let record = Record {
                at: "2026-01-20T10:00:00.000Z".to_owned(),
                event: Event::StateChanged { state: "active".to_owned() },
                tenant: tenant.to_owned(),
                connection: connection.to_owned(),
                call_id: None,
                user: None,
                outcome: "ok".to_owned(),
            };
            store.append(Log::Audit, serde_json::to_vec(&record).unwrap().into()).unwrap();
        }
        store
            .append(Log::Audit, Bytes::from_static(b"{\"event\":\"of a newer version\",\"tenant\":\"acme\"}"))
            .unwrap();
        store.flush().await.unwrap();
        (store, dir)
    }

    fn sequences(page: &Page) -> Vec<u64> {
        page.records.iter().map(|r| r.sequence).collect()
    }

    #[tokio::test]
    async fn a_tenant_sees_its_own_records_page_by_page() {
        let (store, _dir) =
            store([("acme", "crm"), ("other", "crm"), ("acme", "shop"), ("acme", "crm")].into_iter()).await;
        let asked =
            |connection: Option<&str>, after, limit| Asked { connection: connection.map(str::to_owned), after, limit };
        let all = page(&store, "acme", &Asked::default()).await.unwrap();
        assert_eq!((sequences(&all), all.next), (vec![1, 3, 4], None));
        let first = page(&store, "acme", &asked(None, 0, Some(2))).await.unwrap();
        assert_eq!((sequences(&first), first.next), (vec![1, 3], Some(3)));
        let second = page(&store, "acme", &asked(None, 3, Some(2))).await.unwrap();
        assert_eq!((sequences(&second), second.next), (vec![4], None));
        let crm = page(&store, "acme", &asked(Some("crm"), 0, None)).await.unwrap();
        assert_eq!(sequences(&crm), [1, 4]);
        assert_eq!(sequences(&page(&store, "nobody", &Asked::default()).await.unwrap()), Vec::<u64>::new());
    }

    #[tokio::test]
    async fn an_answer_ends_also_where_nothing_is_found() {
        let (store, _dir) = store((0..ENTRIES_MAX + 10).map(|_| ("other", "crm"))).await;
        let empty = page(&store, "acme", &Asked::default()).await.unwrap();
        assert_eq!((sequences(&empty), empty.next), (vec![], Some(ENTRIES_MAX as u64)));
        let rest = page(&store, "acme", &Asked { after: ENTRIES_MAX as u64, ..Asked::default() }).await.unwrap();
        assert_eq!(rest.next, None);
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        let parse = |name: &str, value: &str| parse(&[(name.to_owned(), value.to_owned())]);
        assert_eq!(parse("after", "7").unwrap().after, 7);
        for (name, value) in [("after", "-1"), ("limit", "0"), ("limit", "1001"), ("tenant", "other")] {
            assert!(parse(name, value).unwrap_err().contains('`'), "{name}={value}");
        }
    }
}
