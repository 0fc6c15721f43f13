//! The document that carries items to a processor in another language, and its answer, over HTTP or to a Lambda function:
//! `docs/processor-protocol.md`.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`request`] | the document that is sent |
//! | [`answer`] | one outcome for each item, whatever is answered |
//! | [`entry`] | one entry of an answer |
//! | [`members`] | members of a JSON object, each as its own text |

pub(super) mod answer;
mod entry;
pub(super) mod members;
pub(super) mod request;
