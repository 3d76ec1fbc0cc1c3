//! Storage, message and view consumers away: reservations go on, and everything arrives later, in order, once.

use storagerent::*;
use storagerent_tests::{Kept, Site, customer, run, run_ok};

fn pause_all(site: &Site) {
    ["storage", "message", "view"].iter().for_each(|name| {
        site.app.pause(&Caller::manager(), name).unwrap();
    });
}

fn resume_all(app: &App) {
    ["storage", "message", "view"].iter().for_each(|name| {
        app.resume(&Caller::manager(), name).unwrap();
    });
}

#[test]
fn a_thousand_reservations_go_through_while_consumers_are_paused_and_all_is_caught_up() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storages: Vec<_> = (0..1_000).map(|_| site.storage(1_000)).collect();
        site.rest();
        pause_all(&site);
        let tomorrow = site.today() + chrono::Days::new(1);
        for (n, storage) in storages.iter().enumerate() {
            // Every tenth ends tomorrow, while nobody listens.
            let command = Reserve::new(*storage);
            let command = if n % 10 == 0 { command.until(tomorrow) } else { command };
            site.reserve(&format!("c{n}"), command);
        }
        for storage in storages.iter().step_by(100) {
            let rival = site.app.reserve(&customer("rival"), Reserve::new(*storage)).unwrap_err();
            assert!(matches!(rival, ReservationError::Taken { .. }), "{rival}");
        }
        assert!(site.app.messages(&MessageFilter::default(), Page::default()).unwrap().is_empty());
        site.clock.advance_days(1);
        site.app.tick().unwrap();

        let elsewhere = site.another_app(|options| options);
        resume_all(&elsewhere);
        while elsewhere.run_consumers(5_000).unwrap() > 0 {}

        let confirmed: Vec<_> = site
            .app
            .messages(&MessageFilter::default(), Page::default())
            .unwrap()
            .into_iter()
            .filter(|m| m.kind == "ReservationConfirmed")
            .map(|m| m.reservation_id.get())
            .collect();
        assert_eq!(confirmed, (1..=1_000).collect::<Vec<_>>(), "1,000 messages in order, none twice");
        for (n, storage) in storages.iter().enumerate() {
            let expected = if n % 10 == 0 { StorageStatus::Available } else { StorageStatus::Reserved };
            assert_eq!(site.app.storage(*storage).unwrap().storage_status, expected, "storage {storage}");
            assert_eq!(site.app.view(*storage).unwrap().storage_status, expected, "view of {storage}");
        }
        site.assert_clean();
        replays_change_nothing(&site);
    }
}

fn replays_change_nothing(site: &Site) {
    let manager = Caller::manager();
    let rows = |site: &Site| {
        let views = site.app.views(&ViewFilter::default(), Page::default()).unwrap();
        serde_json::to_string(&views).unwrap()
    };
    let (before, events) = (rows(site), site.events().len());
    let messages = site.app.messages(&MessageFilter::default(), Page::default()).unwrap();
    site.app.replay(&manager, "view").unwrap();
    assert_eq!(rows(site), before, "the same rows, byte for byte");
    for name in ["message", "storage", "payment"] {
        site.app.replay(&manager, name).unwrap();
    }
    site.rest();
    assert_eq!(site.events().len(), events);
    assert_eq!(site.app.messages(&MessageFilter::default(), Page::default()).unwrap(), messages);
    assert_eq!(rows(site), before);
    site.assert_clean();
}

#[test]
fn a_pause_is_kept_in_the_file_and_honoured_by_other_processes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rent.db");
    run_ok(&file, &["storage", "register", "--description", "강남", "--price", "59000"]);
    for name in ["storage", "message", "view"] {
        run_ok(&file, &["consumer", "pause", name]);
    }
    run_ok(&file, &["reserve", "1", "--customer", "kim"]);
    assert_eq!(run_ok(&file, &["message", "list"]).trim(), "[]");
    assert_eq!(run(&file, &["reserve", "1", "--customer", "lee"]).status.code(), Some(4));
    for name in ["storage", "message", "view"] {
        run_ok(&file, &["consumer", "resume", name]);
    }
    run_ok(&file, &["consumer", "run"]);
    let messages: Vec<serde_json::Value> = serde_json::from_str(&run_ok(&file, &["message", "list"])).unwrap();
    assert_eq!(messages.len(), 1);
    assert!(run_ok(&file, &["storage", "show", "1"]).contains(r#""storageStatus":"reserved""#));
    run_ok(&file, &["verify"]);
}

#[test]
fn a_replay_of_a_paused_consumer_waits_for_its_resumption() {
    let site = Site::new(Kept::Memory);
    let storage = site.storage(1);
    let manager = Caller::manager();
    site.app.pause(&manager, "view").unwrap();
    let row = site.app.replay(&manager, "view").unwrap();
    assert_eq!(row.cursor, Sequence::ZERO);
    assert!(site.app.view(storage).is_err());
    site.app.resume(&manager, "view").unwrap();
    site.rest();
    assert!(site.app.view(storage).is_ok());
}

#[test]
fn a_consumer_that_is_none_is_not_found() {
    let site = Site::new(Kept::Memory);
    for result in [
        site.app.pause(&Caller::manager(), "nobody").map_err(Error::from),
        site.app.resume(&Caller::manager(), "nobody").map_err(Error::from),
        site.app.replay(&Caller::manager(), "nobody"),
    ] {
        assert_eq!(result.unwrap_err().kind(), Kind::NotFound);
    }
}
