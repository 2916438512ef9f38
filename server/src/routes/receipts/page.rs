//! The page at which a receipt is asked for: three small files of its own, nothing of the apps.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use gridfold_sync_core::notice::{Locale, fill};
use serde::Deserialize;

use crate::routes::caller::locale_of;
use crate::routes::{Api, Params};
use crate::words::{Said, said};

/// Its own script and style sheet, and requests to this server; nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// What stands in the page, by its places.
fn texts() -> [(&'static str, Said); 26] {
    [
        ("title", said!("receipt_page_title")),
        ("intro", said!("receipt_page_intro")),
        ("number", said!("receipt_page_number")),
        ("hint", said!("receipt_page_hint")),
        ("look", said!("receipt_page_look")),
        ("looking", said!("receipt_page_looking")),
        ("short", said!("receipt_page_short")),
        ("unreachable", said!("receipt_page_unreachable")),
        ("status", said!("receipt_page_status")),
        ("since", said!("receipt_page_since")),
        ("reported", said!("receipt_page_reported")),
        ("reply", said!("receipt_page_reply")),
        ("no_reply", said!("receipt_page_no_reply")),
        ("rate", said!("receipt_page_rate")),
        ("rate_send", said!("receipt_page_rate_send")),
        ("rated", said!("receipt_page_rated")),
        ("reopen", said!("receipt_page_reopen")),
        ("reopen_hint", said!("receipt_page_reopen_hint")),
        ("reopen_words", said!("receipt_page_reopen_words")),
        ("reopen_send", said!("receipt_page_reopen_send")),
        ("reopened", said!("receipt_page_reopened")),
        ("once", said!("receipt_page_once")),
        ("choose_first", said!("receipt_page_choose_first")),
        ("words_first", said!("receipt_page_words_first")),
        ("private", said!("receipt_page_private")),
        ("no_script", said!("receipt_page_no_script")),
    ]
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

fn rendered(locale: Locale) -> String {
    let (tag, other, in_other, other_tag) = match locale {
        Locale::Zh => ("zh-CN", "en", "English", "en"),
        Locale::En => ("en", "zh", "\u{4e2d}\u{6587}", "zh-CN"),
    };
    let texts = texts().map(|(place, said)| (place, escaped(&said.text(locale))));
    let mut all: Vec<(&str, &str)> = texts.iter().map(|(p, text)| (*p, text.as_str())).collect();
    all.extend([
        ("lang", tag),
        ("other", other),
        ("in_other", in_other),
        ("other_lang", other_tag),
    ]);
    fill(PAGE, &all)
}

static PAGES: LazyLock<[String; 2]> =
    LazyLock::new(|| [rendered(Locale::Zh), rendered(Locale::En)]);

/// In which language.
#[derive(Debug, Deserialize)]
pub struct PageQuery {
    lang: Option<String>,
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "accept-language"),
    ];
    (
        headers.map(|(name, value)| (name, HeaderValue::from_static(value))),
        text,
    )
        .into_response()
}

/// To the page.
pub async fn home() -> Redirect {
    Redirect::permanent("/r/")
}

/// The page itself, in the language that is asked for.
pub async fn page(
    State(_): State<Api>,
    headers: HeaderMap,
    Params(query): Params<PageQuery>,
) -> Response {
    let asked = query.lang.as_deref().map(Locale::from_tag);
    let [zh, en] = &*PAGES;
    let page = match asked.unwrap_or_else(|| locale_of(&headers)) {
        Locale::Zh => zh,
        Locale::En => en,
    };
    file("text/html; charset=utf-8", page)
}

/// Its script.
pub async fn script() -> Response {
    file("text/javascript; charset=utf-8", SCRIPT)
}

/// Its style sheet.
pub async fn style() -> Response {
    file("text/css; charset=utf-8", STYLE)
}
