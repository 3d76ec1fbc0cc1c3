//! The layers hold: dependencies point inward, contexts meet in events and ports only, one place wires.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The Rust files below a folder, with their text.
pub(super) fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

/// The text without comments and without what is only compiled for tests.
fn code(text: &str) -> String {
    let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
    shipped.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// What core depends on by itself, in order of name.
fn dependencies_of_core(features: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "-p", "storagerent-core", "-e", "normal", "--depth", "1", "--prefix", "none", "--locked"])
        .args(["--features", features])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut names: Vec<_> = text.lines().skip(1).filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    names.sort_unstable();
    names
}

#[test]
fn core_depends_on_the_four_named_crates_and_no_other() {
    assert_eq!(dependencies_of_core(""), ["chrono", "iso_currency", "serde", "thiserror"]);
    // The TypeScript declarations are made by a feature that is off by default.
    let with_tsify = ["chrono", "iso_currency", "serde", "thiserror", "tsify", "wasm-bindgen"];
    assert_eq!(dependencies_of_core("tsify"), with_tsify);
}

#[test]
fn the_page_has_a_thin_wrapper_only() {
    let texts = sources("wasm/src").into_iter().map(|(_, text)| code(&text));
    let lines: usize = texts.map(|text| text.lines().filter(|line| !line.trim().is_empty()).count()).sum();
    assert!(lines < 300, "wasm/src has {lines} lines of code: rules belong in core, stores and clocks in adapters");
}

#[test]
fn no_context_reaches_into_another_but_through_its_events() {
    let contexts = ["storage", "reservation", "payment", "review"];
    for context in contexts {
        for (path, text) in sources(&format!("core/src/{context}")) {
            let text = code(&text);
            for other in contexts.iter().filter(|c| **c != context) {
                let needle = format!("crate::{other}::");
                for (at, _) in text.match_indices(&needle) {
                    let rest = &text[at + needle.len()..];
                    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    assert!(name.ends_with("Event"), "{} reaches for {needle}{name}", path.display());
                }
            }
            assert!(!text.contains("crate::app"), "{} knows the application", path.display());
        }
    }
}

#[test]
fn core_does_no_io_and_reads_no_clock() {
    for (path, text) in sources("core/src") {
        let text = code(&text);
        for banned in [
            "std::fs",
            "std::net",
            "std::io",
            "std::env",
            "std::process",
            "Instant",
            "SystemTime",
            "Utc::now",
            "println!",
            "eprintln!",
            "thread::spawn",
        ] {
            let contract = path.components().any(|c| c.as_os_str().to_string_lossy().starts_with("contract"));
            assert!(contract || !text.contains(banned), "{} has {banned}", path.display());
        }
    }
}

#[test]
fn no_rusqlite_type_is_in_a_public_signature() {
    for (path, text) in sources("adapters/src") {
        let text = code(&text);
        for (n, line) in text.lines().enumerate() {
            let line = line.trim_start();
            let public = line.starts_with("pub fn")
                || line.starts_with("pub struct")
                || line.starts_with("pub use")
                || line.starts_with("pub type");
            assert!(!(public && line.contains("rusqlite")), "{}:{}: {line}", path.display(), n + 1);
        }
    }
}

#[test]
fn a_new_event_or_error_breaks_no_host() {
    let mut held = 0;
    for (path, text) in ["core/src", "adapters"].into_iter().flat_map(sources) {
        let text = code(&text);
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        for (n, line) in lines.iter().enumerate() {
            let Some(name) = line.strip_prefix("pub enum ").and_then(|rest| rest.split(' ').next()) else { continue };
            // `$name` is what events are declared by.
            if name.ends_with("Event") || name.ends_with("Error") || name == "$name" {
                let mut attributes = lines[..n].iter().rev().take_while(|line| line.starts_with('#'));
                assert!(attributes.any(|a| *a == "#[non_exhaustive]"), "{name} in {} is exhaustive", path.display());
                held += 1;
            }
        }
    }
    assert_eq!(held, 13, "two sorts of event, and eleven of error");
}

#[test]
fn one_file_wires() {
    for (path, text) in ["adapters/src", "adapters/http/src", "adapters/remote/src", "cli/src", "wasm/src", "examples"]
        .into_iter()
        .flat_map(sources)
    {
        let wires = code(&text).contains("App::new(");
        assert_eq!(wires, path.ends_with("adapters/src/lib.rs"), "{}", path.display());
    }
}

#[test]
fn files_hold_one_noun_each() {
    for folder in ["core/src", "adapters/src", "adapters/http/src", "adapters/remote/src", "cli/src", "wasm/src"] {
        for (path, text) in sources(folder) {
            let lines = text.lines().count();
            assert!(lines <= 500, "{} has {lines} lines: split it", path.display());
            assert!(
                text.starts_with("//!") || path.ends_with("aggregate_tests.rs") || text.contains("use super"),
                "{} says what it is",
                path.display()
            );
        }
    }
}
