//! What a stranger may have done to a database file by SQL: foreign objects, other columns, other values.

use std::path::Path;

use rusqlite::Connection;

use super::dice::Dice;

const TABLES: &[&str] = &[
    "events",
    "head",
    "runs",
    "storages",
    "reservations",
    "payments",
    "reviews",
    "messages",
    "channels",
    "storage_views",
    "effects",
    "consumers",
    "dead_letters",
    "idempotency",
    "settings",
];

/// Values of every type, and sizes that hurt.
const VALUES: &[&str] = &[
    "NULL",
    "0",
    "-1",
    "1",
    "2",
    "9223372036854775807",
    "-9223372036854775808",
    "4294967296",
    "1e308",
    "-1e308",
    "0.5",
    "''",
    "' '",
    "'x'",
    "'a' || char(10) || 'b'",
    "char(27) || '[2J'",
    "char(0x202e)",
    "char(0)",
    "x''",
    "x'ff'",
    "zeroblob(16)",
    "zeroblob(32)",
    "randomblob(16)",
    "zeroblob(60000)",
    "hex(zeroblob(30000))",
    "printf('%.*c', 5000, 'x')",
    "'KRW'",
    "'XXX'",
    "'reserved'",
    "'cancelled'",
    "'reqReserve'",
    "'due'",
    "'leased'",
    "'paid'",
    "'charge'",
    "'Asia/Seoul'",
    "'{\"price\":1}'",
    "'[[[['",
    "date('now')",
    "8223372036854775807",
    "-62135596800000000",
    "253402300799000000",
];

/// Rows that contradict each other, and numbers at the end of what there is.
const SURGERY: &[&str] = &[
    "UPDATE head SET sequence = 9223372036854775807",
    "UPDATE storages SET description = hex(zeroblob(10000000)) WHERE storage_id = 1",
    "UPDATE events SET payload = hex(zeroblob(10000000)) WHERE sequence = 7",
    "UPDATE head SET sequence = sequence - 1",
    "UPDATE head SET sequence = sequence + 1000000",
    "INSERT INTO head VALUES (2, 0, x'', '{}', 0)",
    "INSERT OR REPLACE INTO settings VALUES ('zone', '../../etc/localtime', 0)",
    "INSERT OR REPLACE INTO settings VALUES ('holdMinutes', '99999999999', 0)",
    "INSERT OR REPLACE INTO settings SELECT value, 'x', 0 FROM (WITH RECURSIVE c(value) AS
     (SELECT 1 UNION ALL SELECT value + 1 FROM c LIMIT 5000) SELECT value FROM c)",
    "UPDATE storages SET storage_id = 9223372036854775807 WHERE storage_id = 3",
    "UPDATE reservations SET reservation_id = 9223372036854775807 WHERE reservation_id = 2",
    "UPDATE payments SET payment_id = 9223372036854775807 WHERE payment_id = 2",
    "UPDATE effects SET effect_id = 9223372036854775807 WHERE effect_id = 2",
    "UPDATE messages SET message_id = 9223372036854775807 WHERE message_id = 2",
    "UPDATE storages SET version = 9223372036854775807",
    "UPDATE effects SET attempts = 4294967295, due_at = -9000000000000000000",
    "UPDATE effects SET status = 'due', lease_owner = NULL, lease_until = NULL",
    "UPDATE effects SET status = 'leased', lease_owner = x'00112233445566778899aabbccddeeff', lease_until = 1",
    "UPDATE head SET cursors = (SELECT json_group_object(key, 9223372036854775807) FROM json_each(cursors))",
    "UPDATE head SET cursors = (SELECT json_group_object(key, 0) FROM json_each(cursors))",
    "UPDATE head SET cursors = (SELECT json_group_object(key, 5) FROM json_each(cursors))",
    "UPDATE head SET cursors = '{}'",
    "UPDATE head SET cursors = replace(cursors, ':', ':99999999999999999')",
    "UPDATE head SET cursors = '{\"view\":18446744073709551615}'",
    "UPDATE head SET cursors = '[[[[' || cursors",
    "UPDATE runs SET first = first + 1",
    "DELETE FROM runs",
    "UPDATE consumers SET retry_at = 8000000000000000000, attempts = 4294967295",
    "UPDATE reservations SET hold_expires_at = 8000000000000000000, status = 'reqReserve'",
    "UPDATE reservations SET hold_expires_at = NULL, status = 'reqReserve'",
    "UPDATE reservations SET from_day = 2932896, until_day = NULL",
    "UPDATE reservations SET from_day = 0, until_day = 2932896",
    "UPDATE reservations SET status = 'reserved', until_day = from_day + 1",
    "UPDATE reservations SET storage_id = 1, payment_id = 1",
    "UPDATE payments SET price = -price",
    "UPDATE payments SET currency = 'XXX'",
    "UPDATE reservations SET price = -price",
    "UPDATE storage_views SET rows = substr(rows, 2)",
    "UPDATE storage_views SET rows = rows || rows",
    "UPDATE storage_views SET rows = x'00ffff', block = block + 9000000000000000000",
    "DELETE FROM events WHERE sequence % 7 = 3",
    "DELETE FROM head",
    "DELETE FROM channels",
    "INSERT INTO channels VALUES ('', 0), (char(27), 0), ('mail', 0), ('x y', 0)",
    "INSERT INTO consumers (name, paused, attempts, seal) VALUES ('', 0, 0, 0), (char(0x202e), 0, 0, 0);
     UPDATE head SET cursors = json_set(cursors, '$.' || char(34, 0x202e, 34), 9, '$.' || char(34, 34), 0)",
    "UPDATE dead_letters SET closed_at = NULL, reason = char(27) || char(0x202e)",
];

