//! Writes the bindings from the built library, so that generator and library are of one version.
//!
//! `gridfold-bindgen generate --library FILE --language kotlin|swift|python --out-dir DIR`
//! `gridfold-bindgen web --library FILE --out-dir DIR`

mod api;
mod dispatch;
mod typescript;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};

use crate::api::Api;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some("web") {
        uniffi::uniffi_bindgen_main();
        return ExitCode::SUCCESS;
    }
    match web(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn web(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let mut library = None;
    let mut out = None;
    while let Some(name) = arguments.next() {
        let value = arguments.next().map(Utf8PathBuf::from);
        match name.as_str() {
            "--library" => library = value,
            "--out-dir" => out = value,
            other => anyhow::bail!("unknown argument {other}"),
        }
    }
    let usage = "usage: gridfold-bindgen web --library FILE --out-dir DIR";
    let out = out.context(usage)?;
    let api = Api::read(&library.context(usage)?)?;
    write(&out, "types.ts", &typescript::types(&api)?)?;
    write(&out, "schema.ts", &typescript::schema(&api)?)?;
    write(&out, "dispatch.rs", &dispatch::dispatch(&api))
}

fn write(out: &Utf8Path, name: &str, text: &str) -> Result<()> {
    fs::create_dir_all(out)?;
    fs::write(out.join(name), text).with_context(|| format!("{name} cannot be written"))
}
