//! Many at once: exactly one gets it.

use std::process::Stdio;
use std::sync::{Arc, Barrier};

use storagerent::*;
use storagerent_tests::{Kept, Site, customer, run, run_ok, tool};

/// Starts so many processes at once and answers with their exit codes.
fn at_once(file: &std::path::Path, calls: Vec<Vec<String>>) -> Vec<i32> {
    let children: Vec<_> = calls
        .into_iter()
        .map(|args| {
            let mut command = tool(file);
            command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    children.into_iter().map(|mut child| child.wait().unwrap().code().unwrap_or(-1)).collect()
}

#[test]
fn of_16_processes_that_reserve_the_same_storage_exactly_one_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rent.db");
    run_ok(&file, &["storage", "register", "--description", "강남", "--price", "59000"]);
    let calls = (0..16).map(|n| ["reserve", "1", "--customer", &format!("c{n}")].map(str::to_owned).to_vec()).collect();
    let mut codes = at_once(&file, calls);
    codes.sort_unstable();
    assert_eq!(codes, [vec![0], vec![4; 15]].concat());
    run_ok(&file, &["verify"]);
}

#[test]
fn of_16_threads_on_one_app_exactly_one_gets_it() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(59_000);
        let barrier = Arc::new(Barrier::new(16));
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16)
                .map(|n| {
                    let (app, barrier) = (site.app.clone(), Arc::clone(&barrier));
                    scope.spawn(move || {
                        barrier.wait();
                        app.reserve(&customer(&format!("c{n}")), Reserve::new(storage))
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1);
        let taken = |o: &Result<_, ReservationError>| matches!(o, Err(ReservationError::Taken { .. }));
        assert_eq!(outcomes.iter().filter(|o| taken(o)).count(), 15);
        assert_eq!(site.gateway.entries().len(), 1, "one charge");
        site.rest();
        site.assert_clean();
    }
}

#[test]
fn of_64_processes_that_reserve_and_cancel_none_fails_otherwise_than_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rent.db");
    for n in 0..8 {
        run_ok(&file, &["storage", "register", "--description", &format!("창고 {n}"), "--price", "59000"]);
        run_ok(&file, &["reserve", &(n + 1).to_string(), "--customer", "first"]);
    }
    let calls = (0..64)
        .map(|n| {
            let id = (n % 8 + 1).to_string();
            if n % 3 == 0 {
                vec!["cancel".to_owned(), id]
            } else {
                vec!["reserve".to_owned(), id, "--customer".to_owned(), format!("c{n}")]
            }
        })
        .collect();
    let codes = at_once(&file, calls);
    assert!(codes.iter().all(|code| [0, 4, 7].contains(code)), "{codes:?}");
    assert!(codes.contains(&0));
    assert_eq!(run(&file, &["run-due"]).status.code(), Some(0));
    run_ok(&file, &["verify"]);
}
