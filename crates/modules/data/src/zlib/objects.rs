//! The objects that keep a stream: `Compress`, `Decompress`, `_ZlibDecompressor`.

use super::stream::{
    Stream, Z_BUF_ERROR, Z_FINISH, Z_NEED_DICT, Z_NO_FLUSH, Z_OK, Z_STREAM_END, Z_STREAM_ERROR,
    Z_SYNC_FLUSH,
};
use super::{DEF_BUF_SIZE, error, stream_error};
use adder_derive::{pyclass, pymethods};
use adder_modules_core::support::{Signature, bytes_of};
use adder_vm::object::Guarded;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::number;
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

#[pyclass(name = "zlib.Compress", no_new, no_gc)]
pub struct Compress {
    stream: Guarded<Stream>,
}

impl Compress {
    pub fn make(vm: &Vm, stream: Stream) -> Ref<Compress> {
        Ref::with_type(Compress { stream: Guarded::new(stream) }, vm.type_object::<Compress>())
    }

    fn copied(&self, vm: &Vm) -> PyResult<Ref<Compress>> {
        match self.stream.with_mut(Stream::copy) {
            Ok(stream) => Ok(Compress::make(vm, stream)),
            Err(_) => Err(vm.value_error("Inconsistent stream state")),
        }
    }
}

#[pymethods]
impl Compress {
    /// Returns a bytes object containing compressed data.
    ///
    ///   data
    ///     Binary data to be compressed.
    ///
    /// After calling this function, some of the input data may still
    /// be stored in internal buffers for later processing.
    /// Call the flush() method to clear these buffers.
    #[pymethod]
    fn compress(zelf: &Obj<Compress>, vm: &Vm, data: &Value) -> PyResult<Ref<Bytes>> {
        let data = bytes_of(vm, data)?;
        zelf.stream.with_mut(|stream| {
            let mut out = Vec::new();
            let mut input = &data[..];
            loop {
                let step = stream.step(input, &mut out, DEF_BUF_SIZE, Z_NO_FLUSH);
                if step.code == Z_STREAM_ERROR {
                    return Err(stream_error(vm, stream, step.code, "while compressing data"));
                }
                input = &input[step.consumed..];
                if input.is_empty() && !step.full {
                    return Ok(Bytes::from_slice(&out));
                }
            }
        })
    }
    /// Return a bytes object containing any remaining compressed data.
    ///
    ///   mode
    ///     One of the constants Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH.
    ///     If mode == Z_FINISH, the compressor object can no longer be
    ///     used after calling the flush() method.  Otherwise, more data
    ///     can still be compressed.
    #[pymethod(sig = "($self, mode=zlib.Z_FINISH, /)")]
    fn flush(zelf: &Obj<Compress>, vm: &Vm, mode: Option<i32>) -> PyResult<Ref<Bytes>> {
        let mode = mode.unwrap_or(Z_FINISH);
        if mode == Z_NO_FLUSH {
            return Ok(Bytes::from_slice(&[]));
        }
        zelf.stream.with_mut(|stream| {
            let mut out = Vec::new();
            let code = loop {
                let step = stream.step(&[], &mut out, DEF_BUF_SIZE, mode);
                if !step.full || step.code == Z_STREAM_ERROR {
                    break step.code;
                }
            };
            match code {
                Z_STREAM_END if mode == Z_FINISH => {
                    stream.close();
                }
                Z_OK | Z_BUF_ERROR | Z_STREAM_END => {}
                code => return Err(stream_error(vm, stream, code, "while flushing")),
            }
            Bytes::copied(vm, &out)
        })
    }
    /// Return a copy of the compression object.
    #[pymethod]
    fn copy(zelf: &Obj<Compress>, vm: &Vm) -> PyResult<Ref<Compress>> {
        zelf.copied(vm)
    }
    #[pymethod]
    fn __copy__(zelf: &Obj<Compress>, vm: &Vm) -> PyResult<Ref<Compress>> {
        zelf.copied(vm)
    }
    #[pymethod]
    fn __deepcopy__(zelf: &Obj<Compress>, vm: &Vm, _memo: &Value) -> PyResult<Ref<Compress>> {
        zelf.copied(vm)
    }
}

/// A decompressing stream and the dictionary that it may ask for.
pub struct Inflater {
    stream: Stream,
    dictionary: Option<Vec<u8>>,
}

/// What came of some input.
struct Inflated {
    out: Vec<u8>,
    code: i32,
    consumed: usize,
    /// The output stopped at its limit.
    full: bool,
}

