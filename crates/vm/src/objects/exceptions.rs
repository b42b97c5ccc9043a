//! The built-in exceptions: one payload, and a table of types.
//!
//! CPython's counterpart: `Objects/exceptions.c`.

use crate::object::{GilCell, Guarded, Obj, Ref, ValueCell};
use crate::objects::descr::MemberDescr;
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::str_::{Str, StrBuilder};
use crate::objects::traceback::Traceback;
use crate::objects::tuple::Tuple;
use crate::objects::type_::declare::{self, Access};
use crate::objects::type_::{Type, TypeFlags};
use crate::protocol::object;
use crate::runtime::args::CallArgs;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

/// Common base class for all exceptions
#[pyclass(name = "BaseException", base_type, has_dict)]
pub struct ExcObj {
    args: Guarded<Ref<Tuple>>,
    traceback: ValueCell,
    context: Guarded<Option<Ref<ExcObj>>>,
    cause: Guarded<Option<Ref<ExcObj>>>,
    #[notrace]
    suppress_context: Cell<bool>,
}

/// Declares the types: `RustName = "PythonName": base, "doc", [fields]`; a field is open if nothing is said.
macro_rules! exceptions {
    ($root:ident; $($field:ident = $name:literal : $base:ident, $doc:literal, [$($attr:literal $(: $access:ident)?)*];)*) => {
        /// The exception types, for raising from Rust.
        pub struct Exceptions {
            pub base_exception: Ref<Type>,
            $(pub $field: Ref<Type>,)*
        }

        impl Exceptions {
            pub(crate) fn new() -> Exceptions {
                let $root = declare::type_object::<ExcObj>().to_ref();
                $(
                    let $field = declare::derive_type(
                        $name, "builtins", $doc, &$base, vec![$base.clone()],
                        &[$(($attr, access!($($access)?))),*],
                    );
                )*
                Exceptions { base_exception: $root, $($field,)* }
            }

            /// A type by its Python name; `Exception` if there is none of that name.
            pub fn by_name(&self, name: &str) -> &Obj<Type> {
                match name {
                    "BaseException" => &self.base_exception,
                    $($name => &self.$field,)*
                    _ => &self.exception,
                }
            }

            /// All types with their names.
            pub(crate) fn all(&self) -> Vec<(&'static str, Ref<Type>)> {
                vec![("BaseException", self.base_exception.clone()), $(($name, self.$field.clone()),)*]
            }
        }
    };
}

macro_rules! access {
    () => {
        Access::Open
    };
    ($access:ident) => {
        Access::$access
    };
}

