//! Payment gateways of one's own: which of them a site lets near its payments, and what becomes of one that breaks.

use std::sync::Arc;
use std::time::Duration;

use storagerent::*;
use storagerent_tests::{Kept, Site, customer};

use crate::subscribers::panics;

/// Another payment service, which nobody is to ask.
pub(crate) struct Acme;
impl PaymentGateway for Acme {
    fn name(&self) -> &str {
        "acme"
    }
    fn charge(&self, _: &Charge, _: Duration) -> Outcome {
        panic!("it is not asked")
    }
    fn void(&self, _: &Charge, _: Duration) -> Outcome {
        panic!("it is not asked")
    }
    fn refund(&self, _: &Charge, _: Duration) -> Outcome {
        panic!("it is not asked")
    }
}

#[test]
fn another_gateway_is_not_let_near_a_sites_payments() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        assert_eq!(site.app.settings().unwrap().gateway, "simulated");
        let refused = storagerent::over(Arc::clone(&site.store), Options::new(Acme)).unwrap_err();
        assert!(matches!(refused, Error::Operation(OperationError::OtherGateway { .. })), "{refused}");
        storagerent::over(Arc::clone(&site.store), Options::without_gateway()).unwrap();
        let cleared = site.app.set(&Caller::manager(), "gateway", " ").unwrap_err();
        assert!(matches!(cleared, OperationError::Invalid(_)), "{cleared}");
        assert_eq!(site.app.settings().unwrap().gateway, "simulated");
        site.app.set(&Caller::manager(), "gateway", "acme").unwrap();
        storagerent::over(Arc::clone(&site.store), Options::new(Acme)).unwrap();
    }
}

#[test]
fn a_site_begun_without_a_gateway_keeps_the_name_of_the_first_that_comes() {
    let store: Arc<dyn ports::Store> = Arc::new(sqlite::SqliteStore::in_memory().unwrap());
    let app = storagerent::over(Arc::clone(&store), Options::without_gateway()).unwrap();
    assert_eq!(app.settings().unwrap().gateway, "");
    let gateway = payment::SimulatedGateway::in_memory(payment::Behaviour::Approve);
    let app = storagerent::over(store, Options::new(gateway)).unwrap();
    assert_eq!(app.settings().unwrap().gateway, "simulated");
}

#[test]
fn payments_that_a_host_took_itself_are_not_let_near_a_gateway_of_another_name() {
    let store: Arc<dyn ports::Store> = Arc::new(sqlite::SqliteStore::in_memory().unwrap());
    let host = storagerent::over(Arc::clone(&store), Options::without_gateway()).unwrap();
    let rate = Rate::flat(Money::krw(59_000)).unwrap();
    let register = RegisterStorage { description: Description::new("a").unwrap(), rate };
    let storage = host.register(&Caller::manager(), register).unwrap();
    host.reserve(&customer("kim"), Reserve::new(storage.storage_id)).unwrap();
    let simulated = || Options::new(payment::SimulatedGateway::in_memory(payment::Behaviour::Approve));
    let refused = storagerent::over(Arc::clone(&store), simulated()).unwrap_err();
    assert!(matches!(refused, Error::Operation(OperationError::OtherGateway { .. })), "{refused}");
    assert_eq!(host.settings().unwrap().gateway, "");
    host.set(&Caller::manager(), "gateway", "simulated").unwrap();
    storagerent::over(store, simulated()).unwrap();
}

#[test]
fn a_site_given_to_another_gateway_while_it_runs_is_charged_and_refunded_by_that_one_alone() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let (first, second) = (site.storage(1), site.storage(2));
        let row = site.reserve("kim", Reserve::new(first));
        let name = |name| site.app.set(&Caller::manager(), "gateway", name).unwrap();
        name("acme");
        let refused = site.app.reserve(&customer("lee"), Reserve::new(second)).unwrap_err();
        assert!(matches!(refused, ReservationError::PaymentUnavailable { .. }), "{refused}");
        let reservation_id = row.booking.reservation_id;
        site.app.cancel(&customer("kim"), CancelReservation { reservation_id }).unwrap();
        site.app.run_due().unwrap();
        let status = || site.app.reservation(reservation_id).unwrap().reservation_status;
        assert_eq!(status(), ReservationStatus::ReqCancel, "the refund waits for the gateway that has the money");
        name("simulated");
        site.app.run_due().unwrap();
        assert_eq!(status(), ReservationStatus::Cancelled);
        site.reserve("lee", Reserve::new(second));
    }
}

