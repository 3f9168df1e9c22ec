//! What a call leaves behind is not there for the next one, whatever the pool keeps: everything that a guest can write
//! to is written to, its place in the pool is used again, and whoever comes next looks.
//!
//! Planted and looked at from the host, since no language above WebAssembly's own text writes to tables. The machine's
//! stack is not looked at: WebAssembly has no instruction that reads it. The stack that compilers keep for a guest's
//! own data is memory.

use wasm_encoder::{
    ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection, GlobalSection, GlobalType,
    ImportSection, MemorySection, MemoryType, RefType, TableSection, TableType, TypeSection, ValType,
};
use wasmtime::{Engine, Func, Global, Instance, Memory, Module, Ref, Store, Table, Val};

use super::{SandboxConfig, settings};

const PAGE_BYTES: usize = 64 << 10;

/// Pages and table elements that an instance begins with, and how many more it can have.
const PAGES: u64 = 5;
const PAGES_MORE: u64 = 7;
const ELEMENTS: u64 = 40;
const ELEMENTS_MORE: u64 = 300;

/// What the module itself brings along, and where.
const OWN_TEXT: &[u8] = b"what the module itself brings along";
const OWN_AT: usize = 70_000;

const PLANTED: u8 = 0xa5;

/// A memory, a table and a global, all to be had by the host, and one function to put into the table.
fn module() -> Vec<u8> {
    let mut module = wasm_encoder::Module::new();
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    imports.import("host", "function", EntityType::Function(0));
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: ELEMENTS,
        maximum: Some(ELEMENTS + ELEMENTS_MORE),
        shared: false,
    });
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: PAGES,
        maximum: Some(PAGES + PAGES_MORE),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = GlobalSection::new();
    globals.global(GlobalType { val_type: ValType::I64, mutable: true, shared: false }, &ConstExpr::i64_const(7));
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0).export("table", ExportKind::Table, 0).export(
        "global",
        ExportKind::Global,
        0,
    );
    let mut elements = ElementSection::new();
    elements.active(Some(0), &ConstExpr::i32_const(0), Elements::Functions([0].as_slice().into()));
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(OWN_AT as i32), OWN_TEXT.iter().copied());
    module.section(&types).section(&imports).section(&tables).section(&memories).section(&globals).section(&exports);
    module.section(&elements).section(&data);
    module.finish()
}

/// An instance, for as long as its store lives.
struct Place {
    store: Store<()>,
    function: Func,
    memory: Memory,
    table: Table,
    global: Global,
}

impl Place {
    async fn take(engine: &Engine, module: &Module) -> Place {
        let mut store = Store::new(engine, ());
        store.set_epoch_deadline(1);
        let function = Func::wrap(&mut store, || ());
        let instance = Instance::new_async(&mut store, module, &[function.into()]).await.unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        let table = instance.get_table(&mut store, "table").unwrap();
        let global = instance.get_global(&mut store, "global").unwrap();
        Place { store, function, memory, table, global }
    }

    /// Everything as the module says, also where memory and table are made larger.
    async fn look(&mut self) -> Result<(), String> {
        let store = &mut self.store;
        let sizes = (self.memory.size(&*store), self.table.size(&*store), self.global.get(&mut *store).unwrap_i64());
        if sizes != (PAGES, ELEMENTS, 7) {
            return Err(format!("pages, elements and the global are {sizes:?}"));
        }
        self.memory.grow_async(&mut *store, PAGES_MORE).await.unwrap();
        self.table.grow_async(&mut *store, ELEMENTS_MORE, Ref::Func(None)).await.unwrap();
        for (at, byte) in self.memory.data(&*store).iter().enumerate() {
            let own = at.checked_sub(OWN_AT).and_then(|at| OWN_TEXT.get(at)).copied().unwrap_or_default();
            if *byte != own {
                return Err(format!("byte {at} is {byte:#x}, not {own:#x}"));
            }
        }
        for at in 0..ELEMENTS {
            let is_function = matches!(self.table.get(&mut *store, at), Some(Ref::Func(Some(_))));
            if is_function != (at == 0) {
                return Err(format!("element {at} {} a function", if is_function { "is" } else { "is not" }));
            }
        }
        Ok(())
    }

    /// Writes to everything; what was made larger by looking included.
    fn plant(&mut self) {
        let store = &mut self.store;
        self.memory.data_mut(&mut *store).fill(PLANTED);
        let size = self.table.size(&*store);
        self.table.fill(&mut *store, 0, Ref::Func(Some(self.function)), size).unwrap();
        self.global.set(&mut *store, Val::I64(-1)).unwrap();
    }
}

#[tokio::test]
async fn what_is_planted_in_memory_tables_and_globals_is_gone_with_the_call() {
    let all = (PAGES as usize + 1) * PAGE_BYTES;
    // All is kept and overwritten; some of it, and the rest given back; nothing is kept.
    for kept in [all, PAGE_BYTES + 4096, 0] {
        let config = SandboxConfig {
            // One place, so that every call has that of the one before.
            calls_in_flight_max: 1,
            memory_keep_resident: kept,
            table_keep_resident: kept.min(16 << 10),
            ..SandboxConfig::default()
        };
        let engine = Engine::new(&settings(&config)).unwrap();
        let (one, other) = (Module::new(&engine, module()).unwrap(), Module::new(&engine, module()).unwrap());
        for call in 0..6 {
            // Twice the same module, then another one in the same place.
            let mut place = Place::take(&engine, if call % 3 < 2 { &one } else { &other }).await;
            assert_eq!(place.look().await, Ok(()), "call {call}, {kept} bytes kept");
            place.plant();
        }
    }
}

#[tokio::test]
async fn who_looks_would_find_it() {
    let config = SandboxConfig { calls_in_flight_max: 1, ..SandboxConfig::default() };
    let engine = Engine::new(&settings(&config)).unwrap();
    let module = Module::new(&engine, module()).unwrap();
    let mut place = Place::take(&engine, &module).await;
    place.plant();
    assert_eq!(place.look().await, Err("pages, elements and the global are (5, 40, -1)".to_owned()));
    place.global.set(&mut place.store, Val::I64(7)).unwrap();
    assert_eq!(place.look().await, Err("byte 0 is 0xa5, not 0x0".to_owned()));
}
