//! Pickling: what is written for each object of the built-in types. Objects that say themselves how
//! they are pickled are in `save_object.rs`.
//!
//! In protocol 4 and later, MEMOIZE numbers objects by how many there were before; the memo's length
//! is the next number in all protocols.

use super::buffer::{PickleBuffer, is_contiguous};
use super::known::{self, Known, known};
use super::opcode::*;
use super::output::{FRAME_SIZE_TARGET, Output};
use super::pickler::{Hooks, Pickler};
use super::{fully_qualified, pickling_error};
use adder_vm::objects::bytearray::ByteArray;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::float;
use adder_vm::objects::function::Function;
use adder_vm::objects::int;
use adder_vm::objects::list::List;
use adder_vm::objects::set::{Set, frozenset_type};
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{call, iter, object};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::runtime::names::StaticName;
use adder_vm::{Obj, Ref, Value, Vm};

/// How many items an opcode takes from the stack at once.
const BATCH: usize = 1000;
/// How deep containers nest in fast mode before cycles are looked for.
const FAST_NESTING: usize = 50;

static LATIN1: StaticName = StaticName::new("latin1");

/// One run of a pickler.
pub struct Saver<'a> {
    pub vm: &'a Vm,
    pub pickler: &'a Obj<Pickler>,
    pub hooks: Hooks,
    pub known: Known,
    pub out: Output,
    pub proto: i64,
    pub bin: bool,
    /// The containers that are being saved in fast mode, beyond `FAST_NESTING`.
    fast_depth: usize,
    fast_open: Vec<u64>,
}

/// An exception with a note that says what was being pickled.
pub fn noted(vm: &Vm, exc: Exc, object: &Value, what: &str) -> Exc {
    let note = format!("when serializing {} {what}", fully_qualified(vm, object.ty()));
    // A note that cannot be added is not worth another exception.
    let _ = exc.0.add_note(vm, &note);
    exc
}

