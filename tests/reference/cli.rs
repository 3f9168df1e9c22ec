//! The command line as `--help` has it.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory as _};

use super::types::Types;

pub(super) fn body(types: &Types) -> String {
    let mut command = jackfield::cli::Cli::command();
    command.build();
    let mut out = String::from(
        "Data goes to standard output, talk to standard error. What the exit codes mean stands at the end.\n\n\
         ## Of every verb\n\n",
    );
    arguments(&mut out, command.get_arguments().filter(|a| a.is_global_set()));
    verbs(&mut out, &command, 2);
    out.push_str("## Exit codes\n\n");
    out.push_str(&exit_codes(types));
    out
}

fn verbs(out: &mut String, command: &Command, level: usize) {
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help" && !verb.is_hide_set()) {
        let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(out, "{} `{}`\n\n{about}.\n", "#".repeat(level), verb.get_bin_name().unwrap_or_default());
        let usage = verb.clone().render_usage().to_string();
        let _ = writeln!(out, "```text\n{}\n```\n", usage.trim_start_matches("Usage: "));
        arguments(out, verb.get_arguments().filter(|a| !a.is_global_set() && a.get_id() != "help"));
        verbs(out, verb, level + 1);
    }
}

fn arguments<'a>(out: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    let mut rows = String::new();
    for argument in arguments.filter(|a| !a.is_hide_set()) {
        let values: Vec<_> = argument.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
        let takes = argument.get_action().takes_values();
        let name = match (argument.get_short(), argument.get_long()) {
            (Some(short), Some(long)) => format!("-{short}, --{long}"),
            (None, Some(long)) => format!("--{long}"),
            _ => format!("[{}]", values.join(" ")),
        };
        let name = if takes && !argument.is_positional() { format!("{name} {}", values.join(" ")) } else { name };
        let mut about = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let defaults: Vec<_> = argument.get_default_values().iter().map(|d| d.to_string_lossy()).collect();
        if takes && !defaults.is_empty() {
            let _ = write!(about, "; `{}` unless given", defaults.join(" "));
        }
        let choices: Vec<_> =
            argument.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
        if takes && !choices.is_empty() {
            let _ = write!(about, "; one of {}", choices.join(", "));
        }
        if let Some(variable) = argument.get_env() {
            let _ = write!(about, "; also `{}` of the environment", variable.to_string_lossy());
        }
        let _ = writeln!(rows, "| `{name}` | {} |", about.replace('|', "\\|"));
    }
    if !rows.is_empty() {
        let _ = writeln!(out, "| argument | meaning |\n|---|---|\n{rows}");
    }
}

/// From the enum itself: numbers and sentences.
fn exit_codes(types: &Types) -> String {
    let mut out = String::from("| code | meaning |\n|---|---|\n");
    for case in &types.find("Exit", None).expect("`Exit`").cases {
        let number = case.number.expect("a number of its own");
        let _ = writeln!(out, "| {number} | {} |", case.doc);
    }
    out
}
