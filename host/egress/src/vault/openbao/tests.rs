//! A small OpenBao on the loopback interface, and what is asked of it when.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::config::LoginSecret;
use super::*;
use crate::vault::{SecretEntry, SecretSource, Stores, Vault};

/// What the server has and what it was asked.
#[derive(Default)]
struct Server {
    fields: serde_json::Value,
    /// Tokens that are good.
    tokens: Vec<String>,
    lease_s: u64,
    logins: usize,
    reads: usize,
    /// A status for every request, in place of an answer.
    down: Option<u16>,
    seen: Vec<(String, Option<String>, serde_json::Value)>,
}

struct Stand {
    server: Arc<Mutex<Server>>,
    address: SocketAddr,
    serving: JoinHandle<()>,
    folder: TempDir,
}

impl Stand {
    async fn start() -> Stand {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server { fields: serde_json::json!({ "token": "value-one", "port": 8200 }), ..Server::default() };
        let server = Arc::new(Mutex::new(server));
        let shared = server.clone();
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let server = shared.clone();
                tokio::spawn(async move {
                    let answer = service_fn(|request| answer(server.clone(), request));
                    let _ =
                        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
                });
            }
        });
        let folder = TempDir::new().unwrap();
        let stand = Stand { server, address, serving, folder };
        stand.write("secret_id", "the-secret-id");
        stand.write("jwt", "the-jwt-of-the-pod");
        stand
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn file(&self, name: &str) -> LoginSecret {
        LoginSecret(SecretSource::File(self.folder.path().join(name)))
    }

    fn server(&self) -> std::sync::MutexGuard<'_, Server> {
        self.server.lock().unwrap()
    }

    fn approle(&self) -> OpenBaoConfig {
        let approle = AppRole {
            // Cargo sets it for every test.
            role_id: LoginSecret(SecretSource::Env("CARGO_PKG_NAME".to_owned())),
            secret_id: self.file("secret_id"),
            mount: "approle".to_owned(),
        };
        OpenBaoConfig {
            address: format!("http://{}", self.address),
            allow_insecure: true,
            namespace: None,
            ca_file: None,
            ttl_s: 300,
            timeout_ms: 3_000,
            auth: OpenBaoAuth::AppRole { approle },
        }
    }
}

async fn answer(server: Arc<Mutex<Server>>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let mut server = server.lock().unwrap();
    server.seen.push((head.uri.path().to_owned(), header("x-vault-namespace"), body.clone()));
    let say = |status: u16, body: serde_json::Value| {
        Ok(Response::builder().status(status).body(Full::new(Bytes::from(body.to_string()))).unwrap())
    };
    if let Some(status) = server.down {
        return say(status, serde_json::json!({ "errors": ["Vault is sealed"] }));
    }
    match head.uri.path() {
        "/v1/auth/approle/login" if body["secret_id"] != "the-secret-id" => {
            say(400, serde_json::json!({ "errors": ["invalid role or secret ID"] }))
        }
        "/v1/auth/approle/login" | "/v1/auth/pods/login" => {
            server.logins += 1;
            let token = format!("s.login-number-{}", server.logins);
            server.tokens.push(token.clone());
            let auth =
                serde_json::json!({ "client_token": token, "lease_duration": server.lease_s, "renewable": true });
            say(200, serde_json::json!({ "auth": auth }))
        }
        _ if !header("x-vault-token").is_some_and(|token| server.tokens.contains(&token)) => {
            say(403, serde_json::json!({ "errors": ["permission denied"] }))
        }
        "/v1/secret/data/shop/eu" => {
            server.reads += 1;
            say(200, serde_json::json!({ "data": { "data": server.fields, "metadata": { "version": server.reads } } }))
        }
        "/v1/secret/data/forbidden" => say(403, serde_json::json!({ "errors": ["permission denied"] })),
        _ => say(404, serde_json::json!({ "errors": [] })),
    }
}

fn field(path: &str, name: &str) -> KvField {
    KvField { mount: "secret".to_owned(), path: path.to_owned(), field: name.to_owned() }
}

fn token() -> KvField {
    field("shop/eu", "token")
}

async fn read(openbao: &OpenBao, field: &KvField) -> Result<String, OpenBaoProblem> {
    openbao.read(field, &Scrubber::default()).await.map(|read| read.value.expose().to_owned())
}

async fn read_again(openbao: &OpenBao, field: &KvField) -> Result<String, OpenBaoProblem> {
    openbao.read_again(field, &Scrubber::default()).await.map(|read| read.value.expose().to_owned())
}

