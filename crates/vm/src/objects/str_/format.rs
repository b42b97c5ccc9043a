//! `str.format`, `format(text, spec)`, and what all `__format__` methods share.
//!
//! The grammar of templates and specifications is `adder-numtext`'s; here values are looked up and
//! strings are built. CPython's counterpart: `Objects/stringlib/unicode_format.h`.

#![expect(unsafe_code, reason = "asks the C library for the locale's numeric conventions")]

use super::{Str, StrBuilder, plain};
use crate::object::{Obj, Ref};
use crate::objects::dict::Dict;
use crate::objects::int;
use crate::protocol::object;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_numtext::format::Part;
use adder_numtext::markup::{self, Chunks, Key, Step};
use adder_numtext::{Align, Error, ErrorKind, FormatSpec, IntRef, Locale, Padded, Slice, Units};
use std::ffi::{CStr, c_char};
use std::ops::Range;

/// An error of `adder-numtext` as an exception.
#[cold]
pub fn error(vm: &Vm, error: Error) -> Exc {
    match error.kind {
        ErrorKind::Value => vm.value_error(error.text),
        ErrorKind::Overflow => vm.overflow_error(error.text),
        ErrorKind::Memory => int::no_memory(vm),
    }
}

/// A formatted number as a string.
pub fn build(vm: &Vm, padded: &Padded) -> PyResult<Ref<Str>> {
    let mut out = StrBuilder::new();
    push_padded(vm, &mut out, padded)?;
    out.finish_in(vm)
}

pub(super) fn push_padded(vm: &Vm, out: &mut StrBuilder, padded: &Padded) -> PyResult<()> {
    super::check_room(vm, out.len().saturating_add(padded.char_len()))?;
    for part in padded.parts() {
        match part {
            Part::Fill(_, 0) | Part::Text("") => {}
            Part::Fill(code, count) => out.push_repeat(code, count),
            Part::Text(text) => out.push_str(text),
        }
    }
    Ok(())
}

pub(super) fn push_slice(vm: &Vm, out: &mut StrBuilder, text: &Str, slice: Slice) -> PyResult<()> {
    let total = slice.left.saturating_add(slice.right).saturating_add(slice.take);
    super::check_room(vm, out.len().saturating_add(total))?;
    if slice.left > 0 {
        out.push_repeat(slice.fill, slice.left);
    }
    if slice.take == text.len() {
        out.push_obj(text);
    } else {
        out.push_range(text, 0, slice.take);
    }
    if slice.right > 0 {
        out.push_repeat(slice.fill, slice.right);
    }
    Ok(())
}

/// The argument of a `__format__` method.
pub fn spec_argument<'a>(vm: &Vm, spec: &'a Value) -> PyResult<&'a Obj<Str>> {
    spec.downcast::<Str>().ok_or_else(|| {
        vm.type_error(format!(
            "__format__() argument must be str, not {}",
            object::type_name_or_none(spec)
        ))
    })
}

/// The numeric conventions of the C library's current locale, for the presentation type `n`.
pub fn current_locale() -> Locale {
    // SAFETY: `localeconv` returns a static structure whose strings are valid until the locale is
    // changed; they are copied at once, under the interpreter lock, as `setlocale` is called.
    unsafe {
        let conventions = libc::localeconv();
        if conventions.is_null() {
            return Locale::default();
        }
        let text = |p: *const c_char| {
            if p.is_null() { Vec::new() } else { CStr::from_ptr(p).to_bytes().to_vec() }
        };
        let string = |p: *const c_char| String::from_utf8_lossy(&text(p)).into_owned();
        Locale {
            decimal_point: string((*conventions).decimal_point),
            thousands_sep: string((*conventions).thousands_sep),
            grouping: text((*conventions).grouping),
        }
    }
}

/// A format specification; most are ASCII.
pub fn parse_spec(
    spec: &Str,
    type_name: &str,
    align: Align,
) -> Result<FormatSpec, adder_numtext::Error> {
    match spec.as_ascii() {
        Some(text) => FormatSpec::parse(text.as_bytes(), type_name, align),
        None => FormatSpec::parse(spec, type_name, align),
    }
}

