//! Ten thousand real bookings, played through the library in the order they were made.

use std::collections::BTreeMap;

use storagerent::chrono::{Days, NaiveDate};
use storagerent::*;
use storagerent_tests::{Kept, Site, customer, data, day, noon};

struct Booking {
    booked_on: NaiveDate,
    class: String,
    from: NaiveDate,
    until: NaiveDate,
    cancelled_on: Option<NaiveDate>,
}

fn read() -> Vec<Booking> {
    let mut reader = csv::Reader::from_path(data("bookings.csv")).unwrap();
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            Booking {
                booked_on: day(&record[0]),
                class: record[1].to_owned(),
                from: day(&record[2]),
                until: day(&record[3]),
                cancelled_on: (!record[5].is_empty()).then(|| day(&record[5])),
            }
        })
        .collect()
}

/// Of each day of 2016, how many of the bookings not cancelled lie on it: counted from the CSV alone.
fn occupancy_by_the_file(bookings: &[Booking]) -> BTreeMap<NaiveDate, usize> {
    let mut count = BTreeMap::new();
    for booking in bookings.iter().filter(|b| b.cancelled_on.is_none()) {
        let mut at = booking.from;
        while at < booking.until {
            *count.entry(at).or_insert(0) += 1;
            at = at + Days::new(1);
        }
    }
    count
}

struct Player {
    site: Site,
    classes: BTreeMap<String, Vec<StorageId>>,
    reserved: BTreeMap<usize, ReservationId>,
    refused: usize,
}

impl Player {
    fn book(&mut self, n: usize, booking: &Booking) {
        let free = self.first_free(booking);
        let storage = free.unwrap_or_else(|| {
            let id = self.site.storage(59_000);
            self.classes.entry(booking.class.clone()).or_default().push(id);
            id
        });
        let command = Reserve::new(storage).from(booking.from).until(booking.until);
        match self.site.app.reserve(&customer(&format!("guest-{n}")), command) {
            Ok(row) => {
                self.reserved.insert(n, row.booking.reservation_id);
            }
            Err(_) => self.refused += 1,
        }
    }

    fn first_free(&self, booking: &Booking) -> Option<StorageId> {
        let mine = self.classes.get(&booking.class)?;
        let free = self.site.app.available(Some(booking.from), Some(booking.until), None, Page::default()).unwrap();
        free.into_iter().map(|a| a.storage.storage_id).find(|id| mine.contains(id))
    }

    fn cancel(&mut self, n: usize) {
        let Some(id) = self.reserved.get(&n) else { return };
        self.site.app.cancel(&customer(&format!("guest-{n}")), CancelReservation { reservation_id: *id }).unwrap();
        self.site.app.run_effects(10).unwrap();
    }
}

#[test]
fn real_bookings_are_all_taken_and_the_occupancy_is_that_of_the_file() {
    // On disk it is a long run; see tests/long.sh.
    let kept = if std::env::var_os("STORAGERENT_LONG").is_some() { Kept::File } else { Kept::Memory };
    let bookings = read();
    let mut by_day: BTreeMap<NaiveDate, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (n, booking) in bookings.iter().enumerate() {
        by_day.entry(booking.booked_on).or_default().0.push(n);
        if let Some(on) = booking.cancelled_on {
            by_day.entry(on).or_default().1.push(n);
        }
    }
    let mut player = Player { site: Site::new(kept), classes: BTreeMap::new(), reserved: BTreeMap::new(), refused: 0 };
    for (today, (booked, cancels)) in &by_day {
        player.site.clock.set(noon(&today.to_string()));
        player.site.app.tick().unwrap();
        booked.iter().for_each(|n| player.book(*n, &bookings[*n]));
        cancels.iter().for_each(|n| player.cancel(*n));
    }
    player.site.rest();
    assert_eq!(player.refused, 0, "none is refused");
    assert_eq!(player.reserved.len(), 9_920);
    player.site.assert_clean();

    let by_file = occupancy_by_the_file(&bookings);
    let mut by_engine: BTreeMap<NaiveDate, usize> = BTreeMap::new();
    for row in player.site.app.reservations(&ReservationFilter::default(), Page::default()).unwrap() {
        let stands = matches!(row.reservation_status, ReservationStatus::Reserved | ReservationStatus::Completed);
        if stands {
            let mut at = row.booking.period.from();
            while Some(at) != row.booking.period.until() {
                *by_engine.entry(at).or_default() += 1;
                at = at + Days::new(1);
            }
        }
    }
    let mut at = day("2016-01-01");
    while at < day("2017-01-01") {
        assert_eq!(by_engine.get(&at), by_file.get(&at), "{at}");
        at = at + Days::new(1);
    }
    let nights: usize = by_file.range(day("2016-01-01")..day("2017-01-01")).map(|(_, n)| n).sum();
    assert!(nights > 5_000, "2016 has guests: {nights} nights");
}