#[tokio::test]
async fn a_field_is_read_once_however_many_ask() {
    let stand = Stand::start().await;
    let openbao = OpenBao::new(&stand.approle()).unwrap();
    let field = token();
    let asked = (0..50).map(|_| read(&openbao, &field));
    for value in futures_util::future::join_all(asked).await {
        assert_eq!(value.unwrap(), "value-one");
    }
    let server = stand.server();
    assert_eq!((server.logins, server.reads), (1, 1));
    let login = serde_json::json!({ "role_id": "jackfield-egress", "secret_id": "the-secret-id" });
    assert_eq!(server.seen[0], ("/v1/auth/approle/login".to_owned(), None, login));
}

#[tokio::test]
async fn a_pod_logs_in_with_its_service_account_in_its_namespace() {
    let stand = Stand::start().await;
    let jwt_file = stand.folder.path().join("jwt");
    let kubernetes = Kubernetes { role: "jackfield".to_owned(), jwt_file, mount: "pods".to_owned() };
    let auth = OpenBaoAuth::Kubernetes { kubernetes };
    let config = OpenBaoConfig { auth, namespace: Some("team".to_owned()), ..stand.approle() };
    assert_eq!(read(&OpenBao::new(&config).unwrap(), &token()).await.unwrap(), "value-one");
    let login = serde_json::json!({ "role": "jackfield", "jwt": "the-jwt-of-the-pod" });
    assert_eq!(stand.server().seen[0], ("/v1/auth/pods/login".to_owned(), Some("team".to_owned()), login));
}

#[tokio::test]
async fn a_token_of_the_operator_is_read_anew_and_never_asked_for() {
    let stand = Stand::start().await;
    stand.write("token", "s.given");
    let auth = OpenBaoAuth::Token { token: stand.file("token") };
    let openbao = OpenBao::new(&OpenBaoConfig { auth, ttl_s: 0, ..stand.approle() }).unwrap();
    assert_eq!(read(&openbao, &token()).await, Err(OpenBaoProblem::Denied("secret/data/shop/eu".to_owned())));
    stand.write("token", "s.given-later");
    stand.server().tokens.push("s.given-later".to_owned());
    assert_eq!(read(&openbao, &token()).await.unwrap(), "value-one");
    assert_eq!(stand.server().logins, 0);
}

#[tokio::test]
async fn a_token_that_was_revoked_or_ran_out_is_replaced_once() {
    let stand = Stand::start().await;
    let openbao = OpenBao::new(&OpenBaoConfig { ttl_s: 0, ..stand.approle() }).unwrap();
    read(&openbao, &token()).await.unwrap();
    stand.server().tokens.clear();
    assert_eq!(read(&openbao, &token()).await.unwrap(), "value-one");
    assert_eq!(stand.server().logins, 2);
    // Where the policy says no, a second login does not help and there is no third.
    assert_eq!(
        read(&openbao, &field("forbidden", "a")).await,
        Err(OpenBaoProblem::Denied("secret/data/forbidden".to_owned()))
    );
    assert_eq!(stand.server().logins, 3);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let stand = Stand::start().await;
    let openbao = OpenBao::new(&stand.approle()).unwrap();
    let problem = read(&openbao, &field("shop/us", "token")).await;
    assert_eq!(problem, Err(OpenBaoProblem::NoPath("secret/data/shop/us".to_owned())));
    for name in ["tokn", "port"] {
        assert_eq!(read(&openbao, &field("shop/eu", name)).await, Err(OpenBaoProblem::NoField(name.to_owned())));
    }
    stand.write("secret_id", "another-id");
    let openbao = OpenBao::new(&stand.approle()).unwrap();
    assert_eq!(read(&openbao, &token()).await, Err(OpenBaoProblem::LoginRefused(400)));
    std::fs::remove_file(stand.folder.path().join("secret_id")).unwrap();
    let message = read(&openbao, &token()).await.unwrap_err().to_string();
    assert!(message.contains("secret_id`: the file cannot be read"), "{message}");
}

#[tokio::test]
async fn a_value_outlives_its_server_for_a_while() {
    let stand = Stand::start().await;
    let openbao = OpenBao::new(&OpenBaoConfig { ttl_s: 0, ..stand.approle() }).unwrap();
    stand.server().down = Some(503);
    // Nothing to fall back on.
    let problem = read(&openbao, &token()).await.unwrap_err();
    assert_eq!(problem, OpenBaoProblem::Unavailable("status 503".to_owned()));

    stand.server().down = None;
    let openbao = OpenBao::new(&OpenBaoConfig { ttl_s: 0, ..stand.approle() }).unwrap();
    read(&openbao, &token()).await.unwrap();
    stand.server().down = Some(503);
    assert_eq!(read(&openbao, &token()).await.unwrap(), "value-one");
    // Asked once, and then left alone for some time.
    let asked = stand.server().seen.len();
    assert_eq!(read(&openbao, &token()).await.unwrap(), "value-one");
    assert_eq!(stand.server().seen.len(), asked);
    // An answer that says no is believed, also when the server goes down again.
    openbao.path(&token()).age_for_test(RETRY_AFTER);
    for (status, problem) in [
        (404, OpenBaoProblem::NoPath("secret/data/shop/eu".to_owned())),
        (503, OpenBaoProblem::Unavailable("status 503".to_owned())),
    ] {
        stand.server().down = Some(status);
        assert_eq!(read(&openbao, &token()).await, Err(problem));
    }
}

