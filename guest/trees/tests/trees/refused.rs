//! What a description or an input must not be, and the words for it.

use outpost_trees::{
    Description, Ensemble, Floats, Mode, Nodes, Precision, Regressor, TreeEnsemble, Votes,
};

/// x[0] <= 0.5 ? 1 : 2
fn stump() -> Regressor {
    Regressor {
        nodes: Nodes {
            treeids: vec![7; 3],
            nodeids: vec![0, 1, 2],
            featureids: vec![0, 0, 0],
            modes: vec![Mode::Leq, Mode::Leaf, Mode::Leaf],
            values: Floats::Single(vec![0.5, 0.0, 0.0]),
            truenodeids: vec![1, 0, 0],
            falsenodeids: vec![2, 0, 0],
            missing_value_tracks_true: vec![],
        },
        targets: Votes {
            treeids: vec![7; 2],
            nodeids: vec![1, 2],
            ids: vec![0, 0],
            weights: Floats::Single(vec![1.0, 2.0]),
        },
        n_targets: 1,
        ..Regressor::default()
    }
}

/// The same in version 5, with a set.
fn member() -> TreeEnsemble {
    TreeEnsemble {
        tree_roots: vec![0],
        nodes_featureids: vec![0],
        nodes_modes: vec![Mode::Member],
        nodes_splits: Floats::Single(vec![0.0]),
        nodes_truenodeids: vec![0],
        nodes_falsenodeids: vec![1],
        nodes_trueleafs: vec![1],
        nodes_falseleafs: vec![1],
        leaf_targetids: vec![0, 0],
        leaf_weights: Floats::Single(vec![1.0, 2.0]),
        membership_values: Floats::Single(vec![3.0, f32::NAN]),
        n_targets: 1,
        ..TreeEnsemble::default()
    }
}

fn refused(change: impl Fn(&mut Regressor), message: &str) {
    let mut regressor = stump();
    change(&mut regressor);
    let ensemble = Ensemble::new(&Description::Regressor(regressor), Precision::Single);
    assert_eq!(ensemble.err().unwrap().to_string(), message);
}

fn refused_5(change: impl Fn(&mut TreeEnsemble), message: &str) {
    let mut ensemble = member();
    change(&mut ensemble);
    let ensemble = Ensemble::new(&Description::Ensemble(ensemble), Precision::Single);
    assert_eq!(ensemble.err().unwrap().to_string(), message);
}

#[test]
fn nodes_that_do_not_fit_together() {
    refused(
        |it| it.nodes = Nodes::default(),
        "target_nodeids leads to node 1 of tree 7, which does not exist",
    );
    refused(
        |it| (it.nodes, it.targets) = (Nodes::default(), Votes::default()),
        "the ensemble has no trees",
    );
    refused(|it| it.nodes.featureids = vec![0; 2], "nodes_featureids has 2 entries instead of 3");
    refused(
        |it| it.nodes.missing_value_tracks_true = vec![1],
        "nodes_missing_value_tracks_true has 1 entries instead of 3",
    );
    refused(
        |it| it.nodes.featureids = vec![-1, 0, 0],
        "entry 0 of nodes_featureids is out of range: -1",
    );
    refused(|it| it.nodes.nodeids = vec![0, 1, 1], "tree 7 has node 1 twice");
    refused(
        |it| it.nodes.truenodeids = vec![3, 0, 0],
        "nodes_truenodeids leads to node 3 of tree 7, which does not exist",
    );
    refused(
        |it| it.nodes.modes = vec![Mode::Member, Mode::Leaf, Mode::Leaf],
        "nodes_modes has no value \"BRANCH_MEMBER\"",
    );
    assert_eq!(
        Mode::from_name("BRANCH_LE").err().unwrap().to_string(),
        "nodes_modes has no value \"BRANCH_LE\""
    );
}

#[test]
fn cycles() {
    refused(|it| it.nodes.truenodeids = vec![0, 0, 0], "tree number 0 has a cycle");
    let back = |it: &mut Regressor| {
        it.nodes.modes = vec![Mode::Leq, Mode::Eq, Mode::Leaf];
        it.nodes.truenodeids = vec![1, 0, 0];
        it.nodes.falsenodeids = vec![2, 2, 0];
    };
    refused(back, "tree number 0 has a cycle");
    refused_5(
        |it| {
            it.nodes_trueleafs = vec![0];
            it.nodes_falseleafs = vec![0];
            it.nodes_falsenodeids = vec![0];
        },
        "tree number 0 has a cycle",
    );
}

#[test]
fn votes_and_base_values_that_do_not_fit() {
    refused(|it| it.targets.ids = vec![0, 1], "entry 1 of target_ids is out of range: 1");
    refused(
        |it| it.targets.weights = Floats::Single(vec![1.0]),
        "target_weights has 1 entries instead of 2",
    );
    refused(
        |it| it.base_values = Floats::Single(vec![1.0, 2.0]),
        "base_values has 2 entries instead of 1",
    );
    refused(|it| it.n_targets = 0, "the ensemble has no targets");
}

#[test]
fn version_5() {
    refused_5(|it| it.tree_roots = vec![1], "entry 0 of tree_roots is out of range: 1");
    refused_5(|it| it.tree_roots = vec![], "the ensemble has no trees");
    refused_5(
        |it| it.nodes_falsenodeids = vec![2],
        "entry 0 of nodes_falsenodeids is out of range: 2",
    );
    refused_5(
        |it| it.membership_values = Floats::default(),
        "membership_values (sets) has 0 entries instead of 1",
    );
    refused_5(|it| it.leaf_targetids = vec![0, 1], "entry 1 of leaf_targetids is out of range: 1");
}

#[test]
fn input_that_does_not_fit() {
    let mut regressor = stump();
    regressor.nodes.featureids = vec![2, 0, 0];
    let ensemble = Ensemble::new(&Description::Regressor(regressor), Precision::Single).unwrap();
    let message = |rows: &[f32], columns, scores: usize| {
        ensemble
            .predict(rows, columns, &mut vec![0.0_f32; scores])
            .err()
            .map(|error| error.to_string())
    };
    let is = |message: &str| Some(message.to_owned());
    assert_eq!(ensemble.columns(), 3);
    assert_eq!(message(&[0.0; 6], 3, 2), None);
    assert_eq!(message(&[], 3, 0), None);
    assert_eq!(message(&[0.0; 4], 2, 2), is("the input has 2 columns, the trees look at 3"));
    assert_eq!(message(&[], 0, 0), is("the input has 0 columns, the trees look at 3"));
    assert_eq!(message(&[0.0; 5], 3, 1), is("X has 5 entries instead of 3"));
    assert_eq!(message(&[0.0; 6], 3, 1), is("scores has 1 entries instead of 2"));
    assert_eq!(
        ensemble.predict(&[0.0_f64; 3], 3, &mut [0.0_f32]).err().unwrap().to_string(),
        "the input has double precision, the ensemble was built for single"
    );
}

#[test]
fn a_leaf_without_a_vote_is_worth_nothing() {
    let mut regressor = stump();
    regressor.targets.ids.pop();
    regressor.targets.treeids.pop();
    regressor.targets.nodeids.pop();
    regressor.targets.weights = Floats::Single(vec![1.0]);
    let ensemble = Ensemble::new(&Description::Regressor(regressor), Precision::Single).unwrap();
    let mut scores = [9.0_f32; 2];
    ensemble.predict(&[0.0_f32, 1.0], 1, &mut scores).unwrap();
    assert_eq!(scores, [1.0, 0.0]);
}
