//! An account of everything a site has, to compare sites by: without keys, moments and the order in which things came about.

use storagerent::*;
use storagerent_tests::on_disk::Opened;

/// Everything, in order.
pub(crate) fn account(site: &Opened) -> Result<Vec<String>, Error> {
    let (app, all) = (&site.app, Page::default());
    let mut lines = Vec::new();
    for e in app.events(&EventFilter::default(), all)? {
        lines.push(format!("event {} {} {}", e.event.event_type(), e.aggregate, e.aggregate_version));
    }
    lines.extend(app.storages(all)?.iter().map(|row| format!("{row:?}")));
    for row in app.reservations(&ReservationFilter::default(), all)? {
        let (status, paid) = (row.reservation_status, row.paid_until);
        lines.push(format!("reservation {:?} {status:?} {paid:?} {} {}", row.booking, row.started, row.version));
    }
    for row in app.payments(all)? {
        lines.push(format!("payment {} {:?} {:?} {}", row.payment_id, row.payment_status, row.price, row.version));
    }
    lines.extend(app.reviews(&ReviewFilter::default(), all)?.iter().map(|row| format!("{row:?}")));
    for row in app.messages(&MessageFilter::default(), all)? {
        lines.push(format!("message {} {} {} {}", row.kind, row.reservation_id, row.customer, row.channel));
    }
    lines.extend(app.views(&ViewFilter::default(), all)?.iter().map(|row| format!("{row:?}")));
    for status in app.consumers()? {
        lines.push(format!("consumer {} paused {} behind {}", status.row.name, status.row.paused, status.behind));
    }
    lines.extend(app.dead_letters(all)?.iter().map(|letter| format!("dead letter {:?}", letter.subject)));
    lines.push(format!("{:?}", app.settings()?));
    lines.sort();
    Ok(lines)
}

/// What is in one account and not in the other.
pub(crate) fn differences(a: &[String], b: &[String]) -> String {
    let only = |a: &[String], b: &[String]| {
        a.iter().filter(|line| !b.contains(line)).map(|line| format!("\n    {line}")).collect::<String>()
    };
    format!("only in the first:{}\n  only in the second:{}", only(a, b), only(b, a))
}