exceptions! {
    base_exception;
    exception_group_base = "BaseExceptionGroup": base_exception, "A combination of multiple unrelated exceptions.", ["message": ReadOnly "exceptions": ReadOnly];
    generator_exit = "GeneratorExit": base_exception, "Request that a generator exit.", [];
    keyboard_interrupt = "KeyboardInterrupt": base_exception, "Program interrupted by user.", [];
    system_exit = "SystemExit": base_exception, "Request to exit from the interpreter.", ["code"];
    exception = "Exception": base_exception, "Common base class for all non-exit exceptions.", [];
    arithmetic_error = "ArithmeticError": exception, "Base class for arithmetic errors.", [];
    floating_point_error = "FloatingPointError": arithmetic_error, "Floating-point operation failed.", [];
    overflow_error = "OverflowError": arithmetic_error, "Result too large to be represented.", [];
    zero_division_error = "ZeroDivisionError": arithmetic_error, "Second argument to a division or modulo operation was zero.", [];
    assertion_error = "AssertionError": exception, "Assertion failed.", [];
    attribute_error = "AttributeError": exception, "Attribute not found.", ["name" "obj"];
    buffer_error = "BufferError": exception, "Buffer error.", [];
    eof_error = "EOFError": exception, "Read beyond end of file.", [];
    import_error = "ImportError": exception, "Import can't find module, or can't find name in module.", ["msg" "name" "path" "name_from"];
    module_not_found_error = "ModuleNotFoundError": import_error, "Module not found.", [];
    lookup_error = "LookupError": exception, "Base class for lookup errors.", [];
    index_error = "IndexError": lookup_error, "Sequence index out of range.", [];
    key_error = "KeyError": lookup_error, "Mapping key not found.", [];
    memory_error = "MemoryError": exception, "Out of memory.", [];
    name_error = "NameError": exception, "Name not found globally.", ["name"];
    unbound_local_error = "UnboundLocalError": name_error, "Local name referenced but not bound to a value.", [];
    os_error = "OSError": exception, "Base class for I/O related errors.", ["errno" "strerror" "filename" "filename2" "characters_written": Absent];
    blocking_io_error = "BlockingIOError": os_error, "I/O operation would block.", [];
    child_process_error = "ChildProcessError": os_error, "Child process error.", [];
    connection_error = "ConnectionError": os_error, "Connection error.", [];
    broken_pipe_error = "BrokenPipeError": connection_error, "Broken pipe.", [];
    connection_aborted_error = "ConnectionAbortedError": connection_error, "Connection aborted.", [];
    connection_refused_error = "ConnectionRefusedError": connection_error, "Connection refused.", [];
    connection_reset_error = "ConnectionResetError": connection_error, "Connection reset.", [];
    file_exists_error = "FileExistsError": os_error, "File already exists.", [];
    file_not_found_error = "FileNotFoundError": os_error, "File not found.", [];
    interrupted_error = "InterruptedError": os_error, "Interrupted by signal.", [];
    is_a_directory_error = "IsADirectoryError": os_error, "Operation doesn't work on directories.", [];
    not_a_directory_error = "NotADirectoryError": os_error, "Operation only works on directories.", [];
    permission_error = "PermissionError": os_error, "Not enough permissions.", [];
    process_lookup_error = "ProcessLookupError": os_error, "Process not found.", [];
    timeout_error = "TimeoutError": os_error, "Timeout expired.", [];
    reference_error = "ReferenceError": exception, "Weak ref proxy used after referent went away.", [];
    runtime_error = "RuntimeError": exception, "Unspecified run-time error.", [];
    not_implemented_error = "NotImplementedError": runtime_error, "Method or function hasn't been implemented yet.", [];
    python_finalization_error = "PythonFinalizationError": runtime_error, "Operation blocked during Python finalization.", [];
    recursion_error = "RecursionError": runtime_error, "Recursion limit exceeded.", [];
    stop_async_iteration = "StopAsyncIteration": exception, "Signal the end from iterator.__anext__().", [];
    stop_iteration = "StopIteration": exception, "Signal the end from iterator.__next__().", ["value"];
    syntax_error = "SyntaxError": exception, "Invalid syntax.", ["msg" "filename" "lineno" "offset" "text" "end_lineno" "end_offset" "print_file_and_line" "_metadata"];
    incomplete_input_error = "_IncompleteInputError": syntax_error, "incomplete input.", [];
    indentation_error = "IndentationError": syntax_error, "Improper indentation.", [];
    tab_error = "TabError": indentation_error, "Improper mixture of spaces and tabs.", [];
    system_error = "SystemError": exception, "Internal error in the Python interpreter.\n\nPlease report this to the Python maintainer, along with the traceback,\nthe Python version, and the hardware/OS platform and version.", [];
    type_error = "TypeError": exception, "Inappropriate argument type.", [];
    value_error = "ValueError": exception, "Inappropriate argument value (of correct type).", [];
    unicode_error = "UnicodeError": value_error, "Unicode related error.", [];
    unicode_decode_error = "UnicodeDecodeError": unicode_error, "Unicode decoding error.", ["encoding" "object" "start" "end" "reason"];
    unicode_encode_error = "UnicodeEncodeError": unicode_error, "Unicode encoding error.", ["encoding" "object" "start" "end" "reason"];
    unicode_translate_error = "UnicodeTranslateError": unicode_error, "Unicode translation error.", ["object" "start" "end" "reason"];
    warning = "Warning": exception, "Base class for warning categories.", [];
    bytes_warning = "BytesWarning": warning, "Base class for warnings about bytes and buffer related problems, mostly\nrelated to conversion from str or comparing to str.", [];
    deprecation_warning = "DeprecationWarning": warning, "Base class for warnings about deprecated features.", [];
    encoding_warning = "EncodingWarning": warning, "Base class for warnings about encodings.", [];
    future_warning = "FutureWarning": warning, "Base class for warnings about constructs that will change semantically\nin the future.", [];
    import_warning = "ImportWarning": warning, "Base class for warnings about probable mistakes in module imports", [];
    pending_deprecation_warning = "PendingDeprecationWarning": warning, "Base class for warnings about features which will be deprecated\nin the future.", [];
    resource_warning = "ResourceWarning": warning, "Base class for warnings about resource usage.", [];
    runtime_warning = "RuntimeWarning": warning, "Base class for warnings about dubious runtime behavior.", [];
    syntax_warning = "SyntaxWarning": warning, "Base class for warnings about dubious syntax.", [];
    unicode_warning = "UnicodeWarning": warning, "Base class for warnings about Unicode related problems, mostly\nrelated to conversion problems.", [];
    user_warning = "UserWarning": warning, "Base class for warnings generated by user code.", [];
}

