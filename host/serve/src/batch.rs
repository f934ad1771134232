//! Several requests as one, and its answer as several: rows are put one after
//! the other, and taken apart again. Pure.

use outpost_core::{Prediction, Signature, Tensor, byte_strings};

/// What requests must have in common to be joined: their tensors but for the
/// number of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form(Vec<(String, &'static str, Vec<u64>)>);

/// Whether the requests of a model can be joined at all: every tensor has any
/// number of rows.
pub fn joinable(signature: &Signature) -> bool {
    let mut specs = signature.inputs.iter().chain(&signature.outputs);
    !signature.inputs.is_empty() && specs.all(|spec| spec.shape.first() == Some(&-1))
}

/// The form and the number of rows of a request, if it can be joined: all tensors
/// have the same number, which is not 0. Orders them by name.
pub fn form(inputs: &mut [Tensor]) -> Option<(Form, u64)> {
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    let rows = inputs.first()?.shape.first().copied().filter(|rows| *rows > 0)?;
    let parts = inputs.iter().map(|tensor| {
        let (first, others) = tensor.shape.split_first()?;
        let same = *first == rows;
        same.then(|| (tensor.name.clone(), tensor.datatype.name(), others.to_vec()))
    });
    Some((Form(parts.collect::<Option<_>>()?), rows))
}

/// The rows of all requests, which have the same form. `None` if there are none.
pub fn join<'a>(mut requests: impl Iterator<Item = &'a [Tensor]>) -> Option<Vec<Tensor>> {
    let mut joined = requests.next()?.to_vec();
    for request in requests {
        for (whole, part) in joined.iter_mut().zip(request) {
            whole.data.extend_from_slice(&part.data);
            if let (Some(rows), Some(more)) = (whole.shape.first_mut(), part.shape.first()) {
                *rows += more;
            }
        }
    }
    Some(joined)
}

/// The answer of each request, given how many rows each had. `None` if it cannot
/// be taken apart: an output has another number of rows, or something is said of
/// the batch as a whole.
pub fn split(prediction: &Prediction, rows: &[u64]) -> Option<Vec<Prediction>> {
    let empty = || Prediction { outputs: Vec::new(), flags: Vec::new() };
    let mut parts: Vec<_> = rows.iter().map(|_| empty()).collect();
    for output in &prediction.outputs {
        let pieces = pieces(output, rows)?;
        for (part, piece) in parts.iter_mut().zip(pieces) {
            part.outputs.push(piece);
        }
    }
    for flag in &prediction.flags {
        let mut row = flag.row?;
        let owner = parts.iter_mut().zip(rows).find(|(_, rows)| {
            let found = row < **rows;
            if !found {
                row -= **rows;
            }
            found
        });
        let mut flag = flag.clone();
        flag.row = Some(row);
        owner?.0.flags.push(flag);
    }
    Some(parts)
}

fn pieces(output: &Tensor, rows: &[u64]) -> Option<Vec<Tensor>> {
    let (&total, others) = output.shape.split_first()?;
    if total != rows.iter().sum::<u64>() {
        return None;
    }
    let elements = others.iter().try_fold(1_u64, |count, extent| count.checked_mul(*extent))?;
    let mut data = output.data.as_slice();
    let piece = |&rows: &u64| {
        let count = usize::try_from(rows.checked_mul(elements)?).ok()?;
        let bytes = match output.datatype.size() {
            Some(size) => count.checked_mul(size)?,
            None => byte_strings_length(data, count)?,
        };
        let (piece, rest) = data.split_at_checked(bytes)?;
        data = rest;
        let mut shape = vec![rows];
        shape.extend(others);
        Some(Tensor {
            name: output.name.clone(),
            datatype: output.datatype,
            shape,
            data: piece.to_vec(),
        })
    };
    rows.iter().map(piece).collect()
}

