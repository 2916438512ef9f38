//! Problems: every error the API answers with, as RFC 9457 problem details.
//!
//! What enters is a stable code, with a detail that holds no personal data. What leaves is the answer, in the language of the request.
//! This is the one table of codes; `docs/API.md` lists the same.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::entry::RefusalCode;
use gridfold_sync_core::notice::{self, Locale};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::WipeOrder;
use crate::words::Said;

/// The content type of a problem.
pub const PROBLEM_CONTENT_TYPE: &str = "application/problem+json";
/// What `type` begins with; the code follows.
pub const TYPE_PREFIX: &str = "urn:gridfold:problem:";
/// Seconds after which a busy server may be asked again.
pub const BUSY_RETRY_S: u64 = 2;
/// Seconds after which a server whose disk failed may be asked again.
pub const STORAGE_RETRY_S: u64 = 10;
/// Seconds after which a server with a full disk or a damaged file may be asked again.
pub const DISK_FULL_RETRY_S: u64 = 60;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:ident, $retryable:literal;)*) => {
        /// A stable code of the API's own. Refused edits have the codes of [`RefusalCode`] besides.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
            /// An edit that admission refuses, for its reason; 422.
            Refused(RefusalCode),
        }

        impl Code {
            /// All codes of the API's own.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable text of the code.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* Self::Refused(code) => code.as_str() }
            }
            /// The status of the answer.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                    Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
                }
            }
            /// Whether the same request may succeed later.
            #[must_use]
            pub fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)* Self::Refused(_) => false }
            }
        }
    };
}

codes! {
    /// The request does not make sense.
    BadRequest = "bad_request", BAD_REQUEST, false;
    /// An enrolment code that cannot be redeemed, or whose proof does not verify.
    BadCode = "bad_code", BAD_REQUEST, false;
    /// No token, or one that is not accepted.
    Unauthorized = "unauthorized", UNAUTHORIZED, false;
    /// Login or password is wrong.
    SignInFailed = "sign_in_failed", UNAUTHORIZED, false;
    /// The device or its user may no longer sync; a phone keeps what it holds, locked away.
    DeviceRevoked = "device_revoked", FORBIDDEN, false;
    /// The device was told to erase itself.
    DeviceWiped = "device_wiped", FORBIDDEN, false;
    /// The caller's role does not allow it.
    Forbidden = "forbidden", FORBIDDEN, false;
    /// A write by cookie that no page of this server made.
    Csrf = "csrf", FORBIDDEN, false;
    /// The record was erased for good.
    Erased = "record_erased", GONE, false;
    /// There is no such thing, or it lies outside the caller's scope.
    NotFound = "not_found", NOT_FOUND, false;
    /// The path does not take this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, false;
    /// It took too long.
    Timeout = "timeout", REQUEST_TIMEOUT, true;
    /// It contradicts what there is.
    Conflict = "conflict", CONFLICT, false;
    /// The login is another's, or the user has an account already.
    LoginTaken = "login_taken", CONFLICT, false;
    /// Somebody has this name already, and it was asked whether the same person is meant.
    Namesake = "namesake", CONFLICT, false;
    /// The user has as many devices as allowed.
    DeviceLimit = "device_limit", CONFLICT, false;
    /// The phone is another user's.
    AnothersPhone = "anothers_phone", CONFLICT, false;
    /// What the person comes in with was given by somebody who may not give this grant; it ends with it, unless it is kept on the word of who grants.
    AccessEnds = "access_ends", CONFLICT, false;
    /// The area, or what it lies in, is retired: nothing new is put there.
    AreaRetired = "area_retired", CONFLICT, false;
    /// The form is retired: no new record of it is made.
    FormRetired = "form_retired", CONFLICT, false;
    /// Values of the record stand side by side, and have to be chosen from before this is done.
    Unsettled = "unsettled", CONFLICT, false;
    /// What the write was made at is not a state of this record that is known here.
    UnknownBase = "unknown_base", PRECONDITION_FAILED, false;
    /// The body is larger than allowed.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, false;
    /// The body is of another type than the path takes.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, false;
    /// The password is not taken.
    WeakPassword = "weak_password", UNPROCESSABLE_ENTITY, false;
    /// The body is no carry bundle, or not the one that was made.
    CarryDamaged = "carry_damaged", UNPROCESSABLE_ENTITY, false;
    /// A carry bundle of a version that this server does not know.
    CarryUnknownVersion = "carry_unknown_version", UNPROCESSABLE_ENTITY, false;
    /// A carry bundle that is sealed to others.
    CarryNotForUs = "carry_not_for_us", UNPROCESSABLE_ENTITY, false;
    /// A carry bundle of a device that is not enrolled here.
    CarryAuthorUnknown = "carry_author_unknown", UNPROCESSABLE_ENTITY, false;
    /// A carry bundle of a device or user that may no longer sync.
    CarryAuthorRevoked = "carry_author_revoked", UNPROCESSABLE_ENTITY, false;
    /// A carry bundle whose entries its author did not sign.
    CarryBadSignature = "carry_bad_signature", UNPROCESSABLE_ENTITY, false;
    /// What was typed is no number of a receipt.
    ReceiptMistyped = "receipt_mistyped", UNPROCESSABLE_ENTITY, false;
    /// No receipt that shows anything has this number.
    ReceiptUnknown = "receipt_unknown", NOT_FOUND, false;
    /// It was said with this receipt before.
    ReceiptSaid = "receipt_said", CONFLICT, false;
    /// Where the work stands it cannot be said with a receipt.
    ReceiptNotNow = "receipt_not_now", CONFLICT, false;
    /// Too many failed attempts; wait.
    SignInDelayed = "sign_in_delayed", TOO_MANY_REQUESTS, true;
    /// Too many requests; wait.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, true;
    /// Something failed inside; the log has it under the request's id.
    Internal = "internal", INTERNAL_SERVER_ERROR, true;
    /// The server is busy or stopping.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, true;
    /// The views are behind the log and cannot catch up at the moment; nothing is decided on them.
    ViewsBehind = "views_behind", SERVICE_UNAVAILABLE, true;
    /// A file of the server's cannot be read or written; nothing was half done.
    StorageFailed = "storage_failed", SERVICE_UNAVAILABLE, true;
    /// What is stored in a file of the server's is not what was written.
    StorageDamaged = "storage_damaged", SERVICE_UNAVAILABLE, true;
    /// Changes of the directory are lost, so that nobody can be told to hold what they held; nothing is decided.
    DirectoryDamaged = "directory_damaged", SERVICE_UNAVAILABLE, true;
    /// The disk is nearly full; nothing is written.
    DiskFull = "disk_full", INSUFFICIENT_STORAGE, true;
}

