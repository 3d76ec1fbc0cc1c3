//! The file itself: backup and restore, files of newer versions, damaged ones, and where it is by default.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Stdio;

use crate::support::{Answer, Site, tool};

fn on(file: &Path, args: &[&str]) -> Answer {
    Answer::of(tool().arg("--db").arg(file).arg("--json").args(args).output().unwrap())
}

/// Overwrites bytes of a file.
fn patch(file: &Path, at: u64, bytes: &[u8]) {
    let mut file = fs::File::options().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn backup_and_restore_round_trip() {
    let site = Site::with_storages();
    site.ok(&["reserve", "1", "--customer", "kim"]);
    let before = site.json(&["event", "list"]).stdout;
    assert!(site.ok(&["db", "backup", "saved.db"])["bytes"].as_u64().unwrap() > 0);
    assert_eq!(site.refused(4, &["db", "backup", "saved.db"])["code"], "fileExists");
    site.ok(&["cancel", "1"]);
    site.ok(&["storage", "register", "--description", "another", "--price", "5"]);
    let after = site.json(&["event", "list"]).stdout;
    let restored = site.ok(&["db", "restore", "saved.db"]);
    assert_eq!((&restored["ok"], &restored["events"]), (&true.into(), &8.into()));
    assert_eq!(restored["eventsBefore"], after.lines().count());
    assert_eq!(site.json(&["event", "list"]).stdout, before);
    site.assert_clean();
    // The file as it was is whole, too.
    let kept = restored["kept"].as_str().unwrap();
    assert!(kept.contains("rent.db.before-restore-"), "{kept}");
    assert_eq!(on(Path::new(kept), &["event", "list"]).stdout, after);
    assert!(!site.path("rent.db-wal").exists() && !site.path("rent.db-shm").exists());
    // Whoever restores is told what is not there any more.
    assert_eq!(site.run(&["db", "restore", "saved.db"]).stderr, "");
    site.ok(&["storage", "register", "--description", "another", "--price", "5"]);
    let told = site.run(&["db", "restore", "saved.db"]);
    assert!(told.code == 0 && told.stderr.contains("only the file as it was has: 1; "), "{told:?}");
}

#[test]
fn what_a_file_that_is_gone_has_left_is_not_replayed_into_its_successor() {
    let site = Site::with_storages();
    site.ok(&["db", "backup", "saved.db"]);
    // A program that is killed leaves its WAL behind.
    let mut following = tool()
        .arg("--db")
        .arg(site.path("rent.db"))
        .args(["event", "list", "--follow"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    site.ok(&["reserve", "1", "--customer", "kim"]);
    following.kill().unwrap();
    following.wait().unwrap();
    assert!(fs::metadata(site.path("rent.db-wal")).unwrap().len() > 0);
    fs::remove_file(site.path("rent.db")).unwrap();
    let restored = site.ok(&["db", "restore", "saved.db"]);
    assert_eq!((&restored["events"], &restored["ok"]), (&3.into(), &true.into()));
    let kept = restored["kept"].as_str().unwrap();
    assert!(kept.contains("rent.db.before-restore-") && kept.ends_with("-wal") && Path::new(kept).exists(), "{kept}");
    site.assert_clean();
}

#[test]
fn what_cannot_be_read_is_kept_with_its_wal_and_neither_replayed_nor_written_over() {
    let site = Site::with_storages();
    site.ok(&["db", "backup", "saved.db"]);
    let mut following = site.tool().args(["event", "list", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    site.ok(&["reserve", "1", "--customer", "kim"]);
    following.kill().unwrap();
    following.wait().unwrap();
    let wal = fs::read(site.path("rent.db-wal")).unwrap();
    assert!(!wal.is_empty());
    let mut all = std::collections::BTreeSet::new();
    // More than one in a second.
    for n in 0..4 {
        fs::write(site.file(), format!("words {n}")).unwrap();
        fs::write(site.path("rent.db-wal"), &wal).unwrap();
        let restored = site.ok(&["db", "restore", "saved.db"]);
        assert_eq!((&restored["events"], &restored["ok"]), (&3.into(), &true.into()));
        let kept = restored["kept"].as_str().unwrap();
        assert_eq!(fs::read_to_string(kept).unwrap(), format!("words {n}"));
        assert_eq!(fs::read(format!("{kept}-wal")).unwrap(), wal);
        all.insert(kept.to_owned());
        site.assert_clean();
    }
    assert_eq!(all.len(), 4);
}

#[test]
fn whoever_looks_at_a_backup_without_its_books_gives_no_money_up() {
    let site = Site::with_storages();
    site.ok(&["reserve", "1", "--customer", "kim"]);
    let days = ["--from", "2100-01-01", "--until", "2100-01-02"];
    assert_eq!(site.run(&[&["--payment", "slow", "reserve", "2", "--customer", "lee"], &days[..]].concat()).code, 7);
    site.ok(&["--payment", "down", "cancel", "1"]);
    site.ok(&["db", "backup", "saved.db"]);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let saved = site.path("saved.db");
    let looked = Answer::of(tool().arg("--db").arg(&saved).args(["verify"]).output().unwrap());
    assert!(looked.code == 0 && looked.stderr.contains("saved.db.books are not there: refunds, and"), "{looked:?}");
    on(&saved, &["settle"]);
    on(&saved, &["run-due"]);
    assert!(!site.path("saved.db.books").exists(), "none are made");
    assert_eq!(on(&saved, &["payment", "show", "2"]).json()["paymentStatus"], "requested", "it was taken");
    assert_eq!(on(&saved, &["dead-letter", "list"]).json(), serde_json::json!([]));
    site.ok(&["db", "restore", "saved.db"]);
    site.ok(&["run-due"]);
    assert_eq!(site.ok(&["reservation", "show", "1"])["reservationStatus"], "cancelled");
    let taken = site.ok(&["payment", "show", "2"]);
    assert!(["paid", "cancelled"].map(Into::into).contains(&taken["paymentStatus"]), "{taken}");
    site.assert_clean();
}

#[test]
fn the_books_are_there_before_the_first_hold_so_that_one_who_is_killed_before_the_charge_leaves_it_to_be_settled() {
    let site = Site::with_storages();
    assert!(!site.path("rent.db.books").exists());
    assert_eq!(site.run(&["reserve", "99"]).code, 3);
    assert!(site.path("rent.db.books").exists());
    site.ok(&["reserve", "1", "--customer", "kim"]);
    site.ok(&["db", "backup", "saved.db"]);
    let saved = site.path("saved.db");
    let refused = Answer::of(tool().arg("--db").arg(&saved).args(["reserve", "99"]).output().unwrap());
    assert_eq!(refused.code, 3);
    assert!(!site.path("saved.db.books").exists(), "where there were payments, none are made before one is");
}

#[test]
fn a_backup_is_restored_where_there_is_no_file_yet() {
    let site = Site::with_storages();
    site.ok(&["db", "backup", "saved.db"]);
    let restored = on(&site.path("fresh.db"), &["db", "restore", site.path("saved.db").to_str().unwrap()]).json();
    assert_eq!((&restored["kept"], &restored["events"]), (&().into(), &3.into()));
    assert_eq!(on(&site.path("fresh.db"), &["storage", "list"]).json(), site.ok(&["storage", "list"]));
}

#[test]
fn a_backup_that_is_not_as_its_own_log_says_is_refused_and_nothing_changes() {
    let site = Site::with_storages();
    site.ok(&["db", "backup", "saved.db"]);
    let bytes = fs::read(site.path("saved.db")).unwrap();
    let at = bytes.windows(10).position(|text| text == b"by the day").unwrap();
    patch(&site.path("saved.db"), at as u64, b"B");
    let before = fs::read(site.file()).unwrap();
    let refused = site.refused(1, &["db", "restore", "saved.db"]);
    assert_eq!(refused["code"], "findings");
    assert!(refused["message"].as_str().unwrap().contains("nothing was changed"), "{refused}");
    assert_eq!(fs::read(site.file()).unwrap(), before);
    let mut left: Vec<_> = fs::read_dir(site.path("")).unwrap().map(|file| file.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["rent.db", "saved.db"]);
}

#[test]
fn what_is_no_backup_is_refused_and_nothing_changes() {
    let site = Site::with_storages();
    let before = fs::read(site.file()).unwrap();
    fs::write(site.path("words.db"), "these are words").unwrap();
    site.ok(&["db", "backup", "newer.db"]);
    patch(&site.path("newer.db"), 60, &99_u32.to_be_bytes());
    for (file, code) in [("missing.db", "storeFailed"), ("words.db", "corrupt"), ("newer.db", "newerSchema")] {
        assert_eq!(site.refused(1, &["db", "restore", file])["code"], code, "{file}");
    }
    assert_eq!(fs::read(site.file()).unwrap(), before);
}

#[test]
fn a_file_in_use_is_not_replaced() {
    let site = Site::with_storages();
    site.ok(&["db", "backup", "saved.db"]);
    let mut follower = site.tool().args(["event", "list", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0];
    std::io::Read::read_exact(follower.stdout.as_mut().unwrap(), &mut first).unwrap();
    assert_eq!(site.refused(7, &["db", "restore", "saved.db"])["code"], "fileInUse");
    drop(follower.stdout.take());
    follower.wait().unwrap();
    site.ok(&["db", "restore", "saved.db"]);
}

#[test]
fn a_newer_file_is_refused_untouched() {
    let site = Site::with_storages();
    patch(&site.file(), 60, &99_u32.to_be_bytes());
    let before = fs::read(site.file()).unwrap();
    for line in [&["view"][..], &["reserve", "1"], &["verify"], &["db", "info"], &["db", "backup", "b.db"]] {
        let error = site.refused(1, line);
        assert_eq!(error["code"], "newerSchema", "{line:?}");
    }
    assert_eq!(fs::read(site.file()).unwrap(), before);
    assert!(!site.path("b.db").exists());
}

#[test]
fn a_damaged_file_is_a_clear_error_and_can_be_restored() {
    let site = Site::with_storages();
    site.ok(&["reserve", "1"]);
    site.ok(&["db", "backup", "saved.db"]);
    let length = fs::metadata(site.file()).unwrap().len();
    patch(&site.file(), 4096, &vec![0xA5; usize::try_from(length).unwrap() - 4096]);
    for line in [&["view"][..], &["reserve", "1"], &["storage", "list"], &["status"], &["event", "list"]] {
        let answer = site.json(line);
        assert_eq!((answer.code, answer.error()["code"].as_str()), (1, Some("corrupt")), "{line:?}: {answer:?}");
        assert!(!answer.stderr.contains("panicked"), "{answer:?}");
    }
    let restored = site.ok(&["db", "restore", "saved.db"]);
    assert_eq!(restored["ok"], true);
    assert_eq!(fs::metadata(restored["kept"].as_str().unwrap()).unwrap().len(), length);
    site.assert_clean();
    fs::write(site.path("words.db"), "these are words, and no database at all").unwrap();
    assert_eq!(on(&site.path("words.db"), &["view"]).error()["code"], "corrupt");
    assert_eq!(fs::read_to_string(site.path("words.db")).unwrap(), "these are words, and no database at all");
}

#[test]
fn verify_exits_1_with_what_it_found() {
    let site = Site::with_storages();
    let bytes = fs::read(site.file()).unwrap();
    // One letter of the first event's description.
    let at = bytes.windows(10).rposition(|w| w == b"by the day").unwrap();
    patch(&site.file(), at as u64, b"B");
    let answer = site.json(&["verify"]);
    assert_eq!((answer.code, answer.error()["code"].as_str()), (1, Some("findings")));
    assert!(!answer.json()["findings"].as_array().unwrap().is_empty());
    let told = site.run(&["verify"]);
    assert!(told.code == 1 && told.stdout.contains("finding") && told.stderr.starts_with("error: "), "{told:?}");
}

/// Whoever may not write the file looks at it, and is refused; root is not kept from anything, and looks as somebody else.
#[cfg(unix)]
#[test]
fn who_may_not_write_a_file_leaves_nothing_behind_that_keeps_out_who_may() {
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65534;
    let site = Site::with_storages();
    let (file, folder) = (site.file(), site.path(""));
    let may = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    may(&file, 0o444);
    let is_root = fs::File::options().write(true).open(&file).is_ok();
    let mut look = site.tool();
    if is_root {
        chown(&folder, Some(NOBODY), None).unwrap();
        chown(&file, Some(NOBODY), None).unwrap();
        look.uid(NOBODY);
    }
    let Ok(output) = look.args(["--json", "storage", "list"]).output() else { return };
    let answer = Answer::of(output);
    assert_eq!((answer.code, answer.error()["code"].as_str()), (1, Some("storeFailed")));
    assert!(answer.stderr.contains("may not be written"), "{answer:?}");
    let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["rent.db"]);
    may(&file, 0o644);
    let mut write = site.tool();
    if is_root {
        write.uid(NOBODY);
    }
    let answer = Answer::of(write.args(["--json", "reserve", "1"]).output().unwrap());
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
}

#[test]
fn the_default_file_is_in_the_data_folder_and_only_its_owner_may_read_it() {
    let site = Site::new();
    let mut command = tool();
    command.env("XDG_DATA_HOME", site.path("data")).env("HOME", site.path("home"));
    let answer = Answer::of(command.args(["storage", "list", "--json"]).output().unwrap());
    assert_eq!(answer.stdout, "[]\n");
    let file = site.path("data/storagerent/rent.db");
    assert!(file.is_file());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    }
    let by_environment = tool().env("STORAGERENT_DB", site.file()).args(["storage", "list"]).status().unwrap();
    assert!(by_environment.success() && site.file().is_file());
}

#[test]
fn completions_and_manual_pages_are_written() {
    let site = Site::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = Answer::of(tool().args(["completions", shell]).output().unwrap());
        assert!(script.code == 0 && script.stdout.contains("dead-letter"), "{shell}");
    }
    let written = site.ok(&["man", "man/pages"]);
    let pages = fs::read_dir(site.path("man/pages")).unwrap().count();
    assert_eq!(written["pages"], pages);
    let page = fs::read_to_string(site.path("man/pages/storagerent-storage-register.1")).unwrap();
    assert!(page.contains(".TH") && page.contains("currency"), "{page}");
    assert!(!site.file().exists(), "neither needs a site");
}

#[test]
fn what_is_not_there_is_not_backed_up() {
    let site = Site::new();
    assert_eq!(site.refused(1, &["db", "backup", "saved.db"])["code"], "fileFailed");
    assert!(!site.file().exists() && !site.path("saved.db").exists());
}

#[cfg(unix)]
#[test]
fn a_restore_by_a_links_name_replaces_the_file_itself() {
    let site = Site::with_storages();
    site.ok(&["db", "backup", "saved.db"]);
    site.ok(&["storage", "register", "--description", "another", "--price", "5"]);
    fs::create_dir(site.path("elsewhere")).unwrap();
    let link = site.path("elsewhere/site.db");
    std::os::unix::fs::symlink(site.file(), &link).unwrap();
    let restored = on(&link, &["db", "restore", site.path("saved.db").to_str().unwrap()]).json();
    assert_eq!((&restored["events"], &restored["eventsBefore"]), (&3.into(), &4.into()));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(site.ok(&["storage", "list"]).as_array().unwrap().len(), 3);
    assert_eq!(fs::read_dir(site.path("elsewhere")).unwrap().count(), 1, "what is kept lies beside the file");
}
