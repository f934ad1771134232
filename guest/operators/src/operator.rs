//! What an operator has to say for itself, and how tract gets to know it.
//!
//! tract wants three things of an operator: rules that infer types and shapes,
//! facts for the typed model, and an evaluation. Here an operator gives facts
//! and an evaluation; the rules follow from the facts once types and shapes of
//! the inputs are known.

use std::fmt;
use std::sync::Arc;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// An operator that tract lacks.
pub trait Operator: fmt::Debug + Send + Sync + 'static {
    /// Its name in ONNX.
    fn name(&self) -> &'static str;

    /// How many outputs the node asks for.
    fn arity(&self) -> usize {
        1
    }

    /// Inputs, as indices, whose values decide on types or shapes of outputs.
    fn decisive(&self) -> &[usize] {
        &[]
    }

    /// Whether a shape has an extent that is known only once it ran: a symbol
    /// of the operator's own, see [`Unforeseen`].
    fn is_unforeseen(&self) -> bool {
        false
    }

    /// Types and shapes of the outputs.
    ///
    /// # Errors
    /// If it cannot work on such inputs; the message says why.
    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>>;

    /// Computes the outputs.
    ///
    /// # Errors
    /// If the values are not what the operator is made for.
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>>;
}

/// What is known of an input before anything runs.
#[derive(Clone, Debug)]
pub struct Input {
    /// Datatype of its elements.
    pub datum_type: DatumType,
    /// Extents, symbolic where they vary.
    pub shape: TVec<TDim>,
    /// Its value, where [`Operator::decisive`] asks for it.
    pub value: Option<Arc<Tensor>>,
}

impl Input {
    /// The value of a decisive input.
    ///
    /// # Errors
    /// If it is computed by the model.
    pub fn value(&self) -> TractResult<&Arc<Tensor>> {
        self.value.as_ref().context("an input that decides on shapes is not constant")
    }
}

/// An extent that is known only once the operator ran. The symbol dies with its
/// scope, so this keeps both.
#[derive(Clone, Debug)]
pub struct Unforeseen(Symbol, #[allow(dead_code)] SymbolScope);

impl Unforeseen {
    /// A new one for a node.
    pub fn new(context: &ParsingContext, prefix: &str) -> Self {
        let scope = context.template.symbols.clone();
        Unforeseen(scope.new_with_prefix(prefix), scope)
    }

    /// As part of a shape.
    pub fn dim(&self) -> TDim {
        self.0.to_dim()
    }
}

/// Type and shape of an output.
pub type Output = (DatumType, TVec<TDim>);

/// What a builder gives to tract: the operator, and the values that it takes
/// from enclosing graphs, which none here does.
pub type Built = TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

/// Makes an operator of a node.
pub type Builder = fn(&ParsingContext, &NodeProto) -> Built;

/// Hands an operator over to tract.
///
/// # Errors
/// None; the type is that of a builder.
pub fn built(operator: impl Operator) -> Built {
    Ok((expand(Custom(Arc::new(operator))), vec![]))
}

/// The operator that tract was given, if it is one of ours.
pub fn ours(operator: &dyn InferenceOp) -> Option<&Custom> {
    let expansion = operator.as_op().downcast_ref::<Box<dyn Expansion>>()?;
    expansion.as_ref().as_any().downcast_ref()
}

/// An operator of ours as tract sees it.
#[derive(Clone, Debug)]
pub struct Custom(pub Arc<dyn Operator>);

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Custom {}

impl Op for Custom {
    fn name(&self) -> StaticName {
        self.0.name().into()
    }

    fn mints_runtime_symbols(&self) -> bool {
        self.0.is_unforeseen()
    }

    op_as_typed_op!();
}

impl EvalOp for Custom {
    /// Of constants: what they give is not put in place of the operator where its
    /// shape was said to be open.
    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        if self.0.is_unforeseen() {
            return Ok(None);
        }
        EvalOp::eval(self, &EvalContext::out_of_plan(), inputs).map(Some)
    }

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        self.0.eval(&inputs).with_context(|| self.0.name())
    }
}

impl TypedOp for Custom {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let inputs: TVec<Input> = inputs
            .iter()
            .map(|fact| Input {
                datum_type: fact.datum_type,
                shape: fact.shape.to_tvec(),
                value: fact.konst.clone(),
            })
            .collect();
        let outputs = self.0.facts(&inputs).with_context(|| self.0.name())?;
        Ok(outputs.into_iter().map(|(datum_type, shape)| datum_type.fact(&*shape)).collect())
    }

    as_op!();
}

impl Expansion for Custom {
    fn name(&self) -> StaticName {
        self.0.name().into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.0.arity())
    }

    fn runs_out_of_plan(&self) -> bool {
        !self.0.is_unforeseen()
    }

    /// Infers outputs once types, shapes and decisive values of inputs are known.
    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let operator = &self.0;
        check_output_arity(outputs, operator.arity())?;
        solver.given_all(inputs.iter().map(|input| &input.datum_type), move |solver, types| {
            solver.given_all(inputs.iter().map(|input| &input.shape), move |solver, shapes| {
                let types = types.clone();
                let decisive = operator.decisive().iter().filter_map(|&index| inputs.get(index));
                solver.given_all(decisive.map(|input| &input.value), move |solver, values| {
                    let mut known: TVec<Input> = (types.iter().zip(&shapes))
                        .map(|(&datum_type, shape)| Input {
                            datum_type,
                            shape: shape.clone(),
                            value: None,
                        })
                        .collect();
                    for (&index, value) in operator.decisive().iter().zip(values) {
                        if let Some(input) = known.get_mut(index) {
                            input.value = Some(value);
                        }
                    }
                    let facts = operator.facts(&known).with_context(|| operator.name())?;
                    for (output, (datum_type, shape)) in outputs.iter().zip(facts) {
                        solver.equals(&output.datum_type, datum_type)?;
                        solver.equals(&output.shape, shape)?;
                    }
                    Ok(())
                })
            })
        })
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}
