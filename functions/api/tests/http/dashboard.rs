//! The dashboard as it is served: cached, compressed, and made of the files that it says it is made of.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use axum::body::Body;
use flate2::read::GzDecoder;
use http::Request;
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};

use crate::world::World;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name)
}

fn names(folder: &Path, ending: &str) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(ending)).collect();
    names.sort();
    names
}

/// A library that was changed by hand, or whose version is not the one that its row names, must not be shipped.
#[test]
fn the_vendored_libraries_are_the_ones_that_were_chosen() {
    let folder = folder("html_page/vendor");
    let table = fs::read_to_string(folder.join("README.md")).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let listed: BTreeMap<_, _> = rows
        .map(|row| {
            let cells: Vec<_> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            assert!(cells[2..6].iter().all(|cell| !cell.is_empty()), "package, version, licence and path of {row}");
            (cells[1].to_owned(), cells[6].to_owned())
        })
        .collect();
    let found: BTreeMap<_, _> = names(&folder, "")
        .into_iter()
        .filter(|name| name != "README.md")
        .map(|name| {
            let hash = Sha256::digest(fs::read(folder.join(&name)).unwrap());
            (name, hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        })
        .collect();
    assert_eq!(listed, found);
}

/// A script that nobody lists would silently be missing, and one that writes markup would make items' texts run.
#[tokio::test]
async fn every_script_is_part_of_the_page_and_writes_no_markup() {
    const FORBIDDEN: [&str; 10] =
        ["innerHTML", "InnerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "http:", "https:", "</script", "<!--"];
    let world = World::new();
    for (path, folder) in [("/", folder("dashboard")), ("/docs", folder("docs")), ("/embed.js", folder("embed"))] {
        let page = world.send(Request::get(path).body(Body::empty()).unwrap()).await.body;
        let scripts = names(&folder, ".js");
        assert!(scripts.len() > 2, "{scripts:?}");
        for name in scripts {
            let text = fs::read_to_string(folder.join(&name)).unwrap();
            let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            assert!(page.contains(&code.join("\n")), "{name} is not listed in {}.rs", folder.display());
            for forbidden in FORBIDDEN {
                assert!(!text.contains(forbidden), "{name} contains {forbidden}");
            }
        }
    }
}

/// The page is read on every visit. It must not be sent again if the browser has it, nor uncompressed if it takes gzip.
#[tokio::test]
async fn the_page_is_sent_once_and_compressed() {
    let world = World::new();
    for path in ["/", "/docs", "/openapi.json", "/embed.js", "/embed/integrity.json"] {
        let plain = world.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!((plain.status.as_u16(), plain.header("content-encoding")), (200, ""), "{path}");
        let tag = plain.header("etag").to_owned();
        let again = world.send(Request::get(path).header("if-none-match", &tag).body(Body::empty()).unwrap()).await;
        assert_eq!((again.status.as_u16(), again.body.as_str(), again.header("etag")), (304, "", &*tag), "{path}");
        assert_eq!(again.header("content-security-policy"), plain.header("content-security-policy"), "{path}");

        let request = Request::get(path).header("accept-encoding", "br, gzip").body(Body::empty()).unwrap();
        let packed = world.send_raw(request).await;
        assert_eq!(packed.headers()["content-encoding"], "gzip", "{path}");
        assert_eq!(packed.headers()["vary"], "Accept-Encoding", "{path}");
        let bytes = packed.into_body().collect().await.unwrap().to_bytes();
        let mut text = String::new();
        GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
        assert_eq!(text, plain.body, "{path}");
        assert!(bytes.len() < 130_000, "{path} is {} bytes", bytes.len());
    }
}
