//! The C side: a VFS, as SQLite calls it. Its files are in [`file`].
//!
//! The rules of SQLite on which every block here rests: a file's methods are called only between a successful `xOpen` and its
//! `xClose`, with the pointer `xOpen` was given; by one thread at a time; buffers are as long as said; names end with a zero.

mod file;

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once, OnceLock, PoisonError, RwLock};

use rusqlite::ffi;

use self::file::{Handle, code};
use crate::Shared;
use crate::plan::Call;

static DISKS: RwLock<BTreeMap<PathBuf, Arc<Shared>>> = RwLock::new(BTreeMap::new());

/// Serves the files of a folder from a disk, from now on.
pub(crate) fn mount(folder: &Path, disk: &Arc<Shared>) {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(register);
    DISKS.write().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned(), Arc::clone(disk));
}

/// Does so no more.
pub(crate) fn unmount(folder: &Path) {
    DISKS.write().unwrap_or_else(PoisonError::into_inner).remove(folder);
}

/// The disk that serves a path, and the file's name on it.
fn locate(path: &str) -> Option<(Arc<Shared>, String)> {
    let path = Path::new(path);
    let name = path.file_name()?.to_str()?.to_owned();
    let disks = DISKS.read().unwrap_or_else(PoisonError::into_inner);
    disks.get(path.parent()?).map(|disk| (Arc::clone(disk), name))
}

/// # Safety
/// `name` is null or ends with a zero.
unsafe fn located(name: *const c_char) -> Option<(Arc<Shared>, String)> {
    if name.is_null() {
        return None;
    }
    // SAFETY: not null; the caller's promise.
    locate(unsafe { CStr::from_ptr(name) }.to_str().ok()?)
}

/// The real system's VFS, kept as SQLite gave it.
struct Real(*mut ffi::sqlite3_vfs);

// SAFETY: SQLite's own VFS objects are static and may be used from any thread.
unsafe impl Send for Real {}
// SAFETY: as above.
unsafe impl Sync for Real {}

static REAL: OnceLock<Real> = OnceLock::new();

fn real() -> *mut ffi::sqlite3_vfs {
    REAL.get().expect("it is kept before this VFS is registered").0
}

fn register() {
    // SAFETY: SQLite's initialisation may be called any number of times; its default VFS, once found, lives for ever. The copy
    // made of it is leaked, so it lives for ever too. Those methods kept from it are of SQLite's unix VFS, which there does not
    // look at the VFS it is called with.
    unsafe {
        assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK);
        let found = ffi::sqlite3_vfs_find(std::ptr::null());
        assert!(!found.is_null(), "SQLite has a default VFS");
        assert!(REAL.set(Real(found)).is_ok(), "registered once");
        let mut vfs = std::ptr::read(found);
        vfs.iVersion = 2;
        vfs.szOsFile = vfs.szOsFile.max(size_of::<Handle>() as c_int);
        vfs.pNext = std::ptr::null_mut();
        vfs.zName = c"storagerent-disk".as_ptr();
        vfs.pAppData = std::ptr::null_mut();
        vfs.xOpen = Some(open);
        vfs.xDelete = Some(delete);
        vfs.xAccess = Some(access);
        vfs.xSleep = Some(sleep);
        assert_eq!(ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 1), ffi::SQLITE_OK);
        assert_eq!(ffi::sqlite3_auto_extension(Some(opened)), ffi::SQLITE_OK);
    }
}

/// Sets up a connection to a disk.
unsafe extern "C" fn opened(db: *mut ffi::sqlite3, _: *mut *mut c_char, _: *const ffi::sqlite3_api_routines) -> c_int {
    // SAFETY: the connection is open, and SQLite's name of its file lives as long.
    let disk = unsafe { located(ffi::sqlite3_db_filename(db, c"main".as_ptr())) };
    if let Some(pages) = disk.and_then(|(disk, _)| disk.lock().checkpoint_pages) {
        // SAFETY: the connection is open.
        unsafe { ffi::sqlite3_wal_autocheckpoint(db, pages) };
    }
    ffi::SQLITE_OK
}

/// Nobody waits long here.
unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, micros: c_int) -> c_int {
    std::thread::sleep(std::time::Duration::from_micros(u64::try_from(micros).unwrap_or(0).min(200)));
    micros
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite's rules for names.
    let Some((disk, name_there)) = (unsafe { located(name) }) else {
        let real = real();
        // SAFETY: the room for the file is large enough for either VFS; from here on the file is the real VFS's.
        return unsafe { (*real).xOpen.map_or(ffi::SQLITE_CANTOPEN, |open| open(real, name, file, flags, flags_out)) };
    };
    // SAFETY: SQLite gives room for a `Handle`. Without methods it is not closed.
    unsafe { (*file).pMethods = std::ptr::null() };
    let mut state = disk.lock();
    if let Err(refused) = state.admit(Call::Open, false) {
        return code(Call::Open, refused);
    }
    let is_main = flags & ffi::SQLITE_OPEN_MAIN_DB != 0;
    let file_there = match state.find(&name_there) {
        Some(found) => found,
        // The store has made the main file by itself, in the real folder.
        None if is_main || flags & ffi::SQLITE_OPEN_CREATE != 0 => state.make(&name_there, is_main),
        None => return ffi::SQLITE_CANTOPEN,
    };
    let life = state.life;
    drop(state);
    // SAFETY: there is room for a `Handle`, and `flags_out` is null or points to a number.
    unsafe {
        file::open(file, disk, file_there, life);
        if !flags_out.is_null() {
            *flags_out = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: SQLite's rules for names.
    let Some((disk, name_there)) = (unsafe { located(name) }) else {
        let real = real();
        // SAFETY: the real VFS is called as SQLite would.
        return unsafe { (*real).xDelete.map_or(ffi::SQLITE_IOERR_DELETE, |delete| delete(real, name, sync_folder)) };
    };
    let mut state = disk.lock();
    if state.find(&name_there).is_none() {
        return ffi::SQLITE_IOERR_DELETE_NOENT;
    }
    let was_off = state.is_off;
    let admitted = state.admit(Call::Delete, false);
    // A power cut finds it under way.
    if admitted.is_ok() || (state.is_off && !was_off) {
        state.remove(&name_there);
    }
    if let Err(refused) = admitted {
        return code(Call::Delete, refused);
    }
    if sync_folder != 0 {
        state.sync_names();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, name: *const c_char, flags: c_int, answer: *mut c_int) -> c_int {
    // SAFETY: SQLite's rules for names.
    let Some((disk, name_there)) = (unsafe { located(name) }) else {
        let real = real();
        // SAFETY: the real VFS is called as SQLite would.
        return unsafe { (*real).xAccess.map_or(ffi::SQLITE_IOERR_ACCESS, |f| f(real, name, flags, answer)) };
    };
    let mut state = disk.lock();
    if let Err(refused) = state.admit(Call::Access, false) {
        return code(Call::Access, refused);
    }
    // As in SQLite's unix VFS, an empty file does not count.
    let there = state.find(&name_there).is_some_and(|file| state.file(file).len() > 0);
    // SAFETY: SQLite gives a place for the answer.
    unsafe { *answer = c_int::from(there) };
    ffi::SQLITE_OK
}
