//! Rooms and the arrows between them: which file needs which, as the paths in it say.
//!
//! A *room* is a folder or file directly under a crate's `src`. An arrow goes from a file to each file
//! of the same crate that it names, through re-exports to the file that holds the thing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, UseTree, Visibility};

/// The path of a module inside its crate; the crate's root is empty.
pub(crate) type Module = Vec<String>;

/// The files of a crate and what each needs.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    uses: BTreeMap<Module, BTreeSet<Module>>,
}

/// What one file says.
#[derive(Default)]
struct Found {
    module: Module,
    /// Paths as they are written, with what the last part is called here when it is passed on.
    paths: Vec<(Vec<String>, Option<String>)>,
    children: BTreeSet<String>,
}

/// Whether attributes say that what they stand at is compiled for tests alone.
fn is_of_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|a| {
        a.path().is_ident("cfg")
            && a.parse_args::<syn::Ident>()
                .is_ok_and(|what| what == "test")
    })
}

/// Whether it is there for tests only.
pub(crate) fn is_test_item(item: &Item) -> bool {
    match item {
        Item::Mod(ItemMod { attrs, .. }) => is_of_tests(attrs),
        Item::Fn(of) => is_of_tests(&of.attrs),
        Item::Impl(of) => is_of_tests(&of.attrs),
        _ => false,
    }
}

impl Found {
    fn tree(&mut self, before: &[String], tree: &UseTree, passed_on: bool) {
        let mut path = before.to_vec();
        match tree {
            UseTree::Path(next) => {
                path.push(next.ident.to_string());
                self.tree(&path, &next.tree, passed_on);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(before, tree, passed_on);
                }
            }
            UseTree::Name(name) if name.ident == "self" => {
                let last = path.last().cloned();
                self.paths.push((path, last.filter(|_| passed_on)));
            }
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                self.paths
                    .push((path, passed_on.then(|| name.ident.to_string())));
            }
            UseTree::Rename(name) => {
                path.push(name.ident.to_string());
                self.paths
                    .push((path, passed_on.then(|| name.rename.to_string())));
            }
            UseTree::Glob(_) => self.paths.push((path, passed_on.then(|| "*".to_owned()))),
        }
    }
}

impl<'a> Visit<'a> for Found {
    fn visit_item(&mut self, item: &'a Item) {
        if !is_test_item(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        self.children.insert(item.ident.to_string());
        visit::visit_item_mod(self, item);
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        let passed_on = !matches!(item.vis, Visibility::Inherited);
        self.tree(&[], &item.tree, passed_on);
    }

    fn visit_visibility(&mut self, _: &'a Visibility) {
        // Who may see a thing is no need of it.
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let parts = path.segments.iter().map(|s| s.ident.to_string());
        self.paths.push((parts.collect(), None));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, of: &'a Macro) {
        // What a macro is given is no path yet; it reads like one.
        let text = of.tokens.to_string().replace(" :: ", "::");
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            if word.starts_with("crate::") || word.starts_with("super::") {
                let parts = word.split("::").map(str::to_owned);
                self.paths.push((parts.collect(), None));
            }
        }
        visit::visit_macro(self, of);
    }
}

