//! Compressed streams: a safe face for zlib's C interface, which zlib-rs offers in Rust.

#![expect(unsafe_code, reason = "the interface is that of the C library")]

use libz_rs_sys as z;
use std::ffi::{CStr, c_int};

pub use z::{
    Z_BUF_ERROR, Z_DATA_ERROR, Z_FINISH, Z_MEM_ERROR, Z_NEED_DICT, Z_NO_FLUSH, Z_OK, Z_STREAM_END,
    Z_STREAM_ERROR, Z_SYNC_FLUSH, Z_VERSION_ERROR,
};

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Deflate,
    Inflate,
}

/// What a stream is opened with.
pub struct Options {
    pub level: c_int,
    pub method: c_int,
    pub wbits: c_int,
    pub mem_level: c_int,
    pub strategy: c_int,
}

/// A stream in one direction.
pub struct Stream {
    /// Boxed, because zlib's state points back to it.
    raw: Box<z::z_stream>,
    direction: Direction,
    /// zlib's state is there.
    open: bool,
}

/// What a step did.
pub struct Step {
    pub code: c_int,
    pub consumed: usize,
    /// All the room for output was used: there may be more.
    pub full: bool,
}

impl Stream {
    fn closed(direction: Direction) -> Stream {
        Stream { raw: Box::new(z::z_stream::default()), direction, open: false }
    }

    /// A compressing stream, or zlib's error code.
    pub fn deflate(options: &Options) -> Result<Stream, c_int> {
        let mut stream = Stream::closed(Direction::Deflate);
        // SAFETY: the structure is live, fresh and stays where it is; the version and size are
        // those of the library that is called.
        let code = unsafe {
            z::deflateInit2_(
                &mut *stream.raw,
                options.level,
                options.method,
                options.wbits,
                options.mem_level,
                options.strategy,
                z::zlibVersion(),
                size_of::<z::z_stream>() as c_int,
            )
        };
        stream.open = code == Z_OK;
        if stream.open { Ok(stream) } else { Err(code) }
    }

    /// A decompressing stream, or zlib's error code.
    pub fn inflate(wbits: c_int) -> Result<Stream, c_int> {
        let mut stream = Stream::closed(Direction::Inflate);
        // SAFETY: as in `deflate`.
        let code = unsafe {
            z::inflateInit2_(
                &mut *stream.raw,
                wbits,
                z::zlibVersion(),
                size_of::<z::z_stream>() as c_int,
            )
        };
        stream.open = code == Z_OK;
        if stream.open { Ok(stream) } else { Err(code) }
    }

    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Gives zlib some input and room for `room` bytes of output behind what `out` has.
    pub fn step(&mut self, input: &[u8], out: &mut Vec<u8>, room: usize, flush: c_int) -> Step {
        if !self.open {
            return Step { code: Z_STREAM_ERROR, consumed: 0, full: false };
        }
        let start = out.len();
        let room = room.min(c_int::MAX as usize);
        out.resize(start + room, 0);
        let given = input.len().min(c_int::MAX as usize);
        self.raw.next_in = input.as_ptr().cast_mut();
        self.raw.avail_in = given as u32;
        self.raw.next_out = out[start..].as_mut_ptr();
        self.raw.avail_out = room as u32;
        // SAFETY: the stream is open; the pointers and lengths are those of live slices, and zlib
        // does not write to its input.
        let code = unsafe {
            match self.direction {
                Direction::Deflate => z::deflate(&mut *self.raw, flush),
                Direction::Inflate => z::inflate(&mut *self.raw, flush),
            }
        };
        let left = self.raw.avail_out as usize;
        out.truncate(start + room - left);
        let consumed = given - self.raw.avail_in as usize;
        self.raw.next_in = std::ptr::null_mut();
        self.raw.avail_in = 0;
        self.raw.next_out = std::ptr::null_mut();
        self.raw.avail_out = 0;
        Step { code, consumed, full: left == 0 }
    }

    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> c_int {
        if !self.open {
            return Z_STREAM_ERROR;
        }
        let Ok(len) = u32::try_from(dictionary.len()) else { return Z_STREAM_ERROR };
        // SAFETY: the stream is open, and the slice is live.
        unsafe {
            match self.direction {
                Direction::Deflate => {
                    z::deflateSetDictionary(&mut *self.raw, dictionary.as_ptr(), len)
                }
                Direction::Inflate => {
                    z::inflateSetDictionary(&mut *self.raw, dictionary.as_ptr(), len)
                }
            }
        }
    }

    /// A copy in the same state, or zlib's error code.
    pub fn copy(&mut self) -> Result<Stream, c_int> {
        if !self.open {
            return Err(Z_STREAM_ERROR);
        }
        let mut copy = Stream::closed(self.direction);
        // zlib-rs refuses to copy a stream whose output has no place.
        let mut place = 0;
        self.raw.next_out = &mut place;
        // SAFETY: the source is open, and the target is a fresh structure that stays in its box.
        let code = unsafe {
            match self.direction {
                Direction::Deflate => z::deflateCopy(&mut *copy.raw, &mut *self.raw),
                Direction::Inflate => z::inflateCopy(&mut *copy.raw, &*self.raw),
            }
        };
        self.raw.next_out = std::ptr::null_mut();
        copy.raw.next_out = std::ptr::null_mut();
        copy.open = code == Z_OK;
        if copy.open { Ok(copy) } else { Err(code) }
    }

