//! Replaces the table of function pointers by code, for guests whose table
//! never changes.
//!
//! An instance has a table of its own, which is cleared when the instance is
//! made and filled entry by entry, each by a call into the host, when a
//! function is first called through it. A fresh instance that answers one
//! request pays for every method call on a trait object in this way. Here a
//! call through the table becomes a call of a dispatcher for its signature:
//! one load from an array in memory that all instances share, then a jump to a
//! direct call.

use crate::functions::constant;
use crate::references::{Dispatcher as Noted, References, Uses};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    BlockType, CodeSection, DataSection, ElementSection, ExportSection, Function, FunctionSection,
    Instruction, MemArg, Module, TableSection, TypeSection,
};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, DataSectionReader, ElementItems, ElementKind,
    ElementSectionReader, Export, ExternalKind, FuncType, FunctionSectionReader, Operator, Parser,
    Payload, TableSectionReader, TypeRef, TypeSectionReader,
};

/// Exported by a guest: room for [`ROOM`] numbers of 16 bits.
const ARRAY: &str = "OUTPOST_DISPATCH";
/// A guest may be linked so that its table begins at this index, which makes
/// pointers to functions look like nothing else. The bit itself falls off when an
/// index is doubled; but it alone, and the numbers that follow it, are what Rust
/// marks the variants of an `enum` with.
const TAG: u32 = 1 << 31;
/// What a tagged pointer has besides, at least.
const BASE: u32 = 1 << 14;
/// Entries of the table that there is room for.
const ROOM: usize = 16 * 1024;

type Error = reencode::Error<Infallible>;

/// Rewrites a core module that exports `OUTPOST_DISPATCH`.
///
/// # Errors
/// If the module is malformed, or its table might change or is too large.
pub fn dispatch(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let outline = Outline::read(wasm)?;
    let mut module = Module::new();
    let mut rewrite = Rewrite::new(&outline)?;
    rewrite
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(|error| error.to_string())?;
    Ok(module.finish())
}

/// What is to be known of a module before it is rewritten.
#[derive(Default)]
struct Outline {
    types: Vec<FuncType>,
    /// Type of each function, imported ones first.
    functions: Vec<u32>,
    /// Function at each index of the table.
    table: BTreeMap<u32, u32>,
    /// Types of calls through the table.
    called: Vec<u32>,
    /// Whether function pointers are tagged.
    tagged: bool,
    /// Address of the array.
    array: u32,
}

impl Outline {
    /// The array's address, less what twice a pointer has too much.
    fn offset(&self) -> u32 {
        if self.tagged { self.array.saturating_sub(2 * BASE) } else { self.array }
    }