/// Expressions that never finish, or not soon, once they are computed.
const SLOW: &[&str] = &[
    "length(hex(zeroblob(400000000)))",
    "instr(hex(zeroblob(30000000)), hex(zeroblob(15000000)) || 'f')",
    "(hex(zeroblob(40)) GLOB '*0*0*0*0*0*0*0*0*0*0*0*0*1')",
    "(hex(zeroblob(40)) LIKE '%0%0%0%0%0%0%0%0%0%0%0%0%1')",
    "length(replace(hex(zeroblob(9000000)), '0', '0000000000'))",
];

pub(super) fn bend(path: &Path, dice: &mut Dice, done: &mut Vec<String>) {
    let Ok(conn) = Connection::open(path) else { return };
    for _ in 0..dice.few(6) {
        // A trap is set last: the next change would fall into it.
        let is_trap = dice.one_in(4);
        let sql = if is_trap { trap(&conn, dice) } else { change(&conn, dice) };
        let outcome = conn.execute_batch(&sql);
        done.push(if outcome.is_ok() { sql } else { format!("({sql})") });
        if is_trap {
            break;
        }
    }
    // What is left of a WAL goes into the file.
    let _ = conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
}

fn column(conn: &Connection, table: &str, dice: &mut Dice) -> String {
    let columns = conn.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).and_then(|mut statement| {
        let names = statement.query_map([], |row| row.get::<_, String>(0))?;
        names.collect::<Result<Vec<_>, _>>()
    });
    match columns {
        Ok(columns) if !columns.is_empty() => dice.pick(&columns),
        Ok(_) | Err(_) => "rowid".to_owned(),
    }
}

const SCHEMA: &str = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql,";
const RESET: &str = "; PRAGMA writable_schema = RESET";