/// A native type's member of this name, whatever classes made of it at run time say.
fn member(vm: &Vm, ty: &Obj<Type>, name: &str) -> Option<Ref<MemberDescr>> {
    let name = vm.intern(name);
    let find = |ty: &Ref<Type>| match ty.has_flag(TypeFlags::HEAP) {
        true => None,
        false => ty.dict().get_str(&name),
    };
    ty.with_mro(|mro| mro.iter().find_map(find))?.into_ref().ok()
}

/// The subclass of `OSError` for an error number.
pub fn os_error_type(vm: &Vm, number: i32) -> Ref<Type> {
    let e = vm.exceptions();
    match number {
        libc::EAGAIN | libc::EALREADY | libc::EINPROGRESS => &e.blocking_io_error,
        libc::EPIPE | libc::ESHUTDOWN => &e.broken_pipe_error,
        libc::ECHILD => &e.child_process_error,
        libc::ECONNABORTED => &e.connection_aborted_error,
        libc::ECONNREFUSED => &e.connection_refused_error,
        libc::ECONNRESET => &e.connection_reset_error,
        libc::EEXIST => &e.file_exists_error,
        libc::ENOENT => &e.file_not_found_error,
        libc::EISDIR => &e.is_a_directory_error,
        libc::ENOTDIR => &e.not_a_directory_error,
        libc::EINTR => &e.interrupted_error,
        libc::EACCES | libc::EPERM => &e.permission_error,
        libc::ESRCH => &e.process_lookup_error,
        libc::ETIMEDOUT => &e.timeout_error,
        _ => &e.os_error,
    }
    .clone()
}

/// Does an exception (or class) match what an `except` clause names?
pub fn matches(vm: &Vm, exception: &Value, wanted: &Value) -> PyResult<bool> {
    const MESSAGE: &str = "catching classes that do not inherit from BaseException is not allowed";
    let base = &vm.exceptions().base_exception;
    let class_of = |v: &Value| -> Option<Ref<Type>> {
        match v.downcast::<Type>() {
            Some(ty) => Some(ty.to_ref()),
            None => v.downcast::<ExcObj>().map(|e| e.ty().to_ref()),
        }
    };
    let one = |w: &Value| -> PyResult<bool> {
        match w.downcast::<Type>() {
            Some(w) if w.is_subtype(base) => {
                Ok(class_of(exception).is_some_and(|e| e.is_subtype(w)))
            }
            _ => Err(vm.type_error(MESSAGE)),
        }
    };
    match wanted.downcast::<Tuple>() {
        Some(all) => {
            let mut found = false;
            for w in all.items() {
                found |= one(w)?;
            }
            Ok(found)
        }
        None => one(wanted),
    }
}

impl ExcObj {
    /// A new exception of a type, its attributes set from `args` as the constructor would.
    pub fn make(ty: &Obj<Type>, args: Ref<Tuple>) -> Ref<ExcObj> {
        let exc = Ref::with_type(ExcObj::with_args(args), ty);
        Vm::with_current(|vm| exc.set_fields(vm));
        exc
    }

