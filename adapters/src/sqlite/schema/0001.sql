-- Schema version 1. Days are whole days since 1970-01-01, moments microseconds since then in UTC, money minor units,
-- keys 16 bytes. Words (status, kind …) are those of the JSON. No foreign keys: aggregates refer to each other both ways,
-- and deferred constraints would let a COMMIT fail for what one member of its group did.
-- Rows that no event tells of have a seal: the hash of their other columns, so that each changed bit is found (see seal.rs).

-- The log: outbox, audit trail, and the source for rebuilding. Rows are only ever added.
CREATE TABLE events (
    sequence          INTEGER PRIMARY KEY,
    event_type        TEXT    NOT NULL,
    schema_version    INTEGER NOT NULL,
    occurred_at       INTEGER NOT NULL,
    aggregate_kind    TEXT    NOT NULL,
    aggregate_id      INTEGER NOT NULL,
    aggregate_version INTEGER NOT NULL,
    correlation_id    TEXT    NOT NULL,
    causation_id      INTEGER,
    payload           TEXT    NOT NULL,
    hash              BLOB    NOT NULL
) STRICT;
CREATE INDEX events_by_correlation ON events (correlation_id);
-- One event causes at most one event of a storage, however often it is delivered.
CREATE UNIQUE INDEX events_storage_causes ON events (aggregate_id, causation_id)
    WHERE aggregate_kind = 'storage' AND causation_id IS NOT NULL;

-- The end of the log, kept apart, so that the last event is covered too.
CREATE TABLE head (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL,
    hash     BLOB    NOT NULL
) STRICT;
INSERT INTO head (id, sequence, hash) VALUES (1, 0, zeroblob(32));

CREATE TABLE storages (
    storage_id     INTEGER PRIMARY KEY,
    description    TEXT    NOT NULL,
    price          INTEGER NOT NULL,
    currency       TEXT    NOT NULL,
    per            TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    review_count   INTEGER NOT NULL,
    rating_tenths  INTEGER,
    withdrawn      INTEGER NOT NULL,
    occupant       INTEGER,
    deleted        INTEGER NOT NULL,
    version        INTEGER NOT NULL
) STRICT;

CREATE TABLE reservations (
    reservation_id  INTEGER PRIMARY KEY,
    storage_id      INTEGER NOT NULL,
    customer        TEXT    NOT NULL,
    from_day        INTEGER NOT NULL,
    until_day       INTEGER,
    price           INTEGER NOT NULL,
    currency        TEXT    NOT NULL,
    payment_id      INTEGER NOT NULL,
    status          TEXT    NOT NULL,
    hold_expires_at INTEGER,
    paid_until      INTEGER,
    correlation_id  TEXT    NOT NULL,
    pays_until      INTEGER,
    started         INTEGER NOT NULL,
    version         INTEGER NOT NULL
) STRICT;
CREATE INDEX reservations_by_customer ON reservations (customer);
CREATE INDEX reservations_by_storage ON reservations (storage_id);
CREATE INDEX reservations_by_status ON reservations (status);
CREATE INDEX reservations_live ON reservations (storage_id, from_day, until_day)
    WHERE status IN ('reqReserve', 'reserved', 'reqCancel');
CREATE INDEX reservations_holds ON reservations (hold_expires_at) WHERE status = 'reqReserve';
CREATE INDEX reservations_to_start ON reservations (from_day) WHERE status = 'reserved' AND started = 0;
CREATE INDEX reservations_to_end ON reservations (until_day) WHERE status = 'reserved' AND until_day IS NOT NULL;

CREATE TABLE payments (
    payment_id     INTEGER PRIMARY KEY,
    reservation_id INTEGER NOT NULL,
    storage_id     INTEGER NOT NULL,
    price          INTEGER NOT NULL,
    currency       TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    key            BLOB    NOT NULL,
    correlation_id TEXT    NOT NULL,
    version        INTEGER NOT NULL
) STRICT;