impl<'a> Saver<'a> {
    pub fn new(
        vm: &'a Vm,
        pickler: &'a Obj<Pickler>,
        hooks: Hooks,
        write: Option<Value>,
    ) -> PyResult<Saver<'a>> {
        Ok(Saver {
            vm,
            pickler,
            hooks,
            known: known(vm)?,
            out: Output::new(write),
            proto: pickler.proto.get(),
            bin: pickler.bin.get() != 0,
            fast_depth: 0,
            fast_open: Vec::new(),
        })
    }

    pub fn dump(mut self, object: &Value) -> PyResult<Vec<u8>> {
        if self.proto >= 2 {
            self.out.op(PROTO, [self.proto as u8]);
            if self.proto >= 4 {
                self.out.start_framing();
            }
        }
        self.save(object)?;
        self.out.push(STOP);
        self.out.finish(self.vm)
    }

    /// Writes an object.
    pub fn save(&mut self, object: &Value) -> PyResult<()> {
        self.out.boundary(self.vm)?;
        if let Some(persistent_id) = &self.hooks.persistent_id {
            let id = call::call(self.vm, persistent_id, std::slice::from_ref(object))?;
            if !id.is_none() {
                return self.save_persistent(&id);
            }
        }
        self.save_plainly(object)
    }

    fn save_persistent(&mut self, id: &Value) -> PyResult<()> {
        let vm = self.vm;
        if self.bin {
            self.out.boundary(vm)?;
            self.save_plainly(id)?;
            self.out.push(BINPERSID);
            return Ok(());
        }
        let text = object::str(vm, id)?;
        let Some(text) = text.as_ascii() else {
            return Err(pickling_error(vm, "persistent IDs in protocol 0 must be ASCII strings"));
        };
        self.line(PERSID, text);
        Ok(())
    }

    /// Writes an object without asking whether it has a persistent id.
    fn save_plainly(&mut self, object: &Value) -> PyResult<()> {
        if object.is_none() {
            self.out.push(NONE);
            return Ok(());
        }
        if let Some(i) = object.as_small_int() {
            return self.save_int(object, Some(i));
        }
        if let Some(b) = object.as_bool() {
            match (self.proto >= 2, b) {
                (true, true) => self.out.push(NEWTRUE),
                (true, false) => self.out.push(NEWFALSE),
                (false, true) => self.out.extend(b"I01\n"),
                (false, false) => self.out.extend(b"I00\n"),
            }
            return Ok(());
        }
        if let Some(x) = object.as_float_word() {
            if self.bin {
                self.out.op(BINFLOAT, x.to_be_bytes());
            } else {
                let text = float::to_text(x).to_string();
                self.line(FLOAT, &text);
            }
            return Ok(());
        }
        if object.is_exact_int() {
            return self.save_int(object, int::to_i64_exact(object));
        }
        if let Some(number) = self.pickler.memo.with(|memo| memo.get(object)) {
            self.get(number);
            return Ok(());
        }
        if let Some(text) = object.downcast_exact::<Str>() {
            return self.save_str(text, object);
        }
        if let Some(bytes) = object.downcast_exact::<Bytes>() {
            return self.save_bytes(bytes, object);
        }
        self.vm.check_stack()?;
        if let Some(dict) = object.downcast_exact::<Dict>() {
            self.save_dict(dict, object)
        } else if let Some(list) = object.downcast_exact::<List>() {
            self.save_list(list, object)
        } else if let Some(tuple) = object.downcast_exact::<Tuple>() {
            self.save_tuple(tuple, object)
        } else if let Some(set) = object.downcast_exact::<Set>() {
            self.save_set(set, object)
        } else if let Some(set) = object.downcast::<Set>().filter(|s| s.ty().same(frozenset_type()))
        {
            self.save_frozenset(set, object)
        } else if let Some(bytes) = object.downcast_exact::<ByteArray>() {
            self.save_bytearray(bytes, object)
        } else if let Some(buffer) = object.downcast_exact::<PickleBuffer>() {
            self.save_buffer(buffer, object)
        } else {
            self.save_other(object)
        }
    }

    /// Objects of no type that has an opcode: by hooks, by name, by `__reduce_ex__`.
    fn save_other(&mut self, object: &Value) -> PyResult<()> {
        let vm = self.vm;
        if let Some(reduce) = &self.hooks.reducer_override {
            let reduced = call::call(vm, reduce, std::slice::from_ref(object))?;
            if !reduced.is_not_implemented() {
                return self.save_reduced(object, &reduced);
            }
        }
        if object.downcast_exact::<Type>().is_some() {
            return self.save_type(object);
        }
        if object.downcast_exact::<Function>().is_some() {
            return self.save_global(object, None);
        }
        let ty = object.ty().to_value();
        let reduce = match &self.hooks.dispatch_table {
            None => known::get(vm, &self.known.dispatch_table, &ty)?,
            Some(table) => match object::get_item(vm, table, &ty) {
                Ok(found) => Some(found),
                Err(exc) if exc.is(&vm.exceptions().key_error) => None,
                Err(exc) => return Err(exc),
            },
        };
        let reduced = if let Some(reduce) = reduce {
            call::call(vm, &reduce, std::slice::from_ref(object))?
        } else if object.downcast::<Type>().is_some() {
            return self.save_global(object, None);
        } else if let Some(reduce) = object::lookup_attr(vm, object, &vm.names().__reduce_ex__)? {
            call::call(vm, &reduce, &[int::from_i64(self.proto)])?
        } else if let Some(reduce) = object::lookup_attr(vm, object, &vm.names().__reduce__)? {
            call::call(vm, &reduce, &[])?
        } else {
            let name = fully_qualified(vm, object.ty());
            return Err(pickling_error(vm, format!("Can't pickle {name} object")));
        };
        self.save_reduced(object, &reduced)
    }

    // ---- the memo ----

    /// An opcode with a line of text.
    pub fn line(&mut self, opcode: u8, text: &str) {
        self.out.push(opcode);
        self.out.extend(text.as_bytes());
        self.out.push(b'\n');
    }

    pub fn memoized(&self, object: &Value) -> Option<usize> {
        self.pickler.memo.with(|memo| memo.get(object))
    }

    fn get(&mut self, number: usize) {
        if !self.bin {
            self.line(GET, &number.to_string());
        } else if let Ok(byte) = u8::try_from(number) {
            self.out.op(BINGET, [byte]);
        } else {
            self.out.op(LONG_BINGET, (number as u32).to_le_bytes());
        }
    }

    /// Notes that an object was written.
    pub fn memoize(&mut self, object: &Value) {
        if self.pickler.fast.get() != 0 {
            return;
        }
        let (number, old) = self.pickler.memo.with_mut(|memo| {
            let number = memo.len();
            (number, memo.set(number, object.clone()))
        });
        drop(old);
        if self.proto >= 4 {
            self.out.push(MEMOIZE);
        } else if !self.bin {
            self.line(PUT, &number.to_string());
        } else if let Ok(byte) = u8::try_from(number) {
            self.out.op(BINPUT, [byte]);
        } else {
            self.out.op(LONG_BINPUT, (number as u32).to_le_bytes());
        }
    }

    /// The object came up in its own parts: what they put on the stack goes, and it is fetched.
    pub fn get_instead(&mut self, number: usize, pops: &[u8]) {
        self.out.extend(pops);
        self.get(number);
    }

    // ---- numbers and text ----

    fn save_int(&mut self, object: &Value, small: Option<i64>) -> PyResult<()> {
        if let Some(i) = small.and_then(|i| i32::try_from(i).ok()) {
            if !self.bin {
                self.line(INT, &i.to_string());
            } else if let Ok(byte) = u8::try_from(i) {
                self.out.op(BININT1, [byte]);
            } else if let Ok(short) = u16::try_from(i) {
                self.out.op(BININT2, short.to_le_bytes());
            } else {
                self.out.op(BININT, i.to_le_bytes());
            }
            return Ok(());
        }
        if self.proto < 2 {
            let text = object::repr(self.vm, object)?;
            self.line(LONG, &format!("{text}L"));
            return Ok(());
        }
        let value = int::to_int(object);
        let len = (value.bit_length() / 8 + 1) as usize;
        let Ok(mut bytes) = value.to_le_bytes(len, true) else {
            return Err(self.vm.overflow_error("int too large to pickle"));
        };
        // A negative power of 256 needs no byte for its sign.
        if let [.., before, 0xff] = bytes.as_slice()
            && before & 0x80 != 0
        {
            bytes.pop();
        }
        if let Ok(len) = u8::try_from(bytes.len()) {
            self.out.op(LONG1, [len]);
        } else if let Ok(len) = i32::try_from(bytes.len()) {
            self.out.op(LONG4, len.to_le_bytes());
        } else {
            return Err(self.vm.overflow_error("int too large to pickle"));
        }
        self.out.extend(&bytes);
        Ok(())
    }

    fn save_str(&mut self, text: &Obj<Str>, object: &Value) -> PyResult<()> {
        if !self.bin {
            self.out.push(UNICODE);
            let escaped = raw_escaped(text);
            self.out.extend(&escaped);
            self.out.push(b'\n');
        } else {
            let copy;
            let bytes = match text.as_ascii() {
                Some(ascii) => ascii.as_bytes(),
                None => {
                    copy = text.to_wtf8();
                    copy.as_slice()
                }
            };
            self.counted(bytes, [SHORT_BINUNICODE, BINUNICODE, BINUNICODE8], 4, None)?;
        }
        self.memoize(object);
        Ok(())
    }

    /// Bytes with their number in front. The opcodes take it in one byte (from a protocol on), in
    /// four, and in eight.
    fn counted(
        &mut self,
        bytes: &[u8],
        [short, long, huge]: [u8; 3],
        short_from: i64,
        object: Option<&Value>,
    ) -> PyResult<()> {
        let len = bytes.len();
        if len < FRAME_SIZE_TARGET {
            match u8::try_from(len) {
                Ok(len) if self.proto >= short_from => self.out.op(short, [len]),
                _ => self.out.op(long, (len as u32).to_le_bytes()),
            }
            self.out.extend(bytes);
            return Ok(());
        }
        let header = match u32::try_from(len) {
            Ok(len) => [&[long], &len.to_le_bytes()[..]].concat(),
            Err(_) if self.proto >= 4 => [&[huge], &(len as u64).to_le_bytes()[..]].concat(),
            Err(_) => {
                let message = if long == BINUNICODE {
                    "cannot serialize a string larger than 4 GiB"
                } else {
                    "serializing a bytes object larger than 4 GiB requires pickle protocol 4 or \
                     higher"
                };
                return Err(self.vm.overflow_error(message));
            }
        };
        self.out.large(self.vm, &header, bytes, object)
    }

    fn save_bytes(&mut self, bytes: &Obj<Bytes>, object: &Value) -> PyResult<()> {
        if self.proto >= 3 {
            self.counted_bytes(bytes.as_slice(), Some(object))?;
            self.memoize(object);
            return Ok(());
        }
        // Older protocols have no bytes, but can call what makes some.
        if bytes.is_empty() {
            return self.save_reduce(object, &bytes.ty().to_value(), &Tuple::empty());
        }
        let text = Str::from_latin1(bytes.as_slice());
        let args = Tuple::pair(text.into(), LATIN1.get().into());
        let encode = self.known.codecs_encode.clone();
        self.save_reduce(object, &encode, &args)
    }

    fn counted_bytes(&mut self, bytes: &[u8], object: Option<&Value>) -> PyResult<()> {
        self.counted(bytes, [SHORT_BINBYTES, BINBYTES, BINBYTES8], 3, object)
    }

    fn counted_bytearray(&mut self, bytes: &[u8], object: Option<&Value>) -> PyResult<()> {
        let header = [&[BYTEARRAY8], &(bytes.len() as u64).to_le_bytes()[..]].concat();
        self.out.large(self.vm, &header, bytes, object)
    }

    fn save_bytearray(&mut self, bytes: &Obj<ByteArray>, object: &Value) -> PyResult<()> {
        if self.proto < 5 {
            let args = match bytes.is_empty() {
                true => Tuple::empty(),
                false => Tuple::from_vec(vec![Bytes::from_slice(&bytes.to_vec()).into()]),
            };
            return self.save_reduce(object, &bytes.ty().to_value(), &args);
        }
        self.counted_bytearray(&bytes.to_vec(), Some(object))?;
        self.memoize(object);
        Ok(())
    }

    fn save_buffer(&mut self, wrapper: &Obj<PickleBuffer>, object: &Value) -> PyResult<()> {
        let vm = self.vm;
        if self.proto < 5 {
            let message = "PickleBuffer can only be pickled with protocol >= 5";
            return Err(pickling_error(vm, message));
        }
        let buffer = wrapper.get(vm, false)?;
        if !is_contiguous(&buffer) {
            let message =
                "PickleBuffer can not be pickled when pointing to a non-contiguous buffer";
            return Err(pickling_error(vm, message));
        }
        let in_band = match self.pickler.buffer_callback.get() {
            Some(callback) => {
                let answer = call::call(vm, &callback, std::slice::from_ref(object))?;
                object::is_true(vm, &answer)?
            }
            None => true,
        };
        if !in_band {
            self.out.push(NEXT_BUFFER);
            if buffer.readonly {
                self.out.push(READONLY_BUFFER);
            }
            return Ok(());
        }
        let bytes = buffer.with(<[u8]>::to_vec).unwrap_or_default();
        if buffer.readonly {
            self.counted_bytes(&bytes, None)?;
        } else {
            self.counted_bytearray(&bytes, None)?;
        }
        self.memoize(object);
        Ok(())
    }

    // ---- containers ----

    /// In fast mode there is no memo that ends cycles.
    fn enter_fast(&mut self, object: &Value) -> PyResult<()> {
        self.fast_depth += 1;
        if self.fast_depth < FAST_NESTING {
            return Ok(());
        }
        if self.fast_open.contains(&object.bits()) {
            self.fast_depth -= 1;
            return Err(self.vm.value_error(format!(
                "fast mode: can't pickle cyclic objects including object type {} at {:#x}",
                object.ty().name(),
                object::address(object)
            )));
        }
        self.fast_open.push(object.bits());
        Ok(())
    }

    /// Runs `f` on a container, watched if need be.
    fn container(
        &mut self,
        object: &Value,
        f: impl FnOnce(&mut Self) -> PyResult<()>,
    ) -> PyResult<()> {
        if self.pickler.fast.get() == 0 {
            return f(self);
        }
        self.enter_fast(object)?;
        let result = f(self);
        if self.fast_depth >= FAST_NESTING {
            self.fast_open.pop();
        }
        self.fast_depth -= 1;
        result
    }

    fn save_item(&mut self, item: &Value, container: &Value, at: usize) -> PyResult<()> {
        let result = self.save(item);
        result.map_err(|exc| noted(self.vm, exc, container, &format!("item {at}")))
    }

    fn save_tuple(&mut self, tuple: &Obj<Tuple>, object: &Value) -> PyResult<()> {
        let len = tuple.len();
        let short = match len {
            0 if self.bin => {
                self.out.push(EMPTY_TUPLE);
                return Ok(());
            }
            0 => {
                self.out.extend(&[MARK, TUPLE]);
                return Ok(());
            }
            1..=3 if self.proto >= 2 => true,
            _ => false,
        };
        if !short {
            self.out.push(MARK);
        }
        for (at, item) in tuple.items().iter().enumerate() {
            self.save_item(item, object, at)?;
        }
        if let Some(number) = self.memoized(object) {
            if !short && self.bin {
                self.get_instead(number, &[POP_MARK]);
            } else {
                self.get_instead(number, &vec![POP; len + usize::from(!short)]);
            }
            return Ok(());
        }
        self.out.push(match (short, len) {
            (true, 1) => TUPLE1,
            (true, 2) => TUPLE2,
            (true, _) => TUPLE3,
            (false, _) => TUPLE,
        });
        self.memoize(object);
        Ok(())
    }

    fn save_list(&mut self, list: &Obj<List>, object: &Value) -> PyResult<()> {
        self.container(object, |saver| {
            if saver.bin {
                saver.out.push(EMPTY_LIST);
            } else {
                saver.out.extend(&[MARK, LIST]);
            }
            saver.memoize(object);
            match list.len() {
                0 => Ok(()),
                _ if saver.proto == 0 => {
                    let items = iter::iter(saver.vm, object)?;
                    saver.append_from(&items, object)
                }
                1 => {
                    if let Some(item) = list.get(0) {
                        saver.save_item(&item, object, 0)?;
                    }
                    saver.out.push(APPEND);
                    Ok(())
                }
                _ => saver.append_all(list, object),
            }
        })
    }

    /// The items of a list, which may change meanwhile.
    fn append_all(&mut self, list: &Obj<List>, object: &Value) -> PyResult<()> {
        let mut at = 0;
        loop {
            self.out.push(MARK);
            let end = at + BATCH;
            while at < end
                && let Some(item) = list.get(at)
            {
                self.save_item(&item, object, at)?;
                at += 1;
            }
            self.out.push(APPENDS);
            if at >= list.len() {
                return Ok(());
            }
        }
    }

    /// Items that an iterator gives, for something with `append`.
    pub fn append_from(&mut self, items: &Value, object: &Value) -> PyResult<()> {
        let vm = self.vm;
        let mut at = 0;
        if self.proto == 0 {
            while let Some(item) = iter::next(vm, items)? {
                self.save_item(&item, object, at)?;
                self.out.push(APPEND);
                at += 1;
            }
            return Ok(());
        }
        while let Some(first) = iter::next(vm, items)? {
            let Some(second) = iter::next(vm, items)? else {
                self.save_item(&first, object, at)?;
                self.out.push(APPEND);
                return Ok(());
            };
            let end = at + BATCH;
            self.out.push(MARK);
            self.save_item(&first, object, at)?;
            at += 1;
            let mut next = Some(second);
            while let Some(item) = next.take() {
                self.save_item(&item, object, at)?;
                at += 1;
                if at < end {
                    next = iter::next(vm, items)?;
                }
            }
            self.out.push(APPENDS);
            if at < end {
                return Ok(());
            }
        }
        Ok(())
    }

    fn save_dict(&mut self, dict: &Obj<Dict>, object: &Value) -> PyResult<()> {
        self.container(object, |saver| {
            if saver.bin {
                saver.out.push(EMPTY_DICT);
            } else {
                saver.out.extend(&[MARK, DICT]);
            }
            saver.memoize(object);
            match dict.len() {
                0 => Ok(()),
                _ if saver.proto == 0 => {
                    let vm = saver.vm;
                    let items = object::call_method(vm, object, &vm.names().items, &[])?;
                    let items = iter::iter(vm, &items)?;
                    saver.set_from(&items, object)
                }
                1 => {
                    if let Some((_, key, value)) = dict.entry_from(0) {
                        saver.save_entry(&key, &value, object)?;
                    }
                    saver.out.push(SETITEM);
                    Ok(())
                }
                len => saver.set_all(dict, len, object),
            }
        })
    }

    fn save_entry(&mut self, key: &Value, value: &Value, dict: &Value) -> PyResult<()> {
        self.save(key)?;
        self.save(value).map_err(|exc| {
            let shown = object::repr(self.vm, key);
            match shown {
                Ok(shown) => noted(self.vm, exc, dict, &format!("item {shown}")),
                Err(_) => exc,
            }
        })
    }

    fn set_all(&mut self, dict: &Obj<Dict>, len: usize, object: &Value) -> PyResult<()> {
        let mut at = 0;
        loop {
            self.out.push(MARK);
            let mut n = 0;
            while n < BATCH
                && let Some((next, key, value)) = dict.entry_from(at)
            {
                self.save_entry(&key, &value, object)?;
                (at, n) = (next + 1, n + 1);
            }
            self.out.push(SETITEMS);
            if dict.len() != len {
                return Err(self.vm.runtime_error("dictionary changed size during iteration"));
            }
            if n < BATCH {
                return Ok(());
            }
        }
    }

    fn pair<'t>(&self, item: &'t Value) -> PyResult<(&'t Value, &'t Value)> {
        match item.downcast::<Tuple>().map(|pair| pair.items()) {
            Some([key, value]) => Ok((key, value)),
            _ => Err(self.vm.type_error("dict items iterator must return 2-tuples")),
        }
    }

    /// Pairs that an iterator gives, for something whose items can be set.
    pub fn set_from(&mut self, items: &Value, object: &Value) -> PyResult<()> {
        let vm = self.vm;
        if self.proto == 0 {
            while let Some(item) = iter::next(vm, items)? {
                let (key, value) = self.pair(&item)?;
                self.save_entry(key, value, object)?;
                self.out.push(SETITEM);
            }
            return Ok(());
        }
        while let Some(first) = iter::next(vm, items)? {
            let (key, value) = self.pair(&first)?;
            let Some(second) = iter::next(vm, items)? else {
                self.save_entry(key, value, object)?;
                self.out.push(SETITEM);
                return Ok(());
            };
            self.out.push(MARK);
            self.save_entry(key, value, object)?;
            let (mut n, mut next) = (1, Some(second));
            while let Some(item) = next.take() {
                let (key, value) = self.pair(&item)?;
                self.save_entry(key, value, object)?;
                n += 1;
                if n < BATCH {
                    next = iter::next(vm, items)?;
                }
            }
            self.out.push(SETITEMS);
            if n < BATCH {
                return Ok(());
            }
        }
        Ok(())
    }

    fn save_element(&mut self, item: &Value, set: &Value) -> PyResult<()> {
        self.save(item).map_err(|exc| noted(self.vm, exc, set, "element"))
    }

    /// Before protocol 4 a set is made by a call with a list.
    fn save_set_by_call(&mut self, set: &Obj<Set>, object: &Value) -> PyResult<()> {
        let items = List::from_vec(set.to_vec());
        let args = Tuple::from_vec(vec![items.into()]);
        self.save_reduce(object, &set.ty().to_value(), &args)
    }

    fn save_set(&mut self, set: &Obj<Set>, object: &Value) -> PyResult<()> {
        if self.proto < 4 {
            return self.save_set_by_call(set, object);
        }
        self.out.push(EMPTY_SET);
        self.memoize(object);
        let items = set.to_vec();
        if items.is_empty() {
            return Ok(());
        }
        let mut rest = items.as_slice();
        loop {
            let (batch, more) = rest.split_at(rest.len().min(BATCH));
            self.out.push(MARK);
            for item in batch {
                self.save_element(item, object)?;
            }
            self.out.push(ADDITEMS);
            if set.len() != items.len() {
                return Err(self.vm.runtime_error("set changed size during iteration"));
            }
            if batch.len() < BATCH {
                return Ok(());
            }
            rest = more;
        }
    }

    fn save_frozenset(&mut self, set: &Obj<Set>, object: &Value) -> PyResult<()> {
        self.container(object, |saver| {
            if saver.proto < 4 {
                return saver.save_set_by_call(set, object);
            }
            saver.out.push(MARK);
            for item in set.to_vec() {
                saver.save_element(&item, object)?;
            }
            if let Some(number) = saver.memoized(object) {
                saver.get_instead(number, &[POP_MARK]);
                return Ok(());
            }
            saver.out.push(FROZENSET);
            saver.memoize(object);
            Ok(())
        })
    }

    fn save_reduce(&mut self, object: &Value, make: &Value, args: &Ref<Tuple>) -> PyResult<()> {
        self.save_call(Some(object), make, args)
    }
}

/// Text for protocol 0: what is beyond Latin-1, and what would end the line, as escapes.
fn raw_escaped(text: &Str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.code_points() {
        match c {
            0 | 0x0a | 0x0d | 0x1a | 0x5c | 0x100..0x1_0000 => {
                out.extend_from_slice(format!("\\u{c:04x}").as_bytes());
            }
            0x1_0000.. => out.extend_from_slice(format!("\\U{c:08x}").as_bytes()),
            _ => out.push(c as u8),
        }
    }
    out
}
