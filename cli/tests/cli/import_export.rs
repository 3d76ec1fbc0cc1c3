//! CSV in and out: bad lines by number and reason, nothing half imported, and no formula carried.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Answer, Site};

const HOSTILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/storages-hostile.csv");
/// The lines of the hostile file that must not get in.
const BAD_LINES: [u64; 10] = [3, 4, 5, 6, 7, 8, 10, 15, 17, 18];

fn lines(refused: &Value) -> Vec<u64> {
    refused.as_array().unwrap().iter().map(|line| line["line"].as_u64().unwrap()).collect()
}

/// Imports what is piped in.
fn piped(site: &Site, data: &[u8], args: &[&str]) -> Answer {
    let mut command = site.tool();
    command.args(["--json", "storage", "import", "-"]).args(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(data).unwrap();
    Answer::of(child.wait_with_output().unwrap())
}

#[test]
fn a_bad_file_is_refused_as_a_whole_with_lines_and_reasons() {
    let site = Site::new();
    let error = site.refused(2, &["storage", "import", HOSTILE]);
    assert_eq!(error["code"], "importRefused");
    assert!(error["message"].as_str().unwrap().starts_with("10 lines"), "{error}");
    assert_eq!(lines(&error["refused"]), BAD_LINES);
    assert!(error["refused"][5]["reason"].as_str().unwrap().contains("XYZ"), "{error}");
    let told = site.run(&["storage", "import", HOSTILE, "--lang", "ko"]);
    assert_eq!((told.code, told.stdout.as_str()), (2, ""));
    for line in BAD_LINES {
        assert!(told.stderr.contains(&format!("{line}번째 줄: ")), "{told:?}");
    }
    assert_eq!(site.ok(&["storage", "list"]), Value::Array(vec![]));
    assert_eq!(site.json(&["event", "list"]).stdout, "");
}

#[test]
fn what_skip_bad_keeps_can_be_listed_viewed_and_exported_without_harm() {
    let site = Site::new();
    let dry = site.ok(&["storage", "import", HOSTILE, "--skip-bad", "--dry-run"]);
    assert_eq!((&dry["imported"], lines(&dry["refused"])), (&7.into(), BAD_LINES.to_vec()));
    assert!(!site.file().exists(), "checking writes nothing");
    let imported = site.ok(&["storage", "import", HOSTILE, "--skip-bad"]);
    assert_eq!(imported, dry);
    let correlations: Vec<Value> = site
        .json(&["event", "list"])
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["correlationId"].clone())
        .collect();
    assert!(correlations.len() == 7 && correlations.iter().all(|id| *id == correlations[0]));
    for list in [["storage", "list"], ["available", "--lang"], ["view", "--lang"]] {
        let line = if list[1] == "--lang" { vec![list[0], "--lang", "ko"] } else { list.to_vec() };
        let told = site.run(&line);
        assert_eq!(told.code, 0);
        assert!(!told.stdout.contains('\u{1b}') && told.stdout.contains("Robert'); DROP TABLE"), "{told:?}");
    }
    let csv = site.run(&["export", "storages"]).stdout;
    assert!(csv.contains("\"'=HYPERLINK(\"\"http://127.0.0.1\"\")\""), "{csv}");
    assert!(csv.split("\r\n").count() == 9 && csv.ends_with("\r\n"), "{csv}");
    site.assert_clean();
}

#[test]
fn one_is_one() {
    let site = Site::new();
    std::fs::write(site.path("two.csv"), "description,price,currency\na,1,KRW\nb,x,KRW\n").unwrap();
    let told = site.run(&["storage", "import", "two.csv", "--skip-bad"]).stdout;
    assert_eq!(told, "1 storage imported, 1 line left out\n");
    site.ok(&["db", "backup", "saved.db"]);
    let told = site.run(&["db", "restore", "saved.db"]).stdout;
    assert!(told.starts_with("1 event restored to "), "{told}");
}

#[test]
fn what_was_exported_is_imported_again() {
    let site = Site::with_storages();
    let file = site.path("storages.csv");
    let exported = site.ok(&["export", "storages", file.to_str().unwrap()]);
    assert_eq!(exported["exported"], 3);
    let other = Site::new();
    assert_eq!(other.ok(&["storage", "import", file.to_str().unwrap()])["imported"], 3);
    assert_eq!(other.ok(&["storage", "list"]), site.ok(&["storage", "list"]));
    // Written over, as a whole.
    site.ok(&["export", "storages", file.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), site.run(&["export", "storages"]).stdout);
}

