//! From the text of an expression to its tree.

use tract_onnx::tract_hir::internal::*;

/// A part of an expression.
#[derive(Clone, Debug)]
pub enum Part {
    Characters(Class),
    At(Place),
    All(Vec<Part>),
    Any(Vec<Part>),
    /// At least so often, at most so often.
    Repeated(Box<Part>, u32, Option<u32>),
}

/// A set of characters: ranges, and whether it is what they do not hold.
#[derive(Clone, Debug, Default)]
pub struct Class {
    ranges: Vec<(char, char)>,
    negated: bool,
}

/// A condition on a position.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    WordEdge,
    NoWordEdge,
}

impl Class {
    pub fn holds(&self, c: char) -> bool {
        self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != self.negated
    }

    fn add(&mut self, from: char, to: char) {
        self.ranges.push((from, to));
    }

    /// Adds another set, which may be a negated one.
    fn join(&mut self, other: &Class) {
        if !other.negated {
            self.ranges.extend(&other.ranges);
            return;
        }
        let mut ranges = other.ranges.clone();
        ranges.sort_unstable();
        let mut next = Some('\0');
        for (from, to) in ranges {
            let Some(free) = next else { return };
            if let Some(last) = before(from).filter(|last| *last >= free) {
                self.add(free, last);
            }
            next = if to >= free { following(to) } else { next };
        }
        if let Some(free) = next {
            self.add(free, char::MAX);
        }
    }

    /// Letters in both cases: of ASCII in ranges, of any script alone.
    fn fold(&mut self) {
        let both = |c: char| [c.to_lowercase().next(), c.to_uppercase().next()];
        for (from, to) in self.ranges.clone() {
            if from == to {
                both(from).into_iter().flatten().for_each(|c| self.add(c, c));
            }
            for (start, end) in [('a', 'z'), ('A', 'Z')] {
                let (first, last) = (from.max(start), to.min(end));
                if first <= last {
                    let turned = |c: char| char::from(c as u8 ^ 0x20);
                    self.add(turned(first), turned(last));
                }
            }
        }
    }
}

fn before(c: char) -> Option<char> {
    ('\0'..c).next_back()
}

fn following(c: char) -> Option<char> {
    (c..=char::MAX).nth(1)
}

/// How deep groups may be nested.
const DEPTH: usize = 100;
/// How often a part may be asked to repeat, as in RE2.
const TIMES: u32 = 1000;

/// # Errors
/// If it is no expression, or not one that is understood.
pub fn parse(expression: &str) -> TractResult<Part> {
    let mut parser = Parser { rest: expression, flags: Flags::default(), depth: 0 };
    let part = parser.any().with_context(|| format!("the expression {expression:?}"))?;
    ensure!(parser.rest.is_empty(), "the expression {expression:?}: a bracket is closed too often");
    Ok(part)
}

#[derive(Clone, Copy, Default)]
struct Flags {
    fold: bool,
    lines: bool,
    dot_all: bool,
}

