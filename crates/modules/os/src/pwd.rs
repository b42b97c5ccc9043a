//! `pwd`: the system's users. CPython's counterpart: `Modules/pwdmodule.c`.

use crate::system::{self, User};
use adder_derive::pymodule;
use adder_modules_core::posix::path;
use adder_modules_core::support::{c_name, id_argument};
use adder_vm::objects::int;
use adder_vm::objects::module::Module;
use adder_vm::objects::struct_sequence;
use adder_vm::{Obj, PyResult, Value, Vm};

const NAME: &str = "pwd.struct_passwd";
const FIELDS: [&str; 7] =
    ["pw_name", "pw_passwd", "pw_uid", "pw_gid", "pw_gecos", "pw_dir", "pw_shell"];

fn record(vm: &Vm, user: &User) -> PyResult {
    let [name, password, comment, folder, shell] = &user.texts;
    let text = |bytes: &[u8]| path::decode(vm, bytes);
    let number = |n: u32| int::from_i64(n.into());
    let values = [
        text(name)?,
        text(password)?,
        number(user.uid),
        number(user.gid),
        text(comment)?,
        text(folder)?,
        text(shell)?,
    ];
    let fields: Vec<_> = FIELDS.into_iter().zip(values).collect();
    Ok(struct_sequence::make(vm, NAME, &fields))
}

/// This module provides access to the Unix password database.
/// It is available on all Unix versions.
///
/// Password database entries are reported as 7-tuples containing the following
/// items from the password database (see `<pwd.h>'), in order:
/// pw_name, pw_passwd, pw_uid, pw_gid, pw_gecos, pw_dir, pw_shell.
/// The uid and gid items are integers, all others are strings. An
/// exception is raised if the entry asked for cannot be found.
#[pymodule(name = "pwd")]
pub mod pwd {
    use super::*;

    /// Return the password database entry for the given numeric user ID.
    ///
    /// See `help(pwd)` for more on password database entries.
    #[pyfunction]
    fn getpwuid(vm: &Vm, uidobj: &Value) -> PyResult {
        let missing = || {
            let shown = adder_vm::protocol::object::repr(vm, uidobj);
            let shown = shown.map(|s| s.to_string_lossy()).unwrap_or_default();
            vm.key_error(&vm.str(&format!("getpwuid(): uid not found: {shown}")))
        };
        let uid = match id_argument(vm, uidobj, "uid") {
            Err(e) if e.is(vm.exception_type("OverflowError")) => return Err(missing()),
            other => other?,
        };
        let found = vm.without_lock(|| system::find_user(None, uid));
        match found.map_err(|e| vm.os_error(&e, None))? {
            Some(user) => record(vm, &user),
            None => Err(missing()),
        }
    }

    /// Return the password database entry for the given user name.
    ///
    /// See `help(pwd)` for more on password database entries.
    #[pyfunction]
    fn getpwnam(vm: &Vm, name: &Value) -> PyResult {
        let c = c_name(vm, name, "getpwnam")?;
        let found = vm.without_lock(|| system::find_user(Some(&c), 0));
        match found.map_err(|e| vm.os_error(&e, None))? {
            Some(user) => record(vm, &user),
            None => {
                let shown = adder_vm::protocol::object::repr(vm, name)?;
                let message = format!("getpwnam(): name not found: {}", shown.to_string_lossy());
                Err(vm.key_error(&vm.str(&message)))
            }
        }
    }

    /// Return a list of all available password database entries, in arbitrary order.
    ///
    /// See help(pwd) for more on password database entries.
    #[pyfunction]
    fn getpwall(vm: &Vm) -> PyResult<Vec<Value>> {
        system::all_users().iter().map(|user| record(vm, user)).collect()
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, &struct_sequence::record_type(vm, NAME, &FIELDS));
        Ok(())
    }
}
