//! Every stable code has its texts.

use gridfold_sync_core::admission::LogProblem;
use gridfold_sync_core::carry::CarryError;
use gridfold_sync_core::entry::{RefusalCode, Verdict};
use gridfold_sync_core::notice::{Kept, Locale, Texts, fill, has, places, text, text_of};

fn codes() -> Vec<&'static str> {
    let problems = [
        LogProblem::Gap { expected: 1 },
        LogProblem::BadSignature,
        LogProblem::Forked,
        LogProblem::NotYourLog,
        LogProblem::UnknownStream,
        LogProblem::TooLarge,
    ];
    let refusals = RefusalCode::ALL.iter().map(|c| c.as_str());
    let carry = CarryError::ALL.iter().map(|c| c.as_str());
    refusals
        .chain(problems.map(LogProblem::as_str))
        .chain(carry)
        .collect()
}

#[test]
fn every_refusal_and_problem_has_a_chinese_and_an_english_text() {
    for code in codes() {
        assert!(has(code), "{code}");
        let (zh, en) = (text(code, Locale::Zh), text(code, Locale::En));
        assert!(
            zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
            "{code}: {zh}"
        );
        assert!(en.is_ascii() && en.len() > 10 && en != code, "{code}: {en}");
    }
}

#[test]
fn codes_are_unique_in_text_and_number_and_come_back() {
    let mut all = codes();
    let n = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), n);
    for code in RefusalCode::ALL {
        assert_eq!(RefusalCode::from_u8(*code as u8), Some(*code));
        let verdict = Verdict::Refused(*code);
        assert_eq!(Verdict::from_u8(verdict.to_u8()), Some(verdict));
    }
    for n in 0..=u8::MAX {
        assert!(Verdict::from_u8(n).is_none_or(|v| v.to_u8() == n));
    }
}

#[test]
fn an_unknown_code_is_shown_as_itself() {
    assert_eq!(text("no_such_code", Locale::Zh), "no_such_code");
    assert_eq!(Locale::from_tag("en-GB,en;q=0.9"), Locale::En);
    assert_eq!(Locale::from_tag("fr, zh-CN;q=0.8"), Locale::Zh);
    assert_eq!(Locale::from_tag("é"), Locale::Zh);
}

#[test]
fn a_reason_says_what_became_of_the_edit_and_nothing_else() {
    let said = |kept| match kept {
        Kept::Refused => ("修改已保留", "The edit is kept"),
        Kept::Draft => ("已存为草稿", "kept as a draft"),
        Kept::Nothing => ("没有做任何更改", "Nothing was changed"),
        Kept::Still => ("原来的修改仍在等待处理", "The other edit still waits"),
        Kept::Waiting | Kept::OfOthers => ("修改已保留", "The edit is kept"),
    };
    for code in RefusalCode::ALL.iter().map(|c| c.as_str()) {
        let tells = text(code, Locale::Zh).contains(said(Kept::Refused).0);
        for kept in Kept::ALL {
            let zh = text_of(code, Locale::Zh, kept);
            let en = text_of(code, Locale::En, kept);
            assert!(!zh.contains('{') && !en.contains('{'), "{code}: {zh} {en}");
            for other in Kept::ALL {
                let is_said = tells && said(other) == said(kept);
                assert_eq!(zh.contains(said(other).0), is_said, "{code}: {zh}");
                assert_eq!(en.contains(said(other).1), is_said, "{code}: {en}");
            }
        }
    }
}

#[test]
fn whoever_did_not_write_it_is_told_what_they_may_do_and_not_what_its_author_may() {
    for code in RefusalCode::ALL.iter().map(|c| c.as_str()) {
        for kept in [Kept::Waiting, Kept::OfOthers] {
            let zh = text_of(code, Locale::Zh, kept);
            let en = text_of(code, Locale::En, kept);
            for (text, word) in [
                (zh, "请"),
                (zh, "您的"),
                (zh, "本机"),
                (en, "Your"),
                (en, "You "),
                (en, "retry"),
                (en, "ask "),
                (en, "again"),
            ] {
                assert!(!text.contains(word), "{code}: {text}");
            }
            let offers = kept == Kept::Waiting && text(code, Locale::Zh).contains("修改已保留");
            assert_eq!(
                zh.ends_with("：可以由您重做，也可以不予采用。"),
                offers,
                "{zh}"
            );
            assert_eq!(
                en.ends_with(": make it as yours, or dismiss it."),
                offers,
                "{en}"
            );
        }
    }
}

#[test]
fn places_of_a_text_are_names_in_braces_and_are_filled_once() {
    let text = "{kind} {kind_b}: {other} {} {A} {x1} {open";
    let all: Vec<&str> = places(text).into_iter().collect();
    assert_eq!(all, ["kind", "kind_b", "other"]);
    let with = [("kind", "{kind_b}"), ("kind_b", "b")];
    assert_eq!(
        fill(text, &with),
        "{kind_b} b: {other} {} {A} {x1} {open",
        "what is given is no text of ours, and what is not given stays"
    );
    assert_eq!(fill("{{kind}}", &[("kind", "a")]), "{a}");
}

#[test]
fn texts_of_several_files_are_one_and_what_is_no_file_of_texts_holds_none() {
    let texts = Texts::read(&[
        r#"{"a": {"zh": "甲{n}", "en": "A {n}"}}"#,
        "no JSON",
        r#"{"b": {"zh": "乙", "en": "B"}}"#,
    ]);
    assert_eq!(texts.say("a", Locale::Zh, &[("n", "1")]), "甲1");
    assert_eq!(texts.say("b", Locale::En, &[("n", "1")]), "B");
    assert_eq!(texts.text("c", Locale::En), "c");
    let keys: Vec<&str> = texts.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["a", "b"]);
}
