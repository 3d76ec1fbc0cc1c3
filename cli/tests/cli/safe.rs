//! Nothing a terminal obeys ever reaches it raw, not even from arguments, files' names or a file that was tampered with.

use crate::support::{Answer, Site, tool};

fn assert_safe(answer: &Answer) {
    for text in [&answer.stdout, &answer.stderr] {
        let hostile = text.chars().find(|c| {
            (c.is_control() && *c != '\n')
                || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(hostile, None, "{answer:?}");
    }
}

const HOSTILE: [&str; 4] = ["\u{1b}[31mred", "a\u{202e}b", "c\u{9b}d", "e\u{7}f"];

#[test]
fn hostile_arguments_are_echoed_harmlessly() {
    let site = Site::with_storages();
    for hostile in HOSTILE {
        for line in [
            &[hostile][..],
            &["storage", "show", hostile],
            &["storage", "register", "--price", "5", "--description", hostile],
            &["reserve", "1", "--customer", hostile],
            &["reserve", "1", "--from", hostile],
            &["reserve", "1", "--idempotency-key", hostile],
            &["settings", "set", hostile, "x"],
            &["settings", "set", "zone", hostile],
            &["consumer", "pause", hostile],
            &["storage", "import", hostile],
            &["event", "list", "--correlation", hostile],
            &["dead-letter", "discard", "1", "--reason", hostile],
            &["review", "add", "1", "--customer", "k", "--content", "x", "--rating", hostile],
            &["available", "--max-price", hostile],
            &["--lang", hostile, "view"],
            &["db", "restore", hostile],
        ] {
            for answer in [site.run(line), site.run(&[line, &["--lang", "ko"]].concat()), site.json(line)] {
                assert_ne!(answer.code, 0, "{line:?}: {answer:?}");
                assert_safe(&answer);
            }
        }
        let folder = site.path(hostile).join("rent.db");
        assert_safe(&Answer::of(tool().arg("--db").arg(folder).arg("view").output().unwrap()));
    }
}

#[test]
fn a_files_hostile_name_is_shown_harmlessly() {
    let site = Site::with_storages();
    for (at, hostile) in HOSTILE.iter().enumerate() {
        for line in [&["db", "backup", hostile][..], &["export", "storages", &format!("{hostile}{at}.csv")]] {
            let answer = site.run(line);
            assert_eq!(answer.code, 0, "{answer:?}");
            assert_safe(&answer);
        }
    }
}

#[test]
#[cfg(unix)]
fn words_and_names_that_are_no_text_do_not_crash() {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let site = Site::with_storages();
    let hostile = OsStr::from_bytes(b"x\xff\x1by");
    let named = |more: &str| OsString::from_vec([hostile.as_bytes(), more.as_bytes()].concat());
    for (code, line) in [
        (2, vec![hostile.to_owned()]),
        (2, vec!["storage".into(), "show".into(), hostile.to_owned()]),
        (2, vec!["reserve".into(), "1".into(), "--customer".into(), hostile.to_owned()]),
        (0, vec!["db".into(), "backup".into(), named(".db")]),
        (0, vec!["export".into(), "storages".into(), named(".csv")]),
        (0, vec!["storage".into(), "import".into(), named(".csv")]),
        (0, vec!["man".into(), named(".man")]),
        (0, vec!["db".into(), "restore".into(), named(".db")]),
        (1, vec!["storage".into(), "import".into(), hostile.to_owned()]),
    ] {
        for answer in [site.run(&line), site.json(&line)] {
            assert!(answer.code == code || answer.code == 4, "{line:?}: {answer:?}");
            assert_safe(&answer);
        }
    }
    let elsewhere = tool().arg("--db").arg(site.path("").join(named("2.db"))).args(["db", "info", "--json"]).output();
    assert_eq!(Answer::of(elsewhere.unwrap()).code, 0);
}

#[test]
fn the_ends_of_time_do_not_crash() {
    let site = Site::with_storages();
    for now in ["0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999999Z"] {
        for line in [
            &["status"][..],
            &["reserve", "1"],
            &["reserve", "1", "--payment", "slow"],
            &["end", "1"],
            &["cancel", "1"],
            &["quote", "3"],
            &["available"],
            &["run-due"],
            &["settle"],
            &["view"],
            &["demo"],
        ] {
            let line = tool().arg("--db").arg(site.file()).args(["--now", now]).args(line).output().unwrap();
            let answer = Answer::of(line);
            assert!(answer.code < 8 && !answer.stderr.contains("panicked"), "{now}: {answer:?}");
        }
    }
}

#[test]
fn pipes_and_files_get_no_colours() {
    let site = Site::with_storages();
    site.ok(&["reserve", "1"]);
    for line in [&["view"][..], &["event", "list"], &["reservation", "show", "1"], &["status"], &["reserve", "1"]] {
        assert_safe(&site.run(line));
        let forced = site.tool().env("CLICOLOR_FORCE", "1").args(line).output().unwrap();
        assert_safe(&Answer::of(forced));
    }
    for line in [&["shw"][..], &["storage", "shw"], &["view", "--bogus"], &["view", "--status", "x"], &["--help"]] {
        let plain = site.run(line);
        let forced = Answer::of(site.tool().env("CLICOLOR_FORCE", "1").args(line).output().unwrap());
        assert_safe(&forced);
        assert_eq!((forced.code, forced.stdout, forced.stderr), (plain.code, plain.stdout, plain.stderr));
    }
}

#[test]
fn tables_fit_the_columns_there_are() {
    let site = Site::with_storages();
    site.ok(&["reserve", "1", "--customer", "a-customer-with-a-rather-long-name", "--until", "2027-01-05"]);
    site.ok(&[
        "review",
        "add",
        "1",
        "--customer",
        "a-customer-with-a-rather-long-name",
        "--rating",
        "5",
        "--content",
        "좋아요",
    ]);
    for lang in ["ko", "en"] {
        for width in [60_usize, 80, 120] {
            for list in [["storage", "list"], ["reservation", "list"], ["message", "list"], ["review", "list"]] {
                let line = site.tool().env("COLUMNS", width.to_string()).args(["--lang", lang]).args(list).output();
                let table = Answer::of(line.unwrap()).stdout;
                let widest = table.lines().map(unicode_width::UnicodeWidthStr::width).max().unwrap();
                assert!(widest <= width, "{lang} {width} {list:?}\n{table}");
            }
        }
    }
}
