//! The eight functional requirements of the system we succeed, and what it did wrong: a named test for each.

use storagerent::payment::Behaviour;
use storagerent::*;
use storagerent_tests::{Kept, Site, customer, day};

fn rate(won: i64) -> Rate {
    Rate::flat(Money::krw(won)).unwrap()
}

#[test]
fn requirement_1_a_manager_registers_modifies_and_deletes_storages() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let manager = Caller::manager();
        let command = RegisterStorage { description: "BigStorage".parse().unwrap(), rate: rate(200_000) };
        let row = site.app.register(&manager, command.clone()).unwrap();
        assert_eq!((row.storage_id, row.storage_status), (StorageId::new(1), StorageStatus::Available));

        let change = ModifyStorage { price: Some(Money::krw(210_000)), ..ModifyStorage::new(row.storage_id) };
        assert_eq!(site.app.modify(&manager, change).unwrap().rate.price(), Money::krw(210_000));

        site.app.delete(&manager, DeleteStorage { storage_id: row.storage_id }).unwrap();
        assert!(site.app.storage(row.storage_id).is_err());
        assert!(site.app.view(row.storage_id).is_err(), "its view row is gone");
        let refused = site.app.register(&customer("kim"), command).unwrap_err();
        assert_eq!(refused.kind(), Kind::NotAllowed);
        site.assert_clean();
    }
}

#[test]
fn requirement_2_and_3_a_customer_reserves_and_pays_in_the_same_step() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(200_000);
        let row = site.reserve("kim", Reserve::new(storage).at_price(200_000));
        assert_eq!(row.reservation_status, ReservationStatus::Reserved);
        let payment = site.app.payment(row.booking.payment_id).unwrap();
        assert_eq!((payment.payment_status, payment.price), (PaymentStatus::Paid, Money::krw(200_000)));
        assert_eq!(site.gateway.entries().len(), 1, "the gateway's own books agree");
        assert_eq!(site.app.storage(storage).unwrap().storage_status, StorageStatus::Reserved);
        site.assert_clean();
    }
}

#[test]
fn requirement_4_the_details_of_a_reservation_are_sent() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(200_000);
        let row = site.reserve("kim", Reserve::new(storage));
        let messages = site.app.messages(&MessageFilter::default(), Page::default()).unwrap();
        assert_eq!(messages.len(), 1, "a default reserve gives exactly one");
        assert_eq!(messages[0].kind, "ReservationConfirmed");
        assert_eq!(messages[0].reservation_id, row.booking.reservation_id);
        assert!(messages[0].content.contains("200,000 KRW"), "{}", messages[0].content);
    }
}

#[test]
fn requirement_5_and_6_a_customer_cancels_and_is_told() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(200_000);
        let row = site.reserve("kim", Reserve::new(storage));
        let cancel = CancelReservation { reservation_id: row.booking.reservation_id };
        let asked = site.app.cancel(&customer("kim"), cancel).unwrap();
        assert_eq!(asked.reservation_status, ReservationStatus::ReqCancel);
        site.rest();
        let row = site.app.reservation(row.booking.reservation_id).unwrap();
        assert_eq!(row.reservation_status, ReservationStatus::Cancelled);
        assert_eq!(site.app.payment(row.booking.payment_id).unwrap().payment_status, PaymentStatus::Cancelled);
        assert_eq!(site.app.storage(storage).unwrap().storage_status, StorageStatus::Available);
        let (_, captured, refunded) = site.gateway.entries()[0];
        assert_eq!(captured, refunded);
        let kinds: Vec<_> = site
            .app
            .messages(&MessageFilter::default(), Page::default())
            .unwrap()
            .into_iter()
            .map(|m| m.kind)
            .collect();
        assert_eq!(kinds, ["ReservationConfirmed", "ReservationCancelRequested", "ReservationCancelled"]);
        assert_eq!(
            site.app.cancel(&customer("kim"), cancel).unwrap().reservation_status,
            ReservationStatus::Cancelled,
            "repeated, it is no error"
        );
        site.assert_clean();
    }
}

#[test]
fn requirement_7_everything_rented_and_its_state_is_on_one_screen() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let (free, taken) = (site.storage(1), site.storage(2));
        let row = site.reserve("kim", Reserve::new(taken));
        let rows = site.app.views(&ViewFilter::default(), Page::default()).unwrap();
        assert_eq!(rows.iter().map(|r| r.storage_id).collect::<Vec<_>>(), [free, taken]);
        assert_eq!(rows[0].reservation_id, None);
        assert_eq!(rows[1].storage_status, StorageStatus::Reserved);
        assert_eq!(rows[1].reservation_id, Some(row.booking.reservation_id));
        assert_eq!(rows[1].reservation_status, Some(ReservationStatus::Reserved));
        assert_eq!(rows[1].payment_status, Some(PaymentStatus::Paid));
        let only = ViewFilter { status: Some(StorageStatus::Available) };
        assert_eq!(site.app.views(&only, Page::default()).unwrap().len(), 1);
    }
}

