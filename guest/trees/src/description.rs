//! An ensemble as ONNX describes it: the attributes of the three operators, under
//! their own names, nothing resolved and nothing checked. What is left out here
//! (hit rates, the labels themselves) has no influence on a score.

use crate::error::Error;

/// The attributes of one of the three operators.
#[derive(Clone, Debug)]
pub enum Description {
    /// `TreeEnsembleClassifier`, version 1 to 3.
    Classifier(Classifier),
    /// `TreeEnsembleRegressor`, version 1 to 3.
    Regressor(Regressor),
    /// `TreeEnsemble`, version 5.
    Ensemble(TreeEnsemble),
}

/// Numbers of an attribute, or of its variant `_as_tensor`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Floats {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

/// The comparison at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// x ≤ value
    Leq,
    /// x < value
    Lt,
    /// x ≥ value
    Gte,
    /// x > value
    Gt,
    /// x = value
    Eq,
    /// x ≠ value
    Neq,
    /// x is one of the node's members; in a `TreeEnsemble` only.
    Member,
    /// None: a leaf. Not in a `TreeEnsemble`, which lists its leaves apart.
    Leaf,
}

/// What the votes for a target come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Aggregate {
    Average,
    #[default]
    Sum,
    Min,
    Max,
}

/// What is done to the scores of a row at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PostTransform {
    #[default]
    None,
    Softmax,
    Logistic,
    SoftmaxZero,
    Probit,
}

/// The attributes `nodes_*` of versions 1 to 3: one entry for each node.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Nodes {
    pub treeids: Vec<i64>,
    pub nodeids: Vec<i64>,
    pub featureids: Vec<i64>,
    pub modes: Vec<Mode>,
    pub values: Floats,
    pub truenodeids: Vec<i64>,
    pub falsenodeids: Vec<i64>,
    /// May be empty: NaN leads to the false branch.
    pub missing_value_tracks_true: Vec<i64>,
}

/// The attributes `class_*` or `target_*`: one entry for each weight at a leaf.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Votes {
    pub treeids: Vec<i64>,
    pub nodeids: Vec<i64>,
    pub ids: Vec<i64>,
    pub weights: Floats,
}

/// `TreeEnsembleClassifier`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Classifier {
    pub nodes: Nodes,
    pub classes: Votes,
    /// The number of `classlabels_int64s` or `classlabels_strings`.
    pub n_classes: usize,
    pub base_values: Floats,
    pub post_transform: PostTransform,
}

/// `TreeEnsembleRegressor`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Regressor {
    pub nodes: Nodes,
    pub targets: Votes,
    pub n_targets: usize,
    pub base_values: Floats,
    pub aggregate_function: Aggregate,
    pub post_transform: PostTransform,
}

/// `TreeEnsemble`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct TreeEnsemble {
    pub tree_roots: Vec<i64>,
    pub nodes_featureids: Vec<i64>,
    pub nodes_modes: Vec<Mode>,
    pub nodes_splits: Floats,
    pub nodes_truenodeids: Vec<i64>,
    pub nodes_falsenodeids: Vec<i64>,
    pub nodes_trueleafs: Vec<i64>,
    pub nodes_falseleafs: Vec<i64>,
    /// May be empty: NaN leads to the false branch.
    pub nodes_missing_value_tracks_true: Vec<i64>,
    pub leaf_targetids: Vec<i64>,
    pub leaf_weights: Floats,
    /// The sets of the nodes with mode `Member`, in their order, each ended by a
    /// NaN.
    pub membership_values: Floats,
    pub n_targets: usize,
    pub aggregate_function: Aggregate,
    pub post_transform: PostTransform,
}

impl Default for Floats {
    fn default() -> Self {
        Floats::Single(Vec::new())
    }
}

impl Floats {
    pub(crate) fn len(&self) -> usize {
        match self {
            Floats::Single(values) => values.len(),
            Floats::Double(values) => values.len(),
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<f64> {
        match self {
            Floats::Single(values) => values.get(index).map(|&value| f64::from(value)),
            Floats::Double(values) => values.get(index).copied(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = f64> {
        (0..self.len()).map_while(|index| self.get(index))
    }
}

impl Mode {
    /// From an entry of `nodes_modes` in versions 1 to 3.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        Ok(match name {
            "BRANCH_LEQ" => Mode::Leq,
            "BRANCH_LT" => Mode::Lt,
            "BRANCH_GTE" => Mode::Gte,
            "BRANCH_GT" => Mode::Gt,
            "BRANCH_EQ" => Mode::Eq,
            "BRANCH_NEQ" => Mode::Neq,
            "LEAF" => Mode::Leaf,
            _ => return Err(Error::unknown("nodes_modes", name)),
        })
    }

    /// From an entry of `nodes_modes` in version 5.
    pub fn from_code(code: i64) -> Result<Self, Error> {
        use Mode::*;
        pick("nodes_modes", &[Leq, Lt, Gte, Gt, Eq, Neq, Member], code)
    }
}

impl Aggregate {
    /// From the attribute in versions 1 to 3.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        Ok(match name {
            "AVERAGE" => Aggregate::Average,
            "SUM" => Aggregate::Sum,
            "MIN" => Aggregate::Min,
            "MAX" => Aggregate::Max,
            _ => return Err(Error::unknown("aggregate_function", name)),
        })
    }

    /// From the attribute in version 5.
    pub fn from_code(code: i64) -> Result<Self, Error> {
        use Aggregate::*;
        pick("aggregate_function", &[Average, Sum, Min, Max], code)
    }
}

impl PostTransform {
    /// From the attribute in versions 1 to 3.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        Ok(match name {
            "NONE" => PostTransform::None,
            "SOFTMAX" => PostTransform::Softmax,
            "LOGISTIC" => PostTransform::Logistic,
            "SOFTMAX_ZERO" => PostTransform::SoftmaxZero,
            "PROBIT" => PostTransform::Probit,
            _ => return Err(Error::unknown("post_transform", name)),
        })
    }

    /// From the attribute in version 5, as ONNX Runtime reads it: in the text of
    /// ONNX, 1 is the softmax and 2 the logistic function.
    pub fn from_code(code: i64) -> Result<Self, Error> {
        use PostTransform::*;
        pick("post_transform", &[None, Logistic, Softmax, SoftmaxZero, Probit], code)
    }
}

/// The value with number `code`.
fn pick<T: Copy>(attribute: &'static str, values: &[T], code: i64) -> Result<T, Error> {
    let value = usize::try_from(code).ok().and_then(|code| values.get(code));
    value.copied().ok_or_else(|| Error::unknown(attribute, &code.to_string()))
}
