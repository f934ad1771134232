//! Which of many boxes are left: the best ones, and none that overlaps a better one
//! too much.

use super::candidates::Candidate;

/// Greedy non-maximum suppression: from the best to the worst, a box is left if it
/// overlaps none that is left already by more than `threshold`, counted by
/// intersection over union. Boxes of different classes displace each other only
/// with `across_classes`. At most `most` are left. Of equal scores the one of the
/// first anchor is better.
pub(super) fn best(
    mut all: Vec<Candidate>,
    threshold: f64,
    across_classes: bool,
    most: usize,
) -> Vec<Candidate> {
    all.sort_unstable_by(|one, other| {
        let by_score = other.score.total_cmp(&one.score);
        by_score.then(one.anchor.cmp(&other.anchor)).then(one.class.cmp(&other.class))
    });
    let mut left: Vec<Candidate> = Vec::new();
    for candidate in all {
        if left.len() == most {
            break;
        }
        let displaces = |better: &Candidate| {
            (across_classes || better.class == candidate.class)
                && overlap(&better.corners, &candidate.corners) > threshold
        };
        if !left.iter().any(displaces) {
            left.push(candidate);
        }
    }
    left
}

/// Intersection over union. Boxes without an area overlap nothing.
fn overlap(one: &[f64; 4], other: &[f64; 4]) -> f64 {
    let [left, top, right, bottom] = one;
    let [other_left, other_top, other_right, other_bottom] = other;
    let width = right.min(*other_right) - left.max(*other_left);
    let height = bottom.min(*other_bottom) - top.max(*other_top);
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let both = width * height;
    both / (area(one) + area(other) - both)
}

fn area([left, top, right, bottom]: &[f64; 4]) -> f64 {
    (right - left) * (bottom - top)
}
