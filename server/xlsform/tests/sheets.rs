//! Sheets of a form: what is read of them, and what is told of what could not be.

use std::collections::BTreeMap;
use std::sync::Arc;

use gridfold_sync_core::calendar::Zone;
use gridfold_sync_core::expression::Setting;
use gridfold_sync_core::questionnaire::{AnswerProblem, Filling};
use gridfold_sync_core::time::Timestamp;
use gridfold_xlsform::{FileError, Note, What, read_xlsform, sheets};

fn form(table: &str) -> (Filling, Vec<Note>) {
    let sheets = sheets(table.as_bytes()).unwrap();
    let (form, notes) = read_xlsform(&sheets).questionnaire();
    let setting = Setting {
        now: Timestamp(1_772_677_230_000),
        zone: Zone::china(),
        chance: [7; 16],
    };
    (
        Filling::open(Arc::new(form), setting, BTreeMap::new()),
        notes,
    )
}

fn value(filling: &Filling, path: &str) -> String {
    let asked = filling.asked();
    let found = asked.iter().find(|asked| asked.path == path);
    found.unwrap_or_else(|| panic!("no {path}")).seen.clone()
}

fn told(notes: &[Note]) -> Vec<(usize, &str, &What)> {
    notes
        .iter()
        .map(|n| (n.row, n.column.as_str(), &n.what))
        .collect()
}

#[test]
fn headers_are_read_by_any_of_their_names_and_in_any_letters() {
    let (mut filling, notes) = form(
        "survey,,,,,,\n\
         ,Type,NAME,Label::English (en),relevance,constraint message,Read Only\n\
         ,text,a,A,,,\n\
         ,integer,b,B,${a} = \u{2018}yes\u{2019},,yes\n",
    );
    assert_eq!(notes, Vec::new());
    let b = |filling: &Filling| {
        filling
            .asked()
            .into_iter()
            .find(|a| a.path == "/data/b")
            .unwrap()
    };
    assert!(!b(&filling).is_relevant);
    filling.set("/data/a", "yes").unwrap();
    assert!(b(&filling).is_relevant && b(&filling).is_readonly);
}

#[test]
fn what_cannot_be_taken_is_told_at_once_and_the_rest_is_there() {
    let (mut filling, notes) = form(
        "survey,,,,\n\
         ,type,name,label,calculation\n\
         ,text,a,A,\n\
         ,,left,Left,\n\
         ,text,,No name,\n\
         ,text,1st,No such name,\n\
         ,Integer,b,B,\n\
         ,foo,c,C,\n\
         ,calculate,d,,\n\
         ,calculate,e,,nothing-like(${a})\n\
         ,text,a,Twice,\n\
         ,select_one gone,f,F,\n\
         ,end group,,,\n\
         ,begin group,g,G,\n\
         ,text,inside,Inside,\n\
         choices,,,,\n\
         ,list_name,name,label,\n\
         ,l,x,X,\n\
         ,l,x,X again,\n\
         ,l,,No name,\n",
    );
    let what: Vec<_> = told(&notes);
    let has = |row, column, found: &What| what.contains(&(row, column, found));
    assert!(has(3, "type", &What::NoType), "{what:?}");
    assert!(has(4, "name", &What::NoName));
    assert!(has(5, "name", &What::BadName("1st".to_owned())));
    assert!(has(
        6,
        "type",
        &What::ReadAs("Integer".to_owned(), "integer".to_owned())
    ));
    assert!(has(7, "type", &What::UnknownType("foo".to_owned())));
    assert!(has(8, "calculation", &What::NoCalculation));
    assert!(what.iter().any(|(row, column, w)| {
        (*row, *column) == (9, "calculation") && w.to_string().contains("nothing-like")
    }));
    assert!(has(10, "name", &What::Twice("a".to_owned())));
    assert!(has(11, "type", &What::NoList("gone".to_owned())));
    assert!(has(12, "type", &What::EndsNothing("end group".to_owned())));
    assert!(has(13, "type", &What::NotEnded("g".to_owned())));
    assert!(has(3, "name", &What::ChoiceTwice("x".to_owned())));
    assert!(has(4, "name", &What::NoChoiceName));
    assert_eq!(notes.len(), 13, "{what:?}");
    // A type of no meaning is asked for as a text, and what has no end ends with the sheet.
    filling.set("/data/c", "kept").unwrap();
    filling.set("/data/g/inside", "kept too").unwrap();
    assert_eq!(value(&filling, "/data/c"), "kept");
    assert_eq!(
        filling.set("/data/b", "no number"),
        Ok(Some(AnswerProblem::Type))
    );
}

