//! What whoever reported something is given in hand.

/// The receipt of a record, to be read out, shown or sent. Whoever has it may ask by it: keep it out of logs.
#[derive(Clone, PartialEq, Eq)]
pub struct ResidentReceipt {
    /// Its digits and nothing else.
    pub number: String,
    /// The same in groups, as it is read out.
    pub grouped: String,
    /// What stands in its QR code: the page of the server that answers it. None when the phone does not know the
    /// server's address.
    pub link: Option<String>,
}

impl std::fmt::Debug for ResidentReceipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResidentReceipt(…)")
    }
}
