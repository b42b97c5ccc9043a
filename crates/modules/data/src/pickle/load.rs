//! Unpickling: the machine that runs a pickle. It has a stack of values and a stack of marks on it; an
//! opcode sees the values above the last mark. Whatever the bytes are, what comes of them is an object
//! or an exception.

use super::input::Input;
use super::known::{self, known};
use super::opcode::*;
use super::unpickler::{FIND_CLASS, Unpickler};
use super::unpickling_error;
use adder_bigint::Int;
use adder_vm::objects::bytearray::ByteArray;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::dict::methods::mapping_items;
use adder_vm::objects::float;
use adder_vm::objects::int;
use adder_vm::objects::list::List;
use adder_vm::objects::memoryview::MemoryView;
use adder_vm::objects::object as generic;
use adder_vm::objects::set::{Set, frozenset_type};
use adder_vm::objects::str_::{Str, codec, intern};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{buffer, call, iter, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};
use std::ops::Range;

/// One run of a pickle.
pub struct Loader<'a, 'b> {
    vm: &'a Vm,
    unpickler: &'a Obj<Unpickler>,
    input: &'a mut Input<'b>,
    stack: Vec<Value>,
    /// How many values were on the stack at each mark.
    marks: Vec<usize>,
}

impl<'a, 'b> Loader<'a, 'b> {
    pub fn new(vm: &'a Vm, unpickler: &'a Obj<Unpickler>, input: &'a mut Input<'b>) -> Self {
        Loader { vm, unpickler, input, stack: Vec::new(), marks: Vec::new() }
    }

    // ---- the stack ----

    #[inline]
    fn push(&mut self, value: impl Into<Value>) {
        self.stack.push(value.into());
    }

