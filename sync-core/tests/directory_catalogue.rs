//! The catalogue: what is refused, how versions follow, and what is proposed for a matter.

use gridfold_sync_core::calendar::{WorkingTime, default_calendar};
use gridfold_sync_core::directory::{
    Catalogue, CatalogueError, Directory, DirectoryChange, DirectoryScope, Evidence,
    default_catalogue,
};
use gridfold_sync_core::ids::{ChoiceKey, KindCode, UserId};
use gridfold_sync_core::limits::{MAX_CATALOGUE_BYTES, MAX_DEADLINE_HOURS, MAX_KIND_TEXT_CHARS};
use gridfold_sync_core::notice::Locale;
use gridfold_sync_core::time::Timestamp;
use serde_json::{Value as Json, json};

fn kind(code: &str, zh: &str, en: &str) -> Json {
    json!({ "code": code, "label": { "zh": zh, "en": en }, "department": "市政" })
}

fn read(version: u32, kinds: &[Json]) -> Result<Catalogue, CatalogueError> {
    Catalogue::from_json(&json!({ "version": version, "kinds": kinds }).to_string())
}

fn code(text: &str) -> KindCode {
    KindCode::new(text).unwrap()
}

#[test]
fn the_built_in_catalogue_is_whole_and_in_both_languages() {
    let catalogue = default_catalogue().unwrap();
    assert_eq!((catalogue.version, catalogue.kinds.len()), (1, 12));
    for kind in &catalogue.kinds {
        assert!(kind.label.zh.chars().all(|c| !c.is_ascii()), "{kind:?}");
        assert!(kind.label.en.is_ascii(), "{kind:?}");
        assert!(!kind.evidence.is_empty() && !kind.retired, "{kind:?}");
        assert!(
            kind.unknown.is_empty(),
            "a key that nothing reads: {kind:?}"
        );
    }
    let urgent: Vec<&str> = catalogue
        .offered()
        .filter(|k| k.urgent)
        .map(|k| k.code.as_str())
        .collect();
    assert_eq!(urgent, ["lift_failure", "water_leak", "fire_hazard"]);
    assert_eq!(catalogue.kinds.last().unwrap().code, code("other"));
}

#[test]
fn what_cannot_be_meant_is_refused_by_name() {
    let good = || kind("a", "甲", "A");
    let with = |key: &str, value: Json| {
        let mut kind = good();
        kind[key] = value;
        read(1, &[kind])
    };
    assert!(read(1, &[good()]).is_ok());
    assert_eq!(read(1, &[]), Err(CatalogueError::NoKinds));
    assert!(matches!(
        Catalogue::from_json("{"),
        Err(CatalogueError::NotACatalogue(_))
    ));
    assert!(matches!(
        with("code", json!("a b")),
        Err(CatalogueError::NotACatalogue(_))
    ));
    let bad_text = |what| Err(CatalogueError::BadText(code("a"), what));
    assert_eq!(with("department", json!(" ")), bad_text("department"));
    assert_eq!(with("department", json!("a\nb")), bad_text("department"));
    let long = "长".repeat(MAX_KIND_TEXT_CHARS);
    assert!(with("department", json!(long)).is_ok());
    assert_eq!(
        with("department", json!(long + "长")),
        bad_text("department")
    );
    let labels = |zh: &str, en: &str| with("label", json!({ "zh": zh, "en": en }));
    assert_eq!(labels("", "A"), bad_text("Chinese name"));
    assert_eq!(labels("甲", ""), bad_text("English name"));
    for hours in [0, MAX_DEADLINE_HOURS + 1] {
        let refused = with("deadline_hours", json!(hours));
        assert_eq!(refused, Err(CatalogueError::BadDeadline(code("a"))));
    }
    assert!(with("deadline_hours", json!(MAX_DEADLINE_HOURS)).is_ok());
    for (evidence, named) in [
        (json!(["photo", "smell"]), "smell"),
        (json!(["photo", "photo"]), "photo"),
    ] {
        let refused = with("evidence", evidence);
        let expected = CatalogueError::BadEvidence(code("a"), named.to_owned());
        assert_eq!(refused, Err(expected));
    }
    assert_eq!(
        read(1, &[good(), good()]),
        Err(CatalogueError::TwiceTheKind(code("a")))
    );
    // A name that another kind has in any language, or as its code.
    for other in [
        kind("b", "甲", "B"),
        kind("b", "乙", "a "),
        kind("A", "乙", "B"),
        kind("b", "乙", "Ａ"),
        kind("b", "乙", "á"),
    ] {
        let second = code(other["code"].as_str().unwrap());
        let refused = read(1, &[good(), other]);
        assert_eq!(
            refused,
            Err(CatalogueError::TwiceTheName(code("a"), second))
        );
    }
    let mut retired = kind("b", "甲", "B");
    retired["retired"] = json!(true);
    assert!(read(1, &[good(), retired]).is_ok(), "nobody chooses it");
    let many: Vec<Json> = (0..2_000)
        .map(|n| kind(&format!("k{n}"), &format!("类{n}"), &format!("Kind {n}")))
        .collect();
    match read(1, &many) {
        Err(CatalogueError::TooLarge(bytes)) => assert!(bytes > MAX_CATALOGUE_BYTES),
        other => panic!("{other:?}"),
    }
}

