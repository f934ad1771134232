//! A file that is the input itself, a picture or a text, and the answer to it.

use super::{Scorer, json, write_line};
use crate::failure::Failure;
use outpost_core::{Datatype, InferRequest, Tensor};
use std::io::{Read, Write};

pub fn run(
    scorer: &Scorer<'_>,
    mut input: impl Read,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    input
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(format!("the file cannot be read: {error}")))?;
    let length = u32::try_from(bytes.len())
        .map_err(|_| Failure::new("the file is larger than 4 GiB".to_string()))?;
    let spec = match scorer.module.signature().inputs.as_slice() {
        [spec] if spec.datatype == Datatype::Bytes => spec,
        _ => {
            return Err(Failure::new(
                "the module does not take a single file: it needs one input, BYTES",
            )
            .hint("`outpost inspect` shows its inputs; give a JSON request"));
        }
    };
    let tensor = Tensor {
        name: spec.name.clone(),
        datatype: Datatype::Bytes,
        shape: spec.shape.iter().map(|&extent| u64::try_from(extent).unwrap_or(1)).collect(),
        data: [&length.to_le_bytes()[..], &bytes].concat(),
    };
    let request = InferRequest { id: None, inputs: vec![tensor], outputs: Vec::new() };
    let response = scorer.infer(request).map_err(|error| Failure::new(error.to_string()))?;
    let body = json::encode(scorer, &response)?;
    write_line(output, &body)
}