/// Bytes of the first `count` elements of BYTES.
fn byte_strings_length(data: &[u8], count: usize) -> Option<usize> {
    let mut strings = byte_strings(data);
    (0..count).try_fold(0, |bytes, _| Some(bytes + 4 + strings.next()?.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use outpost_core::{Datatype, TensorSpec, Violation, ViolationCode};

    fn tensor(name: &str, shape: &[u64], data: &[u8]) -> Tensor {
        Tensor {
            name: name.into(),
            datatype: Datatype::Uint8,
            shape: shape.to_vec(),
            data: data.to_vec(),
        }
    }

    fn texts(texts: &[&str]) -> Tensor {
        let mut data = Vec::new();
        for text in texts {
            data.extend((text.len() as u32).to_le_bytes());
            data.extend(text.as_bytes());
        }
        Tensor {
            name: "t".into(),
            datatype: Datatype::Bytes,
            shape: vec![texts.len() as u64],
            data,
        }
    }

    fn flag(row: Option<u64>) -> Violation {
        let message = String::new();
        Violation { field: "x".into(), row, code: ViolationCode::Null, message }
    }

    #[test]
    fn requests_of_one_form_are_joined_and_others_are_not() {
        let mut a = [tensor("b", &[1, 2], &[1, 2]), texts(&["one"])];
        let mut b = [texts(&["two", ""]), tensor("b", &[2, 2], &[3, 4, 5, 6])];
        let (form_a, rows_a) = form(&mut a).unwrap();
        let (form_b, rows_b) = form(&mut b).unwrap();
        assert_eq!((&form_a, rows_a, rows_b), (&form_b, 1, 2));
        let joined = join([a.as_slice(), b.as_slice()].into_iter()).unwrap();
        assert_eq!(joined[0], tensor("b", &[3, 2], &[1, 2, 3, 4, 5, 6]));
        assert_eq!(joined[1], texts(&["one", "two", ""]));

        let form = |tensors: &mut [Tensor]| form(tensors).map(|(form, _)| form);
        assert_ne!(form(&mut [tensor("b", &[1, 3], &[0; 3]), texts(&["x"])]), Some(form_a.clone()));
        assert_ne!(form(&mut [tensor("b", &[1, 2], &[0; 2])]), Some(form_a));
        // Without rows, or with as many as nobody knows, a request runs alone.
        assert_eq!(form(&mut [tensor("b", &[0, 2], &[])]), None);
        assert_eq!(form(&mut [tensor("b", &[], &[1])]), None);
        assert_eq!(form(&mut [tensor("a", &[2], &[1, 2]), tensor("b", &[1], &[1])]), None);
        assert_eq!(form(&mut []), None);
    }

    #[test]
    fn each_request_gets_its_rows_and_flags() {
        let whole = Prediction {
            outputs: vec![tensor("y", &[3, 2], &[1, 2, 3, 4, 5, 6]), texts(&["a", "", "ccc"])],
            flags: vec![flag(Some(0)), flag(Some(2))],
        };
        let parts = split(&whole, &[1, 2]).unwrap();
        assert_eq!(parts[0].outputs, [tensor("y", &[1, 2], &[1, 2]), texts(&["a"])]);
        assert_eq!(parts[1].outputs, [tensor("y", &[2, 2], &[3, 4, 5, 6]), texts(&["", "ccc"])]);
        assert_eq!(parts[0].flags, [flag(Some(0))]);
        assert_eq!(parts[1].flags, [flag(Some(1))]);
    }

    #[test]
    fn what_is_of_the_whole_is_not_taken_apart() {
        let of = |output, flags| Prediction { outputs: vec![output], flags };
        let good = || tensor("y", &[2], &[1, 2]);
        assert!(split(&of(good(), vec![]), &[1, 1]).is_some());
        assert!(split(&of(good(), vec![flag(None)]), &[1, 1]).is_none());
        assert!(split(&of(good(), vec![flag(Some(2))]), &[1, 1]).is_none());
        assert!(split(&of(tensor("y", &[1], &[1]), vec![]), &[1, 1]).is_none());
        assert!(split(&of(tensor("y", &[], &[1]), vec![]), &[1, 1]).is_none());
        let mut cut = texts(&["a", "b"]);
        cut.data.pop();
        assert!(split(&of(cut, vec![]), &[1, 1]).is_none());
    }

    #[test]
    fn a_model_with_fixed_rows_is_not_joined() {
        let spec = |shape: &[i64]| TensorSpec {
            name: "x".into(),
            datatype: Datatype::Fp32,
            shape: shape.to_vec(),
        };
        let signature = |input: &[i64], output: &[i64]| Signature {
            inputs: vec![spec(input)],
            outputs: vec![spec(output)],
        };
        assert!(joinable(&signature(&[-1, 3], &[-1])));
        assert!(!joinable(&signature(&[1, 3], &[-1])));
        assert!(!joinable(&signature(&[-1, 3], &[1])));
        assert!(!joinable(&signature(&[-1, 3], &[])));
        assert!(!joinable(&Signature { inputs: vec![], outputs: vec![spec(&[-1])] }));
    }
}
