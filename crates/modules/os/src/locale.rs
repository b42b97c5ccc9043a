//! `_locale`: the C library's locale. CPython's counterpart: `Modules/_localemodule.c`.

use crate::system;
use adder_derive::pymodule;
use adder_modules_core::posix::path;
use adder_modules_core::support::add_ints;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::list::List;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::{Str, StrBuilder};
use adder_vm::{Exc, Obj, PyResult, Ref, Value, Vm};
use std::ffi::CString;

/// `_locale.Error(message)`
fn error(vm: &Vm, message: &str) -> Exc {
    let class = adder_vm::runtime::import_::import_module(vm, "_locale")
        .and_then(|module| adder_vm::protocol::object::get_attr_str(vm, &module, "Error"));
    let made = class.and_then(|c| adder_vm::protocol::call::call(vm, &c, &[vm.str(message)]));
    match made.map(Value::into_ref) {
        Ok(Ok(exc)) => Exc(exc),
        _ => vm.value_error(message),
    }
}

/// Groups of digits: sizes, ended by 0 (repeat the last) or 127 (no more).
fn grouping(bytes: &[u8]) -> Ref<List> {
    let mut all: Vec<Value> = Vec::new();
    for b in bytes {
        all.push(Value::int_unchecked((*b).into()));
        if *b == 127 {
            return List::from_vec(all);
        }
    }
    if !all.is_empty() {
        all.push(Value::int_unchecked(0));
    }
    List::from_vec(all)
}

fn plain(vm: &Vm, text: &Obj<Str>) -> PyResult<String> {
    match text.to_utf8() {
        Some(text) if text.contains('\0') => Err(vm.value_error("embedded null character")),
        Some(text) => Ok(text),
        None => Err(vm.surrogate_error(text)),
    }
}

/// Support for POSIX locales.
#[pymodule(name = "_locale")]
pub mod locale {
    use super::*;

    /// Activates/queries locale processing.
    #[pyfunction(sig = "(category, locale=None, /)")]
    fn setlocale(vm: &Vm, category: i32, locale: Option<&Value>) -> PyResult {
        let name = match locale.filter(|l| !l.is_none()) {
            None => None,
            Some(locale) => match locale.downcast::<Str>() {
                Some(text) => Some(CString::new(plain(vm, text)?).unwrap_or_default()),
                None => {
                    return Err(vm.type_error(format!(
                        "setlocale() argument 2 must be str or None, not {}",
                        locale.ty().name()
                    )));
                }
            },
        };
        match system::setlocale(category, name.as_deref()) {
            Some(answer) => path::decode(vm, &answer),
            None if name.is_some() => Err(error(vm, "unsupported locale setting")),
            None => Err(error(vm, "locale query failed")),
        }
    }

    /// Returns numeric and monetary locale-specific parameters.
    #[pyfunction]
    fn localeconv(vm: &Vm) -> PyResult<Ref<Dict>> {
        let all = Dict::new_ref();
        if let Some(rules) = system::localeconv() {
            for (name, text) in rules.texts {
                all.insert(vm, &vm.str(name), path::decode(vm, &text)?)?;
            }
            for (name, bytes) in rules.groupings {
                all.insert(vm, &vm.str(name), grouping(&bytes).into())?;
            }
            for (name, number) in rules.numbers {
                all.insert(vm, &vm.str(name), Value::int_unchecked(number))?;
            }
        }
        Ok(all)
    }

    /// Compares two strings according to the locale.
    #[pyfunction]
    fn strcoll(vm: &Vm, os1: &Obj<Str>, os2: &Obj<Str>) -> PyResult<i32> {
        Ok(system::collate(&plain(vm, os1)?, &plain(vm, os2)?))
    }

    /// Return a string that can be used as a key for locale-aware comparisons.
    #[pyfunction]
    fn strxfrm(vm: &Vm, string: &Obj<Str>) -> PyResult<Ref<Str>> {
        let text = plain(vm, string)?;
        let Some(key) = system::transform(&text) else {
            return Err(vm.os_error(&std::io::Error::from_raw_os_error(libc::EINVAL), None));
        };
        let mut out = StrBuilder::with_capacity(key.len());
        // The C library's weights need not be characters.
        key.into_iter().for_each(|c| out.push(c.min(0x10_ffff)));
        out.finish_in(vm)
    }

    /// Return the value for the locale information associated with key.
    #[pyfunction]
    fn nl_langinfo(vm: &Vm, key: i32) -> PyResult {
        if !LANGINFO.iter().any(|(_, known)| *known == i64::from(key)) {
            return Err(vm.value_error("unsupported langinfo constant"));
        }
        path::decode(vm, &system::langinfo(key))
    }

    /// Get the current locale encoding.
    #[pyfunction]
    fn getencoding(vm: &Vm) -> PyResult {
        if vm.config().utf8_mode {
            return Ok(vm.str("utf-8"));
        }
        path::decode(vm, &system::langinfo(libc::CODESET))
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        add_ints(vm, module, LANGINFO);
        add_ints(vm, module, CATEGORIES);
        let bases = [vm.exception_type("Exception")];
        let class =
            adder_vm::objects::type_::declare::exception_subclass(vm, "Error", "locale", &bases);
        module.set(vm, "Error", class);
        Ok(())
    }
}

const CATEGORIES: &[(&str, i64)] = &[
    ("LC_CTYPE", libc::LC_CTYPE as i64),
    ("LC_TIME", libc::LC_TIME as i64),
    ("LC_COLLATE", libc::LC_COLLATE as i64),
    ("LC_MONETARY", libc::LC_MONETARY as i64),
    ("LC_MESSAGES", libc::LC_MESSAGES as i64),
    ("LC_NUMERIC", libc::LC_NUMERIC as i64),
    ("LC_ALL", libc::LC_ALL as i64),
    ("CHAR_MAX", 127),
];

macro_rules! langinfo {
    ($($name:ident)*) => {
        const LANGINFO: &[(&str, i64)] = &[$((stringify!($name), libc::$name as i64)),*];
    };
}

langinfo! {
    DAY_1 DAY_2 DAY_3 DAY_4 DAY_5 DAY_6 DAY_7 ABDAY_1 ABDAY_2 ABDAY_3 ABDAY_4 ABDAY_5 ABDAY_6
    ABDAY_7 MON_1 MON_2 MON_3 MON_4 MON_5 MON_6 MON_7 MON_8 MON_9 MON_10 MON_11 MON_12 ABMON_1
    ABMON_2 ABMON_3 ABMON_4 ABMON_5 ABMON_6 ABMON_7 ABMON_8 ABMON_9 ABMON_10 ABMON_11 ABMON_12
    RADIXCHAR THOUSEP YESEXPR NOEXPR CRNCYSTR D_FMT D_T_FMT T_FMT AM_STR PM_STR T_FMT_AMPM CODESET
    ERA ERA_D_FMT ERA_D_T_FMT ERA_T_FMT ALT_DIGITS
}
