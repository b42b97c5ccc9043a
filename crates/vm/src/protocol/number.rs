//! Arithmetic on any objects, and conversions to numbers.
//!
//! `binary` follows CPython's `binary_op1`: the right operand goes first if its type is a subclass
//! of the left's with its own slot.

use crate::object::Ref;
use crate::objects::str_::Str;
use crate::objects::type_::slots::{Binary, Slots, Ternary};
use crate::objects::{float, int};
use crate::protocol::object;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::names::special_name;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bigint::Int;
use adder_bytecode::prepared::operators::binary;

/// A binary operator: its symbols, and where it lives in the slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    MatMul = binary::MAT_MUL,
    TrueDiv = binary::TRUE_DIV,
    FloorDiv = binary::FLOOR_DIV,
    Rem = binary::REM,
    DivMod,
    LShift = binary::L_SHIFT,
    RShift = binary::R_SHIFT,
    And = binary::AND,
    Or = binary::OR,
    Xor = binary::XOR,
}

impl BinOp {
    pub fn symbol(self) -> &'static str {
        ["+", "-", "*", "@", "/", "//", "%", "divmod()", "<<", ">>", "&", "|", "^"][self as usize]
    }
    fn inplace_symbol(self) -> &'static str {
        ["+=", "-=", "*=", "@=", "/=", "//=", "%=", "", "<<=", ">>=", "&=", "|=", "^="]
            [self as usize]
    }
    /// The special method and its reflected form.
    pub fn method_names(self) -> (Ref<Str>, Ref<Str>) {
        macro_rules! names {
            ($($op:ident $name:literal $reflected:literal,)*) => {
                match self {
                    $(BinOp::$op => (special_name!($name), special_name!($reflected)),)*
                }
            };
        }
        names! {
            Add "__add__" "__radd__",
            Sub "__sub__" "__rsub__",
            Mul "__mul__" "__rmul__",
            MatMul "__matmul__" "__rmatmul__",
            TrueDiv "__truediv__" "__rtruediv__",
            FloorDiv "__floordiv__" "__rfloordiv__",
            Rem "__mod__" "__rmod__",
            DivMod "__divmod__" "__rdivmod__",
            LShift "__lshift__" "__rlshift__",
            RShift "__rshift__" "__rrshift__",
            And "__and__" "__rand__",
            Or "__or__" "__ror__",
            Xor "__xor__" "__rxor__",
        }
    }
    #[inline(always)]
    fn slot(self, s: &Slots) -> Option<Binary> {
        match self {
            BinOp::Add => s.add.get(),
            BinOp::Sub => s.sub.get(),
            BinOp::Mul => s.mul.get(),
            BinOp::MatMul => s.matmul.get(),
            BinOp::TrueDiv => s.truediv.get(),
            BinOp::FloorDiv => s.floordiv.get(),
            BinOp::Rem => s.rem.get(),
            BinOp::DivMod => s.divmod.get(),
            BinOp::LShift => s.lshift.get(),
            BinOp::RShift => s.rshift.get(),
            BinOp::And => s.and.get(),
            BinOp::Or => s.or.get(),
            BinOp::Xor => s.xor.get(),
        }
    }
    fn inplace_slot(self, s: &Slots) -> Option<Binary> {
        match self {
            BinOp::Add => s.iadd.get(),
            BinOp::Sub => s.isub.get(),
            BinOp::Mul => s.imul.get(),
            BinOp::MatMul => s.imatmul.get(),
            BinOp::TrueDiv => s.itruediv.get(),
            BinOp::FloorDiv => s.ifloordiv.get(),
            BinOp::Rem => s.irem.get(),
            BinOp::DivMod => None,
            BinOp::LShift => s.ilshift.get(),
            BinOp::RShift => s.irshift.get(),
            BinOp::And => s.iand.get(),
            BinOp::Or => s.ior.get(),
            BinOp::Xor => s.ixor.get(),
        }
    }
}

