//! TLS: whom we trust, what we show, and that the name of the URL is the one that is verified.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use jackfield_core::grant::Grant;
use jackfield_core::port::{Egress as _, SendError};
use jackfield_egress::{Egress, EgressConfig, Vault};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::ring};

use crate::far_side::{FarSide, ok, read_request, redirect};
use crate::near_side::{Scripted, Wish, context, get, parts, post, write_secret};

pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub(crate) folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Authority { issuer, folder }
    }

    /// Certificate and key in PEM form.
    pub(crate) fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// A server for `name`, that wants a client certificate of this authority or none at all.
    async fn serve(&self, name: &str, wants_client: bool) -> (FarSide, Arc<Mutex<Vec<Option<String>>>>) {
        serve(self.server_config(name, wants_client)).await
    }

    pub(crate) fn server_config(&self, name: &str, wants_client: bool) -> ServerConfig {
        let (certificate, key) = self.issue(name);
        self.server_config_with(&certificate, &key, wants_client)
    }

    fn server_config_with(&self, certificate: &str, key: &str, wants_client: bool) -> ServerConfig {
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
        let builder = if wants_client {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        builder.with_single_cert(chain, key).unwrap()
    }

    pub(crate) fn wish(&self, host: &str, far: &FarSide) -> Wish {
        let port = far.address.port();
        let mut wish = Wish::to(&format!("https://{host}:{port}")).resolver(Scripted::new(&[&["127.0.0.1"]], port));
        wish.insecure = false;
        wish.config.ca_file = Some(self.folder.path().join("ca.pem"));
        wish
    }
}

/// A server with this configuration, and the names that it was asked for.
async fn serve(config: ServerConfig) -> (FarSide, Arc<Mutex<Vec<Option<String>>>>) {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let names: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let heard = names.clone();
    let far = FarSide::handling(move |stream, seen| {
        let (acceptor, heard) = (acceptor.clone(), heard.clone());
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            heard.lock().unwrap().push(stream.get_ref().1.server_name().map(str::to_owned));
            while let Some(request) = read_request(&mut stream).await {
                seen.lock().unwrap().push(request);
                stream.write_all(&ok(b"safe")).await.unwrap();
            }
        }
    })
    .await;
    (far, names)
}

fn unavailable(outcome: Result<jackfield_core::port::UpstreamResponse, SendError>) -> String {
    match outcome {
        Err(SendError::Unavailable { detail, sent: false }) => detail,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_configured_authority_is_trusted_and_the_urls_name_is_asked_for() {
    let authority = Authority::new();
    let (far, names) = authority.serve("shop.example.com", false).await;
    let near = authority.wish("shop.example.com", &far).build();
    assert_eq!(near.get("/open/x").await.unwrap().body, "safe");
    near.get("/open/x").await.unwrap();
    assert_eq!(far.accepted(), 1);
    assert_eq!(*names.lock().unwrap(), [Some("shop.example.com".to_owned())]);
}

#[tokio::test]
async fn an_unknown_authority_is_refused_before_anything_is_sent() {
    let authority = Authority::new();
    let (far, _) = authority.serve("shop.example.com", false).await;
    let mut wish = authority.wish("shop.example.com", &far);
    wish.config.ca_file = None;
    let detail = unavailable(wish.build().get("/open/x").await);
    assert!(detail.contains("no TLS with `shop.example.com`") && detail.contains("UnknownIssuer"), "{detail}");
    assert!(far.seen().is_empty());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let (far, _) = authority.serve("other.example.com", false).await;
    let detail = unavailable(authority.wish("shop.example.com", &far).build().get("/open/x").await);
    assert!(detail.contains("not valid for name"), "{detail}");
    assert!(far.seen().is_empty());
}

#[tokio::test]
async fn a_certificate_that_has_ended_or_has_not_begun_is_refused() {
    let authority = Authority::new();
    for (from, to, problem) in [(2020, 2021, "expired"), (2090, 2091, "not valid yet")] {
        let mut params = CertificateParams::new(vec!["shop.example.com".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(from, 1, 1), rcgen::date_time_ymd(to, 1, 1));
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &authority.issuer).unwrap().pem();
        let (far, _) = serve(authority.server_config_with(&pem, &key.serialize_pem(), false)).await;
        let detail = unavailable(authority.wish("shop.example.com", &far).build().get("/open/x").await);
        assert!(detail.contains("certificate") && detail.contains(problem), "{detail}");
        assert!(far.seen().is_empty());
    }
}

#[tokio::test]
async fn a_certificate_that_signs_itself_is_refused() {
    let authority = Authority::new();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["shop.example.com".to_owned()]).unwrap().self_signed(&key).unwrap();
    let (far, _) = serve(authority.server_config_with(&own.pem(), &key.serialize_pem(), false)).await;
    let detail = unavailable(authority.wish("shop.example.com", &far).build().get("/open/x").await);
    assert!(detail.contains("invalid peer certificate"), "{detail}");
    assert!(far.seen().is_empty());
}

#[tokio::test]
async fn a_redirect_to_plain_http_is_not_followed() {
    let authority = Authority::new();
    let config = authority.server_config("shop.example.com", false);
    let plain = FarSide::answering(|_| ok(b"gotcha")).await;
    let location = format!("http://shop.example.com:{}/open/x", plain.address.port());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let far = FarSide::handling(move |stream, _| {
        let (acceptor, location) = (acceptor.clone(), location.clone());
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(&redirect(302, &location)).await.unwrap();
        }
    })
    .await;
    let outcome = authority.wish("shop.example.com", &far).build().get("/open/x").await;
    assert!(matches!(&outcome, Err(SendError::Denied(why)) if why.contains("another origin")), "{outcome:?}");
    assert_eq!(plain.accepted(), 0);
}

