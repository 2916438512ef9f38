//! Search: the one rule by which phone and server find records, and the one order of names.
//!
//! **Folding** ([`fold()`]): full and half width, circled and compatibility characters are their plain form (NFKC), lower case, Latin letters without accents, white space one space. What is not seen (zero-width signs, variation selectors, control characters) is left out.
//!
//! **Words**: a Chinese, Japanese or Korean character is a word; other letters and digits that stand together are one; anything else only parts words. A number of 7 characters or more (a telephone, an identity card) is found by its end too, from 4 digits.
//!
//! **A query** ([`SearchQuery`]) is parted at white space. All its parts must be there, in any order and in any field; the first 16 count. The words of one part must follow each other within one field, and where its last word is not a Chinese, Japanese or Korean character a beginning is enough: `3号楼` finds `３号楼Ａ座` and not `13号楼`, `caf` finds `Café`, `幸福 10` finds `幸福里102`. A query of signs alone finds nothing, one of white space asks for nothing. The number of a resident's receipt is one word, in whichever groups, numerals and look-alike letters it was typed.
//!
//! **First letters**: a name is found by the first letters of its Pinyin too, `wxm` and `xm` for 王小明. A name is what stands together of two to six Chinese characters in a short text; of characters that are read in several ways each will do (`zxx` and `cxx` for 曾晓星), up to 8 for one name.
//!
//! **Order** ([`natural_key`]): names by their folded characters, numbers in them by what they count.
//!
//! What enters: texts and what a person typed. What leaves: strings to index, to compare and to look for. What never happens here: knowing who may read a text; traditional and simplified characters stay different.

mod fold;
mod initials;
mod normal;
mod order;
mod words;

pub use fold::{fold, fold_keeping_accents};
#[cfg(target_family = "wasm")]
pub use normal::{NormalForm, Normalizer, normalize_by};
pub use order::{NATURAL_KEY_CHARS, natural_key};
pub use words::{SearchPhrase, SearchQuery, SearchText, is_called};
