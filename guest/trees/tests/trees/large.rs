//! What only large ensembles have: more columns or nodes than the narrow format
//! holds, more rows than a block, and nodes that many parents share. The expected
//! scores come from a plain walk over the description.

use outpost_trees::{Description, Ensemble, Floats, Mode, Precision, TreeEnsemble};

/// A generator (Marsaglia 2003) that needs no crate.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    /// In tenths, so that values are equal at times.
    fn value(&mut self) -> f32 {
        self.below(200) as f32 / 10.0 - 10.0
    }
}

/// One tree of `splits`, where the children of a split are any later ones, so that
/// most have several parents and some have none.
fn shared(random: &mut Random, splits: usize, columns: usize, near: usize) -> TreeEnsemble {
    let mut tree = TreeEnsemble { tree_roots: vec![0], n_targets: 1, ..TreeEnsemble::default() };
    let child = |random: &mut Random, at: usize, ids: &mut Vec<i64>, leafs: &mut Vec<i64>| {
        let next = at + 1 + random.below(near);
        let is_leaf = next >= splits;
        ids.push(if is_leaf { random.below(50) as i64 } else { next as i64 });
        leafs.push(i64::from(is_leaf));
    };
    let mut values = Vec::new();
    for at in 0..splits {
        tree.nodes_featureids.push(random.below(columns) as i64);
        tree.nodes_modes.push([Mode::Leq, Mode::Gt, Mode::Lt, Mode::Gte][random.below(4)]);
        values.push(random.value());
        child(random, at, &mut tree.nodes_truenodeids, &mut tree.nodes_trueleafs);
        child(random, at, &mut tree.nodes_falsenodeids, &mut tree.nodes_falseleafs);
    }
    tree.nodes_splits = Floats::Single(values);
    tree.leaf_targetids = vec![0; 50];
    tree.leaf_weights = Floats::Single((0..50).map(|_| random.value()).collect());
    tree
}

fn plain_walk(tree: &TreeEnsemble, row: &[f32]) -> f32 {
    let (Floats::Single(splits), Floats::Single(weights)) =
        (&tree.nodes_splits, &tree.leaf_weights)
    else {
        unreachable!()
    };
    let mut at = 0;
    loop {
        let (x, value) = (row[tree.nodes_featureids[at] as usize], splits[at]);
        let holds = match tree.nodes_modes[at] {
            Mode::Leq => x <= value,
            Mode::Lt => x < value,
            Mode::Gte => x >= value,
            _ => x > value,
        };
        let (ids, leafs) = if holds {
            (&tree.nodes_truenodeids, &tree.nodes_trueleafs)
        } else {
            (&tree.nodes_falsenodeids, &tree.nodes_falseleafs)
        };
        if leafs[at] == 1 {
            return weights[ids[at] as usize];
        }
        at = ids[at] as usize;
    }
}

fn agrees(tree: &TreeEnsemble, random: &mut Random, rows: usize, columns: usize) {
    let x: Vec<f32> = (0..rows * columns).map(|_| random.value()).collect();
    let expected: Vec<f32> = x.chunks(columns).map(|row| plain_walk(tree, row)).collect();
    let description = Description::Ensemble(tree.clone());
    for precision in [Precision::Single, Precision::Double] {
        let ensemble = Ensemble::new(&description, precision).unwrap();
        let mut scores = vec![0.0_f32; rows];
        ensemble.predict(&x, columns, &mut scores).unwrap();
        assert_eq!(scores, expected, "{precision:?}");
    }
}

#[test]
fn shared_nodes() {
    let mut random = Random(1);
    for splits in [1, 2, 3, 10, 100] {
        for near in [1, 2, 5, 20] {
            let tree = shared(&mut random, splits, 6, near);
            agrees(&tree, &mut random, 37, 6);
        }
    }
}

#[test]
fn more_columns_than_the_narrow_format_holds() {
    let mut random = Random(2);
    let tree = shared(&mut random, 5000, 3000, 40);
    agrees(&tree, &mut random, 20, 3000);
}

#[test]
fn distances_beyond_the_narrow_format() {
    let mut random = Random(3);
    let tree = shared(&mut random, 200_000, 20, 100_000);
    agrees(&tree, &mut random, 100, 20);
}

#[test]
fn more_rows_than_a_block() {
    let mut random = Random(4);
    let tree = shared(&mut random, 300, 40, 9);
    for rows in [127, 128, 129, 1000] {
        agrees(&tree, &mut random, rows, 40);
    }
}
