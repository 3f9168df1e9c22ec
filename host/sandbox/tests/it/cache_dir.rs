//! Compiled connectors on disk: trusted only where nobody else could have written them, and only when whole.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use jackfield_sandbox::{Sandbox, SandboxConfig, SandboxError};

use crate::stand::{Stand, packaged, small};

fn sandbox(dir: &Path) -> Result<Sandbox, SandboxError> {
    Sandbox::new(&SandboxConfig { cache_dir: Some(dir.to_owned()), ..small() })
}

fn files(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
}

async fn answers(dir: &Path) {
    let connector = sandbox(dir).unwrap().load(&packaged("state")).unwrap();
    let stand = Stand::new();
    let completed = connector.handle(&stand.ports, stand.invocation("null")).await;
    assert_eq!(completed.result.unwrap(), "1");
}

/// The one compiled file that loading `state` leaves.
async fn filled(dir: &Path) -> PathBuf {
    answers(dir).await;
    let [file] = files(dir).try_into().unwrap();
    file
}

#[tokio::test]
async fn a_second_start_reads_what_the_first_one_compiled() {
    let dir = tempfile::tempdir().unwrap();
    let file = filled(dir.path()).await;
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    answers(dir.path()).await;
    assert_eq!(files(dir.path()), std::slice::from_ref(&file));
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written, "it was not compiled again");
}

#[tokio::test]
async fn a_broken_file_is_compiled_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = filled(dir.path()).await;
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for broken in [&flipped[..], &whole[..whole.len() / 2], &whole[..10], b""] {
        fs::write(&file, broken).unwrap();
        answers(dir.path()).await;
        assert_eq!(fs::read(&file).unwrap().len(), whole.len(), "a whole one stands in its place");
    }
}

#[tokio::test]
async fn a_whole_file_under_the_name_of_another_is_compiled_again() {
    let dir = tempfile::tempdir().unwrap();
    let state = filled(dir.path()).await;
    let other = tempfile::tempdir().unwrap();
    sandbox(other.path()).unwrap().load(&packaged("loop")).unwrap();
    let [of_loop] = files(other.path()).try_into().unwrap();
    fs::copy(of_loop, &state).unwrap();
    answers(dir.path()).await;
}

#[tokio::test]
async fn a_file_that_others_can_write_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = filled(dir.path()).await;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    answers(dir.path()).await;
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "it was replaced");

    let elsewhere = dir.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    answers(dir.path()).await;
    assert!(!fs::symlink_metadata(&file).unwrap().is_symlink(), "a link is replaced, too");
}

#[test]
fn a_directory_that_others_can_write_is_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    for (mode, shown) in [(0o777, "777"), (0o770, "770"), (0o702, "702"), (0o1777, "1777")] {
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
        let refused = sandbox(dir.path()).err().unwrap().to_string();
        assert_eq!(
            refused,
            format!(
                "cache_dir `{0}` is refused: others can write it (mode {shown}); \
                 let this process own it and run `chmod 700 {0}`",
                dir.path().display()
            )
        );
    }
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(sandbox(dir.path()).is_ok());
}

#[test]
fn a_directory_of_somebody_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    // Only root can give a directory away; as anybody else the case cannot be made.
    if std::os::unix::fs::chown(dir.path(), Some(12_345), None).is_ok() {
        let refused = sandbox(dir.path()).err().unwrap().to_string();
        assert!(refused.contains("it belongs to user 12345"), "{refused}");
    }
}

#[test]
fn a_missing_directory_is_made_for_this_user_alone() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("cache/compiled");
    assert!(sandbox(&dir).is_ok());
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    fs::write(parent.path().join("file"), "").unwrap();
    assert!(sandbox(&parent.path().join("file")).is_err());
}
