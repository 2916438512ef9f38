//! What a terminal shows: the QR code of an invitation, read off a screen by an ordinary reader.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rqrr::PreparedImage;

const PROGRAM: &str = env!("CARGO_BIN_EXE_gridfold");
const MIN_FREE: (&str, &str) = ("GRIDFOLD_LOG_MIN_FREE_MIB", "16");
/// Pixels of a character, as of a usual font.
const CELL: (usize, usize) = (8, 16);

fn init(dir: &Path) {
    let mut child = Command::new(PROGRAM)
        .arg("--data")
        .arg(dir)
        .args(["init", "--admin-password-file", "-"])
        .env(MIN_FREE.0, MIN_FREE.1)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "lantern orchard 47 velvet").unwrap();
    assert!(child.wait().unwrap().success());
}

/// What a command writes when it runs on a terminal: `script` gives it one.
fn on_a_terminal(dir: &Path, command: &str) -> String {
    let line = format!("'{PROGRAM}' --data '{}' {command}", dir.display());
    let out = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env(MIN_FREE.0, MIN_FREE.1)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success(), "{said}");
    said
}

/// A screen as people see it: brightness by pixel, written on in the colours that the terminal has by
/// itself and that escape codes ask for.
struct Screen {
    rows: Vec<Vec<(u8, u8)>>,
}

impl Screen {
    /// Shows a text on a terminal whose own colours, of writing and of paper, are these.
    fn show(text: &str, own: (u8, u8)) -> Self {
        let mut rows = Vec::new();
        let mut colours = own;
        for line in text.lines() {
            let mut row = Vec::new();
            let mut rest = line.trim_end_matches('\r');
            while let Some(c) = rest.chars().next() {
                if let Some(code) = rest.strip_prefix("\x1b[") {
                    let end = code.find('m').expect("only colours are asked for");
                    colours = coloured(&code[..end], colours, own);
                    rest = &code[end + 1..];
                    continue;
                }
                rest = &rest[c.len_utf8()..];
                let (ink, paper) = colours;
                row.push(match c {
                    ' ' => (paper, paper),
                    '█' => (ink, ink),
                    '▀' => (ink, paper),
                    '▄' => (paper, ink),
                    // Letters: some of both.
                    _ => (ink / 2 + paper / 2, paper),
                });
            }
            rows.push(row);
        }
        // What no character was written on has the colour of the terminal.
        let width = rows.iter().map(Vec::len).max().unwrap_or_default().max(80);
        for row in &mut rows {
            row.resize(width, (own.1, own.1));
        }
        Self { rows }
    }

    /// What an ordinary reader finds on it: dark on light, as codes are printed.
    fn read(&self) -> Vec<String> {
        let width = self.rows[0].len() * CELL.0;
        let height = self.rows.len() * CELL.1;
        let mut image = PreparedImage::prepare_from_greyscale(width, height, |x, y| {
            let (upper, lower) = self.rows[y / CELL.1][x / CELL.0];
            if y % CELL.1 < CELL.1 / 2 {
                upper
            } else {
                lower
            }
        });
        let found = image.detect_grids();
        found
            .iter()
            .filter_map(|grid| Some(grid.decode().ok()?.1))
            .collect()
    }
}

fn coloured(codes: &str, now: (u8, u8), own: (u8, u8)) -> (u8, u8) {
    let brightness = |colour: &str| match colour {
        "16" => 0,
        "231" => 255,
        other => panic!("colour {other} is whatever the terminal's theme makes of it"),
    };
    match codes.split(';').collect::<Vec<_>>().as_slice() {
        ["0"] => own,
        ["38", "5", ink] => (brightness(ink), now.1),
        ["48", "5", paper] => (now.0, brightness(paper)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_code_of_an_invitation_is_read_off_light_and_dark_terminals() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    init(&dir);
    let said = on_a_terminal(&dir, "device invite admin");
    let code = said
        .lines()
        .find_map(|l| l.strip_prefix("code (shown once): "))
        .unwrap();
    let code: String = code.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let wanted = format!("gridfold:1:http://127.0.0.1:8420:{code}");
    // Writing and paper of the terminal: white on black, black on white, and grey on dark blue.
    for own in [(230, 0), (20, 255), (150, 40)] {
        assert_eq!(
            Screen::show(&said, own).read(),
            [wanted.as_str()],
            "{own:?}"
        );
    }
    // What is on the screen around a code is not all light: it brings four modules of its own.
    let first = said.lines().next().unwrap();
    let blocks = first.matches('▀').count();
    let columns = Screen::show(first, (0, 100)).rows[0][..blocks].to_vec();
    assert!(blocks <= 80 && columns.iter().all(|c| *c == (255, 255)));
}

#[test]
fn nothing_but_a_terminal_gets_escape_codes() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    init(&dir);
    let out = Command::new(PROGRAM)
        .arg("--data")
        .arg(&dir)
        .args(["device", "invite", "admin"])
        .env(MIN_FREE.0, MIN_FREE.1)
        .output()
        .unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    assert!(said.contains('█') && !said.contains('\x1b'), "{said}");
}