#[test]
fn rules_that_go_round_are_told_with_the_way_and_left_out() {
    let (mut filling, notes) = form(
        "survey,,,,,\n\
         ,type,name,label,calculation,relevant\n\
         ,calculate,a,,${b} + 1,\n\
         ,calculate,b,,${c} + 1,\n\
         ,integer,c,C,,${a} > 0\n\
         ,integer,d,D,,\n\
         ,calculate,e,,${d} * 2,\n",
    );
    assert_eq!(notes.len(), 1, "{notes:?}");
    let said = notes[0].what.to_string();
    for name in ["/data/a", "/data/b", "/data/c"] {
        assert!(said.contains(name), "{said}");
    }
    filling.set("/data/d", "4").unwrap();
    assert_eq!(value(&filling, "/data/e"), "8");
}

#[test]
fn choices_of_a_city_follow_the_state_and_what_is_not_offered_comes_back() {
    let (mut filling, notes) = form(
        "survey,,,,\n\
         ,type,name,label,choice_filter\n\
         ,select_one states,state,State,\n\
         ,select_one cities or_other,city,City,state = ${state}\n\
         ,calculate,seen,,\n\
         choices,,,,\n\
         ,list_name,name,label,state\n\
         ,states,n,North,\n\
         ,states,s,South,\n\
         ,cities,c1,One,n\n\
         ,cities,c2,Two,s\n",
    );
    assert_eq!(notes.len(), 1, "{notes:?}");
    let names = |filling: &Filling| {
        let choices = filling.choices("/data/city").unwrap().unwrap();
        let labels = choices
            .into_iter()
            .map(|c| format!("{}={}", c.name, c.label));
        labels.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&filling), "other=Other");
    filling.set("/data/state", "n").unwrap();
    assert_eq!(names(&filling), "c1=One other=Other");
    assert_eq!(filling.set("/data/city", "c1"), Ok(None));
    assert_eq!(
        filling.set("/data/city", "c2"),
        Ok(Some(AnswerProblem::NotOffered))
    );
    filling.set("/data/city", "c1").unwrap();
    filling.set("/data/state", "s").unwrap();
    assert_eq!(value(&filling, "/data/city"), "");
    filling.set("/data/state", "n").unwrap();
    assert_eq!(value(&filling, "/data/city"), "c1");
}

#[test]
fn turns_are_counted_and_those_too_many_are_kept() {
    let (mut filling, notes) = form(
        "survey,,,,,\n\
         ,type,name,label,repeat_count,calculation\n\
         ,integer,n,N,,\n\
         ,begin repeat,r,R,${n} + 1,\n\
         ,integer,x,X,,\n\
         ,calculate,twice,,,${x} * 2\n\
         ,end repeat,,,,\n\
         ,calculate,sum,,,sum(${twice})\n",
    );
    assert_eq!(notes, Vec::new());
    filling.set("/data/n", "2").unwrap();
    for (turn, x) in [(1, "5"), (2, "6"), (3, "7")] {
        filling.set(&format!("/data/r[{turn}]/x"), x).unwrap();
    }
    assert_eq!(value(&filling, "/data/sum"), "36");
    filling.set("/data/n", "0").unwrap();
    assert_eq!(value(&filling, "/data/sum"), "10");
    filling.set("/data/n", "2").unwrap();
    assert_eq!(value(&filling, "/data/sum"), "36");
    assert_eq!(value(&filling, "/data/r[3]/x"), "7");
}

#[test]
fn a_file_that_is_no_form_is_refused_with_the_reason() {
    assert!(matches!(
        sheets(b"PK\x03\x04broken"),
        Err(FileError::Broken(_))
    ));
    assert!(matches!(
        sheets(&[0xff, 0xfe, 0x00]),
        Err(FileError::Broken(_))
    ));
    assert!(matches!(sheets(b"no,sheet\n"), Err(FileError::Broken(_))));
    let (_, notes) = form("settings,\n,form_title\n,Only a title\n");
    assert_eq!(told(&notes), [(0, "", &What::NoSurvey)]);
}

#[test]
fn a_group_for_each_choice_is_left_out_where_the_choice_is_no_name() {
    let (filling, notes) = form(
        "survey,,,\n\
         ,type,name,label\n\
         ,begin loop over l,each,Each\n\
         ,integer,n,N\n\
         ,end loop,,\n\
         choices,,,\n\
         ,list_name,name,label\n\
         ,l,a,A\n\
         ,l,b/c,B or C\n",
    );
    assert_eq!(
        told(&notes),
        [(2, "type", &What::BadName("b/c".to_owned()))]
    );
    let paths: Vec<String> = filling.asked().into_iter().map(|a| a.path).collect();
    assert_eq!(paths, ["/data/each/a/n"]);
}
