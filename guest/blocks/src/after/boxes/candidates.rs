//! From a detector's tensors to boxes with a class and a score, in whichever order
//! its dimensions are and however it tells a box.

use crate::after::port::unlike;
use crate::numbers::{Float, Lane, elements};
use crate::stated::listed;
use outpost_guest::{Error, Tensor, TensorSpec};
use serde::Deserialize;

/// The order of the last two dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Layout {
    /// [N, 4 + C, A].
    AnchorsLast,
    /// [N, A, 4 + C].
    AnchorsFirst,
}

/// How four numbers tell a box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// The centre, width and height.
    #[default]
    Cxcywh,
    /// The left upper corner, width and height.
    Xywh,
    /// The left upper and the right lower corner.
    Xyxy,
}

/// A box that may be an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    /// Left, top, right, bottom.
    pub corners: [f64; 4],
    pub class: usize,
    pub score: f64,
    pub anchor: usize,
}

/// How the tensors are to be understood.
pub(super) struct Reader {
    pub layout: Layout,
    pub format: Format,
    pub objectness: bool,
    pub multi_label: bool,
    /// What a score must be above.
    pub threshold: f64,
}

impl Layout {
    /// As the descriptions show it: four numbers make a box, a detector's classes do
    /// not vary, and are fewer than its anchors.
    pub fn of(boxes: &TensorSpec, scores: Option<&TensorSpec>) -> Result<Self, String> {
        let &[_, one, other] = boxes.shape.as_slice() else { return Err(not_three(boxes)) };
        if scores.is_some() {
            match (one == 4, other == 4) {
                (true, false) => return Ok(Layout::AnchorsLast),
                (false, true) => return Ok(Layout::AnchorsFirst),
                _ => {}
            }
        } else {
            match (one >= 0, other >= 0) {
                (true, false) => return Ok(Layout::AnchorsLast),
                (false, true) => return Ok(Layout::AnchorsFirst),
                (true, true) if one < other => return Ok(Layout::AnchorsLast),
                (true, true) if one > other => return Ok(Layout::AnchorsFirst),
                _ => {}
            }
        }
        Err(format!(
            "{} could be either way round; give `layout`, as \"anchors_last\" or \"anchors_first\"",
            listed(std::slice::from_ref(boxes))
        ))
    }

    /// Channels and anchors of [N, channels, anchors], or the other way round.
    fn sorted<T>(self, one: T, other: T) -> (T, T) {
        match self {
            Layout::AnchorsLast => (one, other),
            Layout::AnchorsFirst => (other, one),
        }
    }
}

fn not_three(spec: &TensorSpec) -> String {
    format!(
        "{} has not the three dimensions [N, 4 + C, A] or [N, A, 4 + C]",
        listed(std::slice::from_ref(spec))
    )
}

impl Reader {
    /// How many classes there are by the descriptions, -1 if they do not say so.
    pub fn classes(&self, boxes: &TensorSpec, scores: Option<&TensorSpec>) -> Result<i64, String> {
        let channels = |spec: &TensorSpec| match *spec.shape {
            [_, one, other] => Ok(self.layout.sorted(one, other)),
            _ => Err(not_three(spec)),
        };
        let before = i64::from(self.objectness) + if scores.is_some() { 0 } else { 4 };
        let (of_boxes, anchors) = channels(boxes)?;
        let of_scores = match scores {
            None => of_boxes,
            Some(scores) => {
                let (of_scores, as_many) = channels(scores)?;
                if (of_boxes >= 0 && of_boxes != 4)
                    || (anchors >= 0 && as_many >= 0 && anchors != as_many)
                {
                    return Err(format!(
                        "{} do not fit together as [N, 4, A] and [N, C, A], or [N, A, 4] and \
                         [N, A, C]",
                        listed(&[boxes.clone(), scores.clone()])
                    ));
                }
                of_scores
            }
        };
        if of_scores < 0 {
            return Ok(-1);
        }
        let classes = of_scores - before;
        if classes < 1 {
            return Err(format!(
                "{} has {of_scores} numbers for an anchor, too few for a box and a class; give \
                 `layout` if they are the wrong way round",
                listed(std::slice::from_ref(scores.unwrap_or(boxes)))
            ));
        }
        Ok(classes)
    }

