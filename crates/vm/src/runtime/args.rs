//! Calls into Rust: how a native function is described, how arguments are bound, and how they
//! become Rust types.
//!
//! The attribute macros emit `NativeDef` constants; `bind_and_call` is the one binder for all of
//! them, so that error texts are equal everywhere. CPython's counterpart: `Python/getargs.c` and
//! the code that Argument Clinic generates.

use crate::object::{Obj, Payload, Ref, layout};
use crate::objects::dict::Dict;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::{number, object};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use smallvec::SmallVec;

/// The arguments of a call: positional ones first, then the values of the named ones.
#[derive(Clone, Copy)]
pub struct CallArgs<'a> {
    values: &'a [Value],
    names: Option<&'a Obj<Tuple>>,
}

impl<'a> CallArgs<'a> {
    pub const NONE: CallArgs<'static> = CallArgs { values: &[], names: None };

    pub fn positional(values: &'a [Value]) -> CallArgs<'a> {
        CallArgs { values, names: None }
    }
    /// `values` ends with one value for each of `names` (a tuple of str).
    pub fn new(values: &'a [Value], names: Option<&'a Obj<Tuple>>) -> CallArgs<'a> {
        CallArgs { values, names: names.filter(|n| !n.is_empty()) }
    }
    #[inline(always)]
    pub fn all(&self) -> &'a [Value] {
        self.values
    }
    #[inline(always)]
    pub fn names(&self) -> Option<&'a Obj<Tuple>> {
        self.names
    }
    pub fn keyword_count(&self) -> usize {
        self.names.map_or(0, |n| n.len())
    }
    /// The positional arguments.
    pub fn args(&self) -> &'a [Value] {
        &self.values[..self.values.len() - self.keyword_count()]
    }
    /// Names and values of the keyword arguments.
    pub fn keywords(&self) -> impl Iterator<Item = (&'a Value, &'a Value)> {
        let names: &'a [Value] = match self.names {
            Some(names) => names.items(),
            None => &[],
        };
        names.iter().zip(self.values[self.values.len() - names.len()..].iter())
    }
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
    /// The same call with a receiver in front.
    pub fn with_receiver(
        &self,
        receiver: &Value,
        f: impl FnOnce(CallArgs<'_>) -> PyResult,
    ) -> PyResult {
        let names = self.names;
        layout::with_first(receiver, self.values, |values| f(CallArgs { values, names }))
    }
    /// The same call without its first positional argument.
    pub fn without_first(&self) -> CallArgs<'a> {
        CallArgs { values: &self.values[1..], names: self.names }
    }
}

/// How a parameter takes arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamKind {
    PositionalOnly,
    PositionalOrKeyword,
    KeywordOnly,
    VarPositional,
    /// `*args` that are bound one by one, behind the other parameters: no tuple is made.
    Rest,
    VarKeyword,
}

/// One parameter of a native function.
pub struct Param {
    pub name: &'static str,
    pub kind: ParamKind,
    pub required: bool,
}

/// What a native function is bound to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flavour {
    /// A module's function.
    Function,
    /// The first argument is the instance.
    Method,
    /// The first argument is the class.
    Class,
    Static,
}

impl Flavour {
    const fn has_receiver(self) -> bool {
        matches!(self, Flavour::Method | Flavour::Class)
    }
}

/// The Rust function: it gets the receiver (if its flavour has one) and one entry for each
/// parameter; missing ones are `None`, or absent at the end.
pub type NativeFn = fn(&Vm, &[Option<Value>]) -> PyResult;

/// A native function's description.
pub struct NativeDef {
    pub name: &'static str,
    pub doc: &'static str,
    pub signature: Option<&'static str>,
    pub params: &'static [Param],
    /// `Arity::of(params, flavour)`
    pub arity: Arity,
    pub flavour: Flavour,
    pub function: NativeFn,
}

