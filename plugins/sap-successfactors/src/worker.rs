//! Who is chatting, as SuccessFactors knows them: the only person whose time off and benefits are told.
//!
//! It comes from the call's user and never from the input. What the input says of an employee can only agree with it.

use jackfield_sdk::{odata::Filter, prelude::*};

use crate::{service, settings::Settings, wire::User as WireUser};

/// The worker who is chatting.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    user_id: String,
    name: Option<String>,
}

/// By what SuccessFactors knows the person in the chat: the same that the host's assertion names, for then the token is
/// theirs as well.
enum Known<'a> {
    UserId(&'a str),
    Username(&'a str),
    Email(&'a str),
}

impl Worker {
    /// Finds the worker.
    ///
    /// # Errors
    /// `rejected` where nobody is vouched for, `denied` where SuccessFactors knows no such worker, or the input names
    /// somebody else: which of the two is not told.
    pub(crate) fn of(call: &Call, employee_id: Option<&str>, email: Option<&str>) -> Result<Self, Failure> {
        let settings = Settings::of(call)?;
        let user = signed_in(call)?;
        let is_own_email = |email: &str| user.email().is_some_and(|own| own.eq_ignore_ascii_case(email.trim()));
        if email.is_some_and(|email| !is_own_email(email)) {
            return Err(Failure::denied().detail("the input names another employee than the one who is chatting"));
        }
        let worker = match known(&settings, user)? {
            Known::UserId(user_id) => Worker { user_id: user_id.to_owned(), name: None },
            Known::Username(name) => look_up(call, Filter::new().eq("username", name)?, |found| {
                found.username.code().eq_ignore_ascii_case(name)
            })?,
            Known::Email(email) => look_up(call, Filter::new().eq_folded("email", email)?, |found| {
                found.email.code().eq_ignore_ascii_case(email)
            })?,
        };
        if employee_id.is_some_and(|id| !worker.is(id.trim())) {
            return Err(Failure::denied().detail("the input names another employee than the one who is chatting"));
        }
        Ok(worker)
    }

    pub(crate) fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The name, where it had to be looked up anyway.
    pub(crate) fn name(&self) -> Option<String> {
        self.name.clone()
    }

    /// Whether this is the worker's own user id: what a search gives is not yet what was asked for.
    pub(crate) fn is(&self, user_id: &str) -> bool {
        self.user_id.eq_ignore_ascii_case(user_id)
    }
}

/// The person in the chat. The host hands on only a user whom the bot service vouches for.
///
/// # Errors
/// `rejected`, with a sentence for whoever is chatting.
pub(crate) fn signed_in(call: &Call) -> Result<&User, Failure> {
    call.user().ok_or_else(|| Failure::rejected("I can only answer this for an employee who has signed in."))
}

fn known<'a>(settings: &Settings, user: &'a User) -> Result<Known<'a>, Failure> {
    let name = match settings.subject_name.as_str() {
        "{user.id}" => user.id(),
        "{user.email}" => verified_email(user)?,
        // A technical user's token sees everybody: the address says who is meant.
        _ => return verified_email(user).map(Known::Email),
    };
    Ok(if settings.names_by_username() { Known::Username(name) } else { Known::UserId(name) })
}

fn verified_email(user: &User) -> Result<&str, Failure> {
    let sentence = "I can only answer this for an employee whose e-mail address is verified.";
    user.email().ok_or_else(|| Failure::rejected(sentence))
}

/// The one active user of this description.
fn look_up(call: &Call, filter: Filter, is_meant: impl Fn(&WireUser) -> bool) -> Result<Worker, Failure> {
    /// Two would be as unclear as none.
    const HITS_MAX: usize = 2;
    let request = service::get(call, "User")?.query("$filter", filter);
    let request = request.query("$select", "userId,username,email,defaultFullName").query("$top", HITS_MAX);
    let mut users: Vec<WireUser> = service::rows(request)?;
    users.retain(|user| is_meant(user));
    match (users.pop(), users.is_empty()) {
        (Some(WireUser { user_id, default_full_name, .. }), true) if user_id.get().is_some() => {
            Ok(Worker { user_id: user_id.code().to_owned(), name: default_full_name.owned() })
        }
        _ => Err(Failure::denied().detail("not exactly one user of SuccessFactors is the person in the chat")),
    }
}
