//! `select`: waiting for descriptors by `select`, `poll` and `epoll`. CPython's counterpart:
//! `Modules/selectmodule.c`.
//!
//! A wait that a signal cuts short goes on with what is left of its time, after the handlers ran
//! (PEP 475).

use crate::system::{self, FdSet};
use crate::wait::Wait;
use adder_derive::{pyclass, pymethods, pymodule};
use adder_modules_core::support::{Signature, add_ints, descriptor};
use adder_vm::object::Guarded;
use adder_vm::objects::list::List;
use adder_vm::objects::module::Module;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{iter, number};
use adder_vm::runtime::args::{CallArgs, FromArg, VarArgs};
use adder_vm::{Obj, PyResult, Ref, Value, Vm};
use std::cell::Cell;

/// Waits, and goes on waiting after signals.
fn wait<T>(vm: &Vm, mut f: impl FnMut() -> std::io::Result<T>) -> PyResult<T> {
    loop {
        match vm.without_lock(&mut f) {
            Err(e) if e.raw_os_error() == Some(libc::EINTR) => vm.check_signals()?,
            other => return other.map_err(|e| vm.os_error(&e, None)),
        }
    }
}

/// A list of `select`: objects with their descriptors.
fn watched(vm: &Vm, list: &Value) -> PyResult<Vec<(i32, Value)>> {
    if !iter::is_iterable(list) {
        return Err(vm.type_error("arguments 1-3 must be sequences"));
    }
    let mut all = Vec::new();
    let mut add = |object: Value| {
        let fd = descriptor(vm, &object)?;
        if fd >= FdSet::LIMIT {
            return Err(vm.value_error("filedescriptor out of range in select()"));
        }
        if all.len() >= FdSet::LIMIT as usize {
            return Err(vm.value_error("too many file descriptors in select()"));
        }
        all.push((fd, object));
        Ok(())
    };
    match list.downcast::<List>() {
        // A `fileno` method may change the list meanwhile.
        Some(list) => {
            let mut at = 0;
            while let Some(object) = list.get(at) {
                add(object)?;
                at += 1;
            }
        }
        None => iter::collect(vm, list)?.into_iter().try_for_each(add)?,
    }
    Ok(all)
}

/// A number of events, 16 bits without sign.
fn event_mask(vm: &Vm, mask: Option<&Value>) -> PyResult<i16> {
    let Some(mask) = mask else {
        return Ok(libc::POLLIN | libc::POLLPRI | libc::POLLOUT);
    };
    match number::to_i128(vm, mask)? {
        Some(n @ 0..=0xffff) => Ok(n as u16 as i16),
        Some(n) if n < 0 => Err(vm.value_error("value must be positive")),
        _ => Err(vm.overflow_error("Python int too large for C unsigned short")),
    }
}

/// A polling object: descriptors and the events they are watched for.
#[pyclass(name = "select.poll", no_new)]
pub struct Poll {
    #[notrace]
    watched: Guarded<Vec<(i32, i16)>>,
    #[notrace]
    polling: Cell<bool>,
}

/// The timeout of `poll`, in milliseconds.
fn poll_wait(vm: &Vm, timeout: Option<&Value>) -> PyResult<Wait> {
    let Some(timeout) = timeout.filter(|t| !t.is_none()) else { return Ok(Wait::Forever) };
    let millis = match adder_vm::objects::float::as_f64(timeout) {
        Some(millis) => millis,
        None if number::has_index(timeout) => number::to_f64(vm, timeout)?,
        None => {
            return Err(vm.type_error("timeout must be an integer or None"));
        }
    };
    if millis.ceil() > f64::from(i32::MAX) {
        return Err(vm.overflow_error("timeout is too large"));
    }
    if millis < 0.0 { Ok(Wait::Forever) } else { Wait::for_seconds(vm, millis / 1000.0) }
}

