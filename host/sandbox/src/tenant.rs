//! What the host keeps for one instance: its budget and, where it was granted
//! anything, what it reaches outside of itself.

use crate::limits::Budget;
use crate::wasi::Outside;

/// The store's data.
pub struct Tenant {
    pub budget: Budget,
    /// None for modules that import nothing, which is most of them.
    pub outside: Option<Box<Outside>>,
}