    fn with_args(args: Ref<Tuple>) -> ExcObj {
        ExcObj {
            args: Guarded::new(args),
            traceback: ValueCell::default(),
            context: Guarded::new(None),
            cause: Guarded::new(None),
            suppress_context: Cell::new(false),
        }
    }

    pub fn args(&self) -> Ref<Tuple> {
        self.args.get()
    }
    pub fn traceback(&self) -> Option<Value> {
        self.traceback.get()
    }
    pub fn set_traceback(&self, traceback: Option<Value>) {
        self.traceback.set(traceback);
    }
    pub fn context(&self) -> Option<Ref<ExcObj>> {
        self.context.get()
    }
    pub fn set_context(&self, context: Option<Ref<ExcObj>>) {
        drop(self.context.replace(context));
    }
    pub fn cause(&self) -> Option<Ref<ExcObj>> {
        self.cause.get()
    }
    pub fn set_cause(&self, cause: Option<Ref<ExcObj>>) {
        self.suppress_context.set(true);
        drop(self.cause.replace(cause));
    }
    pub fn suppresses_context(&self) -> bool {
        self.suppress_context.get()
    }
    /// The first argument as text, if it is a str.
    pub fn message(&self) -> String {
        let args = self.args();
        args.items()
            .first()
            .and_then(|a| a.downcast::<Str>().map(|s| s.to_string_lossy()))
            .unwrap_or_default()
    }
}

impl Obj<ExcObj> {
    /// One of the type's attributes (`StopIteration.value`).
    pub fn field(&self, vm: &Vm, name: &str) -> Option<Value> {
        member(vm, self.ty(), name)?.get_from(&self.to_value())
    }
    pub fn set_field(&self, vm: &Vm, name: &str, value: Value) {
        if let Some(member) = member(vm, self.ty(), name) {
            member.set_in(&self.to_value(), Some(value));
        }
    }

    fn clear_fields(&self, vm: &Vm, names: &[&str]) {
        for name in names {
            if let Some(member) = member(vm, self.ty(), name) {
                member.set_in(&self.to_value(), None);
            }
        }
    }

    pub fn add_note(&self, vm: &Vm, note: &str) -> PyResult<()> {
        let names = vm.names();
        let object = self.to_value();
        let notes = match object::lookup_attr(vm, &object, &names.__notes__)? {
            Some(notes) => notes,
            None => {
                let notes: Value = List::from_vec(Vec::new()).into();
                object::set_attr(vm, &object, &names.__notes__, notes.clone())?;
                notes
            }
        };
        match notes.downcast::<List>() {
            Some(list) => {
                list.push(vm.str(note));
                Ok(())
            }
            None => Err(vm.type_error("Cannot add note: __notes__ is not a list")),
        }
    }

    /// Is the type one whose constructor just keeps its arguments? (Remembered by type version.)
    fn keeps_arguments(vm: &Vm, ty: &Obj<Type>) -> bool {
        const SIZE: usize = 64;
        static KNOWN: GilCell<[(u32, bool); SIZE]> = GilCell::new([(0, false); SIZE]);
        let version = ty.version();
        let place = version as usize % SIZE;
        let (known, plain) = KNOWN.with(|all| all[place]);
        if version != 0 && known == version {
            return plain;
        }
        let e = vm.exceptions();
        let special = [
            &e.stop_iteration,
            &e.system_exit,
            &e.import_error,
            &e.os_error,
            &e.syntax_error,
            &e.unicode_error,
            &e.attribute_error,
            &e.name_error,
            &e.exception_group_base,
        ];
        let plain = !special.iter().any(|base| ty.is_subtype(base));
        KNOWN.with(|all| all[place] = (version, plain));
        plain
    }

