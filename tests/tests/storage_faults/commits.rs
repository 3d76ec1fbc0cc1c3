//! COMMITs that fail after the rows were written, and files that others hold.

use std::sync::mpsc;
use std::time::Duration;

use storagerent::ports::write;
use storagerent::*;
use storagerent_disk::{Call, Dice, Failure, Fault, Lasting, Mix};
use storagerent_tests::customer;
use storagerent_tests::on_disk::{OnDisk, Opened};

const WAIT: Duration = Duration::from_secs(30);

fn register(opened: &Opened) -> Result<StorageRow, StorageError> {
    let rate = Rate::flat(Money::krw(59_000)).unwrap();
    opened.app.register(&Caller::manager(), RegisterStorage { description: "창고".parse().unwrap(), rate })
}

fn storages(opened: &Opened) -> usize {
    opened.app.storages(Page::default()).unwrap().len()
}

fn assert_clean(opened: &Opened) {
    let verified = opened.app.verify().unwrap();
    assert!(verified.ok, "{:#?}", verified.findings);
}

/// A site with one storage, whose next COMMIT fails while it is synced.
fn with_a_commit_that_fails(lasting: Lasting) -> (OnDisk, Opened) {
    let site = OnDisk::new(5);
    let opened = site.open().unwrap();
    register(&opened).unwrap();
    site.disk.fail(Fault { call: Call::Sync, nth: 1, lasting, failure: Failure::Error });
    (site, opened)
}

#[test]
fn a_commit_that_fails_is_an_unknown_outcome_and_the_process_goes_on_without_it() {
    let (site, opened) = with_a_commit_that_fails(Lasting::Once);
    let error = register(&opened).unwrap_err();
    assert!(matches!(error, StorageError::Store(StoreError::OutcomeUnknown(_))), "{error:?}");
    assert_eq!(Error::from(error.clone()).code(), "commitUnknown");
    assert!(Error::from(error).retry_after().is_some());
    assert!(site.disk.faults_met() > 0);
    let there = storages(&opened);
    assert!(there == 1 || there == 2, "whole or not at all");
    assert_eq!(register(&opened).unwrap().storage_id, StorageId::new(there as u64 + 1), "tried again, it is done");
    assert_clean(&opened);
}

#[test]
fn after_a_commit_that_failed_and_a_power_cut_the_change_is_there_whole_or_not_at_all() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let (site, opened) = with_a_commit_that_fails(Lasting::FromThenOn);
        register(&opened).unwrap_err();
        site.disk.cut();
        drop(opened);
        let left = site.disk.wreck().left(Mix::ALL[seed % 4], &mut Dice::new(seed as u64));
        site.disk.restore(left);
        let opened = site.open().unwrap();
        seen.insert(storages(&opened));
        assert_clean(&opened);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [1, 2], "both happen");
}

#[test]
fn after_a_commit_that_failed_and_a_kill_the_change_is_there_whole_or_not_at_all() {
    let (site, opened) = with_a_commit_that_fails(Lasting::Once);
    register(&opened).unwrap_err();
    let files = site.disk.snapshot();
    drop(opened);
    site.disk.restore(files);
    let opened = site.open().unwrap();
    assert!((1..=2).contains(&storages(&opened)));
    assert_clean(&opened);
}

#[test]
fn a_charge_whose_second_commit_fails_is_unknown_to_the_customer_and_settled_later() {
    let site = OnDisk::new(5);
    let opened = site.open().unwrap();
    register(&opened).unwrap();
    site.disk.fail(Fault { call: Call::Sync, nth: 2, lasting: Lasting::Once, failure: Failure::Error });
    let error = opened.app.reserve(&customer("kim"), Reserve::new(1.into())).unwrap_err();
    assert!(matches!(error, ReservationError::OutcomeUnknown { .. }), "{error:?}");
    site.disk.heal();
    site.clock.advance(Duration::from_secs(60));
    opened.rest().unwrap();
    assert_eq!(opened.app.reservation(1.into()).unwrap().reservation_status, ReservationStatus::Reserved);
    assert_eq!(opened.money_due().unwrap(), site.money_kept());
    assert_clean(&opened);
}

#[test]
fn while_another_process_writes_callers_are_turned_away_as_busy_and_nothing_of_theirs_is_there() {
    let site = OnDisk::new(5);
    let rival = site.open().unwrap();
    let opened = site.open_with(|options| options.wait_max(Duration::from_millis(30))).unwrap();
    register(&opened).unwrap();
    let ((inside, is_inside), (go, may_go)) = (mpsc::channel(), mpsc::channel());
    std::thread::scope(|scope| {
        let store = &rival.store;
        let writer = scope.spawn(move || {
            write(store.as_ref(), WAIT, move |_| {
                inside.send(()).unwrap();
                may_go.recv_timeout(WAIT).unwrap();
                Ok::<_, StoreError>(())
            })
        });
        is_inside.recv_timeout(WAIT).unwrap();
        let error = register(&opened).unwrap_err();
        assert!(matches!(error, StorageError::Store(StoreError::Busy { .. })), "{error:?}");
        assert_eq!(storages(&opened), 1, "reading goes on meanwhile");
        go.send(()).unwrap();
        writer.join().unwrap().unwrap();
    });
    assert_eq!(storages(&opened), 1, "nothing half done");
    register(&opened).unwrap();
    assert_eq!(storages(&rival), 2);
    assert_clean(&rival);
}

