//! A description resolved: ids replaced by positions, leaves with their votes,
//! every comparison reduced to a split. All that can be wrong with a description
//! is found here, except cycles, which are found when the nodes get their places.
//! Two parents may share a child.

use crate::description::{Classifier, Description, Mode, Nodes, Regressor, TreeEnsemble, Votes};
use crate::ensemble::Precision;
use crate::error::Error;
use crate::split::Comparison;
use std::collections::BinaryHeap;

/// Trees, as positions in `nodes`.
pub(crate) struct Graph {
    pub nodes: Vec<Node>,
    pub roots: Vec<u32>,
    /// Ordered by leaf.
    pub votes: Vec<Vote>,
    pub leaves: u32,
}

#[derive(Clone, Copy)]
pub(crate) enum Node {
    /// The number of the leaf.
    Leaf(u32),
    Split(Split),
}

/// Left if `x[column] <= threshold`.
#[derive(Clone, Copy)]
pub(crate) struct Split {
    pub column: u32,
    pub threshold: f64,
    /// NaN goes left.
    pub missing_left: bool,
    pub left: u32,
    pub right: u32,
}

#[derive(Clone, Copy)]
pub(crate) struct Vote {
    pub leaf: u32,
    pub target: u32,
    pub weight: f64,
}

impl Graph {
    pub(crate) fn new(description: &Description, precision: Precision) -> Result<Self, Error> {
        let graph = match description {
            Description::Classifier(Classifier { nodes, classes, n_classes, .. }) => {
                let names = ["class_treeids", "class_nodeids", "class_ids", "class_weights"];
                numbered(nodes, classes, names, *n_classes, precision)
            }
            Description::Regressor(Regressor { nodes, targets, n_targets, .. }) => {
                let names = ["target_treeids", "target_nodeids", "target_ids", "target_weights"];
                numbered(nodes, targets, names, *n_targets, precision)
            }
            Description::Ensemble(ensemble) => rooted(ensemble, precision),
        }?;
        if graph.roots.is_empty() { Err(Error::Empty("trees")) } else { Ok(graph) }
    }

    pub(crate) fn push(&mut self, node: Node) -> u32 {
        self.nodes.push(node);
        position(self.nodes.len() - 1)
    }
}

/// Positions are of entries in memory, each larger than a byte, in a guest of 32
/// bits; on a host of 64, descriptions beyond 2^32 are refused by `fits`.
#[allow(clippy::cast_possible_truncation)]
fn position(index: usize) -> u32 {
    index as u32
}

/// Whether positions fit, with room for the nodes that splitting adds.
fn fits(entries: usize) -> Result<(), Error> {
    if entries < 1 << 29 { Ok(()) } else { Err(Error::TooLarge("nodes")) }
}

/// An entry that must be in `0..limit`.
fn ranged(
    attribute: &'static str,
    values: &[i64],
    entry: usize,
    limit: usize,
) -> Result<u32, Error> {
    let value = values.get(entry).copied().unwrap_or(-1);
    match u32::try_from(value) {
        Ok(position) if (position as usize) < limit => Ok(position),
        _ => Err(Error::Range { attribute, entry, value }),
    }
}

/// A value as ONNX Runtime compares or adds it.
#[allow(clippy::cast_possible_truncation)]
fn rounded(value: f64, precision: Precision) -> f64 {
    match precision {
        Precision::Single => f64::from(value as f32),
        Precision::Double => value,
    }
}

fn is_true(flags: &[i64], entry: usize) -> bool {
    flags.get(entry) == Some(&1)
}

/// Flags that may be left out.
fn flags(name: &'static str, flags: &[i64], entries: usize) -> Result<(), Error> {
    if flags.is_empty() { Ok(()) } else { Error::length(name, flags.len(), entries) }
}

/// Nodes by the id of their tree and their own, for a search.
struct Ids(Vec<(i64, i64, u32)>);

impl Ids {
    fn new(nodes: &Nodes) -> Result<Self, Error> {
        let ids = nodes.treeids.iter().zip(&nodes.nodeids).enumerate();
        let ids = sorted(ids.map(|(at, (&tree, &node))| (tree, node, position(at))).collect());
        let twice = ids.windows(2).find_map(|pair| match pair {
            [a, b] if (a.0, a.1) == (b.0, b.1) => Some(Error::Duplicate { tree: a.0, node: a.1 }),
            _ => None,
        });
        twice.map_or(Ok(Ids(ids)), Err)
    }

