//! `unicodedata`: the character database, of today and of Unicode 3.2.0. The data and its questions
//! are in `adder_unicode`. CPython's counterpart: `Modules/unicodedata.c`.
//!
//! The module's functions ask today's database; the methods of `ucd_3_2_0` the old one.

use adder_derive::{pyclass, pymethods, pymodule};
use adder_unicode::{Answer, Form, ucd_3_2_0};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::{Str, StrBuilder, plain};
use adder_vm::protocol::object::type_name_or_none;
use adder_vm::runtime::args::IntoValue;
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::memory;
use adder_vm::{Obj, Ref, Value, Vm};

#[derive(Clone, Copy, PartialEq)]
enum Version {
    Current,
    Old,
}

/// The longest name that is looked for.
const NAME_MAX: usize = 256;

/// The code point of an argument; `which` numbers it where the function has several.
fn character(vm: &Vm, chr: &Value, function: &str, which: &str) -> PyResult<u32> {
    let Some(text) = chr.downcast::<Str>() else {
        let given = type_name_or_none(chr);
        return Err(vm.type_error(format!(
            "{function}() argument{which} must be a unicode character, not {given}"
        )));
    };
    if text.len() != 1 {
        let len = text.len();
        return Err(vm.type_error(format!(
            "{function}(): argument{which} must be a unicode character, not a string of length {len}"
        )));
    }
    Ok(text.at(0))
}

fn or_default(
    vm: &Vm,
    found: Option<impl IntoValue>,
    default: Option<Value>,
    message: &str,
) -> PyResult {
    match (found, default) {
        (Some(found), _) => Ok(found.into_value(vm)),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(vm.value_error(message)),
    }
}

/// The old database knows neither aliases nor sequences.
fn look_up(vm: &Vm, name: &Value, only_names: bool) -> PyResult {
    let name = if let Some(text) = name.downcast::<Str>() {
        text.to_utf8().ok_or_else(|| vm.surrogate_error(text))?
    } else if let Some(bytes) = name.downcast::<Bytes>() {
        String::from_utf8_lossy(bytes.as_slice()).into_owned()
    } else {
        let given = type_name_or_none(name);
        return Err(vm.type_error(format!("a bytes-like object is required, not '{given}'")));
    };
    if name.len() > NAME_MAX {
        return Err(vm.key_error(&vm.str("name too long")));
    }
    let found = adder_unicode::lookup(&name).filter(|found| {
        let own = || found.single().and_then(adder_unicode::name);
        !only_names || own().is_some_and(|own| own.eq_ignore_ascii_case(&name))
    });
    let Some(found) = found else {
        return Err(vm.key_error(&vm.str(&format!("undefined character name '{name}'"))));
    };
    let mut text = StrBuilder::with_capacity(found.len());
    found.iter().for_each(|&code| text.push(code));
    Ok(text.finish_in(vm)?.into())
}

fn form_of(vm: &Vm, form: &Str) -> PyResult<Form> {
    let known = form.as_ascii().and_then(Form::from_name);
    known.ok_or_else(|| vm.value_error("invalid normalization form"))
}

fn is_surely_normal(form: Form, text: &Str, version: Version) -> bool {
    text.is_ascii()
        || version == Version::Current
            && adder_unicode::quick_check(form, text.code_points()) == Answer::Yes
}

fn normalized(form: Form, text: &Str, version: Version) -> Vec<u32> {
    match version {
        Version::Current => adder_unicode::normalize(form, text.code_points()),
        Version::Old => ucd_3_2_0::normalize(form, text.code_points()),
    }
}

fn normal_form(vm: &Vm, form: &Str, text: &Obj<Str>, version: Version) -> PyResult {
    if text.is_empty() {
        return Ok(plain(text).into());
    }
    let form = form_of(vm, form)?;
    if is_surely_normal(form, text, version) {
        return Ok(plain(text).into());
    }
    // The characters that come out, while their number grows, and as a string.
    let room = |count: usize| vm.need(count.saturating_mul(4 * size_of::<u32>()));
    room(text.len())?;
    // Few characters become many, up to 18 times as many.
    if text.len().saturating_mul(18 * 4 * size_of::<u32>()) >= memory::LARGE {
        room(adder_unicode::decomposed_len(form, text.code_points()))?;
    }
    let codes = normalized(form, text, version);
    let mut builder = StrBuilder::with_capacity(codes.len());
    codes.iter().for_each(|&code| builder.push(code));
    Ok(builder.finish_in(vm)?.into())
}

