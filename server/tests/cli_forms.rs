//! Commands about forms that people already have: the binary, what it says, and its exit codes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Real forms and what the engines of the field did with them, beside the repository.
fn forms() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/forms")
}

fn run(args: &[&Path]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gridfold"));
    command.arg("form").args(args).stdin(Stdio::null());
    command.output().unwrap()
}

fn said(out: &Output) -> String {
    let err = String::from_utf8_lossy(&out.stderr);
    format!("{}{err}", String::from_utf8_lossy(&out.stdout))
}

#[test]
fn a_walk_ends_well_when_each_question_answers_as_is_decided() {
    let real = forms().join("real");
    let walk = real.join("02-xlsform-spec-test.json");
    for form in [
        "02-xlsform-spec-test.xlsx",
        "02-xlsform-spec-test.xform.xml",
    ] {
        let out = run(&[Path::new("walk"), &real.join(form), &walk]);
        assert!(out.status.success(), "{form}: {}", said(&out));
        assert!(
            said(&out).contains("0 on which they differ"),
            "{}",
            said(&out)
        );
    }
    let edge = forms().join("edge/N1");
    let out = run(&[Path::new("walk"), &edge.join("form.xml"), &edge]);
    assert!(out.status.success(), "{}", said(&out));
}

#[test]
fn a_question_that_answers_otherwise_is_named_with_what_others_say() {
    let dir = tempfile::tempdir().unwrap();
    let real = forms().join("real");
    let walk = std::fs::read_to_string(real.join("05-simple-repeat.json")).unwrap();
    let mut walk: serde_json::Value = serde_json::from_str(&walk).unwrap();
    let steps = walk["scripts"][0]["steps"].as_array_mut().unwrap();
    let snap = steps
        .iter_mut()
        .rev()
        .find(|step| step["do"] == "snap")
        .unwrap();
    let nodes = snap["nodes"].as_object_mut().unwrap();
    let (path, node) = nodes.iter_mut().next().unwrap();
    let path = path.clone();
    node["value"] = "what nobody answered".into();
    let changed = dir.path().join("walk.json");
    std::fs::write(&changed, walk.to_string()).unwrap();
    let out = run(&[
        Path::new("walk"),
        &real.join("05-simple-repeat.xlsx"),
        &changed,
    ]);
    assert_eq!(out.status.code(), Some(1));
    let said = said(&out);
    assert!(said.contains(&format!("value of {path} is")), "{said}");
    assert!(said.contains("javarosa \"what nobody answered\""), "{said}");
    assert!(said.contains("1 checks came out otherwise"), "{said}");
}

#[test]
fn all_that_cannot_be_taken_of_a_form_is_said_at_once_by_row_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let form = dir.path().join("form.csv");
    let rows = "survey,,,,\n,type,name,label,relevant\n,text,a,A,\n,Integer,b,B,${a} = 'x\n,select_one none,c,C,\n";
    std::fs::write(&form, rows).unwrap();
    let out = run(&[Path::new("check"), &form]);
    assert_eq!(out.status.code(), Some(65), "{}", said(&out));
    let said = said(&out);
    assert!(
        said.contains("survey row 3, type: \u{201c}Integer\u{201d} is read as"),
        "{said}"
    );
    assert!(said.contains("survey row 3, relevant:"), "{said}");
    assert!(
        said.contains("survey row 4, type: there is no list \u{201c}none\u{201d}"),
        "{said}"
    );
    assert!(said.contains("3 places"), "{said}");

    let broken = dir.path().join("form.xlsx");
    std::fs::write(&broken, b"PK\x03\x04 and no more").unwrap();
    let out = run(&[Path::new("check"), &broken]);
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stderr).contains("no workbook"));
}