/// The function of the one of some descriptions that has a name.
pub const fn native_function(defs: &[NativeDef], name: &str) -> NativeFn {
    let mut i = 0;
    while i < defs.len() {
        if is_same(defs[i].name.as_bytes(), name.as_bytes()) {
            return defs[i].function;
        }
        i += 1;
    }
    panic!("no such function")
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut same = a.len() == b.len();
    let mut i = 0;
    while same && i < a.len() {
        same = a[i] == b[i];
        i += 1;
    }
    same
}

pub type Getter = fn(&Vm, &Value) -> PyResult;
/// A value of `None` deletes.
pub type Setter = fn(&Vm, &Value, Option<Value>) -> PyResult<()>;

/// A computed attribute's description.
pub struct GetSetDef {
    pub name: &'static str,
    pub doc: &'static str,
    /// Is it no computation, but a value that the instance holds?
    pub member: bool,
    pub get: Getter,
    pub set: Option<Setter>,
}

/// How many positional arguments, the receiver among them, a call may have that needs no binding: they are
/// the parameters as they are.
#[derive(Clone, Copy)]
pub struct Arity {
    min: u16,
    max: u16,
}

impl Arity {
    /// Functions that take `*args` or `**kwargs`, or need keyword-only ones, are always bound.
    pub const fn of(params: &[Param], flavour: Flavour) -> Arity {
        let receiver = flavour.has_receiver() as u16;
        let (mut min, mut max, mut i) = (receiver, receiver, 0);
        while i < params.len() {
            match params[i].kind {
                ParamKind::PositionalOnly | ParamKind::PositionalOrKeyword => {
                    max += 1;
                    min += params[i].required as u16;
                }
                ParamKind::KeywordOnly if !params[i].required => {}
                ParamKind::Rest => return Arity { min, max: u16::MAX },
                _ => return Arity { min: u16::MAX, max: 0 },
            }
            i += 1;
        }
        Arity { min, max }
    }
    #[inline(always)]
    fn allows(self, given: usize) -> bool {
        given >= self.min as usize && given <= self.max as usize
    }
}

impl NativeDef {
    /// Are so many positional arguments, the receiver among them, the parameters as they are?
    #[inline(always)]
    pub fn takes(&self, args: usize) -> bool {
        self.arity.allows(args)
    }

    /// Calls the function with positional arguments, the receiver among them if its flavour has one;
    /// `None` if they have to be bound first.
    #[inline(always)]
    pub fn call_positional(&self, vm: &Vm, args: &[Value]) -> Option<PyResult> {
        if self.takes(args.len()) { Some(self.call_taking(vm, args)) } else { None }
    }

    /// Calls the function with arguments that it `takes`.
    #[inline(always)]
    pub fn call_taking(&self, vm: &Vm, args: &[Value]) -> PyResult {
        (self.function)(vm, as_options(args))
    }

    /// `__text_signature__`: as declared, or made from the parameters.
    pub fn shown_signature(&self) -> String {
        if let Some(signature) = self.signature {
            return signature.to_string();
        }
        let mut parts: Vec<String> = Vec::new();
        match self.flavour {
            Flavour::Method => parts.push("$self".into()),
            Flavour::Class => parts.push("$type".into()),
            Flavour::Function => parts.push("$module".into()),
            Flavour::Static => {}
        }
        for param in self.params {
            parts.push(match param.kind {
                ParamKind::VarPositional | ParamKind::Rest => format!("*{}", param.name),
                ParamKind::VarKeyword => format!("**{}", param.name),
                _ if param.required => param.name.to_string(),
                _ => format!("{}=<unrepresentable>", param.name),
            });
        }
        if self.params.iter().all(|p| p.kind == ParamKind::PositionalOnly) {
            parts.push("/".into());
        }
        format!("({})", parts.join(", "))
    }

