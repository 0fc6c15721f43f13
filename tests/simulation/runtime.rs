//! Where a history runs, one task after the other on one thread: with the feature `virtual-time` in virtual time, otherwise on tokio's
//! runtime with its paused clock. The same seed is the same history on both.

#[cfg(feature = "virtual-time")]
pub(crate) use headway_virtual_time::{Task, run, spawn};

#[cfg(not(feature = "virtual-time"))]
pub(crate) use on_tokio::{Task, run, spawn};

#[cfg(not(feature = "virtual-time"))]
mod on_tokio {
    use tokio::runtime::{Builder, LocalOptions};
    pub(crate) use tokio::task::spawn_local as spawn;

    pub(crate) type Task = tokio::task::JoinHandle<()>;

    pub(crate) fn run<T>(history: impl Future<Output = T>) -> T {
        let mut runtime = Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build_local(LocalOptions::default()).expect("a runtime");
        runtime.block_on(history)
    }
}
