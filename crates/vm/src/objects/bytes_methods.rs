//! The methods that `bytes` and `bytearray` share, declared once for both.
//!
//! `byte_methods!(Type, { own items })` emits the `#[pymethods]` block of a type: its own items and
//! the shared ones. The type offers `with_bytes` (a look at its bytes, during which no Python code
//! runs), `make` (a new object) and `unchanged`. Arguments are read before the bytes are looked at.

use crate::objects::bytes::Bytes;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::{buffer, iter, number, object};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::ops::Deref;

/// A bytes-like argument: borrowed from a `bytes` object, or a copy of another's bytes.
pub enum Lent<'a> {
    Slice(&'a [u8]),
    Copy(Vec<u8>),
}

impl Lent<'_> {
    /// The bytes for oneself.
    ///
    /// # Errors
    /// `MemoryError` if there is no room for a copy.
    pub fn into_vec(self, vm: &Vm) -> PyResult<Vec<u8>> {
        match self {
            Lent::Slice(bytes) => {
                vm.need(bytes.len())?;
                Ok(bytes.to_vec())
            }
            Lent::Copy(bytes) => Ok(bytes),
        }
    }
}

impl Deref for Lent<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Lent::Slice(bytes) => bytes,
            Lent::Copy(bytes) => bytes,
        }
    }
}

/// The bytes of a bytes-like argument, or `TypeError`.
pub fn lend<'a>(vm: &Vm, value: &'a Value) -> PyResult<Lent<'a>> {
    if let Some(bytes) = value.downcast::<Bytes>() {
        return Ok(Lent::Slice(bytes.as_slice()));
    }
    let buffer = buffer::get(vm, value, false)?;
    vm.need(buffer.len())?;
    Ok(Lent::Copy(buffer.to_vec()))
}

/// What to look for: bytes, or one byte as an int.
pub fn needle<'a>(vm: &Vm, value: &'a Value) -> PyResult<Lent<'a>> {
    if buffer::has_buffer(value) {
        return lend(vm, value);
    }
    if number::has_index(value) {
        return Ok(Lent::Copy(vec![super::byte_of(vm, value, "byte")?]));
    }
    Err(vm.type_error(format!(
        "argument should be integer or bytes-like object, not '{}'",
        value.ty().name()
    )))
}

/// A separator that is not empty; `None` stands for white space.
pub fn separator<'a>(vm: &Vm, sep: Option<&'a Value>) -> PyResult<Option<Lent<'a>>> {
    let Some(sep) = sep.filter(|s| !s.is_none()) else { return Ok(None) };
    let sep = lend(vm, sep)?;
    if sep.is_empty() {
        return Err(vm.value_error("empty separator"));
    }
    Ok(Some(sep))
}

/// The prefixes or suffixes to look for.
pub fn affixes<'a>(vm: &Vm, value: &'a Value, function: &str) -> PyResult<Vec<Lent<'a>>> {
    if let Some(tuple) = value.downcast::<Tuple>() {
        return tuple.items().iter().map(|item| lend(vm, item)).collect();
    }
    if !buffer::has_buffer(value) {
        return Err(vm.type_error(format!(
            "{function} first arg must be bytes or a tuple of bytes, not {}",
            value.ty().name()
        )));
    }
    Ok(vec![lend(vm, value)?])
}

/// The fill of `center` and its like.
pub fn fill_byte(vm: &Vm, fill: Option<&Value>, function: &str) -> PyResult<u8> {
    let Some(fill) = fill else { return Ok(b' ') };
    let array = fill.downcast::<crate::objects::bytearray::ByteArray>().is_some();
    if !array && fill.downcast::<Bytes>().is_none() {
        return Err(vm.type_error(format!(
            "{function}() argument 2 must be a byte string of length 1, not {}",
            object::type_name_or_none(fill)
        )));
    }
    match *lend(vm, fill)? {
        [byte] => Ok(byte),
        ref more => Err(vm.type_error(format!(
            "{function}(): argument 2 must be a byte string of length 1, not a {} object of length {}",
            if array { "bytearray" } else { "bytes" },
            more.len()
        ))),
    }
}

/// `left` fills, the bytes, `right` fills.
pub fn pad(vm: &Vm, bytes: &[u8], left: usize, right: usize, fill: u8) -> PyResult<Vec<u8>> {
    let total = bytes.len().saturating_add(left).saturating_add(right);
    // They are copied once more, into the object.
    vm.need(total.saturating_mul(2))?;
    let mut out: Vec<u8> = Vec::with_capacity(total);
    out.resize(left, fill);
    out.extend_from_slice(bytes);
    out.resize(total, fill);
    Ok(out)
}

/// The separator of `hex`: one ASCII character or byte.
pub fn hex_separator(vm: &Vm, sep: Option<&Value>) -> PyResult<Option<u8>> {
    let Some(sep) = sep else { return Ok(None) };
    if object::len(vm, sep)? != 1 {
        return Err(vm.value_error("sep must be length 1."));
    }
    let code = match (sep.downcast::<Str>(), sep.downcast::<Bytes>()) {
        (Some(text), _) => text.at(0),
        (_, Some(bytes)) => u32::from(bytes.as_slice()[0]),
        _ => return Err(vm.type_error("sep must be str or bytes.")),
    };
    if code >= 0x80 {
        return Err(vm.value_error("sep must be ASCII."));
    }
    Ok(Some(code as u8))
}

