//! Questionnaires: what follows from answers, in whatever order they are given.

use std::collections::BTreeMap;
use std::sync::Arc;

use gridfold_sync_core::questionnaire::{
    AnswerError, AnswerProblem, AnswerType, Asked, Complaint, Filling, PartKind, Questionnaire,
    Reason, Written, WrittenPart,
};
use proptest::prelude::*;

use crate::common::answers::setting;

fn question(name: &str, answer: AnswerType) -> WrittenPart {
    WrittenPart {
        name: name.to_owned(),
        kind: PartKind::Question(answer),
        ..WrittenPart::default()
    }
}

fn reckoned(name: &str, from: &str) -> WrittenPart {
    WrittenPart {
        calculation: from.to_owned(),
        ..question(name, AnswerType::Text)
    }
}

fn read(parts: Vec<WrittenPart>) -> (Questionnaire, Vec<Complaint>) {
    Questionnaire::read(Written {
        root: WrittenPart {
            name: "data".to_owned(),
            parts,
            ..WrittenPart::default()
        },
        ..Written::default()
    })
}

fn open(form: &Arc<Questionnaire>) -> Filling {
    Filling::open(Arc::clone(form), setting(), BTreeMap::new())
}

fn asked(filling: &Filling, path: &str) -> Asked {
    let mut all = filling.asked().into_iter();
    all.find(|asked| asked.path == path)
        .unwrap_or_else(|| panic!("no {path}"))
}

fn seen(filling: &Filling, path: &str) -> String {
    asked(filling, path).seen
}

/// A household: how many, each with an age; what is asked of grown-ups only; sums of both.
fn household() -> Arc<Questionnaire> {
    let member = WrittenPart {
        name: "m".to_owned(),
        kind: PartKind::Repeat {
            count: "${n}".to_owned(),
            turns: 0,
        },
        parts: vec![
            question("age", AnswerType::Whole),
            WrittenPart {
                relevant: "${age} >= 18".to_owned(),
                constraint: ". >= 0".to_owned(),
                required: "true()".to_owned(),
                ..question("income", AnswerType::Decimal)
            },
            reckoned("place", "position(..)"),
            // Over all turns up to this one: it reads other turns of itself.
            reckoned(
                "so_far",
                "coalesce(indexed-repeat(${so_far}, ${m}, ${place} - 1), 0) + coalesce(${income}, 0)",
            ),
        ],
        ..WrittenPart::default()
    };
    let (form, complaints) = read(vec![
        question("n", AnswerType::Whole),
        question("shown", AnswerType::Text),
        WrittenPart {
            name: "g".to_owned(),
            relevant: "${shown} = 'yes'".to_owned(),
            parts: vec![member],
            ..WrittenPart::default()
        },
        reckoned("sum", "sum(${income})"),
        reckoned("grown", "count(/data/g/m[age >= 18])"),
    ]);
    assert_eq!(complaints, Vec::new());
    Arc::new(form)
}

#[test]
fn what_is_hidden_keeps_its_answer_and_no_rule_sees_it() {
    let mut filling = open(&household());
    filling.set("/data/n", "2").unwrap();
    filling.set("/data/shown", "yes").unwrap();
    filling.set("/data/g/m[1]/age", "30").unwrap();
    filling.set("/data/g/m[1]/income", "12.50").unwrap();
    filling.set("/data/g/m[2]/age", "40").unwrap();
    filling.set("/data/g/m[2]/income", "2").unwrap();
    assert_eq!(seen(&filling, "/data/sum"), "14.5");
    assert_eq!(seen(&filling, "/data/g/m[2]/so_far"), "14.5");
    filling.set("/data/g/m[1]/age", "8").unwrap();
    assert_eq!(seen(&filling, "/data/sum"), "2");
    assert_eq!(seen(&filling, "/data/g/m[2]/so_far"), "2");
    let income = asked(&filling, "/data/g/m[1]/income");
    assert_eq!((income.value.as_str(), income.seen.as_str()), ("12.5", ""));
    filling.set("/data/shown", "no").unwrap();
    assert_eq!(
        (seen(&filling, "/data/sum"), seen(&filling, "/data/grown")),
        ("0".into(), "0".into())
    );
    filling.set("/data/shown", "yes").unwrap();
    filling.set("/data/g/m[1]/age", "18").unwrap();
    assert_eq!(seen(&filling, "/data/sum"), "14.5");
}

#[test]
fn an_answer_that_is_not_right_is_kept_and_told() {
    let mut filling = open(&household());
    filling.set("/data/n", "1").unwrap();
    filling.set("/data/shown", "yes").unwrap();
    filling.set("/data/g/m[1]/age", "18").unwrap();
    let income = "/data/g/m[1]/income";
    assert_eq!(
        asked(&filling, income).problem,
        Some(AnswerProblem::Missing)
    );
    assert_eq!(filling.set(income, "   "), Ok(Some(AnswerProblem::Missing)));
    assert_eq!(
        filling.set(income, "-1"),
        Ok(Some(AnswerProblem::Constraint))
    );
    assert_eq!(asked(&filling, income).value, "-1");
    assert_eq!(filling.set(income, "1,5"), Ok(Some(AnswerProblem::Type)));
    assert_eq!(filling.set(income, "1.5"), Ok(None));
    // What is hidden lacks nothing.
    filling.set("/data/g/m[1]/age", "3").unwrap();
    assert_eq!(asked(&filling, income).problem, None);
}

