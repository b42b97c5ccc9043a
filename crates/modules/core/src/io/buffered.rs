//! What buffered files have in common: one buffer over a raw file, for reading and writing.
//!
//! ```text
//!   buffer   [ read or written bytes ........ | room ]
//!              0       pos        raw_pos   end
//! ```
//! The buffer is a window of the file. `pos` is where the program is, `raw_pos` where the raw file
//! is, both counted from the window's start; bytes below `end` are the file's content as far as it
//! was read. `dirty` is the part that still has to be written. Bytes are read and written in place,
//! so that going to and fro within the window costs no call of the raw file.
//!
//! The window belongs to the thread that holds the file's lock; while the raw file is called it is
//! taken out of the object. CPython's counterpart: `buffered` in `Modules/_io/bufferedio.c`.

use super::fileio::FileIo;
use super::{is_closed, method, os_error_text, retry_python, with_room};
use adder_vm::object::trace;
use adder_vm::object::{Guarded, Ref, ValueCell, Visitor};
use adder_vm::objects::bytearray::ByteArray;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::memoryview::MemoryView;
use adder_vm::protocol::{number, object};
use adder_vm::{Exc, PyResult, Value, Vm};
use std::cell::Cell;
use std::ops::Range;
use std::sync::{Condvar, Mutex, PoisonError};

/// The window of a file that is in memory.
#[derive(Default)]
pub struct Window {
    bytes: Vec<u8>,
    pos: usize,
    /// End of what was read; `None` if the window holds nothing of the file.
    end: Option<usize>,
    raw_pos: usize,
    dirty: Option<Range<usize>>,
}

impl Window {
    /// Bytes read ahead.
    fn ahead(&self) -> &[u8] {
        match self.end {
            Some(end) if end > self.pos => &self.bytes[self.pos..end],
            _ => &[],
        }
    }
    /// How far the raw file is ahead of the program.
    fn raw_offset(&self) -> i64 {
        if self.end.is_some() || self.dirty.is_some() {
            self.raw_pos as i64 - self.pos as i64
        } else {
            0
        }
    }
    fn advance(&mut self, n: usize) {
        self.pos += n;
    }
    /// Forgets what was read; the raw file is where it is.
    fn forget(&mut self) {
        self.end = None;
        self.pos = 0;
        self.raw_pos = 0;
        self.bytes.clear();
    }
    /// Puts bytes at the position; they become dirty.
    fn put(&mut self, bytes: &[u8]) {
        let (from, to) = (self.pos, self.pos + bytes.len());
        if self.bytes.len() < to {
            self.bytes.resize(to, 0);
        }
        self.bytes[from..to].copy_from_slice(bytes);
        self.dirty = Some(match self.dirty.take() {
            Some(old) => old.start.min(from)..old.end.max(to),
            None => from..to,
        });
        self.pos = to;
        if self.end.is_some_and(|end| end < to) {
            self.end = Some(to);
        }
    }
}

/// The state behind `BufferedReader`, `BufferedWriter` and `BufferedRandom`.
#[derive(Default)]
pub struct Buffered {
    pub raw: ValueCell,
    pub kind: Cell<Kind>,
    pub finalizing: Cell<bool>,
    detached: Cell<bool>,
    size: Cell<usize>,
    /// Where the raw file is, if that is known.
    raw_at: Cell<Option<i64>>,
    window: Guarded<Window>,
    /// The thread that works on the window, counted from 1.
    owner: Cell<u64>,
    waiting: Cell<u32>,
}

/// What the class offers.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Kind {
    pub reads: bool,
    pub writes: bool,
}

impl trace::Trace for Buffered {
    fn trace(&self, visit: &mut Visitor<'_>) {
        trace::Trace::trace(&self.raw, visit);
    }
    fn clear(&self, bag: &mut Vec<Value>) {
        trace::Trace::clear(&self.raw, bag);
    }
}

/// Woken when a contended file becomes free.
static FREED: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());

/// The right to work on a file's window; given back when dropped.
pub struct Lock<'a>(&'a Buffered);

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        self.0.owner.set(0);
        if self.0.waiting.get() > 0 {
            let _guard = FREED.0.lock().unwrap_or_else(PoisonError::into_inner);
            FREED.1.notify_all();
        }
    }
}

