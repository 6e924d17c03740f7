//! Large documents are compressed for those who ask for it.

use crate::gateway::Gateway;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use serde_json::{Value, json};
use std::io::Read;

/// The answer to an `initialize` with an id of this length: its encoding, kind and bytes.
async fn answer(gateway: &Gateway, accept: &str, encodings: &str, id: usize) -> (String, Vec<u8>) {
    mcpvisor::downstream::http::install_tls();
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]).gzip(false).zstd(false);
    let info = json!({ "name": "t", "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
    let request =
        json!({ "jsonrpc": "2.0", "id": "i".repeat(id), "method": "initialize", "params": params });
    let response = builder
        .build()
        .unwrap()
        .post(format!("http://{}/mcp", gateway.address))
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, accept)
        .header(ACCEPT_ENCODING, encodings)
        .body(request.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    let encoding = headers.get(CONTENT_ENCODING).map_or("", |value| value.to_str().unwrap());
    let varies = headers.get_all(VARY).iter().any(|it| it == "accept-encoding");
    assert!(encoding.is_empty() || varies, "{headers:?}");
    (encoding.to_owned(), response.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_large_document_is_compressed_as_the_client_accepts_it() {
    let gateway = Gateway::start().await;
    for (encodings, expected) in
        [("gzip", "gzip"), ("zstd", "zstd"), ("gzip, deflate, br", "gzip"), ("br", ""), ("", "")]
    {
        let (encoding, bytes) = answer(&gateway, "application/json", encodings, 5000).await;
        assert_eq!(encoding, expected, "{encodings}");
        let mut text = Vec::new();
        match &*encoding {
            "gzip" => {
                flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap();
            }
            "zstd" => text = zstd::decode_all(&bytes[..]).unwrap(),
            _ => text.clone_from(&bytes),
        }
        let answer: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(answer["id"].as_str().map(str::len), Some(5000));
        assert!(encoding.is_empty() || bytes.len() < 2000, "{encoding}: {}", bytes.len());
    }
}

#[tokio::test]
async fn small_documents_and_event_streams_are_sent_as_they_are() {
    let gateway = Gateway::start().await;
    for (accept, id) in [("application/json", 10), ("text/event-stream", 5000)] {
        let (encoding, bytes) = answer(&gateway, accept, "gzip, zstd", id).await;
        assert_eq!(encoding, "", "{accept}");
        assert!(String::from_utf8(bytes).unwrap().contains("serverInfo"));
    }
}
