//! The part of `posix` that makes children and waits for them.

use super::path::PathArg;
use super::{c_strings, plain, retry};
use crate::system::process::{self as system, FileAction, SpawnSettings};
use adder_derive::pymodule;
use adder_vm::builtin_modules::warnings;
use adder_vm::object::GilCell;
use adder_vm::objects::module::Module;
use adder_vm::objects::struct_sequence;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::{call, iter, number};
use adder_vm::runtime::args::FromArg;
use adder_vm::{Obj, PyResult, Value, Vm};
use std::ffi::CString;

const WAITID: &str = "posix.waitid_result";
const WAITID_FIELDS: [&str; 5] = ["si_pid", "si_uid", "si_signo", "si_status", "si_code"];

/// What runs around a fork: before it, in the child, in the parent.
static HOOKS: GilCell<[Vec<Value>; 3]> = GilCell::new([const { Vec::new() }; 3]);

/// Gives the hooks up.
pub(crate) fn forget() {
    for which in 0..3 {
        drop(HOOKS.with(|hooks| std::mem::take(&mut hooks[which])));
    }
}

fn run_hooks(vm: &Vm, which: usize) {
    let mut hooks = HOOKS.with(|h| h[which].clone());
    if which == 0 {
        hooks.reverse();
    }
    for hook in hooks {
        if let Err(e) = call::call(vm, &hook, &[]) {
            let context = [
                "Exception ignored in: before fork handler",
                "Exception ignored in: after fork in child handler",
                "Exception ignored in: after fork in parent handler",
            ][which];
            vm.unraisable(e, context, Some(&hook));
        }
    }
}

/// In the parent: what other threads held stays held in the child.
fn warn_of_threads(vm: &Vm, name: &str) {
    if !crate::thread::are_others(vm) {
        return;
    }
    let message = format!(
        "This process (pid={}) is multi-threaded, use of {name}() may lead to deadlocks in the child.",
        std::process::id()
    );
    let category = &vm.exceptions().deprecation_warning;
    // There is a child: an exception would hide its number.
    if let Err(e) = warnings::warn(vm, category, &message, 1) {
        vm.unraisable(e, "Exception ignored in fork", None);
    }
}

/// Forks with the registered handlers around it. `f` makes the child.
fn forked<T>(
    vm: &Vm,
    name: &str,
    f: impl FnOnce() -> std::io::Result<T>,
    in_child: impl FnOnce(&T) -> bool,
) -> PyResult<T> {
    run_hooks(vm, 0);
    let result = vm.fork(f, |made| made.as_ref().is_ok_and(in_child));
    match &result {
        Ok((_, true)) => {
            crate::thread::after_fork(vm);
            run_hooks(vm, 1);
        }
        Ok(_) => {
            run_hooks(vm, 2);
            warn_of_threads(vm, name);
        }
        Err(_) => run_hooks(vm, 2),
    }
    result.map(|(made, _)| made).map_err(|e| vm.os_error(&e, None))
}

/// `os.fork()`
pub fn fork(vm: &Vm) -> PyResult<i32> {
    forked(vm, "fork", crate::system::fork, |pid| *pid == 0)
}

/// `NAME=value` lines of an environment.
pub fn environment_lines(vm: &Vm, env: &Value) -> PyResult<Vec<CString>> {
    let mut lines = Vec::new();
    for (name, value) in adder_vm::objects::dict::methods::mapping_items(vm, env)? {
        let (mut line, value) = (PathArg::new(vm, &name)?.bytes, PathArg::new(vm, &value)?.bytes);
        if line.get(1..).is_some_and(|rest| rest.contains(&b'=')) || line.is_empty() {
            return Err(vm.value_error("illegal environment variable name"));
        }
        line.push(b'=');
        line.extend(value);
        lines.push(CString::new(line).unwrap_or_default());
    }
    Ok(lines)
}

