//! One row of a 311 file as the fields of a matter.

use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::time::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::place::{Place, place_of};
use super::{Column, ImportError, RawRow, RowReason};

/// What the imported matters name as their source.
pub const SOURCE: &str = "nyc311";

/// The columns, those that must be there first.
pub(crate) const COLUMNS: [Column; 12] = [
    ("unique_key", &["编号", "工单编号", "工单号", "事项编号"]),
    (
        "created_date",
        &["创建时间", "登记时间", "受理时间", "上报时间"],
    ),
    ("complaint_type", &["类型", "事项类型", "诉求类型", "类别"]),
    ("closed_date", &["办结时间", "关闭时间"]),
    ("agency", &["部门", "承办部门", "承办单位"]),
    ("descriptor", &["描述", "内容", "诉求内容", "事项描述"]),
    ("location_type", &["地点类型", "场所类型"]),
    ("incident_zip", &["邮编", "邮政编码"]),
    ("city", &["城市", "市"]),
    ("borough", &["区", "行政区"]),
    ("latitude", &["纬度"]),
    ("longitude", &["经度"]),
];
/// How many of them must be there.
pub(crate) const REQUIRED_COLUMNS: usize = 3;

const KIND_CHARS: usize = 120;
const SUMMARY_CHARS: usize = 300;
const PLACE_CHARS: usize = 200;
const KEY_CHARS: usize = 64;

/// Formats that files of this shape have their local times in.
const LOCAL_FORMATS: [&str; 7] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
];
const DATE_FORMATS: [&str; 2] = ["%Y-%m-%d", "%m/%d/%Y"];

/// Reads the local times of a file.
#[derive(Debug, Clone)]
pub struct RowClock(TimeZone);

impl RowClock {
    /// The clock of a time zone by its name, such as `America/New_York`.
    ///
    /// # Errors
    /// When there is no such time zone.
    pub fn new(name: &str) -> Result<Self, ImportError> {
        TimeZone::get(name)
            .map(Self)
            .map_err(|_| ImportError::TimeZone(name.to_owned()))
    }

    /// The moment a text names: with an offset as it says, without one in this time zone.
    /// Of an hour that happens twice the first is meant; one that is skipped counts on.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Timestamp> {
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Some(Timestamp(at.as_millisecond()));
        }
        let local = LOCAL_FORMATS
            .iter()
            .find_map(|format| DateTime::strptime(format, text).ok())
            .or_else(|| {
                DATE_FORMATS
                    .iter()
                    .find_map(|format| jiff::civil::Date::strptime(format, text).ok())
                    .map(|date| date.at(0, 0, 0, 0))
            })?;
        let zoned = local.to_zoned(self.0.clone()).ok()?;
        Some(Timestamp(zoned.timestamp().as_millisecond()))
    }
}

/// A matter as its row says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MatterRow {
    /// The key it has in its source.
    pub key: String,
    /// When it was reported.
    pub created: Timestamp,
    /// When it was closed, if it was.
    pub closed: Option<Timestamp>,
    /// Its kind.
    pub kind: String,
    /// Kind and descriptor.
    pub summary: String,
    /// The agency.
    pub department: String,
    /// What the row says about the place, in words.
    pub place: String,
    /// Latitude and longitude × 10⁷.
    pub location: Option<(i32, i32)>,
    /// Borough and postcode as written.
    pub where_written: (String, String),
}

impl MatterRow {
    /// The areas it lies in.
    ///
    /// # Errors
    /// The reason in words.
    pub fn place(&self) -> Result<Place, String> {
        place_of(&self.where_written.0, &self.where_written.1).map_err(|e| e.to_string())
    }
}

/// The id of an imported matter: the same for the same source and key, whenever it is imported.
#[must_use]
pub fn matter_id(key: &str, created: Timestamp) -> RecordId {
    let hash: [u8; 32] = Sha256::digest(
        [
            b"gridfold import v1\0",
            SOURCE.as_bytes(),
            b"\0",
            key.as_bytes(),
        ]
        .concat(),
    )
    .into();
    let mut random = [0; 10];
    random.copy_from_slice(&hash[..10]);
    RecordId::from_parts(created, random)
}

/// Reads a row. Gives the matter and what about it needs a look.
///
/// # Errors
/// Why the row cannot be taken.
pub fn read_matter_row(
    row: &RawRow,
    clock: &RowClock,
) -> Result<(MatterRow, Vec<String>), RowReason> {
    let values = row.values.as_ref().map_err(Clone::clone)?;
    let get = |column: &str| {
        COLUMNS
            .iter()
            .position(|(name, _)| *name == column)
            .and_then(|at| values.get(at))
            .map_or("", String::as_str)
    };
    let mut warnings = Vec::new();
    let key = get("unique_key");
    if key.is_empty() {
        return Err("unique_key is empty".into());
    }
    if key.chars().count() > KEY_CHARS || key.chars().any(char::is_control) {
        let reason = format!("unique_key is longer than {KEY_CHARS} characters or cannot be shown");
        return Err(reason.into());
    }
    let created = match get("created_date") {
        "" => return Err("created_date is empty".into()),
        text => clock.read(text).ok_or("created_date is not a time")?,
    };
    let closed = match get("closed_date") {
        "" => None,
        text => Some(clock.read(text).ok_or("closed_date is not a time")?),
    };
    if closed.is_some_and(|closed| closed < created) {
        warnings.push("closed_date is before created_date: both are kept as they are".to_owned());
    }
    let kind = get("complaint_type");
    if kind.is_empty() {
        return Err("complaint_type is empty".into());
    }
    let location = location(get("latitude"), get("longitude"), &mut warnings)?;
    let summary = match get("descriptor") {
        "" | "N/A" => kind.to_owned(),
        descriptor => format!("{kind}: {descriptor}"),
    };
    let (borough, postcode) = (get("borough"), get("incident_zip"));
    let written = [get("location_type"), get("city"), postcode];
    let mut place: Vec<&str> = written.into_iter().filter(|t| !t.is_empty()).collect();
    let names_borough = |t: &&str| t.eq_ignore_ascii_case(borough);
    if !borough.is_empty() && !place.iter().any(names_borough) {
        place.push(borough);
    }
    let mut cut = |text: &str, chars: usize, what: &str| {
        if text.chars().count() <= chars {
            return text.to_owned();
        }
        warnings.push(format!(
            "{what} is longer than {chars} characters and was cut"
        ));
        text.chars().take(chars).collect()
    };
    let row = MatterRow {
        key: key.to_owned(),
        created,
        closed,
        kind: cut(kind, KIND_CHARS, "complaint_type"),
        summary: cut(&summary, SUMMARY_CHARS, "the summary"),
        department: cut(get("agency"), KIND_CHARS, "agency"),
        place: cut(&place.join(", "), PLACE_CHARS, "the place"),
        location,
        where_written: (borough.to_owned(), postcode.to_owned()),
    };
    Ok((row, warnings))
}

