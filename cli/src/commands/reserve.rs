//! `reserve`: a storage for a period, paid in the same step, or nothing.

use clap::Args;
use storagerent::{Currency, IdempotencyKey, Money, Page, ReservationFilter, Reserve, StorageId};

use super::args::{self, PeriodArgs};
use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::{Site, caller};

#[derive(Debug, Args)]
#[command(after_help = "\
If the payment's outcome is unknown (exit 7), the reservation is on stdout and
the days stay held: do not pay again, but run `storagerent settle`, or repeat
the line under the same --idempotency-key.")]
pub(crate) struct ReserveArgs {
    /// The storage
    #[arg(value_name = "STORAGE_ID", value_parser = args::id)]
    storage_id: u64,
    /// Who reserves; the manager for `guest` if not given. An opaque id: put no personal data here
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
    #[command(flatten)]
    period: PeriodArgs,
    /// The total as quoted, in major units; refused if it is another one by now
    #[arg(long, value_name = "EXPECTED", allow_negative_numbers = true)]
    price: Option<String>,
    /// Repeated under this key, it is the same reservation
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

impl ReserveArgs {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut caller = caller(self.customer.as_deref())?;
        if let Some(key) = &self.idempotency_key {
            caller = caller.with_idempotency_key(IdempotencyKey::new(key)?);
        }
        let (from, until) = self.period.days()?;
        let storage_id = StorageId::new(self.storage_id);
        Site::writing(globals, |site| {
            if let Some(elsewhere) = &site.elsewhere {
                return Err(elsewhere.clone().into());
            }
            site.open_first_books()?;
            let expected = self.price.as_deref().map(|amount| in_minor_units(site, storage_id, amount));
            let command = Reserve { from, until, price: expected.transpose()?, ..Reserve::new(storage_id) };
            site.out.show(&site.app.reserve(&caller, command)?)
        })
    }
}

/// An amount as the storage's currency counts it.
fn in_minor_units(site: &Site, storage_id: StorageId, amount: &str) -> Result<i64, Failure> {
    let currency = match site.app.storage(storage_id) {
        Ok(storage) => storage.rate.price().currency(),
        // A line repeated under its key is answered although the storage was taken away since.
        Err(gone) => last_currency(site, storage_id)?.ok_or(gone)?,
    };
    Ok(Money::parse(amount, currency.code())?.amount())
}

fn last_currency(site: &Site, storage_id: StorageId) -> Result<Option<Currency>, Failure> {
    let of_storage = ReservationFilter { storage_id: Some(storage_id), ..ReservationFilter::default() };
    let known = site.app.reservations(&of_storage, Page::first(1))?;
    Ok(known.first().map(|row| row.booking.price.currency()))
}
