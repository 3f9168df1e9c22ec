//! One test per business system: its documented budget as a table, its documented headers, and what comes of them.
//! Each table is what the system's connector may copy into its manifest.

use super::*;

#[test]
fn bigcommerce_has_a_fixed_window_that_resets_in_milliseconds() {
    // developer.bigcommerce.com, "API rate limits": 150 requests per 30 seconds on Standard and Plus.
    let mut bench = Bench::new(
        "retry_after = ['x-retry-after', 'retry-after']\n\
         [[window]]\nname = 'store'\nkind = 'fixed'\nlimit = 150\nlength_ms = 30000\n\
         told = { limit = 'x-rate-limit-requests-quota', remaining = 'x-rate-limit-requests-left', \
         reset = 'x-rate-limit-time-reset-ms', reset_as = 'milliseconds' }",
    );
    let told = [
        ("X-Rate-Limit-Requests-Quota", "450"),
        ("X-Rate-Limit-Requests-Left", "3"),
        ("X-Rate-Limit-Time-Window-Ms", "30000"),
        ("X-Rate-Limit-Time-Reset-Ms", "14500"),
    ];
    bench.answered(ONE, 200, &told);
    assert_eq!(bench.burst(ONE), 3);
    assert_eq!(bench.wait_ms(ONE), 14_500);
    // The longer of both counts.
    bench.answered(ONE, 429, &[("X-Retry-After", "20"), ("X-Rate-Limit-Time-Reset-Ms", "14500")]);
    assert_eq!(bench.wait_ms(ONE), 20_000);
}

#[test]
fn dynamics_says_how_long_and_nothing_else_that_counts() {
    // learn.microsoft.com, "Service protection API limits": 6,000 requests in a sliding window of five minutes; the
    // x-ms-ratelimit headers are for debugging only.
    let mut bench = Bench::new("[[window]]\nname = 'user'\nlimit = 6000\nlength_ms = 300000");
    bench.answered(ONE, 200, &[("x-ms-ratelimit-burst-remaining-xrm-requests", "0")]);
    assert_eq!(bench.take(ONE), Take::Go);
    bench.answered(ONE, 429, &[("Retry-After", "37")]);
    assert_eq!(bench.take(ONE), Take::Refuse { retry_after: ms(37_000) });
}

#[test]
fn freshdesk_tells_its_limit_with_decimals() {
    // developers.freshdesk.com/api, "Rate limit": per minute and plan, account-wide.
    let mut bench = Bench::new(
        "[[window]]\nname = 'minute'\nkind = 'fixed'\nlimit = 200\nlength_ms = 60000\n\
         told = { limit = 'x-ratelimit-total', remaining = 'x-ratelimit-remaining' }",
    );
    bench.answered(ONE, 200, &[("X-RateLimit-Total", "400.0"), ("X-RateLimit-Remaining", "38.0")]);
    assert_eq!(bench.burst(ONE), 38);
    assert_eq!(bench.wait_ms(ONE), 60_000);
}

#[test]
fn hubspot_has_a_burst_a_day_and_a_search_of_its_own() {
    // developers.hubspot.com, "API usage guidelines": 100 to 250 per 10 seconds, a number per day, 5 searches a second
    // whose replies carry no rate headers.
    let mut bench = Bench::new(
        "wait_ms_max = 2000\n\
         [[window]]\nname = 'burst'\nlimit = 100\nlength_ms = 10000\n\
         told = { limit = 'x-hubspot-ratelimit-max', remaining = 'x-hubspot-ratelimit-remaining' }\n\
         [[window]]\nname = 'day'\nkind = 'fixed'\nlimit = 250000\nlength_ms = 86400000\n\
         told = { limit = 'x-hubspot-ratelimit-daily', remaining = 'x-hubspot-ratelimit-daily-remaining' }\n\
         [[window]]\nname = 'search'\nlimit = 5\nlength_ms = 1000\nonly = ['POST /crm/v3/objects/*/search']",
    );
    assert_eq!(bench.burst("POST /crm/v3/objects/contacts/search"), 5);
    assert_eq!(bench.take("POST /crm/v3/objects/deals/search"), Take::Wait(ms(1_050)));
    assert_eq!(bench.take("GET /crm/v3/owners"), Take::Go);
    let told = [
        ("X-HubSpot-RateLimit-Max", "190"),
        ("X-HubSpot-RateLimit-Remaining", "150"),
        ("X-HubSpot-RateLimit-Daily", "650000"),
        ("X-HubSpot-RateLimit-Daily-Remaining", "2"),
    ];
    bench.answered("GET /crm/v3/owners", 200, &told);
    assert_eq!(bench.burst("GET /crm/v3/owners"), 2);
    assert!(matches!(bench.take("GET /crm/v3/owners"), Take::Refuse { .. }));
}