/// Has the object a slot of its own for the in-place operator?
pub fn has_inplace(a: &Value, op: BinOp) -> bool {
    op.inplace_slot(&a.ty().slots).is_some()
}

/// `a op b` after the left operand's own Python method, which came first, has declined.
pub fn declined(vm: &Vm, a: &Value, b: &Value, op: BinOp, inplace: bool) -> PyResult {
    if !a.ty().same(b.ty()) && op.slot(&b.ty().slots).is_some() {
        let method = object::special_method(vm, b, &op.method_names().1)?;
        let is_none = |m: &object::Method| match m {
            object::Method::Bound(f) | object::Method::Unbound(f) => f.is_none(),
        };
        if let Some(method) = method.filter(|m| !is_none(m)) {
            let result = method.call(vm, b, std::slice::from_ref(a))?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
        }
    }
    match sequence_op(vm, a, b, op, inplace)? {
        Some(result) => Ok(result),
        None => {
            let symbol = if inplace { op.inplace_symbol() } else { op.symbol() };
            Err(unsupported(vm, a, b, op, symbol))
        }
    }
}

/// `a op b` by the slots alone; `NotImplemented` if neither side can.
fn by_slots(vm: &Vm, a: &Value, b: &Value, op: BinOp) -> PyResult {
    let (ta, tb) = (a.ty(), b.ty());
    let left = op.slot(&ta.slots);
    let mut right = if ta.same(tb) { None } else { op.slot(&tb.slots) };
    if let (Some(l), Some(r)) = (left, right)
        && std::ptr::fn_addr_eq(l, r)
    {
        right = None;
    }
    if let Some(left) = left {
        if let Some(first) = right
            && tb.is_subtype(ta)
        {
            let result = first(vm, a, b)?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
            right = None;
        }
        let result = left(vm, a, b)?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    match right {
        Some(right) => right(vm, a, b),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

/// `a op b`
pub fn binary(vm: &Vm, a: &Value, b: &Value, op: BinOp) -> PyResult {
    let result = by_slots(vm, a, b, op)?;
    if !result.is_not_implemented() {
        return Ok(result);
    }
    match sequence_op(vm, a, b, op, false)? {
        Some(result) => Ok(result),
        None => Err(unsupported(vm, a, b, op, op.symbol())),
    }
}

/// `a op= b`
pub fn inplace(vm: &Vm, a: &Value, b: &Value, op: BinOp) -> PyResult {
    if let Some(own) = op.inplace_slot(&a.ty().slots) {
        let result = own(vm, a, b)?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    let result = by_slots(vm, a, b, op)?;
    if !result.is_not_implemented() {
        return Ok(result);
    }
    match sequence_op(vm, a, b, op, true)? {
        Some(result) => Ok(result),
        None => Err(unsupported(vm, a, b, op, op.inplace_symbol())),
    }
}

#[cold]
fn unsupported(vm: &Vm, a: &Value, b: &Value, op: BinOp, symbol: &str) -> Exc {
    if op == BinOp::RShift
        && let Some(f) = a.downcast::<crate::objects::builtin_function::BuiltinFunction>()
        && f.name() == "print"
    {
        return vm.type_error(format!(
            "unsupported operand type(s) for >>: '{}' and '{}'. Did you mean \"print(<message>, file=<output_stream>)\"?",
            a.ty().name(),
            b.ty().name()
        ));
    }
    vm.unsupported_operands(symbol, a, b)
}

/// `+` and `*` of sequences, tried when numbers have declined.
fn sequence_op(vm: &Vm, a: &Value, b: &Value, op: BinOp, inplace: bool) -> PyResult<Option<Value>> {
    let (sa, sb) = (&a.ty().slots, &b.ty().slots);
    match op {
        BinOp::Add => {
            let own = if inplace { sa.inplace_concat.get() } else { None };
            match own.or(sa.concat.get()) {
                Some(concat) => concat(vm, a, b).map(Some),
                None => Ok(None),
            }
        }
        BinOp::Mul => {
            let own = if inplace { sa.inplace_repeat.get() } else { None };
            if let Some(repeat) = own.or(sa.repeat.get()) {
                return repeat(vm, a, repeat_count(vm, b)?).map(Some);
            }
            match sb.repeat.get() {
                Some(repeat) => repeat(vm, b, repeat_count(vm, a)?).map(Some),
                None => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

fn repeat_count(vm: &Vm, n: &Value) -> PyResult<isize> {
    if !has_index(n) {
        return Err(vm.type_error(format!(
            "can't multiply sequence by non-int of type '{}'",
            n.ty().name()
        )));
    }
    to_index(vm, n).map_err(|e| {
        if e.is(&vm.exceptions().index_error) {
            return vm.overflow_error(format!(
                "cannot fit '{}' into an index-sized integer",
                n.ty().name()
            ));
        }
        e
    })
}

/// `pow(a, b)` or `pow(a, b, c)`
pub fn power(vm: &Vm, a: &Value, b: &Value, c: Option<&Value>) -> PyResult {
    let (ta, tb) = (a.ty(), b.ty());
    let left = ta.slots.pow.get();
    let mut right = if ta.same(tb) { None } else { tb.slots.pow.get() };
    if let (Some(l), Some(r)) = (left, right)
        && std::ptr::fn_addr_eq(l, r)
    {
        right = None;
    }
    let mut candidates: Vec<Ternary> = Vec::with_capacity(3);
    match (left, right) {
        (Some(l), Some(r)) if tb.is_subtype(ta) => candidates.extend([r, l]),
        (l, r) => candidates.extend(l.into_iter().chain(r)),
    }
    if let Some(f) = c.and_then(|c| c.ty().slots.pow.get())
        && !candidates.iter().any(|g| std::ptr::fn_addr_eq(*g, f))
    {
        candidates.push(f);
    }
    for f in candidates {
        let result = f(vm, a, b, c)?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    match c {
        None => Err(vm.unsupported_operands("** or pow()", a, b)),
        Some(c) => Err(vm.type_error(format!(
            "unsupported operand type(s) for ** or pow(): '{}', '{}', '{}'",
            ta.name(),
            tb.name(),
            c.ty().name()
        ))),
    }
}

/// `a **= b`
pub fn inplace_power(vm: &Vm, a: &Value, b: &Value) -> PyResult {
    if let Some(own) = a.ty().slots.ipow.get() {
        let result = own(vm, a, b, None)?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    power(vm, a, b, None).map_err(|e| {
        let unsupported = e.is(&vm.exceptions().type_error)
            && e.0.message().starts_with("unsupported operand type(s) for ** or pow()");
        if unsupported { vm.unsupported_operands("**=", a, b) } else { e }
    })
}

/// `-a`
pub fn negative(vm: &Vm, a: &Value) -> PyResult {
    match a.ty().slots.neg.get() {
        Some(f) => f(vm, a),
        None => Err(bad_unary(vm, a, "-")),
    }
}
/// `+a`
pub fn positive(vm: &Vm, a: &Value) -> PyResult {
    match a.ty().slots.pos.get() {
        Some(f) => f(vm, a),
        None => Err(bad_unary(vm, a, "+")),
    }
}
/// `~a`
pub fn invert(vm: &Vm, a: &Value) -> PyResult {
    match a.ty().slots.invert.get() {
        Some(f) => f(vm, a),
        None => Err(bad_unary(vm, a, "~")),
    }
}
/// `abs(a)`
pub fn absolute(vm: &Vm, a: &Value) -> PyResult {
    match a.ty().slots.abs.get() {
        Some(f) => f(vm, a),
        None => Err(vm.type_error(format!("bad operand type for abs(): '{}'", a.ty().name()))),
    }
}

#[cold]
fn bad_unary(vm: &Vm, a: &Value, symbol: &str) -> Exc {
    vm.type_error(format!("bad operand type for unary {symbol}: '{}'", a.ty().name()))
}

// ---- conversions ----

/// Has the type `__index__`?
pub fn has_index(value: &Value) -> bool {
    value.is_small_int() || value.ty().slots.index.get().is_some()
}

/// `operator.index(value)`: an int (perhaps of a subclass).
pub fn index(vm: &Vm, value: &Value) -> PyResult {
    if value.is_small_int() || int::is_int(value) {
        return Ok(value.clone());
    }
    let Some(f) = value.ty().slots.index.get() else {
        return Err(vm.type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            value.ty().name()
        )));
    };
    let result = f(vm, value)?;
    if !int::is_int(&result) {
        return Err(
            vm.type_error(format!("__index__ returned non-int (type {})", result.ty().name()))
        );
    }
    if !result.is_exact_int() {
        warn_subclass(vm, "__index__", &result)?;
    }
    Ok(result)
}

/// A conversion that returned an instance of a strict subclass of int.
#[cold]
pub fn warn_subclass(vm: &Vm, method: &str, result: &Value) -> PyResult<()> {
    let text = format!(
        "{method} returned non-int (type {}).  The ability to return an instance of a strict \
         subclass of int is deprecated, and may be removed in a future version of Python.",
        result.ty().name()
    );
    vm.warn(&vm.exceptions().deprecation_warning, &text, 1)
}

/// An int as big integer arithmetic wants it.
pub fn to_int(vm: &Vm, value: &Value) -> PyResult<Int> {
    let value = index(vm, value)?;
    Ok(int::to_int(&value))
}

/// The int, if it fits in 128 bits.
pub fn to_i128(vm: &Vm, value: &Value) -> PyResult<Option<i128>> {
    if let Some(i) = value.as_small_int() {
        return Ok(Some(i as i128));
    }
    let value = index(vm, value)?;
    Ok(int::to_int(&value).to_i128())
}

/// A length or an index argument: `OverflowError` beyond 64 bits.
pub fn to_ssize(vm: &Vm, value: &Value) -> PyResult<isize> {
    if let Some(i) = value.as_small_int() {
        return Ok(i as isize);
    }
    let value = index(vm, value)?;
    match int::to_i64_exact(&value) {
        Some(i) => Ok(i as isize),
        None => Err(vm.overflow_error("Python int too large to convert to C ssize_t")),
    }
}

/// A subscript: `IndexError` beyond 64 bits.
pub fn to_index(vm: &Vm, value: &Value) -> PyResult<isize> {
    if let Some(i) = value.as_small_int() {
        return Ok(i as isize);
    }
    let ty = value.ty().name();
    let value = index(vm, value)?;
    match int::to_i64_exact(&value) {
        Some(i) => Ok(i as isize),
        None => Err(vm.index_error(format!("cannot fit '{ty}' into an index-sized integer"))),
    }
}

/// A real number: float, `__float__`, or `__index__`.
#[inline]
pub fn to_f64(vm: &Vm, value: &Value) -> PyResult<f64> {
    if let Some(f) = value.as_float_word() {
        return Ok(f);
    }
    if let Some(i) = value.as_small_int() {
        return Ok(i as f64);
    }
    to_f64_slow(vm, value)
}

fn to_f64_slow(vm: &Vm, value: &Value) -> PyResult<f64> {
    if let Some(f) = float::as_f64(value) {
        return Ok(f);
    }
    if let Some(f) = value.ty().slots.float.get() {
        let result = f(vm, value)?;
        return match float::as_f64(&result) {
            Some(f) => Ok(f),
            None => Err(vm.type_error(format!(
                "{}.__float__ returned non-float (type {})",
                value.ty().name(),
                result.ty().name()
            ))),
        };
    }
    if has_index(value) {
        let index = index(vm, value)?;
        return int::to_f64(vm, &index);
    }
    Err(vm.type_error(format!("must be real number, not {}", object::type_name_or_none(value))))
}