impl Inflater {
    /// Decompresses `input`, but to `limit` bytes at most.
    fn run(&mut self, vm: &Vm, input: &[u8], limit: usize, flush: i32) -> PyResult<Inflated> {
        let mut done = Inflated { out: Vec::new(), code: Z_OK, consumed: 0, full: false };
        loop {
            // Room grows with the output, so that long outputs take few steps.
            let room = done.out.len().max(DEF_BUF_SIZE).min(limit - done.out.len());
            let input = &input[done.consumed..];
            let step = self.stream.step(input, &mut done.out, room, flush);
            done.consumed += step.consumed;
            done.code = step.code;
            done.full = step.full;
            if step.code == Z_NEED_DICT
                && let Some(dictionary) = &self.dictionary
            {
                let code = self.stream.set_dictionary(dictionary);
                if code != Z_OK {
                    return Err(stream_error(vm, &self.stream, code, "while setting zdict"));
                }
                continue;
            }
            let goes_on = matches!(step.code, Z_OK | Z_BUF_ERROR);
            let has_more = step.full || step.consumed < input.len() && step.consumed > 0;
            if !goes_on || !has_more || done.out.len() >= limit {
                return Ok(done);
            }
        }
    }

    fn copied(&mut self, vm: &Vm) -> PyResult<Inflater> {
        match self.stream.copy() {
            Ok(stream) => Ok(Inflater { stream, dictionary: self.dictionary.clone() }),
            Err(_) => Err(vm.value_error("Inconsistent stream state")),
        }
    }
}

/// A stream for `wbits`, with its dictionary; raw streams get that at once.
pub fn inflater(vm: &Vm, wbits: i32, dictionary: Option<Vec<u8>>) -> PyResult<Inflater> {
    let Ok(mut stream) = Stream::inflate(wbits) else {
        return Err(vm.value_error("Invalid initialization option"));
    };
    if wbits < 0
        && let Some(dictionary) = &dictionary
    {
        let code = stream.set_dictionary(dictionary);
        if code != Z_OK {
            return Err(stream_error(vm, &stream, code, "while setting zdict"));
        }
    }
    Ok(Inflater { stream, dictionary })
}

/// The bytes of a dictionary argument.
pub fn dictionary_of(vm: &Vm, zdict: Option<&Value>) -> PyResult<Option<Vec<u8>>> {
    let Some(zdict) = zdict else { return Ok(None) };
    if !adder_vm::protocol::buffer::has_buffer(zdict) {
        return Err(vm.type_error("zdict argument must support the buffer protocol"));
    }
    Ok(Some(bytes_of(vm, zdict)?.to_vec()))
}

#[pyclass(name = "zlib.Decompress", no_new, no_gc)]
pub struct Decompress {
    inflater: Guarded<Inflater>,
    unused_data: Guarded<Ref<Bytes>>,
    unconsumed_tail: Guarded<Ref<Bytes>>,
    eof: Cell<bool>,
}

impl Decompress {
    pub fn make(vm: &Vm, inflater: Inflater) -> Ref<Decompress> {
        let empty = || Guarded::new(Bytes::from_slice(&[]));
        let payload = Decompress {
            inflater: Guarded::new(inflater),
            unused_data: empty(),
            unconsumed_tail: empty(),
            eof: Cell::new(false),
        };
        Ref::with_type(payload, vm.type_object::<Decompress>())
    }

    /// Keeps the input that was not used: behind the end, or for the next call.
    fn save(&self, rest: &[u8], at_end: bool) {
        if at_end {
            let joined = [self.unused_data.get().as_slice(), rest].concat();
            drop(self.unused_data.replace(Bytes::from_slice(&joined)));
        }
        if !at_end && !rest.is_empty() || !self.unconsumed_tail.get().is_empty() {
            drop(self.unconsumed_tail.replace(Bytes::from_slice(rest)));
        }
    }

    fn copied(&self, vm: &Vm) -> PyResult<Ref<Decompress>> {
        let copy = Decompress::make(vm, self.inflater.with_mut(|i| i.copied(vm))?);
        drop(copy.unused_data.replace(self.unused_data.get()));
        drop(copy.unconsumed_tail.replace(self.unconsumed_tail.get()));
        copy.eof.set(self.eof.get());
        Ok(copy)
    }
}

