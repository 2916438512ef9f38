//! Any form, however it is written: it is read, opened and answered, and what is not taken is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use gridfold_sync_core::calendar::Zone;
use gridfold_sync_core::expression::Setting;
use gridfold_sync_core::questionnaire::Filling;
use gridfold_sync_core::time::Timestamp;
use gridfold_xlsform::{Sheet, read_xform, read_xlsform, sheets};
use proptest::prelude::*;

fn cell() -> impl Strategy<Value = String> {
    let words = [
        "",
        "",
        "text",
        "integer",
        "date",
        "note",
        "calculate",
        "begin group",
        "begin repeat",
        "end group",
        "end repeat",
        "begin loop over l",
        "select_one l",
        "select_multiple l or_other",
        "select_one ${a}",
        "rank l",
        "a",
        "b",
        "c",
        "l",
        "${a}",
        "${b} + 1",
        "${c} > 0",
        "yes",
        "3",
        ". != ''",
        "sum(${b})",
        "position(..)",
        "selected(${a}, 'x')",
        "${last-saved#a}",
        "indexed-repeat(${a}, ${b}, 1)",
        "today()",
        "(",
        "${",
        "'",
        "x = ${a}",
        "type",
        "name",
    ];
    prop_oneof![
        8 => prop::sample::select(words.to_vec()).prop_map(str::to_owned),
        1 => ".{0,12}",
    ]
}

fn sheet(name: &'static str, headers: &'static [&'static str]) -> impl Strategy<Value = Sheet> {
    let row = prop::collection::vec(cell(), headers.len());
    prop::collection::vec(row, 0..14).prop_map(move |rows| {
        let first = headers.iter().map(|header| (*header).to_owned()).collect();
        Sheet {
            name: name.to_owned(),
            rows: std::iter::once(first).chain(rows).collect(),
        }
    })
}

fn form() -> impl Strategy<Value = Vec<Sheet>> {
    let survey: &[&str] = &[
        "type",
        "name",
        "label",
        "relevant",
        "calculation",
        "constraint",
        "choice_filter",
        "repeat_count",
        "default",
        "trigger",
        "required",
    ];
    let survey = sheet("survey", survey);
    let choices = sheet("choices", &["list_name", "name", "label", "x"]);
    (survey, choices).prop_map(|(survey, choices)| vec![survey, choices])
}

fn opened(sheets: &[Sheet]) -> Filling {
    let (form, notes) = read_xlsform(sheets).questionnaire();
    for note in &notes {
        assert!(!note.to_string().is_empty());
    }
    let setting = Setting {
        now: Timestamp(1_772_677_230_000),
        zone: Zone::china(),
        chance: [1; 16],
    };
    Filling::open(Arc::new(form), setting, BTreeMap::new())
}

proptest! {
    #[test]
    fn any_sheets_are_read_opened_and_answered(
        sheets in form(),
        acts in prop::collection::vec((any::<prop::sample::Index>(), cell()), 0..8),
    ) {
        let mut filling = opened(&sheets);
        for (which, value) in acts {
            let asked = filling.asked();
            if asked.is_empty() {
                break;
            }
            let path = which.get(&asked).path.clone();
            prop_assert!(filling.set(&path, &value).is_ok(), "{path}");
            let _ = filling.add_turn(path.rsplit_once('[').map_or("/data/b", |(repeat, _)| repeat));
        }
        // Whatever is asked has a path of its own.
        let asked = filling.asked();
        let paths: std::collections::BTreeSet<&str> = asked.iter().map(|a| a.path.as_str()).collect();
        prop_assert_eq!(paths.len(), asked.len());
    }

    #[test]
    fn any_bytes_are_sheets_or_told_to_be_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = sheets(&bytes) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn any_text_is_an_xform_or_told_to_be_none(text in "[<>/a-c =\"&;!]{0,80}") {
        if let Err(error) = read_xform(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
