//! JPEG: baseline, extended and progressive, of 8 bits and Huffman-coded, with the
//! pixels of libjpeg-turbo and thus of Pillow, bit for bit. Own code, because the
//! crates have other pixels: of a photograph in 4:2:0, zune-jpeg has 28 % of the
//! numbers otherwise, and jpeg-decoder 8 %, by up to 4.
//!
//! `frame` says how large everything is, `bits` and `huffman` read symbols, `scan`
//! and `progressive` make coefficients of them, `idct` samples of these, `plane`
//! stretches the samples, and `colour` makes pixels. Here is what is left: the
//! segments of a file.

mod bits;
mod colour;
mod frame;
mod huffman;
mod idct;
mod plane;
mod progressive;
mod scan;

use crate::error::Error;
use crate::limits::Limits;
use crate::orientation;
use crate::picture::{Channels, Picture};
use colour::Colours;
use frame::Frame;
use huffman::Huffman;
use plane::Scratch;
use progressive::Progressive;
use scan::{Part, Sequential, ZIGZAG};

const CUT_SHORT: Error = Error::Corrupt("a JPEG ends before its picture does");
const NO_TABLE: Error = Error::Corrupt("a JPEG has not the tables that it uses");
const NO_SCAN: Error = Error::Corrupt("a JPEG's scan header is not one");

/// Four times the scans that encoders make: each costs time by the picture's size,
/// and hardly any byte.
const MAX_SCANS: usize = 40;

/// What the segments of a file have said so far.
struct Segments<'a> {
    frame: Option<Frame>,
    tables: [Option<[i16; 64]>; 4],
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
    interval: usize,
    jfif: bool,
    /// The transform in Adobe's segment.
    adobe: Option<u8>,
    exif: Option<&'a [u8]>,
    xmp: Option<&'a [u8]>,
}

/// The picture of a file that begins as a JPEG does: gray if it has one component,
/// else of red, green and blue.
pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, Error> {
    let mut segments = Segments {
        frame: None,
        tables: [None; 4],
        dc: [const { None }; 4],
        ac: [const { None }; 4],
        interval: 0,
        jfif: false,
        adobe: None,
        exif: None,
        xmp: None,
    };
    let mut rest = bytes.get(2..).unwrap_or_default();
    let mut scans = 0;
    let mut complete = false;
    loop {
        let marker;
        (marker, rest) = bits::next_marker(rest).ok_or(CUT_SHORT)?;
        match marker {
            0xD9 => break,
            // Markers without a segment.
            0x01 | 0xD0..=0xD8 => continue,
            _ => {}
        }
        let segment;
        (segment, rest) = split_segment(rest)?;
        if marker != 0xDA {
            segments.read(marker, segment, rest.len(), limits)?;
        } else if !complete {
            scans += 1;
            if scans > MAX_SCANS {
                return Err(Error::Unsupported("it is a JPEG of too many scans; save it anew"));
            }
            (complete, rest) = segments.scan(segment, rest)?;
        }
    }
    let colours = segments.colours();
    let mut frame = segments.frame.ok_or(CUT_SHORT)?;
    frame.finish()?;
    let picture = output(&frame, colours);
    Ok(picture.lying(orientation::find(segments.exif, segments.xmp)))
}

/// A segment without its length, and what follows it.
fn split_segment(bytes: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let (&length, _) = bytes.split_first_chunk::<2>().ok_or(CUT_SHORT)?;
    let length = usize::from(u16::from_be_bytes(length));
    let (segment, rest) = bytes.split_at_checked(length).ok_or(CUT_SHORT)?;
    let segment = segment.get(2..).ok_or(Error::Corrupt("a JPEG has a segment without length"))?;
    Ok((segment, rest))
}