/// Where a `mod` says itself that its file is.
fn path_of(of: &ItemMod) -> Option<String> {
    of.attrs.iter().find_map(|a| match &a.meta {
        syn::Meta::NameValue(said) if a.path().is_ident("path") => match &said.value {
            syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

fn absolute(module: &Module, path: &[String], children: &BTreeSet<String>) -> Option<Vec<String>> {
    match path.first().map(String::as_str)? {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module.as_slice(), &path[1..]].concat()),
        "super" => {
            let ups = path.iter().take_while(|p| *p == "super").count();
            let base = module.get(..module.len().checked_sub(ups)?)?;
            Some([base, &path[ups..]].concat())
        }
        first if children.contains(first) => Some([module.as_slice(), path].concat()),
        _ => None,
    }
}

impl Crate {
    /// Reads all files below a crate's `src`.
    pub(crate) fn read(src: &Path) -> Self {
        let mut found: BTreeMap<Module, Found> = BTreeMap::new();
        let mut paths = Vec::new();
        super::files(src, ".rs", &mut paths);
        for path in paths {
            let name = path.strip_prefix(src).unwrap().with_extension("");
            let mut module: Module = name
                .components()
                .map(|c| c.as_os_str().to_string_lossy().into_owned())
                .collect();
            match module.last().map(String::as_str) {
                Some("mod" | "lib") => _ = module.pop(),
                // A program of its own.
                Some("main") if module.len() == 1 => continue,
                _ if module.first().is_some_and(|first| first == "bin") => continue,
                _ => {}
            }
            let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            let mut of = Found {
                module: module.clone(),
                ..Found::default()
            };
            of.visit_file(&file);
            found.insert(module, of);
        }
        let mut passed_on: BTreeMap<Module, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        for of in found.values() {
            for (path, name) in &of.paths {
                let place = absolute(&of.module, path, &of.children);
                if let (Some(name), Some(place)) = (name, place) {
                    let here = passed_on.entry(of.module.clone()).or_default();
                    here.insert(name.clone(), place);
                }
            }
        }
        let holder = |place: Vec<String>| {
            let mut place = place;
            for _ in 0..8 {
                let depth = (0..=place.len())
                    .rev()
                    .find(|n| found.contains_key(&place[..*n]));
                let depth = depth.unwrap_or(0);
                let (module, rest) = place.split_at(depth);
                let names = passed_on.get(module);
                let Some(to) = rest.first().and_then(|name| names?.get(name)) else {
                    return module.to_vec();
                };
                place = [to.as_slice(), &rest[1..]].concat();
            }
            place
        };
        let uses = found.values().map(|of| {
            let needs = of
                .paths
                .iter()
                .filter(|(_, name)| name.is_none())
                .filter_map(|(path, _)| absolute(&of.module, path, &of.children))
                .map(holder)
                .filter(|needed| *needed != of.module);
            (of.module.clone(), needs.collect())
        });
        Self {
            uses: uses.collect(),
        }
    }

    /// The arrows from file to file, as paths.
    pub(crate) fn arrows(&self) -> impl Iterator<Item = (String, String)> {
        self.uses
            .iter()
            .flat_map(|(from, needs)| needs.iter().map(|to| (from.join("::"), to.join("::"))))
    }

    /// The rooms that need each other, however many steps it takes.
    pub(crate) fn circles_of_rooms(&self) -> Vec<Vec<String>> {
        let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, needs) in &self.uses {
            let Some(from) = from.first() else { continue };
            for to in needs.iter().filter_map(|to| to.first()) {
                if to != from {
                    rooms.entry(from.clone()).or_default().insert(to.clone());
                }
            }
        }
        circles(&rooms)
    }

    /// The files of one room that need each other.
    pub(crate) fn circles_of_files(&self) -> Vec<Vec<String>> {
        let rooms: BTreeSet<&String> = self.uses.keys().filter_map(|m| m.first()).collect();
        let mut out = Vec::new();
        for room in rooms {
            // What a room's own `mod.rs` puts together is no need of the files in it.
            let is_inside = |m: &&Module| m.len() > 1 && m.first() == Some(room);
            let inside = self.uses.iter().filter(|(m, _)| is_inside(m));
            let arrows = inside.map(|(from, needs)| {
                let needs = needs.iter().filter(is_inside).map(|m| m.join("::"));
                (from.join("::"), needs.collect())
            });
            out.extend(circles(&arrows.collect()));
        }
        out
    }

    /// Files that no `mod` names, so that no compiler reads them.
    pub(crate) fn dead_files(src: &Path) -> Vec<String> {
        let mut paths = Vec::new();
        super::files(src, ".rs", &mut paths);
        let mut named: BTreeSet<std::path::PathBuf> = BTreeSet::new();
        for path in &paths {
            let file = syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap();
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            let dir = path.parent().unwrap();
            let inside = match stem.as_str() {
                "mod" | "lib" | "main" => dir.to_owned(),
                _ => dir.join(stem),
            };
            for item in &file.items {
                if let Item::Mod(of) = item {
                    named.extend(path_of(of).map(|at| dir.join(at)));
                    named.insert(inside.join(format!("{}.rs", of.ident)));
                    named.insert(inside.join(of.ident.to_string()).join("mod.rs"));
                }
            }
        }
        let named: BTreeSet<_> = named.iter().filter_map(|p| p.canonicalize().ok()).collect();
        let is_root = |p: &Path| {
            let name = p.strip_prefix(src).unwrap();
            name == Path::new("lib.rs") || name == Path::new("main.rs") || name.starts_with("bin")
        };
        paths
            .iter()
            .filter(|p| !is_root(p) && !named.contains(&p.canonicalize().unwrap()))
            .map(|p| p.display().to_string())
            .collect()
    }
}

/// The sets of names that reach each other.
pub(crate) fn circles(arrows: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reach = |from: &str| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(at) = next.pop() {
            for to in arrows.get(&at).into_iter().flatten() {
                if seen.insert(to.clone()) {
                    next.push(to.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> =
        arrows.keys().map(|from| (from, reach(from))).collect();
    let mut out: BTreeSet<Vec<String>> = BTreeSet::new();
    for (from, to) in &reached {
        let circle: Vec<String> = to
            .iter()
            .filter(|to| reached.get(to).is_some_and(|back| back.contains(*from)))
            .cloned()
            .collect();
        if circle.len() > 1 {
            out.insert(circle);
        }
    }
    out.into_iter().collect()
}
