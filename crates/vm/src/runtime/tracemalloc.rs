//! Which memory blocks a program has, and where it asked for them: what `tracemalloc` shows.
//!
//! Whoever gives out blocks tells this book while [`is_tracing`]: the objects' pools (`object/heap.rs`) and,
//! in the command line's binary, the allocator of the process, from which the insides of lists and dicts
//! come. (An embedder's own allocator may do the same.) Both keep their free blocks where their quick ways do not
//! find them meanwhile, so that a program that is not traced pays nothing.
//!
//! The line of an allocation is that of the running instruction, which the frame knows while somebody
//! watches (`observer.rs`). CPython's counterpart: `Python/tracemalloc.c`.

use crate::object::ObjHead;
use crate::objects::code::Code;
use crate::runtime::frame::Frame;
use crate::runtime::gil;
use crate::runtime::vm::Vm;
use hashbrown::{HashMap, HashTable};
use rapidhash::fast::RandomState;
use std::cell::Cell;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The most frames that can be asked for.
pub const MAX_FRAMES: usize = u16::MAX as usize;

/// A file, by its number, and a line.
type Place = (u32, u32);

/// Where a block was asked for: the innermost frames first, and how many there were.
#[derive(PartialEq, Eq, Hash)]
struct Traceback {
    places: Box<[Place]>,
    total: usize,
}

#[derive(Clone, Copy)]
struct Block {
    size: usize,
    traceback: u32,
}

struct Book {
    blocks: HashMap<usize, Block, RandomState>,
    tracebacks: Vec<Traceback>,
    known_tracebacks: HashTable<u32>,
    files: Vec<Box<[u8]>>,
    known_files: HashTable<u32>,
    hasher: RandomState,
    now: usize,
    peak: usize,
}

/// Names by which frames without a place go.
const UNKNOWN: &[u8] = b"<unknown>";

static TRACING: AtomicBool = AtomicBool::new(false);
static LIMIT: AtomicUsize = AtomicUsize::new(1);
static BOOK: Mutex<Option<Book>> = Mutex::new(None);
/// Told when tracing begins and ends.
static LISTENER: OnceLock<fn(bool)> = OnceLock::new();

thread_local! {
    /// This thread is writing into the book: what it asks for meanwhile is the book's own.
    static WRITING: Cell<bool> = const { Cell::new(false) };
}

/// Are blocks to be told of?
#[inline(always)]
pub fn is_tracing() -> bool {
    TRACING.load(Ordering::Relaxed)
}

/// Runs `f` on the book, if there is one and this thread is not writing in it.
fn with_book<R>(f: impl FnOnce(&mut Option<Book>) -> R) -> Option<R> {
    if WRITING.try_with(|writing| writing.replace(true)).unwrap_or(true) {
        return None;
    }
    let result = f(&mut BOOK.lock().unwrap_or_else(PoisonError::into_inner));
    WRITING.set(false);
    Some(result)
}

/// A block was given out.
#[cold]
#[inline(never)]
pub fn given(block: *mut u8, size: usize) {
    with_book(|book| {
        if let Some(book) = book {
            book.enter(block.addr(), size);
        }
    });
}

/// A block comes back.
#[cold]
#[inline(never)]
pub fn returned(block: *mut u8) {
    with_book(|book| {
        if let Some(book) = book {
            book.strike(block.addr());
        }
    });
}

