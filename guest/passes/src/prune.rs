//! Cuts out of a frozen module what its model does not use: a guest carries every
//! operator there is, a model needs a few.
//!
//! What is used is what can be reached: from the exports, by calls, by addresses
//! in code and in static data, and by whatever number on the heap, or changed by
//! freezing, could be an address. That errs on the side of keeping too much. A call of something
//! that was cut, should there be one, is a trap.
//!
//! Static data that nothing reaches is left out, too; where it was, memory is zero.
//!
//! The methods by which an operator is made ready (how to simplify it, how to
//! move axes through it, …) hang on the operator and would keep almost everything.
//! They go too, unless what calls them is there: a model that prepares operators
//! as it runs keeps all of them.

use crate::functions::{Functions, constant, trap};
use crate::references::{Dispatcher, References, Uses};
use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, ConstExpr, DataSection, ExportSection, FunctionSection, Module};
use wasmparser::{
    BinaryReaderError, CodeSectionReader, CustomSectionReader, DataKind, DataSectionReader, Export,
    ExternalKind, FunctionBody, FunctionSectionReader, Operator, Parser, Payload,
};

type Error = reencode::Error<Infallible>;

/// About the bytes that one more data segment costs.
const PIECE: usize = 8;

/// In place of the index of a function that is no more.
const CUT: u32 = u32::MAX;

/// Prunes `wasm`, a snapshot of `guest`, without the exports that are not wanted any
/// more. A guest that does not note its references is left as it is.
///
/// # Errors
/// If one of the modules is malformed.
pub fn prune(wasm: &[u8], guest: &[u8], unwanted: &[&str]) -> Result<Vec<u8>, String> {
    let Some(references) = &References::of(guest)? else { return Ok(wasm.to_vec()) };
    let mut frozen = Frozen::read(wasm, unwanted).map_err(|error| error.to_string())?;
    frozen.before = memory(guest).map_err(|error| error.to_string())?;
    let mut live = Live::find(&frozen, references, true).map_err(|error| error.to_string())?;
    if !live.functions.is_disjoint(&references.preparers) {
        live = Live::find(&frozen, references, false).map_err(|error| error.to_string())?;
    }
    let mut rewrite = Rewrite::new(&frozen, references, &live, unwanted);
    let mut module = Module::new();
    rewrite
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(|error| error.to_string())?;
    Ok(module.finish())
}

/// A module with its memory as it is when an instance starts.
struct Frozen<'a> {
    functions: Functions<'a>,
    exports: Vec<u32>,
    memory: Memory<'a>,
    /// Its memory before freezing.
    before: Memory<'a>,
}

impl<'a> Frozen<'a> {
    fn read(wasm: &'a [u8], unwanted: &[&str]) -> Result<Self, BinaryReaderError> {
        let mut frozen = Frozen {
            functions: Functions::read(wasm)?,
            exports: Vec::new(),
            memory: memory(wasm)?,
            before: Memory::default(),
        };
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func && !unwanted.contains(&export.name) {
                            frozen.exports.push(export.index);
                        }
                    }
                }
                Payload::StartSection { func, .. } => frozen.exports.push(func),
                _ => {}
            }
        }
        Ok(frozen)
    }

    fn body(&self, function: u32) -> Option<&FunctionBody<'a>> {
        let defined = function.checked_sub(self.functions.imported)?;
        self.functions.defined.get(defined as usize).map(|(_, body)| body)
    }
}

/// What memory starts with, in pieces by address.
#[derive(Default)]
struct Memory<'a>(Vec<(u32, &'a [u8])>);

fn memory(wasm: &[u8]) -> Result<Memory<'_>, BinaryReaderError> {
    let mut pieces = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::DataSection(section) = payload? else { continue };
        for segment in section {
            let segment = segment?;
            let DataKind::Active { offset_expr, .. } = segment.kind else { continue };
            if let Some(address) = constant(&offset_expr) {
                pieces.push((address, segment.data));
            }
        }
    }
    pieces.sort_by_key(|(address, _)| *address);
    Ok(Memory(pieces))
}

