//! One thing that went otherwise: what, in which file and at which place of it, expected and found side by side.

use jackfield_fixtures::{CaseFolder, Difference, line_of};
use serde::Serialize;
use serde_json::Value;

/// What went otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Complaint {
    /// One sentence or two.
    pub message: String,
    /// The file that says what was expected, below the connector's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// 1-based line of the file, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// JSON Pointer (RFC 6901) into the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What the file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// What was there instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Value>,
    /// What to do, or what else to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Complaint {
    /// A complaint that is not about a file.
    pub(crate) fn new(message: impl Into<String>) -> Complaint {
        let (file, line, pointer, expected, found) = (None, None, None, None, None);
        Complaint { message: message.into(), file, line, pointer, expected, found, hint: None }
    }

    /// It is about this file of a case, and this place in it.
    pub(crate) fn at(mut self, folder: &CaseFolder, file: &str, pointer: impl Into<String>) -> Complaint {
        self.file = Some(format!("fixtures/{}/{}/{file}", folder.group, folder.name));
        let pointer = pointer.into();
        // A file that is not there has no lines.
        self.line = std::fs::read_to_string(folder.path.join(file)).ok().map(|text| line_of(&text, &pointer));
        self.pointer = Some(pointer);
        self
    }

    /// With the two sides.
    pub(crate) fn sides(mut self, expected: Option<Value>, found: Option<Value>) -> Complaint {
        self.expected = expected;
        self.found = found;
        self
    }

    /// With what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Complaint {
        self.hint = Some(hint.into());
        self
    }

    /// A place at which a reply is not the expected one.
    pub(crate) fn differs(folder: &CaseFolder, file: &str, what: &str, difference: Difference) -> Complaint {
        let verb = match (&difference.expected, &difference.found) {
            (Some(_), Some(_)) => "is another",
            (Some(_), None) => "lacks a member",
            (None, _) => "has a member that is not expected",
        };
        Complaint::new(format!("{what} {verb}"))
            .at(folder, file, difference.pointer)
            .sides(difference.expected, difference.found)
    }
}
