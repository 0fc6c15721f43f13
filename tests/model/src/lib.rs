//! All histories of small jobs, with a model checker.
//!
//! Production code is checked: a process is one of the use-cases, and its ports stop it at each call. `ask` is what it
//! asks, `ports` stop it, `life` runs it, and `local` remembers it. `perform` does what it asks on `rows`, by
//! production's rules, and `world` has these rows and the messages. `model` says what can happen, `audit` has the invariants, and
//! `check` explores. `configurations` lists the models, and `planted` the planted bugs.

mod ask;
mod audit;
mod bounds;
mod check;
mod configurations;
mod extra;
mod follow;
mod life;
mod local;
mod message;
mod model;
mod notices;
mod perform;
mod planted;
mod ports;
mod rows;
mod shape;
mod tell;
mod world;

pub use audit::{AGREES, ENDS, HOLDS, REACHED, TOLD, TOLD_UNAIDED, UNAIDED};
pub use bounds::{Begin, Bounds};
pub use check::{Report, check};
pub use configurations::{fast, whole};
pub use follow::{Histories, follow};
pub use life::{Act, Sweep};
pub use model::{Action, Delivery, Fault, Protocol};
pub use planted::Planted;
pub use shape::Shape;
pub use world::World;
