//! The C side: a layer over SQLite's default VFS, as SQLite calls it. All of it is handed on, but what is written to a WAL.
//!
//! The rules of SQLite on which every block here rests: a VFS once registered lives for ever; a file's methods are called only
//! between a successful `xOpen` and its `xClose`, with the pointer `xOpen` was given; by one thread at a time; buffers are as long
//! as said; the room for a file is as large as the VFS has said, and aligned for pointers.

use std::ffi::{c_char, c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, ffi};

use crate::NAME;
use crate::piece::{self, PIECE_BYTES_MAX, Taken};

/// The largest file of a VFS that this one can lie over; SQLite's own need some 120 bytes.
const ROOM_BYTES: usize = 1024;

/// So many bytes a WAL is made longer ahead of what is written to it.
const AHEAD_BYTES_MAX: i64 = 1024 * 1024;

/// More bytes than this are no small transaction; fewer than a full piece has, of which more may follow.
const AHEAD_FOR_MAX: i64 = 48 * 1024;

/// An opened WAL, as SQLite allocates it; other files are the real VFS's from the first byte.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    /// This file among all that were ever opened.
    number: u64,
    /// So long it was when last looked at; others may have made it longer since, or cut it.
    len: i64,
    /// So many bytes were written to it in pieces since it was synced.
    unsynced: i64,
    /// The real VFS's file.
    real: [u64; ROOM_BYTES / 8],
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

pub(crate) fn register() -> Result<(), String> {
    static REGISTERED: OnceLock<Result<(), String>> = OnceLock::new();
    REGISTERED.get_or_init(try_register).clone()
}

fn try_register() -> Result<(), String> {
    let refused = |code: c_int| format!("SQLite takes no further layer: error {code}");
    // SAFETY: SQLite's initialisation may be called any number of times.
    let initialised = unsafe { ffi::sqlite3_initialize() };
    if initialised != ffi::SQLITE_OK {
        return Err(refused(initialised));
    }
    let real = real();
    if real.is_null() {
        return Err(refused(ffi::SQLITE_NOTFOUND));
    }
    // SAFETY: SQLite's default VFS may be read at any time. The new one is leaked, so it lives for ever.
    let registered = unsafe {
        let vfs = ffi::sqlite3_vfs {
            iVersion: (*real).iVersion.min(2),
            szOsFile: size_of::<Handle>() as c_int,
            mxPathname: (*real).mxPathname,
            pNext: std::ptr::null_mut(),
            zName: NAME.as_ptr(),
            pAppData: std::ptr::null_mut(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_name),
            xDlOpen: Some(load),
            xDlError: Some(load_error),
            xDlSym: Some(symbol),
            xDlClose: Some(unload),
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: Some(current_time),
            xGetLastError: Some(last_error),
            xCurrentTimeInt64: Some(current_time_millis),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        };
        ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 0)
    };
    if registered == ffi::SQLITE_OK { Ok(()) } else { Err(refused(registered)) }
}

/// Whatever VFS is the default now; null if there is none but this one.
fn real() -> *mut ffi::sqlite3_vfs {
    // SAFETY: may be called at any time once SQLite is initialised; a VFS has a name.
    unsafe {
        let found = ffi::sqlite3_vfs_find(std::ptr::null());
        if found.is_null() || (*found).zName == NAME.as_ptr() { std::ptr::null_mut() } else { found }
    }
}

type Symbol = unsafe extern "C" fn(*mut ffi::sqlite3_vfs, *mut c_void, *const c_char);

/// Hands a call on to the real VFS.
macro_rules! handed_on {
    ($(fn $name:ident = $method:ident($($argument:ident: $of:ty),*) -> $answer:ty, or $without:expr;)*) => {$(
        unsafe extern "C" fn $name(_: *mut ffi::sqlite3_vfs, $($argument: $of),*) -> $answer {
            let real = real();
            if real.is_null() {
                return $without;
            }
            // SAFETY: the real VFS is called as SQLite would call it.
            unsafe { (*real).$method.map_or($without, |method| method(real, $($argument),*)) }
        }
    )*};
}

