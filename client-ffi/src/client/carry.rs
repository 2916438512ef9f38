//! Carry bundles: what an app calls when there is no signal, or when a colleague has some.

use gridfold_sync_core::ids::CarryId;

use crate::client::Client;
use crate::error::ClientError;
use crate::types::{CarriedEdit, CarriedReceipt, CarryBundle, CarryHeld, CarryImport, CarryTo};

impl Client {
    /// Seals what the server is not known to have. What is handed out stays in the outbox until a
    /// sync brings the server's word on it.
    ///
    /// # Errors
    /// [`ClientError::Rejected`] with the code `carry_nothing` or `carry_nobody`;
    /// [`ClientError::SignInRequired`] before the device is enrolled.
    pub fn carry_export(&self, to: &CarryTo) -> Result<CarryBundle, ClientError> {
        self.shell.carry_export(to)
    }

    /// Takes a bundle or a receipt; durable when this returns. The same again changes nothing.
    ///
    /// # Errors
    /// [`ClientError::Rejected`] with a `carry_…` code; [`ClientError::SignInRequired`] before the
    /// device is enrolled.
    pub fn carry_import(&self, bytes: &[u8]) -> Result<CarryImport, ClientError> {
        self.shell.carry_import(bytes)
    }

    /// Entries that colleagues handed over and that did not arrive through the server yet, by the
    /// clocks of those who made them.
    #[must_use]
    pub fn carried(&self) -> Vec<CarriedEdit> {
        self.shell.carried().unwrap_or_default()
    }

    /// Bundles that this phone holds for the server.
    #[must_use]
    pub fn carry_held(&self) -> Vec<CarryHeld> {
        self.shell.carry_held().unwrap_or_default()
    }

    /// Receipts to be handed back to those whose bundles this phone took to the server.
    #[must_use]
    pub fn carry_receipts(&self) -> Vec<CarriedReceipt> {
        self.shell.carry_receipts().unwrap_or_default()
    }

    /// Lets a bundle, its entries and its receipts go.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn carry_drop(&self, id: CarryId) -> Result<(), ClientError> {
        self.shell.carry_drop(id)
    }
}
