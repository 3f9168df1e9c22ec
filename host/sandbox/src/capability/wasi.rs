//! WASI 0.2 with nothing in it: coarse clocks and randomness, no arguments, no environment, no directories, no sockets.
//! What a guest writes to standard error goes to its log; standard output goes nowhere.
//!
//! Components built for `wasm32-wasip2` import much of it and use little, so that the context is made when the first
//! function is called: most calls never have one.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jackfield_core::port::LogLevel;
use tokio::io::AsyncWrite;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, io, random};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::log::write_line;
use super::printable;
use crate::instance::{HostState, Invocation, Ports};

mod clock;

/// What a component may import. Of directories there are none: `preopens` gives an empty list, and without a
/// descriptor nothing in `types` can be called.
pub(crate) const INTERFACES: [&str; 20] = [
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
];

/// Streams and pollables that a guest may hold at once.
pub(crate) const RESOURCES_MAX: usize = 1_000;

/// Random bytes of one request.
const RANDOM_BYTES_MAX: u64 = 64 << 10;

/// The end of standard error that is kept for a panic's fault, in bytes.
const LAST_WORDS_BYTES_MAX: usize = 2 << 10;

/// Bytes that a guest may write to standard error at once.
const WRITE_BYTES_MAX: usize = 64 << 10;

/// Adds the interfaces above and no others.
pub(super) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    type T = HostState;
    let l = linker;
    io::error::add_to_linker::<T, Table>(l, |t| t.ctx().table)?;
    io::poll::add_to_linker::<T, Table>(l, |t| t.ctx().table)?;
    io::streams::add_to_linker::<T, Table>(l, |t| t.ctx().table)?;
    clocks::monotonic_clock::add_to_linker::<T, WasiClocks>(l, T::clocks)?;
    clocks::wall_clock::add_to_linker::<T, WasiClocks>(l, T::clocks)?;
    random::random::add_to_linker::<T, WasiRandom>(l, |t| t.ctx().ctx.random())?;
    random::insecure::add_to_linker::<T, WasiRandom>(l, |t| t.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<T, WasiRandom>(l, |t| t.ctx().ctx.random())?;
    cli::environment::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::exit::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::stdin::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::stdout::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::stderr::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(l, T::cli)?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(l, T::cli)?;
    filesystem::preopens::add_to_linker::<T, WasiFilesystem>(l, T::filesystem)?;
    filesystem::types::add_to_linker::<T, WasiFilesystem>(l, T::filesystem)?;
    Ok(())
}

/// The resource table alone, which is all that `wasi:io` needs.
struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

/// One call's context.
pub(crate) struct Wasi {
    ctx: WasiCtx,
    table: ResourceTable,
    stderr: Stderr,
}

impl Wasi {
    fn new(ports: Arc<Ports>, invocation: Arc<Invocation>) -> Wasi {
        let stderr = Stderr(Arc::new(StderrShared { ports, invocation, written: Mutex::default() }));
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        let ctx = WasiCtx::builder()
            .stderr(stderr.clone())
            .wall_clock(clock::Wall)
            .monotonic_clock(clock::Monotonic::starting())
            .max_random_size(RANDOM_BYTES_MAX)
            .allow_tcp(false)
            .allow_udp(false)
            .build();
        Wasi { ctx, table, stderr }
    }

    /// Ends the last line, and gives the end of all that was written.
    pub(crate) fn finish(&self) -> String {
        self.stderr.finish()
    }
}

impl WasiView for HostState {
    // Every function of WASI comes through here once, which makes it the place to count them. It cannot refuse: the
    // next tick does.
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.tally.host_calls = self.tally.host_calls.saturating_add(1);
        let wasi = self.wasi.get_or_insert_with(|| Box::new(Wasi::new(self.ports.clone(), self.invocation.clone())));
        WasiCtxView { ctx: &mut wasi.ctx, table: &mut wasi.table }
    }
}

/// Standard error: lines for the log, and the end of it for the fault.
#[derive(Clone)]
struct Stderr(Arc<StderrShared>);

struct StderrShared {
    ports: Arc<Ports>,
    invocation: Arc<Invocation>,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    line: Vec<u8>,
    lines: u32,
    last: Vec<u8>,
}

impl Stderr {
    fn take(&self, bytes: &[u8]) {
        let mut written = self.0.written.lock().unwrap_or_else(PoisonError::into_inner);
        // Of what is longer only the end can matter.
        written.last.extend_from_slice(&bytes[bytes.len().saturating_sub(LAST_WORDS_BYTES_MAX)..]);
        let surplus = written.last.len().saturating_sub(LAST_WORDS_BYTES_MAX);
        written.last.drain(..surplus);
        for (i, part) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if i > 0 {
                self.end_line(&mut written);
            }
            let room = WRITE_BYTES_MAX.saturating_sub(written.line.len());
            written.line.extend_from_slice(&part[..part.len().min(room)]);
        }
    }

    fn end_line(&self, written: &mut Written) {
        let line = std::mem::take(&mut written.line);
        if line.is_empty() || written.lines >= self.0.invocation.limits.log_lines_max {
            return;
        }
        written.lines += 1;
        write_line(&self.0.ports, &self.0.invocation, LogLevel::Warn, &String::from_utf8_lossy(&line), &[]);
    }

    fn finish(&self) -> String {
        let mut written = self.0.written.lock().unwrap_or_else(PoisonError::into_inner);
        self.end_line(&mut written);
        let text = String::from_utf8_lossy(&written.last).trim().to_owned();
        printable(&self.0.ports.secrets.scrub(&text))
    }
}

impl IsTerminal for Stderr {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stderr {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this one, which is not linked.
        Box::new(tokio::io::sink())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Stderr {
    async fn ready(&mut self) {}
}

impl OutputStream for Stderr {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}