/// What the raw file did: bytes, or nothing because it would have to wait.
type Moved = Option<usize>;

impl Buffered {
    /// Starts afresh on a raw file.
    pub fn init(&self, vm: &Vm, raw: Value, size: isize, kind: Kind) -> PyResult<()> {
        self.raw.set(None);
        self.detached.set(false);
        if size <= 0 {
            return Err(vm.value_error("buffer size must be strictly positive"));
        }
        self.kind.set(kind);
        self.size.set(size as usize);
        // The window's memory comes when it is needed, but a size without hope is told now.
        if size > 1 << 20 {
            drop(with_room(vm, size as usize)?);
        }
        drop(self.window.replace(Window::default()));
        self.raw_at.set(None);
        self.raw.set(Some(raw.clone()));
        // A first guess spares asking later; a file that cannot tell has none.
        match self.raw_tell(vm, &raw) {
            Ok(_) => {}
            Err(e) if e.is(vm.exception_type("Exception")) => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// The raw file, while the object is in order.
    pub fn raw(&self, vm: &Vm) -> PyResult<Value> {
        self.raw.get().ok_or_else(|| {
            vm.value_error(if self.detached.get() {
                "raw stream has been detached"
            } else {
                "I/O operation on uninitialized object"
            })
        })
    }

    pub fn detach(&self, vm: &Vm) -> PyResult<Value> {
        let raw = self.raw(vm)?;
        self.raw.set(None);
        self.detached.set(true);
        Ok(raw)
    }

    pub fn is_closed(&self, vm: &Vm) -> PyResult<bool> {
        let raw = self.raw(vm)?;
        match raw.downcast_exact::<FileIo>() {
            Some(file) => Ok(!file.is_open()),
            None => is_closed(vm, &raw),
        }
    }

    /// `ValueError` if the file is closed.
    pub fn check_open(&self, vm: &Vm, message: &str) -> PyResult<()> {
        if self.is_closed(vm)? { Err(vm.value_error(message)) } else { Ok(()) }
    }

    /// Takes the lock; a thread that holds it already came back by way of a raw file or a signal.
    pub fn lock(&self, vm: &Vm, zelf: &Value) -> PyResult<Lock<'_>> {
        let me = vm.thread_ident() + 1;
        if self.owner.get() == me {
            let shown = object::repr(vm, zelf)?.to_string_lossy();
            return Err(vm.runtime_error(format!("reentrant call inside {shown}")));
        }
        while self.owner.get() != 0 {
            self.waiting.set(self.waiting.get() + 1);
            let guard = FREED.0.lock().unwrap_or_else(PoisonError::into_inner);
            vm.without_lock(move || {
                let wait = std::time::Duration::from_millis(50);
                drop(FREED.1.wait_timeout(guard, wait));
            });
            self.waiting.set(self.waiting.get() - 1);
        }
        self.owner.set(me);
        Ok(Lock(self))
    }

    // ---- the raw file ----

    fn set_raw_at(&self, at: Option<i64>) {
        self.raw_at.set(at);
    }

    /// Where the raw file is.
    fn raw_tell(&self, vm: &Vm, raw: &Value) -> PyResult<i64> {
        let at = match raw.downcast_exact::<FileIo>() {
            Some(file) => file.seek_to(vm, 0, libc::SEEK_CUR)?,
            None => {
                let answer = method(vm, raw, "tell", &[])?;
                super::iobase::position(vm, &answer)?
            }
        };
        self.check_position(vm, at)
    }

    fn check_position(&self, vm: &Vm, at: i64) -> PyResult<i64> {
        if at < 0 {
            self.set_raw_at(None);
            let message = format!("Raw stream returned invalid position {at}");
            return Err(os_error_text(vm, message));
        }
        self.set_raw_at(Some(at));
        Ok(at)
    }

    fn raw_seek(&self, vm: &Vm, raw: &Value, target: i64, whence: i32) -> PyResult<i64> {
        let at = match raw.downcast_exact::<FileIo>() {
            Some(file) => file.seek_to(vm, target, whence)?,
            None => {
                let args = [int::from_i64(target), Value::int_unchecked(whence.into())];
                let answer = method(vm, raw, "seek", &args)?;
                super::iobase::position(vm, &answer)?
            }
        };
        self.check_position(vm, at)
    }

    fn moved(&self, n: usize) {
        if let Some(at) = self.raw_at.get() {
            self.set_raw_at(Some(at + n as i64));
        }
    }

    /// How many bytes a Python method of the raw file says it moved.
    fn count(&self, vm: &Vm, answer: PyResult<Value>, what: &str, most: usize) -> PyResult<Moved> {
        let answer = answer?;
        if answer.is_none() {
            return Ok(None);
        }
        let n = match number::to_ssize(vm, &answer) {
            Ok(n) => n,
            Err(cause) => {
                let exc = os_error_text(vm, format!("raw {what}() failed"));
                exc.0.set_cause(Some(cause.0));
                return Err(exc);
            }
        };
        match usize::try_from(n) {
            Ok(n) if n <= most => {
                self.moved(n);
                Ok(Some(n))
            }
            _ => Err(os_error_text(
                vm,
                format!(
                    "raw {what}() returned invalid length {n} (should have been between 0 and {most})"
                ),
            )),
        }
    }

    /// Reads at most `most` bytes from the raw file to the end of `into`.
    fn raw_read(&self, vm: &Vm, raw: &Value, into: &mut Vec<u8>, most: usize) -> PyResult<Moved> {
        if into.try_reserve(most).is_err() {
            return Err(int::no_memory(vm));
        }
        if let Some(file) = raw.downcast_exact::<FileIo>() {
            let n = file.read_room(vm, into, most)?;
            self.moved(n.unwrap_or(0));
            return Ok(n);
        }
        let bytes: Value = ByteArray::from_vec(super::zeroed(vm, most)?).into();
        let view: Value = MemoryView::of_object(vm, &bytes)?.into();
        let answer = retry_python(vm, || method(vm, raw, "readinto", std::slice::from_ref(&view)));
        let n = self.count(vm, answer, "readinto", most)?;
        if let (Some(n), Some(bytes)) = (n, bytes.downcast::<ByteArray>()) {
            bytes.with_bytes(|b| into.extend_from_slice(b.get(..n).unwrap_or(b)));
        }
        Ok(n)
    }

    fn raw_write(&self, vm: &Vm, raw: &Value, bytes: &[u8]) -> PyResult<Moved> {
        if let Some(file) = raw.downcast_exact::<FileIo>() {
            let n = file.write_some(vm, bytes)?;
            self.moved(n.unwrap_or(0));
            return Ok(n);
        }
        let held: Value = Bytes::from_slice(bytes).into();
        let view: Value = MemoryView::of_object(vm, &held)?.into();
        let answer = retry_python(vm, || method(vm, raw, "write", std::slice::from_ref(&view)));
        self.count(vm, answer, "write", bytes.len())
    }

    // ---- the window; the caller holds the lock ----

    /// Works on the window taken out of the object, so that nothing is borrowed while Python code
    /// or the system runs.
    fn with_window<R>(&self, f: impl FnOnce(&mut Window) -> R) -> R {
        let mut window = self.window.replace(Window::default());
        let result = f(&mut window);
        drop(self.window.replace(window));
        result
    }

    /// Reads more behind what was read.
    fn fill(&self, vm: &Vm, raw: &Value, w: &mut Window) -> PyResult<Moved> {
        let start = w.end.unwrap_or(0);
        w.bytes.truncate(start);
        let room = self.size.get().saturating_sub(start);
        let n = self.raw_read(vm, raw, &mut w.bytes, room)?;
        if let Some(n) = n.filter(|n| *n > 0) {
            w.end = Some(start + n);
            w.raw_pos = start + n;
        }
        Ok(n)
    }

    /// Writes what is dirty.
    fn flush_window(&self, vm: &Vm, raw: &Value, w: &mut Window) -> PyResult<()> {
        let Some(dirty) = w.dirty.clone() else { return Ok(()) };
        let back = w.raw_pos as i64 - dirty.start as i64;
        if back != 0 {
            self.raw_seek(vm, raw, -back, libc::SEEK_CUR)?;
            w.raw_pos = dirty.start;
        }
        let mut start = dirty.start;
        while start < dirty.end {
            let Some(n) = self.raw_write(vm, raw, &w.bytes[start..dirty.end])? else {
                return Err(would_block(vm, 0));
            };
            start += n;
            w.raw_pos = start;
            w.dirty = Some(start..dirty.end);
            // A signal may have cut the write short; its handler must not wait for the rest.
            vm.check_signals()?;
        }
        w.dirty = None;
        Ok(())
    }

    /// Writes what is dirty, and puts the raw file where the program is.
    fn flush_and_rewind(&self, vm: &Vm, raw: &Value, w: &mut Window) -> PyResult<()> {
        self.flush_window(vm, raw, w)?;
        if self.kind.get().reads {
            // The window is forgotten, so the raw file must be at the program's place.
            let ahead = w.raw_offset();
            if ahead != 0 {
                self.raw_seek(vm, raw, -ahead, libc::SEEK_CUR)?;
            }
            w.forget();
        }
        Ok(())
    }

    pub fn flush(&self, vm: &Vm, zelf: &Value) -> PyResult<()> {
        let raw = self.raw(vm)?;
        let _lock = self.lock(vm, zelf)?;
        self.with_window(|w| self.flush_and_rewind(vm, &raw, w))
    }

    /// Bytes read ahead, at least one if there is any; they stay unread.
    pub fn peek(&self, vm: &Vm, zelf: &Value) -> PyResult<Vec<u8>> {
        let raw = self.raw(vm)?;
        let _lock = self.lock(vm, zelf)?;
        self.with_window(|w| {
            if self.kind.get().writes {
                self.flush_and_rewind(vm, &raw, w)?;
            }
            if w.ahead().is_empty() {
                w.forget();
                self.fill(vm, &raw, w)?;
            }
            Ok(w.ahead().to_vec())
        })
    }

    /// Takes bytes that were read ahead, if there are as many.
    fn take_ahead(&self, n: usize) -> Option<Ref<Bytes>> {
        self.window.with_mut(|w| {
            let part = Bytes::from_slice(w.ahead().get(..n)?);
            w.advance(n);
            Some(part)
        })
    }

    /// `read(n)`: `None` if nothing is there yet.
    pub fn read(&self, vm: &Vm, zelf: &Value, n: usize) -> PyResult<Option<Ref<Bytes>>> {
        if self.owner.get() == 0
            && let Some(part) = self.take_ahead(n)
        {
            return Ok(Some(part));
        }
        let raw = self.raw(vm)?;
        let _lock = self.lock(vm, zelf)?;
        let first = n.min(self.size.get());
        let mut out = with_room(vm, if n <= 1 << 24 { n } else { first })?;
        let waits = self.with_window(|w| self.gather(vm, &raw, w, &mut out, n))?;
        Ok(if waits && out.is_empty() { None } else { Some(Bytes::from_slice(&out)) })
    }

    /// Adds up to `n` bytes to `out`: from the window, then from the raw file in as many calls as it
    /// takes. Answers whether the raw file would have had to wait.
    fn gather(
        &self,
        vm: &Vm,
        raw: &Value,
        w: &mut Window,
        out: &mut Vec<u8>,
        n: usize,
    ) -> PyResult<bool> {
        let have = w.ahead().len().min(n);
        out.extend_from_slice(&w.ahead()[..have]);
        w.advance(have);
        if out.len() == n {
            return Ok(false);
        }
        if self.kind.get().writes {
            self.flush_and_rewind(vm, raw, w)?;
        }
        w.forget();
        let size = self.size.get();
        loop {
            let missing = n - out.len();
            if missing == 0 {
                return Ok(false);
            }
            // Whole windows go straight to the result.
            let direct = missing - missing % size;
            if direct > 0 {
                match self.raw_read(vm, raw, out, direct)? {
                    None => return Ok(true),
                    Some(0) => return Ok(false),
                    Some(_) => {}
                }
                continue;
            }
            w.forget();
            match self.fill(vm, raw, w)? {
                None => return Ok(true),
                Some(0) => return Ok(false),
                Some(_) => {}
            }
            let part = w.ahead().len().min(missing);
            out.extend_from_slice(&w.ahead()[..part]);
            w.advance(part);
        }
    }

    /// `read()`: everything, `None` if nothing is there yet.
    pub fn read_all(&self, vm: &Vm, zelf: &Value) -> PyResult<Option<Vec<u8>>> {
        let raw = self.raw(vm)?;
        let _lock = self.lock(vm, zelf)?;
        self.with_window(|w| {
            let mut all = w.ahead().to_vec();
            let have = all.len();
            w.advance(have);
            if self.kind.get().writes {
                self.flush_and_rewind(vm, &raw, w)?;
            }
            w.forget();
            if let Some(file) = raw.downcast_exact::<FileIo>() {
                let read = file.read_to_end(vm, &mut all)?;
                self.moved(all.len() - have);
                return Ok(if read.is_none() && all.is_empty() { None } else { Some(all) });
            }
            if let Some(readall) = object::lookup_attr(vm, &raw, &vm.intern("readall"))? {
                let rest = adder_vm::protocol::call::call(vm, &readall, &[])?;
                if rest.is_none() {
                    return Ok(if all.is_empty() { None } else { Some(all) });
                }
                let Some(rest) = rest.downcast::<Bytes>() else {
                    return Err(vm.type_error("readall() should return bytes"));
                };
                self.moved(rest.len());
                all.extend_from_slice(rest.as_slice());
                return Ok(Some(all));
            }
            loop {
                let part = method(vm, &raw, "read", &[])?;
                if part.is_none() {
                    return Ok(if all.is_empty() { None } else { Some(all) });
                }
                let Some(part) = part.downcast::<Bytes>() else {
                    return Err(vm.type_error("read() should return bytes"));
                };
                if part.is_empty() {
                    return Ok(Some(all));
                }
                self.moved(part.len());
                all.extend_from_slice(part.as_slice());
            }
        })
    }

    /// `read1(n)`: what is there, by at most one call of the raw file.
    pub fn read1(&self, vm: &Vm, zelf: &Value, n: isize) -> PyResult<Vec<u8>> {
        let n = usize::try_from(n).unwrap_or(self.size.get());
        let raw = self.raw(vm)?;
        let mut out = Vec::new();
        if n == 0 {
            return Ok(out);
        }
        let _lock = self.lock(vm, zelf)?;
        self.with_window(|w| {
            let have = w.ahead().len().min(n);
            if have > 0 {
                out.extend_from_slice(&w.ahead()[..have]);
                w.advance(have);
                return Ok(());
            }
            if self.kind.get().writes {
                self.flush_and_rewind(vm, &raw, w)?;
            }
            w.forget();
            self.raw_read(vm, &raw, &mut out, n).map(drop)
        })?;
        Ok(out)
    }

    /// `readinto(buffer)` and `readinto1(buffer)`: bytes for a buffer of `n`; `None` if nothing is
    /// there yet.
    pub fn read_for(
        &self,
        vm: &Vm,
        zelf: &Value,
        n: usize,
        once: bool,
    ) -> PyResult<Option<Vec<u8>>> {
        let raw = self.raw(vm)?;
        let _lock = self.lock(vm, zelf)?;
        let mut out = Vec::new();
        let waits = self.with_window(|w| -> PyResult<bool> {
            if !once {
                return self.gather(vm, &raw, w, &mut out, n);
            }
            let have = w.ahead().len().min(n);
            out.extend_from_slice(&w.ahead()[..have]);
            w.advance(have);
            let direct = n - have > self.size.get();
            if n == have || (have > 0 && !direct) {
                return Ok(false);
            }
            if self.kind.get().writes {
                self.flush_and_rewind(vm, &raw, w)?;
            }
            w.forget();
            if direct {
                return Ok(self.raw_read(vm, &raw, &mut out, n - have)?.is_none());
            }
            let filled = self.fill(vm, &raw, w)?;
            let have = w.ahead().len().min(n);
            out.extend_from_slice(&w.ahead()[..have]);
            w.advance(have);
            Ok(filled.is_none())
        })?;
        Ok(if waits && out.is_empty() { None } else { Some(out) })
    }

    /// `readline(limit)`
    pub fn read_line(&self, vm: &Vm, zelf: &Value, limit: Option<usize>) -> PyResult<Ref<Bytes>> {
        // Most lines lie in the window.
        if self.owner.get() == 0 {
            let line = self.window.with_mut(|w| {
                let ahead = w.ahead();
                let ahead = &ahead[..ahead.len().min(limit.unwrap_or(usize::MAX))];
                let end = match memchr::memchr(b'\n', ahead) {
                    Some(at) => at + 1,
                    None if limit == Some(ahead.len()) => ahead.len(),
                    None => return None,
                };
                let line = Bytes::from_slice(&ahead[..end]);
                w.advance(end);
                Some(line)
            });
            if let Some(line) = line {
                return Ok(line);
            }
        }
        let raw = self.raw(vm)?;
        let _lock = self.lock(vm, zelf)?;
        let mut line = Vec::new();
        self.with_window(|w| -> PyResult<()> {
            loop {
                let room = limit.map_or(usize::MAX, |limit| limit - line.len());
                let ahead = w.ahead();
                let ahead = &ahead[..ahead.len().min(room)];
                let end = memchr::memchr(b'\n', ahead);
                let take = end.map_or(ahead.len(), |at| at + 1);
                vm.room_for(&mut line, take)?;
                line.extend_from_slice(&ahead[..take]);
                w.advance(take);
                if end.is_some() || take == room {
                    return Ok(());
                }
                if self.kind.get().writes {
                    self.flush_and_rewind(vm, &raw, w)?;
                }
                w.forget();
                if self.fill(vm, &raw, w)?.unwrap_or(0) == 0 {
                    return Ok(());
                }
            }
        })?;
        Bytes::copied(vm, &line)
    }

    // ---- writing ----

    pub fn write(&self, vm: &Vm, zelf: &Value, bytes: &[u8]) -> PyResult<usize> {
        let raw = self.raw(vm)?;
        let _lock = self.lock(vm, zelf)?;
        // The file may have been closed while we waited.
        self.check_open(vm, "write to closed file")?;
        self.with_window(|w| self.write_window(vm, &raw, w, bytes))
    }

    fn write_window(&self, vm: &Vm, raw: &Value, w: &mut Window, bytes: &[u8]) -> PyResult<usize> {
        let size = self.size.get();
        if w.end.is_none() && w.dirty.is_none() {
            w.pos = 0;
            w.raw_pos = 0;
        }
        let room = size.saturating_sub(w.pos);
        if bytes.len() <= room && bytes.len() < size {
            w.put(bytes);
            return Ok(bytes.len());
        }
        if let Err(exc) = self.flush_window(vm, raw, w) {
            if !exc.is(vm.exception_type("BlockingIOError")) {
                return Err(exc);
            }
            return self.write_blocked(vm, w, bytes, exc);
        }
        // Where bytes were read ahead, the raw file has to come back first.
        let ahead = w.raw_offset();
        if ahead != 0 {
            self.raw_seek(vm, raw, -ahead, libc::SEEK_CUR)?;
        }
        w.forget();
        let mut done = 0;
        while bytes.len() - done > size {
            match self.raw_write(vm, raw, &bytes[done..])? {
                Some(n) => done += n,
                None => {
                    let keep = (bytes.len() - done).min(size);
                    w.put(&bytes[done..done + keep]);
                    done += keep;
                    if done < bytes.len() {
                        return Err(would_block(vm, done));
                    }
                    return Ok(done);
                }
            }
            vm.check_signals()?;
        }
        w.put(&bytes[done..]);
        Ok(bytes.len())
    }

    /// The raw file takes nothing now: what fits stays in the window.
    fn write_blocked(&self, vm: &Vm, w: &mut Window, bytes: &[u8], exc: Exc) -> PyResult<usize> {
        let size = self.size.get();
        // What was written already makes room in front.
        if let Some(dirty) = w.dirty.clone()
            && dirty.start > 0
            && !self.kind.get().reads
        {
            w.bytes.truncate(dirty.end);
            w.bytes.drain(..dirty.start);
            w.pos -= dirty.start;
            w.raw_pos = 0;
            w.dirty = Some(0..dirty.end - dirty.start);
        }
        let room = size.saturating_sub(w.pos);
        if bytes.len() <= room {
            w.put(bytes);
            return Ok(bytes.len());
        }
        w.put(&bytes[..room]);
        drop(exc);
        Err(would_block(vm, room))
    }

    // ---- positions ----

    pub fn tell(&self, vm: &Vm) -> PyResult<i64> {
        let raw = self.raw(vm)?;
        let at = self.raw_tell(vm, &raw)?;
        Ok((at - self.window.with(Window::raw_offset)).max(0))
    }

    pub fn seek(&self, vm: &Vm, zelf: &Value, target: i64, whence: i32) -> PyResult<i64> {
        let raw = self.raw(vm)?;
        if whence != libc::SEEK_END && self.kind.get().reads {
            // Within the window only the position changes.
            let at = match self.raw_at.get() {
                Some(at) => at,
                None => self.raw_tell(vm, &raw)?,
            };
            let found = self.window.with_mut(|w| {
                let here = at - w.raw_offset();
                let by = if whence == libc::SEEK_SET { target.checked_sub(here)? } else { target };
                let fits = w.end.is_some()
                    && by >= -(w.pos as i64)
                    && by <= w.ahead().len() as i64
                    && self.owner.get() == 0;
                if !fits {
                    return None;
                }
                w.pos = (w.pos as i64 + by) as usize;
                Some(here + by)
            });
            if let Some(found) = found.filter(|at| *at >= 0) {
                return Ok(found);
            }
        }
        let _lock = self.lock(vm, zelf)?;
        self.with_window(|w| {
            if self.kind.get().writes {
                self.flush_window(vm, &raw, w)?;
            }
            let target = if whence == libc::SEEK_CUR {
                target.checked_sub(w.raw_offset()).unwrap_or(target)
            } else {
                target
            };
            let at = self.raw_seek(vm, &raw, target, whence)?;
            w.forget();
            Ok(at)
        })
    }

    pub fn truncate(&self, vm: &Vm, zelf: &Value, size: Option<&Value>) -> PyResult<Value> {
        let raw = self.raw(vm)?;
        let _lock = self.lock(vm, zelf)?;
        self.with_window(|w| {
            self.flush_and_rewind(vm, &raw, w)?;
            let args: &[Value] = size.map_or(&[], std::slice::from_ref);
            let size = method(vm, &raw, "truncate", args)?;
            // The raw file may have moved.
            match self.raw_tell(vm, &raw) {
                Err(e) if !e.is(vm.exception_type("Exception")) => return Err(e),
                _ => {}
            }
            Ok(size)
        })
    }

    pub fn buffer_size(&self) -> usize {
        self.size.get()
    }
}

/// `BlockingIOError: [Errno 11] write could not complete without blocking`
fn would_block(vm: &Vm, written: usize) -> Exc {
    let args = vec![
        Value::int_unchecked(libc::EAGAIN.into()),
        vm.str("write could not complete without blocking"),
        Value::int_unchecked(written as i64),
    ];
    vm.exception_with_args(vm.exception_type("BlockingIOError"), args)
}

/// The name of a raw file, for `repr`.
pub fn shown_name(vm: &Vm, zelf: &Value) -> PyResult<Option<String>> {
    let found = match object::lookup_attr(vm, zelf, &vm.names().name) {
        Err(e) if e.is(vm.exception_type("ValueError")) => None,
        other => other?,
    };
    let Some(name) = found else { return Ok(None) };
    let full = adder_vm::objects::type_::methods::full_name(vm, zelf.ty());
    let shown = object::guard_repr(vm, zelf, None, || object::repr(vm, &name).map(Some))?;
    match shown {
        Some(shown) => Ok(Some(shown.to_string_lossy())),
        None => Err(vm.runtime_error(format!("reentrant call inside {full}.__repr__"))),
    }
}