fn signals(vm: &Vm, list: Option<&Value>) -> PyResult<Option<Vec<i32>>> {
    let Some(list) = list else { return Ok(None) };
    let mut all = Vec::new();
    for item in iter::collect(vm, list)? {
        match number::to_i128(vm, &item)? {
            Some(n @ 1..=64) => all.push(n as i32),
            Some(n) => {
                return Err(vm.value_error(format!("signal number {n} out of range [1; 64]")));
            }
            None => return Err(vm.overflow_error("Python int too large to convert to C long")),
        }
    }
    Ok(Some(all))
}

fn file_actions(vm: &Vm, list: &Value) -> PyResult<Vec<FileAction>> {
    let mut all = Vec::new();
    for action in iter::collect(vm, list)? {
        let parts = action.downcast::<Tuple>().map(|t| t.items().to_vec()).unwrap_or_default();
        let Some((kind, rest)) = parts.split_first() else {
            return Err(vm.type_error("Each file_actions element must be a non-empty tuple"));
        };
        let number = |v: &Value| i32::from_value(vm, v);
        all.push(match (number(kind), rest) {
            (Ok(0), [fd, path, flags, mode]) => FileAction::Open(
                number(fd)?,
                PathArg::new(vm, path)?.c(),
                number(flags)?,
                u32::from_value(vm, mode)?,
            ),
            (Ok(1), [fd]) => FileAction::Close(number(fd)?),
            (Ok(2), [fd, to]) => FileAction::Dup2(number(fd)?, number(to)?),
            (Ok(0), _) => {
                return Err(vm.type_error("A open file_action tuple must have 5 elements"));
            }
            (Ok(1), _) => {
                return Err(vm.type_error("A close file_action tuple must have 2 elements"));
            }
            (Ok(2), _) => {
                return Err(vm.type_error("A dup2 file_action tuple must have 3 elements"));
            }
            _ => return Err(vm.type_error("Unknown file_actions identifier")),
        });
    }
    Ok(all)
}

/// The arguments of `posix_spawn` and `posix_spawnp`.
struct Spawn<'a> {
    path: &'a PathArg,
    argv: &'a Value,
    env: &'a Value,
    file_actions: Option<&'a Value>,
    setpgroup: Option<i32>,
    resetids: Option<bool>,
    setsid: Option<bool>,
    setsigmask: Option<&'a Value>,
    setsigdef: Option<&'a Value>,
    scheduler: Option<&'a Value>,
}

fn spawn(vm: &Vm, function: &str, spawn: &Spawn<'_>, search: bool) -> PyResult<i32> {
    if !adder_vm::protocol::object::is_sequence(spawn.argv) {
        return Err(vm.type_error(format!("{function}: argv must be a tuple or list")));
    }
    let args = c_strings(vm, spawn.argv)?;
    match args.first() {
        None => return Err(vm.value_error(format!("{function}: argv must not be empty"))),
        Some(first) if first.is_empty() => {
            return Err(vm.value_error(format!("{function}: argv first element cannot be empty")));
        }
        _ => {}
    }
    let environment =
        if spawn.env.is_none() { None } else { Some(environment_lines(vm, spawn.env)?) };
    let scheduler = match spawn.scheduler.filter(|s| !s.is_none()) {
        None => None,
        Some(scheduler) => match scheduler.downcast::<Tuple>().map(|t| t.items()) {
            Some([policy, param]) => {
                let policy =
                    if policy.is_none() { None } else { Some(i32::from_value(vm, policy)?) };
                let priority = param.downcast::<Tuple>().and_then(|t| t.items().first().cloned());
                let Some(priority) = priority else {
                    return Err(vm.type_error("must have a sched_param object"));
                };
                Some((policy, i32::from_value(vm, &priority)?))
            }
            _ => {
                return Err(vm.type_error("A scheduler tuple must have two elements"));
            }
        },
    };
    let settings = SpawnSettings {
        actions: match spawn.file_actions.filter(|a| !a.is_none()) {
            Some(list) => file_actions(vm, list)?,
            None => Vec::new(),
        },
        group: spawn.setpgroup,
        reset_ids: spawn.resetids.unwrap_or(false),
        new_session: spawn.setsid.unwrap_or(false),
        mask: signals(vm, spawn.setsigmask)?,
        defaults: signals(vm, spawn.setsigdef)?,
        scheduler,
    };
    let result = system::spawn(&spawn.path.c(), &args, environment.as_deref(), &settings, search);
    result.map_err(|e| spawn.path.error(vm, &e))
}

