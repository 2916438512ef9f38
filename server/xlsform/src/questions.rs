//! The rows of an XLSForm as a questionnaire.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::expression::Expression;
use gridfold_sync_core::questionnaire::{
    AnswerType, Complaint, PartKind, Preload, Questionnaire, Rule, When, Written, WrittenAction,
    WrittenList, WrittenPart,
};

use crate::complaint::{Note, What};
use crate::kind::{Asks, From, How, Kind};
use crate::xlsform::{Row, XlsForm, is_name, is_no, is_yes, note};

pub(crate) const SURVEY: &str = "survey";
/// The choice that is added where another one can be written in.
pub(crate) const OTHER: &str = "other";
const LAST_SAVED: &str = "instance('__last-saved')/";

impl XlsForm {
    /// The name of the form's own part.
    pub(crate) fn root(&self) -> &str {
        self.settings.get("name").map_or("data", String::as_str)
    }

    /// The language whose texts are shown at first; empty for those without one.
    #[must_use]
    pub fn language(&self) -> String {
        if let Some(language) = self.settings.get("default_language") {
            return language.clone();
        }
        let labels = self.rows.iter().flat_map(|row| row.cells.keys());
        let mut languages = labels.filter(|column| column.is_spoken());
        let first = languages.next().map(|column| column.language.clone());
        first.unwrap_or_default()
    }

    /// The questionnaire that it is, and all that could not be taken.
    #[must_use]
    pub fn questionnaire(&self) -> (Questionnaire, Vec<Note>) {
        let mut writing = Writing {
            form: self,
            language: self.language(),
            lists: BTreeMap::new(),
            texts: BTreeMap::new(),
            rows: BTreeMap::new(),
            actions: Vec::new(),
            others: BTreeSet::new(),
            notes: self.notes.clone(),
        };
        others(&self.rows, &mut writing.others);
        let root = format!("/{}", self.root());
        let mut part = WrittenPart {
            name: self.root().to_owned(),
            parts: writing.parts(&self.rows, &root),
            ..WrittenPart::default()
        };
        for (name, action) in std::mem::take(&mut writing.actions) {
            match name {
                None => part.actions.push(action),
                Some(name) => {
                    if let Some(at) = named(&mut part, &name) {
                        at.actions.push(action);
                    }
                }
            }
        }
        let lists = writing.lists();
        let version = self.settings.get("version").cloned().unwrap_or_default();
        let (form, complaints) = Questionnaire::read(Written {
            root: part,
            lists,
            texts: std::mem::take(&mut writing.texts),
            version,
        });
        for complaint in complaints {
            writing.complain(&complaint);
        }
        (form, writing.notes)
    }
}

/// Lists that another choice can be written in beside.
fn others(rows: &[Row], out: &mut BTreeSet<String>) {
    for row in rows {
        if let Kind::Question(Asks::Choices {
            from: From::List(list),
            or_other: true,
            ..
        }) = &row.kind
        {
            out.insert(list.clone());
        }
        others(&row.rows, out);
    }
}

/// A part by its name, wherever it is.
fn named<'a>(part: &'a mut WrittenPart, name: &str) -> Option<&'a mut WrittenPart> {
    if part.name == name {
        return Some(part);
    }
    part.parts.iter_mut().find_map(|part| named(part, name))
}

pub(crate) struct Writing<'a> {
    pub(crate) form: &'a XlsForm,
    pub(crate) language: String,
    /// Lists that something asks for.
    pub(crate) lists: BTreeMap<String, WrittenList>,
    /// Texts of choices by their name.
    pub(crate) texts: BTreeMap<String, String>,
    /// By path: the row it is of.
    pub(crate) rows: BTreeMap<String, usize>,
    /// What happens at moments, by the name of the part that it is written at; the form's own without.
    pub(crate) actions: Vec<(Option<String>, WrittenAction)>,
    /// Lists that another choice can be written in beside.
    pub(crate) others: BTreeSet<String>,
    pub(crate) notes: Vec<Note>,
}

