//! Plans: what is refused, which periods they come in, what they make, and that whoever makes it makes the same.

use gridfold_sync_core::calendar::{Day, Zone};
use gridfold_sync_core::directory::{
    Area, Directory, DirectoryChange, DirectoryScope, GRID_LEVEL, Grant, User,
};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{Entry, Target};
use gridfold_sync_core::ids::{
    ActionKey, AreaCode, EntryRef, FieldKey, FormCode, GrantId, IncarnationId, RecordId,
    SensitivityClass, UserId,
};
use gridfold_sync_core::limits::{MAX_PLAN_BYTES, MAX_PLAN_STOPS};
use gridfold_sync_core::merge::fold;
use gridfold_sync_core::plan::{
    DueItem, DueOrder, Occurrence, Person, Plan, PlanError, Subject, distance_m,
};
use gridfold_sync_core::schema::{Form, Role, builtin_forms};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::RecordView;
use serde_json::{Value as Json, json};

fn hardship() -> Json {
    json!({
        "code": "hardship", "version": 1,
        "label": { "zh": "每月走访困难户", "en": "Hardship visits" },
        "about": "household",
        "only": { "any": [{ "includes": ["care_needs", "low_income"] }, { "includes": ["care_needs", "elderly_alone"] }] },
        "every": { "amount": 1, "unit": "months" },
        "begins": "2026-01-10",
        "makes": { "form": "task", "priority": "urgent" },
        "done_by": "visit",
        "done_if": { "not": { "equals": ["result", "absent"] } },
        "seed": "00112233445566778899aabbccddeeff",
    })
}

fn read(json: &Json) -> Result<Plan, PlanError> {
    Plan::from_json(&json.to_string())
}

