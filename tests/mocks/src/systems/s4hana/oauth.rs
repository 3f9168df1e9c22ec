//! The tenant's token endpoint: client credentials and SAML bearer. Answers for grants, not for what a token may do.

use jiff::SignedDuration;
use serde_json::json;

use super::{State, Token};
use crate::auth::saml::{Assertion, Failure};
use crate::auth::{Form, client, random};
use crate::credentials::{
    S4HANA_CLIENT_ID, S4HANA_CLIENT_SECRET, S4HANA_SAML_AUDIENCE, S4HANA_SAML_ISSUER, S4HANA_SAML_PRIVATE_KEY,
    S4HANA_SAML_USER, S4HANA_USER,
};
use crate::exchange::{Answer, Request};

pub(super) const PATH: &str = "/sap/bc/sec/oauth2/token";
const SAML_BEARER: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";
/// The scopes of the simulated services.
const SCOPES: &[&str] = &[
    "API_SALES_ORDER_SRV_0001",
    "API_MATERIAL_STOCK_SRV_0001",
    "API_PURCHASEORDER_PROCESS_SRV_0001",
    "API_SUPPLIERINVOICE_PROCESS_SRV_0001",
    "API_OPLACCTGDOCITEMCUBE_SRV_0001",
    "API_BUSINESS_PARTNER_0001",
];

pub(super) fn failure(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": description }))
        .with_header("cache-control", "no-store")
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
    let client = client(request, &form).map_err(|violation| wrong("invalid_request", &violation))?;
    let known = client.id == S4HANA_CLIENT_ID && client.secret.as_deref() == Some(S4HANA_CLIENT_SECRET);
    if !known || state.revoked {
        return Err(failure(401, "invalid_client", "Client authentication failed"));
    }
    let scope = form.get("scope").map_or_else(|| SCOPES.join(" "), str::to_owned);
    if let Some(unknown) = scope.split(' ').find(|scope| !SCOPES.contains(scope)) {
        return Err(wrong("invalid_scope", &format!("unknown scope {unknown}")));
    }
    let (user, names): (&str, &[&str]) = match form.get("grant_type") {
        Some("client_credentials") => (S4HANA_USER, &[]),
        Some(SAML_BEARER) => {
            identify(&form, state, base_url)?;
            (S4HANA_SAML_USER, &["assertion"])
        }
        _ => return Err(wrong("unsupported_grant_type", "grant_type is neither client_credentials nor saml2-bearer")),
    };
    let names = [names, &["grant_type", "client_id", "client_secret", "scope"]].concat();
    let token = format!("s4h{:06}.{}", state.unique(), random());
    let now = state.clock.now();
    let expires = now.checked_add(SignedDuration::from_secs(state.life_seconds)).unwrap_or(now);
    state.tokens.insert(token.clone(), Token { user: user.to_owned(), expires });
    let body = json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": state.life_seconds,
        "scope": scope,
    });
    Ok(Answer::json(200, &body).with_header("cache-control", "no-store").with_violations(form.unknown(&names)))
}

/// Checks who the assertion names, who says so, to whom, and when.
fn identify(form: &Form, state: &State, base_url: &str) -> Result<(), Answer> {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    let encoded = form.get("assertion").ok_or_else(|| wrong("invalid_request", "no assertion"))?;
    // RFC 7522, section 2.1: base64url; padding is allowed there and may be left out.
    let xml = BASE64_URL_SAFE_NO_PAD
        .decode(encoded.trim_end_matches('='))
        .map_err(|_| wrong("invalid_grant", "the assertion is not base64url"))?;
    let refused = || failure(400, "invalid_grant", "Provided authorization grant is invalid");
    let assertion = Assertion::verify(&xml, S4HANA_SAML_PRIVATE_KEY).map_err(|failure| match failure {
        Failure::Malformed(violation) => wrong("invalid_grant", &violation),
        Failure::Untrusted => refused(),
    })?;
    if assertion.issuer != S4HANA_SAML_ISSUER {
        return Err(refused());
    }
    if assertion.audience != S4HANA_SAML_AUDIENCE {
        return Err(wrong("invalid_grant", "the Audience is another service provider"));
    }
    if assertion.recipient != format!("{base_url}{PATH}") {
        return Err(wrong("invalid_grant", "the Recipient is not the token endpoint"));
    }
    if assertion.name_id != S4HANA_SAML_USER || !assertion.is_current(state.clock.now()) {
        return Err(refused());
    }
    Ok(())
}
