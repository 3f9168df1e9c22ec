//! Why a call ended without an answer of its guest, in words for the operator.
//!
//! The guest's own failures are not here: they are answers. A user never sees any of these sentences.

use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::capability::{cut, printable};
use crate::instance::HostState;

/// What is shown of a function's name, in bytes.
const NAME_BYTES_MAX: usize = 120;

/// How a call ended that its guest did not end in order. None of these takes the host down, and none says anything
/// about the next call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The guest did what WebAssembly does not allow.
    #[error("the connector trapped: {message}")]
    Trap {
        /// In one word.
        kind: TrapKind,
        /// What happened, and where in the guest.
        message: String,
    },
    /// The guest gave up, and said why on standard error.
    #[error("the connector panicked: {message}")]
    Panic {
        /// The last that it wrote to standard error, scrubbed.
        message: String,
    },
    /// The guest ended its process, as if it had one.
    #[error("the connector exited with code {code} instead of answering")]
    Exited {
        /// What it exited with.
        code: i32,
    },
    /// The guest computed for too long.
    #[error("the connector computed for more than {limit_ms} ms; raise `cpu_ms` of the connection if that is its work")]
    CpuExceeded {
        /// The limit.
        limit_ms: u64,
    },
    /// The call took too long, waiting included.
    #[error("the call took more than {limit_ms} ms{}", waiting_for.map(|w| format!(", waiting for {w}")).unwrap_or_default())]
    WallExceeded {
        /// What the call had when it started.
        limit_ms: u64,
        /// What it was waiting for at the end; nothing when it was computing.
        waiting_for: Option<&'static str>,
    },
    /// The guest wanted more linear memory.
    #[error(
        "the connector wanted more than {limit} bytes of memory; raise `memory_bytes_max` of the connection if it needs them"
    )]
    MemoryExceeded {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The guest wanted a larger table.
    #[error("the connector wanted a table of more than {limit} elements")]
    TableExceeded {
        /// The limit, in elements.
        limit: usize,
    },
    /// The guest called the host too often.
    #[error("the connector called the host more than {limit} times")]
    HostCallsExceeded {
        /// The limit.
        limit: u32,
    },
    /// The guest handed the host too much in one host call.
    #[error("the connector handed over more than {limit} bytes in one host call")]
    ArgumentTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer is too long.
    #[error(
        "the connector answered with more than {limit} bytes; raise `output_bytes_max` of the connection if that is right"
    )]
    OutputTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// No instance was free.
    #[error("all {max} instances are in use; raise `calls_in_flight_max` if the machine has room for more")]
    Overloaded {
        /// How many there are.
        max: usize,
    },
    /// The sandbox itself failed.
    #[error("the sandbox failed: {detail}")]
    Internal {
        /// The chain of causes.
        detail: String,
    },
}

/// The kinds of traps that an author can tell apart and act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrapKind {
    /// An `unreachable` instruction: an abort without a word.
    Unreachable,
    /// Recursion without end.
    StackOverflow,
    /// Outside of its memory.
    MemoryOutOfBounds,
    /// Outside of a table, or the wrong function in it.
    BadCall,
    /// Division by zero, or a number that does not fit.
    Arithmetic,
    /// A value that the contract does not allow, such as a text that is not UTF-8.
    BadValue,
    /// The engine's word for it is in the message.
    Other,
}

impl Fault {
    /// One word for metrics and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::Trap { .. } => "trap",
            Fault::Panic { .. } => "panic",
            Fault::Exited { .. } => "exit",
            Fault::CpuExceeded { .. } => "cpu",
            Fault::WallExceeded { .. } => "wall",
            Fault::MemoryExceeded { .. } => "memory",
            Fault::TableExceeded { .. } => "table",
            Fault::HostCallsExceeded { .. } => "host-calls",
            Fault::ArgumentTooLarge { .. } => "argument",
            Fault::OutputTooLarge { .. } => "output",
            Fault::Overloaded { .. } => "overloaded",
            Fault::Internal { .. } => "internal",
        }
    }
}

