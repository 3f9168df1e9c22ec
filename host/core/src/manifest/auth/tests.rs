use serde_json::json;

use super::super::Manifest;
use super::*;
use crate::grant::{ConnectionGrant, Grant, GrantError, NetworkPolicy, Subject};
use crate::manifest::Access;

const HEAD: &str = r#"
id = "crm"
version = "1.0.0"
title = "CRM"
vendor_api = "v1"
intents = ["customer.lookup"]
setting.login_host = { type = "string", pattern = "^[a-z.]+$" }
setting.client_id = { type = "string" }
setting.username = { type = "string" }
secret = [
    { name = "client_secret", purpose = "p" },
    { name = "private_key", purpose = "p" },
    { name = "refresh_token", purpose = "p", optional = true },
    { name = "signing", purpose = "p", hmac = true, optional = true },
]

[endpoint.api]
base_url = "https://api.example.com"
allow = ["read GET /v1/*", "write POST /v1/*"]
"#;

const JWT: &str = r#"
[[endpoint.api.auth]]
name = "jwt"
scheme = "oauth2"
token_url = "https://{login_host}/token"
client_id = "{client_id}"
client_auth = "none"
scopes = ["api"]
lifetime_s = 5400
grant = { type = "jwt_bearer", issuer = "{client_id}", subject = "{username}", audience = "https://{login_host}", key = "private_key" }
"#;

const CONSENT: &str = r#"
[endpoint.api.auth]
scheme = "oauth2"
token_url = "https://{login_host}/token"
client_id = "{client_id}"
client_secret = "client_secret"
grant = { type = "refresh_token", secret = "refresh_token", authorize_url = "https://{login_host}/authorize" }
"#;

fn scheme(text: &str) -> Scheme {
    Manifest::parse(&format!("{HEAD}{text}")).unwrap().endpoints["api"].auth[0].scheme.clone()
}

fn refusal(text: &str) -> String {
    Manifest::parse(&format!("{HEAD}{text}")).unwrap_err().to_string()
}

fn grant(text: &str, settings: &serde_json::Value, subject: Subject) -> Result<Grant, GrantError> {
    let connection = ConnectionGrant {
        name: "crm-eu",
        tenant: "acme",
        subject,
        place: "jackfield.toml:3",
        settings,
        access: Access::Read,
        auth: &BTreeMap::new(),
        secrets: &BTreeMap::new(),
        network: NetworkPolicy { allow_insecure: settings.get("login_url").is_some(), ..NetworkPolicy::default() },
    };
    Grant::resolve(&Manifest::parse(&format!("{HEAD}{text}")).unwrap(), &connection)
}

fn resolved(text: &str, settings: &serde_json::Value, subject: Subject) -> OAuth2 {
    let grant = grant(text, settings, subject).unwrap();
    let endpoint = grant.endpoints().next().unwrap();
    match &endpoint.scheme {
        Scheme::OAuth2(oauth2) => (**oauth2).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_scheme_reads_whole() {
    let Scheme::OAuth2(jwt) = scheme(JWT) else { panic!() };
    assert_eq!((jwt.header.as_str(), jwt.prefix.as_str()), ("Authorization", "Bearer "));
    assert_eq!(scheme(JWT).required_secrets(), ["private_key"]);
    assert_eq!(scheme(CONSENT).required_secrets(), ["client_secret"]);
    assert_eq!(scheme(CONSENT).secrets(), ["client_secret", "refresh_token"]);
}

#[test]
fn a_client_shows_the_proof_that_it_says() {
    for (auth, wanted) in [
        ("client_auth = \"none\"", "`client_auth = \"none\"` takes neither"),
        ("client_auth = \"private_key_jwt\"", "needs `client_key` and no `client_secret`"),
        ("client_key = \"private_key\"", "needs `client_secret` and no `client_key`"),
    ] {
        let text =
            CONSENT.replace("client_secret = \"client_secret\"", &format!("client_secret = \"client_secret\"\n{auth}"));
        assert!(refusal(&text).contains(wanted), "{}", refusal(&text));
    }
}

#[test]
fn settings_are_filled_in_and_the_login_origin_can_be_moved() {
    let settings = json!({ "login_host": "login.example.com", "client_id": "id-1", "username": "bot@example.com" });
    let jwt = resolved(JWT, &settings, Subject::Connection);
    assert_eq!((jwt.token_url.as_str(), jwt.client_id.as_str()), ("https://login.example.com/token", "id-1"));
    assert!(matches!(&jwt.grant, TokenGrant::JwtBearer { subject, .. } if subject == "bot@example.com"));
    let mut moved = settings.clone();
    moved["login_url"] = json!("http://127.0.0.1:9/crm/");
    assert_eq!(resolved(JWT, &moved, Subject::Connection).token_url, "http://127.0.0.1:9/crm/token");
}

#[test]
fn a_token_url_is_never_plain_http_nor_somebody_elses() {
    let with = |host: &str| json!({ "login_host": host, "client_id": "id-1", "username": "u" });
    assert!(
        grant(&JWT.replace("https://{login_host}/t", "http://{login_host}/t"), &with("x.example"), Subject::Connection)
            .is_err()
    );
    for host in ["evil.example/", "user@evil.example", "evil.example?", "evil.example#"] {
        assert!(grant(JWT, &with(host), Subject::Connection).is_err(), "{host}");
    }
}

#[test]
fn a_credential_for_each_user_needs_a_scheme_that_can() {
    let settings = |name: &str| json!({ "login_host": "login.example.com", "client_id": "id-1", "username": name });
    assert!(grant(JWT, &settings("{user.email}"), Subject::User).is_ok());
    let shared = grant(JWT, &settings("bot@example.com"), Subject::User).unwrap_err();
    assert!(shared.message.contains("one credential for all users"), "{shared:?}");
    let single = grant(JWT, &settings("{user.email}"), Subject::Connection).unwrap_err();
    assert!(single.hint.contains("subject = \"user\""), "{single:?}");
    assert!(grant(CONSENT, &settings("u"), Subject::User).is_ok());
}

#[test]
fn the_header_of_a_token_is_the_hosts_own() {
    let text =
        CONSENT.replace("scheme = \"oauth2\"", "scheme = \"oauth2\"\nheader = \"X-Access-Token\"\nprefix = \"\"");
    assert_eq!(scheme(&text).own_header(), Some("X-Access-Token"));
}

#[test]
fn a_secret_for_hmac_is_for_nothing_else() {
    let text = CONSENT.replace("client_secret = \"client_secret\"", "client_secret = \"signing\"");
    assert!(refusal(&text).contains("secret `signing` is for `hmac` and a credential as well"), "{}", refusal(&text));
    let placed = format!("place = [{{ secret = \"signing\", header = \"X-Key\" }}]\n{CONSENT}");
    assert!(refusal(&placed).contains("`signing` is for `hmac`"), "{}", refusal(&placed));
}

#[test]
fn a_place_is_a_header_or_a_pointer() {
    let place = |text: &str| format!("place = [{text}]\n{CONSENT}");
    assert!(Manifest::parse(&format!("{HEAD}{}", place("{ secret = \"private_key\", body = \"/auth/key\" }"))).is_ok());
    for bad in [
        "{ secret = \"private_key\" }",
        "{ secret = \"private_key\", body = \"auth\" }",
        "{ secret = \"private_key\", header = \"a b\" }",
        "{ secret = \"nothing\", header = \"x-key\" }",
        "{ secret = \"private_key\", header = \"x-key\", body = \"/a\" }",
    ] {
        assert!(Manifest::parse(&format!("{HEAD}{}", place(bad))).is_err(), "{bad}");
    }
}
