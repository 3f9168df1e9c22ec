//! The org's OAuth endpoints: token, authorize, revoke, introspect, userinfo. Answers for grants; tokens are in
//! `tokens`. Sources: OAuth 2.0 Web Server, Refresh Token, JWT Bearer and Client Credentials Flow; Rotate Refresh
//! Tokens; Revoke OAuth Tokens; OpenID Connect Token Introspection (all help.salesforce.com).

use std::collections::HashSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::state::{State, USER_ID};
use super::tokens::{APPS, App, Flow};
use crate::auth::{Claims, Form, client, pkce_matches};
use crate::credentials::{SALESFORCE_JWT_CLIENT_ID, SALESFORCE_JWT_PRIVATE_KEY, SALESFORCE_USERNAME};
use crate::exchange::{Answer, Request};

/// An assertion may end this far ahead at most.
const ASSERTION_SECONDS: i64 = 3 * 60;
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The org of every id URL.
const ORG_ID: &str = "00Dxx0000001gPLEAY";

/// How the consent page answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    Granted,
    Denied,
    /// The right answer with somebody else's issuer (the mix-up attack of RFC 9207).
    WrongIssuer,
    NoIssuer,
    /// The right answer with a state nobody sent.
    WrongState,
}

/// What the user and the administrator decide, as knobs.
pub(super) struct Policy {
    pub(super) consent: Consent,
    /// The scope every grant answers, instead of the app's own.
    pub(super) scope: Option<String>,
    /// Apps without consent; none of the strings is an app's id when all apps lost it.
    revoked: HashSet<String>,
    all_revoked: bool,
}

impl Policy {
    pub(super) fn seed() -> Self {
        Self { consent: Consent::Granted, scope: None, revoked: HashSet::new(), all_revoked: false }
    }

    pub(super) fn revoke(&mut self, app: Option<&str>) {
        match app {
            Some(app) => {
                self.revoked.insert(app.to_owned());
            }
            None => self.all_revoked = true,
        }
    }

    pub(super) fn approve(&mut self) {
        self.revoked.clear();
        self.all_revoked = false;
    }

    fn approves(&self, app: &App) -> bool {
        !self.all_revoked && !self.revoked.contains(app.id)
    }
}

/// A refusal in the form of RFC 6749, section 5.2.
struct Refusal {
    error: &'static str,
    description: &'static str,
    violation: Option<String>,
}

/// What the documentation allows and the org refuses all the same: a wrong secret, a dead token.
fn refusal(error: &'static str, description: &'static str) -> Refusal {
    Refusal { error, description, violation: None }
}

/// What the documentation does not allow.
fn wrong(error: &'static str, description: &'static str, violation: impl Into<String>) -> Refusal {
    Refusal { error, description, violation: Some(violation.into()) }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let answer = failure(400, refusal.error, refusal.description);
        match refusal.violation {
            Some(violation) => answer.with_violation(violation),
            None => answer,
        }
    }
}

pub(super) fn failure(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": description }))
        .with_header("cache-control", "no-cache, no-store")
}

/// One OAuth request.
pub(super) struct Exchange<'a> {
    pub(super) request: &'a Request,
    pub(super) state: &'a mut State,
    pub(super) base_url: &'a str,
    pub(super) now: Timestamp,
}