struct Parser<'a> {
    rest: &'a str,
    flags: Flags,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Up to a bracket that closes; flags hold until there.
    fn any(&mut self) -> TractResult<Part> {
        ensure!(self.depth < DEPTH, "its groups are nested too deep");
        self.depth += 1;
        let flags = self.flags;
        let mut parts = vec![self.all()?];
        while self.eat("|") {
            parts.push(self.all()?);
        }
        self.flags = flags;
        self.depth -= 1;
        Ok(if let [_] = *parts { parts.remove(0) } else { Part::Any(parts) })
    }

    fn all(&mut self) -> TractResult<Part> {
        let mut parts = vec![];
        while let Some(c) = self.peek() {
            if matches!(c, '|' | ')') {
                break;
            }
            if self.eat("\\Q") {
                let (quoted, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.rest = rest;
                parts.extend(quoted.chars().map(|c| self.one(c)));
                continue;
            }
            let Some(part) = self.single()? else { continue };
            parts.push(self.repeated(part)?);
        }
        Ok(Part::All(parts))
    }

    fn one(&self, c: char) -> Part {
        let mut class = Class::default();
        class.add(c, c);
        self.characters(class)
    }

    fn characters(&self, mut class: Class) -> Part {
        if self.flags.fold {
            class.fold();
        }
        Part::Characters(class)
    }

    /// What a repetition applies to; nothing if it was flags only.
    fn single(&mut self) -> TractResult<Option<Part>> {
        let Some(c) = self.next() else { return Ok(None) };
        Ok(Some(match c {
            '(' => return self.group(),
            '[' => {
                let class = self.class()?;
                self.characters(class)
            }
            '.' => {
                let mut class = Class { negated: true, ..Class::default() };
                if !self.flags.dot_all {
                    class.add('\n', '\n');
                }
                Part::Characters(class)
            }
            '^' => Part::At(if self.flags.lines { Place::LineStart } else { Place::TextStart }),
            '$' => Part::At(if self.flags.lines { Place::LineEnd } else { Place::TextEnd }),
            '*' | '+' | '?' => bail!("there is nothing for `{c}` to repeat"),
            '\\' => match self.peek() {
                Some('b') => self.place(Place::WordEdge),
                Some('B') => self.place(Place::NoWordEdge),
                Some('A') => self.place(Place::TextStart),
                Some('z') => self.place(Place::TextEnd),
                _ => {
                    let class = self.escape()?;
                    self.characters(class)
                }
            },
            c => self.one(c),
        }))
    }

    fn place(&mut self, place: Place) -> Part {
        self.next();
        Part::At(place)
    }

    fn group(&mut self) -> TractResult<Option<Part>> {
        let outer = self.flags;
        if self.eat("?P<") || self.eat("?<") {
            let named = self.rest.split_once('>').context("the name of a group does not end")?;
            self.rest = named.1;
        } else if self.eat("?") {
            let mut on = true;
            loop {
                match self.next() {
                    Some('-') => on = false,
                    Some('i') => self.flags.fold = on,
                    Some('m') => self.flags.lines = on,
                    Some('s') => self.flags.dot_all = on,
                    // Greed is for first matches, these are the longest.
                    Some('U') => (),
                    // Flags of the group around this, up to its end.
                    Some(')') => return Ok(None),
                    Some(':') => break,
                    _ => bail!("it has a group that is not understood: (?…"),
                }
            }
        }
        let part = self.any()?;
        ensure!(self.eat(")"), "a bracket is not closed");
        self.flags = outer;
        Ok(Some(part))
    }

    fn repeated(&mut self, mut part: Part) -> TractResult<Part> {
        loop {
            let before = self.rest;
            let (least, most) = match self.next() {
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('?') => (0, Some(1)),
                Some('{') => match self.times() {
                    Some(times) => times,
                    // As in RE2, what is no count is a character.
                    None => {
                        self.rest = before;
                        return Ok(part);
                    }
                },
                _ => {
                    self.rest = before;
                    return Ok(part);
                }
            };
            let fits = |times: u32| times <= TIMES && least <= times;
            ensure!(
                most.map_or(least <= TIMES, fits),
                "it repeats a part from {least} to {most:?} times"
            );
            // The shortest is not asked for.
            self.eat("?");
            part = Part::Repeated(Box::new(part), least, most);
        }
    }

    /// `{2}`, `{2,}` or `{2,3}` after its first bracket.
    fn times(&mut self) -> Option<(u32, Option<u32>)> {
        let (times, rest) = self.rest.split_once('}')?;
        let times = match times.split_once(',') {
            Some((least, "")) => (least.parse().ok()?, None),
            Some((least, most)) => (least.parse().ok()?, Some(most.parse().ok()?)),
            None => (times.parse().ok()?, Some(times.parse().ok()?)),
        };
        self.rest = rest;
        Some(times)
    }

    /// `[…]` after its first bracket.
    fn class(&mut self) -> TractResult<Class> {
        let mut class = Class { negated: self.eat("^"), ..Class::default() };
        // A bracket that closes is a character if it is the first.
        let mut first = true;
        while std::mem::take(&mut first) || !self.eat("]") {
            if let Some(named) = self.named()? {
                class.join(&named);
                continue;
            }
            let start = self.member()?;
            let Some(from) = single(&start) else {
                class.join(&start);
                continue;
            };
            let mut to = from;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.next();
                to = single(&self.member()?).context("a range ends in a class")?;
                ensure!(from <= to, "a range goes from {from:?} to {to:?}");
            }
            class.add(from, to);
        }
        Ok(class)
    }

    fn member(&mut self) -> TractResult<Class> {
        let c = self.next().context("a square bracket is not closed")?;
        if c == '\\' {
            return self.escape();
        }
        let mut class = Class::default();
        class.add(c, c);
        Ok(class)
    }

    /// `[:alpha:]`, within square brackets.
    fn named(&mut self) -> TractResult<Option<Class>> {
        if !self.eat("[:") {
            return Ok(None);
        }
        let (name, rest) =
            self.rest.split_once(":]").context("the name of a class does not end")?;
        self.rest = rest;
        let (negated, name) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
        let ranges: &[(char, char)] = match name {
            "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
            "alpha" => &[('A', 'Z'), ('a', 'z')],
            "ascii" => &[('\0', '\x7f')],
            "blank" => &[('\t', '\t'), (' ', ' ')],
            "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
            "digit" => &[('0', '9')],
            "graph" => &[('!', '~')],
            "lower" => &[('a', 'z')],
            "print" => &[(' ', '~')],
            "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
            "space" => &[('\t', '\r'), (' ', ' ')],
            "upper" => &[('A', 'Z')],
            "word" => &WORD,
            "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
            _ => bail!("there is no class {name}"),
        };
        Ok(Some(Class { ranges: ranges.into(), negated }))
    }

    /// What follows a backslash, where it stands for characters.
    fn escape(&mut self) -> TractResult<Class> {
        let c = self.next().context("it ends in a backslash")?;
        let ranges: &[(char, char)] = match c.to_ascii_lowercase() {
            'd' => &[('0', '9')],
            'w' => &WORD,
            's' => &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
            _ => {
                let one = match c {
                    'a' => '\x07',
                    'f' => '\x0c',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'v' => '\x0b',
                    'x' => {
                        self.hexadecimal().context("after \\x there is no character's number")?
                    }
                    c if !c.is_ascii_alphanumeric() => c,
                    c => bail!("\\{c} is not understood: Unicode classes for one are not"),
                };
                return Ok(Class { ranges: vec![(one, one)], negated: false });
            }
        };
        Ok(Class { ranges: ranges.into(), negated: c.is_ascii_uppercase() })
    }

    /// `62` or `{1F600}`.
    fn hexadecimal(&mut self) -> Option<char> {
        let (digits, rest) = match self.rest.strip_prefix('{') {
            Some(rest) => rest.split_once('}')?,
            None => self.rest.split_at_checked(2)?,
        };
        self.rest = rest;
        char::from_u32(u32::from_str_radix(digits, 16).ok()?)
    }
}

const WORD: [(char, char); 4] = [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

/// The one character of a set.
fn single(class: &Class) -> Option<char> {
    match *class.ranges {
        [(from, to)] if from == to && !class.negated => Some(from),
        _ => None,
    }
}

/// Whether a character is part of a word, for its edges.
pub fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
