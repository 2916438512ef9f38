//! `docs/PROTOCOL.md` names the same limits, codes and tags as the code.

use std::collections::BTreeMap;
use std::fs;

use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::entry::RefusalCode;
use sha2::{Digest, Sha256};

const LIMITS: &str = include_str!("../src/limits.rs");
const PROTOCOL: &str = include_str!("../../docs/PROTOCOL.md");

/// `4 << 20`, `1_000` and the like.
fn value(text: &str) -> i64 {
    let number = |t: &str| t.trim().replace('_', "").parse::<i64>().unwrap();
    match text.split_once("<<") {
        Some((n, shift)) => number(n) << number(shift),
        None => number(text),
    }
}

#[test]
fn every_limit_is_in_the_protocol_with_its_number_and_no_other() {
    let constants: BTreeMap<&str, i64> = LIMITS
        .lines()
        .filter_map(|line| line.strip_prefix("pub const "))
        .map(|line| {
            let (name, rest) = line.split_once(':').unwrap();
            let (_, number) = rest.split_once('=').unwrap();
            (name, value(number.trim().trim_end_matches(';')))
        })
        .collect();
    assert!(constants.len() > 25, "{} constants read", constants.len());
    let listed: BTreeMap<&str, i64> = PROTOCOL
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| {
            let (name, rest) = line.split_once("` | ")?;
            let number = rest.split(" |").next()?.parse().ok()?;
            Some((name, number))
        })
        .collect();
    assert_eq!(listed, constants);
}

#[test]
fn every_refusal_is_in_the_protocol_with_its_number() {
    for code in RefusalCode::ALL {
        let row = format!("| {} | `{}` | ", *code as u8, code.as_str());
        assert!(PROTOCOL.contains(&row), "{row}");
    }
}

#[test]
fn every_name_of_a_limit_in_the_protocol_exists() {
    let named = PROTOCOL.split('`').filter(|w| w.starts_with("MAX_"));
    for name in named {
        let constant = format!("pub const {name}:");
        assert!(LIMITS.contains(&constant), "{name}");
    }
}

/// What stands for all golden bytes: their names and contents.
fn of_golden_bytes() -> String {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "hex"))
        .collect();
    files.sort();
    assert!(files.len() > 20, "{} files", files.len());
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.file_name().unwrap().as_encoded_bytes());
        hash.update(fs::read(&file).unwrap());
    }
    to_hex(&hash.finalize()[..8])
}

#[test]
fn the_protocol_was_read_again_when_the_wire_changed() {
    let now = of_golden_bytes();
    let line = format!("Golden bytes described here: `{now}`.");
    assert!(
        PROTOCOL.contains(&line),
        "the bytes of the wire changed: say so in docs/PROTOCOL.md, then let it end with\n{line}"
    );
}
