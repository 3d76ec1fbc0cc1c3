//! What must hold after whatever was sent to an application.

use storagerent::{
    App, Envelope, Error, EventFilter, Kind, MessageFilter, Page, ReservationFilter, ReviewFilter, Sequence, ViewFilter,
};

use super::rules;

/// The log's head, and now and then everything there is to read.
pub(super) struct Before {
    head: Sequence,
    everything: Option<String>,
}

impl Before {
    /// Looks at a site before an input. `closely` reads everything.
    pub(super) fn look(app: &App, closely: bool) -> Result<Self, String> {
        let head = head(app)?;
        // Consumers that are behind may go on whatever comes of the input.
        let closely = closely && app.consumers().map_err(broken)?.iter().all(|c| c.behind == 0);
        Ok(Before { head, everything: closely.then(|| everything(app)).transpose()? })
    }

    /// The events written since.
    pub(super) fn events_since(&self, app: &App) -> Result<Vec<Envelope>, String> {
        app.events(&EventFilter::default(), Page { after: self.head.get(), limit: None }).map_err(broken)
    }

    /// Nothing may have changed.
    pub(super) fn unchanged(&self, app: &App) -> Result<(), String> {
        // What a consumer wrote on top of older events was not this input's doing; it names its cause.
        let new = self.events_since(app)?;
        if let Some(event) = new.iter().find(|event| event.causation_id.is_none()) {
            return Err(format!("not accepted, yet there is a new {}", event.event.event_type()));
        }
        match &self.everything {
            Some(before) if new.is_empty() && *before != everything(app)? => {
                Err(format!("not accepted, yet something changed from {before} to {}", everything(app)?))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What was written since keeps the rules.
    pub(super) fn lawful(&self, app: &App) -> Result<(), String> {
        self.events_since(app)?.iter().try_for_each(|event| {
            let json = serde_json::to_value(event).map_err(|e| format!("an event cannot be shown: {e}"))?;
            rules::hold(&json).map_err(|e| format!("{} was accepted: {e}", event.event.event_type()))
        })
    }
}

/// Whether a refusal with this error leaves everything as it was. A declined payment, one whose outcome is unknown and the like
/// come after the hold was written down.
pub(super) fn changes_nothing(error: &Error) -> bool {
    match error.kind() {
        Kind::Invalid | Kind::NotFound | Kind::NotAllowed => true,
        // Retrying a dead letter in vain is counted; a hold that lapsed while its payment was made was placed.
        Kind::Conflict => !["failedAgain", "holdLapsed"].contains(&error.code()),
        Kind::Declined | Kind::Unavailable | Kind::Internal => false,
    }
}

/// An error that a sound store has no reason for.
pub(super) fn broken(error: impl Into<Error>) -> String {
    let error = error.into();
    format!("{}: {error}", error.code())
}

pub(super) fn head(app: &App) -> Result<Sequence, String> {
    app.status().map(|status| status.events).map_err(broken)
}

/// Everything a caller can read, but the log, which has a head.
fn everything(app: &App) -> Result<String, String> {
    let all = Page::default();
    Ok(format!(
        "{:?}",
        (
            app.storages(all).map_err(broken)?,
            app.reservations(&ReservationFilter::default(), all).map_err(broken)?,
            app.payments(all).map_err(broken)?,
            app.reviews(&ReviewFilter::default(), all).map_err(broken)?,
            app.messages(&MessageFilter::default(), all).map_err(broken)?,
            app.views(&ViewFilter::default(), all).map_err(broken)?,
            app.consumers().map_err(broken)?,
            app.dead_letters(all).map_err(broken)?,
            app.settings().map_err(broken)?,
        )
    ))
}
