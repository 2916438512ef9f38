//! Acts of a small form as rows, `do`, `path`, `value`, and what engines answered as JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use gridfold_sync_core::questionnaire::{Filling, Questionnaire};
use serde_json::Value;

use super::check::{About, Check, Known, Verdict};
use super::script::said;
use super::{WalkError, opened};

pub(super) fn replay(
    form: &Arc<Questionnaire>,
    acts: &str,
    engines: &BTreeMap<String, String>,
    left_out: &[String],
) -> Result<Verdict, WalkError> {
    let mut answers = BTreeMap::new();
    for (engine, text) in engines {
        let answer: Value = serde_json::from_str(text)
            .map_err(|error| WalkError::Shape(format!("{engine}: {error}")))?;
        answers.insert(engine.clone(), answer);
    }
    let mut verdict = Verdict::default();
    let mut filling = opened(form);
    let mut known = Known {
        left_out: left_out.to_vec(),
        ..Known::default()
    };
    for (at, row) in acts.lines().enumerate() {
        let mut cells = row.split('\t');
        let (what, path) = (cells.next().unwrap_or_default(), cells.next());
        let value = cells.next().unwrap_or_default();
        let path = path.unwrap_or_default();
        let label = format!("act {}", at + 1);
        match what {
            "set" => {
                known.answered.insert(path.to_owned(), value.to_owned());
                // What is not there is answered by an engine in its own way.
                let _ = filling.set(path, value);
            }
            "add" => {
                filling
                    .add_turn(path)
                    .map_err(|error| WalkError::Shape(format!("{label}: {error}: {path}")))?;
            }
            "snap" => snap((&filling, &known), &answers, at, &label, &mut verdict),
            "choices" => offer(&filling, &answers, at, path, &label, &mut verdict),
            "final" | "" => {}
            other => return Err(WalkError::Shape(format!("{label}: {other:?} is no act"))),
        }
    }
    Ok(verdict)
}

/// What an engine said of an act.
fn step(answer: &Value, at: usize) -> Option<&Value> {
    let steps = answer.get("steps")?.as_array()?;
    // What comes after an act that it broke at says nothing.
    let broke = |step: &Value| {
        let result = step.get("result").and_then(Value::as_str);
        result.is_some_and(|result| result.starts_with("EXC"))
    };
    if steps.iter().take(at + 1).any(broke) {
        return None;
    }
    steps.get(at)
}

fn snap(
    (filling, known): (&Filling, &Known),
    answers: &BTreeMap<String, Value>,
    at: usize,
    label: &str,
    verdict: &mut Verdict,
) {
    for mine in filling.asked() {
        if mine.path.contains("/meta/") {
            continue;
        }
        for what in ["value", "relevant"] {
            let of = |answer: &Value| {
                let node = step(answer, at)?.get("nodes")?.get(&mine.path)?;
                // What is hidden is not sent; what it is kept as is each engine's own.
                let is_hidden = node.get("relevant").and_then(Value::as_bool) == Some(false);
                let is_compared = what == "relevant" || (!is_hidden && mine.is_relevant);
                is_compared.then(|| node.get(what).map(said)).flatten()
            };
            let theirs = answers.iter();
            let theirs = theirs.filter_map(|(engine, answer)| Some((engine.clone(), of(answer)?)));
            let theirs: BTreeMap<String, String> = theirs.collect();
            if theirs.is_empty() {
                continue;
            }
            let relevant = mine.is_relevant.to_string();
            let all_said = theirs.len() == answers.len();
            verdict.check(Check {
                step: label,
                path: &mine.path,
                what,
                ours: if what == "value" {
                    &mine.seen
                } else {
                    &relevant
                },
                theirs,
                all_said,
                of: known.about(filling, &mine.path, mine.is_surplus),
            });
        }
    }
}

fn offer(
    filling: &Filling,
    answers: &BTreeMap<String, Value>,
    at: usize,
    path: &str,
    label: &str,
    verdict: &mut Verdict,
) {
    let ours = filling.choices(path).ok().flatten().unwrap_or_default();
    let ours: Vec<String> = ours.into_iter().map(|choice| choice.name).collect();
    let of = |answer: &Value| {
        let choices = step(answer, at)?.get("choices")?.as_array()?;
        let names = choices.iter().map(|choice| match choice.get("value") {
            Some(value) => said(value),
            None => said(choice),
        });
        Some(names.collect::<Vec<_>>().join(" "))
    };
    let theirs = answers.iter();
    let theirs = theirs.filter_map(|(engine, answer)| Some((engine.clone(), of(answer)?)));
    let theirs: BTreeMap<String, String> = theirs.collect();
    if !theirs.is_empty() {
        let all_said = theirs.len() == answers.len();
        verdict.check(Check {
            step: label,
            path,
            what: "choices",
            ours: &ours.join(" "),
            theirs,
            all_said,
            of: About::default(),
        });
    }
}
