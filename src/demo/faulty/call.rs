//! A `tools/call` on the `faulty` server: executed, written down, then answered as the flags say.

use super::answer;
use super::server::Server;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// An id that no client uses.
const WRONG_ID: &str = "\"nobody-asked\"";
const LOG_MESSAGE: &str = r#"{"level":"info","logger":"faulty","data":"answering a call"}"#;

#[derive(Debug, Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<Meta<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(borrow)]
    progress_token: Option<&'a RawValue>,
}

/// The arguments that mean something here; any others are only echoed.
#[derive(Debug, Default, Deserialize)]
struct Known<'a> {
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
}

/// Executes the call and answers it, now or after the delay.
pub(super) fn receive(server: &Arc<Server>, id: &str, params: &str) {
    let Ok(call) = serde_json::from_str::<Call<'_>>(params) else {
        return server.answer(id, ("error", answer::INVALID_PARAMS));
    };
    if !server.tool_names().iter().any(|name| *name == call.name) {
        return server.answer(id, ("error", answer::INVALID_PARAMS));
    }
    let arguments = call.arguments.map_or("{}", RawValue::get);
    let known: Known<'_> = serde_json::from_str(arguments).unwrap_or_default();
    let key = known.key.as_deref().unwrap_or("-");
    server.files.log(&format!("{} {key}", call.name));

    if server.args.exit_on_call {
        std::process::exit(server.args.exit_code.into());
    }
    if server.args.freeze_on_call {
        return server.lines.fall_silent();
    }
    if server.args.close_stdout_on_call {
        server.lines.fall_silent();
        return close_stdout();
    }
    let (member, text) = if server.args.error_raw {
        ("error", answer::failed_oddly(arguments))
    } else if server.args.echo_raw {
        ("result", answer::called_oddly(arguments))
    } else {
        ("result", answer::called(known.text.as_deref(), arguments))
    };
    let token = call.meta.and_then(|meta| meta.progress_token).map(|raw| raw.get().to_owned());
    let executed = Executed { id: id.to_owned(), key: key.to_owned(), token, member, text };
    if server.args.delay == 0 {
        return finish(server, &executed);
    }
    let server = Arc::clone(server);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(server.args.delay));
        finish(&server, &executed);
    });
}

/// A call that has only to be answered.
struct Executed {
    id: String,
    key: String,
    token: Option<String>,
    /// `result` or `error`, and its raw value.
    member: &'static str,
    text: String,
}

/// Everything from the first progress to the answer and what it brings about.
fn finish(server: &Server, executed: &Executed) {
    let Executed { id, key, token, member, text } = executed;
    let args = &server.args;
    for step in 1..=token.as_ref().map_or(0, |_| args.progress) {
        let params = answer::progress(token.as_deref().unwrap_or("null"), step, args.progress);
        server.send(&[("method", "\"notifications/progress\""), ("params", &params)]);
        std::thread::sleep(Duration::from_millis(args.progress_pause));
    }
    if args.log_messages {
        server.send(&[("method", "\"notifications/message\""), ("params", LOG_MESSAGE)]);
    }
    if args.wrong_id || args.wrong_id_then_right {
        server.answer(WRONG_ID, (member, text));
    }
    if args.log_answers {
        server.files.log(&format!("answered {key}"));
    }
    let times = if args.wrong_id { 0 } else { 1 + usize::from(args.double_answer) };
    for _ in 0..times {
        server.answer(id, (member, text));
    }
    let answered = server.answered.fetch_add(1, Ordering::SeqCst) + 1;
    if args.change_tools_after_calls == Some(answered) {
        server.changed.store(true, Ordering::SeqCst);
        server.tools_changed();
    }
    if args.exit_after_calls.is_some_and(|limit| answered >= limit) {
        std::process::exit(args.exit_code.into());
    }
}

/// Lets go of stdout while the process goes on: the client reads the end of the stream.
#[cfg(unix)]
fn close_stdout() {
    let nowhere = std::fs::OpenOptions::new().write(true).open("/dev/null");
    let closed = nowhere.and_then(|null| Ok(rustix::stdio::dup2_stdout(null)?));
    if let Err(error) = closed {
        super::lines::complain(&format!("error: cannot close stdout: {error}"));
    }
}

#[cfg(not(unix))]
fn close_stdout() {
    super::lines::complain("error: --close-stdout-on-call needs Unix");
}
