//! The child process alone, for tests whose program cannot run itself as its child.

fn main() {
    headway_schema::sandbox::enter();
}
