//! QR codes as a terminal shows them.

use std::fmt::Write as _;

use qrcode::render::unicode::Dense1x2;
use qrcode::{Color, QrCode};

/// Light modules around a code, without which many readers do not find it.
const QUIET: usize = 4;
/// Black and white of the 256 colours, which no theme of a terminal changes as it does the first sixteen.
const BLACK: u8 = 16;
const WHITE: u8 = 231;

/// A code for a terminal, in colours of its own, so that it is black on white whatever the terminal's
/// are; for a file or a pipe, of which nobody knows the colours, light blocks on dark.
pub(super) fn drawn(code: &QrCode, terminal: bool) -> String {
    if terminal {
        return coloured(code);
    }
    code.render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build()
}

/// Two rows of modules in a row of characters: the upper one in the colour of the writing.
fn coloured(code: &QrCode) -> String {
    let (width, modules) = (code.width(), code.to_colors());
    let colour = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) if modules.get(y * width + x) == Some(&Color::Dark) => BLACK,
            _ => WHITE,
        }
    };
    let side = width + 2 * QUIET;
    let mut out = String::new();
    for y in (0..side).step_by(2) {
        let mut now = None;
        for x in 0..side {
            let pair = (colour(x, y), colour(x, y + 1));
            if now != Some(pair) {
                // Writing to a string does not fail.
                let _ = write!(out, "\x1b[38;5;{}m\x1b[48;5;{}m", pair.0, pair.1);
                now = Some(pair);
            }
            out.push('▀');
        }
        out.push_str("\x1b[0m\n");
    }
    out
}
