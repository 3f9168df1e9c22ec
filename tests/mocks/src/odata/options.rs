//! Reads the system query options of one request. Answers for names and numbers; `read` applies them.

use super::filter::{self, Filter};
use super::schema::{Entity, Service};
use super::{Refusal, wrong};

#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) filter: Option<Filter>,
    /// Paths of properties and navigations, segments joined by slashes.
    pub(super) select: Option<Vec<String>>,
    pub(super) expand: Vec<String>,
    /// A property, and whether it descends.
    pub(super) order: Vec<(String, bool)>,
    pub(super) top: Option<usize>,
    pub(super) skip: usize,
    /// Where the server's own paging goes on.
    pub(super) token: usize,
    pub(super) count: bool,
}

/// Navigations within navigations, at most.
const EXPAND_DEPTH_MAX: usize = 2;

impl Options {
    /// Reads the options for rows of a type. `custom` are the names without a dollar sign that the product knows.
    pub(super) fn read(
        service: &Service,
        entity: &Entity,
        pairs: &[(String, String)],
        custom: &[&str],
    ) -> Result<Self, Refusal> {
        let mut options = Self::default();
        for (index, (name, value)) in pairs.iter().enumerate() {
            if pairs[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(wrong(format!("Duplicate query option '{name}'")));
            }
            let number = || value.parse::<usize>().map_err(|_| wrong(format!("Invalid value for {name}")));
            match name.as_str() {
                "$filter" => options.filter = Some(filter::read(entity, value)?),
                "$select" => options.select = Some(names(value)),
                "$expand" => options.expand = names(value),
                "$orderby" => options.order = order(entity, value)?,
                "$top" => options.top = Some(number()?),
                "$skip" => options.skip = number()?,
                "$skiptoken" => options.token = number()?,
                "$inlinecount" => match value.as_str() {
                    "allpages" => options.count = true,
                    "none" => {}
                    _ => return Err(wrong("Invalid value for $inlinecount")),
                },
                "$format" if value.eq_ignore_ascii_case("json") => {}
                name if custom.contains(&name) => {}
                _ => return Err(wrong(format!("The query option '{name}' is not supported"))),
            }
        }
        for path in &options.expand {
            if path.split('/').count() > EXPAND_DEPTH_MAX {
                return Err(wrong("$expand is too deep"));
            }
            options_path(service, entity, path, false)?;
        }
        for path in options.select.iter().flatten().filter(|path| *path != "*") {
            options_path(service, entity, path, true)?;
        }
        Ok(options)
    }
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(|name| name.trim().to_owned()).collect()
}

/// Follows a path of navigations that may end in a property.
fn options_path(service: &Service, entity: &Entity, path: &str, property: bool) -> Result<(), Refusal> {
    let (name, rest) = path.split_once('/').map_or((path, None), |(name, rest)| (name, Some(rest)));
    if let Some(navigation) = entity.navigation(name) {
        return match (rest, service.entity(&navigation.target)) {
            (None, _) => Ok(()),
            (Some(rest), Some(target)) => options_path(service, target, rest, property),
            (Some(_), None) => Err(wrong(format!("Resource not found for segment '{name}'"))),
        };
    }
    if property && rest.is_none() && entity.property(name).is_some() {
        return Ok(());
    }
    Err(wrong(format!("Property {name} not found in type {}", entity.type_name)))
}

fn order(entity: &Entity, list: &str) -> Result<Vec<(String, bool)>, Refusal> {
    let one = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (name, descending) = match words.as_slice() {
            [name] | [name, "asc"] => (*name, false),
            [name, "desc"] => (*name, true),
            _ => return Err(wrong("Invalid value for $orderby")),
        };
        match entity.property(name) {
            Some(_) => Ok((name.to_owned(), descending)),
            None => Err(wrong(format!("Property {name} not found in type {}", entity.type_name))),
        }
    };
    list.split(',').map(one).collect()
}