#[test]
fn requirement_8_what_was_reserved_is_reviewed() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1);
        for (who, rate) in [("kim", 5), ("lee", 4)] {
            let row = site.reserve(who, Reserve::new(storage).until(site.today() + chrono::Days::new(1)));
            let review = AddReview {
                reservation_id: row.booking.reservation_id,
                rate: Stars::new(rate).unwrap(),
                content: "좋아요".parse().unwrap(),
            };
            site.app.add_review(&customer(who), review).unwrap();
            site.clock.advance_days(1);
            site.rest();
        }
        let row = site.app.storage(storage).unwrap();
        assert_eq!((row.review_cnt, row.rating.map(|r| r.to_string()).as_deref()), (2, Some("4.5")));
        assert_eq!(site.app.view(storage).unwrap().review_cnt, 2);
        site.assert_clean();
    }
}

#[test]
fn wrong_1_two_customers_never_get_the_same_storage() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1);
        site.app.pause(&Caller::manager(), "storage").unwrap();
        site.reserve("kim", Reserve::new(storage));
        assert_eq!(site.app.storage(storage).unwrap().storage_status, StorageStatus::Available, "the event is late");
        let refused = site.app.reserve(&customer("lee"), Reserve::new(storage)).unwrap_err();
        assert!(matches!(refused, ReservationError::Taken { .. }), "{refused}");
    }
}

#[test]
fn wrong_2_a_refused_reservation_does_not_stay_as_a_request() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1);
        site.reserve("kim", Reserve::new(storage));
        site.app.reserve(&customer("lee"), Reserve::new(storage)).unwrap_err();
        let all = site.app.reservations(&ReservationFilter::default(), Page::default()).unwrap();
        assert_eq!(all.len(), 1, "nothing is written of a refusal");

        let other = site.storage(1);
        site.gateway.set_behaviour(Behaviour::Decline);
        let declined = site.app.reserve(&customer("lee"), Reserve::new(other)).unwrap_err();
        assert_eq!(declined.kind(), Kind::Declined);
        let filter = ReservationFilter { status: Some(ReservationStatus::ReqReserve), ..Default::default() };
        assert!(site.app.reservations(&filter, Page::default()).unwrap().is_empty());
        site.gateway.set_behaviour(Behaviour::Approve);
        site.reserve("park", Reserve::new(other));
    }
}

#[test]
fn wrong_3_the_server_names_the_price_not_the_client() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(200_000);
        let refused = site.app.reserve(&customer("kim"), Reserve::new(storage).at_price(1)).unwrap_err();
        assert!(matches!(refused, ReservationError::PriceChanged { .. }), "{refused}");
        assert_eq!(site.gateway.calls().charges, 0);
        let row = site.reserve("kim", Reserve::new(storage));
        assert_eq!(row.booking.price, Money::krw(200_000));
    }
}

#[test]
fn wrong_4_events_exist_exactly_for_what_was_committed() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1);
        site.reserve("kim", Reserve::new(storage));
        let before = site.events().len() as u64;
        site.app.reserve(&customer("lee"), Reserve::new(storage)).unwrap_err();
        assert!(site.event_types_after(before).is_empty(), "a rollback sends nothing");
        let sequences: Vec<_> = site.events().iter().map(|e| e.sequence.get()).collect();
        assert_eq!(sequences, (1..=before).collect::<Vec<_>>(), "gapless");
        site.assert_clean();
    }
}

#[test]
fn wrong_5_a_redelivery_counts_nothing_twice() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1);
        let row = site.reserve("kim", Reserve::new(storage));
        let review = AddReview {
            reservation_id: row.booking.reservation_id,
            rate: Stars::new(5).unwrap(),
            content: "좋아요".parse().unwrap(),
        };
        site.app.add_review(&customer("kim"), review).unwrap();
        site.rest();
        let (events, messages) =
            (site.events().len(), site.app.messages(&MessageFilter::default(), Page::default()).unwrap());
        for name in ["storage", "payment", "message", "view"] {
            site.app.replay(&Caller::manager(), name).unwrap();
        }
        site.rest();
        assert_eq!(site.events().len(), events);
        assert_eq!(site.app.messages(&MessageFilter::default(), Page::default()).unwrap(), messages);
        assert_eq!(site.app.storage(storage).unwrap().review_cnt, 1);
        site.assert_clean();
    }
}

