//! Texts for people: they stand in the catalogues, in both languages, and nowhere in the code.
//!
//! The server says a text of its own by `said!("key", place = value, …)`. What is read here is every such place of its
//! source, and what the catalogue says under that key.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use gridfold_sync_core::notice::{Texts, places};
use gridfold_sync_core::schema::Label;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Ident, Item, LitChar, LitStr, Macro, Meta, Token};

use super::rooms::is_test_item;
use super::{files, root};

/// Rooms whose code says no text itself.
const ROOMS: [&str; 3] = ["sync-core/src", "server/src", "client-ffi/src"];
/// Files that may have Chinese in a literal, each with its reason.
const CHINESE: [(&str, &str); 9] = [
    ("server/src/import/areas.rs", HEADINGS),
    ("server/src/import/calendar.rs", HEADINGS),
    ("server/src/import/catalogue.rs", HEADINGS),
    ("server/src/import/duration.rs", HEADINGS),
    ("server/src/import/matter_row.rs", HEADINGS),
    ("server/src/import/plans.rs", HEADINGS),
    (
        "server/src/routes/receipts/page.rs",
        "the name of the other language, in itself",
    ),
    (
        "sync-core/src/directory/catalogue.rs",
        "names of the urgencies of a catalogue that names none, in both languages",
    ),
    (
        "sync-core/src/receipt_number.rs",
        "digits as people write them and signs between them",
    ),
];
const HEADINGS: &str = "headings and words that files of others have, which an import knows";
/// The texts that phones say too.
const CORE: &str = "sync-core/src/notice";
/// What the server alone says.
const SERVER: &str = "server/src/words";

/// Ideographs, and the signs between them.
fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
        || "！（），：；？".contains(c)
}

/// A text that is said: its key, and what is given for its places.
struct Said {
    key: LitStr,
    given: Vec<(Ident, Expr)>,
}

impl Parse for Said {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = input.parse()?;
        let mut given = Vec::new();
        while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            let place = input.parse()?;
            input.parse::<Token![=]>()?;
            given.push((place, input.parse()?));
        }
        Ok(Self { key, given })
    }
}

/// What is read of one file, tests left out.
#[derive(Default)]
struct Found {
    chinese: Vec<String>,
    said: Vec<(String, BTreeSet<String>)>,
    /// All texts of the code, as keys may be handed on.
    literals: BTreeSet<String>,
    /// What could not be read.
    unread: Vec<String>,
}

impl Found {
    fn read(text: &str) -> Self {
        let mut found = Self::default();
        found.visit_file(&syn::parse_file(text).unwrap());
        found
    }

    fn look(&mut self, text: &str) {
        if text.contains(is_chinese) {
            self.chinese.push(text.chars().take(60).collect());
        }
    }
}

