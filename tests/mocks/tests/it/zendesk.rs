//! The simulated help desk: seeds, strictness, permissions, search, idempotency, safe updates and routing.

use jackfield_mocks::{Mocks, credentials};
use serde_json::{Value, json};

use crate::client::{basic, desk, desk_with, send, start};

async fn get(mocks: &Mocks, path: &str) -> Value {
    let reply = desk(mocks, "GET", path, Value::Null).await;
    assert_eq!(reply.status, 200, "{path}");
    reply.json()
}

async fn put(mocks: &Mocks, id: u64, ticket: Value) -> crate::client::Reply {
    let path = format!("/api/v2/tickets/{id}");
    desk(mocks, "PUT", &path, json!({ "ticket": ticket })).await
}

#[tokio::test]
async fn the_seeded_tickets_are_as_documented() {
    let mocks = start().await;
    let body = get(&mocks, "/api/v2/tickets/35436.json?include=users,groups,slas").await;
    let ticket = &body["ticket"];
    assert_eq!(ticket["subject"], "Cannot log in");
    assert_eq!((&ticket["status"], &ticket["priority"]), (&json!("open"), &json!("high")));
    assert_eq!(body["users"].as_array().unwrap().len(), 2);
    assert_eq!(body["groups"][0]["name"], "Support");
    let now = jiff::Timestamp::now().to_string();
    let metric = &ticket["slas"]["policy_metrics"][0];
    assert_eq!((&metric["metric"], &metric["stage"]), (&json!("first_reply_time"), &json!("active")));
    assert!(metric["breach_at"].as_str().unwrap() > now.as_str());

    let body = get(&mocks, "/api/v2/tickets/35440?include=slas").await;
    assert_eq!(body["ticket"]["status"], "hold");
    let breach = body["ticket"]["slas"]["policy_metrics"][0]["breach_at"].as_str().unwrap().to_owned();
    assert!(breach < now);
    assert!(get(&mocks, "/api/v2/tickets/35437?include=slas").await["ticket"].get("slas").is_none());

    let comments = get(&mocks, "/api/v2/tickets/35436/comments?sort=-created_at&page%5Bsize%5D=2").await;
    assert_eq!(comments["comments"][1]["public"], false);
    assert_eq!(comments["meta"]["has_more"], true);
    let statuses = get(&mocks, "/api/v2/custom_statuses?active=true").await;
    let special = statuses["custom_statuses"].as_array().unwrap().iter().find(|status| status["id"] == 5060);
    assert_eq!(special.unwrap()["end_user_label"], "We are asking the carrier");
    assert!(mocks.violations().is_empty());
}

#[tokio::test]
async fn callers_are_known_by_token_and_some_may_only_read() {
    let mocks = start().await;
    let base = mocks.base_url("zendesk").to_owned();
    let me = async |authorization: &str| {
        let headers = [("authorization", authorization)];
        send(&base, "GET", "/api/v2/users/me", &headers, "").await.unwrap()
    };
    assert_eq!(me("Basic eDp5").await.json(), json!({ "error": "Couldn't authenticate you" }));
    let wrong = me("Bearer wrong").await;
    assert_eq!((wrong.status, &wrong.json()["error"]), (401, &json!("invalid_token")));
    assert!(wrong.header("www-authenticate").is_some());
    // The account's token acts as whoever's address comes with it.
    assert_eq!(me(&basic("bea@example.com")).await.json()["user"]["name"], "Bea Billing");

    let reader = format!("Bearer {}", credentials::ZENDESK_READ_ONLY_OAUTH_TOKEN);
    assert_eq!(me(&reader).await.status, 200);
    let headers = [("authorization", reader.as_str()), ("content-type", "application/json")];
    let body = json!({ "ticket": { "comment": { "body": "x" } } }).to_string();
    let reply = send(&base, "POST", "/api/v2/tickets", &headers, &body).await.unwrap();
    assert_eq!((reply.status, &reply.json()["error"]["title"]), (403, &json!("Forbidden")));
    assert_eq!(desk(&mocks, "GET", "/api/v2/slas/policies", Value::Null).await.status, 403);
    assert!(mocks.violations().is_empty());
}

