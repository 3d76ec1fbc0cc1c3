use super::*;
use crate::shared::{Money, Per};

fn storage() -> Storage {
    let command = RegisterStorage {
        description: Description::new("강남 소형 1평").unwrap(),
        rate: Rate::flat(Money::krw(59_000)).unwrap(),
    };
    Storage::register(StorageId::new(1), command).0
}

#[test]
fn modifying_changes_only_what_is_given() {
    let mut storage = storage();
    let command = ModifyStorage { price: Some(Money::krw(60_000)), ..ModifyStorage::new(StorageId::new(1)) };
    assert!(storage.modify(&command).unwrap().is_some());
    assert_eq!(storage.row().rate.price(), Money::krw(60_000));
    assert_eq!(storage.row().description.as_str(), "강남 소형 1평");
    assert_eq!(storage.row().version, Version::new(2));
}

#[test]
fn modifying_to_the_same_raises_nothing() {
    let mut storage = storage();
    let command = ModifyStorage { per: Some(Per::Rental), ..ModifyStorage::new(StorageId::new(1)) };
    assert_eq!(storage.modify(&command).unwrap(), None);
    assert_eq!(storage.row().version, Version::new(1));
}

#[test]
fn a_price_of_nothing_or_in_another_currency_is_refused() {
    let mut storage = storage();
    for price in [Money::krw(0), Money::new(10, crate::shared::Currency::USD)] {
        let command = ModifyStorage { price: Some(price), ..ModifyStorage::new(StorageId::new(1)) };
        assert!(storage.modify(&command).is_err());
    }
    assert_eq!(storage.row().version, Version::new(1));
}

#[test]
fn only_the_occupant_releases_a_storage() {
    let (a, b) = (ReservationId::new(1), ReservationId::new(2));
    let mut storage = storage();
    assert!(storage.occupy(a).is_some());
    assert!(storage.occupy(a).is_none(), "a redelivery changes nothing");
    assert!(storage.release(b).is_none());
    assert_eq!(storage.row().storage_status, StorageStatus::Reserved);
    assert!(storage.occupy(b).is_some(), "the occupant changed");
    assert!(storage.release(a).is_none());
    assert!(storage.release(b).is_some());
    assert_eq!(storage.row().storage_status, StorageStatus::Available);
}

#[test]
fn a_deleted_storage_does_not_exist() {
    let mut storage = storage();
    storage.delete();
    let row = storage.row().clone();
    assert!(matches!(Storage::load(row.storage_id, Some(row)), Err(StorageError::NotFound { .. })));
}

#[test]
fn an_average_is_rounded_half_up_to_one_decimal() {
    let average = |sum, count| Rating::average(sum, count).map(|r| r.to_string());
    assert_eq!(average(9, 2).as_deref(), Some("4.5"));
    assert_eq!(average(14, 3).as_deref(), Some("4.7"));
    assert_eq!(average(17, 4).as_deref(), Some("4.3"), "4.25 is rounded up");
    assert_eq!(average(5, 1).as_deref(), Some("5.0"));
    assert_eq!(average(0, 0), None);
    assert_eq!(serde_json::to_string(&Rating::average(5, 1)).unwrap(), "5.0");
    assert_eq!(serde_json::from_str::<Rating>("4.3").unwrap().tenths(), 43);
    assert!(serde_json::from_str::<Rating>("0.9").is_err());
    assert!(Rating::from_tenths(51).is_none());
}

#[test]
fn the_words_of_a_status_read_back() {
    for status in [StorageStatus::Available, StorageStatus::Reserved] {
        assert_eq!(StorageStatus::parse(status.as_str()), Some(status));
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
    assert_eq!(StorageStatus::parse("free"), None);
}

#[test]
fn a_rating_lies_between_1_and_5_and_survives_its_json() {
    for tenths in 0..=u8::MAX {
        let rating = Rating::from_tenths(tenths);
        assert_eq!(rating.is_some(), (10..=50).contains(&tenths), "{tenths}");
        if let Some(rating) = rating {
            let json = serde_json::to_string(&rating).unwrap();
            assert_eq!(json, rating.to_string());
            assert_eq!(serde_json::from_str::<Rating>(&json).unwrap(), rating);
        }
    }
    for bad in ["5.05", "4.35", "-1.0", "\"4\""] {
        assert!(serde_json::from_str::<Rating>(bad).is_err(), "{bad}");
    }
}

#[test]
fn everything_a_modification_gives_is_taken_over() {
    let mut storage = storage();
    let command = ModifyStorage {
        description: Some(Description::new("역삼 2평").unwrap()),
        price: Some(Money::krw(1)),
        per: Some(Per::Day),
        withdrawn: Some(true),
        ..ModifyStorage::new(StorageId::new(1))
    };
    storage.modify(&command).unwrap().unwrap();
    let row = storage.row();
    assert_eq!((row.description.as_str(), row.withdrawn), ("역삼 2평", true));
    assert_eq!(row.rate, Rate::new(Money::krw(1), Per::Day).unwrap());
    let back = ModifyStorage { withdrawn: Some(false), ..ModifyStorage::new(StorageId::new(1)) };
    storage.modify(&back).unwrap().unwrap();
    assert!(!storage.row().withdrawn);
    assert_eq!(storage.row().rate.per(), Per::Day);
}

#[test]
fn reviews_are_taken_over_once() {
    let mut storage = storage();
    assert!(storage.take_reviews(2, Rating::average(9, 2)).is_some());
    assert_eq!((storage.row().review_cnt, storage.row().rating), (2, Rating::average(9, 2)));
    assert_eq!(storage.take_reviews(2, Rating::average(9, 2)), None, "nothing differs");
    assert!(storage.take_reviews(0, None).is_some());
    assert_eq!((storage.row().review_cnt, storage.row().rating), (0, None));
}

#[test]
fn a_storage_told_again_by_its_events_is_the_same() {
    let command = RegisterStorage {
        description: Description::new("강남").unwrap(),
        rate: Rate::flat(Money::krw(59_000)).unwrap(),
    };
    let (mut storage, registered) = Storage::register(StorageId::new(1), command);
    let mut events = vec![registered];
    let change = ModifyStorage { withdrawn: Some(true), ..ModifyStorage::new(StorageId::new(1)) };
    events.extend(storage.modify(&change).unwrap());
    events.extend(storage.take_reviews(1, Rating::average(5, 1)));
    events.extend(storage.occupy(ReservationId::new(4)));
    events.extend(storage.release(ReservationId::new(4)));
    events.extend(storage.occupy(ReservationId::new(5)));
    events.push(storage.delete());
    assert_eq!(events.len(), 7);
    let mut row = self::storage().row().clone();
    events.iter().for_each(|event| row.apply(event));
    assert_eq!(&row, storage.row());
}

#[test]
fn whoever_has_another_version_in_mind_is_refused() {
    let storage = storage();
    let version = storage.row().version;
    assert_eq!(storage.must_be_in(None), Ok(()));
    assert_eq!(storage.must_be_in(Some(version)), Ok(()));
    let refused = storage.must_be_in(Some(version.next())).unwrap_err();
    assert!(matches!(refused, StorageError::Changed { expected, found, .. } if expected != found && found == version));
    assert_eq!((refused.kind(), refused.code()), (crate::shared::Kind::Conflict, "storageChanged"));
}
