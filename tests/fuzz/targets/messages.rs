//! Any bytes as a message, and what the bridge makes of it.
#![no_main]

#[path = "../exercise.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|data: &[u8]| exercise::message(data));
