//! Processes that are killed, and processes that share a directory.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use aws_sdk_sqs::types::MessageSystemAttributeName as Attribute;
use headway_embedded::{Config, Embedded};

use crate::{
    table::{count, create, raise},
    world::{bodies, receive, send},
};

const ROLE: &str = "HEADWAY_EMBEDDED_ROLE";
const DIRECTORY: &str = "HEADWAY_EMBEDDED_DIRECTORY";

fn spawn(role: &str, directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "durability::child", "--nocapture"])
        .env(ROLE, role)
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What a child reports as acknowledged, line by line.
fn acknowledged(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("ack ").map(str::to_owned))
}

/// Not a test: the code that the child processes of the tests below run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let (Ok(role), Ok(directory)) = (std::env::var(ROLE), std::env::var(DIRECTORY)) else {
        return;
    };
    let embedded = Embedded::open(Config::at(directory)).unwrap();
    match role.as_str() {
        "write" => write_for_ever(&embedded).await,
        "raise" => raise_often(&embedded, 200).await,
        _ => work_off(&embedded).await,
    }
}

async fn write_for_ever(embedded: &Embedded) {
    let client = embedded.dynamodb();
    for number in 0_u64.. {
        assert!(raise(&client, "a", number).await.1);
        send(embedded, &number.to_string(), None).await;
        println!("ack {number}");
    }
}

async fn raise_often(embedded: &Embedded, times: usize) {
    let client = embedded.dynamodb();
    let (mut seen, mut raised) = (0, 0);
    while raised < times {
        let (now, mine) = raise(&client, "shared", seen).await;
        seen = now;
        raised += usize::from(mine);
    }
}

async fn work_off(embedded: &Embedded) {
    loop {
        let messages = receive(embedded, &embedded.queue().url).await;
        if messages.is_empty() {
            return;
        }
        for message in messages {
            println!("ack {}", message.body().unwrap());
            let request = embedded.sqs().delete_message().queue_url(&embedded.queue().url);
            request.set_receipt_handle(message.receipt_handle).send().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_at_any_moment_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    create(&Embedded::open(Config::at(dir.path())).unwrap().dynamodb()).await;
    let mut child = spawn("write", dir.path());
    let mut acknowledged = acknowledged(&mut child);
    assert_eq!(acknowledged.by_ref().take(100).count(), 100);
    child.kill().unwrap();
    let told: Vec<String> = (0..100).map(|number| number.to_string()).chain(acknowledged).collect();
    child.wait().unwrap();
    let embedded = Embedded::open(Config::at(dir.path())).unwrap();
    let raised = count(&embedded.dynamodb(), "a").await;
    assert!(raised >= told.len() as u64, "{raised} of {}", told.len());
    let mut kept = BTreeSet::new();
    loop {
        let messages = receive(&embedded, &embedded.queue().url).await;
        if messages.is_empty() {
            break;
        }
        kept.extend(bodies(&messages).into_iter().map(str::to_owned));
    }
    assert!(told.iter().all(|number| kept.contains(number)), "{} of {}", kept.len(), told.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_share_a_directory_lose_no_conditional_write() {
    let dir = tempfile::tempdir().unwrap();
    let embedded = Embedded::open(Config::at(dir.path())).unwrap();
    create(&embedded.dynamodb()).await;
    let children: Vec<Child> = (0..2).map(|_| spawn("raise", dir.path())).collect();
    raise_often(&embedded, 200).await;
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(count(&embedded.dynamodb(), "shared").await, 600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_share_a_queue_receive_each_message_once() {
    let dir = tempfile::tempdir().unwrap();
    let embedded = Embedded::open(Config::at(dir.path())).unwrap();
    for number in 0..200 {
        send(&embedded, &number.to_string(), Some(&(number % 7).to_string())).await;
    }
    let mut children: Vec<Child> = (0..2).map(|_| spawn("work", dir.path())).collect();
    let mut seen: Vec<String> = children.iter_mut().flat_map(|child| acknowledged(child).collect::<Vec<_>>()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(seen.len(), 200);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 200);
}

/// Bug found: messages that were in hand at eight deaths of a process that somebody else ended, as dead letters.
#[tokio::test]
async fn messages_of_a_dead_process_are_delivered_again_and_are_no_dead_letters() {
    let dir = tempfile::tempdir().unwrap();
    let config = || Config { max_receive_count: 3, ..Config::at(dir.path()) };
    send(&Embedded::open(config()).unwrap(), "innocent", Some("user")).await;
    for death in 0..10 {
        let embedded = Embedded::open(config()).unwrap();
        let _hold = embedded.take_over().await.unwrap().unwrap();
        let received = receive(&embedded, &embedded.queue().url).await;
        assert_eq!(bodies(&received), ["innocent"], "after {death} deaths");
        let count: u32 = received[0].attributes().unwrap()[&Attribute::ApproximateReceiveCount].parse().unwrap();
        assert_eq!(count, (death + 1).min(3), "it is counted all the same, so that its items are run carefully");
        assert!(receive(&embedded, &embedded.dead_letters().url).await.is_empty());
    }
}
