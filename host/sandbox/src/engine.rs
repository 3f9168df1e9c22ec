//! The engine, set up once for all connectors: where every guest's bounds that are not a matter of one call stand.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jackfield_core::budget::Limits;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails};

use crate::capability;
use crate::compiled::{CacheRefused, CompiledCache};
use crate::instance::{Connector, Ended, Guest, HostState};
use crate::package::{self, Anatomy, COMPONENT_BYTES_MAX, LoadError};
use crate::permit::Permits;
use crate::ticker::Ticker;

/// What a host decides once, at its start.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Instances that may exist at once: calls that run plus calls that wait for an upstream.
    pub calls_in_flight_max: u32,
    /// The most memory that any connection's `memory_bytes_max` may allow, in bytes. Reserved as address space only.
    pub memory_bytes_max: usize,
    /// The most elements that any connection's `table_elements_max` may allow.
    pub table_elements_max: usize,
    /// Memory that a free place keeps for its next call instead of giving it back, in bytes. More than the guests'
    /// initial memory means no system call per call; it is paid for in resident memory, times `calls_in_flight_max`.
    pub memory_keep_resident: usize,
    /// The same for tables, in bytes.
    pub table_keep_resident: usize,
    /// The same for stacks, in bytes; what is kept is overwritten with zeros.
    pub stack_keep_resident: usize,
    /// Stack of a guest, in bytes.
    pub guest_stack_bytes: usize,
    /// Address space for one memory, in bytes. `None` is the engine's 4 GiB, which saves bounds checks; less where
    /// the machine limits virtual memory.
    pub memory_reservation: Option<u64>,
    /// Whether one component is compiled on all cores.
    pub parallel_compilation: bool,
    /// Where compiled connectors are kept between starts; `None` compiles anew each time.
    pub cache_dir: Option<PathBuf>,
    /// One of the engine's settings changed.
    #[cfg(feature = "bench")]
    pub variant: crate::variant::Variant,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        let limits = Limits::default();
        SandboxConfig {
            calls_in_flight_max: 1_000,
            memory_bytes_max: limits.memory_bytes_max,
            table_elements_max: limits.table_elements_max,
            memory_keep_resident: 512 << 10,
            table_keep_resident: 16 << 10,
            stack_keep_resident: 64 << 10,
            guest_stack_bytes: 512 << 10,
            memory_reservation: None,
            parallel_compilation: true,
            cache_dir: None,
            #[cfg(feature = "bench")]
            variant: crate::variant::Variant::Shipped,
        }
    }
}

/// Why there is no sandbox. A host does not start without one.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The engine does not accept its settings on this machine.
    #[error("the engine refused its settings: {0}")]
    Engine(String),
    /// No thread for the ticker.
    #[error("no thread for the sandbox's clock: {0}")]
    Ticker(#[source] io::Error),
    /// The directory of compiled connectors is not to be trusted.
    #[error(transparent)]
    Cache(#[from] CacheRefused),
}

/// Why a component does not tell its intents.
#[derive(Debug, thiserror::Error)]
pub enum DescribeError {
    /// It cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It was called and did not answer.
    #[error("`describe` did not answer: {0}")]
    Call(#[from] Ended),
}

/// What the sandbox shares with its connectors.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) ticker: Ticker,
    pub(crate) permits: Permits,
}

/// The place where connectors run.
pub struct Sandbox {
    shared: Arc<Shared>,
    linker: Linker<HostState>,
    cache: Option<CompiledCache>,
    maxima: Maxima,
}

/// What the pool has for one call.
struct Maxima {
    memory_bytes: usize,
    table_elements: usize,
}

/// Memories, tables and modules that one component may be made of: a connector has one memory, one or two tables and
/// up to four modules (its own and those that the toolchain puts around it). The pool has as many of each per call, so
/// that none can take what its neighbour has a permit for.
const MEMORIES_MAX: u32 = 1;
const TABLES_MAX: u32 = 4;
const CORE_INSTANCES_MAX: u32 = 16;

/// Stack that is left to the host below a guest: a port's future is polled there, and TLS is not modest.
const HOST_STACK_BYTES: usize = 3 << 19;

/// Bookkeeping of one component, in bytes.
const INSTANCE_BYTES_MAX: usize = 1 << 20;

fn settings(config: &SandboxConfig) -> Config {
    let calls = config.calls_in_flight_max;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls.saturating_mul(CORE_INSTANCES_MAX))
        .total_memories(calls.saturating_mul(MEMORIES_MAX))
        .total_tables(calls.saturating_mul(TABLES_MAX))
        .total_stacks(calls)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_memories_per_module(1)
        .max_tables_per_component(TABLES_MAX)
        .max_tables_per_module(TABLES_MAX)
        .max_component_instance_size(INSTANCE_BYTES_MAX)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .max_memory_size(config.memory_bytes_max)
        .table_elements(config.table_elements_max)
        .linear_memory_keep_resident(config.memory_keep_resident)
        .table_keep_resident(config.table_keep_resident)
        .async_stack_keep_resident(config.stack_keep_resident)
        // A page that was swapped out would be missed by the scan and keep the last call's data (wasmtime #14357).
        .pagemap_scan(Enabled::No);
    #[cfg(feature = "bench")]
    config.variant.pool(&mut pool);

    let mut settings = Config::new();
    settings
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .wasm_component_model(true)
        // The contract has plain functions only, and every call is a third dearer with it.
        .concurrency_support(false)
        .epoch_interruption(true)
        .memory_init_cow(true)
        .max_wasm_stack(config.guest_stack_bytes)
        .async_stack_size(config.guest_stack_bytes + HOST_STACK_BYTES)
        .async_stack_zeroing(true)
        .parallel_compilation(config.parallel_compilation)
        // No connector needs it, and it makes bounds checks dear.
        .wasm_memory64(false)
        // Whatever the environment says: parsing a guest's debug information at a trap is work for an attacker.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(16));
    if let Some(bytes) = config.memory_reservation {
        settings.memory_reservation(bytes);
    }
    #[cfg(feature = "bench")]
    config.variant.settings(&mut settings);
    settings
}

