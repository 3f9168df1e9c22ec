//! A read-only rule for GraphQL lets nothing but queries through, whatever the document looks like. The kind of each
//! operation is told a second time by a lexer of our own.

use http::Method;
use jackfield_core::manifest::{Access, Manifest};
use serde_json::{Value, json};

const MANIFEST: &str = "id = \"shop\"\nversion = \"1.0.0\"\ntitle = \"Shop\"\nvendor_api = \"1\"\n\
     intents = [\"order.status\"]\n[endpoint.api]\nbase_url = \"https://api.example.com\"\n\
     allow = [\"read POST /graphql graphql=query\"]\n";

/// The first byte says whether the rest is a document or the whole body.
pub fn run(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let body = match (kind % 2, std::str::from_utf8(rest)) {
        (0, Ok(document)) => json!({ "query": document }).to_string().into_bytes(),
        _ => rest.to_vec(),
    };
    let manifest = Manifest::parse(MANIFEST).expect("the manifest is good");
    let grant = super::grant(&manifest, &json!({}), Access::Write).expect("the base is a plain origin");
    let mut request = super::request(Method::POST, "/graphql".to_owned());
    request.body = Some(body.clone().into());
    if grant.check(request).is_err() {
        return;
    }
    let body: Value = serde_json::from_slice(&body).expect("what is no JSON is refused");
    let document = body["query"].as_str().expect("a body without a query is refused");
    for operation in operations(document) {
        assert!(
            ["query", "fragment", "{"].contains(&operation.as_str()),
            "`{operation}` passes as a query: {document:?}"
        );
    }
}

/// The word that each definition begins with, or its brace.
fn operations(document: &str) -> Vec<String> {
    let text: Vec<char> = document.chars().collect();
    let (mut found, mut at, mut depth, mut inside) = (Vec::new(), 0, 0_usize, false);
    while let Some(c) = text.get(at) {
        match c {
            '#' => at += text[at..].iter().take_while(|c| !['\n', '\r'].contains(c)).count(),
            '"' => at += string(&text[at..]),
            '{' | '(' | '[' => {
                if !inside {
                    found.push(c.to_string());
                    inside = true;
                }
                depth += 1;
                at += 1;
            }
            '}' | ')' | ']' => {
                depth = depth.saturating_sub(1);
                inside &= !(*c == '}' && depth == 0);
                at += 1;
            }
            c if c.is_ascii_alphabetic() || *c == '_' => {
                let word: String = text[at..].iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '_').collect();
                at += word.len();
                if !inside {
                    found.push(word);
                    inside = true;
                }
            }
            _ => at += 1,
        }
    }
    found
}

/// Letters of the string that the text begins with, its quotes included.
fn string(text: &[char]) -> usize {
    if text.starts_with(&['"'; 3]) {
        let mut at = 3;
        while at < text.len() {
            match &text[at..] {
                ['\\', '"', '"', '"', ..] => at += 4,
                ['"', '"', '"', ..] => return at + 3,
                _ => at += 1,
            }
        }
        return at;
    }
    let mut at = 1;
    while let Some(c) = text.get(at) {
        match c {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}