fn below(code: &str, parent: &str) -> Json {
    let mut kind = kind(code, &format!("{code}类"), &format!("Kind {code}"));
    kind["parent"] = json!(parent);
    kind
}

#[test]
fn kinds_lie_in_three_levels_and_take_over_what_they_do_not_say() {
    let mut top = kind("env", "环境", "Environment");
    top["deadlines"] = json!([
        { "amount": 5, "unit": "working_days", "warn": { "amount": 1, "unit": "working_days" } },
        { "urgency": "urgent", "amount": 8, "unit": "working_hours" },
    ]);
    let mut middle = below("rubbish", "env");
    middle["department"] = json!("");
    let mut leaf = below("bulky", "rubbish");
    leaf["department"] = json!("环卫");
    leaf["urgency"] = json!("urgent");
    let all = [top.clone(), middle.clone(), leaf.clone()];
    let catalogue = read(1, &all).unwrap();
    let of = |code: &str| catalogue.kind(code).unwrap();
    assert_eq!(catalogue.department(of("rubbish")), "市政");
    assert_eq!(catalogue.department(of("bulky")), "环卫");
    let path: Vec<&str> = catalogue
        .upward(of("bulky"))
        .map(|k| k.code.as_str())
        .collect();
    assert_eq!(path, ["bulky", "rubbish", "env"]);
    assert!(catalogue.is_heading(of("env")) && !catalogue.is_heading(of("bulky")));
    let amount = |code: &str, urgency: Option<&str>| {
        let urgency = catalogue.urgency(of(code), urgency);
        catalogue
            .deadline(of(code), urgency.as_ref())
            .unwrap()
            .within
            .amount
    };
    assert_eq!(
        (amount("rubbish", None), amount("rubbish", Some("Urgent"))),
        (5, 8)
    );
    assert_eq!(
        (amount("bulky", None), amount("bulky", Some("一般"))),
        (8, 5)
    );

    let missing = read(1, &all[1..]);
    assert_eq!(
        missing,
        Err(CatalogueError::NoParent(code("rubbish"), code("env")))
    );
    let fourth = below("old", "bulky");
    let deep = read(1, &[all.as_slice(), &[fourth]].concat());
    assert_eq!(deep, Err(CatalogueError::TooDeep(code("old"))));
    let mut ring = all.clone();
    ring[0]["parent"] = json!("bulky");
    assert!(matches!(read(1, &ring), Err(CatalogueError::TooDeep(_))));
    let mut retired = all.clone();
    retired[0]["retired"] = json!(true);
    let refused = read(1, &retired);
    assert_eq!(
        refused,
        Err(CatalogueError::ParentRetired(code("rubbish"), code("env")))
    );
    let nobody = |department: &str| {
        let mut alone = top.clone();
        alone["department"] = json!(department);
        read(1, &[alone])
    };
    assert_eq!(
        nobody(""),
        Err(CatalogueError::BadText(code("env"), "department"))
    );
}

