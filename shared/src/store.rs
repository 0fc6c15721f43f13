//! The store of an app.

use crate::cupboard::Cupboard;
use crate::ledger::Ledger;

/// A ledger and a cupboard in one, as a database is.
pub trait Store: Ledger + Cupboard {}

impl<T: Ledger + Cupboard> Store for T {}