    /// What binds the arguments of a constructor.
    pub const fn constructor(name: &'static str, params: &'static [Param]) -> NativeDef {
        NativeDef {
            name,
            doc: "",
            signature: None,
            params,
            arity: Arity::of(params, Flavour::Function),
            flavour: Flavour::Function,
            function: |_, _| Ok(Value::NONE),
        }
    }

    fn has_receiver(&self) -> bool {
        self.flavour.has_receiver()
    }

    /// `name`, or `type.name` for a method: what error texts call the function.
    fn shown(&self, receiver: Option<&Value>) -> String {
        match (self.flavour, receiver) {
            (Flavour::Method, Some(receiver)) => {
                let name = crate::objects::descr::owner_name(receiver, self);
                format!("{name}.{}", self.name)
            }
            _ => self.name.to_string(),
        }
    }
}

/// An owned argument list as native functions see it.
type Bound = SmallVec<[Option<Value>; 8]>;

/// A slice of values is a slice of present options.
#[inline(always)]
fn as_options(values: &[Value]) -> &[Option<Value>] {
    layout::as_options(values)
}

/// Calls a native function: `receiver` first if its flavour has one, then the bound arguments. If
/// `receiver` is `None` and the flavour needs one, it is the first positional argument.
#[inline]
pub fn call_native(
    vm: &Vm,
    def: &NativeDef,
    receiver: Option<&Value>,
    args: CallArgs<'_>,
) -> PyResult {
    if args.names.is_none()
        && (receiver.is_none() || !def.has_receiver())
        && let Some(result) = def.call_positional(vm, args.values)
    {
        return result;
    }
    if let Some(receiver) = receiver
        && args.names.is_none()
        && def.takes(args.values.len() + 1)
        && def.has_receiver()
    {
        return args.with_receiver(receiver, |args| def.call_taking(vm, args.values));
    }
    call_native_slow(vm, def, receiver, args)
}

#[inline(never)]
fn call_native_slow(
    vm: &Vm,
    def: &NativeDef,
    receiver: Option<&Value>,
    args: CallArgs<'_>,
) -> PyResult {
    let mut bound: Bound = SmallVec::new();
    let mut args = args;
    if def.has_receiver() {
        match receiver {
            Some(receiver) => bound.push(Some(receiver.clone())),
            None => match args.args().first() {
                Some(first) => {
                    bound.push(Some(first.clone()));
                    args = args.without_first();
                }
                None => {
                    return Err(
                        vm.type_error(format!("unbound method {}() needs an argument", def.name))
                    );
                }
            },
        }
    }
    bind(vm, def, args, &mut bound)?;
    (def.function)(vm, &bound)
}

