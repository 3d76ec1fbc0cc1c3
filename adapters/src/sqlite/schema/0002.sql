-- Schema version 2: fewer indexes, and none that moves its entry with each change of state on the way to `reserved`.

-- No index tells which reservations are live: of one storage there are not many.
DROP INDEX reservations_live;
DROP INDEX reservations_by_storage;
CREATE INDEX reservations_by_storage ON reservations (storage_id, from_day, until_day);
-- The latest event that caused one of the storage's own stands with the storage: no event causes a second one, however often it is
-- delivered, nor does one before it.
ALTER TABLE storages ADD COLUMN last_cause INTEGER;
UPDATE storages SET last_cause =
    (SELECT max(causation_id) FROM events INDEXED BY events_storage_causes
     WHERE aggregate_kind = 'storage' AND aggregate_id = storage_id AND causation_id IS NOT NULL);
DROP INDEX events_storage_causes;
-- Holds have an index of their own, and do not last.
DROP INDEX reservations_by_status;
CREATE INDEX reservations_by_status ON reservations (status) WHERE status <> 'reqReserve';

-- Not `IN`: for each row changed SQLite would make a table of what is listed.
DROP INDEX effects_ready;
DROP INDEX effects_open;
CREATE INDEX effects_open ON effects (kind, ready_at) WHERE (status = 'due' OR status = 'leased' OR status = 'unknown');

-- A row of the view has room for the reservation it will show: where rows lie close together, one that grows has to be moved, and
-- its neighbours with it.
CREATE TABLE roomy_views (
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
    occupant           INTEGER,
    room               BLOB    NOT NULL
) STRICT;
INSERT INTO roomy_views
    SELECT *, CASE WHEN reservation_id IS NULL THEN zeroblob(32) ELSE x'' END FROM storage_views ORDER BY storage_id;
DROP TABLE storage_views;
ALTER TABLE roomy_views RENAME TO storage_views;
