//! Dimensions that vary from request to request, and which of them must agree:
//! the batch is the same for all inputs, a sequence's length for those that
//! share its name in the model.

use outpost_guest::{Tensor, Violation, ViolationCode};
use tract_onnx::prelude::{Symbol, TDim};

/// For each input, in order, the symbol of each dimension; `None` if it is fixed.
pub struct Extents(Vec<Vec<Option<Symbol>>>);

impl Extents {
    pub fn of<'a>(inputs: impl Iterator<Item = &'a [TDim]>) -> Self {
        let symbol = |dim: &TDim| match dim {
            TDim::Sym(symbol) => Some(symbol.clone()),
            _ => None,
        };
        Extents(inputs.map(|dims| dims.iter().map(symbol).collect()).collect())
    }

    /// Finds extents that contradict each other, and empty ones, which models
    /// are not made for.
    pub fn check(&self, inputs: &[Tensor]) -> Vec<Violation> {
        let mut known: Vec<(&Symbol, u64, &str)> = Vec::new();
        let mut violations = Vec::new();
        for (tensor, symbols) in inputs.iter().zip(&self.0) {
            for (axis, (&extent, symbol)) in tensor.shape.iter().zip(symbols).enumerate() {
                let Some(symbol) = symbol else { continue };
                let mut fault = |message: String| {
                    violations.push(Violation {
                        field: tensor.name.clone(),
                        row: None,
                        code: ViolationCode::WrongShape,
                        message,
                    });
                };
                match known.iter().find(|(other, _, _)| *other == symbol) {
                    _ if extent == 0 => {
                        fault(format!("dimension {axis} is 0; it must be at least 1"));
                    }
                    Some((_, other, input)) if *other != extent => fault(format!(
                        "dimension {axis} is {extent}, but the same dimension of `{input}` is {other}"
                    )),
                    Some(_) => {}
                    None => known.push((symbol, extent, &tensor.name)),
                }
            }
        }
        violations
    }
}