    /// The position of a node. It is tried first where it would be if positions
    /// went up with ids from `near`, the position and id of another: they mostly do.
    fn find(
        &self,
        attribute: &'static str,
        tree: i64,
        node: i64,
        near: (u32, i64),
    ) -> Result<u32, Error> {
        let is = |&(its_tree, its_node, _): &(i64, i64, u32)| (its_tree, its_node) == (tree, node);
        let guess = i64::from(near.0).wrapping_add(node).wrapping_sub(near.1);
        let guess = usize::try_from(guess).ok().and_then(|at| self.0.get(at)).filter(|id| is(id));
        let search = || {
            let at = self.0.binary_search_by_key(&(tree, node), |&(tree, node, _)| (tree, node));
            at.ok().and_then(|at| self.0.get(at))
        };
        guess.or_else(search).map(|id| id.2).ok_or(Error::Missing { attribute, tree, node })
    }
}

/// Versions 1 to 3, where nodes refer to each other by numbers of their own.
fn numbered(
    nodes: &Nodes,
    votes: &Votes,
    names: [&'static str; 4],
    targets: usize,
    precision: Precision,
) -> Result<Graph, Error> {
    let count = nodes.modes.len();
    fits(count)?;
    Error::length("nodes_treeids", nodes.treeids.len(), count)?;
    Error::length("nodes_nodeids", nodes.nodeids.len(), count)?;
    Error::length("nodes_featureids", nodes.featureids.len(), count)?;
    Error::length("nodes_values", nodes.values.len(), count)?;
    Error::length("nodes_truenodeids", nodes.truenodeids.len(), count)?;
    Error::length("nodes_falsenodeids", nodes.falsenodeids.len(), count)?;
    let missing = &nodes.missing_value_tracks_true;
    flags("nodes_missing_value_tracks_true", missing, count)?;

    let ids = Ids::new(nodes)?;
    let mut graph =
        Graph { nodes: vec![Node::Leaf(0); count], roots: vec![], votes: vec![], leaves: 0 };
    let mut last = None;
    for (at, (&tree, &mode)) in nodes.treeids.iter().zip(&nodes.modes).enumerate() {
        // The first node of a tree is its root.
        if last.replace(tree) != Some(tree) {
            graph.roots.push(position(at));
        }
        let node = if mode == Mode::Leaf {
            graph.leaves += 1;
            Node::Leaf(graph.leaves - 1)
        } else if mode == Mode::Member {
            return Err(Error::unknown("nodes_modes", "BRANCH_MEMBER"));
        } else {
            let child = |attribute, children: &[i64]| {
                let near = (position(at), nodes.nodeids.get(at).copied().unwrap_or(0));
                ids.find(attribute, tree, children.get(at).copied().unwrap_or(-1), near)
            };
            let comparison = Comparison {
                column: ranged("nodes_featureids", &nodes.featureids, at, usize::MAX)?,
                mode,
                value: rounded(nodes.values.get(at).unwrap_or(f64::NAN), precision),
                members: &[],
                missing_true: is_true(missing, at),
                on_true: child("nodes_truenodeids", &nodes.truenodeids)?,
                on_false: child("nodes_falsenodeids", &nodes.falsenodeids)?,
            };
            comparison.lower(&mut graph, precision)
        };
        if let Some(place) = graph.nodes.get_mut(at) {
            *place = node;
        }
    }

    let [trees_name, nodes_name, ids_name, weights_name] = names;
    let count = votes.ids.len();
    fits(count)?;
    Error::length(trees_name, votes.treeids.len(), count)?;
    Error::length(nodes_name, votes.nodeids.len(), count)?;
    Error::length(weights_name, votes.weights.len(), count)?;
    let mut near = (0, 0);
    for (at, (&tree, &id)) in votes.treeids.iter().zip(&votes.nodeids).enumerate() {
        let target = ranged(ids_name, &votes.ids, at, targets)?;
        let node = ids.find(nodes_name, tree, id, near)?;
        near = (node, id);
        // Some old converters give weights to splits too. They mean nothing.
        if let Some(&Node::Leaf(leaf)) = graph.nodes.get(node as usize) {
            let weight = rounded(votes.weights.get(at).unwrap_or(0.0), precision);
            graph.votes.push(Vote { leaf, target, weight });
        }
    }
    graph.votes = by_leaf(&graph.votes, graph.leaves);
    if targets == 1 {
        // Of several weights for the only target, ONNX Runtime takes the first.
        graph.votes.dedup_by_key(|vote| vote.leaf);
    }
    Ok(graph)
}

/// Votes in the order of their leaves, and of one leaf in their own.
fn by_leaf(votes: &[Vote], leaves: u32) -> Vec<Vote> {
    let mut places = vec![0; leaves as usize + 1];
    for vote in votes {
        // A leaf's votes begin where those of the leaves before it end.
        if let Some(count) = places.get_mut(vote.leaf as usize + 1) {
            *count += 1;
        }
    }
    let mut end = 0;
    for place in &mut places {
        end += *place;
        *place = end;
    }
    let mut sorted = votes.to_vec();
    for vote in votes {
        if let Some(place) = places.get_mut(vote.leaf as usize) {
            if let Some(sorted) = sorted.get_mut(*place) {
                *sorted = *vote;
            }
            *place += 1;
        }
    }
    sorted
}

/// Heapsort, for things that are in order as a rule: the sorting of the standard
/// library is faster, but 5 kB for each type.
#[inline(never)]
pub(crate) fn sorted<T: Ord>(values: Vec<T>) -> Vec<T> {
    if values.is_sorted() { values } else { BinaryHeap::from(values).into_sorted_vec() }
}

/// Version 5, where splits and leaves are numbered by position.
fn rooted(ensemble: &TreeEnsemble, precision: Precision) -> Result<Graph, Error> {
    let count = ensemble.nodes_modes.len();
    fits(count)?;
    Error::length("nodes_featureids", ensemble.nodes_featureids.len(), count)?;
    Error::length("nodes_splits", ensemble.nodes_splits.len(), count)?;
    Error::length("nodes_truenodeids", ensemble.nodes_truenodeids.len(), count)?;
    Error::length("nodes_falsenodeids", ensemble.nodes_falsenodeids.len(), count)?;
    Error::length("nodes_trueleafs", ensemble.nodes_trueleafs.len(), count)?;
    Error::length("nodes_falseleafs", ensemble.nodes_falseleafs.len(), count)?;
    let missing = &ensemble.nodes_missing_value_tracks_true;
    flags("nodes_missing_value_tracks_true", missing, count)?;
    let leaves = ensemble.leaf_targetids.len();
    fits(leaves + ensemble.membership_values.len())?;
    Error::length("leaf_weights", ensemble.leaf_weights.len(), leaves)?;
    let mut sets = sets(ensemble, precision)?.into_iter();

    // Leaves come after the splits.
    let mut graph = Graph { nodes: vec![], roots: vec![], votes: vec![], leaves: position(leaves) };
    graph.nodes.resize(count, Node::Leaf(0));
    graph.nodes.extend((0..graph.leaves).map(Node::Leaf));
    for (at, &mode) in ensemble.nodes_modes.iter().enumerate() {
        let child = |attribute, children: &[i64], is_leaf: &[i64]| {
            if is_leaf.get(at) == Some(&0) {
                ranged(attribute, children, at, count)
            } else {
                Ok(position(count) + ranged(attribute, children, at, leaves)?)
            }
        };
        let members = if mode == Mode::Member { sets.next() } else { None };
        let comparison = Comparison {
            column: ranged("nodes_featureids", &ensemble.nodes_featureids, at, usize::MAX)?,
            mode,
            value: rounded(ensemble.nodes_splits.get(at).unwrap_or(f64::NAN), precision),
            members: members.as_deref().unwrap_or_default(),
            missing_true: is_true(missing, at),
            on_true: child(
                "nodes_truenodeids",
                &ensemble.nodes_truenodeids,
                &ensemble.nodes_trueleafs,
            )?,
            on_false: child(
                "nodes_falsenodeids",
                &ensemble.nodes_falsenodeids,
                &ensemble.nodes_falseleafs,
            )?,
        };
        if mode == Mode::Leaf {
            return Err(Error::unknown("nodes_modes", "LEAF"));
        }
        let node = comparison.lower(&mut graph, precision);
        if let Some(place) = graph.nodes.get_mut(at) {
            *place = node;
        }
    }
    for at in 0..ensemble.tree_roots.len() {
        graph.roots.push(ranged("tree_roots", &ensemble.tree_roots, at, count)?);
    }
    for (leaf, weight) in ensemble.leaf_weights.iter().enumerate() {
        let target = ranged("leaf_targetids", &ensemble.leaf_targetids, leaf, ensemble.n_targets)?;
        let weight = rounded(weight, precision);
        graph.votes.push(Vote { leaf: position(leaf), target, weight });
    }
    Ok(graph)
}

/// The sets of members, each in ascending order.
fn sets(ensemble: &TreeEnsemble, precision: Precision) -> Result<Vec<Vec<f64>>, Error> {
    let values: Vec<f64> = ensemble.membership_values.iter().collect();
    let mut sets: Vec<&[f64]> = values.split(|value| value.is_nan()).collect();
    // The last NaN ends a set and begins none; some writers leave it out.
    sets.pop_if(|set| set.is_empty());
    let nodes = ensemble.nodes_modes.iter().filter(|&&mode| mode == Mode::Member).count();
    Error::length("membership_values (sets)", sets.len(), nodes)?;
    let ascending = |set: &&[f64]| {
        let keys = sorted(
            set.iter().map(|&value| flip(rounded(value, precision).to_bits() as i64)).collect(),
        );
        let mut set: Vec<f64> =
            keys.into_iter().map(|key| f64::from_bits(flip(key) as u64)).collect();
        set.dedup();
        set
    };
    Ok(sets.iter().map(ascending).collect())
}

/// The bits of a number as an integer with the same order, and back.
fn flip(bits: i64) -> i64 {
    bits ^ ((bits >> 63) & i64::MAX)
}
