//! A node test as it lies on the disk, and how an answer is judged.

use outpost_core::{Datatype, Tensor};
use prost::Message;
use std::fmt;
use std::path::{Path, PathBuf};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{ModelProto, TensorProto};
use tract_onnx::prelude::{DatumType, InferenceModel, Tensor as TractTensor};

/// What came of running a test.
pub enum Verdict {
    Passed,
    Failed(String),
    /// It cannot be run at all, whoever runs it.
    Skipped(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Passed => f.write_str("passed"),
            Verdict::Failed(why) => write!(f, "failed: {why}"),
            Verdict::Skipped(why) => write!(f, "skipped: {why}"),
        }
    }
}

pub struct Case {
    pub name: String,
    pub directory: PathBuf,
    pub model: Vec<u8>,
    /// Names of the graph's inputs, in order.
    pub inputs: Vec<String>,
    /// Operator of the first node, with its domain.
    pub operator: String,
    relative: f64,
    absolute: f64,
}

/// Values of one run: what goes in, what must come out.
pub struct DataSet {
    pub inputs: Vec<TractTensor>,
    pub outputs: Vec<TractTensor>,
}

impl Case {
    /// The cases in a directory whose names hold `filter`.
    pub fn all(directory: &Path, filter: &str) -> Vec<Self> {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.into_iter().map(Case::read).filter(|case| case.name.contains(filter)).collect()
    }

    fn read(directory: PathBuf) -> Self {
        let model = std::fs::read(directory.join("model.onnx")).unwrap();
        let proto = ModelProto::decode(&*model).unwrap();
        let graph = proto.graph.unwrap();
        let operator = graph.node.first().map_or_else(String::new, |node| {
            let domain = if node.domain.is_empty() { "ai.onnx" } else { &node.domain };
            format!("{domain} {}", node.op_type)
        });
        let tolerance = std::fs::read_to_string(directory.join("tolerance")).unwrap();
        let mut tolerance = tolerance.split(' ').map(|number| number.trim().parse().unwrap());
        Case {
            name: directory.file_name().unwrap().to_string_lossy().into_owned(),
            model,
            inputs: graph.input.iter().map(|input| input.name.clone()).collect(),
            operator,
            relative: tolerance.next().unwrap(),
            absolute: tolerance.next().unwrap(),
            directory,
        }
    }

    /// # Errors
    /// Why its values cannot be carried.
    pub fn data_sets(&self) -> Result<Vec<DataSet>, String> {
        let path = |kind: &str, set: usize, index: usize| {
            self.directory.join(format!("{kind}_{set}_{index}.pb"))
        };
        let values = |kind: &str, set: usize| -> Result<Vec<TractTensor>, String> {
            (0..)
                .map(|index| path(kind, set, index))
                .take_while(|path| path.exists())
                .map(|path| value(&std::fs::read(path).unwrap()))
                .collect()
        };
        (0..)
            .take_while(|&set| path("output", set, 0).exists())
            .map(|set| {
                Ok(DataSet { inputs: values("input", set)?, outputs: values("output", set)? })
            })
            .collect()
    }

    /// # Errors
    /// In what the answer is not what it should be.
    pub fn compare(&self, actual: &Tensor, expected: &TractTensor) -> Result<(), String> {
        let wanted = carry(expected, "")?;
        if (actual.datatype, &actual.shape) != (wanted.datatype, &wanted.shape) {
            return Err(format!(
                "{} {:?} instead of {} {:?}",
                actual.datatype, actual.shape, wanted.datatype, wanted.shape
            ));
        }
        if actual.data == wanted.data {
            return Ok(());
        }
        if matches!(actual.datatype, Datatype::Bytes | Datatype::Bool) {
            return Err("other values".into());
        }
        let shape = expected.shape();
        // SAFETY: any bits are valid numbers, and the sizes are the same.
        let actual =
            unsafe { TractTensor::from_raw_dt(expected.datum_type(), shape, &actual.data) }
                .unwrap();
        for (actual, expected) in numbers(&actual).into_iter().zip(numbers(expected)) {
            let same = actual == expected || actual.is_nan() && expected.is_nan();
            let tolerance = self.absolute + self.relative * expected.abs();
            if !same && !((actual - expected).abs() <= tolerance) {
                return Err(format!("{actual} instead of {expected}"));
            }
        }
        Ok(())
    }
}

fn numbers(tensor: &TractTensor) -> Vec<f64> {
    let numbers = tensor.cast_to::<f64>().unwrap();
    numbers.to_plain_array_view::<f64>().unwrap().iter().copied().collect()
}

/// A tensor out of a protobuf.
fn value(bytes: &[u8]) -> Result<TractTensor, String> {
    let proto = TensorProto::decode(bytes).map_err(|error| error.to_string())?;
    let framework = tract_onnx::onnx();
    let context = ParsingContext {
        onnx_operator_set_version: 0,
        framework: &framework,
        model: &ModelProto::default(),
        parent_graphs: vec![],
        model_dir: None,
        template: InferenceModel::default(),
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| context.load_tensor(&proto)))
        .map_err(|_| "its values are of a type that tract cannot read".to_string())?
        .map_err(|error| format!("{error:#}"))
}

/// # Errors
/// If the Open Inference Protocol has no such type.
pub fn carry(tensor: &TractTensor, name: &str) -> Result<Tensor, String> {
    let datatype = match tensor.datum_type() {
        DatumType::Bool => Datatype::Bool,
        DatumType::U8 => Datatype::Uint8,
        DatumType::U16 => Datatype::Uint16,
        DatumType::U32 => Datatype::Uint32,
        DatumType::U64 => Datatype::Uint64,
        DatumType::I8 => Datatype::Int8,
        DatumType::I16 => Datatype::Int16,
        DatumType::I32 => Datatype::Int32,
        DatumType::I64 => Datatype::Int64,
        DatumType::F16 => Datatype::Fp16,
        DatumType::F32 => Datatype::Fp32,
        DatumType::F64 => Datatype::Fp64,
        DatumType::String => Datatype::Bytes,
        other => return Err(format!("{other:?} cannot be carried")),
    };
    let data = match datatype {
        Datatype::Bytes => {
            let strings = tensor.to_plain_array_view::<String>().unwrap();
            let framed = |text: &String| {
                let length = u32::try_from(text.len()).unwrap().to_le_bytes();
                [&length, text.as_bytes()].concat()
            };
            strings.iter().flat_map(framed).collect()
        }
        _ => tensor.as_bytes().to_vec(),
    };
    let shape = tensor.shape().iter().map(|&extent| extent as u64).collect();
    Ok(Tensor { name: name.into(), datatype, shape, data: data.into() })
}
