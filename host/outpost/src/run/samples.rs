//! From samples to requests and back: rows of a table or records of a file are
//! put together along the batch dimension, and answers are taken apart again.

use super::Scorer;
use outpost_core::{Error, ErrorKind, InferRequest, Tensor, TensorSpec, Violation};

/// How a module's tensors fall apart into samples.
pub struct Layout {
    pub inputs: Vec<Part>,
    pub outputs: Vec<Part>,
    /// Whether several samples may share a call.
    batched: bool,
}

/// The part of an input or output that belongs to one sample.
pub struct Part {
    pub spec: TensorSpec,
    /// Extents within a sample; `None` if one of them varies.
    pub shape: Option<Vec<u64>>,
}

impl Part {
    /// Elements of a sample, if their number is fixed.
    pub fn width(&self) -> Option<usize> {
        outpost_core::element_count(self.shape.as_ref()?).ok()
    }
}

/// What a module says to one sample.
pub struct Answer {
    pub outputs: Vec<Tensor>,
    /// What is wrong with the sample, but not so wrong that there is no answer: `field:code`.
    pub flags: Vec<String>,
}

fn remark(flag: &Violation) -> String {
    format!("{}:{}", flag.field, flag.code.name())
}

/// One sample: the elements of each input, in the order of the layout.
pub type Sample = Vec<Vec<u8>>;

impl Layout {
    pub fn of(scorer: &Scorer<'_>) -> Self {
        let signature = scorer.module.signature();
        let specs = || signature.inputs.iter().chain(&signature.outputs);
        let batched = specs().all(|spec| spec.shape.first() == Some(&-1));
        let part = |spec: &TensorSpec| {
            let dims = if batched { spec.shape.get(1..).unwrap_or_default() } else { &spec.shape };
            let shape = dims.iter().map(|&extent| u64::try_from(extent).ok()).collect();
            Part { spec: spec.clone(), shape }
        };
        Layout {
            inputs: signature.inputs.iter().map(part).collect(),
            outputs: signature.outputs.iter().map(part).collect(),
            batched,
        }
    }

    /// Samples that go into one call, of `wanted`.
    pub fn batch(&self, wanted: usize) -> usize {
        if self.batched { wanted } else { 1 }
    }

    /// Runs up to a batch of samples; for each, its outputs, and what is remarked.
    ///
    /// # Errors
    /// That of the whole call.
    pub fn score(&self, scorer: &Scorer<'_>, samples: &[Sample]) -> Result<Vec<Answer>, Error> {
        let inputs = (self.inputs.iter().enumerate())
            .map(|(index, part)| Tensor {
                name: part.spec.name.clone(),
                datatype: part.spec.datatype,
                shape: self.shape(part, samples.len()),
                data: samples
                    .iter()
                    .filter_map(|sample| sample.get(index))
                    .flatten()
                    .copied()
                    .collect(),
            })
            .collect();
        let mut response = scorer.infer(InferRequest { id: None, inputs, outputs: Vec::new() })?;
        // A value can break several rules of a kind, of which a table says one.
        response.flags.dedup_by(|one, other| {
            (&one.field, one.row, one.code) == (&other.field, other.row, other.code)
        });
        if !self.batched {
            let flags = response.flags.iter().map(remark).collect();
            return Ok(vec![Answer { outputs: response.outputs, flags }]);
        }
        // What is said of the whole call is said of each of its rows.
        let mut rows: Vec<Answer> = (0_u64..)
            .zip(samples)
            .map(|(row, _)| {
                let flags = response.flags.iter();
                let flags = flags.filter(|flag| flag.row.is_none_or(|flagged| flagged == row));
                Answer { outputs: Vec::new(), flags: flags.map(remark).collect() }
            })
            .collect();
        for output in &response.outputs {
            let parts = split(output, samples.len()).ok_or_else(|| {
                Error::new(
                    ErrorKind::ModuleFailed,
                    format!("output `{}` does not hold one part for each sample", output.name),
                )
            })?;
            for (row, part) in rows.iter_mut().zip(parts) {
                row.outputs.push(part);
            }
        }
        Ok(rows)
    }

    fn shape(&self, part: &Part, samples: usize) -> Vec<u64> {
        let within = part.shape.clone().unwrap_or_default();
        if self.batched { std::iter::once(samples as u64).chain(within).collect() } else { within }
    }
}

/// Takes a tensor apart along its first dimension, which must be `count`.
fn split(tensor: &Tensor, count: usize) -> Option<Vec<Tensor>> {
    let (&first, shape) = tensor.shape.split_first()?;
    if usize::try_from(first) != Ok(count) {
        return None;
    }
    let width = outpost_core::element_count(shape).ok()?;
    let part = |data: Vec<u8>| Tensor {
        name: tensor.name.clone(),
        datatype: tensor.datatype,
        shape: shape.to_vec(),
        data,
    };
    if let Some(size) = tensor.datatype.size() {
        let bytes = width.checked_mul(size)?;
        return (0..count)
            .map(|index| Some(part(tensor.data.get(index * bytes..(index + 1) * bytes)?.to_vec())))
            .collect();
    }
    let mut strings = tensor.byte_strings();
    (0..count)
        .map(|_| {
            let mut data = Vec::new();
            for _ in 0..width {
                let string = strings.next()?;
                data.extend_from_slice(&u32::try_from(string.len()).ok()?.to_le_bytes());
                data.extend_from_slice(string);
            }
            Some(part(data))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use outpost_core::Datatype;

    #[test]
    fn answers_fall_apart_into_samples() {
        let strings = Tensor {
            name: "s".into(),
            datatype: Datatype::Bytes,
            shape: vec![2, 1],
            data: [&[1, 0, 0, 0, b'a'][..], &[0, 0, 0, 0]].concat(),
        };
        let parts = split(&strings, 2).unwrap();
        assert_eq!(parts[0].data, [1, 0, 0, 0, b'a']);
        assert_eq!(
            (parts[1].data.as_slice(), parts[1].shape.as_slice()),
            (&[0, 0, 0, 0][..], &[1][..])
        );
        assert!(split(&strings, 3).is_none());

        let numbers = Tensor { datatype: Datatype::Int16, data: vec![1, 0, 2, 0], ..strings };
        assert_eq!(split(&numbers, 2).unwrap()[1].data, [2, 0]);
    }
}
