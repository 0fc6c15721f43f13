//! Where an app keeps everything.

use crate::cupboard::Cupboard;
use crate::ledger::Ledger;

/// A ledger and a cupboard in one: what a database is to an app.
pub trait Store: Ledger + Cupboard {}

impl<T: Ledger + Cupboard> Store for T {}
