//! What the simulated payment service does, with books in RAM and in a file alike.

use std::sync::Arc;

use storagerent_core::shared::{Currency, PaymentId, ReservationId};

use super::*;

const DEADLINE: Duration = Duration::from_secs(5);

fn charge(key: u128) -> Charge {
    Charge {
        key: Key::new(key),
        payment_id: PaymentId::new(1),
        reservation_id: ReservationId::new(1),
        amount: Money::krw(59_000),
    }
}

fn won(amount: i64) -> Money {
    Money::krw(amount)
}

/// Runs a fact against both kinds of books.
fn with_both(fact: impl Fn(SimulatedGateway)) {
    fact(SimulatedGateway::in_memory(Behaviour::Approve));
    #[cfg(feature = "sqlite")]
    {
        let folder = tempfile::tempdir().unwrap();
        fact(SimulatedGateway::with_books(folder.path().join("books"), Behaviour::Approve).unwrap());
    }
}

#[test]
fn a_repeated_charge_captures_once() {
    with_both(|gateway| {
        for _ in 0..3 {
            assert_eq!(gateway.charge(&charge(1), DEADLINE), Outcome::Captured);
        }
        assert_eq!(gateway.entries(), [(Key::new(1), won(59_000), won(0))]);
        gateway.set_behaviour(Behaviour::Decline);
        assert_eq!(gateway.charge(&charge(1), DEADLINE), Outcome::Captured, "what was taken stays taken");
    });
}

#[test]
fn a_declined_or_refused_charge_books_nothing() {
    with_both(|gateway| {
        gateway.set_behaviour(Behaviour::Decline);
        assert!(matches!(gateway.charge(&charge(1), DEADLINE), Outcome::Declined { .. }));
        gateway.set_behaviour(Behaviour::Down);
        assert!(matches!(gateway.charge(&charge(1), DEADLINE), Outcome::NotTaken { .. }));
        assert_eq!(gateway.entries(), []);
        gateway.set_behaviour(Behaviour::Approve);
        assert!(matches!(gateway.charge(&charge(1), DEADLINE), Outcome::Declined { .. }), "a key has one answer");
        assert!(matches!(gateway.void(&charge(1), DEADLINE), Outcome::NotTaken { .. }));
        assert!(matches!(gateway.charge(&charge(1), DEADLINE), Outcome::NotTaken { .. }));
    });
}

#[test]
fn a_late_or_lost_answer_leaves_the_money_taken() {
    with_both(|gateway| {
        for (key, behaviour) in [(1, Behaviour::Slow), (2, Behaviour::LostReply)] {
            gateway.set_behaviour(behaviour);
            assert!(matches!(gateway.charge(&charge(key), DEADLINE), Outcome::Unknown { .. }));
            assert_eq!(gateway.void(&charge(key), DEADLINE), Outcome::Captured, "behaviours shape charges only");
        }
        assert_eq!(gateway.entries().len(), 2);
        assert_eq!(gateway.refund(&charge(1), DEADLINE), Outcome::Refunded);
    });
}

#[test]
fn down_is_all_calls() {
    with_both(|gateway| {
        gateway.charge(&charge(1), DEADLINE);
        gateway.set_behaviour(Behaviour::Down);
        assert!(matches!(gateway.void(&charge(1), DEADLINE), Outcome::Unavailable { .. }));
        assert!(matches!(gateway.void(&charge(2), DEADLINE), Outcome::Unavailable { .. }));
        assert!(matches!(gateway.refund(&charge(1), DEADLINE), Outcome::Unavailable { .. }));
        gateway.set_behaviour(Behaviour::Approve);
        assert_eq!(gateway.charge(&charge(2), DEADLINE), Outcome::Captured, "no tombstone was written");
        assert_eq!(gateway.entries().iter().filter(|(_, _, refunded)| *refunded != won(0)).count(), 0);
    });
}

#[test]
fn a_voided_key_is_never_captured() {
    with_both(|gateway| {
        for _ in 0..2 {
            assert!(matches!(gateway.void(&charge(1), DEADLINE), Outcome::NotTaken { .. }));
        }
        for behaviour in Behaviour::ALL {
            gateway.set_behaviour(behaviour);
            let outcome = gateway.charge(&charge(1), DEADLINE);
            assert!(matches!(outcome, Outcome::NotTaken { .. } | Outcome::Unknown { .. }), "{behaviour}: {outcome:?}");
        }
        gateway.set_behaviour(Behaviour::Approve);
        assert!(matches!(gateway.void(&charge(1), DEADLINE), Outcome::NotTaken { .. }));
        assert_eq!(gateway.entries(), [], "a tombstone moved no money");
    });
}

#[test]
fn another_amount_under_a_used_key_is_not_taken() {
    with_both(|gateway| {
        gateway.charge(&charge(1), DEADLINE);
        for amount in [won(1), Money::new(59_000, Currency::USD)] {
            let other = Charge { amount, ..charge(1) };
            assert!(matches!(gateway.charge(&other, DEADLINE), Outcome::NotTaken { .. }));
            assert!(matches!(gateway.refund(&other, DEADLINE), Outcome::Refused { .. }));
        }
        assert_eq!(gateway.entries(), [(Key::new(1), won(59_000), won(0))]);
    });
}

