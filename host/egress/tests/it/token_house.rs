//! A business system with a token endpoint, as strict as the strictest: tokens are counted, refresh tokens may be used
//! once, and whoever uses one twice loses the grant.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use crate::far_side::FarSide;

/// What the house does.
pub(crate) struct House {
    /// Members of each token answer beside the tokens.
    pub(crate) members: &'static str,
    /// What the token endpoint answers instead of a token, as long as it is there.
    pub(crate) instead: Option<Vec<u8>>,
    /// Refresh tokens are good for one use.
    pub(crate) single_use: bool,
    refresh: Option<String>,
    spent: HashSet<String>,
    revoked: bool,
    access: HashSet<String>,
    issued: usize,
}

/// The house and its front door.
#[derive(Clone)]
pub(crate) struct TokenHouse {
    pub(crate) far: Arc<FarSide>,
    house: Arc<Mutex<House>>,
}

impl TokenHouse {
    /// Gives tokens to whoever asks; `/open/*` wants a live one.
    pub(crate) async fn open(members: &'static str) -> TokenHouse {
        let house = Arc::new(Mutex::new(House {
            members,
            instead: None,
            single_use: false,
            refresh: None,
            spent: HashSet::new(),
            revoked: false,
            access: HashSet::new(),
            issued: 0,
        }));
        let door = house.clone();
        let far = FarSide::answering(move |request| door.lock().unwrap().answer(request)).await;
        TokenHouse { far: Arc::new(far), house }
    }

    /// With single-use refresh tokens, of which `first` is the first.
    pub(crate) async fn rotating(first: &str, members: &'static str) -> TokenHouse {
        let this = TokenHouse::open(members).await;
        this.change(|house| {
            house.single_use = true;
            house.refresh = Some(first.to_owned());
        });
        this
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut House) -> T) -> T {
        change(&mut self.house.lock().unwrap())
    }

    /// Every access token is dead from now on.
    pub(crate) fn end_sessions(&self) {
        self.change(|house| house.access.clear());
    }

    /// Consent is withdrawn.
    pub(crate) fn revoke(&self) {
        self.change(House::revoke);
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.change(|house| house.revoked)
    }

    /// A new consent, with this refresh token.
    pub(crate) fn consent(&self, refresh: &str) {
        self.change(|house| {
            house.revoked = false;
            house.refresh = Some(refresh.to_owned());
        });
    }

    pub(crate) fn answer_instead(&self, answer: Option<Vec<u8>>) {
        self.change(|house| house.instead = answer);
    }

    /// Requests to the token endpoint.
    pub(crate) fn token_requests(&self) -> Vec<String> {
        self.far.seen().into_iter().filter(|request| request.starts_with("POST /token")).collect()
    }

    /// Requests to the system.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.far.seen().into_iter().filter(|request| !request.starts_with("POST /token")).collect()
    }

    pub(crate) fn url(&self) -> String {
        self.far.url()
    }
}

impl House {
    fn answer(&mut self, request: &str) -> Vec<u8> {
        if request.starts_with("POST /token") {
            return self.token(request);
        }
        let bearer = request.lines().find_map(|line| line.strip_prefix("authorization: Bearer "));
        match bearer {
            Some(token) if self.access.contains(token.trim()) => status("200 OK", "", "fine"),
            _ => status("401 Unauthorized", "", r#"[{"errorCode":"INVALID_SESSION_ID"}]"#),
        }
    }

    fn token(&mut self, request: &str) -> Vec<u8> {
        if let Some(answer) = &self.instead {
            return answer.clone();
        }
        let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
        let form: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let field = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let mut next = String::new();
        if self.revoked {
            return refusal("invalid_grant");
        }
        if field("grant_type").as_deref() == Some("refresh_token") {
            let shown = field("refresh_token").unwrap_or_default();
            if self.spent.contains(&shown) {
                // Used twice: somebody stole it, so nobody keeps it.
                self.revoke();
            }
            if self.refresh.as_ref() != Some(&shown) {
                return refusal("invalid_grant");
            }
            if self.single_use {
                self.spent.insert(shown);
                let fresh = format!("refresh-token-{}", self.issued + 1);
                next = format!(r#","refresh_token":"{fresh}""#);
                self.refresh = Some(fresh);
            }
        }
        self.issued += 1;
        let access = format!("access-token-{}", self.issued);
        self.access.insert(access.clone());
        let members = self.members;
        json(&format!(r#"{{"access_token":"{access}","token_type":"Bearer"{members}{next}}}"#))
    }

    fn revoke(&mut self) {
        self.revoked = true;
        self.refresh = None;
        self.access.clear();
    }
}

pub(crate) fn json(body: &str) -> Vec<u8> {
    status("200 OK", "content-type: application/json\r\n", body)
}

pub(crate) fn refusal(code: &str) -> Vec<u8> {
    status("400 Bad Request", "", &format!(r#"{{"error":"{code}","error_description":"says the house"}}"#))
}

pub(crate) fn status(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