fn is_normal(vm: &Vm, form: &Str, text: &Obj<Str>, version: Version) -> PyResult<bool> {
    if text.is_empty() {
        return Ok(true);
    }
    let form = form_of(vm, form)?;
    if is_surely_normal(form, text, version) {
        return Ok(true);
    }
    if version == Version::Current
        && adder_unicode::quick_check(form, text.code_points()) == Answer::No
    {
        return Ok(false);
    }
    Ok(normalized(form, text, version).into_iter().eq(text.code_points()))
}

#[pyclass(name = "unicodedata.UCD", no_new, no_gc)]
pub struct Ucd {}

#[pymethods]
impl Ucd {
    #[getter(member)]
    fn unidata_version(_zelf: &Obj<Ucd>, _vm: &Vm) -> &'static str {
        ucd_3_2_0::UNIDATA_VERSION
    }
    /// Returns the general category assigned to the character chr as string.
    #[pymethod(sig = "($self, chr, /)")]
    fn category(_zelf: &Obj<Ucd>, vm: &Vm, chr: &Value) -> PyResult<&'static str> {
        Ok(ucd_3_2_0::category(character(vm, chr, "category", "")?))
    }
    /// Returns the bidirectional class assigned to the character chr as string.
    ///
    /// If no such value is defined, an empty string is returned.
    #[pymethod(sig = "($self, chr, /)")]
    fn bidirectional(_zelf: &Obj<Ucd>, vm: &Vm, chr: &Value) -> PyResult<&'static str> {
        Ok(ucd_3_2_0::bidirectional(character(vm, chr, "bidirectional", "")?))
    }
    /// Returns the canonical combining class assigned to the character chr as integer.
    ///
    /// Returns 0 if no combining class is defined.
    #[pymethod(sig = "($self, chr, /)")]
    fn combining(_zelf: &Obj<Ucd>, vm: &Vm, chr: &Value) -> PyResult<u8> {
        Ok(ucd_3_2_0::combining(character(vm, chr, "combining", "")?))
    }
    /// Returns the mirrored property assigned to the character chr as integer.
    ///
    /// Returns 1 if the character has been identified as a "mirrored"
    /// character in bidirectional text, 0 otherwise.
    #[pymethod(sig = "($self, chr, /)")]
    fn mirrored(_zelf: &Obj<Ucd>, vm: &Vm, chr: &Value) -> PyResult<u8> {
        Ok(u8::from(ucd_3_2_0::mirrored(character(vm, chr, "mirrored", "")?)))
    }
    /// Returns the east asian width assigned to the character chr as string.
    #[pymethod(sig = "($self, chr, /)")]
    fn east_asian_width(_zelf: &Obj<Ucd>, vm: &Vm, chr: &Value) -> PyResult<&'static str> {
        Ok(ucd_3_2_0::east_asian_width(character(vm, chr, "east_asian_width", "")?))
    }
    /// Returns the character decomposition mapping assigned to the character chr as string.
    ///
    /// An empty string is returned in case no such mapping is defined.
    #[pymethod(sig = "($self, chr, /)")]
    fn decomposition(_zelf: &Obj<Ucd>, vm: &Vm, chr: &Value) -> PyResult<String> {
        Ok(ucd_3_2_0::decomposition(character(vm, chr, "decomposition", "")?))
    }
    /// Converts a Unicode character into its equivalent decimal value.
    ///
    /// Returns the decimal value assigned to the character chr as integer.
    /// If no such value is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[pymethod(sig = "($self, chr, default=<unrepresentable>, /)")]
    fn decimal(_zelf: &Obj<Ucd>, vm: &Vm, chr: &Value, default: Option<Value>) -> PyResult {
        let c = character(vm, chr, "decimal", " 1")?;
        or_default(vm, ucd_3_2_0::decimal(c), default, "not a decimal")
    }
    /// Converts a Unicode character into its equivalent digit value.
    ///
    /// Returns the digit value assigned to the character chr as integer.
    /// If no such value is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[pymethod(sig = "($self, chr, default=<unrepresentable>, /)")]
    fn digit(_zelf: &Obj<Ucd>, vm: &Vm, chr: &Value, default: Option<Value>) -> PyResult {
        let c = character(vm, chr, "digit", " 1")?;
        or_default(vm, ucd_3_2_0::digit(c), default, "not a digit")
    }
    /// Converts a Unicode character into its equivalent numeric value.
    ///
    /// Returns the numeric value assigned to the character chr as float.
    /// If no such value is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[pymethod(sig = "($self, chr, default=<unrepresentable>, /)")]
    fn numeric(_zelf: &Obj<Ucd>, vm: &Vm, chr: &Value, default: Option<Value>) -> PyResult {
        let c = character(vm, chr, "numeric", " 1")?;
        or_default(vm, ucd_3_2_0::numeric(c), default, "not a numeric character")
    }
    /// Returns the name assigned to the character chr as a string.
    ///
    /// If no name is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[pymethod(sig = "($self, chr, default=<unrepresentable>, /)")]
    fn name(_zelf: &Obj<Ucd>, vm: &Vm, chr: &Value, default: Option<Value>) -> PyResult {
        let c = character(vm, chr, "name", " 1")?;
        or_default(vm, ucd_3_2_0::name(c), default, "no such name")
    }
    /// Look up character by name.
    ///
    /// If a character with the given name is found, return the
    /// corresponding character.  If not found, KeyError is raised.
    #[pymethod(sig = "($self, name, /)")]
    fn lookup(_zelf: &Obj<Ucd>, vm: &Vm, name: &Value) -> PyResult {
        look_up(vm, name, true)
    }
    /// Return the normal form 'form' for the Unicode string unistr.
    ///
    /// Valid values for form are 'NFC', 'NFKC', 'NFD', and 'NFKD'.
    #[pymethod(sig = "($self, form, unistr, /)")]
    fn normalize(_zelf: &Obj<Ucd>, vm: &Vm, form: &Obj<Str>, unistr: &Obj<Str>) -> PyResult {
        normal_form(vm, form, unistr, Version::Old)
    }
    /// Return whether the Unicode string unistr is in the normal form 'form'.
    ///
    /// Valid values for form are 'NFC', 'NFKC', 'NFD', and 'NFKD'.
    #[pymethod(sig = "($self, form, unistr, /)")]
    fn is_normalized(
        _zelf: &Obj<Ucd>,
        vm: &Vm,
        form: &Obj<Str>,
        unistr: &Obj<Str>,
    ) -> PyResult<bool> {
        is_normal(vm, form, unistr, Version::Old)
    }
}