/// A `struct_rusage`, as `resource` has it.
fn usage_record(vm: &Vm, u: &libc::rusage) -> Value {
    let time = |t: libc::timeval| Value::float(t.tv_sec as f64 + t.tv_usec as f64 * 1e-6);
    let number = adder_vm::objects::int::from_i64;
    struct_sequence::make(
        vm,
        "resource.struct_rusage",
        &[
            ("ru_utime", time(u.ru_utime)),
            ("ru_stime", time(u.ru_stime)),
            ("ru_maxrss", number(u.ru_maxrss)),
            ("ru_ixrss", number(u.ru_ixrss)),
            ("ru_idrss", number(u.ru_idrss)),
            ("ru_isrss", number(u.ru_isrss)),
            ("ru_minflt", number(u.ru_minflt)),
            ("ru_majflt", number(u.ru_majflt)),
            ("ru_nswap", number(u.ru_nswap)),
            ("ru_inblock", number(u.ru_inblock)),
            ("ru_oublock", number(u.ru_oublock)),
            ("ru_msgsnd", number(u.ru_msgsnd)),
            ("ru_msgrcv", number(u.ru_msgrcv)),
            ("ru_nsignals", number(u.ru_nsignals)),
            ("ru_nvcsw", number(u.ru_nvcsw)),
            ("ru_nivcsw", number(u.ru_nivcsw)),
        ],
    )
}

#[pymodule(name = "posix")]
pub mod process {
    use super::*;