fn with(key: &str, value: Json) -> Json {
    let mut plan = hardship();
    plan[key] = value;
    plan
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn area(code: &str) -> AreaCode {
    AreaCode::new(code).unwrap()
}

fn user(n: u8) -> UserId {
    UserId::from_bytes([n; 16])
}

fn town() -> Directory {
    let mut directory = Directory::default();
    let place = |code: &str, parent: Option<&str>, level: &str| Area {
        code: area(code),
        parent: parent.map(area),
        name: code.to_owned(),
        level: level.to_owned(),
    };
    let areas = vec![
        place("c", None, "community"),
        place("g1", Some("c"), GRID_LEVEL),
        place("g2", Some("c"), GRID_LEVEL),
    ];
    directory.apply(DirectoryChange::Areas { areas });
    for form in builtin_forms().unwrap() {
        let form = Box::new(form);
        directory.apply(DirectoryChange::Form { form });
    }
    for (n, role, of) in [
        (1, Role::Worker, "g1"),
        (2, Role::Worker, "g2"),
        (3, Role::Auditor, "c"),
    ] {
        let name = format!("u{n}");
        let active = true;
        let id = user(n);
        directory.apply(DirectoryChange::User {
            user: User { id, name, active },
        });
        directory.apply(DirectoryChange::Grant {
            grant: Grant {
                id: GrantId::from_bytes([n; 16]),
                user: id,
                role,
                area: Some(area(of)),
                from: Timestamp(0),
                until: None,
            },
        });
    }
    directory
}

fn task() -> Form {
    let forms = builtin_forms().unwrap();
    let task = forms.into_iter().rfind(|f| f.code.as_str() == "task");
    task.unwrap()
}

fn publish(directory: &mut Directory, plan: &Json) -> Plan {
    let plan = read(plan).unwrap();
    directory.check_plan(&plan).unwrap();
    directory.apply(DirectoryChange::Plan {
        plan: Box::new(plan.clone()),
    });
    plan
}

#[test]
fn what_cannot_be_meant_is_refused_and_says_what_to_do() {
    assert!(read(&hardship()).is_ok());
    let wrong = |key: &str, value: Json| read(&with(key, value)).unwrap_err();
    assert!(matches!(Plan::from_json("{"), Err(PlanError::NotAPlan(_))));
    for (key, value, error) in [
        (
            "every",
            json!({ "amount": 0, "unit": "days" }),
            PlanError::BadEvery,
        ),
        (
            "every",
            json!({ "amount": 53, "unit": "times_a_year" }),
            PlanError::BadEvery,
        ),
        (
            "every",
            json!({ "amount": 1, "unit": "moons" }),
            PlanError::BadEvery,
        ),
        ("ends", json!("2026-01-09"), PlanError::BadEnd),
        ("within_days", json!(0), PlanError::BadDays),
        ("stops", json!([{ "name": "东门" }]), PlanError::TwoSubjects),
        ("about", Json::Null, PlanError::NoFormOfRecords),
        (
            "label",
            json!({ "zh": "", "en": "x" }),
            PlanError::BadText("Chinese name"),
        ),
    ] {
        assert_eq!(wrong(key, value), error, "{key}");
    }
    let mut route = hardship();
    for key in ["about", "only", "done_by", "done_if"] {
        route.as_object_mut().unwrap().remove(key);
    }
    let stop = json!({ "name": "东门", "lat_e7": 391_000_000, "lon_e7": 1_172_000_000 });
    route["stops"] = json!([stop]);
    assert!(read(&route).is_ok());
    for stops in [
        json!([{ "name": "" }]),
        json!([{ "name": "东门", "lat_e7": 1 }]),
        json!([{ "name": "东门", "lat_e7": 900_000_001, "lon_e7": 0 }]),
        json!(vec![stop; MAX_PLAN_STOPS + 1]),
    ] {
        route["stops"] = stops;
        assert_eq!(read(&route), Err(PlanError::BadStop));
    }
    let long = with("note", json!("长".repeat(MAX_PLAN_BYTES)));
    assert!(matches!(read(&long), Err(PlanError::TooLarge(_))));
}

#[test]
fn a_plan_fits_the_forms_areas_and_people_that_there_are() {
    let mut directory = town();
    let refused = |directory: &Directory, plan: &Json| {
        directory.check_plan(&read(plan).unwrap()).unwrap_err()
    };
    let of = |code: &str| FormCode::new(code).unwrap();
    let check = |key: &str, value: Json| refused(&directory, &with(key, value));
    assert_eq!(check("area", json!("x")), PlanError::NoArea(area("x")));
    assert_eq!(check("about", json!("x")), PlanError::NoForm(of("x")));
    assert_eq!(
        check("makes", json!({ "form": "visit" })),
        PlanError::NoTask(of("visit"))
    );
    assert_eq!(
        check("makes", json!({ "form": "task", "priority": "never" })),
        PlanError::NoPriority(of("task"), "never".into())
    );
    let nobody = json!({ "form": "task", "doer": { "user": user(9).to_string() } });
    assert_eq!(check("makes", nobody), PlanError::Nobody(user(9)));
    assert!(matches!(
        check("only", json!({ "present": "nope" })),
        PlanError::NoField(..)
    ));
    assert!(matches!(
        check("done_by", json!("meeting")),
        PlanError::CannotCount(..)
    ));
    assert!(matches!(
        check("version", json!(2)),
        PlanError::NotNext { expected: 1, .. }
    ));
    let mut route = hardship();
    for key in ["about", "only", "done_by", "done_if"] {
        route.as_object_mut().unwrap().remove(key);
    }
    route["stops"] = json!([{ "name": "东门" }]);
    assert_eq!(refused(&directory, &route), PlanError::RouteOutsideGrid);

    let first = publish(&mut directory, &hardship());
    assert!(
        refused(&directory, &hardship())
            .to_string()
            .contains("next version")
    );
    let mut next = with("version", json!(2));
    next["about"] = json!("matter");
    next.as_object_mut().unwrap().remove("only");
    next.as_object_mut().unwrap().remove("done_by");
    next.as_object_mut().unwrap().remove("done_if");
    assert_eq!(
        refused(&directory, &next),
        PlanError::AboutAnother(first.code.clone())
    );
    let mut retired = with("version", json!(2));
    retired["retired"] = json!(true);
    publish(&mut directory, &retired);
    assert_eq!(directory.plans_in(&area("g1")).count(), 0);
    assert_eq!(
        directory.plan_version(&first.code, 1).unwrap().as_ref(),
        &first
    );
}

#[test]
fn periods_follow_each_other_and_are_named_alike_whenever_a_plan_begins() {
    let of = |amount: u32, unit: &str, at: &str| {
        let plan = read(&with("every", json!({ "amount": amount, "unit": unit }))).unwrap();
        let period = plan.period(day(at)).unwrap();
        [period.name, period.first, period.last].map(|d| d.to_string())
    };
    // It begins on Saturday 2026-01-10.
    for (amount, unit, at, expected) in [
        (
            1,
            "months",
            "2026-01-10",
            ["2026-01-01", "2026-01-10", "2026-01-31"],
        ),
        (
            1,
            "months",
            "2028-02-29",
            ["2028-02-01", "2028-02-01", "2028-02-29"],
        ),
        (
            2,
            "months",
            "2026-04-30",
            ["2026-03-01", "2026-03-01", "2026-04-30"],
        ),
        (
            1,
            "weeks",
            "2026-01-11",
            ["2026-01-05", "2026-01-10", "2026-01-11"],
        ),
        (
            1,
            "weeks",
            "2026-01-12",
            ["2026-01-12", "2026-01-12", "2026-01-18"],
        ),
        (
            3,
            "days",
            "2026-01-14",
            ["2026-01-13", "2026-01-13", "2026-01-15"],
        ),
        (
            2,
            "times_a_year",
            "2026-06-30",
            ["2026-01-01", "2026-01-10", "2026-06-30"],
        ),
        (
            2,
            "times_a_year",
            "2026-12-31",
            ["2026-07-01", "2026-07-01", "2026-12-31"],
        ),
        (
            5,
            "times_a_year",
            "2026-12-31",
            ["2026-10-20", "2026-10-20", "2026-12-31"],
        ),
        (
            52,
            "times_a_year",
            "2027-01-01",
            ["2027-01-01", "2027-01-01", "2027-01-07"],
        ),
    ] {
        assert_eq!(of(amount, unit, at), expected, "{amount} {unit} {at}");
    }
    // Every day of four years is in exactly one period, and no day is between two.
    for (amount, unit) in [
        (1, "months"),
        (3, "weeks"),
        (7, "times_a_year"),
        (10, "days"),
    ] {
        let mut json = with("every", json!({ "amount": amount, "unit": unit }));
        json["begins"] = json!("2024-01-01");
        let plan = read(&json).unwrap();
        let mut last: Option<gridfold_sync_core::plan::Period> = None;
        for n in 0..1_461 {
            let at = day("2024-01-01").plus(n);
            let period = plan.period(at).unwrap();
            assert!(period.first <= at && at <= period.last, "{unit} {at}");
            if let Some(last) = last.filter(|last| *last != period) {
                assert_eq!(last.last.plus(1), period.first, "{unit} {at}");
            }
            last = Some(period);
        }
    }
    let mut ends = with("ends", json!("2026-03-15"));
    ends["within_days"] = json!(10);
    let plan = read(&ends).unwrap();
    assert_eq!(plan.period(day("2026-01-09")), None);
    assert_eq!(plan.period(day("2026-03-16")), None);
    let period = plan.period(day("2026-03-15")).unwrap();
    assert_eq!(period.last, day("2026-03-15"));
    let due = plan.due(&period, &Zone::china());
    assert_eq!(due.to_rfc3339(), "2026-03-10T15:59:59.000Z");
}

fn occurrence(plan: &Plan, n: u8) -> Occurrence<'_> {
    Occurrence {
        plan,
        period: plan.period(day("2026-12-02")).unwrap(),
        subject: Subject::Record(RecordId::from_bytes([n; 16])),
    }
}

