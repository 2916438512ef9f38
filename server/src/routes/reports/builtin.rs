//! The templates that every server has: what a street office asks for first. They are offered where the forms have what they count.

use std::collections::BTreeMap;

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::notice::Locale;

use super::period::Period;
use super::template::ReportTemplate;
use crate::words::{Said, said};

/// One of them: its id, its name, and what it counts.
pub(super) struct Builtin {
    pub(super) id: &'static str,
    name: Said,
    template: ReportTemplate,
}

impl Builtin {
    /// The template under its name in a language.
    pub(super) fn template(&self, locale: Locale) -> ReportTemplate {
        ReportTemplate {
            name: self.name.text(locale),
            ..self.template.clone()
        }
    }
}

fn of(
    id: &'static str,
    name: Said,
    means: &str,
    period: &str,
    groups: &[&str],
    measures: &[&str],
) -> Builtin {
    let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
    Builtin {
        id,
        name,
        template: ReportTemplate {
            records: BTreeMap::from([("means".to_owned(), means.to_owned())]),
            period: Period {
                of: Some(period.to_owned()),
                ..Period::default()
            },
            groups: texts(groups),
            measures: texts(measures),
            compare: true,
            ..ReportTemplate::default()
        },
    }
}

fn every() -> [Builtin; 7] {
    let matter = ["count", "closed", "on_time"];
    let long = [
        "count", "closed", "on_time", "in_grid", "response", "handling",
    ];
    [
        of(
            "visits-by-need",
            said!("report_visits_by_need"),
            "visit",
            "this_month",
            &["field:needs"],
            &["count"],
        ),
        of(
            "matters-by-kind",
            said!("report_matters_by_kind"),
            "matter",
            "this_month",
            &["kind"],
            &matter,
        ),
        of(
            "matters-by-area",
            said!("report_matters_by_area"),
            "matter",
            "this_month",
            &["area"],
            &matter,
        ),
        of(
            "matters-by-month",
            said!("report_matters_by_month"),
            "matter",
            "this_year",
            &["month"],
            &long,
        ),
        of(
            "resolved-in-grid",
            said!("report_in_grid"),
            "matter",
            "this_month",
            &["area"],
            &["count", "in_grid", "response"],
        ),
        of(
            "coverage",
            said!("report_coverage"),
            "household",
            "last_90_days",
            &["area"],
            &["count", "coverage"],
        ),
        of(
            "satisfaction",
            said!("report_satisfaction"),
            "matter",
            "this_month",
            &["kind"],
            &["count", "satisfaction"],
        ),
    ]
}

/// Those that fit the forms there are.
pub(super) fn all(directory: &Directory) -> impl Iterator<Item = Builtin> {
    every()
        .into_iter()
        .filter(|builtin| builtin.template(Locale::En).check(directory).is_ok())
}