/// A problem on its way to the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub code: Code,
    /// What exactly, without personal data; the text of the code when left out.
    pub detail: Option<Detail>,
    /// Seconds to wait before trying again.
    pub retry_after_s: Option<u64>,
    /// With [`Code::DeviceWiped`]: the order, which alone makes a phone erase anything.
    pub wipe: Option<Box<WipeBody>>,
    /// What became of an edit that was refused.
    pub kept: notice::Kept,
}

/// The signed order to a phone to erase everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WipeBody {
    /// The device it is for, and no other.
    pub device_id: String,
    /// When it was signed, in milliseconds since 1970.
    pub at_ms: i64,
    /// The server's signature, in hexadecimal.
    pub signature: String,
}

/// What exactly a problem is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// In Chinese, where people meet it; what only programs meet has none.
    pub zh: Option<String>,
    /// In English.
    pub en: String,
}

impl<T: Into<String>> From<T> for Detail {
    fn from(en: T) -> Self {
        Self {
            zh: None,
            en: en.into(),
        }
    }
}

/// What an API function returns.
pub type Answer<T> = Result<T, Problem>;

/// The JSON of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// A URN of the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:gridfold:problem:not_found")]
    pub kind: String,
    /// What happened and what to do, in the language asked for.
    pub title: String,
    /// The status of the answer.
    #[schema(example = 404)]
    pub status: u16,
    /// What exactly, in the language asked for where the server has it, else in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The id of the request, as in the server's log.
    pub instance: String,
    /// The stable code.
    #[schema(example = "not_found")]
    pub code: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Seconds to wait before trying again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
    /// With `device_wiped`: the order, signed by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wipe: Option<Box<WipeBody>>,
}

