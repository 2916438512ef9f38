//! Walks of real forms, and of small ones on hard points, as the engines of the field walked them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gridfold_sync_core::questionnaire::{Complaint, Questionnaire};
use gridfold_xlsform::walk::{Verdict, replay_acts, replay_scripts};
use gridfold_xlsform::{read_xform, read_xlsform, sheets};

fn forms() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/forms")
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn tell(name: &str, verdict: &Verdict) {
    println!(
        "{name}: {} agreed, {} differing, {} other than decided",
        verdict.agreed,
        verdict.differing,
        verdict.differences.len()
    );
    for difference in &verdict.differences {
        println!("  {difference}");
    }
}

/// Files of a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// Walks of real forms that were read in one way; those that came out otherwise fail.
fn walk(ending: &str, read: impl Fn(&Path) -> (Questionnaire, Vec<Complaint>)) {
    let (mut walks, mut wrong, mut agreed) = (0, 0, 0);
    for path in files(&forms().join("real")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(ending) else {
            continue;
        };
        let walk = text(&path.with_file_name(format!("{name}.json")));
        let verdict = replay_scripts(read(&path), &walk).unwrap_or_else(|e| panic!("{name}: {e}"));
        tell(name, &verdict);
        walks += 1;
        agreed += verdict.agreed;
        wrong += verdict.differences.len();
    }
    assert!(
        walks >= 12 && agreed > 10_000,
        "{walks} walks, {agreed} checks"
    );
    assert_eq!(wrong, 0);
}

#[test]
fn real_forms_answer_as_the_engines_agree() {
    walk(".xform.xml", |path| {
        Questionnaire::read(read_xform(&text(path)).unwrap())
    });
}

#[test]
fn real_forms_read_from_their_sheets_answer_the_same() {
    walk(".xlsx", |path| {
        let sheets = sheets(&std::fs::read(path).unwrap()).unwrap();
        let (form, notes) = read_xlsform(&sheets).questionnaire();
        assert_eq!(notes, Vec::new(), "{}", path.display());
        (form, Vec::new())
    });
}

#[test]
fn small_forms_answer_as_is_decided() {
    let (mut walks, mut wrong, mut decided) = (0, 0, 0);
    let (mut agreed, mut differing) = (0, 0);
    for folder in files(&forms().join("edge")) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let form = Questionnaire::read(read_xform(&text(&folder.join("form.xml"))).unwrap());
        let engines = ["jr", "wf", "en"].map(|e| (e.to_owned(), folder.join(format!("{e}.json"))));
        let there = engines.into_iter().filter(|(_, path)| path.exists());
        let engines: BTreeMap<String, String> = there.map(|(e, path)| (e, text(&path))).collect();
        let verdict = replay_acts(form, &text(&folder.join("acts.tsv")), &engines)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        if !verdict.differences.is_empty() {
            tell(&name, &verdict);
        }
        walks += 1;
        agreed += verdict.agreed;
        differing += verdict.differing;
        decided += verdict.decided;
        wrong += verdict.differences.len();
    }
    println!(
        "{walks} small forms: {agreed} agreed, {differing} differing, {decided} as none of them"
    );
    assert!(walks >= 130, "{walks}");
    assert_eq!(wrong, 0);
}
