//! A text on its way to tokens: one string, and the spans of it that are left to
//! encode or are tokens already. Steps cut spans or rewrite the string as a whole,
//! so that no word is allocated by itself.

/// A part of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: usize,
    end: usize,
    /// What it is, if that is settled.
    pub token: Option<u32>,
    /// Whether it is where the text begins, which is where `Metaspace` with the
    /// scheme `first` adds a space.
    pub first: bool,
}

/// The text and its spans.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    text: String,
    pub spans: Vec<Span>,
}

impl Pieces {
    /// Appends what is left to encode.
    pub fn push_text(&mut self, text: &str, first: bool) {
        if !text.is_empty() {
            let start = self.text.len();
            self.text.push_str(text);
            self.spans.push(Span { start, end: self.text.len(), token: None, first });
        }
    }

    /// Appends a token.
    pub fn push_token(&mut self, token: u32) {
        let start = self.text.len();
        self.spans.push(Span { start, end: start, token: Some(token), first: false });
    }

    pub fn text(&self, span: &Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Cuts every span: `cut` appends the ranges to keep.
    pub fn split(
        &mut self,
        mut cut: impl FnMut(&str, &mut Vec<(usize, usize)>) -> Result<(), crate::Error>,
    ) -> Result<(), crate::Error> {
        let mut spans = Vec::with_capacity(self.spans.len() * 2);
        let mut ranges = Vec::new();
        for span in &self.spans {
            if span.token.is_some() {
                spans.push(*span);
                continue;
            }
            ranges.clear();
            cut(self.text(span), &mut ranges)?;
            spans.extend(ranges.iter().filter(|(start, end)| start < end).map(|(start, end)| {
                Span {
                    start: span.start + start,
                    end: span.start + end,
                    token: None,
                    first: span.first && *start == 0,
                }
            }));
        }
        self.spans = spans;
        Ok(())
    }

    /// Rewrites every span: `write` appends the new text, and is told whether the
    /// span is the first.
    pub fn rewrite(&mut self, mut write: impl FnMut(&str, bool, &mut String)) {
        let mut text = String::with_capacity(self.text.len() + self.text.len() / 4 + 8);
        let mut spans = std::mem::take(&mut self.spans);
        for span in &mut spans {
            let start = text.len();
            if span.token.is_none() {
                write(self.text(span), span.first, &mut text);
            }
            (span.start, span.end) = (start, text.len());
        }
        self.text = text;
        self.spans = spans;
    }
}