#[test]
fn urgencies_are_data_and_deadlines_must_be_of_them() {
    let with = |urgencies: Json, deadlines: Json| {
        let mut kind = kind("a", "甲", "A");
        kind["deadlines"] = deadlines;
        let json = json!({ "version": 1, "urgencies": urgencies, "kinds": [kind] });
        Catalogue::from_json(&json.to_string())
    };
    let usual = || json!([]);
    let urgent = ChoiceKey::new("urgent").unwrap();
    let codes: Vec<String> = with(usual(), json!([]))
        .unwrap()
        .urgencies()
        .iter()
        .map(|u| u.code.to_string())
        .collect();
    assert_eq!(codes, ["normal", "urgent"]);
    let own =
        |code: &str, zh: &str, en: &str| json!({ "code": code, "label": { "zh": zh, "en": en } });
    let four = json!([own("blue", "蓝", "Blue"), own("red", "红", "Red")]);
    let red = json!([{ "urgency": "red", "amount": 2, "unit": "hours" }]);
    let catalogue = with(four.clone(), red.clone()).unwrap();
    let kind = &catalogue.kinds[0];
    assert_eq!(catalogue.urgency(kind, None).unwrap().as_str(), "blue");
    assert_eq!(
        catalogue.urgency(kind, Some("red")).unwrap().as_str(),
        "red"
    );
    assert_eq!(
        catalogue.deadline(kind, catalogue.urgency(kind, None).as_ref()),
        None
    );
    let unknown = with(
        four.clone(),
        json!([{ "urgency": "urgent", "amount": 2, "unit": "hours" }]),
    );
    assert_eq!(unknown, Err(CatalogueError::BadUrgency(code("a"), urgent)));
    for wrong in [
        json!([own("blue", "蓝", "Blue"), own("blue", "红", "Red")]),
        json!([own("blue", "蓝", "Blue"), own("red", "蓝", "Red")]),
        json!([own("blue", "", "Blue")]),
        json!(
            (0..9)
                .map(|n| own(&format!("u{n}"), &format!("级{n}"), &format!("L{n}")))
                .collect::<Vec<_>>()
        ),
    ] {
        assert_eq!(with(wrong, json!([])), Err(CatalogueError::BadUrgencies));
    }
    for (amount, unit) in [
        (0, "hours"),
        (3_651, "days"),
        (20_001, "working_hours"),
        (2_601, "working_days"),
        (1, "moons"),
    ] {
        let refused = with(usual(), json!([{ "amount": amount, "unit": unit }]));
        assert_eq!(
            refused,
            Err(CatalogueError::BadDeadline(code("a"))),
            "{unit}"
        );
    }
    let warned = |amount: u32, unit: &str| {
        with(
            usual(),
            json!([{ "amount": 2, "unit": "working_days", "warn": { "amount": amount, "unit": unit } }]),
        )
    };
    assert!(warned(1, "working_days").is_ok() && warned(20, "working_hours").is_ok());
    for (amount, unit) in [(2, "working_days"), (0, "hours"), (1, "moons")] {
        assert_eq!(
            warned(amount, unit),
            Err(CatalogueError::BadWarning(code("a")))
        );
    }
    let twice = json!([{ "amount": 1, "unit": "days" }, { "amount": 2, "unit": "days" }]);
    assert_eq!(
        with(usual(), twice),
        Err(CatalogueError::TwiceTheDeadline(code("a"), String::new()))
    );
}

#[test]
fn versions_are_dense_and_kinds_stay() {
    let first = read(1, &[kind("a", "甲", "A"), kind("b", "乙", "B")]).unwrap();
    assert_eq!(first.check_follows(None), Ok(()));
    let not_next = |expected, given| Err(CatalogueError::NotNext { expected, given });
    assert_eq!(first.check_follows(Some(&first)), not_next(2, 1));
    let gap = read(3, &[kind("a", "甲", "A"), kind("b", "乙", "B")]).unwrap();
    assert_eq!(gap.check_follows(Some(&first)), not_next(2, 3));
    assert_eq!(gap.check_follows(None), not_next(1, 3));
    let lost = read(2, &[kind("b", "乙", "B"), kind("c", "丙", "C")]).unwrap();
    assert_eq!(
        lost.check_follows(Some(&first)),
        Err(CatalogueError::MissingKind(code("a")))
    );

    let mut directory = Directory::default();
    assert!(directory.catalogue().is_none());
    let mut publish = |catalogue: &Catalogue| {
        directory.apply(DirectoryChange::Catalogue {
            catalogue: Box::new(catalogue.clone()),
        });
    };
    let second = read(2, &[kind("a", "甲", "A"), kind("b", "乙二", "B2")]).unwrap();
    let rival = read(2, &[kind("a", "甲", "A"), kind("b", "乙三", "B3")]).unwrap();
    publish(&first);
    publish(&second);
    publish(&rival);
    assert_eq!(directory.revision, 3);
    assert_eq!(**directory.catalogue().unwrap(), second, "the first stands");
    assert_eq!(**directory.catalogue_version(1).unwrap(), first);
    assert!(directory.catalogue_version(3).is_none());
}

