//! What of the library's interface there is in a browser: read from the metadata in the built
//! library.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use camino::Utf8Path;
use uniffi_bindgen::interface::{AsType as _, DefaultValue, Enum, Literal, Record, Type};
use uniffi_bindgen::{BindgenLoader, BindgenPaths, ComponentInterface, GlobalConfig};

/// Methods of the client that the package has in another form: syncing by itself is the page's
/// timers and events, a watch tells by messages, and closing ends the worker too.
const ELSEWHERE: [&str; 6] = [
    "listen",
    "network_available",
    "run_auto_sync",
    "shut_down",
    "stop_auto_sync",
    "watch",
];

/// Types that the package's own calls take or give.
const ROOTS: [&str; 6] = [
    "AutoSyncSettings",
    "CarryScan",
    "ClientError",
    "ClientEvent",
    "Locale",
    "WatchTarget",
];

/// Types that pass between the library and its worker only.
const INNER: [&str; 3] = ["HttpReply", "HttpRequest", "TransportError"];

/// A value that is passed: an argument, or a field.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) docs: Option<String>,
    pub(crate) is: Type,
    pub(crate) default: Option<DefaultValue>,
}

/// A method of the client, or a function.
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) docs: Option<String>,
    pub(crate) arguments: Vec<Named>,
    pub(crate) gives: Option<Type>,
    pub(crate) throws: bool,
    pub(crate) awaits: bool,
    pub(crate) of_client: bool,
}

/// A type with a name.
pub(crate) enum Shape {
    Record(Vec<Named>),
    /// Alternatives without fields.
    Names(Vec<(String, Option<String>)>),
    Union(Vec<(String, Option<String>, Vec<Named>)>),
}

pub(crate) struct Declared {
    pub(crate) docs: Option<String>,
    pub(crate) shape: Shape,
    /// A call takes it, so what may be left out may be left out.
    pub(crate) taken: bool,
    /// An app never sees it.
    pub(crate) inner: bool,
}

pub(crate) struct Api {
    pub(crate) calls: Vec<Call>,
    pub(crate) types: BTreeMap<String, Declared>,
    /// Names of methods, arguments and fields as Rust writes them, for the docs.
    pub(crate) names: BTreeSet<String>,
}

impl Api {
    pub(crate) fn read(library: &Utf8Path) -> Result<Self> {
        let loader = BindgenLoader::new(BindgenPaths::default(), GlobalConfig::default());
        let all = loader.load_cis(loader.load_metadata(library)?)?;
        let [interface] = all.as_slice() else {
            bail!("{library} holds {} interfaces, not one", all.len());
        };
        let mut api = Self {
            calls: calls(interface)?,
            types: BTreeMap::new(),
            names: BTreeSet::new(),
        };
        let mut given = Vec::new();
        let mut taken = Vec::new();
        for call in &api.calls {
            given.extend(call.gives.clone());
            taken.extend(call.arguments.iter().map(|a| a.is.clone()));
        }
        for name in ROOTS {
            let is = interface.get_type(name);
            given.push(is.with_context(|| format!("there is no type {name}"))?);
        }
        api.declare(interface, given, false)?;
        let watched = interface.get_type("WatchTarget");
        api.declare(interface, taken.into_iter().chain(watched).collect(), true)?;
        let seen: BTreeSet<String> = api.types.keys().cloned().collect();
        let inner = INNER.iter().filter_map(|name| interface.get_type(name));
        api.declare(interface, inner.collect(), false)?;
        for (name, declared) in &mut api.types {
            declared.inner = !seen.contains(name);
        }
        api.note_names();
        Ok(api)
    }

    /// Takes in the types and all that they are made of.
    fn declare(
        &mut self,
        interface: &ComponentInterface,
        mut types: Vec<Type>,
        taken: bool,
    ) -> Result<()> {
        while let Some(is) = types.pop() {
            let name = match is {
                Type::Optional { inner_type }
                | Type::Sequence { inner_type }
                | Type::Box { inner_type } => {
                    types.push(*inner_type);
                    continue;
                }
                Type::Map {
                    key_type,
                    value_type,
                } => {
                    if *key_type != Type::String {
                        bail!("a map whose keys are no strings");
                    }
                    types.push(*value_type);
                    continue;
                }
                Type::Record { name, .. } | Type::Enum { name, .. } => name,
                Type::Object { name, .. } | Type::CallbackInterface { name, .. } => {
                    bail!("{name} crosses no worker's boundary");
                }
                _ => continue,
            };
            match self.types.get_mut(&name) {
                Some(known) if known.taken || !taken => continue,
                Some(known) => known.taken = true,
                None => {
                    let declared = declared(interface, &name, taken)?;
                    self.types.insert(name.clone(), declared);
                }
            }
            let fields: Vec<&Named> = match &self.types[&name].shape {
                Shape::Record(fields) => fields.iter().collect(),
                Shape::Names(_) => Vec::new(),
                Shape::Union(variants) => variants.iter().flat_map(|v| &v.2).collect(),
            };
            types.extend(fields.into_iter().map(|f| f.is.clone()));
        }
        Ok(())
    }

