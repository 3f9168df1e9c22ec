use super::super::{Config, Draft, Source};
use super::*;

fn read(text: &str) -> Result<Config, Vec<(usize, String)>> {
    let text = text.to_owned() + "[connector.shop]\nfile = \"shop.wasm\"\n";
    let source = Source { path: "jackfield.toml".into(), text };
    Config::draft(source.clone()).and_then(Draft::finish).map_err(|all| {
        all.list().iter().map(|c| (c.span.as_ref().map_or(0, |span| source.line(span)), c.message.clone())).collect()
    })
}

fn of(text: &str) -> Resilience {
    let config = read(text).unwrap();
    config.resilience_of(config.connections["shop"].get_ref())
}

const SHOP: &str = "[connection.shop]\nconnector = \"shop\"\ntenant = \"acme\"\n";

#[test]
fn what_nobody_writes_is_the_default_of_the_egress() {
    let egress = ConnectionConfig::default();
    let own = of(SHOP);
    assert_eq!((&own.retry, &own.breaker), (&egress.retry, &egress.breaker));
    assert_eq!(own.requests_in_flight_max, egress.requests_in_flight_max);
    assert!(own.breaker.enabled, "on by default");
}

#[test]
fn a_connection_has_the_last_word_and_the_host_the_one_before() {
    let host = "[resilience]\nsockets_per_origin_max = 8\nbudget_wait_ms_max = 100\nretry = { attempts_max = 5, base_ms = 50 }\n";
    let own = "[connection.shop.resilience]\nretry.attempts_max = 1\nbreaker = { enabled = false, answers = [503] }\n";
    let resolved = of(&format!("{host}{SHOP}{own}"));
    assert_eq!((resolved.retry.attempts_max, resolved.retry.base_ms, resolved.retry.cap_ms), (1, 50, 2_000));
    assert_eq!((resolved.breaker.enabled, &resolved.breaker.answers), (false, &vec![503]));
    assert_eq!((resolved.sockets_per_origin_max, resolved.budget_wait_ms_max), (8, Some(100)));
}

#[test]
fn every_number_out_of_its_bounds_is_named_with_its_line() {
    let found = read(&format!(
        "[resilience]\nretry.attempts_max = 0\n{SHOP}in_flight_max = 0\nprobe_interval_ms = 10\n\
         [connection.shop.resilience]\nconnect_timeout_ms = 0\n\
         breaker = {{ failure_percent = 101, open_ms = 90000 }}\n"
    ));
    let expected = [
        (2, "`retry.attempts_max` of `[resilience]` is 0"),
        (6, "`in_flight_max` of connection `shop` is 0"),
        (7, "`probe_interval_ms` of connection `shop` is 10"),
        (9, "`connect_timeout_ms` of connection `shop` is 0"),
        (10, "`breaker.failure_percent` of connection `shop` is 101"),
        (10, "`breaker.open_ms` of connection `shop` is 90000, above its `breaker.open_ms_max`, which is 60000"),
    ];
    let found = found.unwrap_err();
    let found: Vec<_> = found.iter().map(|(line, message)| (*line, message.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_misspelt_key_is_refused_on_its_line() {
    let found = read(&format!("{SHOP}[connection.shop.resilience]\nretries = 3\n")).unwrap_err();
    assert!(found[0].0 == 5 && found[0].1.contains("unknown field `retries`"), "{found:?}");
}