/// Binds the arguments of a constructor for `f`.
#[inline]
pub fn with_bound<R>(
    vm: &Vm,
    def: &NativeDef,
    args: CallArgs<'_>,
    f: impl FnOnce(&[Option<Value>]) -> PyResult<R>,
) -> PyResult<R> {
    if args.names.is_none() && def.arity.allows(args.values.len()) {
        return f(as_options(args.values));
    }
    let mut bound: Bound = SmallVec::new();
    bind(vm, def, args, &mut bound)?;
    f(&bound)
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// Puts the arguments of a call that fits to parameters of which each takes one; `false` if it may not fit:
/// then nothing has changed.
fn bind_simply(def: &NativeDef, call: CallArgs<'_>, bound: &mut Bound) -> bool {
    use ParamKind::*;
    let (start, positional) = (bound.len(), call.args());
    let fits = positional.len() <= def.params.len()
        && def.params.iter().enumerate().all(|(i, param)| {
            let given = positional.get(i);
            bound.push(given.cloned());
            match param.kind {
                PositionalOnly | PositionalOrKeyword => true,
                KeywordOnly => given.is_none(),
                _ => false,
            }
        })
        && call.keywords().all(|(name, value)| {
            let Some(name) = name.downcast::<Str>().and_then(|name| name.as_ascii()) else {
                return false;
            };
            let parameter = def
                .params
                .iter()
                .position(|p| p.kind != PositionalOnly && p.name == name)
                .and_then(|at| bound.get_mut(start + at));
            match parameter {
                Some(place @ None) => {
                    *place = Some(value.clone());
                    true
                }
                _ => false,
            }
        })
        && def.params.iter().zip(&bound[start..]).all(|(p, given)| given.is_some() || !p.required);
    if !fits {
        bound.truncate(start);
    }
    fits
}

/// Puts arguments to parameters.
fn bind(vm: &Vm, def: &NativeDef, call: CallArgs<'_>, bound: &mut Bound) -> PyResult<()> {
    use ParamKind::*;
    if bind_simply(def, call, bound) {
        return Ok(());
    }
    let start = bound.len();
    let receiver = bound.first().cloned().flatten();
    let positional = call.args();
    let (mut min, mut max) = (0, 0);
    let (mut takes_keywords, mut var_positional, mut var_keyword) = (false, false, false);
    for param in def.params {
        match param.kind {
            PositionalOnly => max += 1,
            PositionalOrKeyword => (max, takes_keywords) = (max + 1, true),
            KeywordOnly => takes_keywords = true,
            VarPositional | Rest => var_positional = true,
            VarKeyword => (takes_keywords, var_keyword) = (true, true),
        }
        min += (param.required && param.kind != KeywordOnly) as usize;
    }
    // As in CPython, only functions without keywords are named with their type.
    let shown = || {
        if takes_keywords { def.name.to_string() } else { def.shown(receiver.as_ref()) }
    };
    if call.keyword_count() > 0 && !takes_keywords {
        return Err(vm.type_error(format!("{}() takes no keyword arguments", shown())));
    }
    let given = positional.len();
    let all = given + call.keyword_count();
    let open = var_positional || var_keyword;
    if takes_keywords && !open && all > def.params.len() {
        let kind = if given == 0 { "keyword " } else { "" };
        let n = def.params.len();
        return Err(vm.type_error(format!(
            "{}() takes at most {n} {kind}argument{} ({all} given)",
            def.name,
            plural(n)
        )));
    }
    if (given > max && !var_positional) || (!takes_keywords && given < min) {
        return Err(vm.type_error(arity_message(def, &shown(), min, max, given, takes_keywords)));
    }
    let (mut next, mut rest_at) = (0, None);
    for param in def.params {
        match param.kind {
            PositionalOnly | PositionalOrKeyword => {
                bound.push(positional.get(next).cloned());
                next += 1;
            }
            KeywordOnly => bound.push(None),
            VarPositional => {
                let rest = positional.get(next..).unwrap_or(&[]);
                bound.push(Some(Tuple::from_slice(rest).into()));
                next = positional.len();
            }
            Rest => bound.extend(positional.iter().skip(next).cloned().map(Some)),
            VarKeyword => {
                let behind_rest = def.params.iter().any(|p| p.kind == Rest);
                if behind_rest && call.keyword_count() > 0 {
                    bound.push(None);
                }
                if !behind_rest || call.keyword_count() > 0 {
                    rest_at = Some(bound.len());
                    bound.push(Some(Dict::new_ref().into()));
                }
            }
        }
    }
    for (name, value) in call.keywords() {
        let text = match name.downcast::<Str>() {
            Some(text) => text,
            None => return Err(vm.type_error("keywords must be strings")),
        };
        let at = def.params.iter().position(|p| {
            matches!(p.kind, PositionalOrKeyword | KeywordOnly) && text.is_str(p.name)
        });
        match at {
            Some(at) => {
                let place = &mut bound[start + at];
                if place.is_some() {
                    return Err(vm.type_error(format!(
                        "argument for {}() given by name ('{}') and position ({})",
                        shown(),
                        text,
                        at + 1
                    )));
                }
                *place = Some(value.clone());
            }
            None => {
                let rest = rest_at.and_then(|at| bound.get(at)?.as_ref());
                match rest.and_then(|v| v.downcast::<Dict>()) {
                    Some(rest) => rest.insert(vm, name, value.clone())?,
                    None => {
                        return Err(vm.type_error(format!(
                            "{}() got an unexpected keyword argument '{}'",
                            shown(),
                            text
                        )));
                    }
                }
            }
        }
    }
    for (i, param) in def.params.iter().enumerate() {
        if param.required && bound[start + i].is_none() {
            return Err(vm.type_error(match param.kind {
                PositionalOnly if given < min => {
                    arity_message(def, &shown(), min, max, given, takes_keywords)
                }
                _ => format!(
                    "{}() missing required argument '{}' (pos {})",
                    shown(),
                    param.name,
                    i + 1
                ),
            }));
        }
    }
    Ok(())
}

fn arity_message(
    def: &NativeDef,
    shown: &str,
    min: usize,
    max: usize,
    given: usize,
    takes_keywords: bool,
) -> String {
    if takes_keywords {
        if max == 0 {
            return format!("{shown}() takes no positional arguments");
        }
        let word = if min == max {
            "exactly"
        } else if given > max {
            "at most"
        } else {
            "at least"
        };
        let n = if given > max { max } else { min };
        return format!(
            "{shown}() takes {word} {n} positional argument{} ({given} given)",
            plural(n)
        );
    }
    if max == 0 {
        return format!("{shown}() takes no arguments ({given} given)");
    }
    if min == max && max == 1 {
        return format!("{shown}() takes exactly one argument ({given} given)");
    }
    let word = if min == max {
        ""
    } else if given > max {
        "at most "
    } else {
        "at least "
    };
    let n = if given > max { max } else { min };
    format!("{} expected {word}{n} argument{}, got {given}", def.name, plural(n))
}

// ---- from Python to Rust ----

/// A Rust type that an argument can become.
pub trait FromArg<'a>: Sized {
    /// From an argument that is there.
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self>;
    /// For an argument that is not there.
    fn missing(vm: &Vm) -> PyResult<Self> {
        Err(vm.system_error("a required argument is missing"))
    }
    #[inline(always)]
    fn from_arg(vm: &Vm, args: &'a [Option<Value>], at: usize) -> PyResult<Self> {
        match args.get(at) {
            Some(Some(value)) => Self::from_value(vm, value),
            _ => Self::missing(vm),
        }
    }
}