    /// What zlib says about the last error.
    pub fn message(&self) -> Option<String> {
        if self.raw.msg.is_null() {
            return None;
        }
        // SAFETY: a message is a constant string of the library.
        let text = unsafe { CStr::from_ptr(self.raw.msg) };
        Some(text.to_string_lossy().into_owned())
    }

    pub fn close(&mut self) -> c_int {
        if !std::mem::take(&mut self.open) {
            return Z_STREAM_ERROR;
        }
        // SAFETY: the stream was open, and is never used again.
        unsafe {
            match self.direction {
                Direction::Deflate => z::deflateEnd(&mut *self.raw),
                Direction::Inflate => z::inflateEnd(&mut *self.raw),
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close();
    }
}

/// The library's version.
pub fn version() -> String {
    // SAFETY: the version is a constant string of the library.
    unsafe { CStr::from_ptr(z::zlibVersion()) }.to_string_lossy().into_owned()
}

/// A checksum goes on over the pieces of `data`, whose lengths zlib can take.
fn pieces(data: &[u8], start: u32, sum: impl Fn(u32, &[u8]) -> u32) -> u32 {
    data.chunks(1 << 30).fold(start, sum)
}

pub fn adler32(data: &[u8], start: u32) -> u32 {
    // SAFETY: the pointer and the length are those of a live slice.
    pieces(data, start, |sum, piece| unsafe {
        z::adler32(sum.into(), piece.as_ptr(), piece.len() as u32) as u32
    })
}

pub fn crc32(data: &[u8], start: u32) -> u32 {
    // SAFETY: the pointer and the length are those of a live slice.
    pieces(data, start, |sum, piece| unsafe {
        z::crc32(sum.into(), piece.as_ptr(), piece.len() as u32) as u32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: Options = Options { level: 6, method: 8, wbits: 15, mem_level: 8, strategy: 0 };

    /// Runs a stream over all of its input with so much room at a time.
    fn whole(stream: &mut Stream, input: &[u8], room: usize) -> Vec<u8> {
        let (mut out, mut at) = (b"before".to_vec(), 0);
        loop {
            let step = stream.step(&input[at..], &mut out, room, Z_FINISH);
            at += step.consumed;
            match step.code {
                Z_STREAM_END => break,
                Z_OK | Z_BUF_ERROR if step.full => {}
                code => panic!("{code} {:?}", stream.message()),
            }
        }
        assert_eq!((&out[..6], at), (&b"before"[..], input.len()));
        out.split_off(6)
    }

    #[test]
    fn data_come_back_whatever_the_room() {
        let data: Vec<u8> = (0..20_000u32).map(|n| ((n * n) >> 7) as u8).collect();
        for room in [1, 7, 100, 1 << 16] {
            let packed = whole(&mut Stream::deflate(&OPTIONS).unwrap(), &data, room);
            assert_eq!(whole(&mut Stream::inflate(15).unwrap(), &packed, room), data);
        }
    }

    #[test]
    fn a_copy_goes_on_by_itself() {
        let mut first = Stream::deflate(&OPTIONS).unwrap();
        assert_eq!(first.set_dictionary(b"common words"), Z_OK);
        let mut head = Vec::new();
        first.step(b"common ", &mut head, 100, Z_NO_FLUSH);
        let mut second = first.copy().unwrap();
        let ends = [(&mut first, &b"words"[..]), (&mut second, &b"other"[..])]
            .map(|(stream, text)| [head.clone(), whole(stream, text, 64)].concat());
        assert!(first.close() == Z_OK && first.close() == Z_STREAM_ERROR && !first.is_open());
        assert_eq!(first.step(b"x", &mut head, 10, Z_FINISH).code, Z_STREAM_ERROR);
        for (packed, text) in ends.iter().zip([b"common words", b"common other"]) {
            let (mut stream, mut out) = (Stream::inflate(15).unwrap(), Vec::new());
            let step = stream.step(packed, &mut out, 100, Z_NO_FLUSH);
            assert_eq!(step.code, Z_NEED_DICT);
            assert_eq!(stream.set_dictionary(b"wrong"), Z_DATA_ERROR);
            assert_eq!(stream.set_dictionary(b"common words"), Z_OK);
            assert_eq!(whole(&mut stream, &packed[step.consumed..], 100), text);
        }
    }

    #[test]
    fn what_is_no_stream_is_refused() {
        assert!(Stream::inflate(99).is_err());
        assert!(Stream::deflate(&Options { level: 77, ..OPTIONS }).is_err());
        let mut stream = Stream::inflate(15).unwrap();
        let mut out = Vec::new();
        assert_eq!(stream.step(b"no stream at all", &mut out, 10, Z_NO_FLUSH).code, Z_DATA_ERROR);
        assert!(stream.message().is_some() && out.is_empty());
    }
}
