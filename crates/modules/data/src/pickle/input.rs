//! Where a pickle is read from: bytes, or a file's `read` and `readline`.
//!
//! What a file gave and no opcode has taken yet is kept for the next pickle. A file that lets one
//! `peek` is read ahead of; what was only looked at is read at the end.

use super::unpickling_error;
use adder_vm::objects::int;
use adder_vm::protocol::{buffer, call, object};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Value, Vm};
use std::borrow::Cow;
use std::ops::Range;

/// How far ahead is looked at once.
const AHEAD: usize = 128 * 1024;

/// A file's methods.
#[derive(Clone)]
pub struct File {
    pub read: Value,
    pub readline: Value,
    pub peek: Option<Value>,
}

pub struct Input<'a> {
    bytes: Cow<'a, [u8]>,
    at: usize,
    file: Option<File>,
    /// The part of `bytes` up to here has left the file; the rest was only looked at.
    taken: usize,
}

#[cold]
fn ran_out(vm: &Vm) -> Exc {
    vm.eof_error("Ran out of input")
}

#[cold]
fn truncated(vm: &Vm) -> Exc {
    unpickling_error(vm, "pickle data was truncated")
}

impl<'a> Input<'a> {
    pub fn from_bytes(bytes: Cow<'a, [u8]>) -> Input<'a> {
        let taken = bytes.len();
        Input { bytes, at: 0, file: None, taken }
    }
    pub fn from_file(file: File) -> Input<'static> {
        Input { bytes: Cow::Owned(Vec::new()), at: 0, file: Some(file), taken: 0 }
    }
    pub fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }

    #[inline]
    pub fn slice(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// The next opcode.
    #[inline]
    pub fn opcode(&mut self, vm: &Vm) -> PyResult<u8> {
        match self.bytes.get(self.at) {
            Some(&byte) => {
                self.at += 1;
                Ok(byte)
            }
            None => {
                let range = self.more(vm, 1)?.ok_or_else(|| ran_out(vm))?;
                Ok(self.bytes[range.start])
            }
        }
    }

    /// The place of the next `n` bytes.
    #[inline]
    pub fn take(&mut self, vm: &Vm, n: usize) -> PyResult<Range<usize>> {
        if n <= self.bytes.len() - self.at {
            self.at += n;
            return Ok(self.at - n..self.at);
        }
        self.more(vm, n)?.ok_or_else(|| truncated(vm))
    }

    /// The next bytes, as many as there are places.
    #[inline]
    pub fn array<const N: usize>(&mut self, vm: &Vm) -> PyResult<[u8; N]> {
        let range = self.take(vm, N)?;
        let mut array = [0; N];
        array.copy_from_slice(&self.bytes[range]);
        Ok(array)
    }

    /// Reads as many bytes as a frame has, without using them up.
    pub fn prefetch(&mut self, vm: &Vm, n: usize) -> PyResult<()> {
        let range = self.take(vm, n)?;
        self.at = range.start;
        Ok(())
    }

    /// Fetches what is missing of the next `n` bytes; `None` if there is nothing at all.
    #[cold]
    fn more(&mut self, vm: &Vm, n: usize) -> PyResult<Option<Range<usize>>> {
        let Some(file) = self.file.clone() else {
            return if self.at == self.bytes.len() && n == 1 {
                Ok(None)
            } else {
                Err(truncated(vm))
            };
        };
        self.settle(vm)?;
        let rest = self.bytes[self.at..].to_vec();
        let missing = n - rest.len();
        let mut all = rest;
        if let Some(peek) = &file.peek {
            let ahead = match call::call(vm, peek, &[int::from_i64(AHEAD as i64)]) {
                Ok(ahead) => buffer::to_vec(vm, &ahead)?,
                Err(exc) if exc.is(&vm.exceptions().not_implemented_error) => Vec::new(),
                Err(exc) => return Err(exc),
            };
            if ahead.len() >= missing {
                let taken = all.len();
                all.extend_from_slice(&ahead);
                self.replace(all, taken);
                self.at = n;
                return Ok(Some(0..n));
            }
        }
        let read = call::call(vm, &file.read, &[int::from_i64(missing as i64)])?;
        let read = buffer::to_vec(vm, &read)?;
        let found = read.len();
        all.extend_from_slice(&read);
        let taken = all.len();
        self.replace(all, taken);
        if found >= missing {
            self.at = n;
            return Ok(Some(0..n));
        }
        if self.bytes.is_empty() { Ok(None) } else { Err(truncated(vm)) }
    }

    fn replace(&mut self, bytes: Vec<u8>, taken: usize) {
        self.bytes = Cow::Owned(bytes);
        (self.at, self.taken) = (0, taken);
    }

    /// Reads what was used up after it had only been looked at.
    pub fn settle(&mut self, vm: &Vm) -> PyResult<()> {
        let used = self.at.saturating_sub(self.taken);
        // The rest is forgotten: it will be read again.
        if self.taken < self.bytes.len()
            && let Cow::Owned(bytes) = &mut self.bytes
        {
            bytes.truncate(self.at.max(self.taken));
        }
        self.taken = self.bytes.len();
        match &self.file {
            Some(file) if used > 0 => {
                call::call(vm, &file.read, &[int::from_i64(used as i64)]).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// A line with its end; the place of it.
    pub fn line(&mut self, vm: &Vm) -> PyResult<Range<usize>> {
        if let Some(len) = memchr::memchr(b'\n', &self.bytes[self.at..]) {
            let start = self.at;
            self.at += len + 1;
            return Ok(start..self.at);
        }
        let Some(file) = self.file.clone() else { return Err(truncated(vm)) };
        self.settle(vm)?;
        let mut all = self.bytes[self.at..].to_vec();
        let line = call::call(vm, &file.readline, &[])?;
        all.extend_from_slice(&buffer::to_vec(vm, &line)?);
        let taken = all.len();
        self.replace(all, taken);
        match memchr::memchr(b'\n', &self.bytes) {
            Some(len) => {
                self.at = len + 1;
                Ok(0..len + 1)
            }
            None => Err(truncated(vm)),
        }
    }
}

impl File {
    /// The methods of a file argument.
    pub fn of(vm: &Vm, file: &Value) -> PyResult<File> {
        let find = |name: &str| object::lookup_attr(vm, file, &vm.intern(name));
        let (peek, read, readline) = (find("peek")?, find("read")?, find("readline")?);
        match (read, readline) {
            (Some(read), Some(readline)) => Ok(File { read, readline, peek }),
            _ => Err(vm.type_error("file must have 'read' and 'readline' attributes")),
        }
    }
}
