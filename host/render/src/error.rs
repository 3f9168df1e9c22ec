//! What may be wrong with a template, before and while it is used. The words for the user are not here: a call whose text
//! fails still has its output.

/// A template that cannot be used, found when it is added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text of `{intent}` for locale `{locale}`{}: {cause}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct TemplateError {
    /// The intent it was given for.
    pub intent: String,
    /// The locale it was given for.
    pub locale: String,
    /// The line of the template, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub cause: String,
}

/// A template that failed over one particular output.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text of `{intent}` for locale `{locale}`{}: {cause}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct RenderError {
    /// The intent.
    pub intent: String,
    /// The locale of the template.
    pub locale: String,
    /// The line of the template, from 1, where it is known.
    pub line: Option<usize>,
    /// What went wrong.
    pub cause: String,
}

/// The innermost cause in one line: minijinja's own display repeats name and line.
pub(crate) fn cause_of(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}
