//! All tests of Outpost as its users meet it: the program on its command line
//! and its server on its socket. A module is a concept.

mod support;

mod blocks;
mod building;
mod cache;
mod contracts;
mod crafted;
mod demo;
mod determinism;
mod dispatching;

mod fixtures;
mod hostile;
mod inspecting;
mod instances;
mod languages;
mod lifecycle;
mod models;
mod protocol;
mod pruning;
mod queue;
mod running;
mod serving;
mod shrinking;
mod tidy;
mod usage;
mod wrapping;
mod zoo;
