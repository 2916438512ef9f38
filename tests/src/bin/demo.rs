//! `cargo run --release --bin demo`: the whole walk on real input. See `--help`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the demo is a command: what it has to say goes to the terminal"
)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use gridfold_server::clock::{Clock, SystemClock};
use indicatif::{ProgressBar, ProgressStyle};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use tests::demo::check::check;
use tests::demo::clock::ShiftedClock;
use tests::demo::report::{to_json, to_text};
use tests::demo::story::{DAY_MS, LEAVE_DAYS, Plan, Told, play, write_until_killed};
use tests::demo::town::{ADMIN, DemoError, Town, data_dir};

/// Imports the real data, lets workers' phones work offline through simulated days, brings them
/// back, shows what became of every edit, and serves until stopped.
#[derive(Debug, Parser)]
#[command(name = "demo")]
struct Options {
    /// Seed of everything that is drawn.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Phones of workers, 4 to 200.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(4..=200))]
    phones: u16,
    /// Days offline, 1 to 30.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=30))]
    days: u16,
    /// Where everything is kept; a new temporary directory, removed at the end, when left out.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Where areas-tianjin.csv and nyc311-10k.csv are; beside the checkout when left out.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The address to serve on; any free port of this machine with --exit.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// End when the story ends.
    #[arg(long)]
    exit: bool,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    json: bool,
    /// The child that is killed: its store and grid.
    #[arg(long, hide = true, num_args = 2, value_names = ["STORE", "GRID"])]
    write_until_killed: Option<Vec<String>>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let result = match options.write_until_killed.as_deref() {
        Some([store, grid]) => write_until_killed(Path::new(store), grid).map(|()| true),
        _ => run(&options),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::from(1)
        }
    }
}

/// Opens the worker's app with a code. It stands where no browser sends it to a server.
fn app_link(url: &str, qr: &str) -> String {
    let code = qr.rsplit_once(':').map_or(qr, |(_, code)| code);
    format!("{url}/m/#enrol={code}")
}

/// A QR code as a terminal with a dark ground shows it.
fn drawn(text: &str) -> Result<String, DemoError> {
    let code = QrCode::new(text.as_bytes())?;
    Ok(code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build())
}

fn run(options: &Options) -> Result<bool, DemoError> {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    let steps = |text: String| {
        // Without a terminal the bar draws nothing; each step is then a line.
        if bar.is_hidden() && !options.json {
            eprintln!("demo: {text}");
        }
        bar.set_message(text);
    };
    let temporary;
    let dir = match &options.dir {
        Some(dir) => {
            std::fs::create_dir_all(dir)?;
            // The child that is killed does not start where this one did.
            dir.canonicalize()?
        }
        None => {
            temporary = tempfile::tempdir()?;
            temporary.path().to_owned()
        }
    };
    let dir = dir.as_path();
    // The story begins as long ago as the worker on leave stays away, and ends now.
    let clock = Arc::new(ShiftedClock::default());
    clock.show(SystemClock.now().plus_millis(-LEAVE_DAYS * DAY_MS));
    steps("founding the town hall and importing the real data".to_owned());
    let grids = (usize::from(options.phones) / 3).max(2);
    let data = data_dir(options.data.clone());
    let town = Town::found(&dir.join("server"), &data, clock, grids, |what, n| {
        bar.set_message(format!("importing {what}: {n}"));
    })?;
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let usual: SocketAddr = ([127, 0, 0, 1], 8420).into();
    let address = options
        .listen
        .unwrap_or(if options.exit { any } else { usual });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let server = runtime.block_on(town.serve(address))?;
    let url = format!("http://{}", server.address);
    let plan = Plan {
        seed: options.seed,
        phones: usize::from(options.phones),
        days: usize::from(options.days),
    };
    let mut told = Told::default();
    let phones = play(&town, &url, dir, &plan, &mut told, steps)?;
    bar.set_message("comparing every phone with the server");
    let outcome = check(&town.node, &phones)?;
    bar.finish_and_clear();
    if options.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&to_json(&town, &phones, &outcome, &told))?
        );
    } else {
        println!("{}", to_text(&town, &phones, &outcome, &told));
    }
    let well = outcome.lost == 0 && outcome.replicas_equal;
    // Heard from before it is said how to stop it.
    #[cfg(unix)]
    let mut stop = runtime.block_on(async {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
    })?;
    if !options.exit {
        let (login, password) = ADMIN;
        eprintln!("The API is at {url} and a page to try it at {url}/docs");
        eprintln!("Sign in as `{login}` with `{password}`, for example:");
        eprintln!(
            "  curl -s {url}/v1/sign-in -H 'Content-Type: application/json' \
             -d '{{\"login\":\"{login}\",\"password\":\"{password}\"}}'"
        );
        for worker in town.two_of_one_grid() {
            let code = town.invite(worker.id, &url)?;
            let link = app_link(&url, &code);
            eprintln!(
                "To play {}, a code for 15 minutes, for one use:",
                worker.name
            );
            eprintln!("  in the worker's app, with a browser on this computer: {link}");
            eprintln!("  as a phone on the command line (docs/sample-phone.md):  {code}");
            eprintln!("{}", drawn(&link)?);
        }
        eprintln!("Stop with Ctrl-C.");
        #[cfg(unix)]
        runtime.block_on(stop.recv());
        #[cfg(not(unix))]
        runtime.block_on(async { tokio::signal::ctrl_c().await })?;
    }
    drop(phones);
    runtime.block_on(server.stop());
    Ok(well)
}
