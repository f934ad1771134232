//! Answers that do not count: rows of a model's outputs, overwritten with what no
//! caller takes for an answer.

use crate::numbers;
use half::f16;
use outpost_guest::{Datatype, Tensor, byte_strings, element_size};
use std::collections::BTreeSet;

/// Overwrites these rows, counted from 0, in every output whose first dimension is
/// the `batch`: FP16, FP32 and FP64 become NaN, signed integers -1, unsigned ones the
/// largest value, BOOL false, BYTES empty text.
///
/// Outputs with another first extent stay as they are, and so do scalars, and those
/// whose data are not of the size that their shape asks for. Rows outside of the batch
/// are passed over.
pub fn abstain(outputs: &mut [Tensor], batch: u64, rows: &BTreeSet<u64>) {
    for output in outputs {
        if output.shape.first() == Some(&batch) && rows.range(..batch).next().is_some() {
            overwrite(output, rows);
        }
    }
}

/// Nothing happens to data that are not of the shape's size.
fn overwrite(output: &mut Tensor, rows: &BTreeSet<u64>) {
    let (Some(all), Some(of_row)) = (
        numbers::elements(&output.shape),
        numbers::elements(output.shape.get(1..).unwrap_or_default()),
    ) else {
        return;
    };
    let Some(size) = element_size(output.datatype) else {
        return overwrite_texts(output, all, of_row, rows);
    };
    if all.checked_mul(size) != Some(output.data.len()) || of_row == 0 {
        return;
    }
    // -1, or the largest value.
    let integer = [0xFF; 8];
    let (half, single, double) =
        (f16::NAN.to_le_bytes(), f32::NAN.to_le_bytes(), f64::NAN.to_le_bytes());
    let element: &[u8] = match output.datatype {
        Datatype::Fp16 => &half,
        Datatype::Fp32 => &single,
        Datatype::Fp64 => &double,
        Datatype::Bool => &[0],
        _ => integer.get(..size).unwrap_or_default(),
    };
    for (row, data) in (0..).zip(output.data.chunks_exact_mut(of_row * size)) {
        if rows.contains(&row) {
            data.chunks_exact_mut(size).for_each(|place| place.copy_from_slice(element));
        }
    }
}

fn overwrite_texts(output: &mut Tensor, all: usize, of_row: usize, rows: &BTreeSet<u64>) {
    let Some(elements) = byte_strings(&output.data) else { return };
    if elements.len() != all || of_row == 0 {
        return;
    }
    let mut data = Vec::with_capacity(output.data.len());
    for (row, elements) in (0..).zip(elements.chunks(of_row)) {
        for element in elements {
            let element = if rows.contains(&row) { &[][..] } else { element };
            // It had this length before.
            data.extend(u32::try_from(element.len()).unwrap_or(u32::MAX).to_le_bytes());
            data.extend(element);
        }
    }
    output.data = data;
}

#[cfg(test)]
mod tests {
    use super::abstain;
    use crate::strings;
    use outpost_guest::{Datatype, Tensor, element_size};
    use std::collections::BTreeSet;

    fn ones(datatype: Datatype, shape: &[u64]) -> Tensor {
        let count = shape.iter().product::<u64>() as usize;
        let data = match element_size(datatype) {
            Some(size) => vec![1; count * size],
            None => {
                let texts = std::iter::repeat_n("text", count);
                strings::tensor("x", shape.into(), texts).data
            }
        };
        Tensor { name: "x".into(), datatype, shape: shape.into(), data }
    }

    fn overwritten(datatype: Datatype, shape: &[u64], rows: &[u64]) -> Vec<u8> {
        let mut outputs = [ones(datatype, shape)];
        abstain(&mut outputs, shape[0], &rows.iter().copied().collect());
        let [output] = outputs;
        assert_eq!((output.datatype, &output.shape[..]), (datatype, shape));
        output.data
    }

    #[test]
    fn every_datatype() {
        use Datatype::*;
        let integers = [
            (Int8, 1, 0xFF),
            (Int16, 2, 0xFF),
            (Int32, 4, 0xFF),
            (Int64, 8, 0xFF),
            (Uint8, 1, 0xFF),
            (Uint16, 2, 0xFF),
            (Uint32, 4, 0xFF),
            (Uint64, 8, 0xFF),
            (Bool, 1, 0),
        ];
        for (datatype, size, byte) in integers {
            let data = overwritten(datatype, &[3, 2], &[1]);
            assert_eq!(
                data,
                [vec![1; 2 * size], vec![byte; 2 * size], vec![1; 2 * size]].concat(),
                "{datatype:?}"
            );
        }
        let data = overwritten(Fp16, &[2], &[1]);
        assert!(half::f16::from_le_bytes([data[2], data[3]]).is_nan());
        assert_eq!(data[..2], [1; 2]);
        let data = overwritten(Fp32, &[2, 1], &[0]);
        assert!(f32::from_le_bytes(data[..4].try_into().unwrap()).is_nan());
        assert_eq!(data[4..], [1; 4]);
        let data = overwritten(Fp64, &[1, 1, 1], &[0]);
        assert!(f64::from_le_bytes(data.try_into().unwrap()).is_nan());
        let data = overwritten(Bytes, &[2, 2], &[0]);
        assert_eq!(data, b"\0\0\0\0\0\0\0\0\x04\0\0\0text\x04\0\0\0text");
    }

    #[test]
    fn what_is_not_of_the_batch_stays() {
        let rows = BTreeSet::from([0, 1, 9, u64::MAX]);
        let shapes: [&[u64]; 6] = [&[2, 3], &[], &[3, 2], &[2], &[2, 0, 5], &[0]];
        let all = shapes.map(|shape| ones(Datatype::Int8, shape));
        let mut outputs = all.clone();
        abstain(&mut outputs, 2, &rows);
        for (place, (output, before)) in outputs.iter().zip(&all).enumerate() {
            let changed = [0, 3].contains(&place);
            assert_eq!(output.data != before.data, changed, "{place}");
            assert!(!changed || output.data.iter().all(|&byte| byte == 0xFF));
        }
        let mut outputs = all.clone();
        abstain(&mut outputs, 3, &rows);
        assert_eq!(outputs[0].data, all[0].data);
        assert_eq!(outputs[2].data, [0xFF, 0xFF, 0xFF, 0xFF, 1, 1]);
        abstain(&mut [], 2, &rows);
    }

    #[test]
    fn of_two_extents_the_batch_counts() {
        let mut outputs = [ones(Datatype::Int8, &[2]), ones(Datatype::Int8, &[3])];
        abstain(&mut outputs, 2, &BTreeSet::from([1]));
        assert_eq!(outputs.map(|output| output.data), [vec![1, 0xFF], vec![1; 3]]);
    }

    #[test]
    fn data_of_another_size_stay() {
        for datatype in [Datatype::Fp32, Datatype::Bytes] {
            for shape in [&[2, 3][..], &[2, u64::MAX], &[2, u64::MAX, 0], &[u64::MAX]] {
                for data in [vec![], vec![7; 5], vec![0; 8]] {
                    let output = Tensor {
                        name: "x".into(),
                        datatype,
                        shape: shape.into(),
                        data: data.clone(),
                    };
                    let mut outputs = [output];
                    abstain(&mut outputs, shape[0], &BTreeSet::from([0, 1]));
                    assert_eq!(outputs[0].data, data);
                }
            }
        }
    }
}
