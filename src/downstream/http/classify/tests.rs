//! Tables of statuses and broken connections, and what each says about the request.

use super::*;

fn status(status: u16, in_session: bool, body: &str) -> Verdict {
    of_status(Refusal { status, in_session, retry_after: None, body })
}

#[test]
fn a_request_is_unsent_by_the_statuses_that_refuse_it_and_by_no_other() {
    let refusing = [400, 401, 403, 404, 405, 406, 411, 413, 414, 415, 422, 429, 431];
    for code in 300..600 {
        let verdict = status(code, false, "");
        assert_eq!((verdict.sent, verdict.fatal), (!refusing.contains(&code), false), "{code}");
    }
}

#[test]
fn a_time_to_come_back_makes_a_503_a_refusal_and_no_other() {
    let retry_after = Some(Duration::ZERO);
    for (code, sent) in [(500, true), (502, true), (503, false), (504, true)] {
        let refusal = Refusal { status: code, in_session: false, retry_after, body: "" };
        assert_eq!(of_status(refusal).sent, sent, "{code}");
    }
}

#[test]
fn a_login_is_asked_for_by_401_and_403() {
    for code in [401, 403] {
        assert_eq!(status(code, true, ""), Verdict::unsent(Loss::NeedsLogin { status: code }));
    }
}

#[test]
fn a_session_is_lost_by_404_or_by_a_400_that_says_so() {
    let lost = Verdict { sent: false, loss: Loss::SessionLost, fatal: true };
    assert_eq!(status(404, true, ""), lost);
    assert_eq!(status(400, true, "Bad Request: No valid session ID provided"), lost);
    assert_eq!(status(400, true, "Session not found"), lost);
    for verdict in [
        status(404, false, ""),
        status(400, true, "invalid JSON"),
        status(400, false, "no valid session"),
    ] {
        assert!(matches!(verdict, Verdict { loss: Loss::HttpStatus { .. }, fatal: false, .. }));
    }
}

/// An error with a text and a cause.
#[derive(Debug)]
struct Layer(&'static str, Option<Box<dyn Error + Send + Sync>>);

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Layer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

fn layers(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Layer {
    Layer("client error", Some(Box::new(Layer("tcp connect error", Some(cause.into())))))
}

#[test]
fn the_cause_of_a_failed_connection_is_found_in_the_chain() {
    let address = "host:1".to_owned();
    let refused = layers(io::Error::new(io::ErrorKind::ConnectionRefused, "refused"));
    let tls = layers(io::Error::other(io::Error::other(rustls::Error::DecryptError)));
    let dns = Layer("c", Some(Box::new(Layer("dns error", Some("no such host".into())))));
    for (error, loss) in [
        (refused, Loss::Unreachable { address: address.clone(), detail: "refused".into() }),
        (
            tls,
            Loss::Tls { address: address.clone(), detail: "cannot decrypt peer's message".into() },
        ),
        (dns, Loss::NameNotResolved { address: address.clone() }),
    ] {
        let verdict = of_error(&error, true, &address);
        assert_eq!(verdict, Verdict { sent: false, loss, fatal: true });
    }
}

#[test]
fn a_connection_that_breaks_later_may_have_delivered_the_request() {
    let error = layers(io::Error::new(io::ErrorKind::ConnectionReset, "reset"));
    let loss = Loss::Unreachable { address: "h".into(), detail: "reset".into() };
    assert_eq!(of_error(&error, false, "h"), Verdict { sent: true, loss, fatal: false });
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
    for (text, seconds) in [
        ("7", Some(7)),
        (" 0 ", Some(0)),
        ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
        ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
        ("-1", None),
        ("soon", None),
    ] {
        assert_eq!(retry_after(text, now), seconds.map(Duration::from_secs), "{text}");
    }
}