#[test]
fn a_deadline_is_proposed_and_an_unknown_kind_is_shown_as_typed() {
    let mut catalogue = default_catalogue().unwrap();
    let reported = Timestamp(1_781_330_000_000);
    let calendar = default_calendar();
    let time = WorkingTime::of(&calendar);
    let due = |c: &Catalogue, typed: &str| {
        c.due(typed, None, reported, &time)
            .map(|due| (due.at.millis() - reported.millis()) / 3_600_000)
    };
    for typed in ["street_light", "路灯损坏", " broken STREET light "] {
        assert_eq!(due(&catalogue, typed), Some(72), "{typed}");
        assert_eq!(catalogue.shown(typed, Locale::Zh), "路灯损坏");
        assert_eq!(catalogue.shown(typed, Locale::En), "Broken street light");
    }
    assert_eq!(due(&catalogue, "其他"), None, "no deadline");
    for typed in ["HEAT/HOT WATER", "路灯", ""] {
        assert_eq!(due(&catalogue, typed), None);
        assert_eq!(catalogue.shown(typed, Locale::Zh), typed);
    }
    // Clocks are claims: the ends of time do not wrap.
    let end = catalogue.due("noise", None, Timestamp(i64::MAX), &time);
    assert_eq!(end.unwrap().at, Timestamp(i64::MAX));
    // Retired, it is not offered, and matters that name it keep name and deadline; another kind
    // that took over its name is meant first.
    catalogue.kinds[0].retired = true;
    assert_eq!(catalogue.offered().count(), 11);
    assert_eq!(due(&catalogue, "路灯损坏"), Some(72));
    let mut successor = catalogue.kinds[0].clone();
    successor.code = code("lamp");
    successor.retired = false;
    successor.deadline_hours = Some(24);
    catalogue.kinds.push(successor);
    assert_eq!(catalogue.check(), Ok(()));
    assert_eq!(due(&catalogue, "路灯损坏"), Some(24));
    assert_eq!(due(&catalogue, "street_light"), Some(72));
}

#[test]
fn what_a_newer_build_wrote_survives() {
    let text = json!({
        "version": 1, "theme": "blue",
        "kinds": [{
            "code": "a", "label": { "zh": "甲", "en": "A" }, "department": "市政",
            "evidence": ["photo", "hologram"], "fee": 3,
        }],
    });
    let read: Catalogue = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(
        read.kinds[0].evidence,
        [Evidence::Photo, Evidence::Other("hologram".to_owned())]
    );
    assert_eq!(serde_json::to_value(&read).unwrap(), text);
}

#[test]
fn scopes_and_changes_of_before_are_read_and_their_bytes_stay() {
    let user = UserId::from_bytes([1; 16]);
    let old = format!(
        r#"{{"user":"{user}","users":[],"grants":[],"areas":[{{"code":"g","name":"格","level":"grid"}}],"forms":[]}}"#
    );
    let mut scope = DirectoryScope::from_bytes(old.as_bytes()).unwrap();
    assert_eq!(scope.catalogue, None);
    // The same bytes as before: no phone fetches its directory again for nothing.
    assert_eq!(String::from_utf8(scope.to_bytes()).unwrap(), old);
    assert!(scope.to_directory().catalogue().is_none());
    // A scope has the newest version only, whatever its number.
    let mut catalogue = default_catalogue().unwrap();
    catalogue.version = 7;
    scope.catalogue = Some(catalogue.clone());
    let read = DirectoryScope::from_bytes(&scope.to_bytes()).unwrap();
    assert_eq!(read, scope);
    let directory = read.to_directory();
    assert_eq!(**directory.catalogue().unwrap(), catalogue);
    let again = directory.scope(user, Timestamp(0));
    assert_eq!(again.catalogue, Some(catalogue));
    // Lines of a directory log written before there was a catalogue.
    for line in [
        r#"{"change":"areas","areas":[{"code":"g","name":"格","level":"grid"}]}"#,
        r#"{"change":"user","user":{"id":"01010101-0101-0101-0101-010101010101","name":"甲"}}"#,
        r#"{"change":"record_erased","record":"01010101-0101-0101-0101-010101010101"}"#,
    ] {
        let change: DirectoryChange = serde_json::from_str(line).unwrap();
        let mut directory = Directory::default();
        directory.apply(change);
        assert!(directory.catalogue().is_none());
    }
}
