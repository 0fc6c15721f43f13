//! Messages from the queue: one of ours reads back as it was written, any other is told to be none.

#![no_main]

use headway::chunk::Message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(message) = Message::from_wire(text) else { return };
    let wire = message.to_wire().expect("what was read can be written");
    let again = Message::from_wire(&wire).expect("what was written can be read");
    assert_eq!(format!("{message:?}"), format!("{again:?}"));
});
