//! Who and where: enrolment, identity, areas, forms, colleagues, status.

use gridfold_sync_core::edit::Op;
use gridfold_sync_core::schema::{Role, visible};

use crate::error::ClientError as Inner;
use crate::ffi::client::Client;
use crate::ffi::convert::{self, malformed, ops_in};
use crate::ffi::error::ClientError;
use crate::ffi::forms::{FormInfo, form_out};
use crate::ffi::records::{Area, Colleague, Identity, Status};
use crate::ffi::types::Operation;
use crate::shell::enrol::parse_code;

/// The roles of this user, anywhere.
fn my_roles(store: &crate::Client) -> Vec<Role> {
    let scope = store.directory();
    let mut roles: Vec<Role> = scope
        .grants
        .iter()
        .filter(|g| g.user == scope.user)
        .map(|g| g.role)
        .collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

#[cfg(not(target_family = "wasm"))]
#[uniffi::export]
impl Client {
    /// Enrols this device with the code that a supervisor shows: the text of the QR, or the code as
    /// typed together with the server's address. A phone that was enrolled before goes on as the
    /// device that it is, and all that waits is sent as it was; with another person's code the
    /// store begins anew, with nothing of the first one's.
    ///
    /// # Errors
    /// `Rejected` with the server's code when it does not take the code, or with `anothers_phone`
    /// while edits or drafts of the person before wait here; `Offline`.
    #[uniffi::method(default(server_url = None))]
    pub async fn enrol(
        &self,
        code_or_qr: String,
        server_url: Option<String>,
    ) -> Result<Identity, ClientError> {
        self.enrolling(code_or_qr, server_url).await
    }
}

// Its future awaits the transport, which in a browser is of one thread, so it is not exported there.
#[cfg(target_family = "wasm")]
impl Client {
    /// Enrols this device, as in every language.
    ///
    /// # Errors
    /// `Rejected` with the server's code, or with `anothers_phone`; `Offline`.
    pub async fn enrol(
        &self,
        code_or_qr: String,
        server_url: Option<String>,
    ) -> Result<Identity, ClientError> {
        self.enrolling(code_or_qr, server_url).await
    }
}

impl Client {
    async fn enrolling(
        &self,
        code_or_qr: String,
        server_url: Option<String>,
    ) -> Result<Identity, ClientError> {
        let (in_code, code) = parse_code(&code_or_qr);
        let url = if in_code.is_empty() {
            server_url.unwrap_or_default().trim().to_owned()
        } else {
            in_code
        };
        if !(url.starts_with("https://") || url.starts_with("http://")) {
            return Err(self.fail(malformed("server_url")));
        }
        let text = format!("gridfold:1:{url}:{code}");
        self.run_with_transport(url, async move |store, transport| {
            let identity = store.enrol_async(transport, &text).await?;
            Ok(Identity::from(identity))
        })
        .await
    }
}

#[uniffi::export]
impl Client {
    /// Whose phone this is; none before it is enrolled.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn identity(&self) -> Result<Option<Identity>, ClientError> {
        self.run(|store| Ok(store.identity().map(Identity::from)))
            .await
    }

    /// Whether the organisation demands that its person alone opens this phone's store: with a PIN, or
    /// by what the device knows them by. An app that keeps the key without them asks for one of
    /// both when it is opened next, and goes on once the key is kept so.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn key_by_person(&self) -> Result<bool, ClientError> {
        self.run(|store| Ok(store.key_by_person())).await
    }

    /// The areas of this user's grants, what lies in them and what they lie in.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn areas(&self) -> Result<Vec<Area>, ClientError> {
        self.run(|store| {
            let mine = store.grids();
            let scope = store.directory();
            let directory = scope.to_directory();
            Ok(scope
                .areas
                .into_iter()
                .map(|area| Area {
                    mine: mine.contains(&area.code),
                    retired: directory.retired_around(&area.code).is_some(),
                    boundary: directory.boundary(&area.code).map(str::to_owned),
                    code: area.code.to_string(),
                    name: area.name,
                    parent: area.parent.map(|p| p.to_string()),
                    level: area.level,
                })
                .collect())
        })
        .await
    }

    /// The newest version of each form.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn forms(&self) -> Result<Vec<FormInfo>, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            let (roles, retired) = (my_roles(store), store.directory().retired_forms);
            Ok(store
                .forms()
                .iter()
                .map(|f| form_out(f, &roles, retired.contains_key(&f.code), locale))
                .collect())
        })
        .await
    }

    /// A version of a form: that of a draft or refused edit, to show it with its own fields. None
    /// when it is not known here.
    ///
    /// # Errors
    /// `Rejected` for a code that is none.
    pub async fn form(&self, code: String, version: u32) -> Result<Option<FormInfo>, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            let code = convert::form(&code)?;
            let retired = store.directory().retired_forms.contains_key(&code);
            let form = store.form(&code, version);
            Ok(form.map(|form| form_out(&form, &my_roles(store), retired, locale)))
        })
        .await
    }

    /// Those who work in this user's areas.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn colleagues(&self) -> Result<Vec<Colleague>, ClientError> {
        self.run(|store| {
            let scope = store.directory();
            Ok(scope
                .users
                .into_iter()
                .filter(|u| u.id != scope.user && u.active)
                .map(|u| Colleague {
                    user_id: u.id.to_string(),
                    name: u.name,
                })
                .collect())
        })
        .await
    }

    /// The fields of a form that are shown while a record, or a new one when there is none, would
    /// read as after these operations. `form_version` is that of a draft; the newest when left out.
    ///
    /// # Errors
    /// `Rejected` for an unknown form or an operation that is none.
    #[uniffi::method(default(form_version = None))]
    pub async fn visible_fields(
        &self,
        form: String,
        record_id: Option<String>,
        operations: Vec<Operation>,
        form_version: Option<u32>,
    ) -> Result<Vec<String>, ClientError> {
        self.run(move |store| {
            let code = convert::form(&form)?;
            let form = match form_version {
                Some(version) => store.form(&code, version),
                None => store.forms().into_iter().find(|f| f.code == code),
            };
            let form = form.ok_or_else(|| Inner::rejected("unknown_form"))?;
            let mut values = match record_id {
                Some(id) => {
                    let detail = store.get(convert::record_id(&id)?);
                    detail.ok_or(Inner::NotFound)?.fields
                }
                None => serde_json::Map::new(),
            };
            for op in ops_in(operations)? {
                preview(&mut values, &op);
            }
            Ok(form
                .fields
                .iter()
                .filter(|f| f.visible_if.as_ref().is_none_or(|c| visible(c, &values)))
                .map(|f| f.key.to_string())
                .collect())
        })
        .await
    }

    /// Where the phone stands.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.run(|store| Ok(store.status().into())).await
    }

    /// Notes that the person was told of a store that was mended: `status` says it no more.
    ///
    /// # Errors
    /// As any call that writes; it is said again then.
    pub async fn mended_seen(&self) -> Result<(), ClientError> {
        self.run(|store| store.mended_seen()).await
    }
}

/// What an operation makes of the values that conditions look at.
fn preview(values: &mut serde_json::Map<String, serde_json::Value>, op: &Op) {
    let Some(key) = op.field().map(ToString::to_string) else {
        return;
    };
    match op {
        Op::Set { value, .. } => {
            values.insert(key, value.to_json());
        }
        Op::Splice { insert, .. } if !insert.is_empty() => {
            values.insert(key, insert.as_str().into());
        }
        Op::Unset { .. } => {
            values.remove(&key);
        }
        Op::Choose { choice, .. } | Op::Unchoose { choice, .. } => {
            let chosen = values
                .entry(key)
                .or_insert_with(|| serde_json::Value::Array(Vec::new()));
            if let Some(list) = chosen.as_array_mut() {
                list.retain(|c| c.as_str() != Some(choice.as_str()));
                if matches!(op, Op::Choose { .. }) {
                    list.push(choice.as_str().into());
                }
            }
        }
        _ => {}
    }
}
