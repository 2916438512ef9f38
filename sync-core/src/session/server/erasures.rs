//! Which records were erased, told to phones that may hold them.
//!
//! What enters: the revision that a phone names, which is how many erasures the directory had. What
//! leaves: the records of grids that its user may read. What never happens here: naming one whose key
//! is still there, since its contents might then be served once more after the phone was told.

use super::served::Served;
use crate::directory::Directory;
use crate::entry::Author;
use crate::limits::MAX_ERASURES;
use crate::wire::ErasureNews;

/// For a phone that holds nothing: it knows all that was erased so far.
pub(super) fn before(directory: &Directory, known: u64) -> Option<ErasureNews> {
    let revision = directory.erasure_order().len() as u64;
    (revision != known).then_some(ErasureNews {
        revision,
        ..ErasureNews::default()
    })
}

/// The erasures a phone lacks; none when it knows all. `known` is the revision it names, none when
/// it stands in another epoch.
pub(super) fn news<S: Served>(
    served: &S,
    author: Author,
    known: Option<u64>,
) -> Result<Option<ErasureNews>, S::Error> {
    let directory = served.directory();
    let order = directory.erasure_order();
    let known = known
        .and_then(|n| usize::try_from(n).ok())
        .filter(|n| *n <= order.len());
    let after = known.unwrap_or_default();
    let mut news = ErasureNews::default();
    let mut upto = after;
    for record in &order[after..] {
        if news.records.len() == MAX_ERASURES {
            news.more = true;
            break;
        }
        if served.has_key(*record)? {
            break;
        }
        upto += 1;
        // Of one that says no more every phone is told.
        let theirs = directory.erasure(record).is_none_or(|erasure| {
            !directory
                .readable(author.user, &erasure.grid, served.now())
                .is_empty()
        });
        if theirs {
            news.records.push(*record);
        }
    }
    news.revision = upto as u64;
    Ok((known != Some(upto)).then_some(news))
}
