//! `headway new`: what is written, and what is refused. `make test-new` builds and runs what is written.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::Home;

/// Files that every project of the language must have: with less, something that its README names would not work.
const EXPECTED: [(&str, &[&str]); 3] = [
    ("rust", &[".headway-source", "Cargo.lock", "Cargo.toml", "src/contacts.rs", "src/main.rs", "template.yaml", "tools/deploy.sh"]),
    ("python", &[".headway-source", "params.json", "processor.py", "test_processor.py"]),
    ("node", &[".headway-source", "package.json", "params.json", "processor.mjs", "processor.test.mjs"]),
];

#[tokio::test]
async fn a_project_is_written_and_what_was_created_is_listed() {
    for (language, expected) in EXPECTED {
        let home = Home::new();
        let ended = home.run(&["new", "crm-sync", "--lang", language, "--json"]).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        let answer: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let created: Vec<_> = answer["created"].as_array().unwrap().iter().map(|path| path.as_str().unwrap().to_owned()).collect();
        let common = [".github/workflows/test.yml", ".gitignore", "Makefile", "README.md", "contacts.csv", "headway.mk", "tools/demo.sh"];
        for file in expected.iter().chain(&common) {
            assert!(created.contains(&format!("crm-sync/{file}")), "{language}: {file} is not in {created:?}");
        }
        for path in created {
            let meta = fs::metadata(home.path().join(&path)).unwrap();
            assert!(
                meta.is_dir() || (meta.permissions().mode() & 0o111 != 0) == path.ends_with(".sh"),
                "{path}: {:o}",
                meta.permissions().mode()
            );
        }
    }
}

/// The last line can be pasted, and says where Headway comes from.
#[tokio::test]
async fn people_are_told_what_to_do_next() {
    let home = Home::new();
    let ended = home.run(&["new", "my own/crm-sync", "--source", "https://git.example.com/headway.git"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(ended.stdout.lines().last(), Some("Next: cd 'my own/crm-sync' && make test && make serve"));
    assert!(ended.stdout.contains("https://git.example.com/headway.git"));
    let project = home.path().join("my own/crm-sync");
    assert!(!project.join(".headway-source").exists(), "make clones it");
    assert!(fs::read_to_string(project.join("README.md")).unwrap().contains("https://git.example.com/headway.git"));
}

#[tokio::test]
async fn nothing_that_exists_is_touched() {
    let home = Home::new();
    home.file("file", "mine");
    fs::create_dir(home.path().join("full")).unwrap();
    home.file("full/notes", "mine");
    std::os::unix::fs::symlink("nowhere", home.path().join("dangling")).unwrap();
    for directory in ["file", "full", "dangling", "file/below"] {
        let ended = home.run(&["new", directory, "--json"]).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{directory}: {ended:?}");
        assert_eq!(ended.problem()["type"], "urn:headway:problem:command");
    }
    assert_eq!(fs::read_to_string(home.path().join("file")).unwrap(), "mine");
    assert_eq!(fs::read_dir(home.path().join("full")).unwrap().count(), 1);
    fs::create_dir(home.path().join("empty")).unwrap();
    assert_eq!(home.run(&["new", "empty"]).await.code, Some(0), "an empty directory may be there already");
    let again = home.run(&["new", "empty"]).await;
    assert!(again.code == Some(1) && again.stderr.contains("is not an empty directory"), "{again:?}");
}

#[tokio::test]
async fn what_cannot_be_used_is_wrong_usage_and_writes_nothing() {
    let home = Home::new();
    let long = "j".repeat(300);
    for words in [
        &["new"][..],
        &["new", "a", "b"],
        &["new", "-jobs"],
        &["new", "--", "-jobs"],
        &["new", "My Jobs"],
        &["new", "jöbs"],
        &["new", "test"],
        &["new", "worker"],
        &["new", ""],
        &["new", &long],
        &["new", "jobs", "--lang", "cobol"],
        &["new", "jobs", "--source", "nowhere"],
        &["new", "jobs", "--source", "."],
        &["new", "jobs", "--source", "ext::sh -c reboot"],
    ] {
        let ended = home.run(&[words, &["--json"]].concat()).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{words:?}: {ended:?}");
        assert_eq!(ended.problem()["type"], "urn:headway:problem:usage", "{words:?}");
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