fn location(
    latitude: &str,
    longitude: &str,
    warnings: &mut Vec<String>,
) -> Result<Option<(i32, i32)>, String> {
    if latitude.is_empty() && longitude.is_empty() {
        return Ok(None);
    }
    if latitude.is_empty() || longitude.is_empty() {
        warnings.push("only one of latitude and longitude is there: no location".to_owned());
        return Ok(None);
    }
    let lat = degrees(latitude, 90.0).ok_or("latitude is not a number from -90 to 90")?;
    let lon = degrees(longitude, 180.0).ok_or("longitude is not a number from -180 to 180")?;
    if (lat, lon) == (0, 0) {
        warnings.push("latitude and longitude are both 0: no location".to_owned());
        return Ok(None);
    }
    Ok(Some((lat, lon)))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the range was checked: 180 × 10⁷ fits"
)]
fn degrees(text: &str, most: f64) -> Option<i32> {
    let value: f64 = text.parse().ok()?;
    (value.is_finite() && value.abs() <= most).then(|| (value * 1e7).round() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_local_unless_they_say_otherwise() {
        let clock = RowClock::new("America/New_York").unwrap();
        let read = |text: &str| clock.read(text).map(Timestamp::to_rfc3339);
        let expected = Some("2026-06-13T05:50:34.000Z".to_owned());
        assert_eq!(read("2026-06-13T01:50:34.000"), expected);
        assert_eq!(read("06/13/2026 01:50:34 AM"), expected);
        assert_eq!(read("2026-06-13T05:50:34Z"), expected);
        assert_eq!(
            read("2026-01-13 01:50:34"),
            Some("2026-01-13T06:50:34.000Z".to_owned())
        );
        // Summer time begins: 02:30 does not exist. It ends: 01:30 happens twice.
        assert_eq!(
            read("2026-03-08T02:30:00"),
            Some("2026-03-08T07:30:00.000Z".to_owned())
        );
        assert_eq!(
            read("2026-11-01T01:30:00"),
            Some("2026-11-01T05:30:00.000Z".to_owned())
        );
        assert_eq!(
            read("2026-06-13"),
            Some("2026-06-13T04:00:00.000Z".to_owned())
        );
        for bad in [
            "",
            "yesterday",
            "2026-13-01T00:00:00",
            "2026-02-30T00:00:00",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert!(RowClock::new("Mars/Olympus").is_err());
    }

    #[test]
    fn odd_rows_are_refused_or_warned_of() {
        let clock = RowClock::new("America/New_York").unwrap();
        let good = [
            "1",
            "2026-06-13T01:50:34.000",
            "Noise",
            "",
            "NYPD",
            "Loud",
            "Street",
            "10452",
            "BRONX",
            "BRONX",
            "40.8",
            "-73.9",
        ];
        let read = |changes: &[(usize, &str)]| {
            let mut values = good.map(str::to_owned).to_vec();
            for (at, value) in changes {
                values[*at] = (*value).to_owned();
            }
            read_matter_row(
                &RawRow {
                    line: 2,
                    values: Ok(values),
                },
                &clock,
            )
        };
        let (row, warnings) = read(&[]).unwrap();
        assert!(warnings.is_empty());
        assert_eq!(row.location, Some((408_000_000, -739_000_000)));
        assert_eq!(row.place, "Street, BRONX, 10452");
        for bad in [
            (0, ""),
            (1, ""),
            (1, "x"),
            (2, ""),
            (3, "x"),
            (10, "91"),
            (11, "NaN"),
            (10, "x"),
        ] {
            assert!(read(&[bad]).is_err(), "{bad:?}");
        }
        for odd in [(3, "2026-06-12T00:00:00"), (10, "")] {
            assert_eq!(read(&[odd]).unwrap().1.len(), 1, "{odd:?}");
        }
        assert_eq!(read(&[(10, "0"), (11, "0")]).unwrap().0.location, None);
        let long = "長".repeat(400);
        let (row, warnings) = read(&[(5, &long)]).unwrap();
        assert_eq!((row.summary.chars().count(), warnings.len()), (300, 1));
        assert_eq!(matter_id("1", row.created), matter_id("1", row.created));
        assert_ne!(matter_id("1", row.created), matter_id("2", row.created));
    }
}