/// A bound argument as its Rust type. If its type is wrong, the error names the function and the
/// argument: `argument` is nothing, ` 2` or ` 'name'`.
#[inline(always)]
pub fn extract<'a, T: FromArg<'a>>(
    vm: &Vm,
    args: &'a [Option<Value>],
    at: usize,
    function: &str,
    argument: &str,
) -> PyResult<T> {
    T::from_arg(vm, args, at).map_err(|e| name_argument(vm, e, function, argument))
}

/// The beginning of an error text that does not know yet which argument it is about.
const ANONYMOUS: &str = "argument must be ";

#[cold]
fn name_argument(vm: &Vm, error: Exc, function: &str, argument: &str) -> Exc {
    if !error.is(&vm.exceptions().type_error) {
        return error;
    }
    match error.0.message().strip_prefix(ANONYMOUS) {
        Some(rest) => vm.type_error(format!("{function}() argument{argument} must be {rest}")),
        None => error,
    }
}

/// The receiver of a bound native call.
#[inline(always)]
pub fn receiver<'a>(vm: &Vm, args: &'a [Option<Value>]) -> PyResult<&'a Value> {
    match args.first() {
        Some(Some(value)) => Ok(value),
        _ => Err(vm.system_error("a native method was called without its receiver")),
    }
}

impl<'a> FromArg<'a> for &'a Value {
    #[inline(always)]
    fn from_value(_vm: &Vm, value: &'a Value) -> PyResult<Self> {
        Ok(value)
    }
}