/// The argument of `fromhex`, parsed.
pub fn from_hex(vm: &Vm, text: &Value) -> PyResult<Vec<u8>> {
    let digits: Vec<u8> = if let Some(text) = text.downcast::<Str>() {
        text.code_points().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
    } else if buffer::has_buffer(text) {
        buffer::to_vec(vm, text)?
    } else {
        return Err(vm.type_error(format!(
            "fromhex() argument must be str or bytes-like, not {}",
            object::type_name_or_none(text)
        )));
    };
    super::ops::from_hex(&digits).map_err(|e| {
        vm.value_error(match e {
            super::ops::HexError::At(at) => {
                format!("non-hexadecimal number found in fromhex() arg at position {at}")
            }
            super::ops::HexError::Odd => {
                "fromhex() arg must contain an even number of hexadecimal digits".to_string()
            }
        })
    })
}

/// `separator.join(items)`
pub fn join(vm: &Vm, separator: &[u8], iterable: &Value) -> PyResult<Vec<u8>> {
    if !iter::is_iterable(iterable) {
        return Err(vm.type_error("can only join an iterable"));
    }
    let items = iter::collect(vm, iterable)?;
    let mut parts = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        if !buffer::has_buffer(item) {
            return Err(vm.type_error(format!(
                "sequence item {i}: expected a bytes-like object, {} found",
                item.ty().name()
            )));
        }
        parts.push(lend(vm, item)?);
    }
    let total: usize = parts.iter().map(|p| p.len().saturating_add(separator.len())).sum();
    // They are copied once more, into the object.
    vm.need(total.saturating_mul(2))?;
    let mut out: Vec<u8> = Vec::with_capacity(total);
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(part);
    }
    Ok(out)
}

/// A translation table: 256 bytes, or `None` for no change.
pub fn table<'a>(vm: &Vm, table: &'a Value) -> PyResult<Option<Lent<'a>>> {
    if table.is_none() {
        return Ok(None);
    }
    let table = lend(vm, table)?;
    if table.len() != 256 {
        return Err(vm.value_error("translation table must be 256 characters long"));
    }
    Ok(Some(table))
}

/// `maketrans(frm, to)`
pub fn maketrans(vm: &Vm, from: &Value, to: &Value) -> PyResult<Vec<u8>> {
    let (from, to) = (lend(vm, from)?, lend(vm, to)?);
    if from.len() != to.len() {
        return Err(vm.value_error("maketrans arguments must have same length"));
    }
    let mut table: Vec<u8> = (0..=255).collect();
    for (from, to) in from.iter().zip(to.iter()) {
        table[usize::from(*from)] = *to;
    }
    Ok(table)
}

/// Repeated bytes, or the errors for too many.
pub fn repeat(vm: &Vm, bytes: &[u8], count: isize) -> PyResult<Vec<u8>> {
    let count = usize::try_from(count).unwrap_or(0);
    let total = bytes.len().checked_mul(count).filter(|n| *n <= isize::MAX as usize);
    let Some(total) = total else {
        return Err(vm.overflow_error("repeated bytes are too long"));
    };
    // They are copied once more, into the object.
    vm.need(total.saturating_mul(2))?;
    let mut out: Vec<u8> = Vec::with_capacity(total);
    match bytes {
        [one] => out.resize(count, *one),
        _ => (0..count).for_each(|_| out.extend_from_slice(bytes)),
    }
    Ok(out)
}