fn made_by(n: u8, record: RecordId, ops: Vec<Op>) -> Entry {
    let form = FormCode::new("task").unwrap();
    Entry::new(
        IncarnationId::from_bytes([n; 16]),
        1,
        Target::New { record, form },
        4,
        Timestamp(i64::from(n)),
        ops,
    )
}

#[test]
fn one_thing_that_is_due_has_one_id_and_no_other_thing_has_it() {
    let plan = read(&hardship()).unwrap();
    let id = occurrence(&plan, 1).record();
    assert_eq!(id, occurrence(&plan, 1).record());
    // Never to be changed: phones that are not updated reckon it so.
    assert_eq!(id.to_string(), "01a22ee6-b000-70d4-8390-f04ebd4e96b6");
    let mut others = vec![occurrence(&plan, 2).record()];
    let mut later = occurrence(&plan, 1);
    later.period = plan.period(day("2027-01-01")).unwrap();
    others.push(later.record());
    for (key, value) in [("code", "other"), ("seed", "ff")] {
        let other = read(&with(key, json!(value))).unwrap();
        others.push(occurrence(&other, 1).record());
    }
    let mut of_grid = occurrence(&plan, 1);
    of_grid.subject = Subject::Grid(area("g1"));
    others.push(of_grid.record());
    for other in &others {
        assert_ne!(id, *other);
    }
    // What a plan is called or when it begins within its period changes nothing.
    let mut mended = with("begins", json!("2026-11-15"));
    mended["label"] = json!({ "zh": "走访", "en": "Visits" });
    mended["version"] = json!(2);
    assert_eq!(occurrence(&read(&mended).unwrap(), 1).record(), id);
}