/// One egress with connections of different TLS settings to one and the same origin.
fn side_by_side(wishes: Vec<Wish>) -> (Vec<Grant>, Arc<Egress>) {
    let connections = wishes.iter().map(|wish| (wish.name.to_owned(), wish.config.clone())).collect();
    let config = EgressConfig { connections };
    let mut parts = parts(Vault::new([]));
    parts.resolver = wishes[0].resolver.clone();
    (wishes.iter().map(Wish::grant).collect(), Arc::new(Egress::new(&config, parts).unwrap()))
}

#[tokio::test]
async fn no_connection_uses_what_another_opened_with_other_tls_settings() {
    let authority = Authority::new();
    let (far, _) = authority.serve("shop.example.com", false).await;
    let trusting = authority.wish("shop.example.com", &far);
    let mut strict = authority.wish("shop.example.com", &far);
    (strict.name, strict.config.ca_file) = ("strict", None);
    let (grants, egress) = side_by_side(vec![trusting, strict]);
    let ask = async |grant: &Grant| {
        egress.send(grant.check(get("/open/x")).unwrap(), &context(Duration::from_secs(10))).await
    };
    for round in 1..=3 {
        // The trusted connection is open, idle, and leads to where the other wants to go.
        assert_eq!(ask(&grants[0]).await.unwrap().body, "safe");
        let detail = unavailable(ask(&grants[1]).await);
        assert!(detail.contains("UnknownIssuer"), "{detail}");
        assert_eq!(far.seen().len(), round);
    }
}