#[test]
fn two_that_write_one_file_while_its_disk_fails_now_and_then_agree_in_the_end() {
    const EACH: usize = 60;
    let site = OnDisk::new(5);
    site.disk.checkpoint_after(Some(8));
    let both = [site.open().unwrap(), site.open().unwrap()];
    let acknowledged: Vec<StorageId> = std::thread::scope(|scope| {
        let writers: Vec<_> = both
            .iter()
            .enumerate()
            .map(|(n, opened)| {
                let disk = &site.disk;
                scope.spawn(move || {
                    let mut dice = Dice::new(n as u64);
                    let mut told = Vec::new();
                    for _ in 0..EACH {
                        if dice.one_in(3) {
                            let call = *dice.pick(&[Call::Sync, Call::Write, Call::Read, Call::Lock]);
                            let nth = 1 + dice.below(8);
                            disk.fail(Fault { call, nth, lasting: Lasting::Once, failure: Failure::Error });
                        }
                        told.extend(register(opened).map(|row| row.storage_id));
                    }
                    told
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    site.disk.heal();
    let [one, other] = both;
    one.rest().unwrap();
    assert_eq!(one.head(), other.head());
    let distinct: std::collections::BTreeSet<_> = acknowledged.iter().collect();
    assert_eq!(distinct.len(), acknowledged.len(), "no id was given twice");
    assert!(acknowledged.len() > EACH, "most succeed: {}", acknowledged.len());
    drop((one, other));
    let opened = site.open().unwrap();
    for id in acknowledged {
        assert!(opened.app.storage(id).is_ok(), "storage {id} is lost");
    }
    assert_clean(&opened);
}

#[test]
fn a_read_that_the_disk_fails_is_told_as_that_and_not_as_a_missing_transaction() {
    let site = OnDisk::new(5);
    let opened = site.open().unwrap();
    register(&opened).unwrap();
    drop(opened);
    let opened = site.open().unwrap();
    site.disk.fail(Fault { call: Call::Read, nth: 1, lasting: Lasting::FromThenOn, failure: Failure::Error });
    for _ in 0..3 {
        let error = opened.app.storages(Page::default()).unwrap_err();
        assert!(error.to_string().contains("disk I/O error"), "{error}");
    }
    site.disk.heal();
    assert_eq!(storages(&opened), 1);
}

/// The first message could not be written, and the second one waits behind it; then the disk fails its n-th read.
fn with_two_letters(nth: u64) -> (OnDisk, Opened) {
    let site = OnDisk::new(5);
    let sabotage: Sabotage = std::sync::Arc::new(|consumer, event| {
        let hit = consumer == "message" && event.event.event_type() == "ReservationConfirmed";
        if hit { Err(ConsumeError::Permanent("planted".to_owned())) } else { Ok(()) }
    });
    let opened = site.open_with(|options| options.sabotage(sabotage)).unwrap();
    register(&opened).unwrap();
    opened.app.reserve(&customer("kim"), Reserve::new(1.into())).unwrap();
    opened.app.cancel(&customer("kim"), CancelReservation { reservation_id: 1.into() }).unwrap();
    drop(opened);
    let opened = site.open().unwrap();
    site.disk.fail(Fault { call: Call::Read, nth, lasting: Lasting::FromThenOn, failure: Failure::Error });
    (site, opened)
}

#[test]
fn a_dead_letter_that_was_closed_is_told_so_though_what_waits_behind_it_meets_a_fault() {
    type Close = fn(&App) -> Result<consumer::DeadLetter, OperationError>;
    let retry: Close = |app| app.retry_dead_letter(&Caller::manager(), 1.into());
    let discard: Close = |app| app.discard_dead_letter(&Caller::manager(), 1.into(), "told by phone");
    for close in [retry, discard] {
        let (mut told_closed, mut told_failed) = (0, 0);
        for nth in 1..60 {
            let (site, opened) = with_two_letters(nth);
            let told = close(&opened.app);
            site.disk.heal();
            let is_open = |letter: &consumer::DeadLetter| letter.dead_letter_id == 1.into();
            let still_open = opened.app.dead_letters(Page::default()).unwrap().iter().any(is_open);
            assert_eq!(told.is_err(), still_open, "the {nth}. read: {told:?}");
            told_closed += u32::from(told.is_ok());
            told_failed += u32::from(told.is_err());
        }
        assert!(told_closed > 0 && told_failed > 0, "{told_closed} {told_failed}");
    }
}

#[test]
fn a_file_that_did_not_get_its_wal_is_not_gone_on_with() {
    let mut refused = 0;
    for call in [Call::Write, Call::Sync] {
        for nth in 1..=8 {
            let site = OnDisk::new(5);
            site.disk.fail(Fault { call, nth, lasting: Lasting::Once, failure: Failure::Error });
            match site.open() {
                Ok(opened) => assert_eq!(opened.store.info().unwrap().journal_mode, "wal", "{call:?} {nth}"),
                Err(_) => refused += 1,
            }
            let opened = site.open().unwrap();
            assert_eq!(opened.store.info().unwrap().journal_mode, "wal", "{call:?} {nth}, tried again");
        }
    }
    assert!(refused > 4, "{refused}");
}
