//! The receipt of a record for whoever reported it.

use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::resident::{receipt_link, shown_number};

use crate::error::ClientError;
use crate::shell::Shell;
use crate::shell::summary::with_view;
use crate::types::ResidentReceipt;

impl Shell {
    pub(crate) fn resident_receipt(
        &self,
        record: &RecordId,
    ) -> Result<Option<ResidentReceipt>, ClientError> {
        self.read(|rx| {
            let state = self.state.read();
            let row = self.record_row(rx, record)?.ok_or(ClientError::NotFound)?;
            let bearings = &state.bearings;
            let Some(held) = &bearings.held else {
                return Ok(None);
            };
            let catalogue = held.directory.catalogue().map(AsRef::as_ref);
            let number = with_view(bearings, record, &row, |view| {
                let newest = held.form(&row.row.form)?;
                shown_number(view, newest, catalogue)
            });
            let account = bearings.account.as_ref();
            let server = account.map(|a| a.server_url.as_str()).unwrap_or_default();
            Ok(number.map(|number| ResidentReceipt {
                number: number.to_string(),
                grouped: number.grouped(),
                link: (!server.is_empty()).then(|| receipt_link(server, &number)),
            }))
        })
    }
}
