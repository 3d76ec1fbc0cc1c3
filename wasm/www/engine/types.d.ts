// Made from the Rust types by wasm/tests/types.rs; not to be edited.

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

/**
 * Names a storage; from 1.
 */
export type StorageId = number;

/**
 * Names a reservation; from 1.
 */
export type ReservationId = number;

/**
 * Names a payment; from 1.
 */
export type PaymentId = number;

/**
 * Names a review; from 1.
 */
export type ReviewId = number;

/**
 * Names a message; from 1.
 */
export type MessageId = number;

/**
 * Names an effect; from 1.
 */
export type EffectId = number;

/**
 * Names a dead letter; from 1.
 */
export type DeadLetterId = number;

/**
 * The place of an event in its log: 1, 2, 3 … without gaps. 0 is before the first.
 */
export type Sequence = number;

/**
 * The number of events an aggregate has raised.
 */
export type Version = number;

/**
 * A random 128-bit key, written as 32 lowercase hex digits: under it an outside party recognises a repeated call.
 */
export type Key = string;

/**
 * Names the request that began it all; every event, message, effect and payment that follows carries it.
 *
 * 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
 */
export type CorrelationId = string;

/**
 * A key under which a repeated request is recognised: 1 to 200 visible ASCII characters.
 */
export type IdempotencyKey = string;

/**
 * An opaque id of a customer, 1 to 200 characters; put no personal data here, it enters the log.
 */
export type CustomerId = string;

/**
 * What a storage is called and where it is: 1 to 200 characters.
 */
export type Description = string;

/**
 * What a review says: 1 to 2,000 characters.
 */
export type ReviewContent = string;

/**
 * A rating of 1 to 5.
 */
export type Stars = number;

/**
 * An amount in minor units (won, cents) of one currency.
 *
 * Serialises as the two fields `price` and `currency`. Arithmetic is checked: overflow is an error, never a wrap.
 */
export interface Money {
    /**
     * Minor units.
     */
    price: number;
    currency: Currency;
}

/**
 * What the price is for.
 */
export type Per = "rental" | "day" | "month";

/**
 * A price above 0 and what it is for. Serialises as `price`, `currency`, `per`.
 */
export interface Rate extends Money {
    per: Per;
}

/**
 * Half-open days `[from, until)`; no `until` means open-ended. Always valid: `from` < `until`, years 1970 to 9999.
 *
 * Days are days of the site, see the `zone` setting. Serialises as `from` and `until`.
 */
export interface Period {
    from: NaiveDate;
    until: NaiveDate | null;
}

/**
 * Who reserved what, for when, at what price, and which payment pays for it.
 */
export interface Booking extends Period, Money {
    /**
     * The reservation.
     */
    reservationId: ReservationId;
    /**
     * The storage it claims.
     */
    storageId: StorageId;
    /**
     * Whose it is.
     */
    customer: CustomerId;
    /**
     * The payment that pays for it.
     */
    paymentId: PaymentId;
}

/**
 * The language of words meant for people; data is never translated.
 */
export type Lang = "ko" | "en";

/**
 * The few sorts of refusal a caller has to tell apart; exit codes and HTTP statuses follow from it alone.
 */
export type Kind = "invalid" | "notFound" | "conflict" | "notAllowed" | "declined" | "unavailable" | "internal";

/**
 * Who can ask from outside, as data.
 */
export type By = "manager" | { customer: CustomerId };

/**
 * Which part of a list: rows with ids above `after`, in order of id, at most `limit`.
 */
export interface Page {
    /**
     * The id after which the page begins.
     */
    after?: number;
    /**
     * At most so many rows; all if not given.
     */
    limit?: number | null;
}

/**
 * Anything that changes something. As JSON, `command` says which: `{"command":"reserve","storageId":1}`.
 */
