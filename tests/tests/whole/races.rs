//! Many at once: exactly one gets it.

use std::process::Stdio;
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use storagerent::*;
use storagerent_tests::{Kept, Site, customer, run, run_ok, tool};

use crate::gateways::Acme;

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

/// A store before whose first work something else happens.
struct Before<F> {
    store: Arc<dyn Store>,
    first: Mutex<Option<F>>,
}

impl<F: FnOnce() + Send> Store for Before<F> {
    fn submit(&self, work: Vec<Box<dyn ports::Work>>, wait_max: Duration) -> bool {
        let first = self.first.lock().unwrap().take();
        if let Some(first) = first {
            first();
        }
        self.store.submit(work, wait_max)
    }
    fn drive(&self) {
        self.store.drive();
    }
    fn read(&self, f: &mut dyn FnMut(&mut dyn ports::Queries)) -> Result<(), StoreError> {
        self.store.read(f)
    }
}

fn before<F: FnOnce() + Send + 'static>(store: &Arc<dyn Store>, first: F) -> Arc<dyn Store> {
    Arc::new(Before { store: Arc::clone(store), first: Mutex::new(Some(first)) })
}

#[test]
fn of_two_gateways_that_come_to_a_new_site_at_once_one_is_refused() {
    let store: Arc<dyn Store> = Arc::new(storagerent::memory::MemoryStore::new());
    let simulated = || Options::new(payment::SimulatedGateway::in_memory(payment::Behaviour::Approve));
    let inner = Arc::clone(&store);
    let raced = before(&store, move || drop(storagerent::over(inner, simulated()).unwrap()));
    let refused = storagerent::over(raced, Options::new(Acme)).unwrap_err();
    assert_eq!(refused.code(), "otherGateway");
    storagerent::over(store, simulated()).unwrap();
}

struct Refusing;

impl Notifier for Refusing {
    fn channel(&self) -> &str {
        "sms"
    }
    fn deliver(&self, _: Key, _: &MessageRow) -> Outcome {
        Outcome::Refused { reason: "no such number".to_owned() }
    }
}

#[test]
fn what_was_retried_meanwhile_and_refused_anew_is_under_its_new_letter_alone() {
    for kept in Kept::ALL {
        let site = Site::with(kept, |options| options.notifier(Refusing));
        site.reserve("kim", Reserve::new(site.storage(1_000)));
        site.rest();
        let letters = || site.app.dead_letters(Page::default()).unwrap();
        let [first] = &letters()[..] else { panic!("one was parked") };
        let (id, other) = (first.dead_letter_id, site.app.clone());
        let raced = before(&site.store, move || {
            other.retry_dead_letter(&Caller::manager(), id).unwrap();
            other.run_effects(9).unwrap();
        });
        let app = storagerent::over(raced, Options::without_gateway().clock(site.clock.clone())).unwrap();
        let refused = app.retry_dead_letter(&Caller::manager(), id).unwrap_err();
        assert_eq!(refused.code(), "deadLetterNotFound");
        let [second] = &letters()[..] else { panic!("it was parked anew") };
        assert!(second.dead_letter_id > id);
        assert!(site.app.due_effects(9).unwrap().is_empty(), "and is due under nobody's letter");
    }
}

#[test]
fn what_was_retried_meanwhile_is_not_discarded() {
    for kept in Kept::ALL {
        let site = Site::with(kept, |options| options.notifier(Refusing));
        site.reserve("kim", Reserve::new(site.storage(1_000)));
        site.rest();
        let [letter] = &site.app.dead_letters(Page::default()).unwrap()[..] else { panic!("one was parked") };
        let id = letter.dead_letter_id;
        let DeadSubject::Effect { effect_id, .. } = letter.subject else { panic!("it is a delivery") };
        let other = site.app.clone();
        let raced = before(&site.store, move || drop(other.retry_dead_letter(&Caller::manager(), id).unwrap()));
        let app = storagerent::over(raced, Options::without_gateway().clock(site.clock.clone())).unwrap();
        let refused = app.discard_dead_letter(&Caller::manager(), id, "given up").unwrap_err();
        assert_eq!(refused.code(), "deadLetterNotFound");
        let due: Vec<_> = site.app.due_effects(9).unwrap().into_iter().map(|effect| effect.effect_id).collect();
        assert_eq!(due, [effect_id], "it is still to be delivered");
    }
}
