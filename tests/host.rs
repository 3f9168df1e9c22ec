//! `jackfield` itself, as a binary of this package: cargo tells a test where its own package's binaries are.

use std::process::ExitCode;

fn main() -> ExitCode {
    jackfield::cli::main().into()
}
