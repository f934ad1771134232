//! LSTM, GRU and RNN with every option, for what tract's get wrong or lack:
//! sequences from back to front or of lengths of their own, the batch first.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::quantised::dequantised;
use crate::slots::Slots;
use crate::theirs;
use crate::values::{dot, extent, give, list, numbers, sigmoid, view};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{Array3, Array4, ArrayD, ArrayView2, Axis, Ix2, Ix3, s};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Recurrent {
    slots: Slots,
    cell: Cell,
    hidden: usize,
    directions: Vec<Direction>,
    batch_first: bool,
    clip: f32,
    /// Whether weights are integers, of columns for gates, with scales at the end.
    quantised: bool,
}

#[derive(Clone, Copy, Debug)]
enum Cell {
    Lstm { input_forget: bool },
    Gru { linear_before_reset: bool },
    Rnn,
}

#[derive(Debug)]
struct Direction {
    backward: bool,
    functions: Vec<Function>,
}

#[derive(Clone, Copy, Debug)]
struct Function {
    kind: Kind,
    alpha: f32,
    beta: f32,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Relu,
    Tanh,
    Sigmoid,
    Affine,
    LeakyRelu,
    ThresholdedRelu,
    ScaledTanh,
    HardSigmoid,
    Elu,
    Softsign,
    Softplus,
}

impl Function {
    fn of(
        name: &str,
        alphas: &mut impl Iterator<Item = f32>,
        betas: &mut impl Iterator<Item = f32>,
    ) -> TractResult<Self> {
        // What a function takes of the lists of the node, by default otherwise.
        let (kind, alpha, beta) = match name.to_ascii_lowercase().as_str() {
            "relu" => (Kind::Relu, None, None),
            "tanh" => (Kind::Tanh, None, None),
            "sigmoid" => (Kind::Sigmoid, None, None),
            "affine" => (Kind::Affine, Some(1.0), Some(0.0)),
            "leakyrelu" => (Kind::LeakyRelu, Some(0.01), None),
            "thresholdedrelu" => (Kind::ThresholdedRelu, Some(1.0), None),
            "scaledtanh" => (Kind::ScaledTanh, Some(1.0), Some(1.0)),
            "hardsigmoid" => (Kind::HardSigmoid, Some(0.2), Some(0.5)),
            "elu" => (Kind::Elu, Some(1.0), None),
            "softsign" => (Kind::Softsign, None, None),
            "softplus" => (Kind::Softplus, None, None),
            _ => bail!("there is no activation `{name}`"),
        };
        let alpha = alpha.map_or(0.0, |default| alphas.next().unwrap_or(default));
        let beta = beta.map_or(0.0, |default| betas.next().unwrap_or(default));
        Ok(Function { kind, alpha, beta })
    }

    fn at(self, x: f32) -> f32 {
        let Function { kind, alpha, beta } = self;
        match kind {
            Kind::Relu => x.max(0.0),
            Kind::Tanh => x.tanh(),
            Kind::Sigmoid => sigmoid(x),
            Kind::Affine => alpha * x + beta,
            Kind::LeakyRelu => {
                if x < 0.0 {
                    alpha * x
                } else {
                    x
                }
            }
            Kind::ThresholdedRelu => {
                if x > alpha {
                    x
                } else {
                    0.0
                }
            }
            Kind::ScaledTanh => alpha * (beta * x).tanh(),
            Kind::HardSigmoid => (alpha * x + beta).clamp(0.0, 1.0),
            Kind::Elu => {
                if x < 0.0 {
                    alpha * x.exp_m1()
                } else {
                    x
                }
            }
            Kind::Softsign => x / (1.0 + x.abs()),
            Kind::Softplus => x.exp().ln_1p(),
        }
    }
}

/// Whether tract's layer is right for such a node.
fn plain(node: &NodeProto) -> TractResult<bool> {
    let forward = node.get_attr_opt("direction")?.unwrap_or("forward") == "forward";
    let batch_first = node.get_attr_opt::<i64>("layout")? == Some(1);
    let clipped = node.get_attr_opt::<f32>("clip")?.is_some();
    let slots = Slots::of(node);
    // Its LSTM takes a state that is left out for one of a batch of one.
    let state = node.op_type != "LSTM" || (slots.index(5).is_some() && slots.index(6).is_some());
    Ok(forward && !batch_first && !clipped && state && slots.index(4).is_none())
}

