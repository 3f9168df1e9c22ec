//! Services, entity types and properties, read from a system's table. Answers for definitions, not for rows.

/// A primitive type of the Entity Data Model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edm {
    String,
    Boolean,
    Decimal,
    Int64,
    DateTime,
    DateTimeOffset,
    Time,
    Guid,
}

#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) kind: Edm,
    /// The longest text, in characters.
    pub(crate) length: Option<usize>,
    pub(crate) writable: bool,
    pub(crate) required: bool,
    pub(crate) filterable: bool,
}

#[derive(Debug)]
pub(crate) struct Navigation {
    pub(crate) name: String,
    pub(crate) many: bool,
    pub(crate) target: String,
    /// The columns that are equal on both sides: ours, theirs.
    pub(crate) join: Vec<(String, String)>,
}

#[derive(Debug)]
pub(crate) struct Entity {
    pub(crate) set: String,
    pub(crate) type_name: String,
    pub(crate) key: Vec<String>,
    pub(crate) properties: Vec<Property>,
    pub(crate) navigations: Vec<Navigation>,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) entities: Vec<Entity>,
}

impl Service {
    pub(crate) fn entity(&self, set: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.set == set)
    }
}

impl Entity {
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    pub(crate) fn navigation(&self, name: &str) -> Option<&Navigation> {
        self.navigations.iter().find(|navigation| navigation.name == name)
    }
}

/// Reads a table of services. Lines that are wrong are left out; each system's test counts them.
pub(crate) fn services(text: &str) -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        if let ["service", name] = words.as_slice() {
            services.push(Service { name: (*name).to_owned(), entities: Vec::new() });
            continue;
        }
        let Some(service) = services.last_mut() else { continue };
        if let ["entity", set, type_name, "key", key] = words.as_slice() {
            service.entities.push(Entity {
                set: (*set).to_owned(),
                type_name: (*type_name).to_owned(),
                key: key.split(',').map(str::to_owned).collect(),
                properties: Vec::new(),
                navigations: Vec::new(),
            });
            continue;
        }
        let Some(entity) = service.entities.last_mut() else { continue };
        if let ["nav", name, many, target, join] = words.as_slice() {
            let pair = |text: &str| match text.split_once('=') {
                Some((own, theirs)) => (own.to_owned(), theirs.to_owned()),
                None => (text.to_owned(), text.to_owned()),
            };
            entity.navigations.push(Navigation {
                name: (*name).to_owned(),
                many: *many == "many",
                target: (*target).to_owned(),
                join: join.split(',').map(pair).collect(),
            });
        } else if let Some(property) = property(&words) {
            entity.properties.push(property);
        }
    }
    services
}

fn property(words: &[&str]) -> Option<Property> {
    let [name, kind, flags @ ..] = words else {
        return None;
    };
    let (kind, length) = match kind.strip_suffix(')').and_then(|kind| kind.split_once('(')) {
        Some((kind, length)) => (kind, length.parse().ok()),
        None => (*kind, None),
    };
    let kind = match kind {
        "String" => Edm::String,
        "Boolean" => Edm::Boolean,
        "Decimal" => Edm::Decimal,
        "Int64" => Edm::Int64,
        "DateTime" => Edm::DateTime,
        "DateTimeOffset" => Edm::DateTimeOffset,
        "Time" => Edm::Time,
        "Guid" => Edm::Guid,
        _ => return None,
    };
    Some(Property {
        name: (*name).to_owned(),
        kind,
        length,
        writable: !flags.contains(&"ro"),
        required: flags.contains(&"required"),
        filterable: !flags.contains(&"nofilter"),
    })
}
