//! Turns a snapshot that still imports the `source` interface into a core
//! module that does not, without touching a byte of its code.
//!
//! Imported functions hold the first indices of the function space. Dropping
//! the last of them and putting as many trapping functions in front of the
//! defined ones leaves every index what it was. Where the imports to drop are
//! not the last, as the linker orders them, they are made so beforehand.

use crate::freeze::FreezeError;
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{
    CodeSection, EntityType, FunctionSection, ImportSection, Module, RawSection, SectionId,
};
use wasmparser::{ImportSectionReader, Parser, Payload, TypeRef};

/// Drops the imports of `interface`, and the custom sections, which speak of
/// the module as it was.
pub fn drop_imports(wasm: &[u8], interface: &str) -> Result<Vec<u8>, FreezeError> {
    let order = Order::of(wasm, interface)?;
    if order.is_kept_first() {
        return replace(wasm, &order);
    }
    let mut module = Module::new();
    let mut reorder = Reorder { order: &order };
    reorder
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(|error| FreezeError::Encode(error.to_string()))?;
    replace(&module.finish(), &order)
}

/// Imported functions: module, name, type, and whether they stay.
struct Order(Vec<(String, String, u32, bool)>);

impl Order {
    fn of(wasm: &[u8], interface: &str) -> Result<Self, FreezeError> {
        let mut imports = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            if let Payload::ImportSection(section) = payload? {
                for import in section.into_imports() {
                    let import = import?;
                    let TypeRef::Func(signature) = import.ty else {
                        let name = format!("{}#{}", import.module, import.name);
                        return Err(FreezeError::Import(name));
                    };
                    let (module, name) = (import.module.to_string(), import.name.to_string());
                    let kept = module != interface;
                    imports.push((module, name, signature, kept));
                }
            }
        }
        Ok(Order(imports))
    }

    fn is_kept_first(&self) -> bool {
        self.0.iter().is_sorted_by_key(|import| !import.3)
    }

    fn kept(&self) -> impl Iterator<Item = &(String, String, u32, bool)> {
        self.0.iter().filter(|import| import.3)
    }

    fn dropped(&self) -> impl Iterator<Item = &(String, String, u32, bool)> {
        self.0.iter().filter(|import| !import.3)
    }

    /// Where an imported function goes when those that stay come first.
    fn index(&self, index: u32) -> u32 {
        let at = index as usize;
        let Some(import) = self.0.get(at) else { return index };
        let before = self.0.iter().take(at).filter(|other| other.3 == import.3).count();
        let first = if import.3 { 0 } else { self.kept().count() };
        u32::try_from(first + before).unwrap_or(index)
    }

    fn section<'a>(
        imports: impl Iterator<Item = &'a (String, String, u32, bool)>,
    ) -> ImportSection {
        let mut section = ImportSection::new();
        for (module, name, signature, _) in imports {
            section.import(module, name, EntityType::Function(*signature));
        }
        section
    }
}

/// Writes a module whose imports that stay come first.
struct Reorder<'a> {
    order: &'a Order,
}

impl Reencode for Reorder<'_> {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        Ok(self.order.index(index))
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        _: ImportSectionReader<'_>,
    ) -> Result<(), Error> {
        *imports = Order::section(self.order.kept().chain(self.order.dropped()));
        Ok(())
    }
}

/// Puts functions that trap in the place of the imports to drop, the last ones.
fn replace(wasm: &[u8], order: &Order) -> Result<Vec<u8>, FreezeError> {
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(_) => {
                if order.kept().next().is_some() {
                    module.section(&Order::section(order.kept()));
                }
            }
            Payload::FunctionSection(section) => {
                let mut functions = FunctionSection::new();
                for (_, _, signature, _) in order.dropped() {
                    functions.function(*signature);
                }
                for signature in section {
                    functions.function(signature?);
                }
                module.section(&functions);
            }
            Payload::CodeSectionStart { range, .. } => {
                let mut code = CodeSection::new();
                for _ in order.dropped() {
                    code.function(&outpost_passes::trap());
                }
                let bytes = wasm.get(range.clone()).unwrap_or_default();
                let reader = wasmparser::BinaryReader::new(bytes, range.start);
                for body in wasmparser::CodeSectionReader::new(reader)? {
                    code.raw(body?.as_bytes());
                }
                module.section(&code);
            }
            Payload::CodeSectionEntry(_) | Payload::CustomSection(_) => {}
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    debug_assert_ne!(id, u8::from(SectionId::Custom));
                    module.section(&RawSection { id, data: wasm.get(range).unwrap_or_default() });
                }
            }
        }
    }
    Ok(module.finish())
}
