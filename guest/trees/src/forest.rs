//! Trees in their places, and how rows are led through them: a block of rows
//! through one tree after the other, so that a tree's nodes stay in the nearest
//! cache, as well as the block. Whichever way a row goes, alone or with others,
//! its votes are added tree by tree, so that its scores are the same to the bit.

use crate::description::Aggregate;
use crate::error::Error;
use crate::graph::{Graph, Node as GraphNode, Vote};
use crate::layout::{Layout, Slot, Worth};
use crate::node::{Node, Number, Place};
use crate::walk::{LANES, walk};

/// Bytes of rows in a block: half of a small first-level cache.
const BLOCK: usize = 16 << 10;
/// Groups of rows in a block, at most.
const GROUPS: usize = 16;
/// Entries of the table of weights, at most: 1 GB.
const WEIGHTS: usize = 1 << 27;

/// Trees of one format.
pub(crate) struct Forest<N: Node> {
    nodes: Vec<N>,
    /// For each tree, the number of its root in `nodes` and its depth.
    trees: Vec<Tree>,
    slots: Vec<Slot>,
    leaves: Leaves<N::Value>,
    targets: usize,
    aggregate: Aggregate,
}

struct Tree {
    root: u32,
    depth: u32,
}

/// What is at the leaves.
enum Leaves<T> {
    /// A leaf's value is its weight. All leaves of a tree vote for the same target.
    Weights { targets: Vec<u32> },
    /// A leaf's value is the number of a span.
    Spans { spans: Vec<Span>, weights: Vec<T> },
}

/// Weights for targets in a row.
struct Span {
    weight: u32,
    target: u32,
    count: u32,
}

/// Trees without a format.
pub(crate) struct Plan {
    layout: Layout,
    leaves: Leaves<f64>,
    targets: usize,
    aggregate: Aggregate,
}

/// What a target begins with: adding to it a vote, of zero even, makes a difference
/// that `voted` sees. To add it to anything makes none.
fn neutral(aggregate: Aggregate) -> f64 {
    match aggregate {
        Aggregate::Sum | Aggregate::Average => -0.0,
        Aggregate::Min | Aggregate::Max => f64::NAN,
    }
}

/// The score if there was a vote.
pub(crate) fn voted(aggregate: Aggregate, score: f64) -> Option<f64> {
    let neutral = match aggregate {
        Aggregate::Sum | Aggregate::Average => score == 0.0 && score.is_sign_negative(),
        Aggregate::Min | Aggregate::Max => score.is_nan(),
    };
    (!neutral).then_some(score)
}

fn combine<T: Number>(aggregate: Aggregate, score: T, weight: T) -> T {
    let replace = match aggregate {
        Aggregate::Sum | Aggregate::Average => return score + weight,
        Aggregate::Min => weight < score,
        Aggregate::Max => weight > score,
    };
    if replace || score.is_nan() { weight } else { score }
}

impl Plan {
    pub(crate) fn new(graph: &Graph, targets: usize, aggregate: Aggregate) -> Result<Self, Error> {
        let neutral = neutral(aggregate);
        // -0 + 0 is 0, so that no sum of votes is -0.
        let weight = |vote: &Vote| if vote.weight == 0.0 { 0.0 } else { vote.weight };
        let votes: Vec<&[Vote]> = {
            let mut by_leaf = vec![<&[Vote]>::default(); graph.leaves as usize];
            for votes in graph.votes.chunk_by(|a, b| a.leaf == b.leaf) {
                let leaf = votes.first().and_then(|vote| by_leaf.get_mut(vote.leaf as usize));
                leaf.into_iter().for_each(|leaf| *leaf = votes);
            }
            by_leaf
        };
        let of_leaf = |leaf: u32| votes.get(leaf as usize).copied().unwrap_or_default();
        if let Some(targets_by_tree) = target_by_tree(graph, of_leaf) {
            let worth = |leaf| Worth {
                value: of_leaf(leaf).first().map_or(neutral, weight),
                is_index: false,
            };
            let layout = Layout::new(graph, &worth)?;
            let leaves = Leaves::Weights { targets: targets_by_tree };
            return Ok(Plan { layout, leaves, targets, aggregate });
        }

        let layout = Layout::new(graph, &|leaf| Worth { value: leaf.into(), is_index: true })?;
        let mut spans = Vec::with_capacity(votes.len());
        let mut weights = Vec::new();
        for votes in votes {
            let first = votes.iter().map(|vote| vote.target).min().unwrap_or(0);
            let count = votes.iter().map(|vote| vote.target - first + 1).max().unwrap_or(0);
            let start = weights.len();
            if count as usize > WEIGHTS - start {
                return Err(Error::TooLarge("weights"));
            }
            weights.resize(start + count as usize, neutral);
            for vote in votes {
                if let Some(sum) = weights.get_mut(start + (vote.target - first) as usize) {
                    *sum = combine(aggregate, *sum, weight(vote));
                }
            }
            spans.push(Span { weight: start as u32, target: first, count });
        }
        Ok(Plan { layout, leaves: Leaves::Spans { spans, weights }, targets, aggregate })
    }