    fn read(wasm: &[u8]) -> Result<Self, String> {
        let mut outline = Outline::default();
        let mut globals = Vec::new();
        let mut array = None;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(text)? {
                Payload::TypeSection(section) => {
                    for group in section.into_iter_err_on_gc_types() {
                        outline.types.push(group.map_err(text)?);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        match import.map_err(text)?.ty {
                            TypeRef::Func(signature) => outline.functions.push(signature),
                            _ => return Err("a guest may import functions only".into()),
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    for signature in section {
                        outline.functions.push(signature.map_err(text)?);
                    }
                }
                Payload::GlobalSection(section) => {
                    for global in section {
                        globals.push(constant(&global.map_err(text)?.init_expr));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.map_err(text)?;
                        match export.kind {
                            ExternalKind::Table => return Err("the table is exported".into()),
                            ExternalKind::Global if export.name == ARRAY => {
                                array = globals.get(export.index as usize).copied().flatten();
                            }
                            _ => {}
                        }
                    }
                }
                Payload::ElementSection(section) => outline.elements(section)?,
                Payload::CodeSectionEntry(body) => {
                    for operator in body.get_operators_reader().map_err(text)? {
                        outline.operator(&operator.map_err(text)?)?;
                    }
                }
                _ => {}
            }
        }
        outline.array = array.ok_or_else(|| format!("the guest does not export `{ARRAY}`"))?;
        outline.called.sort_unstable();
        outline.called.dedup();
        Ok(outline)
    }

    fn elements(&mut self, section: ElementSectionReader<'_>) -> Result<(), String> {
        for element in section {
            let element = element.map_err(text)?;
            let (ElementKind::Active { offset_expr, .. }, ElementItems::Functions(functions)) =
                (element.kind, element.items)
            else {
                return Err("the table is not filled in the plain way".into());
            };
            let start = constant(&offset_expr).ok_or("the table starts at no constant")?;
            let slot = if start & TAG == 0 { Some(start) } else { start.checked_sub(TAG | BASE) };
            let slot = slot.ok_or("the table starts among the marks of variants")?;
            self.tagged = start & TAG != 0;
            for (slot, function) in (slot..).zip(functions) {
                self.table.insert(slot, function.map_err(text)?);
            }
        }
        match self.table.last_key_value() {
            Some((&last, _)) if last as usize >= ROOM => {
                Err(format!("the table has more than {ROOM} entries"))
            }
            _ => Ok(()),
        }
    }

    fn operator(&mut self, operator: &Operator<'_>) -> Result<(), String> {
        match operator {
            Operator::CallIndirect { type_index, .. } => self.called.push(*type_index),
            Operator::ReturnCallIndirect { .. }
            | Operator::RefFunc { .. }
            | Operator::TableGet { .. }
            | Operator::TableSet { .. }
            | Operator::TableGrow { .. }
            | Operator::TableSize { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. } => {
                return Err("the table is used for more than calls".into());
            }
            _ => {}
        }
        Ok(())
    }
}

fn text(error: wasmparser::BinaryReaderError) -> String {
    error.to_string()
}

/// The functions that a call of one signature may reach.
struct Dispatcher {
    signature: FuncType,
    /// Number of the first target in the array; the others follow.
    first: u32,
    targets: Vec<u32>,
}

struct Rewrite<'a> {
    outline: &'a Outline,
    dispatchers: Vec<Dispatcher>,
    /// Dispatcher of each type that is called.
    by_type: HashMap<u32, u32>,
    /// For each index of the table the number of its function, from 1 on.
    array: Vec<u16>,
}

impl<'a> Rewrite<'a> {
    fn new(outline: &'a Outline) -> Result<Self, String> {
        let mut dispatchers: Vec<Dispatcher> = Vec::new();
        let mut by_type = HashMap::new();
        let entries = outline.table.last_key_value().map_or(0, |(&last, _)| last as usize + 1);
        let mut array = vec![0u16; entries];
        let mut next = 1;
        let signature = |index: u32| outline.types.get(index as usize).ok_or("a type is missing");
        for &called in &outline.called {
            let wanted = signature(called)?;
            if let Some(same) = dispatchers.iter().position(|other| &other.signature == wanted) {
                by_type.insert(called, index(same));
                continue;
            }
            let first = next;
            let mut numbers: HashMap<u32, u32> = HashMap::new();
            let mut targets = Vec::new();
            for (&slot, &function) in &outline.table {
                let kind =
                    outline.functions.get(function as usize).ok_or("a function is missing")?;
                if signature(*kind)? != wanted {
                    continue;
                }
                let number = *numbers.entry(function).or_insert_with(|| {
                    targets.push(function);
                    next += 1;
                    next - 1
                });
                if let Some(entry) = array.get_mut(slot as usize) {
                    *entry = u16::try_from(number).map_err(|_| "there are too many functions")?;
                }
            }
            by_type.insert(called, index(dispatchers.len()));
            dispatchers.push(Dispatcher { signature: wanted.clone(), first, targets });
        }
        Ok(Rewrite { outline, dispatchers, by_type, array })
    }
}

fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

impl Dispatcher {
    /// As [`References`] has it, with its own index.
    fn noted(&self, function: u32, array: u32) -> Noted {
        Noted {
            function,
            parameters: index(self.signature.params().len()),
            first: self.first,
            targets: self.targets.clone(),
            array,
        }
    }
}

