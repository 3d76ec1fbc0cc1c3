//! An open file, as SQLite calls it. The rules are those the VFS names.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::ffi;

use crate::Shared;
use crate::plan::{Call, Failure};
use crate::state::{Memory, REGION_BYTES, Refused, State};

/// As SQLite's unix VFS says.
const SECTOR_BYTES: c_int = 4096;

/// An open file, as SQLite allocates it.
#[repr(C)]
pub(super) struct Handle {
    base: ffi::sqlite3_file,
    opened: *mut Opened,
}

/// What is known of an open file.
struct Opened {
    disk: Arc<Shared>,
    file: usize,
    /// This handle, to the locks.
    who: u64,
    life: u64,
    memory: Option<Arc<Memory>>,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
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
    xShmMap: Some(map),
    xShmLock: Some(lock_memory),
    xShmBarrier: Some(barrier),
    xShmUnmap: Some(unmap),
    xFetch: None,
    xUnfetch: None,
};

pub(super) fn code(call: Call, Refused(failure): Refused) -> c_int {
    match (failure, call) {
        (Failure::Full, _) => ffi::SQLITE_FULL,
        (Failure::Busy, _) => ffi::SQLITE_BUSY,
        (Failure::Error, Call::Open) => ffi::SQLITE_CANTOPEN,
        (Failure::Error, Call::Delete) => ffi::SQLITE_IOERR_DELETE,
        (Failure::Error, Call::Access) => ffi::SQLITE_IOERR_ACCESS,
        (Failure::Error, Call::Read) => ffi::SQLITE_IOERR_READ,
        (Failure::Error, Call::Write) => ffi::SQLITE_IOERR_WRITE,
        (Failure::Error, Call::Truncate) => ffi::SQLITE_IOERR_TRUNCATE,
        (Failure::Error, Call::Sync) => ffi::SQLITE_IOERR_FSYNC,
        (Failure::Error, Call::Size) => ffi::SQLITE_IOERR_FSTAT,
        (Failure::Error, Call::Lock) => ffi::SQLITE_IOERR_LOCK,
        (Failure::Error, Call::Map) => ffi::SQLITE_IOERR_SHMMAP,
    }
}

/// Makes a file an open one.
///
/// # Safety
/// There is room for a [`Handle`], which nobody uses yet.
pub(super) unsafe fn open(file: *mut ffi::sqlite3_file, disk: Arc<Shared>, file_there: usize, life: u64) {
    static HANDLES: AtomicU64 = AtomicU64::new(0);
    let who = HANDLES.fetch_add(1, Ordering::Relaxed);
    let opened = Box::into_raw(Box::new(Opened { disk, file: file_there, who, life, memory: None }));
    // SAFETY: the caller's promise.
    unsafe {
        let handle = file.cast::<Handle>();
        (*handle).opened = opened;
        (*handle).base.pMethods = &raw const METHODS;
    }
}

/// # Safety
/// SQLite's rules for files, `file` being one opened here.
unsafe fn opened_of<'f>(file: *mut ffi::sqlite3_file) -> &'f mut Opened {
    // SAFETY: `open` has put a box there, only `close` takes it away, and one thread at a time uses a file.
    unsafe { &mut *(*file.cast::<Handle>()).opened }
}

