//! LabelEncoder and CategoryMapper: a value for each key, numbers or text both,
//! and one for all other keys.

use super::labels::Labels;
use crate::keys::{self, Keys};
use crate::operator::{Built, Input, Operator, Output, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Encoder {
    name: &'static str,
    /// At most one for numbers and one for text: the input decides.
    ways: Vec<Way>,
}

/// From keys of a kind to values.
#[derive(Debug)]
struct Way {
    kind: DatumType,
    keys: Keys,
    /// The last one is for other keys.
    values: Labels,
    /// Whether a key that is not a number is found by another one.
    finds_nan: bool,
}

impl Way {
    /// With the value of the first or the last of keys that are the same.
    fn new(keys: &Tensor, values: &Tensor, default: Tensor, first: bool) -> TractResult<Self> {
        let (given, wanted) = (values.len(), keys.len());
        ensure!(given == wanted, "it has {wanted} keys, but {given} values");
        let kind = keys::kind(keys.datum_type());
        let mut positions = Keys::default();
        let mut next = 0;
        keys::each(keys, kind, &mut |key| {
            if !first || positions.find(key).is_none() {
                positions.insert(key, next);
            }
            next += 1;
            Ok(())
        })?;
        let default = default.into_shape(&[1])?;
        let values = values.clone().into_shape(&[given])?;
        let values = Labels::new(Tensor::stack_tensors(0, &[values, default])?)?;
        Ok(Way { kind, keys: positions, values, finds_nan: true })
    }
}

/// Both ways between text and positions or given numbers.
fn both_ways(name: &'static str, node: &NodeProto, strings: &[String], ints: &[i64]) -> Built {
    let text: Option<String> = node.get_attr_opt("default_string")?;
    let number: Option<i64> = node.get_attr_opt("default_int64")?;
    let (text, number) = (text.unwrap_or_else(|| "_Unused".into()), number.unwrap_or(-1));
    let (strings, ints) = (tensor1(strings), tensor1(ints));
    let ways = vec![
        Way::new(&strings, &ints, tensor0(number), false)?,
        Way::new(&ints, &strings, tensor0(text), false)?,
    ];
    built(Encoder { name, ways })
}

pub fn category_mapper(_: &ParsingContext, node: &NodeProto) -> Built {
    let strings: Vec<String> = node.get_attr_vec("cats_strings")?;
    let ints: Vec<i64> = node.get_attr_vec("cats_int64s")?;
    both_ways("CategoryMapper", node, &strings, &ints)
}

pub fn label_encoder(context: &ParsingContext, node: &NodeProto) -> Built {
    let name = "LabelEncoder";
    if let Some(strings) = node.get_attr_opt_vec::<String>("classes_strings")? {
        let ints: Vec<i64> = (0..).take(strings.len()).collect();
        return both_ways(name, node, &strings, &ints);
    }
    let keys = list(context, node, "keys")?;
    let values = list(context, node, "values")?;
    let default = match node.get_attr_opt::<&TensorProto>("default_tensor")? {
        Some(tensor) => context.load_tensor(tensor)?,
        None => match values.datum_type() {
            DatumType::String => tensor0(
                node.get_attr_opt("default_string")?.unwrap_or_else(|| "_Unused".to_string()),
            ),
            given if given.is_float() => {
                tensor0(node.get_attr_opt::<f32>("default_float")?.unwrap_or(-0.0))
            }
            _ => tensor0(node.get_attr_opt::<i64>("default_int64")?.unwrap_or(-1)),
        },
    };
    let default = default.cast_to_dt(values.datum_type())?.into_owned();
    let mut way = Way::new(&keys, &values, default, true)?;
    way.finds_nan = version(context) >= 4;
    built(Encoder { name, ways: vec![way] })
}

/// The version of the domain, the latest if the model does not say.
fn version(context: &ParsingContext) -> i64 {
    let import = context.model.opset_import.iter().find(|import| import.domain == "ai.onnx.ml");
    import.map_or(i64::MAX, |import| import.version)
}

/// Keys or values, whichever attribute holds them.
fn list(context: &ParsingContext, node: &NodeProto, what: &str) -> TractResult<Tensor> {
    let named = |kind: &str| format!("{what}_{kind}");
    if let Some(tensor) = node.get_attr_opt::<&TensorProto>(&named("tensor"))? {
        return context.load_tensor(tensor);
    }
    if let Some(strings) = node.get_attr_opt_vec::<String>(&named("strings"))? {
        return Ok(tensor1(&strings));
    }
    if let Some(ints) = node.get_attr_opt_vec::<i64>(&named("int64s"))? {
        return Ok(tensor1(&ints));
    }
    let floats = node.get_attr_opt_vec::<f32>(&named("floats"))?;
    floats.map(|floats| tensor1(&floats)).with_context(|| format!("it has no {what}"))
}

impl Encoder {
    fn way(&self, input: DatumType) -> TractResult<&Way> {
        let text = |of| of == DatumType::String;
        let way = self.ways.iter().find(|way| text(way.kind) == text(input));
        way.with_context(|| format!("it has no keys of its input's type, {input:?}"))
    }
}

impl Operator for Encoder {
    fn name(&self) -> &'static str {
        self.name
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        let values = &self.way(input.datum_type)?.values;
        Ok(tvec!((values.datum_type(), input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let way = self.way(input.datum_type())?;
        let nan = f64::NAN.to_bits().to_le_bytes();
        let hidden = (way.kind == DatumType::F64 && !way.finds_nan).then_some(nan);
        let other = i64::try_from(way.values.len())? - 1;
        let mut positions = Vec::with_capacity(input.len());
        keys::each(input, way.kind, &mut |key| {
            let found = way.keys.find(key).filter(|_| hidden.is_none_or(|nan| key != nan));
            positions.push(found.map_or(other, i64::from));
            Ok(())
        })?;
        Ok(tvec!(way.values.pick(input.shape(), positions)?))
    }
}