CREATE TABLE reviews (
    review_id      INTEGER PRIMARY KEY,
    reservation_id INTEGER NOT NULL,
    storage_id     INTEGER NOT NULL,
    rating         INTEGER NOT NULL,
    content        TEXT    NOT NULL,
    customer       TEXT    NOT NULL,
    deleted        INTEGER NOT NULL,
    version        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX reviews_of_reservation ON reviews (reservation_id) WHERE deleted = 0;
CREATE INDEX reviews_of_storage ON reviews (storage_id) WHERE deleted = 0;

CREATE TABLE messages (
    message_id     INTEGER PRIMARY KEY,
    reservation_id INTEGER NOT NULL,
    storage_id     INTEGER NOT NULL,
    customer       TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    content        TEXT    NOT NULL,
    event_sequence INTEGER NOT NULL,
    channel        TEXT    NOT NULL,
    correlation_id TEXT    NOT NULL,
    UNIQUE (event_sequence, channel)
) STRICT;
CREATE INDEX messages_by_customer ON messages (customer);

CREATE TABLE channels (
    name TEXT PRIMARY KEY,
    seal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO channels (name, seal) VALUES ('inbox', 1518514100160920349);

-- The view page: kept by events alone, may be emptied and folded anew.
CREATE TABLE storage_views (
    storage_id         INTEGER PRIMARY KEY,
    status             TEXT    NOT NULL,
    description        TEXT    NOT NULL,
    price              INTEGER NOT NULL,
    currency           TEXT    NOT NULL,
    reservation_id     INTEGER,
    reservation_status TEXT,
    from_day           INTEGER,
    until_day          INTEGER,
    payment_id         INTEGER,
    payment_status     TEXT,
    review_count       INTEGER NOT NULL,
    rating_tenths      INTEGER,
    occupant           INTEGER
) STRICT;

CREATE TABLE effects (
    effect_id      INTEGER PRIMARY KEY,
    key            BLOB    NOT NULL,
    kind           TEXT    NOT NULL,
    payment_id     INTEGER,
    message_id     INTEGER,
    channel        TEXT,
    status         TEXT    NOT NULL,
    attempts       INTEGER NOT NULL,
    due_at         INTEGER NOT NULL,
    lease_owner    BLOB,
    lease_until    INTEGER,
    correlation_id TEXT    NOT NULL,
    causation_id   INTEGER NOT NULL,
    seal           INTEGER NOT NULL,
    -- When something is to be done about it again; a charge whose lease is over is to be settled, not repeated.
    ready_at       INTEGER GENERATED ALWAYS AS (CASE status WHEN 'due' THEN due_at WHEN 'leased' THEN lease_until END) VIRTUAL,
    UNIQUE (kind, key)
) STRICT;
CREATE INDEX effects_ready ON effects (ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX effects_open ON effects (kind) WHERE status IN ('due', 'leased', 'unknown');

CREATE TABLE consumers (
    name        TEXT PRIMARY KEY,
    cursor      INTEGER NOT NULL,
    paused      INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    retry_at    INTEGER,
    last_error  TEXT,
    lease_owner BLOB,
    lease_until INTEGER,
    seal        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letters (
    dead_letter_id INTEGER PRIMARY KEY,
    subject        TEXT    NOT NULL,
    consumer       TEXT,
    sequence       INTEGER,
    key            TEXT,
    effect_id      INTEGER,
    action         TEXT,
    reason         TEXT    NOT NULL,
    parked_at      INTEGER NOT NULL,
    closed_at      INTEGER,
    resolution     TEXT,
    seal           INTEGER NOT NULL
) STRICT;
CREATE INDEX dead_letters_open ON dead_letters (consumer, key, sequence) WHERE closed_at IS NULL;

CREATE TABLE idempotency (
    scope          TEXT    NOT NULL,
    command        TEXT    NOT NULL,
    key            TEXT    NOT NULL,
    body           TEXT    NOT NULL,
    reservation_id INTEGER NOT NULL,
    seal           INTEGER NOT NULL,
    PRIMARY KEY (scope, command, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT    NOT NULL,
    seal  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
