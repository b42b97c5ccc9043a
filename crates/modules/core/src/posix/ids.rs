//! The part of `posix` on users, groups, sessions, priorities and scheduling.

use super::path::PathArg;
use super::plain;
use crate::support::{Signature, id_argument};
use crate::system::process as system;
use adder_derive::pymodule;
use adder_vm::objects::int;
use adder_vm::objects::module::Module;
use adder_vm::objects::set::Set;
use adder_vm::objects::struct_sequence;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::{iter, number};
use adder_vm::{Obj, PyResult, Value, Vm};

const PARAM: &str = "posix.sched_param";

fn triple(ids: [u32; 3]) -> (u32, u32, u32) {
    (ids[0], ids[1], ids[2])
}

/// The priority in a `sched_param`.
fn priority(vm: &Vm, param: &Value) -> PyResult<i32> {
    let ty = struct_sequence::record_type(vm, PARAM, &["sched_priority"]);
    let item = match param.downcast::<Tuple>() {
        Some(tuple) if param.ty().is_subtype(&ty) => tuple.items().first().cloned(),
        _ => None,
    };
    let Some(item) = item else {
        return Err(vm.type_error("must have a sched_param object"));
    };
    let wide = number::to_i128(vm, &item)?;
    wide.and_then(|n| i32::try_from(n).ok())
        .ok_or_else(|| vm.overflow_error("sched_priority out of range"))
}

fn param(vm: &Vm, priority: i32) -> Value {
    struct_sequence::make(vm, PARAM, &[("sched_priority", Value::int_unchecked(priority.into()))])
}

#[pymodule(name = "posix")]
pub mod ids {
    use super::*;