    /// The boxes of each picture that may be objects, in no order.
    ///
    /// # Errors
    /// If the model gave tensors that do not fit together.
    pub fn read<'a>(
        &'a self,
        (boxes, float): (&'a Tensor, Float),
        scores: Option<(&'a Tensor, Float)>,
    ) -> Result<impl Iterator<Item = Vec<Candidate>> + 'a, Error> {
        let corners = Plane::of(boxes, float, self.layout)?;
        let (scored, first) = match scores {
            None => (corners, 4),
            Some((scores, float)) => (Plane::of(scores, float, self.layout)?, 0),
        };
        if corners.channels < 4
            || (scored.pictures, scored.anchors) != (corners.pictures, corners.anchors)
        {
            return Err(unlike(&boxes.name));
        }
        Ok((0..corners.pictures).map(move |picture| {
            let mut found = self.scored(scored, first, picture);
            self.place(corners, picture, &mut found);
            found
        }))
    }

    /// What is above the threshold, without its corners.
    fn scored(&self, plane: Plane<'_>, first: usize, picture: usize) -> Vec<Candidate> {
        let candidate =
            |anchor, class, score| Candidate { corners: [0.0; 4], class, score, anchor };
        let mut objects = Vec::new();
        if self.objectness {
            plane.read(picture, first, &mut objects);
        }
        let first = first + usize::from(self.objectness);
        let mut numbers = Vec::new();
        let mut found = Vec::new();
        let mut best = vec![(self.threshold, 0); if self.multi_label { 0 } else { plane.anchors }];
        for (class, channel) in (first..plane.channels).enumerate() {
            plane.read(picture, channel, &mut numbers);
            if self.objectness {
                let pairs = numbers.iter_mut().zip(&objects);
                pairs.for_each(|(score, object)| *score = plane.float.rounded(*score * object));
            }
            if self.multi_label {
                let scores = numbers.iter().enumerate();
                let above = scores.filter(|(_, score)| **score > self.threshold);
                found.extend(above.map(|(anchor, &score)| candidate(anchor, class, score)));
            } else {
                for (best, &score) in best.iter_mut().zip(&numbers) {
                    if score > best.0 {
                        *best = (score, class);
                    }
                }
            }
        }
        let best = best.into_iter().enumerate().filter(|(_, (score, _))| *score > self.threshold);
        found.extend(best.map(|(anchor, (score, class))| candidate(anchor, class, score)));
        found
    }

    /// Gives them their corners; those whose corners are not finite are dropped.
    fn place(&self, plane: Plane<'_>, picture: usize, found: &mut Vec<Candidate>) {
        if found.is_empty() {
            return;
        }
        let mut channels: [Vec<f64>; 4] = Default::default();
        for (channel, numbers) in channels.iter_mut().enumerate() {
            plane.read(picture, channel, numbers);
        }
        for candidate in &mut *found {
            let [a, b, c, d] = channels
                .each_ref()
                .map(|numbers| numbers.get(candidate.anchor).copied().unwrap_or(f64::NAN));
            candidate.corners = match self.format {
                Format::Xyxy => [a, b, c, d],
                Format::Xywh => [a, b, a + c, b + d],
                Format::Cxcywh => [a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0],
            };
        }
        found.retain(|candidate| candidate.corners.iter().all(|corner| corner.is_finite()));
    }
}

/// A tensor of channels by anchors, for each picture.
#[derive(Clone, Copy)]
struct Plane<'a> {
    data: &'a [u8],
    float: Float,
    layout: Layout,
    pictures: usize,
    channels: usize,
    anchors: usize,
}

impl<'a> Plane<'a> {
    fn of(tensor: &'a Tensor, float: Float, layout: Layout) -> Result<Self, Error> {
        let &[pictures, one, other] = tensor.shape.as_slice() else {
            return Err(unlike(&tensor.name));
        };
        let (channels, anchors) = layout.sorted(one, other);
        let extent = |extent| elements(&[extent]).ok_or_else(|| unlike(&tensor.name));
        let (channels, anchors) = (extent(channels)?, extent(anchors)?);
        // Of nothing there could be endlessly much.
        let anchors = if tensor.data.is_empty() { 0 } else { anchors };
        let channels = if anchors == 0 { channels.min(4) } else { channels };
        Ok(Plane {
            data: &tensor.data,
            float,
            layout,
            pictures: extent(pictures)?,
            channels,
            anchors,
        })
    }

    /// The numbers of a channel, one for each anchor.
    fn read(&self, picture: usize, channel: usize, into: &mut Vec<f64>) {
        let start = picture * self.channels * self.anchors;
        let count = self.anchors;
        let lane = match self.layout {
            Layout::AnchorsLast => Lane { start: start + channel * self.anchors, step: 1, count },
            Layout::AnchorsFirst => Lane { start: start + channel, step: self.channels, count },
        };
        self.float.read(self.data, lane, into);
    }
}
