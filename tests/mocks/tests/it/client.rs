//! A client that hides nothing: it writes one request to a fresh connection and reads until the other side ends it.

use std::io;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jackfield_mocks::{Mocks, credentials};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }
}

pub(crate) async fn start() -> Mocks {
    let address = "127.0.0.1:0".parse().unwrap();
    Mocks::start(address).await.unwrap()
}

pub(crate) async fn open(base_url: &str) -> TcpStream {
    let address = base_url.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Sends a request and reads to the end of the connection, whatever it says.
pub(crate) async fn bytes(
    base_url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Vec<u8>> {
    let mut stream = open(base_url).await;
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(text.as_bytes()).await?;
    let mut read = Vec::new();
    stream.read_to_end(&mut read).await?;
    Ok(read)
}

pub(crate) async fn send(
    base_url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Reply> {
    parse(&bytes(base_url, method, path, headers, body).await?)
}

pub(crate) fn parse(read: &[u8]) -> io::Result<Reply> {
    let end = read.windows(4).position(|window| window == b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let status = head[9..12].parse().unwrap();
    let mut reply = Reply { status, head, body: read[end + 4..].to_vec() };
    if reply.header("transfer-encoding").is_some() {
        reply.body = dechunked(&reply.body);
    }
    Ok(reply)
}

fn dechunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
    body
}

pub(crate) const GRAPHQL: &str = "/admin/api/2026-10/graphql.json";

pub(crate) async fn graphql_as(mocks: &Mocks, token: &str, query: &str, variables: Value) -> Reply {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let headers = [("x-shopify-access-token", token), ("content-type", "application/json")];
    let base = mocks.base_url("shopify");
    send(base, "POST", GRAPHQL, &headers, &body).await.unwrap()
}

pub(crate) async fn graphql(mocks: &Mocks, query: &str, variables: Value) -> Value {
    let reply = graphql_as(mocks, credentials::SHOPIFY_TOKEN, query, variables).await;
    assert_eq!(reply.status, 200);
    reply.json()
}

pub(crate) async fn shop_get(mocks: &Mocks, path: &str) -> Reply {
    let headers = [("x-shopify-access-token", credentials::SHOPIFY_TOKEN)];
    send(mocks.base_url("shopify"), "GET", path, &headers, "").await.unwrap()
}

pub(crate) fn basic(email: &str) -> String {
    let pair = format!("{email}/token:{}", credentials::ZENDESK_API_TOKEN);
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

pub(crate) async fn desk(mocks: &Mocks, method: &str, path: &str, body: Value) -> Reply {
    desk_with(mocks, method, path, &[], body).await
}

pub(crate) async fn desk_with(mocks: &Mocks, method: &str, path: &str, more: &[(&str, &str)], body: Value) -> Reply {
    let authorization = basic(credentials::ZENDESK_EMAIL);
    let mut headers = vec![("authorization", authorization.as_str())];
    let body = match body {
        Value::Null => String::new(),
        body => {
            headers.push(("content-type", "application/json"));
            body.to_string()
        }
    };
    headers.extend(more);
    send(mocks.base_url("zendesk"), method, path, &headers, &body).await.unwrap()
}