#[pymethods]
impl Poll {
    /// Register a file descriptor with the polling object.
    ///
    ///   fd
    ///     either an integer, or an object with a fileno() method returning an int
    ///   eventmask
    ///     an optional bitmask describing the type of events to check for
    #[pymethod(sig = "($self, fd, eventmask=select.POLLIN | select.POLLPRI | select.POLLOUT, /)")]
    fn register(zelf: &Obj<Poll>, vm: &Vm, fd: &Value, eventmask: Option<&Value>) -> PyResult<()> {
        let fd = descriptor(vm, fd)?;
        let mask = event_mask(vm, eventmask)?;
        zelf.watched.with_mut(|all| match all.iter_mut().find(|(known, _)| *known == fd) {
            Some(entry) => entry.1 = mask,
            None => all.push((fd, mask)),
        });
        Ok(())
    }
    /// Modify an already registered file descriptor.
    #[pymethod]
    fn modify(zelf: &Obj<Poll>, vm: &Vm, fd: &Value, eventmask: &Value) -> PyResult<()> {
        let fd = descriptor(vm, fd)?;
        let mask = event_mask(vm, Some(eventmask))?;
        let found = zelf.watched.with_mut(|all| {
            let entry = all.iter_mut().find(|(known, _)| *known == fd);
            entry.map(|entry| entry.1 = mask).is_some()
        });
        if found {
            return Ok(());
        }
        Err(vm.os_error(&std::io::Error::from_raw_os_error(libc::ENOENT), None))
    }
    /// Remove a file descriptor being tracked by the polling object.
    #[pymethod]
    fn unregister(zelf: &Obj<Poll>, vm: &Vm, fd: &Value) -> PyResult<()> {
        let fd = descriptor(vm, fd)?;
        let found = zelf.watched.with_mut(|all| {
            let at = all.iter().position(|(known, _)| *known == fd);
            at.map(|at| all.remove(at)).is_some()
        });
        if found { Ok(()) } else { Err(vm.key_error(&Value::int_unchecked(fd.into()))) }
    }
    /// Polls the set of registered file descriptors.
    ///
    /// Returns a list containing any descriptors that have events or errors to
    /// report, as a list of (fd, event) 2-tuples.
    #[pymethod(sig = "($self, timeout=None, /)")]
    fn poll(zelf: &Obj<Poll>, vm: &Vm, timeout: Option<&Value>) -> PyResult<Vec<Value>> {
        let limit = poll_wait(vm, timeout)?;
        if zelf.polling.replace(true) {
            return Err(vm.runtime_error("concurrent poll() invocation"));
        }
        let mut fds: Vec<libc::pollfd> = zelf.watched.with(|all| {
            all.iter()
                .map(|(fd, events)| libc::pollfd { fd: *fd, events: *events, revents: 0 })
                .collect()
        });
        let result = wait(vm, || system::poll(&mut fds, limit.millis()));
        zelf.polling.set(false);
        result?;
        let ready = fds.iter().filter(|f| f.revents != 0);
        Ok(ready
            .map(|f| {
                let events = i64::from(f.revents as u16);
                Tuple::from_vec(vec![
                    Value::int_unchecked(f.fd.into()),
                    Value::int_unchecked(events),
                ])
                .into()
            })
            .collect())
    }
}

/// select.epoll(sizehint=-1, flags=0)
///
/// Returns an epolling object.
#[pyclass(name = "select.epoll", base_type)]
pub struct Epoll {
    /// -1 when closed.
    #[notrace]
    fd: Cell<i32>,
}

impl Epoll {
    fn open(&self, vm: &Vm) -> PyResult<i32> {
        match self.fd.get() {
            fd if fd >= 0 => Ok(fd),
            _ => Err(vm.value_error("I/O operation on closed epoll object")),
        }
    }
    fn control(&self, vm: &Vm, operation: i32, fd: &Value, events: u32) -> PyResult<()> {
        let epoll = self.open(vm)?;
        let fd = descriptor(vm, fd)?;
        vm.without_lock(|| system::epoll_ctl(epoll, operation, fd, events))
            .map(drop)
            .map_err(|e| vm.os_error(&e, None))
    }
    fn close_now(&self) -> std::io::Result<()> {
        match self.fd.replace(-1) {
            fd if fd >= 0 => system::close(fd).map(drop),
            _ => Ok(()),
        }
    }
    fn wrap(fd: i32, ty: &Obj<Type>) -> Value {
        Ref::with_type(Epoll { fd: Cell::new(fd) }, ty).into()
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        // Nobody is left to be told of an error.
        let _ = self.close_now();
    }
}

const ALL_EVENTS: u32 = (libc::EPOLLIN | libc::EPOLLPRI | libc::EPOLLOUT) as u32;

