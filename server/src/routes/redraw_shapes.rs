//! What is asked for and answered of redrawings of grids.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One line of what is wanted.
#[derive(Deserialize, ToSchema)]
pub struct RedrawLineRequest {
    /// `hand`: the grid goes from one worker to another as it is. `split`: a part of its records goes to another grid. `merge`: all of its records go to another grid, and it is retired.
    pub act: String,
    /// The grid.
    pub from: String,
    /// The grid to which its records go; for `split` and `merge`.
    #[serde(default)]
    pub to: Option<String>,
    /// Of a `split`: these records, at most 5,000, with what belongs to them.
    #[serde(default)]
    pub records: Vec<String>,
    /// Of a `split`: what lies inside this polygon, `lon,lat;lon,lat;…`, 3 to 200 corners, with what belongs to it.
    #[serde(default)]
    pub within: Option<String>,
    /// Of a `split`: what has these words in its texts, such as the name of a street, with what belongs to it.
    #[serde(default)]
    pub words: Option<String>,
    /// The id of the worker whose work it was; needed for `hand`.
    #[serde(default)]
    pub from_user: Option<String>,
    /// The id of the worker whose it is from then on: they are granted the grid where they do not work there yet, and the open work goes to them. Needed for `hand`; otherwise the one worker of the other grid when left out.
    #[serde(default)]
    pub to_user: Option<String>,
}

/// What is wanted.
#[derive(Deserialize, ToSchema)]
pub struct RedrawRequest {
    /// The lines, at most 500, in their order.
    pub lines: Vec<RedrawLineRequest>,
    /// From when the grants hold and records move, at most 400 days ahead; now when left out.
    #[serde(default)]
    pub at: Option<String>,
    /// Only say what would happen.
    #[serde(default)]
    pub rehearse: bool,
    /// Whether lines that are refused are left out; otherwise nothing is begun then.
    #[serde(default)]
    pub partly: bool,
}

/// A record that stays where it is.
#[derive(Serialize, ToSchema)]
pub struct RedrawLeft {
    /// The record.
    pub record_id: String,
    /// Why: the code of the problem with which moving it is answered.
    pub code: String,
}

/// What one line does, did or would do.
#[derive(Serialize, ToSchema)]
pub struct RedrawLineBody {
    /// The line, from 1.
    pub line: usize,
    /// `hand`, `split` or `merge`.
    pub act: String,
    /// The grid.
    pub from: String,
    /// The grid to which its records go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whose the work is from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_user: Option<String>,
    /// Why it is not taken, in the language of the request; absent when it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// `refused`, `rehearsed`, `waiting`, `running`, `done` or `stopped`.
    pub state: String,
    /// Records that go as far as is known.
    pub records: u64,
    /// Those that are in the other grid, or would be.
    pub moved: u64,
    /// The same by form, of a rehearsal.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub forms: BTreeMap<String, u64>,
    /// Open work that goes to `to_user`, or would.
    pub handed: u64,
    /// Of a rehearsal: open work that would stay with somebody who does not work there then.
    pub unowned: u64,
    /// Records that stay.
    pub left_count: u64,
    /// The first 200 of them that the caller may read.
    pub left: Vec<RedrawLeft>,
    /// Who is granted the grid with it.
    pub begins: Vec<String>,
    /// Whose grants of the grid end with it: their phones erase what they hold of it and say so.
    pub ends: Vec<String>,
}

/// A redrawing, or what one would do.
#[derive(Serialize, ToSchema)]
pub struct RedrawBody {
    /// Its id; absent when nothing was begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redraw_id: Option<String>,
    /// From when it holds.
    pub at: String,
    /// `rehearsed`, `refused`, `waiting`, `running`, `done` or `stopped`.
    pub state: String,
    /// Whether every record was looked at for what would stay; past 20,000 they are only counted.
    pub all_looked_at: bool,
    /// Who wanted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// What they are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// When all of it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// When it was stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<String>,
    /// Its lines.
    pub lines: Vec<RedrawLineBody>,
}

/// Redrawings, the newest first.
#[derive(Serialize, ToSchema)]
pub struct RedrawPage {
    /// The redrawings.
    pub redraws: Vec<RedrawBody>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
