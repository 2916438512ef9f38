//! Pages with checksums: a flipped bit in the views' file is an error and never an answer.
//!
//! SQLite keeps a few bytes at the end of each page free when it is told to before the file's first
//! page. A VFS of our own, which is the system's but for the reading and writing of whole pages,
//! puts a checksum of the page and its place there, and refuses a page whose checksum is another.
//! The write-ahead log has checksums of SQLite's own, which it looks at when it is opened.
//!
//! What never happens here: anything but counting and comparing; locks, syncs and names are the
//! system's. Whoever writes to the file without this VFS leaves pages that do not match: the views
//! are then made again from the log.
#![expect(
    unsafe_code,
    reason = "a VFS is a table of C functions; there is no other way to see SQLite's pages"
)]

use std::ffi::{CStr, c_int, c_void};
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::sync::OnceLock;

use rusqlite::{Connection, OpenFlags, ffi};

use crate::views::ViewsError;

/// Name of the VFS, by which any connection of this process opens the views.
pub const VFS_NAME: &CStr = c"gridfold-views";

/// Size of a page of the views.
pub(super) const PAGE_BYTES: usize = 4_096;
/// Bytes of a page that hold its checksum.
const SUM_BYTES: usize = 4;

/// The system's VFS, and what its files do.
static SYSTEM: OnceLock<usize> = OnceLock::new();
static SYSTEM_FILE: OnceLock<ffi::sqlite3_io_methods> = OnceLock::new();
static CHECKED_FILE: OnceLock<ffi::sqlite3_io_methods> = OnceLock::new();
static REGISTERED: OnceLock<Result<(), c_int>> = OnceLock::new();

/// The checksum of a page at its place: an empty page has one too, and none is right elsewhere.
fn sum(page: &[u8], at: i64) -> [u8; SUM_BYTES] {
    let mut hash = crc32fast::Hasher::new();
    hash.update(&at.to_be_bytes());
    hash.update(&page[..PAGE_BYTES - SUM_BYTES]);
    hash.finalize().to_be_bytes()
}