fn change(conn: &Connection, dice: &mut Dice) -> String {
    let (table, value) = (dice.pick(TABLES), dice.pick(VALUES));
    let column = column(conn, table, dice);
    let some = dice.pick(&["", "", " WHERE rowid % 3 = 0", " WHERE rowid = 1"]);
    match dice.below(20) {
        0..=6 => format!("UPDATE OR REPLACE {table} SET {column} = {value}{some}"),
        7..=9 => format!(
            "{SCHEMA} 'STRICT', '') WHERE name = '{table}'{RESET};
             {SCHEMA} 'NOT NULL', '') WHERE name = '{table}'{RESET};
             UPDATE OR REPLACE {table} SET {column} = {value}{some}"
        ),
        10 => format!("DELETE FROM {table}{some}"),
        11 => format!("DROP TABLE {table}"),
        12 => format!("CREATE TABLE other AS SELECT * FROM {table}; CREATE INDEX idle ON {table} ({column}); ANALYZE"),
        13 => format!("PRAGMA application_id = {}", dice.pick(&["0", "1", "-1", "1919250036"])),
        14 => format!("PRAGMA user_version = {}", dice.pick(&["0", "2", "-1", "2147483647"])),
        15 => format!("ALTER TABLE {table} RENAME COLUMN {column} TO evil"),
        16 => format!("ALTER TABLE {table} DROP COLUMN {column}"),
        17 => {
            let root = dice.pick(&["0", "1", "2", "5", "99999", "-1"]);
            format!(
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = {root} WHERE name = '{table}'{RESET}"
            )
        }
        18 => format!("PRAGMA page_size = {}; VACUUM", dice.pick(&["512", "1024", "65536"])),
        _ => dice.pick(SURGERY).to_owned(),
    }
}

/// Something that strikes when the file is used.
fn trap(conn: &Connection, dice: &mut Dice) -> String {
    let (table, slow) = (dice.pick(TABLES), dice.pick(SLOW));
    let column = column(conn, table, dice);
    match dice.below(9) {
        0 => format!(
            "DROP TABLE {table};
             CREATE VIEW {table} AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS {column} FROM c"
        ),
        1 => {
            let when = dice.pick(&["INSERT", "UPDATE", "DELETE"]);
            let evil = "UPDATE storages SET price = -1; DELETE FROM events";
            format!("CREATE TRIGGER evil AFTER {when} ON {table} BEGIN {evil}; END")
        }
        2 => format!("CREATE TRIGGER slow AFTER INSERT ON {table} BEGIN SELECT {slow}; END"),
        3 => format!("{SCHEMA} ') STRICT', ', CHECK ({slow} >= 0)) STRICT') WHERE name = '{table}'{RESET}"),
        4 => format!(
            "{SCHEMA} 'price          INTEGER NOT NULL', 'price INTEGER GENERATED ALWAYS AS ({slow}) VIRTUAL')
             WHERE name = 'storages'{RESET}"
        ),
        5 => format!("{SCHEMA} ') STRICT', ', evil INTEGER AS ({slow}) VIRTUAL NOT NULL) STRICT') WHERE name = '{table}'{RESET}"),
        6 => {
            let (table, id) = dice.pick(&[("events", "sequence"), ("storages", "storage_id"), ("reservations", "reservation_id")]);
            let last: i64 = conn.query_row(&format!("SELECT max({id}) FROM {table}"), [], |row| row.get(0)).unwrap_or(0);
            // Rows that are there are not computed; the next one is.
            let tail = dice.pick(&["", " WHERE ", " COLLATE "]);
            match tail {
                " WHERE " => format!("CREATE INDEX slow ON {table} ({id}) WHERE CASE WHEN {id} > {last} THEN {slow} END"),
                _ => format!("CREATE INDEX slow ON {table} (CASE WHEN {id} > {last} THEN {slow} END)"),
            }
        }
        7 => format!(
            "CREATE TABLE other (x CHECK ({slow} >= 0));
             PRAGMA ignore_check_constraints = ON; INSERT INTO other VALUES (1)"
        ),
        _ => {
            let sql = dice.pick(&["NULL", "'x'", "'CREATE TABLE x(a)'", "'CREATE VIRTUAL TABLE x USING fts5(a)'", "''"]);
            format!("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = {sql} WHERE name = '{table}'{RESET}")
        }
    }
}