impl Noted {
    /// The parameters of the signature, then a function pointer. Calls of
    /// functions that do not `live` are traps.
    pub(crate) fn body(&self, lives: impl Fn(u32) -> bool) -> Function {
        let mut body = Function::new([]);
        let live: Vec<u32> = self.targets.iter().copied().filter(|&target| lives(target)).collect();
        if !live.is_empty() {
            for _ in &live {
                body.instruction(&Instruction::Block(BlockType::Empty));
            }
            body.instruction(&Instruction::Block(BlockType::Empty));
            body.instruction(&Instruction::LocalGet(self.parameters));
            // This drops the tag, too.
            body.instruction(&Instruction::I32Const(1));
            body.instruction(&Instruction::I32Shl);
            let entry = MemArg { offset: self.array.into(), align: 1, memory_index: 0 };
            body.instruction(&Instruction::I32Load16U(entry));
            body.instruction(&Instruction::I32Const(self.first.cast_signed()));
            body.instruction(&Instruction::I32Sub);
            let otherwise = index(live.len());
            let mut arms = 0..otherwise;
            let arms: Vec<u32> = (self.targets.iter())
                .map(
                    |&target| {
                        if lives(target) { arms.next().unwrap_or(otherwise) } else { otherwise }
                    },
                )
                .collect();
            body.instruction(&Instruction::BrTable(arms.into(), otherwise));
            for target in live {
                body.instruction(&Instruction::End);
                for parameter in 0..self.parameters {
                    body.instruction(&Instruction::LocalGet(parameter));
                }
                body.instruction(&Instruction::Call(target));
                body.instruction(&Instruction::Return);
            }
            body.instruction(&Instruction::End);
        }
        body.instruction(&Instruction::Unreachable);
        body.instruction(&Instruction::End);
        body
    }
}

impl Reencode for Rewrite<'_> {
    type Error = Infallible;

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<(), Error> {
        reencode::utils::parse_type_section(self, types, section)?;
        for dispatcher in &self.dispatchers {
            let parameters = dispatcher.signature.params().iter().copied();
            let parameters: Vec<_> = parameters
                .chain([wasmparser::ValType::I32])
                .map(value_type)
                .collect::<Result<_, _>>()?;
            let results: Vec<_> = (dispatcher.signature.results().iter().copied())
                .map(value_type)
                .collect::<Result<_, _>>()?;
            types.ty().function(parameters, results);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        reencode::utils::parse_function_section(self, functions, section)?;
        let first = index(self.outline.types.len());
        for (signature, _) in (first..).zip(&self.dispatchers) {
            functions.function(signature);
        }
        Ok(())
    }

    fn parse_table_section(
        &mut self,
        _: &mut TableSection,
        _: TableSectionReader<'_>,
    ) -> Result<(), Error> {
        Ok(())
    }

    fn parse_element_section(
        &mut self,
        _: &mut ElementSection,
        _: ElementSectionReader<'_>,
    ) -> Result<(), Error> {
        Ok(())
    }

    fn parse_export(
        &mut self,
        exports: &mut ExportSection,
        export: Export<'_>,
    ) -> Result<(), Error> {
        if export.name == ARRAY {
            return Ok(());
        }
        reencode::utils::parse_export(self, exports, export)
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        reencode::utils::parse_code_section(self, code, section)?;
        for dispatcher in &self.dispatchers {
            code.function(&dispatcher.noted(0, self.outline.offset()).body(|_| true));
        }
        Ok(())
    }

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Result<Instruction<'a>, Error> {
        if let Operator::CallIndirect { type_index, .. } = operator
            && let Some(dispatcher) = self.by_type.get(&type_index)
        {
            return Ok(Instruction::Call(index(self.outline.functions.len()) + dispatcher));
        }
        reencode::utils::instruction(self, operator)
    }

    fn parse_data_section(
        &mut self,
        data: &mut DataSection,
        section: DataSectionReader<'_>,
    ) -> Result<(), Error> {
        reencode::utils::parse_data_section(self, data, section)?;
        let bytes: Vec<u8> = self.array.iter().flat_map(|number| number.to_le_bytes()).collect();
        let start = wasm_encoder::ConstExpr::i32_const(self.outline.array.cast_signed());
        data.active(0, &start, bytes);
        Ok(())
    }

    fn data_count(&mut self, count: u32) -> Result<u32, Error> {
        Ok(count + 1)
    }
    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), Error> {
        let first = index(self.outline.functions.len());
        References::rewrite_section(module, &section, |mut references| {
            references.dispatchers = (first..)
                .zip(&self.dispatchers)
                .map(|(function, dispatcher)| dispatcher.noted(function, self.outline.offset()))
                .collect();
            let array: BTreeSet<u32> =
                references.object_at(self.outline.array).into_iter().collect();
            for dispatcher in &references.dispatchers {
                let uses = Uses { objects: array.clone(), ..Uses::default() };
                references.functions.insert(dispatcher.function, uses);
            }
            references
        })
    }
}

fn value_type(kind: wasmparser::ValType) -> Result<wasm_encoder::ValType, Error> {
    reencode::RoundtripReencoder.val_type(kind)
}
