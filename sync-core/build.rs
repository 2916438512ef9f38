//! Puts the first letters of the Pinyin of each common Chinese character into the core: two tables of
//! some 50 KB instead of all readings with their tones, which a phone has no use for.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "what a build cannot make ends it, with the reason"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use pinyin::ToPinyinMulti as _;

/// The block of the unified ideographs, which has those of names.
const BLOCK: std::ops::RangeInclusive<u32> = 0x4E00..=0x9FFF;

/// The first letters of a character's readings, each once, in the order of the alphabet.
fn letters(code: u32) -> String {
    let readings = char::from_u32(code).and_then(|c| c.to_pinyin_multi());
    let letters: BTreeSet<char> = readings
        .into_iter()
        .flatten()
        .filter_map(|reading| reading.plain().chars().next())
        .filter(char::is_ascii_lowercase)
        .collect();
    letters.into_iter().collect()
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let of: Vec<String> = BLOCK.map(letters).collect();
    // None comes first.
    let sets: Vec<&String> = of.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let index: Vec<u8> = of
        .iter()
        .map(|set| sets.binary_search(&set).expect("each set is among them"))
        .map(|at| u16::try_from(at).expect("there are fewer sets than characters"))
        .flat_map(u16::to_le_bytes)
        .collect();
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo says where"));
    fs::write(out.join("initials.index"), index).expect("the table is written");
    fs::write(out.join("initials.sets"), format!("{sets:?}")).expect("the table is written");
}
