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
    stage: Stage,
}

/// How far the transaction is.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Frames,
    /// The page to come is the last that counts.
    LastPage,
    /// It is all there. What comes now only fills a sector of the disk, and nothing follows it that would have it written.
    Ended,
}

/// Gathers while `f` runs. What is gathered already, if this is called inside itself, goes on afterwards.
pub(crate) fn gather<T>(f: impl FnOnce() -> T) -> T {
    /// Ends the gathering even if `f` unwinds.
    struct End(Option<Piece>);
    impl Drop for End {
        fn drop(&mut self) {
            GATHERED.set(self.0.take());
        }
    }
    let bytes = Vec::with_capacity(PIECE_BYTES_MAX);
    let _end = End(GATHERED.replace(Some(Piece { bytes, ..Piece::default() })));
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
    let taken = with_piece(|piece| {
        let is_others = piece.file != file && !piece.bytes.is_empty();
        if is_others || piece.stage == Stage::Ended {
            return Ok(Taken::No);
        }
        if piece.bytes.len() + bytes.len() > PIECE_BYTES_MAX || piece.end() != at {
            piece.write_out(&mut write)?;
        }
        let marks_the_end = bytes.len() == HEADER_BYTES && bytes[4..8] != [0; 4];
        if piece.bytes.is_empty() {
            // A mark of the end that stands alone may have no page after it: SQLite has counted its checksums anew.
            if marks_the_end {
                piece.stage = Stage::Ended;
            }
            if marks_the_end || bytes.len() != HEADER_BYTES {
                return Ok(Taken::No);
            }
            (piece.file, piece.at) = (file, at);
        }
        piece.bytes.extend_from_slice(bytes);
        match piece.stage {
            Stage::LastPage => {
                piece.stage = Stage::Ended;
                piece.write_out(&mut write)?;
            }
            _ if marks_the_end => piece.stage = Stage::LastPage,
            _ => {}
        }
        Ok(Taken::Yes)
    });
    taken.unwrap_or(Ok(Taken::No))
}

/// Has what is gathered for a file written now.
///
/// # Errors
/// What `write` says; then the bytes it was given are lost.
pub(crate) fn write_out<E>(file: u64, mut write: impl FnMut(&[u8], i64) -> Result<(), E>) -> Result<(), E> {
    let written = with_piece(|piece| if piece.file == file { piece.write_out(&mut write) } else { Ok(()) });
    written.unwrap_or(Ok(()))
}

/// Calls with what this thread gathers, if it does: not at its very end, nor from inside a write.
fn with_piece<T>(f: impl FnOnce(&mut Piece) -> T) -> Option<T> {
    let called = GATHERED.try_with(|gathered| gathered.try_borrow_mut().ok()?.as_mut().map(f));
    called.ok().flatten()
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
        if self.bytes.is_empty() {
            return Ok(());
        }
        let written = write(&self.bytes, self.at);
        self.bytes.clear();
        written
    }
}
