//! Files from elsewhere: newer, damaged, backed up, restored.

use storagerent_tests::{run, run_ok};

fn site() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rent.db");
    run_ok(&file, &["storage", "register", "--description", "강남", "--price", "59000"]);
    run_ok(&file, &["reserve", "1", "--customer", "kim"]);
    (folder, file)
}

/// The file in rollback-journal mode, so that the one file is all there is.
fn alone(file: &std::path::Path) -> std::path::PathBuf {
    let copy = file.with_extension("copy");
    run_ok(file, &["db", "backup", copy.to_str().unwrap()]);
    copy
}

#[test]
fn a_file_of_a_newer_schema_is_refused_untouched() {
    let (_folder, file) = site();
    let copy = alone(&file);
    let mut bytes = std::fs::read(&copy).unwrap();
    bytes[60..64].copy_from_slice(&9_999u32.to_be_bytes()); // user_version, by SQLite's file format
    std::fs::write(&copy, &bytes).unwrap();
    for args in [&["storage", "list"][..], &["reserve", "1"], &["verify"]] {
        let output = run(&copy, args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("newerSchema"), "{stderr}");
    }
    assert_eq!(std::fs::read(&copy).unwrap(), bytes, "not a byte is changed");
}

#[test]
fn a_damaged_file_is_a_clear_error_and_no_panic() {
    let (_folder, file) = site();
    let copy = alone(&file);
    let whole = std::fs::read(&copy).unwrap();
    let cases: [(&str, Vec<u8>); 4] = [
        ("text", b"this is no database".repeat(300)),
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("zeroed", whole.iter().enumerate().map(|(n, b)| if n > 4_096 { 0 } else { *b }).collect()),
        ("header", [&b"SQLite format 3\0"[..], &[0xff; 4_080][..]].concat()),
    ];
    for (name, bytes) in cases {
        std::fs::write(&copy, &bytes).unwrap();
        let output = run(&copy, &["storage", "list"]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let verify = run(&copy, &["verify"]);
        assert!(!stderr.contains("panicked"), "{name}: {stderr}");
        assert_eq!(verify.status.code(), Some(1), "{name}: {}", String::from_utf8_lossy(&verify.stderr));
        if output.status.code() != Some(0) {
            assert_eq!(output.status.code(), Some(1), "{name}: {stderr}");
            assert!(stderr.contains(r#""error""#), "{name}: {stderr}");
        }
    }
}

#[test]
fn a_backup_is_restored_as_it_was() {
    let (folder, file) = site();
    let backup = folder.path().join("backup.db");
    run_ok(&file, &["db", "backup", backup.to_str().unwrap()]);
    let then = run_ok(&file, &["view"]);
    run_ok(&file, &["cancel", "1"]);
    assert_ne!(run_ok(&file, &["view"]), then);
    run_ok(&file, &["db", "restore", backup.to_str().unwrap()]);
    assert_eq!(run_ok(&file, &["view"]), then);
    run_ok(&file, &["verify"]);
    let again = run(&file, &["db", "backup", backup.to_str().unwrap()]);
    assert_ne!(again.status.code(), Some(0), "a backup overwrites nothing");
    let nonsense = folder.path().join("nonsense");
    std::fs::write(&nonsense, b"nonsense").unwrap();
    assert_eq!(run(&file, &["db", "restore", nonsense.to_str().unwrap()]).status.code(), Some(1));
    assert_eq!(run_ok(&file, &["view"]), then, "a refused restore leaves what was there");
}

#[test]
fn a_changed_event_and_a_changed_row_are_found_by_verify() {
    let (_folder, file) = site();
    let copy = alone(&file);
    let whole = std::fs::read(&copy).unwrap();
    let at = whole.windows(8).position(|w| w == br#""price":"#).expect("an event has a price");
    let mut bytes = whole.clone();
    bytes[at + 8] ^= 1;
    std::fs::write(&copy, &bytes).unwrap();
    let output = run(&copy, &["verify"]);
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("events row"), "{stdout}");
}
