//! What the process says when it ends, chosen by what the reader does next. The numbers are part of the contract.

use std::process::ExitCode;

/// Exit codes of `jackfield`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It worked.
    Ok = 0,
    /// It did not, for a reason outside of the command: look at the message.
    Failed = 1,
    /// The command line is wrong: look at `--help`. The number is clap's own.
    Usage = 2,
    /// The configuration, a connector or a secret is wrong: mend what the report names.
    Config = 3,
    /// The connector does not build or package: mend the connector.
    Build = 4,
    /// The intent was answered with a problem: it stands on standard output.
    Problem = 5,
    /// The connector does not do what its fixtures or the conformance kit ask for: the report names file and place.
    Tests = 6,
    /// The newer version of a connector asks for more than the older one, or breaks who relies on it: read, grant, adapt.
    Upgrade = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