export type Command = ({ command: "registerStorage" } & RegisterStorage) | ({ command: "importStorages" } & ImportStorages) | ({ command: "modifyStorage" } & ModifyStorage) | ({ command: "deleteStorage" } & DeleteStorage) | ({ command: "reserve" } & Reserve) | ({ command: "cancelReservation" } & CancelReservation) | ({ command: "endRental" } & EndRental) | ({ command: "addReview" } & AddReview) | ({ command: "modifyReview" } & ModifyReview) | ({ command: "deleteReview" } & DeleteReview) | { command: "pauseConsumer"; name: string } | { command: "resumeConsumer"; name: string } | { command: "replayConsumer"; name: string } | { command: "runConsumers" } | { command: "retryDeadLetter"; deadLetterId: DeadLetterId } | { command: "discardDeadLetter"; deadLetterId: DeadLetterId; reason: string } | { command: "set"; key: string; value: string } | { command: "tick" } | { command: "settle" } | { command: "runDue" };

/**
 * Offers a new storage.
 */
export interface RegisterStorage extends Rate {
    /**
     * What it is called and where it is.
     */
    description: Description;
}

/**
 * Offers many storages at once: all of them, or none.
 */
export interface ImportStorages {
    /**
     * The storages, in the order their ids are given out.
     */
    storages: RegisterStorage[];
}

/**
 * Changes what is given, and leaves the rest.
 */
export type ModifyStorage = { storageId: StorageId; description?: Description; per?: Per; withdrawn?: boolean } & (Money | {});

/**
 * Takes a storage away for good; its history stays.
 */
export interface DeleteStorage {
    /**
     * Which storage.
     */
    storageId: StorageId;
}

/**
 * Reserves a storage and pays for it in the same step, or there is no reservation.
 */
export interface Reserve {
    /**
     * Which storage.
     */
    storageId: StorageId;
    /**
     * The first day; today if not given.
     */
    from?: NaiveDate | null;
    /**
     * The first day that is free again; open-ended if not given.
     */
    until?: NaiveDate | null;
    /**
     * The total the customer was quoted, in minor units; another total now is a conflict. Not checked if not given.
     */
    price?: number | null;
}

/**
 * Cancels a reservation that has not begun, or has begun today, with a full refund.
 */
export interface CancelReservation {
    /**
     * Which reservation.
     */
    reservationId: ReservationId;
}

/**
 * Sets the end of a rental, or brings it forward (move-out), without refund.
 */
export interface EndRental {
    /**
     * Which reservation.
     */
    reservationId: ReservationId;
    /**
     * The first day that is free again; tomorrow if not given.
     */
    on?: NaiveDate | null;
}

/**
 * Reviews a rental, once, by its customer.
 */
export interface AddReview {
    /**
     * The rental.
     */
    reservationId: ReservationId;
    /**
     * 1 to 5.
     */
    rate: Stars;
    /**
     * What the customer says.
     */
    content: ReviewContent;
}

/**
 * Changes what is given of one's own review, and leaves the rest.
 */
export interface ModifyReview {
    /**
     * Which review.
     */
    reviewId: ReviewId;
    /**
     * 1 to 5.
     */
    rate?: Stars | null;
    /**
     * What the customer says.
     */
    content?: ReviewContent | null;
}

/**
 * Takes a review away.
 */
export interface DeleteReview {
    /**
     * Which review.
     */
    reviewId: ReviewId;
}

/**
 * Anything that is asked. As JSON, `query` says which: `{"query":"view","storageId":1}`.
 */
