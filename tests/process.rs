//! A host in a process of its own: what a test needs that kills it, or that looks at everything it leaves behind.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

use crate::client::Client;

/// `jackfield serve`, until it is killed or dropped.
pub struct Process {
    /// Talks to it with the key `demo`.
    pub client: Client,
    child: Child,
    lines: Arc<Mutex<String>>,
}

impl Process {
    /// Serves a configuration file; comes back when it listens.
    ///
    /// # Errors
    /// When it ends before, with everything that it said.
    pub async fn serve(binary: &Path, config: &Path) -> Result<Process> {
        Process::serve_logging(binary, config, "debug").await
    }

    /// The same with another directive for its log. Lines of `info` of the host itself must be among them.
    ///
    /// # Errors
    /// As [`Process::serve`].
    pub async fn serve_logging(binary: &Path, config: &Path, log: &str) -> Result<Process> {
        let mut command = tokio::process::Command::from(command(binary, config, "serve"));
        command.args(["--demo", "--listen", "127.0.0.1:0", "--log", log]).kill_on_drop(true);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let lines = Arc::new(Mutex::new(String::new()));
        let mut log = BufReader::new(child.stderr.take().context("standard error is a pipe")?).lines();
        let base = loop {
            let line = log.next_line().await?;
            let Some(line) = line else { anyhow::bail!("it ended:\n{}", text(&lines)) };
            let base =
                line.split_once("listening on ").map(|(_, rest)| rest.split(',').next().unwrap_or_default().to_owned());
            keep(&lines, &line);
            if let Some(base) = base {
                break base;
            }
        };
        tokio::spawn({
            let lines = lines.clone();
            async move {
                while let Ok(Some(line)) = log.next_line().await {
                    keep(&lines, &line);
                }
            }
        });
        Ok(Process { client: Client::new(&base, "demo"), child, lines })
    }

    /// Its number, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// SIGKILL: no destructor runs, nothing is flushed.
    ///
    /// # Errors
    /// When there is no such process.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Everything that it wrote to standard error so far.
    pub fn log(&self) -> String {
        text(&self.lines)
    }
}

/// `jackfield VERB --config FILE`, for verbs beside the server.
pub fn command(binary: &Path, config: &Path, verb: &str) -> Command {
    let mut command = Command::new(binary);
    command.args(verb.split(' ')).arg("--config").arg(config);
    command
}

/// Makes the vault that a configuration's text names.
///
/// # Errors
/// When the verb does not succeed.
pub fn init_vault(binary: &Path, dir: &Path, config: &str) -> Result<()> {
    let file = dir.join("vault.toml");
    std::fs::write(&file, config)?;
    let mut init = command(binary, &file, "secrets init");
    let output = init.stdin(Stdio::null()).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Every file below a directory.
///
/// # Errors
/// When one cannot be listed.
pub fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

fn keep(lines: &Mutex<String>, line: &str) {
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    lines.push_str(line);
    lines.push('\n');
}

fn text(lines: &Mutex<String>) -> String {
    lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