impl<'a> Visit<'a> for Found {
    fn visit_item(&mut self, item: &'a Item) {
        if !is_test_item(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_attribute(&mut self, of: &'a Attribute) {
        if let Meta::List(of) = &of.meta {
            self.look(&of.tokens.to_string());
        }
    }

    fn visit_lit_str(&mut self, of: &'a LitStr) {
        self.look(&of.value());
        self.literals.insert(of.value());
    }

    fn visit_lit_char(&mut self, of: &'a LitChar) {
        self.look(&of.value().to_string());
    }

    fn visit_macro(&mut self, of: &'a Macro) {
        let tokens = of.tokens.to_string();
        let name = of.path.segments.last().map(|s| s.ident.to_string());
        if name.as_deref() == Some("said") {
            self.look(&tokens);
            match of.parse_body::<Said>() {
                Ok(said) => {
                    let given = said.given.iter().map(|(place, _)| place.to_string());
                    self.said.push((said.key.value(), given.collect()));
                    for (_, value) in &said.given {
                        self.visit_expr(value);
                    }
                }
                Err(error) => self.unread.push(format!("said!({tokens}): {error}")),
            }
            return;
        }
        if name.as_deref() == Some("macro_rules") {
            return self.look(&tokens);
        }
        match of.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            Ok(given) => given.iter().for_each(|value| self.visit_expr(value)),
            // What is no list of values: only what stands in quotes is looked at.
            Err(_) => {
                self.look(&tokens);
                self.literals
                    .extend(tokens.split('"').skip(1).step_by(2).map(str::to_owned));
                if tokens.contains("said !") {
                    self.unread.push(tokens);
                }
            }
        }
    }
}

/// What is read of each file of the crates, by its path.
static ALL: LazyLock<BTreeMap<String, Found>> = LazyLock::new(|| {
    let root = root();
    let mut paths = Vec::new();
    for room in ROOMS {
        files(&root.join(room), ".rs", &mut paths);
    }
    let name = |path: &std::path::Path| path.strip_prefix(&root).unwrap().display().to_string();
    let read = |path: &std::path::PathBuf| {
        let found = Found::read(&fs::read_to_string(path).unwrap());
        (name(path), found)
    };
    let all: BTreeMap<_, _> = paths.iter().map(read).collect();
    assert!(all.len() > 50, "the walk found the sources");
    all
});

/// The texts of a folder, each key once.
fn texts(folder: &str) -> Texts {
    let mut paths = Vec::new();
    files(&root().join(folder), ".json", &mut paths);
    assert!(!paths.is_empty(), "{folder} has texts");
    let read: Vec<String> = paths
        .iter()
        .map(|p| fs::read_to_string(p).unwrap())
        .collect();
    let files: Vec<&str> = read.iter().map(String::as_str).collect();
    let texts = Texts::read(&files);
    let keys = files.iter().flat_map(|file| file.lines());
    let keys = keys.filter(|line| line.trim_end().ends_with("\": {"));
    assert_eq!(
        keys.count(),
        texts.iter().count(),
        "{folder}: each key once, on a line with its brace, and every file of texts can be read"
    );
    texts
}

fn each_says_the_same(texts: &Texts) -> Vec<String> {
    let is_whole = |Label { zh, en }: &Label| {
        !zh.is_empty() && !en.is_empty() && places(zh) == places(en) && !en.contains(is_chinese)
    };
    let wrong = texts.iter().filter(|(_, label)| !is_whole(label));
    wrong
        .map(|(key, label)| format!("{key}: {label:?}"))
        .collect()
}

#[test]
fn no_text_for_people_stands_in_the_code() {
    let mut wrong = Vec::new();
    let mut allowed = BTreeSet::new();
    for (name, found) in &*ALL {
        if found.chinese.is_empty() {
            continue;
        }
        match CHINESE.iter().find(|(file, _)| file == name) {
            Some((file, _)) => _ = allowed.insert(*file),
            None => wrong.extend(found.chinese.iter().map(|text| format!("{name}: {text}"))),
        }
    }
    assert!(
        wrong.is_empty(),
        "in the code instead of a catalogue: {wrong:#?}"
    );
    assert_eq!(
        allowed.len(),
        CHINESE.len(),
        "some of {CHINESE:?} has none any more: take it off the list"
    );
}

#[test]
fn chinese_is_found_in_literals_macros_and_attributes_but_not_in_tests_and_comments() {
    let here = [
        "fn a() -> &'static str { \"网格\" }",
        "fn a() -> char { '、' }",
        "fn a(n: u8) -> String { format!(\"共 {n} 项\") }",
        "macro_rules! a { () => { \"网格\" } }",
        "#[error(\"网格\")] struct A;",
        "fn a() { matches!(x, Some(\"网格\") if true); }",
    ];
    for text in here {
        assert_eq!(Found::read(text).chinese.len(), 1, "{text}");
    }
    let elsewhere =
        "/// 网格\nfn a() {} // 网格\n#[cfg(test)] mod tests { const A: &str = \"网格\"; }";
    assert_eq!(Found::read(elsewhere).chinese, Vec::<String>::new());
}

#[test]
fn what_the_server_says_stands_in_its_catalogue_with_the_same_places() {
    let texts = texts(SERVER);
    let mut wrong = each_says_the_same(&texts);
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for (name, found) in &*ALL {
        wrong.extend(found.unread.iter().map(|why| format!("{name}: {why}")));
        for (key, given) in &found.said {
            match texts.get(key) {
                None => wrong.push(format!("{name}: there is no {key}")),
                Some(label) if !places(&label.zh).into_iter().eq(given) => {
                    wrong.push(format!("{name}: {key} is given {given:?}: {label:?}"));
                }
                Some(_) => {}
            }
            used.insert(key);
        }
    }
    let unused = texts.iter().filter(|(key, _)| !used.contains(key));
    wrong.extend(unused.map(|(key, _)| format!("nobody says {key}")));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_text_of_the_core_says_the_same_in_both_languages_and_is_asked_for() {
    let texts = texts(CORE);
    let mut wrong = each_says_the_same(&texts);
    let is_named = |key: &str| ALL.values().any(|found| found.literals.contains(key));
    let unused = texts.iter().filter(|(key, _)| !is_named(key));
    wrong.extend(unused.map(|(key, _)| format!("nobody says {key}")));
    assert!(wrong.is_empty(), "{wrong:#?}");
}