impl Exchange<'_> {
    /// The answer, or none when there is no such endpoint.
    pub(super) fn answer(mut self, endpoint: &str) -> Option<Answer> {
        let result = match (self.request.method.as_str(), endpoint) {
            ("POST", "token") => self.token(),
            ("GET", "authorize") => self.authorize(),
            ("POST", "revoke") => self.revoke(),
            ("POST", "introspect") => self.introspect(),
            ("GET", "userinfo") => Ok(self.userinfo()),
            _ => return None,
        };
        Some(result.unwrap_or_else(Answer::from))
    }

    fn token(&mut self) -> Result<Answer, Refusal> {
        let unreadable = |violation| wrong("unsupported_grant_type", "grant type not supported", violation);
        let form = Form::read(self.request).map_err(unreadable)?;
        if form.get("format").is_some_and(|format| format != "json") {
            return Err(wrong("invalid_request", "format not simulated", "format is not json"));
        }
        let (answer, known): (Answer, &[&str]) = match form.get("grant_type") {
            Some("authorization_code") => (self.authorization_code(&form)?, &["code", "redirect_uri", "code_verifier"]),
            Some("refresh_token") => (self.refresh_token(&form)?, &["refresh_token"]),
            Some("client_credentials") => (self.client_credentials(&form)?, &[]),
            Some(JWT_BEARER) => (self.jwt_bearer(&form)?, &["assertion"]),
            Some(other) => return Err(unreadable(format!("unknown grant_type {other}"))),
            None => return Err(unreadable("no grant_type".to_owned())),
        };
        let known = [known, &["grant_type", "client_id", "client_secret", "format"]].concat();
        Ok(answer.with_violations(form.unknown(&known)))
    }

    /// The connected app that asks, authenticated by its secret.
    fn app(&self, form: &Form) -> Result<&'static App, Refusal> {
        let client = client(self.request, form)
            .map_err(|violation| wrong("invalid_request", "client authentication is malformed", violation))?;
        let app = APPS
            .iter()
            .find(|app| app.id == client.id)
            .ok_or_else(|| refusal("invalid_client_id", "client identifier invalid"))?;
        match (app.secret, client.secret.as_deref()) {
            (Some(known), Some(given)) if known == given => Ok(app),
            _ => Err(refusal("invalid_client", "invalid client credentials")),
        }
    }

    fn refresh_token(&mut self, form: &Form) -> Result<Answer, Refusal> {
        let app = self.app(form)?;
        let Flow::Web { rotates } = app.flow else {
            return Err(wrong("invalid_grant", "refresh flow not enabled", "the app has no refresh token flow"));
        };
        let Some(token) = form.get("refresh_token") else {
            return Err(wrong("invalid_request", "missing required field: refresh_token", "no refresh_token"));
        };
        let dead = || refusal("invalid_grant", "expired access/refresh token");
        if !self.state.policy.approves(app) {
            return Err(dead());
        }
        let granted = self.state.tokens.refreshable(token, app.id).ok_or_else(dead)?;
        let fresh = rotates.then(|| self.state.tokens.rotate(token, app.id, &granted));
        let parent = fresh.as_deref().unwrap_or(token).to_owned();
        Ok(self.grant(app, &granted, Some(&parent), fresh))
    }

    fn authorization_code(&mut self, form: &Form) -> Result<Answer, Refusal> {
        let app = self.app(form)?;
        for name in ["code", "redirect_uri", "code_verifier"] {
            if form.get(name).is_none() {
                return Err(wrong("invalid_request", "a required field is missing", format!("no {name}")));
            }
        }
        let text = |name| form.get(name).unwrap_or_default();
        let Some(code) = self.state.tokens.redeem(text("code"), self.now) else {
            return Err(refusal("invalid_grant", "expired authorization code"));
        };
        if code.client != app.id {
            return Err(wrong("invalid_grant", "invalid authorization code", "the code belongs to another client"));
        }
        if code.redirect_uri != text("redirect_uri") {
            let violation = "redirect_uri is not the one of the authorization request";
            return Err(wrong("redirect_uri_mismatch", "redirect_uri must match configuration", violation));
        }
        if !pkce_matches(&code.challenge, text("code_verifier")) {
            return Err(wrong("invalid_grant", "invalid code verifier", "code_verifier does not match"));
        }
        let refreshes = code.scope.split(' ').any(|scope| matches!(scope, "refresh_token" | "offline_access"));
        let fresh = refreshes.then(|| self.state.tokens.issue_refresh(app.id, &code.scope));
        Ok(self.grant(app, &code.scope, fresh.clone().as_deref(), fresh))
    }

    fn client_credentials(&mut self, form: &Form) -> Result<Answer, Refusal> {
        let app = self.app(form)?;
        if app.flow != Flow::ClientCredentials {
            return Err(refusal("invalid_grant", "no client credentials user enabled"));
        }
        if !self.state.policy.approves(app) {
            return Err(refusal("invalid_grant", "user hasn't approved this consumer"));
        }
        Ok(self.grant(app, "api", None, None))
    }

    fn jwt_bearer(&mut self, form: &Form) -> Result<Answer, Refusal> {
        let malformed = |violation| wrong("invalid_grant", "invalid assertion", violation);
        let assertion = form.get("assertion").ok_or_else(|| malformed("no assertion".to_owned()))?;
        let claims = Claims::read(assertion).map_err(malformed)?;
        let known = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"];
        if let Some(name) = claims.members.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(malformed(format!("unknown claim {name}")));
        }
        let Some(app) = APPS.iter().find(|app| Some(app.id) == claims.text("iss")) else {
            return Err(refusal("invalid_client_id", "client identifier invalid"));
        };
        if app.id != SALESFORCE_JWT_CLIENT_ID || !claims.signed_by(SALESFORCE_JWT_PRIVATE_KEY) {
            return Err(refusal("invalid_grant", "invalid assertion"));
        }
        let audiences = ["https://login.salesforce.com", "https://test.salesforce.com", self.base_url];
        if !claims.text("aud").is_some_and(|audience| audiences.contains(&audience)) {
            let violation = "aud is neither login.salesforce.com, test.salesforce.com nor this site";
            return Err(wrong("invalid_grant", "audience is invalid", violation));
        }
        let Some(ends) = claims.members.get("exp").and_then(Value::as_i64) else {
            return Err(malformed("exp is no whole number of seconds".to_owned()));
        };
        // Both depend on the clocks of both sides, so neither is a violation.
        let left = ends.saturating_sub(self.now.as_second());
        if left <= 0 {
            return Err(refusal("invalid_grant", "assertion expired"));
        }
        if left > ASSERTION_SECONDS {
            return Err(refusal("invalid_grant", "assertion expires too far in the future"));
        }
        if claims.text("sub") != Some(SALESFORCE_USERNAME) || !self.state.policy.approves(app) {
            return Err(refusal("invalid_grant", "user hasn't approved this consumer"));
        }
        Ok(self.grant(app, "api", None, None))
    }

    /// Issues an access token. There is no `expires_in`: the session timeout is the org's own secret.
    fn grant(&mut self, app: &'static App, scope: &str, parent: Option<&str>, refresh: Option<String>) -> Answer {
        let scope = self.state.policy.scope.clone().unwrap_or_else(|| scope.to_owned());
        let access = self.state.tokens.issue_access(app.id, &scope, parent, self.now);
        let id = format!("{}/id/{ORG_ID}/{USER_ID}", self.base_url);
        let issued_at = self.now.as_millisecond().to_string();
        // The signature is over id and issued_at, with the client's secret.
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, app.secret.unwrap_or_default().as_bytes());
        let signature = ring::hmac::sign(&key, format!("{id}{issued_at}").as_bytes());
        let mut body = json!({
            "access_token": access,
            "signature": BASE64_STANDARD.encode(signature.as_ref()),
            "scope": scope,
            "instance_url": self.base_url,
            "id": id,
            "token_type": "Bearer",
            "issued_at": issued_at,
        });
        if let Some(refresh) = refresh {
            body["refresh_token"] = refresh.into();
        }
        Answer::json(200, &body).with_header("cache-control", "no-cache, no-store")
    }

    /// Consents at once and sends the browser back, as the knob says. What is wrong with the client or with where it
    /// wants the browser sent is not told to that place (RFC 6749, section 4.1.2.1).
    fn authorize(&mut self) -> Result<Answer, Refusal> {
        let form = Form::of(self.request.pairs())
            .map_err(|violation| wrong("invalid_request", "malformed request", violation))?;
        let app = APPS.iter().find(|app| Some(app.id) == form.get("client_id"));
        let Some(app) = app.filter(|app| matches!(app.flow, Flow::Web { .. })) else {
            return Err(refusal("invalid_client_id", "client identifier invalid"));
        };
        let redirect_uri = form.get("redirect_uri").unwrap_or_default();
        let Some(mut target) = loopback(redirect_uri) else {
            let violation = "redirect_uri is no http address on the loopback interface";
            return Err(wrong("redirect_uri_mismatch", "redirect_uri must match configuration", violation));
        };
        let mut violations = form.unknown(&[
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "code_challenge",
            "code_challenge_method",
            "prompt",
            "login_hint",
            "display",
        ]);
        if form.get("state").is_none() {
            violations.push("no state".to_owned());
        }
        let challenge = form.get("code_challenge").unwrap_or_default();
        let refused = if form.get("response_type") != Some("code") {
            Some(("unsupported_response_type", "response type not supported"))
        } else if challenge.len() != 43 || form.get("code_challenge_method").is_some_and(|method| method != "S256") {
            Some(("invalid_request", "missing required code challenge"))
        } else {
            None
        };
        violations.extend(refused.map(|(_, description)| description.to_owned()));
        let consent = self.state.policy.consent;
        let denied = (consent == Consent::Denied).then_some(("access_denied", "end-user denied authorization"));
        let scope = form.get("scope").unwrap_or("api refresh_token");
        let code = self.state.tokens.issue_code(app.id, redirect_uri, challenge, scope, self.now);
        {
            let mut pairs = target.query_pairs_mut();
            match refused.or(denied) {
                Some((error, description)) => {
                    pairs.append_pair("error", error).append_pair("error_description", description)
                }
                None => pairs.append_pair("code", &code),
            };
            match consent {
                Consent::WrongState => pairs.append_pair("state", "a-state-nobody-sent"),
                _ => pairs.append_pair("state", form.get("state").unwrap_or_default()),
            };
            match consent {
                Consent::WrongIssuer => pairs.append_pair("iss", "https://attacker.example.com"),
                Consent::NoIssuer => &mut pairs,
                _ => pairs.append_pair("iss", self.base_url),
            };
        }
        if refused.or(denied).is_none() {
            self.state.policy.approve();
        }
        Ok(Answer::of(302, "text/html", "").with_header("location", target.as_str()).with_violations(violations))
    }

    fn revoke(&mut self) -> Result<Answer, Refusal> {
        let form =
            Form::read(self.request).map_err(|violation| wrong("invalid_request", "malformed request", violation))?;
        let violations = form.unknown(&["token", "token_type_hint"]);
        let token = form.get("token").ok_or_else(|| wrong("invalid_request", "no token", "no token"))?;
        if !self.state.tokens.revoke(token) {
            return Err(refusal("invalid_token", "the specified token is invalid"));
        }
        Ok(Answer::of(200, "text/html", "").with_violations(violations))
    }

    fn introspect(&mut self) -> Result<Answer, Refusal> {
        let form =
            Form::read(self.request).map_err(|violation| wrong("invalid_request", "malformed request", violation))?;
        let app = self.app(&form)?;
        let violations = form.unknown(&["token", "token_type_hint", "client_id", "client_secret"]);
        let token = form.get("token").unwrap_or_default();
        let access = self.state.tokens.access(token, self.now).filter(|access| access.client == app.id);
        let body = match access {
            Some(access) => json!({
                "active": true,
                "scope": access.scope,
                "client_id": access.client,
                "username": SALESFORCE_USERNAME,
                "sub": format!("{}/id/{ORG_ID}/{USER_ID}", self.base_url),
                "token_type": "access_token",
                "exp": access.expires.as_second(),
                "iat": access.issued.as_second(),
                "nbf": access.issued.as_second(),
            }),
            None if self.state.tokens.refreshable(token, app.id).is_some() => {
                json!({ "active": true, "client_id": app.id, "token_type": "refresh_token" })
            }
            None => json!({ "active": false }),
        };
        Ok(Answer::json(200, &body).with_violations(violations))
    }

    fn userinfo(&self) -> Answer {
        let token = self.request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        match token.and_then(|token| self.state.tokens.access(token, self.now)) {
            // The documentation gives this endpoint a refusal of its own, in plain text.
            None => Answer::of(403, "text/plain", "Bad_OAuth_Token"),
            Some(_) => Answer::json(
                200,
                &json!({
                    "sub": format!("{}/id/{ORG_ID}/{USER_ID}", self.base_url),
                    "user_id": USER_ID,
                    "organization_id": ORG_ID,
                    "preferred_username": SALESFORCE_USERNAME,
                    "name": "Integration User",
                    "email": SALESFORCE_USERNAME,
                    "zoneinfo": "America/Los_Angeles",
                }),
            ),
        }
    }
}

/// Native apps are sent back to a port of their own on the loopback interface (RFC 8252, section 7.3).
fn loopback(redirect_uri: &str) -> Option<url::Url> {
    let url = url::Url::parse(redirect_uri).ok()?;
    let local = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    (url.scheme() == "http" && local && url.fragment().is_none()).then_some(url)
}