    fn fence(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    #[cold]
    fn underflow(&self) -> Exc {
        let what = match self.marks.is_empty() {
            true => "unpickling stack underflow",
            false => "unexpected MARK found",
        };
        unpickling_error(self.vm, what)
    }

    /// Are there `n` values above the last mark?
    #[inline]
    fn need(&self, n: usize) -> PyResult<()> {
        if self.stack.len() - self.fence() < n { Err(self.underflow()) } else { Ok(()) }
    }

    #[inline]
    fn pop(&mut self) -> PyResult<Value> {
        self.need(1)?;
        self.stack.pop().ok_or_else(|| self.underflow())
    }

    #[inline]
    fn top(&self) -> PyResult<Value> {
        self.need(1)?;
        self.stack.last().cloned().ok_or_else(|| self.underflow())
    }

    /// The values above the last mark, which goes.
    fn pop_mark(&mut self) -> PyResult<Vec<Value>> {
        match self.marks.pop() {
            Some(mark) => Ok(self.stack.split_off(mark.min(self.stack.len()))),
            None => Err(unpickling_error(self.vm, "could not find MARK")),
        }
    }

    // ---- arguments ----

    fn byte(&mut self) -> PyResult<u8> {
        let [byte] = self.input.array(self.vm)?;
        Ok(byte)
    }

    fn word(&mut self) -> PyResult<u32> {
        Ok(u32::from_le_bytes(self.input.array(self.vm)?))
    }

    /// A length of eight bytes.
    fn long_len(&mut self, what: &str) -> PyResult<usize> {
        let len = u64::from_le_bytes(self.input.array(self.vm)?);
        match usize::try_from(len).ok().filter(|&len| isize::try_from(len).is_ok()) {
            Some(len) => Ok(len),
            None => {
                let most = isize::MAX;
                let message = format!("{what} exceeds system's maximum size of {most} bytes");
                Err(self.vm.overflow_error(message))
            }
        }
    }

    /// A line without its end.
    fn line(&mut self) -> PyResult<&[u8]> {
        let range = self.input.line(self.vm)?;
        Ok(self.input.slice(range.start..range.end - 1))
    }

    fn line_text(&mut self) -> PyResult<String> {
        Ok(self.line()?.iter().map(|&byte| char::from(byte)).collect())
    }

    /// A number on a line, as `int()` reads it.
    fn line_int(&mut self, suffix: &str) -> PyResult {
        let text = self.line_text()?;
        if let Ok(small) = text.strip_suffix(suffix).unwrap_or(&text).parse::<i64>() {
            return Ok(int::from_i64(small));
        }
        let text = match text.strip_suffix(suffix).filter(|_| !suffix.is_empty()) {
            Some(text) => text.to_string(),
            None => format!("{text}\n"),
        };
        let ty = Value::int_unchecked(0).ty().to_value();
        call::call(self.vm, &ty, &[self.vm.str(&text)])
    }

    // ---- the run ----

    pub fn run(mut self) -> PyResult {
        loop {
            let opcode = self.input.opcode(self.vm)?;
            if opcode == STOP {
                return self.pop();
            }
            self.step(opcode)?;
        }
    }

    fn step(&mut self, opcode: u8) -> PyResult<()> {
        let vm = self.vm;
        match opcode {
            NONE => self.push(Value::NONE),
            BININT1 => {
                let byte = self.byte()?;
                self.push(Value::int_unchecked(byte.into()));
            }
            BININT2 => {
                let short = u16::from_le_bytes(self.input.array(vm)?);
                self.push(Value::int_unchecked(short.into()));
            }
            BININT => {
                let word = i32::from_le_bytes(self.input.array(vm)?);
                self.push(Value::int_unchecked(word.into()));
            }
            BINFLOAT => {
                let x = f64::from_be_bytes(self.input.array(vm)?);
                self.push(Value::float(x));
            }
            NEWTRUE => self.push(Value::TRUE),
            NEWFALSE => self.push(Value::FALSE),
            SHORT_BINUNICODE => {
                let len = self.byte()?.into();
                self.load_str(len)?;
            }
            BINUNICODE => {
                let len = self.word()? as usize;
                self.load_str(len)?;
            }
            BINUNICODE8 => {
                let len = self.long_len("BINUNICODE")?;
                self.load_str(len)?;
            }
            SHORT_BINBYTES => {
                let len = self.byte()?.into();
                self.load_bytes(len)?;
            }
            BINBYTES => {
                let len = self.word()? as usize;
                self.load_bytes(len)?;
            }
            BINBYTES8 => {
                let len = self.long_len("BINBYTES")?;
                self.load_bytes(len)?;
            }
            BYTEARRAY8 => {
                let len = self.long_len("BYTEARRAY8")?;
                let range = self.input.take(vm, len)?;
                let bytes = self.input.slice(range).to_vec();
                self.push(ByteArray::from_vec(bytes));
            }
            MARK => self.marks.push(self.stack.len()),
            MEMOIZE => {
                let top = self.top()?;
                drop(self.unpickler.memo.with_mut(|memo| memo.set(memo.len(), top)));
            }
            BINPUT => {
                let number = self.byte()?.into();
                self.put(number)?;
            }
            LONG_BINPUT => {
                let number = self.word()? as usize;
                self.put(number)?;
            }
            BINGET => {
                let number = self.byte()?.into();
                self.get(number)?;
            }
            LONG_BINGET => {
                let number = self.word()? as usize;
                self.get(number)?;
            }
            EMPTY_TUPLE => self.push(Tuple::empty()),
            TUPLE1 => self.load_tuple(1)?,
            TUPLE2 => self.load_tuple(2)?,
            TUPLE3 => self.load_tuple(3)?,
            TUPLE => {
                let items = self.pop_mark()?;
                self.push(Tuple::from_vec(items));
            }
            EMPTY_LIST => self.push(List::from_vec(Vec::new())),
            EMPTY_DICT => self.push(Dict::new_ref()),
            EMPTY_SET => self.push(Set::new_ref()),
            APPEND => {
                let item = self.pop()?;
                self.need(1)?;
                self.append(vec![item])?;
            }
            APPENDS => {
                let items = self.pop_mark()?;
                self.need(1)?;
                self.append(items)?;
            }
            SETITEM => {
                self.need(3)?;
                let items = self.stack.split_off(self.stack.len() - 2);
                self.set_items(items)?;
            }
            SETITEMS => {
                let items = self.pop_mark()?;
                self.need(1)?;
                if items.len() % 2 != 0 {
                    return Err(unpickling_error(vm, "odd number of items for SETITEMS"));
                }
                self.set_items(items)?;
            }
            ADDITEMS => {
                let items = self.pop_mark()?;
                self.need(1)?;
                self.add_items(items)?;
            }
            FROZENSET => {
                let items = List::from_vec(self.pop_mark()?);
                let made = call::call(vm, &frozenset_type().to_value(), &[items.into()])?;
                self.push(made);
            }
            LIST => {
                let items = self.pop_mark()?;
                self.push(List::from_vec(items));
            }
            DICT => {
                let items = self.pop_mark()?;
                if items.len() % 2 != 0 {
                    return Err(unpickling_error(vm, "odd number of items for DICT"));
                }
                self.push(Dict::new_ref());
                self.set_items(items)?;
            }
            STACK_GLOBAL => {
                self.need(2)?;
                let (name, module) = (self.pop()?, self.pop()?);
                if !name.is_exact::<Str>() || !module.is_exact::<Str>() {
                    return Err(unpickling_error(vm, "STACK_GLOBAL requires str"));
                }
                self.find_class(&module, &name)?;
            }
            REDUCE => {
                let args = self.pop()?;
                let make = self.pop()?;
                let Some(args) = args.downcast::<Tuple>() else {
                    return Err(vm.type_error("argument list must be a tuple"));
                };
                let made = call::call(vm, &make, args.items())?;
                self.push(made);
            }
            NEWOBJ => {
                self.need(2)?;
                let (args, class) = (self.pop()?, self.pop()?);
                self.new_object("NEWOBJ", &class, &args, None)?;
            }
            NEWOBJ_EX => {
                self.need(3)?;
                let (kwargs, args, class) = (self.pop()?, self.pop()?, self.pop()?);
                self.new_object("NEWOBJ_EX", &class, &args, Some(&kwargs))?;
            }
            BUILD => {
                self.need(2)?;
                let (state, object) = (self.pop()?, self.top()?);
                build(vm, &object, &state)?;
            }
            FRAME => {
                let len = u64::from_le_bytes(self.input.array(vm)?);
                match usize::try_from(len).ok().filter(|&len| isize::try_from(len).is_ok()) {
                    Some(len) => self.input.prefetch(vm, len)?,
                    None => {
                        let most = isize::MAX;
                        let message =
                            format!("FRAME length exceeds system's maximum of {most} bytes");
                        return Err(vm.overflow_error(message));
                    }
                }
            }
            PROTO => {
                let proto = self.byte()?;
                if i64::from(proto) > HIGHEST_PROTOCOL {
                    return Err(vm.value_error(format!("unsupported pickle protocol: {proto}")));
                }
                self.unpickler.proto.set(proto);
            }
            LONG1 => {
                let len = self.byte()?.into();
                self.load_long(len)?;
            }
            LONG4 => match usize::try_from(i32::from_le_bytes(self.input.array(vm)?)) {
                Ok(len) => self.load_long(len)?,
                Err(_) => {
                    return Err(unpickling_error(vm, "LONG pickle has negative byte count"));
                }
            },
            POP => {
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                } else {
                    drop(self.pop()?);
                }
            }
            POP_MARK => drop(self.pop_mark()?),
            DUP => {
                let top = self.top()?;
                self.push(top);
            }
            _ => self.rare(opcode)?,
        }
        Ok(())
    }

