//! `zlib`. Streams are in `stream.rs`, the objects that keep them in `objects.rs`. CPython's
//! counterpart: `Modules/zlibmodule.c`.

mod objects;
mod stream;

use adder_derive::pymodule;
use adder_modules_core::support::{add_ints, bytes_of};
use adder_vm::object::GilCell;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::module::Module;
use adder_vm::objects::type_::{Type, declare};
use adder_vm::protocol::number::{self, BinOp};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};
use objects::{Compress, Decompress, ZlibDecompressor, dictionary_of, inflater};
use stream::{Options, Stream};

const DEF_BUF_SIZE: usize = 16 * 1024;
const MAX_WBITS: i32 = 15;
const DEFLATED: i32 = 8;
const DEF_MEM_LEVEL: i32 = 8;

static ERROR: GilCell<Option<Value>> = GilCell::new(None);

/// `zlib.error`
fn error_type(vm: &Vm) -> Value {
    if let Some(known) = ERROR.with(|e| e.clone()) {
        return known;
    }
    let made = declare::exception_subclass(vm, "error", "zlib", &[&vm.exceptions().exception]);
    ERROR.with(|e| e.get_or_insert(made).clone())
}

#[cold]
fn raise(vm: &Vm, message: String) -> Exc {
    match error_type(vm).downcast::<Type>() {
        Some(ty) => vm.exception(ty, message),
        None => vm.value_error(message),
    }
}

/// An error code in words, with what the library says about it.
#[cold]
fn error(vm: &Vm, code: i32, doing: &str, message: Option<String>) -> Exc {
    if code == stream::Z_MEM_ERROR {
        return vm.exception(&vm.exceptions().memory_error, format!("Out of memory {doing}"));
    }
    let known = match code {
        stream::Z_VERSION_ERROR => Some("library version mismatch"),
        stream::Z_BUF_ERROR => Some("incomplete or truncated stream"),
        stream::Z_STREAM_ERROR => Some("inconsistent stream state"),
        stream::Z_DATA_ERROR => Some("invalid input data"),
        _ => None,
    };
    raise(
        vm,
        match message.as_deref().or(known) {
            Some(reason) => format!("Error {code} {doing}: {reason}"),
            None => format!("Error {code} {doing}"),
        },
    )
}

#[cold]
fn stream_error(vm: &Vm, stream: &Stream, code: i32, doing: &str) -> Exc {
    // A closed stream's last message is not about this.
    let message = if stream.is_open() { stream.message() } else { None };
    let message = message.filter(|_| code != stream::Z_BUF_ERROR);
    error(vm, code, doing, message)
}

/// The low 32 bits of a number.
fn low_bits(vm: &Vm, value: &Value) -> PyResult<u32> {
    let value = number::index(vm, value)?;
    let low = number::binary(vm, &value, &int::from_i64(0xffff_ffff), BinOp::And)?;
    Ok(int::to_i64_exact(&low).unwrap_or(0) as u32)
}

/// The functions in this module allow compression and decompression using the
/// zlib library, which is based on GNU zip.
///
/// adler32(string[, start]) -- Compute an Adler-32 checksum.
/// compress(data[, level]) -- Compress data, with compression level 0-9 or -1.
/// compressobj([level[, ...]]) -- Return a compressor object.
/// crc32(string[, start]) -- Compute a CRC-32 checksum.
/// decompress(string,[wbits],[bufsize]) -- Decompresses a compressed string.
/// decompressobj([wbits[, zdict]]) -- Return a decompressor object.
///
/// 'wbits' is window buffer size and container format.
/// Compressor objects support compress() and flush() methods; decompressor
/// objects support decompress() and flush().
#[pymodule(name = "zlib")]
pub mod zlib {
    use super::*;

