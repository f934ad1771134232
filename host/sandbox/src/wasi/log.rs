//! What a guest prints, line by line in the host's log under the target `guest`.
//! One call may print so much and no more: a log is not a way out for data, nor
//! may it fill the disk.

use outpost_package::Manifest;

/// What one call may print.
const MOST_BYTES: usize = 8 << 10;
/// What a line costs beside its bytes, for all that the log adds to it.
const LINE_COST: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

pub struct Log {
    model: String,
    version: String,
    /// Lines that have not ended yet.
    out: Vec<u8>,
    err: Vec<u8>,
    left: usize,
}

impl Log {
    pub fn new(manifest: &Manifest) -> Self {
        let (model, version) = (manifest.name.clone(), manifest.version.clone());
        Log { model, version, out: Vec::new(), err: Vec::new(), left: MOST_BYTES }
    }

    /// Begins another call, with nothing printed.
    pub fn begin(&mut self) {
        self.end_line(Stream::Out);
        self.end_line(Stream::Err);
        self.left = MOST_BYTES;
    }

    pub fn write(&mut self, stream: Stream, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.left == 0 {
                return;
            }
            let (line, ends) = match piece.strip_suffix(b"\n") {
                Some(line) => (line, true),
                None => (piece, false),
            };
            let fits = line.get(..self.left).unwrap_or(line);
            self.left -= fits.len();
            self.line(stream).extend_from_slice(fits);
            if ends {
                self.left = self.left.saturating_sub(LINE_COST);
            }
            if ends || self.left == 0 {
                self.end_line(stream);
            }
            if self.left == 0 {
                let Log { model, version, .. } = self;
                tracing::warn!(
                    target: "guest",
                    model, version,
                    "it printed more than {} KiB in one call; the rest is left out",
                    MOST_BYTES >> 10,
                );
            }
        }
    }

    fn line(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        }
    }

    fn end_line(&mut self, stream: Stream) {
        let line = std::mem::take(self.line(stream));
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        let Log { model, version, .. } = self;
        let stream = match stream {
            Stream::Out => "stdout",
            Stream::Err => "stderr",
        };
        // As a value of its own, in quotes, so that nothing in it passes for the host's
        // words or is obeyed by a terminal.
        tracing::info!(target: "guest", model, version, stream, line, "printed");
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.begin();
    }
}
