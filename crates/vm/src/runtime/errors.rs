//! Raising exceptions from Rust: the error type, and one helper for each kind of error.
//!
//! A failed operation is `Err(Exc)`, the exception object itself. `vm.type_error("...")` and its
//! like make one; nothing is stored in the machine until a handler catches it. CPython's
//! counterpart: `Python/errors.c`.

use crate::object::{Obj, Payload, Ref};
use crate::objects::exceptions::ExcObj;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::object;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// A raised exception: an owned instance of `BaseException`.
#[derive(Clone)]
pub struct Exc(pub Ref<ExcObj>);

/// What everything that can raise returns.
pub type PyResult<T = Value> = Result<T, Exc>;

impl Exc {
    pub fn value(&self) -> Value {
        self.0.to_value()
    }
    pub fn ty(&self) -> &Obj<Type> {
        self.0.ty()
    }
    /// Is it an instance of this exception type (or of a subclass)?
    pub fn is(&self, ty: &Obj<Type>) -> bool {
        self.0.ty().is_subtype(ty)
    }
}

impl From<Ref<ExcObj>> for Exc {
    fn from(exc: Ref<ExcObj>) -> Exc {
        Exc(exc)
    }
}

/// For Rust's own diagnostics.
impl std::fmt::Debug for Exc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let args = self.0.args();
        let text = args.items().first().and_then(|a| a.downcast::<Str>().map(|s| s.to_string()));
        write!(f, "{}({})", self.ty().name(), text.unwrap_or_default())
    }
}

/// One helper for each exception type that takes just a message.
macro_rules! helpers {
    ($($name:ident)*) => {
        impl Vm {
            $(
                /// A new exception of this type with a message.
                #[cold]
                pub fn $name(&self, message: impl Into<String>) -> Exc {
                    self.exception(&self.exceptions().$name, message.into())
                }
            )*
        }
    };
}

helpers! {
    type_error value_error index_error attribute_error overflow_error zero_division_error
    runtime_error system_error memory_error recursion_error import_error module_not_found_error
    not_implemented_error lookup_error assertion_error eof_error buffer_error arithmetic_error
    unbound_local_error reference_error stop_async_iteration syntax_error
    floating_point_error generator_exit keyboard_interrupt
}

impl Vm {
    /// A new exception with one argument, the message.
    pub fn exception(&self, ty: &Obj<Type>, message: String) -> Exc {
        let text: Value = Ref::<Str>::from_str(&message).into();
        self.exception_with_args(ty, vec![text])
    }

    /// A new exception of a built-in type with these `args`, without running Python code.
    pub fn exception_with_args(&self, ty: &Obj<Type>, args: Vec<Value>) -> Exc {
        Exc(ExcObj::make(ty, Tuple::from_vec(args)))
    }

    /// `KeyError(key)`
    #[cold]
    pub fn key_error(&self, key: &Value) -> Exc {
        self.exception_with_args(&self.exceptions().key_error, vec![key.clone()])
    }

    /// `StopIteration(value)`
    #[cold]
    pub fn stop_iteration(&self, value: Option<Value>) -> Exc {
        let args = value.into_iter().filter(|v| !v.is_none()).collect();
        self.exception_with_args(&self.exceptions().stop_iteration, args)
    }

    /// `NameError`, with the name for suggestions.
    #[cold]
    pub fn name_error(&self, name: &Str) -> Exc {
        let exc =
            self.exception(&self.exceptions().name_error, format!("name '{name}' is not defined"));
        exc.0.set_field(self, "name", Ref::<Str>::from_str(&name.to_string()).into());
        exc
    }

    /// `AttributeError: 'T' object has no attribute 'name'`
    #[cold]
    pub fn no_attribute(&self, object: &Value, name: &Str) -> Exc {
        let message = match object.downcast::<Type>() {
            Some(ty) => format!("type object '{}' has no attribute '{}'", ty.name(), name),
            None => match object.downcast::<crate::objects::module::Module>() {
                Some(module) => module.no_attribute_message(name),
                None => format!("'{}' object has no attribute '{}'", object.ty().name(), name),
            },
        };
        let exc = self.attribute_error(message);
        exc.0.set_field(self, "name", Ref::<Str>::from_str(&name.to_string()).into());
        exc.0.set_field(self, "obj", object.clone());
        exc
    }