impl<'a> Segments<'a> {
    /// Takes from a segment what is of use; `rest` is how many bytes follow.
    fn read(
        &mut self,
        marker: u8,
        segment: &'a [u8],
        rest: usize,
        limits: &Limits,
    ) -> Result<(), Error> {
        match marker {
            0xC0..=0xC2 if self.frame.is_some() => {
                return Err(Error::Corrupt("a JPEG has two frames"));
            }
            0xC0..=0xC2 => self.frame = Some(Frame::new(segment, marker == 0xC2, rest, limits)?),
            0xC4 => self.huffman(segment)?,
            0xC9..=0xCB | 0xCD..=0xCF => {
                return Err(Error::Unsupported("it is an arithmetic-coded JPEG; save it anew"));
            }
            0xC3 | 0xC5..=0xC8 => {
                return Err(Error::Unsupported("it is a lossless JPEG; save it anew"));
            }
            0xDB => self.quantisation(segment)?,
            0xDD => {
                let &[high, low] = segment else {
                    return Err(Error::Corrupt("a JPEG's restart interval is not one"));
                };
                self.interval = u16::from_be_bytes([high, low]).into();
            }
            0xE0 => self.jfif |= segment.len() >= 14 && segment.starts_with(b"JFIF\0"),
            0xE1 => {
                if self.exif.is_none() {
                    self.exif = segment.strip_prefix(b"Exif\0\0");
                }
                if let Some(xmp) = segment.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
                    self.xmp = Some(xmp);
                }
            }
            0xEE if segment.starts_with(b"Adobe") => {
                self.adobe = segment.get(11).copied().or(self.adobe);
            }
            _ => {}
        }
        Ok(())
    }

    fn huffman(&mut self, mut segment: &[u8]) -> Result<(), Error> {
        const INVALID: Error = Error::Corrupt("a JPEG's Huffman tables are cut short");
        while let Some((&kind, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(INVALID)?;
            let length = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(length).ok_or(INVALID)?;
            segment = rest;
            let tables = if kind & 0x10 == 0 { &mut self.dc } else { &mut self.ac };
            let slot = tables.get_mut(usize::from(kind & !0x10)).ok_or(INVALID)?;
            if kind & 0x10 == 0 && symbols.iter().any(|&size| size > 15) {
                return Err(INVALID);
            }
            *slot = Some(Huffman::new(counts, symbols)?);
        }
        Ok(())
    }

    fn quantisation(&mut self, mut segment: &[u8]) -> Result<(), Error> {
        const INVALID: Error = Error::Corrupt("a JPEG's quantisation tables are cut short");
        while let Some((&kind, rest)) = segment.split_first() {
            let size = if kind >> 4 == 0 { 1 } else { 2 };
            let (values, rest) = rest.split_at_checked(64 * size).ok_or(INVALID)?;
            segment = rest;
            let mut table = [0_i16; 64];
            for (value, place) in values.chunks_exact(size).zip(ZIGZAG) {
                if let Some(slot) = table.get_mut(usize::from(place)) {
                    *slot = value.iter().fold(0, |sum, &byte| sum << 8 | i16::from(byte));
                }
            }
            *self.tables.get_mut(usize::from(kind & 15)).ok_or(INVALID)? = Some(table);
        }
        Ok(())
    }

    /// Reads a scan. Returns whether nothing can follow that changes the picture,
    /// and what follows.
    fn scan(&mut self, header: &[u8], data: &'a [u8]) -> Result<(bool, &'a [u8]), Error> {
        let frame = self.frame.as_mut().ok_or(NO_SCAN)?;
        let (&count, header) = header.split_first().ok_or(NO_SCAN)?;
        let (selectors, band) = header.split_at_checked(2 * usize::from(count)).ok_or(NO_SCAN)?;
        let &band = band.first_chunk::<3>().ok_or(NO_SCAN)?;
        let mut progressive = None;
        if frame.progressive {
            progressive = Some(Progressive::new(band, count.into())?);
        }
        let (dc, ac) = progressive.as_ref().map_or((true, true), Progressive::needs);

        if !frame.components.iter().any(|component| component.scanned) {
            frame.allocate();
        }
        let mut parts: Vec<Part> = Vec::with_capacity(count.into());
        for &[id, tables] in selectors.as_chunks::<2>().0 {
            let found = frame.components.iter_mut().enumerate().find(|(_, other)| other.id == id);
            let (component, found) = found.ok_or(NO_SCAN)?;
            if parts.iter().any(|part| part.component == component) {
                return Err(NO_SCAN);
            }
            if !found.scanned {
                let table = self.tables.get(usize::from(found.table_number));
                found.table = table.copied().flatten().ok_or(NO_TABLE)?;
                found.scanned = true;
            }
            let table = |of: &[Option<Huffman>; 4], number: u8, needed: bool| {
                let table = of.get(usize::from(number)).cloned().flatten();
                if needed { table.map(Some).ok_or(NO_TABLE) } else { Ok(None) }
            };
            parts.push(Part {
                component,
                dc: table(&self.dc, tables >> 4, dc)?,
                ac: table(&self.ac, tables & 15, ac)?,
                predicted: 0,
            });
        }
        // libjpeg's limit, too: ten blocks in a unit.
        let area = |part: &Part| {
            frame.components.get(part.component).map_or(0, |it| it.sampling.0 * it.sampling.1)
        };
        if parts.is_empty() || (parts.len() > 1 && parts.iter().map(area).sum::<usize>() > 10) {
            return Err(NO_SCAN);
        }
        let complete = !frame.progressive && parts.len() == frame.components.len();
        let rest = match progressive {
            Some(mut coder) => scan::walk(data, frame, &mut parts, self.interval, &mut coder),
            None => scan::walk(data, frame, &mut parts, self.interval, &mut Sequential),
        }?;
        Ok((complete, rest))
    }

    /// What the components are, as libjpeg guesses it.
    fn colours(&self) -> Colours {
        let components = self.frame.as_ref().map_or(&[][..], |frame| &frame.components);
        match (components, self.adobe) {
            ([_], _) => Colours::Gray,
            ([_, _, _, _], None | Some(0)) => Colours::Cmyk,
            ([_, _, _, _], Some(_)) => Colours::Ycck,
            (_, Some(0)) if !self.jfif => Colours::Rgb,
            ([r, g, b], None) if !self.jfif && [r.id, g.id, b.id] == *b"RGB" => Colours::Rgb,
            _ => Colours::YCbCr,
        }
    }
}

/// The pixels of a frame whose scans are all read.
fn output(frame: &Frame, colours: Colours) -> Picture {
    let channels = if colours == Colours::Gray { Channels::Gray } else { Channels::Rgb };
    let length = frame.width * channels.count();
    let mut pixels = vec![0; length * frame.height];
    let mut scratches: [Scratch; 4] = Default::default();
    for (y, out) in pixels.chunks_exact_mut(length.max(1)).enumerate() {
        let mut rows = [&[][..]; 4];
        for ((row, scratch), component) in
            rows.iter_mut().zip(&mut scratches).zip(&frame.components)
        {
            *row = component.plane.row(y, component.stretch, scratch);
        }
        colour::convert(colours, rows, out);
    }
    Picture::of(frame.width, frame.height, channels, pixels)
}
