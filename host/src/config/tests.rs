use super::*;

fn parse(path: &str, text: String) -> Result<Config, Complaints> {
    Config::draft(Source { path: path.into(), text }).and_then(Draft::finish)
}

fn complaints(text: &str) -> Vec<(Option<usize>, String)> {
    let source = Source { path: "jackfield.toml".into(), text: text.to_owned() };
    match Config::draft(source.clone()).and_then(Draft::finish) {
        Ok(_) => Vec::new(),
        Err(all) => all.list().iter().map(|c| (c.span.as_ref().map(|s| source.line(s)), c.message.clone())).collect(),
    }
}

const GOOD: &str = r#"
[server]
listen = "127.0.0.1:9000"

[limits]
wall_ms = 5000

[caller.bot]
key_sha256 = "2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea"
tenant = "acme"
scopes = ["intent:*", "connections:read"]

[connector.shopify]
file = "dist/shopify.wasm"

[connection.shop-eu]
connector = "shopify"
tenant = "acme"
access = "write"
allow_addresses = ["127.0.0.1/32"]
limits = { cpu_ms = 100 }

[connection.shop-eu.settings]
shop = "acme"

[connection.shop-eu.secrets]
access_token = "env:SHOPIFY_TOKEN"
webhook_secret = { source = "file:/run/secrets/hook", reveal = true }

[[route]]
intent = "order.*"
connection = "shop-eu"
"#;

#[test]
fn a_good_file_reads_whole() {
    let config = parse("x/jackfield.toml", GOOD.to_owned()).unwrap();
    let connection = config.connections["shop-eu"].get_ref();
    assert_eq!(connection.access, Access::Write);
    assert_eq!(connection.secrets["access_token"].get_ref().source(), "env:SHOPIFY_TOKEN");
    assert!(!connection.secrets["access_token"].get_ref().reveal());
    assert!(connection.secrets["webhook_secret"].get_ref().reveal());
    let limits = config.limits_of(connection).unwrap();
    assert_eq!((limits.wall_ms, limits.cpu_ms), (5000, 100));
    assert_eq!(config.source.place(&config.connections["shop-eu"].span()), "x/jackfield.toml:16");
    assert_eq!(config.source.resolve(Path::new("dist/a.wasm")), Path::new("x/dist/a.wasm"));
    assert_eq!(config.store_path(), Path::new("x/jackfield.db"));
}

#[test]
fn access_is_read_unless_written() {
    let config = GOOD.replace("access = \"write\"\n", "");
    let config = parse("jackfield.toml", config).unwrap();
    assert_eq!(config.connections["shop-eu"].get_ref().access, Access::Read);
}

#[test]
fn everything_that_is_wrong_is_said_in_one_go() {
    let text = GOOD
        .replace("wall_ms = 5000", "wall_ms = \"long\"")
        .replace("intent:*", "everything")
        .replace("2a97", "zz")
        .replace("connector = \"shopify\"", "connector = \"shopware\"")
        .replace("connection = \"shop-eu\"", "connection = \"shop-us\"")
        + "\n[surprise]\nx = 1\n";
    let lines: Vec<_> = complaints(&text);
    assert_eq!(
        lines,
        [
            (Some(6), "invalid type: string \"long\", expected u64".to_owned()),
            (Some(9), "key_sha256 of caller `bot` is not a SHA-256 in hexadecimal".to_owned()),
            (Some(11), "`everything` is not a scope".to_owned()),
            (Some(17), "connection `shop-eu` uses the connector `shopware`, which is not there".to_owned()),
            (Some(30), "a route leads to the connection `shop-us`, which is not there".to_owned()),
            (Some(34), "`surprise` means nothing here".to_owned()),
        ]
    );
}

