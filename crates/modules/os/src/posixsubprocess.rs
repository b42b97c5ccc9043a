//! `_posixsubprocess`: starting programs for `subprocess`. CPython's counterpart:
//! `Modules/_posixsubprocess.c`.

use crate::system::{self, Child};
use adder_derive::pymodule;
use adder_modules_core::posix::{self, path::PathArg};
use adder_modules_core::support::id_argument;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::{iter, object};
use adder_vm::{PyResult, Value, Vm};
use std::ffi::CString;

fn c_strings(vm: &Vm, list: &Value) -> PyResult<Vec<CString>> {
    iter::collect(vm, list)?.iter().map(|item| PathArg::new(vm, item).map(|p| p.c())).collect()
}

/// The descriptors to be passed on, which must be given in rising order.
fn kept(vm: &Vm, list: &Value) -> PyResult<Vec<i32>> {
    let wrong = || vm.value_error("bad value(s) in fds_to_keep");
    let Some(tuple) = list.downcast::<Tuple>() else {
        return Err(vm.type_error(format!(
            "fork_exec() argument 4 must be tuple, not {}",
            object::type_name_or_none(list)
        )));
    };
    let mut all: Vec<i32> = Vec::new();
    for item in tuple.items() {
        let Some(fd) = adder_vm::objects::int::to_i64_exact(item) else { return Err(wrong()) };
        match i32::try_from(fd) {
            Ok(fd) if fd >= 0 && all.last().is_none_or(|last| *last < fd) => all.push(fd),
            _ => return Err(wrong()),
        }
    }
    Ok(all)
}

/// A POSIX helper for the subprocess module.
#[pymodule(name = "_posixsubprocess")]
pub mod posixsubprocess {
    use super::*;

    /// Spawn a fresh new child process.
    ///
    /// Fork a child process, close parent file descriptors as appropriate in the
    /// child and duplicate the few that are needed before calling exec() in the
    /// child process.
    ///
    /// If close_fds is True, close file descriptors 3 and higher, except those listed
    /// in the sorted tuple pass_fds.
    ///
    /// The preexec_fn, if supplied, will be called immediately before closing file
    /// descriptors and exec.
    ///
    /// Returns: the child process's PID.
    ///
    /// Raises: Only on an error in the parent process.
    #[pyfunction(
        sig = "(args, executable_list, close_fds, pass_fds, cwd, env, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, errpipe_read, errpipe_write, restore_signals, call_setsid, pgid_to_set, gid, extra_groups, uid, child_umask, preexec_fn, /)"
    )]
    fn fork_exec(
        vm: &Vm,
        args: &Value,
        executable_list: &Value,
        close_fds: bool,
        pass_fds: &Value,
        cwd: &Value,
        env: &Value,
        p2cread: i32,
        p2cwrite: i32,
        c2pread: i32,
        c2pwrite: i32,
        errread: i32,
        errwrite: i32,
        errpipe_read: i32,
        errpipe_write: i32,
        restore_signals: bool,
        call_setsid: bool,
        pgid_to_set: i32,
        gid: &Value,
        extra_groups: &Value,
        uid: &Value,
        child_umask: i32,
        preexec_fn: &Value,
    ) -> PyResult<i32> {
        let keep = kept(vm, pass_fds)?;
        if close_fds && errpipe_write < 3 {
            return Err(vm.value_error("errpipe_write must be >= 3"));
        }
        let programs = c_strings(vm, executable_list)?;
        let args = if args.is_none() { Vec::new() } else { c_strings(vm, args)? };
        let environment = if env.is_none() { None } else { Some(c_strings(vm, env)?) };
        let cwd = if cwd.is_none() { None } else { Some(PathArg::new(vm, cwd)?.c()) };
        let id = |value: &Value, what: &str| -> PyResult<Option<u32>> {
            if value.is_none() { Ok(None) } else { id_argument(vm, value, what).map(Some) }
        };
        let groups = if extra_groups.is_none() {
            None
        } else {
            let mut all = Vec::new();
            for group in iter::collect(vm, extra_groups)? {
                if !adder_vm::objects::int::is_int(&group) {
                    return Err(vm.type_error("groups must be integers"));
                }
                all.push(id_argument(vm, &group, "gid")?);
            }
            Some(all)
        };
        let child = Child {
            programs: &programs,
            args: &args,
            environment: environment.as_deref(),
            cwd: cwd.as_deref(),
            pipes: [(p2cwrite, p2cread), (c2pread, c2pwrite), (errread, errwrite)],
            error_pipe: errpipe_write,
            keep: &keep,
            close_fds,
            restore_signals,
            new_session: call_setsid,
            group: (pgid_to_set >= 0).then_some(pgid_to_set),
            gid: id(gid, "gid")?,
            groups: groups.as_deref(),
            uid: id(uid, "uid")?,
            umask: child_umask,
        };
        let _ = errpipe_read;
        if preexec_fn.is_none() {
            return system::fork_exec(&child).map_err(|e| vm.os_error(&e, None));
        }
        // Python code runs in the child: a fork like `os.fork`, with its handlers.
        let pid = posix::fork(vm)?;
        if pid != 0 {
            return Ok(pid);
        }
        let called = adder_vm::protocol::call::call(vm, preexec_fn, &[]);
        match called {
            Ok(_) => system::exec_in_child(&child),
            Err(_) => system::fail_in_child(
                &child,
                b"SubprocessError:0:Exception occurred in preexec_fn.",
            ),
        }
    }
}
