//! The authentication scheme of an endpoint with the connection's settings filled in, once, so that nothing is left to
//! decide when a credential is made.

use super::{ConnectionGrant, GrantError, Subject, base};
use crate::manifest::{Auth, OAuth2, Scheme, TokenGrant, mentions_user};

/// Fills in the settings and judges the result.
///
/// # Errors
/// When a setting is missing or makes no sense where it is put, or the scheme cannot serve the connection's subject.
pub(super) fn resolve(endpoint: &str, auth: Auth, connection: &ConnectionGrant<'_>) -> Result<Auth, GrantError> {
    let Auth { name, mut scheme } = auth;
    if let Scheme::OAuth2(oauth2) = &mut scheme {
        let OAuth2 { token_url, grant, .. } = &mut **oauth2;
        *token_url = base::login(token_url, connection)?;
        if let TokenGrant::RefreshToken { authorize_url: Some(authorize_url), .. } = grant {
            *authorize_url = base::login(authorize_url, connection)?;
        }
    }
    for text in scheme.templates() {
        *text = base::fill(text, connection.settings, |_| true)?;
        if connection.subject == Subject::Connection && mentions_user(text) {
            return Err(GrantError {
                message: format!("the auth scheme `{name}` of endpoint `{endpoint}` is made for one user at a time"),
                hint: format!(
                    "set `subject = \"user\"` in `[connection.{}]`, or choose another `auth`",
                    connection.name
                ),
            });
        }
    }
    if let Scheme::Basic { username, .. } = &scheme
        && username.contains(':')
    {
        return Err(GrantError {
            message: format!("the user name for endpoint `{endpoint}` contains `:`"),
            hint: "RFC 7617 does not allow it; check the settings it is made of".to_owned(),
        });
    }
    if connection.subject == Subject::User && scheme != Scheme::None && !scheme.names_user() {
        return Err(GrantError {
            message: format!("the auth scheme `{name}` of endpoint `{endpoint}` has one credential for all users"),
            hint: format!(
                "with `subject = \"user\"`, choose an `auth` that has one for each in `[connection.{}]`",
                connection.name
            ),
        });
    }
    Ok(Auth { name, scheme })
}