    /// Fork a child process.
    ///
    /// Return 0 to child process and PID of child to parent process.
    #[pyfunction]
    fn fork(vm: &Vm) -> PyResult<i32> {
        super::fork(vm)
    }
    /// Fork a new process with a new pseudo-terminal as controlling tty.
    ///
    /// Returns a tuple of (pid, master_fd).
    /// Like fork(), return pid of 0 to the child process,
    /// and pid of child to the parent process.
    /// To both, return fd of newly opened pseudo-terminal.
    #[pyfunction]
    fn forkpty(vm: &Vm) -> PyResult<(i32, i32)> {
        forked(vm, "forkpty", crate::system::fd::forkpty, |(pid, _)| *pid == 0)
    }
    /// Register callables to be called when forking a new process.
    ///
    ///   before
    ///     A callable to be called in the parent before the fork() syscall.
    ///   after_in_child
    ///     A callable to be called in the child after fork().
    ///   after_in_parent
    ///     A callable to be called in the parent after fork().
    ///
    /// 'before' callbacks are called in reverse order.
    /// 'after_in_child' and 'after_in_parent' callbacks are called in order.
    #[pyfunction(sig = "(*, before=None, after_in_child=None, after_in_parent=None)")]
    fn register_at_fork(
        vm: &Vm,
        before: Option<Value>,
        after_in_child: Option<Value>,
        after_in_parent: Option<Value>,
    ) -> PyResult<()> {
        let given = [
            ("before", before),
            ("after_in_child", after_in_child),
            ("after_in_parent", after_in_parent),
        ];
        if given.iter().all(|(_, hook)| hook.is_none()) {
            return Err(vm.type_error("At least one argument is required."));
        }
        for (name, hook) in &given {
            if let Some(hook) = hook
                && !call::is_callable(hook)
            {
                return Err(
                    vm.type_error(format!("'{name}' must be callable, not {}", hook.ty().name()))
                );
            }
        }
        HOOKS.with(|all| {
            for (list, (_, hook)) in all.iter_mut().zip(given) {
                list.extend(hook);
            }
        });
        Ok(())
    }
    /// Execute the program specified by path in a new process.
    #[pyfunction(
        sig = "(path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, setsigmask=(), setsigdef=(), scheduler=None)"
    )]
    fn posix_spawn(
        vm: &Vm,
        path: PathArg,
        argv: &Value,
        env: &Value,
        file_actions: Option<&Value>,
        setpgroup: Option<i32>,
        resetids: Option<bool>,
        setsid: Option<bool>,
        setsigmask: Option<&Value>,
        setsigdef: Option<&Value>,
        scheduler: Option<&Value>,
    ) -> PyResult<i32> {
        let path = &path;
        let request = Spawn {
            path,
            argv,
            env,
            file_actions,
            setpgroup,
            resetids,
            setsid,
            setsigmask,
            setsigdef,
            scheduler,
        };
        spawn(vm, "posix_spawn", &request, false)
    }
    /// Execute the program specified by path in a new process, looked for along PATH.
    #[pyfunction(
        sig = "(path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, setsigmask=(), setsigdef=(), scheduler=None)"
    )]
    fn posix_spawnp(
        vm: &Vm,
        path: PathArg,
        argv: &Value,
        env: &Value,
        file_actions: Option<&Value>,
        setpgroup: Option<i32>,
        resetids: Option<bool>,
        setsid: Option<bool>,
        setsigmask: Option<&Value>,
        setsigdef: Option<&Value>,
        scheduler: Option<&Value>,
    ) -> PyResult<i32> {
        let path = &path;
        let request = Spawn {
            path,
            argv,
            env,
            file_actions,
            setpgroup,
            resetids,
            setsid,
            setsigmask,
            setsigdef,
            scheduler,
        };
        spawn(vm, "posix_spawnp", &request, true)
    }
    /// Wait for completion of a child process.
    ///
    /// Returns a tuple of information about the child process:
    ///   (pid, status, rusage)
    #[pyfunction(sig = "(options)")]
    fn wait3(vm: &Vm, options: i32) -> PyResult<(i32, i32, Value)> {
        let (pid, status, usage) = plain(vm, retry(vm, || system::wait4(-1, options))?)?;
        Ok((pid, status, usage_record(vm, &usage)))
    }
    /// Wait for completion of a specific child process.
    ///
    /// Returns a tuple of information about the child process:
    ///   (pid, status, rusage)
    #[pyfunction(sig = "(pid, options)")]
    fn wait4(vm: &Vm, pid: i32, options: i32) -> PyResult<(i32, i32, Value)> {
        let (pid, status, usage) = plain(vm, retry(vm, || system::wait4(pid, options))?)?;
        Ok((pid, status, usage_record(vm, &usage)))
    }
    /// Returns the result of waiting for a process or processes.
    ///
    ///   idtype
    ///     Must be one of be P_PID, P_PGID or P_ALL.
    ///   id
    ///     The id to wait on.
    ///   options
    ///     Constructed from the ORing of one or more of WEXITED, WSTOPPED
    ///     or WCONTINUED and additionally may be ORed with WNOHANG or WNOWAIT.
    ///
    /// Returns either waitid_result or None if WNOHANG is specified and there are
    /// no children in a waitable state.
    #[pyfunction]
    fn waitid(vm: &Vm, idtype: u32, id: i32, options: i32) -> PyResult {
        let answer = plain(vm, retry(vm, || system::waitid(idtype, id as u32, options))?)?;
        Ok(match answer {
            None => Value::NONE,
            Some(values) => {
                let values = values.map(|v| Value::int_unchecked(v.into()));
                let fields: Vec<_> = WAITID_FIELDS.into_iter().zip(values).collect();
                struct_sequence::make(vm, WAITID, &fields)
            }
        })
    }
    /// Return True if the process returning status was dumped to a core file.
    #[pyfunction(name = "WCOREDUMP")]
    fn wcoredump(_vm: &Vm, status: i32) -> bool {
        libc::WCOREDUMP(status)
    }
    /// Return True if a particular process was continued from a job control stop.
    #[pyfunction(name = "WIFCONTINUED", sig = "(status)")]
    fn wifcontinued(_vm: &Vm, status: i32) -> bool {
        libc::WIFCONTINUED(status)
    }
    #[pyfunction]
    fn _is_inputhook_installed(_vm: &Vm) -> bool {
        false
    }
    #[pyfunction]
    fn _inputhook(_vm: &Vm) {}

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, &struct_sequence::record_type(vm, WAITID, &WAITID_FIELDS));
        Ok(())
    }
}