#[pymethods]
impl Epoll {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<2> = Signature {
            function: "epoll",
            names: ["sizehint", "flags"],
            required: 0,
            positional: 2,
        };
        let [hint, flags] = SIGNATURE.bind(vm, args)?;
        let hint = hint.map_or(Ok(-1), |h| i32::from_value(vm, &h))?;
        let flags = flags.map_or(Ok(0), |f| i32::from_value(vm, &f))?;
        if hint == 0 || hint < -1 {
            return Err(vm.value_error("sizehint must be positive or -1"));
        }
        if flags & !libc::EPOLL_CLOEXEC != 0 {
            return Err(vm.os_error(&std::io::Error::from_raw_os_error(libc::EINVAL), None));
        }
        let fd = system::epoll_create(libc::EPOLL_CLOEXEC).map_err(|e| vm.os_error(&e, None))?;
        Ok(Epoll::wrap(fd, ty))
    }
    /// Create an epoll object from a given control fd.
    #[classmethod]
    fn fromfd(cls: &Value, vm: &Vm, fd: i32) -> PyResult {
        match cls.downcast::<Type>() {
            Some(ty) => Ok(Epoll::wrap(fd, ty)),
            None => Err(vm.type_error("fromfd() needs a class")),
        }
    }
    /// Close the epoll control file descriptor.
    ///
    /// Further operations on the epoll object will raise an exception.
    #[pymethod]
    fn close(zelf: &Obj<Epoll>, vm: &Vm) -> PyResult<()> {
        zelf.close_now().map_err(|e| vm.os_error(&e, None))
    }
    /// Return the epoll control file descriptor.
    #[pymethod]
    fn fileno(zelf: &Obj<Epoll>, vm: &Vm) -> PyResult<i32> {
        zelf.open(vm)
    }
    /// Registers a new fd or raises an OSError if the fd is already registered.
    ///
    ///   fd
    ///     the target file descriptor of the operation
    ///   eventmask
    ///     a bit set composed of the various EPOLL constants
    ///
    /// The epoll interface supports all file descriptors that support poll.
    #[pymethod(sig = "($self, fd, eventmask=select.EPOLLIN | select.EPOLLPRI | select.EPOLLOUT)")]
    fn register(zelf: &Obj<Epoll>, vm: &Vm, fd: &Value, eventmask: Option<u32>) -> PyResult<()> {
        zelf.control(vm, libc::EPOLL_CTL_ADD, fd, eventmask.unwrap_or(ALL_EVENTS))
    }
    /// Modify event mask for a registered file descriptor.
    #[pymethod(sig = "($self, fd, eventmask)")]
    fn modify(zelf: &Obj<Epoll>, vm: &Vm, fd: &Value, eventmask: u32) -> PyResult<()> {
        zelf.control(vm, libc::EPOLL_CTL_MOD, fd, eventmask)
    }
    /// Remove a registered file descriptor from the epoll object.
    #[pymethod(sig = "($self, fd)")]
    fn unregister(zelf: &Obj<Epoll>, vm: &Vm, fd: &Value) -> PyResult<()> {
        zelf.control(vm, libc::EPOLL_CTL_DEL, fd, 0)
    }
    /// Wait for events on the epoll file descriptor.
    ///
    ///   timeout
    ///     the maximum time to wait in seconds (as float);
    ///     a timeout of None or -1 makes poll wait indefinitely
    ///   maxevents
    ///     the maximum number of events returned; -1 means no limit
    ///
    /// Returns a list containing any descriptors that have events to report,
    /// as a list of (fd, events) 2-tuples.
    #[pymethod(sig = "($self, timeout=None, maxevents=-1)")]
    fn poll(
        zelf: &Obj<Epoll>,
        vm: &Vm,
        timeout: Option<&Value>,
        maxevents: Option<i32>,
    ) -> PyResult<Vec<Value>> {
        let epoll = zelf.open(vm)?;
        let limit = match timeout.filter(|t| !t.is_none()) {
            None => Wait::Forever,
            Some(timeout) => match number::to_f64(vm, timeout)? {
                seconds if seconds < 0.0 => Wait::Forever,
                seconds if seconds * 1000.0 > f64::from(i32::MAX) => {
                    return Err(vm.overflow_error("timeout is too large"));
                }
                seconds => Wait::for_seconds(vm, seconds)?,
            },
        };
        let most = match maxevents.unwrap_or(-1) {
            -1 => FdSet::LIMIT - 1,
            n if n > 0 => n,
            n => {
                return Err(vm.value_error(format!("maxevents must be greater than 0, got {n}")));
            }
        };
        // Whoever asks for a million gets them in several calls.
        let most = most.min(1 << 16) as usize;
        let ready = wait(vm, || system::epoll_wait(epoll, most, limit.millis()))?;
        Ok(ready
            .into_iter()
            .map(|(fd, events)| {
                Tuple::from_vec(vec![
                    Value::int_unchecked(fd.into()),
                    Value::int_unchecked(events.into()),
                ])
                .into()
            })
            .collect())
    }
    #[pymethod]
    fn __enter__(zelf: &Obj<Epoll>, vm: &Vm) -> PyResult {
        zelf.open(vm)?;
        Ok(zelf.to_value())
    }
    #[pymethod(sig = "($self, /, *exc_info)")]
    fn __exit__(zelf: &Obj<Epoll>, vm: &Vm, _exc_info: VarArgs) -> PyResult<()> {
        Epoll::close(zelf, vm)
    }
    /// True if the epoll handler is closed
    #[getter]
    fn closed(zelf: &Obj<Epoll>, _vm: &Vm) -> bool {
        zelf.fd.get() < 0
    }
}

