//! The company's token endpoint: SAML bearer, which answers the same token while it lives; and the check of a token.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{State, Token};
use crate::auth::saml::{Assertion, Failure};
use crate::auth::{Form, random};
use crate::credentials::{
    SUCCESSFACTORS_API_KEY, SUCCESSFACTORS_AUDIENCE, SUCCESSFACTORS_COMPANY, SUCCESSFACTORS_SAML_PRIVATE_KEY,
};
use crate::exchange::{Answer, Request};

pub(super) const PATH: &str = "/oauth/token";
const SAML_BEARER: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

pub(super) fn failure(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": description }))
}

/// What the documentation does not allow.
fn wrong(error: &str, violation: &str) -> Answer {
    failure(400, error, violation).with_violation(violation)
}

pub(super) fn token(request: &Request, state: &mut State, base_url: &str) -> Answer {
    grant(request, state, base_url).unwrap_or_else(|answer| answer)
}

fn grant(request: &Request, state: &mut State, base_url: &str) -> Result<Answer, Answer> {
    let form = Form::read(request).map_err(|violation| wrong("invalid_request", &violation))?;
    if form.get("grant_type") != Some(SAML_BEARER) {
        return Err(wrong("unsupported_grant_type", "grant_type is not saml2-bearer"));
    }
    if form.get("company_id") != Some(SUCCESSFACTORS_COMPANY) {
        return Err(failure(401, "invalid_client", "Unknown company"));
    }
    if form.get("client_id") != Some(SUCCESSFACTORS_API_KEY) || state.revoked {
        return Err(failure(401, "invalid_client", "Unknown or disabled API key"));
    }
    let user = identify(&form, state, base_url)?;
    let now = state.clock.now();
    state.tokens.retain(|_, token| now < token.expires);
    // A user has one token at a time: asking again answers it with the seconds it has left.
    let known =
        state.tokens.iter().find(|(_, token)| token.user == user).map(|(text, token)| (text.clone(), token.expires));
    let (text, expires) = match known {
        Some(known) => known,
        None => {
            let text = format!("sf{:06}.{}", state.unique(), random());
            let expires = now.checked_add(SignedDuration::from_secs(state.life_seconds)).unwrap_or(now);
            state.tokens.insert(text.clone(), Token { user, expires });
            (text, expires)
        }
    };
    let left = expires.as_second() - now.as_second();
    let body = json!({ "access_token": text, "token_type": "Bearer", "expires_in": left });
    let known = ["grant_type", "company_id", "client_id", "assertion"];
    Ok(Answer::json(200, &body).with_violations(form.unknown(&known)))
}

/// The user id of whom the assertion names, after every check.
fn identify(form: &Form, state: &State, base_url: &str) -> Result<String, Answer> {
    let encoded = form.get("assertion").ok_or_else(|| wrong("invalid_request", "no assertion"))?;
    let xml = BASE64_STANDARD.decode(encoded).map_err(|_| wrong("invalid_grant", "the assertion is not base64"))?;
    let refused = |description: &str| failure(400, "invalid_grant", description);
    let assertion = Assertion::verify(&xml, SUCCESSFACTORS_SAML_PRIVATE_KEY).map_err(|failure| match failure {
        Failure::Malformed(violation) => wrong("invalid_grant", &violation),
        Failure::Untrusted => refused("The signature of the assertion cannot be verified"),
    })?;
    if ![SUCCESSFACTORS_AUDIENCE, SUCCESSFACTORS_API_KEY].contains(&assertion.issuer.as_str()) {
        return Err(refused("Unknown issuer"));
    }
    if assertion.audience != SUCCESSFACTORS_AUDIENCE {
        return Err(wrong("invalid_grant", "the Audience is not www.successfactors.com"));
    }
    if assertion.recipient != format!("{base_url}{PATH}") {
        return Err(wrong("invalid_grant", "the Recipient is not the token endpoint"));
    }
    if assertion.attribute("api_key") != Some(SUCCESSFACTORS_API_KEY) {
        return Err(wrong("invalid_grant", "the attribute api_key is not the API key"));
    }
    if !assertion.is_current(state.clock.now()) {
        return Err(refused("The assertion is expired or not yet valid"));
    }
    let column = match assertion.attribute("use_username") {
        Some("true") => "username",
        Some("false") | None => "userId",
        Some(_) => return Err(wrong("invalid_grant", "the attribute use_username is neither true nor false")),
    };
    state
        .all("User")
        .find(|row| row.get(column).and_then(Value::as_str) == Some(assertion.name_id.as_str()))
        .and_then(|row| row.get("userId").and_then(Value::as_str).map(str::to_owned))
        .ok_or_else(|| refused("Unknown user"))
}

pub(super) fn validate(request: &Request, state: &State) -> Answer {
    match state.token(request) {
        None => failure(401, "invalid_token", "The token is unknown or expired"),
        Some((text, token)) => {
            let left = token.expires.as_second() - state.clock.now().as_second();
            Answer::json(200, &json!({ "access_token": text, "token_type": "Bearer", "expires_in": left }))
        }
    }
}
