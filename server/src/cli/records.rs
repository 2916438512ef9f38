//! `import` and `export`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{AreaCode, DeviceId, FormCode};
use uuid::Uuid;

use super::{
    Complaint, Context, Done, NOT_ALL_TAKEN, an_admin, find_user, is_file_free, say, say_json, show,
};
use crate::auth::{Actor, DeviceAccess};
use crate::export::{Format, Picked, export_records};
use crate::import::{
    CatalogueFormat, MatterOptions, Report, RowClock, import_areas, import_calendar_by,
    import_catalogue, import_matters, import_plans_by,
};
use crate::node::Node;
use crate::views::{ReadScope, RecordFilter, Sort, SortKey};

/// Notes shown on a terminal; `--json` has more.
const SHOWN_NOTES: usize = 20;

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The file.
    file: PathBuf,
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,
    /// The report as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// Areas: code, parent, name, level.
    Areas(ImportArgs),
    /// Matter kinds, as CSV or a workbook (code, label_zh, label_en, department, parent, deadline, warn, evidence, urgency, urgent, retired, receipt) or, in a file named .json, as the API gives them. With a row that is wrong nothing is taken.
    Catalogue(ImportArgs),
    /// Days of the working calendar, as CSV or a workbook: date, kind (holiday, make_up, closed, open, usual), name_zh, name_en, hours, source. With a row that is wrong nothing is taken.
    Calendar(ImportArgs),
    /// Plans of work that comes again, as CSV or a workbook: code, name_zh, every (2 months, 2 times_a_year), begins, form and, if wanted, name_en, area, about, only, ends, within_days, title, priority, doer, accountable, done_by, done_if, stops, ahead, retired. With a row that is wrong nothing is taken.
    Plans(ImportArgs),
    /// Matters of the New York 311 shape.
    Matters {
        #[command(flatten)]
        args: ImportArgs,
        /// The time zone of times that do not say theirs.
        #[arg(long, default_value = "America/New_York", value_name = "NAME")]
        time_zone: String,
        /// In whose name: id, login or name. An administrator when left out.
        #[arg(long = "as", value_name = "USER")]
        importer: Option<String>,
    },
    /// Entries that a phone without signal sealed into a file. They are their author's and are not taken back.
    Bundle(super::carry::BundleArgs),
    /// What was imported, the newest first: when, by whom, how much.
    List(super::imports::List),
    /// Take an import back: what it made and nobody has touched since.
    Undo(super::imports::Undo),
}