handed_on! {
    fn delete = xDelete(name: *const c_char, sync_folder: c_int) -> c_int, or ffi::SQLITE_IOERR_DELETE;
    fn access = xAccess(name: *const c_char, flags: c_int, answer: *mut c_int) -> c_int, or ffi::SQLITE_IOERR_ACCESS;
    fn full_name = xFullPathname(name: *const c_char, room: c_int, answer: *mut c_char) -> c_int, or ffi::SQLITE_CANTOPEN;
    fn load = xDlOpen(name: *const c_char) -> *mut c_void, or std::ptr::null_mut();
    fn symbol = xDlSym(library: *mut c_void, name: *const c_char) -> Option<Symbol>, or None;
    fn randomness = xRandomness(count: c_int, into: *mut c_char) -> c_int, or 0;
    fn sleep = xSleep(micros: c_int) -> c_int, or 0;
    fn current_time = xCurrentTime(answer: *mut f64) -> c_int, or ffi::SQLITE_ERROR;
    fn last_error = xGetLastError(room: c_int, answer: *mut c_char) -> c_int, or 0;
}

unsafe extern "C" fn load_error(_: *mut ffi::sqlite3_vfs, room: c_int, answer: *mut c_char) {
    let real = real();
    // SAFETY: the real VFS is called as SQLite would call it.
    if let Some(method) = unsafe { real.as_ref() }.and_then(|vfs| vfs.xDlError) {
        // SAFETY: as above.
        unsafe { method(real, room, answer) };
    }
}

unsafe extern "C" fn unload(_: *mut ffi::sqlite3_vfs, library: *mut c_void) {
    let real = real();
    // SAFETY: the real VFS is called as SQLite would call it.
    if let Some(method) = unsafe { real.as_ref() }.and_then(|vfs| vfs.xDlClose) {
        // SAFETY: as above.
        unsafe { method(real, library) };
    }
}

/// Only a VFS of version 2 has this.
unsafe extern "C" fn current_time_millis(_: *mut ffi::sqlite3_vfs, answer: *mut i64) -> c_int {
    let real = real();
    // SAFETY: the real VFS is called as SQLite would call it.
    unsafe {
        if real.is_null() || (*real).iVersion < 2 {
            return ffi::SQLITE_ERROR;
        }
        (*real).xCurrentTimeInt64.map_or(ffi::SQLITE_ERROR, |method| method(real, answer))
    }
}

pub(crate) fn sync_database(conn: &Connection) -> Result<(), String> {
    let mut file: *mut ffi::sqlite3_file = std::ptr::null_mut();
    // SAFETY: the connection is open, and nobody else uses it meanwhile, for it cannot be shared between threads. For this operation
    // the argument is a place for a pointer. The file is the connection's as long as that is open; without methods it is not open.
    let code = unsafe {
        match ffi::sqlite3_file_control(
            conn.handle(),
            c"main".as_ptr(),
            ffi::SQLITE_FCNTL_FILE_POINTER,
            (&raw mut file).cast(),
        ) {
            ffi::SQLITE_OK if !file.is_null() && !(*file).pMethods.is_null() => {
                (*(*file).pMethods).xSync.map_or(ffi::SQLITE_OK, |sync| sync(file, ffi::SQLITE_SYNC_FULL))
            }
            ffi::SQLITE_OK => ffi::SQLITE_OK,
            code => code,
        }
    };
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(format!("the database file cannot be synced: error {code}")) }
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    static OPENED: AtomicU64 = AtomicU64::new(1);
    let real = real();
    // SAFETY: SQLite's rules for files: there is room for a `Handle`, and for the real VFS's file within it or in its place, whose
    // size is looked at first. Without methods it is not closed.
    unsafe {
        (*file).pMethods = std::ptr::null();
        if real.is_null() || (*real).szOsFile as usize > ROOM_BYTES {
            return ffi::SQLITE_CANTOPEN;
        }
        let Some(open) = (*real).xOpen else { return ffi::SQLITE_CANTOPEN };
        if flags & ffi::SQLITE_OPEN_WAL == 0 {
            return open(real, name, file, flags, flags_out);
        }
        let opened = open(real, name, real_of(file), flags, flags_out);
        if opened == ffi::SQLITE_OK {
            let handle = file.cast::<Handle>();
            ((*handle).number, (*handle).len, (*handle).unsynced) = (OPENED.fetch_add(1, Ordering::Relaxed), 0, 0);
            (*file).pMethods = &raw const METHODS;
        } else if !(*real_of(file)).pMethods.is_null() {
            // As SQLite itself would after a failure that leaves methods behind.
            call(file, |methods, real| methods.xClose.map_or(ffi::SQLITE_OK, |close| close(real)));
        }
        opened
    }
}

