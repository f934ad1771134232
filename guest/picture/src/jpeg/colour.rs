//! From the components of a JPEG to red, green and blue: libjpeg's `jdcolor` in
//! the same fixed point and, for printers' colours, Pillow's way from CMYK.

use crate::lanes::{Lanes, interleaved};

/// What the components of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    Gray,
    Rgb,
    YCbCr,
    /// As Adobe writes it, inverted; Pillow takes every CMYK to be so.
    Cmyk,
    Ycck,
}

/// Four numbers each of red, green and blue: 1.402, 0.34414, 0.71414 and 1.772 are
/// parts of 65,536.
#[inline]
fn rgb_of_four([y, cb, cr]: [Lanes; 3]) -> [Lanes; 3] {
    let middle = Lanes::splat(128);
    let (cb, cr) = (cb - middle, cr - middle);
    [
        y + (cr * 91_881).rounded::<16>(),
        y + (cb * -22_554 - cr * 46_802).rounded::<16>(),
        y + (cb * 116_130).rounded::<16>(),
    ]
}

/// Eight pixels, side by side.
#[inline]
fn rgb_of_eight(samples: [&[u8; 8]; 3]) -> [[u8; 3]; 8] {
    let [y, cb, cr] = samples.map(Lanes::widened);
    let ([y0, y1], [cb0, cb1], [cr0, cr1]) = (y, cb, cr);
    let [r0, g0, b0] = rgb_of_four([y0, cb0, cr0]);
    let [r1, g1, b1] = rgb_of_four([y1, cb1, cr1]);
    interleaved([Lanes::bytes(r0, r1), Lanes::bytes(g0, g1), Lanes::bytes(b0, b1)])
}

/// A row of pixels from rows of samples that may be longer.
fn ycc(rows: [&[u8]; 3], pixels: &mut [[u8; 3]]) {
    let rows = rows.map(|row| row.get(..pixels.len()).unwrap_or(row).as_chunks::<8>());
    let [(y, last_y), (cb, last_cb), (cr, last_cr)] = rows;
    let (eights, last) = pixels.as_chunks_mut::<8>();
    for (((out, y), cb), cr) in eights.iter_mut().zip(y).zip(cb).zip(cr) {
        *out = rgb_of_eight([y, cb, cr]);
    }
    // What is left, filled up to eight.
    let [y, cb, cr] = [last_y, last_cb, last_cr].map(|rest| {
        let mut eight = [0; 8];
        eight.iter_mut().zip(rest).for_each(|(slot, &sample)| *slot = sample);
        eight
    });
    for (slot, pixel) in last.iter_mut().zip(rgb_of_eight([&y, &cb, &cr])) {
        *slot = pixel;
    }
}

/// A row of the picture from a row of each component.
pub(super) fn convert(colours: Colours, rows: [&[u8]; 4], out: &mut [u8]) {
    let [first, second, third, fourth] = rows;
    if colours == Colours::Gray {
        for (pixel, &sample) in out.iter_mut().zip(first) {
            *pixel = sample;
        }
        return;
    }
    let (pixels, _) = out.as_chunks_mut::<3>();
    match colours {
        Colours::Gray => {}
        Colours::Rgb | Colours::Cmyk => {
            for (((pixel, &r), &g), &b) in pixels.iter_mut().zip(first).zip(second).zip(third) {
                *pixel = [r, g, b];
            }
        }
        Colours::YCbCr | Colours::Ycck => ycc([first, second, third], pixels),
    }
    if let Colours::Cmyk | Colours::Ycck = colours {
        // In files, inks are inverted, but of what is YCC.
        let flip = if colours == Colours::Cmyk { 255 } else { 0 };
        for (pixel, &k) in pixels.iter_mut().zip(fourth) {
            *pixel = pixel.map(|ink| dried(ink ^ flip, k));
        }
    }
}

/// What is left of the light that black lets through, after `ink` took its share.
#[inline]
fn dried(ink: u8, light: u8) -> u8 {
    let product = u32::from(ink) * u32::from(light) + 128;
    light.saturating_sub((((product >> 8) + product) >> 8) as u8)
}