impl Memory<'_> {
    /// The aligned words of a part of memory, with their addresses, but for those
    /// that are zero because nothing is there. A segment may begin or end within a
    /// word.
    fn words(&self, start: u64, end: u64) -> impl Iterator<Item = (u64, u32)> {
        let overlaps = move |(address, bytes): &&(u32, &[u8])| {
            u64::from(*address) < end && u64::from(*address) + bytes.len() as u64 > start
        };
        self.0.iter().filter(overlaps).flat_map(move |&(address, bytes)| {
            let first = u64::from(address) & !3;
            let last = (u64::from(address) + bytes.len() as u64).next_multiple_of(4);
            let range = (first.max(start.next_multiple_of(4))..last.min(end & !3)).step_by(4);
            range.map(move |place| {
                let at = place.checked_sub(u64::from(address)).map(|at| at as usize);
                let word = match at.and_then(|at| bytes.get(at..at + 4)) {
                    Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
                    _ => self.word(place),
                };
                (place, word)
            })
        })
    }

    /// A word, of which no segment may hold all bytes.
    fn word(&self, address: u64) -> u32 {
        // A piece may lie within another: the array that `dispatch` fills does.
        let byte = |address: u64| {
            let after = self.0.partition_point(|(start, _)| u64::from(*start) <= address);
            let near = self.0.get(after.saturating_sub(2)..after)?.iter().rev();
            near.filter_map(|(start, bytes)| bytes.get((address - u64::from(*start)) as usize))
                .copied()
                .next()
        };
        let byte = |offset: u64| byte(address + offset).unwrap_or_default();
        u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)])
    }
}

/// What can be reached.
#[derive(Default)]
struct Live {
    functions: BTreeSet<u32>,
    objects: BTreeSet<u32>,
    waiting: Vec<u32>,
    waiting_objects: Vec<u32>,
    /// Reached, but not called any more.
    stubs: BTreeSet<u32>,
}

impl Live {
    fn find(
        frozen: &Frozen<'_>,
        references: &References,
        stub: bool,
    ) -> Result<Self, BinaryReaderError> {
        let mut live = Live::default();
        let dispatchers: BTreeSet<u32> =
            references.dispatchers.iter().map(|dispatcher| dispatcher.function).collect();
        for &export in &frozen.exports {
            live.function(export);
        }
        // The heap; below static data there is only the stack.
        let heap = u64::from(references.extent().end);
        for (_, word) in frozen.memory.words(heap, u64::MAX) {
            live.address(word, references);
        }
        loop {
            if let Some(object) = live.waiting_objects.pop() {
                let Some(object) = references.objects.get(object as usize) else { continue };
                live.uses(&object.uses);
                // What has not changed is known from the linker, which tells addresses
                // from other numbers.
                let start = u64::from(object.start);
                let words = frozen.memory.words(start, start + u64::from(object.size));
                for (place, word) in words {
                    if frozen.before.word(place) != word {
                        live.address(word, references);
                    }
                }
            } else if let Some(function) = live.waiting.pop() {
                let preparing = stub && references.preparing.contains(&function);
                if preparing || references.done.contains(&function) {
                    live.stubs.insert(function);
                    continue;
                }
                if let Some(uses) = references.functions.get(&function) {
                    live.uses(uses);
                }
                if dispatchers.contains(&function) {
                    continue; // calls what has its address taken elsewhere
                }
                let Some(body) = frozen.body(function) else { continue };
                for operator in body.get_operators_reader()? {
                    if let Operator::Call { function_index }
                    | Operator::ReturnCall { function_index } = operator?
                    {
                        live.function(function_index);
                    }
                }
            } else {
                return Ok(live);
            }
        }
    }

