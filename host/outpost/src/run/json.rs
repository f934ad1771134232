//! One request of the Open Inference Protocol, and its answer.

use super::{Scorer, write_line};
use crate::failure::Failure;
use outpost_api::rest::{decode_request, encode_response};
use outpost_core::InferResponse;
use std::io::{Read, Write};

pub fn run(
    scorer: &Scorer<'_>,
    mut input: impl Read,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let mut body = Vec::new();
    input
        .read_to_end(&mut body)
        .map_err(|error| Failure::new(format!("the request cannot be read: {error}")))?;
    let answered = decode_request(&body).and_then(|request| scorer.infer(request));
    let response = answered.map_err(|error| Failure::new(error.to_string()))?;
    let body = encode(scorer, &response)?;
    write_line(output, &body)
}

/// An answer of the protocol.
pub fn encode(scorer: &Scorer<'_>, response: &InferResponse) -> Result<Vec<u8>, Failure> {
    let manifest = scorer.module.manifest();
    encode_response(&manifest.name, &manifest.version, response)
        .map_err(|error| Failure::new(error.to_string()))
}