export type Query = { query: "storage"; storageId: StorageId } | { query: "storages"; page?: Page } | ({ query: "quote" } & QuoteStorage) | { query: "available"; from?: NaiveDate | null; until?: NaiveDate | null; maxPrice?: string | null; page?: Page } | { query: "reservation"; reservationId: ReservationId } | { query: "reservations"; customer?: CustomerId | null; storageId?: StorageId | null; status?: ReservationStatus | null; page?: Page } | { query: "payment"; paymentId: PaymentId } | { query: "payments"; page?: Page } | { query: "messages"; customer?: CustomerId | null; page?: Page } | { query: "reviews"; storageId?: StorageId | null; page?: Page } | { query: "view"; storageId: StorageId } | { query: "views"; status?: StorageStatus | null; page?: Page } | { query: "events"; correlationId?: CorrelationId | null; page?: Page } | { query: "consumers" } | { query: "deadLetters"; page?: Page } | { query: "settings" } | { query: "status" } | { query: "verify" };

/**
 * Asks what a period would cost.
 */
export interface QuoteStorage {
    /**
     * Which storage.
     */
    storageId: StorageId;
    /**
     * The first day; today if not given.
     */
    from?: NaiveDate | null;
    /**
     * The first day that is free again; open-ended if not given.
     */
    until?: NaiveDate | null;
}

/**
 * What a request is answered with. Serialises as the row, list or report itself.
 */
export type Answer = StorageRow | StorageId[] | StorageRow[] | Quote | Available[] | ReservationRow | ReservationRow[] | PaymentRow | PaymentRow[] | MessageRow[] | ReviewRow | ReviewRow[] | StorageViewRow | StorageViewRow[] | Envelope[] | ConsumerRow | ConsumerStatus[] | { consumed: number; effects: EffectsDone } | DeadLetter | DeadLetter[] | Settings | Ticked | Settled | RanDue | Status | Verified;

/**
 * A storage as it is kept and shown.
 */
export interface StorageRow extends Rate {
    /**
     * Its id.
     */
    storageId: StorageId;
    /**
     * What it is called and where it is.
     */
    description: Description;
    /**
     * Whether a rental occupies it today, as the storage consumer last heard.
     */
    storageStatus: StorageStatus;
    /**
     * How many reviews it has.
     */
    reviewCnt: number;
    /**
     * Their average.
     */
    rating: Rating | null;
    /**
     * Whether it is withdrawn from new reservations.
     */
    withdrawn: boolean;
}

/**
 * Whether a rental occupies the storage today.
 */
export type StorageStatus = "available" | "reserved";

/**
 * What a period of a storage costs.
 *
 * Flat: the price. By the day: days × price, refused open-ended. By the month: calendar months counted from `from`, boundary
 * k being `from` + k months clamped to the month's end; a part month pro rata by the days of that stretch, rounded half up.
 * Open-ended by the month: the first month.
 */
export interface Quote extends Period, Money {
    /**
     * The storage.
     */
    storageId: StorageId;
    /**
     * What the storage's price is for.
     */
    per: Per;
    /**
     * The price of one rental, day or month, in minor units.
     */
    unitPrice: number;
    /**
     * Up to when the total pays; `null` for an open-ended flat rental.
     */
    paidUntil: NaiveDate | null;
    /**
     * The days paid for, when by the day.
     */
    days: number | null;
    /**
     * The whole months paid for, when by the month.
     */
    months: number | null;
    /**
     * The part month after them, when by the month.
     */
    partMonth: PartMonth | null;
}

/**
 * So many days of a stretch of one month.
 */
export interface PartMonth {
    /**
     * The days paid for.
     */
    days: number;
    /**
     * The days of the stretch.
     */
    of: number;
}

/**
 * A storage that is free in the period asked for, and what that would cost.
 */
export interface Available extends StorageRow {
    /**
     * The quote's total, in minor units.
     */
    quote: number;
}

/**
 * A reservation as it is kept and shown.
 */
export interface ReservationRow extends Booking {
    /**
     * Where it stands.
     */
    reservationStatus: ReservationStatus;
    /**
     * From when on the hold may be ended; `null` once it is no hold any more.
     */
    holdExpiresAt: DateTime<Utc> | null;
    /**
     * Up to when it is paid; `null` until paid, and for an open-ended flat rental.
     */
    paidUntil: NaiveDate | null;
    /**
     * The request that made it.
     */
    correlationId: CorrelationId;
}

