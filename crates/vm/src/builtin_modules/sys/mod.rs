//! `sys`: the machine seen from inside. CPython's counterpart: `Python/sysmodule.c`.
//!
//! The hooks are in `hooks.rs`, the records (`sys.flags`, ...) in `info.rs`.

mod hooks;
mod info;
mod monitoring;

pub use hooks::{
    audit, exit_status, flush_streams, report_unraisable, show_uncaught, write_stderr,
};
pub use info::record;

use crate::object::{GilCell, Obj, Ref};
use crate::objects::dict::Dict;
use crate::objects::exceptions::ExcObj;
use crate::objects::frame::{self, FrameObj};
use crate::objects::list::List;
use crate::objects::module::Module;
use crate::objects::namespace::Namespace;
use crate::objects::str_::{Str, intern};
use crate::objects::traceback::Traceback;
use crate::objects::tuple::Tuple;
use crate::objects::type_::{Type, TypeFlags};
use crate::protocol::{call, number, object};
use crate::runtime::args::{KwArgs, VarArgs};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::report;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymodule;
use std::collections::HashMap;

/// Text typed at the prompt, by its file name (`<stdin>-0`), for tracebacks.
static INTERACTIVE: GilCell<Option<HashMap<String, String>>> = GilCell::new(None);

pub fn remember_source(file: &str, source: &str) {
    INTERACTIVE.with(|i| i.get_or_insert_default().insert(file.into(), source.into()));
}
pub fn interactive_source(file: &str) -> Option<String> {
    INTERACTIVE.with(|i| i.as_ref().and_then(|i| i.get(file).cloned()))
}

/// The hooks of `sys.set_asyncgen_hooks`.
static ASYNCGEN_HOOKS: GilCell<(Option<Value>, Option<Value>)> = GilCell::new((None, None));

pub(crate) fn asyncgen_hooks(_vm: &Vm) -> (Option<Value>, Option<Value>) {
    ASYNCGEN_HOOKS.with(|h| h.clone())
}

/// Gives up the hooks.
pub(super) fn forget() {
    drop(ASYNCGEN_HOOKS.with(std::mem::take));
    hooks::forget();
}

pub(super) fn make(vm: &Vm) {
    // The definition's `init` cannot fail: it only binds names.
    if let Ok(module) = Module::from_def(vm, &sys::MODULE) {
        super::enter(vm, "sys", &module);
        if let Ok(monitoring) = Module::from_def(vm, &monitoring::monitoring_module::MODULE) {
            module.set(vm, "monitoring", monitoring.into());
        }
        let _ = vm.interp().sys.set(module);
    }
}

/// This module provides access to some objects used or maintained by the
/// interpreter and to functions that interact strongly with the interpreter.
#[pymodule(name = "sys")]
pub mod sys {
    use super::*;

    /// Exit the interpreter by raising SystemExit(status).
    #[pyfunction(sig = "(status=None, /)")]
    fn exit(vm: &Vm, status: Option<Value>) -> PyResult<()> {
        let args = status.into_iter().collect();
        Err(vm.exception_with_args(&vm.exceptions().system_exit, args))
    }

    /// Return the size of object in bytes.
    #[pyfunction(sig = "(object, default=None)")]
    fn getsizeof(vm: &Vm, object: &Value, default: Option<Value>) -> PyResult {
        let size = match object::call_special(vm, object, &vm.intern("__sizeof__"), &[]) {
            Ok(Some(size)) => number::to_ssize(vm, &size),
            Ok(None) => {
                Err(vm.type_error(format!("Type {} doesn't define __sizeof__", object.ty().name())))
            }
            Err(e) => Err(e),
        };
        match (size, default) {
            (Ok(size), _) if size < 0 => Err(vm.value_error("__sizeof__() should return >= 0")),
            (Ok(size), _) => {
                let tracked = object.head().is_some_and(|h| h.ty().collectable);
                Ok(crate::objects::int::from_i64(size as i64 + if tracked { 8 } else { 0 }))
            }
            (Err(e), Some(default)) if e.is(&vm.exceptions().type_error) => Ok(default),
            (Err(e), _) => Err(e),
        }
    }

