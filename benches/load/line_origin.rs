//! A minimal server over pipes, as a process of its own: it answers as cheaply as it goes, and as much at once
//! as it was asked at once.

use crate::answer::{Answer, Answers};
use std::io::{BufRead, BufReader, BufWriter, Result, Write, stdin, stdout};

const LOG: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"There is nothing to say, but it is said as often as it can be said."}}"#;

/// Answers line by line until stdin ends. The first argument is the number of tools; with `flood` as the second
/// one it writes log messages as fast as it can once it was called.
pub(crate) fn serve(arguments: &[String]) -> Result<()> {
    let tools = arguments.first().and_then(|number| number.parse().ok()).unwrap_or(1);
    let mut answers = Answers::new(tools);
    let floods = arguments.get(1).is_some_and(|word| word == "flood");
    let mut flood = None;
    let mut input = BufReader::with_capacity(64 * 1024, stdin().lock());
    let mut output = BufWriter::with_capacity(64 * 1024, stdout());
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if let Some(Answer::Opening(text) | Answer::Other(text)) = answers.to(&line) {
            output.write_all(text.as_bytes())?;
            output.write_all(b"\n")?;
        }
        if memchr::memchr(b'\n', input.buffer()).is_none() {
            output.flush()?;
        }
        if floods && flood.is_none() && memchr::memmem::find(&line, b"tools/call").is_some() {
            // ends with the process, or when nobody reads
            flood = Some(std::thread::spawn(|| {
                let line = [LOG, b"\n"].concat();
                while stdout().write_all(&line).is_ok() {}
            }));
        }
    }
}