/**
 * Where a reservation stands.
 */
export type ReservationStatus = "reqReserve" | "reserved" | "reqCancel" | "cancelled" | "completed" | "rejected" | "expired";

/**
 * A payment as it is kept and shown.
 */
export interface PaymentRow extends Money {
    /**
     * Its id.
     */
    paymentId: PaymentId;
    /**
     * The reservation it pays for.
     */
    reservationId: ReservationId;
    /**
     * The storage of that reservation.
     */
    storageId: StorageId;
    /**
     * Where the money is.
     */
    paymentStatus: PaymentStatus;
}

/**
 * Where the money is.
 */
export type PaymentStatus = "requested" | "paid" | "cancelled" | "declined" | "voided";

/**
 * A message as it is kept and shown. At most one exists per event and channel.
 */
export interface MessageRow {
    /**
     * Its id.
     */
    messageId: MessageId;
    /**
     * The reservation it is about.
     */
    reservationId: ReservationId;
    /**
     * The storage it is about.
     */
    storageId: StorageId;
    /**
     * Who is told.
     */
    customer: CustomerId;
    /**
     * The `eventType` that caused it.
     */
    kind: string;
    /**
     * The words, in the language of the site when it was written.
     */
    content: string;
}

/**
 * A review as it is kept and shown.
 */
export interface ReviewRow {
    /**
     * Its id.
     */
    reviewId: ReviewId;
    /**
     * The rental it is about.
     */
    reservationId: ReservationId;
    /**
     * The storage it is about.
     */
    storageId: StorageId;
    /**
     * 1 to 5.
     */
    rate: Stars;
    /**
     * What it says.
     */
    content: ReviewContent;
}

/**
 * One storage on the one screen: its status, price and reviews, and the reservation that occupies it, else the one an event
 * last touched, with its payment.
 */
export interface StorageViewRow extends Money {
    /**
     * The storage.
     */
    storageId: StorageId;
    /**
     * Whether a rental occupies it, as the storage consumer last said.
     */
    storageStatus: StorageStatus;
    /**
     * What it is called and where it is.
     */
    description: Description;
    /**
     * The reservation shown.
     */
    reservationId: ReservationId | null;
    /**
     * Where it stands.
     */
    reservationStatus: ReservationStatus | null;
    /**
     * Its first day.
     */
    from: NaiveDate | null;
    /**
     * Its first free day; `null` when open-ended.
     */
    until: NaiveDate | null;
    /**
     * Its payment.
     */
    paymentId: PaymentId | null;
    /**
     * Where the money is.
     */
    paymentStatus: PaymentStatus | null;
    /**
     * How many reviews the storage has.
     */
    reviewCnt: number;
    /**
     * Their average.
     */
    rating: Rating | null;
}

/**
 * A consumer as it is kept.
 */
export interface ConsumerRow {
    /**
     * Its name: `storage`, `payment`, `message`, `view`, or that of your own.
     */
    name: string;
    /**
     * The last event it is done with.
     */
    cursor: Sequence;
    /**
     * Whether it was told to wait; every process honours it.
     */
    paused: boolean;
    /**
     * How often in a row it could not go on.
     */
    attempts: number;
    /**
     * When it is tried again.
     */
    retryAt: DateTime<Utc> | null;
    /**
     * Why it could not go on.
     */
    lastError: string | null;
}

/**
 * A consumer and how far behind it is.
 */
export interface ConsumerStatus extends ConsumerRow {
    /**
     * So many events it has not seen.
     */
    behind: number;
}

/**
 * What one pass over the effects came to.
 */
export interface EffectsDone {
    /**
     * Effects done.
     */
    done: number;
    /**
     * Effects that could not be done now, or were refused.
     */
    failed: number;
}

/**
 * Something that could not be done and waits for a decision.
 */
