//! The program is built with the settings of its allocator, wherever it is built.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(clippy::unwrap_used)]

use memchr::memmem;

#[test]
fn the_program_gives_memory_back_soon() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_mcpvisor")).unwrap();
    for setting in ["oversize_threshold:1048576", "background_thread:true", "dirty_decay_ms:1000"] {
        assert!(memmem::find(&program, setting.as_bytes()).is_some(), "{setting}");
    }
}

#[test]
fn the_image_is_built_with_the_settings_too() {
    let context = std::fs::read_to_string(".dockerignore").unwrap();
    assert!(context.lines().any(|line| line == "!.cargo"), "{context}");
}