    /// What only old, special or broken pickles have.
    fn rare(&mut self, opcode: u8) -> PyResult<()> {
        let vm = self.vm;
        match opcode {
            GLOBAL => {
                let module = self.decoded_line("utf-8")?;
                let name = self.decoded_line("utf-8")?;
                self.find_class(&module, &name)?;
            }
            INST => {
                let args = self.pop_mark()?;
                let module = self.decoded_line("ascii")?;
                let name = self.decoded_line("ascii")?;
                self.find_class(&module, &name)?;
                let class = self.pop()?;
                self.instantiate(&class, args)?;
            }
            OBJ => {
                let mut args = self.pop_mark()?;
                if args.is_empty() {
                    return Err(self.underflow());
                }
                let class = args.remove(0);
                self.instantiate(&class, args)?;
            }
            GET => {
                let number = self.line_int("")?;
                match int::to_i64_exact(&number).and_then(|n| usize::try_from(n).ok()) {
                    Some(number) => self.get(number)?,
                    None => return Err(not_memoized(vm, &number)),
                }
            }
            PUT => {
                let number = self.line_int("")?;
                if int::is_negative(&number) {
                    return Err(vm.value_error("negative PUT argument"));
                }
                match int::to_i64_exact(&number) {
                    Some(number) => self.put(number as usize)?,
                    None => {
                        let message = "Python int too large to convert to C ssize_t";
                        return Err(vm.overflow_error(message));
                    }
                }
            }
            INT => self.load_int_line()?,
            LONG => {
                let number = self.line_int("L")?;
                self.push(number);
            }
            FLOAT => {
                let text = self.line_text()?;
                let wrong =
                    || vm.value_error(format!("could not convert string to float: '{text}\n'"));
                if text.starts_with(char::is_whitespace) || text.contains('_') {
                    return Err(wrong());
                }
                let ty = Value::float(0.0).ty().to_value();
                let parsed = call::call(vm, &ty, &[vm.str(&text)]);
                let x = parsed.ok().and_then(|x| float::as_f64(&x)).ok_or_else(wrong)?;
                self.push(Value::float(x));
            }
            STRING => {
                let line = self.line()?;
                let text = match line {
                    [q @ (b'"' | b'\''), text @ .., r] if q == r => text.to_vec(),
                    _ => {
                        let message = "the STRING opcode argument must be quoted";
                        return Err(unpickling_error(vm, message));
                    }
                };
                let codecs = adder_vm::runtime::import_::import_module(vm, "_codecs")?;
                let decode = object::get_attr_str(vm, &codecs, "escape_decode")?;
                let decoded = call::call(vm, &decode, &[Bytes::from_slice(&text).into()])?;
                let bytes = object::get_item(vm, &decoded, &Value::int_unchecked(0))?;
                self.push_old_string(&buffer::to_vec(vm, &bytes)?)?;
            }
            SHORT_BINSTRING => {
                let len = self.byte()?.into();
                self.load_old_string(len)?;
            }
            BINSTRING => match usize::try_from(i32::from_le_bytes(self.input.array(vm)?)) {
                Ok(len) => self.load_old_string(len)?,
                Err(_) => {
                    let message = "BINSTRING pickle has negative byte count";
                    return Err(unpickling_error(vm, message));
                }
            },
            UNICODE => {
                let line = self.line()?.to_vec();
                let text = codec::decode(vm, &line, "raw-unicode-escape", "strict")?;
                self.push(text);
            }
            PERSID => {
                let line = self.line()?;
                if !line.is_ascii() {
                    let message = "persistent IDs in protocol 0 must be ASCII strings";
                    return Err(unpickling_error(vm, message));
                }
                let id = Str::from_ascii(line);
                let object = Unpickler::load_persistent(self.unpickler, vm, id.into())?;
                self.push(object);
            }
            BINPERSID => {
                let id = self.pop()?;
                let object = Unpickler::load_persistent(self.unpickler, vm, id)?;
                self.push(object);
            }
            EXT1 => {
                let code = self.byte()?.into();
                self.load_extension(code)?;
            }
            EXT2 => {
                let code = u16::from_le_bytes(self.input.array(vm)?).into();
                self.load_extension(code)?;
            }
            EXT4 => {
                let code = i32::from_le_bytes(self.input.array(vm)?).into();
                self.load_extension(code)?;
            }
            NEXT_BUFFER => {
                let Some(buffers) = self.unpickler.buffers.get() else {
                    let message = "pickle stream refers to out-of-band data but no *buffers* \
                                   argument was given";
                    return Err(unpickling_error(vm, message));
                };
                match iter::next(vm, &buffers)? {
                    Some(buffer) => self.push(buffer),
                    None => return Err(unpickling_error(vm, "not enough out-of-band buffers")),
                }
            }
            READONLY_BUFFER => {
                let view = MemoryView::of_object(vm, &self.top()?)?.to_value();
                if !buffer::get(vm, &view, false)?.readonly {
                    let view = object::call_method(vm, &view, &vm.intern("toreadonly"), &[])?;
                    drop(self.pop()?);
                    self.push(view);
                }
            }
            _ => {
                let shown = match opcode {
                    b'\'' => "\"'\"".to_string(),
                    b'\\' => "'\\\\'".to_string(),
                    0x20..0x7f => format!("'{}'", char::from(opcode)),
                    _ => format!("'\\x{opcode:02x}'"),
                };
                return Err(unpickling_error(vm, format!("invalid load key, {shown}.")));
            }
        }
        Ok(())
    }