#[derive(Debug, Subcommand)]
pub(super) enum Export {
    /// Records, with all their fields.
    Records {
        /// csv, ndjson or geojson.
        #[arg(long)]
        format: String,
        /// Only this form; may be given several times.
        #[arg(long = "form")]
        forms: Vec<String>,
        /// Only the grids of this area.
        #[arg(long)]
        area: Option<String>,
        /// Begin a CSV file with the mark by which spreadsheets know UTF-8.
        #[arg(long)]
        bom: bool,
        /// Records marked as deleted too.
        #[arg(long)]
        deleted: bool,
        /// A file that does not exist yet, instead of stdout.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

fn open(file: &Path) -> Result<(File, u64), Complaint> {
    let open = File::open(file).map_err(|e| Complaint::new(format!("{}: {e}", file.display())))?;
    let bytes = open.metadata()?.len();
    Ok((open, bytes))
}

fn show_report(report: &Report, json: bool) -> Done {
    tell_report(report, json)?;
    match report.refused {
        0 => Ok(()),
        n => Err(Complaint::with_code(
            NOT_ALL_TAKEN,
            format!(
                "{n} rows of the file were not taken: mend them and import the file again, the others are not taken twice"
            ),
        )),
    }
}

/// The report of a file that is taken whole or not at all.
fn show_whole(report: &Report, json: bool) -> Done {
    tell_report(report, json)?;
    match report.refused {
        0 => Ok(()),
        n => Err(Complaint::with_code(
            NOT_ALL_TAKEN,
            format!(
                "{n} rows of the file are wrong, so nothing was changed: mend them and import the file again"
            ),
        )),
    }
}

fn tell_report(report: &Report, json: bool) -> Done {
    if json {
        return say_json(report);
    }
    for (title, notes, all) in [
        ("not taken", &report.refusals, report.refused),
        ("taken, but look at", &report.warnings, report.warned),
    ] {
        for note in notes.iter().take(SHOWN_NOTES) {
            say(&format!("{title}: line {}: {}", note.line, note.reason))?;
        }
        if all > SHOWN_NOTES as u64 {
            say(&format!(
                "{title}: {} more; --json lists them",
                all - SHOWN_NOTES as u64
            ))?;
        }
    }
    if report.dry_run {
        say("Dry run: nothing was changed. This would happen:")?;
    }
    let count = |what: &str, n: u64| vec![what.to_owned(), n.to_string()];
    show::table(
        &["ROWS", &report.rows.to_string()],
        &[
            count("added", report.added),
            count("changed", report.changed),
            count("unchanged", report.unchanged),
            count("repeated in the file", report.duplicates),
            count("not taken", report.refused),
            count("taken, but look at", report.warned),
            count("areas added", report.areas_added),
        ],
    )?;
    match &report.import_id {
        Some(id) => say(&format!("To take it back: gridfold import undo {id}")),
        None => Ok(()),
    }
}

impl Import {
    pub(super) fn run(self, context: &Context) -> Done {
        let node = context.open()?;
        let done = self.act(&node);
        node.shutdown();
        done
    }

    fn act(self, node: &Node) -> Done {
        match self {
            Self::Areas(args) => {
                let (file, bytes) = open(&args.file)?;
                let bar = show::bytes_bar(bytes)?;
                let report =
                    import_areas(node, file, args.dry_run, &mut |read| bar.set_position(read))?;
                bar.finish_and_clear();
                show_report(&report, args.json)
            }
            Self::Catalogue(args) => {
                let (file, bytes) = open(&args.file)?;
                let format = match args.file.extension() {
                    Some(e) if e.eq_ignore_ascii_case("json") => CatalogueFormat::Json,
                    _ => CatalogueFormat::Csv,
                };
                let bar = show::bytes_bar(bytes)?;
                let report = import_catalogue(node, file, format, args.dry_run, &mut |read| {
                    bar.set_position(read);
                });
                bar.finish_and_clear();
                show_whole(&report?, args.json)
            }
            Self::Calendar(args) => {
                let (file, bytes) = open(&args.file)?;
                let bar = show::bytes_bar(bytes)?;
                let report = import_calendar_by(None, node, file, args.dry_run, &mut |read| {
                    bar.set_position(read);
                });
                bar.finish_and_clear();
                show_whole(&report?, args.json)
            }
            Self::Plans(args) => {
                let (file, bytes) = open(&args.file)?;
                let bar = show::bytes_bar(bytes)?;
                let report = import_plans_by(None, node, file, args.dry_run, &mut |read| {
                    bar.set_position(read);
                });
                bar.finish_and_clear();
                show_whole(&report?, args.json)
            }
            Self::Matters {
                args,
                time_zone,
                importer,
            } => {
                let (file, bytes) = open(&args.file)?;
                let clock = RowClock::new(&time_zone)?;
                let user = match importer {
                    Some(text) => find_user(node, &text)?,
                    None => an_admin(node, &node.directory.current())?,
                };
                let now_ms = node.clock.now().millis();
                // The console the edits are made on, which the audit then knows; of no use afterwards.
                let device = if args.dry_run {
                    Uuid::nil()
                } else {
                    node.auth.devices.create_console(user.0, now_ms)?
                };
                let author = Author {
                    device: DeviceId(device),
                    user,
                };
                let options = MatterOptions {
                    author,
                    clock,
                    dry_run: args.dry_run,
                };
                let bar = show::bytes_bar(bytes)?;
                let report =
                    import_matters(node, file, &options, &mut |read| bar.set_position(read));
                bar.finish_and_clear();
                if !args.dry_run {
                    node.auth.devices.set_state(
                        device,
                        DeviceAccess::Revoked,
                        Actor::SERVER,
                        node.clock.now().millis(),
                    )?;
                }
                show_report(&report?, args.json)
            }
            Self::Bundle(args) => args.act(node),
            Self::List(args) => args.act(node),
            Self::Undo(args) => args.act(node),
        }
    }
}

impl Export {
    pub(super) fn run(self, context: &Context) -> Done {
        let node = context.open()?;
        let done = self.act(&node);
        node.shutdown();
        done
    }

    fn act(self, node: &Node) -> Done {
        let Self::Records {
            format,
            forms,
            area,
            bom,
            deleted,
            output,
        } = self;
        let format = Format::parse(&format, bom)
            .ok_or_else(|| Complaint::new("--format must be csv, xlsx, ndjson or geojson"))?;
        let directory = node.directory.current();
        let filter = filter(&directory, &forms, area.as_deref(), deleted)?;
        let scope = crate::auth::AuditScope::of("class", "restricted");
        let event = crate::auth::AuditEvent {
            at_ms: node.clock.now().millis(),
            who: Actor::SERVER,
            what: "records.export",
            scope,
        };
        node.auth.audit.record(&event)?;
        let mut out: Box<dyn Write> = match &output {
            Some(path) => {
                is_file_free(path)?;
                Box::new(BufWriter::new(File::create_new(path)?))
            }
            None => Box::new(BufWriter::new(std::io::stdout().lock())),
        };
        let bar = show::counter("records")?;
        let done = export_records(
            &node.views,
            &directory,
            &filter,
            format,
            &Picked::default(),
            &mut *out,
            &mut |n| bar.set_position(n),
        );
        bar.finish_and_clear();
        match done {
            // `gridfold export … | head` is no failure.
            Err(crate::export::ExportError::Io(e))
                if e.kind() == std::io::ErrorKind::BrokenPipe =>
            {
                Ok(())
            }
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }
}

fn filter(
    directory: &Directory,
    forms: &[String],
    area: Option<&str>,
    deleted: bool,
) -> Result<RecordFilter, Complaint> {
    let mut filter = RecordFilter::of(ReadScope::all());
    filter.sort = Sort {
        key: SortKey::Captured,
        ascending: true,
    };
    filter.include_deleted = deleted;
    for form in forms {
        let code = FormCode::new(form)?;
        if !directory.forms().has(&code) {
            return Err(Complaint::new(format!("there is no form {form}")));
        }
        filter.forms.push(code);
    }
    if let Some(area) = area {
        let code = AreaCode::new(area)?;
        if directory.area(&code).is_none() {
            return Err(Complaint::new(format!("there is no area {area}")));
        }
        let grids = directory.grids_in(Some(&code));
        filter.scope.grids = Some(grids.into_iter().collect());
    }
    Ok(filter)
}
