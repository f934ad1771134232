//! Gives every node of a graph its place in memory. The children of a split lie
//! side by side and behind it; those of one tree lie together, a subtree behind
//! the other. A node with several parents gets its place once the last of them
//! has one, and the others reach it by jumps.

use crate::error::Error;
use crate::graph::{Graph, Node, Split, sorted};
use crate::node::Place;

/// A column of the input, as the walk sees it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    pub column: u32,
    /// With −∞ for NaN.
    pub missing_left: bool,
}

/// What a leaf holds.
#[derive(Clone, Copy)]
pub(crate) struct Worth {
    pub value: f64,
    pub is_index: bool,
}

pub(crate) struct Layout {
    pub places: Vec<Place>,
    /// The place of each tree's root.
    pub roots: Vec<u32>,
    /// The number of steps until each leaf of a tree is reached.
    pub depths: Vec<u32>,
    /// What the splits look at, from slot 1 on: slot 0 has a NaN.
    pub slots: Vec<Slot>,
}

/// The way to a node that has no place yet.
struct Jump {
    from: usize,
    to: u32,
    tree: usize,
}

struct Builder<'a> {
    graph: &'a Graph,
    places: Vec<Place>,
    /// For each node, the parents (and roots) that have no place yet.
    waiting: Vec<u32>,
    /// The place of each node that has one.
    placed: Vec<Option<u32>>,
    jumps: Vec<Jump>,
    /// Splits whose children have no place yet.
    open: Vec<(usize, Split)>,
}

impl Layout {
    pub(crate) fn new(graph: &Graph, worth: &dyn Fn(u32) -> Worth) -> Result<Self, Error> {
        let (waiting, slots) = survey(graph);
        if slots.len() > SLOTS {
            return Err(Error::TooLarge("columns"));
        }
        let mut builder = Builder {
            graph,
            places: Vec::with_capacity(graph.nodes.len()),
            placed: vec![None; waiting.len()],
            waiting,
            jumps: vec![],
            open: vec![],
        };
        let mut roots = Vec::with_capacity(graph.roots.len());
        for (tree, &root) in graph.roots.iter().enumerate() {
            roots.push(builder.place(root, tree, worth)?);
            while let Some((at, split)) = builder.open.pop() {
                let right = builder.place(split.right, tree, worth)?;
                builder.place(split.left, tree, worth)?;
                let slot = Slot { column: split.column, missing_left: split.missing_left };
                if let Some(place) = builder.places.get_mut(at) {
                    place.slot = slots.binary_search(&slot).map_or(0, |slot| slot as u32 + 1);
                    place.distance = right - at as u32;
                }
            }
        }
        builder.connect()?;
        let heights = heights(&builder.places);
        let depths = roots.iter().filter_map(|&root| heights.get(root as usize).copied()).collect();
        Ok(Layout { places: builder.places, roots, depths, slots })
    }
}

/// Slots, at most: a group of rows takes 64 MB then, far below what an address holds.
const SLOTS: usize = 1 << 20;
/// Slots that may wait to be sorted.
const WAITING: usize = 1 << 12;

/// How often each node is asked for, and what is looked at, in ascending order.
fn survey(graph: &Graph) -> (Vec<u32>, Vec<Slot>) {
    let mut parents = vec![0; graph.nodes.len()];
    let mut slots = Vec::new();
    let mut most = 2 * WAITING;
    let mut open = graph.roots.clone();
    while let Some(node) = open.pop() {
        let Some(parents) = parents.get_mut(node as usize) else { continue };
        *parents += 1;
        if *parents == 1
            && let Some(Node::Split(split)) = graph.nodes.get(node as usize)
        {
            open.extend([split.left, split.right]);
            slots.push(Slot { column: split.column, missing_left: split.missing_left });
            // There are few, of very many splits.
            if slots.len() > most {
                slots = sorted(slots);
                slots.dedup();
                most = 2 * slots.len().max(WAITING);
            }
        }
    }
    let mut slots = sorted(slots);
    slots.dedup();
    (parents, slots)
}

impl Builder<'_> {
    /// The next place, for `node` if that is the last that asks for it.
    fn place(
        &mut self,
        node: u32,
        tree: usize,
        worth: &dyn Fn(u32) -> Worth,
    ) -> Result<u32, Error> {
        let at = self.places.len();
        let place = u32::try_from(at).map_err(|_| Error::TooLarge("nodes"))?;
        // Until more is known, what leads to itself or on by a distance to come.
        let mut worthless = Place { slot: 0, distance: 0, value: f64::NAN, is_index: false };
        let waiting = self.waiting.get_mut(node as usize).map_or(0, |waiting| {
            *waiting = waiting.saturating_sub(1);
            *waiting
        });
        if waiting > 0 {
            self.jumps.push(Jump { from: at, to: node, tree });
        } else {
            if let Some(placed) = self.placed.get_mut(node as usize) {
                *placed = Some(place);
            }
            match self.graph.nodes.get(node as usize) {
                Some(&Node::Split(split)) => {
                    worthless.value = split.threshold;
                    self.open.push((at, split));
                }
                Some(&Node::Leaf(leaf)) => {
                    Worth { value: worthless.value, is_index: worthless.is_index } = worth(leaf);
                }
                None => {}
            }
        }
        self.places.push(worthless);
        Ok(place)
    }

    /// Lets the jumps lead to where their nodes are by now.
    fn connect(&mut self) -> Result<(), Error> {
        for &Jump { from, to, tree } in &self.jumps {
            // A parent that never got a place is a descendant of its own child.
            let to =
                self.placed.get(to as usize).copied().flatten().ok_or(Error::Cycle { tree })?;
            if let Some(place) = self.places.get_mut(from) {
                place.distance = to - from as u32;
            }
        }
        Ok(())
    }
}

/// For each place, the steps to the farthest leaf.
fn heights(places: &[Place]) -> Vec<u32> {
    let mut heights = vec![0_u32; places.len()];
    // Every step leads to a place further back.
    for (at, place) in places.iter().enumerate().rev() {
        if place.distance > 0 {
            let right = at + place.distance as usize;
            let height = |at| heights.get(at).copied().unwrap_or(0);
            // A jump leads to one place only.
            let below =
                if place.slot == 0 { height(right) } else { height(right).max(height(right + 1)) };
            if let Some(height) = heights.get_mut(at) {
                *height = 1 + below;
            }
        }
    }
    heights
}
