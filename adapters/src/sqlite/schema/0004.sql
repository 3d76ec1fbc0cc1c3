-- Schema version 4: a COMMIT writes fewer pages.

-- The row that nearly every COMMIT changes tells how far each consumer has come, too: a JSON object, sequences by name. Its seal is
-- of the cursors alone, for the rest is held against the log. tables/older.rs moves them over from `consumers`.
ALTER TABLE head ADD COLUMN cursors TEXT NOT NULL DEFAULT '';
ALTER TABLE head ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;

-- A request's events are found by where they begin: each event whose predecessor is of another request is here.
CREATE TABLE runs (
    correlation_id TEXT    NOT NULL,
    first          INTEGER NOT NULL,
    PRIMARY KEY (correlation_id, first)
) STRICT, WITHOUT ROWID;
INSERT INTO runs
    SELECT here.correlation_id, here.sequence
    FROM events AS here LEFT JOIN events AS before ON before.sequence = here.sequence - 1
    WHERE before.correlation_id IS NOT here.correlation_id
    ORDER BY here.correlation_id, here.sequence;
DROP INDEX events_by_correlation;

-- An event is of one reservation: one index finds what was told of it, and keeps an event from being told twice.
ALTER TABLE messages RENAME TO twice_indexed;
CREATE TABLE messages (
    message_id     INTEGER PRIMARY KEY,
    reservation_id INTEGER NOT NULL,
    storage_id     INTEGER NOT NULL,
    customer       TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    content        TEXT    NOT NULL,
    event_sequence INTEGER NOT NULL,
    channel        TEXT    NOT NULL,
    correlation_id TEXT    NOT NULL
) STRICT;
INSERT INTO messages SELECT * FROM twice_indexed ORDER BY message_id;
DROP TABLE twice_indexed;
CREATE UNIQUE INDEX messages_of_reservation ON messages (reservation_id, event_sequence, channel);

-- A block of the view holds 8 storages and less of each, so that several fit into a page of the file.
-- tables/storage_views.rs tells what it holds, tables/older.rs moves over what there was.
ALTER TABLE storage_views RENAME TO wide_views;
CREATE TABLE storage_views (
    block INTEGER PRIMARY KEY,
    rows  BLOB NOT NULL
) STRICT;
