//! Reference cases: requests with the answers that another implementation gave.
//! A module that answers otherwise is never written.

use outpost_api::rest::{decode_request, decode_tensors};
use outpost_core::{Error, InferRequest, Tensor};
use outpost_package::Tolerance;
use outpost_sandbox::LoadedModule;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::Write as _;
use std::time::Duration;

/// The first case may start slowly, and a build machine may be busy.
const DEADLINE: Duration = Duration::from_secs(600);

/// A request and the answer that is expected.
pub struct Case {
    pub name: String,
    pub request: InferRequest,
    /// The request as it stands in the file.
    pub request_json: String,
    expected: Vec<Tensor>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CasesFile<'a> {
    #[serde(borrow)]
    cases: Vec<CaseBody<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseBody<'a> {
    name: String,
    #[serde(borrow)]
    request: &'a RawValue,
    response: ResponseBody<'a>,
}

#[derive(Deserialize)]
struct ResponseBody<'a> {
    #[serde(borrow)]
    outputs: &'a RawValue,
}

/// Reads a file of reference cases.
pub fn parse(json: &[u8]) -> Result<Vec<Case>, String> {
    let file: CasesFile<'_> = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    if file.cases.is_empty() {
        return Err("there is not a single case in it".into());
    }
    file.cases
        .into_iter()
        .map(|body| {
            let fault =
                |what: &str, error: &Error| format!("case `{}`, {what}: {error}", body.name);
            let request_json = body.request.get();
            let request = decode_request(request_json.as_bytes())
                .map_err(|error| fault("request", &error))?;
            let expected = decode_tensors(body.response.outputs.get())
                .map_err(|error| fault("response", &error))?;
            Ok(Case { name: body.name, request, request_json: request_json.into(), expected })
        })
        .collect()
}

/// Runs every case.
///
/// # Errors
/// Every case that fails, with the output and how far it is off.
pub fn check(module: &LoadedModule, cases: &[Case], tolerance: Tolerance) -> Result<(), String> {
    let mut faults = String::new();
    for case in cases {
        let outcome = module
            .infer(&case.request.inputs, DEADLINE)
            .map_err(|error| error.to_string())
            .and_then(|prediction| case.compare(&prediction.outputs, tolerance));
        if let Err(fault) = outcome {
            let _ = write!(faults, "\n  case `{}`: {fault}", case.name);
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

impl Case {
    fn compare(&self, outputs: &[Tensor], tolerance: Tolerance) -> Result<(), String> {
        let faults: Vec<String> = (self.expected.iter())
            .filter_map(|expected| {
                let actual = outputs.iter().find(|output| output.name == expected.name);
                match actual {
                    Some(actual) => compare(expected, actual, tolerance).err(),
                    None => Some(format!("the model has no output `{}`", expected.name)),
                }
            })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }
}

fn compare(expected: &Tensor, actual: &Tensor, tolerance: Tolerance) -> Result<(), String> {
    let name = &expected.name;
    if (expected.datatype, &expected.shape) != (actual.datatype, &actual.shape) {
        return Err(format!(
            "output `{name}` is {} {:?}, expected {} {:?}",
            actual.datatype, actual.shape, expected.datatype, expected.shape
        ));
    }
    let (Some(wanted), Some(given)) = (expected.to_f64(), actual.to_f64()) else {
        return if expected.data == actual.data {
            Ok(())
        } else {
            Err(format!("output `{name}` holds other byte strings than expected"))
        };
    };
    let misses: Vec<(usize, f64, f64)> = wanted
        .into_iter()
        .zip(given)
        .enumerate()
        .filter(|&(_, (want, got))| !is_close(want, got, tolerance))
        .map(|(index, (want, got))| (index, want, got))
        .collect();
    let error_of = |&(_, want, got): &(usize, f64, f64)| (want - got).abs();
    let Some(worst) = misses.iter().max_by(|a, b| error_of(a).total_cmp(&error_of(b))) else {
        return Ok(());
    };
    let (index, want, got) = *worst;
    Err(format!(
        "output `{name}` differs in {} of its elements, most at element {index}: {got} instead of \
         {want}, off by {:.3e} where {:.3e} is allowed",
        misses.len(),
        error_of(worst),
        allowed(want, tolerance),
    ))
}

fn allowed(want: f64, tolerance: Tolerance) -> f64 {
    tolerance.absolute + tolerance.relative * want.abs()
}

fn is_close(want: f64, got: f64, tolerance: Tolerance) -> bool {
    want == got || (want.is_nan() && got.is_nan()) || (want - got).abs() <= allowed(want, tolerance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use outpost_core::Datatype;

    fn tensor(values: &[f32]) -> Tensor {
        Tensor {
            name: "y".into(),
            datatype: Datatype::Fp32,
            shape: vec![values.len() as u64],
            data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }

    #[test]
    fn differences_are_named_with_their_size() {
        let tolerance = Tolerance { absolute: 0.01, relative: 0.0 };
        let check = |want: &[f32], got: &[f32]| compare(&tensor(want), &tensor(got), tolerance);
        assert_eq!(
            check(&[1.0, f32::NAN, f32::INFINITY], &[1.005, f32::NAN, f32::INFINITY]),
            Ok(())
        );
        let fault = check(&[1.0, 2.0, 3.0], &[1.5, 2.0, 1.0]).unwrap_err();
        assert!(fault.contains("2 of its elements"), "{fault}");
        assert!(fault.contains("element 2: 1 instead of 3, off by 2.000e0"), "{fault}");
        assert!(check(&[1.0], &[f32::NAN]).is_err());
        assert!(check(&[f32::NAN], &[1.0]).is_err());
        assert!(check(&[1.0, 2.0], &[1.0]).unwrap_err().contains("[1], expected FP32 [2]"));
    }
}
