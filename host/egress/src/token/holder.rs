//! Answers for who holds a lease, and whether that process is known to be gone: then nobody has to wait for the lease
//! to run out. A killed host that is started again goes on at once.
//!
//! Only a process of this very boot of this machine, in this very process name space, can be known to be gone. Of any
//! other the lease is waited out: a token that can be used once must not be used by two.

use std::fs;
use std::process;
use std::sync::OnceLock;

use crate::random;

/// Parts of a holder's name are joined by this; none of them holds it.
const JOINT: char = '.';

/// A name for one lease of this process.
///
/// # Errors
/// When the system has no randomness.
pub(super) fn name() -> Result<String, String> {
    static OURS: OnceLock<Option<String>> = OnceLock::new();
    let unique = random::name()?;
    let ours = OURS.get_or_init(|| Some(format!("{}{JOINT}{}", place()?, born(process::id())?)));
    Ok(match ours {
        Some(ours) => format!("{ours}{JOINT}{unique}"),
        None => unique,
    })
}

/// Whether the process that took this name has ended. `false` also where nobody can tell.
pub(super) fn is_gone(holder: &str) -> bool {
    let parts: Vec<&str> = holder.split(JOINT).collect();
    let [boot, space, pid, start, _] = parts[..] else { return false };
    let Some(here) = place() else { return false };
    let Ok(id) = pid.parse::<u32>() else { return false };
    if here != format!("{boot}{JOINT}{space}") {
        return false;
    }
    // A process that took the same number later was born later.
    born(id) != Some(format!("{pid}{JOINT}{start}"))
}

/// This boot of this machine, and this name space of processes.
fn place() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = fs::read_link("/proc/self/ns/pid").ok()?;
    let space: String = space.to_str()?.chars().filter(char::is_ascii_digit).collect();
    let boot = boot.trim();
    let is_whole = !boot.is_empty() && !boot.contains(JOINT) && !space.is_empty();
    is_whole.then(|| format!("{boot}{JOINT}{space}"))
}

/// The process of this number and when it began; nothing when there is none, or when it has ended and only waits for
/// its parent to look.
fn born(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the command in parentheses, which may hold anything: state is the third field, starttime the twenty-second
    // (proc_pid_stat(5)).
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    let start: u64 = fields.nth(18)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then(|| format!("{pid}{JOINT}{start}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_lives_is_not_gone_and_one_that_ended_is() {
        assert!(!is_gone(&name().unwrap()));
        let mut child = process::Command::new("cat").stdin(process::Stdio::piped()).spawn().unwrap();
        let holder = format!("{}{JOINT}{}{JOINT}x", place().unwrap(), born(child.id()).unwrap());
        assert!(!is_gone(&holder));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_gone(&holder));
    }

    #[test]
    fn of_another_machine_nobody_can_tell() {
        let ours = name().unwrap();
        let (boot, rest) = ours.split_once(JOINT).unwrap();
        let dead_elsewhere = format!("another-{boot}{JOINT}{rest}").replace(&process::id().to_string(), "4194305");
        assert!(!is_gone(&dead_elsewhere));
        for odd in ["", "abc", "a.b.c.d.e.f", "a.b.c.d.e"] {
            assert!(!is_gone(odd), "{odd}");
        }
    }

    #[test]
    fn a_number_that_was_given_again_is_another_process() {
        let ours = born(process::id()).unwrap();
        let (pid, start) = ours.split_once(JOINT).unwrap();
        let earlier = start.parse::<u64>().unwrap() - 1;
        assert!(is_gone(&format!("{}{JOINT}{pid}{JOINT}{earlier}{JOINT}x", place().unwrap())));
    }
}
