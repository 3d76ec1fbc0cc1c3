//! What is left after a cut, held against what was acknowledged.

use std::time::Duration;

use storagerent::*;

use super::Trial;

impl Trial {
    /// Opens what is left and holds it against what was acknowledged.
    pub(super) fn check(&self) -> Result<(), String> {
        let site = self.site.open().map_err(|e| format!("cannot be opened: {e}"))?;
        let head = site.head().map_err(|e| e.to_string())?;
        if let Some(acknowledged) = self.acknowledged.head {
            if head.sequence < acknowledged.sequence {
                return Err(format!("acknowledged up to event {}, {} are there", acknowledged.sequence, head.sequence));
            }
            let page = Page { after: acknowledged.sequence.get().saturating_sub(1), limit: Some(1) };
            let event = site.app.events(&EventFilter::default(), page).map_err(|e| e.to_string())?.pop();
            if acknowledged.sequence > Sequence::ZERO && event.map(|e| e.hash) != Some(acknowledged.hash) {
                return Err(format!("event {} is another than was acknowledged", acknowledged.sequence));
            }
        }
        let verified = site.app.verify().map_err(|e| e.to_string())?;
        if !verified.ok {
            return Err(format!("verify: {:#?}", verified.findings));
        }
        for (name, count) in &self.imports {
            let filter = EventFilter { correlation_id: CorrelationId::new(name).ok() };
            let there = site.app.events(&filter, Page::default()).map_err(|e| e.to_string())?;
            let there = there.iter().filter(|e| e.event.event_type() == "StorageRegistered").count();
            if there != 0 && there != *count {
                return Err(format!("{name} is half there: {there} of {count}"));
            }
        }
        let found = site.app.settings().map_err(|e| e.to_string())?.hold_minutes;
        let may_be = [self.acknowledged.hold_minutes, self.acknowledged.hold_minutes_asked];
        if self.acknowledged.hold_minutes.is_some() && !may_be.contains(&Some(found)) {
            return Err(format!("holdMinutes is {found}, acknowledged was {:?}", self.acknowledged.hold_minutes));
        }
        for (caller, reserve, id) in self.acknowledged.keys.iter().rev().take(3) {
            match site.app.reserve(caller, *reserve) {
                Ok(row) if row.booking.reservation_id == *id => {}
                other => return Err(format!("reservation {id} under its key again: {other:?}")),
            }
        }
        Ok(())
    }

    /// What was under way may have come about: it is what is there now.
    pub(super) fn learn_setting(&mut self) {
        if self.acknowledged.hold_minutes_asked.take().is_some()
            && let Ok(site) = self.site.open()
        {
            self.acknowledged.hold_minutes = site.app.settings().ok().map(|settings| settings.hold_minutes);
        }
    }

    /// Everything comes to rest, and the payment service's own books agree with ours to the won.
    pub(super) fn settle_accounts(&self) -> Result<(), String> {
        let site = self.site.open().map_err(|e| format!("cannot be opened: {e}"))?;
        for _ in 0..10 {
            self.site.clock.advance(Duration::from_secs(3_600));
            site.rest().map_err(|e| e.to_string())?;
        }
        let paid = site.money_due().map_err(|e| e.to_string())?;
        let kept = self.site.money_kept();
        if paid != kept {
            return Err(format!("{paid} won are paid for what stands, the payment service kept {kept}"));
        }
        let verified = site.app.verify().map_err(|e| e.to_string())?;
        if verified.ok { Ok(()) } else { Err(format!("verify: {:#?}", verified.findings)) }
    }
}
