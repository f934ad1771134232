//! Makes a guest smaller once it is linked, which makes everything after it
//! faster: compiling, freezing, loading. Generic code leaves thousands of
//! functions that are the same to the byte; one of each is enough. What only
//! serves features that no module uses is replaced by a trap. What then nobody
//! calls goes. A function keeps its meaning, and Rust promises no function an
//! address of its own.

use crate::functions::{Functions, trap};
use crate::references::References;
use std::collections::HashMap;
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, Encode, Function, FunctionSection, Module};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, FunctionBody, FunctionSectionReader, KnownCustom, Name,
    Parser, Payload,
};

/// Bytes of a function beyond which it hardly is another one's twin.
pub const DISTINCTIVE: usize = 128;

type Error = reencode::Error<Infallible>;

/// Shrinks a core module. Functions whose mangled name begins with one of
/// `never_reached` become traps, unless they are so short that LLVM may have
/// merged them with others under this name; other names are left out.
///
/// # Errors
/// If the module is malformed, or has no names though there is something to stub.
pub fn shrink(wasm: &[u8], never_reached: &[&str]) -> Result<Vec<u8>, String> {
    let outline = Outline::read(wasm, never_reached).map_err(|error| error.to_string())?;
    if !never_reached.is_empty() && !outline.functions.iter().any(|function| function.stub) {
        return Err("the guest has no function of those that are never reached; \
                    is its name section stripped?"
            .into());
    }
    outline.shrink(wasm).map_err(|error| error.to_string())
}

struct Outline<'a> {
    imported: u32,
    functions: Vec<Defined<'a>>,
}

struct Defined<'a> {
    signature: u32,
    body: FunctionBody<'a>,
    stub: bool,
}

impl<'a> Outline<'a> {
    fn read(wasm: &'a [u8], never_reached: &[&str]) -> Result<Self, Error> {
        let Functions { imported, defined } = Functions::read(wasm)?;
        let mut functions: Vec<Defined<'_>> = defined
            .into_iter()
            .map(|(signature, body)| Defined { signature, body, stub: false })
            .collect();
        let mut stubs = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            if let Payload::CustomSection(section) = payload? {
                stubs.extend(matching_functions(&section, never_reached)?);
            }
        }
        for index in stubs {
            let defined = index.checked_sub(imported).map(|index| index as usize);
            if let Some(function) = defined.and_then(|index| functions.get_mut(index)) {
                function.stub = function.body.range().len() >= DISTINCTIVE;
            }
        }
        Ok(Outline { imported, functions })
    }

    fn shrink(&self, wasm: &[u8]) -> Result<Vec<u8>, Error> {
        let total = self.imported + self.functions.len() as u32;
        let mut map = Map { to: (0..total).collect(), seen: Vec::new() };
        while self.merge_once(&mut map)? {}

        // Everything but code refers to the functions that must stay.
        map.seen.clear();
        let mut rest = Rest { map: &mut map, outline: self, kept: None, indices: &[] };
        rest.parse_core_module(&mut Module::new(), Parser::new(0), wasm)?;
        let kept = self.reachable(&mut map)?;

        let mut next = self.imported;
        let mut renumbered: Vec<u32> = (0..self.imported).collect();
        for &kept in &kept {
            renumbered.push(next);
            next += u32::from(kept);
        }
        let stays = |index: u32| match index.checked_sub(self.imported) {
            Some(defined) => kept.get(defined as usize).copied().unwrap_or_default(),
            None => true,
        };
        let index = |old: &u32| stays(*old).then(|| lookup(&renumbered, *old));
        let indices: Vec<Option<u32>> = map.to.iter().map(index).collect();
        for target in &mut map.to {
            *target = lookup(&renumbered, *target);
        }
        let mut module = Module::new();
        let mut rest = Rest { map: &mut map, outline: self, kept: Some(&kept), indices: &indices };
        rest.parse_core_module(&mut module, Parser::new(0), wasm)?;
        Ok(module.finish())
    }

    /// Merges functions that are the same, given what was merged before: their
    /// callers may have become the same by that. True if there were any.
    fn merge_once(&self, map: &mut Map) -> Result<bool, Error> {
        let mut first: HashMap<(u32, Vec<u8>), u32> = HashMap::new();
        let mut merged = false;
        for (index, function) in (self.imported..).zip(&self.functions) {
            if lookup(&map.to, index) != index {
                continue;
            }
            let key = (function.signature, encode(function, map)?);
            let representative = *first.entry(key).or_insert(index);
            if representative != index {
                merged = true;
                for target in map.to.iter_mut().filter(|target| **target == index) {
                    *target = representative;
                }
            }
        }
        Ok(merged)
    }

    /// Which of the defined functions are called, starting from those that
    /// `map` has seen so far.
    fn reachable(&self, map: &mut Map) -> Result<Vec<bool>, Error> {
        let mut kept = vec![false; self.functions.len()];
        let mut waiting = std::mem::take(&mut map.seen);
        while let Some(index) = waiting.pop() {
            let Some(at) = index.checked_sub(self.imported).map(|at| at as usize) else { continue };
            let (Some(function), Some(kept)) = (self.functions.get(at), kept.get_mut(at)) else {
                continue;
            };
            if !std::mem::replace(kept, true) {
                encode(function, map)?;
                waiting.append(&mut map.seen);
            }
        }
        Ok(kept)
    }
}

