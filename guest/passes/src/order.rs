//! Puts exported functions last, so that other functions compile to the same
//! whatever module they are in.
//!
//! Cranelift's cache of compiled functions goes by what a function looks like to
//! the compiler. The entry that the compiler makes for an exported function
//! leaves a table behind (in Cranelift 0.135, `DataFlowGraph::clear` forgets its
//! exception tables), which counts as part of every function that the same
//! thread compiles afterwards. With exports last, hardly any is.

use crate::functions::Functions;
use crate::references::References;
use std::collections::BTreeSet;
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, ExternalKind, FunctionBody, FunctionSectionReader,
    Parser, Payload,
};

type Error = reencode::Error<Infallible>;

/// The same module with its exported functions behind all others.
///
/// # Errors
/// If the module is malformed.
pub fn exports_last(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let order = Order::read(wasm).map_err(|error| error.to_string())?;
    let mut module = Module::new();
    let mut rewrite = Rewrite(&order);
    rewrite
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(|error| error.to_string())?;
    Ok(module.finish())
}

struct Order<'a> {
    imported: u32,
    /// Signatures and bodies in their new order.
    functions: Vec<(u32, FunctionBody<'a>)>,
    /// New index of each defined function.
    to: Vec<u32>,
}

impl<'a> Order<'a> {
    fn read(wasm: &'a [u8]) -> Result<Self, wasmparser::BinaryReaderError> {
        let Functions { imported, defined } = Functions::read(wasm)?;
        let mut exported = BTreeSet::new();
        for payload in Parser::new(0).parse_all(wasm) {
            if let Payload::ExportSection(section) = payload? {
                for export in section {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        exported.insert(export.index);
                    }
                }
            }
        }
        let mut defined: Vec<_> = (imported..).zip(defined).collect();
        defined.sort_by_key(|(index, _)| exported.contains(index));
        let mut to = vec![0; defined.len()];
        for (new, (old, _)) in (imported..).zip(&defined) {
            if let Some(slot) = to.get_mut((old - imported) as usize) {
                *slot = new;
            }
        }
        let functions = defined.into_iter().map(|(_, function)| function).collect();
        Ok(Order { imported, functions, to })
    }
}

struct Rewrite<'o, 'a>(&'o Order<'a>);

impl Reencode for Rewrite<'_, '_> {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        let defined = index.checked_sub(self.0.imported).map(|defined| defined as usize);
        Ok(defined.and_then(|defined| self.0.to.get(defined)).copied().unwrap_or(index))
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        _: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        for (signature, _) in &self.0.functions {
            functions.function(*signature);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        _: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        for (_, body) in &self.0.functions {
            self.parse_function_body(code, body.clone())?;
        }
        Ok(())
    }
    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), Error> {
        let imported = (0..self.0.imported).map(Some);
        let indices: Vec<_> = imported.chain(self.0.to.iter().copied().map(Some)).collect();
        References::rewrite_section(module, &section, |references| references.renumbered(&indices))
    }
}
