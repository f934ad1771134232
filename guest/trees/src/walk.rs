//! The loop where the time goes: eight walks in lockstep, either of eight rows
//! down one tree or of one row down eight trees. A step has no branch, so there is
//! none to mispredict, and eight walks are what it takes to keep a processor busy
//! while each of them waits for two loads in a row.

use crate::node::Node;

/// Walks at a time.
pub(crate) const LANES: usize = 8;

/// Levels between two looks at whether all have arrived. It saves the deepest
/// levels of unbalanced trees, and is not worth the while at every level.
const LEVELS: u32 = 4;

/// Where eight walks of `depth` levels end, which begin at `at`. Lane `l` looks at
/// value `l * STRIDE` of each slot.
///
/// # Safety
/// Every node that can be reached must be in memory. For each of them, `slots`
/// must be good for reads at its offset, of lane 0, or of all if `STRIDE` is 1.
#[inline(always)]
pub(crate) unsafe fn walk<N: Node, const STRIDE: usize>(
    mut at: [*const N; LANES],
    slots: *const N::Value,
    depth: u32,
) -> [*const N; LANES] {
    let mut levels = depth;
    while levels > 0 {
        let some = levels.min(LEVELS);
        for _ in 0..some {
            for (lane, at) in at.iter_mut().enumerate() {
                // SAFETY: the caller's promise.
                *at = unsafe { step(*at, slots.add(lane * STRIDE)) };
            }
        }
        levels -= some;
        // SAFETY: the caller's promise.
        if levels > 0 && at.iter().fold(0, |all, &at| all | unsafe { (*at).distance() }) == 0 {
            break;
        }
    }
    at
}

/// # Safety
/// As for `walk`.
#[inline(always)]
unsafe fn step<N: Node>(at: *const N, slots: *const N::Value) -> *const N {
    // SAFETY: the caller's promise.
    unsafe {
        let node = &*at;
        let x = *slots.byte_add(node.offset());
        at.add(node.distance() + usize::from(x <= node.value()))
    }
}
