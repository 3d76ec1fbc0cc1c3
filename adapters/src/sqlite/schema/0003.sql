-- Schema version 3: fewer rows and pages to read and to write.

-- A customer's messages are found through their reservations: an index by customer changes a page of its own with each message.
DROP INDEX messages_by_customer;
CREATE INDEX messages_by_reservation ON messages (reservation_id);

-- The view keeps 16 storages to a row, packed, so that a page of it is a few rows and one storage's change is one.
-- What a packed row holds is told in tables/older.rs, which also moves the rows over.
ALTER TABLE storage_views RENAME TO loose_views;
CREATE TABLE storage_views (
    block INTEGER PRIMARY KEY,
    rows  BLOB NOT NULL
) STRICT;