#[test]
fn a_task_that_several_make_is_one_without_anything_to_choose() {
    let mut json = hardship();
    json["makes"]["doer"] = json!({ "user": user(1).to_string(), "name": "张伟" });
    json["makes"]["issuer"] = json!({ "user": user(3).to_string(), "name": "王芳" });
    let plan = read(&json).unwrap();
    let form = task();
    let due = occurrence(&plan, 1);
    let zone = Zone::china();
    let me = Person {
        user: user(2),
        name: "我".into(),
    };
    let ops = due.ops(&form, &zone, Some(&me));
    let by_class = form.by_class(ops.clone()).unwrap();
    // Which household is in hardship is nothing that everybody may read.
    assert_eq!(
        by_class.keys().copied().collect::<Vec<_>>(),
        [SensitivityClass::General, SensitivityClass::Personal]
    );
    let no_splices = ops.iter().all(|op| !matches!(op, Op::Splice { .. }));
    assert!(
        no_splices,
        "a text that merges by character would be there twice"
    );
    let mut parts = Vec::new();
    for (class, ops) in by_class {
        let all: Vec<Entry> = (1..=3)
            .map(|n| made_by(n, due.record(), ops.clone()))
            .collect();
        parts.push((class, fold(&form.code, &all).unwrap()));
    }
    let view = RecordView {
        record: due.record(),
        form: &form,
        parts: parts.iter().map(|(class, part)| (*class, part)).collect(),
    };
    assert_eq!(view.conflict_count(), 0);
    assert!(!view.is_deleted());
    let fields = view.fields();
    assert_eq!(fields["title"], "每月走访困难户");
    assert_eq!(fields["plan"], "hardship/2026-12-01");
    assert_eq!(fields["priority"], "urgent");
    assert_eq!(view.work(|_| None).doer, Some(user(1).to_string()));
    assert_eq!(
        view.work(|_| None).due.unwrap().to_rfc3339(),
        "2026-12-31T15:59:59.000Z"
    );
    assert_eq!(view.household(), Some(RecordId::from_bytes([1; 16])));
}

#[test]
fn a_route_becomes_steps_that_several_make_once() {
    let route = json!({
        "code": "patrol", "version": 1, "label": { "zh": "夜间巡逻", "en": "Night patrol" },
        "area": "g1", "stops": [
            { "name": "东门", "lat_e7": 391_000_000, "lon_e7": 1_172_000_000 }, { "name": "配电房" }],
        "every": { "amount": 1, "unit": "days" }, "begins": "2026-01-01",
        "makes": { "form": "task", "title": "巡逻" }, "seed": "aa",
    });
    let mut directory = town();
    let plan = publish(&mut directory, &route);
    let form = task();
    let due = Occurrence {
        plan: &plan,
        period: plan.period(day("2026-12-02")).unwrap(),
        subject: Subject::Grid(area("g1")),
    };
    let ops = due.ops(&form, &Zone::china(), None);
    let all = [1, 2].map(|n| made_by(n, due.record(), ops.clone()));
    let part = fold(&form.code, &all).unwrap();
    let view = RecordView {
        record: due.record(),
        form: &form,
        parts: vec![(SensitivityClass::General, &part)],
    };
    assert_eq!(view.conflict_count(), 0);
    let steps = view.fields()["steps"].as_array().unwrap().clone();
    assert_eq!(steps.len(), 2);
    assert_eq!(
        (&steps[0]["what"], &steps[1]["what"]),
        (&json!("东门"), &json!("配电房"))
    );
    assert!(steps[0]["place"].is_object() && steps[1].get("place").is_none());
}

#[test]
fn who_works_where_a_plan_holds_is_sent_it_and_who_reads_less_is_not() {
    let mut directory = town();
    publish(&mut directory, &with("area", json!("g1")));
    let now = Timestamp(1);
    let scope = |n: u8| directory.scope(user(n), now);
    assert_eq!(scope(1).plans.len(), 1);
    assert!(scope(2).plans.is_empty() && scope(3).plans.is_empty());
    let sent = DirectoryScope::from_bytes(&scope(1).to_bytes()).unwrap();
    assert_eq!(sent.to_directory().plans_in(&area("g1")).count(), 1);
    assert_eq!(directory.only_worker(&area("g1"), now), Some(user(1)));
    directory.apply(DirectoryChange::Grant {
        grant: Grant {
            id: GrantId::from_bytes([9; 16]),
            user: user(2),
            role: Role::Worker,
            area: Some(area("c")),
            from: Timestamp(0),
            until: None,
        },
    });
    assert_eq!(directory.only_worker(&area("g1"), now), None);
}

