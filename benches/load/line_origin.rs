//! A minimal server over pipes, as a process of its own: it answers as cheaply as it goes, and as much at once
//! as it was asked at once.

use crate::answer::{Answer, Answers};
use std::io::{BufRead, BufReader, BufWriter, Result, Write, stdin, stdout};

/// Answers line by line until stdin ends. The one argument is the number of tools.
pub(crate) fn serve(arguments: &[String]) -> Result<()> {
    let tools = arguments.first().and_then(|number| number.parse().ok()).unwrap_or(1);
    let mut answers = Answers::new(tools);
    let mut input = BufReader::with_capacity(64 * 1024, stdin().lock());
    let mut output = BufWriter::with_capacity(64 * 1024, stdout().lock());
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
    }
}