#[test]
fn wrong_6_only_a_refund_announces_payment_cancelled_and_a_cancel_cannot_overtake_the_payment() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1);
        site.gateway.set_behaviour(Behaviour::LostReply);
        let unknown = site.app.reserve(&customer("kim"), Reserve::new(storage)).unwrap_err();
        let ReservationError::OutcomeUnknown { reservation, .. } = unknown else { panic!("{unknown}") };
        let cancel = CancelReservation { reservation_id: reservation.booking.reservation_id };
        let refused = site.app.cancel(&customer("kim"), cancel).unwrap_err();
        assert!(matches!(refused, ReservationError::PaymentPending { .. }), "{refused}");
        site.rest();
        assert_eq!(
            site.app.reservation(cancel.reservation_id).unwrap().reservation_status,
            ReservationStatus::Reserved
        );
        let cancelled =
            |site: &Site| site.events().iter().filter(|e| e.event.event_type() == "PaymentCancelled").count();
        assert_eq!(cancelled(&site), 0);
        site.app.cancel(&customer("kim"), cancel).unwrap();
        site.rest();
        assert_eq!(cancelled(&site), 1);
    }
}

#[test]
fn wrong_7_only_the_customer_reviews_a_reserved_storage_is_not_deleted_an_unknown_id_is_not_found() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1);
        let row = site.reserve("kim", Reserve::new(storage));
        let review = AddReview {
            reservation_id: row.booking.reservation_id,
            rate: Stars::new(1).unwrap(),
            content: "나빠요".parse().unwrap(),
        };
        assert_eq!(site.app.add_review(&customer("lee"), review.clone()).unwrap_err().kind(), Kind::NotAllowed);
        assert_eq!(site.app.add_review(&Caller::manager(), review.clone()).unwrap_err().kind(), Kind::NotAllowed);
        let nothing = AddReview { reservation_id: ReservationId::new(99), ..review };
        assert_eq!(site.app.add_review(&customer("kim"), nothing).unwrap_err().kind(), Kind::NotFound);

        let refused = site.app.delete(&Caller::manager(), DeleteStorage { storage_id: storage }).unwrap_err();
        assert!(matches!(refused, StorageError::HasBookings { .. }), "{refused}");
        let future = site.storage(1);
        site.reserve("kim", Reserve::new(future).from(day("2027-05-01")));
        assert!(site.app.delete(&Caller::manager(), DeleteStorage { storage_id: future }).is_err(), "one to come");

        let nowhere = u64::MAX;
        assert_eq!(site.app.storage(nowhere.into()).unwrap_err().kind(), Kind::NotFound);
        assert_eq!(site.app.reservation(nowhere.into()).unwrap_err().kind(), Kind::NotFound);
        assert_eq!(site.app.payment(nowhere.into()).unwrap_err().kind(), Kind::NotFound);
        assert_eq!(site.app.view(nowhere.into()).unwrap_err().kind(), Kind::NotFound);
        let cancel = CancelReservation { reservation_id: nowhere.into() };
        assert_eq!(site.app.cancel(&customer("kim"), cancel).unwrap_err().kind(), Kind::NotFound);
        assert_eq!(
            site.app.reserve(&customer("kim"), Reserve::new(nowhere.into())).unwrap_err().kind(),
            Kind::NotFound
        );
    }
}

#[test]
fn wrong_8_with_the_payment_service_down_the_answer_is_a_kind_one_and_nothing_is_held() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1);
        site.gateway.set_behaviour(Behaviour::Down);
        let refused = site.app.reserve(&customer("kim"), Reserve::new(storage)).unwrap_err();
        assert!(matches!(refused, ReservationError::PaymentUnavailable { .. }), "{refused}");
        assert!(refused.retry_after().is_some());
        site.gateway.set_behaviour(Behaviour::Approve);
        site.reserve("lee", Reserve::new(storage));
        site.assert_clean();
    }
}

#[test]
fn wrong_9_a_customer_touches_only_their_own() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1);
        let id = site.reserve("kim", Reserve::new(storage)).booking.reservation_id;
        let (lee, kim) = (customer("lee"), customer("kim"));
        let cancel = CancelReservation { reservation_id: id };
        let end = EndRental { reservation_id: id, on: None };
        assert_eq!(site.app.cancel(&lee, cancel).unwrap_err().kind(), Kind::NotAllowed);
        assert_eq!(site.app.end(&lee, end).unwrap_err().kind(), Kind::NotAllowed);
        assert_eq!(site.app.pause(&lee, "message").unwrap_err().kind(), Kind::NotAllowed);
        assert_eq!(site.app.set(&kim, "holdMinutes", "1").unwrap_err().kind(), Kind::NotAllowed);
        site.app.end(&kim, end).unwrap();
        site.app.cancel(&Caller::manager(), cancel).unwrap();
    }
}