/// Where the real VFS's file of a WAL is.
///
/// # Safety
/// There is room for a [`Handle`].
unsafe fn real_of(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: the caller's promise; only the address is made.
    unsafe { (&raw mut (*file.cast::<Handle>()).real).cast() }
}

/// Calls the real VFS's methods of a WAL.
///
/// # Safety
/// The WAL is open.
unsafe fn call<T>(
    file: *mut ffi::sqlite3_file,
    f: impl FnOnce(&ffi::sqlite3_io_methods, *mut ffi::sqlite3_file) -> T,
) -> T {
    // SAFETY: the caller's promise: the real VFS has opened its file, and its methods live as long.
    unsafe {
        let real = real_of(file);
        f(&*(*real).pMethods, real)
    }
}

/// Writes to the real file.
///
/// # Safety
/// The WAL is open.
unsafe fn write_really(file: *mut ffi::sqlite3_file, bytes: &[u8], at: i64) -> Result<(), c_int> {
    // SAFETY: the caller's promise; the buffer is as long as said.
    let code = unsafe {
        call(file, |methods, real| {
            methods
                .xWrite
                .map_or(ffi::SQLITE_IOERR_WRITE, |write| write(real, bytes.as_ptr().cast(), bytes.len() as c_int, at))
        })
    };
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(code) }
}

/// Writes a piece to the real file. A file that a piece makes longer is made longer still, by as much as it has and at most
/// [`AHEAD_BYTES_MAX`]: to a sync, a byte in a place the disk has already is half the work of one that needs a new place. That is
/// for small transactions; to one that has more than [`AHEAD_FOR_MAX`] the zeros cost more than its new places.
///
/// # Safety
/// The WAL is open.
unsafe fn write_piece(file: *mut ffi::sqlite3_file, bytes: &[u8], at: i64) -> Result<(), c_int> {
    static ZEROS: [u8; PIECE_BYTES_MAX] = [0; PIECE_BYTES_MAX];
    let end = at + bytes.len() as i64;
    // SAFETY: the caller's promise; the length has a place of its own.
    unsafe {
        let handle = file.cast::<Handle>();
        (*handle).unsynced += bytes.len() as i64;
        let is_small = (*handle).unsynced <= AHEAD_FOR_MAX;
        if is_small && end > (*handle).len && at >= ZEROS.len() as i64 {
            let mut len = 0;
            let looked = call(file, |methods, real| {
                methods.xFileSize.map_or(ffi::SQLITE_IOERR_FSTAT, |size| size(real, &raw mut len))
            });
            (*handle).len = len;
            if looked == ffi::SQLITE_OK && end > len {
                write_really(file, bytes, at)?;
                // No frame is there, nor can one come: whoever commits has the write lock. Where there is no room for it, so be it.
                let ahead = end + end.min(AHEAD_BYTES_MAX);
                let places = (end..ahead).step_by(ZEROS.len());
                let made = places.map(|at| write_really(file, &ZEROS[..ZEROS.len().min((ahead - at) as usize)], at));
                if made.take_while(Result::is_ok).count() > 0 {
                    (*handle).len = ahead;
                }
                return Ok(());
            }
        }
        write_really(file, bytes, at)
    }
}

