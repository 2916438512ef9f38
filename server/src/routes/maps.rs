//! Maps of streets, which whoever runs the server put into `maps/` of the data directory, for phones to keep.
//!
//! What enters: the name of a file. What leaves: the list of those that are there, or a file. What never happens
//! here: a look at who asks; a map is the same for everybody and holds no data. No name leads out of the folder.

use std::path::Path;

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use crate::problem::{Answer, Problem};

/// Name of the folder in the data directory.
const MAPS_DIR_NAME: &str = "maps";
const LIST: &str = "index.json";
const MEDIA_TYPE: &str = "application/vnd.pmtiles";
const SUFFIX: &str = ".pmtiles";

/// A map that can be fetched.
#[derive(Debug, PartialEq, Serialize)]
struct MapFile {
    /// The code of the area that it shows; the file has its name.
    area: String,
    /// How large it is.
    bytes: u64,
    /// Another one when the file was changed.
    version: String,
}

#[derive(Serialize)]
struct MapFiles {
    maps: Vec<MapFile>,
}

/// The area of a file, if the name is one that is served.
fn area_of(name: &str) -> Option<&str> {
    let area = name.strip_suffix(SUFFIX)?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (!area.is_empty() && area.bytes().all(is_plain)).then_some(area)
}

/// What is there; nothing where there is no folder.
fn list(dir: &Path) -> std::io::Result<Vec<MapFile>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut maps = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let Some(area) = name.to_str().and_then(area_of) else {
            continue;
        };
        let about = std::fs::metadata(dir.join(&name))?;
        if !about.is_file() {
            continue;
        }
        let changed = about.modified()?.duration_since(std::time::UNIX_EPOCH);
        let changed = changed.map_or(0, |since| since.as_millis());
        maps.push(MapFile {
            area: area.to_owned(),
            bytes: about.len(),
            version: format!("{changed:x}-{:x}", about.len()),
        });
    }
    maps.sort_by(|a, b| a.area.cmp(&b.area));
    Ok(maps)
}

/// A file of the folder, or the list of them.
pub(super) async fn serve(data_dir: &Path, name: &str, request: Request) -> Answer<Response> {
    let dir = data_dir.join(MAPS_DIR_NAME);
    if name == LIST {
        let listed = tokio::task::spawn_blocking(move || list(&dir)).await;
        let maps = listed.map_err(|e| Problem::internal(&e))?;
        let maps = maps.map_err(|e| Problem::internal(&e))?;
        return Ok(Json(MapFiles { maps }).into_response());
    }
    area_of(name).ok_or_else(Problem::not_found)?;
    let path = dir.join(name);
    let about = tokio::fs::metadata(&path).await;
    // A folder could be opened too, and ends the connection once it is read.
    about
        .ok()
        .filter(std::fs::Metadata::is_file)
        .ok_or_else(Problem::not_found)?;
    // Whole or in part, as it is asked for.
    let Ok(answer) = ServeFile::new(path).oneshot(request).await;
    match answer.status() {
        StatusCode::NOT_FOUND => Err(Problem::not_found()),
        _ => {
            let mut answer = answer.map(Body::new);
            let headers = answer.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            Ok(answer)
        }
    }
}
