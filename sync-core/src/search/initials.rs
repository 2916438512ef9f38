//! The first letters of Chinese names in Pinyin, as people type them: `wxm` for 王小明.

/// The sets of first letters that characters have.
static SETS: &[&str] = &include!(concat!(env!("OUT_DIR"), "/initials.sets"));
/// For each character of the block, which of them, in two bytes.
static INDEX: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/initials.index"));
const FIRST: u32 = 0x4E00;
/// Names have so many characters.
const NAME_CHARS: std::ops::RangeInclusive<usize> = 2..=6;
/// A name whose characters are read in several ways has no more than so many.
const MAX_WAYS: usize = 8;

/// The first letters of a character's readings; none of what is no common Chinese character.
fn letters(c: char) -> Option<&'static str> {
    let at = 2 * usize::try_from(u32::from(c).checked_sub(FIRST)?).ok()?;
    let two = INDEX.get(at..at + 2)?.try_into().ok()?;
    let set = SETS.get(usize::from(u16::from_le_bytes(two)))?;
    (!set.is_empty()).then_some(set)
}

/// The ways to write one run of characters by first letters.
fn ways(run: &[&str]) -> Vec<String> {
    let mut ways = vec![String::new()];
    for set in run {
        let more: Vec<String> = ways
            .iter()
            .flat_map(|way| set.chars().map(move |letter| format!("{way}{letter}")))
            .collect();
        ways = more;
        ways.truncate(MAX_WAYS);
    }
    ways
}

/// The first letters of what may be names in a text: of each run of two to six Chinese characters,
/// and of the same without its first, which is how a person is called by their given name.
pub(super) fn initials(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut run: Vec<&'static str> = Vec::new();
    for c in text.chars().map(Some).chain([None]) {
        if let Some(set) = c.and_then(letters) {
            run.push(set);
            continue;
        }
        if NAME_CHARS.contains(&run.len()) {
            found.extend(ways(&run));
            if run.len() > *NAME_CHARS.start() {
                found.extend(ways(&run[1..]));
            }
        }
        run.clear();
    }
    found.sort_unstable();
    found.dedup();
    found
}