    fn note_names(&mut self) {
        for call in &self.calls {
            self.names.insert(call.name.clone());
            let arguments = call.arguments.iter().map(|a| a.name.clone());
            self.names.extend(arguments);
        }
        for declared in self.types.values() {
            let fields: Vec<&Named> = match &declared.shape {
                Shape::Record(fields) => fields.iter().collect(),
                Shape::Names(_) => Vec::new(),
                Shape::Union(variants) => variants.iter().flat_map(|v| &v.2).collect(),
            };
            self.names
                .extend(fields.into_iter().map(|f| f.name.clone()));
        }
    }
}

fn calls(interface: &ComponentInterface) -> Result<Vec<Call>> {
    let client = interface
        .get_object_definition("Client")
        .context("the library has no Client")?;
    let mut calls = Vec::new();
    for method in client.methods() {
        if ELSEWHERE.contains(&method.name()) {
            continue;
        }
        calls.push(Call {
            name: method.name().to_owned(),
            docs: method.docstring().map(str::to_owned),
            arguments: method.arguments().into_iter().map(argument).collect(),
            gives: method.return_type().cloned(),
            throws: throws(method.throws_name())?,
            awaits: method.is_async(),
            of_client: true,
        });
    }
    for function in interface.function_definitions() {
        if function.name() == "locale_from_tag" {
            continue;
        }
        calls.push(Call {
            name: function.name().to_owned(),
            docs: function.docstring().map(str::to_owned),
            arguments: function.arguments().into_iter().map(argument).collect(),
            gives: function.return_type().cloned(),
            throws: throws(function.throws_name())?,
            awaits: function.is_async(),
            of_client: false,
        });
    }
    calls.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(calls)
}

fn throws(name: Option<&str>) -> Result<bool> {
    match name {
        None => Ok(false),
        Some("ClientError") => Ok(true),
        Some(other) => bail!("a call that throws {other}"),
    }
}

fn argument(argument: &uniffi_bindgen::interface::Argument) -> Named {
    Named {
        name: argument.name().to_owned(),
        docs: None,
        is: argument.as_type(),
        default: argument.default_value().cloned(),
    }
}

fn declared(interface: &ComponentInterface, name: &str, taken: bool) -> Result<Declared> {
    if let Some(record) = interface.get_record_definition(name) {
        return Ok(of_record(record, taken));
    }
    let found = interface.get_enum_definition(name);
    Ok(of_enum(
        found.with_context(|| format!("there is no type {name}"))?,
        taken,
    ))
}

fn fields(fields: &[uniffi_bindgen::interface::Field]) -> Vec<Named> {
    let named = |field: &uniffi_bindgen::interface::Field| Named {
        name: field.name().to_owned(),
        docs: field.docstring().map(str::to_owned),
        is: field.as_type(),
        default: field.default_value().cloned(),
    };
    fields.iter().map(named).collect()
}

fn of_record(record: &Record, taken: bool) -> Declared {
    Declared {
        docs: record.docstring().map(str::to_owned),
        shape: Shape::Record(fields(record.fields())),
        taken,
        inner: false,
    }
}

fn of_enum(of: &Enum, taken: bool) -> Declared {
    let variants = of.variants();
    let docs = |v: &uniffi_bindgen::interface::Variant| v.docstring().map(str::to_owned);
    let shape = if variants.iter().all(|v| !v.has_fields()) {
        let names = variants.iter().map(|v| (v.name().to_owned(), docs(v)));
        Shape::Names(names.collect())
    } else {
        let variants = variants
            .iter()
            .map(|v| (v.name().to_owned(), docs(v), fields(v.fields())));
        Shape::Union(variants.collect())
    };
    Declared {
        docs: of.docstring().map(str::to_owned),
        shape,
        taken,
        inner: false,
    }
}

/// `snake_case` as `camelCase`.
pub(crate) fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
    }
    out
}

/// A default as JavaScript writes it.
pub(crate) fn default(of: &DefaultValue) -> Result<String> {
    let DefaultValue::Literal(literal) = of else {
        bail!("a default without a value");
    };
    Ok(match literal {
        Literal::Boolean(yes) => yes.to_string(),
        Literal::String(text) => format!("{text:?}"),
        Literal::UInt(number, ..) => number.to_string(),
        Literal::Int(number, ..) => number.to_string(),
        Literal::Float(number, _) => number.clone(),
        Literal::None => "null".to_owned(),
        Literal::EmptySequence => "[]".to_owned(),
        Literal::EmptyMap => "{}".to_owned(),
        Literal::Enum(name, _) => format!("{name:?}"),
        Literal::EmptySet | Literal::Some { .. } => bail!("a default of a kind that is not there"),
    })
}
