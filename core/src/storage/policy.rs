//! What may be done to a storage, and what its consumer makes of other contexts' events.

use super::{Storage, StorageError};
use crate::event::Event;
use crate::reservation::ReservationEvent;
use crate::shared::{Caller, NotAllowed, ReservationId, StorageId};

/// Only the manager registers, modifies and deletes storages.
pub(crate) fn manager_only(caller: &Caller) -> Result<(), NotAllowed> {
    if caller.is_manager() {
        Ok(())
    } else {
        Err(NotAllowed { reason: "only the manager may do this", reason_ko: "관리자만 할 수 있습니다" })
    }
}

/// A storage with anything live or to come cannot be deleted; `live` is the answer of the `Bookings` port.
pub(crate) fn may_delete(storage: &Storage, live: Option<ReservationId>) -> Result<(), StorageError> {
    match live {
        Some(reservation_id) => Err(StorageError::HasBookings { storage_id: storage.row().storage_id, reservation_id }),
        None => Ok(()),
    }
}

/// What the storage consumer does about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// The reservation begins to occupy the storage.
    Occupy(StorageId, ReservationId),
    /// The reservation leaves the storage, if it is the one that occupies it.
    Release(StorageId, ReservationId),
    /// The reviews of the storage changed: count them anew.
    CountReviews(StorageId),
}

/// Decides what an event means for the storage; most mean nothing.
///
/// The status is a pure function of events: `reserved` from `ReservationConfirmed` with `started`, or `RentalStarted`, to
/// `RentalEnded` or `ReservationCancelled` of the reservation that occupies it.
pub fn react(event: &Event) -> Option<Reaction> {
    match event {
        Event::Reservation(ReservationEvent::ReservationConfirmed(e)) if e.started => {
            Some(Reaction::Occupy(e.booking.storage_id, e.booking.reservation_id))
        }
        Event::Reservation(ReservationEvent::RentalStarted(e)) => {
            Some(Reaction::Occupy(e.booking.storage_id, e.booking.reservation_id))
        }
        Event::Reservation(ReservationEvent::RentalEnded(e)) => {
            Some(Reaction::Release(e.booking.storage_id, e.booking.reservation_id))
        }
        Event::Reservation(ReservationEvent::ReservationCancelled(e)) => {
            Some(Reaction::Release(e.booking.storage_id, e.booking.reservation_id))
        }
        Event::Review(e) => Some(Reaction::CountReviews(e.storage_id())),
        Event::Reservation(
            ReservationEvent::ReservationConfirmed(_)
            | ReservationEvent::ReservationCreated(_)
            | ReservationEvent::ReservationRejected(_)
            | ReservationEvent::ReservationExpired(_)
            | ReservationEvent::ReservationCancelRequested(_)
            | ReservationEvent::RentalEndSet(_),
        )
        | Event::Storage(_)
        | Event::Payment(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::{booking, every_event};
    use crate::shared::{CustomerId, Description, Money, Rate};
    use crate::storage::RegisterStorage;

    #[test]
    fn only_the_manager_and_the_system_manage_storages() {
        assert_eq!(manager_only(&Caller::manager()), Ok(()));
        assert_eq!(manager_only(&Caller::system()), Ok(()));
        assert!(manager_only(&Caller::customer(CustomerId::new("kim").unwrap())).is_err());
    }

    #[test]
    fn a_storage_with_a_booking_is_not_deleted() {
        let description = Description::new("강남").unwrap();
        let rate = Rate::flat(Money::krw(1)).unwrap();
        let (storage, _) = Storage::register(StorageId::new(1), RegisterStorage { description, rate });
        assert_eq!(may_delete(&storage, None), Ok(()));
        let (storage_id, reservation_id) = (StorageId::new(1), ReservationId::new(4));
        let refused = may_delete(&storage, Some(reservation_id));
        assert_eq!(refused, Err(StorageError::HasBookings { storage_id, reservation_id }));
    }

    #[test]
    fn a_storage_is_occupied_from_the_start_of_a_rental_to_its_end_and_recounted_for_reviews() {
        let (storage, reservation) = (booking().storage_id, booking().reservation_id);
        for event in every_event() {
            let expected = match (event.event_type(), &event) {
                ("ReservationConfirmed", Event::Reservation(ReservationEvent::ReservationConfirmed(e))) => {
                    e.started.then_some(Reaction::Occupy(storage, reservation))
                }
                ("RentalStarted", _) => Some(Reaction::Occupy(storage, reservation)),
                ("RentalEnded" | "ReservationCancelled", _) => Some(Reaction::Release(storage, reservation)),
                ("ReviewCreated" | "ReviewModified" | "ReviewDeleted", _) => Some(Reaction::CountReviews(storage)),
                _ => None,
            };
            assert_eq!(react(&event), expected, "{event:?}");
        }
    }
}
