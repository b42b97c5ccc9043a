//! The named records of `sys`: what the machine, its numbers and its options are.

use crate::runtime::vm::Vm;
use crate::value::Value;

/// A named record like `sys.flags`: a tuple whose items have names.
pub fn record(vm: &Vm, name: &'static str, fields: &[(&str, Value)]) -> Value {
    crate::objects::struct_sequence::make(vm, name, fields)
}

pub(super) fn version_info(vm: &Vm) -> Value {
    let int = Value::int_unchecked;
    record(
        vm,
        "sys.version_info",
        &[
            ("major", int(3)),
            ("minor", int(14)),
            ("micro", int(0)),
            ("releaselevel", vm.str("final")),
            ("serial", int(0)),
        ],
    )
}

pub(super) fn flags(vm: &Vm) -> Value {
    let c = vm.config();
    let flag = |b: bool| Value::int_unchecked(b.into());
    let int = |n: u8| Value::int_unchecked(n.into());
    crate::objects::struct_sequence::make_hiding(
        vm,
        "sys.flags",
        &[
            ("debug", flag(false)),
            ("inspect", flag(c.inspect)),
            ("interactive", flag(c.interactive)),
            ("optimize", int(c.optimize)),
            ("dont_write_bytecode", flag(c.dont_write_bytecode)),
            ("no_user_site", flag(c.no_user_site)),
            ("no_site", flag(c.no_site)),
            ("ignore_environment", flag(c.ignore_environment)),
            ("verbose", int(c.verbose)),
            ("bytes_warning", int(c.bytes_warning)),
            ("quiet", flag(c.quiet)),
            ("hash_randomization", flag(c.hash_seed != Some(0))),
            ("isolated", flag(c.isolated)),
            ("dev_mode", Value::bool(c.dev_mode)),
            ("utf8_mode", flag(c.utf8_mode)),
            ("warn_default_encoding", flag(false)),
            ("safe_path", Value::bool(c.safe_path)),
            ("int_max_str_digits", Value::int_unchecked(c.int_max_str_digits as i64)),
        ],
        &[
            ("gil", flag(true)),
            ("thread_inherit_context", flag(false)),
            ("context_aware_warnings", flag(false)),
        ],
    )
}

pub(super) fn float_info(vm: &Vm) -> Value {
    let int = |n: i32| Value::int_unchecked(n.into());
    record(
        vm,
        "sys.float_info",
        &[
            ("max", Value::float(f64::MAX)),
            ("max_exp", int(f64::MAX_EXP)),
            ("max_10_exp", int(f64::MAX_10_EXP)),
            ("min", Value::float(f64::MIN_POSITIVE)),
            ("min_exp", int(f64::MIN_EXP)),
            ("min_10_exp", int(f64::MIN_10_EXP)),
            ("dig", int(15)),
            ("mant_dig", int(53)),
            ("epsilon", Value::float(f64::EPSILON)),
            ("radix", int(2)),
            ("rounds", int(1)),
        ],
    )
}

pub(super) fn int_info(vm: &Vm) -> Value {
    let int = Value::int_unchecked;
    record(
        vm,
        "sys.int_info",
        &[
            ("bits_per_digit", int(30)),
            ("sizeof_digit", int(4)),
            ("default_max_str_digits", int(4300)),
            ("str_digits_check_threshold", int(640)),
        ],
    )
}

pub(super) fn hash_info(vm: &Vm) -> Value {
    let int = Value::int_unchecked;
    record(
        vm,
        "sys.hash_info",
        &[
            ("width", int(64)),
            ("modulus", crate::objects::int::from_i64((1 << 61) - 1)),
            ("inf", int(314_159)),
            ("nan", int(0)),
            ("imag", int(1_000_003)),
            ("algorithm", vm.str("siphash13")),
            ("hash_bits", int(64)),
            ("seed_bits", int(128)),
            ("cutoff", int(0)),
        ],
    )
}
