//! Puts the web apps that `dashboard/build` and `worker/build` made into the binary, each file as it is and compressed.
//!
//! Without one of them the binary is whole but for it, and says so on its page.
#![allow(
    clippy::disallowed_methods,
    reason = "what a build cannot read or write ends it, with the reason"
)]

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What is smaller gains nothing.
const COMPRESS_FROM_BYTES: usize = 512;
/// Of these compression makes nothing smaller.
const COMPRESSED_ALREADY: [&str; 7] = ["png", "jpg", "jpeg", "webp", "woff2", "gif", "avif"];
const BROTLI_QUALITY: u32 = 11;
const BROTLI_WINDOW_BITS: u32 = 22;

/// The apps: the directory of each, and the table that the server finds its files in.
const APPS: [(&str, &str); 2] = [("dashboard", "DASHBOARD"), ("worker", "WORKER")];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut tables = String::new();
    for (dir, name) in APPS {
        tables.push_str(&table(&here.join(dir), dir, name, &out)?);
    }
    fs::write(out.join("app_files.rs"), tables)?;
    Ok(())
}

/// The Rust that embeds the files of one app, sorted by path.
fn table(root: &Path, dir: &str, name: &str, out: &Path) -> Result<String, Box<dyn Error>> {
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
    for (n, (name, path)) in named.iter().enumerate() {
        let bytes = fs::read(path)?;
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let small = bytes.len() < COMPRESS_FROM_BYTES
            || COMPRESSED_ALREADY.contains(&ending.to_lowercase().as_str());
        let (brotli, gzip) = if small {
            (None, None)
        } else {
            (Some(to_brotli(&bytes)?), Some(to_gzip(&bytes)?))
        };
        writeln!(
            table,
            "    AppFile {{ path: {name:?}, plain: include_bytes!({:?}), brotli: {}, gzip: {} }},",
            path,
            write(out, &format!("{dir}-{n}.br"), brotli)?,
            write(out, &format!("{dir}-{n}.gz"), gzip)?,
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
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// Keeps a compressed file when it is smaller, and gives the Rust that embeds it.
fn write(out: &Path, name: &str, bytes: Option<Vec<u8>>) -> Result<String, Box<dyn Error>> {
    let Some(bytes) = bytes else {
        return Ok("None".to_owned());
    };
    let path = out.join(name);
    fs::write(&path, bytes)?;
    Ok(format!("Some(include_bytes!({path:?}))"))
}

fn to_brotli(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut out = Vec::new();
    let mut writer =
        brotli::CompressorWriter::new(&mut out, 1 << 16, BROTLI_QUALITY, BROTLI_WINDOW_BITS);
    writer.write_all(bytes)?;
    writer.flush()?;
    drop(writer);
    Ok(out)
}

fn to_gzip(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}