    /// Set the current process's user id.
    #[pyfunction]
    fn setuid(vm: &Vm, uid: &Value) -> PyResult<()> {
        let uid = id_argument(vm, uid, "uid")?;
        plain(vm, system::setuid(uid)).map(drop)
    }
    /// Set the current process's effective user id.
    #[pyfunction]
    fn seteuid(vm: &Vm, euid: &Value) -> PyResult<()> {
        let uid = id_argument(vm, euid, "uid")?;
        plain(vm, system::seteuid(uid)).map(drop)
    }
    /// Set the current process's group id.
    #[pyfunction]
    fn setgid(vm: &Vm, gid: &Value) -> PyResult<()> {
        let gid = id_argument(vm, gid, "gid")?;
        plain(vm, system::setgid(gid)).map(drop)
    }
    /// Set the current process's effective group id.
    #[pyfunction]
    fn setegid(vm: &Vm, egid: &Value) -> PyResult<()> {
        let gid = id_argument(vm, egid, "gid")?;
        plain(vm, system::setegid(gid)).map(drop)
    }
    /// Set the current process's real and effective user ids.
    #[pyfunction]
    fn setreuid(vm: &Vm, ruid: &Value, euid: &Value) -> PyResult<()> {
        let (real, effective) = (id_argument(vm, ruid, "uid")?, id_argument(vm, euid, "uid")?);
        plain(vm, system::setreuid(real, effective)).map(drop)
    }
    /// Set the current process's real and effective group ids.
    #[pyfunction]
    fn setregid(vm: &Vm, rgid: &Value, egid: &Value) -> PyResult<()> {
        let (real, effective) = (id_argument(vm, rgid, "gid")?, id_argument(vm, egid, "gid")?);
        plain(vm, system::setregid(real, effective)).map(drop)
    }
    /// Set the current process's real, effective, and saved user ids.
    #[pyfunction]
    fn setresuid(vm: &Vm, ruid: &Value, euid: &Value, suid: &Value) -> PyResult<()> {
        let id = |v: &Value| id_argument(vm, v, "uid");
        plain(vm, system::setresuid(id(ruid)?, id(euid)?, id(suid)?)).map(drop)
    }
    /// Set the current process's real, effective, and saved group ids.
    #[pyfunction]
    fn setresgid(vm: &Vm, rgid: &Value, egid: &Value, sgid: &Value) -> PyResult<()> {
        let id = |v: &Value| id_argument(vm, v, "gid");
        plain(vm, system::setresgid(id(rgid)?, id(egid)?, id(sgid)?)).map(drop)
    }
    /// Return a tuple of the current process's real, effective, and saved user ids.
    #[pyfunction]
    fn getresuid(vm: &Vm) -> PyResult<(u32, u32, u32)> {
        plain(vm, system::getresuid()).map(triple)
    }
    /// Return a tuple of the current process's real, effective, and saved group ids.
    #[pyfunction]
    fn getresgid(vm: &Vm) -> PyResult<(u32, u32, u32)> {
        plain(vm, system::getresgid()).map(triple)
    }
    /// Return list of supplemental group IDs for the process.
    #[pyfunction]
    fn getgroups(vm: &Vm) -> PyResult<Vec<Value>> {
        let groups = plain(vm, system::getgroups())?;
        Ok(groups.into_iter().map(|g| int::from_i64(g.into())).collect())
    }
    /// Set the groups of the current process to list.
    #[pyfunction]
    fn setgroups(vm: &Vm, groups: &Value) -> PyResult<()> {
        if !adder_vm::protocol::object::is_sequence(groups) {
            return Err(vm.type_error("setgroups argument must be a sequence"));
        }
        let mut all = Vec::new();
        for group in iter::collect(vm, groups)? {
            if !int::is_int(&group) {
                return Err(vm.type_error("groups must be integers"));
            }
            all.push(id_argument(vm, &group, "gid")?);
        }
        plain(vm, system::setgroups(&all)).map(drop)
    }
    /// Initialize the group access list.
    ///
    /// Call the system initgroups() to initialize the group access list with all of
    /// the groups of which the specified username is a member, plus the specified
    /// group id.
    #[pyfunction]
    fn initgroups(vm: &Vm, username: PathArg, gid: &Value) -> PyResult<()> {
        let gid = id_argument(vm, gid, "gid")?;
        plain(vm, system::initgroups(&username.c(), gid)).map(drop)
    }
    /// Returns a list of groups to which a user belongs.
    #[pyfunction]
    fn getgrouplist(vm: &Vm, user: PathArg, group: &Value) -> PyResult<Vec<Value>> {
        let group = id_argument(vm, group, "gid")?;
        let groups = plain(vm, system::getgrouplist(&user.c(), group))?;
        Ok(groups.into_iter().map(|g| int::from_i64(g.into())).collect())
    }
    /// Return the actual login name.
    #[pyfunction]
    fn getlogin(vm: &Vm) -> PyResult {
        let name = plain(vm, system::getlogin())?;
        super::super::path::decode(vm, &name)
    }
    /// Call the system call getpgid(), and return the result.
    #[pyfunction(sig = "(pid)")]
    fn getpgid(vm: &Vm, pid: i32) -> PyResult<i32> {
        plain(vm, system::getpgid(pid))
    }
    /// Call the system call setpgid(pid, pgrp).
    #[pyfunction]
    fn setpgid(vm: &Vm, pid: i32, pgrp: i32) -> PyResult<()> {
        plain(vm, system::setpgid(pid, pgrp)).map(drop)
    }
    /// Make the current process the leader of its process group.
    #[pyfunction]
    fn setpgrp(vm: &Vm) -> PyResult<()> {
        plain(vm, system::setpgid(0, 0)).map(drop)
    }
    /// Call the system call getsid(pid) and return the result.
    #[pyfunction]
    fn getsid(vm: &Vm, pid: i32) -> PyResult<i32> {
        plain(vm, system::getsid(pid))
    }

    // ---- priorities ----

    /// Return program scheduling priority.
    #[pyfunction(sig = "(which, who)")]
    fn getpriority(vm: &Vm, which: i32, who: i32) -> PyResult<i32> {
        plain(vm, system::getpriority(which, who as u32))
    }
    /// Set program scheduling priority.
    #[pyfunction(sig = "(which, who, priority)")]
    fn setpriority(vm: &Vm, which: i32, who: i32, priority: i32) -> PyResult<()> {
        plain(vm, system::setpriority(which, who as u32, priority)).map(drop)
    }
    /// Add increment to the priority of process and return the new priority.
    #[pyfunction]
    fn nice(vm: &Vm, increment: i32) -> PyResult<i32> {
        plain(vm, system::nice(increment))
    }
    /// Return average recent system load information.
    ///
    /// Return the number of processes in the system run queue averaged over
    /// the last 1, 5, and 15 minutes as a tuple of three floats.
    /// Raises OSError if the load average was unobtainable.
    #[pyfunction]
    fn getloadavg(vm: &Vm) -> PyResult<(f64, f64, f64)> {
        match system::getloadavg() {
            Some([one, five, fifteen]) => Ok((one, five, fifteen)),
            None => {
                let message = "Load averages are unobtainable".to_string();
                Err(vm.exception(vm.exception_type("OSError"), message))
            }
        }
    }

