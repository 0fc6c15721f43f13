//! The worker function: works chunks off and settles them.
