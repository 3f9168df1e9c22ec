//! Planted values, and everything that is returned or logged while they are used.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use crate::far_side::FarSide;
use crate::near_side::{Memory, Wish, post};
use crate::token_house::{json, status};

const AUTH: &str = r#"{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app", client_secret = "token", grant = { type = "refresh_token", secret = "refresh" } }"#;

/// Everything that was logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        self.clone()
    }
}

/// All that a hostile system may throw back, in all the ways it has.
fn echo(request: &str) -> Vec<u8> {
    let headers: String = request.lines().skip(1).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" | ");
    let line = headers.replace(|c: char| c.is_control(), " ");
    status("200 OK", &format!("x-echo: {line}\r\nx-token: {line}\r\n"), request)
}

#[tokio::test]
async fn no_planted_value_is_returned_or_logged() {
    const PLANTED: [&str; 4] =
        ["planted-client-secret", "planted-refresh-one", "planted-refresh-two", "planted-access-tok"];
    let lines = Lines::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(lines.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let mut out = String::new();
    for mode in 0..6 {
        let far = FarSide::answering(move |request| {
            if !request.starts_with("POST /token") {
                return if mode == 5 { status("401 Unauthorized", "", request) } else { echo(request) };
            }
            match mode {
                // Errors that repeat what was sent.
                0 => {
                    let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
                    let words = format!("bad request {body} {}", request.lines().find(|l| l.contains("Basic")).unwrap_or(""));
                    status("400 Bad Request", "", &serde_json::json!({ "error": "invalid_grant", "error_description": words }).to_string())
                }
                1 => status("400 Bad Request", "", &serde_json::json!({ "error": request }).to_string()),
                2 => status("502 Bad Gateway", "", request),
                3 => json(r#"{"access_token":"planted-access-tok","token_type":"planted-refresh-one"}"#),
                _ => json(r#"{"access_token":"planted-access-tok","refresh_token":"planted-refresh-two","expires_in":60,"scope":"planted-access-tok"}"#),
            }
        })
        .await;
        let store = Memory::new();
        let secrets = [("token", PLANTED[0]), ("refresh", PLANTED[1])];
        let near = Wish::to(&far.url()).auth(AUTH, &secrets).store(&store).build();
        for _ in 0..2 {
            let outcome = near.send(post("/open/x", "hello")).await;
            if let Ok(answer) = &outcome {
                out.push_str(&String::from_utf8_lossy(&answer.body));
            }
            out.push_str(&format!("{outcome:?}\n"));
        }
        out.push_str(&format!("{:?}\n{:?}\n", near.egress.status("shop-eu"), near.audit.all()));
        out.push_str(&format!("{:?}\n", near.changes.lock().unwrap()));
        out.push_str(&String::from_utf8_lossy(&store.bytes()));
    }
    out.push_str(&String::from_utf8_lossy(&lines.0.lock().unwrap()));
    assert!(out.contains("[redacted]"), "the hostile side was heard");
    assert!(out.contains("connection.reauth_required"), "the operator is told");
    for value in PLANTED {
        use base64::Engine;
        let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(value);
        let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        for form in [value, &encoded[..encoded.len() - 2], &hex] {
            let at = out.find(form);
            assert!(at.is_none(), "{form}: {}", &out[at.unwrap().saturating_sub(200)..][..400]);
        }
    }
}
