//! The grammar, the escapes, and what both refuse.

use super::*;

fn path(text: &str) -> Path {
    text.split('.').map(str::to_owned).collect()
}

fn filter(condition: &str) -> Filter {
    parse(&format!("SELECT Id FROM Contact WHERE {condition}")).unwrap().filter.unwrap()
}

fn refusal(query: &str) -> String {
    parse(query).unwrap_err().0
}

fn like(pattern: &str, text: &str) -> bool {
    let Filter::Like { pattern, .. } = filter(&format!("Name LIKE '{pattern}'")) else { panic!("no LIKE") };
    is_like(&pattern, text)
}

#[test]
fn the_example_of_the_guide_is_read_whole() {
    let query = parse(
        "select Id, Name, Account.Name from Contact where Email = 'o\\'neil@x.example' \
         order by LastModifiedDate desc nulls last, Name limit 5",
    )
    .unwrap();
    assert_eq!(query.fields, [path("Id"), path("Name"), path("Account.Name")]);
    assert_eq!(query.object, "Contact");
    assert_eq!(
        query.filter,
        Some(Filter::Compare {
            path: path("Email"),
            operator: Operator::Equal,
            value: Literal::Text("o'neil@x.example".to_owned()),
        })
    );
    assert_eq!(query.order.len(), 2);
    assert!(query.order[0].descending && query.order[0].nulls_last && !query.order[1].descending);
    assert_eq!(query.limit, Some(5));
}

#[test]
fn literals_have_types() {
    let value = |text: &str| match filter(&format!("X >= {text}")) {
        Filter::Compare { value, .. } => value,
        other => panic!("{other:?}"),
    };
    assert_eq!(value("2026-09-30"), Literal::Date("2026-09-30".to_owned()));
    assert_eq!(value("2026-05-01T00:00:00Z"), Literal::DateTime("2026-05-01T00:00:00Z".parse().unwrap()));
    assert_eq!(value("2026-05-01T02:00:00+02:00"), Literal::DateTime("2026-05-01T00:00:00Z".parse().unwrap()));
    assert_eq!(value("-12.5"), Literal::Number(-12.5));
    assert_eq!(value("TRUE"), Literal::Boolean(true));
    assert_eq!(value("null"), Literal::Null);
    assert_eq!(value("'2026-09-30'"), Literal::Text("2026-09-30".to_owned()));
}

#[test]
fn every_documented_escape_is_opened_and_no_other() {
    let text = |raw: &str| match filter(&format!("X = '{raw}'")) {
        Filter::Compare { value: Literal::Text(text), .. } => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(text(r#"\n\r\t\b\f\"\'\\\u0041"#), "\n\r\t\u{8}\u{c}\"'\\A");
    assert_eq!(text("100%_"), "100%_");
    for raw in [r"\x", r"\%", r"\_", r"\u00", r"\u00zz", r"\ud800", r"\'; \a"] {
        let query = format!("SELECT Id FROM Contact WHERE X = '{raw}'");
        assert!(refusal(&query).contains("illegal character sequence"), "{raw}");
    }
}

#[test]
fn an_open_string_cannot_swallow_the_rest_of_the_query() {
    assert!(refusal("SELECT Id FROM Contact WHERE Name = 'O'Neil'").contains("mismatched character"));
    assert!(refusal(r"SELECT Id FROM Contact WHERE Name = 'x\'").contains("mismatched character"));
    assert_eq!(refusal("SELECT Id FROM Contact WHERE Name = 'x' Y"), "unexpected token: 'Y'");
    assert_eq!(refusal("SELECT Id FROM Contact WHERE Name = 'x' OR"), "unexpected end of query");
}

#[test]
fn wildcards_match_and_escaped_ones_do_not() {
    assert!(like("ACME%", "acme Corporation") && like("%corp_ration", "Acme Corporation") && like("%", ""));
    assert!(!like("acme", "Acme Corporation") && !like("_", ""));
    assert!(like(r"100\%\_match", "100%_Match") && !like(r"100\%\_match", "100xxMatch"));
    assert!(like("100%_match", "100xxMatch"));
}

#[test]
fn and_and_or_need_parentheses_between_them() {
    assert!(matches!(filter("(A = 1 OR B = 2) AND C IN ('x','y')"), Filter::All(parts) if parts.len() == 2));
    assert!(matches!(filter("A = 1 OR B = 2 OR C NOT IN (1)"), Filter::Any(parts) if parts.len() == 3));
    assert!(matches!(filter("NOT A = 1"), Filter::Not(_)));
    assert_eq!(refusal("SELECT Id FROM Contact WHERE A = 1 AND B = 2 OR C = 3"), "unexpected token: 'OR'");
}

#[test]
fn what_is_no_query_is_refused() {
    for query in [
        "",
        "SELECT FROM Contact",
        "SELECT * FROM Contact",
        "SELECT Id FROM Contact;",
        "SELECT Id FROM Contact WHERE",
        "SELECT Id FROM Contact LIMIT x",
        "SELECT Id FROM Contact LIMIT -1",
        "SELECT COUNT() FROM Contact",
        "SELECT Id, FROM Contact",
        "SELECT Id FROM Contact WHERE Name LIKE 5",
        "SELECT Id FROM Contact WHERE Name IN ()",
        "SELECT Id FROM Contact WHERE CreatedDate = TODAY",
        "SELECT Id FROM Contact -- x",
        "DELETE FROM Contact",
    ] {
        assert!(parse(query).is_err(), "{query}");
    }
    let deep = format!("SELECT Id FROM Contact WHERE {}A = 1{}", "(".repeat(99), ")".repeat(99));
    assert_eq!(refusal(&deep), "the query is nested too deeply");
}