#[tokio::test]
async fn a_server_that_is_gone_or_silent_is_an_outage() {
    let stand = Stand::start().await;
    stand.serving.abort();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let openbao = OpenBao::new(&OpenBaoConfig { address, timeout_ms: 30, ..stand.approle() }).unwrap();
    let problem = read(&openbao, &token()).await.unwrap_err();
    assert_eq!(problem, OpenBaoProblem::Unavailable("no answer within 30 ms".to_owned()));
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let openbao = OpenBao::new(&OpenBaoConfig { address, ..stand.approle() }).unwrap();
    let problem = read(&openbao, &token()).await.unwrap_err();
    assert_eq!(problem, OpenBaoProblem::Unavailable("no connection".to_owned()));
}

#[tokio::test]
async fn a_second_look_goes_past_the_cache_but_not_at_once() {
    let stand = Stand::start().await;
    let openbao = OpenBao::new(&stand.approle()).unwrap();
    read(&openbao, &token()).await.unwrap();
    stand.server().fields = serde_json::json!({ "token": "value-two" });
    // A moment after the first look the server is spared.
    assert_eq!(read_again(&openbao, &token()).await.unwrap(), "value-one");
    openbao.path(&token()).age_for_test(REREAD_AFTER);
    assert_eq!(read_again(&openbao, &token()).await.unwrap(), "value-two");
    assert_eq!(read(&openbao, &token()).await.unwrap(), "value-two");
    assert_eq!(stand.server().reads, 2);
    openbao.path(&token()).age_for_test(Duration::from_secs(300));
    read(&openbao, &token()).await.unwrap();
    assert_eq!(stand.server().reads, 3);
    // Beyond the bound a value is not used, whether the server answers or not.
    openbao.path(&token()).age_for_test(STALE_MAX);
    stand.server().down = Some(500);
    assert!(read(&openbao, &token()).await.is_err());
}

#[tokio::test]
async fn a_refused_value_is_looked_up_and_the_one_before_it_is_the_last_resort() {
    let stand = Stand::start().await;
    let openbao = Arc::new(OpenBao::new(&stand.approle()).unwrap());
    let source = SecretSource::OpenBao(Box::new(token()));
    let entry = SecretEntry { connection: "shop".to_owned(), name: "token".to_owned(), source };
    let vault = Vault::with_stores(Stores { sealed: None, openbao: Some(openbao.clone()) }, [entry]);
    assert_eq!(vault.check("shop", "token"), Ok(()));
    assert_eq!(vault.check_live("shop", "token").await, Ok(()));
    let one = vault.read("shop", "token").await.ok().unwrap();
    // Nothing new, and nothing older.
    assert!(vault.refused("shop", "token", &one).await.is_none());
    stand.server().fields = serde_json::json!({ "token": "value-two" });
    openbao.path(&token()).age_for_test(REREAD_AFTER);
    let two = vault.refused("shop", "token", &one).await.unwrap();
    assert_eq!(two.expose(), "value-two");
    let candidates = vault.candidates("shop", "token").await.ok().unwrap();
    assert_eq!(candidates.previous.unwrap().expose(), "value-one");
    vault.accepted("shop", "token", &two);
    assert!(vault.candidates("shop", "token").await.ok().unwrap().previous.is_none());
    // Values, the login's secrets and its token.
    let text = "value-one value-two the-secret-id s.login-number-1";
    assert_eq!(vault.scrub(text), "[redacted] [redacted] [redacted] [redacted]");
}

#[test]
fn an_address_that_could_leak_is_refused() {
    let config = |address: &str| OpenBaoConfig {
        address: address.to_owned(),
        allow_insecure: false,
        namespace: None,
        ca_file: None,
        ttl_s: 300,
        timeout_ms: 3_000,
        auth: OpenBaoAuth::Token { token: LoginSecret(SecretSource::Env("TOKEN".to_owned())) },
    };
    assert!(OpenBao::new(&config("https://bao.example.com:8200")).is_ok());
    for address in
        ["http://bao:8200", "ftp://bao", "bao", "https://user:pass1234@bao", "https://bao/v1", "https://bao/?a"]
    {
        let problem = OpenBao::new(&config(address)).err().unwrap();
        assert!(matches!(problem, OpenBaoProblem::Address(_)), "{address}");
        assert!(!problem.to_string().contains("1234"), "{problem}");
    }
}