/// Calls the real VFS once what is gathered is written.
///
/// # Safety
/// The WAL is open.
unsafe fn after_writing(
    file: *mut ffi::sqlite3_file,
    f: impl FnOnce(&ffi::sqlite3_io_methods, *mut ffi::sqlite3_file) -> c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let number = (*file.cast::<Handle>()).number;
        match piece::write_out(number, |bytes, at| write_piece(file, bytes, at)) {
            Ok(()) => call(file, f),
            // Whatever SQLite asked for: with this answer it undoes the transaction whose part could not be written.
            Err(_) => ffi::SQLITE_IOERR_WRITE,
        }
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, count: c_int, at: i64) -> c_int {
    // SAFETY: SQLite's rules for files and buffers.
    unsafe {
        let number = (*file.cast::<Handle>()).number;
        let bytes = std::slice::from_raw_parts(from.cast::<u8>(), count as usize);
        let written = match piece::take(number, at, bytes, |bytes, at| write_piece(file, bytes, at)) {
            Ok(Taken::Yes) => Ok(()),
            Ok(Taken::No) => write_really(file, bytes, at),
            Err(code) => Err(code),
        };
        written.err().unwrap_or(ffi::SQLITE_OK)
    }
}

/// Hands a call on to the real VFS's file, once what is gathered is written.
macro_rules! file_handed_on {
    ($(fn $name:ident = $method:ident($($argument:ident: $of:ty),*), or $without:expr;)*) => {$(
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file, $($argument: $of),*) -> c_int {
            // SAFETY: SQLite's rules for files; the real VFS is called as SQLite would call it.
            unsafe {
                after_writing(file, |methods, real| methods.$method.map_or($without, |method| method(real, $($argument),*)))
            }
        }
    )*};
}

file_handed_on! {
    fn read = xRead(into: *mut c_void, count: c_int, at: i64), or ffi::SQLITE_IOERR_READ;
    fn truncate = xTruncate(len: i64), or ffi::SQLITE_IOERR_TRUNCATE;
    fn size = xFileSize(answer: *mut i64), or ffi::SQLITE_IOERR_FSTAT;
    fn lock = xLock(level: c_int), or ffi::SQLITE_IOERR_LOCK;
    fn unlock = xUnlock(level: c_int), or ffi::SQLITE_IOERR_UNLOCK;
    fn check_reserved = xCheckReservedLock(answer: *mut c_int), or ffi::SQLITE_IOERR_CHECKRESERVEDLOCK;
    fn control = xFileControl(op: c_int, argument: *mut c_void), or ffi::SQLITE_NOTFOUND;
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: SQLite's rules for files; the real VFS is called as SQLite would call it.
    unsafe {
        let synced = after_writing(file, |methods, real| {
            methods.xSync.map_or(ffi::SQLITE_IOERR_FSYNC, |sync| sync(real, flags))
        });
        (*file.cast::<Handle>()).unsynced = 0;
        synced
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite's rules for files; the file has no methods afterwards. What is gathered is of no transaction that lasts.
    unsafe {
        let number = (*file.cast::<Handle>()).number;
        let _: Result<(), ()> = piece::write_out(number, |_, _| Ok(()));
        let closed = call(file, |methods, real| methods.xClose.map_or(ffi::SQLITE_OK, |close| close(real)));
        (*file).pMethods = std::ptr::null();
        closed
    }
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite's rules for files.
    unsafe { call(file, |methods, real| methods.xSectorSize.map_or(0, |method| method(real))) }
}

unsafe extern "C" fn characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite's rules for files.
    unsafe { call(file, |methods, real| methods.xDeviceCharacteristics.map_or(0, |method| method(real))) }
}
