//! The grammar and the types of filters, and what both refuse.

use serde_json::json;

use super::super::schema::services;
use super::*;

fn check(text: &str) -> Result<bool, String> {
    let table = "service S\nentity Rows Row key Id\nId String(10)\nName String(40)\nTotal Decimal\nOn DateTime\n\
                 At DateTimeOffset\nOpen Boolean\nHidden String nofilter\n";
    let services = services(table);
    let row = json!({
        "Id": "1", "Name": "O'Neil & Sons", "Total": "1050.00", "On": "/Date(1772409600000)/",
        "At": "/Date(1772446500000+0000)/", "Open": true, "Hidden": "x",
    });
    let filter = read(&services[0].entities[0], text).map_err(|refusal| refusal.message)?;
    Ok(filter.matches(row.as_object().unwrap()))
}

#[test]
fn comparisons_know_their_types() {
    for text in [
        "Id eq '1'",
        "Name eq 'O''Neil & Sons'",
        "Total ge 1050.00M and Total lt 1051",
        "On eq datetime'2026-03-02T00:00:00'",
        "At gt datetimeoffset'2026-03-02T10:00:00Z'",
        "Open eq true and not (Id eq '2')",
        "Id eq '2' or Id eq '3' or Id eq '1' and Open ne false",
        "Name ne null",
    ] {
        assert_eq!(check(text), Ok(true), "{text}");
    }
    assert_eq!(check("(Id eq '1' or Id eq '2') and Open eq false"), Ok(false));
}

#[test]
fn functions_take_their_arguments_in_the_documented_order() {
    assert_eq!(check("substringof('neil',tolower(Name))"), Ok(true));
    assert_eq!(check("substringof('Neil',Name) eq true"), Ok(true));
    assert_eq!(check("startswith(Name,'O''') and endswith(Name,'Sons')"), Ok(true));
    assert_eq!(check("startswith(Name,'x') eq false"), Ok(true));
    assert!(check("startswith(Total,'1')").is_err());
}

#[test]
fn what_is_no_filter_is_refused() {
    for text in [
        "",
        "Id",
        "Id eq",
        "Id eq 1",
        "Id eq 'O'Neil'",
        "Id eq 'x",
        "Total eq '5'",
        "On eq '2026-03-02'",
        "On eq datetime'2026-03-02'",
        "Nope eq '1'",
        "Hidden eq 'x'",
        "Id in ('1','2')",
        "contains(Name,'x')",
        "Id EQ '1'",
        "Id eq '1' and",
        "Id eq '1')",
        "year(On) eq 2026",
    ] {
        assert!(check(text).is_err(), "{text}");
    }
    assert_eq!(check("Nope eq '1'").unwrap_err(), "Property Nope not found in type Row");
}
