//! An expression as steps, and how a text is searched with them.

use super::parse::{Class, Part, Place, is_word, parse};
use std::ops::Range;
use tract_onnx::tract_hir::internal::*;

/// An expression made ready.
#[derive(Debug)]
pub struct Pattern {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    /// Takes a character of the set.
    Take(Set),
    At(Place),
    /// Goes on in both places.
    Fork(usize, usize),
    Found,
}

/// Characters, those of ASCII by bits.
#[derive(Debug)]
struct Set {
    ascii: u128,
    class: Class,
}

/// As many steps, or parts that lead to none, as an expression may have.
const STEPS: usize = 50_000;
const TOO_LARGE: &str = "an expression is too large: it repeats too much";

/// What a search needs, kept from one to the next.
#[derive(Debug, Default)]
pub struct Scratch {
    now: Vec<State>,
    next: Vec<State>,
    /// The position at which each step was last reached, counted from one.
    seen: Vec<usize>,
    pending: Vec<usize>,
}

/// A step that waits for a character, and where its match began.
type State = (usize, usize);

impl Pattern {
    /// # Errors
    /// If the expression is not understood, or too large.
    pub fn new(expression: &str) -> TractResult<Self> {
        let mut pattern = Pattern { steps: vec![] };
        pattern.append(&parse(expression)?, &mut 0)?;
        pattern.steps.push(Step::Found);
        Ok(pattern)
    }

    fn push(&mut self, step: Step) -> TractResult<usize> {
        ensure!(self.steps.len() < STEPS, TOO_LARGE);
        self.steps.push(step);
        Ok(self.steps.len() - 1)
    }

    /// Makes a fork go on after the last step too.
    fn land(&mut self, fork: usize) {
        let end = self.steps.len();
        if let Some(Step::Fork(_, other)) = self.steps.get_mut(fork) {
            *other = end;
        }
    }

    fn fork(&mut self) -> TractResult<usize> {
        let next = self.steps.len() + 1;
        self.push(Step::Fork(next, next))
    }

    /// Adds the steps of a part; `parts` counts, as repetitions of nothing take
    /// time too.
    fn append(&mut self, part: &Part, parts: &mut usize) -> TractResult<()> {
        *parts += 1;
        ensure!(*parts < STEPS, TOO_LARGE);
        match part {
            Part::Characters(class) => {
                let ascii = (0..128u8).filter(|c| class.holds(char::from(*c)));
                let ascii = ascii.fold(0, |bits, c| bits | 1u128 << c);
                self.push(Step::Take(Set { ascii, class: class.clone() }))?;
            }
            Part::At(place) => {
                self.push(Step::At(*place))?;
            }
            Part::All(all) => all.iter().try_for_each(|part| self.append(part, parts))?,
            Part::Any(any) => {
                let mut ends = vec![];
                for (index, part) in any.iter().enumerate() {
                    let fork = if index + 1 < any.len() { Some(self.fork()?) } else { None };
                    self.append(part, parts)?;
                    if let Some(fork) = fork {
                        ends.push(self.fork()?);
                        self.land(fork);
                    }
                }
                // The end of an alternative goes on behind the last one only.
                let end = self.steps.len();
                for fork in ends {
                    if let Some(step) = self.steps.get_mut(fork) {
                        *step = Step::Fork(end, end);
                    }
                }
            }
            Part::Repeated(part, least, most) => {
                for _ in 0..*least {
                    self.append(part, parts)?;
                }
                match most {
                    None => {
                        let fork = self.fork()?;
                        self.append(part, parts)?;
                        self.push(Step::Fork(fork, fork))?;
                        self.land(fork);
                    }
                    Some(most) => {
                        let mut forks = vec![];
                        for _ in *least..*most {
                            forks.push(self.fork()?);
                            self.append(part, parts)?;
                        }
                        forks.into_iter().for_each(|fork| self.land(fork));
                    }
                }
            }
        }
        Ok(())
    }

    /// The leftmost match from a position on, and of those the longest.
    pub fn find(&self, text: &str, from: usize, scratch: &mut Scratch) -> Option<Range<usize>> {
        let (head, tail) = text.split_at_checked(from)?;
        let Scratch { now, next, seen, pending } = scratch;
        now.clear();
        seen.clear();
        seen.resize(self.steps.len(), 0);
        let mut found: Option<Range<usize>> = None;
        let mut before = head.chars().next_back();
        let mut rest = tail.chars();
        let mut at = from;
        loop {
            let after = rest.clone().next();
            // States are in the order of their starts, and a new one is the last,
            // so that who reaches a step first began first.
            if found.is_none()
                && let Some(end) = self.follow(0, at, (at, before, after), now, seen, pending)
            {
                found = Some(end..end);
            }
            let Some(c) = after.filter(|_| !now.is_empty() || found.is_none()) else { break };
            at += c.len_utf8();
            before = Some(c);
            rest.next();
            let after = rest.clone().next();
            next.clear();
            for &(step, start) in now.iter() {
                // What began later than a match cannot be the leftmost.
                if found.as_ref().is_some_and(|found| found.start < start) {
                    break;
                }
                let Some(Step::Take(set)) = self.steps.get(step) else { continue };
                if set.holds(c) {
                    let end =
                        self.follow(step + 1, start, (at, before, after), next, seen, pending);
                    found = end.map(|end| start..end).or(found);
                }
            }
            std::mem::swap(now, next);
        }
        found
    }

    /// Adds the steps that wait for a character after this one; the position, if
    /// a match ends there.
    fn follow(
        &self,
        step: usize,
        start: usize,
        (at, before, after): (usize, Option<char>, Option<char>),
        states: &mut Vec<State>,
        seen: &mut [usize],
        pending: &mut Vec<usize>,
    ) -> Option<usize> {
        let mut found = None;
        pending.push(step);
        while let Some(step) = pending.pop() {
            match seen.get_mut(step) {
                Some(seen) if *seen != at + 1 => *seen = at + 1,
                _ => continue,
            }
            match self.steps.get(step) {
                Some(Step::Take(_)) => states.push((step, start)),
                Some(Step::At(place)) if place.holds(before, after) => pending.push(step + 1),
                Some(Step::Fork(one, other)) => pending.extend([*other, *one]),
                Some(Step::Found) => found = Some(at),
                _ => (),
            }
        }
        found
    }
}

impl Set {
    fn holds(&self, c: char) -> bool {
        if c.is_ascii() { self.ascii >> c as u32 & 1 == 1 } else { self.class.holds(c) }
    }
}

impl Place {
    fn holds(self, before: Option<char>, after: Option<char>) -> bool {
        let edge = before.is_some_and(is_word) != after.is_some_and(is_word);
        match self {
            Place::TextStart => before.is_none(),
            Place::TextEnd => after.is_none(),
            Place::LineStart => before.is_none_or(|c| c == '\n'),
            Place::LineEnd => after.is_none_or(|c| c == '\n'),
            Place::WordEdge => edge,
            Place::NoWordEdge => !edge,
        }
    }
}
