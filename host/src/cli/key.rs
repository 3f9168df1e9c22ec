//! `jackfield key`: a new API key for a caller. The key is shown once; the configuration holds its digest.

use std::io::Read as _;

use crate::admission::digest;
use crate::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Read an existing key from standard input and print its line, instead of making one.
    #[arg(long)]
    stdin: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let key = if args.stdin {
        let mut key = String::new();
        std::io::stdin().read_to_string(&mut key)?;
        let key = key.trim().to_owned();
        anyhow::ensure!(key.len() >= 32, "an API key needs at least 32 characters; run without `--stdin` to make one");
        key
    } else {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
        let key = format!("jf_{}", hex(&bytes));
        eprintln!("the key, shown this once: {key}");
        key
    };
    println!("key_sha256 = \"{}\"", hex(&digest(&key)));
    Ok(Exit::Ok)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
