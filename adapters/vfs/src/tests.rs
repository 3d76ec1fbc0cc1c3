use rusqlite::{Connection, OpenFlags};

use super::{NAME, in_one_piece, register};
use crate::piece::{PIECE_BYTES_MAX, Taken, take, write_out};

const HEADER: [u8; 24] = [0; 24];

fn last_header() -> [u8; 24] {
    let mut header = HEADER;
    header[7] = 9;
    header
}

/// Gathers writes of one file, and tells each that reached it: where it began, and how long it was.
fn reached(writes: &[(i64, &[u8])]) -> Vec<(i64, usize)> {
    let mut reached = Vec::new();
    in_one_piece(|| {
        for &(at, bytes) in writes {
            let taken = take(1, at, bytes, |bytes, at| {
                reached.push((at, bytes.len()));
                Ok::<_, ()>(())
            });
            if taken == Ok(Taken::No) {
                reached.push((at, bytes.len()));
            }
        }
    });
    reached
}

#[test]
fn frames_that_follow_each_other_are_written_once_the_last_is_there() {
    let page = [7; 512];
    let frames: [(i64, &[u8]); 5] = [(0, &[1; 32]), (32, &HEADER), (56, &page), (568, &last_header()), (592, &page)];
    assert_eq!(reached(&frames), [(0, 32), (32, 1072)]);
    assert_eq!(reached(&frames[..4]), [(0, 32)], "what is not ended is never written");
    let restart: [(i64, &[u8]); 4] = [(32, &HEADER), (56, &page), (0, &[1; 32]), (32, &HEADER)];
    assert_eq!(reached(&restart), [(32, 536), (0, 32)], "in the order it came");
}

#[test]
fn no_piece_is_longer_than_the_largest_page() {
    let page = [7; 2048];
    let mut frames: Vec<(i64, &[u8])> = Vec::new();
    for n in 0..200 {
        frames.extend([(32 + n * 2072, HEADER.as_slice()), (56 + n * 2072, page.as_slice())]);
    }
    let pieces = reached(&frames);
    assert!(pieces.len() > 1 && pieces.iter().all(|(_, len)| *len <= PIECE_BYTES_MAX), "{pieces:?}");
    assert!(pieces.windows(2).all(|two| two[0].0 + two[0].1 as i64 == two[1].0), "{pieces:?}");
}

#[test]
fn a_mark_of_the_end_that_begins_a_piece_is_written_at_once() {
    // What follows it is of no transaction: it fills a sector.
    let frames: [(i64, &[u8]); 4] = [(32, &last_header()), (56, &[7; 512]), (568, &HEADER), (592, &[7; 512])];
    assert_eq!(reached(&frames), [(32, 24), (56, 512), (568, 24), (592, 512)]);
}

#[test]
fn what_fills_a_sector_after_the_end_is_written_at_once() {
    let page = [0; 512];
    let frames: [(i64, &[u8]); 7] = [
        (32, &HEADER),
        (56, &page),
        (568, &last_header()),
        (592, &page),
        // The last frame again; SQLite cuts it where the sector ends, which may leave 24 bytes of nothing but zeros.
        (1104, &last_header()),
        (1128, &page[..488]),
        (1616, &page[..24]),
    ];
    assert_eq!(reached(&frames), [(32, 1072), (1104, 24), (1128, 488), (1616, 24)]);
}

#[test]
fn nothing_is_lost_where_the_disk_may_damage_what_is_beside_a_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    register().unwrap();
    let uri = format!("file:{}?psow=0", path.display());
    let conn = Connection::open_with_flags_and_vfs(uri, OpenFlags::default(), NAME).unwrap();
    conn.execute_batch("PRAGMA page_size = 2048; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").unwrap();
    conn.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, zeros BLOB)").unwrap();
    let plain = Connection::open(&path).unwrap();
    for id in 1..=300 {
        conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        conn.execute("INSERT INTO t VALUES (?1, zeroblob(1000))", [id]).unwrap();
        conn.execute("UPDATE t SET zeros = zeroblob(1001) WHERE id % 50 = ?1 % 50", [id]).unwrap();
        in_one_piece(|| conn.execute_batch("COMMIT")).unwrap();
        let whole: String = plain.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!((whole.as_str(), count(&plain)), ("ok", id), "commit {id}");
    }
}

fn count(conn: &Connection) -> i64 {
    conn.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
}

#[test]
fn nothing_is_gathered_outside_nor_for_two_files_nor_after_a_failure() {
    assert_eq!(take(1, 0, &HEADER, |_, _| Ok::<_, ()>(())), Ok(Taken::No));
    in_one_piece(|| {
        let never = |_: &[u8], _: i64| -> Result<(), ()> { panic!("nothing is to be written yet") };
        assert_eq!(take(1, 0, &HEADER, never), Ok(Taken::Yes));
        assert_eq!(take(2, 24, &HEADER, never), Ok(Taken::No));
        assert_eq!(write_out(2, never), Ok(()));
        assert_eq!(write_out(1, |_, _| Err("full")), Err("full"));
        assert_eq!(write_out(1, never), Ok(()), "what could not be written is gone");
    });
}

/// Opens a file under the layer, with so small a cache that large transactions are written before their time.
fn open(path: &std::path::Path) -> Connection {
    register().unwrap();
    let conn = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), NAME).unwrap();
    conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = 10").unwrap();
    conn
}

#[test]
fn what_is_committed_in_one_piece_is_what_others_read_and_what_is_undone_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (one, other) = (open(&path), open(&path));
    one.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)").unwrap();
    let mut kept = 0;
    for round in 0..40_i64 {
        // By turns, as two programs do; of few rows or many, changed again within the transaction or not.
        let conn = if round % 3 == 0 { &other } else { &one };
        let rows = [1, 5, 3_000][(round % 7 % 3) as usize];
        conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        for row in 0..rows {
            let values = (round * 10_000 + row, format!("{row}").repeat(60));
            conn.execute("INSERT INTO t VALUES (?1, ?2)", values).unwrap();
        }
        conn.execute("UPDATE t SET text = text || 'x' WHERE id % 7 = ?1", [round % 7]).unwrap();
        if round % 5 == 4 {
            in_one_piece(|| conn.execute_batch("ROLLBACK")).unwrap();
        } else {
            in_one_piece(|| conn.execute_batch("COMMIT")).unwrap();
            kept += rows;
        }
        // A plain connection sees it at once, and finds the file whole.
        let plain = Connection::open(&path).unwrap();
        assert_eq!(count(&plain), kept);
        let whole: String = plain.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok", "round {round}");
        if round % 11 == 0 {
            plain.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        }
    }
}