    /// Return the number of memory blocks currently allocated.
    #[pyfunction]
    fn getallocatedblocks(_vm: &Vm) -> usize {
        crate::object::heap::blocks_in_use()
    }
    /// Return the reference count of object.
    #[pyfunction]
    fn getrefcount(_vm: &Vm, object: &Value) -> usize {
        object.head().map_or(u32::MAX as usize, |h| h.refcount())
    }

    /// Return the current value of the recursion limit.
    #[pyfunction]
    fn getrecursionlimit(vm: &Vm) -> usize {
        vm.interp().recursion_limit.get()
    }

    /// Set the maximum depth of the Python interpreter stack to n.
    #[pyfunction]
    fn setrecursionlimit(vm: &Vm, limit: i32) -> PyResult<()> {
        if limit < 1 {
            return Err(vm.value_error("recursion limit must be greater or equal than 1"));
        }
        if vm.depth.get() >= limit as usize {
            return Err(vm.recursion_error(format!(
                "cannot set the recursion limit to {limit} at the recursion depth {}: the limit is too low",
                vm.depth.get()
            )));
        }
        vm.interp().recursion_limit.set(limit as usize);
        Ok(())
    }

    /// ``Intern'' the given string.
    #[pyfunction]
    fn intern(vm: &Vm, string: &Value) -> PyResult<Ref<Str>> {
        match string.downcast_exact::<Str>() {
            Some(text) => Ok(super::intern::intern(&text.to_ref())),
            None => Err(vm.type_error(format!(
                "intern() argument must be str, not {}",
                object::type_name_or_none(string)
            ))),
        }
    }

    /// Return current exception information: (type, value, traceback).
    #[pyfunction]
    fn exc_info(vm: &Vm) -> (Value, Value, Value) {
        match vm.handled_exception() {
            Some(exc) => {
                (exc.ty().to_value(), exc.value(), exc.0.traceback().unwrap_or(Value::NONE))
            }
            None => (Value::NONE, Value::NONE, Value::NONE),
        }
    }

    /// Return the current exception.
    #[pyfunction]
    fn exception(vm: &Vm) -> Option<Value> {
        vm.handled_exception().map(|e| e.value())
    }

    /// Return a frame object from the call stack.
    #[pyfunction(sig = "(depth=0, /)")]
    fn _getframe(vm: &Vm, depth: Option<isize>) -> PyResult<Ref<FrameObj>> {
        let mut at = frame::current(vm);
        for _ in 0..depth.unwrap_or(0).max(0) {
            at = at.and_then(|f| f.back(vm));
        }
        at.ok_or_else(|| vm.value_error("call stack is not deep enough"))
    }

    /// Return the name of the module that called.
    #[pyfunction(sig = "(depth=0)")]
    fn _getframemodulename(vm: &Vm, depth: Option<isize>) -> PyResult {
        let mut at = frame::current(vm);
        for _ in 0..depth.unwrap_or(0).max(0) {
            at = at.and_then(|f| f.back(vm));
        }
        let name = at.and_then(|f| f.globals().get_str(&vm.names().__name__));
        Ok(name.unwrap_or(Value::NONE))
    }

    /// Set the global debug tracing function.
    #[pyfunction]
    fn settrace(vm: &Vm, function: Value) {
        drop(vm.trace.replace(Some(function).filter(|f| !f.is_none())));
        vm.watch_again();
    }
    /// Return the global debug tracing function set with sys.settrace.
    #[pyfunction]
    fn gettrace(vm: &Vm) -> Option<Value> {
        vm.trace.get()
    }
    /// Set the profiling function.
    #[pyfunction]
    fn setprofile(vm: &Vm, function: Value) {
        drop(vm.profile.replace(Some(function).filter(|f| !f.is_none())));
        vm.watch_again();
    }
    /// Return the profiling function set with sys.setprofile.
    #[pyfunction]
    fn getprofile(vm: &Vm) -> Option<Value> {
        vm.profile.get()
    }

