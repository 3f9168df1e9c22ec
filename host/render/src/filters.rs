//! The filters, functions and tests that templates have beside minijinja's own. How a value looks in a locale is in `formats`.
//!
//! What is missing or of the wrong kind prints as nothing or as it stands: a business system's bad value must not cost the user
//! the whole text. Only a wrong use in the template itself is an error.

use crate::{call::Call, clean, reflow};
use minijinja::{Environment, Error, ErrorKind, Value, value::Kwargs};

pub(crate) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("date", date);
    environment.add_filter("time", time);
    environment.add_filter("datetime", datetime);
    environment.add_filter("money", money);
    environment.add_filter("number", number);
    environment.add_filter("ordinal", ordinal);
    environment.add_filter("list", list);
    environment.add_filter("pieces", pieces);
    environment.add_filter("code", code);
    environment.add_filter("reference", reference);
    environment.add_filter("sentence", sentence);
    environment.add_filter("shorten", shorten);
    environment.add_filter("length", length);
    environment.add_filter("count", length);
    environment.add_function("plural", plural);
    environment.add_test("positive", is_positive);
}

/// A scalar as text; nothing for what is missing or is no scalar.
fn scalar(value: &Value) -> String {
    if value.is_undefined() || value.is_none() {
        return String::new();
    }
    match value.as_str() {
        Some(text) => text.to_owned(),
        None if value.as_object().is_some() => String::new(),
        None => value.to_string(),
    }
}

fn date(value: &Value) -> Result<String, Error> {
    Ok(Call::current()?.date(&scalar(value)))
}

fn time(value: &Value) -> Result<String, Error> {
    Ok(Call::current()?.time(&scalar(value)))
}

fn datetime(value: &Value) -> Result<String, Error> {
    Ok(Call::current()?.datetime(&scalar(value)))
}

fn money(value: &Value) -> Result<String, Error> {
    let field = |name: &str| value.get_attr(name).map(|field| scalar(&field)).unwrap_or_default();
    if value.as_object().is_none() {
        return number(value);
    }
    Ok(Call::current()?.formats.money(&field("amount"), &field("currency")))
}

fn number(value: &Value) -> Result<String, Error> {
    Ok(Call::current()?.formats.number(&scalar(value)))
}

fn ordinal(value: &Value) -> Result<String, Error> {
    let text = scalar(value);
    match text.parse() {
        Ok(number) => Ok(Call::current()?.formats.rank(number)),
        Err(_) => Ok(text),
    }
}

/// The items of a list, of which empty ones are not worth an "and".
fn items(value: &Value) -> Vec<String> {
    let items = value.try_iter().into_iter().flatten();
    items.map(|item| scalar(&item)).filter(|item| !item.is_empty()).collect()
}

fn list(value: &Value, options: Kwargs) -> Result<String, Error> {
    let max: Option<usize> = options.get("max")?;
    let more: Option<String> = options.get("more")?;
    let or = match options.get::<Option<&str>>("kind")? {
        None | Some("and") => false,
        Some("or") => true,
        Some(kind) => {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                format!("`kind` is `and` or `or`, not `{}`", clean::text(kind)),
            ));
        }
    };
    options.assert_all_used()?;
    let call = Call::current()?;
    let mut items = items(value);
    if let Some(max) = max.filter(|max| items.len() > *max) {
        let rest = call.formats.number(&(items.len() - max).to_string());
        items.truncate(max);
        match more {
            Some(more) => items.push(more.replace('#', &rest)),
            None => items.push("…".to_owned()),
        }
    }
    Ok(call.formats.list(&items, or))
}

/// Lines of an order as texts: how many, where it is more than one, and the first name a line has.
fn pieces(value: &Value) -> Result<Vec<String>, Error> {
    let call = Call::current()?;
    let mut texts = Vec::new();
    for line in value.try_iter().into_iter().flatten() {
        let field = |name: &str| line.get_attr(name).map(|field| scalar(&field)).unwrap_or_default();
        let name =
            ["title", "name", "description", "product", "sku"].into_iter().map(field).find(|name| !name.is_empty());
        let Some(name) = name else { continue };
        let quantity = field("quantity");
        let is_one = quantity.is_empty() || quantity == "1" || quantity == "1.0";
        texts.push(if is_one { name } else { format!("{} × {name}", call.formats.number(&quantity)) });
    }
    Ok(texts)
}

/// In place of minijinja's own, which fails where there is nothing to count.
fn length(value: &Value) -> usize {
    value.len().unwrap_or(0)
}

fn code(value: &Value, field: Option<&str>) -> Result<String, Error> {
    let code = scalar(value);
    if code.is_empty() { Ok(code) } else { Ok(Call::current()?.words.text(field, &code)) }
}

fn reference(value: &Value) -> String {
    let text = scalar(value);
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_digits { format!("#{text}") } else { text }
}

fn sentence(value: &Value) -> String {
    let text = scalar(value);
    text.trim().trim_end_matches('.').trim_end().to_owned()
}

fn shorten(value: &Value, characters_max: usize) -> String {
    let mut text = clean::text(&scalar(value));
    if let Some((bytes_max, _)) = text.char_indices().nth(characters_max) {
        reflow::cut(&mut text, bytes_max);
    }
    text
}

fn plural(value: &Value, forms: Kwargs) -> Result<String, Error> {
    let call = Call::current()?;
    let text = scalar(value);
    let category = call.formats.plural(&text).unwrap_or("other");
    let other: String = forms.get("other")?;
    let mut form = other.clone();
    for name in ["zero", "one", "two", "few", "many"] {
        let given: Option<String> = forms.get(name)?;
        if name == category {
            form = given.unwrap_or_else(|| other.clone());
        }
    }
    forms.assert_all_used()?;
    Ok(form.replace('#', &call.formats.number(&text)))
}

fn is_positive(value: &Value) -> bool {
    let amount = if value.as_object().is_some() { value.get_attr("amount").unwrap_or_default() } else { value.clone() };
    scalar(&amount).parse::<f64>().is_ok_and(|amount| amount > 0.0)
}
