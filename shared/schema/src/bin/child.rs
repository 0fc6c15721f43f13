//! The child process alone, for tests of programs that cannot be run again as their own child.

fn main() {
    headway_schema::sandbox::enter();
}