    /// Sets the attributes of the built-in type from `args`.
    fn set_fields(&self, vm: &Vm) {
        let args = self.args();
        let items = args.items();
        let e = vm.exceptions();
        let ty = self.ty();
        let item = |i: usize| items.get(i).cloned().unwrap_or(Value::NONE);
        if ty.is_subtype(&e.stop_iteration) {
            self.set_field(vm, "value", item(0));
        } else if ty.is_subtype(&e.system_exit) {
            let code = match items {
                [] => Value::NONE,
                [one] => one.clone(),
                _ => args.to_value(),
            };
            self.set_field(vm, "code", code);
        } else if ty.is_subtype(&e.import_error) {
            self.set_field(vm, "msg", if items.len() == 1 { item(0) } else { Value::NONE });
        } else if ty.is_subtype(&e.os_error) {
            if (2..=5).contains(&items.len()) {
                self.set_field(vm, "errno", item(0));
                self.set_field(vm, "strerror", item(1));
                let blocked = ty.is_subtype(&e.blocking_io_error)
                    && items.len() == 3
                    && crate::objects::int::is_int(&items[2]);
                if blocked {
                    // The third argument is no name there, but how much was written.
                    self.set_field(vm, "characters_written", item(2));
                } else if items.len() > 2 && !item(2).is_none() {
                    self.set_field(vm, "filename", item(2));
                    if items.len() > 4 {
                        self.set_field(vm, "filename2", item(4));
                    }
                    drop(self.args.replace(Tuple::from_slice(&items[..2])));
                }
            }
        } else if ty.is_subtype(&e.syntax_error) {
            if !items.is_empty() {
                self.set_field(vm, "msg", item(0));
            }
            if let Some(details) = items.get(1).and_then(|d| d.downcast::<Tuple>()) {
                let names = ["filename", "lineno", "offset", "text", "end_lineno", "end_offset"];
                for (name, value) in names.iter().zip(details.items()) {
                    self.set_field(vm, name, value.clone());
                }
            }
        } else if ty.is_subtype(&e.unicode_translate_error) {
            for (name, value) in ["object", "start", "end", "reason"].iter().zip(items) {
                self.set_field(vm, name, value.clone());
            }
        } else if ty.is_subtype(&e.unicode_decode_error) || ty.is_subtype(&e.unicode_encode_error) {
            let names = ["encoding", "object", "start", "end", "reason"];
            for (name, value) in names.iter().zip(items) {
                self.set_field(vm, name, value.clone());
            }
            // What is decoded is kept as it was.
            if ty.is_subtype(&e.unicode_decode_error)
                && let Some(object) = items.get(1)
                && object.downcast::<super::bytes::Bytes>().is_none()
                && let Ok(bytes) = crate::protocol::buffer::to_vec(vm, object)
            {
                self.set_field(vm, "object", super::bytes::Bytes::from_slice(&bytes).into());
            }
        }
    }

    /// The arguments that make such an exception again: those of an `OSError` have the names in them
    /// that its `args` has lost.
    fn constructor_args(&self, vm: &Vm) -> Ref<Tuple> {
        let args = self.args();
        if !self.ty().is_subtype(&vm.exceptions().os_error) || args.len() != 2 {
            return args;
        }
        let Some(filename) = self.field(vm, "filename") else { return args };
        let mut all = args.items().to_vec();
        all.push(filename);
        if let Some(second) = self.field(vm, "filename2") {
            all.extend([Value::NONE, second]);
        }
        Tuple::from_vec(all)
    }

