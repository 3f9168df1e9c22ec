//! Components with something put into them that no toolchain would: a module beside the connector's own, which the
//! component starts as its last. Everything else about them is right.

use jackfield_sandbox::{Connector, LoadError, Sandbox};
use wasm_encoder::{
    CodeSection, ComponentSection as _, CustomSection, Encode, Function, FunctionSection, InstanceSection,
    InstructionSink, MemorySection, MemoryType, Module, ModuleArg, ModuleSection, NameMap, NameSection, RefType,
    StartSection, TableSection, TableType, TypeSection,
};
use wasmparser::{Parser, Payload};

use crate::stand::{packaged, small};

/// A module whose start function is this code, with what it needs beside it.
#[derive(Default)]
pub(crate) struct Part {
    types: TypeSection,
    functions: FunctionSection,
    tables: TableSection,
    memories: MemorySection,
    globals: wasm_encoder::GlobalSection,
    elements: wasm_encoder::ElementSection,
    code: CodeSection,
    name: Option<String>,
}

impl Part {
    /// Code that runs while the component is being instantiated.
    pub(crate) fn starting(write: impl FnOnce(&mut InstructionSink<'_>)) -> Part {
        let mut part = Part::default();
        part.types.ty().function([], []);
        part.functions.function(0);
        let mut body = Function::new([]);
        write(&mut body.instructions());
        body.instructions().end();
        part.code.function(&body);
        part
    }

    /// With a table of functions that begins with as many elements.
    pub(crate) fn with_table(mut self, minimum: u64) -> Part {
        let element_type = RefType::FUNCREF;
        self.tables.table(TableType { element_type, table64: false, minimum, maximum: None, shared: false });
        self
    }

    /// With a memory of its own that begins with one page.
    pub(crate) fn with_memory(self) -> Part {
        self.with_memory_of(|_| {})
    }

    /// The same, of another kind.
    pub(crate) fn with_memory_of(mut self, change: impl FnOnce(&mut MemoryType)) -> Part {
        let mut kind =
            MemoryType { minimum: 1, maximum: Some(2), memory64: false, shared: false, page_size_log2: None };
        change(&mut kind);
        self.memories.memory(kind);
        self
    }

    /// With a variable that begins as zero, and a function that the code may refer to.
    pub(crate) fn with_global(mut self) -> Part {
        let kind = wasm_encoder::GlobalType { val_type: wasm_encoder::ValType::I32, mutable: true, shared: false };
        self.globals.global(kind, &wasm_encoder::ConstExpr::i32_const(0));
        self.elements.declared(wasm_encoder::Elements::Functions([0].as_slice().into()));
        self
    }

    /// With a name for its function, as a debugger would show it.
    pub(crate) fn named(mut self, name: &str) -> Part {
        self.name = Some(name.to_owned());
        self
    }

    /// A packaged guest that starts this part as many times.
    pub(crate) fn beside(&self, guest: &str, times: u32) -> Vec<u8> {
        let mut component = packaged(guest);
        let index = modules(&component);
        let mut module = Module::new();
        module.section(&self.types).section(&self.functions);
        if !self.tables.is_empty() {
            module.section(&self.tables);
        }
        if !self.memories.is_empty() {
            module.section(&self.memories);
        }
        if !self.globals.is_empty() {
            module.section(&self.globals);
        }
        module.section(&StartSection { function_index: 0 });
        if !self.elements.is_empty() {
            module.section(&self.elements);
        }
        module.section(&self.code);
        if let Some(name) = &self.name {
            let mut functions = NameMap::new();
            functions.append(0, name);
            let mut names = NameSection::new();
            names.functions(&functions);
            module.section(&names);
        }
        ModuleSection(&module).append_to_component(&mut component);
        let mut instances = InstanceSection::new();
        for _ in 0..times {
            instances.instantiate(index, std::iter::empty::<(&str, ModuleArg)>());
        }
        instances.append_to_component(&mut component);
        component
    }
}

/// Core modules of a component, which is the index of the next one.
fn modules(component: &[u8]) -> u32 {
    let (mut depth, mut count) = (0, 0);
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } => {
                count += u32::from(depth == 0);
                depth += 1;
            }
            Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) if depth > 0 => depth -= 1,
            _ => {}
        }
    }
    count
}

/// A custom section more, at the end.
pub(crate) fn with_section(mut component: Vec<u8>, name: &str, data: &[u8]) -> Vec<u8> {
    CustomSection { name: name.into(), data: data.into() }.append_to_component(&mut component);
    component
}

/// A section of any kind with any content, as no encoder would write it.
pub(crate) fn with_raw_section(mut component: Vec<u8>, id: u8, content: &[u8]) -> Vec<u8> {
    component.push(id);
    content.len().encode(&mut component);
    component.extend_from_slice(content);
    component
}

pub(crate) fn loaded(component: &[u8]) -> Result<std::sync::Arc<Connector>, LoadError> {
    Sandbox::new(&small()).unwrap().load(component)
}
