//! What the functions and static data of a guest refer to, by what the linker
//! notes when it is asked to (`--emit-relocs`): knowledge that instructions alone
//! do not show, as an address looks like any other number. It stands in a custom
//! section of the guest, which every pass keeps true.

use crate::functions::{Functions, constant};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use wasm_encoder::reencode;
use wasm_encoder::{CustomSection, Module};
use wasmparser::{
    BinaryReaderError, CustomSectionReader, DataKind, ElementItems, ElementKind, KnownCustom,
    Linking, Name, Parser, Payload, RelocationType, SymbolInfo,
};

const SECTION: &str = "outpost.references";
/// What the linker calls the function that runs static constructors.
const CONSTRUCTORS: &str = "__wasm_call_ctors";

/// What refers to what, besides calls, which the code itself tells. Functions
/// are named by index, objects by their position in the list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct References {
    /// Static data, by address, none overlapping another.
    pub objects: Vec<Object>,
    /// What each function mentions.
    pub functions: BTreeMap<u32, Uses>,
    /// The function that each function pointer, an index of the table, stands for.
    pub pointers: BTreeMap<u32, u32>,
    /// Functions that only serve to get a model ready.
    pub preparing: BTreeSet<u32>,
    /// Functions that call those of `preparing`.
    pub preparers: BTreeSet<u32>,
    /// Functions that have run for the last time when a module is frozen.
    pub done: BTreeSet<u32>,
    /// What became of the table.
    pub dispatchers: Vec<Dispatcher>,
}

/// A piece of static data that stays or goes as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// Its address.
    pub start: u32,
    /// Bytes.
    pub size: u32,
    /// What it points to when an instance starts.
    pub uses: Uses,
}

/// What something points to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Uses {
    /// Static data.
    pub objects: BTreeSet<u32>,
    /// Functions whose address is taken.
    pub functions: BTreeSet<u32>,
}

/// A function that calls others by number, in place of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispatcher {
    /// Its own index.
    pub function: u32,
    /// How many parameters it passes on.
    pub parameters: u32,
    /// Number of the first target; the others follow.
    pub first: u32,
    /// Whom it calls.
    pub targets: Vec<u32>,
    /// Where the numbers of function pointers stand: that much behind twice a pointer.
    pub array: u32,
}

/// What names tell of functions: a function belongs to a group if its mangled
/// name holds all the parts of one of the group's entries.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// See [`References::preparing`].
    pub preparing: &'a [&'a [&'a str]],
    /// See [`References::preparers`].
    pub preparers: &'a [&'a [&'a str]],
}

/// Notes what refers to what in a guest that was linked with `--emit-relocs`.
///
/// # Errors
/// If the module is malformed or says nothing on its symbols.
pub fn note_references(wasm: &[u8], hints: Hints<'_>) -> Result<Vec<u8>, String> {
    let references = Linked::read(wasm, hints).map_err(|error| error.to_string())?.references()?;
    let mut noted = wasm.to_vec();
    noted.extend_from_slice(&references.section().map_err(|error| error.to_string())?);
    Ok(noted)
}

impl References {
    /// Those that a module carries.
    ///
    /// # Errors
    /// If it is malformed, or they are.
    pub fn of(wasm: &[u8]) -> Result<Option<Self>, String> {
        for payload in Parser::new(0).parse_all(wasm) {
            if let Payload::CustomSection(section) = payload.map_err(|error| error.to_string())?
                && section.name() == SECTION
            {
                return postcard::from_bytes(section.data())
                    .map(Some)
                    .map_err(|error| format!("{SECTION}: {error}"));
            }
        }
        Ok(None)
    }

    /// As a custom section of a module, with its header.
    ///
    /// # Errors
    /// If memory is short.
    pub fn section(&self) -> Result<Vec<u8>, postcard::Error> {
        let data = postcard::to_allocvec(self)?;
        let section = CustomSection { name: SECTION.into(), data: data.into() };
        let mut bytes = Vec::new();
        wasm_encoder::Section::append_to(&section, &mut bytes);
        Ok(bytes)
    }

    /// The same after functions were given other indices, or none. Where several
    /// become one, it mentions what any of them did, and serves to get models
    /// ready only if all of them did.
    #[must_use]
    pub fn renumbered(mut self, indices: &[Option<u32>]) -> Self {
        let to = |function: u32| indices.get(function as usize).copied().flatten();
        let mut functions: BTreeMap<u32, Uses> = BTreeMap::new();
        for (function, uses) in self.functions {
            if let Some(function) = to(function) {
                let merged = functions.entry(function).or_default();
                merged.objects.extend(uses.objects);
                merged.functions.extend(uses.functions.into_iter().filter_map(&to));
            }
        }
        self.functions = functions;
        for object in &mut self.objects {
            let uses = std::mem::take(&mut object.uses.functions);
            object.uses.functions = uses.into_iter().filter_map(&to).collect();
        }
        self.pointers = (self.pointers.into_iter())
            .filter_map(|(pointer, function)| Some((pointer, to(function)?)))
            .collect();
        let others: BTreeSet<u32> = (0_u32..)
            .zip(indices)
            .filter(|(function, _)| !self.preparing.contains(function))
            .filter_map(|(_, index)| *index)
            .collect();
        self.preparing = self.preparing.into_iter().filter_map(&to).collect();
        self.preparing.retain(|function| !others.contains(function));
        self.preparers = self.preparers.into_iter().filter_map(&to).collect();
        self.done = self.done.into_iter().filter_map(&to).collect();
        for dispatcher in &mut self.dispatchers {
            dispatcher.function = to(dispatcher.function).unwrap_or(dispatcher.function);
            for target in &mut dispatcher.targets {
                *target = to(*target).unwrap_or(*target);
            }
        }
        self
    }

    /// The object that an address lies in.
    pub fn object_at(&self, address: u32) -> Option<u32> {
        let after = self.objects.partition_point(|object| object.start <= address);
        let at = after.checked_sub(1)?;
        let object = self.objects.get(at)?;
        (address - object.start < object.size.max(1)).then_some(at as u32)
    }

    /// Where static data begins and ends.
    pub fn extent(&self) -> std::ops::Range<u32> {
        let start = self.objects.first().map_or(0, |object| object.start);
        let end = self.objects.last().map_or(0, |object| object.start + object.size);
        start..end.max(start)
    }

    /// For a [`Reencode`] that gives functions other indices: writes the custom
    /// section of references anew, and leaves out the others.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn rewrite_section(
        module: &mut Module,
        section: &CustomSectionReader<'_>,
        rewrite: impl FnOnce(Self) -> Self,
    ) -> Result<(), reencode::Error> {
        if section.name() == SECTION {
            let unusable = |_| reencode::Error::InvalidConstExpr;
            let references: Self = postcard::from_bytes(section.data()).map_err(unusable)?;
            let data = postcard::to_allocvec(&rewrite(references)).map_err(unusable)?;
            module.section(&CustomSection { name: SECTION.into(), data: data.into() });
        }
        Ok(())
    }
}

