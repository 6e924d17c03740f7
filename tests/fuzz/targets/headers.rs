//! Any bytes as a message with headers; see `exercise::headers` for the form.
#![no_main]

#[path = "../exercise.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|data: &[u8]| exercise::headers(data));
