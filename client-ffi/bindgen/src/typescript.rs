//! The types and the calls as TypeScript, and the schema by which they become bytes.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use uniffi_bindgen::interface::Type;

use crate::api::{Api, Declared, Named, Shape, camel, default};

const HEAD: &str =
    "// Written by client-ffi/bindgen from the library's metadata; not to be changed by hand.\n";

/// The types and the interface of the calls.
pub(crate) fn types(api: &Api) -> Result<String> {
    let mut out = HEAD.to_owned();
    for (name, declared) in api.types.iter().filter(|(_, d)| !d.inner) {
        out.push('\n');
        write_type(api, &mut out, name, declared)?;
    }
    out.push_str(
        "\n/** The calls of the library. Each that fails rejects with a `PhoneError`. */\n",
    );
    out.push_str("export interface PhoneCalls {\n");
    for call in &api.calls {
        comment(api, &mut out, "  ", call.docs.as_deref());
        let mut arguments = Vec::new();
        for argument in &call.arguments {
            let mark = if argument.default.is_some() { "?" } else { "" };
            let is = type_name(&argument.is)?;
            arguments.push(format!("{}{mark}: {is}", camel(&argument.name)));
        }
        let gives = call
            .gives
            .as_ref()
            .map_or(Ok("void".to_owned()), type_name)?;
        let name = camel(&call.name);
        writeln!(out, "  {name}({}): Promise<{gives}>;", arguments.join(", "))?;
    }
    out.push_str("}\n");
    Ok(out)
}

fn write_type(api: &Api, out: &mut String, name: &str, declared: &Declared) -> Result<()> {
    comment(api, out, "", declared.docs.as_deref());
    match &declared.shape {
        Shape::Record(fields) => {
            writeln!(out, "export interface {name} {{")?;
            for field in fields {
                comment(api, out, "  ", field.docs.as_deref());
                writeln!(out, "  {};", member(field, declared.taken)?)?;
            }
            out.push_str("}\n");
        }
        Shape::Names(names) => {
            writeln!(out, "export type {name} =")?;
            let last = names.len().saturating_sub(1);
            for (at, (variant, docs)) in names.iter().enumerate() {
                comment(api, out, "  ", docs.as_deref());
                let end = if at == last { ";" } else { "" };
                writeln!(out, "  | \"{variant}\"{end}")?;
            }
        }
        Shape::Union(variants) => {
            writeln!(out, "export type {name} =")?;
            let last = variants.len().saturating_sub(1);
            for (at, (variant, docs, fields)) in variants.iter().enumerate() {
                comment(api, out, "  ", docs.as_deref());
                let mut parts = vec![format!("type: \"{variant}\"")];
                for field in fields {
                    parts.push(member(field, declared.taken)?);
                }
                let end = if at == last { ";" } else { "" };
                writeln!(out, "  | {{ {} }}{end}", parts.join("; "))?;
            }
        }
    }
    Ok(())
}

/// A field; what a call takes may be left out where it has a default or may be null.
fn member(field: &Named, taken: bool) -> Result<String> {
    let may_lack = matches!(field.is, Type::Optional { .. }) || field.default.is_some();
    let mark = if taken && may_lack { "?" } else { "" };
    Ok(format!(
        "{}{mark}: {}",
        camel(&field.name),
        type_name(&field.is)?
    ))
}

fn type_name(is: &Type) -> Result<String> {
    Ok(match is {
        Type::UInt8
        | Type::Int8
        | Type::UInt16
        | Type::Int16
        | Type::UInt32
        | Type::Int32
        | Type::UInt64
        | Type::Int64
        | Type::Float32
        | Type::Float64 => "number".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::String => "string".to_owned(),
        Type::Bytes => "Uint8Array".to_owned(),
        Type::Optional { inner_type } => format!("{} | null", type_name(inner_type)?),
        Type::Sequence { inner_type } => match &**inner_type {
            Type::Optional { .. } => format!("({})[]", type_name(inner_type)?),
            inner => format!("{}[]", type_name(inner)?),
        },
        Type::Map { value_type, .. } => format!("Record<string, {}>", type_name(value_type)?),
        Type::Box { inner_type } => type_name(inner_type)?,
        Type::Record { name, .. } | Type::Enum { name, .. } => name.clone(),
        other => bail!("{other:?} has no TypeScript type"),
    })
}