    /// What `str()` shows for the built-in types.
    fn text(&self, vm: &Vm) -> PyResult<Ref<Str>> {
        let e = vm.exceptions();
        let ty = self.ty();
        let args = self.args();
        let field = |name: &str| self.field(vm, name).filter(|v| !v.is_none());
        if ty.is_subtype(&e.key_error) && args.len() == 1 {
            return object::repr(vm, &args.items()[0]);
        }
        if ty.is_subtype(&e.import_error)
            && let Some(message) = field("msg")
            && message.is_exact::<Str>()
        {
            return object::str(vm, &message);
        }
        if ty.is_subtype(&e.os_error)
            && let (Some(number), Some(text)) =
                (self.field(vm, "errno"), self.field(vm, "strerror"))
        {
            let (number, text) = (object::str(vm, &number)?, object::str(vm, &text)?);
            let mut out = format!("[Errno {number}] {text}");
            if let Some(name) = field("filename") {
                out += &format!(": {}", object::repr(vm, &name)?);
                if let Some(second) = field("filename2") {
                    out += &format!(" -> {}", object::repr(vm, &second)?);
                }
            }
            return Ok(Ref::from_str(&out));
        }
        if ty.is_subtype(&e.syntax_error) {
            let message = field("msg").unwrap_or(Value::NONE);
            let message = object::str(vm, &message)?.to_string();
            let file = field("filename").and_then(|f| f.downcast::<Str>().map(|s| s.to_string()));
            let base = file.as_ref().map(|f| f.rsplit('/').next().unwrap_or(f).to_string());
            let line = match field("lineno") {
                Some(line) => Some(object::str(vm, &line)?.to_string()),
                None => None,
            };
            return Ok(Ref::from_str(&match (base, line) {
                (Some(f), Some(l)) => format!("{message} ({f}, line {l})"),
                (Some(f), None) => format!("{message} ({f})"),
                (None, Some(l)) => format!("{message} (line {l})"),
                (None, None) => message,
            }));
        }
        let coding =
            ty.is_subtype(&e.unicode_encode_error) || ty.is_subtype(&e.unicode_decode_error);
        if coding && args.len() == 5 || ty.is_subtype(&e.unicode_translate_error) && args.len() == 4
        {
            return self.unicode_text(vm);
        }
        match args.items() {
            [] => Ok(super::str_::intern::empty()),
            [one] => object::str(vm, one),
            _ => object::str(vm, &args.to_value()),
        }
    }

    fn unicode_text(&self, vm: &Vm) -> PyResult<Ref<Str>> {
        let field = |name: &str| self.field(vm, name).unwrap_or(Value::NONE);
        let encoding = object::str(vm, &field("encoding"))?;
        let reason = object::str(vm, &field("reason"))?;
        let int = |name: &str| super::int::to_i64_exact(&field(name)).unwrap_or(0);
        let (start, end) = (int("start"), int("end"));
        let subject = field("object");
        let encode = self.ty().is_subtype(&vm.exceptions().unicode_encode_error);
        let translate = self.ty().is_subtype(&vm.exceptions().unicode_translate_error);
        let what = match (translate, encode) {
            (true, _) => "can't translate".to_string(),
            (false, true) => format!("'{encoding}' codec can't encode"),
            (false, false) => format!("'{encoding}' codec can't decode"),
        };
        let encode = encode || translate;
        let unit = if encode {
            subject.downcast::<Str>().filter(|s| (start as usize) < s.len()).map(|s| {
                match s.at(start as usize) {
                    c @ 0..0x100 => format!("character '\\x{c:02x}'"),
                    c @ 0x100..0x1_0000 => format!("character '\\u{c:04x}'"),
                    c => format!("character '\\U{c:08x}'"),
                }
            })
        } else {
            crate::protocol::buffer::to_vec(vm, &subject)?
                .get(start as usize)
                .map(|b| format!("byte {b:#04x}"))
        };
        Ok(Ref::from_str(&match unit {
            Some(unit) if end == start + 1 => {
                format!("{what} {unit} in position {start}: {reason}")
            }
            _ => format!(
                "{what} {} in position {start}-{}: {reason}",
                if encode { "characters" } else { "bytes" },
                end - 1
            ),
        }))
    }
}

/// An exception argument for `__cause__` and `__context__`.
fn exception_or_none(vm: &Vm, value: Option<Value>, what: &str) -> PyResult<Option<Ref<ExcObj>>> {
    match value {
        None => Err(vm.type_error(format!("{what} may not be deleted"))),
        Some(v) if v.is_none() => Ok(None),
        Some(v) => v.into_ref().map(Some).map_err(|_| {
            let name = what.trim_matches('_');
            vm.type_error(format!("exception {name} must be None or derive from BaseException"))
        }),
    }
}

