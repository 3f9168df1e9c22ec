//! The legacy REST Admin API: routes, parameters, pages and call limits (Shopify REST Admin API 2026-07). How objects
//! look is `rest::render`'s.

mod pages;
mod render;

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::scopes::Scopes;
use super::search::Term;
use super::world::{World, by_id, gid, legacy, list, text};
use super::{State, denied, filters, mutations, not_found, resolve};
use crate::exchange::{Answer, Request};
use crate::shape::{Need, Shape};

/// Large on purpose, like the GraphQL bucket.
const CALLS: f64 = 1_000_000.0;

/// The leaky bucket of REST calls.
pub(super) struct Calls {
    used: f64,
    at: Instant,
}

impl Default for Calls {
    fn default() -> Self {
        Self { used: 0.0, at: Instant::now() }
    }
}

impl Calls {
    fn count(&mut self) -> String {
        let now = Instant::now();
        let leaked = now.duration_since(self.at).as_secs_f64() * CALLS;
        self.used = (self.used - leaked).max(0.0) + 1.0;
        self.at = now;
        format!("{}/{CALLS}", self.used.ceil())
    }
}

/// Where the request came in.
pub(super) struct Place<'a> {
    pub(super) base_url: &'a str,
    pub(super) version: &'a str,
    /// The path after the version.
    pub(super) resource: &'a str,
}

struct Call<'a> {
    world: &'a mut World,
    request: &'a Request,
    place: &'a Place<'a>,
    scopes: Scopes,
    violations: Vec<String>,
}

/// What a list endpoint takes besides the parameters all lists share.
const ORDER_FILTERS: &[&str] = &[
    "status",
    "name",
    "ids",
    "created_at_min",
    "created_at_max",
    "updated_at_min",
    "updated_at_max",
    "processed_at_min",
    "processed_at_max",
    "financial_status",
    "fulfillment_status",
    "attribution_app_id",
];
const PRODUCT_FILTERS: &[&str] =
    &["ids", "title", "vendor", "handle", "product_type", "status", "collection_id", "published_status"];

pub(super) fn answer(request: &Request, place: &Place<'_>, state: &mut State, scopes: Scopes) -> Answer {
    let limit = state.calls.count();
    let mut call = Call { world: &mut state.world, request, place, scopes, violations: Vec::new() };
    let answer = call.route();
    answer.with_violations(call.violations).with_header("x-shopify-shop-api-call-limit", limit)
}