/// Does something with the disk of an open file, after counting the call. A handle of an earlier life meets errors only.
///
/// # Safety
/// As [`opened_of`].
unsafe fn with(file: *mut ffi::sqlite3_file, call: Call, f: impl FnOnce(&mut State, &mut Opened) -> c_int) -> c_int {
    // SAFETY: the caller's promise.
    let opened = unsafe { opened_of(file) };
    let disk = Arc::clone(&opened.disk);
    let mut state = disk.lock();
    if state.life != opened.life {
        return code(call, Refused(Failure::Error));
    }
    match state.admit(call, false) {
        Ok(()) => f(&mut state, opened),
        Err(refused) => code(call, refused),
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite's rules for files; the box is given up once, and the file has no methods afterwards.
    let opened = unsafe {
        let handle = file.cast::<Handle>();
        let opened = Box::from_raw((*handle).opened);
        (*handle).opened = std::ptr::null_mut();
        (*handle).base.pMethods = std::ptr::null();
        opened
    };
    let mut state = opened.disk.lock();
    if state.life == opened.life {
        state.locks(opened.file).lower(opened.who, 0);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, into: *mut c_void, count: c_int, at: i64) -> c_int {
    // SAFETY: SQLite's rules for files and buffers.
    unsafe {
        let buffer = std::slice::from_raw_parts_mut(into.cast::<u8>(), count as usize);
        with(file, Call::Read, |state, opened| {
            let whole = state.file(opened.file).read(at as usize, buffer);
            if whole { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_SHORT_READ }
        })
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, count: c_int, at: i64) -> c_int {
    // SAFETY: SQLite's rules for files and buffers.
    let (opened, bytes) = unsafe { (opened_of(file), std::slice::from_raw_parts(from.cast::<u8>(), count as usize)) };
    let at = at as usize;
    let mut state = opened.disk.lock();
    if state.life != opened.life || state.is_off {
        return ffi::SQLITE_IOERR_WRITE;
    }
    let grows = at + bytes.len() > state.file(opened.file).len();
    match state.admit(Call::Write, grows) {
        Ok(()) => {
            state.file_mut(opened.file).write(at, bytes);
            ffi::SQLITE_OK
        }
        Err(refused) => {
            // A write that fails may have done a part, and a power cut finds it under way as a whole.
            let part = if state.is_off { bytes } else { &bytes[..bytes.len() / 2] };
            if refused.0 != Failure::Full {
                state.file_mut(opened.file).write(at, part);
            }
            code(Call::Write, refused)
        }
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, len: i64) -> c_int {
    // SAFETY: SQLite's rules for files.
    let opened = unsafe { opened_of(file) };
    let mut state = opened.disk.lock();
    if state.life != opened.life || state.is_off {
        return ffi::SQLITE_IOERR_TRUNCATE;
    }
    let admitted = state.admit(Call::Truncate, false);
    // A power cut finds it under way.
    if admitted.is_ok() || state.is_off {
        state.file_mut(opened.file).truncate(len as usize);
    }
    admitted.map_or_else(|refused| code(Call::Truncate, refused), |()| ffi::SQLITE_OK)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: SQLite's rules for files.
    let opened = unsafe { opened_of(file) };
    let mut state = opened.disk.lock();
    if state.life != opened.life || state.is_off {
        return ffi::SQLITE_IOERR_FSYNC;
    }
    if let Err(refused) = state.admit(Call::Sync, false) {
        if state.syncs_strand && !state.is_off {
            state.file_mut(opened.file).strand();
        }
        return code(Call::Sync, refused);
    }
    state.file_mut(opened.file).sync();
    if state.is_newly_named(opened.file) {
        state.sync_names();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn size(file: *mut ffi::sqlite3_file, answer: *mut i64) -> c_int {
    // SAFETY: SQLite's rules for files; it gives a place for the answer.
    unsafe {
        with(file, Call::Size, |state, opened| {
            *answer = state.file(opened.file).len() as i64;
            ffi::SQLITE_OK
        })
    }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite's rules for files.
    unsafe {
        with(file, Call::Lock, |state, opened| {
            let free = state.locks(opened.file).raise(opened.who, level);
            if free { ffi::SQLITE_OK } else { ffi::SQLITE_BUSY }
        })
    }
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite's rules for files.
    let opened = unsafe { opened_of(file) };
    let mut state = opened.disk.lock();
    if state.life == opened.life {
        state.locks(opened.file).lower(opened.who, level);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved(file: *mut ffi::sqlite3_file, answer: *mut c_int) -> c_int {
    // SAFETY: SQLite's rules for files; it gives a place for the answer.
    unsafe {
        with(file, Call::Lock, |state, opened| {
            *answer = c_int::from(state.locks(opened.file).is_reserved());
            ffi::SQLITE_OK
        })
    }
}

unsafe extern "C" fn control(file: *mut ffi::sqlite3_file, op: c_int, argument: *mut c_void) -> c_int {
    if op != ffi::SQLITE_FCNTL_PRAGMA {
        return ffi::SQLITE_NOTFOUND;
    }
    // SAFETY: SQLite's rules for files.
    if !unsafe { opened_of(file) }.disk.lock().is_synchronous_normal {
        return ffi::SQLITE_NOTFOUND;
    }
    // SAFETY: for this operation the argument is an array of texts: an answer, the pragma's name, and its value, a copy that
    // SQLite made for this statement, or null. It is overwritten within its length, and read by SQLite afterwards.
    unsafe {
        let texts = argument.cast::<*mut c_char>();
        let (name, value) = (*texts.add(1), *texts.add(2));
        if !value.is_null() && CStr::from_ptr(name) == c"synchronous" && CStr::from_ptr(value) == c"FULL" {
            *value = b'1' as c_char;
            *value.add(1) = 0;
        }
    }
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    SECTOR_BYTES
}

unsafe extern "C" fn characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    bytes: c_int,
    extend: c_int,
    answer: *mut *mut c_void,
) -> c_int {
    assert_eq!(bytes as usize, REGION_BYTES, "SQLite maps regions of 32 KiB");
    // SAFETY: SQLite's rules for files; it gives a place for the answer. A region stays where it is as long as anybody who has
    // mapped it keeps the memory, and what is in it is atomic, so that other connections may change it meanwhile.
    unsafe {
        *answer = std::ptr::null_mut();
        with(file, Call::Map, |state, opened| {
            let memory = opened.memory.get_or_insert_with(|| state.memory(opened.file));
            let mut inner = memory.lock();
            let wanted = region as usize + 1;
            if inner.regions.len() < wanted && extend != 0 {
                inner.regions.resize_with(wanted, || Box::new([const { AtomicU64::new(0) }; REGION_BYTES / 8]));
            }
            if let Some(region) = inner.regions.get(region as usize) {
                *answer = region.as_ptr().cast_mut().cast();
            }
            ffi::SQLITE_OK
        })
    }
}

unsafe extern "C" fn lock_memory(file: *mut ffi::sqlite3_file, first: c_int, count: c_int, flags: c_int) -> c_int {
    // SAFETY: SQLite's rules for files.
    let opened = unsafe { opened_of(file) };
    let places = ((1_u32 << count) - 1) << first;
    let Some(memory) = opened.memory.clone() else { return ffi::SQLITE_IOERR_SHMLOCK };
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        memory.lock().locks.give_back(opened.who, places);
        return ffi::SQLITE_OK;
    }
    // SAFETY: as above.
    unsafe {
        with(file, Call::Lock, |_, opened| {
            let free = memory.lock().locks.take(opened.who, places, flags & ffi::SQLITE_SHM_EXCLUSIVE != 0);
            if free { ffi::SQLITE_OK } else { ffi::SQLITE_BUSY }
        })
    }
}

unsafe extern "C" fn barrier(_: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(Ordering::SeqCst);
}

unsafe extern "C" fn unmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: SQLite's rules for files.
    let opened = unsafe { opened_of(file) };
    if let Some(memory) = opened.memory.take() {
        memory.lock().locks.leave(opened.who);
    }
    ffi::SQLITE_OK
}
