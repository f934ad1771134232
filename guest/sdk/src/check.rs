//! The structural contract of a request: names, datatypes, shapes and sizes
//! against a module's description, every fault reported at once.

use crate::{
    Tensor, TensorSpec, Violation, ViolationCode, datatype_name, element_size, split_byte_string,
};

/// Brings `inputs` into the order of `specs`.
///
/// # Errors
/// Every violation found: missing, unknown and duplicate names, wrong
/// datatypes, shapes that do not match, data that is not of the shape's size.
pub fn check_inputs(
    inputs: Vec<Tensor>,
    specs: &[TensorSpec],
) -> Result<Vec<Tensor>, Vec<Violation>> {
    let mut violations = Vec::new();
    let mut slots: Vec<Option<Tensor>> = specs.iter().map(|_| None).collect();
    for tensor in inputs {
        let Some(index) = specs.iter().position(|spec| spec.name == tensor.name) else {
            violations.push(violation(
                &tensor.name,
                ViolationCode::Unknown,
                "the model has no input of this name".into(),
            ));
            continue;
        };
        let (Some(spec), Some(slot)) = (specs.get(index), slots.get_mut(index)) else { continue };
        if slot.is_some() {
            violations.push(violation(
                &tensor.name,
                ViolationCode::Duplicate,
                "the input is given more than once".into(),
            ));
            continue;
        }
        check_tensor(&tensor, spec, &mut violations);
        *slot = Some(tensor);
    }
    for (spec, slot) in specs.iter().zip(&slots) {
        if slot.is_none() {
            violations.push(violation(
                &spec.name,
                ViolationCode::Missing,
                format!(
                    "the input is missing; it is {} of shape {:?}",
                    datatype_name(spec.datatype),
                    spec.shape
                ),
            ));
        }
    }
    if violations.is_empty() { Ok(slots.into_iter().flatten().collect()) } else { Err(violations) }
}

fn check_tensor(tensor: &Tensor, spec: &TensorSpec, violations: &mut Vec<Violation>) {
    if tensor.datatype != spec.datatype {
        violations.push(violation(
            &spec.name,
            ViolationCode::WrongDatatype,
            format!(
                "datatype is {}, expected {}",
                datatype_name(tensor.datatype),
                datatype_name(spec.datatype)
            ),
        ));
    }
    let fits = tensor.shape.len() == spec.shape.len()
        && (tensor.shape.iter().zip(&spec.shape))
            .all(|(&got, &want)| want < 0 || u64::try_from(want) == Ok(got));
    if !fits {
        violations.push(violation(
            &spec.name,
            ViolationCode::WrongShape,
            format!("shape is {:?}, expected {:?}", tensor.shape, spec.shape),
        ));
    }
    if !size_matches(tensor) {
        violations.push(violation(
            &spec.name,
            ViolationCode::WrongSize,
            format!(
                "{} bytes of data do not make up shape {:?} of {}",
                tensor.data.len(),
                tensor.shape,
                datatype_name(tensor.datatype)
            ),
        ));
    }
}

/// Whether the bytes are just the elements that shape and datatype ask for.
fn size_matches(tensor: &Tensor) -> bool {
    let Some(elements) = (tensor.shape.iter())
        .try_fold(1_u64, |product, &extent| product.checked_mul(extent))
        .and_then(|elements| usize::try_from(elements).ok())
    else {
        return false;
    };
    match element_size(tensor.datatype) {
        Some(size) => elements.checked_mul(size) == Some(tensor.data.len()),
        None => {
            let mut rest = tensor.data.as_slice();
            let mut count = 0_usize;
            while let Some((_, tail)) = split_byte_string(rest) {
                rest = tail;
                count += 1;
            }
            rest.is_empty() && count == elements
        }
    }
}

fn violation(field: &str, code: ViolationCode, message: String) -> Violation {
    Violation { field: field.into(), row: None, code, message }
}