export type DeadLetter = DeadSubject & {
    /**
     * Its id.
     */
    deadLetterId: DeadLetterId;
    /**
     * Why.
     */
    reason: string;
    /**
     * Since when.
     */
    parkedAt: DateTime<Utc>;
    /**
     * When it was retried with success or discarded; open until then.
     */
    closedAt: DateTime<Utc> | null;
    /**
     * How it was closed.
     */
    resolution: string | null;
}

/**
 * What a dead letter holds.
 */
export type DeadSubject = { subject: "event"; consumer: string; sequence: Sequence; key: string } | { subject: "effect"; effectId: EffectId; action: string };

/**
 * The settings of a site.
 */
export interface Settings {
    /**
     * The IANA zone whose days count, such as `Asia/Seoul`.
     */
    zone: string;
    /**
     * How long a hold blocks its period before it may be ended: 1 to 1,440 minutes.
     */
    holdMinutes: number;
    /**
     * So many failures in a row open the breaker: 1 to 1,000.
     */
    breakerFailures: number;
    /**
     * So long it stays open before one probe: 1 to 3,600 seconds.
     */
    breakerOpenSeconds: number;
    /**
     * So long a call of the gateway may take: 1 to 120 seconds.
     */
    deadlineSeconds: number;
    /**
     * The language messages to customers are written in.
     */
    language: Lang;
    /**
     * The name of the payment gateway whose books the site's payments are in; empty until there is one.
     */
    gateway: string;
}

/**
 * What a tick wrote.
 */
export interface Ticked {
    /**
     * Holds that lapsed.
     */
    expired: number;
    /**
     * Rentals that started.
     */
    started: number;
    /**
     * Rentals that ended.
     */
    ended: number;
}

/**
 * What settling wrote down.
 */
export interface Settled {
    /**
     * Charges the gateway is asked about now.
     */
    asked: number;
}

/**
 * What a pass did, and when to come again.
 */
export interface RanDue {
    /**
     * What the clock brought.
     */
    ticked: Ticked;
    /**
     * Charges the gateway was asked about.
     */
    settled: Settled;
    /**
     * Effects done.
     */
    effects: EffectsDone;
    /**
     * Events taken by consumers.
     */
    consumed: number;
    /**
     * When to call again for what this application does, or whoever it hands effects out to; `null` when nothing is to come by the
     * clock alone. It may lie in the past, where another process is at it already: a loop sleeps by [`RanDue::wait`].
     */
    nextAt: DateTime<Utc> | null;
}

/**
 * How the site is, at a glance.
 */
export interface Status {
    /**
     * The time now.
     */
    now: DateTime<Utc>;
    /**
     * The site's day.
     */
    today: NaiveDate;
    /**
     * Its zone.
     */
    zone: string;
    /**
     * The length of the log.
     */
    events: Sequence;
    /**
     * How much of everything there is.
     */
    counts: Counts;
    /**
     * The consumers.
     */
    consumers: ConsumerStatus[];
    /**
     * This process's breaker.
     */
    breaker: BreakerState;
    /**
     * When something is due next.
     */
    nextAt: DateTime<Utc> | null;
}

/**
 * How much of everything there is.
 */
export interface Counts {
    /**
     * Storages, deleted ones apart.
     */
    storages: number;
    /**
     * Reservations, by status; every status is there.
     */
    reservations: Record<string, number>;
    /**
     * Reviews, deleted ones apart.
     */
    reviews: number;
    /**
     * Messages.
     */
    messages: number;
    /**
     * Effects neither done nor parked.
     */
    effectsOpen: number;
    /**
     * Dead letters not closed.
     */
    deadLetters: number;
}

/**
 * What the breaker does with calls.
 */
export type BreakerState = "closed" | "open" | "halfOpen";

/**
 * What verifying came to.
 */
export interface Verified {
    /**
     * Whether nothing was found.
     */
    ok: boolean;
    /**
     * The events read.
     */
    events: number;
    /**
     * The rows held against them.
     */
    rows: number;
    /**
     * What is not as it should be, at most 100.
     */
    findings: Finding[];
}

