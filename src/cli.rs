//! The command line: one file a command.

mod api;
mod call;
mod calls;
mod check;
mod client;
mod demo;
mod doctor;
mod explain;
mod frames;
mod health;
mod logs;
mod options;
mod order;
mod paint;
mod send;
mod serve;
mod sessions;
mod simulate;
mod status;
mod switch;
mod table;
mod tools;

use crate::exit::Exit;
use clap::{Parser, Subcommand};
use std::io::{self, Write};

/// One supervised endpoint for all your MCP servers.
///
/// Without a command: serve. Without a configuration: with two built-in demo servers.
#[derive(Debug, Parser)]
#[command(name = "mcpvisor", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    serve: serve::Arguments,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve MCP over HTTP (and over stdio with --stdio).
    Serve(serve::Arguments),
    /// Be an MCP server on stdin and stdout.
    Stdio(serve::StdioArguments),
    /// Check a configuration, or print its JSON Schema.
    Check(check::Arguments),
    /// Call a tool.
    Call(call::Arguments),
    /// List the tools.
    Tools(tools::Arguments),
    /// Be one of the built-in MCP servers on stdin and stdout.
    Demo(demo::Arguments),
    /// Be an MCP server with faults, to test your own setup.
    #[command(after_long_help = simulate::CONTROL)]
    Simulate(Box<simulate::Arguments>),
    /// Show the servers of a running gateway: state, quality, calls, and why one is down.
    Status(status::Arguments),
    /// Tell what is wrong with a running gateway, and what to do about it.
    Doctor(doctor::Arguments),
    /// Tell what happened to a server, in words.
    Explain(explain::Arguments),
    /// Watch what goes over a server's connections.
    Frames(frames::Arguments),
    /// Send a JSON-RPC message to a server, as it is.
    Send(send::Arguments),
    /// Show the requests of clients: those that run, and the last ones.
    Calls(calls::Arguments),
    /// Show who is connected.
    Sessions(sessions::Arguments),
    /// End a server's connection, and connect it anew.
    Restart(order::Arguments),
    /// Stop a server, until it is started again.
    Stop(order::Arguments),
    /// Start a server, without waiting for the next attempt.
    Start(order::Arguments),
    /// Ask a server for a sign of life.
    Probe(order::Arguments),
    /// Let clients see a tool again.
    Enable(switch::Arguments),
    /// Hide a tool from all clients.
    Disable(switch::Arguments),
    /// Show what a running gateway and its servers said.
    Logs(logs::Arguments),
    /// Ask a running gateway whether it is alive.
    Health(health::Arguments),
    /// Watch over children of a gateway that may be killed.
    #[command(hide = true)]
    Guard,
}

/// Parses the command line and runs it.
pub fn run() -> std::process::ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _closed = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Ok }.into();
        }
    };
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Stdio(arguments) => serve::run(&serve::Arguments::stdio_only(arguments)),
        Command::Check(arguments) => check::run(&arguments),
        Command::Call(arguments) => call::run(&arguments),
        Command::Tools(arguments) => tools::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Simulate(arguments) => return simulate::run(*arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Frames(arguments) => frames::run(&arguments),
        Command::Send(arguments) => send::run(&arguments),
        Command::Calls(arguments) => calls::run(&arguments),
        Command::Sessions(arguments) => sessions::run(&arguments),
        Command::Restart(arguments) => order::run(order::Order::Restart, &arguments),
        Command::Stop(arguments) => order::run(order::Order::Stop, &arguments),
        Command::Start(arguments) => order::run(order::Order::Start, &arguments),
        Command::Probe(arguments) => order::run(order::Order::Probe, &arguments),
        Command::Enable(arguments) => switch::run(true, &arguments),
        Command::Disable(arguments) => switch::run(false, &arguments),
        Command::Logs(arguments) => logs::run(&arguments),
        Command::Health(arguments) => health::run(&arguments),
        Command::Guard => return crate::downstream::run_guard(),
    }
    .into()
}

/// Prints a line for people or programs; a closed stdout is not an error worth dying of.
fn say(line: impl std::fmt::Display) {
    let _closed = writeln!(io::stdout(), "{line}");
}

/// Prints an error.
fn complain(line: impl std::fmt::Display) {
    let _closed = writeln!(io::stderr(), "{line}");
}

/// A runtime for a command.
fn block_on<F: Future<Output = Exit>>(future: F) -> Exit {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(future);
            // tasks that do not end by themselves are dropped, which kills their children
            runtime.shutdown_timeout(std::time::Duration::from_millis(500));
            crate::telemetry::flush();
            exit
        }
        Err(error) => {
            complain(format_args!("error: no threads or timers can be had here: {error}"));
            Exit::GaveUp
        }
    }
}