    /// Print an object to sys.stdout and also save it in builtins._
    #[pyfunction]
    fn displayhook(vm: &Vm, object: Value) -> PyResult<()> {
        if object.is_none() {
            return Ok(());
        }
        let builtins = vm.builtins();
        drop(builtins.insert_str(&vm.intern("_"), Value::NONE));
        let text = object::repr(vm, &object)?;
        let Some(out) = vm.sys_get(&vm.names().stdout).filter(|f| !f.is_none()) else {
            return Err(vm.runtime_error("lost sys.stdout"));
        };
        object::call_method(vm, &out, &vm.names().write, &[text.into()])?;
        object::call_method(vm, &out, &vm.names().write, &[vm.str("\n")])?;
        drop(builtins.insert_str(&vm.intern("_"), object));
        Ok(())
    }

    /// Handle an exception by displaying it with a traceback on sys.stderr.
    #[pyfunction]
    fn excepthook(vm: &Vm, _exctype: &Value, value: &Value, traceback: &Value) {
        if let Some(exc) = value.downcast::<ExcObj>() {
            if exc.traceback().is_none() && traceback.downcast::<Traceback>().is_some() {
                exc.set_traceback(Some(traceback.clone()));
            }
            write_stderr(vm, &report::report(vm, &Exc(exc.to_ref())));
        }
    }

    /// Handle an unraisable exception.
    #[pyfunction]
    fn unraisablehook(vm: &Vm, unraisable: &Value) -> PyResult<()> {
        hooks::show_unraisable(vm, unraisable)
    }

    /// This hook function is called by built-in breakpoint().
    #[pyfunction(sig = "(*args, **kws)")]
    fn breakpointhook(vm: &Vm, args: VarArgs, kws: KwArgs) -> PyResult {
        hooks::breakpoint(vm, &args.0, &kws.0)
    }

