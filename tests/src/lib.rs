//! Tests that need more than one crate: contracts, the real binary, the template.
