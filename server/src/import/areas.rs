//! Areas from a file `code,parent,name,level`, in any order.

use std::collections::BTreeMap;
use std::io::Read;

use gridfold_sync_core::directory::{Area, DirectoryChange, ImportKind, moved_by};
use gridfold_sync_core::ids::{AreaCode, FieldKey, UserId};

use super::act::{Act, format_of};
use super::{
    ChangedArea, Column, Delimited, ImportError, MAX_NOTED_LINES, Progress, RawRow, Report,
    RowReason,
};
use crate::acts::areas::{Misfit, check_area};
use crate::acts::users::read_name;
use crate::node::Node;

pub(super) const COLUMNS: [Column; 4] = [
    (
        "code",
        &[
            "编码",
            "代码",
            "编号",
            "区划代码",
            "区域编码",
            "网格编码",
            "网格编号",
        ],
    ),
    (
        "parent",
        &[
            "上级",
            "上级编码",
            "上级代码",
            "上级编号",
            "上级区域",
            "父级",
            "父级编码",
            "所属上级",
        ],
    ),
    ("name", &["名称", "区域名称", "区划名称", "网格名称"]),
    ("level", &["级别", "层级", "类型", "类别"]),
];
/// What offices call the levels.
const LEVELS: [(&str, &[&str]); 6] = [
    ("province", &["省", "直辖市", "自治区"]),
    ("city", &["市", "地级市", "城市"]),
    ("district", &["区", "县", "区县", "县级市"]),
    ("street", &["街道", "乡镇", "镇", "乡", "街镇"]),
    ("community", &["社区", "村", "居委会", "村委会", "村居"]),
    ("grid", &["网格", "单元网格", "基础网格"]),
];
/// JSON bytes of areas in one logged change.
const CHANGE_BYTES: usize = 24 << 10;

fn read(row: &RawRow) -> Result<Area, RowReason> {
    let values = row.values.as_ref().map_err(Clone::clone)?;
    let [code, parent, name, level] = values.as_slice() else {
        return Err(RowReason::Width {
            values: values.len(),
            columns: COLUMNS.len(),
        });
    };
    let parent = match parent.as_str() {
        "" => None,
        code => Some(AreaCode::new(code).map_err(|_| RowReason::BadParent)?),
    };
    Ok(Area {
        code: AreaCode::new(code).map_err(|_| RowReason::BadCode)?,
        parent,
        name: read_name(name).map_err(|_| RowReason::BadName)?,
        level: FieldKey::new(level_of(level))
            .map_err(|_| RowReason::BadLevel)?
            .to_string(),
    })
}

/// The word of a level.
fn level_of(text: &str) -> &str {
    let known = LEVELS.iter().find(|(_, also)| also.contains(&text));
    known.map_or(text, |(level, _)| level)
}

/// Imports areas, by the operator.
///
/// # Errors
/// As [`import_areas_by`].
pub fn import_areas(
    node: &Node,
    file: impl Read,
    dry_run: bool,
    progress: Progress<'_>,
) -> Result<Report, ImportError> {
    import_areas_by(None, node, file, dry_run, progress)
}

/// Imports areas. A row whose parent is neither in the file nor known is not taken, nor what lies below it.
///
/// # Errors
/// When the file cannot be read or the directory not be written; nothing is then changed.
pub fn import_areas_by(
    by: Option<UserId>,
    node: &Node,
    file: impl Read,
    dry_run: bool,
    progress: Progress<'_>,
) -> Result<Report, ImportError> {
    let (format, file) = format_of(file)?;
    let mut table = Delimited::open(file, &COLUMNS, COLUMNS.len())?;
    let mut report = Report {
        dry_run,
        ..Report::default()
    };
    let mut lines: BTreeMap<AreaCode, u64> = BTreeMap::new();
    let mut coming: BTreeMap<AreaCode, Area> = BTreeMap::new();
    while let Some(row) = table.next_row()? {
        report.rows += 1;
        progress(table.bytes_read());
        match read(&row) {
            Err(reason) => report.refuse(row.line, reason),
            Ok(area) => match coming.get(&area.code) {
                Some(was) if *was == area => report.duplicates += 1,
                Some(_) => {
                    let line = lines.get(&area.code).copied().unwrap_or_default();
                    let key = area.code.to_string();
                    report.refuse(row.line, RowReason::Twice { key, line });
                }
                None => {
                    lines.insert(area.code.clone(), row.line);
                    coming.insert(area.code.clone(), area);
                }
            },
        }
    }
    let directory = node.directory.current();
    // A row that is not taken takes what lies below it along, so look again until nothing more goes.
    loop {
        let bad: Vec<(AreaCode, Misfit)> = coming
            .values()
            .filter_map(|area| {
                Some((
                    area.code.clone(),
                    check_area(&directory, area, &coming).err()?,
                ))
            })
            .collect();
        if bad.is_empty() {
            break;
        }
        for (code, reason) in bad {
            coming.remove(&code);
            report.refuse(lines.get(&code).copied().unwrap_or_default(), reason);
        }
    }
    report.refusals.sort_by_key(|note| note.line);
    let mut new = Vec::new();
    for area in coming.into_values() {
        match directory.area(&area.code) {
            None => report.added += 1,
            Some(was) if *was == area => {
                report.unchanged += 1;
                continue;
            }
            Some(was) => {
                report.changed += 1;
                if report.changes.len() < MAX_NOTED_LINES {
                    report.changes.push(ChangedArea {
                        line: lines.get(&area.code).copied().unwrap_or_default(),
                        was: was.clone(),
                        is: area.clone(),
                    });
                }
            }
        }
        new.push(area);
    }
    report.changes.sort_by_key(|change| change.line);
    report.areas_added = report.added;
    let changes = area_changes(node, new);
    if !dry_run && !changes.is_empty() {
        let mut act = Act::new(node, ImportKind::Areas, format, by, None)?;
        let mut all = act.with(changes);
        all.extend(act.end(&mut report));
        node.directory.change(all).map_err(|e| ImportError::Node {
            line: 0,
            reason: e.to_string(),
        })?;
    }
    Ok(report)
}

/// Areas in changes that the log takes.
pub(super) fn area_changes(node: &Node, areas: Vec<Area>) -> Vec<DirectoryChange> {
    let directory = node.directory.current();
    let mut changes = moved_by(&areas, |code| directory.area(code), node.clock.now());
    let (mut batch, mut bytes) = (Vec::new(), 0);
    for area in areas {
        bytes += area.name.len() + 3 * 64 + 48;
        batch.push(area);
        if bytes >= CHANGE_BYTES {
            changes.push(DirectoryChange::Areas {
                areas: std::mem::take(&mut batch),
            });
            bytes = 0;
        }
    }
    if !batch.is_empty() {
        changes.push(DirectoryChange::Areas { areas: batch });
    }
    changes
}