/// Why the host itself ends a guest: raised in a host call or at a tick, and found again in the engine's error.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// See [`Fault::CpuExceeded`].
    #[error("cpu time is used up")]
    Cpu,
    /// See [`Fault::WallExceeded`].
    #[error("the deadline has passed")]
    Wall,
    /// See [`Fault::HostCallsExceeded`].
    #[error("too many host calls")]
    HostCalls,
}

/// Finds the fault behind an engine's error.
pub(crate) fn fault(error: &wasmtime::Error, state: &HostState) -> Fault {
    let limits = state.limits();
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return match stop {
            Stop::Cpu => Fault::CpuExceeded { limit_ms: limits.cpu_ms },
            Stop::Wall => state.wall_exceeded(),
            Stop::HostCalls => Fault::HostCallsExceeded { limit: limits.host_calls_max },
        };
    }
    // What was refused before explains what happened after.
    if state.bounds.memory_refused {
        return Fault::MemoryExceeded { limit: limits.memory_bytes_max };
    }
    if state.bounds.table_refused {
        return Fault::TableExceeded { limit: limits.table_elements_max };
    }
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return Fault::Exited { code: *code };
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Fault::Overloaded { max: state.calls_in_flight_max };
    }
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    if error.root_cause().to_string().contains("fuel allocated for hostcalls has been exhausted") {
        // The engine has no type for this. With frames on the stack it was an argument, without it was the answer.
        return match backtrace {
            Some(_) => Fault::ArgumentTooLarge { limit: state.transfer_bytes_max },
            None => Fault::OutputTooLarge { limit: limits.output_bytes_max },
        };
    }
    let trap = error.downcast_ref::<Trap>().copied();
    if trap == Some(Trap::UnreachableCodeReached)
        && let Some(message) = state.last_words()
    {
        return Fault::Panic { message };
    }
    let cause = trap.map(|trap| trap.to_string()).unwrap_or_else(|| error.root_cause().to_string());
    let mut message = cause.strip_prefix("wasm trap: ").unwrap_or(&cause).to_owned();
    let kind = match trap {
        Some(trap) => kind(trap),
        None if is_bad_value(&message) => TrapKind::BadValue,
        // Raised in a host call, so that the guest had its part in it.
        None if backtrace.is_some() => TrapKind::Other,
        None => return Fault::Internal { detail: format!("{error:#}") },
    };
    if let Some(backtrace) = backtrace {
        describe_frames(backtrace, &mut message);
    }
    Fault::Trap { kind, message }
}

fn kind(trap: Trap) -> TrapKind {
    match trap {
        Trap::UnreachableCodeReached => TrapKind::Unreachable,
        Trap::StackOverflow => TrapKind::StackOverflow,
        Trap::MemoryOutOfBounds => TrapKind::MemoryOutOfBounds,
        Trap::TableOutOfBounds | Trap::IndirectCallToNull | Trap::BadSignature => TrapKind::BadCall,
        Trap::IntegerOverflow | Trap::IntegerDivisionByZero | Trap::BadConversionToInteger => TrapKind::Arithmetic,
        Trap::InvalidChar
        | Trap::StringOutOfBounds
        | Trap::ListOutOfBounds
        | Trap::InvalidDiscriminant
        | Trap::UnalignedPointer => TrapKind::BadValue,
        _ => TrapKind::Other,
    }
}

/// What the engine says, without a trap, of an answer that breaks the contract.
fn is_bad_value(message: &str) -> bool {
    ["utf-8", "out of bounds", "not aligned", "invalid", "discriminant"].iter().any(|word| message.contains(word))
}

/// `; in deeper < handle`, innermost first: names where the guest kept them, numbers otherwise, recursion once.
fn describe_frames(backtrace: &WasmBacktrace, message: &mut String) {
    let mut names: Vec<String> = backtrace
        .frames()
        .iter()
        .map(|frame| match frame.func_name() {
            // Mangled names of generic functions can be kilobytes.
            Some(name) => printable(cut(name, NAME_BYTES_MAX)),
            None => format!("function {}", frame.func_index()),
        })
        .collect();
    names.dedup();
    if !names.is_empty() {
        message.push_str("; in ");
        message.push_str(&names.join(" < "));
    }
}