    /// Return the current default encoding used by the Unicode implementation.
    #[pyfunction]
    fn getdefaultencoding(_vm: &Vm) -> &'static str {
        "utf-8"
    }
    /// Return the encoding used to convert Unicode filenames to OS filenames.
    #[pyfunction]
    fn getfilesystemencoding(_vm: &Vm) -> &'static str {
        "utf-8"
    }
    /// Return the error mode used for Unicode to OS filename conversion.
    #[pyfunction]
    fn getfilesystemencodeerrors(_vm: &Vm) -> &'static str {
        "surrogateescape"
    }
    /// Return the current thread switch interval.
    #[pyfunction]
    fn getswitchinterval(_vm: &Vm) -> f64 {
        crate::runtime::gil::switch_interval().as_secs_f64()
    }
    /// Set the ideal thread switching delay inside the Python interpreter.
    #[pyfunction]
    fn setswitchinterval(vm: &Vm, interval: f64) -> PyResult<()> {
        if interval.is_nan() || interval <= 0.0 || interval > 1e9 {
            return Err(vm.value_error("switch interval must be strictly positive"));
        }
        crate::runtime::gil::set_switch_interval(std::time::Duration::from_secs_f64(interval));
        Ok(())
    }
    /// Return the maximum string digits limit for non-binary int<->str conversions.
    #[pyfunction]
    fn get_int_max_str_digits(vm: &Vm) -> usize {
        vm.interp().int_max_str_digits.get()
    }
    /// Set the maximum string digits limit for non-binary int<->str conversions.
    #[pyfunction(sig = "(maxdigits)")]
    fn set_int_max_str_digits(vm: &Vm, maxdigits: isize) -> PyResult<()> {
        if maxdigits != 0 && maxdigits < 640 {
            return Err(vm.value_error("maxdigits must be 0 or larger than 640"));
        }
        vm.interp().int_max_str_digits.set(maxdigits as usize);
        Ok(())
    }
    /// Return True if Python is exiting.
    #[pyfunction]
    fn is_finalizing(_vm: &Vm) -> bool {
        crate::runtime::exit::is_finalizing()
    }
    /// Passes the event to any hooks that are attached.
    #[pyfunction(sig = "(event, /, *args)")]
    fn audit(vm: &Vm, event: String, args: VarArgs) -> PyResult<()> {
        hooks::audit(vm, &event, args.0.items())
    }
    /// Adds a new audit hook callback.
    #[pyfunction(sig = "(hook)")]
    fn addaudithook(vm: &Vm, hook: Value) -> PyResult<()> {
        hooks::add_audit_hook(vm, hook)
    }
    /// Call func(*args), while tracing is enabled.
    ///
    /// The tracing state is saved, and restored afterwards.  This is intended
    /// to be called from a debugger from a checkpoint, to recursively debug
    /// some other code.
    #[pyfunction]
    fn call_tracing(vm: &Vm, func: &Value, args: &Obj<Tuple>) -> PyResult {
        let before = vm.tracing.replace(false);
        let result = call::call(vm, func, args.items());
        vm.tracing.set(before);
        result
    }
    /// Return a dict mapping each thread's thread id to its current stack frame.
    #[pyfunction]
    fn _current_frames(vm: &Vm) -> PyResult<Ref<Dict>> {
        let frames = Dict::new_ref();
        for (thread, frame, _) in vm.threads() {
            if let Some(frame) = frame {
                frames.insert(vm, &Value::int_unchecked(thread as i64 + 1), frame.into())?;
            }
        }
        Ok(frames)
    }
    /// Return a dict mapping each thread's identifier to its current raised exception.
    #[pyfunction]
    fn _current_exceptions(vm: &Vm) -> PyResult<Ref<Dict>> {
        let exceptions = Dict::new_ref();
        for (thread, _, exc) in vm.threads() {
            let exc = exc.map_or(Value::NONE, |exc| exc.value());
            exceptions.insert(vm, &Value::int_unchecked(thread as i64 + 1), exc)?;
        }
        Ok(exceptions)
    }
    /// Set the global debug tracing function for all threads.
    #[pyfunction]
    fn _settraceallthreads(vm: &Vm, function: Value) {
        let function = Some(function).filter(|f| !f.is_none());
        vm.each_thread(&mut |thread| {
            drop(thread.trace.replace(function.clone()));
            thread.watch_again();
        });
    }
    /// Set the profiling function for all threads.
    #[pyfunction]
    fn _setprofileallthreads(vm: &Vm, function: Value) {
        let function = Some(function).filter(|f| !f.is_none());
        vm.each_thread(&mut |thread| {
            drop(thread.profile.replace(function.clone()));
            thread.watch_again();
        });
    }
    /// Enables or disables origin tracking for coroutine objects in this thread.
    ///
    /// Coroutine objects will track 'depth' frames of traceback information
    /// about where they came from, available in their cr_origin attribute.
    #[pyfunction(sig = "(depth)")]
    fn set_coroutine_origin_tracking_depth(vm: &Vm, depth: i32) -> PyResult<()> {
        match usize::try_from(depth) {
            Ok(depth) => Ok(vm.origin_depth.set(depth)),
            Err(_) => Err(vm.value_error("depth must be >= 0")),
        }
    }
    /// Check status of origin tracking for coroutine objects in this thread.
    #[pyfunction]
    fn get_coroutine_origin_tracking_depth(vm: &Vm) -> usize {
        vm.origin_depth.get()
    }
    /// Return True if the GIL is currently enabled.
    #[pyfunction]
    fn _is_gil_enabled(_vm: &Vm) -> bool {
        true
    }
    /// Return True if the given object is "immortal": its references are not counted.
    #[pyfunction]
    fn _is_immortal(_vm: &Vm, op: &Value) -> bool {
        op.head().is_none()
    }
    /// Return True if the given string is "interned".
    #[pyfunction]
    fn _is_interned(_vm: &Vm, string: &Obj<Str>) -> bool {
        string.is_interned()
    }
    /// Clear all internal performance-related caches: those of this machine follow what they cache.
    #[pyfunction]
    fn _clear_internal_caches(_vm: &Vm) {}
    /// Clear the internal type lookup cache: it follows the types by their versions.
    #[pyfunction]
    fn _clear_type_cache(_vm: &Vm) {}
    /// Private function for clearing certain descriptors from a type's dictionary.
    #[pyfunction]
    fn _clear_type_descriptors(vm: &Vm, r#type: &Obj<Type>) -> PyResult<()> {
        if r#type.has_flag(TypeFlags::IMMUTABLE) {
            return Err(vm.type_error("argument is immutable"));
        }
        let names = vm.names();
        for name in [&names.__dict__, &names.__weakref__] {
            drop(r#type.dict().remove_str(name));
        }
        r#type.modified();
        Ok(())
    }
    /// Return the number of elements of the unicode interned dictionary.
    #[pyfunction(sig = "(*, _only_immortal=False)")]
    fn getunicodeinternedsize(_vm: &Vm, _only_immortal: Option<bool>) -> usize {
        super::intern::count()
    }
    /// Set the flags used by the interpreter for dlopen calls.
    #[pyfunction]
    fn setdlopenflags(vm: &Vm, flags: i32) {
        vm.interp().dlopen_flags.set(flags);
    }
    /// Return the current value of the flags that are used for dlopen calls.
    #[pyfunction]
    fn getdlopenflags(vm: &Vm) -> i32 {
        vm.interp().dlopen_flags.get()
    }
    /// Return whether a stack profiler trampoline is active: this machine needs none.
    #[pyfunction]
    fn is_stack_trampoline_active(_vm: &Vm) -> bool {
        false
    }
    /// Return True if remote debugging is enabled, False otherwise.
    #[pyfunction]
    fn is_remote_debug_enabled(_vm: &Vm) -> bool {
        false
    }

    /// The number of processors that -X cpu_count names, or -1.
    #[pyfunction]
    fn _get_cpu_count_config(vm: &Vm) -> i64 {
        let options = vm.config().x_options.iter().rev();
        let given = options.filter(|(name, _)| name == "cpu_count").find_map(|(_, v)| v.as_deref());
        given.and_then(|n| n.parse().ok()).filter(|n| *n > 0).unwrap_or(-1)
    }
    /// set_asyncgen_hooks([firstiter] [, finalizer])
    ///
    /// Set a finalizer for async generators objects.
    #[pyfunction(sig = "(firstiter=None, finalizer=None)")]
    fn set_asyncgen_hooks(_vm: &Vm, firstiter: Option<Value>, finalizer: Option<Value>) {
        let hooks = (firstiter.filter(|h| !h.is_none()), finalizer.filter(|h| !h.is_none()));
        let old = ASYNCGEN_HOOKS.with(|h| std::mem::replace(h, hooks));
        drop(old);
    }
    /// Return the installed asynchronous generators hooks.
    #[pyfunction]
    fn get_asyncgen_hooks(vm: &Vm) -> Value {
        let (first, last) = asyncgen_hooks(vm);
        let fields =
            [("firstiter", first), ("finalizer", last)].map(|(n, v)| (n, v.unwrap_or(Value::NONE)));
        info::record(vm, "sys.asyncgen_hooks", &fields)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let config = vm.config();
        let text = |t: &str| vm.str(t);
        let int = Value::int_unchecked;
        let list = |items: &[String]| -> Value {
            List::from_vec(items.iter().map(|i| vm.str(i)).collect()).into()
        };
        let set = |name: &str, value: Value| module.set(vm, name, value);
        set("modules", vm.modules().to_value());
        set("argv", list(&config.argv));
        set("orig_argv", list(&config.argv));
        set("path", list(&config.path));
        set("meta_path", list(&[]));
        set("path_hooks", list(&[]));
        set("path_importer_cache", Dict::new_ref().into());
        set("warnoptions", list(&config.warn_options));
        set("executable", text(&config.executable));
        set("_base_executable", text(&config.executable));
        set("prefix", text(&config.prefix));
        set("exec_prefix", text(&config.prefix));
        set("base_prefix", text(&config.base_prefix));
        set("base_exec_prefix", text(&config.base_prefix));
        set("_stdlib_dir", text(&config.library_root()));
        set("platlibdir", text("lib"));
        set("abiflags", text(""));
        set("_framework", text(""));
        set("_home", Value::NONE);
        set("_git", Tuple::from_vec(vec![text("Adder"), text(""), text("")]).into());
        set("platform", text("linux"));
        set("byteorder", text(if cfg!(target_endian = "little") { "little" } else { "big" }));
        set("maxsize", crate::objects::int::from_i64(i64::MAX));
        set("maxunicode", int(0x10_ffff));
        set("copyright", text("Copyright (c) the Adder developers."));
        set("api_version", int(1013));
        set("hexversion", int(0x030e_00f0));
        set("version", text(&format!("3.14.0 (Adder {}) [Rust]", env!("CARGO_PKG_VERSION"))));
        set("dont_write_bytecode", Value::bool(config.dont_write_bytecode));
        set("pycache_prefix", Value::NONE);
        set("version_info", super::info::version_info(vm));
        let cache_tag = text("adder-314");
        set(
            "implementation",
            Namespace::with_items(
                vm,
                vec![
                    ("name", text("adder")),
                    ("cache_tag", cache_tag),
                    ("version", super::info::version_info(vm)),
                    ("hexversion", int(0x030e_00f0)),
                ],
            ),
        );
        set("flags", super::info::flags(vm));
        set("float_info", super::info::float_info(vm));
        set("int_info", super::info::int_info(vm));
        set("hash_info", super::info::hash_info(vm));
        set(
            "thread_info",
            super::record(
                vm,
                "sys.thread_info",
                &[
                    ("name", text("pthread")),
                    ("lock", text("mutex+cond")),
                    ("version", Value::NONE),
                ],
            ),
        );
        set("float_repr_style", text("short"));
        // The streams come with `_io`, from outside this crate.
        for name in ["stdin", "stdout", "stderr"] {
            set(name, Value::NONE);
            set(&format!("__{name}__"), Value::NONE);
        }
        for name in ["displayhook", "excepthook", "unraisablehook", "breakpointhook"] {
            if let Some(hook) = module.dict().get_str(&vm.intern(name)) {
                set(&format!("__{name}__"), hook);
            }
        }
        let options = Dict::new_ref();
        for (name, value) in &config.x_options {
            let value = value.as_ref().map_or(Value::TRUE, |v| vm.str(v));
            drop(options.insert_str(&vm.intern(name), value));
        }
        set("_xoptions", options.into());
        Ok(())
    }
}

/// Binds a name of `sys`.
pub fn set(vm: &Vm, name: &str, value: Value) {
    if let Some(module) = vm.interp().sys.get() {
        module.set(vm, name, value);
    }
}

/// `-m` puts the file it found in place of `-m`.
pub fn set_argv0(vm: &Vm, file: &str) {
    if let Some(argv) = vm.sys_get(&vm.intern("argv"))
        && let Some(list) = argv.downcast::<List>()
    {
        drop(list.replace(0, vm.str(file)));
    }
}