    // ---- scheduling ----

    /// Get the maximum scheduling priority for policy.
    #[pyfunction(sig = "(policy)")]
    fn sched_get_priority_max(vm: &Vm, policy: i32) -> PyResult<i32> {
        plain(vm, system::sched_get_priority_max(policy))
    }
    /// Get the minimum scheduling priority for policy.
    #[pyfunction(sig = "(policy)")]
    fn sched_get_priority_min(vm: &Vm, policy: i32) -> PyResult<i32> {
        plain(vm, system::sched_get_priority_min(policy))
    }
    /// Get the scheduling policy for the process identified by pid.
    #[pyfunction]
    fn sched_getscheduler(vm: &Vm, pid: i32) -> PyResult<i32> {
        plain(vm, system::sched_getscheduler(pid))
    }
    /// Set the scheduling policy for the process identified by pid.
    #[pyfunction]
    fn sched_setscheduler(vm: &Vm, pid: i32, policy: i32, param: &Value) -> PyResult<()> {
        let priority = priority(vm, param)?;
        plain(vm, system::sched_setscheduler(pid, policy, priority)).map(drop)
    }
    /// Returns scheduling parameters for the process identified by pid.
    #[pyfunction]
    fn sched_getparam(vm: &Vm, pid: i32) -> PyResult {
        Ok(super::param(vm, plain(vm, system::sched_getparam(pid))?))
    }
    /// Set scheduling parameters for the process identified by pid.
    #[pyfunction]
    fn sched_setparam(vm: &Vm, pid: i32, param: &Value) -> PyResult<()> {
        let priority = priority(vm, param)?;
        plain(vm, system::sched_setparam(pid, priority)).map(drop)
    }
    /// Return the round-robin quantum for the process identified by pid, in seconds.
    #[pyfunction]
    fn sched_rr_get_interval(vm: &Vm, pid: i32) -> PyResult<f64> {
        plain(vm, system::sched_rr_get_interval(pid))
    }
    /// Return the affinity of the process identified by pid (or the current process if zero).
    ///
    /// The affinity is returned as a set of CPU identifiers.
    #[pyfunction]
    fn sched_getaffinity(vm: &Vm, pid: i32) -> PyResult {
        let all = Set::new_ref();
        for cpu in plain(vm, system::sched_getaffinity(pid))? {
            all.add(vm, &Value::int_unchecked(cpu as i64))?;
        }
        Ok(all.into())
    }
    /// Set the CPU affinity of the process identified by pid to mask.
    #[pyfunction]
    fn sched_setaffinity(vm: &Vm, pid: i32, mask: &Value) -> PyResult<()> {
        let mut cpus = Vec::new();
        for item in iter::collect(vm, mask)? {
            if !int::is_int(&item) {
                return Err(vm.type_error(format!(
                    "expected an iterator of ints, but iterator yielded '{}'",
                    item.ty().name()
                )));
            }
            match int::to_i64_exact(&item) {
                Some(n) if n < 0 => return Err(vm.value_error("negative CPU number")),
                Some(n) if n < 1 << 20 => cpus.push(n as usize),
                _ => return Err(vm.overflow_error("CPU number too large")),
            }
        }
        plain(vm, system::sched_setaffinity(pid, &cpus)).map(drop)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let ty = struct_sequence::record_type(vm, PARAM, &["sched_priority"]);
        // The constructor takes the number itself, not a sequence.
        ty.slots.set_new(|vm, ty, args| {
            const SIGNATURE: Signature<1> = Signature {
                function: "sched_param",
                names: ["sched_priority"],
                required: 1,
                positional: 1,
            };
            let [priority] = SIGNATURE.bind(vm, args)?;
            let items = vec![priority.unwrap_or(Value::NONE)];
            Ok(Tuple::build_hiding(items, 0, ty).into())
        });
        module.add_type(vm, &ty);
        Ok(())
    }
}
