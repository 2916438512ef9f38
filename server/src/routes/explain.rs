//! What people at the dashboard meet when something they gave is not taken. What the errors say themselves is for logs and the command line.

use gridfold_sync_core::schema::FormError;

use crate::auth::{PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS, PasswordError};
use crate::import::TableError;
use crate::words::{Said, said};

pub(super) fn password(error: &PasswordError) -> Said {
    match error {
        PasswordError::TooShort => said!("password_too_short", least = PASSWORD_MIN_CHARS),
        PasswordError::TooLong => said!("password_too_long", most = PASSWORD_MAX_CHARS),
        PasswordError::TooCommon => said!("password_too_common"),
        PasswordError::ContainsLogin => said!("password_contains_login"),
        PasswordError::Busy | PasswordError::NotHashed | PasswordError::Randomness(_) => {
            said!("password_not_taken")
        }
    }
}

pub(super) fn form(error: &FormError) -> Said {
    match error {
        FormError::NotAForm(what) => said!("form_not_a_form", what = what),
        FormError::TwiceTheField(key) => said!("form_twice_the_field", field = key.as_str()),
        FormError::NotInAGroup(key) => said!("form_not_in_a_group", field = key.as_str()),
        FormError::NoSuchField(key) => said!("form_no_such_field", field = key.as_str()),
        FormError::ImpossibleRule(key) => said!("form_impossible_rule", field = key.as_str()),
        FormError::ChangedType(key, version) => said!(
            "form_changed_type",
            field = key.as_str(),
            version = *version,
        ),
        FormError::ChangedClass(version) => said!("form_changed_class", version = *version),
        FormError::Published(version) => said!("form_published", version = *version),
        FormError::BadLifecycle(what) => said!("form_bad_lifecycle", what = what),
        FormError::BadStep(key) => said!("form_bad_step", step = key.as_str()),
        FormError::CannotExtend(key) => said!("form_cannot_extend", step = key.as_str()),
        FormError::CannotSuspend(key) => said!("form_cannot_suspend", status = key.as_str()),
        FormError::UnknownMeaning { of, meaning, known } => {
            said!(
                "form_unknown_meaning",
                of = of,
                meaning = meaning,
                known = known
            )
        }
        FormError::TwiceTheMeaning(key, meaning) => said!(
            "form_twice_the_meaning",
            field = key.as_str(),
            meaning = meaning.as_str(),
        ),
        FormError::CannotMean {
            field,
            meaning,
            types,
        } => said!(
            "form_cannot_mean",
            field = field.as_str(),
            meaning = meaning.as_str(),
            types = *types,
        ),
        FormError::NotOnReceipt(key) => said!("form_not_on_receipt", field = key.as_str()),
        FormError::MeaningInAGroup(key) => said!("form_meaning_in_a_group", field = key.as_str()),
        FormError::ChangedMeaning(version, meaning) => said!(
            "form_changed_meaning",
            version = *version,
            meaning = meaning.as_str(),
        ),
        FormError::NeverClosed(meaning) => {
            said!("form_never_closed", meaning = meaning.as_str())
        }
        FormError::DoneAndClosed(key) => said!("form_done_and_closed", status = key.as_str()),
        FormError::BeginsDone(key) => said!("form_begins_done", status = key.as_str()),
        FormError::StaysDone(key) => said!("form_stays_done", status = key.as_str()),
    }
}

/// Why a file as a whole was not taken.
pub(super) fn table(error: &TableError) -> Said {
    match error {
        TableError::Io(_) => said!("table_unread"),
        TableError::NotOneEncoding => said!("table_not_one_encoding"),
        TableError::OldWorkbook => said!("table_old_workbook"),
        TableError::Workbook(what) => said!("table_workbook", what = what),
        TableError::Empty => said!("table_empty"),
        TableError::MissingColumn { missing, found } => {
            said!("table_missing_column", missing = *missing, found = found)
        }
        TableError::TwiceTheColumn(name) => said!("table_twice_the_column", column = name),
        TableError::RowTooLong(line) => said!("table_row_too_long", line = *line),
    }
}

#[cfg(test)]
mod tests {
    use gridfold_sync_core::calendar::{CalendarError, Day};
    use gridfold_sync_core::directory::CatalogueError;
    use gridfold_sync_core::ids::{
        ActionKey, AreaCode, ChoiceKey, FieldKey, FormCode, KindCode, PlanCode, UserId,
    };
    use gridfold_sync_core::notice::Locale;
    use gridfold_sync_core::plan::PlanError;
    use gridfold_sync_core::schema::{FieldMeaning, FormMeaning};

    use super::*;
    use crate::acts::calendar::explain as calendar;
    use crate::acts::catalogue::explain as catalogue;
    use crate::acts::plans::explain as plan;

    /// What is met at the dashboard in English is what the command line prints of the same.
    fn same<E: std::fmt::Display>(errors: &[E], explain: impl Fn(&E) -> Said) {
        for error in errors {
            assert_eq!(explain(error).text(Locale::En), error.to_string());
        }
    }

