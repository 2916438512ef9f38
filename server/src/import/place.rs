//! Where a matter of New York City belongs: city, borough, postcode.
//!
//! A postcode counts inside its borough, since some lie in two. A borough that is none of the five, or a postcode that is not five digits, becomes `unknown`: the matter is kept where it can be found, and what was written stays in its place.

use gridfold_sync_core::directory::{Area, GRID_LEVEL};
use gridfold_sync_core::ids::{AreaCode, NameError};

const CITY: &str = "nyc";
const BOROUGHS: [(&str, &str); 5] = [
    ("bronx", "Bronx"),
    ("brooklyn", "Brooklyn"),
    ("manhattan", "Manhattan"),
    ("queens", "Queens"),
    ("staten-island", "Staten Island"),
];
const UNKNOWN: &str = "unknown";

/// The areas a matter lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The grid.
    pub grid: AreaCode,
    /// City, borough and grid, outermost first.
    pub areas: Vec<Area>,
}

/// The place of a borough and postcode as written.
///
/// # Errors
/// Never for what this function makes itself; the codes are checked like any other.
pub fn place_of(borough: &str, postcode: &str) -> Result<Place, NameError> {
    let slug = borough.trim().to_ascii_lowercase().replace([' ', '_'], "-");
    let (district, name) = BOROUGHS
        .into_iter()
        .find(|(code, _)| *code == slug)
        .unwrap_or((UNKNOWN, "Borough unknown"));
    let postcode = normal_postcode(postcode);
    let city = AreaCode::new(CITY)?;
    let district = AreaCode::new(&format!("{CITY}-{district}"))?;
    let grid = AreaCode::new(&format!("{district}-{}", postcode.unwrap_or(UNKNOWN)))?;
    let grid_name = match postcode {
        Some(postcode) => format!("{name} {postcode}"),
        None => format!("{name}, postcode unknown"),
    };
    let area = |code: &AreaCode, parent: Option<&AreaCode>, name: &str, level: &str| Area {
        code: code.clone(),
        parent: parent.cloned(),
        name: name.to_owned(),
        level: level.to_owned(),
    };
    let areas = vec![
        area(&city, None, "New York City", "city"),
        area(&district, Some(&city), name, "district"),
        area(&grid, Some(&district), &grid_name, GRID_LEVEL),
    ];
    Ok(Place { grid, areas })
}

/// Five digits of `10452`, `10452-1234` or `10452.0`.
fn normal_postcode(written: &str) -> Option<&str> {
    let first = written.trim().split(['-', '.', ' ']).next()?;
    let good = first.len() == 5 && first.bytes().all(|b| b.is_ascii_digit()) && first != "00000";
    good.then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_grid() {
        let grid = |b: &str, p: &str| place_of(b, p).unwrap().grid.to_string();
        assert_eq!(grid("BRONX", "10463"), "nyc-bronx-10463");
        assert_eq!(grid("Manhattan ", "10463-0012"), "nyc-manhattan-10463");
        assert_eq!(grid("STATEN ISLAND", "10301.0"), "nyc-staten-island-10301");
        assert_eq!(grid("Unspecified", "11237"), "nyc-unknown-11237");
        assert_eq!(grid("QUEENS", "N/A"), "nyc-queens-unknown");
        assert_eq!(grid("", "00000"), "nyc-unknown-unknown");
        let areas = place_of("QUEENS", "11385").unwrap().areas;
        assert_eq!(areas[2].parent.as_ref(), Some(&areas[1].code));
        assert_eq!(areas[1].parent.as_ref(), Some(&areas[0].code));
    }
}
