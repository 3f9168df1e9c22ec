//! Replays every fixture through the connector. What each case is about is in its folder's name.

use jackfield_sdk::{log::Level, prelude::*, testing::Exchange};
use jackfield_shopify::Shopify;

#[test]
fn every_fixture_is_answered_as_recorded() {
    testing::replay_folder::<Shopify>("fixtures");
}

/// An expired version is answered by an older one, without an error: the log is where the operator learns of it.
#[test]
fn an_answer_of_another_version_is_logged() {
    let answer = Exchange::post("/admin/api/2026-10/graphql.json")
        .graphql("StockBySku", json!({"query": "sku:\"SH-M-R\"", "locations": true}))
        .reply_json(200, json!({"data": {"productVariants": {"nodes": []}}}));
    let ask = |answer: Exchange| {
        testing::Host::new().expect(answer).with("inventory.check", |call| {
            Shopify.handle(call, r#"{"sku": "SH-M-R"}"#).expect("an answer");
            testing::logged().into_iter().map(|line| (line.level, line.fields)).collect::<Vec<_>>()
        })
    };
    assert_eq!(ask(answer.clone().reply_header("X-Shopify-API-Version", "2026-10")), []);
    let fields = [("configured", "2026-10"), ("answered", "2026-07")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(ask(answer.reply_header("X-Shopify-API-Version", "2026-07")), [(Level::Warn, fields)]);
}
