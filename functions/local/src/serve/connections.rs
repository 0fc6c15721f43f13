//! The open connections: their number is limited, and the one that has been idle for longest makes room for a new one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

/// All open connections.
#[derive(Debug)]
pub(super) struct Connections {
    open: Mutex<Open>,
    changed: Notify,
    most: usize,
}

#[derive(Debug, Default)]
struct Open {
    connections: BTreeMap<u64, Connection>,
    /// Counts connections, and the times at which one of them became idle.
    count: u64,
}

#[derive(Debug)]
struct Connection {
    /// When it began to wait for a request, as a count; `None` while it has one.
    idle_since: Option<u64>,
    cut: watch::Sender<bool>,
}

/// An open connection. It is no longer counted once this is dropped.
#[derive(Debug, Clone)]
pub(super) struct ConnectionPlace(Arc<OpenConnection>);

#[derive(Debug)]
struct OpenConnection {
    connections: Arc<Connections>,
    number: u64,
    cut: watch::Receiver<bool>,
}

/// A running request on a connection, until dropped. Meanwhile its connection is not closed for a new one.
#[derive(Debug)]
pub(super) struct Request(ConnectionPlace);

impl Connections {
    /// Room for `most` connections.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), changed: Notify::new(), most })
    }

    /// A place for a new connection. If all are taken, the one that has been idle for longest is closed; if none is
    /// idle, this waits.
    pub(super) async fn place(self: &Arc<Self>) -> ConnectionPlace {
        loop {
            let changed = self.changed.notified();
            if let Some(place) = self.place_now() {
                return place;
            }
            changed.await;
        }
    }

    fn place_now(self: &Arc<Self>) -> Option<ConnectionPlace> {
        let mut open = self.lock();
        if open.connections.len() >= self.most {
            let idlest = open.connections.iter().filter_map(|(number, one)| Some((one.idle_since?, *number))).min();
            let cut = open.connections.remove(&idlest?.1)?;
            // Fails if the connection has ended already.
            let _ = cut.cut.send(true);
        }
        open.count += 1;
        let (number, (tell, cut)) = (open.count, watch::channel(false));
        open.connections.insert(number, Connection { idle_since: Some(number), cut: tell });
        drop(open);
        Some(ConnectionPlace(Arc::new(OpenConnection { connections: Arc::clone(self), number, cut })))
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionPlace {
    /// Records that a request has come.
    pub(super) fn request(&self) -> Request {
        if let Some(connection) = self.0.connections.lock().connections.get_mut(&self.0.number) {
            connection.idle_since = None;
        }
        Request(self.clone())
    }

    /// True while it waits for a request, or for the rest of a request's head.
    pub(super) fn is_idle(&self) -> bool {
        self.0.connections.lock().connections.get(&self.0.number).is_none_or(|connection| connection.idle_since.is_some())
    }

    /// Ends when the connection has to be closed to make room.
    pub(super) async fn cut(&self) {
        let mut cut = self.0.cut.clone();
        if cut.wait_for(|cut| *cut).await.is_err() {
            // It is no longer among the connections, so it was closed.
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let held = &self.0.0;
        let mut open = held.connections.lock();
        open.count += 1;
        let now = open.count;
        if let Some(connection) = open.connections.get_mut(&held.number) {
            connection.idle_since = Some(now);
        }
        drop(open);
        held.connections.changed.notify_one();
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.connections.lock().connections.remove(&self.number);
        self.connections.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn is_cut(place: &ConnectionPlace) -> bool {
        place.cut().now_or_never().is_some()
    }

    /// Bug found: a thousand connections that sent nothing kept everybody else out.
    #[tokio::test]
    async fn the_connection_idle_for_longest_makes_room() {
        let connections = Connections::new(3);
        let (first, second, third) = (connections.place().await, connections.place().await, connections.place().await);
        drop(first.request());
        let fourth = connections.place().await;
        assert_eq!([&first, &second, &third, &fourth].map(is_cut), [false, true, false, false], "the second has waited for longest");
        let working = third.request();
        let _fifth = connections.place().await;
        assert!(is_cut(&first) && !is_cut(&third), "one with a request under way is left alone");
        drop(working);
        assert!(third.is_idle());
    }

    #[tokio::test]
    async fn if_all_are_busy_a_new_connection_waits_for_the_first_to_finish() {
        let connections = Connections::new(2);
        let (first, second) = (connections.place().await, connections.place().await);
        let (working, _too) = (first.request(), second.request());
        let mut waiting = Box::pin(connections.place());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(working);
        let _third = waiting.await;
        assert!(is_cut(&first));
        let mut waiting = Box::pin(connections.place());
        assert!(waiting.as_mut().now_or_never().is_some(), "the third has not sent a request yet");
        drop(second);
    }

    #[tokio::test]
    async fn an_ended_connection_frees_its_place() {
        let connections = Connections::new(1);
        for _ in 0..3 {
            let place = connections.place().await;
            assert!(!is_cut(&place));
            let request = place.request();
            drop(place);
            drop(request);
        }
        assert!(connections.lock().connections.is_empty());
    }
}