/**
 * Something that is not as the log says it should be.
 */
export interface Finding {
    /**
     * Which check found it.
     */
    check: string;
    /**
     * What it concerns: a row, by its table and id.
     */
    subject: string;
    /**
     * What is wrong.
     */
    detail: string;
}

/**
 * An event as the log holds it. Serialises flat: these fields, then the event's own.
 */
export type Envelope = Aggregate & Event & {
    /**
     * Its place in the log, from 1, without gaps.
     */
    sequence: Sequence;
    /**
     * When it was raised.
     */
    occurredAt: DateTime<Utc>;
    /**
     * The request that began it all.
     */
    correlationId: CorrelationId;
    /**
     * The sequence of the event that caused it.
     */
    causationId: Sequence | null;
    /**
     * The version of the stored shape it was written in.
     */
    schemaVersion: number;
    /**
     * How many events that aggregate had raised, this one included.
     */
    aggregateVersion: Version;
    /**
     * The hash of the row and of all rows before it.
     */
    hash: EventHash;
}

/**
 * One aggregate: its kind and number.
 */
export interface Aggregate {
    /**
     * Its kind.
     */
    aggregateKind: AggregateKind;
    /**
     * Its number within the kind.
     */
    aggregateId: number;
}

/**
 * The kinds of aggregate.
 */
export type AggregateKind = "storage" | "reservation" | "payment" | "review";

/**
 * Something that happened, of whichever context.
 */
export type Event = StorageEvent | ReservationEvent | PaymentEvent | ReviewEvent;

/**
 * Everything that can happen to a storage.
 */
export type StorageEvent = ({ eventType: "StorageRegistered" } & StorageRegistered) | ({ eventType: "StorageModified" } & StorageModified) | ({ eventType: "StorageDeleted" } & StorageDeleted) | ({ eventType: "StorageReserved" } & StorageReserved) | ({ eventType: "StorageCancelled" } & StorageCancelled);

/**
 * Everything that can happen to a reservation.
 */
export type ReservationEvent = ({ eventType: "ReservationCreated" } & ReservationCreated) | ({ eventType: "ReservationConfirmed" } & ReservationConfirmed) | ({ eventType: "ReservationRejected" } & ReservationRejected) | ({ eventType: "ReservationExpired" } & ReservationExpired) | ({ eventType: "ReservationCancelRequested" } & ReservationCancelRequested) | ({ eventType: "ReservationCancelled" } & ReservationCancelled) | ({ eventType: "RentalStarted" } & RentalStarted) | ({ eventType: "RentalEnded" } & RentalEnded) | ({ eventType: "RentalEndSet" } & RentalEndSet);

/**
 * Everything that can happen to a payment.
 */
export type PaymentEvent = ({ eventType: "PaymentRequested" } & PaymentRequested) | ({ eventType: "PaymentApproved" } & PaymentApproved) | ({ eventType: "PaymentDeclined" } & PaymentDeclined) | ({ eventType: "PaymentVoided" } & PaymentVoided) | ({ eventType: "PaymentCancelled" } & PaymentCancelled);

/**
 * Everything that can happen to a review.
 */
export type ReviewEvent = ({ eventType: "ReviewCreated" } & ReviewCreated) | ({ eventType: "ReviewModified" } & ReviewModified) | ({ eventType: "ReviewDeleted" } & ReviewDeleted);

/**
 * A storage was offered.
 */
export interface StorageRegistered extends Rate {
    /**
     * Its id.
     */
    storageId: StorageId;
    /**
     * What it is called and where it is.
     */
    description: Description;
}

/**
 * The storage as it is after a change.
 */
