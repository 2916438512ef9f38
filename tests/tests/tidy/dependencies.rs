//! What the project is built from: under licences that allow it, from the public registry, at
//! versions that are named, and used.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{files, root};

/// Licences that what ships may stand under.
const LICENCES: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    serde_json::from_slice(&out.stdout).unwrap()
}

/// Whether one way to read a licence is all allowed. Parentheses group alternatives only.
fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain
        .split(" OR ")
        .any(|way| way.split(" AND ").all(|one| LICENCES.contains(&one.trim())))
}

#[test]
fn every_dependency_may_be_used_and_comes_from_the_registry() {
    assert!(is_allowed("MIT OR GPL-3.0-only") && !is_allowed("GPL-3.0-only"));
    assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 200, "{} packages", packages.len());
    let mut wrong = Vec::new();
    for package in packages {
        let Some(source) = package["source"].as_str() else {
            // Ours.
            continue;
        };
        let licence = package["license"].as_str().unwrap_or("none told");
        if source != REGISTRY || !is_allowed(licence) {
            wrong.push(format!("{} {licence} {source}", package["id"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_dependency_is_named_with_a_version_and_used() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        if !package["source"].is_null() {
            continue;
        }
        let manifest = std::path::PathBuf::from(package["manifest_path"].as_str().unwrap());
        let mut paths = Vec::new();
        files(manifest.parent().unwrap(), ".rs", &mut paths);
        let text: String = paths
            .iter()
            .map(|p| fs::read_to_string(p).unwrap())
            .collect();
        let words: BTreeSet<&str> = text
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .collect();
        for dependency in package["dependencies"].as_array().unwrap() {
            let name = dependency["rename"]
                .as_str()
                .or(dependency["name"].as_str())
                .unwrap();
            let is_ours = dependency["source"].is_null();
            if !is_ours && dependency["req"] == "*" {
                wrong.push(format!("{} takes any version of {name}", package["name"]));
            }
            if !words.contains(name.replace('-', "_").as_str()) {
                wrong.push(format!("{} does not use {name}", package["name"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