    /// Columns that are looked at, from the first on.
    pub(crate) fn columns(&self) -> usize {
        self.layout.slots.last().map_or(0, |slot| slot.column as usize + 1)
    }

    /// None if a node does not fit the format.
    pub(crate) fn forest<N: Node>(&self) -> Option<Forest<N>> {
        let Layout { places, roots, depths, slots } = &self.layout;
        let trees = roots.iter().zip(depths).map(|(&root, &depth)| Tree { root, depth });
        // A leaf behind the last place, for the lanes that have no tree.
        let end = Place { slot: 0, distance: 0, value: 0.0, is_index: false };
        let leaves = match &self.leaves {
            Leaves::Weights { targets } => Leaves::Weights { targets: targets.clone() },
            Leaves::Spans { spans, weights } => Leaves::Spans {
                spans: spans
                    .iter()
                    .map(|&Span { weight, target, count }| Span { weight, target, count })
                    .collect(),
                weights: weights.iter().map(|&weight| Number::new(weight)).collect(),
            },
        };
        Some(Forest {
            nodes: places.iter().chain([&end]).map(N::new).collect::<Option<_>>()?,
            trees: trees.collect(),
            slots: slots.clone(),
            leaves,
            targets: self.targets,
            aggregate: self.aggregate,
        })
    }
}

/// For each tree the target that all its leaves vote for, at most once; none if
/// that is not so.
fn target_by_tree<'a>(graph: &Graph, votes: impl Fn(u32) -> &'a [Vote]) -> Option<Vec<u32>> {
    const UNSEEN: usize = usize::MAX;
    let mut seen = vec![UNSEEN; graph.nodes.len()];
    let mut targets = Vec::with_capacity(graph.roots.len());
    for (tree, &root) in graph.roots.iter().enumerate() {
        let mut target = None;
        let mut open = vec![root];
        while let Some(node) = open.pop() {
            let seen = seen.get_mut(node as usize)?;
            match *seen {
                UNSEEN => *seen = tree,
                before if before == tree => continue,
                // The trees might disagree. That two share a node is rare enough.
                _ => return None,
            }
            match graph.nodes.get(node as usize)? {
                GraphNode::Split(split) => open.extend([split.left, split.right]),
                GraphNode::Leaf(leaf) => match votes(*leaf) {
                    [] => {}
                    [vote] if *target.get_or_insert(vote.target) == vote.target => {}
                    _ => return None,
                },
            }
        }
        targets.push(target.unwrap_or(0));
    }
    Some(targets)
}

impl<N: Node> Forest<N> {
    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(crate) fn trees(&self) -> usize {
        self.trees.len()
    }

