//! The number of a receipt, who may write it, and what its holder is told and may say.

use std::collections::BTreeSet;

use gridfold_sync_core::directory::Catalogue;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{Entry, RefusalCode, Target, Verdict};
use gridfold_sync_core::ids::{ActionKey, ChoiceKey, IncarnationId, RecordId, SensitivityClass};
use gridfold_sync_core::resident::{
    Asked, Given, Mistyped, RECEIPT_DIGITS, ReceiptNumber, Refused, asked, lacks_number, number_of,
    operations, receipt_link, reply_of, shown_number, shows,
};
use gridfold_sync_core::schema::{Form, FormError, builtin_forms};
use gridfold_sync_core::view::{PartState, RecordView};

use crate::common::world::{NOW, field, form_code};
use crate::common::{GRID, Rng, World, set, stream, text};

fn drawn(rng: &mut Rng) -> ReceiptNumber {
    ReceiptNumber::from_random(rng.bytes())
}

/// Numbers with every digit at every place, and some that are drawn.
fn many() -> Vec<ReceiptNumber> {
    let mut rng = Rng(7);
    let same = (0..10u128).map(|d| {
        let digits = (0..18).fold(0u128, |n, _| n * 10 + d);
        ReceiptNumber::from_random(digits.to_be_bytes())
    });
    let drawn = (0..200).map(|_| drawn(&mut rng));
    same.chain(drawn).collect()
}

#[test]
fn every_single_wrong_digit_is_noticed() {
    for number in many() {
        let right = number.to_string();
        assert_eq!(ReceiptNumber::read(&right), Ok(number));
        for place in 0..RECEIPT_DIGITS {
            for digit in b'0'..=b'9' {
                let mut wrong = right.clone().into_bytes();
                wrong[place] = digit;
                let wrong = String::from_utf8(wrong).unwrap();
                if wrong != right {
                    assert_eq!(
                        ReceiptNumber::read(&wrong),
                        Err(Mistyped::WrongDigit),
                        "{right} {wrong}"
                    );
                    assert!(ReceiptNumber::parse(&wrong).is_none());
                }
            }
        }
    }
}

