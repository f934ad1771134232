//! The functions of a core module, as every pass over it wants to see them, and
//! what else passes share.

use wasm_encoder::{Function, Instruction};
use wasmparser::{BinaryReaderError, ConstExpr, FunctionBody, Operator, Parser, Payload, TypeRef};

/// Imported functions hold the first indices, defined ones those that follow.
pub struct Functions<'a> {
    pub imported: u32,
    /// Signature and body of each defined function.
    pub defined: Vec<(u32, FunctionBody<'a>)>,
}

impl<'a> Functions<'a> {
    pub fn read(wasm: &'a [u8]) -> Result<Self, BinaryReaderError> {
        let mut imported = 0;
        let mut signatures: Vec<u32> = Vec::new();
        let mut bodies = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::FunctionSection(section) => {
                    signatures = section.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::CodeSectionEntry(body) => bodies.push(body),
                _ => {}
            }
        }
        Ok(Functions { imported, defined: signatures.into_iter().zip(bodies).collect() })
    }
}

/// The body of a function that nobody may call.
pub fn trap() -> Function {
    let mut body = Function::new([]);
    body.instruction(&Instruction::Unreachable).instruction(&Instruction::End);
    body
}

/// The address or index that a segment starts at, where it is a plain constant.
pub fn constant(expression: &ConstExpr<'_>) -> Option<u32> {
    match expression.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => Some(value.cast_unsigned()),
        _ => None,
    }
}