impl<'a> FromArg<'a> for Value {
    #[inline(always)]
    fn from_value(_vm: &Vm, value: &'a Value) -> PyResult<Self> {
        Ok(value.clone())
    }
}

impl<'a, T: FromArg<'a>> FromArg<'a> for Option<T> {
    #[inline(always)]
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self> {
        T::from_value(vm, value).map(Some)
    }
    #[inline(always)]
    fn missing(_vm: &Vm) -> PyResult<Self> {
        Ok(None)
    }
}

/// An instance of a built-in type or of a subclass.
impl<'a, T: Payload> FromArg<'a> for &'a Obj<T> {
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self> {
        value.downcast::<T>().ok_or_else(|| {
            vm.type_error(format!(
                "{ANONYMOUS}{}, not {}",
                T::cell().get().name(),
                object::type_name_or_none(value)
            ))
        })
    }
}

impl<'a, T: Payload> FromArg<'a> for Ref<T> {
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self> {
        <&Obj<T>>::from_value(vm, value).map(|o| o.to_ref())
    }
}

impl<'a> FromArg<'a> for bool {
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self> {
        object::is_true(vm, value)
    }
}

impl<'a> FromArg<'a> for f64 {
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self> {
        number::to_f64(vm, value)
    }
}

impl<'a> FromArg<'a> for isize {
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self> {
        number::to_ssize(vm, value)
    }
}

macro_rules! from_int {
    ($($t:ty, $c:literal;)*) => {$(
        impl<'a> FromArg<'a> for $t {
            fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self> {
                let wide = number::to_i128(vm, value)?;
                wide.and_then(|i| <$t>::try_from(i).ok()).ok_or_else(|| {
                    vm.overflow_error(concat!("Python int too large to convert to C ", $c))
                })
            }
        }
    )*};
}
from_int! {
    i64, "long"; i32, "int"; u8, "unsigned char"; u16, "unsigned short"; u32, "unsigned int";
    u64, "unsigned long"; usize, "size_t";
}

/// Text as Rust has it (lone surrogates are refused).
impl<'a> FromArg<'a> for String {
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self> {
        let text = <&Obj<Str>>::from_value(vm, value)?;
        match text.to_utf8() {
            Some(text) => Ok(text),
            None => Err(vm.surrogate_error(text)),
        }
    }
}

/// `*args`
pub struct VarArgs(pub Ref<Tuple>);

impl<'a> FromArg<'a> for VarArgs {
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self> {
        Ref::from_value(vm, value).map(VarArgs)
    }
    fn missing(_vm: &Vm) -> PyResult<Self> {
        Ok(VarArgs(Tuple::empty()))
    }
}

/// `*args`, not made a tuple: the last parameter, but for [`Keywords`].
pub struct Rest<'a>(pub &'a [Value]);

impl<'a> FromArg<'a> for Rest<'a> {
    fn from_value(_vm: &Vm, value: &'a Value) -> PyResult<Self> {
        Ok(Rest(std::slice::from_ref(value)))
    }
    #[inline(always)]
    fn from_arg(_vm: &Vm, args: &'a [Option<Value>], at: usize) -> PyResult<Self> {
        Ok(Rest(layout::as_values(args.get(at..).unwrap_or(&[]))))
    }
}

/// `**kwargs`
pub struct KwArgs(pub Ref<Dict>);

impl<'a> FromArg<'a> for KwArgs {
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self> {
        Ref::from_value(vm, value).map(KwArgs)
    }
    fn missing(_vm: &Vm) -> PyResult<Self> {
        Ok(KwArgs(Dict::new_ref()))
    }
}

/// `**kwargs` behind [`Rest`], of a call that has any: they lie behind a gap at the end.
pub struct Keywords(pub Option<Ref<Dict>>);

