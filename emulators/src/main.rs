//! Emulators of authorization servers.
fn main() {}
