//! The base URL of an endpoint, made of the manifest's template and the connection's settings, once.

use serde_json::Value;
use url::Url;

use super::{ConnectionGrant, GrantError};
use crate::manifest::USER_TEXTS;

/// Resolves an endpoint's base URL. A setting can fill in a label of the host name, never change what the URL is.
pub(super) fn url(template: &str, connection: &ConnectionGrant<'_>) -> Result<Url, GrantError> {
    let overridden = connection.settings.get("base_url").and_then(Value::as_str);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let text = match overridden {
        Some(base) => base.to_owned(),
        None => fill(template, connection.settings, |value| value.chars().all(plain) || template.starts_with('{'))?,
    };
    let problem = |message: String, hint: &str| GrantError { message, hint: hint.to_owned() };
    let url = Url::parse(&text).map_err(|e| problem(format!("base URL `{text}`: {e}"), "write scheme and host"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(problem(
            format!("the base URL of connection `{}` holds a user or password", connection.name),
            "credentials stand under `secrets`",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() || url.host_str().is_none() {
        return Err(problem(
            format!("base URL `{text}` is not an origin with an optional path"),
            "drop what follows the path",
        ));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if connection.network.allow_insecure => Ok(url),
        "http" => Err(problem(
            format!("base URL `{text}` is plain HTTP"),
            "use https, or for a test system set `allow_insecure = true` on the connection",
        )),
        other => Err(problem(format!("base URL `{text}` has the scheme `{other}`"), "use https")),
    }
}

/// Resolves a token or authorization URL. `login_url` stands for its origin, as `base_url` does for an endpoint's.
pub(super) fn login(template: &str, connection: &ConnectionGrant<'_>) -> Result<String, GrantError> {
    let problem = |message: String, hint: &str| GrantError { message, hint: hint.to_owned() };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let text = fill(template, connection.settings, |value| value.chars().all(plain) || template.starts_with('{'))?;
    let parsed = Url::parse(&text).map_err(|e| problem(format!("`{text}`: {e}"), "write scheme, host and path"))?;
    let url = match connection.settings.get("login_url").and_then(Value::as_str) {
        None => parsed,
        Some(origin) => {
            let moved = format!("{}{}", origin.trim_end_matches('/'), &parsed[url::Position::BeforePath..]);
            Url::parse(&moved)
                .map_err(|e| problem(format!("`{moved}`: {e}"), "write scheme and host of `login_url`"))?
        }
    };
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() || url.host_str().is_none() {
        return Err(problem(format!("`{url}` is no URL to get tokens from"), "scheme, host and path, nothing else"));
    }
    match url.scheme() {
        "https" => Ok(url.into()),
        "http" if connection.network.allow_insecure => Ok(url.into()),
        _ => Err(problem(
            format!("`{url}` would carry credentials in the clear"),
            "use https, or for a test system set `allow_insecure = true` on the connection",
        )),
    }
}

/// Fills `{setting}` in a template; what it says about the user stays.
pub(super) fn fill(template: &str, settings: &Value, acceptable: impl Fn(&str) -> bool) -> Result<String, GrantError> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        // Who is in the chat is known with the call.
        if USER_TEXTS.contains(&name) {
            out.extend(["{", name, "}"]);
            rest = tail;
            continue;
        }
        let value = settings.get(name).and_then(Value::as_str).ok_or_else(|| GrantError {
            message: format!("`{template}` needs the setting `{name}`"),
            hint: format!("add `{name} = \"...\"` to the connection's settings"),
        })?;
        if !acceptable(value) {
            return Err(GrantError {
                message: format!("the setting `{name}` has characters that cannot stand in a host name"),
                hint: "letters, digits, `.`, `-` and `_`".to_owned(),
            });
        }
        out.push_str(value);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}