#[test]
fn money_is_given_back_once() {
    with_both(|gateway| {
        gateway.charge(&charge(1), DEADLINE);
        for _ in 0..2 {
            assert_eq!(gateway.refund(&charge(1), DEADLINE), Outcome::Refunded);
        }
        assert_eq!(gateway.entries(), [(Key::new(1), won(59_000), won(59_000))]);
        assert_eq!(gateway.charge(&charge(1), DEADLINE), Outcome::Captured, "not taken a second time");
        assert_eq!(gateway.entries(), [(Key::new(1), won(59_000), won(59_000))]);
    });
}

#[test]
fn what_was_not_captured_is_not_given_back() {
    with_both(|gateway| {
        assert!(matches!(gateway.refund(&charge(1), DEADLINE), Outcome::Refused { .. }));
        gateway.void(&charge(2), DEADLINE);
        assert!(matches!(gateway.refund(&charge(2), DEADLINE), Outcome::Refused { .. }));
    });
}

#[test]
fn one_call_may_behave_in_its_own_way() {
    with_both(|gateway| {
        gateway.set_behaviour(Behaviour::Decline);
        assert_eq!(gateway.charge_as(&charge(1), DEADLINE, Behaviour::Approve), Outcome::Captured);
        assert!(matches!(gateway.charge_as(&charge(2), DEADLINE, Behaviour::LostReply), Outcome::Unknown { .. }));
        assert!(matches!(gateway.charge_as(&charge(3), DEADLINE, Behaviour::Down), Outcome::NotTaken { .. }));
        assert!(matches!(gateway.charge(&charge(3), DEADLINE), Outcome::Declined { .. }), "the others as before");
        assert_eq!((gateway.entries().len(), gateway.calls().charges), (2, 4));
    });
}

#[test]
fn every_call_is_counted() {
    with_both(|gateway| {
        gateway.set_behaviour(Behaviour::Down);
        gateway.charge(&charge(1), DEADLINE);
        gateway.void(&charge(1), DEADLINE);
        gateway.void(&charge(1), DEADLINE);
        gateway.refund(&charge(1), DEADLINE);
        let calls = gateway.calls();
        assert_eq!((calls, calls.total()), (Calls { charges: 1, voids: 2, refunds: 1 }, 4));
    });
}

#[test]
fn one_key_raced_for_is_captured_once_or_voided() {
    let gateway = Arc::new(SimulatedGateway::in_memory(Behaviour::Approve));
    let outcomes: Vec<Outcome> = std::thread::scope(|s| {
        let race: Vec<_> = (0..8)
            .map(|n| {
                let gateway = Arc::clone(&gateway);
                s.spawn(move || match n % 2 {
                    0 => gateway.charge(&charge(1), DEADLINE),
                    _ => gateway.void(&charge(1), DEADLINE),
                })
            })
            .collect();
        race.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(outcomes.iter().all(|o| *o == Outcome::Captured) || gateway.entries().is_empty(), "{outcomes:?}");
}

#[cfg(feature = "sqlite")]
mod files {
    use super::*;

    #[test]
    fn books_in_a_file_are_there_for_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("books");
        let first = SimulatedGateway::with_books(&path, Behaviour::Approve).unwrap();
        first.charge(&charge(1), DEADLINE);
        let second = SimulatedGateway::with_books(&path, Behaviour::Decline).unwrap();
        assert_eq!(second.charge(&charge(1), DEADLINE), Outcome::Captured);
        assert_eq!(second.refund(&charge(1), DEADLINE), Outcome::Refunded);
        assert_eq!(first.entries(), [(Key::new(1), won(59_000), won(59_000))]);
    }

    #[test]
    fn books_that_many_open_and_write_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("books");
        std::thread::scope(|s| {
            for n in 0..16 {
                let path = &path;
                s.spawn(move || {
                    let gateway = SimulatedGateway::with_books(path, Behaviour::Approve).unwrap();
                    for key in 0..5 {
                        assert_eq!(gateway.charge(&charge(n * 5 + key), DEADLINE), Outcome::Captured);
                        assert_eq!(gateway.charge(&charge(1_000), DEADLINE), Outcome::Captured);
                    }
                });
            }
        });
        let entries = SimulatedGateway::with_books(&path, Behaviour::Approve).unwrap().entries();
        assert_eq!(entries.len(), 81);
    }

    #[cfg(unix)]
    #[test]
    fn books_are_readable_by_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("books");
        SimulatedGateway::with_books(&path, Behaviour::Approve).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_books_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let newer = folder.path().join("newer");
        rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 9).unwrap();
        let refusal = SimulatedGateway::with_books(&newer, Behaviour::Approve).err();
        assert_eq!(refusal, Some(StoreError::NewerSchema { found: 9, known: 1 }));

        let text = folder.path().join("text");
        std::fs::write(&text, "not a database at all, but long enough to look at").unwrap();
        assert!(matches!(SimulatedGateway::with_books(&text, Behaviour::Approve).err(), Some(StoreError::Corrupt(_))));
        assert!(SimulatedGateway::with_books(folder.path().join("no/such/folder"), Behaviour::Approve).is_err());

        let (site, strangers) = (folder.path().join("rent.db"), folder.path().join("strangers"));
        drop(crate::sqlite::SqliteStore::open(&site).unwrap());
        rusqlite::Connection::open(&strangers).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        for (path, whose) in [(site, "a site's file"), (strangers, "another program's file")] {
            let before = std::fs::read(&path).unwrap();
            let refusal = SimulatedGateway::with_books(&path, Behaviour::Approve).err();
            assert!(matches!(&refusal, Some(StoreError::Other(why)) if why.contains(whose)), "{refusal:?}");
            assert_eq!(std::fs::read(&path).unwrap(), before);
        }
    }
}
