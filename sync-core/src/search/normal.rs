//! The normal forms of Unicode: by tables, or in a browser by its own, which need not be loaded then.
//!
//! Unicode never changes the forms of a character that it has: who knows an older version differs in
//! characters that it does not know, and in no other.

/// A normal form.
#[cfg_attr(
    not(target_family = "wasm"),
    expect(unreachable_pub, reason = "browsers alone are given one from outside")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormalForm {
    /// Put together.
    Nfc,
    /// Put together, what is only written differently made the same.
    Nfkc,
    /// Taken apart, what is only written differently made the same.
    Nfkd,
}

#[cfg(not(target_family = "wasm"))]
pub(super) fn normal(text: &str, form: NormalForm) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    match form {
        NormalForm::Nfc => text.nfc().collect(),
        NormalForm::Nfkc => text.nfkc().collect(),
        NormalForm::Nfkd => text.nfkd().collect(),
    }
}

/// Gives a text its normal form.
#[cfg(target_family = "wasm")]
pub type Normalizer = fn(&str, NormalForm) -> String;

#[cfg(target_family = "wasm")]
static BROWSERS: std::sync::OnceLock<Normalizer> = std::sync::OnceLock::new();

/// Says by what texts get their normal form; until then they stay as they are.
#[cfg(target_family = "wasm")]
pub fn normalize_by(normalizer: Normalizer) {
    // The first stays: an instance has one browser.
    let _ = BROWSERS.set(normalizer);
}

#[cfg(target_family = "wasm")]
pub(super) fn normal(text: &str, form: NormalForm) -> String {
    let normalizer = BROWSERS.get();
    normalizer.map_or_else(|| text.to_owned(), |normalizer| normalizer(text, form))
}
