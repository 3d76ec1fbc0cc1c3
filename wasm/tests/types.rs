//! The declarations the page is checked against are those of the Rust types: `UPDATE_TYPES=1` writes them anew.

use std::path::Path;

use storagerent::*;
use tsify::Tsify;

/// What has no declaration of its own: foreign types, and those that serialise by hand.
const BY_HAND: &str = "\
/** A day, `YYYY-MM-DD`. */
export type NaiveDate = string;
export type Utc = 'UTC';
/** A moment, RFC 3339 in UTC. */
export type DateTime<Zone> = string;
/** An ISO 4217 code, such as `KRW`. */
export type Currency = string;
/** An average of ratings, with one decimal. */
export type Rating = number;
/** SHA-256, in hex. */
export type EventHash = string;
";

macro_rules! declarations {
    ($($type:ty),+ $(,)?) => { [$(<$type as Tsify>::DECL),+] };
}

#[test]
fn the_pages_declarations_are_those_of_the_rust_types() {
    let declared = declarations![
        StorageId,
        ReservationId,
        PaymentId,
        ReviewId,
        MessageId,
        EffectId,
        DeadLetterId,
        Sequence,
        Version,
        Key,
        CorrelationId,
        IdempotencyKey,
        CustomerId,
        Description,
        ReviewContent,
        Stars,
        Money,
        Per,
        Rate,
        Period,
        Booking,
        Lang,
        Kind,
        By,
        Page,
        Command,
        RegisterStorage,
        ImportStorages,
        ModifyStorage,
        DeleteStorage,
        Reserve,
        CancelReservation,
        EndRental,
        AddReview,
        ModifyReview,
        DeleteReview,
        Query,
        QuoteStorage,
        Answer,
        StorageRow,
        StorageStatus,
        Quote,
        PartMonth,
        Available,
        ReservationRow,
        ReservationStatus,
        PaymentRow,
        PaymentStatus,
        MessageRow,
        ReviewRow,
        StorageViewRow,
        ConsumerRow,
        ConsumerStatus,
        EffectsDone,
        DeadLetter,
        DeadSubject,
        Settings,
        Ticked,
        Settled,
        RanDue,
        Status,
        ports::Counts,
        BreakerState,
        Verified,
        Finding,
        Envelope,
        Aggregate,
        AggregateKind,
        Event,
        StorageEvent,
        ReservationEvent,
        PaymentEvent,
        ReviewEvent,
        StorageRegistered,
        StorageModified,
        StorageDeleted,
        StorageReserved,
        StorageCancelled,
        ReservationCreated,
        ReservationConfirmed,
        ReservationRejected,
        ReservationExpired,
        ReservationCancelRequested,
        ReservationCancelled,
        RentalStarted,
        RentalEnded,
        RentalEndSet,
        PaymentRequested,
        PaymentApproved,
        PaymentDeclined,
        PaymentVoided,
        PaymentCancelled,
        ReviewCreated,
        ReviewModified,
        ReviewDeleted,
        Effect,
        Lease,
        Task,
        Charge,
        Outcome,
        Reserving,
        InBoth,
        Told,
    ];
    // What flattens a union is no interface.
    let declared = declared
        .join("\n\n")
        .replace("interface Envelope extends Aggregate, Event {", "type Envelope = Aggregate & Event & {")
        .replace("interface DeadLetter extends DeadSubject {", "type DeadLetter = DeadSubject & {");
    let text =
        format!("// Made from the Rust types by wasm/tests/types.rs; not to be edited.\n\n{BY_HAND}\n{declared}\n");
    is_kept("www/engine/types.d.ts", &text);
}

#[test]
fn the_decimals_of_currencies_are_the_engines() {
    let letters = || 'A'..='Z';
    let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}"))));
    let known = codes.filter_map(|code| Some((Currency::from_code(&code)?.exponent()?, code)));
    let mut by_decimals = std::collections::BTreeMap::<u16, Vec<String>>::new();
    known.for_each(|(decimals, code)| by_decimals.entry(decimals).or_default().push(code));
    by_decimals.remove(&2);
    let rows = by_decimals
        .iter()
        .flat_map(|(decimals, codes)| codes.iter().map(move |code| format!("  {code}: {decimals},\n")));
    let text = format!(
        "// @ts-check\n// Made from the engine's currencies by wasm/tests/types.rs; not to be edited.\n\n\
         /** How many decimals a currency has, if not two; browsers count some otherwise. @type {{Record<string, number>}} */\n\
         export const DECIMALS = {{\n{}}};\n",
        rows.collect::<String>()
    );
    is_kept("www/engine/currencies.js", &text);
}

/// The file is what it is made from; or becomes it, if that is asked for.
fn is_kept(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("UPDATE_TYPES").is_some() {
        std::fs::write(&path, text).expect("it can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{} is not what the Rust types say: run with UPDATE_TYPES=1", path.display());
}