    /// A native method was taken from its type and called on something else.
    #[cold]
    pub fn wrong_receiver<T: Payload>(&self, value: &Value) -> Exc {
        self.type_error(format!(
            "descriptor requires a '{}' object but received a '{}'",
            T::cell().get().name(),
            value.ty().name()
        ))
    }

    /// `UnicodeEncodeError` for text that must be UTF-8.
    #[cold]
    pub fn surrogate_error(&self, text: &Obj<Str>) -> Exc {
        let at = text.code_points().position(|c| (0xd800..0xe000).contains(&c)).unwrap_or(0);
        self.unicode_encode_error("utf-8", text, at, at + 1, "surrogates not allowed")
    }

    pub fn unicode_encode_error(
        &self,
        encoding: &str,
        text: &Obj<Str>,
        start: usize,
        end: usize,
        reason: &str,
    ) -> Exc {
        let int = |i: usize| Value::int_unchecked(i as i64);
        let text_of = |t: &str| Value::from(Ref::<Str>::from_str(t));
        let args = vec![text_of(encoding), text.to_value(), int(start), int(end), text_of(reason)];
        self.exception_with_args(&self.exceptions().unicode_encode_error, args)
    }

    pub fn unicode_decode_error(
        &self,
        encoding: &str,
        bytes: Value,
        start: usize,
        end: usize,
        reason: &str,
    ) -> Exc {
        let int = |i: usize| Value::int_unchecked(i as i64);
        let text_of = |t: &str| Value::from(Ref::<Str>::from_str(t));
        let args = vec![text_of(encoding), bytes, int(start), int(end), text_of(reason)];
        self.exception_with_args(&self.exceptions().unicode_decode_error, args)
    }

    /// `OSError(errno, strerror[, filename])`, of the subclass that belongs to the number.
    #[cold]
    pub fn os_error(&self, error: &std::io::Error, filename: Option<Value>) -> Exc {
        let number = error.raw_os_error().unwrap_or(libc::EIO);
        let mut args = vec![Value::int_unchecked(number.into()), self.errno_text(number)];
        if let Some(filename) = filename {
            args.push(filename);
        }
        let ty = crate::objects::exceptions::os_error_type(self, number);
        self.exception_with_args(&ty, args)
    }

    /// What the C library says about an error number.
    pub fn errno_text(&self, number: i32) -> Value {
        let text = std::io::Error::from_raw_os_error(number).to_string();
        let text = text.rsplit_once(" (os error").map_or(text.as_str(), |(t, _)| t);
        Ref::<Str>::from_str(text).into()
    }

    /// `TypeError: unsupported operand type(s) for +: 'int' and 'str'`
    #[cold]
    pub fn unsupported_operands(&self, symbol: &str, a: &Value, b: &Value) -> Exc {
        self.type_error(format!(
            "unsupported operand type(s) for {symbol}: '{}' and '{}'",
            a.ty().name(),
            b.ty().name()
        ))
    }

    /// `warnings.warn(message, category)`; becomes an exception if a filter says so.
    pub fn warn(&self, category: &Obj<Type>, message: &str, level: usize) -> PyResult<()> {
        crate::builtin_modules::warnings::warn(self, category, message, level)
    }

    /// For errors that cannot be raised: `sys.unraisablehook`.
    pub fn unraisable(&self, exc: Exc, context: &str, object: Option<&Value>) {
        crate::builtin_modules::sys::report_unraisable(self, exc, context, object);
    }

    /// Turns `AttributeError` into `None`.
    pub fn ignore_attribute_error<T>(&self, result: PyResult<Option<T>>) -> PyResult<Option<T>> {
        match result {
            Err(e) if e.is(&self.exceptions().attribute_error) => Ok(None),
            other => other,
        }
    }

    /// The type name of a value as error texts show it.
    pub fn type_name(&self, value: &Value) -> String {
        object::type_name_or_none(value)
    }
}

impl Vm {
    /// A built-in exception type by its Python name; `Exception` if there is none of that name.
    pub fn exception_type(&self, name: &str) -> &'static Obj<Type> {
        self.exceptions().by_name(name)
    }

    /// `SystemExit(status)` after a message on standard error.
    pub fn system_exit_with(&self, message: &str, status: i64) -> Exc {
        crate::builtin_modules::sys::write_stderr(self, &format!("{message}\n"));
        let status = Value::int_unchecked(status);
        self.exception_with_args(&self.exceptions().system_exit, vec![status])
    }
}
