//! Areas: what fits the tree.

use std::collections::BTreeMap;

use gridfold_sync_core::directory::{Area, Directory, GRID_LEVEL};
use gridfold_sync_core::ids::AreaCode;

use crate::words::{Said, said};

/// Areas deeper than this are taken for a circle.
const MAX_DEPTH: usize = 60;

/// Why an area does not fit the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// This area would lie in itself.
    InItself(AreaCode),
    /// This parent is neither known nor coming along.
    NoParent(AreaCode),
    /// This parent is a grid, in which nothing lies.
    ParentIsGrid(AreaCode),
    /// This area around it is retired.
    Retired(AreaCode),
    /// A grid stays one.
    StaysGrid,
    /// Areas lie in it, so it can be no grid.
    HoldsAreas,
}

impl Misfit {
    pub(crate) fn said(&self) -> Said {
        match self {
            Self::InItself(area) => said!("area_in_itself", area = area.as_str()),
            Self::NoParent(area) => said!("area_no_parent", area = area.as_str()),
            Self::ParentIsGrid(area) => said!("area_parent_is_a_grid", area = area.as_str()),
            Self::Retired(area) => said!("area_is_retired", area = area.as_str()),
            Self::StaysGrid => said!("area_stays_a_grid"),
            Self::HoldsAreas => said!("area_holds_areas"),
        }
    }
}

/// Whether an area fits the tree, with others that come along with it.
pub(crate) fn check_area(
    directory: &Directory,
    area: &Area,
    coming: &BTreeMap<AreaCode, Area>,
) -> Result<(), Misfit> {
    let find = |code: &AreaCode| coming.get(code).or_else(|| directory.area(code));
    let mut above = area.parent.as_ref();
    for depth in 0.. {
        let Some(code) = above else { break };
        if *code == area.code || depth > MAX_DEPTH {
            return Err(Misfit::InItself(area.code.clone()));
        }
        let Some(parent) = find(code) else {
            return Err(Misfit::NoParent(code.clone()));
        };
        if parent.level == GRID_LEVEL {
            return Err(Misfit::ParentIsGrid(code.clone()));
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
        return Err(Misfit::Retired(retired.clone()));
    }
    let Some(was) = was else {
        return Ok(());
    };
    if was.level == GRID_LEVEL && area.level != GRID_LEVEL {
        return Err(Misfit::StaysGrid);
    }
    if area.level == GRID_LEVEL && directory.children(&area.code).next().is_some() {
        return Err(Misfit::HoldsAreas);
    }
    Ok(())
}