#[pymethods]
impl Decompress {
    /// Return a bytes object containing the decompressed version of the data.
    ///
    ///   data
    ///     The binary data to decompress.
    ///   max_length
    ///     The maximum allowable length of the decompressed data.
    ///     Unconsumed input data will be stored in
    ///     the unconsumed_tail attribute.
    ///
    /// After calling this function, some of the input data may still be stored in
    /// internal buffers for later processing.
    /// Call the flush() method to clear these buffers.
    #[pymethod(sig = "($self, data, /, max_length=0)")]
    fn decompress(
        zelf: &Obj<Decompress>,
        vm: &Vm,
        data: &Value,
        max_length: Option<isize>,
    ) -> PyResult<Ref<Bytes>> {
        let data = bytes_of(vm, data)?;
        let limit = match usize::try_from(max_length.unwrap_or(0)) {
            Ok(0) => usize::MAX,
            Ok(limit) => limit,
            Err(_) => return Err(vm.value_error("max_length must be non-negative")),
        };
        let done = zelf.inflater.with_mut(|i| i.run(vm, &data, limit, Z_SYNC_FLUSH))?;
        let at_end = done.code == Z_STREAM_END;
        zelf.save(&data[done.consumed..], at_end);
        match done.code {
            Z_STREAM_END => zelf.eof.set(true),
            Z_OK | Z_BUF_ERROR => {}
            code => {
                return Err(zelf
                    .inflater
                    .with(|i| stream_error(vm, &i.stream, code, "while decompressing data")));
            }
        }
        Bytes::copied(vm, &done.out)
    }
    /// Return a bytes object containing any remaining decompressed data.
    ///
    ///   length
    ///     the initial size of the output buffer.
    #[pymethod(sig = "($self, length=zlib.DEF_BUF_SIZE, /)")]
    fn flush(zelf: &Obj<Decompress>, vm: &Vm, length: Option<isize>) -> PyResult<Ref<Bytes>> {
        if length.is_some_and(|length| length <= 0) {
            return Err(vm.value_error("length must be greater than zero"));
        }
        let data = zelf.unconsumed_tail.get();
        let data = data.as_slice();
        let done = zelf.inflater.with_mut(|i| i.run(vm, data, usize::MAX, Z_FINISH))?;
        let at_end = done.code == Z_STREAM_END;
        zelf.save(&data[done.consumed..], at_end);
        if at_end {
            zelf.eof.set(true);
            zelf.inflater.with_mut(|i| i.stream.close());
        }
        Bytes::copied(vm, &done.out)
    }
    /// Return a copy of the decompression object.
    #[pymethod]
    fn copy(zelf: &Obj<Decompress>, vm: &Vm) -> PyResult<Ref<Decompress>> {
        zelf.copied(vm)
    }
    #[pymethod]
    fn __copy__(zelf: &Obj<Decompress>, vm: &Vm) -> PyResult<Ref<Decompress>> {
        zelf.copied(vm)
    }
    #[pymethod]
    fn __deepcopy__(zelf: &Obj<Decompress>, vm: &Vm, _memo: &Value) -> PyResult<Ref<Decompress>> {
        zelf.copied(vm)
    }
    #[getter]
    fn unused_data(zelf: &Obj<Decompress>, _vm: &Vm) -> Ref<Bytes> {
        zelf.unused_data.get()
    }
    #[getter]
    fn unconsumed_tail(zelf: &Obj<Decompress>, _vm: &Vm) -> Ref<Bytes> {
        zelf.unconsumed_tail.get()
    }
    #[getter]
    fn eof(zelf: &Obj<Decompress>, _vm: &Vm) -> bool {
        zelf.eof.get()
    }
}

/// Create a decompressor object for decompressing data incrementally.
///
///   wbits = 15
///   zdict
///      The predefined compression dictionary. This is a sequence of bytes
///      (such as a bytes object) containing subsequences that are expected
///      to occur frequently in the data that is to be compressed. Those
///      subsequences that are expected to be most common should come at the
///      end of the dictionary. This must be the same dictionary as used by the
///      compressor that produced the input data.
#[pyclass(name = "zlib._ZlibDecompressor", no_gc, sig = "(wbits=15, zdict=b'')")]
pub struct ZlibDecompressor {
    inflater: Guarded<Inflater>,
    /// Input that is still to be used.
    pending: Guarded<Ref<Bytes>>,
    unused_data: Guarded<Ref<Bytes>>,
    eof: Cell<bool>,
    needs_input: Cell<bool>,
}

