//! Libraries in C that change what the system tells a server.

use std::path::Path;
use std::process::Command;

use headway_testkit::home::Home;

/// The library of this source, compiled into the home directory. There is a C compiler, since Rust's crates need one too.
pub(crate) fn preload(home: &Home, source: &str) -> String {
    let library = home.path().join(source).with_extension("so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("local").join(source);
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-O1"]).arg(source).arg("-o").arg(&library).status().unwrap();
    assert!(compiled.success(), "the C compiler `cc` is needed");
    library.to_str().unwrap().to_owned()
}
