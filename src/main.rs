//! Command line → config → tree → exit code.

fn main() -> std::process::ExitCode {
    mcpvisor::cli::run()
}
