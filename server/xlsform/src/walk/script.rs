//! Walks as JSON: `scripts`, each of `steps` that set, add and look.

use std::collections::BTreeMap;
use std::sync::Arc;

use gridfold_sync_core::questionnaire::{AnswerProblem, Filling, Questionnaire};
use serde_json::{Map, Value};

use super::check::{About, Check, Known, Verdict};
use super::{WalkError, opened};

/// The engine that the nodes of a step are of.
const FIRST: &str = "javarosa";

pub(super) fn replay(
    form: &Arc<Questionnaire>,
    walk: &str,
    left_out: &[String],
) -> Result<Verdict, WalkError> {
    let shape = |error: &dyn std::fmt::Display| WalkError::Shape(error.to_string());
    let walk: Value = serde_json::from_str(walk).map_err(|error| shape(&error))?;
    let scripts = walk.get("scripts").and_then(Value::as_array);
    let scripts = scripts.ok_or_else(|| shape(&"there is no list \u{201c}scripts\u{201d}"))?;
    let mut verdict = Verdict::default();
    for script in scripts {
        let name = script
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or("script");
        let engines = script.get("engines").and_then(Value::as_array);
        let engines = engines.into_iter().flatten().filter_map(Value::as_str);
        let engines: Vec<&str> = engines.collect();
        let steps = script.get("steps").and_then(Value::as_array);
        let steps = steps.ok_or_else(|| shape(&"a script has no list \u{201c}steps\u{201d}"))?;
        let mut filling = opened(form);
        let mut known = Known {
            left_out: left_out.to_vec(),
            ..Known::default()
        };
        for (at, step) in steps.iter().enumerate() {
            let label = format!("{name} step {}", at + 1);
            let at = At {
                engines: &engines,
                label: &label,
            };
            one((&mut filling, &mut known), step, &at, &mut verdict)?;
        }
    }
    Ok(verdict)
}

/// Where a walk is.
struct At<'a> {
    engines: &'a [&'a str],
    label: &'a str,
}

fn one(
    (filling, known): (&mut Filling, &mut Known),
    step: &Value,
    at: &At<'_>,
    verdict: &mut Verdict,
) -> Result<(), WalkError> {
    let At { engines, label } = *at;
    let text = |name: &str| step.get(name).and_then(Value::as_str);
    let needs = |name: &'static str| {
        let missing = || WalkError::Shape(format!("{label} has no \u{201c}{name}\u{201d}"));
        text(name).ok_or_else(missing)
    };
    match text("do") {
        Some("set") => {
            let (path, value) = (needs("path")?, needs("value")?);
            if is_only_drawn(path) && filling.choices(path).is_err() {
                return Ok(());
            }
            known.answered.insert(path.to_owned(), value.to_owned());
            let ours = match filling.set(path, value) {
                Ok(problem) => result(problem),
                Err(error) => error.to_string(),
            };
            if let Some(first) = text("result") {
                let differs = step.get("differs").and_then(Value::as_object);
                let of = |engine: &str| {
                    let other = differs.and_then(|all| all.get(engine));
                    other.and_then(Value::as_str).unwrap_or(first).to_owned()
                };
                let theirs = engines
                    .iter()
                    .map(|engine| ((*engine).to_owned(), of(engine)));
                verdict.check(Check {
                    step: label,
                    path,
                    what: "result",
                    ours: &ours,
                    theirs: theirs.collect(),
                    all_said: true,
                    of: About::default(),
                });
            }
        }
        Some("add") => {
            let path = needs("path")?;
            if let Err(error) = filling.add_turn(path) {
                return Err(WalkError::Shape(format!("{label}: {error}: {path}")));
            }
        }
        Some("snap") => snap((filling, known), step, at, verdict),
        _ => {
            let what = "\u{201c}do\u{201d} is none of set, add and snap";
            return Err(WalkError::Shape(format!("{label}: {what}")));
        }
    }
    Ok(())
}

/// What engines call what became of an answer.
pub(super) fn result(problem: Option<AnswerProblem>) -> String {
    match problem {
        None => "ok",
        Some(AnswerProblem::Missing) => "required-but-empty",
        Some(AnswerProblem::Constraint) => "constraint-violated",
        Some(AnswerProblem::NotOffered) => "choice-not-offered",
        Some(AnswerProblem::Type) => "not-of-type",
    }
    .to_owned()
}

fn snap((filling, known): (&Filling, &Known), step: &Value, at: &At<'_>, verdict: &mut Verdict) {
    let At { engines, label } = *at;
    let empty = Map::new();
    let nodes = step.get("nodes").and_then(Value::as_object);
    let nodes = nodes.unwrap_or(&empty);
    let differs = step.get("differs").and_then(Value::as_object);
    let asked = filling.asked();
    let ours: BTreeMap<&str, _> = asked.iter().map(|a| (a.path.as_str(), a)).collect();
    for (path, first) in nodes {
        if is_only_drawn(path) && !ours.contains_key(path.as_str()) {
            continue;
        }
        let others = differs.and_then(|all| all.get(path));
        let mine = ours.get(path.as_str());
        let is_relevant = first.get("relevant").and_then(Value::as_bool);
        for what in ["value", "relevant", "required", "readonly"] {
            // What is hidden is not compared, as it is not sent.
            if what != "relevant" && is_relevant == Some(false) {
                continue;
            }
            let Some(first) = first.get(what) else {
                continue;
            };
            let of = |engine: &str| {
                let other = others
                    .and_then(|all| all.get(engine))
                    .and_then(|e| e.get(what));
                said(if engine == FIRST {
                    first
                } else {
                    other.unwrap_or(first)
                })
            };
            let theirs = engines
                .iter()
                .map(|engine| ((*engine).to_owned(), of(engine)));
            let ours = match (mine, what) {
                (None, _) => "nothing there".to_owned(),
                (Some(mine), "value") => mine.seen.clone(),
                (Some(mine), "relevant") => mine.is_relevant.to_string(),
                (Some(mine), "required") => mine.is_required.to_string(),
                (Some(mine), _) => mine.is_readonly.to_string(),
            };
            verdict.check(Check {
                step: label,
                path,
                what,
                ours: &ours,
                theirs: theirs.collect(),
                all_said: true,
                of: known.about(filling, path, mine.is_some_and(|mine| mine.is_surplus)),
            });
        }
    }
}

/// Whether a question is one that a converter adds so that a table of choices has a head: it asks for
/// nothing.
fn is_only_drawn(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    [
        "reserved_name_for_field_list_labels_",
        "generated_table_list_label_",
    ]
    .iter()
    .any(|begin| name.starts_with(begin))
}

pub(super) fn said(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