impl Sandbox {
    /// Reserves the pool and starts the clock.
    ///
    /// # Errors
    /// When the machine does not give the address space, or the cache directory can be written by others.
    pub fn new(config: &SandboxConfig) -> Result<Sandbox, SandboxError> {
        let failed = |e: wasmtime::Error| SandboxError::Engine(format!("{e:#}"));
        let engine = Engine::new(&settings(config)).map_err(failed)?;
        let linker = capability::link(&engine).map_err(failed)?;
        let cache = match &config.cache_dir {
            Some(dir) => Some(CompiledCache::open(dir, &engine)?),
            None => None,
        };
        let ticker = Ticker::start(&engine).map_err(SandboxError::Ticker)?;
        let permits = Permits::new(config.calls_in_flight_max as usize);
        let maxima = Maxima { memory_bytes: config.memory_bytes_max, table_elements: config.table_elements_max };
        Ok(Sandbox { shared: Arc::new(Shared { engine, ticker, permits }), linker, cache, maxima })
    }

    /// Whether the pool has room for what a connection allows; asked when a configuration is checked.
    ///
    /// # Errors
    /// A sentence that names the limit and the setting that would have to be raised.
    pub fn accepts(&self, limits: &Limits) -> Result<(), String> {
        let Maxima { memory_bytes, table_elements } = self.maxima;
        let over = |name: &str, wanted: usize, max: usize| {
            Err(format!("`{name}` is {wanted}, the sandbox has {max}; raise `{name}` of the sandbox or lower it here"))
        };
        if limits.memory_bytes_max > memory_bytes {
            return over("memory_bytes_max", limits.memory_bytes_max, memory_bytes);
        }
        if limits.table_elements_max > table_elements {
            return over("table_elements_max", limits.table_elements_max, table_elements);
        }
        Ok(())
    }

    /// The places in the pool. A call that brings no permit takes one if it can, and is a fault if it cannot.
    pub fn permits(&self) -> &Permits {
        &self.shared.permits
    }

    /// Reads, checks and compiles a packaged connector. Runs nothing of it. Compiling takes up to a second of all
    /// cores: call it where blocking is allowed.
    ///
    /// # Errors
    /// The first of the checks that fails, in the order of [`LoadError`].
    pub fn load(&self, bytes: &[u8]) -> Result<Arc<Connector>, LoadError> {
        let anatomy = Anatomy::read(bytes)?;
        let (package, manifest) = anatomy.package()?;
        anatomy.check(Some(&manifest.id))?;
        let digest = blake3::hash(bytes);
        let guest = self.compile(bytes, &digest, &anatomy)?;
        Ok(Arc::new(Connector::new(guest, package, manifest, digest.to_hex().to_string(), &anatomy)))
    }

    /// [`Sandbox::load`] from a file, which is not read when it is too large.
    ///
    /// # Errors
    /// As [`Sandbox::load`].
    pub fn load_file(&self, path: &Path) -> Result<Arc<Connector>, LoadError> {
        self.load(&package::read_file(path)?)
    }

    /// Asks a component for its intents: for `jackfield build`, before there is a package. It may reach nothing.
    ///
    /// # Errors
    /// When it cannot be loaded, or does not answer within the limits.
    pub async fn describe(&self, bytes: &[u8], limits: &Limits) -> Result<String, DescribeError> {
        let anatomy = Anatomy::read(bytes)?;
        anatomy.check(None)?;
        let guest = self.compile(bytes, &blake3::hash(bytes), &anatomy)?;
        Ok(guest.describe(limits).await?)
    }

    /// Asks only for the initial memory: what `jackfield build` compares with what the host keeps resident.
    ///
    /// # Errors
    /// As [`Sandbox::load`], without the package.
    pub fn initial_memory_bytes(&self, bytes: &[u8]) -> Result<u64, LoadError> {
        let anatomy = Anatomy::read(bytes)?;
        Ok(self.compile(bytes, &blake3::hash(bytes), &anatomy)?.initial_memory_bytes())
    }

    fn compile(&self, bytes: &[u8], digest: &blake3::Hash, anatomy: &Anatomy<'_>) -> Result<Guest, LoadError> {
        debug_assert!(bytes.len() <= COMPONENT_BYTES_MAX);
        anatomy.check_complexity()?;
        let version = anatomy.version(None)?;
        let engine = &self.shared.engine;
        let cached = self.cache.as_ref().and_then(|cache| cache.get(engine, digest));
        let component = match cached {
            Some(component) => component,
            None => {
                let compiled =
                    Component::from_binary(engine, bytes).map_err(|e| LoadError::Compile(format!("{e:#}")))?;
                if let Some(cache) = &self.cache {
                    cache.put(digest, &compiled);
                }
                compiled
            }
        };
        let pre = self.linker.instantiate_pre(&component).map_err(|e| LoadError::Link(format!("{e:#}")))?;
        Guest::new(self.shared.clone(), pre, version).map_err(|e| LoadError::Link(format!("{e:#}")))
    }
}

#[cfg(test)]
mod tests;