#[test]
fn reservations_and_payments_are_exported_in_major_units() {
    let site = Site::with_storages();
    site.ok(&["reserve", "3", "--customer", "=kim", "--until", "2026-12-22"]);
    let csv = site.run(&["export", "reservations"]).stdout;
    let row: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
    assert_eq!(row[..9], ["1", "3", "'=kim", "2026-11-22", "2026-12-22", "189.00", "USD", "reserved", "1"]);
    let csv = site.run(&["export", "payments"]).stdout;
    let header = "paymentId,reservationId,storageId,price,currency,paymentStatus";
    assert_eq!(csv, format!("{header}\r\n1,1,3,189.00,USD,paid\r\n"));
}

#[test]
fn files_of_all_sorts_are_read_or_refused_but_never_crash() {
    let site = Site::new();
    let good = "\u{feff}description,price,currency,per\r\n창고,59000,KRW,month\r\n\r\nunit,1.50,USD,\r\n";
    assert_eq!(piped(&site, good.as_bytes(), &[]).json()["imported"], 2);
    assert_eq!(site.ok(&["storage", "list"])[1]["price"], 150);
    for (data, bad) in [
        (&b""[..], &[1][..]),
        (b"a,b\n1,2\n", &[1]),
        (b"description,price\nx,1\n", &[1]),
        (b"description,price,currency,price\nx,1,KRW,2\n", &[1]),
        (b"description,price,currency\nx,1,KRW,4\n", &[2]),
        (b"description,price,currency\n\n\nx\n", &[4]),
        (b"description,price,currency\n\xff\xfe,1,KRW\n", &[2]),
        (b"description,price,currency\n\"never closed,1,KRW\nx,1,KRW\n", &[2]),
        (b"description,price,currency\nnul\0,1,KRW\n", &[2]),
        (b"\xff\xfed\0e\0s\0c\0", &[1]),
    ] {
        let answer = piped(&site, data, &[]);
        assert_eq!(answer.code, 2, "{}", String::from_utf8_lossy(data));
        assert_eq!(lines(&answer.error()["refused"]), bad, "{}", String::from_utf8_lossy(data));
    }
    let nothing_good = piped(&site, b"description,price,currency\nx,y,KRW\n", &["--skip-bad"]);
    assert_eq!((nothing_good.code, &nothing_good.json()["imported"]), (0, &0.into()));
    let no_header = piped(&site, b"x,1,KRW\n", &["--skip-bad"]);
    assert_eq!(no_header.code, 2);
    assert_eq!(site.ok(&["storage", "list"]).as_array().unwrap().len(), 2);
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing_behind() {
    let site = Site::with_storages();
    assert_eq!(site.refused(1, &["export", "storages", "no/such/folder.csv"])["code"], "fileFailed");
    let left: Vec<_> = std::fs::read_dir(site.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [Path::new("rent.db").as_os_str()]);
}

#[test]
fn an_export_never_replaces_a_database() {
    let site = Site::new();
    site.ok(&["storage", "register", "--description", "Dry cellar", "--price", "59000"]);
    site.ok(&["reserve", "1"]);
    std::fs::copy(site.file(), site.path("other.db")).unwrap();
    for target in ["rent.db", "./rent.db", "rent.db.books", "other.db"] {
        let before = std::fs::read(site.path(target)).unwrap();
        for table in ["storages", "reservations", "payments"] {
            assert_eq!(site.refused(4, &["export", table, target])["code"], "fileExists", "{target}");
        }
        assert_eq!(std::fs::read(site.path(target)).unwrap(), before, "{target}");
    }
    assert_eq!(site.ok(&["verify"])["findings"], serde_json::json!([]));
}

#[cfg(unix)]
#[test]
fn what_an_export_replaces_keeps_its_permissions_and_its_link_and_what_is_no_file_stays_what_it_is() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    site.ok(&["storage", "register", "--description", "Dry cellar", "--price", "59000"]);
    let (file, link) = (site.path("private.csv"), site.path("link.csv"));
    std::fs::write(&file, "old").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    site.ok(&["export", "storages", "link.csv"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), site.run(&["export", "storages"]).stdout);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    // A pipe, or `/dev/stdout`.
    let pipe = site.path("pipe.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    site.ok(&["export", "storages", "pipe.csv"]);
    assert!(!std::fs::symlink_metadata(&pipe).unwrap().is_file());
    assert!(reader.join().unwrap().contains("Dry cellar"));
}

#[test]
fn columns_that_say_something_and_are_not_read_are_named() {
    let site = Site::new();
    std::fs::write(
        site.path("more.csv"),
        "storageId,description,price,currency,unit,Withdrawn\n7,a,1,KRW,month,true\n",
    )
    .unwrap();
    let imported = site.run(&["storage", "import", "more.csv"]);
    assert_eq!(imported.code, 0, "{imported:?}");
    assert!(imported.stderr.contains("columns not read: unit, Withdrawn"), "{imported:?}");
    std::fs::write(site.path("none.csv"), "a,b\n1,2\n").unwrap();
    let refused = site.run(&["storage", "import", "none.csv", "--skip-bad"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("correct that line") && !refused.stderr.contains("--skip-bad"), "{refused:?}");
}