impl<'a> FromArg<'a> for Keywords {
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self> {
        Ref::from_value(vm, value).map(|dict| Keywords(Some(dict)))
    }
    #[inline(always)]
    fn from_arg(vm: &Vm, args: &'a [Option<Value>], _at: usize) -> PyResult<Self> {
        match args {
            [.., None, Some(dict)] => Self::from_value(vm, dict),
            _ => Ok(Keywords(None)),
        }
    }
}

// ---- from Rust to Python ----

/// A Rust type that becomes a Python value.
pub trait IntoValue {
    fn into_value(self, vm: &Vm) -> Value;
}

impl IntoValue for Value {
    #[inline(always)]
    fn into_value(self, _vm: &Vm) -> Value {
        self
    }
}
impl<T: Payload> IntoValue for Ref<T> {
    #[inline(always)]
    fn into_value(self, _vm: &Vm) -> Value {
        self.into()
    }
}
impl IntoValue for () {
    #[inline(always)]
    fn into_value(self, _vm: &Vm) -> Value {
        Value::NONE
    }
}
impl IntoValue for bool {
    #[inline(always)]
    fn into_value(self, _vm: &Vm) -> Value {
        Value::bool(self)
    }
}
impl IntoValue for f64 {
    #[inline(always)]
    fn into_value(self, _vm: &Vm) -> Value {
        Value::float(self)
    }
}
impl IntoValue for &str {
    fn into_value(self, _vm: &Vm) -> Value {
        Ref::<Str>::from_str(self).into()
    }
}
impl IntoValue for String {
    fn into_value(self, _vm: &Vm) -> Value {
        Ref::<Str>::from_str(&self).into()
    }
}
impl IntoValue for adder_bigint::Int {
    fn into_value(self, _vm: &Vm) -> Value {
        crate::objects::int::from_int(self)
    }
}
impl IntoValue for Vec<Value> {
    fn into_value(self, _vm: &Vm) -> Value {
        crate::objects::list::List::from_vec(self).into()
    }
}
impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self, vm: &Vm) -> Value {
        self.map_or(Value::NONE, |v| v.into_value(vm))
    }
}
impl<A: IntoValue, B: IntoValue> IntoValue for (A, B) {
    fn into_value(self, vm: &Vm) -> Value {
        Tuple::from_array([self.0.into_value(vm), self.1.into_value(vm)]).into()
    }
}
impl<A: IntoValue, B: IntoValue, C: IntoValue> IntoValue for (A, B, C) {
    fn into_value(self, vm: &Vm) -> Value {
        let items = [self.0.into_value(vm), self.1.into_value(vm), self.2.into_value(vm)];
        Tuple::from_array(items).into()
    }
}

macro_rules! into_int {
    ($($t:ty),*) => {$(
        impl IntoValue for $t {
            #[inline(always)]
            fn into_value(self, _vm: &Vm) -> Value {
                crate::objects::int::from_i128(self as i128)
            }
        }
    )*};
}
into_int!(u8, u16, u32, i32, u64, i128);

impl IntoValue for i64 {
    #[inline(always)]
    fn into_value(self, _vm: &Vm) -> Value {
        crate::objects::int::from_i64(self)
    }
}
impl IntoValue for usize {
    #[inline(always)]
    fn into_value(self, _vm: &Vm) -> Value {
        crate::objects::int::from_i64(self as i64)
    }
}
impl IntoValue for isize {
    #[inline(always)]
    fn into_value(self, _vm: &Vm) -> Value {
        crate::objects::int::from_i64(self as i64)
    }
}

/// What a native function may return: a value, or a `PyResult` of one.
pub trait IntoResult {
    fn into_result(self, vm: &Vm) -> PyResult;
}
impl<T: IntoValue> IntoResult for T {
    #[inline(always)]
    fn into_result(self, vm: &Vm) -> PyResult {
        Ok(self.into_value(vm))
    }
}
impl<T: IntoValue> IntoResult for Result<T, Exc> {
    #[inline(always)]
    fn into_result(self, vm: &Vm) -> PyResult {
        self.map(|v| v.into_value(vm))
    }
}