#[pymethods]
impl ExcObj {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let items = args.args();
        let e = vm.exceptions();
        if Obj::<ExcObj>::keeps_arguments(vm, ty) {
            return Ok(Ref::with_type(ExcObj::with_args(Tuple::from_slice(items)), ty).into());
        }
        let mut made = ty.to_ref();
        if ty.same(&e.os_error)
            && items.len() >= 2
            && let Some(number) = super::int::to_i64_exact(&items[0])
        {
            made = os_error_type(vm, number as i32);
        }
        if ty.is_subtype(&e.exception_group_base) {
            return super::exception_group::new(vm, ty, args);
        }
        let exc = Ref::with_type(ExcObj::with_args(Tuple::from_slice(items)), &made);
        exc.set_fields(vm);
        Ok(exc.into())
    }

    #[slot]
    fn init(zelf: &Obj<ExcObj>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        let e = vm.exceptions();
        let ty = zelf.ty();
        if args.keyword_count() == 0 && Obj::<ExcObj>::keeps_arguments(vm, ty) {
            // `__new__` has kept the same ones, as a rule.
            let (now, new) = (zelf.args(), args.args());
            let same = now.len() == new.len() && now.items().iter().zip(new).all(|(a, b)| a.is(b));
            if !same {
                drop(zelf.args.replace(Tuple::from_slice(new)));
            }
            return Ok(());
        }
        let names: &[&str] = match () {
            () if ty.is_subtype(&e.import_error) => &["name", "path", "name_from"],
            () if ty.is_subtype(&e.attribute_error) => &["name", "obj"],
            () if ty.is_subtype(&e.name_error) => &["name"],
            () => &[],
        };
        zelf.clear_fields(vm, names);
        if !ty.is_subtype(&e.os_error) && !ty.is_subtype(&e.exception_group_base) {
            drop(zelf.args.replace(Tuple::from_slice(args.args())));
            zelf.set_fields(vm);
        }
        for (name, value) in args.keywords() {
            let text = name.downcast::<Str>().map(|n| n.to_string()).unwrap_or_default();
            if !names.contains(&&*text) {
                return Err(vm.type_error(match names {
                    [] => format!("{}() takes no keyword arguments", ty.name()),
                    _ => format!("{}() got an unexpected keyword argument '{text}'", ty.name()),
                }));
            }
            zelf.set_field(vm, &text, value.clone());
        }
        let unicode =
            ty.is_subtype(&e.unicode_encode_error) || ty.is_subtype(&e.unicode_decode_error);
        let (want, given) = (if unicode { 5 } else { 4 }, args.args().len());
        if (unicode || ty.is_subtype(&e.unicode_translate_error)) && given != want {
            return Err(
                vm.type_error(format!("function takes exactly {want} arguments ({given} given)"))
            );
        }
        Ok(())
    }

    #[slot]
    fn repr(zelf: &Obj<ExcObj>, vm: &Vm) -> PyResult {
        let args = ExcObj::args(zelf);
        let name = zelf.ty().short_name();
        let mut out = StrBuilder::new();
        out.push_str(&name);
        match args.items() {
            [one] => {
                out.push_str("(");
                out.push_obj(&*object::repr(vm, one)?);
                out.push_str(")");
            }
            _ => out.push_obj(&*object::repr(vm, &args.to_value())?),
        }
        Ok(out.finish_in(vm)?.into())
    }

    #[slot]
    fn str(zelf: &Obj<ExcObj>, vm: &Vm) -> PyResult {
        zelf.text(vm).map(Value::from)
    }

    #[getter(name = "args")]
    fn get_args(zelf: &Obj<ExcObj>, _vm: &Vm) -> Ref<Tuple> {
        ExcObj::args(zelf)
    }
    #[setter(name = "args")]
    fn set_args(zelf: &Obj<ExcObj>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(vm.type_error("args may not be deleted"));
        };
        let items = crate::protocol::iter::collect(vm, &value)?;
        drop(zelf.args.replace(Tuple::from_vec(items)));
        Ok(())
    }
    #[getter(name = "__traceback__")]
    fn get_traceback(zelf: &Obj<ExcObj>, _vm: &Vm) -> Option<Value> {
        ExcObj::traceback(zelf)
    }
    #[setter(name = "__traceback__")]
    fn put_traceback(zelf: &Obj<ExcObj>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(vm.type_error("__traceback__ may not be deleted"));
        };
        if !value.is_none() && value.downcast::<Traceback>().is_none() {
            return Err(vm.type_error("__traceback__ must be a traceback or None"));
        }
        zelf.traceback.set(Some(value).filter(|v| !v.is_none()));
        Ok(())
    }
    #[getter(name = "__context__")]
    fn get_context(zelf: &Obj<ExcObj>, _vm: &Vm) -> Option<Ref<ExcObj>> {
        ExcObj::context(zelf)
    }
    #[setter(name = "__context__")]
    fn put_context(zelf: &Obj<ExcObj>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        ExcObj::set_context(zelf, exception_or_none(vm, value, "__context__")?);
        Ok(())
    }
    #[getter(name = "__cause__")]
    fn get_cause(zelf: &Obj<ExcObj>, _vm: &Vm) -> Option<Ref<ExcObj>> {
        ExcObj::cause(zelf)
    }
    #[setter(name = "__cause__")]
    fn put_cause(zelf: &Obj<ExcObj>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        ExcObj::set_cause(zelf, exception_or_none(vm, value, "__cause__")?);
        Ok(())
    }
    #[getter(name = "__suppress_context__", member)]
    fn suppress_context(zelf: &Obj<ExcObj>, _vm: &Vm) -> bool {
        zelf.suppress_context.get()
    }
    #[setter(name = "__suppress_context__")]
    fn set_suppress(zelf: &Obj<ExcObj>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.suppress_context.set(object::is_true(vm, &value.unwrap_or(Value::NONE))?);
        Ok(())
    }
    /// Set self.__traceback__ to tb and return self.
    #[pymethod]
    fn with_traceback(zelf: &Obj<ExcObj>, vm: &Vm, tb: Value) -> PyResult {
        ExcObj::put_traceback(zelf, vm, Some(tb))?;
        Ok(zelf.to_value())
    }
    /// Add a note to the exception
    #[pymethod(name = "add_note")]
    fn py_add_note(zelf: &Obj<ExcObj>, vm: &Vm, note: &Value) -> PyResult<()> {
        match note.downcast::<Str>() {
            Some(text) => zelf.add_note(vm, &text.to_string_lossy()),
            None => Err(vm.type_error(format!("note must be a str, not '{}'", note.ty().name()))),
        }
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<ExcObj>, vm: &Vm) -> PyResult {
        let mut parts = vec![zelf.ty().to_value(), zelf.constructor_args(vm).into()];
        let state = Dict::new_ref();
        if let Some((attrs, gc, _)) = super::object::attrs_of(&zelf.to_value())
            && !attrs.is_empty()
        {
            state.merge(vm, attrs.to_dict(gc))?;
        }
        let e = vm.exceptions();
        let kept: &[&str] = match () {
            () if zelf.ty().is_subtype(&e.import_error) => &["name", "path", "name_from"],
            // Not the object, which need not be one that can be pickled.
            () if zelf.ty().is_subtype(&e.attribute_error) => &["name"],
            () => &[],
        };
        for name in kept {
            if let Some(value) = zelf.field(vm, name) {
                drop(state.insert_str(&vm.intern(name), value));
            }
        }
        if zelf.ty().is_subtype(&e.attribute_error) {
            drop(state.insert_str(&vm.intern("args"), ExcObj::args(zelf).into()));
        }
        if !state.is_empty() {
            parts.push(state.into());
        }
        Ok(Tuple::from_vec(parts).into())
    }
    #[pymethod]
    fn __setstate__(zelf: &Obj<ExcObj>, vm: &Vm, state: &Value) -> PyResult<()> {
        if let Some(dict) = state.downcast::<Dict>() {
            for (key, value) in dict.items_vec() {
                let name = object::attribute_name(vm, &key)?;
                object::set_attr(vm, &zelf.to_value(), &name, value)?;
            }
        } else if !state.is_none() {
            return Err(vm.type_error("state is not a dictionary"));
        }
        Ok(())
    }
}

impl Exc {
    /// The exception object.
    pub fn object(&self) -> &Obj<ExcObj> {
        &self.0
    }
}