#[test]
fn every_two_digits_that_changed_places_are_noticed_when_they_are_neighbours_or_next_but_one() {
    for number in many() {
        let right = number.to_string();
        for apart in [1, 2] {
            for place in 0..RECEIPT_DIGITS - apart {
                let mut wrong = right.clone().into_bytes();
                wrong.swap(place, place + apart);
                let wrong = String::from_utf8(wrong).unwrap();
                if wrong != right {
                    assert_eq!(
                        ReceiptNumber::read(&wrong),
                        Err(Mistyped::WrongDigit),
                        "{right} {wrong}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_number_is_read_as_people_write_say_and_scan_it() {
    let number = ReceiptNumber::from_random(120_345_678_901_234_567u128.to_be_bytes());
    let plain = number.to_string();
    assert_eq!(plain.len(), RECEIPT_DIGITS);
    assert!(plain.starts_with("120345678901234567"));
    let wide: String = plain
        .chars()
        .map(|c| char::from_u32(c as u32 + 0xfee0).unwrap())
        .collect();
    let spoken = |digits: &str| -> String {
        let names: Vec<char> = digits.chars().collect();
        plain
            .bytes()
            .map(|b| names[usize::from(b - b'0')])
            .collect()
    };
    for typed in [
        plain.clone(),
        number.grouped(),
        number.grouped().replace(' ', "-"),
        number.grouped().replace(' ', "　"),
        format!("  {plain}\n"),
        wide,
        spoken("OIZ3456789"),
        spoken("ol2345678g").replace('g', "9"),
        spoken("〇一二三四五六七八九"),
        spoken("洞幺两三四五六拐八勾"),
        spoken("零壹贰叁肆伍陆柒捌玖"),
        receipt_link("https://town.example/", &number),
    ] {
        assert_eq!(ReceiptNumber::read(&typed), Ok(number), "{typed}");
    }
    assert_eq!(
        receipt_link("https://town.example/", &number),
        format!("https://town.example/r/#{plain}")
    );
    for (typed, why) in [
        ("", Mistyped::NotANumber),
        ("张伟", Mistyped::NotANumber),
        (&plain[1..], Mistyped::NotANumber),
        (&format!("{plain}0"), Mistyped::NotANumber),
        (&"1 ".repeat(10_000), Mistyped::NotANumber),
        ("00000000000000000000", Mistyped::WrongDigit),
    ] {
        assert_eq!(ReceiptNumber::read(typed), Err(why), "{typed}");
    }
    // What a field holds is the digits alone.
    assert!(ReceiptNumber::parse(&number.grouped()).is_none());
    assert_eq!(format!("{number:?}"), "ReceiptNumber(…)");
}

#[test]
fn a_check_that_fits_in_another_way_is_none() {
    // 99, 00 and 01 leave the remainder that 02, 97 and 98 leave.
    let mut seen = BTreeSet::new();
    for n in 0..97u128 {
        let number = ReceiptNumber::from_random(n.to_be_bytes()).to_string();
        let (drawn, check) = number.split_at(18);
        seen.insert(check.to_owned());
        let other = match check {
            "02" => "99",
            "97" => "00",
            "98" => "01",
            _ => continue,
        };
        assert!(ReceiptNumber::parse(&format!("{drawn}{other}")).is_none());
    }
    assert_eq!(seen.len(), 97);
}

fn matter() -> Form {
    let forms = builtin_forms().unwrap();
    let newest = forms.into_iter().filter(|f| f.code.as_str() == "matter");
    newest.max_by_key(|f| f.version).unwrap()
}

fn catalogue() -> Catalogue {
    Catalogue::from_json(
        r#"{"version":1,"kinds":[
            {"code":"light","label":{"zh":"路灯","en":"Light"},"department":"d","receipt":true},
            {"code":"quarrel","label":{"zh":"家庭矛盾","en":"Quarrel"},"department":"d"}]}"#,
    )
    .unwrap()
}

#[test]
fn without_consent_of_form_and_kind_no_number_is_made() {
    let (matter, catalogue) = (matter(), catalogue());
    let known = Some(&catalogue);
    for (kind, is_shown) in [
        (Some("light"), true),
        (Some("路灯"), true),
        (Some("quarrel"), false),
        (Some("never heard of"), false),
        (None, false),
    ] {
        assert_eq!(shows(&matter, known, kind), is_shown, "{kind:?}");
        let ops: Vec<Op> = kind.iter().map(|k| set("kind", text(k))).collect();
        let lacks = lacks_number(&matter, known, &ops);
        assert_eq!(lacks.is_some(), is_shown, "{kind:?}");
    }
    assert!(!shows(&matter, None, Some("light")));
    let number = ReceiptNumber::from_random([3; 16]).to_string();
    let made_before = [set("kind", text("light")), set("receipt", text(&number))];
    assert!(lacks_number(&matter, known, &made_before).is_none());
    // A form without kinds says it by its field; a form without the field says nothing.
    let own = |field: &str| {
        let json = format!(
            r#"{{"code":"wish","version":1,"label":{{"zh":"心愿","en":"Wish"}},"class":"general","fields":[
            {{"key":"what","label":{{"zh":"内容","en":"What"}},"type":"text"}}{field}]}}"#
        );
        Form::from_json(&json)
    };
    let with =
        own(r#",{"key":"slip","label":{"zh":"号","en":"No"},"type":"text","means":"receipt"}"#);
    assert!(shows(&with.unwrap(), None, None));
    assert!(!shows(&own("").unwrap(), known, Some("light")));
    let personal = own(
        r#",{"key":"slip","label":{"zh":"号","en":"No"},"type":"text","means":"receipt","class":"personal"}"#,
    );
    assert!(matches!(personal, Err(FormError::NotOnReceipt(_))));
    for told in [
        r#",{"key":"a","label":{"zh":"答","en":"A"},"type":"text","on_receipt":true}"#,
        r#",{"key":"a","label":{"zh":"答","en":"A"},"type":"text","means":"reply","class":"personal","on_receipt":true}"#,
    ] {
        assert!(
            matches!(own(told), Err(FormError::NotOnReceipt(_))),
            "{told}"
        );
    }
}

fn verdicts(world: &mut World, entries: &[(&str, Target, Vec<Op>)]) -> Vec<Verdict> {
    let stream = stream(GRID);
    let mut out = Vec::new();
    for (who, target, ops) in entries {
        let phone = match *who {
            "worker" => &mut world.worker,
            "colleague" => &mut world.colleague,
            _ => &mut world.auditor,
        };
        let entry = phone.write_as(&stream, 4, target.clone(), ops.clone());
        let log = phone.push(&stream, vec![entry]);
        let by = match *who {
            "worker" => &world.worker,
            "colleague" => &world.colleague,
            _ => &world.auditor,
        };
        let author = by.author;
        let key = by.key.public();
        let decided =
            gridfold_sync_core::admission::admit(&mut world.facts, author, &key, NOW, &log);
        out.extend(decided.unwrap().unwrap().iter().map(|d| d.verdict));
    }
    out
}

#[test]
fn a_number_is_made_with_the_record_once_and_stays() {
    let mut world = World::new(41);
    let (number, other) = (
        ReceiptNumber::from_random([1; 16]).to_string(),
        ReceiptNumber::from_random([2; 16]).to_string(),
    );
    let receipt = |n: &str| vec![set("receipt", text(n))];
    let made = |record: RecordId| Target::New {
        record,
        form: form_code("matter"),
    };
    let (first, second, third) = (world.record(), world.record(), world.record());
    let admitted = Verdict::Admitted { late: false };
    let refused = Verdict::Refused(RefusalCode::NotWritable);
    let with = |n: &str| vec![set("summary", text("灯")), set("receipt", text(n))];
    assert_eq!(
        verdicts(&mut world, &[("worker", made(first), with(&number))]),
        [admitted]
    );
    let head = world.facts.row(&stream(GRID), first).heads.clone();
    let at_head = || Target::At(head.clone());
    let unset = vec![Op::Unset {
        field: field("receipt"),
    }];
    let twice = vec![set("receipt", text(&number)), set("receipt", text(&other))];
    let odd = [
        // Changed or emptied by anybody, its own phone too.
        ("worker", at_head(), receipt(&other), refused),
        ("colleague", at_head(), receipt(&other), refused),
        ("colleague", at_head(), unset, refused),
        // A second one beside the first, as of a phone that did not know of it.
        ("colleague", made(first), with(&other), refused),
        // Two in one edit, no number, and one by who may not write.
        ("worker", made(third), twice, refused),
        (
            "worker",
            made(third),
            with("12345678901234567890"),
            Verdict::Refused(RefusalCode::OutOfRange),
        ),
        ("auditor", made(third), receipt(&other), refused),
    ];
    for (n, (who, target, ops, expected)) in odd.into_iter().enumerate() {
        let verdict = verdicts(&mut world, &[(who, target, ops)]);
        assert_eq!(verdict, [expected], "{n}");
    }
    // A record that was made without one gets none.
    let late = verdicts(
        &mut world,
        &[("worker", made(second), vec![set("summary", text("树"))])],
    );
    assert_eq!(late, [admitted]);
    let head = world.facts.row(&stream(GRID), second).heads.clone();
    let verdict = verdicts(&mut world, &[("worker", Target::At(head), receipt(&other))]);
    assert_eq!(verdict, [refused]);
    let row = world.facts.row(&stream(GRID), first);
    assert_eq!(row.value("receipt"), Some(&text(&number)));
    assert_eq!(row.conflicts().count(), 0);
}

/// A matter with these operations one after the other.
fn parts(general: &[Op], personal: &[Op]) -> Vec<(SensitivityClass, PartState)> {
    let state = |ops: &[Op]| {
        let mut state = PartState::new(form_code("matter"));
        for (n, op) in (1..).zip(ops) {
            let target = match n {
                1 => Target::New {
                    record: RecordId::from_bytes([1; 16]),
                    form: form_code("matter"),
                },
                _ => Target::At(state.heads.clone()),
            };
            let by = IncarnationId::from_bytes([7; 16]);
            state.apply(&Entry::new(by, n, target, 4, NOW, vec![op.clone()]));
        }
        state
    };
    vec![
        (SensitivityClass::General, state(general)),
        (SensitivityClass::Personal, state(personal)),
    ]
}

fn view<'a>(form: &'a Form, parts: &'a [(SensitivityClass, PartState)]) -> RecordView<'a> {
    RecordView {
        record: RecordId::from_bytes([1; 16]),
        form,
        parts: parts.iter().map(|(c, p)| (*c, p)).collect(),
    }
}

fn act(action: &str) -> Op {
    Op::Transition {
        action: ActionKey::new(action).unwrap(),
        note: String::new(),
    }
}

#[test]
fn what_a_resident_says_is_taken_once_and_where_the_work_is() {
    let form = matter();
    let rating = |key: &str| Given {
        satisfaction: Some(ChoiceKey::new(key).unwrap()),
        reopening: None,
    };
    let reopening = |words: &str| Given {
        satisfaction: None,
        reopening: Some(words.to_owned()),
    };
    let begun = parts(&[set("kind", text("light"))], &[]);
    let begun = view(&form, &begun);
    assert_eq!(
        operations(&begun, &rating("satisfied")),
        Err(Refused::NotNow)
    );
    assert_eq!(
        operations(&begun, &reopening("又坏了")),
        Err(Refused::NotNow)
    );
    assert_eq!(operations(&begun, &Given::default()), Err(Refused::Nothing));
    let steps = [
        act("accept"),
        act("handle"),
        Op::Splice {
            field: field("reply"),
            at: 0,
            delete: 0,
            insert: "已修好".to_owned(),
        },
        act("reply"),
    ];
    let replied = parts(&steps, &[]);
    let replied = view(&form, &replied);
    let ops = operations(&replied, &rating("fair")).unwrap();
    assert_eq!(
        ops,
        [
            set(
                "satisfaction",
                Value::Choice(ChoiceKey::new("fair").unwrap())
            ),
            act("evaluate")
        ]
    );
    let refused = operations(&replied, &rating("wonderful"));
    assert_eq!(refused, Err(Refused::Rule(RefusalCode::OutOfRange)));
    let long = operations(&replied, &reopening(&"长".repeat(1_001)));
    assert_eq!(long, Err(Refused::Rule(RefusalCode::TooLong)));
    assert_eq!(
        operations(&replied, &reopening("  ")),
        Err(Refused::Nothing)
    );
    let again = operations(&replied, &reopening(" 又坏了 ")).unwrap();
    assert_eq!(again, [set("reopening", text("又坏了")), act("reopen")]);
    let mut rated = steps.to_vec();
    rated.extend(ops);
    let after = parts(&rated, &[]);
    let after = view(&form, &after);
    assert_eq!(operations(&after, &rating("fair")), Err(Refused::Before));
    assert_eq!(operations(&after, &reopening("又坏了")).unwrap(), again);
    let mut opened = rated.clone();
    opened.push(act("reopen"));
    let opened = parts(&opened, &[set("reopening", text("又坏了"))]);
    let opened = view(&form, &opened);
    assert_eq!(
        operations(&opened, &reopening("再来")),
        Err(Refused::Before)
    );
    assert!(matches!(asked(&opened).reopening, Asked::Given(_)));
    // Both at once: what is opened again does not end first.
    let both = Given {
        satisfaction: Some(ChoiceKey::new("dissatisfied").unwrap()),
        reopening: Some("没修".to_owned()),
    };
    let ops = operations(&replied, &both).unwrap();
    assert!(!ops.contains(&act("evaluate")) && ops.contains(&act("reopen")));
}

#[test]
fn the_reply_is_told_when_there_is_one_and_the_form_lets_it() {
    let mut form = matter();
    let reply = Op::Splice {
        field: field("reply"),
        at: 0,
        delete: 0,
        insert: " 已修好 ".to_owned(),
    };
    let drafted = parts(std::slice::from_ref(&reply), &[]);
    assert_eq!(
        reply_of(&view(&form, &drafted)),
        None,
        "nobody said yet that it is answered"
    );
    let steps = [reply, act("accept"), act("handle"), act("reply")];
    let replied = parts(&steps, &[]);
    assert_eq!(reply_of(&view(&form, &replied)).as_deref(), Some("已修好"));
    let place = form
        .fields
        .iter()
        .position(|f| f.key.as_str() == "reply")
        .unwrap();
    form.fields[place].on_receipt = false;
    assert_eq!(reply_of(&view(&form, &replied)), None);
}

#[test]
fn a_record_is_answered_for_as_long_as_form_and_kind_show_and_it_is_there() {
    let (form, catalogue) = (matter(), catalogue());
    let number = ReceiptNumber::from_random([9; 16]);
    let ops = |kind: &str| {
        vec![
            set("kind", text(kind)),
            set("receipt", text(&number.to_string())),
        ]
    };
    let shown = |ops: &[Op], form: &Form, catalogue: Option<&Catalogue>| {
        let held = parts(ops, &[]);
        let matter = matter();
        let view = view(&matter, &held);
        assert_eq!(number_of(&view), Some(number));
        shown_number(&view, form, catalogue)
    };
    assert_eq!(shown(&ops("light"), &form, Some(&catalogue)), Some(number));
    // The kind was switched off, is another by now, or the catalogue is gone.
    let mut off = catalogue.clone();
    off.kinds[0].receipt = false;
    assert_eq!(shown(&ops("light"), &form, Some(&off)), None);
    assert_eq!(shown(&ops("quarrel"), &form, Some(&catalogue)), None);
    assert_eq!(shown(&ops("light"), &form, None), None);
    let mut deleted = ops("light");
    deleted.push(Op::Delete);
    assert_eq!(shown(&deleted, &form, Some(&catalogue)), None);
    let mut without = form.clone();
    without.fields.retain(|f| f.key.as_str() != "receipt");
    assert_eq!(shown(&ops("light"), &without, Some(&catalogue)), None);
}
