//! Commands about forms that people already have: what would be taken of one, and whether it behaves as
//! it does elsewhere. No data directory is opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use gridfold_sync_core::questionnaire::{Complaint as FormComplaint, Questionnaire};
use gridfold_xlsform::walk::{Verdict, WalkError, replay_acts, replay_scripts};
use gridfold_xlsform::{read_xform, read_xlsform, sheets};

use super::{Complaint, Context, Done, NOT_ALL_TAKEN, say};

/// Engines whose answers stand beside acts, by the names of their files.
const ENGINES: [(&str, &str); 3] = [
    ("javarosa", "jr.json"),
    ("webforms", "wf.json"),
    ("enketo", "en.json"),
];

/// Forms that people already have.
#[derive(Debug, Subcommand)]
pub(super) enum Form {
    /// Say what of an XLSForm can't be taken as it is written, all at once, by sheet, row and column.
    Check(Check),
    /// Replay a walk through a form and print every question that answers otherwise than is decided.
    Walk(Walk),
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The form: .xlsx, .xls or .csv.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Walk {
    /// The form: an XLSForm (.xlsx, .xls, .csv) or an XForm (.xml).
    #[arg(value_name = "FORM")]
    form: PathBuf,
    /// The walk: a JSON file of scripts, or a folder with acts.tsv and what engines answered.
    #[arg(value_name = "WALK")]
    walk: PathBuf,
}

impl Form {
    pub(super) fn run(self, _: &Context) -> Done {
        match self {
            Self::Check(check) => check.run(),
            Self::Walk(walk) => walk.run(),
        }
    }
}

impl Check {
    fn run(self) -> Done {
        let form = read_xlsform(&sheets(&bytes(&self.file)?)?);
        let (questionnaire, notes) = form.questionnaire();
        for note in &notes {
            say(&note.to_string())?;
        }
        let parts = questionnaire.len();
        if notes.is_empty() {
            return say(&format!("{parts} questions and groups: all is taken"));
        }
        Err(Complaint::with_code(
            NOT_ALL_TAKEN,
            format!(
                "{parts} questions and groups are taken; {} places are not as they are written",
                notes.len()
            ),
        ))
    }
}

impl Walk {
    fn run(self) -> Done {
        let form = read(&self.form)?;
        let verdict = match self.walk.is_dir() {
            true => acts(form, &self.walk)?,
            false => replay_scripts(form, &text(&self.walk)?)?,
        };
        for complaint in &verdict.complaints {
            say(&format!("left out: {complaint}"))?;
        }
        for difference in &verdict.differences {
            say(&difference.to_string())?;
        }
        let Verdict {
            agreed,
            differing,
            decided,
            ..
        } = verdict;
        say(&format!(
            "{agreed} checks on which all engines agree, {differing} on which they differ, {decided} as is decided \
             otherwise than each of them"
        ))?;
        match verdict.differences.len() {
            0 => Ok(()),
            count => Err(Complaint::new(format!(
                "{count} checks came out otherwise than is decided"
            ))),
        }
    }
}

fn read(path: &Path) -> Result<(Questionnaire, Vec<FormComplaint>), Complaint> {
    if path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("xml"))
    {
        return Ok(Questionnaire::read(read_xform(&text(path)?)?));
    }
    let form = read_xlsform(&sheets(&bytes(path)?)?);
    let (questionnaire, notes) = form.questionnaire();
    for note in notes {
        say(&note.to_string())?;
    }
    Ok((questionnaire, Vec::new()))
}

fn acts(form: (Questionnaire, Vec<FormComplaint>), folder: &Path) -> Result<Verdict, Complaint> {
    let mut engines = BTreeMap::new();
    for (engine, file) in ENGINES {
        let file = folder.join(file);
        if file.exists() {
            engines.insert(engine.to_owned(), text(&file)?);
        }
    }
    let verdict: Result<Verdict, WalkError> =
        replay_acts(form, &text(&folder.join("acts.tsv"))?, &engines);
    Ok(verdict?)
}

fn bytes(path: &Path) -> Result<Vec<u8>, Complaint> {
    std::fs::read(path)
        .map_err(|error| Complaint::new(format!("{} can't be read: {error}", path.display())))
}

fn text(path: &Path) -> Result<String, Complaint> {
    String::from_utf8(bytes(path)?)
        .map_err(|_| Complaint::new(format!("{} is not in UTF-8", path.display())))
}
