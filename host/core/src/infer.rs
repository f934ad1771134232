//! A request to a model and its answer.

use crate::{Error, Tensor, TensorSpec, Violation, ViolationCode};

/// Inputs and outputs of a module.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// What it expects.
    pub inputs: Vec<TensorSpec>,
    /// What it promises.
    pub outputs: Vec<TensorSpec>,
}

/// What a client asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InferRequest {
    /// Echoed in the answer.
    pub id: Option<String>,
    /// Named tensors in any order.
    pub inputs: Vec<Tensor>,
    /// The outputs wanted; all if empty.
    pub outputs: Vec<String>,
}

/// What a model answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Named tensors in the module's order.
    pub outputs: Vec<Tensor>,
    /// What is wrong with the inputs, but did not keep the model from answering.
    pub flags: Vec<Violation>,
}

/// What a client is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct InferResponse {
    /// The request's.
    pub id: Option<String>,
    /// Named tensors, in the module's order or the request's.
    pub outputs: Vec<Tensor>,
    /// As the model gave them.
    pub flags: Vec<Violation>,
}

impl InferRequest {
    /// The answer to this request: of a prediction the outputs that it asked
    /// for, in its order.
    ///
    /// # Errors
    /// Names every requested output that the model does not have.
    pub fn answer(self, prediction: Prediction) -> Result<InferResponse, Error> {
        let Prediction { outputs, flags } = prediction;
        let outputs = self.select(outputs)?;
        Ok(InferResponse { id: self.id, outputs, flags })
    }

    fn select(&self, mut outputs: Vec<Tensor>) -> Result<Vec<Tensor>, Error> {
        if self.outputs.is_empty() {
            return Ok(outputs);
        }
        let mut selected = Vec::with_capacity(self.outputs.len());
        for name in &self.outputs {
            match outputs.iter().position(|tensor| &tensor.name == name) {
                Some(index) => selected.push(outputs.swap_remove(index)),
                None => {
                    return Err(Error::invalid(vec![Violation {
                        field: name.clone(),
                        row: None,
                        code: ViolationCode::Unknown,
                        message: "the model has no such output, or it was asked for twice".into(),
                    }]));
                }
            }
        }
        Ok(selected)
    }

    /// Finds requested outputs that `signature` lacks, before any work is done.
    ///
    /// # Errors
    /// Names every one of them.
    pub fn check_outputs(&self, signature: &Signature) -> Result<(), Error> {
        let violations: Vec<_> = (self.outputs.iter().enumerate())
            .filter_map(|(index, name)| {
                let known = signature.outputs.iter().any(|spec| &spec.name == name);
                let twice = self.outputs.iter().take(index).any(|other| other == name);
                let (code, message) = match (known, twice) {
                    (false, _) => (ViolationCode::Unknown, "the model has no output of this name"),
                    (_, true) => {
                        (ViolationCode::Duplicate, "the output is asked for more than once")
                    }
                    _ => return None,
                };
                Some(Violation { field: name.clone(), row: None, code, message: message.into() })
            })
            .collect();
        if violations.is_empty() { Ok(()) } else { Err(Error::invalid(violations)) }
    }
}
