//! What several modules need: constructors' arguments by name, lists of constants, buffers.

use adder_vm::object::Visitor;
use adder_vm::object::trace::{Empty, Trace};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::bytes::Lent;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::Str;
use adder_vm::protocol::buffer::{self, Buffer};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Exc, Obj, Value, Vm};

/// The parameters of a constructor (a `new` or `init` slot gets its arguments unbound).
pub struct Signature<const N: usize> {
    pub function: &'static str,
    /// Parameter names in order; an empty name is positional only.
    pub names: [&'static str; N],
    /// How many of them, from the first, must be given.
    pub required: usize,
    /// How many may be given by position.
    pub positional: usize,
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

impl<const N: usize> Signature<N> {
    /// Puts the arguments of a call to the parameters; the errors are `TypeError`s in CPython's
    /// words.
    pub fn bind(&self, vm: &Vm, args: CallArgs<'_>) -> PyResult<[Option<Value>; N]> {
        let function = self.function;
        let mut bound = [const { None }; N];
        let given = args.args();
        let only_positional = self.names.iter().all(|n| n.is_empty());
        if only_positional && args.keyword_count() > 0 {
            return Err(vm.type_error(format!("{function}() takes no keyword arguments")));
        }
        if given.len() > self.positional || (only_positional && given.len() < self.required) {
            return Err(self.wrong_count(vm, given.len(), args.keyword_count(), only_positional));
        }
        for (place, value) in bound.iter_mut().zip(given) {
            *place = Some(value.clone());
        }
        for (name, value) in args.keywords() {
            let Some(text) = name.downcast::<Str>() else {
                return Err(vm.type_error("keywords must be strings"));
            };
            let at = self.names.iter().position(|n| !n.is_empty() && text.is_str(n));
            match at.map(|at| (at, &mut bound[at])) {
                Some((at, Some(_))) => {
                    return Err(vm.type_error(format!(
                        "argument for {function}() given by name ('{text}') and position ({})",
                        at + 1
                    )));
                }
                Some((_, place)) => *place = Some(value.clone()),
                None => {
                    return Err(vm.type_error(format!(
                        "{function}() got an unexpected keyword argument '{text}'"
                    )));
                }
            }
        }
        for (i, name) in self.names.iter().enumerate().take(self.required) {
            if bound[i].is_none() {
                return Err(if name.is_empty() {
                    self.wrong_count(vm, given.len(), args.keyword_count(), false)
                } else {
                    vm.type_error(format!(
                        "{function}() missing required argument '{name}' (pos {})",
                        i + 1
                    ))
                });
            }
        }
        Ok(bound)
    }

    fn wrong_count(&self, vm: &Vm, given: usize, keywords: usize, tuple_like: bool) -> Exc {
        let (min, max) = (self.required.min(self.positional), self.positional);
        let n = if given > max { max } else { min };
        let word = match (min == max, given > max) {
            (true, _) => "exactly",
            (false, true) => "at most",
            (false, false) => "at least",
        };
        let function = self.function;
        if tuple_like {
            let word = if word == "exactly" { String::new() } else { format!("{word} ") };
            return vm.type_error(format!(
                "{function} expected {word}{n} argument{}, got {given}",
                plural(n)
            ));
        }
        let kind =
            if keywords > 0 || max < self.names.len() || n == 0 { "positional " } else { "" };
        vm.type_error(format!(
            "{function}() takes {word} {n} {kind}argument{} ({given} given)",
            plural(n)
        ))
    }
}

/// A constructor of exactly the built-in type that takes no keyword arguments.
pub fn no_keywords(vm: &Vm, function: &str, args: CallArgs<'_>) -> PyResult<()> {
    if args.keyword_count() > 0 {
        return Err(vm.type_error(format!("{function}() takes no keyword arguments")));
    }
    Ok(())
}

/// Binds integer constants in a module.
pub fn add_ints(vm: &Vm, module: &Obj<Module>, constants: &[(&str, i64)]) {
    for (name, value) in constants {
        module.set(vm, name, adder_vm::objects::int::from_i64(*value));
    }
}

/// The bytes of a contiguous bytes-like argument.
pub fn bytes_of<'a>(vm: &Vm, value: &'a Value) -> PyResult<Lent<'a>> {
    if let Some(bytes) = value.downcast::<Bytes>() {
        return Ok(Lent::Slice(bytes.as_slice()));
    }
    Ok(Lent::Copy(flat_buffer(vm, value, false)?.to_vec()))
}

/// A contiguous buffer.
pub fn flat_buffer(vm: &Vm, value: &Value, writable: bool) -> PyResult<Buffer> {
    let lent = buffer::get(vm, value, writable)?;
    if !lent.is_contiguous() {
        return Err(vm.buffer_error("memoryview: underlying buffer is not C-contiguous"));
    }
    Ok(lent)
}

/// A buffer that a field keeps; the collector sees its owner.
pub struct Held(pub Option<Buffer>);

impl Trace for Held {
    fn trace(&self, visit: &mut Visitor<'_>) {
        if let Some(buffer) = &self.0 {
            visit(&buffer.owner);
        }
    }
}