#[test]
fn a_syntax_error_has_its_line() {
    let found = complaints("[server]\nlisten = \n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, Some(2));
}

#[test]
fn a_report_shows_the_line_and_the_remedy() {
    let text = GOOD.replace("listen = ", "lisen = ");
    let report = parse("jackfield.toml", text).unwrap_err().to_string();
    for part in ["jackfield.toml:3:1", "lisen = \"127.0.0.1:9000\"", "unknown field `lisen`", "help: "] {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
}

#[test]
fn a_section_that_could_not_be_read_is_complained_about_once() {
    let text = GOOD.replace("file = \"dist/shopify.wasm\"", "fiel = \"dist/shopify.wasm\"");
    let found = complaints(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.contains("fiel"), "{found:?}");
}

#[test]
fn who_may_connect_is_checked_word_by_word() {
    let with = |lines: &str| GOOD.replace("[server]\n", &format!("[server]\n{lines}\n"));
    let good =
        "idle_ms = 30000\nhosts = [\"bots.example.com\", \"10.0.0.7\"]\norigins = [\"https://desk.example.com\"]";
    assert_eq!(complaints(&with(good)), []);
    for (line, message) in [
        ("idle_ms = 99", "`idle_ms` of `[server]` is 99"),
        ("hosts = [\"bots.example.com:80\"]", "`bots.example.com:80` is not a host"),
        ("hosts = [\"bots.example.com\", \"*\"]", "`*` is not a host"),
        ("origins = [\"*\"]", "`*` is not an origin"),
        ("origins = [\"https://desk.example.com/\"]", "`https://desk.example.com/` is not an origin"),
    ] {
        let found = complaints(&with(line));
        assert!(found.contains(&(Some(3), message.to_owned())), "{found:?}");
    }
}

#[test]
fn a_secret_in_the_wrong_place_is_neither_repeated_nor_shown() {
    let with = |lines: &str| format!("{GOOD}\n{lines}\n");
    for text in [
        with("[vault]\nfile = \"v\"\nmaster_key = 1234\nshpat_1234 = 1"),
        with("[vault]\nfile = \"v\"\nmaster_key = { file = \"shpat_1234\" }"),
        with("[openbao]\naddress = \"https://bao\"\nauth = \"shpat_1234\""),
        with("[openbao]\naddress = \"https://bao\"\nauth = { token = \"shpat_1234\" }"),
        with(
            "[openbao]\naddress = \"https://bao\"\nauth = { approle = { role_id = \"env:A\", secret_id = \"shpat_1234\" } }",
        ),
    ] {
        let report = parse("jackfield.toml", text).unwrap_err().to_string();
        let lines: Vec<_> =
            report.lines().filter(|line| line.contains("shpat_1234") && !line.contains("field")).collect();
        assert!(lines.is_empty(), "{report}");
        assert!(report.contains("jackfield.toml:"), "{report}");
    }
}

#[test]
fn stores_of_secrets_are_read() {
    let lines = "[vault]\nfile = \"v\"\nmaster_key = [\"env:NEW\", \"passphrase:file:/etc/words\"]\n\
                 [openbao]\naddress = \"https://bao:8200\"\nnamespace = \"team\"\nttl_s = 60\n\
                 auth = { kubernetes = { role = \"jackfield\" } }\n";
    let config = parse("jackfield.toml", format!("{GOOD}\n{lines}")).unwrap();
    let sources = config.vault.unwrap().into_inner().master_sources().unwrap();
    let texts: Vec<_> = sources.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["env:NEW", "passphrase:file:/etc/words"]);
    let openbao = config.openbao.unwrap().into_inner();
    assert_eq!((openbao.ttl_s, openbao.timeout_ms, openbao.allow_insecure), (60, 3_000, false));
    let jackfield_egress::OpenBaoAuth::Kubernetes { kubernetes } = openbao.auth else { panic!("another login") };
    assert_eq!((kubernetes.role.as_str(), kubernetes.mount.as_str()), ("jackfield", "kubernetes"));
}

#[test]
fn every_mistake_in_a_policy_has_its_line() {
    let text = r#"[intent."order"]
deadline_ms = 20
[intent."order.*"]
confirm_ms = 0
confirm = { when = [{ pointer = "quantity", is = "above", value = 10 }] }
[intent."ticket.*"]
confirm = { when = [] }
[intent."ticket.*".texts."no tag"]
timeout = " "
[texts.de]
late = "x"
[intent."pto.*"]
confirm = "sometimes"
"#;
    let found: Vec<_> =
        complaints(text).into_iter().map(|(line, message)| format!("{}: {message}", line.unwrap_or(0))).collect();
    let expected = [
        "1: `order` is not an intent pattern",
        "2: `deadline_ms` of intent `order` is 20",
        "4: `confirm_ms` of intent `order.*` is 0",
        "5: `confirm` of intent `order.*`: `quantity` is not a JSON pointer: it begins with `/`",
        "7: `confirm` of intent `ticket.*` has no condition",
        "8: `no tag` is not a language tag",
        "9: a text for `no tag` is empty or over 4096 bytes",
    ];
    for one in expected {
        assert!(found.iter().any(|f| f == one), "{one} is not in\n{found:#?}");
    }
    assert!(found.iter().any(|f| f.contains("unknown field `late`")), "{found:#?}");
    assert!(found.iter().any(|f| f.starts_with("13: ")), "{found:#?}");
}

#[test]
fn room_for_kept_answers_is_bounded_unless_written_otherwise() {
    let room = |text: &str| parse("jackfield.toml", text.to_owned()).unwrap().cache;
    assert_eq!((room("").answers_max, room("").bytes_max), (10_000, 64 << 20));
    assert_eq!(room("[cache]\nbytes_max = 5\n"), CacheSection { bytes_max: 5, ..CacheSection::default() });
    let found = complaints("[cache]\nanswers = 5\n[intent.\"order.*\"]\ncache = { ttl_ms = 2592000001 }\n");
    assert!(found[0].1.contains("unknown field `answers`"), "{found:?}");
    assert_eq!(found[1], (Some(4), "`cache` of intent `order.*` keeps answers for 2592000001 milliseconds".to_owned()));
}

#[test]
fn bounds_of_calls_are_held_and_every_wrong_one_is_named() {
    assert!(complaints("[calls]\nkept_ms = 60000\nlease_ms = 500\nstream_ms = 1000\nkept_max = 0\n").is_empty());
    assert_eq!(
        complaints("[calls]\nkept_ms = 59999\nlease_ms = 499\nstream_ms = 86400001\n"),
        [
            (Some(2), "`kept_ms` of `[calls]` is 59999".to_owned()),
            (Some(3), "`lease_ms` of `[calls]` is 499".to_owned()),
            (Some(4), "`stream_ms` of `[calls]` is 86400001".to_owned()),
        ]
    );
}