#[tokio::test]
async fn a_ticket_is_created_once_per_idempotency_key() {
    let mocks = start().await;
    let key = [("idempotency-key", "intent-42")];
    let body = |text: &str| {
        json!({ "ticket": {
            "subject": "Help", "comment": { "body": text, "public": true }, "priority": "high",
            "requester": { "name": "Ana Diaz", "email": "ana@example.com" }, "external_id": "chat-1",
        } })
    };
    let path = "/api/v2/tickets";
    let first = desk_with(&mocks, "POST", path, &key, body("a")).await;
    assert_eq!((first.status, first.header("x-idempotency-lookup")), (201, Some("miss")));
    assert!(first.header("location").unwrap().ends_with("/api/v2/tickets/35441.json"));
    let ticket = &first.json()["ticket"];
    assert_eq!((&ticket["status"], &ticket["description"]), (&json!("new"), &json!("a")));
    let again = desk_with(&mocks, "POST", path, &key, body("a")).await;
    assert_eq!((again.status, again.header("x-idempotency-lookup")), (201, Some("hit")));
    assert_eq!(again.json(), first.json());
    let other = desk_with(&mocks, "POST", path, &key, body("b")).await;
    assert_eq!((other.status, &other.json()["error"]), (400, &json!("IdempotentRequestError")));
    let found = get(&mocks, "/api/v2/tickets?external_id=chat-1").await;
    assert_eq!(found["tickets"].as_array().unwrap().len(), 1);
    let found = get(&mocks, "/api/v2/users/search?query=ana@example.com").await;
    assert_eq!(found["users"][0]["id"], ticket["requester_id"]);
    assert!(mocks.violations().is_empty());
}

#[tokio::test]
async fn a_safe_update_with_an_old_stamp_conflicts() {
    let mocks = start().await;
    let seen = get(&mocks, "/api/v2/tickets/35437").await["ticket"]["updated_at"].clone();
    let change = json!({ "priority": "high", "safe_update": true, "updated_stamp": seen });
    assert_eq!(put(&mocks, 35437, change.clone()).await.status, 200);
    let reply = put(&mocks, 35437, change).await;
    assert_eq!((reply.status, &reply.json()["error"]), (409, &json!("UpdateConflict")));
    assert!(mocks.violations().is_empty());
}

#[tokio::test]
async fn routing_keeps_assignees_within_their_groups() {
    let mocks = start().await;
    let note = json!({ "body": "Handed over from chat.", "public": false });
    let reply =
        put(&mocks, 35436, json!({ "group_id": 360003, "assignee_email": "bea@example.com", "comment": note })).await;
    assert_eq!(reply.status, 422);
    assert_eq!(reply.json()["error"], "RecordInvalid");
    assert!(reply.json()["details"]["assignee_id"][0]["description"].is_string());

    let reply = put(&mocks, 35436, json!({ "group_id": 360002, "comment": note })).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["ticket"]["assignee_id"], Value::Null);
    let reply = put(&mocks, 35436, json!({ "assignee_email": "bea@example.com" })).await;
    assert_eq!(reply.json()["ticket"]["assignee_id"], 20978302);
    let comments = get(&mocks, "/api/v2/tickets/35436/comments").await;
    let last = comments["comments"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["public"], &last["body"]), (&json!(false), &json!("Handed over from chat.")));
    let members = get(&mocks, "/api/v2/groups/360002/users").await;
    assert_eq!(members["users"][0]["email"], "bea@example.com");
    let groups = get(&mocks, "/api/v2/groups/assignable").await;
    assert_eq!(groups["count"], 3);
    assert!(mocks.violations().is_empty());
}

#[tokio::test]
async fn what_the_business_rules_forbid_is_refused_without_a_violation() {
    let mocks = start().await;
    let reply = put(&mocks, 35439, json!({ "priority": "high" })).await;
    assert_eq!((reply.status, reply.json()["details"]["status"].is_array()), (422, true));
    for change in [
        json!({ "status": "closed" }),
        json!({ "status": "new" }),
        json!({ "custom_status_id": 5061 }),
        json!({ "group_id": 1 }),
        json!({ "assignee_id": 20978392 }),
        json!({ "status": "solved", "assignee_id": null }),
        json!({ "comment": { "body": " " } }),
    ] {
        assert_eq!(put(&mocks, 35436, change.clone()).await.status, 422, "{change}");
    }
    let before = get(&mocks, "/api/v2/tickets/35436").await;
    assert_eq!(before["ticket"]["status"], "open");
    assert!(mocks.violations().is_empty());
}

