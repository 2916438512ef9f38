//! The body of the fuzz target in `tests/fuzz`, run over seeded mutants and the golden bodies.
#![allow(
    clippy::disallowed_methods,
    reason = "a test asks the environment for its long form, its seed, or whom to play"
)]

use std::fs;
use std::path::Path;

use crate::common::{Rng, fuzz};

/// About ten seconds on one core.
const MUTANTS: u64 = 8_000;
/// Of so many for each case of the laws, when `GRIDFOLD_CASES` says how many: emulated machines are slow.
const MUTANTS_A_CASE: u64 = 50;

fn mutants() -> u64 {
    let cases = std::env::var("GRIDFOLD_CASES").ok();
    cases
        .and_then(|text| text.parse::<u64>().ok())
        .map_or(MUTANTS, |cases| (cases * MUTANTS_A_CASE).min(MUTANTS))
}

#[test]
fn mutants_neither_panic_nor_leave_a_row_that_is_no_fold() {
    let (mut admitted, mut whole) = (0, 0);
    let mutants = mutants();
    for seed in 0..mutants {
        // The seed is printed with the panic of whatever goes wrong inside.
        let seed = Seed(seed);
        let n = fuzz::run(&fuzz::mutant(&mut Rng(seed.0)));
        admitted += n;
        whole += usize::from(n > 0);
    }
    println!("{admitted} entries admitted, of {whole} bodies in {mutants}");
    assert!(
        whole > mutants as usize / 4,
        "only {whole} bodies had an admitted entry"
    );
}

/// Says which seed it was when a test panics.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.0);
        }
    }
}

#[test]
fn golden_bodies_and_their_prefixes_do_not_panic() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut r = Rng(11);
    for file in fs::read_dir(dir).unwrap() {
        let digits: Vec<u8> = fs::read(file.unwrap().path()).unwrap();
        let digit = |b: &u8| char::from(*b).to_digit(16).map(|d| d as u8);
        let nibbles: Vec<u8> = digits.iter().filter_map(digit).collect();
        let bytes: Vec<u8> = nibbles.chunks_exact(2).map(|p| p[0] << 4 | p[1]).collect();
        fuzz::run(&bytes);
        for version in [1, 2, 3] {
            let mut body = [&[version, 0], bytes.as_slice()].concat();
            for _ in 0..200 {
                let at = r.below(body.len());
                body[at] = r.next() as u8;
                fuzz::run(&body);
                fuzz::run(&body[..at]);
            }
        }
    }
}
