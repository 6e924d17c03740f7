//! The commands of the control port, as values.

use crate::simulate::fault::{Fault, Row, Takes};
use std::str::SplitAsciiWhitespace;

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Give faults values; nothing switches one off.
    Set(Vec<(Fault, Option<u64>)>),
    /// Switch one off, or all.
    Clear(Option<Fault>),
    Status,
    Exit(u8),
    Kill,
    Freeze,
    SessionLoss,
    AddTool(String),
    RemoveTool(String),
    ListChanged,
    AddPrompt(String),
    AddResource(String),
    RemoveResource(String),
    /// Tell that this resource changed.
    Update(String),
    /// End every listen.
    EndListens,
    Quit,
}

/// Why a line is not obeyed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CommandError {
    #[error("no command {0:?}; see `mcpvisor simulate --help`")]
    Unknown(String),
    #[error("no fault {0:?}; see `mcpvisor simulate --help`")]
    NoFault(String),
    #[error("{0} takes a number up to {1}, or off")]
    Value(&'static str, u64),
    #[error("exit takes a code from 0 to 255")]
    Code,
    #[error("the name is missing")]
    Name,
    #[error("there is more on the line than {0} takes")]
    TooMuch(String),
    #[error("{0} can be had at the start only; give it as a flag")]
    StartOnly(&'static str),
    #[error("{0} needs --transport http, sse or ws")]
    NeedsHttp(&'static str),
    #[error("the server does not follow; see stderr")]
    Socket,
}

/// Reads a line.
pub(super) fn parse(line: &str) -> Result<Command, CommandError> {
    let mut words = line.split_ascii_whitespace();
    let word = words.next().unwrap_or_default();
    let command = match word {
        "set" => Command::Set(changes(&mut words)?),
        "refuse" => Command::Set(vec![(Fault::Refuse, Some(1))]),
        "listen" => Command::Set(vec![(Fault::Refuse, None)]),
        "clear" => Command::Clear(words.next().map(fault).transpose()?.map(|row| row.fault)),
        "status" => Command::Status,
        "exit" => {
            Command::Exit(words.next().unwrap_or("1").parse().map_err(|_| CommandError::Code)?)
        }
        "kill" => Command::Kill,
        "freeze" => Command::Freeze,
        "session-loss" => Command::SessionLoss,
        "add-tool" => Command::AddTool(words.next().ok_or(CommandError::Name)?.to_owned()),
        "remove-tool" => Command::RemoveTool(words.next().ok_or(CommandError::Name)?.to_owned()),
        "list-changed" => Command::ListChanged,
        "add-prompt" => Command::AddPrompt(words.next().ok_or(CommandError::Name)?.to_owned()),
        "add-resource" => Command::AddResource(words.next().ok_or(CommandError::Name)?.to_owned()),
        "remove-resource" => {
            Command::RemoveResource(words.next().ok_or(CommandError::Name)?.to_owned())
        }
        "update" => Command::Update(words.next().ok_or(CommandError::Name)?.to_owned()),
        "end-listens" => Command::EndListens,
        "quit" => Command::Quit,
        other => return Err(CommandError::Unknown(other.to_owned())),
    };
    match words.next() {
        None => Ok(command),
        Some(_) => Err(CommandError::TooMuch(word.to_owned())),
    }
}

fn fault(name: &str) -> Result<&'static Row, CommandError> {
    Row::named(name).ok_or_else(|| CommandError::NoFault(name.to_owned()))
}

/// `<fault> <value> <fault> <value> …`; a switch may go without.
fn changes(
    words: &mut SplitAsciiWhitespace<'_>,
) -> Result<Vec<(Fault, Option<u64>)>, CommandError> {
    let mut words = words.peekable();
    let mut changes = Vec::new();
    while let Some(name) = words.next() {
        let row = fault(name)?;
        let value = match row.takes {
            Takes::Nothing => match words.next_if(|word| ["on", "off"].contains(word)) {
                Some("off") => None,
                _ => Some(1),
            },
            Takes::Number(_, most) => match words.next() {
                Some("off") => None,
                word => Some(
                    word.and_then(|word| word.parse().ok())
                        .filter(|number| *number <= most)
                        .ok_or(CommandError::Value(row.name, most))?,
                ),
            },
        };
        changes.push((row.fault, value));
    }
    if changes.is_empty() { Err(CommandError::Name) } else { Ok(changes) }
}

#[cfg(test)]
mod tests {
    use super::{Command, CommandError, parse};
    use crate::simulate::fault::Fault;

    #[test]
    fn a_line_is_a_command() {
        let set = |changes: &[(Fault, Option<u64>)]| Command::Set(changes.to_vec());
        for (line, command) in [
            ("set wrong-id", set(&[(Fault::WrongId, Some(1))])),
            ("set wrong-id off\r\n", set(&[(Fault::WrongId, None)])),
            ("set mute on", set(&[(Fault::BlackHole, Some(1))])),
            ("set delay off", set(&[(Fault::Delay, None)])),
            (
                "set status 503 retry-after 2 for 10",
                set(&[
                    (Fault::Status, Some(503)),
                    (Fault::RetryAfter, Some(2)),
                    (Fault::StatusFor, Some(10)),
                ]),
            ),
            (
                "  set pretty garbage on\n",
                set(&[(Fault::Pretty, Some(1)), (Fault::Garbage, Some(1))]),
            ),
            ("refuse", set(&[(Fault::Refuse, Some(1))])),
            ("listen", set(&[(Fault::Refuse, None)])),
            ("clear", Command::Clear(None)),
            ("clear latency", Command::Clear(Some(Fault::Latency))),
            ("exit", Command::Exit(1)),
            ("exit 0", Command::Exit(0)),
            ("add-tool new", Command::AddTool("new".into())),
            ("session-loss", Command::SessionLoss),
            ("add-prompt p", Command::AddPrompt("p".into())),
            ("add-resource a:b", Command::AddResource("a:b".into())),
            ("remove-resource a:b", Command::RemoveResource("a:b".into())),
            ("update a:b", Command::Update("a:b".into())),
        ] {
            assert_eq!(parse(line), Ok(command), "{line}");
        }
    }

    #[test]
    fn anything_else_is_refused_in_words() {
        for (line, error) in [
            ("", CommandError::Unknown(String::new())),
            ("GET / HTTP/1.1", CommandError::Unknown("GET".into())),
            ("set", CommandError::Name),
            ("set colour red", CommandError::NoFault("colour".into())),
            ("set delay", CommandError::Value("delay", 86_400_000)),
            ("set error-rate 101", CommandError::Value("error-rate", 100)),
            ("clear colour", CommandError::NoFault("colour".into())),
            ("exit 256", CommandError::Code),
            ("add-tool", CommandError::Name),
            ("kill me now", CommandError::TooMuch("kill".into())),
        ] {
            assert_eq!(parse(line), Err(error), "{line}");
        }
    }
}