#[tokio::test]
async fn what_the_documentation_does_not_know_is_a_violation() {
    let mocks = start().await;
    let before = |mocks: &Mocks| mocks.violations().len();
    assert_eq!(put(&mocks, 35436, json!({ "colour": "red" })).await.status, 200);
    assert_eq!(before(&mocks), 1);
    assert_eq!(put(&mocks, 35436, json!({ "priority": "critical" })).await.status, 422);
    assert_eq!(before(&mocks), 2);
    assert_eq!(put(&mocks, 35436, json!({ "group_id": "360001" })).await.status, 422);
    assert_eq!(before(&mocks), 3);
    let reply = desk(&mocks, "PUT", "/api/v2/tickets/35436", json!({ "status": "open" })).await;
    assert_eq!((reply.status, &reply.json()["error"]["title"]), (400, &json!("Invalid attribute")));
    assert_eq!(before(&mocks), 4);
    let reply = desk(&mocks, "POST", "/api/v2/tickets/35436/comments", json!({})).await;
    assert_eq!((reply.status, &reply.json()["error"]), (404, &json!("InvalidEndpoint")));
    assert_eq!(before(&mocks), 5);
    get(&mocks, "/api/v2/tickets?status=open").await;
    assert_eq!(before(&mocks), 6);
    let reply = desk(&mocks, "GET", "/api/v2/tickets/1", Value::Null).await;
    assert_eq!((reply.status, &reply.json()["error"]), (404, &json!("RecordNotFound")));
    assert_eq!(before(&mocks), 6);
}

#[tokio::test]
async fn search_finds_by_keyword_and_can_be_led_astray() {
    let mocks = start().await;
    let search = async |query: &str| {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        get(&mocks, &format!("/api/v2/search?query={query}")).await["results"].as_array().unwrap().clone()
    };
    let found = search("type:ticket status<solved requester:customer@example.com order_by:created sort:desc").await;
    let ids: Vec<_> = found.iter().map(|item| item["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [35440, 35437, 35436]);
    assert!(found.iter().all(|item| item["result_type"] == "ticket" && item.get("_comments").is_none()));
    let astray = search("type:ticket Casey type:user").await;
    assert!(astray.iter().any(|item| item["result_type"] == "user"));
    let quoted = search("type:ticket \"Casey type:user\"").await;
    assert!(quoted.is_empty());
    let reply = desk(&mocks, "GET", "/api/v2/search?query=type:ticket&page=11", Value::Null).await;
    assert_eq!(reply.status, 422);
}

#[tokio::test]
async fn users_are_made_once_and_then_changed() {
    let mocks = start().await;
    let upsert = async |name: &str| {
        let body = json!({ "user": { "name": name, "email": "new@example.com", "skip_verify_email": true } });
        desk(&mocks, "POST", "/api/v2/users/create_or_update", body).await
    };
    let made = upsert("New One").await;
    assert_eq!(made.status, 201);
    let changed = upsert("New Name").await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["user"]["id"], made.json()["user"]["id"]);
    assert_eq!(changed.json()["user"]["name"], "New Name");
}

#[tokio::test]
async fn tags_are_added_set_and_removed() {
    let mocks = start().await;
    let tags = async |method: &str, tags: &[&str]| {
        let reply = desk(&mocks, method, "/api/v2/tickets/35436/tags", json!({ "tags": tags })).await;
        reply.json()["tags"].clone()
    };
    assert_eq!(tags("PUT", &["vip"]).await, json!(["chatbot", "login", "vip"]));
    assert_eq!(tags("DELETE", &["login"]).await, json!(["chatbot", "vip"]));
    assert_eq!(tags("POST", &["needs_agent"]).await, json!(["needs_agent"]));
}

#[tokio::test]
async fn end_users_see_their_own_requests_without_internal_notes() {
    let mocks = start().await;
    let base = mocks.base_url("zendesk").to_owned();
    let casey = basic("customer@example.com");
    let headers = [("authorization", casey.as_str()), ("content-type", "application/json")];
    let as_casey =
        async |method: &str, path: &str, body: &str| send(&base, method, path, &headers, body).await.unwrap();
    assert_eq!(as_casey("GET", "/api/v2/tickets/35436", "").await.status, 403);
    assert_eq!(as_casey("GET", "/api/v2/requests/35438", "").await.status, 404);
    let comments = as_casey("GET", "/api/v2/requests/35436/comments", "").await.json();
    assert_eq!(comments["comments"].as_array().unwrap().len(), 2);
    let body = json!({ "request": { "subject": "S", "comment": { "body": "B" } } }).to_string();
    let made = as_casey("POST", "/api/v2/requests", &body).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["request"]["requester_id"], 20978392);
    let body = json!({ "request": { "solved": true } }).to_string();
    let solved = as_casey("PUT", "/api/v2/requests/35436", &body).await;
    assert_eq!(solved.json()["request"]["status"], "solved");
    assert!(mocks.violations().is_empty());
}