fn recurrent(node: &NodeProto, cell: Cell, defaults: &[&str]) -> Built {
    let directions = match node.get_attr_opt("direction")?.unwrap_or("forward") {
        "forward" => vec![false],
        "reverse" => vec![true],
        "bidirectional" => vec![false, true],
        other => bail!("there is no direction `{other}`"),
    };
    let names: Vec<&str> = match node.get_attr_opt_vec("activations")? {
        Some(names) => names,
        None => defaults.repeat(directions.len()),
    };
    ensure!(names.len() == defaults.len() * directions.len(), "it has {} activations", names.len());
    let floats = |name: &str| node.get_attr_opt_vec::<f32>(name).map(Option::unwrap_or_default);
    let (mut alphas, mut betas) =
        (floats("activation_alpha")?.into_iter(), floats("activation_beta")?.into_iter());
    let mut functions = Vec::with_capacity(names.len());
    for name in names {
        functions.push(Function::of(name, &mut alphas, &mut betas)?);
    }
    let directions = directions.into_iter().zip(functions.chunks(defaults.len()));
    built(Recurrent {
        slots: Slots::of(node),
        cell,
        hidden: node.get_attr("hidden_size")?,
        directions: directions
            .map(|(backward, functions)| Direction { backward, functions: functions.to_vec() })
            .collect(),
        batch_first: node.get_attr_opt::<i64>("layout")? == Some(1),
        clip: node.get_attr_opt("clip")?.filter(|clip| *clip > 0.0).unwrap_or(f32::INFINITY),
        quantised: node.op_type == "DynamicQuantizeLSTM",
    })
}

/// Ours for all inputs.
pub fn any_lstm(_: &ParsingContext, node: &NodeProto) -> Built {
    let input_forget = node.get_attr_opt::<i64>("input_forget")? == Some(1);
    recurrent(node, Cell::Lstm { input_forget }, &["Sigmoid", "Tanh", "Tanh"])
}

/// Ours for all inputs.
pub fn any_gru(_: &ParsingContext, node: &NodeProto) -> Built {
    let linear_before_reset = node.get_attr_opt::<i64>("linear_before_reset")? == Some(1);
    recurrent(node, Cell::Gru { linear_before_reset }, &["Sigmoid", "Tanh"])
}

/// Ours for all inputs.
pub fn any_rnn(_: &ParsingContext, node: &NodeProto) -> Built {
    recurrent(node, Cell::Rnn, &["Tanh"])
}

/// tract's where it is right.
pub fn layer(context: &ParsingContext, node: &NodeProto) -> Built {
    match (plain(node)?, node.op_type.as_str()) {
        (true, _) => theirs(context, node),
        (false, "LSTM") => any_lstm(context, node),
        (false, "GRU") => any_gru(context, node),
        (false, _) => any_rnn(context, node),
    }
}

/// Weights of a direction.
struct Weights<'a> {
    input: ArrayView2<'a, f32>,
    hidden: ArrayView2<'a, f32>,
    /// Of inputs, then of hidden states, for each gate.
    bias: Vec<f32>,
    peephole: Vec<f32>,
}

impl Weights<'_> {
    /// The products of a gate with the input and with the hidden state, each with its bias.
    fn gate(&self, gate: usize, unit: usize, size: usize, x: &[f32], h: &[f32]) -> (f32, f32) {
        let row = gate * size + unit;
        let bias = |row: usize| self.bias.get(row).copied().unwrap_or(0.0);
        let product = |weights: &ArrayView2<'_, f32>, with: &[f32]| {
            dot(weights.row(row).to_slice().unwrap_or_default(), with)
        };
        let gates = self.input.nrows();
        (product(&self.input, x) + bias(row), product(&self.hidden, h) + bias(gates + row))
    }

    fn peep(&self, gate: usize, unit: usize, size: usize) -> f32 {
        self.peephole.get(gate * size + unit).copied().unwrap_or(0.0)
    }
}