/// By which the package turns values into bytes and back.
pub(crate) fn schema(api: &Api) -> Result<String> {
    let mut out = HEAD.to_owned();
    out.push_str("\nimport type { CallSchema, TypeSchema } from \"./codec.js\";\n");
    out.push_str("\nexport const types: Record<string, TypeSchema> = {\n");
    for (name, declared) in &api.types {
        let body = match &declared.shape {
            Shape::Record(fields) => format!("{{ record: {} }}", members(fields)?),
            Shape::Names(names) => {
                let names: Vec<_> = names.iter().map(|(n, _)| format!("\"{n}\"")).collect();
                format!("{{ names: [{}] }}", names.join(", "))
            }
            Shape::Union(variants) => {
                let mut parts = Vec::new();
                for (variant, _, fields) in variants {
                    parts.push(format!("[\"{variant}\", {}]", members(fields)?));
                }
                format!("{{ union: [{}] }}", parts.join(", "))
            }
        };
        writeln!(out, "  {name}: {body},")?;
    }
    out.push_str("};\n\nexport const calls: Record<string, CallSchema> = {\n");
    for call in &api.calls {
        let gives = call.gives.as_ref().map_or(Ok("null".to_owned()), code)?;
        let name = camel(&call.name);
        let takes = members(&call.arguments)?;
        writeln!(out, "  {name}: {{ takes: {takes}, gives: {gives} }},")?;
    }
    out.push_str("};\n");
    Ok(out)
}

fn members(fields: &[Named]) -> Result<String> {
    let mut parts = Vec::new();
    for field in fields {
        let end = match &field.default {
            Some(value) => format!(", {}", default(value)?),
            None => String::new(),
        };
        parts.push(format!(
            "[\"{}\", {}{end}]",
            camel(&field.name),
            code(&field.is)?
        ));
    }
    Ok(format!("[{}]", parts.join(", ")))
}

fn code(is: &Type) -> Result<String> {
    let plain = |name: &str| format!("\"{name}\"");
    Ok(match is {
        Type::UInt8 => plain("u8"),
        Type::UInt16 => plain("u16"),
        Type::UInt32 => plain("u32"),
        Type::Int32 => plain("i32"),
        Type::UInt64 => plain("u64"),
        Type::Int64 => plain("i64"),
        Type::Float64 => plain("f64"),
        Type::Boolean => plain("bool"),
        Type::String => plain("string"),
        Type::Bytes => plain("bytes"),
        Type::Optional { inner_type } => format!("{{ option: {} }}", code(inner_type)?),
        Type::Sequence { inner_type } => format!("{{ list: {} }}", code(inner_type)?),
        Type::Map { value_type, .. } => format!("{{ map: {} }}", code(value_type)?),
        Type::Box { inner_type } => code(inner_type)?,
        Type::Record { name, .. } | Type::Enum { name, .. } => plain(name),
        other => bail!("{other:?} has no form as bytes here"),
    })
}

fn comment(api: &Api, out: &mut String, indent: &str, docs: Option<&str>) {
    let Some(docs) = docs else { return };
    let lines: Vec<String> = docs
        .trim()
        .lines()
        .map(|l| names_in(api, l.trim()))
        .collect();
    if let [line] = lines.as_slice() {
        out.push_str(&format!("{indent}/** {line} */\n"));
        return;
    }
    out.push_str(&format!("{indent}/**\n"));
    for line in &lines {
        out.push_str(format!("{indent} * {line}").trim_end());
        out.push('\n');
    }
    out.push_str(&format!("{indent} */\n"));
}

/// Names of the API in a line of the docs, as they are called here.
fn names_in(api: &Api, line: &str) -> String {
    let line = line.replace("[`Client::", "`Phone.").replace("`]", "`");
    let mut parts = Vec::new();
    for (at, part) in line.split('`').enumerate() {
        let inside = at % 2 == 1;
        parts.push(match part {
            "# Errors" => "Fails with:".to_owned(),
            part if inside && api.names.contains(part) => camel(part),
            part if inside && part.starts_with("Phone.") => camel(part),
            part => part.to_owned(),
        });
    }
    parts.join("`")
}
