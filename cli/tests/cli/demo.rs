//! The demo tells the whole story in both languages, and every promise of it comes true.

use std::time::{Duration, Instant};

use crate::support::{Answer, Site, tool};

#[test]
fn the_story_comes_true_in_both_languages() {
    for (lang, words) in [("en", ["verify: ", "storage 25 for park"]), ("ko", ["검증: ", "창고 25번, park"])] {
        let began = Instant::now();
        let answer = Answer::of(tool().args(["demo", "--lang", lang]).output().unwrap());
        assert!(began.elapsed() < Duration::from_secs(10));
        assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{answer:?}");
        assert!(!answer.stdout.contains('✗') && answer.stdout.matches('✓').count() > 40, "{}", answer.stdout);
        assert!(words.iter().all(|word| answer.stdout.contains(word)), "{}", answer.stdout);
        assert!(!answer.stdout.lines().any(|line| line.ends_with(' ')), "{}", answer.stdout);
    }
}

#[test]
fn the_whole_story_is_one_object_of_json() {
    let end = Answer::of(tool().args(["demo", "--json"]).output().unwrap()).json();
    let steps = end["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 12);
    for (at, step) in steps.iter().enumerate() {
        assert_eq!((&step["step"], &step["ok"]), (&(at + 1).into(), &true.into()), "{step}");
    }
    assert_eq!((&end["ok"], &end["verified"]["ok"]), (&true.into(), &true.into()));
    assert_eq!(end["board"].as_array().unwrap().len(), 8);
}

#[test]
fn a_new_file_is_kept_and_an_existing_one_left_alone() {
    let site = Site::new();
    let told = site.run(&["demo"]);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{told:?}");
    assert_eq!(site.ok(&["storage", "list"]).as_array().unwrap().len(), 1_000);
    let before = site.json(&["event", "list"]).stdout;
    let again = site.run(&["demo"]);
    assert_eq!(again.code, 0);
    assert!(again.stderr.contains("exists already"), "{again:?}");
    assert_eq!(site.json(&["event", "list"]).stdout, before);
    assert_eq!(site.ok(&["demo"])["ok"], true, "programs are told nothing beside the answer");
}

#[test]
fn midnight_does_not_spoil_the_story() {
    for now in ["2026-11-22T14:59:59Z", "2026-11-22T15:00:00Z", "2026-12-31T14:55:00Z"] {
        let answer = Answer::of(tool().args(["demo", "--now", now]).output().unwrap());
        assert_eq!(answer.code, 0, "{now}: {answer:?}");
    }
}