    /// Calls `done` with each row's scores, in order. `pack` writes what the slots
    /// of a row hold to every `LANES`th of the numbers it gets.
    pub(crate) fn predict(
        &self,
        rows: usize,
        pack: &dyn Fn(usize, &mut [N::Value]),
        done: &mut dyn FnMut(&[N::Value]),
    ) {
        let size = (1 + self.slots.len()) * LANES;
        let groups =
            (BLOCK / (size * size_of::<N::Value>())).clamp(1, GROUPS).min(rows / LANES).max(1);
        // Slot 0 stays what it is.
        let mut packed = vec![N::Value::NAN; groups * size];
        let neutral = N::Value::new(neutral(self.aggregate));
        let mut scores = vec![neutral; groups.min(rows) * LANES.min(rows) * self.targets];
        let mut row = 0;
        while row < rows {
            // Rows that do not fill a group go alone.
            let count = match (rows - row).min(groups * LANES) {
                few if few < LANES => 1,
                many => many - many % LANES,
            };
            for (lane, row) in (row..row + count).enumerate() {
                let first = lane / LANES * size + LANES + lane % LANES;
                let group_end = (lane / LANES + 1) * size;
                if let Some(group) = packed.get_mut(first..group_end) {
                    pack(row, group);
                }
            }
            let scores = scores.get_mut(..count * self.targets).unwrap_or_default();
            scores.fill(neutral);
            if count == 1 {
                self.lead_one(&packed, scores);
            } else {
                self.lead_groups(&packed, size, scores);
            }
            scores.chunks_exact(self.targets).for_each(&mut *done);
            row += count;
        }
    }

    /// Leads groups of `LANES` rows through each tree.
    #[inline(never)]
    fn lead_groups(&self, packed: &[N::Value], size: usize, scores: &mut [N::Value]) {
        for (number, tree) in self.trees.iter().enumerate() {
            let Some(root) = self.nodes.get(tree.root as usize) else { continue };
            let groups = scores.chunks_exact_mut(LANES * self.targets);
            for (packed, scores) in packed.chunks_exact(size).zip(groups) {
                // SAFETY: `root` leads to nodes of `self.nodes` only, each of which looks
                // at one of the slots, and those are all in `packed`: see `Layout`.
                let ends = unsafe { walk::<N, 1>([root; LANES], packed.as_ptr(), tree.depth) };
                for (end, scores) in ends.into_iter().zip(scores.chunks_exact_mut(self.targets)) {
                    // SAFETY: as above.
                    self.vote(number, unsafe { (*end).value() }, scores);
                }
            }
        }
    }

    /// Leads one row, in the first lane, through groups of `LANES` trees.
    #[inline(never)]
    fn lead_one(&self, packed: &[N::Value], scores: &mut [N::Value]) {
        let Some(end) = self.nodes.last() else { return };
        for (group, trees) in self.trees.chunks(LANES).enumerate() {
            let mut at = [&raw const *end; LANES];
            let mut depth = 0;
            for (at, tree) in at.iter_mut().zip(trees) {
                *at = self.nodes.get(tree.root as usize).map_or(*at, |root| root);
                depth = depth.max(tree.depth);
            }
            // SAFETY: as in `lead_groups`.
            let ends = unsafe { walk::<N, 0>(at, packed.as_ptr(), depth) };
            for (lane, (end, _)) in ends.into_iter().zip(trees).enumerate() {
                // SAFETY: as in `lead_groups`.
                self.vote(group * LANES + lane, unsafe { (*end).value() }, scores);
            }
        }
    }

    /// Counts the votes of a leaf.
    #[inline(always)]
    fn vote(&self, tree: usize, value: N::Value, scores: &mut [N::Value]) {
        match &self.leaves {
            Leaves::Weights { targets } => {
                let target = targets.get(tree).and_then(|&target| scores.get_mut(target as usize));
                if let Some(score) = target {
                    *score = combine(self.aggregate, *score, value);
                }
            }
            Leaves::Spans { spans, weights } => {
                let Some(span) = spans.get(value.index()) else { return };
                let weights = weights.get(span.weight as usize..).unwrap_or_default();
                let scores = scores.get_mut(span.target as usize..).unwrap_or_default();
                for (score, &weight) in scores.iter_mut().zip(weights).take(span.count as usize) {
                    *score = combine(self.aggregate, *score, weight);
                }
            }
        }
    }
}
