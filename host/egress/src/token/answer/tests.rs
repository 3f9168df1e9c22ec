//! Answers of token endpoints as vendors write them.

use super::*;

fn verdict(status: u16, body: &str) -> Verdict {
    judge(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes(), "Bearer ")
}

fn issued(body: &str) -> Option<Issued> {
    match verdict(200, body) {
        Verdict::Issued(issued) => Some(issued),
        _ => None,
    }
}

#[test]
fn a_token_of_each_vendor_is_read() {
    // Salesforce: no `expires_in`, and members that nobody needs.
    let salesforce = r#"{"access_token":"00D!AQ","instance_url":"https://acme.my.salesforce.com","issued_at":"1278448384422",
        "token_type":"Bearer","scope":"api refresh_token","refresh_token":"5Aep"}"#;
    let token = issued(salesforce).unwrap();
    assert!(token.lifetime.is_none() && token.refresh.as_deref().is_some_and(|token| token == "5Aep"));
    assert_eq!(token.scopes.unwrap(), ["api", "refresh_token"]);
    // Numbers as text, scopes with commas or as a list.
    let token = issued(r#"{"access_token":"a","expires_in":"3600","scope":"a,b"}"#).unwrap();
    assert_eq!(token.lifetime, Some(Duration::from_secs(3600)));
    assert_eq!(token.scopes.unwrap(), ["a", "b"]);
    let token = issued(r#"{"access_token":"a","expires_in":85949.0,"scope":["a","b"],"refresh_token":null}"#).unwrap();
    assert_eq!(token.lifetime, Some(Duration::from_secs(85949)));
    assert!(token.scopes.is_some_and(|scopes| scopes == ["a", "b"]) && token.refresh.is_none());
}

#[test]
fn a_lifetime_that_makes_no_sense_is_none() {
    for text in ["0", "-5", "\"soon\"", "null", "[]", "1e400"] {
        let body = format!(r#"{{"access_token":"a","expires_in":{text}}}"#);
        assert!(issued(&body).is_none_or(|token| token.lifetime.is_none()), "{text}");
    }
    let forever = issued(r#"{"access_token":"a","expires_in":99999999999}"#).unwrap();
    assert_eq!(forever.lifetime, Some(LIFETIME_MAX));
}

#[test]
fn what_is_refused_and_what_passes_is_told_apart() {
    let refused = [
        (400, r#"{"error":"invalid_grant"}"#),
        (401, r#"{"error":"invalid_client"}"#),
        (403, r#"{"error":"unauthorized_client","error_description":"x"}"#),
        (200, r#"{"error":"invalid_code"}"#),
        (400, r#"{"message":"no"}"#),
        (400, r#"{"error":"interaction_required","error_codes":[50076]}"#),
    ];
    for (status, body) in refused {
        assert!(matches!(verdict(status, body), Verdict::Refused(_)), "{status} {body}");
    }
    let passes = [
        (500, r#"{"error":"invalid_grant"}"#),
        (429, r#"{"error":"invalid_grant"}"#),
        (400, r#"{"error":"slow_down"}"#),
        (200, r#"{"error":"Access Denied"}"#),
        (404, r#"{"error":"not_found"}"#),
        (200, "{}"),
        (400, ""),
        (400, "null"),
        (401, "<html>"),
        (200, r#"{"access_token":7}"#),
    ];
    for (status, body) in passes {
        assert!(matches!(verdict(status, body), Verdict::Unavailable { .. }), "{status} {body}");
    }
}

#[test]
fn a_vendors_words_are_bounded_and_stay_on_one_line() {
    let body = serde_json::json!({ "error": "e\nvil", "error_description": "x".repeat(5000) }).to_string();
    let Verdict::Refused(refused) = verdict(400, &body) else { panic!("not refused") };
    assert!(refused.words.len() < 300 && !refused.words.contains('\n'), "{}", refused.words);
}

#[test]
fn a_wait_is_read_as_seconds_or_as_a_date_and_bounded() {
    let wait = |text: &str| {
        let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]);
        retry_after(&headers)
    };
    assert_eq!(wait("7"), Some(Duration::from_secs(7)));
    assert_eq!(wait("99999999"), Some(RETRY_AFTER_MAX));
    assert_eq!(wait("Fri, 01 Jan 2100 00:00:00 GMT"), Some(RETRY_AFTER_MAX));
    assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), None);
    assert_eq!(wait("soon"), None);
}

#[test]
fn missing_scopes_are_those_asked_for_and_not_given() {
    let asked = ["a b".to_owned(), "c,d".to_owned()];
    let given = ["d".to_owned(), "b".to_owned(), "x".to_owned()];
    assert_eq!(missing_scopes(&asked, Some(&given)), ["a", "c"]);
    // RFC 6749, section 5.1: left out, it is what was asked for.
    assert!(missing_scopes(&asked, None).is_empty());
}
