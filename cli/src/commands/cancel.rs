//! `cancel`: with a full refund, up to and including the first day.

use clap::Args;
use storagerent::{CancelReservation, ReservationId, ReservationStatus};

use super::args;
use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::{Site, caller};

#[derive(Debug, Args)]
#[command(after_help = "\
Prints the reservation as it is then: normally cancelled; reqCancel while the
payment service cannot refund. The refund is then tried again by later
commands.")]
pub(crate) struct CancelArgs {
    /// The reservation
    #[arg(value_name = "RESERVATION_ID", value_parser = args::id)]
    reservation_id: u64,
    /// Who cancels; the manager if not given
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
}

impl CancelArgs {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let caller = caller(self.customer.as_deref())?;
        let reservation_id = ReservationId::new(self.reservation_id);
        Site::writing(globals, |site| {
            let accepted = site.app.cancel(&caller, CancelReservation { reservation_id })?;
            site.catch_up();
            // Accepted is accepted: if it cannot be read again, it is shown as it was.
            let reservation = site.app.reservation(reservation_id).unwrap_or(accepted);
            site.out.show(&reservation)?;
            if reservation.reservation_status == ReservationStatus::ReqCancel {
                site.remark_elsewhere();
                site.remark_behind("payment", "the refund waits", "환불이 기다리고 있습니다");
            }
            Ok(())
        })
    }
}
