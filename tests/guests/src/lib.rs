//! What the guests of the tests have in common: a model with one input `x` and
//! one output `y`, vectors of FP32, and a macro that turns a body into it. The
//! guests themselves are the examples, each one way in which a model goes wrong.

pub use outpost_guest::*;

/// FP32 of any length.
pub fn vector(name: &str) -> TensorSpec {
    TensorSpec { name: name.into(), datatype: Datatype::Fp32, shape: vec![-1] }
}

/// From `x` to `y`, under the name of the guest's file.
pub fn description(name: &str) -> Description {
    Description {
        name: name.into(),
        version: "1.0.0".into(),
        inputs: vec![vector("x")],
        outputs: vec![vector("y")],
    }
}

/// The output `y`.
pub fn answer(values: &[f32]) -> Vec<Tensor> {
    let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let shape = vec![values.len() as u64];
    vec![Tensor { name: "y".into(), datatype: Datatype::Fp32, shape, data }]
}

/// The elements of the input `x`.
pub fn values(inputs: &[Tensor]) -> Vec<f32> {
    let data = inputs.first().map_or(&[][..], |tensor| &tensor.data);
    data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

/// A guest of one function. What it does while it is frozen, what it changes of
/// its description, what it does when asked for that, and what it infers may be
/// replaced, one or several, in this order.
#[macro_export]
macro_rules! guest {
    (
        $(freeze: $freeze:expr,)?
        $(describe: $describe:expr,)?
        $(described: $described:expr,)?
        $(infer: $infer:expr,)?
    ) => {
        struct Guest($crate::Description);

        impl $crate::Model for Guest {
            fn freeze(_: &$crate::Source) -> Result<Self, String> {
                $($freeze()?;)?
                #[allow(unused_mut)]
                let mut description = $crate::description(env!("CARGO_CRATE_NAME"));
                $($describe(&mut description);)?
                Ok(Guest(description))
            }

            fn description(&self) -> &$crate::Description {
                $($described();)?
                &self.0
            }

            #[allow(unused_variables, unreachable_code)]
            fn infer(
                &mut self,
                inputs: Vec<$crate::Tensor>,
            ) -> Result<$crate::Prediction, $crate::Error> {
                $(
                    let outputs: Result<Vec<$crate::Tensor>, $crate::Error> = $infer(&inputs);
                    return outputs.map(Into::into);
                )?
                Ok($crate::answer(&$crate::values(&inputs)).into())
            }
        }

        $crate::export!(Guest);
    };
}