/// The book stays as it is while the result lives: a fork must find it whole.
pub(crate) fn hold() -> impl Drop {
    struct Held(Option<MutexGuard<'static, Option<Book>>>);
    impl Drop for Held {
        fn drop(&mut self) {
            drop(self.0.take());
            WRITING.set(false);
        }
    }
    WRITING.set(true);
    Held(Some(BOOK.lock().unwrap_or_else(PoisonError::into_inner)))
}

impl Book {
    fn new() -> Book {
        let mut book = Book {
            blocks: HashMap::default(),
            tracebacks: Vec::new(),
            known_tracebacks: HashTable::new(),
            files: Vec::new(),
            known_files: HashTable::new(),
            hasher: RandomState::default(),
            now: 0,
            peak: 0,
        };
        // The first one.
        book.file(UNKNOWN);
        book
    }

    fn enter(&mut self, block: usize, size: usize) {
        let traceback = self.here();
        self.strike(block);
        self.blocks.insert(block, Block { size, traceback });
        self.now += size;
        self.peak = self.peak.max(self.now);
    }

    fn strike(&mut self, block: usize) {
        if let Some(block) = self.blocks.remove(&block) {
            self.now -= block.size;
        }
    }

    /// The number of the traceback that leads here.
    fn here(&mut self) -> u32 {
        let mut places = Vec::new();
        let mut total = 0;
        let limit = limit();
        // Other threads' objects are not to be looked at.
        if gil::is_held_here() {
            Vm::with_current(|vm| {
                vm.for_each_frame(|frame| {
                    if places.len() < limit {
                        places.push(self.place(frame));
                    }
                    total += 1;
                });
            });
        }
        if places.is_empty() {
            (places, total) = (vec![(0, 0)], 1);
        }
        let made = Traceback { places: places.into(), total: total.min(MAX_FRAMES) };
        let hash = self.hasher.hash_one(&made);
        let Book { tracebacks, hasher, known_tracebacks, .. } = self;
        if let Some(known) = known_tracebacks.find(hash, |&t| tracebacks[t as usize] == made) {
            return *known;
        }
        let number = tracebacks.len() as u32;
        tracebacks.push(made);
        known_tracebacks.insert_unique(hash, number, |&t| hasher.hash_one(&tracebacks[t as usize]));
        number
    }

    fn place(&mut self, frame: &Frame) -> Place {
        let code: &Code = frame.code();
        let offset = frame.lasti_begun().unwrap_or(0);
        let line = match code.lines().get(offset as usize / 2) {
            Some(&line) if line > 0 => line,
            _ => code.line_at(offset),
        };
        (self.file(code.source.filename.as_bytes()), line)
    }

    fn file(&mut self, name: &[u8]) -> u32 {
        let hash = self.hasher.hash_one(name);
        let Book { files, hasher, known_files, .. } = self;
        if let Some(known) = known_files.find(hash, |&f| *files[f as usize] == *name) {
            return *known;
        }
        let number = files.len() as u32;
        files.push(name.into());
        known_files.insert_unique(hash, number, |&f| hasher.hash_one(&*files[f as usize]));
        number
    }

    /// How much memory the book takes.
    fn own_size(&self) -> usize {
        let places: usize = self.tracebacks.iter().map(|t| size_of_val(&*t.places)).sum();
        let names: usize = self.files.iter().map(|file| file.len()).sum();
        self.blocks.allocation_size()
            + self.known_tracebacks.allocation_size()
            + self.known_files.allocation_size()
            + self.tracebacks.capacity() * size_of::<Traceback>()
            + self.files.capacity() * size_of::<Box<[u8]>>()
            + places
            + names
    }

    fn clear(&mut self) {
        *self = Book::new();
    }
}

/// Asks to be told when tracing begins (`true`) and ends; only the first one who asks is.
pub fn listen(listener: fn(bool)) {
    let _ = LISTENER.set(listener);
}

fn switch(vm: &Vm, on: bool) {
    TRACING.store(on, Ordering::Relaxed);
    crate::object::heap::hide_free_blocks(on);
    if let Some(listener) = LISTENER.get() {
        listener(on);
    }
    vm.each_thread(&mut Vm::watch_again);
}

/// Begins to trace, with so many frames of each traceback. Whoever traces already goes on as before.
pub fn start(vm: &Vm, limit: usize) {
    if !is_tracing() {
        LIMIT.store(limit, Ordering::Relaxed);
        with_book(|book| *book = Some(Book::new()));
        switch(vm, true);
    }
}

/// Ends it, and forgets what was traced.
pub fn stop(vm: &Vm) {
    if is_tracing() {
        switch(vm, false);
        with_book(Option::take);
    }
}

/// Forgets what was traced so far.
pub fn clear() {
    with_book(|book| book.as_mut().map(Book::clear));
}

fn look<R>(f: impl FnOnce(&mut Book) -> R) -> Option<R> {
    with_book(|book| book.as_mut().map(f)).flatten()
}

/// The size of all blocks now, and the most it ever was.
pub fn memory() -> (usize, usize) {
    look(|book| (book.now, book.peak)).unwrap_or_default()
}

/// The most is what there is now.
pub fn reset_peak() {
    look(|book| book.peak = book.now);
}

/// How much memory the book itself takes.
pub fn own_memory() -> usize {
    look(|book| book.own_size()).unwrap_or(0)
}

/// How many frames are remembered, or were when something was traced last.
pub fn limit() -> usize {
    LIMIT.load(Ordering::Relaxed)
}

/// A copy of the book.
#[derive(Default)]
pub struct Traces {
    /// Sizes, and the numbers of tracebacks.
    pub blocks: Vec<(usize, u32)>,
    /// Numbers of files and lines, the innermost first; how many frames there were.
    pub tracebacks: Vec<(Box<[(u32, u32)]>, usize)>,
    /// Names, as WTF-8.
    pub files: Vec<Box<[u8]>>,
}

/// What was traced so far.
pub fn traces() -> Traces {
    look(|book| Traces {
        blocks: book.blocks.values().map(|block| (block.size, block.traceback)).collect(),
        tracebacks: book.tracebacks.iter().map(|t| (t.places.clone(), t.total)).collect(),
        files: book.files.clone(),
    })
    .unwrap_or_default()
}

/// Where an object's memory was asked for, if that was traced: names of files as WTF-8 and lines.
pub fn of_object(object: &ObjHead) -> Option<Vec<(Box<[u8]>, u32)>> {
    let block = object.address() - object.gc().map_or(0, size_of_val);
    look(|book| {
        let traceback = &book.tracebacks[book.blocks.get(&block)?.traceback as usize];
        let places = traceback.places.iter();
        Some(places.map(|&(file, line)| (book.files[file as usize].clone(), line)).collect())
    })
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_knows_what_is_there() {
        let mut book = Book::new();
        book.enter(64, 100);
        book.enter(128, 50);
        // Given out again without having come back.
        book.enter(64, 10);
        assert_eq!((book.now, book.peak, book.blocks.len()), (60, 150, 2));
        book.strike(64);
        book.strike(64);
        book.strike(192);
        assert_eq!((book.now, book.peak, book.blocks.len()), (50, 150, 1));
        // Without the interpreter lock no frame is known.
        assert_eq!((book.tracebacks.len(), &*book.tracebacks[0].places), (1, &[(0, 0)][..]));
        assert_eq!((book.file(UNKNOWN), book.file(b"a.py"), book.file(b"a.py")), (0, 1, 1));
        book.clear();
        assert_eq!((book.now, book.peak, book.blocks.len(), book.files.len()), (0, 0, 0, 1));
    }

    #[test]
    fn what_the_book_asks_for_is_not_in_it() {
        let inner = with_book(|_| with_book(|_| ()).is_none());
        assert_eq!((inner, with_book(|_| ()).is_some()), (Some(true), true));
        let held = hold();
        assert!(with_book(|_| ()).is_none());
        drop(held);
        assert!(with_book(|_| ()).is_some());
    }
}
