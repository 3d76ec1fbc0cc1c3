//! The store contract: what every store must do, whatever it keeps things in. Each fact panics when it does not hold.
//!
//! Decides what the ports `Store`, `Queries` and `Repositories` mean where their words leave room. Never looks inside a
//! store: an adapter's own tests do.

mod dead_letters;
mod effects;
mod log;
mod messages;
mod reservations;
mod small_rows;
mod storages;
#[cfg(not(target_arch = "wasm32"))]
mod threads;
mod time;
mod views;
mod works;
mod world;

use std::sync::Arc;

use crate::ports::Store;

/// Something that holds for every store, told an empty one; panics when it does not.
pub type Fact = fn(&Arc<dyn Store>);

macro_rules! facts {
    ($($module:ident :: $fact:ident),+ $(,)?) => {
        &[$((stringify!($fact), $module::$fact as Fact)),+]
    };
}

/// All facts, by name. Those that need threads are not there on wasm32, nor the one about panics: it has neither.
pub const FACTS: &[&[(&str, Fact)]] = &[
    facts![
        works::works_of_a_submission_run_in_order_and_see_each_other,
        works::an_undone_work_leaves_nothing_and_its_neighbours_stand,
        works::ids_of_an_undone_work_are_given_out_again,
        works::every_work_is_told_once_kept_or_undone,
        works::a_read_or_write_inside_a_work_is_nested,
        works::an_idle_store_serves_who_will_not_wait,
        works::driving_an_empty_queue_does_nothing,
        works::a_refusal_is_told_as_it_was,
        log::an_empty_log_ends_at_zero,
        log::the_log_is_gapless_and_its_chain_holds,
        log::events_keep_what_they_were_raised_under,
        log::events_of_every_kind_keep_what_they_were_raised_under,
        log::events_are_read_in_pages_and_by_request,
        log::a_save_that_skips_or_repeats_a_version_is_refused,
        log::a_refused_save_leaves_nothing_even_if_the_work_goes_on,
        log::the_last_cause_of_a_storage_is_found,
        log::the_events_of_a_request_are_found_however_they_were_kept,
        storages::storages_survive_in_every_state,
        storages::deleted_storages_are_in_no_list,
        storages::free_storages_have_no_live_reservation_in_the_period,
        reservations::reservations_survive_in_every_state,
        reservations::reservations_are_filtered_and_paged,
        reservations::payments_survive_in_every_state,
        reservations::live_reservations_that_share_a_day_are_found,
        reservations::an_end_brought_forward_frees_the_days_behind_it,
        reservations::a_live_reservation_that_overlaps_another_is_refused,
        time::overdue_holds_come_oldest_first,
        time::holds_that_stand_are_counted_by_customer,
        time::due_rentals_come_by_day_ends_before_starts,
        time::only_reserved_rentals_are_due,
        messages::reviews_survive_and_deleted_ones_are_in_no_list,
        messages::messages_survive_filtered_and_paged,
        messages::an_event_is_told_once_per_channel,
        views::view_rows_survive_with_every_field_or_none,
        views::view_rows_are_removed_filtered_and_paged,
        effects::effects_survive_in_every_state,
        effects::a_second_effect_of_a_kind_under_a_key_is_refused,
        effects::open_effects_are_due_or_their_lease_is_over,
        effects::open_effects_come_in_order_of_when_they_were_ready,
        effects::loose_charges_have_no_live_lease,
        effects::the_next_effect_is_the_earliest_due_or_lease_end,
        effects::the_backlog_is_what_is_not_done_by_kind,
        dead_letters::dead_letters_survive_open_and_closed,
        dead_letters::dead_events_come_in_order_of_event,
        small_rows::settings_survive,
        small_rows::consumers_survive_in_order_of_name,
        small_rows::channels_are_kept_once_in_order_of_name,
        small_rows::idempotency_rows_are_replaced_under_their_key,
        small_rows::everything_is_counted,
    ],
    #[cfg(not(target_arch = "wasm32"))]
    facts![
        threads::a_panic_undoes_its_work_alone,
        threads::works_are_told_only_when_readers_see_them,
        threads::readers_see_only_what_is_committed,
        threads::who_will_not_wait_behind_others_is_told_busy,
        threads::who_waits_behind_others_is_served,
        threads::concurrent_writers_lose_nothing,
    ],
];

/// Holds a store to the contract; `make` makes an empty one, which lives as long as it is held.
///
/// # Panics
/// When a fact does not hold; its name goes to stderr.
pub fn run(make: &dyn Fn() -> Arc<dyn Store>) {
    for (name, fact) in FACTS.iter().copied().flatten() {
        let naming = Naming(name);
        fact(&make());
        drop(naming);
    }
}

/// Says which fact broke while its panic unwinds.
struct Naming(&'static str);

impl Drop for Naming {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the store contract is broken: {}", self.0);
        }
    }
}
