//! Keeps the house in order: what no compiler checks.
#![allow(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

/// A file past this many lines is two files.
const MAX_LINES: usize = 500;
/// Files that may be longer, each with its reason.
const LONGER: [(&str, &str); 0] = [];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(dir: &Path, ending: &str, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') || name == "target" || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            files(&path, ending, out);
        } else if name.ends_with(ending) {
            out.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let mut paths = Vec::new();
    files(&root(), ".rs", &mut paths);
    assert!(paths.len() > 50, "the walk found the sources");
    let root = root();
    paths
        .into_iter()
        .map(|p| {
            let name = p
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            (name, fs::read_to_string(&p).unwrap())
        })
        .collect()
}

#[test]
fn no_source_file_is_two_files() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(name, _)| !name.contains("/tests/") && !name.starts_with("tests/"))
        .filter(|(name, text)| {
            text.lines().count() > MAX_LINES && !LONGER.iter().any(|(allowed, _)| name == allowed)
        })
        .map(|(name, text)| format!("{name}: {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "past {MAX_LINES} lines: {long:?}");
}

#[test]
fn no_test_is_switched_off() {
    // Put together here, so that this file does not find itself.
    let ignore = concat!("#[", "ignore");
    let off: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains(ignore))
        .map(|(name, _)| name)
        .collect();
    assert!(off.is_empty(), "switched off: {off:?}");
}

#[test]
fn the_arrows_that_must_not_exist_do_not() {
    let manifest =
        |package: &str| fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
    let arrows = [
        ("server", "gridfold-client"),
        ("client-ffi", "gridfold-server"),
        ("sync-core", "gridfold-server"),
        ("sync-core", "gridfold-client"),
        ("sync-core", "tokio"),
        ("sync-core", "rand"),
        ("sync-core", "getrandom"),
        ("client-ffi", "tokio"),
    ];
    for (from, to) in arrows {
        let text = manifest(from);
        // What only tests use makes no arrow.
        let shipped = text.split("[dev-dependencies]").next().unwrap_or_default();
        let found = shipped.lines().any(|line| {
            line.strip_prefix(to)
                .is_some_and(|rest| rest.starts_with([' ', '.', '=']))
        });
        assert!(!found, "{from} must not depend on {to}");
    }
}

#[test]
fn the_core_reads_no_clock_and_touches_no_disk() {
    let forbidden = [
        "std::fs",
        "std::net",
        "SystemTime",
        "Instant::now",
        "std::thread",
        "std::env",
    ];
    for (name, text) in sources()
        .into_iter()
        .filter(|(name, _)| name.starts_with("sync-core/src/"))
    {
        for what in forbidden {
            assert!(!text.contains(what), "{name} uses {what}");
        }
    }
}

#[test]
fn a_route_never_writes_the_views() {
    for (name, text) in sources()
        .into_iter()
        .filter(|(name, _)| name.starts_with("server/src/routes/"))
    {
        assert!(!text.contains("ViewsWriter"), "{name} writes the views");
    }
}
