//! TfIdfVectorizer: counts n-grams of the items of each row, which are numbers or
//! texts, and weighs the counts.
//!
//! Items get numbers, so that an n-gram is a path through a tree whose edges are
//! looked up by node and item: nothing is allocated while a row is read.

use crate::keys::{self, Keys};
use crate::operator::{Built, Input, Operator, Output, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct TfIdfVectorizer {
    counts: Counts,
    /// Lengths of n-grams.
    shortest: usize,
    longest: usize,
    skips: usize,
    columns: usize,
    kind: DatumType,
    items: Keys,
    edges: Keys,
    /// For each node of the tree the column of the n-gram that ends there, and
    /// its weight.
    ends: Vec<Option<(usize, f32)>>,
}

/// The attribute `mode`: what is weighed.
#[derive(Debug, PartialEq, Eq)]
enum Counts {
    All,
    /// Only whether there are any.
    Any,
}

pub fn tf_idf_vectorizer(_: &ParsingContext, node: &NodeProto) -> Built {
    let (counts, weighed) = match node.get_attr::<&str>("mode")? {
        "TF" => (Counts::All, false),
        "IDF" => (Counts::Any, true),
        "TFIDF" => (Counts::All, true),
        other => bail!("there is no mode {other}"),
    };
    let indexes: Vec<usize> = node.get_attr_vec("ngram_indexes")?;
    let columns = indexes.iter().max().context("it has no ngram_indexes")? + 1;
    let given: Option<Vec<f32>> = node.get_attr_opt_vec("weights")?;
    let weights = given.filter(|_| weighed).unwrap_or_else(|| vec![1.0; indexes.len()]);
    let (grams, given) = (indexes.len(), weights.len());
    ensure!(given == grams, "it has {given} weights for {grams} n-grams");
    let pool = match node.get_attr_opt_vec::<String>("pool_strings")? {
        Some(strings) => tensor1(&strings),
        None => tensor1(&node.get_attr_vec::<i64>("pool_int64s")?),
    };
    let mut vectorizer = TfIdfVectorizer {
        counts,
        shortest: node.get_attr::<usize>("min_gram_length")?,
        longest: node.get_attr::<usize>("max_gram_length")?,
        skips: node.get_attr::<usize>("max_skip_count")?,
        columns,
        kind: pool.datum_type(),
        items: Keys::default(),
        edges: Keys::default(),
        ends: vec![None],
    };
    ensure!(
        (1..=vectorizer.longest).contains(&vectorizer.shortest),
        "its n-grams have lengths from {} to {}",
        vectorizer.shortest,
        vectorizer.longest
    );
    let mut items = vec![];
    keys::each(&pool, vectorizer.kind, &mut |key| {
        items.push(vectorizer.items.number(key));
        Ok(())
    })?;
    let starts: Vec<usize> = node.get_attr_vec("ngram_counts")?;
    let stops = starts.iter().copied().skip(1).chain([items.len()]);
    let mut ends = indexes.into_iter().zip(weights);
    for (length, (start, stop)) in (1..).zip(starts.iter().copied().zip(stops)) {
        let grams = items.get(start..stop).context("its ngram_counts are beyond its pool")?;
        ensure!(grams.len().is_multiple_of(length), "its pool holds a part of an n-gram");
        for (gram, end) in grams.chunks_exact(length).zip(&mut ends) {
            if (vectorizer.shortest..=vectorizer.longest).contains(&length) {
                vectorizer.learn(gram, end);
            }
        }
    }
    built(vectorizer)
}

/// An edge of the tree, as a key.
fn edge(node: u32, item: u32) -> [u8; 8] {
    (u64::from(node) << 32 | u64::from(item)).to_le_bytes()
}

impl TfIdfVectorizer {
    fn learn(&mut self, gram: &[u32], own: (usize, f32)) {
        let mut node = 0;
        for &item in gram {
            // The root is no child, so that nodes are numbered from one.
            node = self.edges.number(&edge(node, item)) + 1;
            if self.ends.len() <= node as usize {
                self.ends.push(None);
            }
        }
        if let Some(end) = self.ends.get_mut(node as usize) {
            *end = Some(own);
        }
    }

    /// The child of a node, if there are n-grams that go on like that.
    fn step(&self, node: u32, item: Option<u32>) -> Option<u32> {
        self.edges.find(&edge(node, item?)).map(|child| child + 1)
    }

    fn count(&self, node: u32, counts: &mut [f32]) {
        let Some((column, weight)) = self.ends.get(node as usize).copied().flatten() else {
            return;
        };
        if let Some(count) = counts.get_mut(column) {
            *count = if self.counts == Counts::Any { weight } else { *count + weight };
        }
    }

    fn row(&self, items: &[Option<u32>], counts: &mut [f32]) {
        let mut shortest = self.shortest;
        // Single items are counted once, however many are skipped.
        if shortest == 1 {
            for node in items.iter().filter_map(|item| self.step(0, *item)) {
                self.count(node, counts);
            }
            shortest = 2;
        }
        if shortest > self.longest {
            return;
        }
        for distance in 1..=self.skips + 1 {
            let starts = items.len().saturating_sub(distance * (shortest - 1));
            for start in 0..starts {
                let mut node = 0;
                let gram = items.iter().skip(start).step_by(distance).take(self.longest);
                for (length, item) in (1..).zip(gram) {
                    let Some(next) = self.step(node, *item) else { break };
                    node = next;
                    if length >= shortest {
                        self.count(node, counts);
                    }
                }
            }
        }
    }
}

impl Operator for TfIdfVectorizer {
    fn name(&self) -> &'static str {
        "TfIdfVectorizer"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        Ok(tvec!((f32::datum_type(), shape(&input.shape, self.columns.to_dim())?)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let mut items = Vec::with_capacity(input.len());
        keys::each(input, self.kind, &mut |key| {
            items.push(self.items.find(key));
            Ok(())
        })?;
        let shape = shape(input.shape(), self.columns)?;
        let mut output = Tensor::zero::<f32>(&shape)?;
        let length = input.shape().last().copied().unwrap_or(1);
        let mut plain = output.try_as_plain_ram_mut()?;
        let rows = plain.as_slice_mut::<f32>()?.chunks_exact_mut(self.columns);
        // Rows without items are no chunks, but all zeros already.
        for (items, counts) in items.chunks_exact(length.max(1)).zip(rows) {
            self.row(items, counts);
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

/// A row of counts for each row of items.
fn shape<D: DimLike>(input: &[D], columns: D) -> TractResult<TVec<D>> {
    Ok(match input {
        [] | [_] => tvec!(columns),
        [rows, _] => tvec!(rows.clone(), columns),
        _ => bail!("its input has {} dimensions, it should have two", input.len()),
    })
}
