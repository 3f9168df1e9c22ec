//! What a tenant has to fall back on, and how its helpdesk stands at this moment. Checked once, at the start, with the
//! connectors at hand.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jackfield_core::breaker::Standing;
use jackfield_core::degrade::Helpdesk;
use jackfield_core::grant::Subject;
use jackfield_core::message::Errand;
use jackfield_egress::State;

use crate::app::App;
use crate::config::{Complaints, Config, ContactSection, FallbackSection};
use crate::policy::in_language_of;
use crate::registry::{Connection, Registry};

/// What one tenant has.
#[derive(Debug)]
pub struct Desk {
    /// Where messages and conversations go.
    pub helpdesk: Option<Line>,
    /// Whom to call or write to.
    pub contact: Option<Contact>,
    /// Messages that may wait at once.
    pub messages_max: usize,
    /// Bytes that they may take.
    pub messages_bytes_max: usize,
}

/// The way to a helpdesk.
#[derive(Clone, Debug)]
pub struct Line {
    /// Name of the connection.
    pub connection: Arc<str>,
    /// The team that gets what is sent, by name.
    pub team: Option<String>,
    /// Whether a conversation can be handed over.
    pub routes: bool,
}

/// Whom to call or write to.
#[derive(Clone, Debug)]
pub struct Contact {
    /// What is said, by locale in lower case.
    texts: BTreeMap<String, String>,
    /// A page.
    pub url: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
}

impl Contact {
    /// What is said, in the person's language, else in English, else in whatever language there is.
    pub fn text(&self, locale: &str) -> &str {
        let user = locale.to_ascii_lowercase();
        let found = in_language_of(&user, |tag| self.texts.get(tag));
        found.or_else(|| self.texts.values().next()).map(String::as_str).unwrap_or_default()
    }
}

/// Reads every tenant's section, with the connections at hand.
pub fn desks(config: &Config, registry: &Registry, complaints: &mut Complaints) -> HashMap<String, Arc<Desk>> {
    let mut desks = HashMap::new();
    for (tenant, section) in &config.fallbacks {
        let section = section.get_ref();
        let helpdesk = section.helpdesk.as_ref().and_then(|name| {
            let found = line(tenant, section, name.get_ref(), registry);
            found.map_err(|(message, hint)| complaints.push(Some(name.span()), message, hint)).ok()
        });
        let contact = section.contact.as_ref().map(|contact| of_section(contact.get_ref()));
        let desk = Desk {
            helpdesk,
            contact,
            messages_max: *section.messages_max.get_ref(),
            messages_bytes_max: *section.messages_bytes_max.get_ref(),
        };
        desks.insert(tenant.clone(), Arc::new(desk));
    }
    desks
}

fn line(
    tenant: &str,
    section: &FallbackSection,
    name: &str,
    registry: &Registry,
) -> Result<Line, (String, &'static str)> {
    let what = format!("`helpdesk` of `[fallback.{tenant}]`");
    // Another tenant's connection is as unknown as a missing one.
    let Some(connection) = registry.connection(name).filter(|connection| *connection.tenant == *tenant) else {
        return Err((format!("{what} is `{name}`, and the tenant has no such connection"), "name one of its own"));
    };
    let create = Errand::Create.intent();
    if !connection.intents.contains_key(create) {
        return Err((
            format!("{what} is `{name}`, which does not serve `{create}`"),
            "its connector must have the intent, and the connection `access = \"write\"`",
        ));
    }
    if connection.subject == Subject::User {
        return Err((
            format!("{what} is `{name}`, which needs each user's own credential"),
            "a message is delivered when nobody is there: name a connection with a credential of its own",
        ));
    }
    Ok(Line {
        connection: connection.name.clone(),
        team: section.team.as_ref().map(|team| team.get_ref().clone()),
        routes: connection.intents.contains_key(Errand::Route.intent()),
    })
}

fn of_section(section: &ContactSection) -> Contact {
    let plain = |written: &Option<toml::Spanned<String>>| written.as_ref().map(|text| text.get_ref().clone());
    let texts = section.texts.iter();
    Contact {
        texts: texts.map(|(tag, text)| (tag.get_ref().to_ascii_lowercase(), text.get_ref().clone())).collect(),
        url: plain(&section.url),
        phone: plain(&section.phone),
        email: plain(&section.email),
    }
}

/// How a helpdesk stands, as its own traffic shows it: nothing is sent to find it out.
pub fn standing(app: &App, connection: &Connection) -> Helpdesk {
    match rest_ms(app, connection) {
        None => Helpdesk::Up,
        Some(_) => Helpdesk::Down,
    }
}

/// For how long a helpdesk is better left alone, in milliseconds; 0 where nobody knows. `None` where it is well.
pub fn rest_ms(app: &App, connection: &Connection) -> Option<u64> {
    let works = matches!(app.egress().status(&connection.name).state, State::Active | State::Degraded);
    let is_full = connection.calls.taken() >= connection.calls.max();
    if connection.disabled.is_some() || !works || is_full {
        return Some(0);
    }
    let health = app.egress().health(&connection.name)?;
    let resting = [health.breaker.read, health.breaker.write].into_iter().filter_map(|standing| match standing {
        Standing::Closed => None,
        Standing::Open { retry_after_ms } => Some(retry_after_ms),
        Standing::HalfOpen => Some(0),
    });
    let paused = health.budget.iter().map(|budget| budget.paused_ms).filter(|ms| *ms > 0);
    resting.chain(paused).max()
}
