//! `grp`: the system's groups. CPython's counterpart: `Modules/grpmodule.c`.

use crate::system::{self, Group};
use adder_derive::pymodule;
use adder_modules_core::posix::path;
use adder_modules_core::support::{c_name, id_argument};
use adder_vm::objects::int;
use adder_vm::objects::list::List;
use adder_vm::objects::module::Module;
use adder_vm::objects::struct_sequence;
use adder_vm::{Obj, PyResult, Value, Vm};

const NAME: &str = "grp.struct_group";
const FIELDS: [&str; 4] = ["gr_name", "gr_passwd", "gr_gid", "gr_mem"];

fn record(vm: &Vm, group: &Group) -> PyResult {
    let members: PyResult<Vec<Value>> = group.members.iter().map(|m| path::decode(vm, m)).collect();
    let password =
        if group.password.is_empty() { Value::NONE } else { path::decode(vm, &group.password)? };
    let values = [
        path::decode(vm, &group.name)?,
        password,
        int::from_i64(group.gid.into()),
        List::from_vec(members?).into(),
    ];
    let fields: Vec<_> = FIELDS.into_iter().zip(values).collect();
    Ok(struct_sequence::make(vm, NAME, &fields))
}

/// Access to the Unix group database.
///
/// Group entries are reported as 4-tuples containing the following fields
/// from the group database, in order:
///
///   name   - name of the group
///   passwd - group password (encrypted); often empty
///   gid    - numeric ID of the group
///   mem    - list of members
///
/// The gid is an integer, name and password are strings.  (Note that most
/// users are not explicitly listed as members of the groups they are in
/// according to the password database.  Check both databases to get
/// complete membership information.)
#[pymodule(name = "grp")]
pub mod grp {
    use super::*;

    /// Return the group database entry for the given numeric group ID.
    ///
    /// If id is not valid, raise KeyError.
    #[pyfunction(sig = "(id)")]
    fn getgrgid(vm: &Vm, id: &Value) -> PyResult {
        let missing = || {
            let shown = adder_vm::protocol::object::repr(vm, id);
            let shown = shown.map(|s| s.to_string_lossy()).unwrap_or_default();
            vm.key_error(&vm.str(&format!("getgrgid(): gid not found: {shown}")))
        };
        let gid = match id_argument(vm, id, "gid") {
            Err(e) if e.is(vm.exception_type("OverflowError")) => return Err(missing()),
            other => other?,
        };
        let found = vm.without_lock(|| system::find_group(None, gid));
        match found.map_err(|e| vm.os_error(&e, None))? {
            Some(group) => record(vm, &group),
            None => Err(missing()),
        }
    }

    /// Return the group database entry for the given group name.
    ///
    /// If name is not valid, raise KeyError.
    #[pyfunction(sig = "(name)")]
    fn getgrnam(vm: &Vm, name: &Value) -> PyResult {
        let c = c_name(vm, name, "getgrnam")?;
        let found = vm.without_lock(|| system::find_group(Some(&c), 0));
        match found.map_err(|e| vm.os_error(&e, None))? {
            Some(group) => record(vm, &group),
            None => {
                let shown = adder_vm::protocol::object::repr(vm, name)?;
                let message = format!("getgrnam(): name not found: {}", shown.to_string_lossy());
                Err(vm.key_error(&vm.str(&message)))
            }
        }
    }

    /// Return a list of all available group entries, in arbitrary order.
    ///
    /// An entry whose name starts with '+' or '-' represents an instruction
    /// to use YP/NIS and may not be accessible via getgrnam or getgrgid.
    #[pyfunction]
    fn getgrall(vm: &Vm) -> PyResult<Vec<Value>> {
        system::all_groups().iter().map(|group| record(vm, group)).collect()
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, &struct_sequence::record_type(vm, NAME, &FIELDS));
        Ok(())
    }
}
