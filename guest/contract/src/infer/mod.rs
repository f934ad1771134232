//! Guesses a contract from data.
/// A.
pub struct Profile;
