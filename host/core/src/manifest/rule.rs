//! One line of an endpoint's `allow`: `read GET /admin/api/*/orders.json`, optionally `graphql=query`.

use std::fmt;

use http::Method;

/// Whether a rule lets a request change the business system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Looks only. The default of a connection, too: writing is granted, never assumed.
    Read,
    /// Changes something.
    Write,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::Read => "read",
            Access::Write => "write",
        })
    }
}

/// What a GraphQL document may do. Reads and writes share one method and path, so the document itself is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Graphql {
    /// Every operation of the document is a `query`.
    Query,
    /// Mutations too.
    Mutation,
}

/// An allowed kind of request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The rule as written, for messages.
    pub text: String,
    /// 1-based line in `connector.toml`.
    pub line: usize,
    /// Removed from a connection with `access = "read"` when `Write`.
    pub access: Access,
    /// Exact method.
    pub method: Method,
    /// Path within the endpoint.
    pub path: PathPattern,
    /// Set when the body must be a GraphQL request.
    pub graphql: Option<Graphql>,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError(pub String);

impl Rule {
    /// Parses one rule.
    ///
    /// # Errors
    /// When it is not `read|write METHOD /path [graphql=query|mutation]`.
    pub fn parse(text: &str, line: usize) -> Result<Rule, RuleError> {
        let mut words = text.split_ascii_whitespace();
        let access = match words.next() {
            Some("read") => Access::Read,
            Some("write") => Access::Write,
            _ => return Err(RuleError(format!("rule `{text}` does not begin with `read` or `write`"))),
        };
        let method = match words.next() {
            Some("GET") => Method::GET,
            Some("HEAD") => Method::HEAD,
            Some("POST") => Method::POST,
            Some("PUT") => Method::PUT,
            Some("PATCH") => Method::PATCH,
            Some("DELETE") => Method::DELETE,
            other => {
                let got = other.unwrap_or("nothing");
                return Err(RuleError(format!("rule `{text}` has `{got}` where a method should stand")));
            }
        };
        let path = words.next().ok_or_else(|| RuleError(format!("rule `{text}` has no path")))?;
        let path = PathPattern::parse(path)?;
        let graphql = match words.next() {
            None => None,
            Some("graphql=query") => Some(Graphql::Query),
            Some("graphql=mutation") => Some(Graphql::Mutation),
            Some(other) => return Err(RuleError(format!("rule `{text}` ends in `{other}`, which means nothing"))),
        };
        if words.next().is_some() {
            return Err(RuleError(format!("rule `{text}` has too many words")));
        }
        if access == Access::Read && graphql == Some(Graphql::Mutation) {
            return Err(RuleError(format!("rule `{text}` calls a mutation a read")));
        }
        Ok(Rule { text: text.to_owned(), line, access, method, path, graphql })
    }

    /// Whether every request that `other` allows is allowed by this rule too, and means no more to the system.
    pub fn covers(&self, other: &Rule) -> bool {
        let graphql = match (self.graphql, other.graphql) {
            // Without a word on GraphQL any body may be sent.
            (None, _) | (Some(Graphql::Mutation), Some(_)) => true,
            (Some(Graphql::Query), document) => document == Some(Graphql::Query),
            (Some(Graphql::Mutation), None) => false,
        };
        // A read may be sent by every connection, a write only where the operator says so.
        graphql && self.access <= other.access && self.method == other.method && self.path.covers(&other.path)
    }
}

/// A path of literal segments, `*` for exactly one segment and, at the end only, `**` for one or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// `*` with literal text around it, such as `*.json` or `SalesOrder('*')`; never matches an empty text.
    One {
        before: String,
        after: String,
    },
    Rest,
}

impl PathPattern {
    pub(crate) fn parse(text: &str) -> Result<PathPattern, RuleError> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(RuleError(format!("path `{text}` does not begin with `/`")));
        };
        let parts: Vec<&str> = rest.split('/').collect();
        let mut segments = Vec::with_capacity(parts.len());
        for (i, part) in parts.iter().enumerate() {
            let last = i + 1 == parts.len();
            segments.push(match *part {
                "**" if last => Segment::Rest,
                "" if !last || parts.len() > 1 => {
                    return Err(RuleError(format!("path `{text}` has an empty segment")));
                }
                "." | ".." => return Err(RuleError(format!("path `{text}` has a dot segment"))),
                part if part.contains("**") => {
                    return Err(RuleError(format!("path `{text}` has `**` before its end")));
                }
                part => match part.split_once('*') {
                    None => Segment::Literal(part.to_owned()),
                    Some((_, after)) if after.contains('*') => {
                        return Err(RuleError(format!("path `{text}` has two `*` in one segment")));
                    }
                    Some((before, after)) => Segment::One { before: before.to_owned(), after: after.to_owned() },
                },
            });
        }
        Ok(PathPattern { segments })
    }

    /// Whether every path that `other` matches is matched by this one too. Where nobody can tell it is not.
    pub fn covers(&self, other: &PathPattern) -> bool {
        let mut theirs = other.segments.as_slice();
        for segment in &self.segments {
            let Some((first, rest)) = theirs.split_first() else { return false };
            let covered = match (segment, first) {
                (Segment::Rest, _) => return true,
                (_, Segment::Rest) => false,
                (Segment::Literal(ours), Segment::Literal(theirs)) => ours == theirs,
                (Segment::Literal(_), Segment::One { .. }) => false,
                (Segment::One { before, after }, Segment::Literal(theirs)) => theirs
                    .strip_prefix(before.as_str())
                    .and_then(|text| text.strip_suffix(after.as_str()))
                    .is_some_and(|middle| !middle.is_empty()),
                (Segment::One { before, after }, Segment::One { before: theirs, after: end }) => {
                    theirs.starts_with(before.as_str()) && end.ends_with(after.as_str())
                }
            };
            if !covered {
                return false;
            }
            theirs = rest;
        }
        theirs.is_empty()
    }

    /// Whether the decoded segments of a path match.
    pub fn matches(&self, path: &[&str]) -> bool {
        let mut rest = path;
        for segment in &self.segments {
            let Some((first, tail)) = rest.split_first() else { return false };
            let fits = match segment {
                Segment::Rest => return rest.iter().all(|s| !s.is_empty()),
                Segment::Literal(literal) => literal == first,
                Segment::One { before, after } => first
                    .strip_prefix(before.as_str())
                    .and_then(|s| s.strip_suffix(after.as_str()))
                    .is_some_and(|middle| !middle.is_empty()),
            };
            if !fits {
                return false;
            }
            rest = tail;
        }
        rest.is_empty()
    }
}