macro_rules! byte_methods {
    ($ty:ident, { $($own:tt)* }) => {
        #[::adder_derive::pymethods]
        impl $ty {
            $($own)*

            #[slot]
            fn len_(zelf: &Obj<$ty>, _vm: &Vm) -> PyResult<usize> {
                Ok(zelf.with_bytes(<[u8]>::len))
            }
            #[slot]
            fn richcompare(
                zelf: &Obj<$ty>,
                vm: &Vm,
                other: &Value,
                op: $crate::protocol::compare::CmpOp,
            ) -> PyResult {
                // Bytes know only bytes; whoever else lends bytes compares itself with them.
                let fixed = std::ptr::eq(
                    <$ty as $crate::object::Payload>::cell(),
                    <$crate::objects::bytes::Bytes as $crate::object::Payload>::cell(),
                );
                if fixed && other.downcast::<$crate::objects::bytes::Bytes>().is_none()
                    || !$crate::protocol::buffer::has_buffer(other)
                {
                    return Ok(Value::NOT_IMPLEMENTED);
                }
                let other = match $crate::objects::bytes::lend(vm, other) {
                    Ok(other) => other,
                    Err(_) => return Ok(Value::NOT_IMPLEMENTED),
                };
                Ok(Value::bool(zelf.with_bytes(|bytes| op.holds(bytes.cmp(&other)))))
            }
            #[slot]
            fn contains(zelf: &Obj<$ty>, vm: &Vm, item: &Value) -> PyResult<bool> {
                let needle = if $crate::protocol::number::has_index(item) {
                    $crate::objects::bytes::methods::needle(vm, item)?
                } else {
                    $crate::objects::bytes::lend(vm, item)?
                };
                Ok(zelf.with_bytes(|bytes| {
                    $crate::objects::bytes::ops::find(bytes, &needle).is_some()
                }))
            }
            #[slot]
            fn concat(zelf: &Obj<$ty>, vm: &Vm, other: &Value) -> PyResult {
                if !$crate::protocol::buffer::has_buffer(other) {
                    return Err(vm.type_error(format!(
                        "can't concat {} to {}",
                        other.ty().name(),
                        zelf.ty().name()
                    )));
                }
                let other = $crate::objects::bytes::lend(vm, other)?;
                vm.need(zelf.with_bytes(<[u8]>::len).saturating_add(other.len()).saturating_mul(2))?;
                Ok($ty::make(zelf.with_bytes(|bytes| [bytes, &*other].concat())).into())
            }
            #[slot]
            fn repeat(zelf: &Obj<$ty>, vm: &Vm, count: isize) -> PyResult {
                if count == 1 {
                    return Ok($ty::unchanged(zelf).into());
                }
                let bytes = zelf
                    .with_bytes(|bytes| $crate::objects::bytes::methods::repeat(vm, bytes, count))?;
                Ok($ty::make(bytes).into())
            }
            #[slot]
            fn rem(zelf: &Value, vm: &Vm, args: &Value) -> PyResult {
                let Some(template) = zelf.downcast::<$ty>() else {
                    return Ok(Value::NOT_IMPLEMENTED);
                };
                template.need_copies(vm)?;
                let template = template.with_bytes(<[u8]>::to_vec);
                let bytes = $crate::objects::str_::percent::format_bytes(vm, &template, args)?;
                vm.need(bytes.len())?;
                Ok($ty::make(bytes).into())
            }

            /// B.capitalize() -> copy of B
            ///
            /// Return a copy of B with only its first character capitalized (ASCII)
            /// and the rest lower-cased.
            #[pymethod(sig = "($self, /)")]
            fn capitalize(zelf: &Obj<$ty>, vm: &Vm) -> PyResult<Ref<$ty>> {
                zelf.mapped(vm, $crate::objects::bytes::ops::capitalize)
            }
            /// B.title() -> copy of B
            ///
            /// Return a titlecased version of B, i.e. ASCII words start with uppercase
            /// characters, all remaining cased characters have lowercase.
            #[pymethod(sig = "($self, /)")]
            fn title(zelf: &Obj<$ty>, vm: &Vm) -> PyResult<Ref<$ty>> {
                zelf.mapped(vm, $crate::objects::bytes::ops::title)
            }
            /// B.swapcase() -> copy of B
            ///
            /// Return a copy of B with uppercase ASCII characters converted
            /// to lowercase ASCII and vice versa.
            #[pymethod(sig = "($self, /)")]
            fn swapcase(zelf: &Obj<$ty>, vm: &Vm) -> PyResult<Ref<$ty>> {
                zelf.mapped(vm, $crate::objects::bytes::ops::swapcase)
            }
            /// B.lower() -> copy of B
            ///
            /// Return a copy of B with all ASCII characters converted to lowercase.
            #[pymethod(sig = "($self, /)")]
            fn lower(zelf: &Obj<$ty>, vm: &Vm) -> PyResult<Ref<$ty>> {
                zelf.mapped(vm, <[u8]>::make_ascii_lowercase)
            }
            /// B.upper() -> copy of B
            ///
            /// Return a copy of B with all ASCII characters converted to uppercase.
            #[pymethod(sig = "($self, /)")]
            fn upper(zelf: &Obj<$ty>, vm: &Vm) -> PyResult<Ref<$ty>> {
                zelf.mapped(vm, <[u8]>::make_ascii_uppercase)
            }

            /// Return a centered string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[pymethod(sig = "($self, width, fillchar=b' ', /)")]
            fn center(
                zelf: &Obj<$ty>,
                vm: &Vm,
                width: isize,
                fillchar: Option<&Value>,
            ) -> PyResult<Ref<$ty>> {
                let fill = $crate::objects::bytes::methods::fill_byte(vm, fillchar, "center")?;
                let width = width.max(0) as usize;
                zelf.padded(vm, fill, |len| {
                    let margin = width.saturating_sub(len);
                    let left = margin / 2 + (margin & width & 1);
                    (left, margin - left)
                })
            }
            /// Return a left-justified string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[pymethod(sig = "($self, width, fillchar=b' ', /)")]
            fn ljust(
                zelf: &Obj<$ty>,
                vm: &Vm,
                width: isize,
                fillchar: Option<&Value>,
            ) -> PyResult<Ref<$ty>> {
                let fill = $crate::objects::bytes::methods::fill_byte(vm, fillchar, "ljust")?;
                zelf.padded(vm, fill, |len| (0, (width.max(0) as usize).saturating_sub(len)))
            }
            /// Return a right-justified string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[pymethod(sig = "($self, width, fillchar=b' ', /)")]
            fn rjust(
                zelf: &Obj<$ty>,
                vm: &Vm,
                width: isize,
                fillchar: Option<&Value>,
            ) -> PyResult<Ref<$ty>> {
                let fill = $crate::objects::bytes::methods::fill_byte(vm, fillchar, "rjust")?;
                zelf.padded(vm, fill, |len| ((width.max(0) as usize).saturating_sub(len), 0))
            }
            /// Pad a numeric string with zeros on the left, to fill a field of the given width.
            ///
            /// The original string is never truncated.
            #[pymethod(sig = "($self, width, /)")]
            fn zfill(zelf: &Obj<$ty>, vm: &Vm, width: isize) -> PyResult<Ref<$ty>> {
                let width = width.max(0) as usize;
                let mut bytes = zelf.with_bytes(|bytes| {
                    let missing = width.saturating_sub(bytes.len());
                    $crate::objects::bytes::methods::pad(vm, bytes, missing, 0, b'0')
                })?;
                // The sign has moved behind the zeros.
                let at = bytes.len() - zelf.with_bytes(<[u8]>::len).min(bytes.len());
                if at > 0 && matches!(bytes.get(at), Some(b'+' | b'-')) {
                    bytes.swap(0, at);
                }
                Ok($ty::make(bytes))
            }
            /// Return a copy where all tab characters are expanded using spaces.
            ///
            /// If tabsize is not given, a tab size of 8 characters is assumed.
            #[pymethod(sig = "($self, /, tabsize=8)")]
            fn expandtabs(zelf: &Obj<$ty>, vm: &Vm, tabsize: Option<i32>) -> PyResult<Ref<$ty>> {
                let size = tabsize.unwrap_or(8).max(0) as usize;
                zelf.with_bytes(|bytes| {
                    match $crate::objects::bytes::ops::expanded_len(bytes, size) {
                        Some(total) => {
                            $crate::objects::str_::check_room(vm, total)?;
                            Ok($crate::objects::bytes::ops::expandtabs(bytes, size, total))
                        }
                        None => Err(vm.overflow_error("result too long")),
                    }
                })
                .map($ty::make)
            }

            /// Return the number of non-overlapping occurrences of subsection 'sub' in bytes B[start:end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[pymethod(sig = "($self, sub, start=None, end=None, /)")]
            fn count(
                zelf: &Obj<$ty>,
                vm: &Vm,
                sub: &Value,
                start: Option<&Value>,
                end: Option<&Value>,
            ) -> PyResult<usize> {
                zelf.search(vm, sub, start, end, |window, needle| {
                    $crate::objects::bytes::ops::count(window, needle)
                })
                .map(|found| found.map_or(0, |(_, n)| n))
            }
            /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Return -1 on failure.
            #[pymethod(sig = "($self, sub, start=None, end=None, /)")]
            fn find(
                zelf: &Obj<$ty>,
                vm: &Vm,
                sub: &Value,
                start: Option<&Value>,
                end: Option<&Value>,
            ) -> PyResult<isize> {
                let at = zelf.position(vm, sub, start, end, $crate::objects::bytes::ops::find)?;
                Ok(at.map_or(-1, |at| at as isize))
            }
            /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Return -1 on failure.
            #[pymethod(sig = "($self, sub, start=None, end=None, /)")]
            fn rfind(
                zelf: &Obj<$ty>,
                vm: &Vm,
                sub: &Value,
                start: Option<&Value>,
                end: Option<&Value>,
            ) -> PyResult<isize> {
                let at = zelf.position(vm, sub, start, end, $crate::objects::bytes::ops::rfind)?;
                Ok(at.map_or(-1, |at| at as isize))
            }
            /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Raise ValueError if the subsection is not found.
            #[pymethod(sig = "($self, sub, start=None, end=None, /)")]
            fn index(
                zelf: &Obj<$ty>,
                vm: &Vm,
                sub: &Value,
                start: Option<&Value>,
                end: Option<&Value>,
            ) -> PyResult<usize> {
                zelf.position(vm, sub, start, end, $crate::objects::bytes::ops::find)?
                    .ok_or_else(|| vm.value_error("subsection not found"))
            }
            /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Raise ValueError if the subsection is not found.
            #[pymethod(sig = "($self, sub, start=None, end=None, /)")]
            fn rindex(
                zelf: &Obj<$ty>,
                vm: &Vm,
                sub: &Value,
                start: Option<&Value>,
                end: Option<&Value>,
            ) -> PyResult<usize> {
                zelf.position(vm, sub, start, end, $crate::objects::bytes::ops::rfind)?
                    .ok_or_else(|| vm.value_error("subsection not found"))
            }
            /// Return True if the bytes starts with the specified prefix, False otherwise.
            ///
            ///   prefix
            ///     A bytes or a tuple of bytes to try.
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[pymethod(sig = "($self, prefix, start=None, end=None, /)")]
            fn startswith(
                zelf: &Obj<$ty>,
                vm: &Vm,
                prefix: &Value,
                start: Option<&Value>,
                end: Option<&Value>,
            ) -> PyResult<bool> {
                let affixes = $crate::objects::bytes::methods::affixes(vm, prefix, "startswith")?;
                zelf.window(vm, start, end, |window| {
                    affixes.iter().any(|prefix| window.starts_with(prefix))
                })
                .map(|found| found.unwrap_or(false))
            }
            /// Return True if the bytes ends with the specified suffix, False otherwise.
            ///
            ///   suffix
            ///     A bytes or a tuple of bytes to try.
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[pymethod(sig = "($self, suffix, start=None, end=None, /)")]
            fn endswith(
                zelf: &Obj<$ty>,
                vm: &Vm,
                suffix: &Value,
                start: Option<&Value>,
                end: Option<&Value>,
            ) -> PyResult<bool> {
                let affixes = $crate::objects::bytes::methods::affixes(vm, suffix, "endswith")?;
                zelf.window(vm, start, end, |window| {
                    affixes.iter().any(|suffix| window.ends_with(suffix))
                })
                .map(|found| found.unwrap_or(false))
            }
            /// Return a bytes object with the given prefix string removed if present.
            ///
            /// If the bytes starts with the prefix string, return bytes[len(prefix):].
            /// Otherwise, return a copy of the original bytes.
            #[pymethod(sig = "($self, prefix, /)")]
            fn removeprefix(zelf: &Obj<$ty>, vm: &Vm, prefix: &Value) -> PyResult<Ref<$ty>> {
                let prefix = $crate::objects::bytes::lend(vm, prefix)?;
                zelf.need_copies(vm)?;
                let rest = zelf.with_bytes(|bytes| {
                    bytes.strip_prefix(&*prefix).filter(|_| !prefix.is_empty()).map(<[u8]>::to_vec)
                });
                Ok(rest.map_or_else(|| $ty::unchanged(zelf), $ty::make))
            }
            /// Return a bytes object with the given suffix string removed if present.
            ///
            /// If the bytes ends with the suffix string and that suffix is not empty,
            /// return bytes[:-len(prefix)].  Otherwise, return a copy of the original
            /// bytes.
            #[pymethod(sig = "($self, suffix, /)")]
            fn removesuffix(zelf: &Obj<$ty>, vm: &Vm, suffix: &Value) -> PyResult<Ref<$ty>> {
                let suffix = $crate::objects::bytes::lend(vm, suffix)?;
                zelf.need_copies(vm)?;
                let rest = zelf.with_bytes(|bytes| {
                    bytes.strip_suffix(&*suffix).filter(|_| !suffix.is_empty()).map(<[u8]>::to_vec)
                });
                Ok(rest.map_or_else(|| $ty::unchanged(zelf), $ty::make))
            }

            /// Partition the bytes into three parts using the given separator.
            ///
            /// This will search for the separator sep in the bytes. If the separator is found,
            /// returns a 3-tuple containing the part before the separator, the separator
            /// itself, and the part after it.
            ///
            /// If the separator is not found, returns a 3-tuple containing the original bytes
            /// object and two empty bytes objects.
            #[pymethod(sig = "($self, sep, /)")]
            fn partition(zelf: &Obj<$ty>, vm: &Vm, sep: &Value) -> PyResult<Ref<Tuple>> {
                zelf.parted(vm, sep, false)
            }
            /// Partition the bytes into three parts using the given separator.
            ///
            /// This will search for the separator sep in the bytes, starting at the end. If
            /// the separator is found, returns a 3-tuple containing the part before the
            /// separator, the separator itself, and the part after it.
            ///
            /// If the separator is not found, returns a 3-tuple containing two empty bytes
            /// objects and the original bytes object.
            #[pymethod(sig = "($self, sep, /)")]
            fn rpartition(zelf: &Obj<$ty>, vm: &Vm, sep: &Value) -> PyResult<Ref<Tuple>> {
                zelf.parted(vm, sep, true)
            }
            /// Return a list of the sections in the bytes, using sep as the delimiter.
            ///
            ///   sep
            ///     The delimiter according which to split the bytes.
            ///     None (the default value) means split on ASCII whitespace characters
            ///     (space, tab, return, newline, formfeed, vertical tab).
            ///   maxsplit
            ///     Maximum number of splits to do.
            ///     -1 (the default value) means no limit.
            #[pymethod(sig = "($self, /, sep=None, maxsplit=-1)")]
            fn split(
                zelf: &Obj<$ty>,
                vm: &Vm,
                sep: Option<&Value>,
                maxsplit: Option<isize>,
            ) -> PyResult<Ref<$crate::objects::list::List>> {
                use $crate::objects::bytes::ops;
                let max = maxsplit.unwrap_or(-1);
                let sep = $crate::objects::bytes::methods::separator(vm, sep)?;
                Ok(zelf.pieces(|bytes| match &sep {
                    Some(sep) => ops::split(bytes, sep, max),
                    None => ops::split_words(bytes, max),
                }))
            }
            /// Return a list of the sections in the bytes, using sep as the delimiter.
            ///
            ///   sep
            ///     The delimiter according which to split the bytes.
            ///     None (the default value) means split on ASCII whitespace characters
            ///     (space, tab, return, newline, formfeed, vertical tab).
            ///   maxsplit
            ///     Maximum number of splits to do.
            ///     -1 (the default value) means no limit.
            ///
            /// Splitting is done starting at the end of the bytes and working to the front.
            #[pymethod(sig = "($self, /, sep=None, maxsplit=-1)")]
            fn rsplit(
                zelf: &Obj<$ty>,
                vm: &Vm,
                sep: Option<&Value>,
                maxsplit: Option<isize>,
            ) -> PyResult<Ref<$crate::objects::list::List>> {
                use $crate::objects::bytes::ops;
                let max = maxsplit.unwrap_or(-1);
                let sep = $crate::objects::bytes::methods::separator(vm, sep)?;
                Ok(zelf.pieces(|bytes| match &sep {
                    Some(sep) => ops::rsplit(bytes, sep, max),
                    None => ops::rsplit_words(bytes, max),
                }))
            }
            /// Return a list of the lines in the bytes, breaking at line boundaries.
            ///
            /// Line breaks are not included in the resulting list unless keepends is given and
            /// true.
            #[pymethod(sig = "($self, /, keepends=False)")]
            fn splitlines(
                zelf: &Obj<$ty>,
                _vm: &Vm,
                keepends: Option<bool>,
            ) -> Ref<$crate::objects::list::List> {
                let keep = keepends.unwrap_or(false);
                zelf.pieces(|bytes| $crate::objects::bytes::ops::splitlines(bytes, keep))
            }
            /// Strip leading and trailing bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip leading and trailing ASCII whitespace.
            #[pymethod(sig = "($self, bytes=None, /)")]
            fn strip(zelf: &Obj<$ty>, vm: &Vm, bytes: Option<&Value>) -> PyResult<Ref<$ty>> {
                zelf.stripped(vm, bytes, true, true)
            }
            /// Strip leading bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip leading  ASCII whitespace.
            #[pymethod(sig = "($self, bytes=None, /)")]
            fn lstrip(zelf: &Obj<$ty>, vm: &Vm, bytes: Option<&Value>) -> PyResult<Ref<$ty>> {
                zelf.stripped(vm, bytes, true, false)
            }
            /// Strip trailing bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip trailing ASCII whitespace.
            #[pymethod(sig = "($self, bytes=None, /)")]
            fn rstrip(zelf: &Obj<$ty>, vm: &Vm, bytes: Option<&Value>) -> PyResult<Ref<$ty>> {
                zelf.stripped(vm, bytes, false, true)
            }
            /// Return a copy with all occurrences of substring old replaced by new.
            ///
            ///   count
            ///     Maximum number of occurrences to replace.
            ///     -1 (the default value) means replace all occurrences.
            ///
            /// If the optional argument count is given, only the first count occurrences are
            /// replaced.
            #[pymethod(sig = "($self, old, new, count=-1, /)")]
            fn replace(
                zelf: &Obj<$ty>,
                vm: &Vm,
                old: &Value,
                new: &Value,
                count: Option<isize>,
            ) -> PyResult<Ref<$ty>> {
                use $crate::objects::bytes::{lend, ops};
                let (old, new) = (lend(vm, old)?, lend(vm, new)?);
                let limit = usize::try_from(count.unwrap_or(-1)).unwrap_or(usize::MAX);
                let replaced: Option<_> = zelf.with_bytes(|bytes| -> PyResult<_> {
                    let places = ops::places(bytes, &old, limit);
                    if places.is_empty() {
                        return Ok(None);
                    }
                    let total = new.len().saturating_mul(places.len());
                    $crate::objects::str_::check_room(vm, total.saturating_add(bytes.len()))?;
                    Ok(Some(ops::replace_at(bytes, &places, old.len(), &new)))
                })?;
                Ok(replaced.map_or_else(|| $ty::unchanged(zelf), $ty::make))
            }
            /// Concatenate any number of bytes objects.
            ///
            /// The bytes whose method is called is inserted in between each pair.
            ///
            /// The result is returned as a new bytes object.
            ///
            /// Example: b'.'.join([b'ab', b'pq', b'rs']) -> b'ab.pq.rs'.
            #[pymethod(sig = "($self, iterable_of_bytes, /)")]
            fn join(zelf: &Obj<$ty>, vm: &Vm, iterable_of_bytes: &Value) -> PyResult<Ref<$ty>> {
                // The separator cannot be resized by those who give the items.
                let lent = $crate::protocol::buffer::get(vm, &zelf.to_value(), false)?;
                vm.need(lent.len())?;
                $crate::objects::bytes::methods::join(vm, &lent.to_vec(), iterable_of_bytes)
                    .map($ty::make)
            }
            /// Return a copy with each character mapped by the given translation table.
            ///
            ///   table
            ///     Translation table, which must be a bytes object of length 256.
            ///
            /// All characters occurring in the optional argument delete are removed.
            /// The remaining characters are mapped through the given translation table.
            #[pymethod(sig = "($self, table, /, delete=b'')")]
            fn translate(
                zelf: &Obj<$ty>,
                vm: &Vm,
                table: &Value,
                delete: Option<&Value>,
            ) -> PyResult<Ref<$ty>> {
                let table = $crate::objects::bytes::methods::table(vm, table)?;
                let delete = match delete {
                    Some(delete) => $crate::objects::bytes::lend(vm, delete)?,
                    None => $crate::objects::bytes::Lent::Slice(&[]),
                };
                let mut doomed = [false; 256];
                delete.iter().for_each(|b| doomed[usize::from(*b)] = true);
                let map = |b: &u8| table.as_ref().map_or(*b, |t| t[usize::from(*b)]);
                zelf.need_copies(vm)?;
                Ok($ty::make(zelf.with_bytes(|bytes| {
                    bytes.iter().filter(|b| !doomed[usize::from(**b)]).map(map).collect()
                })))
            }
            /// Convert a function to be a static method.
            ///
            /// A static method does not receive an implicit first argument.
            /// To declare a static method, use this idiom:
            ///
            ///      class C:
            ///          @staticmethod
            ///          def f(arg1, arg2, argN):
            ///              ...
            ///
            /// It can be called either on the class (e.g. C.f()) or on an instance
            /// (e.g. C().f()). Both the class and the instance are ignored, and
            /// neither is passed implicitly as the first argument to the method.
            ///
            /// Static methods in Python are similar to those found in Java or C++.
            /// For a more advanced concept, see the classmethod builtin.
            #[staticmethod]
            fn maketrans(
                vm: &Vm,
                frm: &Value,
                to: &Value,
            ) -> PyResult<Ref<$crate::objects::bytes::Bytes>> {
                let table = $crate::objects::bytes::methods::maketrans(vm, frm, to)?;
                Ok($crate::objects::bytes::Bytes::from_slice(&table))
            }
            /// Decode the bytes using the codec registered for encoding.
            ///
            ///   encoding
            ///     The encoding with which to decode the bytes.
            ///   errors
            ///     The error handling scheme to use for the handling of decoding errors.
            ///     The default is 'strict' meaning that decoding errors raise a
            ///     UnicodeDecodeError. Other possible values are 'ignore' and 'replace'
            ///     as well as any other name registered with codecs.register_error that
            ///     can handle UnicodeDecodeErrors.
            #[pymethod(sig = "($self, /, encoding='utf-8', errors='strict')")]
            fn decode(
                zelf: &Obj<$ty>,
                vm: &Vm,
                encoding: Option<&Value>,
                errors: Option<&Value>,
            ) -> PyResult<Ref<$crate::objects::str_::Str>> {
                use $crate::objects::str_::codec;
                if encoding.is_none() && errors.is_none() {
                    return zelf.with_bytes(|bytes| codec::decode_default(vm, bytes));
                }
                let encoding = codec::name_argument(vm, encoding, "decode", "encoding", "utf-8")?;
                let errors = codec::name_argument(vm, errors, "decode", "errors", "strict")?;
                let bytes: Value = zelf.to_value();
                codec::decode_object(vm, &bytes, &encoding, &errors)
            }
            /// Create a string of hexadecimal numbers from a bytes object.
            ///
            ///   sep
            ///     An optional single character or byte to separate hex bytes.
            ///   bytes_per_sep
            ///     How many bytes between separators.  Positive values count from the
            ///     right, negative values count from the left.
            ///
            /// Example:
            /// >>> value = b'\xb9\x01\xef'
            /// >>> value.hex()
            /// 'b901ef'
            /// >>> value.hex(':')
            /// 'b9:01:ef'
            /// >>> value.hex(':', 2)
            /// 'b9:01ef'
            /// >>> value.hex(':', -2)
            /// 'b901:ef'
            #[pymethod(sig = "($self, /, sep=None, bytes_per_sep=1)")]
            fn hex(
                zelf: &Obj<$ty>,
                vm: &Vm,
                sep: Option<&Value>,
                bytes_per_sep: Option<i32>,
            ) -> PyResult<Ref<$crate::objects::str_::Str>> {
                let sep = $crate::objects::bytes::methods::hex_separator(vm, sep)?;
                let group = i64::from(bytes_per_sep.unwrap_or(1));
                zelf.with_bytes(|bytes| $crate::objects::bytes::ops::hex(bytes, sep, group))
                    .finish_in(vm)
            }
            /// Create a bytes object from a string of hexadecimal numbers.
            ///
            /// Spaces between two numbers are accepted.
            /// Example: bytes.fromhex('B9 01EF') -> b'\\xb9\\x01\\xef'.
            #[classmethod(sig = "($type, string, /)")]
            fn fromhex(cls: &Value, vm: &Vm, string: &Value) -> PyResult {
                let bytes = $crate::objects::bytes::methods::from_hex(vm, string)?;
                let made: Value = $ty::make(bytes).into();
                if cls.is(&<$ty as $crate::object::Payload>::cell().get().to_value()) {
                    return Ok(made);
                }
                $crate::protocol::call::call(vm, cls, &[made])
            }

            /// B.isalnum() -> bool
            ///
            /// Return True if all characters in B are alphanumeric
            /// and there is at least one character in B, False otherwise.
            #[pymethod(sig = "($self, /)")]
            fn isalnum(zelf: &Obj<$ty>, _vm: &Vm) -> bool {
                zelf.all(u8::is_ascii_alphanumeric)
            }
            /// B.isalpha() -> bool
            ///
            /// Return True if all characters in B are alphabetic
            /// and there is at least one character in B, False otherwise.
            #[pymethod(sig = "($self, /)")]
            fn isalpha(zelf: &Obj<$ty>, _vm: &Vm) -> bool {
                zelf.all(u8::is_ascii_alphabetic)
            }
            /// B.isdigit() -> bool
            ///
            /// Return True if all characters in B are digits
            /// and there is at least one character in B, False otherwise.
            #[pymethod(sig = "($self, /)")]
            fn isdigit(zelf: &Obj<$ty>, _vm: &Vm) -> bool {
                zelf.all(u8::is_ascii_digit)
            }
            /// B.isspace() -> bool
            ///
            /// Return True if all characters in B are whitespace
            /// and there is at least one character in B, False otherwise.
            #[pymethod(sig = "($self, /)")]
            fn isspace(zelf: &Obj<$ty>, _vm: &Vm) -> bool {
                zelf.all(|byte| $crate::objects::bytes::ops::is_space(*byte))
            }
            /// B.isascii() -> bool
            ///
            /// Return True if B is empty or all characters in B are ASCII,
            /// False otherwise.
            #[pymethod(sig = "($self, /)")]
            fn isascii(zelf: &Obj<$ty>, _vm: &Vm) -> bool {
                zelf.with_bytes(<[u8]>::is_ascii)
            }
            /// B.islower() -> bool
            ///
            /// Return True if all cased characters in B are lowercase and there is
            /// at least one cased character in B, False otherwise.
            #[pymethod(sig = "($self, /)")]
            fn islower(zelf: &Obj<$ty>, _vm: &Vm) -> bool {
                zelf.with_bytes(|bytes| {
                    bytes.iter().any(u8::is_ascii_lowercase)
                        && !bytes.iter().any(u8::is_ascii_uppercase)
                })
            }
            /// B.isupper() -> bool
            ///
            /// Return True if all cased characters in B are uppercase and there is
            /// at least one cased character in B, False otherwise.
            #[pymethod(sig = "($self, /)")]
            fn isupper(zelf: &Obj<$ty>, _vm: &Vm) -> bool {
                zelf.with_bytes(|bytes| {
                    bytes.iter().any(u8::is_ascii_uppercase)
                        && !bytes.iter().any(u8::is_ascii_lowercase)
                })
            }
            /// B.istitle() -> bool
            ///
            /// Return True if B is a titlecased string and there is at least one
            /// character in B, i.e. uppercase characters may only follow uncased
            /// characters and lowercase characters only cased ones. Return False
            /// otherwise.
            #[pymethod(sig = "($self, /)")]
            fn istitle(zelf: &Obj<$ty>, _vm: &Vm) -> bool {
                zelf.with_bytes($crate::objects::bytes::ops::is_title)
            }
        }

        /// What several of the shared methods need.
        impl $ty {
            fn all(&self, test: impl Fn(&u8) -> bool) -> bool {
                self.with_bytes(|bytes| !bytes.is_empty() && bytes.iter().all(test))
            }

            /// Room for a copy of the bytes, and one more in the object.
            fn need_copies(&self, vm: &Vm) -> PyResult<()> {
                vm.need(self.with_bytes(<[u8]>::len).saturating_mul(2))
            }

            fn mapped(&self, vm: &Vm, map: impl FnOnce(&mut [u8])) -> PyResult<Ref<$ty>> {
                self.need_copies(vm)?;
                let mut bytes = self.with_bytes(<[u8]>::to_vec);
                map(&mut bytes);
                Ok($ty::make(bytes))
            }

            fn padded(
                &self,
                vm: &Vm,
                fill: u8,
                sides: impl FnOnce(usize) -> (usize, usize),
            ) -> PyResult<Ref<$ty>> {
                self.with_bytes(|bytes| {
                    let (left, right) = sides(bytes.len());
                    $crate::objects::bytes::methods::pad(vm, bytes, left, right, fill)
                })
                .map($ty::make)
            }

            /// The part between `start` and `end`, given to `f`; `None` if it is turned round.
            fn window<R>(
                &self,
                vm: &Vm,
                start: Option<&Value>,
                end: Option<&Value>,
                f: impl FnOnce(&[u8]) -> R,
            ) -> PyResult<Option<R>> {
                Ok(self.placed(vm, start, end, f)?.map(|(_, result)| result))
            }

            fn placed<R>(
                &self,
                vm: &Vm,
                start: Option<&Value>,
                end: Option<&Value>,
                f: impl FnOnce(&[u8]) -> R,
            ) -> PyResult<Option<(usize, R)>> {
                let len = self.with_bytes(<[u8]>::len);
                let range = $crate::objects::str_::search::bounds(vm, len, start, end)?;
                // Reading the bounds may have shortened the object.
                Ok(range.and_then(|range| {
                    self.with_bytes(|bytes| bytes.get(range.clone()).map(|w| (range.start, f(w))))
                }))
            }

            fn search<R>(
                &self,
                vm: &Vm,
                sub: &Value,
                start: Option<&Value>,
                end: Option<&Value>,
                f: impl FnOnce(&[u8], &[u8]) -> R,
            ) -> PyResult<Option<(usize, R)>> {
                let needle = $crate::objects::bytes::methods::needle(vm, sub)?;
                self.placed(vm, start, end, |window| f(window, &needle))
            }

            fn position(
                &self,
                vm: &Vm,
                sub: &Value,
                start: Option<&Value>,
                end: Option<&Value>,
                f: impl FnOnce(&[u8], &[u8]) -> Option<usize>,
            ) -> PyResult<Option<usize>> {
                let found = self.search(vm, sub, start, end, f)?;
                Ok(found.and_then(|(start, at)| at.map(|at| start + at)))
            }

            fn pieces(
                &self,
                cut: impl FnOnce(&[u8]) -> Vec<std::ops::Range<usize>>,
            ) -> Ref<$crate::objects::list::List> {
                let mut parts = Vec::new();
                self.with_bytes(|bytes| {
                    for range in cut(bytes) {
                        let part = $ty::make(bytes[range].to_vec()).into();
                        $crate::runtime::memory::push(&mut parts, part);
                    }
                });
                $crate::objects::list::List::from_vec(parts)
            }

            fn parted(&self, vm: &Vm, sep: &Value, back: bool) -> PyResult<Ref<Tuple>> {
                use $crate::objects::bytes::ops;
                let lent = $crate::objects::bytes::lend(vm, sep)?;
                if lent.is_empty() {
                    return Err(vm.value_error("empty separator"));
                }
                self.need_copies(vm)?;
                let parts = self.with_bytes(|bytes| {
                    let at =
                        if back { ops::rfind(bytes, &lent) } else { ops::find(bytes, &lent) };
                    match at {
                        Some(at) => {
                            [bytes[..at].to_vec(), lent.to_vec(), bytes[at + lent.len()..].to_vec()]
                        }
                        None if back => [Vec::new(), Vec::new(), bytes.to_vec()],
                        None => [bytes.to_vec(), Vec::new(), Vec::new()],
                    }
                });
                Ok(Tuple::from_vec(parts.into_iter().map(|p| $ty::make(p).into()).collect()))
            }

            fn stripped(
                &self,
                vm: &Vm,
                set: Option<&Value>,
                left: bool,
                right: bool,
            ) -> PyResult<Ref<$ty>> {
                use $crate::objects::bytes::{lend, ops};
                let set = set.filter(|s| !s.is_none()).map(|s| lend(vm, s)).transpose()?;
                self.need_copies(vm)?;
                Ok($ty::make(self.with_bytes(|bytes| {
                    let range = match &set {
                        Some(set) => ops::strip(bytes, left, right, |b| set.contains(&b)),
                        None => ops::strip(bytes, left, right, ops::is_space),
                    };
                    bytes[range].to_vec()
                })))
            }
        }
    };
}
pub(crate) use byte_methods;