/// A symbol that relocations speak of.
#[derive(Clone, Copy)]
enum Symbol {
    Function(u32),
    /// Address and size.
    Data(u32, u32),
    Other,
}

/// A place that holds an address.
struct Relocation {
    /// Bytes from the start of its section.
    offset: usize,
    symbol: u32,
    is_function: bool,
}

/// What the linker left of a guest.
#[derive(Default)]
struct Linked {
    imported: u32,
    /// Where each body starts, in bytes from the start of the code section.
    bodies: Vec<usize>,
    /// For each data segment: its address, where its bytes start in the section,
    /// and how many there are.
    segments: Vec<(u32, usize, usize)>,
    symbols: Vec<Symbol>,
    code: Vec<Relocation>,
    data: Vec<Relocation>,
    references: References,
}

impl Linked {
    fn read(wasm: &[u8], hints: Hints<'_>) -> Result<Self, BinaryReaderError> {
        let mut linked = Linked::default();
        let Functions { imported, defined } = Functions::read(wasm)?;
        linked.imported = imported;
        let mut sections = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload?;
            if payload.as_section().is_some() {
                sections.push(match &payload {
                    Payload::CodeSectionStart { .. } => "code",
                    Payload::DataSection(_) => "data",
                    _ => "",
                });
            }
            match payload {
                Payload::CodeSectionStart { range, .. } => {
                    let bodies = defined.iter().map(|(_, body)| body.range().start - range.start);
                    linked.bodies = bodies.collect();
                }
                Payload::DataSection(section) => {
                    let section_start = section.range().start;
                    for segment in section {
                        let segment = segment?;
                        let DataKind::Active { offset_expr, .. } = segment.kind else { continue };
                        let Some(address) = constant(&offset_expr) else { continue };
                        let start = segment.range.end - segment.data.len() - section_start;
                        linked.segments.push((address, start, segment.data.len()));
                    }
                }
                Payload::ElementSection(section) => {
                    for element in section {
                        linked.pointers(element?)?;
                    }
                }
                Payload::CustomSection(section) => match section.as_known() {
                    KnownCustom::Linking(linking) => {
                        for subsection in linking.subsections() {
                            if let Linking::SymbolTable(symbols) = subsection? {
                                for symbol in symbols {
                                    let symbol = linked.symbol(&symbol?);
                                    linked.symbols.push(symbol);
                                }
                            }
                        }
                    }
                    KnownCustom::Reloc(relocations) => {
                        let place = sections.get(relocations.section_index() as usize);
                        let list = match place {
                            Some(&"code") => &mut linked.code,
                            Some(&"data") => &mut linked.data,
                            _ => continue,
                        };
                        for entry in relocations.entries() {
                            let entry = entry?;
                            let is_function = matches!(
                                entry.ty,
                                RelocationType::TableIndexSleb | RelocationType::TableIndexI32
                            );
                            let is_data = matches!(
                                entry.ty,
                                RelocationType::MemoryAddrLeb
                                    | RelocationType::MemoryAddrSleb
                                    | RelocationType::MemoryAddrI32
                            );
                            if is_function || is_data {
                                list.push(Relocation {
                                    offset: entry.offset as usize,
                                    symbol: entry.index,
                                    is_function,
                                });
                            }
                        }
                    }
                    KnownCustom::Name(names) => {
                        for subsection in names {
                            let Name::Function(names) = subsection? else { continue };
                            for naming in names {
                                let naming = naming?;
                                linked.hint(naming.index, naming.name, hints, &defined);
                            }
                        }
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        Ok(linked)
    }

    fn pointers(&mut self, element: wasmparser::Element<'_>) -> Result<(), BinaryReaderError> {
        if let (ElementKind::Active { offset_expr, .. }, ElementItems::Functions(functions)) =
            (element.kind, element.items)
            && let Some(first) = constant(&offset_expr)
        {
            for (pointer, function) in (first..).zip(functions) {
                self.references.pointers.insert(pointer, function?);
            }
        }
        Ok(())
    }

    fn symbol(&self, symbol: &SymbolInfo<'_>) -> Symbol {
        match symbol {
            SymbolInfo::Func { index, .. } => Symbol::Function(*index),
            SymbolInfo::Data { symbol: Some(defined), .. } => {
                // The linker's own symbols, such as the end of the stack, lie anywhere.
                match self.segments.get(defined.index as usize) {
                    Some(&(address, _, length)) if defined.offset as usize <= length => {
                        let rest = length - defined.offset as usize;
                        let size = defined.size.min(u32::try_from(rest).unwrap_or(u32::MAX));
                        Symbol::Data(address + defined.offset, size)
                    }
                    _ => Symbol::Other,
                }
            }
            _ => Symbol::Other,
        }
    }

    fn hint(
        &mut self,
        index: u32,
        name: &str,
        hints: Hints<'_>,
        defined: &[(u32, wasmparser::FunctionBody<'_>)],
    ) {
        let is_in = |group: &[&[&str]]| {
            group.iter().any(|parts| parts.iter().all(|part| name.contains(part)))
        };
        let body = index.checked_sub(self.imported).and_then(|at| defined.get(at as usize));
        // Short ones may be merged with others under this name.
        let distinctive = body.is_some_and(|(_, body)| body.range().len() >= crate::DISTINCTIVE);
        if distinctive && is_in(hints.preparing) {
            self.references.preparing.insert(index);
        }
        if distinctive && is_in(hints.preparers) {
            self.references.preparers.insert(index);
        }
        // The SDK's bindings call it once, which a frozen module has behind it.
        if name == CONSTRUCTORS {
            self.references.done.insert(index);
        }
    }

    fn references(mut self) -> Result<References, String> {
        if self.symbols.is_empty() || self.code.is_empty() {
            return Err("the guest does not say what its code refers to; \
                        is it linked with --emit-relocs?"
                .into());
        }
        self.references.objects = objects(&self.symbols);
        for relocation in &self.code {
            let body = self.bodies.partition_point(|start| *start <= relocation.offset);
            let Some(defined) = body.checked_sub(1) else { continue };
            let function = self.imported + defined as u32;
            let mut uses = self.references.functions.remove(&function).unwrap_or_default();
            self.note(relocation, &mut uses);
            self.references.functions.insert(function, uses);
        }
        for relocation in &self.data {
            let Some(address) = self.address(relocation.offset) else { continue };
            let Some(object) = self.references.object_at(address) else {
                return Err("there is static data that no symbol names".into());
            };
            let at = object as usize;
            let taken = self.references.objects.get_mut(at).map(|o| std::mem::take(&mut o.uses));
            let mut uses = taken.unwrap_or_default();
            self.note(relocation, &mut uses);
            if let Some(object) = self.references.objects.get_mut(at) {
                object.uses = uses;
            }
        }
        Ok(self.references)
    }

    fn note(&self, relocation: &Relocation, uses: &mut Uses) {
        match self.symbols.get(relocation.symbol as usize) {
            Some(&Symbol::Function(index)) if relocation.is_function => {
                uses.functions.insert(index);
            }
            Some(&Symbol::Data(start, _)) => {
                uses.objects.extend(self.references.object_at(start));
            }
            _ => {}
        }
    }

    /// Of a place in the data section.
    fn address(&self, offset: usize) -> Option<u32> {
        let (address, start, _) = self
            .segments
            .iter()
            .find(|(_, start, length)| (*start..start + length).contains(&offset))?;
        Some(address + (offset - start) as u32)
    }
}

/// Static data by address; what overlaps is one object.
fn objects(symbols: &[Symbol]) -> Vec<Object> {
    let mut pieces: Vec<(u32, u32)> = symbols
        .iter()
        .filter_map(|symbol| match symbol {
            Symbol::Data(start, size) => Some((*start, *size)),
            _ => None,
        })
        .collect();
    pieces.sort_unstable();
    let mut objects: Vec<Object> = Vec::new();
    for (start, size) in pieces {
        match objects.last_mut() {
            Some(last) if start < last.start + last.size || start == last.start => {
                last.size = last.size.max(start + size - last.start);
            }
            _ => objects.push(Object { start, size, uses: Uses::default() }),
        }
    }
    objects
}