#[test]
fn what_is_due_is_listed_by_need_by_time_and_by_distance() {
    let plan = read(&hardship()).unwrap();
    let item = |n: u8, rank: u32, last: Option<i64>, due: i64, metres: Option<u32>| {
        let of = occurrence(&plan, n);
        DueItem {
            record: of.record(),
            made: false,
            plan: plan.code.clone(),
            period: of.period,
            subject: of.subject.clone(),
            grid: area("g1"),
            due: Timestamp(due),
            rank,
            last: last.map(Timestamp),
            place: None,
            distance_m: metres,
            doer: None,
        }
    };
    let mut all = vec![
        item(1, 1, None, 5, None),
        item(2, 2, Some(9), 4, Some(10)),
        item(3, 2, Some(3), 6, Some(500)),
        item(4, 2, None, 7, Some(20)),
    ];
    let mut by = |order: DueOrder| -> Vec<u8> {
        DueItem::sort(&mut all, order);
        let n = |item: &DueItem| match &item.subject {
            Subject::Record(record) => record.bytes()[0],
            Subject::Grid(_) => 0,
        };
        all.iter().map(n).collect()
    };
    assert_eq!(by(DueOrder::Need), [4, 3, 2, 1]);
    assert_eq!(by(DueOrder::Time), [2, 1, 3, 4]);
    assert_eq!(by(DueOrder::Distance), [2, 4, 3, 1]);
    // Beijing to Tianjin, over the ground.
    let metres = distance_m((399_042_000, 1_164_074_000), (391_256_000, 1_171_902_000));
    assert!((108_000..110_500).contains(&metres), "{metres}");
    assert_eq!(distance_m((0, 0), (0, 0)), 0);
    assert_eq!(
        distance_m((0, 1_800_000_000), (0, -1_800_000_000)),
        0,
        "one place on both sides of the line where the date changes"
    );
}

#[test]
fn what_is_declined_waits_for_who_handed_it_out_until_it_goes_on() {
    let form = task();
    let person = |n: u8| Value::Person {
        user: user(n),
        name: format!("u{n}"),
    };
    let set = |field: &str, value: Value| Op::Set {
        field: FieldKey::new(field).unwrap(),
        value,
    };
    let step = |action: &str| Op::Transition {
        action: ActionKey::new(action).unwrap(),
        note: "住户已搬走".into(),
    };
    let record = RecordId::from_bytes([7; 16]);
    let first = made_by(
        1,
        record,
        vec![set("issuer", person(3)), set("doer", person(1))],
    );
    let at = |of: &[&Entry], n: u8, ops: Vec<Op>| {
        let mut heads: Vec<EntryRef> = of.iter().map(|e| e.id()).collect();
        heads.sort_unstable();
        let who = IncarnationId::from_bytes([n; 16]);
        Entry::new(who, 1, Target::At(heads), 4, Timestamp(9), ops)
    };
    let told = |entries: &[Entry]| {
        let part = fold(&form.code, entries).unwrap();
        let view = RecordView {
            record,
            form: &form,
            parts: vec![(SensitivityClass::General, &part)],
        };
        (
            view.status().unwrap(),
            view.work(|_| None).doer,
            view.conflict_count(),
        )
    };
    let whose = |n: u8| Some(user(n).to_string());
    let declined = at(&[&first], 2, vec![step("decline")]);
    assert_eq!(
        told(&[first.clone(), declined.clone()]),
        ("declined".into(), whose(3), 0)
    );
    // Somebody acknowledged it meanwhile: both stay to be seen, and it stands with the issuer.
    let acknowledged = at(&[&first], 4, vec![step("acknowledge")]);
    let both = [first.clone(), declined.clone(), acknowledged.clone()];
    assert_eq!(told(&both), ("declined".into(), whose(3), 1));
    let again = at(
        &[&declined, &acknowledged],
        5,
        vec![set("doer", person(2)), step("reissue")],
    );
    let mut all = both.to_vec();
    all.push(again);
    assert_eq!(told(&all), ("issued".into(), whose(2), 0));
    let over = at(
        &[&first],
        6,
        vec![set("doer", person(2)), step("hand_over")],
    );
    assert_eq!(told(&[first, over]), ("issued".into(), whose(2), 0));
}