    #[test]
    fn a_form_is_refused_in_the_words_of_its_error() {
        let field = || FieldKey::new("roof").unwrap();
        let status = || ActionKey::new("shut").unwrap();
        let (meaning, matter) = (FieldMeaning::Doer, FormMeaning::Matter);
        let errors = [
            FormError::NotAForm("x".into()),
            FormError::TwiceTheField(field()),
            FormError::NotInAGroup(field()),
            FormError::NoSuchField(field()),
            FormError::ImpossibleRule(field()),
            FormError::ChangedType(field(), 3),
            FormError::ChangedClass(3),
            FormError::Published(3),
            FormError::BadLifecycle("x".into()),
            FormError::UnknownMeaning {
                of: "field roof".into(),
                meaning: "x".into(),
                known: "doer, place".into(),
            },
            FormError::TwiceTheMeaning(field(), meaning),
            FormError::CannotMean {
                field: field(),
                meaning,
                types: "text",
            },
            FormError::NotOnReceipt(field()),
            FormError::MeaningInAGroup(field()),
            FormError::ChangedMeaning(3, matter),
            FormError::NeverClosed(matter),
            FormError::DoneAndClosed(status()),
            FormError::BeginsDone(status()),
            FormError::StaysDone(status()),
        ];
        same(&errors, form);
    }

    #[test]
    fn a_catalogue_is_refused_in_the_words_of_its_error() {
        let kind = |code: &str| KindCode::new(code).unwrap();
        let errors = [
            CatalogueError::NotACatalogue("x".into()),
            CatalogueError::NoKinds,
            CatalogueError::TooLarge(70_000),
            CatalogueError::TwiceTheKind(kind("lamp")),
            CatalogueError::TwiceTheName(kind("lamp"), kind("light")),
            CatalogueError::BadText(kind("lamp"), "department"),
            CatalogueError::BadDeadline(kind("lamp")),
            CatalogueError::BadWarning(kind("lamp")),
            CatalogueError::TwiceTheDeadline(kind("lamp"), "urgent".into()),
            CatalogueError::BadUrgency(kind("lamp"), ChoiceKey::new("red").unwrap()),
            CatalogueError::BadUrgencies,
            CatalogueError::NoParent(kind("lamp"), kind("light")),
            CatalogueError::TooDeep(kind("lamp")),
            CatalogueError::ParentRetired(kind("lamp"), kind("light")),
            CatalogueError::BadEvidence(kind("lamp"), "smell".into()),
            CatalogueError::NotNext {
                expected: 2,
                given: 4,
            },
            CatalogueError::Published(3),
            CatalogueError::MissingKind(kind("lamp")),
        ];
        same(&errors, catalogue);
    }

    #[test]
    fn a_plan_is_refused_in_the_words_of_its_error() {
        let form = || FormCode::new("task").unwrap();
        let code = || PlanCode::new("patrol").unwrap();
        let errors = [
            PlanError::NotAPlan("x".into()),
            PlanError::TooLarge(20_000),
            PlanError::TooMany,
            PlanError::BadText("title"),
            PlanError::BadEvery,
            PlanError::BadEnd,
            PlanError::BadDays,
            PlanError::TwoSubjects,
            PlanError::NoFormOfRecords,
            PlanError::CountsWithoutRecords,
            PlanError::BadStop,
            PlanError::RouteOutsideGrid,
            PlanError::NoArea(AreaCode::new("g1").unwrap()),
            PlanError::NoForm(form()),
            PlanError::NoTask(form()),
            PlanError::NotAbout(form(), form()),
            PlanError::CannotCount(form(), form()),
            PlanError::NoField(form(), FieldKey::new("x").unwrap()),
            PlanError::NoPriority(form(), "red".into()),
            PlanError::Nobody(UserId::from_bytes([1; 16])),
            PlanError::NotNext {
                code: code(),
                expected: 2,
                given: 4,
            },
            PlanError::Published(code(), 3),
            PlanError::AboutAnother(code()),
        ];
        same(&errors, plan);
    }

    #[test]
    fn a_calendar_is_refused_in_the_words_of_its_error() {
        let day = Day::parse("2027-10-01").unwrap();
        let errors = [
            CalendarError::NotACalendar("x".into()),
            CalendarError::TooLarge(200_000),
            CalendarError::NoHours,
            CalendarError::BadHours("mon".into()),
            CalendarError::BadZone("Mars".into()),
            CalendarError::TwiceTheDay(day),
            CalendarError::TwiceTheYear(2027),
            CalendarError::BadName("2027".into()),
            CalendarError::WrongYear(day),
            CalendarError::NoWeekend(day),
            CalendarError::MissingHoliday { year: 2027, day },
            CalendarError::NoSpringFestival(2027),
            CalendarError::NotNext {
                expected: 2,
                given: 4,
            },
            CalendarError::Published(3),
        ];
        same(&errors, calendar);
    }

    #[test]
    fn a_password_and_a_file_are_refused_in_the_words_of_their_errors() {
        let passwords = [
            PasswordError::TooShort,
            PasswordError::TooLong,
            PasswordError::TooCommon,
            PasswordError::ContainsLogin,
            PasswordError::NotHashed,
        ];
        same(&passwords, password);
        // What could not be read has a reason of the system's own, which is for the log.
        let tables = [
            TableError::NotOneEncoding,
            TableError::OldWorkbook,
            TableError::Workbook("x".into()),
            TableError::Empty,
            TableError::MissingColumn {
                missing: "code",
                found: "a, b".into(),
            },
            TableError::TwiceTheColumn("code".into()),
            TableError::RowTooLong(7),
        ];
        same(&tables, table);
    }
}