    /// Compute an Adler-32 checksum of data.
    ///
    ///   value
    ///     Starting value of the checksum.
    ///
    /// The returned checksum is an integer.
    #[pyfunction(sig = "($module, data, value=1, /)")]
    fn adler32(vm: &Vm, data: &Value, value: Option<&Value>) -> PyResult<u32> {
        let data = bytes_of(vm, data)?;
        let start = value.map_or(Ok(1), |value| low_bits(vm, value))?;
        Ok(stream::adler32(&data, start))
    }
    /// Compute a CRC-32 checksum of data.
    ///
    ///   value
    ///     Starting value of the checksum.
    ///
    /// The returned checksum is an integer.
    #[pyfunction(sig = "($module, data, value=0, /)")]
    fn crc32(vm: &Vm, data: &Value, value: Option<&Value>) -> PyResult<u32> {
        let data = bytes_of(vm, data)?;
        let start = value.map_or(Ok(0), |value| low_bits(vm, value))?;
        Ok(stream::crc32(&data, start))
    }
    /// Returns a bytes object containing compressed data.
    ///
    ///   data
    ///     Binary data to be compressed.
    ///   level
    ///     Compression level, in 0-9 or -1.
    ///   wbits
    ///     The window buffer size and container format.
    #[pyfunction(sig = "($module, data, /, level=Z_DEFAULT_COMPRESSION, wbits=MAX_WBITS)")]
    fn compress(
        vm: &Vm,
        data: &Value,
        level: Option<i32>,
        wbits: Option<i32>,
    ) -> PyResult<Ref<Bytes>> {
        let data = bytes_of(vm, data)?;
        let options = Options {
            level: level.unwrap_or(-1),
            method: DEFLATED,
            wbits: wbits.unwrap_or(MAX_WBITS),
            mem_level: DEF_MEM_LEVEL,
            strategy: 0,
        };
        let mut stream = Stream::deflate(&options).map_err(|code| match code {
            stream::Z_STREAM_ERROR => raise(vm, "Bad compression level".to_owned()),
            code => error(vm, code, "while compressing data", None),
        })?;
        let mut out = Vec::new();
        let mut input = &data[..];
        loop {
            let room = (input.len() / 2).max(DEF_BUF_SIZE);
            let step = stream.step(input, &mut out, room, stream::Z_FINISH);
            input = &input[step.consumed..];
            match step.code {
                stream::Z_STREAM_END => return Ok(Bytes::from_slice(&out)),
                stream::Z_STREAM_ERROR => {
                    return Err(stream_error(vm, &stream, step.code, "while compressing data"));
                }
                _ => {}
            }
        }
    }
    /// Returns a bytes object containing the uncompressed data.
    ///
    ///   data
    ///     Compressed data.
    ///   wbits
    ///     The window buffer size and container format.
    ///   bufsize
    ///     The initial output buffer size.
    #[pyfunction(sig = "($module, data, /, wbits=MAX_WBITS, bufsize=DEF_BUF_SIZE)")]
    fn decompress(
        vm: &Vm,
        data: &Value,
        wbits: Option<i32>,
        bufsize: Option<isize>,
    ) -> PyResult<Ref<Bytes>> {
        let data = bytes_of(vm, data)?;
        if bufsize.is_some_and(|size| size < 0) {
            return Err(vm.value_error("bufsize must be non-negative"));
        }
        objects::whole(vm, &data, wbits.unwrap_or(MAX_WBITS))
    }
    /// Return a compressor object.
    ///
    ///   level
    ///     The compression level (an integer in the range 0-9 or -1; default is
    ///     currently equivalent to 6).  Higher compression levels are slower,
    ///     but produce smaller results.
    ///   method
    ///     The compression algorithm.  If given, this must be DEFLATED.
    ///   wbits
    ///     +9 to +15: The base-two logarithm of the window size.  Include a zlib
    ///         container.
    ///     -9 to -15: Generate a raw stream.
    ///     +25 to +31: Include a gzip container.
    ///   memLevel
    ///     Controls the amount of memory used for internal compression state.
    ///     Valid values range from 1 to 9.  Higher values result in higher memory
    ///     usage, faster compression, and smaller output.
    ///   strategy
    ///     Used to tune the compression algorithm.  Possible values are
    ///     Z_DEFAULT_STRATEGY, Z_FILTERED, and Z_HUFFMAN_ONLY.
    ///   zdict
    ///     The predefined compression dictionary - a sequence of bytes
    ///     containing subsequences that are likely to occur in the input data.
    #[pyfunction(
        sig = "($module, /, level=Z_DEFAULT_COMPRESSION, method=DEFLATED, wbits=MAX_WBITS, memLevel=DEF_MEM_LEVEL, strategy=Z_DEFAULT_STRATEGY, zdict=None)"
    )]
    fn compressobj(
        vm: &Vm,
        level: Option<i32>,
        method: Option<i32>,
        wbits: Option<i32>,
        mem_level: Option<i32>,
        strategy: Option<i32>,
        zdict: Option<&Value>,
    ) -> PyResult<Ref<Compress>> {
        let options = Options {
            level: level.unwrap_or(-1),
            method: method.unwrap_or(DEFLATED),
            wbits: wbits.unwrap_or(MAX_WBITS),
            mem_level: mem_level.unwrap_or(DEF_MEM_LEVEL),
            strategy: strategy.unwrap_or(0),
        };
        let zdict = zdict.map(|zdict| bytes_of(vm, zdict)).transpose()?;
        let mut stream = Stream::deflate(&options).map_err(|code| match code {
            stream::Z_STREAM_ERROR => vm.value_error("Invalid initialization option"),
            code => error(vm, code, "while creating compression object", None),
        })?;
        if let Some(zdict) = zdict {
            match stream.set_dictionary(&zdict) {
                stream::Z_OK => {}
                stream::Z_STREAM_ERROR => return Err(vm.value_error("Invalid dictionary")),
                _ => return Err(vm.value_error("deflateSetDictionary()")),
            }
        }
        Ok(Compress::make(vm, stream))
    }
    /// Return a decompressor object.
    ///
    ///   wbits
    ///     The window buffer size and container format.
    ///   zdict
    ///     The predefined compression dictionary.  This must be the same
    ///     dictionary as used by the compressor that produced the input data.
    #[pyfunction(sig = "($module, /, wbits=MAX_WBITS, zdict=b'')")]
    fn decompressobj(
        vm: &Vm,
        wbits: Option<i32>,
        zdict: Option<&Value>,
    ) -> PyResult<Ref<Decompress>> {
        let dictionary = dictionary_of(vm, zdict)?;
        Ok(Decompress::make(vm, inflater(vm, wbits.unwrap_or(MAX_WBITS), dictionary)?))
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.set(vm, "error", error_type(vm));
        module.add_type(vm, vm.type_object::<ZlibDecompressor>());
        let version = stream::version();
        module.set(vm, "ZLIB_VERSION", vm.str(&version));
        module.set(vm, "ZLIB_RUNTIME_VERSION", vm.str(&version));
        module.set(vm, "__version__", vm.str("1.0"));
        let numbers = [
            ("MAX_WBITS", i64::from(MAX_WBITS)),
            ("DEFLATED", i64::from(DEFLATED)),
            ("DEF_MEM_LEVEL", i64::from(DEF_MEM_LEVEL)),
            ("DEF_BUF_SIZE", DEF_BUF_SIZE as i64),
            ("Z_NO_COMPRESSION", 0),
            ("Z_BEST_SPEED", 1),
            ("Z_BEST_COMPRESSION", 9),
            ("Z_DEFAULT_COMPRESSION", -1),
            ("Z_FILTERED", 1),
            ("Z_HUFFMAN_ONLY", 2),
            ("Z_RLE", 3),
            ("Z_FIXED", 4),
            ("Z_DEFAULT_STRATEGY", 0),
            ("Z_NO_FLUSH", 0),
            ("Z_PARTIAL_FLUSH", 1),
            ("Z_SYNC_FLUSH", 2),
            ("Z_FULL_FLUSH", 3),
            ("Z_FINISH", 4),
            ("Z_BLOCK", 5),
            ("Z_TREES", 6),
        ];
        add_ints(vm, module, &numbers);
        Ok(())
    }
}