    /// Memory without the objects that are not live. What lies between two pieces
    /// is worth leaving out only if it is longer than what a piece costs.
    fn memory<'a>(&self, frozen: &Frozen<'a>, references: &References) -> Vec<(u32, &'a [u8])> {
        let mut pieces = Vec::new();
        for &(address, bytes) in &frozen.memory.0 {
            let mut from = 0;
            // The first object may begin before the segment.
            let after = references.objects.partition_point(|object| object.start < address);
            let first = after.saturating_sub(1);
            let last = references.objects.partition_point(|object| {
                u64::from(object.start) < u64::from(address) + bytes.len() as u64
            });
            let objects = references.objects.get(first..last).unwrap_or_default();
            for (index, object) in (first as u32..).zip(objects) {
                let end = (object.start + object.size).saturating_sub(address) as usize;
                let start = object.start.saturating_sub(address) as usize;
                if end < start + PIECE || self.objects.contains(&index) {
                    continue;
                }
                if let Some(piece) = bytes.get(from..start).filter(|piece| !piece.is_empty()) {
                    pieces.push((address + from as u32, piece));
                }
                from = end.min(bytes.len());
            }
            if let Some(piece) = bytes.get(from..).filter(|piece| !piece.is_empty()) {
                pieces.push((address + from as u32, piece));
            }
        }
        pieces
    }

    fn uses(&mut self, uses: &Uses) {
        uses.functions.iter().for_each(|&function| self.function(function));
        uses.objects.iter().for_each(|&object| self.object(object));
    }

    fn function(&mut self, function: u32) {
        if self.functions.insert(function) {
            self.waiting.push(function);
        }
    }

    fn object(&mut self, object: u32) {
        if self.objects.insert(object) {
            self.waiting_objects.push(object);
        }
    }

    /// A number that may be an address, or the pointer of a function.
    fn address(&mut self, word: u32, references: &References) {
        if references.extent().contains(&word) {
            if let Some(object) = references.object_at(word) {
                self.object(object);
            }
        } else if let Some(&function) = references.pointers.get(&word) {
            self.function(function);
        }
    }
}

/// Writes the module with what is live.
struct Rewrite<'p, 'a> {
    frozen: &'p Frozen<'a>,
    live: &'p Live,
    unwanted: &'p [&'p str],
    dispatchers: HashMap<u32, &'p Dispatcher>,
    /// New index of each function.
    to: Vec<u32>,
    /// What memory starts with.
    memory: Vec<(u32, &'a [u8])>,
}

impl<'p, 'a> Rewrite<'p, 'a> {
    fn new(
        frozen: &'p Frozen<'a>,
        references: &'p References,
        live: &'p Live,
        unwanted: &'p [&'p str],
    ) -> Self {
        let imported = frozen.functions.imported;
        let mut next = imported;
        let mut to: Vec<u32> = (0..imported).collect();
        for (index, _) in (imported..).zip(&frozen.functions.defined) {
            to.push(next);
            next += u32::from(live.functions.contains(&index));
        }
        let dispatchers = references.dispatchers.iter().map(|d| (d.function, d)).collect();
        let memory = live.memory(frozen, references);
        Rewrite { frozen, live, unwanted, dispatchers, to, memory }
    }

    fn kept(&self) -> impl Iterator<Item = (u32, &'p (u32, FunctionBody<'a>))> + use<'p, 'a> {
        let live = self.live;
        let frozen: &'p Frozen<'a> = self.frozen;
        (frozen.functions.imported..)
            .zip(&frozen.functions.defined)
            .filter(move |(index, _)| live.functions.contains(index))
    }
}

impl Reencode for Rewrite<'_, '_> {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        Ok(self.to.get(index as usize).copied().unwrap_or(index))
    }

    fn parse_export(
        &mut self,
        exports: &mut ExportSection,
        export: Export<'_>,
    ) -> Result<(), Error> {
        if self.unwanted.contains(&export.name) {
            return Ok(());
        }
        reencode::utils::parse_export(self, exports, export)
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        _: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        for (_, (signature, _)) in self.kept() {
            functions.function(*signature);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        _: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        for (index, (_, body)) in self.kept() {
            if let Some(dispatcher) = self.dispatchers.get(&index) {
                let mut dispatcher = (*dispatcher).clone();
                for target in &mut dispatcher.targets {
                    let live = self.live.functions.contains(target);
                    let to = self.to.get(*target as usize).filter(|_| live);
                    *target = to.copied().unwrap_or(CUT);
                }
                code.function(&dispatcher.body(|target| target != CUT));
            } else if self.live.stubs.contains(&index) {
                code.function(&trap());
            } else {
                self.parse_function_body(code, body.clone())?;
            }
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        _: CustomSectionReader<'_>,
    ) -> Result<(), Error> {
        Ok(())
    }

    fn data_count(&mut self, _: u32) -> Result<u32, Error> {
        Ok(self.memory.len() as u32)
    }

    fn parse_data_section(
        &mut self,
        data: &mut DataSection,
        _: DataSectionReader<'_>,
    ) -> Result<(), Error> {
        for &(address, bytes) in &self.memory {
            data.active(0, &ConstExpr::i32_const(address.cast_signed()), bytes.iter().copied());
        }
        Ok(())
    }
}