impl Empty for Held {
    fn empty_into(&mut self, bag: &mut Vec<Value>) {
        if let Some(buffer) = &self.0 {
            // The buffer goes back when its last owner does; the bag only keeps that from being now.
            bag.push(buffer.owner.clone());
        }
        self.0 = None;
    }
}

/// A descriptor: a number, or an object with a method `fileno`.
pub fn descriptor(vm: &Vm, value: &Value) -> PyResult<i32> {
    use adder_vm::objects::int;
    use adder_vm::protocol::object;
    let fd = if int::is_int(value) {
        if value.is_bool() {
            let message = "bool is used as a file descriptor";
            vm.warn(vm.exception_type("RuntimeWarning"), message, 1)?;
        }
        value.clone()
    } else {
        let Some(fileno) = object::lookup_attr(vm, value, &vm.names().fileno)? else {
            return Err(vm.type_error("argument must be an int, or have a fileno() method."));
        };
        let answer = adder_vm::protocol::call::call(vm, &fileno, &[])?;
        if !int::is_int(&answer) {
            return Err(vm.type_error("fileno() returned a non-integer"));
        }
        answer
    };
    let number = match int::to_i64_exact(&fd).and_then(|n| i32::try_from(n).ok()) {
        Some(number) => number,
        None => return Err(vm.overflow_error("Python int too large to convert to C int")),
    };
    if number < 0 {
        return Err(
            vm.value_error(format!("file descriptor cannot be a negative integer ({number})"))
        );
    }
    Ok(number)
}

/// A number of a user or a group (`what` is "uid" or "gid"); -1 is the greatest number, which most
/// calls read as "unchanged".
pub fn id_argument(vm: &Vm, value: &Value, what: &str) -> PyResult<u32> {
    use adder_vm::protocol::number;
    if !number::has_index(value) {
        return Err(vm.type_error(format!("{what} should be integer, not {}", value.ty().name())));
    }
    match number::to_i128(vm, value)? {
        Some(-1) => Ok(u32::MAX),
        Some(n) if n < 0 => Err(vm.overflow_error(format!("{what} is less than minimum"))),
        Some(n) => u32::try_from(n)
            .map_err(|_| vm.overflow_error(format!("{what} is greater than maximum"))),
        None => Err(vm.overflow_error(format!("{what} is greater than maximum"))),
    }
}

/// A `str` argument as the system has names.
pub fn c_name(vm: &Vm, value: &Value, function: &str) -> PyResult<std::ffi::CString> {
    if value.downcast::<Str>().is_none() {
        return Err(vm.type_error(format!(
            "{function}() argument must be str, not {}",
            adder_vm::protocol::object::type_name_or_none(value)
        )));
    }
    let bytes = crate::posix::path::encode(vm, value)?;
    std::ffi::CString::new(bytes).map_err(|_| vm.value_error("embedded null byte"))
}

/// Adds the functions and what else a part of a module has: a long module is declared in parts.
pub fn extend(
    vm: &Vm,
    module: &Obj<Module>,
    part: &'static adder_vm::objects::module::ModuleDef,
) -> PyResult<()> {
    use adder_vm::objects::builtin_function::BuiltinFunction;
    for function in part.functions {
        let name = Some(vm.intern(part.name).into());
        module.set(vm, function.name, BuiltinFunction::plain(function, name));
    }
    match part.init {
        Some(init) => init(vm, module),
        None => Ok(()),
    }
}

fn digest_bytes(vm: &Vm, value: &Value) -> PyResult<Vec<u8>> {
    let lent = buffer::get(vm, value, false)?;
    if lent.shape.len() > 1 {
        return Err(vm.buffer_error("Buffer must be single dimension"));
    }
    Ok(lent.to_vec())
}

/// Equality whose time depends on the length of `b` alone.
fn same_digest(a: &[u8], b: &[u8]) -> bool {
    let like_b = a.len() == b.len();
    let a = if like_b { a } else { b };
    let difference = a.iter().zip(b).fold(0u8, |all, (x, y)| all | (x ^ y));
    std::hint::black_box(difference) == 0 && like_b
}

/// `hmac.compare_digest`
pub fn compare_digest(vm: &Vm, a: &Value, b: &Value) -> PyResult<bool> {
    if let (Some(x), Some(y)) = (a.downcast::<Str>(), b.downcast::<Str>()) {
        return match (x.as_ascii(), y.as_ascii()) {
            (Some(x), Some(y)) => Ok(same_digest(x.as_bytes(), y.as_bytes())),
            _ => Err(vm.type_error("comparing strings with non-ASCII characters is not supported")),
        };
    }
    if !buffer::has_buffer(a) && !buffer::has_buffer(b) {
        return Err(vm.type_error(format!(
            "unsupported operand types(s) or combination of types: '{}' and '{}'",
            a.ty().name(),
            b.ty().name()
        )));
    }
    Ok(same_digest(&digest_bytes(vm, a)?, &digest_bytes(vm, b)?))
}
