//! Turns a snapshot that still imports the `source` interface into a core
//! module that imports nothing, without touching a byte of its code.
//!
//! Imported functions hold the first indices of the function space. Dropping
//! the imports and putting as many trapping functions in front of the defined
//! ones leaves every index what it was.

use crate::freeze::FreezeError;
use wasm_encoder::{
    CodeSection, Function, FunctionSection, Instruction, Module, RawSection, SectionId,
};
use wasmparser::{Parser, Payload, TypeRef};

/// Drops the imports, which must be functions of `interface`, and the custom
/// sections, which speak of the module as it was.
pub fn drop_imports(wasm: &[u8], interface: &str) -> Result<Vec<u8>, FreezeError> {
    let mut module = Module::new();
    let mut stubs: Vec<u32> = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    let TypeRef::Func(signature) = import.ty else {
                        return Err(FreezeError::Import(format!(
                            "{}#{}",
                            import.module, import.name
                        )));
                    };
                    if import.module != interface {
                        return Err(FreezeError::Import(format!(
                            "{}#{}",
                            import.module, import.name
                        )));
                    }
                    stubs.push(signature);
                }
            }
            Payload::FunctionSection(section) => {
                let mut functions = FunctionSection::new();
                for &signature in &stubs {
                    functions.function(signature);
                }
                for signature in section {
                    functions.function(signature?);
                }
                module.section(&functions);
            }
            Payload::CodeSectionStart { range, .. } => {
                let mut code = CodeSection::new();
                for _ in &stubs {
                    let mut stub = Function::new([]);
                    stub.instruction(&Instruction::Unreachable);
                    stub.instruction(&Instruction::End);
                    code.function(&stub);
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
