//! ConstantOfShape of no value, which is zero of single precision, unlike tract
//! has it.

use crate::operator::Built;
use crate::theirs;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, NodeProto, TensorProto};

pub fn constant_of_shape(context: &ParsingContext, node: &NodeProto) -> Built {
    if node.attribute.iter().any(|attribute| attribute.name == "value") {
        return theirs(context, node);
    }
    let mut node = node.clone();
    node.attribute.push(AttributeProto {
        name: "value".into(),
        r#type: AttributeType::Tensor as i32,
        t: Some(TensorProto {
            dims: vec![1],
            data_type: DataType::Float as i32,
            float_data: vec![0.0],
            ..TensorProto::default()
        }),
        ..AttributeProto::default()
    });
    theirs(context, &node)
}
