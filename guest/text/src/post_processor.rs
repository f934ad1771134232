//! The tokens around a text, and which of the two texts of a pair a token is of.

use crate::Error;
use crate::json::Part;

/// The ids of a text, or of what is added around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence {
    pub ids: Vec<u32>,
    pub types: Vec<u32>,
}

impl Sequence {
    pub fn new(ids: Vec<u32>, kind: u32) -> Self {
        Self { types: vec![kind; ids.len()], ids }
    }

    fn around(&mut self, before: Option<u32>, after: u32, kind: u32) {
        if let Some(before) = before {
            self.ids.insert(0, before);
            self.types.insert(0, kind);
        }
        self.ids.push(after);
        self.types.push(kind);
    }
}

/// The post-processors of a file, in order.
#[derive(Debug, Default)]
pub(crate) struct PostProcessors(Vec<PostProcessor>);

#[derive(Debug)]
enum PostProcessor {
    Bert { cls: u32, sep: u32 },
    Roberta { cls: u32, sep: u32 },
    Template { single: Vec<Piece>, pair: Vec<Piece> },
}

#[derive(Debug)]
enum Piece {
    Text { second: bool, kind: u32 },
    Tokens { ids: Vec<u32>, kind: u32 },
}

impl PostProcessors {
    pub fn read(part: Option<Part>) -> Result<Self, Error> {
        let mut all = Vec::new();
        if let Some(part) = part {
            read(&part, &mut all)?;
            // `tokenizers` itself stops on what the first one leaves to the second.
            if all.len() > 1 {
                return Err(part.unsupported("several post-processors that add tokens"));
            }
        }
        Ok(Self(all))
    }

    /// How many tokens are added.
    pub fn added(&self, pair: bool) -> usize {
        let added = |post_processor: &PostProcessor| match post_processor {
            PostProcessor::Bert { .. } => 2 + usize::from(pair),
            PostProcessor::Roberta { .. } => 2 + 2 * usize::from(pair),
            PostProcessor::Template { single, pair: both } => {
                let pieces = if pair { both } else { single };
                pieces.iter().map(Piece::added).sum()
            }
        };
        self.0.iter().map(added).sum()
    }

    /// A row from a text or two.
    pub fn apply(&self, first: Sequence, second: Option<Sequence>, add: bool) -> Sequence {
        let (mut first, mut second) = (first, second);
        for post_processor in &self.0 {
            match post_processor {
                PostProcessor::Bert { cls, sep } if add => {
                    first.around(Some(*cls), *sep, 0);
                    if let Some(second) = &mut second {
                        second.around(None, *sep, 1);
                    }
                }
                PostProcessor::Bert { .. } => {}
                PostProcessor::Roberta { cls, sep } => {
                    if let Some(second) = &mut second {
                        second.types.fill(0);
                        if add {
                            second.around(Some(*sep), *sep, 0);
                        }
                    }
                    if add {
                        first.around(Some(*cls), *sep, 0);
                    }
                }
                PostProcessor::Template { single, pair } => {
                    let pieces = if second.is_some() { pair } else { single };
                    (first, second) = (template(pieces, &first, second.as_ref(), add), None);
                }
            }
        }
        if let Some(second) = second {
            first.ids.extend(second.ids);
            first.types.extend(second.types);
        }
        first
    }
}

fn read(part: &Part, all: &mut Vec<PostProcessor>) -> Result<(), Error> {
    let token = |key: &str| {
        let id = part.array(key)?.get(1).and_then(serde_json::Value::as_u64);
        let id = id.and_then(|id| u32::try_from(id).ok());
        id.ok_or_else(|| part.invalid(format!("{key} has no id")))
    };
    match part.kind()? {
        "Sequence" => part.parts("processors")?.iter().try_for_each(|part| read(part, all))?,
        // It adds nothing, and only offsets are different after it.
        "ByteLevel" => {}
        "BertProcessing" => {
            all.push(PostProcessor::Bert { cls: token("cls")?, sep: token("sep")? });
        }
        "RobertaProcessing" => {
            all.push(PostProcessor::Roberta { cls: token("cls")?, sep: token("sep")? });
        }
        "TemplateProcessing" => all.push(PostProcessor::Template {
            single: pieces(part, "single")?,
            pair: pieces(part, "pair")?,
        }),
        other => return Err(part.unsupported(format!("the post-processor {other:?}"))),
    }
    Ok(())
}

fn pieces(part: &Part, key: &str) -> Result<Vec<Piece>, Error> {
    part.parts(key)?.iter().map(|piece| self::piece(part, piece)).collect()
}

fn piece(template: &Part, part: &Part) -> Result<Piece, Error> {
    if let Some(text) = part.part("Sequence") {
        let second = match text.text("id")? {
            "A" => false,
            "B" => true,
            other => return Err(text.unsupported(format!("the sequence {other:?}"))),
        };
        return Ok(Piece::Text { second, kind: text.id("type_id")?.unwrap_or(0) });
    }
    let token = part.part("SpecialToken");
    let token = token.ok_or_else(|| part.unsupported("a piece that is no sequence or token"))?;
    let name = token.text("id")?;
    let tokens = template.part("special_tokens");
    let described = tokens.and_then(|tokens| tokens.part(name));
    let described =
        described.ok_or_else(|| token.invalid(format!("{name:?} is not in special_tokens")))?;
    let ids = described.array("ids")?.iter().map(|id| {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
        id.ok_or_else(|| described.invalid("ids has something else"))
    });
    let ids = ids.collect::<Result<_, _>>()?;
    Ok(Piece::Tokens { ids, kind: token.id("type_id")?.unwrap_or(0) })
}

impl Piece {
    fn added(&self) -> usize {
        match self {
            Piece::Text { .. } => 0,
            Piece::Tokens { ids, .. } => ids.len(),
        }
    }
}

fn template(pieces: &[Piece], first: &Sequence, second: Option<&Sequence>, add: bool) -> Sequence {
    let mut out = Sequence::default();
    for piece in pieces {
        let (ids, kind) = match piece {
            Piece::Text { second: false, kind } => (Some(&first.ids), kind),
            Piece::Text { second: true, kind } => (second.map(|second| &second.ids), kind),
            Piece::Tokens { ids, kind } => (add.then_some(ids), kind),
        };
        out.ids.extend(ids.into_iter().flatten());
        out.types.resize(out.ids.len(), *kind);
    }
    out
}