#[test]
fn jira_names_the_moment_of_its_reset() {
    // developer.atlassian.com/cloud/jira/platform/rate-limiting: bursts per second; on 429 `Retry-After` and an ISO
    // moment in `X-RateLimit-Reset`.
    let mut bench = Bench::new(
        "[[window]]\nname = 'burst'\nlimit = 100\nlength_ms = 1000\n\
         told = { limit = 'x-ratelimit-limit', remaining = 'x-ratelimit-remaining', reset = 'x-ratelimit-reset', \
         reset_as = 'rfc3339' }",
    );
    let told = [
        ("Retry-After", "5"),
        ("X-RateLimit-Limit", "350"),
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-Reset", "2026-01-20T10:00Z"),
        ("RateLimit-Reason", "jira-burst-based"),
    ];
    bench.answered(ONE, 429, &told);
    assert_eq!(bench.wait_ms(ONE), 5_000);
    bench.answered(ONE, 429, &[("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "2026-01-20T10:01Z")]);
    assert_eq!(bench.wait_ms(ONE), 60_000);
}

#[test]
fn magento_oracle_sap_and_workday_are_limited_by_ourselves() {
    // None of them documents a header beside, at most, `Retry-After`: a modest budget of our own, and what they ask
    // for.
    let mut bench = Bench::new("[[window]]\nname = 'own'\nkind = 'bucket'\nlimit = 5\nlength_ms = 1000");
    assert_eq!(bench.burst(ONE), 5);
    assert_eq!(bench.take(ONE), Take::Wait(ms(200)));
    bench.answered(ONE, 429, &[]);
    assert_eq!(bench.take(ONE), Take::Wait(ms(1_000)));
    // SAP asks for 300 seconds (SAP Note 3159263).
    bench.answered(ONE, 429, &[("Retry-After", "300")]);
    assert_eq!(bench.take(ONE), Take::Refuse { retry_after: ms(300_000) });
}

#[test]
fn salesforce_tells_used_and_allowed_in_one_member() {
    // developer.salesforce.com, REST API guide, "Limit Info Header": `api-usage=18/5000`, rolling over 24 hours.
    let mut bench = Bench::new(
        "[[window]]\nname = 'day'\nlimit = 100000\nlength_ms = 86400000\n\
         told = { fraction = 'sforce-limit-info#api-usage' }\n\
         [[window]]\nname = 'app'\nlimit = 100000\nlength_ms = 86400000\n\
         told = { fraction = 'sforce-limit-info#per-app-api-usage' }",
    );
    bench.answered(ONE, 200, &[("Sforce-Limit-Info", "api-usage=4990/5000; per-app-api-usage=17/250(appName=x)")]);
    let now = bench.now();
    let standing: Vec<_> = bench.budget.standing(now).into_iter().map(|s| (s.used, s.limit)).collect();
    assert_eq!(standing, [(4_990, 5_000), (17, 250)]);
    assert_eq!(bench.burst(ONE), 10);
    assert!(matches!(bench.take(ONE), Take::Refuse { .. }));
}

#[test]
fn servicenow_tells_its_limit_and_the_second_of_its_reset() {
    // docs.servicenow.com, "Inbound REST API rate limiting": per hour; there is no header for what is left.
    let mut bench = Bench::new(
        "[[window]]\nname = 'rule'\nkind = 'fixed'\nlimit = 1000\nlength_ms = 3600000\n\
         told = { limit = 'x-ratelimit-limit', reset = 'x-ratelimit-reset', reset_as = 'epoch_seconds' }",
    );
    let reset = (EPOCH_MS / 1_000 + 900).to_string();
    assert_eq!(bench.take(ONE), Take::Go);
    bench.answered(
        ONE,
        200,
        &[("X-RateLimit-Limit", "100"), ("X-RateLimit-Reset", &reset), ("X-RateLimit-Rule", "ab")],
    );
    assert_eq!(bench.burst(ONE), 99);
    assert_eq!(bench.wait_ms(ONE), 900_000);
    bench.answered(ONE, 429, &[("X-RateLimit-Limit", "100"), ("X-RateLimit-Reset", &reset), ("Retry-After", "900")]);
    assert_eq!(bench.take(ONE), Take::Refuse { retry_after: ms(900_000) });
}

#[test]
fn shopify_has_a_bucket_and_its_retry_after_counts_more_than_its_counter() {
    // shopify.dev/docs/api/usage/limits: REST has a bucket of 40 that leaks 2 per second.
    let mut bench = Bench::new(
        "[[window]]\nname = 'rest'\nkind = 'bucket'\nlimit = 40\nlength_ms = 20000\n\
         told = { fraction = 'x-shopify-shop-api-call-limit' }",
    );
    bench.answered(ONE, 200, &[("X-Shopify-Shop-Api-Call-Limit", "32/40")]);
    assert_eq!(bench.burst(ONE), 8);
    assert_eq!(bench.take(ONE), Take::Wait(ms(500)));
    bench.at_ms += 20_000;
    bench.answered(ONE, 429, &[("X-Shopify-Shop-Api-Call-Limit", "1/40"), ("Retry-After", "2.0")]);
    assert_eq!(bench.take(ONE), Take::Wait(ms(2_000)));
}

#[test]
fn shopifys_graphql_tells_its_points_in_the_body() {
    // shopify.dev/docs/api/usage/limits: points per second by plan, `extensions.cost` in every answer, as whole numbers
    // or with decimals.
    let bench = |table: &str| {
        Bench::new(&format!(
            "[[window]]\nname = 'points'\nkind = 'bucket'\nlimit = 2000\nlength_ms = 20000\n{table}\n\
             [[cost]]\nrequest = 'GET /a'\nweight = 50"
        ))
    };
    let table = "told_in_body = { limit = '/extensions/cost/throttleStatus/maximumAvailable', \
                 remaining = '/extensions/cost/throttleStatus/currentlyAvailable' }";
    let answer = |limit: f64, left: i64| {
        serde_json::json!({ "data": null, "extensions": { "cost": { "requestedQueryCost": 202,
            "throttleStatus": { "maximumAvailable": limit, "currentlyAvailable": left, "restoreRate": 100 } } } })
    };
    let mut told = bench(table);
    let learn = |bench: &mut Bench, body: &serde_json::Value| {
        let (now, rate) = (bench.now(), bench.budget.rate.clone());
        rate.in_body(body).for_each(|(window, reading)| bench.budget.learn(now, window, &reading));
    };
    learn(&mut told, &answer(2_000.0, 118));
    assert_eq!(told.burst(ONE), 2);
    assert_eq!(told.take(ONE), Take::Wait(ms(320)), "32 points at 100 a second");
    told.at_ms += 20_000;
    learn(&mut told, &answer(20_000.0, 20_000));
    assert_eq!(told.burst(ONE), 400, "a larger plan");
    // What says nothing, or nonsense, changes nothing.
    let mut silent = bench(table);
    for body in [serde_json::json!({}), serde_json::json!([1]), answer(-1.0, -5)] {
        learn(&mut silent, &body);
    }
    assert_eq!(silent.burst(ONE), 40);
    let rate: Rate =
        toml::from_str("[[window]]\nname = 'w'\nlimit = 1\nlength_ms = 1\ntold_in_body = { limit = 'extensions' }")
            .unwrap();
    assert_eq!(rate.check(), Err("`extensions` is not a JSON pointer, which begins with `/`".to_owned()));
}

#[test]
fn woocommerce_speaks_the_older_ratelimit_fields() {
    // developer.woocommerce.com, "Store API rate limiting": off by default, 25 per 10 seconds; the reset is a
    // second of the epoch.
    let mut bench = Bench::new(
        "retry_after = ['retry-after', 'ratelimit-retry-after']\n\
         [[window]]\nname = 'store'\nkind = 'fixed'\nlimit = 25\nlength_ms = 10000\n\
         told = { limit = 'ratelimit-limit', remaining = 'ratelimit-remaining', reset = 'ratelimit-reset', \
         reset_as = 'epoch_seconds' }",
    );
    let reset = (EPOCH_MS / 1_000 + 7).to_string();
    bench.answered(ONE, 200, &[("RateLimit-Limit", "25"), ("RateLimit-Remaining", "1"), ("RateLimit-Reset", &reset)]);
    assert_eq!(bench.burst(ONE), 1);
    assert_eq!(bench.wait_ms(ONE), 7_000);
    bench.answered(ONE, 429, &[("RateLimit-Retry-After", "9")]);
    assert_eq!(bench.wait_ms(ONE), 9_000);
}

#[test]
fn zendesk_has_an_account_and_endpoints_with_members_of_their_own() {
    // developer.zendesk.com, "Best practices for avoiding rate limiting".
    let mut bench = Bench::new(
        "[[window]]\nname = 'account'\nkind = 'fixed'\nlimit = 200\nlength_ms = 60000\n\
         told = { limit = 'x-rate-limit', remaining = 'x-rate-limit-remaining', reset = 'ratelimit-reset' }\n\
         [[window]]\nname = 'tickets_index'\nkind = 'fixed'\nlimit = 100\nlength_ms = 60000\n\
         only = ['GET /api/v2/tickets']\n\
         told = { limit = 'zendesk-ratelimit-tickets-index#total', \
         remaining = 'zendesk-ratelimit-tickets-index#remaining', reset = 'zendesk-ratelimit-tickets-index#resets' }",
    );
    let told = [
        ("X-Rate-Limit", "700"),
        ("X-Rate-Limit-Remaining", "699"),
        ("zendesk-ratelimit-tickets-index", "total=100; remaining=2; resets=41"),
    ];
    bench.answered("GET /api/v2/tickets", 200, &told);
    assert_eq!(bench.burst("GET /api/v2/tickets"), 2);
    assert_eq!(bench.wait_ms("GET /api/v2/tickets"), 41_000);
    assert_eq!(bench.take("PUT /api/v2/tickets/35436"), Take::Go);
    bench.answered("PUT /api/v2/tickets/35436", 429, &[("Retry-After", "93")]);
    assert_eq!(bench.take("GET /api/v2/users"), Take::Refuse { retry_after: ms(93_000) });
}

#[test]
fn zoho_tells_what_is_left_of_a_plan_that_we_do_not_know() {
    // www.zoho.com/crm/developer/docs, "API limits": credits per rolling 24 hours, told from half of them on; 429 comes
    // without `Retry-After`. COQL weighs more.
    let mut bench = Bench::new(
        "[[window]]\nname = 'credits'\nlimit = 5000\nlength_ms = 86400000\n\
         told = { remaining = 'x-api-credits-remaining' }\n\
         [[cost]]\nrequest = 'POST /crm/v8/coql'\nweight = 2",
    );
    bench.answered(ONE, 200, &[("X-API-CREDITS-REMAINING", "9")]);
    assert_eq!(bench.burst("POST /crm/v8/coql"), 4);
    assert_eq!(bench.burst(ONE), 1);
    bench.answered(ONE, 429, &[]);
    assert_eq!(bench.budget.paused(bench.now()), ms(1_000));
}

#[test]
fn the_ietfs_fields_are_read_by_item_and_parameter() {
    // draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy` has quota and window, `RateLimit` what is left and when.
    let table = |item: &str| {
        format!(
            "[[window]]\nname = 'w'\nlimit = 1000\nlength_ms = 60000\n\
             told = {{ limit = 'ratelimit-policy#{item};q', remaining = 'ratelimit#{item};r', \
             reset = 'ratelimit#{item};t' }}"
        )
    };
    let told = [
        ("RateLimit-Policy", r#""burst";q=100;w=60, "day, all";q=1000;w=86400"#),
        ("RateLimit", r#""burst";r=50;t=30, "day, all";r=0;t=4000"#),
    ];
    for (item, standing, wait) in
        [("burst", (50, 100), 0), ("*", (50, 100), 0), ("day, all", (1_000, 1_000), 4_000_000)]
    {
        let mut bench = Bench::new(&table(item));
        bench.answered(ONE, 200, &told);
        let now = bench.now();
        let got = bench.budget.standing(now).into_iter().map(|s| (s.used, s.limit)).next();
        assert_eq!(got, Some(standing), "{item}");
        assert_eq!(bench.wait_ms(ONE), wait, "{item}");
    }
}

#[test]
fn what_the_system_allows_beyond_the_operators_word_is_not_taken() {
    let table = "[[window]]\nname = \"w\"\nkind = \"fixed\"\nlimit = 40\nlength_ms = 60000\n\
                 told = { limit = \"x-limit\", remaining = \"x-left\" }\n";
    let mut rate: Rate = toml::from_str(table).unwrap();
    rate.window[0].limit = 3;
    rate.window[0].limit_max = Some(3);
    let headers =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
    for (told, left) in [
        (vec![("x-limit", "200"), ("x-left", "199")], 2),
        (vec![("x-left", "199")], 2),
        // Somebody else has used the account.
        (vec![("x-limit", "200"), ("x-left", "198")], 1),
        (vec![("x-limit", "200"), ("x-left", "0")], 0),
        (vec![("x-limit", "2"), ("x-left", "1")], 1),
    ] {
        let mut bench = Bench::of(rate.clone());
        let claim = bench.claim("GET /x");
        assert_eq!(bench.take("GET /x"), Take::Go);
        let now = bench.now();
        bench.budget.observe(now, &claim, 200, &headers(&told));
        assert_eq!(bench.burst("GET /x"), left, "{told:?}");
    }
}
