//! One client on either face of the gateway, which keeps the news that belong to no request.
#![allow(dead_code)] // each test uses its part

use crate::process::{Gateway, Http, Lines, PATIENCE, Setup, parse, request};
use serde_json::Value;
use std::sync::mpsc::{Receiver, channel};

/// A client.
pub(crate) struct Client {
    way: Way,
    /// News that came before an answer.
    heard: Vec<String>,
}

enum Way {
    Lines(Lines),
    Http(Http, Receiver<String>),
}

impl Client {
    /// A client of `mcpvisor serve` that listens.
    pub(crate) fn http(gateway: &Gateway) -> Self {
        let client = gateway.client();
        let (sender, news) = channel();
        let mut stream = client.listen();
        std::thread::spawn(move || {
            while let Some(text) = stream.message() {
                if sender.send(text).is_err() {
                    return;
                }
            }
        });
        Self { way: Way::Http(client, news), heard: Vec::new() }
    }

    /// The client of `mcpvisor stdio`.
    pub(crate) fn lines(lines: Lines) -> Self {
        Self { way: Way::Lines(lines), heard: Vec::new() }
    }

    /// The answer to a request, as it came.
    pub(crate) fn ask(&mut self, request: &str) -> String {
        let mut messages = match &mut self.way {
            Way::Lines(lines) => lines.ask(request),
            Way::Http(client, _) => client.ask(request),
        };
        let answer = messages.pop().unwrap();
        self.heard.append(&mut messages);
        answer
    }

    /// The answer to a request.
    pub(crate) fn answer(&mut self, method: &str, params: &str) -> Value {
        parse(&self.ask(&request("1", method, params)))
    }

    /// The names or URIs in a list, over all its pages.
    pub(crate) fn list(&mut self, method: &str, member: &str, key: &str) -> Vec<String> {
        let (mut names, mut params) = (Vec::new(), "{}".to_owned());
        loop {
            let answer = self.answer(method, &params);
            let entries = answer["result"][member].as_array().unwrap_or_else(|| panic!("{answer}"));
            names.extend(entries.iter().map(|entry| entry[key].as_str().unwrap().to_owned()));
            match &answer["result"]["nextCursor"] {
                Value::Null => return names,
                cursor => params = format!("{{\"cursor\":{cursor}}}"),
            }
        }
    }

    pub(crate) fn prompts(&mut self) -> Vec<String> {
        self.list("prompts/list", "prompts", "name")
    }

    pub(crate) fn resources(&mut self) -> Vec<String> {
        self.list("resources/list", "resources", "uri")
    }

    pub(crate) fn templates(&mut self) -> Vec<String> {
        self.list("resources/templates/list", "resourceTemplates", "uriTemplate")
    }

    /// Waits for the next news of this method, as they came; others are passed over.
    pub(crate) fn hears(&mut self, method: &str) -> String {
        loop {
            let text = if self.heard.is_empty() {
                match &mut self.way {
                    Way::Lines(lines) => lines.receive_text(),
                    Way::Http(_, news) => news.recv_timeout(PATIENCE).expect("no news came"),
                }
            } else {
                self.heard.remove(0)
            };
            if parse(&text)["method"] == method {
                return text;
            }
        }
    }

    /// The same, until `so` is seen after one of them.
    pub(crate) fn hears_until(&mut self, method: &str, so: impl Fn(&mut Self) -> bool) {
        loop {
            self.hears(method);
            if so(self) {
                return;
            }
        }
    }

    /// Ends its session.
    pub(crate) fn leave(self) {
        if let Way::Http(client, _) = self.way {
            client.leave();
        }
    }
}

/// Runs a test behind each of the faces, each time with servers of its own.
pub(crate) fn on_both_faces(setup: impl Fn() -> Setup, mut test: impl FnMut(&Setup, &mut Client)) {
    let with_http = setup();
    let gateway = with_http.serve();
    test(&with_http, &mut Client::http(&gateway));
    let with_stdio = setup();
    let (_gateway, lines) = with_stdio.stdio();
    test(&with_stdio, &mut Client::lines(lines));
}
