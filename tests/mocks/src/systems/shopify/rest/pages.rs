//! Pages of REST lists, their links, and the choice of members (Shopify REST Admin API, "pagination").

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Call, Place};
use crate::exchange::Answer;

impl Call<'_> {
    /// The filters of a list request: those of its first page when it follows a link.
    pub(super) fn filters(&self) -> Vec<(String, String)> {
        match self.parameter("page_info").and_then(|token| unpack(&token)) {
            Some((_, query)) => url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            None => self.request.pairs(),
        }
    }

    /// Keeps the members named by `fields`.
    pub(super) fn pick(&self, value: Value) -> Value {
        let (Some(fields), Value::Object(members)) = (self.parameter("fields"), &value) else {
            return value;
        };
        fields
            .split(',')
            .filter_map(|name| members.get_key_value(name.trim()))
            .map(|(name, member)| (name.clone(), member.clone()))
            .collect()
    }

    /// One page of a list with its Link header.
    pub(super) fn page(&mut self, name: &str, items: Vec<Value>, filters: &[&str]) -> Answer {
        let bad = |call: &mut Self, message: String| {
            call.violations.push(message.clone());
            Answer::json(400, &json!({ "errors": message }))
        };
        let following = self.parameter("page_info");
        for (name, _) in self.request.pairs() {
            let shared = ["limit", "fields", "page_info", "since_id"];
            if following.is_some() && !matches!(name.as_str(), "limit" | "fields" | "page_info") {
                return bad(self, format!("{name} cannot be passed when page_info is present"));
            }
            if !shared.contains(&name.as_str()) && !filters.contains(&name.as_str()) {
                self.violations.push(format!("unknown query parameter {name}"));
            }
        }
        let limit = match self.parameter("limit").map(|limit| limit.parse::<usize>()) {
            None => 50,
            Some(Ok(limit)) if (1..=250).contains(&limit) => limit,
            Some(_) => return bad(self, "limit must be between 1 and 250".to_owned()),
        };
        let (skip, query) = match &following {
            None => (0, self.request.query().to_owned()),
            Some(token) => match unpack(token) {
                Some(token) => token,
                None => return bad(self, "Invalid value for the parameter page_info".to_owned()),
            },
        };
        let since = self.parameter("since_id").and_then(|id| id.parse::<u64>().ok());
        let items: Vec<_> =
            items.into_iter().filter(|item| since.is_none_or(|since| item["id"].as_u64() > Some(since))).collect();
        let page: Vec<_> = items.iter().skip(skip).take(limit).map(|item| self.pick(item.clone())).collect();
        let link = |skip: usize, rel: &str| {
            let token = pack(skip, &query);
            let Place { base_url, version, resource } = self.place;
            format!("<{base_url}/admin/api/{version}/{resource}?limit={limit}&page_info={token}>; rel=\"{rel}\"")
        };
        let mut links = Vec::new();
        if skip > 0 {
            links.push(link(skip.saturating_sub(limit), "previous"));
        }
        if skip + limit < items.len() {
            links.push(link(skip + limit, "next"));
        }
        let answer = Answer::json(200, &json!({ name: page }));
        match links.is_empty() {
            true => answer,
            false => answer.with_header("link", links.join(", ")),
        }
    }
}

/// Page tokens are opaque to callers.
fn pack(skip: usize, query: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json!([skip, query]).to_string())
}

fn unpack(token: &str) -> Option<(usize, String)> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    serde_json::from_slice(&bytes).ok()
}