export interface StorageModified extends Rate {
    /**
     * Its id.
     */
    storageId: StorageId;
    /**
     * What it is called and where it is.
     */
    description: Description;
    /**
     * Whether it is withdrawn from new reservations.
     */
    withdrawn: boolean;
    /**
     * How many reviews it has.
     */
    reviewCnt: number;
    /**
     * Their average; `null` without reviews.
     */
    rating: Rating | null;
}

/**
 * A storage was taken away.
 */
export interface StorageDeleted {
    /**
     * Its id.
     */
    storageId: StorageId;
}

/**
 * A rental began to occupy a storage.
 */
export interface StorageReserved {
    /**
     * The storage.
     */
    storageId: StorageId;
    /**
     * The reservation that occupies it now.
     */
    reservationId: ReservationId;
}

/**
 * The rental that occupied a storage is over or was cancelled.
 */
export interface StorageCancelled {
    /**
     * The storage.
     */
    storageId: StorageId;
    /**
     * The reservation that occupied it.
     */
    reservationId: ReservationId;
}

/**
 * A hold was placed: the period is blocked until the payment's outcome is known, or the hold lapses.
 */
export interface ReservationCreated extends Booking {
    /**
     * From when on the hold may be ended.
     */
    holdExpiresAt: DateTime<Utc>;
    /**
     * Up to when the payment will pay; `null` for an open-ended flat rental.
     */
    paysUntil: NaiveDate | null;
}

/**
 * The money was taken while the hold stood: the reservation stands.
 */
export interface ReservationConfirmed extends Booking {
    /**
     * Whether the first day has come.
     */
    started: boolean;
    /**
     * Up to when it is paid; `null` for an open-ended flat rental.
     */
    paidUntil: NaiveDate | null;
}

/**
 * There is no reservation: the payment was declined, or certainly not taken.
 */
export interface ReservationRejected extends Booking {
    /**
     * What the gateway said.
     */
    reason: string;
}

/**
 * The hold lapsed before its payment's outcome was known.
 */
export interface ReservationExpired extends Booking {}

/**
 * The customer wants out; the days stay blocked until the refund is done.
 */
export interface ReservationCancelRequested extends Booking {}

/**
 * The refund is done and the days are free.
 */
export interface ReservationCancelled extends Booking {}

/**
 * The first day of a rental that was confirmed before it came.
 */
export interface RentalStarted extends Booking {}

/**
 * The first free day came.
 */
export interface RentalEnded extends Booking {}

/**
 * The rental got an end, or an earlier one; the days behind it are free again. The booking has the new `until`.
 */
export interface RentalEndSet extends Booking {
    /**
     * The end it had before; `null` if it was open-ended.
     */
    previousUntil: NaiveDate | null;
}

/**
 * The gateway is to be asked for the money.
 */
export interface PaymentRequested extends Booking {
    /**
     * The key under which the gateway books it.
     */
    paymentKey: Key;
}

/**
 * The gateway took the money.
 */
export interface PaymentApproved extends Booking {
    /**
     * Whether the hold still stands; if not, the money goes back.
     */
    holdStands: boolean;
}

/**
 * The gateway said no.
 */
export interface PaymentDeclined extends Booking {
    /**
     * Whether the hold still stands.
     */
    holdStands: boolean;
    /**
     * What the gateway said.
     */
    reason: string;
}

/**
 * The gateway certainly took nothing, and will not under this key.
 */
export interface PaymentVoided extends Booking {
    /**
     * Whether the hold still stands.
     */
    holdStands: boolean;
    /**
     * How that is known.
     */
    reason: string;
}

/**
 * The money was given back in full.
 */
export interface PaymentCancelled extends Booking {
    /**
     * Whether a cancellation asked for it; if not, the money came after the hold had lapsed.
     */
    cancelsReservation: boolean;
}

/**
 * A rental was reviewed.
 */
