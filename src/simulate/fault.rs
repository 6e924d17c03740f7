//! The one table of faults: the flags, the control commands and `status` are made of it.
//!
//! A fault is on or off, or a number. What it does is said here and done elsewhere.
//!
//! *Invariant:* a row's position is its fault's number, and every fault has a row.

/// What a fault's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// On or off.
    Nothing,
    /// A number of this unit, at most so large.
    Number(&'static str, u64),
}

/// Where and when a fault can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// On every transport, at any time.
    Any,
    /// Over HTTP only, at any time.
    Http,
    /// By its flag only.
    Start,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) fault: Fault,
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    pub(super) reach: Reach,
    pub(super) help: &'static str,
}

macro_rules! faults {
    ($($fault:ident $name:literal $takes:ident $reach:ident $help:literal;)*) => {
        /// Something the server does wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Fault {
            $(#[doc = $help] $fault,)*
        }

        /// All faults, in the order of their numbers.
        pub(super) const FAULTS: &[Row] = &[$(
            Row {
                fault: Fault::$fault,
                name: $name,
                takes: $takes,
                reach: Reach::$reach,
                help: $help,
            },
        )*];
    };
}

const SWITCH: Takes = Takes::Nothing;
const MS: Takes = Takes::Number("MS", 86_400_000);
const SECONDS: Takes = Takes::Number("SECONDS", 86_400);
const COUNT: Takes = Takes::Number("N", u64::MAX);
const PERCENT: Takes = Takes::Number("PERCENT", 100);
const CODE: Takes = Takes::Number("CODE", 255);
const STATUS: Takes = Takes::Number("CODE", 599);
const BYTES: Takes = Takes::Number("BYTES", 1 << 30);
const RATE: Takes = Takes::Number("N", 1_000_000);

faults! {
    // -- when it is late
    Delay "delay" MS Any "Wait before each answer to a call; calls wait concurrently";
    Latency "latency" MS Any "Wait before the answer to every request; requests wait concurrently";
    LatencyRamp "latency-ramp" MS Any "Make --latency so much longer with every request";
    SlowStart "slow-start" MS Start "Wait before anything is read or listened to";
    SlowInitialize "slow-initialize" MS Any "Wait before the answer to `initialize`";
    MuteInitialize "mute-initialize" SWITCH Any "Never answer `initialize`";
    PingMute "ping-mute" SWITCH Any "Never answer `ping`, but everything else";
    PingUnsupported "ping-unsupported" SWITCH Any "Answer `ping` with -32601";
    FreezeOnCall "freeze-on-call" SWITCH Any
        "From the first call on keep reading, but write nothing more";
    FreezeLoop "freeze-loop" SWITCH Any
        "Keep running, but neither read nor write; goes on when switched off";
    BlackHole "black-hole" SWITCH Any
        "Read everything and never answer; nothing is executed (control: also `mute`)";

    // -- how it dies
    CrashAtStart "crash-at-start" CODE Start "Exit with this code before anything is read";
    ExitAfterCalls "exit-after-calls" COUNT Any "Exit once N calls were answered";
    ExitOnCall "exit-on-call" SWITCH Any
        "Exit when a call has been executed, instead of answering it";
    ExitAtCall "exit-at-call" COUNT Any "The same at the Nth call from now";
    KillAtCall "kill-at-call" COUNT Any
        "Die of SIGKILL when the Nth call from now has been executed";
    FreezeAtCall "freeze-at-call" COUNT Any
        "Raise SIGSTOP when the Nth call from now has been executed";
    CloseStdoutOnCall "close-stdout-on-call" SWITCH Any
        "Close stdout (HTTP: the connection) instead of answering a call, and stay alive";
    IgnoreTerm "ignore-term" SWITCH Any "Survive SIGTERM, SIGHUP and the end of stdin";
    Grandchild "grandchild" SWITCH Any
        "Start `sleep 1000` as a child that inherits stdout and stderr";

    // -- how it writes
    Garbage "garbage" SWITCH Any
        "Write a banner first and lines that are no messages before each message";
    GarbageRate "garbage-rate" RATE Any "Write N lines a second that are no messages";
    HugeLine "huge-line" BYTES Any "Write a line of this many bytes before each answer";
    HugeResult "huge-result" BYTES Any "Answer calls with so much text, correctly";
    DoubleAnswer "double-answer" SWITCH Any "Answer each call twice";
    WrongId "wrong-id" SWITCH Any
        "Answer each call under an id nobody asked with, and never under the right one";
    WrongIdThenRight "wrong-id-then-right" SWITCH Any
        "Answer each call under an id nobody asked with, then under the right one";
    OmitJsonrpc "omit-jsonrpc" SWITCH Any "Leave `jsonrpc` out of every message";
    ErrorNull "error-null" SWITCH Any "Add `\"error\":null` to every answer";
    Pretty "pretty" SWITCH Any "Spread every message over several lines";
    FloodStderr "flood-stderr" SWITCH Any "Write to stderr as fast as possible";
    FloodListChanged "flood-list-changed" SWITCH Any
        "Send `notifications/tools/list_changed` as fast as possible once initialized";
    ListChangedRate "list-changed-rate" RATE Any "The same, N a second";

    // -- what it answers
    ErrorRate "error-rate" PERCENT Any
        "Answer so many requests (not `initialize`) with a JSON-RPC error, spread evenly; such a \
         call is not executed";
    FailRate "fail-rate" PERCENT Any
        "Answer so many calls with a result with `isError`, spread evenly; they are executed";
    AllRequests "all-requests" SWITCH Any
        "Let -on-call, -at-call, --wrong-id…, --double-answer hit `initialize`, `ping` and \
         `tools/list`, too";
    Status "status" STATUS Http "Answer HTTP requests with this status, without reading them";
    RetryAfter "retry-after" SECONDS Http "With --status: say when to try again";
    StatusFor "status-for" COUNT Http
        "With --status: only the next N requests (control: also `for`)";
    Refuse "refuse" SWITCH Http
        "Close the listening socket and all connections; off: listen on the same port again";
}

impl Fault {
    /// Its row.
    pub(super) fn row(self) -> &'static Row {
        &FAULTS[self as usize]
    }
}

impl Row {
    /// The row of a name, as the control port spells it.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        let name = match name {
            "mute" => "black-hole",
            "for" => "status-for",
            name => name,
        };
        FAULTS.iter().find(|row| row.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::{FAULTS, Row};

    #[test]
    fn a_row_is_found_by_its_number_and_by_its_name() {
        for (index, row) in FAULTS.iter().enumerate() {
            assert_eq!(row.fault as usize, index);
            assert_eq!(row.fault.row().name, row.name);
            assert_eq!(Row::named(row.name).unwrap().fault, row.fault);
        }
        assert!(Row::named("nonsense").is_none());
        assert_eq!(Row::named("for").unwrap().name, "status-for");
    }
}