    // ---- values ----

    fn load_str(&mut self, len: usize) -> PyResult<()> {
        let range = self.input.take(self.vm, len)?;
        let bytes = self.input.slice(range);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => Ref::from_str(text),
            Err(_) => codec::decode(self.vm, bytes, "utf-8", "surrogatepass")?,
        };
        self.push(text);
        Ok(())
    }

    fn load_bytes(&mut self, len: usize) -> PyResult<()> {
        let range = self.input.take(self.vm, len)?;
        let bytes = Bytes::from_slice(self.input.slice(range));
        self.push(bytes);
        Ok(())
    }

    fn load_long(&mut self, len: usize) -> PyResult<()> {
        let range = self.input.take(self.vm, len)?;
        let value = int::from_int(Int::from_le_bytes(self.input.slice(range), true));
        self.push(value);
        Ok(())
    }

    fn load_int_line(&mut self) -> PyResult<()> {
        let text = self.line_text()?;
        match text.as_str() {
            "00" => self.push(Value::FALSE),
            "01" => self.push(Value::TRUE),
            text => {
                // What comes after a null character is not seen, blanks before are not either.
                let text = text.split('\0').next().unwrap_or_default().trim_start();
                let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
                let parsed = match text.parse::<i64>() {
                    Ok(small) => Some(int::from_i64(small)),
                    Err(_) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                        let ty = Value::int_unchecked(0).ty().to_value();
                        call::call(self.vm, &ty, &[self.vm.str(text)]).ok()
                    }
                    Err(_) => None,
                };
                match parsed {
                    Some(value) => self.push(value),
                    None => return Err(self.vm.value_error("could not convert string to int")),
                }
            }
        }
        Ok(())
    }

    fn load_old_string(&mut self, len: usize) -> PyResult<()> {
        let range = self.input.take(self.vm, len)?;
        let bytes = self.input.slice(range).to_vec();
        self.push_old_string(&bytes)
    }

    /// A string of Python 2: text in the encoding that the unpickler was given, or bytes.
    fn push_old_string(&mut self, bytes: &[u8]) -> PyResult<()> {
        let option = |cell: &adder_vm::object::ValueCell, default: &str| match cell.get() {
            Some(set) => set.downcast::<Str>().map_or(default.into(), |set| set.to_string()),
            None => default.to_string(),
        };
        let encoding = option(&self.unpickler.encoding, "ASCII");
        if encoding == "bytes" {
            self.push(Bytes::from_slice(bytes));
            return Ok(());
        }
        let errors = option(&self.unpickler.errors, "strict");
        let text = codec::decode(self.vm, bytes, &encoding, &errors)?;
        self.push(text);
        Ok(())
    }

    fn load_tuple(&mut self, n: usize) -> PyResult<()> {
        self.need(n)?;
        let items = self.stack.split_off(self.stack.len() - n);
        self.push(Tuple::from_vec(items));
        Ok(())
    }

    // ---- the memo ----

    fn put(&mut self, number: usize) -> PyResult<()> {
        let top = self.top()?;
        drop(self.unpickler.memo.with_mut(|memo| memo.set(number, top)));
        Ok(())
    }

    fn get(&mut self, number: usize) -> PyResult<()> {
        match self.unpickler.memo.with(|memo| memo.get(number)) {
            Some(object) => self.push(object),
            None => return Err(not_memoized(self.vm, &int::from_i64(number as i64))),
        }
        Ok(())
    }

    // ---- containers ----

    /// Appends to the list, or what has `extend` or `append`, that is on top.
    fn append(&mut self, items: Vec<Value>) -> PyResult<()> {
        let (vm, list) = (self.vm, self.top()?);
        if items.is_empty() {
            return Ok(());
        }
        if let Some(exact) = list.downcast_exact::<List>() {
            exact.with_mut(|all| all.extend(items));
            return Ok(());
        }
        if items.len() > 1
            && let Some(extend) = object::lookup_attr(vm, &list, &vm.intern("extend"))?
        {
            return call::call(vm, &extend, &[List::from_vec(items).into()]).map(drop);
        }
        let append = object::get_attr(vm, &list, &vm.names().append)?;
        for item in items {
            call::call(vm, &append, &[item])?;
        }
        Ok(())
    }

    /// Sets items, given as keys and values in turn, of the dict, or other object, that is on top.
    fn set_items(&mut self, items: Vec<Value>) -> PyResult<()> {
        let (vm, dict) = (self.vm, self.top()?);
        let exact = dict.downcast_exact::<Dict>();
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            match exact {
                Some(dict) => dict.insert(vm, &key, value)?,
                None => object::set_item(vm, &dict, &key, value)?,
            }
        }
        Ok(())
    }

    fn add_items(&mut self, items: Vec<Value>) -> PyResult<()> {
        let (vm, set) = (self.vm, self.top()?);
        if items.is_empty() {
            return Ok(());
        }
        if let Some(set) = set.downcast_exact::<Set>() {
            return items.iter().try_for_each(|item| set.add(vm, item));
        }
        if set.downcast::<Set>().is_some() {
            let items = List::from_vec(items);
            return object::call_method(vm, &set, &vm.names().update, &[items.into()]).map(drop);
        }
        let add = object::get_attr_str(vm, &set, "add")?;
        items.into_iter().try_for_each(|item| call::call(vm, &add, &[item]).map(drop))
    }

    // ---- classes and objects ----

    fn decoded_line(&mut self, encoding: &str) -> PyResult {
        let range: Range<usize> = self.input.line(self.vm)?;
        let line = self.input.slice(range.start..range.end - 1).to_vec();
        Ok(codec::decode(self.vm, &line, encoding, "strict")?.into())
    }

    fn find_class(&mut self, module: &Value, name: &Value) -> PyResult<()> {
        let (vm, unpickler) = (self.vm, self.unpickler);
        let found = if unpickler.is_exact() {
            Unpickler::find_class(unpickler, vm, module, name)?
        } else {
            let args = [module.clone(), name.clone()];
            object::call_method(vm, &unpickler.to_value(), &FIND_CLASS.get(), &args)?
        };
        self.push(found);
        Ok(())
    }

    fn load_extension(&mut self, code: i64) -> PyResult<()> {
        let (vm, known) = (self.vm, known(self.vm)?);
        let key = int::from_i64(code);
        if let Some(object) = known::get(vm, &known.extension_cache, &key)? {
            self.push(object);
            return Ok(());
        }
        let Some(name) = known::get(vm, &known.inverted_registry, &key)? else {
            if code <= 0 {
                return Err(unpickling_error(vm, "EXT specifies code <= 0"));
            }
            return Err(vm.value_error(format!("unregistered extension code {code}")));
        };
        let pair = name.downcast::<Tuple>().map(|pair| pair.items());
        let Some([module, name]) = pair.filter(|pair| pair.iter().all(Value::is_exact::<Str>))
        else {
            return Err(
                vm.value_error(format!("_inverted_registry[{code}] isn't a 2-tuple of strings"))
            );
        };
        self.find_class(module, name)?;
        object::set_item(vm, &known.extension_cache, &key, self.top()?)
    }

    /// An instance of a class of Python 2, without arguments if there are none.
    fn instantiate(&mut self, class: &Value, args: Vec<Value>) -> PyResult<()> {
        let vm = self.vm;
        let plain = args.is_empty()
            && class.downcast::<Type>().is_some()
            && object::lookup_attr(vm, class, &vm.intern("__getinitargs__"))?.is_none();
        let made = if plain {
            object::call_method(vm, class, &vm.names().__new__, std::slice::from_ref(class))?
        } else {
            call::call(vm, class, &args)?
        };
        self.push(made);
        Ok(())
    }

    /// `class.__new__(class, *args, **kwargs)`
    fn new_object(
        &mut self,
        opcode: &str,
        class: &Value,
        args: &Value,
        kwargs: Option<&Value>,
    ) -> PyResult<()> {
        let vm = self.vm;
        let wrong = |argument: &str, expected: &str, found: &Value| {
            let found = found.ty().name();
            unpickling_error(
                vm,
                format!("{opcode} {argument} argument must be {expected}, not {found}"),
            )
        };
        let Some(ty) = class.downcast::<Type>() else {
            return Err(wrong("class", "a type", class));
        };
        let Some(new) = ty.slots.new.get() else {
            let message = format!("{opcode} class argument '{}' doesn't have __new__", ty.name());
            return Err(unpickling_error(vm, message));
        };
        let Some(args) = args.downcast::<Tuple>() else {
            return Err(wrong("args", "a tuple", args));
        };
        let made = match kwargs {
            None => new(vm, ty, CallArgs::positional(args.items()))?,
            Some(kwargs) => {
                let Some(dict) = kwargs.downcast::<Dict>() else {
                    return Err(wrong("kwargs", "a dict", kwargs));
                };
                let (names, values): (Vec<_>, Vec<_>) = dict.items_vec().into_iter().unzip();
                let all: Vec<Value> = args.items().iter().cloned().chain(values).collect();
                let names = Tuple::from_vec(names);
                new(vm, ty, CallArgs::new(&all, Some(&names)))?
            }
        };
        self.push(made);
        Ok(())
    }
}