#[pymethods]
impl ZlibDecompressor {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<2> = Signature {
            function: "_ZlibDecompressor",
            names: ["wbits", "zdict"],
            required: 0,
            positional: 2,
        };
        let [wbits, zdict] = SIGNATURE.bind(vm, args)?;
        let wbits = match wbits {
            Some(wbits) => i32::try_from(number::to_ssize(vm, &wbits)?).unwrap_or(i32::MAX),
            None => super::MAX_WBITS,
        };
        let dictionary = dictionary_of(vm, zdict.as_ref())?;
        let empty = || Guarded::new(Bytes::from_slice(&[]));
        let payload = ZlibDecompressor {
            inflater: Guarded::new(inflater(vm, wbits, dictionary)?),
            pending: empty(),
            unused_data: empty(),
            eof: Cell::new(false),
            needs_input: Cell::new(true),
        };
        Ok(Ref::with_type(payload, ty).into())
    }
    /// Decompress *data*, returning uncompressed data as bytes.
    ///
    /// If *max_length* is nonnegative, returns at most *max_length* bytes of
    /// decompressed data. If this limit is reached and further output can be
    /// produced, *self.needs_input* will be set to ``False``. In this case, the next
    /// call to *decompress()* may provide *data* as b'' to obtain more of the output.
    ///
    /// If all of the input data was decompressed and returned (either because this
    /// was less than *max_length* bytes, or because *max_length* was negative),
    /// *self.needs_input* will be set to True.
    ///
    /// Attempting to decompress data after the end of stream is reached raises an
    /// EOFError.  Any data found after the end of the stream is ignored and saved in
    /// the unused_data attribute.
    #[pymethod(sig = "($self, /, data, max_length=-1)")]
    fn decompress(
        zelf: &Obj<ZlibDecompressor>,
        vm: &Vm,
        data: &Value,
        max_length: Option<isize>,
    ) -> PyResult<Ref<Bytes>> {
        let data = bytes_of(vm, data)?;
        if zelf.eof.get() {
            let ty = vm.exception_type("EOFError");
            return Err(vm.exception(ty, "End of stream already reached".to_owned()));
        }
        let limit = usize::try_from(max_length.unwrap_or(-1)).unwrap_or(usize::MAX);
        let pending = zelf.pending.replace(Bytes::from_slice(&[]));
        let joined: Vec<u8>;
        let input = if pending.is_empty() {
            &data[..]
        } else {
            joined = [pending.as_slice(), &data].concat();
            &joined
        };
        let done = zelf.inflater.with_mut(|i| i.run(vm, input, limit, Z_SYNC_FLUSH))?;
        let rest = &input[done.consumed..];
        match done.code {
            Z_STREAM_END => {
                zelf.eof.set(true);
                zelf.needs_input.set(false);
                drop(zelf.unused_data.replace(Bytes::from_slice(rest)));
            }
            Z_OK | Z_BUF_ERROR => {
                zelf.needs_input.set(rest.is_empty() && !done.full);
                drop(zelf.pending.replace(Bytes::from_slice(rest)));
            }
            code => {
                return Err(zelf
                    .inflater
                    .with(|i| stream_error(vm, &i.stream, code, "while decompressing data")));
            }
        }
        Bytes::copied(vm, &done.out)
    }
    /// True if the end-of-stream marker has been reached.
    #[getter(member)]
    fn eof(zelf: &Obj<ZlibDecompressor>, _vm: &Vm) -> bool {
        zelf.eof.get()
    }
    /// Data found after the end of the compressed stream.
    #[getter(member)]
    fn unused_data(zelf: &Obj<ZlibDecompressor>, _vm: &Vm) -> Ref<Bytes> {
        zelf.unused_data.get()
    }
    /// True if more input is needed before more decompressed data can be produced.
    #[getter(member)]
    fn needs_input(zelf: &Obj<ZlibDecompressor>, _vm: &Vm) -> bool {
        zelf.needs_input.get()
    }
}

/// `zlib.decompress`
pub fn whole(vm: &Vm, data: &[u8], wbits: i32) -> PyResult<Ref<Bytes>> {
    let stream = Stream::inflate(wbits)
        .map_err(|code| error(vm, code, "while preparing to decompress data", None))?;
    let mut inflater = Inflater { stream, dictionary: None };
    let done = inflater.run(vm, data, usize::MAX, Z_SYNC_FLUSH)?;
    let fail = |code| stream_error(vm, &inflater.stream, code, "while decompressing data");
    match done.code {
        Z_STREAM_END => Ok(Bytes::from_slice(&done.out)),
        Z_OK | Z_BUF_ERROR => Err(fail(Z_BUF_ERROR)),
        code => Err(fail(code)),
    }
}
