//! Tests that need more than one room: contracts, the real binary, the template.
