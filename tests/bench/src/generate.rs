//! Models of realistic shape with random weights: time and memory do not depend
//! on what a network has learnt.

use prost::Message;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::type_proto::{self, Value};
use tract_onnx::pb::*;

const FLOAT: i32 = 1;
const AXIS: i32 = 2;
const INTS: i32 = 7;
/// Layers and channels that make `wide` a model of 100 MB.
const WIDE_LAYERS: usize = 11;
const WIDE_CHANNELS: usize = 512;

/// The shape of a sample image for a generated model.
pub fn image_shape(name: &str) -> Vec<u64> {
    match name {
        "squeezenet" => vec![1, 3, 224, 224],
        _ => vec![1, WIDE_CHANNELS as u64, 7, 7],
    }
}

/// SqueezeNet 1.1: 26 convolutions, 1.2 million weights (Iandola et al. 2016).
pub fn squeezenet() -> Vec<u8> {
    let mut graph = Graph::new();
    let mut x = graph.conv("image", 3, 64, 3, 2);
    x = graph.pool(&x);
    for (index, (inputs, squeezed, expanded)) in [
        (64, 16, 64),
        (128, 16, 64),
        (128, 32, 128),
        (256, 32, 128),
        (256, 48, 192),
        (384, 48, 192),
        (384, 64, 256),
        (512, 64, 256),
    ]
    .into_iter()
    .enumerate()
    {
        if matches!(index, 2 | 4) {
            x = graph.pool(&x);
        }
        let squeeze = graph.conv(&x, inputs, squeezed, 1, 1);
        let one = graph.conv(&squeeze, squeezed, expanded, 1, 1);
        let three = graph.conv(&squeeze, squeezed, expanded, 3, 1);
        x = graph.node("Concat", &[&one, &three], vec![int("axis", 1)]);
    }
    x = graph.conv(&x, 512, 1000, 1, 1);
    x = graph.node("GlobalAveragePool", &[&x], vec![]);
    graph.finish(&x, [3, 224, 224])
}

/// Convolutions of 512 channels: 100 MB of weights.
pub fn wide() -> Vec<u8> {
    let mut graph = Graph::new();
    let mut x = "image".to_string();
    for _ in 0..WIDE_LAYERS {
        x = graph.conv(&x, WIDE_CHANNELS, WIDE_CHANNELS, 3, 1);
    }
    x = graph.node("GlobalAveragePool", &[&x], vec![]);
    graph.finish(&x, [WIDE_CHANNELS as i64, 7, 7])
}

struct Graph {
    proto: GraphProto,
    /// State of a linear congruential generator (Knuth's MMIX constants).
    random: u64,
}

impl Graph {
    fn new() -> Self {
        Graph { proto: GraphProto { name: "generated".into(), ..Default::default() }, random: 1 }
    }

    fn node(&mut self, op: &str, inputs: &[&str], attribute: Vec<AttributeProto>) -> String {
        let output = format!("{}_{}", op.to_lowercase(), self.proto.node.len());
        self.proto.node.push(NodeProto {
            input: inputs.iter().map(|name| name.to_string()).collect(),
            output: vec![output.clone()],
            name: output.clone(),
            op_type: op.into(),
            attribute,
            ..Default::default()
        });
        output
    }

    fn conv(&mut self, x: &str, from: usize, to: usize, kernel: usize, stride: i64) -> String {
        let scale = (2.0 / (from * kernel * kernel) as f32).sqrt();
        let weights = self.weights(&[to, from, kernel, kernel], scale);
        let bias = self.weights(&[to], 0.01);
        let pad = (kernel / 2) as i64;
        let attributes = vec![
            ints("kernel_shape", vec![kernel as i64; 2]),
            ints("pads", vec![pad; 4]),
            ints("strides", vec![stride; 2]),
        ];
        let y = self.node("Conv", &[x, &weights, &bias], attributes);
        self.node("Relu", &[&y], vec![])
    }

    fn pool(&mut self, x: &str) -> String {
        let attributes = vec![ints("kernel_shape", vec![3; 2]), ints("strides", vec![2; 2])];
        self.node("MaxPool", &[x], attributes)
    }

    fn weights(&mut self, shape: &[usize], scale: f32) -> String {
        let name = format!("weights_{}", self.proto.initializer.len());
        let raw_data = (0..shape.iter().product::<usize>())
            .flat_map(|_| {
                self.random = self
                    .random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let uniform = (self.random >> 40) as f32 / (1_u64 << 24) as f32;
                ((uniform * 2.0 - 1.0) * scale).to_le_bytes()
            })
            .collect::<Vec<u8>>();
        self.proto.initializer.push(TensorProto {
            dims: shape.iter().map(|&extent| extent as i64).collect(),
            data_type: FLOAT,
            name: name.clone(),
            raw_data: raw_data.into(),
            ..Default::default()
        });
        name
    }

    fn finish(mut self, output: &str, image: [i64; 3]) -> Vec<u8> {
        self.proto.input.push(value("image", &image));
        self.proto.output.push(value(output, &[]));
        let opset = OperatorSetIdProto { version: 17, ..Default::default() };
        let model = ModelProto {
            ir_version: 8,
            opset_import: vec![opset],
            graph: Some(self.proto),
            ..Default::default()
        };
        model.encode_to_vec()
    }
}

/// A value whose first dimension is the batch; without a shape if it has none.
fn value(name: &str, within: &[i64]) -> ValueInfoProto {
    let batch = dimension::Value::DimParam("batch".into());
    let fixed = within.iter().map(|&extent| dimension::Value::DimValue(extent));
    let dim = std::iter::once(batch)
        .chain(fixed)
        .map(|value| Dimension { value: Some(value), ..Default::default() })
        .collect();
    let shape = (!within.is_empty()).then_some(TensorShapeProto { dim });
    let tensor = type_proto::Tensor { elem_type: FLOAT, shape };
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto { value: Some(Value::TensorType(tensor)), ..Default::default() }),
        ..Default::default()
    }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: AXIS, i, ..Default::default() }
}

fn ints(name: &str, ints: Vec<i64>) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: INTS, ints, ..Default::default() }
}
