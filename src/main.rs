//! Command line → config → tree → exit code.

/// A call makes some seventy allocations of all sizes on two threads, which is what this one is good at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    mcpvisor::cli::run()
}