/// This module supports asynchronous I/O on multiple file descriptors.
///
/// *** IMPORTANT NOTICE ***
/// On Windows, only sockets are supported; on Unix, all file descriptors.
#[pymodule(name = "select")]
pub mod select {
    use super::*;

    /// Wait until one or more file descriptors are ready for some kind of I/O.
    ///
    /// The first three arguments are iterables of file descriptors to be waited for:
    /// rlist -- wait until ready for reading
    /// wlist -- wait until ready for writing
    /// xlist -- wait for an "exceptional condition"
    /// If only one kind of condition is required, pass [] for the other lists.
    ///
    /// A file descriptor is either a socket or file object, or a small integer
    /// gotten from a fileno() method call on one of those.
    ///
    /// The optional 4th argument specifies a timeout in seconds; it may be
    /// a floating-point number to specify fractions of seconds.  If it is absent
    /// or None, the call will never time out.
    ///
    /// The return value is a tuple of three lists corresponding to the first three
    /// arguments; each contains the subset of the corresponding file descriptors
    /// that are ready.
    #[pyfunction(name = "select", sig = "(rlist, wlist, xlist, timeout=None, /)")]
    fn select_(
        vm: &Vm,
        rlist: &Value,
        wlist: &Value,
        xlist: &Value,
        timeout: Option<&Value>,
    ) -> PyResult<(Vec<Value>, Vec<Value>, Vec<Value>)> {
        let limit = match timeout.filter(|t| !t.is_none()) {
            None => Wait::Forever,
            Some(timeout) => {
                if adder_vm::objects::float::as_f64(timeout).is_none()
                    && !number::has_index(timeout)
                {
                    return Err(vm.type_error("timeout must be a float or None"));
                }
                match number::to_f64(vm, timeout)? {
                    seconds if seconds < 0.0 => {
                        return Err(vm.value_error("timeout must be non-negative"));
                    }
                    seconds => Wait::for_seconds(vm, seconds)?,
                }
            }
        };
        let lists = [watched(vm, rlist)?, watched(vm, wlist)?, watched(vm, xlist)?];
        let most = lists.iter().flatten().map(|(fd, _)| *fd + 1).max().unwrap_or(0);
        let ready = wait(vm, || {
            let mut sets = [FdSet::new(), FdSet::new(), FdSet::new()];
            for (set, list) in sets.iter_mut().zip(&lists) {
                list.iter().for_each(|(fd, _)| set.add(*fd));
            }
            let left = limit.left().map(|left| libc::timeval {
                tv_sec: left.as_secs() as i64,
                tv_usec: left.as_nanos().div_ceil(1000) as i64 % 1_000_000,
            });
            system::select(most, &mut sets, left).map(|_| sets)
        })?;
        let mut found = lists.iter().zip(&ready).map(|(list, set)| {
            list.iter().filter(|(fd, _)| set.has(*fd)).map(|(_, o)| o.clone()).collect::<Vec<_>>()
        });
        let mut next = || found.next().unwrap_or_default();
        Ok((next(), next(), next()))
    }

    /// Returns a polling object.
    ///
    /// This object supports registering and unregistering file descriptors, and then
    /// polling them for I/O events.
    #[pyfunction]
    fn poll(vm: &Vm) -> Ref<Poll> {
        let made = Poll { watched: Guarded::default(), polling: Cell::new(false) };
        Ref::with_type(made, vm.type_object::<Poll>())
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.set(vm, "error", vm.exception_type("OSError").to_value());
        module.add_type(vm, vm.type_object::<Epoll>());
        add_ints(vm, module, CONSTANTS);
        Ok(())
    }
}

macro_rules! constants {
    ($($name:ident)*; $($own:literal = $value:expr,)*) => {
        const CONSTANTS: &[(&str, i64)] =
            &[$((stringify!($name), libc::$name as u32 as i64),)* $(($own, $value),)*];
    };
}

constants! {
    EPOLLIN EPOLLOUT EPOLLPRI EPOLLERR EPOLLHUP EPOLLRDHUP EPOLLET EPOLLONESHOT EPOLLEXCLUSIVE
    EPOLLRDNORM EPOLLRDBAND EPOLLWRNORM EPOLLWRBAND EPOLLMSG EPOLLWAKEUP EPOLL_CLOEXEC;
    "POLLIN" = 1,
    "POLLPRI" = 2,
    "POLLOUT" = 4,
    "POLLERR" = 8,
    "POLLHUP" = 16,
    "POLLNVAL" = 32,
    "POLLRDNORM" = 64,
    "POLLRDBAND" = 128,
    "POLLWRNORM" = 256,
    "POLLWRBAND" = 512,
    "POLLMSG" = 1024,
    "POLLRDHUP" = 8192,
    "PIPE_BUF" = 4096,
}
