//! What whoever reported something is given in hand.

use gridfold_sync_core::resident::{ReceiptNumber, receipt_link};

use crate::ffi::client::Client;
use crate::ffi::convert;
use crate::ffi::error::ClientError;

/// The receipt of a record, to be read out, shown or sent. Whoever has it may ask by it: keep it out of logs.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct ResidentReceipt {
    /// Its digits and nothing else.
    pub number: String,
    /// The same in groups, as it is read out.
    pub grouped: String,
    /// What stands in its QR code: the page of the server that answers it. None when neither the phone nor the call
    /// knows the server's address.
    pub link: Option<String>,
}

impl std::fmt::Debug for ResidentReceipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResidentReceipt(…)")
    }
}

#[uniffi::export]
impl Client {
    /// The receipt of a record for whoever reported it. None when it has none: its form or kind does not show, did not
    /// when it was made or does not any more, or it was deleted. `server_url` stands in the link where the phone
    /// itself was not told the server's address.
    ///
    /// # Errors
    /// `NotFound`, `Rejected` for an id that is none.
    #[uniffi::method(default(server_url = None))]
    pub async fn resident_receipt(
        &self,
        record_id: String,
        server_url: Option<String>,
    ) -> Result<Option<ResidentReceipt>, ClientError> {
        self.run(move |store| {
            let receipt = store.resident_receipt(convert::record_id(&record_id)?)?;
            Ok(receipt.map(|receipt| {
                let number = ReceiptNumber::parse(&receipt.number);
                let given = server_url.filter(|url| !url.is_empty());
                ResidentReceipt {
                    link: receipt
                        .link
                        .or_else(|| Some(receipt_link(&given?, &number?))),
                    number: receipt.number,
                    grouped: receipt.grouped,
                }
            }))
        })
        .await
    }
}