export interface ReviewCreated {
    /**
     * The review.
     */
    reviewId: ReviewId;
    /**
     * The rental it is about.
     */
    reservationId: ReservationId;
    /**
     * The storage it is about.
     */
    storageId: StorageId;
    /**
     * Its author.
     */
    customer: CustomerId;
    /**
     * 1 to 5.
     */
    rate: Stars;
    /**
     * What it says.
     */
    content: ReviewContent;
}

/**
 * The review as it is after its author changed it.
 */
export interface ReviewModified {
    /**
     * The review.
     */
    reviewId: ReviewId;
    /**
     * The rental it is about.
     */
    reservationId: ReservationId;
    /**
     * The storage it is about.
     */
    storageId: StorageId;
    /**
     * 1 to 5.
     */
    rate: Stars;
    /**
     * What it says.
     */
    content: ReviewContent;
}

/**
 * A review was taken away.
 */
export interface ReviewDeleted {
    /**
     * The review.
     */
    reviewId: ReviewId;
    /**
     * The rental it was about.
     */
    reservationId: ReservationId;
    /**
     * The storage it was about.
     */
    storageId: StorageId;
}

/**
 * An effect handed out: everything needed to do it. Tell the outcome to `App::complete`.
 */
export interface Effect {
    /**
     * Its id.
     */
    effectId: EffectId;
    /**
     * Under this key the outside recognises a repeated call.
     */
    key: Key;
    /**
     * What is to be done.
     */
    task: Task;
    /**
     * How often it was tried in vain.
     */
    attempts: number;
    /**
     * Until when it is yours.
     */
    lease: Lease;
    /**
     * So many seconds the call may take, by the settings.
     */
    deadlineSeconds: number;
    /**
     * The request it belongs to.
     */
    correlationId: CorrelationId;
}

/**
 * Who does it now, and until when nobody else may.
 */
export interface Lease {
    /**
     * The process.
     */
    owner: Key;
    /**
     * Until when.
     */
    until: DateTime<Utc>;
}

/**
 * What is to be done, with all it takes.
 */
export type Task = ({ kind: "charge" } & Charge) | ({ kind: "void" } & Charge) | ({ kind: "refund" } & Charge) | { kind: "deliver"; channel: string; message: MessageRow };

/**
 * The money of one reservation, and the key under which the gateway books it.
 */
export interface Charge extends Money {
    /**
     * The key: at most one capture and one refund under it.
     */
    key: Key;
    /**
     * The payment.
     */
    paymentId: PaymentId;
    /**
     * The reservation it pays for.
     */
    reservationId: ReservationId;
}

/**
 * What came of an effect.
 *
 * A reason is kept in the log for good, and that of a charge not made is told to the customer: nothing in it may be for your eyes only.
 */
export type Outcome = { outcome: "captured" } | { outcome: "declined"; reason: string } | { outcome: "notTaken"; reason: string } | { outcome: "unknown"; reason: string } | { outcome: "refunded" } | { outcome: "delivered" } | { outcome: "unavailable"; reason: string } | { outcome: "refused"; reason: string };

/**
 * How far a reservation has come whose host calls the gateway itself.
 */
export interface Reserving {
    /**
     * The reservation as it is now; without an effect, the answer.
     */
    reservation: ReservationRow;
    /**
     * Do this, and tell [`App::resume_reserve`].
     */
    effect: Effect | null;
}

/**
 * The same in both languages.
 */
export interface InBoth {
    /**
     * Korean.
     */
    ko: string;
    /**
     * English.
     */
    en: string;
}

/**
 * An error as data, for a page that tells it in whichever language.
 */
export interface Told {
    /**
     * The stable code that programs match on.
     */
    code: string;
    /**
     * What sort of refusal it is.
     */
    kind: Kind;
    /**
     * What was refused, and why.
     */
    message: InBoth;
    /**
     * What to do.
     */
    hint: InBoth;
    /**
     * When to try again, in milliseconds.
     */
    retryAfterMs: number | null;
    /**
     * The reservation whose outcome is not known.
     */
    reservation: ReservationRow | null;
}