/// `format(text, spec)` by the rules of `str`.
pub fn format_text(vm: &Vm, text: &Obj<Str>, spec: &Str) -> PyResult<Ref<Str>> {
    if spec.is_empty() {
        return if text.is_exact() { Ok(plain(text)) } else { object::str(vm, &text.to_value()) };
    }
    let own_name;
    let name: &str = if text.is_exact() {
        "str"
    } else {
        own_name = text.ty().name();
        &own_name
    };
    let parsed = parse_spec(spec, name, Align::Left).map_err(|e| error(vm, e))?;
    let slice = adder_numtext::format_str(text.len(), &parsed, name).map_err(|e| error(vm, e))?;
    let mut out = StrBuilder::new();
    push_slice(vm, &mut out, text, slice)?;
    out.finish_in(vm)
}

/// Where a template's names are looked up.
pub enum Names<'a> {
    /// The keyword arguments of `format`, if it has any.
    Keywords(Option<&'a Obj<Dict>>),
    /// The argument of `format_map`.
    Mapping(&'a Value),
}

/// How fields without a name are counted; a template counts in one way only.
#[derive(Clone, Copy, PartialEq)]
enum Numbering {
    Unknown,
    Automatic(usize),
    Manual,
}

struct Formatter<'a, T: Units + ?Sized> {
    template: &'a Str,
    /// The template's characters.
    text: &'a T,
    args: Option<&'a [Value]>,
    names: Names<'a>,
    numbering: Numbering,
}

/// `template.format(*args, **kwargs)`, or `format_map` if there are no `args`.
pub fn format(
    vm: &Vm,
    template: &Obj<Str>,
    args: Option<&[Value]>,
    names: Names<'_>,
) -> PyResult<Ref<Str>> {
    let mut out = StrBuilder::with_capacity(template.len() + 16);
    let numbering = Numbering::Unknown;
    let (all, depth) = (0..template.len(), markup::MAX_DEPTH);
    match template.as_ascii() {
        Some(text) => Formatter { template, text: text.as_bytes(), args, names, numbering }
            .render(vm, all, depth, &mut out)?,
        None => Formatter { template, text: &**template, args, names, numbering }
            .render(vm, all, depth, &mut out)?,
    }
    out.finish_in(vm)
}

impl<T: Units + ?Sized> Formatter<'_, T> {
    fn render(
        &mut self,
        vm: &Vm,
        range: Range<usize>,
        depth: usize,
        out: &mut StrBuilder,
    ) -> PyResult<()> {
        if depth == 0 {
            return Err(vm.value_error("Max string recursion exceeded"));
        }
        for chunk in Chunks::within(self.text, range) {
            let chunk = chunk.map_err(|e| error(vm, e))?;
            out.push_range(self.template, chunk.literal.start, chunk.literal.end);
            let Some(field) = chunk.field else { continue };
            let value = self.field_value(vm, field.name)?;
            let value = match field.conversion {
                None => value,
                Some(c) => convert(vm, &value, c)?,
            };
            if !field.spec_is_nested && push_plain(vm, out, &value, self.template, &field.spec)? {
                continue;
            }
            let spec = if field.spec_is_nested {
                let mut nested = StrBuilder::new();
                self.render(vm, field.spec, depth - 1, &mut nested)?;
                nested.finish_in(vm)?
            } else {
                self.template.substring(field.spec.start, field.spec.end)
            };
            out.push_obj(&*object::format(vm, &value, &spec)?);
        }
        Ok(())
    }

    fn field_value(&mut self, vm: &Vm, name: Range<usize>) -> PyResult {
        let wrap = |e| error(vm, e);
        let (first, steps) = markup::split_field_name(self.text, name).map_err(wrap)?;
        let index = match first {
            Key::Index(index) => {
                self.number(vm, Numbering::Manual)?;
                Some(index)
            }
            Key::Name(range) if range.is_empty() => {
                let index = match self.numbering {
                    Numbering::Automatic(next) => next,
                    _ => 0,
                };
                self.number(vm, Numbering::Automatic(index + 1))?;
                Some(index)
            }
            Key::Name(range) => {
                let key: Value = self.template.substring(range.start, range.end).into();
                return self.walk(vm, self.look_up(vm, &key)?, steps);
            }
        };
        let index = index.unwrap_or(0);
        let Some(args) = self.args else {
            return Err(vm.value_error("Format string contains positional fields"));
        };
        let Some(value) = args.get(index) else {
            return Err(vm.index_error(format!(
                "Replacement index {index} out of range for positional args tuple"
            )));
        };
        self.walk(vm, value.clone(), steps)
    }

    fn number(&mut self, vm: &Vm, now: Numbering) -> PyResult<()> {
        let (manual, automatic) = ("manual field specification", "automatic field numbering");
        let (from, to) = match (self.numbering, now) {
            (Numbering::Manual, Numbering::Automatic(_)) => (manual, automatic),
            (Numbering::Automatic(_), Numbering::Manual) => (automatic, manual),
            _ => {
                self.numbering = now;
                return Ok(());
            }
        };
        Err(vm.value_error(format!("cannot switch from {from} to {to}")))
    }

    fn look_up(&self, vm: &Vm, key: &Value) -> PyResult {
        match self.names {
            Names::Keywords(dict) => match dict {
                Some(dict) => dict.get(vm, key)?.ok_or_else(|| vm.key_error(key)),
                None => Err(vm.key_error(key)),
            },
            Names::Mapping(mapping) => object::get_item(vm, mapping, key),
        }
    }

    fn walk(&self, vm: &Vm, start: Value, steps: markup::Steps<'_, T>) -> PyResult {
        let mut value = start;
        for step in steps {
            value = match step.map_err(|e| error(vm, e))? {
                Step::Attribute(range) => {
                    let name: Value = self.template.substring(range.start, range.end).into();
                    object::get_attr(vm, &value, &object::attribute_name(vm, &name)?)?
                }
                Step::Item(Key::Index(index)) => {
                    object::get_item(vm, &value, &int::from_i64(index as i64))?
                }
                Step::Item(Key::Name(range)) => {
                    let key: Value = self.template.substring(range.start, range.end).into();
                    object::get_item(vm, &value, &key)?
                }
            };
        }
        Ok(value)
    }
}