#[test]
fn what_is_not_there_can_be_neither_answered_nor_added() {
    let mut filling = open(&household());
    assert_eq!(
        filling.set("/data/g/m[1]/age", "3"),
        Err(AnswerError::NoSuchPath)
    );
    assert_eq!(filling.set("/data/g", "3"), Err(AnswerError::NoQuestion));
    assert_eq!(filling.set("no path", "3"), Err(AnswerError::NoSuchPath));
    assert_eq!(filling.add_turn("/data/g/m"), Err(AnswerError::Counted));
    assert_eq!(filling.add_turn("/data/none"), Err(AnswerError::NoSuchPath));
}

#[test]
fn a_rule_of_itself_is_told_with_its_way_and_all_others_go_on() {
    let (form, complaints) = read(vec![
        reckoned("a", "${b} + 1"),
        reckoned("b", "${a} + 1"),
        question("c", AnswerType::Whole),
        reckoned("d", "${c} + 1"),
    ]);
    let cycle = ["/data/a", "/data/b", "/data/a"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(complaints.len(), 1);
    assert!(matches!(&complaints[0].reason, Reason::Cycle(way) if {
        let turned = ["/data/b", "/data/a", "/data/b"].map(str::to_owned).to_vec();
        *way == cycle || *way == turned
    }));
    let mut filling = open(&Arc::new(form));
    filling.set("/data/c", "1").unwrap();
    assert_eq!(seen(&filling, "/data/d"), "2");
}

#[test]
fn turns_that_count_each_other_up_come_to_an_end() {
    let turn = WrittenPart {
        name: "r".to_owned(),
        kind: PartKind::Repeat {
            count: String::new(),
            turns: 2,
        },
        parts: vec![reckoned("x", "sum(/data/r/x) + 1")],
        ..WrittenPart::default()
    };
    let (form, _) = read(vec![turn, question("q", AnswerType::Text)]);
    let mut filling = open(&Arc::new(form));
    let troubles: Vec<&str> = filling.troubles().map(|(path, _)| path).collect();
    assert_eq!(troubles, ["/data/r/x"]);
    assert_eq!(filling.set("/data/q", "still answered"), Ok(None));
}

/// One thing that whoever answers does.
#[derive(Debug, Clone)]
enum Act {
    Members(u8),
    Shown(bool),
    Age(u8, u8),
    Income(u8, u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..5u8).prop_map(Act::Members),
        any::<bool>().prop_map(Act::Shown),
        (1..5u8, 0..40u8).prop_map(|(turn, age)| Act::Age(turn, age)),
        (1..5u8, 0..99u8).prop_map(|(turn, income)| Act::Income(turn, income)),
    ]
}

fn done(filling: &mut Filling, act: &Act) {
    let (path, value) = match act {
        Act::Members(n) => ("/data/n".to_owned(), n.to_string()),
        Act::Shown(yes) => (
            "/data/shown".to_owned(),
            if *yes { "yes" } else { "no" }.to_owned(),
        ),
        Act::Age(turn, age) => (format!("/data/g/m[{turn}]/age"), age.to_string()),
        Act::Income(turn, income) => (format!("/data/g/m[{turn}]/income"), income.to_string()),
    };
    let _ = filling.set(&path, &value);
}

proptest! {
    /// What was answered step by step is what the same answers come to when they are given at once.
    #[test]
    fn step_by_step_comes_to_the_same_as_all_at_once(acts in prop::collection::vec(act(), 0..40)) {
        let form = household();
        let mut stepped = open(&form);
        for act in &acts {
            done(&mut stepped, act);
        }
        let answers = stepped.asked();
        let is_given = |asked: &&Asked| !asked.path.contains("so_far")
            && !asked.path.contains("place")
            && !matches!(asked.path.as_str(), "/data/sum" | "/data/grown");
        let mut at_once = open(&form);
        // As many turns as there ever were, then what was answered, in the opposite order.
        at_once.set("/data/n", "9").unwrap();
        for asked in answers.iter().filter(is_given).rev() {
            if asked.path != "/data/n" {
                at_once.set(&asked.path, &asked.value).unwrap();
            }
        }
        let n = answers.iter().find(|asked| asked.path == "/data/n").unwrap();
        at_once.set("/data/n", &n.value).unwrap();
        let shown = |filling: &Filling| -> Vec<(String, String)> {
            let all = filling.asked().into_iter().filter(|asked| asked.is_relevant);
            all.map(|asked| (asked.path, asked.seen)).collect()
        };
        prop_assert_eq!(shown(&stepped), shown(&at_once));
    }
}