fn lookup(table: &[u32], index: u32) -> u32 {
    table.get(index as usize).copied().unwrap_or(index)
}

fn encode(function: &Defined<'_>, map: &mut Map) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    body(function, map)?.encode(&mut bytes);
    Ok(bytes)
}

fn body(
    function: &Defined<'_>,
    map: &mut impl Reencode<Error = Infallible>,
) -> Result<Function, Error> {
    if function.stub {
        return Ok(trap());
    }
    let mut encoded = map.new_function_with_parsed_locals(&function.body)?;
    let mut reader = function.body.get_operators_reader()?;
    while !reader.eof() {
        encoded.instruction(&map.parse_instruction(&mut reader)?);
    }
    Ok(encoded)
}

fn matching_functions(
    section: &CustomSectionReader<'_>,
    prefixes: &[&str],
) -> Result<Vec<u32>, Error> {
    let mut matching = Vec::new();
    if let KnownCustom::Name(names) = section.as_known() {
        for subsection in names {
            if let Name::Function(names) = subsection? {
                for naming in names {
                    let naming = naming?;
                    // Static constructors run in every instance, before anything else.
                    let constructor = naming.name.contains("__ctor");
                    let matches = |prefix: &&str| naming.name.starts_with(*prefix);
                    if !constructor && prefixes.iter().any(matches) {
                        matching.push(naming.index);
                    }
                }
            }
        }
    }
    Ok(matching)
}

/// Where references to functions go, and which were met on the way.
struct Map {
    to: Vec<u32>,
    seen: Vec<u32>,
}

impl Reencode for Map {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        let target = lookup(&self.to, index);
        self.seen.push(target);
        Ok(target)
    }
}

/// Writes the whole module: with the `kept` functions, or without any code.
struct Rest<'m, 'a> {
    map: &'m mut Map,
    outline: &'m Outline<'a>,
    kept: Option<&'m [bool]>,
    /// New index of each function, where it has one.
    indices: &'m [Option<u32>],
}

impl Rest<'_, '_> {
    fn kept(&self) -> impl Iterator<Item = &Defined<'_>> {
        let kept = self.kept.unwrap_or_default();
        self.outline.functions.iter().zip(kept).filter(|(_, kept)| **kept).map(|(f, _)| f)
    }
}

impl Reencode for Rest<'_, '_> {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        self.map.function_index(index)
    }

    fn parse_function_section(
        &mut self,
        section: &mut FunctionSection,
        _: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        for function in self.kept() {
            section.function(function.signature);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        section: &mut CodeSection,
        _: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        let Some(kept) = self.kept else { return Ok(()) };
        for (function, _) in self.outline.functions.iter().zip(kept).filter(|(_, kept)| **kept) {
            section.function(&body(function, self.map)?);
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), Error> {
        if self.kept.is_none() {
            return Ok(());
        }
        References::rewrite_section(module, &section, |mut references| {
            let stubs = (self.outline.imported..).zip(&self.outline.functions);
            for (index, _) in stubs.filter(|(_, function)| function.stub) {
                references.functions.remove(&index);
            }
            references.renumbered(self.indices)
        })
    }

    fn parse_unknown_section(&mut self, _: &mut Module, _: u8, _: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}