/// Formats a number or a string, whose own rules are known, straight into `out`: the specification is a part
/// of the template. `false` if it is another value, or has to be done in steps.
fn push_plain(
    vm: &Vm,
    out: &mut StrBuilder,
    value: &Value,
    template: &Str,
    spec: &Range<usize>,
) -> PyResult<bool> {
    if spec.is_empty() {
        if let Some(text) = value.downcast_exact::<Str>() {
            out.push_obj(text);
            return Ok(true);
        }
        let Some(i) = value.as_small_int() else { return Ok(false) };
        int::push_decimal(out, i);
        return Ok(true);
    }
    let Some(spec) = template.as_ascii().and_then(|text| text.as_bytes().get(spec.clone())) else {
        return Ok(false);
    };
    let wrap = |e| error(vm, e);
    if let Some(text) = value.downcast_exact::<Str>() {
        let parsed = FormatSpec::parse(spec, "str", Align::Left).map_err(wrap)?;
        let slice = adder_numtext::format_str(text.len(), &parsed, "str").map_err(wrap)?;
        return push_slice(vm, out, text, slice).map(|()| true);
    }
    let name = match (value.is_small_int(), value.as_float_word()) {
        (true, _) => "int",
        (_, Some(_)) => "float",
        _ => return Ok(false),
    };
    let parsed = FormatSpec::parse(spec, name, Align::Right).map_err(wrap)?;
    if parsed.code == Some(u32::from('n')) {
        return Ok(false);
    }
    let locale = Locale::default();
    let padded = match (value.as_small_int(), value.as_float_word()) {
        (Some(i), _) => adder_numtext::format_int(IntRef::Small(i), &parsed, name, &locale),
        (_, Some(f)) => adder_numtext::format_float(f, &parsed, name, &locale),
        _ => return Ok(false),
    };
    push_padded(vm, out, &padded.map_err(wrap)?).map(|()| true)
}

/// `!r`, `!s`, `!a`
fn convert(vm: &Vm, value: &Value, conversion: u32) -> PyResult {
    let text = match char::from_u32(conversion) {
        Some('r') => object::repr(vm, value)?,
        Some('s') => object::str(vm, value)?,
        Some('a') => object::ascii(vm, value)?,
        Some(c) if c > ' ' && c < '\x7f' => {
            return Err(vm.value_error(format!("Unknown conversion specifier {c}")));
        }
        _ => {
            return Err(vm.value_error(format!("Unknown conversion specifier \\x{conversion:x}")));
        }
    };
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_of_c_has_a_point_and_no_groups() {
        // Test programs do not set one.
        let locale = current_locale();
        assert_eq!((&*locale.decimal_point, &*locale.thousands_sep), (".", ""));
        assert!(locale.grouping.is_empty());
    }
}