impl Writing<'_> {
    fn parts(&mut self, rows: &[Row], path: &str) -> Vec<WrittenPart> {
        let mut out = Vec::new();
        for row in rows {
            let at = format!("{path}/{}", row.name);
            self.rows.insert(at.clone(), row.number);
            match &row.kind {
                Kind::BeginGroup => out.push(self.group(row, &at, PartKind::Group)),
                Kind::BeginRepeat => {
                    let count = self.count(row, path, &mut out);
                    let turns = usize::from(count.is_empty());
                    let kind = PartKind::Repeat { count, turns };
                    out.push(self.group(row, &at, kind));
                }
                Kind::BeginLoop(list) => out.push(self.of_each(row, list, &at)),
                Kind::Question(asks) => out.extend(self.question(row, asks, path)),
                Kind::ListFile(_) => {
                    let name = row.name.clone();
                    self.absent(&name);
                }
                Kind::End | Kind::Nothing => {}
            }
        }
        out
    }

    fn group(&mut self, row: &Row, path: &str, kind: PartKind) -> WrittenPart {
        WrittenPart {
            name: row.name.clone(),
            kind,
            relevant: rule(row.cell("relevant")),
            readonly: truth(row.cell("readonly")),
            parts: self.parts(&row.rows, path),
            ..WrittenPart::default()
        }
    }

    /// How many turns a repeat has. What is more than one question is reckoned in a part beside it.
    fn count(&mut self, row: &Row, path: &str, beside: &mut Vec<WrittenPart>) -> String {
        let written = rule(row.cell("repeat_count"));
        let is_question = written
            .strip_prefix("${")
            .and_then(|name| name.strip_suffix('}'))
            .is_some_and(|name| !name.contains('}'));
        if written.is_empty() || is_question {
            return written;
        }
        let name = format!("{}_count", row.name);
        self.rows.insert(format!("{path}/{name}"), row.number);
        beside.push(WrittenPart {
            name: name.clone(),
            kind: PartKind::Question(AnswerType::Text),
            calculation: written,
            readonly: "true()".to_owned(),
            ..WrittenPart::default()
        });
        format!("${{{name}}}")
    }

    /// A group for each choice of a list.
    fn of_each(&mut self, row: &Row, list: &str, path: &str) -> WrittenPart {
        let choices = self.form.lists.get(list);
        let names = choices.into_iter().flatten().map(|choice| &choice.name);
        let mut names: Vec<String> = names.cloned().collect();
        if self.others.contains(list) && !names.iter().any(|name| name == OTHER) {
            names.push(OTHER.to_owned());
        }
        if choices.is_none() {
            let what = What::NoList(list.to_owned());
            self.notes.push(note(SURVEY, row.number, "type", what));
        }
        let mut parts = Vec::new();
        let mut seen = BTreeSet::new();
        for name in names {
            if !is_name(&name) {
                let what = What::BadName(name);
                self.notes.push(note(SURVEY, row.number, "type", what));
                continue;
            }
            if !seen.insert(name.clone()) {
                continue;
            }
            let at = format!("{path}/{name}");
            self.rows.insert(at.clone(), row.number);
            parts.push(WrittenPart {
                name,
                parts: self.parts(&row.rows, &at),
                ..WrittenPart::default()
            });
        }
        WrittenPart {
            name: row.name.clone(),
            relevant: rule(row.cell("relevant")),
            parts,
            ..WrittenPart::default()
        }
    }

    fn question(&mut self, row: &Row, asks: &Asks, path: &str) -> Vec<WrittenPart> {
        let mut part = WrittenPart {
            name: row.name.clone(),
            relevant: rule(row.cell("relevant")),
            constraint: rule(row.cell("constraint")),
            required: truth(row.cell("required")),
            readonly: truth(row.cell("readonly")),
            ..WrittenPart::default()
        };
        let answer = match asks {
            Asks::Whole => AnswerType::Whole,
            Asks::Decimal => AnswerType::Decimal,
            Asks::Range if row.cell("parameters").contains('.') => AnswerType::Decimal,
            Asks::Range => AnswerType::Whole,
            Asks::Date => AnswerType::Date,
            Asks::Time => AnswerType::Time,
            Asks::Moment => AnswerType::Moment,
            Asks::Preloaded(Preload::Today) => AnswerType::Date,
            Asks::Preloaded(Preload::Start | Preload::End) => AnswerType::Moment,
            Asks::Choices { how: How::One, .. } => AnswerType::One,
            Asks::Choices {
                how: How::Several, ..
            } => AnswerType::Several,
            Asks::Choices {
                how: How::Ranked, ..
            } => AnswerType::Ranked,
            _ => AnswerType::Text,
        };
        let answer = match (row.cell("bind_type"), answer) {
            ("int" | "integer", AnswerType::Text) => AnswerType::Whole,
            ("decimal", AnswerType::Text) => AnswerType::Decimal,
            ("date", AnswerType::Text) => AnswerType::Date,
            (_, answer) => answer,
        };
        part.kind = PartKind::Question(answer);
        if *asks == Asks::Note {
            part.readonly = "true()".to_owned();
        }
        if let Asks::Preloaded(preload) = asks {
            part.preload = Some(preload.clone());
        }
        self.reckon(row, asks, &mut part);
        self.begin_with(row, answer, path, &mut part);
        let mut out = Vec::new();
        if let Asks::Choices { from, or_other, .. } = asks {
            part.choices = Some(self.choices(row, from, *or_other));
            if let (true, From::List(_)) = (or_other, from) {
                out.push(WrittenPart {
                    name: format!("{}_other", row.name),
                    kind: PartKind::Question(AnswerType::Text),
                    relevant: format!("selected(../{}, '{OTHER}')", row.name),
                    ..WrittenPart::default()
                });
            }
        }
        out.insert(0, part);
        out
    }

    /// What a question is reckoned from: at once, or when others change.
    fn reckon(&mut self, row: &Row, asks: &Asks, part: &mut WrittenPart) {
        let written = rule(row.cell("calculation"));
        let triggers = row.cell("trigger");
        if triggers.is_empty() {
            if written.is_empty() && *asks == Asks::Calculate && row.cell("default").is_empty() {
                let no = note(SURVEY, row.number, "calculation", What::NoCalculation);
                self.notes.push(no);
            }
            part.calculation = written;
            return;
        }
        for trigger in triggers.split(',') {
            let name = trigger
                .trim()
                .trim_start_matches("${")
                .trim_end_matches('}');
            self.actions.push((
                Some(name.trim().to_owned()),
                WrittenAction {
                    when: When::Changed,
                    target: format!("${{{}}}", row.name),
                    value: written.clone(),
                },
            ));
        }
    }

    /// What is there before anybody answers: a text, or what is reckoned when the form is opened or a
    /// turn is added.
    fn begin_with(&mut self, row: &Row, answer: AnswerType, path: &str, part: &mut WrittenPart) {
        let written = row.cell("default");
        if !is_reckoned(written, answer) {
            part.default = written.to_owned();
            return;
        }
        let action = |when| WrittenAction {
            when,
            target: format!("${{{}}}", row.name),
            value: rule(written),
        };
        self.actions.push((None, action(When::Opened)));
        if let Some(repeat) = self.repeat_of(path) {
            self.actions.push((Some(repeat), action(When::TurnAdded)));
        }
    }

    /// The repeat that a path lies in.
    fn repeat_of(&self, path: &str) -> Option<String> {
        let mut rows = &self.form.rows;
        let mut found = None;
        for name in path.split('/').skip(2) {
            let row = rows.iter().find(|row| row.name == name)?;
            if row.kind == Kind::BeginRepeat {
                found = Some(row.name.clone());
            }
            rows = &row.rows;
        }
        found
    }

    fn complain(&mut self, complaint: &Complaint) {
        let column = match complaint.rule {
            Some(Rule::Count) => "repeat_count",
            Some(Rule::Relevant) => "relevant",
            Some(Rule::Calculation) => "calculation",
            Some(Rule::Choices) => "choice_filter",
            Some(Rule::Readonly) => "readonly",
            Some(Rule::Required) => "required",
            Some(Rule::Constraint) => "constraint",
            Some(Rule::Action) => "default",
            None => "",
        };
        let row = self.rows.get(&complaint.path).copied().unwrap_or(0);
        let what = What::Rule(complaint.reason.to_string());
        self.notes.push(note(SURVEY, row, column, what));
    }
}