fn is_page(bytes: c_int, at: i64) -> bool {
    bytes == PAGE_BYTES as c_int && at % PAGE_BYTES as i64 == 0
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    bytes: c_int,
    at: i64,
) -> c_int {
    let Some(system) = SYSTEM_FILE.get().and_then(|m| m.xRead) else {
        return ffi::SQLITE_IOERR_READ;
    };
    // SAFETY: the arguments are SQLite's own, passed on to the method of the same file.
    let done = unsafe { system(file, into, bytes, at) };
    if done != ffi::SQLITE_OK || !is_page(bytes, at) {
        return done;
    }
    // SAFETY: SQLite gave room for `bytes`, which is a page, and the system filled it.
    let page = unsafe { std::slice::from_raw_parts(into.cast::<u8>(), PAGE_BYTES) };
    if page[PAGE_BYTES - SUM_BYTES..] == sum(page, at) {
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_IOERR_DATA
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    bytes: c_int,
    at: i64,
) -> c_int {
    let Some(system) = SYSTEM_FILE.get().and_then(|m| m.xWrite) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    if !is_page(bytes, at) {
        // SAFETY: the arguments are SQLite's own, passed on to the method of the same file.
        return unsafe { system(file, from, bytes, at) };
    }
    let mut page = [0; PAGE_BYTES];
    // SAFETY: SQLite gave `bytes` to write, which is a page.
    page.copy_from_slice(unsafe { std::slice::from_raw_parts(from.cast::<u8>(), PAGE_BYTES) });
    let sum = sum(&page, at);
    page[PAGE_BYTES - SUM_BYTES..].copy_from_slice(&sum);
    // SAFETY: as many bytes as SQLite wanted written, from a buffer that outlives the call.
    unsafe { system(file, page.as_ptr().cast(), bytes, at) }
}

/// Nothing is read past the checksums: SQLite then reads pages by [`read`].
unsafe extern "C" fn fetch(
    _: *mut ffi::sqlite3_file,
    _: i64,
    _: c_int,
    page: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite gives a place for the answer; none means that it is to read instead.
    unsafe { *page = std::ptr::null_mut() };
    ffi::SQLITE_OK
}

unsafe extern "C" fn unfetch(_: *mut ffi::sqlite3_file, _: i64, _: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let system = SYSTEM.get().map_or(std::ptr::null_mut(), |at| {
        std::ptr::with_exposed_provenance_mut::<ffi::sqlite3_vfs>(*at)
    });
    if system.is_null() {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: the VFS that SQLite had registered before this one; it lives as long as the process.
    let Some(system_open) = (unsafe { (*system).xOpen }) else {
        return ffi::SQLITE_CANTOPEN;
    };
    // SAFETY: the arguments are SQLite's own; this VFS asks for as much room for a file.
    let done = unsafe { system_open(system, name, file, flags, out) };
    if done != ffi::SQLITE_OK || flags & ffi::SQLITE_OPEN_MAIN_DB == 0 {
        return done;
    }
    // SAFETY: an opened file has its methods, which are static.
    let methods = unsafe { *(*file).pMethods };
    SYSTEM_FILE.get_or_init(|| methods);
    let checked = CHECKED_FILE.get_or_init(|| ffi::sqlite3_io_methods {
        xRead: Some(read),
        xWrite: Some(write),
        xFetch: Some(fetch),
        xUnfetch: Some(unfetch),
        ..methods
    });
    // SAFETY: the file stays what the system made it; only the table it is called by is another,
    // which is static too.
    unsafe { (*file).pMethods = checked };
    ffi::SQLITE_OK
}

fn register() -> Result<(), c_int> {
    *REGISTERED.get_or_init(|| {
        // SAFETY: finds the default VFS, which SQLite initialises first when it has to.
        let system = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
        if system.is_null() {
            return Err(ffi::SQLITE_ERROR);
        }
        SYSTEM.get_or_init(|| system.expose_provenance());
        // SAFETY: the default VFS is whole and static; the copy differs in name and opening, and is
        // never freed, since SQLite keeps it.
        let ours = Box::leak(Box::new(ffi::sqlite3_vfs {
            pNext: std::ptr::null_mut(),
            zName: VFS_NAME.as_ptr(),
            xOpen: Some(open),
            ..unsafe { std::ptr::read(system) }
        }));
        // SAFETY: a VFS that lives as long as the process, and does not become the default.
        match unsafe { ffi::sqlite3_vfs_register(ours, 0) } {
            ffi::SQLITE_OK => Ok(()),
            code => Err(code),
        }
    })
}

/// Opens a file whose pages have checksums.
pub(super) fn open_checked(path: &Path, flags: OpenFlags) -> Result<Connection, ViewsError> {
    register().map_err(|code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))?;
    Ok(Connection::open_with_flags_and_vfs(path, flags, VFS_NAME)?)
}

/// Has SQLite leave room for the checksums; to be called before the first page is written.
pub(super) fn leave_room(conn: &Connection) -> Result<(), ViewsError> {
    let mut bytes = SUM_BYTES as c_int;
    // SAFETY: the connection is open, the name is SQLite's for it, and this control reads and
    // writes one int.
    let done = unsafe {
        ffi::sqlite3_file_control(
            conn.handle(),
            c"main".as_ptr(),
            ffi::SQLITE_FCNTL_RESERVE_BYTES,
            (&raw mut bytes).cast(),
        )
    };
    match done {
        ffi::SQLITE_OK => Ok(()),
        code => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()),
    }
}

/// Opens the views for a comparison, as they are and not to be written.
pub(crate) fn open_to_compare(path: &Path) -> Result<Connection, ViewsError> {
    open_checked(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
}

/// Counts the pages of a file that are not what was written; nobody may be writing to it.
pub(crate) fn damaged_pages(path: &Path) -> std::io::Result<u64> {
    let mut file = BufReader::with_capacity(64 * PAGE_BYTES, File::open(path)?);
    let mut page = [0; PAGE_BYTES];
    let (mut at, mut damaged) = (0, 0);
    loop {
        match file.read_exact(&mut page) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(damaged),
            Err(e) => return Err(e),
        }
        if page[PAGE_BYTES - SUM_BYTES..] != sum(&page, at) {
            damaged += 1;
        }
        at += PAGE_BYTES as i64;
    }
}