impl Recurrent {
    /// Quantised weights as those of other layers. ONNX Runtime quantises their
    /// inputs as well; that they are not here makes results more exact.
    fn dequantised(
        &self,
        inputs: &[TValue],
        weights: usize,
        scale: usize,
    ) -> TractResult<Array3<f32>> {
        let need = |position| numbers::<f32>(self.slots.need(inputs, position)?);
        // One for a direction, or one for each of its columns.
        let spread = |mut values: ArrayD<f32>| {
            if values.ndim() == 1 {
                values.insert_axis_inplace(Axis(1));
            }
            values.insert_axis_inplace(Axis(1));
            values
        };
        let (scale, zero) = (spread(need(scale)?), spread(need(scale + 1)?));
        let weights = dequantised(need(weights)?, &scale, &zero)?.into_dimensionality::<Ix3>()?;
        Ok(weights.permuted_axes([0, 2, 1]).as_standard_layout().into_owned())
    }

    fn gates(&self) -> usize {
        match self.cell {
            Cell::Lstm { .. } => 4,
            Cell::Gru { .. } => 3,
            Cell::Rnn => 1,
        }
    }

    /// Goes on by a step: from an input, the hidden state and the state of the cell.
    fn step(
        &self,
        functions: &[Function],
        weights: &Weights<'_>,
        x: &[f32],
        h: &mut Vec<f32>,
        c: &mut [f32],
    ) {
        let size = self.hidden;
        let function = |index: usize, x: f32| {
            let x = x.clamp(-self.clip, self.clip);
            functions.get(index).map_or(x, |function| function.at(x))
        };
        let sum = |gate: usize, unit: usize, h: &[f32]| {
            let (of_x, of_h) = weights.gate(gate, unit, size, x, h);
            of_x + of_h
        };
        let next: Vec<f32> = match self.cell {
            Cell::Rnn => (0..size).map(|unit| function(0, sum(0, unit, h))).collect(),
            Cell::Lstm { input_forget } => (c.iter_mut().enumerate())
                .map(|(unit, c)| {
                    let input = function(0, sum(0, unit, h) + weights.peep(0, unit, size) * *c);
                    let forget = match input_forget {
                        true => 1.0 - input,
                        false => function(0, sum(2, unit, h) + weights.peep(2, unit, size) * *c),
                    };
                    *c = forget * *c + input * function(1, sum(3, unit, h));
                    let output = function(0, sum(1, unit, h) + weights.peep(1, unit, size) * *c);
                    output * functions.get(2).map_or(*c, |function| function.at(*c))
                })
                .collect(),
            Cell::Gru { linear_before_reset } => {
                let reset: Vec<f32> = (0..size).map(|unit| function(0, sum(1, unit, h))).collect();
                let kept: Vec<f32> = h.iter().zip(&reset).map(|(h, reset)| h * reset).collect();
                (h.iter().zip(&reset).enumerate())
                    .map(|(unit, (&before, &reset))| {
                        let update = function(0, sum(0, unit, h));
                        let new = if linear_before_reset {
                            let (of_x, of_h) = weights.gate(2, unit, size, x, h);
                            function(1, of_x + reset * of_h)
                        } else {
                            function(1, sum(2, unit, &kept))
                        };
                        (1.0 - update) * new + update * before
                    })
                    .collect()
            }
        };
        *h = next;
    }
}