#[test]
fn a_gateway_that_panics_has_perhaps_taken_the_money() {
    struct Frail;
    impl PaymentGateway for Frail {
        fn charge(&self, _: &Charge, _: Duration) -> Outcome {
            panics()
        }
        fn void(&self, _: &Charge, _: Duration) -> Outcome {
            Outcome::NotTaken { reason: "never heard\nof it".to_owned() }
        }
        fn refund(&self, _: &Charge, _: Duration) -> Outcome {
            panics()
        }
    }
    let app = storagerent::in_memory(Frail).unwrap();
    let rate = Rate::flat(Money::krw(59_000)).unwrap();
    let register = RegisterStorage { description: Description::new("a").unwrap(), rate };
    let storage = app.register(&Caller::manager(), register).unwrap();
    let unknown = app.reserve(&customer("kim"), Reserve::new(storage.storage_id)).unwrap_err();
    assert!(matches!(unknown, ReservationError::OutcomeUnknown { .. }), "{unknown}");
    app.settle().unwrap();
    app.run_effects(10).unwrap();
    assert_eq!(app.reservation(1.into()).unwrap().reservation_status, ReservationStatus::Rejected);
}

/// Takes all money, each time after something else has happened.
struct Slow<F> {
    meanwhile: F,
    said: fn(u64) -> Outcome,
}

impl<F: Fn(u64) + Send + Sync + 'static> PaymentGateway for Slow<F> {
    fn name(&self) -> &str {
        "simulated"
    }
    fn charge(&self, charge: &Charge, _: Duration) -> Outcome {
        (self.meanwhile)(charge.reservation_id.get());
        (self.said)(charge.reservation_id.get())
    }
    fn void(&self, _: &Charge, _: Duration) -> Outcome {
        Outcome::NotTaken { reason: "it never came".to_owned() }
    }
    fn refund(&self, _: &Charge, _: Duration) -> Outcome {
        Outcome::Refunded
    }
}

#[test]
fn of_many_reserved_at_once_none_waits_for_the_last_charge_and_none_loses_its_turn() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let other = site.another_app(|options| options);
        let clock = site.clock.clone();
        let meanwhile = move |id| {
            clock.advance(Duration::from_secs(1));
            // A lease is over after 20 seconds; another process then asks what became of the charge.
            assert_eq!(other.settle().unwrap().asked, 0, "at the charge of {id}");
            let first = other.reservation(ReservationId::new(1)).unwrap();
            assert_eq!(first.reservation_status == ReservationStatus::Reserved, id > 1, "at the charge of {id}");
        };
        let options = Options::new(Slow { meanwhile, said: |_| Outcome::Captured }).clock(site.clock.clone());
        let app = storagerent::over(Arc::clone(&site.store), options).unwrap();
        let wanted = (0..40).map(|_| (customer("kim"), Reserve::new(site.storage(1_000)))).collect();
        for answer in app.reserve_all(wanted) {
            assert_eq!(answer.unwrap().reservation_status, ReservationStatus::Reserved);
        }
        site.assert_clean();
    }
}

#[test]
fn whose_hold_lapses_before_the_gateway_declines_is_told_that_it_declined() {
    let said = |id| match id {
        1 => Outcome::Declined { reason: "no funds".to_owned() },
        2 => Outcome::NotTaken { reason: "it was not sent".to_owned() },
        _ => Outcome::Captured,
    };
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let (other, clock) = (site.another_app(|options| options), site.clock.clone());
        let meanwhile = move |_| {
            clock.advance(Duration::from_secs(11 * 60));
            assert_eq!(other.tick().unwrap().expired, 1);
        };
        let options = Options::new(Slow { meanwhile, said }).clock(site.clock.clone());
        let app = storagerent::over(Arc::clone(&site.store), options).unwrap();
        let codes = [(); 3].map(|()| app.reserve(&customer("kim"), Reserve::new(site.storage(1_000))).unwrap_err());
        assert_eq!(codes.map(|refused| refused.code()), ["paymentDeclined", "paymentUnavailable", "holdLapsed"]);
        site.rest();
    }
}