/// A rule as it is parsed: what was saved last time is a list that is not there.
pub(crate) fn rule(written: &str) -> String {
    let mut out = String::with_capacity(written.len());
    let mut rest = written.trim();
    while let Some((before, after)) = rest.split_once("${last-saved#") {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(LAST_SAVED);
        out.push_str(name.trim());
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A rule that may also say yes or no.
fn truth(written: &str) -> String {
    match written {
        text if is_yes(text) => "true()".to_owned(),
        text if is_no(text) => "false()".to_owned(),
        text => rule(text),
    }
}

/// Whether a default is reckoned, and not the text that is there.
fn is_reckoned(written: &str, answer: AnswerType) -> bool {
    if written.contains("${") {
        return true;
    }
    let is_time = matches!(
        answer,
        AnswerType::Date | AnswerType::Moment | AnswerType::Time
    );
    let calls = written.char_indices().any(|(at, c)| {
        let before = written.get(..at).and_then(|text| text.chars().next_back());
        c == '(' && before.is_some_and(|b| b.is_alphanumeric() || b == '-')
    });
    let works = [" + ", " * ", " - ", " div ", " mod ", "*", "+"];
    let mut works = works.iter().filter(|sign| !is_time || sign.trim() != "-");
    (calls || works.any(|sign| written.contains(sign))) && Expression::parse(written).is_ok()
}