impl Operator for Recurrent {
    fn name(&self) -> &'static str {
        match self.cell {
            Cell::Lstm { .. } if self.quantised => "DynamicQuantizeLSTM",
            Cell::Lstm { .. } => "LSTM",
            Cell::Gru { .. } => "GRU",
            Cell::Rnn => "RNN",
        }
    }

    fn arity(&self) -> usize {
        self.slots.arity()
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let input = self.slots.need(inputs, 0)?;
        let (first, second) = (extent(input, 0)?.clone(), extent(input, 1)?.clone());
        let (directions, hidden) = (self.directions.len().to_dim(), self.hidden.to_dim());
        let (all, last) = if self.batch_first {
            let last = tvec!(first.clone(), directions.clone(), hidden.clone());
            (tvec!(first, second, directions, hidden), last)
        } else {
            let last = tvec!(directions.clone(), second.clone(), hidden.clone());
            (tvec!(first, directions, second, hidden), last)
        };
        let datum_type = input.datum_type;
        Ok(self.slots.pick([(datum_type, all), (datum_type, last.clone()), (datum_type, last)]))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let given = self.slots.need(inputs, 0)?;
        let datum_type = given.datum_type();
        let three = |position: usize| -> TractResult<Array3<f32>> {
            let array = numbers::<f32>(self.slots.need(inputs, position)?)?;
            Ok(array.into_dimensionality::<Ix3>()?)
        };
        let swapped = |array: Array3<f32>| -> Array3<f32> {
            if self.batch_first {
                array.permuted_axes([1, 0, 2]).as_standard_layout().into_owned()
            } else {
                array
            }
        };
        let input = swapped(three(0)?);
        let (length, batch, width) = input.dim();
        let (size, count) = (self.hidden, self.directions.len());
        let (of_input, of_hidden) = match self.quantised {
            true => (self.dequantised(inputs, 1, 8)?, self.dequantised(inputs, 2, 10)?),
            false => (three(1)?, three(2)?),
        };
        let rows = self.gates() * size;
        ensure!(
            of_input.dim() == (count, rows, width) && of_hidden.dim() == (count, rows, size),
            "weights of shapes {:?} and {:?} do not fit an input of shape {:?}",
            of_input.dim(),
            of_hidden.dim(),
            input.dim()
        );
        let rows_of = |position: usize, columns: usize| -> TractResult<Vec<Vec<f32>>> {
            let Some(value) = self.slots.find(inputs, position) else {
                return Ok(vec![vec![]; count]);
            };
            let array = numbers::<f32>(value)?;
            let rows = view::<f32, Ix2>(&array, "a bias")?;
            ensure!(rows.dim() == (count, columns), "a bias is of shape {:?}", rows.dim());
            Ok(rows.outer_iter().map(|row| row.to_vec()).collect())
        };
        let biases = rows_of(3, 2 * rows)?;
        let peepholes = match self.cell {
            Cell::Lstm { .. } => rows_of(7, 3 * size)?,
            _ => vec![vec![]; count],
        };
        let initial = |position: usize| -> TractResult<Array3<f32>> {
            let state = match self.slots.find(inputs, position) {
                Some(_) => swapped(three(position)?),
                None => Array3::zeros((count, batch, size)),
            };
            ensure!(state.dim() == (count, batch, size), "a state is of shape {:?}", state.dim());
            Ok(state)
        };
        let mut last = initial(5)?;
        let mut last_cell = match self.cell {
            Cell::Lstm { .. } => initial(6)?,
            _ => Array3::zeros((count, batch, size)),
        };
        let lengths = self.slots.find(inputs, 4).map(|lengths| list::<i64>(lengths)).transpose()?;
        let mut all = Array4::<f32>::zeros((length, count, batch, size));
        let directions = self.directions.iter().zip(biases).zip(peepholes).enumerate();
        for (d, ((direction, bias), peephole)) in directions {
            let weights = Weights {
                input: of_input.index_axis(Axis(0), d),
                hidden: of_hidden.index_axis(Axis(0), d),
                bias,
                peephole,
            };
            for b in 0..batch {
                let own = lengths.as_ref().and_then(|lengths| lengths.get(b)).copied();
                let own = own.map_or(length, |own| usize::try_from(own).unwrap_or(0)).min(length);
                let mut h = last.slice(s![d, b, ..]).to_vec();
                let mut c = last_cell.slice(s![d, b, ..]).to_vec();
                for step in 0..own {
                    let t = if direction.backward { own - 1 - step } else { step };
                    let x = input.slice(s![t, b, ..]);
                    self.step(
                        &direction.functions,
                        &weights,
                        x.to_slice().unwrap_or_default(),
                        &mut h,
                        &mut c,
                    );
                    all.slice_mut(s![t, d, b, ..]).iter_mut().zip(&h).for_each(|(to, x)| *to = *x);
                }
                last.slice_mut(s![d, b, ..]).iter_mut().zip(&h).for_each(|(to, x)| *to = *x);
                last_cell.slice_mut(s![d, b, ..]).iter_mut().zip(&c).for_each(|(to, x)| *to = *x);
            }
        }
        if self.batch_first {
            all = all.permuted_axes([2, 0, 1, 3]).as_standard_layout().into_owned();
        }
        Ok(self.slots.pick([
            give(all.into_dyn(), datum_type)?,
            give(swapped(last).into_dyn(), datum_type)?,
            give(swapped(last_cell).into_dyn(), datum_type)?,
        ]))
    }
}