#[tokio::test]
async fn no_connection_shows_the_client_certificate_of_another() {
    let authority = Authority::new();
    let (far, _) = authority.serve("shop.example.com", true).await;
    let path = |name: &str| authority.folder.path().join(name);
    let (certificate, key) = authority.issue("bot");
    write_secret(&path("client.pem"), &certificate);
    write_secret(&path("client.key"), &key);
    let mut known = authority.wish("shop.example.com", &far);
    (known.config.client_cert_file, known.config.client_key_file) =
        (Some(path("client.pem")), Some(path("client.key")));
    let mut stranger = authority.wish("shop.example.com", &far);
    stranger.name = "stranger";
    let (grants, egress) = side_by_side(vec![known, stranger]);
    let ask = async |grant: &Grant| {
        egress.send(grant.check(get("/open/x")).unwrap(), &context(Duration::from_secs(10))).await
    };
    for round in 1..=3 {
        assert_eq!(ask(&grants[0]).await.unwrap().body, "safe");
        // A session of the other's, resumed, would be taken for the other.
        assert!(ask(&grants[1]).await.is_err());
        assert_eq!(far.seen().len(), round);
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_configured() {
    let authority = Authority::new();
    let (far, _) = authority.serve("shop.example.com", true).await;
    assert!(authority.wish("shop.example.com", &far).build().get("/open/x").await.is_err());
    assert!(far.seen().is_empty());

    let (certificate, key) = authority.issue("bot");
    let path = |name: &str| authority.folder.path().join(name);
    write_secret(&path("client.pem"), &certificate);
    write_secret(&path("client.key"), &key);
    let mut wish = authority.wish("shop.example.com", &far);
    wish.config.client_cert_file = Some(path("client.pem"));
    wish.config.client_key_file = Some(path("client.key"));
    assert_eq!(wish.build().get("/open/x").await.unwrap().body, "safe");
}

#[tokio::test]
async fn a_system_that_speaks_http2_gets_it_over_one_connection() {
    let authority = Authority::new();
    let mut config = authority.server_config("shop.example.com", false);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let far = FarSide::handling(move |stream, seen| {
        let acceptor = acceptor.clone();
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            let service = service_fn(move |request: Request<Incoming>| {
                let seen = seen.clone();
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let line = format!("{:?} {} {} {}", parts.version, parts.method, parts.uri, body.len());
                    seen.lock().unwrap().push(line);
                    let authorization = parts.headers.get("authorization").cloned().unwrap();
                    assert_eq!(authorization, "Bearer token-one");
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"two"))))
                }
            });
            let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        }
    })
    .await;
    let auth = r#"{ scheme = "bearer", secret = "token" }"#;
    let near = authority.wish("shop.example.com", &far).auth(auth, &[("token", "token-one")]).build();
    assert_eq!(near.get("/open/x").await.unwrap().body, "two");
    let (a, b) = tokio::join!(near.get("/open/a"), near.send(post("/open/b", "{}")));
    assert_eq!((a.unwrap().status, b.unwrap().status), (200, 200));
    let port = far.address.port();
    let mut seen = far.seen();
    seen.sort();
    let expected = ["GET {}a 0", "GET {}x 0", "POST {}b 2"];
    let origin = format!("https://shop.example.com:{port}/open/");
    assert_eq!(seen, expected.map(|line| format!("HTTP/2.0 {}", line.replace("{}", &origin))));
    assert_eq!(far.accepted(), 1);
}

#[test]
fn half_a_client_certificate_and_broken_files_are_refused_at_start() {
    use jackfield_egress::ConnectionConfig;
    let authority = Authority::new();
    let path = |name: &str| Some(authority.folder.path().join(name));
    std::fs::write(path("broken.pem").unwrap(), "no certificate").unwrap();
    let mut ended = CertificateParams::new(vec!["client".to_owned()]).unwrap();
    (ended.not_before, ended.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2021, 1, 1));
    let pair = KeyPair::generate().unwrap();
    std::fs::write(path("ended.pem").unwrap(), ended.self_signed(&pair).unwrap().pem()).unwrap();
    write_secret(&path("ended.key").unwrap(), &pair.serialize_pem());
    let cases = [
        (
            ConnectionConfig {
                client_cert_file: path("ended.pem"),
                client_key_file: path("ended.key"),
                ..Default::default()
            },
            "ended on 2021-01-01",
        ),
        (ConnectionConfig { client_cert_file: path("ca.pem"), ..Default::default() }, "needs both"),
        (ConnectionConfig { client_key_file: path("ca.pem"), ..Default::default() }, "needs both"),
        (ConnectionConfig { ca_file: path("broken.pem"), ..Default::default() }, "no certificate in PEM form"),
        (ConnectionConfig { ca_file: path("missing.pem"), ..Default::default() }, "failed to read"),
        (
            ConnectionConfig {
                client_cert_file: path("ca.pem"),
                client_key_file: path("ca.pem"),
                ..Default::default()
            },
            "no private key in PEM form",
        ),
    ];
    for (settings, expected) in cases {
        let config = EgressConfig { connections: [("shop".to_owned(), settings)].into() };
        let Err(error) = Egress::new(&config, crate::near_side::parts(Vault::new([]))) else {
            panic!("{expected}: accepted")
        };
        assert!(error.source.to_string().contains(expected), "{}", error.source);
    }
}