#[cold]
fn not_memoized(vm: &Vm, number: &Value) -> Exc {
    match object::repr(vm, number) {
        Ok(number) => unpickling_error(vm, format!("Memo value not found at index {number}")),
        Err(exc) => exc,
    }
}

/// Gives an object its state.
fn build(vm: &Vm, object: &Value, state: &Value) -> PyResult<()> {
    if let Some(set) = object::lookup_attr(vm, object, &vm.names().__setstate__)? {
        return call::call(vm, &set, std::slice::from_ref(state)).map(drop);
    }
    let (state, slots) = match state.downcast::<Tuple>().map(|pair| pair.items()) {
        Some([state, slots]) => (state, Some(slots)),
        _ => (state, None),
    };
    if !state.is_none() {
        let Some(state) = state.downcast::<Dict>() else {
            return Err(unpickling_error(vm, "state is not a dictionary"));
        };
        set_attributes(vm, object, state)?;
    }
    let Some(slots) = slots.filter(|slots| !slots.is_none()) else { return Ok(()) };
    if slots.downcast::<Dict>().is_none() {
        return Err(unpickling_error(vm, "slot state is not a dictionary"));
    }
    for (name, value) in mapping_items(vm, slots)? {
        object::set_attr(vm, object, &object::attribute_name(vm, &name)?, value)?;
    }
    Ok(())
}

/// Puts attributes into an object itself, past its class.
fn set_attributes(vm: &Vm, object: &Value, state: &Obj<Dict>) -> PyResult<()> {
    let items = state.items_vec();
    // Where `__dict__` means the attributes, no dict has to be made for them.
    if generic::has_plain_dict(vm, object.ty())
        && let Some((attrs, gc, _)) = generic::attrs_of(object)
        && items.iter().all(|(name, _)| name.is_exact::<Str>())
    {
        for (name, value) in items {
            if let Ok(name) = name.into_ref::<Str>() {
                drop(attrs.set(gc, object.ty(), &intern::intern(&name), value));
            }
        }
        return Ok(());
    }
    let dict = object::get_attr(vm, object, &vm.names().__dict__)?;
    for (name, value) in items {
        let name = match name.downcast_exact::<Str>() {
            Some(text) => intern::intern(&text.to_ref()).into(),
            None => name,
        };
        object::set_item(vm, &dict, &name, value)?;
    }
    Ok(())
}
