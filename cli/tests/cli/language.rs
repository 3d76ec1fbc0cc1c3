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
    assert_eq!(language_kept(&[("LANG", "kok_IN.UTF-8")], &[]), "en", "that is Konkani");
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
            &["available", "--until", "2099-01-01"],
            &["view"],
            &["event", "list"],
            &["dead-letter", "list"],
            &["reservation", "list", "--customer", "nobody"],
        ] {
            let told = site.run(&[&["--lang", lang], list].concat());
            assert_eq!((told.code, told.stdout.as_str()), (0, ""), "{list:?}");
            assert_eq!(told.stderr.lines().count(), 1, "{list:?}: {told:?}");
        }
        // What the list leaves out is not to be taken for what is not there.
        let told = site.run(&["--lang", lang, "available"]);
        assert_eq!(told.stderr.lines().filter(|line| line.contains("--until")).count(), 1, "{told:?}");
    }
}

#[test]
fn a_line_that_cannot_be_read_is_refused_in_the_language_it_asks_for() {
    let site = Site::new();
    for (line, message, advice) in [
        (&["reserve"][..], "빠진 것이 있습니다: <STORAGE_ID>", "사용법: storagerent reserve"),
        (&["reserve", "x"], "'x'은(는) '<STORAGE_ID>'의 값이 아닙니다", "번호는 1부터의 정수입니다"),
        (&["reserve", "1", "--form", "2026-12-01"], "'--form'은(는) 여기에 쓸 수 없습니다", "비슷한 것: --from"),
        (&["reserve", "1", "--from"], "'--from <DATE>'에 값이 필요합니다", "--help"),
        (&["view", "--status", "gone"], "'gone'은(는) '--status <STATUS>'의 값이 아닙니다", "available, reserved"),
        (&["storage", "lst"], "'lst'(이)라는 명령은 없습니다", "비슷한 것: list"),
        (&["storage"], "명령이 빠졌습니다", "사용법: storagerent storage"),
        (&["token", "--minutes", "0"], "'0'은(는) '--minutes <N>'의 값이 아닙니다", "범위: 1..=525600"),
        (&["cancel", "1", "--customer", "a", "--customer", "b"], "'--customer <NAME>'은(는) 한 번만", "사용법"),
        (&["view", "1", "--limit", "1"], "함께 쓸 수 없습니다", "사용법"),
    ] {
        let told = site.refused(2, &[&["--lang", "ko"], line].concat());
        assert_eq!(told["code"], "usage", "{told}");
        let (said, hint) = (told["message"].as_str().unwrap(), told["hint"].as_str().unwrap());
        assert!(said.contains(message) && hint.contains(advice), "{line:?}: {told}");
        let shown = site.run(&[line, &["--lang=ko"]].concat());
        assert_eq!((shown.code, shown.stdout.as_str()), (2, ""), "{line:?}");
        assert!(shown.stderr.starts_with(&format!("오류: {said}\n안내: ")), "{shown:?}");
    }
}
