//! The org's tokens and codes: what was issued, to which connected app, and what is still good. Answers for no request.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::auth::random;
use crate::credentials::{
    SALESFORCE_ACCESS_TOKEN, SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET, SALESFORCE_INTEGRATION_CLIENT_ID,
    SALESFORCE_INTEGRATION_CLIENT_SECRET, SALESFORCE_JWT_CLIENT_ID, SALESFORCE_REFRESH_TOKEN,
    SALESFORCE_ROTATING_CLIENT_ID, SALESFORCE_ROTATING_CLIENT_SECRET, SALESFORCE_ROTATING_REFRESH_TOKEN,
};

/// The session timeout of a fresh org: two hours.
pub(super) const LIFE_SECONDS: i64 = 2 * 3600;
/// An authorization code is good for this long.
const CODE_SECONDS: i64 = 15 * 60;

/// Which flow a connected app has switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Authorization code and refresh token; with rotation, every refresh token is used once.
    Web {
        rotates: bool,
    },
    JwtBearer,
    ClientCredentials,
}

pub(super) struct App {
    pub(super) id: &'static str,
    pub(super) secret: Option<&'static str>,
    pub(super) flow: Flow,
}

pub(super) const APPS: &[App] = &[
    App { id: SALESFORCE_CLIENT_ID, secret: Some(SALESFORCE_CLIENT_SECRET), flow: Flow::Web { rotates: false } },
    App {
        id: SALESFORCE_ROTATING_CLIENT_ID,
        secret: Some(SALESFORCE_ROTATING_CLIENT_SECRET),
        flow: Flow::Web { rotates: true },
    },
    App { id: SALESFORCE_JWT_CLIENT_ID, secret: None, flow: Flow::JwtBearer },
    App {
        id: SALESFORCE_INTEGRATION_CLIENT_ID,
        secret: Some(SALESFORCE_INTEGRATION_CLIENT_SECRET),
        flow: Flow::ClientCredentials,
    },
];

pub(super) struct Access {
    pub(super) client: &'static str,
    pub(super) scope: String,
    pub(super) issued: Timestamp,
    pub(super) expires: Timestamp,
    /// The refresh token it came with or from: they are revoked together.
    parent: Option<String>,
}

struct Refresh {
    client: &'static str,
    scope: String,
}

/// What an authorization code was issued for.
pub(super) struct Code {
    pub(super) client: &'static str,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) scope: String,
    expires: Timestamp,
}

pub(super) struct Tokens {
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    codes: HashMap<String, Code>,
    issued: u64,
    /// How long the access tokens issued from now on are good.
    pub(super) life_seconds: i64,
}

impl Tokens {
    pub(super) fn seed(now: Timestamp) -> Self {
        let mut tokens = Self {
            access: HashMap::new(),
            refresh: HashMap::new(),
            codes: HashMap::new(),
            issued: 0,
            life_seconds: LIFE_SECONDS,
        };
        let scope = || "api refresh_token".to_owned();
        for (client, token) in [
            (SALESFORCE_CLIENT_ID, SALESFORCE_REFRESH_TOKEN),
            (SALESFORCE_ROTATING_CLIENT_ID, SALESFORCE_ROTATING_REFRESH_TOKEN),
        ] {
            tokens.refresh.insert(token.to_owned(), Refresh { client, scope: scope() });
        }
        // Only `expire` and a revocation end it: tests that are not about tokens use it however long they take.
        let access = Access {
            client: SALESFORCE_INTEGRATION_CLIENT_ID,
            scope: "api".to_owned(),
            issued: now,
            expires: Timestamp::MAX,
            parent: None,
        };
        tokens.access.insert(SALESFORCE_ACCESS_TOKEN.to_owned(), access);
        tokens
    }

    /// The access token, if it is good at that time.
    pub(super) fn access(&self, token: &str, now: Timestamp) -> Option<&Access> {
        self.access.get(token).filter(|access| now < access.expires)
    }

    /// The scope of a refresh token that belongs to the client and is still good.
    pub(super) fn refreshable(&self, token: &str, client: &str) -> Option<String> {
        self.refresh.get(token).filter(|refresh| refresh.client == client).map(|refresh| refresh.scope.clone())
    }

    pub(super) fn issue_access(
        &mut self,
        client: &'static str,
        scope: &str,
        parent: Option<&str>,
        now: Timestamp,
    ) -> String {
        self.issued += 1;
        let token = format!("00Dxx0000001gPL!AQ{:06}.{}", self.issued, random());
        let expires = now.checked_add(SignedDuration::from_secs(self.life_seconds)).unwrap_or(Timestamp::MAX);
        let parent = parent.map(str::to_owned);
        self.access.insert(token.clone(), Access { client, scope: scope.to_owned(), issued: now, expires, parent });
        token
    }

    pub(super) fn issue_refresh(&mut self, client: &'static str, scope: &str) -> String {
        self.issued += 1;
        let token = format!("5Aep861.{:06}.{}", self.issued, random());
        self.refresh.insert(token.clone(), Refresh { client, scope: scope.to_owned() });
        token
    }

    /// Puts a new refresh token in the place of one that is used up. The access tokens that came from the old one live
    /// on.
    pub(super) fn rotate(&mut self, old: &str, client: &'static str, scope: &str) -> String {
        self.refresh.remove(old);
        let new = self.issue_refresh(client, scope);
        for access in self.access.values_mut().filter(|access| access.parent.as_deref() == Some(old)) {
            access.parent = Some(new.clone());
        }
        new
    }

    pub(super) fn issue_code(
        &mut self,
        client: &'static str,
        redirect_uri: &str,
        challenge: &str,
        scope: &str,
        now: Timestamp,
    ) -> String {
        self.issued += 1;
        let code = format!("aPrx{:06}.{}", self.issued, random());
        let expires = now.checked_add(SignedDuration::from_secs(CODE_SECONDS)).unwrap_or(Timestamp::MAX);
        let (redirect_uri, challenge) = (redirect_uri.to_owned(), challenge.to_owned());
        self.codes.insert(code.clone(), Code { client, redirect_uri, challenge, scope: scope.to_owned(), expires });
        code
    }

    /// Takes a code out: it works once, whatever becomes of the request.
    pub(super) fn redeem(&mut self, code: &str, now: Timestamp) -> Option<Code> {
        self.codes.remove(code).filter(|code| now < code.expires)
    }

    /// Ends a token; a refresh token takes its access tokens with it. Answers whether there was one.
    pub(super) fn revoke(&mut self, token: &str) -> bool {
        if self.refresh.remove(token).is_some() {
            self.access.retain(|_, access| access.parent.as_deref() != Some(token));
            return true;
        }
        self.access.remove(token).is_some()
    }

    /// Ends everything that was issued to a connected app, or to all.
    pub(super) fn revoke_app(&mut self, client: Option<&str>) {
        let stays = |owner: &str| client.is_some_and(|client| client != owner);
        self.refresh.retain(|_, refresh| stays(refresh.client));
        self.access.retain(|_, access| stays(access.client));
        self.codes.retain(|_, code| stays(code.client));
    }

    /// Ends every access token; refresh tokens stay.
    pub(super) fn expire(&mut self) {
        self.access.clear();
    }
}
