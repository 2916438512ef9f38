//! A query of the core's as an expression of the full-text index, which holds its words.

use gridfold_sync_core::search::SearchQuery;

/// The match expression for what a person typed, over these columns. None when nothing searchable
/// was typed.
#[must_use]
pub(super) fn match_expression(typed: &str, columns: &[&str]) -> Option<String> {
    let query = SearchQuery::read(typed)?;
    let terms: Vec<String> = query
        .phrases()
        .iter()
        .map(|phrase| {
            let beginning = if phrase.is_beginning { "*" } else { "" };
            format!("\"{}\"{beginning}", phrase.words)
        })
        .collect();
    if terms.is_empty() || columns.is_empty() {
        return None;
    }
    Some(format!(
        "{{{}}} : ({})",
        columns.join(" "),
        terms.join(" AND ")
    ))
}