impl Call<'_> {
    fn route(&mut self) -> Answer {
        let Some(path) = self.place.resource.strip_suffix(".json") else {
            return not_found(self.request);
        };
        let segments: Vec<&str> = path.split('/').collect();
        let scope = match (self.request.method.as_str(), segments[0]) {
            ("GET", "orders") => "read_orders",
            ("GET", "products") => "read_products",
            ("GET", "inventory_levels" | "inventory_items") => "read_inventory",
            ("GET", "locations") => "read_locations",
            ("GET", "customers") => "read_customers",
            ("GET", "draft_orders") => "read_draft_orders",
            ("POST", "draft_orders") => "write_draft_orders",
            ("GET", "shop") => "",
            _ => return not_found(self.request),
        };
        if !scope.is_empty() && !self.scopes.contains(&scope) {
            return denied(scope);
        }
        match (self.request.method.as_str(), segments.as_slice()) {
            ("GET", ["orders"]) => self.orders(None),
            ("GET", ["customers", "search"]) => self.customers(),
            ("GET", ["customers", id, "orders"]) => {
                let customer = gid("Customer", id.parse().unwrap_or_default());
                self.orders(Some(customer))
            }
            ("GET", ["orders", id]) => {
                self.known(&["fields"]);
                let Some(order) = self.order(id) else {
                    return missing();
                };
                let order = render::order(self.world, order);
                Answer::json(200, &json!({ "order": self.pick(order) }))
            }
            ("GET", ["orders", id, part]) => self.order_part(id, part),
            ("GET", ["orders", id, "fulfillments", fulfillment, "events"]) => {
                self.known(&[]);
                let wanted = gid("Fulfillment", fulfillment.parse().unwrap_or_default());
                let found = self.order(id).and_then(|order| by_id(list(order, "fulfillments"), &wanted));
                match found {
                    Some(found) => {
                        let events: Vec<_> = list(found, "events").iter().map(render::event).collect();
                        Answer::json(200, &json!({ "fulfillment_events": events }))
                    }
                    None => missing(),
                }
            }
            ("GET", ["products"]) => self.products(),
            ("GET", ["products", id]) => {
                self.known(&["fields"]);
                match by_id(&self.world.products, &gid("Product", id.parse().unwrap_or_default())) {
                    Some(product) => {
                        let product = render::product(self.world, product);
                        Answer::json(200, &json!({ "product": self.pick(product) }))
                    }
                    None => missing(),
                }
            }
            ("GET", ["products", id, "variants"]) => {
                let product = gid("Product", id.parse().unwrap_or_default());
                let variants: Vec<_> = self.world.variants_of(&product).map(render::variant).collect();
                self.page("variants", variants, &[])
            }
            ("GET", ["inventory_levels"]) => self.inventory_levels(),
            ("GET", ["inventory_items"]) => {
                self.known(&["ids", "limit"]);
                let Some(ids) = self.parameter("ids") else {
                    self.violations.push("inventory_items needs ids".to_owned());
                    return Answer::json(422, &json!({ "errors": { "ids": "Required parameter missing or invalid" } }));
                };
                let items: Vec<_> = self
                    .world
                    .variants
                    .iter()
                    .filter(|variant| among(&ids, text(variant, "_item")))
                    .map(render::inventory_item)
                    .collect();
                Answer::json(200, &json!({ "inventory_items": items }))
            }
            ("GET", ["locations"]) => {
                self.known(&[]);
                let locations: Vec<_> = self.world.locations.iter().map(render::location).collect();
                Answer::json(200, &json!({ "locations": locations }))
            }
            ("GET", ["shop"]) => {
                self.known(&["fields"]);
                let shop = self.pick(render::shop(&self.world.shop));
                Answer::json(200, &json!({ "shop": shop }))
            }
            ("GET", ["draft_orders", id]) => {
                self.known(&["fields"]);
                match by_id(&self.world.drafts, &gid("DraftOrder", id.parse().unwrap_or_default())) {
                    Some(draft) => {
                        let draft = self.pick(render::draft(self.world, draft));
                        Answer::json(200, &json!({ "draft_order": draft }))
                    }
                    None => missing(),
                }
            }
            ("POST", ["draft_orders"]) => self.draft_create(),
            ("POST", ["draft_orders", id, "send_invoice"]) => self.invoice_send(id),
            _ => not_found(self.request),
        }
    }

    fn order(&self, id: &str) -> Option<&Value> {
        by_id(&self.world.orders, &gid("Order", id.parse().ok()?))
    }

    fn order_part(&mut self, id: &str, part: &str) -> Answer {
        let Some(order) = self.order(id).cloned() else {
            return missing();
        };
        match part {
            "fulfillments" => {
                let items: Vec<_> =
                    list(&order, "fulfillments").iter().map(|item| render::fulfillment(&order, item)).collect();
                let times = ["created_at_min", "created_at_max", "updated_at_min", "updated_at_max"];
                self.page("fulfillments", items, &times)
            }
            "fulfillment_orders" => {
                self.known(&["include_financial_summaries", "include_order_reference_fields"]);
                let items: Vec<_> = list(&order, "fulfillmentOrders").iter().map(render::fulfillment_order).collect();
                Answer::json(200, &json!({ "fulfillment_orders": items }))
            }
            "refunds" => {
                let items: Vec<_> = list(&order, "refunds").iter().map(render::refund).collect();
                self.page("refunds", items, &["in_shop_currency"])
            }
            _ => not_found(self.request),
        }
    }

    fn orders(&mut self, customer: Option<String>) -> Answer {
        let parameters = self.filters();
        let get = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let term = |value: &str| Term {
            field: None,
            comparison: super::search::Comparison::Matches,
            value: value.to_owned(),
            quoted: false,
            prefix: false,
        };
        let status = get("status").unwrap_or("open");
        if !matches!(status, "open" | "closed" | "cancelled" | "any") {
            self.violations.push(format!("unknown status {status:?}"));
        }
        let time = |order: &Value, member: &str, name: &str| {
            let held = text(order, member).parse::<jiff::Timestamp>().ok();
            let bound = |suffix: &str| get(&format!("{name}_{suffix}")).and_then(|text| text.parse().ok());
            bound("min").is_none_or(|bound| held >= Some(bound)) && bound("max").is_none_or(|bound| held <= Some(bound))
        };
        let word = |order: &Value, name: &str, held: String| match get(name) {
            None | Some("any") => true,
            // In REST the unshipped and unfulfilled are those without a status.
            Some("unshipped" | "unfulfilled") if order[name].is_null() && held.is_empty() => true,
            Some(wanted) => wanted.split(',').any(|wanted| wanted == held),
        };
        let found: Vec<_> = self
            .world
            .orders
            .iter()
            .filter(|order| customer.as_ref().is_none_or(|id| order["_customer"] == id.as_str()))
            .filter(|order| {
                let closed = order["closed"] == true;
                let cancelled = order["cancelledAt"].is_string();
                match status {
                    "open" => !closed && !cancelled,
                    "closed" => closed,
                    "cancelled" => cancelled,
                    _ => true,
                }
            })
            // A loose match: the words of the name may be part of a longer one.
            .filter(|order| get("name").is_none_or(|name| term(name).matches_words(text(order, "name"))))
            .filter(|order| get("ids").is_none_or(|ids| among(ids, text(order, "id"))))
            .filter(|order| time(order, "createdAt", "created_at"))
            .filter(|order| time(order, "updatedAt", "updated_at"))
            .filter(|order| time(order, "processedAt", "processed_at"))
            .filter(|order| {
                let held = text(order, "displayFinancialStatus").to_lowercase();
                word(order, "financial_status", held)
            })
            .filter(|order| {
                let held = render::fulfillment_status(order).unwrap_or_default();
                word(order, "fulfillment_status", held.to_owned())
            })
            .collect();
        let rendered = found
            .into_iter()
            // The newest order comes first.
            .rev()
            .map(|order| render::order(self.world, order))
            .collect();
        self.page("orders", rendered, ORDER_FILTERS)
    }

    fn customers(&mut self) -> Answer {
        self.known(&["query", "order", "limit", "fields"]);
        let query = self.parameter("query").unwrap_or_default();
        let mut remarks = filters::Remarks::default();
        let found: Vec<_> =
            filters::find(self.world, self.world.customers.iter(), &query, filters::customer, &mut remarks)
                .into_iter()
                .map(render::customer)
                .collect();
        self.violations.extend(remarks.violations);
        let customers: Vec<_> = found.into_iter().map(|customer| self.pick(customer)).collect();
        Answer::json(200, &json!({ "customers": customers }))
    }

    fn products(&mut self) -> Answer {
        let parameters = self.filters();
        let get = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let same = |name: &str, held: &str| {
            get(name).is_none_or(|wanted| wanted.split(',').any(|wanted| wanted.eq_ignore_ascii_case(held)))
        };
        let rendered = self
            .world
            .products
            .iter()
            .filter(|product| same("title", text(product, "title")))
            .filter(|product| same("vendor", text(product, "vendor")))
            .filter(|product| same("handle", text(product, "handle")))
            .filter(|product| same("product_type", text(product, "productType")))
            .filter(|product| same("status", text(product, "status")))
            .filter(|product| get("ids").is_none_or(|ids| among(ids, text(product, "id"))))
            .filter(|product| match get("published_status") {
                Some("published") => product["onlineStoreUrl"].is_string(),
                Some("unpublished") => product["onlineStoreUrl"].is_null(),
                _ => true,
            })
            .map(|product| render::product(self.world, product))
            .collect();
        self.page("products", rendered, PRODUCT_FILTERS)
    }

    fn inventory_levels(&mut self) -> Answer {
        self.known(&["inventory_item_ids", "location_ids", "limit", "updated_at_min"]);
        let items = self.parameter("inventory_item_ids");
        let locations = self.parameter("location_ids");
        if items.is_none() && locations.is_none() {
            self.violations.push("inventory_levels needs inventory_item_ids or location_ids".to_owned());
            let text = "inventory_item_ids or location_ids must be present";
            return Answer::json(422, &json!({ "errors": text }));
        }
        let levels: Vec<_> = self
            .world
            .variants
            .iter()
            .flat_map(|variant| resolve::levels(variant).map(move |level| (variant, level)))
            .filter(|(_, level)| items.as_ref().is_none_or(|ids| among(ids, text(level, "_item"))))
            .filter(|(_, level)| locations.as_ref().is_none_or(|ids| among(ids, text(level, "_location"))))
            .map(|(variant, level)| render::level(variant, &level))
            .collect();
        Answer::json(200, &json!({ "inventory_levels": levels }))
    }

    fn draft_create(&mut self) -> Answer {
        const BODY: Shape = Shape::Object(&[("draft_order", Need::Must, &DRAFT)]);
        const DRAFT: Shape = Shape::Object(&[
            ("line_items", Need::Must, &Shape::List(&LINE)),
            ("email", Need::May, &Shape::Nullable(&Shape::Text)),
            ("note", Need::May, &Shape::Nullable(&Shape::Text)),
            ("tags", Need::May, &Shape::Text),
        ]);
        const LINE: Shape =
            Shape::Object(&[("variant_id", Need::Must, &Shape::Integer), ("quantity", Need::Must, &Shape::Integer)]);
        let body = match self.body(&BODY) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let draft = &body["draft_order"];
        let lines: Vec<_> = list(draft, "line_items")
            .iter()
            .map(|line| {
                let id = line["variant_id"].as_u64().unwrap_or_default();
                json!({ "variantId": gid("ProductVariant", id), "quantity": line["quantity"] })
            })
            .collect();
        let tags: Vec<_> = text(draft, "tags").split(", ").filter(|tag| !tag.is_empty()).collect();
        let input = json!({
            "lineItems": lines,
            "email": draft["email"],
            "note": draft["note"],
            "tags": tags,
        });
        let made = mutations::draft(self.world, &input);
        match made {
            Ok(made) if made["draftOrder"].is_null() => refused(&made),
            Ok(made) => {
                let draft = render::draft(self.world, &made["draftOrder"]);
                Answer::json(201, &json!({ "draft_order": draft }))
            }
            Err(violation) => {
                self.violations.push(violation.clone());
                Answer::json(422, &json!({ "errors": violation }))
            }
        }
    }

    fn invoice_send(&mut self, id: &str) -> Answer {
        const BODY: Shape = Shape::Object(&[("draft_order_invoice", Need::Must, &INVOICE)]);
        const INVOICE: Shape = Shape::Object(&[
            ("to", Need::May, &Shape::Text),
            ("from", Need::May, &Shape::Text),
            ("bcc", Need::May, &Shape::List(&Shape::Text)),
            ("subject", Need::May, &Shape::Text),
            ("custom_message", Need::May, &Shape::Text),
        ]);
        let body = match self.body(&BODY) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let id = gid("DraftOrder", id.parse().unwrap_or_default());
        if by_id(&self.world.drafts, &id).is_none() {
            return missing();
        }
        let sent = mutations::send(self.world, &id, &body["draft_order_invoice"]);
        if sent["draftOrder"].is_null() {
            return refused(&sent);
        }
        Answer::json(201, &body)
    }

    /// The body, when it has the documented shape.
    fn body(&mut self, shape: &Shape) -> Result<Value, Answer> {
        if self.request.media_type().as_deref() != Some("application/json") {
            self.violations.push("Content-Type is not application/json".to_owned());
            return Err(Answer::json(406, &json!({ "errors": "Not Acceptable" })));
        }
        let body = self.request.json().map_err(|error| {
            self.violations.push(error.clone());
            Answer::json(400, &json!({ "errors": error }))
        })?;
        let findings = shape.check(&body);
        if findings.is_empty() {
            return Ok(body);
        }
        let errors: Map<_, _> =
            findings.iter().map(|finding| (finding.path.clone(), json!([finding.to_string()]))).collect();
        self.violations.extend(findings.iter().map(ToString::to_string));
        Err(Answer::json(422, &json!({ "errors": errors })))
    }

    fn parameter(&self, name: &str) -> Option<String> {
        self.request.pairs().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Notes parameters the endpoint does not document; the vendor ignores them.
    fn known(&mut self, names: &[&str]) {
        for (name, _) in self.request.pairs() {
            if !names.contains(&name.as_str()) {
                self.violations.push(format!("unknown query parameter {name}"));
            }
        }
    }
}

/// Whether a comma-separated list of numbers names the object with this global id.
fn among(ids: &str, gid: &str) -> bool {
    let number = legacy(gid);
    ids.split(',').any(|id| id.trim().parse().ok() == number)
}

fn missing() -> Answer {
    Answer::json(404, &json!({ "errors": "Not Found" }))
}

fn refused(payload: &Value) -> Answer {
    let error = &payload["userErrors"][0];
    let field = list(error, "field").last().and_then(Value::as_str).unwrap_or("base");
    Answer::json(422, &json!({ "errors": { field: [error["message"]] } }))
}
