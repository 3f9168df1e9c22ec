//! Everything that is wrong with a configuration, shown as a compiler would: file, line, the text and what to do.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::Source;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Where in the text, if somewhere.
    pub span: Option<Range<usize>>,
    /// What is wrong. Never holds a secret's value.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Whether the report shows the line itself. Not where a secret could stand in it by mistake.
    pub quoted: bool,
    /// The connection whose credential is no use: the others could do without it.
    pub connection: Option<String>,
}

/// All that is wrong with one file.
#[derive(Clone, Debug)]
pub struct Complaints {
    source: Source,
    list: Vec<Complaint>,
}

impl Complaints {
    /// None yet.
    pub fn new(source: Source) -> Complaints {
        Complaints { source, list: Vec::new() }
    }

    /// About the file as a whole.
    pub fn file(path: &Path, message: impl Into<String>, hint: impl Into<String>) -> Complaints {
        let mut complaints = Complaints::new(Source { path: path.to_owned(), text: String::new() });
        complaints.push(None, message, hint);
        complaints
    }

    /// Adds one.
    pub fn push(&mut self, span: Option<Range<usize>>, message: impl Into<String>, hint: impl Into<String>) {
        self.list.push(Complaint { span, message: message.into(), hint: hint.into(), connection: None, quoted: true });
    }

    /// Adds one about a line that may hold a secret: the report names the line and does not show it.
    pub fn push_unquoted(&mut self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        let (message, hint) = (message.into(), hint.into());
        self.list.push(Complaint { span: Some(span), message, hint, connection: None, quoted: false });
    }

    /// Adds one about the credential of a connection.
    pub fn push_credential(
        &mut self,
        connection: &str,
        span: Option<Range<usize>>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let connection = Some(connection.to_owned());
        self.list.push(Complaint { span, message: message.into(), hint: hint.into(), connection, quoted: true });
    }

    /// Takes out those about credentials: what is left concerns the host as a whole.
    #[must_use]
    pub fn take_credentials(&mut self) -> Complaints {
        let (credentials, rest) = std::mem::take(&mut self.list).into_iter().partition(|c| c.connection.is_some());
        self.list = rest;
        Complaints { source: self.source.clone(), list: credentials }
    }

    /// Adds those of another part of the same file.
    pub fn extend(&mut self, others: Complaints) {
        self.list.extend(others.list);
    }

    /// In the order in which they were found.
    pub fn list(&self) -> &[Complaint] {
        &self.list
    }

    /// `Ok` when there are none.
    ///
    /// # Errors
    /// All of them, in the order of the file.
    pub fn check(&self) -> Result<(), Complaints> {
        if self.list.is_empty() {
            return Ok(());
        }
        let mut all = self.clone();
        all.list.sort_by_key(|c| c.span.as_ref().map_or(0, |s| s.start));
        Err(all)
    }
}

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.source.path.display().to_string();
        let renderer = Renderer::plain();
        for complaint in &self.list {
            let title = Level::ERROR.primary_title(&complaint.message);
            let help = Level::HELP.message(&complaint.hint);
            let group = match &complaint.span {
                Some(span) if !complaint.quoted => {
                    let line = self.source.line(span);
                    title.element(annotate_snippets::Origin::path(&path).line(line)).element(help)
                }
                Some(span) => {
                    let end = self.source.text.len();
                    // The span of a table is all of it; its first line says enough.
                    let stop = self.source.text[span.start.min(end)..span.end.min(end)].find('\n');
                    let span = span.start.min(end)..stop.map_or(span.end.min(end), |n| span.start + n);
                    let snippet =
                        Snippet::source(&self.source.text).path(&path).annotation(AnnotationKind::Primary.span(span));
                    title.element(snippet).element(help)
                }
                None => title.element(annotate_snippets::Origin::path(&path)).element(help),
            };
            writeln!(f, "{}", renderer.render(&[group]))?;
        }
        Ok(())
    }
}

impl std::error::Error for Complaints {}
