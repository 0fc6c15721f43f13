//! The headway command: everything in one process, and the client.
