//! Puts the web apps that `dashboard/build` and `worker/build` made into the binary, each file as it is and compressed
//! as `compress.mjs` left it beside it.
//!
//! Without one of them the binary is whole but for it, and says so on its page.
#![allow(
    clippy::disallowed_methods,
    reason = "what a build cannot read or write ends it, with the reason"
)]

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What is beside a file that it can be sent as.
const CODINGS: [&str; 2] = ["br", "gz"];

/// The apps: the directory of each, and the table that the server finds its files in.
const APPS: [(&str, &str); 2] = [("dashboard", "DASHBOARD"), ("worker", "WORKER")];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut tables = String::new();
    for (dir, name) in APPS {
        tables.push_str(&table(&here.join(dir), dir, name)?);
    }
    fs::write(out.join("app_files.rs"), tables)?;
    Ok(())
}

/// The Rust that embeds the files of one app, sorted by path.
fn table(root: &Path, dir: &str, name: &str) -> Result<String, Box<dyn Error>> {
    let dist = root.join("dist");
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        println!("cargo::rerun-if-changed={dir}/dist");
        walk(&dist, &mut files)?;
    } else if root.is_dir() {
        // So that an app that is built later gets in.
        println!("cargo::rerun-if-changed={dir}");
    }
    let mut named = Vec::with_capacity(files.len());
    for path in files {
        let name = path
            .strip_prefix(&dist)?
            .to_string_lossy()
            .replace('\\', "/");
        named.push((name, path));
    }
    named.sort();
    let mut table = format!("static {name}: &[AppFile] = &[\n");
    for (name, path) in &named {
        let [brotli, gzip] = CODINGS.map(|coding| beside(path, coding));
        writeln!(
            table,
            "    AppFile {{ path: {name:?}, plain: include_bytes!({path:?}), brotli: {brotli}, gzip: {gzip} }},",
        )?;
    }
    table.push_str("];\n");
    Ok(table)
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, found)?;
        } else if !path
            .extension()
            .is_some_and(|e| CODINGS.iter().any(|c| e == *c))
        {
            found.push(path);
        }
    }
    Ok(())
}

/// The Rust that embeds what a file can be sent as.
fn beside(path: &Path, coding: &str) -> String {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{coding}"));
    let compressed = PathBuf::from(name);
    if compressed.is_file() {
        format!("Some(include_bytes!({compressed:?}))")
    } else {
        "None".to_owned()
    }
}
