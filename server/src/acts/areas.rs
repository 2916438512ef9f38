//! Areas: what fits the tree.

use std::collections::BTreeMap;

use gridfold_sync_core::directory::{Area, Directory, GRID_LEVEL};
use gridfold_sync_core::ids::AreaCode;

/// Areas deeper than this are taken for a circle.
const MAX_DEPTH: usize = 60;

/// Whether an area fits the tree, with others that come along with it.
pub(crate) fn check_area(
    directory: &Directory,
    area: &Area,
    coming: &BTreeMap<AreaCode, Area>,
) -> Result<(), String> {
    let find = |code: &AreaCode| coming.get(code).or_else(|| directory.area(code));
    let mut above = area.parent.as_ref();
    for depth in 0.. {
        let Some(code) = above else { break };
        if *code == area.code || depth > MAX_DEPTH {
            return Err(format!("{} would lie in itself", area.code));
        }
        let Some(parent) = find(code) else {
            return Err(format!("its parent {code} is not known"));
        };
        if parent.level == GRID_LEVEL {
            return Err(format!(
                "its parent {code} is a grid, and nothing lies in a grid"
            ));
        }
        above = parent.parent.as_ref();
    }
    let was = directory.area(&area.code);
    let moves = was.is_none_or(|was| was.parent != area.parent);
    if moves
        && let Some(retired) = area
            .parent
            .as_ref()
            .and_then(|p| directory.retired_around(p))
    {
        return Err(format!(
            "{retired} is retired, and nothing new is put into it"
        ));
    }
    let Some(was) = was else {
        return Ok(());
    };
    if was.level == GRID_LEVEL && area.level != GRID_LEVEL {
        return Err("a grid stays a grid: its records live there".to_owned());
    }
    if area.level == GRID_LEVEL && directory.children(&area.code).next().is_some() {
        return Err("areas lie in it, so it cannot be a grid".to_owned());
    }
    Ok(())
}
