//! W3C trace context: which trace a request belongs to, in headers and in `_meta`.
//!
//! Sources: W3C "Trace Context" level 2, "traceparent header"; MCP 2026-07-28 "Base protocol", `_meta`
//! (SEP-414): the same keys, unprefixed.

use std::fmt;

/// Longest `tracestate` that is passed on, in bytes (W3C "Trace Context" level 2, 3.3.1.5).
const STATE: usize = 512;

/// The id of a trace; never all zeros.
pub type TraceId = [u8; 16];
/// The id of a span; never all zeros.
pub type SpanId = [u8; 8];

/// What somebody else said of the span a request was made in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// Whether that span is recorded.
    pub sampled: bool,
    /// `tracestate`, as it came; one that is too long or holds what no header may is as if it were absent.
    pub state: Option<Box<str>>,
}

impl TraceContext {
    /// What names it, as a header and as a member of `_meta`.
    pub const PARENT: &str = "traceparent";
    /// The same for what vendors add to it.
    pub const STATE: &str = "tracestate";

    /// Reads `traceparent` and `tracestate`; `None` when the first is not well-formed, as the standard
    /// asks: it is then as if it were absent.
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let text = traceparent.trim_ascii().as_bytes();
        if text.len() < 55 || text[2] != b'-' || text[35] != b'-' || text[52] != b'-' {
            return None;
        }
        let [version] = hex::<1>(&text[..2])?;
        // of a later version only the four known fields are read
        if version == 0xff
            || (version == 0 && text.len() != 55)
            || text.get(55).is_some_and(|&b| b != b'-')
        {
            return None;
        }
        let trace = hex::<16>(&text[3..35])?;
        let span = hex::<8>(&text[36..52])?;
        let [flags] = hex::<1>(&text[53..55])?;
        if trace == [0; 16] || span == [0; 8] {
            return None;
        }
        let state = tracestate.map(str::trim).filter(|state| is_state(state)).map(Into::into);
        Some(Self { trace, span, sampled: flags & 1 == 1, state })
    }
}

impl fmt::Display for TraceContext {
    /// As `traceparent` says it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        hexadecimal(&self.trace, &mut text[3..35]);
        hexadecimal(&self.span, &mut text[36..52]);
        text[54] += u8::from(self.sampled);
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// The spans of one request: one for what came from the client, one for what goes to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The trace.
    pub id: TraceId,
    /// The span of the client's that the request was made in.
    pub parent: Option<SpanId>,
    /// What the HTTP request said when `_meta` said something else: a link, no parent.
    pub ambient: Option<TraceContext>,
    /// The span of the request here.
    pub server_span: SpanId,
    /// The span of the request to the server.
    pub client_span: SpanId,
    /// Whether both are recorded.
    pub sampled: bool,
    /// `tracestate`, passed on.
    pub state: Option<Box<str>>,
}

impl Trace {
    /// What the server is told.
    pub fn downward(&self) -> TraceContext {
        TraceContext {
            trace: self.id,
            span: self.client_span,
            sampled: self.sampled,
            state: self.state.clone(),
        }
    }
}

/// Whether a `tracestate` may be passed on. One that is longer than everybody must pass on is dropped, so
/// that no server refuses a call for it.
fn is_state(state: &str) -> bool {
    (1..=STATE).contains(&state.len()) && state.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Writes bytes as lower-case hexadecimal digits. Each request that is recorded needs some.
fn hexadecimal(bytes: &[u8], to: &mut [u8]) {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    for (byte, pair) in bytes.iter().zip(to.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
}

/// Lower-case hexadecimal digits, as the standard demands.
fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_is_read_and_written_as_the_standard_says() {
        let context = TraceContext::parse(GOOD, Some(" a=1 ")).expect("well-formed");
        assert!(context.sampled);
        assert_eq!(context.state.as_deref(), Some("a=1"));
        assert_eq!(context.to_string(), GOOD);
        let silent = TraceContext { sampled: false, trace: [0xfe; 16], ..context };
        let text = format!("00-{}-b7ad6b7169203331-00", "fe".repeat(16));
        assert_eq!(silent.to_string(), text);
        let later = format!("01{}-more", &GOOD[2..]);
        assert!(TraceContext::parse(&later, Some("")).is_some_and(|it| it.state.is_none()));
    }

    #[test]
    fn a_state_that_a_header_cannot_hold_is_dropped_and_the_trace_is_not() {
        let longest = format!("a={}", "x".repeat(STATE - 2));
        for (said, kept) in [
            (longest.as_str(), true),
            (&format!("{longest}x"), false),
            ("a=1\r\nx-evil: 1", false),
            ("a=\u{e9}", false),
            ("a=\u{7f}", false),
        ] {
            let context = TraceContext::parse(GOOD, Some(said)).expect("well-formed");
            assert_eq!(context.state.is_some(), kept, "{said}");
        }
    }

    #[test]
    fn what_is_no_traceparent_is_as_if_it_were_absent() {
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more",
        ] {
            assert_eq!(TraceContext::parse(bad, None), None, "{bad}");
        }
    }
}
