//! What is gathered: bytes that follow each other in one file, on the thread that commits.

use std::cell::RefCell;

/// More than this is written before its time: SQLite never gives a VFS more at once than the largest page, and its own unix VFS
/// takes no more than twice that.
pub(crate) const PIECE_BYTES_MAX: usize = 64 * 1024;

/// A WAL's frame is a header and a page, which SQLite writes one after the other.
const HEADER_BYTES: usize = 24;

thread_local! {
    static GATHERED: RefCell<Option<Piece>> = const { RefCell::new(None) };
}

/// Bytes on their way to a file.
#[derive(Default)]
pub(crate) struct Piece {
    /// Which opened file it is for.
    file: u64,
    at: i64,
    bytes: Vec<u8>,
    /// The page to come is the transaction's last.
    ends: bool,
}

/// Gathers while `f` runs, then gives the buffer back, empty. What is gathered already, if this is called inside itself, goes on
/// afterwards.
pub(crate) fn gather<T>(buffer: &mut Vec<u8>, f: impl FnOnce() -> T) -> T {
    /// Ends the gathering even if `f` unwinds.
    struct End<'b> {
        buffer: &'b mut Vec<u8>,
        outer: Option<Piece>,
    }
    impl Drop for End<'_> {
        fn drop(&mut self) {
            if let Some(piece) = GATHERED.replace(self.outer.take()) {
                *self.buffer = piece.bytes;
                self.buffer.clear();
            }
        }
    }
    let outer = GATHERED.replace(Some(Piece { bytes: std::mem::take(buffer), ..Piece::default() }));
    let _end = End { buffer, outer };
    f()
}

/// Takes bytes for a file, or says that they are to be written now. Whatever must be in the file before is given to `write`.
///
/// # Errors
/// What `write` says; then the bytes it was given are lost, and those here were not taken.
pub(crate) fn take<E>(
    file: u64,
    at: i64,
    bytes: &[u8],
    mut write: impl FnMut(&[u8], i64) -> Result<(), E>,
) -> Result<Taken, E> {
    GATHERED.with_borrow_mut(|gathered| {
        let Some(piece) = gathered.as_mut().filter(|piece| piece.file == file || piece.bytes.is_empty()) else {
            return Ok(Taken::No);
        };
        if piece.bytes.len() + bytes.len() > PIECE_BYTES_MAX || piece.end() != at {
            piece.write_out(&mut write)?;
        }
        let goes_on = !piece.bytes.is_empty();
        let marks_the_end = bytes.len() == HEADER_BYTES && bytes[4..8] != [0; 4];
        if !goes_on {
            // A mark of the end that stands alone may have nothing after it: SQLite has counted its checksums anew.
            if marks_the_end || bytes.len() != HEADER_BYTES {
                return Ok(Taken::No);
            }
            (piece.file, piece.at) = (file, at);
        }
        piece.bytes.extend_from_slice(bytes);
        if std::mem::replace(&mut piece.ends, marks_the_end) {
            piece.write_out(&mut write)?;
        }
        Ok(Taken::Yes)
    })
}

/// Has what is gathered for a file written now.
///
/// # Errors
/// What `write` says; then the bytes it was given are lost.
pub(crate) fn write_out<E>(file: u64, mut write: impl FnMut(&[u8], i64) -> Result<(), E>) -> Result<(), E> {
    GATHERED.with_borrow_mut(|gathered| match gathered {
        Some(piece) if piece.file == file => piece.write_out(&mut write),
        Some(_) | None => Ok(()),
    })
}

/// Whether bytes were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// They are on their way.
    Yes,
    /// They are to be written now.
    No,
}

impl Piece {
    fn end(&self) -> i64 {
        self.at + self.bytes.len() as i64
    }

    /// Empty afterwards, whatever comes of it: SQLite undoes a transaction of which a part could not be written, and another one,
    /// perhaps another program's, then writes in the same place.
    fn write_out<E>(&mut self, write: &mut impl FnMut(&[u8], i64) -> Result<(), E>) -> Result<(), E> {
        self.ends = false;
        if self.bytes.is_empty() {
            return Ok(());
        }
        let written = write(&self.bytes, self.at);
        self.bytes.clear();
        written
    }
}
