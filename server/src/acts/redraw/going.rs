//! Which records of a grid go to another: those of a line, and what belongs to them.
//!
//! What enters: a line, and since when its records move. What leaves: rows, households before what is about them.
//! What never happens here: a record named twice, or one that is deleted.

use std::collections::BTreeSet;

use gridfold_sync_core::directory::{Directory, RedrawLine, RedrawPart};
use gridfold_sync_core::ids::{AreaCode, RecordId, UserId};
use gridfold_sync_core::time::Timestamp;

use crate::node::Node;
use crate::problem::Answer;
use crate::views::{Polygon, ReadScope, RecordFilter, RecordRow};

/// Rows read at a time.
const PAGE_ROWS: usize = 500;

/// All rows of a filter.
pub(super) fn all(node: &Node, mut filter: RecordFilter) -> Answer<Vec<RecordRow>> {
    filter.limit = PAGE_ROWS;
    let mut rows = Vec::new();
    loop {
        let page = node.views.list(&filter)?;
        rows.extend(page.rows);
        match page.next {
            Some(next) => filter.cursor = Some(next),
            None => return Ok(rows),
        }
    }
}

/// The records of a grid.
pub(super) fn of_grid(grid: &AreaCode) -> RecordFilter {
    let mut filter = RecordFilter::of(ReadScope::all());
    filter.grids = vec![grid.clone()];
    filter
}

/// The records that a line moved since, as they are called now.
pub(super) fn moved(
    directory: &Directory,
    (by, since): (UserId, Timestamp),
    line: &RedrawLine,
) -> Vec<RecordId> {
    let newest = directory.moved_records();
    let newest = newest.take_while(|(_, moved)| moved.at >= since);
    let here = newest.filter(|(_, moved)| {
        moved.by == by
            && !moved.merged
            && moved.from_grid == line.from
            && Some(&moved.grid) == line.to.as_ref()
    });
    here.map(|(_, moved)| moved.to).collect()
}

/// The records that go, of those that are still in the grid; `before` are those that went.
pub(super) fn going(
    node: &Node,
    directory: &Directory,
    line: &RedrawLine,
    before: &[RecordId],
) -> Answer<Vec<RecordRow>> {
    let mut rows = Vec::new();
    match &line.part {
        RedrawPart::All => rows = all(node, of_grid(&line.from))?,
        RedrawPart::Named => {
            for ids in line.records.chunks(PAGE_ROWS) {
                let mut filter = of_grid(&line.from);
                filter.ids = ids.iter().map(|id| directory.present_record(*id)).collect();
                rows.extend(all(node, filter)?);
            }
        }
        RedrawPart::Within(corners) => {
            let mut filter = of_grid(&line.from);
            filter.within = Some(Polygon(corners.clone()));
            rows = all(node, filter)?;
        }
        RedrawPart::Words(words) => {
            let mut filter = of_grid(&line.from);
            filter.text = Some(words.clone());
            rows = all(node, filter)?;
        }
    }
    let mut known: BTreeSet<RecordId> = BTreeSet::new();
    rows.retain(|row| known.insert(row.record));
    if line.part != RedrawPart::All {
        let mut around: Vec<RecordId> = rows.iter().map(|row| row.record).collect();
        around.extend(before);
        for root in around {
            for row in belonging(node, directory, &line.from, root)? {
                if known.insert(row.record) {
                    rows.push(row);
                }
            }
        }
    }
    // Whatever is about a household goes after it: then it names the household as it is called there.
    rows.sort_by_key(|row| (row.household != Some(row.record), row.record));
    Ok(rows)
}

/// What is about a record, and what is about that.
fn belonging(
    node: &Node,
    directory: &Directory,
    grid: &AreaCode,
    of: RecordId,
) -> Answer<Vec<RecordRow>> {
    let ids = directory.ids_of_record(of);
    let mut rows = Vec::new();
    for linked in [false, true] {
        let mut filter = of_grid(grid);
        filter.household.clone_from(&ids);
        filter.linked = linked;
        rows.extend(all(node, filter)?);
    }
    let mut filter = of_grid(grid);
    filter.about = ids;
    rows.extend(all(node, filter)?);
    Ok(rows)
}
