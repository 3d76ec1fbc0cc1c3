//! The simulator by hand: it reads well, the same seed is the same run, and it touches no file.

use crate::support::{Answer, Site, tool};

fn simulate(args: &[&str]) -> Answer {
    Answer::of(tool().arg("simulate").args(args).output().unwrap())
}

#[test]
fn a_seed_is_told_as_a_story_that_ends_with_its_trace() {
    for (lang, words) in [
        (
            "en",
            ["seed 7: 300 steps over", "faults met: ", "invariants checked: ", "every invariant held; at rest after"],
        ),
        ("ko", ["시드 7: ", "겪은 장애: ", "확인한 불변식: ", "모든 불변식이 지켜졌습니다"]),
    ] {
        for kept in ["memory", "sqlite"] {
            let answer = simulate(&["--seed", "7", "--steps", "300", "--kept", kept, "--lang", lang]);
            assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{answer:?}");
            assert!(words.iter().all(|word| answer.stdout.contains(word)), "{}", answer.stdout);
            let trace = answer.stdout.lines().last().unwrap().strip_prefix("trace ").unwrap();
            assert!(trace.len() == 16 && trace.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "{trace}");
        }
    }
}

#[test]
fn the_readmes_show_what_it_says() {
    for (readme, lang) in [("README.md", "en"), ("README.ko.md", "ko")] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(readme);
        let text = std::fs::read_to_string(path).unwrap();
        let (_, shown) = text.split_once("simulate --seed 7 --steps 2000\n").unwrap();
        let (shown, _) = shown.split_once("```").unwrap();
        let said = simulate(&["--seed", "7", "--steps", "2000", "--lang", lang]).stdout;
        let left_out = |line: &&str| !line.is_empty() && line.trim() != "…";
        let not_said: Vec<_> =
            shown.lines().filter(left_out).filter(|line| !said.lines().any(|one| one == *line)).collect();
        assert_eq!(not_said, [""; 0], "{readme}; it says:\n{said}");
    }
}

#[test]
fn the_same_seed_is_the_same_run_and_another_is_another() {
    let [one, again, other] = ["7", "7", "8"].map(|seed| simulate(&["--seed", seed, "--steps", "200"]).stdout);
    assert_eq!(one, again);
    assert_ne!(one.lines().last(), other.lines().last());
}

#[test]
fn in_json_it_is_one_object() {
    let told = simulate(&["--seed", "7", "--steps", "200", "--json"]).json();
    assert_eq!((&told["seed"], &told["steps"], &told["violation"]), (&7.into(), &200.into(), &serde_json::Value::Null));
    assert!(told["checks"].as_object().unwrap().len() == 16 && !told["faults"].as_object().unwrap().is_empty());
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    for wrong in [
        ["--steps", "0"],
        ["--seed", "1.5"],
        ["--seed", "seven"],
        ["--kept", "paper"],
        ["--only", "x"],
        ["--only", "10000"],
    ] {
        let answer = simulate(&wrong);
        assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{answer:?}");
        assert!(answer.stderr.contains(wrong[0].trim_start_matches('-')), "{answer:?}");
    }
}

#[test]
fn no_file_is_touched() {
    let site = Site::new();
    assert_eq!(site.run(&["simulate", "--steps", "50"]).code, 0);
    assert!(!site.file().exists());
}
