//! The embedded parts as their users see them: through the SDK's clients, in virtual time where time matters, and in
//! processes of their own where death matters.

mod durability;
mod pump;
mod queue;
mod table;
mod world;
