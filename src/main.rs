//! Command line → config → tree → exit code.

fn main() {}