/// This module provides access to the Unicode Character Database which
/// defines character properties for all Unicode characters. The data in
/// this database is based on the UnicodeData.txt file version
/// 16.0.0 which is publicly available from ftp://ftp.unicode.org/.
///
/// The module uses the same names and symbols as defined by the
/// UnicodeData File Format 16.0.0.
#[pymodule(name = "unicodedata")]
pub mod unicodedata {
    use super::*;

    /// Returns the general category assigned to the character chr as string.
    #[pyfunction(sig = "($self, chr, /)")]
    fn category(vm: &Vm, chr: &Value) -> PyResult<&'static str> {
        Ok(adder_unicode::category(character(vm, chr, "category", "")?))
    }
    /// Returns the bidirectional class assigned to the character chr as string.
    ///
    /// If no such value is defined, an empty string is returned.
    #[pyfunction(sig = "($self, chr, /)")]
    fn bidirectional(vm: &Vm, chr: &Value) -> PyResult<&'static str> {
        Ok(adder_unicode::bidirectional(character(vm, chr, "bidirectional", "")?))
    }
    /// Returns the canonical combining class assigned to the character chr as integer.
    ///
    /// Returns 0 if no combining class is defined.
    #[pyfunction(sig = "($self, chr, /)")]
    fn combining(vm: &Vm, chr: &Value) -> PyResult<u8> {
        Ok(adder_unicode::combining(character(vm, chr, "combining", "")?))
    }
    /// Returns the mirrored property assigned to the character chr as integer.
    ///
    /// Returns 1 if the character has been identified as a "mirrored"
    /// character in bidirectional text, 0 otherwise.
    #[pyfunction(sig = "($self, chr, /)")]
    fn mirrored(vm: &Vm, chr: &Value) -> PyResult<u8> {
        Ok(u8::from(adder_unicode::mirrored(character(vm, chr, "mirrored", "")?)))
    }
    /// Returns the east asian width assigned to the character chr as string.
    #[pyfunction(sig = "($self, chr, /)")]
    fn east_asian_width(vm: &Vm, chr: &Value) -> PyResult<&'static str> {
        Ok(adder_unicode::east_asian_width(character(vm, chr, "east_asian_width", "")?))
    }
    /// Returns the character decomposition mapping assigned to the character chr as string.
    ///
    /// An empty string is returned in case no such mapping is defined.
    #[pyfunction(sig = "($self, chr, /)")]
    fn decomposition(vm: &Vm, chr: &Value) -> PyResult<String> {
        Ok(adder_unicode::decomposition(character(vm, chr, "decomposition", "")?))
    }
    /// Converts a Unicode character into its equivalent decimal value.
    ///
    /// Returns the decimal value assigned to the character chr as integer.
    /// If no such value is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[pyfunction(sig = "($self, chr, default=<unrepresentable>, /)")]
    fn decimal(vm: &Vm, chr: &Value, default: Option<Value>) -> PyResult {
        let c = character(vm, chr, "decimal", " 1")?;
        or_default(vm, adder_unicode::decimal(c), default, "not a decimal")
    }
    /// Converts a Unicode character into its equivalent digit value.
    ///
    /// Returns the digit value assigned to the character chr as integer.
    /// If no such value is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[pyfunction(sig = "($self, chr, default=<unrepresentable>, /)")]
    fn digit(vm: &Vm, chr: &Value, default: Option<Value>) -> PyResult {
        let c = character(vm, chr, "digit", " 1")?;
        or_default(vm, adder_unicode::digit(c), default, "not a digit")
    }
    /// Converts a Unicode character into its equivalent numeric value.
    ///
    /// Returns the numeric value assigned to the character chr as float.
    /// If no such value is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[pyfunction(sig = "($self, chr, default=<unrepresentable>, /)")]
    fn numeric(vm: &Vm, chr: &Value, default: Option<Value>) -> PyResult {
        let c = character(vm, chr, "numeric", " 1")?;
        or_default(vm, adder_unicode::numeric(c), default, "not a numeric character")
    }
    /// Returns the name assigned to the character chr as a string.
    ///
    /// If no name is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[pyfunction(sig = "($self, chr, default=<unrepresentable>, /)")]
    fn name(vm: &Vm, chr: &Value, default: Option<Value>) -> PyResult {
        let c = character(vm, chr, "name", " 1")?;
        or_default(vm, adder_unicode::name(c), default, "no such name")
    }
    /// Look up character by name.
    ///
    /// If a character with the given name is found, return the
    /// corresponding character.  If not found, KeyError is raised.
    #[pyfunction(sig = "($self, name, /)")]
    fn lookup(vm: &Vm, name: &Value) -> PyResult {
        look_up(vm, name, false)
    }
    /// Return the normal form 'form' for the Unicode string unistr.
    ///
    /// Valid values for form are 'NFC', 'NFKC', 'NFD', and 'NFKD'.
    #[pyfunction(sig = "($self, form, unistr, /)")]
    fn normalize(vm: &Vm, form: &Obj<Str>, unistr: &Obj<Str>) -> PyResult {
        normal_form(vm, form, unistr, Version::Current)
    }
    /// Return whether the Unicode string unistr is in the normal form 'form'.
    ///
    /// Valid values for form are 'NFC', 'NFKC', 'NFD', and 'NFKD'.
    #[pyfunction(sig = "($self, form, unistr, /)")]
    fn is_normalized(vm: &Vm, form: &Obj<Str>, unistr: &Obj<Str>) -> PyResult<bool> {
        is_normal(vm, form, unistr, Version::Current)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<Ucd>());
        module.set(vm, "unidata_version", vm.str(adder_unicode::UNIDATA_VERSION));
        module.set(vm, "ucd_3_2_0", Ref::new(Ucd {}).into());
        Ok(())
    }
}
