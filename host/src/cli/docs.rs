//! `jackfield completions SHELL` and `jackfield man`: made from the same definition as `--help`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Cli, say};
use crate::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// Which shell.
    shell: Shell,
}

pub(super) fn completions(args: CompletionsArgs) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "jackfield", &mut script);
    say(script)?;
    Ok(Exit::Ok)
}

pub(super) fn man() -> anyhow::Result<Exit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    say(page)?;
    Ok(Exit::Ok)
}