impl Problem {
    /// A problem of this code.
    #[must_use]
    pub fn new(code: Code) -> Self {
        let retry_after_s = match code {
            Code::Unavailable | Code::Timeout | Code::ViewsBehind => Some(BUSY_RETRY_S),
            Code::StorageFailed => Some(STORAGE_RETRY_S),
            Code::StorageDamaged | Code::DirectoryDamaged | Code::DiskFull => {
                Some(DISK_FULL_RETRY_S)
            }
            _ => None,
        };
        Self {
            code,
            detail: None,
            retry_after_s,
            wipe: None,
            kept: notice::Kept::Refused,
        }
    }
    /// Of an edit of which no entry was made: nothing of it waits anywhere.
    #[must_use]
    pub fn unkept(self) -> Self {
        self.kept_as(notice::Kept::Nothing)
    }
    /// The same, told as to whom this became of the edit.
    #[must_use]
    pub fn kept_as(mut self, kept: notice::Kept) -> Self {
        self.kept = kept;
        self
    }
    /// A device was told to erase itself: with the order, since words alone order nothing.
    #[must_use]
    pub fn wiped(order: &WipeOrder) -> Self {
        Self {
            wipe: Some(Box::new(WipeBody {
                device_id: order.device_id.to_string(),
                at_ms: order.at_ms,
                signature: to_hex(&order.signature),
            })),
            ..Self::new(Code::DeviceWiped)
        }
    }
    /// Not found, or outside the caller's scope: the two answer alike.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }
    /// The request does not make sense, for this reason.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(Code::BadRequest).because(detail)
    }
    /// The same in both languages.
    #[must_use]
    pub fn bad_request_in(said: Said) -> Self {
        Self::new(Code::BadRequest).because_in(said)
    }
    /// Something failed inside. The reason is logged here, once, and never answered.
    #[must_use]
    pub fn internal(reason: &dyn std::fmt::Display) -> Self {
        tracing::error!(reason = %reason, "internal error");
        Self::new(Code::Internal)
    }
    /// The same with a detail.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(Detail::from(detail.into()));
        self
    }
    /// The same in both languages.
    #[must_use]
    pub fn because_in(mut self, said: Said) -> Self {
        self.detail = Some(Detail {
            zh: Some(said.text(Locale::Zh)),
            en: said.text(Locale::En),
        });
        self
    }
    /// The same with a time to wait.
    #[must_use]
    pub fn after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The code that stands for a status some layer answered with by itself.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        let code = Code::ALL.iter().copied().find(|c| c.status() == status);
        Self::new(code.unwrap_or(if status.is_client_error() {
            Code::BadRequest
        } else {
            Code::Internal
        }))
    }

    /// What exactly, in a language.
    #[must_use]
    pub fn detail_in(&self, locale: Locale) -> Option<String> {
        self.detail.as_ref().map(|d| match (locale, &d.zh) {
            (Locale::Zh, Some(zh)) => zh.clone(),
            _ => d.en.clone(),
        })
    }

    /// The answer.
    #[must_use]
    pub fn render(&self, locale: Locale, instance: &str) -> Response {
        let status = self.code.status();
        let body = ProblemBody {
            kind: format!("{TYPE_PREFIX}{}", self.code.as_str()),
            title: notice::text_of(self.code.as_str(), locale, self.kept).to_owned(),
            status: status.as_u16(),
            detail: self.detail_in(locale),
            instance: instance.to_owned(),
            code: self.code.as_str().to_owned(),
            retryable: self.code.retryable(),
            retry_after_s: self.retry_after_s,
            wipe: self.wipe.clone(),
        };
        let mut response = (status, serde_json::to_vec(&body).unwrap_or_default()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(PROBLEM_CONTENT_TYPE),
        );
        let language = match locale {
            Locale::Zh => "zh-CN",
            Locale::En => "en",
        };
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language));
        headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Carries the problem to the layer that knows the request's language and id and renders it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<RefusalCode> for Problem {
    fn from(code: RefusalCode) -> Self {
        Self::new(Code::Refused(code))
    }
}
