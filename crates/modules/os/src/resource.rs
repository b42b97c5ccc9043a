//! `resource`: limits and use of the process. CPython's counterpart: `Modules/resource.c`.

use crate::system;
use adder_derive::pymodule;
use adder_modules_core::support::add_ints;
use adder_vm::objects::int;
use adder_vm::objects::module::Module;
use adder_vm::objects::struct_sequence;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::{iter, number};
use adder_vm::{Obj, PyResult, Ref, Value, Vm};

const NAME: &str = "resource.struct_rusage";
const FIELDS: [&str; 16] = [
    "ru_utime",
    "ru_stime",
    "ru_maxrss",
    "ru_ixrss",
    "ru_idrss",
    "ru_isrss",
    "ru_minflt",
    "ru_majflt",
    "ru_nswap",
    "ru_inblock",
    "ru_oublock",
    "ru_msgsnd",
    "ru_msgrcv",
    "ru_nsignals",
    "ru_nvcsw",
    "ru_nivcsw",
];

fn record(vm: &Vm, u: &libc::rusage) -> Value {
    let time = |t: libc::timeval| Value::float(t.tv_sec as f64 + t.tv_usec as f64 * 1e-6);
    let mut values = vec![time(u.ru_utime), time(u.ru_stime)];
    let numbers = [
        u.ru_maxrss,
        u.ru_ixrss,
        u.ru_idrss,
        u.ru_isrss,
        u.ru_minflt,
        u.ru_majflt,
        u.ru_nswap,
        u.ru_inblock,
        u.ru_oublock,
        u.ru_msgsnd,
        u.ru_msgrcv,
        u.ru_nsignals,
        u.ru_nvcsw,
        u.ru_nivcsw,
    ];
    values.extend(numbers.map(int::from_i64));
    let fields: Vec<_> = FIELDS.into_iter().zip(values).collect();
    struct_sequence::make(vm, NAME, &fields)
}

fn check_resource(vm: &Vm, resource: i32) -> PyResult<u32> {
    match u32::try_from(resource) {
        Ok(n) if n < 16 => Ok(n),
        _ => Err(vm.value_error("invalid resource specified")),
    }
}

/// One limit: -1 (`RLIM_INFINITY`) is none.
fn limit(vm: &Vm, value: &Value) -> PyResult<u64> {
    match number::to_i128(vm, value)? {
        Some(-1) => Ok(libc::RLIM_INFINITY),
        Some(n) if (i64::MIN.into()..=u64::MAX.into()).contains(&n) => Ok(n as u64),
        _ => Err(vm.overflow_error("Python int too large to convert to C long")),
    }
}

fn limits(vm: &Vm, value: &Value) -> PyResult<(u64, u64)> {
    let items = iter::collect(vm, value)?;
    match items.as_slice() {
        [soft, hard] => Ok((limit(vm, soft)?, limit(vm, hard)?)),
        _ => Err(vm.value_error("expected a tuple of 2 integers")),
    }
}

fn shown(limits: (u64, u64)) -> Ref<Tuple> {
    let one = |n: u64| {
        if n == libc::RLIM_INFINITY { int::from_i64(-1) } else { int::from_i128(n.into()) }
    };
    Tuple::from_vec(vec![one(limits.0), one(limits.1)])
}

fn change(vm: &Vm, pid: i32, resource: u32, new: Option<(u64, u64)>) -> PyResult<(u64, u64)> {
    system::rlimit(pid, resource, new).map_err(|e| match e.raw_os_error() {
        Some(libc::EINVAL) => vm.value_error("current limit exceeds maximum limit"),
        Some(libc::EPERM) if pid == 0 => vm.value_error("not allowed to raise maximum limit"),
        _ => vm.os_error(&e, None),
    })
}

#[pymodule(name = "resource")]
pub mod resource {
    use super::*;

    #[pyfunction]
    fn getrusage(vm: &Vm, who: i32) -> PyResult {
        match system::rusage(who) {
            Ok(usage) => Ok(record(vm, &usage)),
            Err(e) if e.raw_os_error() == Some(libc::EINVAL) => {
                Err(vm.value_error("invalid who parameter"))
            }
            Err(e) => Err(vm.os_error(&e, None)),
        }
    }

    #[pyfunction]
    fn getrlimit(vm: &Vm, resource: i32) -> PyResult<Ref<Tuple>> {
        let resource = check_resource(vm, resource)?;
        Ok(shown(change(vm, 0, resource, None)?))
    }

    #[pyfunction]
    fn setrlimit(vm: &Vm, resource: i32, limits: &Value) -> PyResult<()> {
        let resource = check_resource(vm, resource)?;
        let new = super::limits(vm, limits)?;
        change(vm, 0, resource, Some(new)).map(drop)
    }

    /// prlimit(pid, resource, [limits])
    #[pyfunction(sig = "(pid, resource, limits=None, /)")]
    fn prlimit(vm: &Vm, pid: i32, resource: i32, limits: Option<&Value>) -> PyResult<Ref<Tuple>> {
        let resource = check_resource(vm, resource)?;
        let new = limits.filter(|l| !l.is_none()).map(|l| super::limits(vm, l)).transpose()?;
        Ok(shown(change(vm, pid, resource, new)?))
    }

    #[pyfunction]
    fn getpagesize(_vm: &Vm) -> i64 {
        system::page_size()
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.set(vm, "error", vm.exception_type("OSError").to_value());
        module.add_type(vm, &struct_sequence::record_type(vm, NAME, &FIELDS));
        add_ints(vm, module, CONSTANTS);
        Ok(())
    }
}

macro_rules! constants {
    ($($name:ident)*; $($own:literal = $value:expr,)*) => {
        const CONSTANTS: &[(&str, i64)] =
            &[$((stringify!($name), libc::$name as i64),)* $(($own, $value),)*];
    };
}

constants! {
    RLIMIT_CPU RLIMIT_FSIZE RLIMIT_DATA RLIMIT_STACK RLIMIT_CORE RLIMIT_NOFILE RLIMIT_AS RLIMIT_RSS
    RLIMIT_NPROC RLIMIT_MEMLOCK RLIMIT_MSGQUEUE RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_RTTIME
    RLIMIT_SIGPENDING RUSAGE_SELF RUSAGE_CHILDREN RUSAGE_THREAD;
    "RLIMIT_OFILE" = libc::RLIMIT_NOFILE as i64,
    "RLIM_INFINITY" = -1,
}
