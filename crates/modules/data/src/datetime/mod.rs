//! `_datetime`: dates, times of day, spans between them, and time zones.
//!
//! The calendar's arithmetic is in `calendar.rs`, the way to the process's own zone in `local.rs`,
//! text in `format.rs` and `parse.rs`; each class has a file of its name. CPython's counterpart:
//! `Modules/_datetimemodule.c`.

mod args;
mod calendar;
mod date;
mod date_time;
mod date_time_methods;
mod delta;
mod format;
mod local;
mod parse;
mod pickle;
mod time_of_day;
mod tz;

use adder_derive::pymodule;
use adder_vm::objects::int;
use adder_vm::objects::module::Module;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Vm};

/// Fast implementation of the datetime module.
#[pymodule(name = "_datetime")]
pub mod datetime {
    use super::*;

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<date::Date>());
        module.add_type(vm, vm.type_object::<date_time::DateTime>());
        module.add_type(vm, vm.type_object::<time_of_day::Time>());
        module.add_type(vm, vm.type_object::<delta::Delta>());
        module.add_type(vm, vm.type_object::<tz::TzInfo>());
        module.add_type(vm, vm.type_object::<tz::TimeZone>());
        delta::add_constants(vm)?;
        tz::add_constants(vm)?;
        date::add_constants(vm)?;
        time_of_day::add_constants(vm)?;
        date_time_methods::add_constants(vm)?;
        module.set(vm, "MINYEAR", int::from_i64(calendar::MIN_YEAR));
        module.set(vm, "MAXYEAR", int::from_i64(calendar::MAX_YEAR));
        module.set(vm, "UTC", tz::utc(vm)?);
        Ok(())
    }
}
