//! Finds what compiles for `wasm32-wasip2`: rustup's target where it is installed, otherwise the distribution's own
//! compiler with its std source, which builds std for the target on the spot.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

/// The target of every connector.
pub(super) const TARGET: &str = "wasm32-wasip2";

/// How to compile for [`TARGET`].
#[derive(Debug)]
pub(super) enum Toolchain {
    /// `rustup target add wasm32-wasip2` was run.
    Rustup,
    /// A compiler with std source, and the linker from rustup's toolchain.
    Distribution {
        /// A compiler that knows the target.
        rustc: PathBuf,
        /// Has `wasm-component-ld`.
        tools: PathBuf,
        /// Has the target's libc.
        libc: PathBuf,
    },
}

/// Where Debian's `rustc-web` and `wasi-libc` put things.
const DISTRIBUTION_RUSTC: &str = "/usr/bin/rustc";
const DISTRIBUTION_LIBC: &str = "/usr/lib/wasm32-wasi";

impl Toolchain {
    /// Looks at this machine, for what compiles the crate in `dir`.
    ///
    /// # Errors
    /// When neither way is there; the message says how to get one.
    pub(super) fn find(dir: &Path) -> anyhow::Result<Toolchain> {
        let libdir = print("rustc", &["--print", "target-libdir", "--target", TARGET])?;
        if Path::new(&libdir).is_dir() {
            return Ok(Toolchain::Rustup);
        }
        let host = print("rustc", &["--print", "sysroot"])?;
        let triple = print("rustc", &["--print", "host-tuple"])?;
        let tools = Path::new(&host).join("lib/rustlib").join(triple).join("bin");
        let rustc = PathBuf::from(DISTRIBUTION_RUSTC);
        let libc = PathBuf::from(DISTRIBUTION_LIBC);
        let source = print(DISTRIBUTION_RUSTC, &["--print", "sysroot"])
            .map(|s| Path::new(&s).join("lib/rustlib/src/rust/library"))
            .unwrap_or_default();
        if source.is_dir() && libc.is_dir() && tools.join("wasm-component-ld").is_file() {
            return Ok(Toolchain::Distribution { rustc, tools, libc });
        }
        anyhow::bail!(
            "{}: nothing on this machine compiles it for the target `{TARGET}`\n\
             help: run `rustup target add {TARGET}`, or where rustup cannot download, \
             `apt-get install --no-install-recommends rustc-web rust-web-src wasi-libc`",
            dir.join("Cargo.toml").display()
        )
    }

    /// A `cargo build` for the target. `flags` are rustc's, beside those that the way needs.
    pub(super) fn cargo_build(&self, flags: &[String]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["build", "--target", TARGET]);
        let mut flags = flags.to_vec();
        if let Toolchain::Distribution { rustc, tools, libc } = self {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let first = [tools.join("gcc-ld"), tools.clone()];
            if let Ok(path) = std::env::join_paths(first.into_iter().chain(std::env::split_paths(&path))) {
                command.env("PATH", path);
            }
            command
                .arg("-Zbuild-std=std,panic_abort")
                .env("RUSTC", rustc)
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_WASIP2_LINKER", "wasm-component-ld");
            flags.extend(["-Clink-self-contained=no".to_owned(), format!("-L{}", libc.display())]);
        }
        // Encoded, since a path may hold a space.
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")).env_remove("RUSTFLAGS");
        command
    }
}

fn print(rustc: &str, args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(rustc)
        .args(args)
        .output()
        .with_context(|| format!("cannot run `{rustc}`, which comes with Rust (https://rustup.rs)"))?;
    anyhow::ensure!(
        output.status.success(),
        "`{rustc} {}` failed: {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
