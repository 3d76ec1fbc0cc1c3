//! Korean and English: by option, else by the locale; a new file keeps the language it was made in.

use crate::support::{Answer, Site, tool};

fn language_kept(envs: &[(&str, &str)], args: &[&str]) -> String {
    let site = Site::new();
    let mut command = tool();
    command.env_remove("LANG").envs(envs.iter().copied());
    let answer = command.args(args).args(["--json", "--db"]).arg(site.file()).args(["settings", "show"]).output();
    Answer::of(answer.unwrap()).json()["language"].as_str().unwrap().to_owned()
}

#[test]
fn the_locale_counts_in_the_usual_order_and_the_option_before_it() {
    assert_eq!(language_kept(&[], &[]), "en");
    assert_eq!(language_kept(&[("LANG", "ko_KR.UTF-8")], &[]), "ko");
    assert_eq!(language_kept(&[("LANG", "ko_KR.UTF-8"), ("LC_MESSAGES", "en_US.UTF-8")], &[]), "en");
    assert_eq!(language_kept(&[("LC_MESSAGES", "ko"), ("LC_ALL", "C")], &[]), "en");
    assert_eq!(language_kept(&[("LC_ALL", ""), ("LANG", "ko")], &[]), "ko");
    assert_eq!(language_kept(&[("LANG", "ko_KR.UTF-8")], &["--lang", "en"]), "en");
    assert_eq!(language_kept(&[("LANG", "de_DE.UTF-8")], &["--lang", "ko"]), "ko");
}

#[test]
fn an_existing_file_keeps_its_language_whoever_looks() {
    let site = Site::with_storages();
    assert_eq!(site.ok(&["--lang", "ko", "settings", "show"])["language"], "en");
    site.ok(&["--lang", "ko", "reserve", "1"]);
    let message = site.ok(&["message", "list"])[0]["content"].as_str().unwrap().to_owned();
    assert!(message.starts_with("Your reservation"), "{message}");
    site.ok(&["settings", "set", "language", "ko"]);
    site.ok(&["cancel", "1"]);
    let message = site.ok(&["message", "list", "--after", "1"])[0]["content"].as_str().unwrap().to_owned();
    assert!(message.contains("취소"), "{message}");
}

#[test]
fn refusals_are_told_in_both_languages_under_one_code() {
    let site = Site::with_storages();
    let english = site.refused(3, &["--lang", "en", "storage", "show", "9"]);
    let korean = site.refused(3, &["--lang", "ko", "storage", "show", "9"]);
    assert_eq!(english["code"], korean["code"]);
    assert_eq!(
        (english["message"].as_str(), korean["message"].as_str()),
        (Some("there is no storage 9"), Some("창고 9번이 없습니다"),)
    );
    let told = site.run(&["--lang", "ko", "storage", "show", "9"]);
    assert_eq!(told.stderr, "오류: 창고 9번이 없습니다\n안내: 창고 목록에서 번호를 확인하세요\n");
}

#[test]
fn an_empty_list_says_what_to_do_and_leaves_stdout_empty() {
    let site = Site::new();
    // That it is new is said once.
    site.ok(&["settings", "show"]);
    for lang in ["ko", "en"] {
        for list in [
            &["storage", "list"][..],
            &["reservation", "list"],
            &["payment", "list"],
            &["message", "list"],
            &["review", "list"],
            &["available"],
            &["view"],
            &["event", "list"],
            &["dead-letter", "list"],
            &["reservation", "list", "--customer", "nobody"],
        ] {
            let told = site.run(&[&["--lang", lang], list].concat());
            assert_eq!((told.code, told.stdout.as_str()), (0, ""), "{list:?}");
            assert_eq!(told.stderr.lines().count(), 1, "{list:?}: {told:?}");
        }
    }
}
