//! Import: `__import__`, on the library's `importlib`, which finds and loads; and the native modules.
//!
//! `importlib._bootstrap` runs at start-up from the library inside the binary; from then on an import
//! that `sys.modules` does not answer is its `_find_and_load`. Without a library only native modules
//! can be imported. CPython's counterpart: `Python/import.c`; `_imp` is in
//! `builtin_modules/imp.rs`.

use crate::object::{GilCell, Obj, Ref};
use crate::objects::dict::Dict;
use crate::objects::module::{Module, ModuleDef};
use crate::objects::set::Set;
use crate::objects::str_::Str;
use crate::objects::traceback::Traceback;
use crate::objects::tuple::Tuple;
use crate::protocol::{call, object};
use crate::runtime::enter;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::frozen::FrozenModule;
use crate::runtime::import_time;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::sync::OnceLock;

// ---- start-up ----

/// Starts the import system: native modules are registered, the library is set. Runs once.
///
/// # Errors
/// What the library's start-up code raises.
pub fn bootstrap(vm: &Vm) -> PyResult<()> {
    let sys = crate::builtin_modules::sys::set;
    sys(vm, "builtin_module_names", native_names(vm).into());
    sys(vm, "stdlib_module_names", stdlib_names(vm));
    let Some(frozen) = vm.frozen("_frozen_importlib") else { return Ok(()) };
    let importlib = Module::new_ref(vm, "_frozen_importlib", None);
    drop(vm.modules().insert_str(&vm.intern("_frozen_importlib"), importlib.to_value()));
    importlib.set(vm, "__origname__", vm.str("importlib._bootstrap"));
    run_frozen(vm, &importlib, &frozen)?;
    let sys_module = vm.interp().sys.get().map_or(Value::NONE, |m| m.to_value());
    let imp = native(vm, "_imp")?.to_value();
    drop(vm.modules().insert_str(&vm.intern("_imp"), imp.clone()));
    call_bootstrap(vm, &importlib, "_install", &[sys_module, imp])?;
    let _ = vm.interp().importlib.set(importlib.clone());
    call_bootstrap(vm, &importlib, "_install_external_importers", &[])?;
    if vm.config().stdlib.is_none() {
        let importer = import_module(vm, "_library_importer")?;
        object::call_method(vm, &importer, &vm.intern("_install"), &[])?;
    }
    let zipimport = import_module(vm, "zipimport")?;
    let hook = object::get_attr_str(vm, &zipimport, "zipimporter")?;
    if let Some(hooks) = vm.sys_get(&vm.intern("path_hooks")) {
        let at = Value::int_unchecked(0);
        object::call_method(vm, &hooks, &vm.intern("insert"), &[at, hook])?;
    }
    Ok(())
}

fn call_bootstrap(vm: &Vm, importlib: &Obj<Module>, name: &str, args: &[Value]) -> PyResult {
    match importlib.dict().get_str(&vm.intern(name)) {
        Some(function) => call::call(vm, &function, args),
        None => Err(vm.import_error(format!("importlib has no {name}"))),
    }
}

/// Runs a frozen module's code in a module.
pub fn run_frozen(vm: &Vm, module: &Obj<Module>, frozen: &FrozenModule) -> PyResult<()> {
    let code = crate::objects::code::Code::of_library(vm, frozen.code, &frozen.file)?;
    let dict = module.dict().to_ref();
    if dict.get_str(&vm.intern("__builtins__")).is_none() {
        module.set(vm, "__builtins__", builtins_module(vm));
    }
    enter::run_code(vm, &code, &dict, dict.to_value(), None).map(drop)
}

fn builtins_module(vm: &Vm) -> Value {
    vm.interp().builtins_module.get().map_or_else(|| vm.builtins().to_value(), |m| m.to_value())
}

// ---- native modules ----

/// Registers a native module.
pub fn add_native(vm: &Vm, def: &'static ModuleDef) {
    vm.interp().native_modules.with_mut(|all| all.push(def));
}

/// Is there a native module of this name?
pub fn is_native(vm: &Vm, name: &str) -> bool {
    vm.interp().native_modules.with(|all| all.iter().any(|def| def.name == name))
}

/// A native module, made anew but for `sys` and `builtins`.
pub fn native(vm: &Vm, name: &str) -> PyResult<Ref<Module>> {
    let made = match name {
        "sys" => vm.interp().sys.get(),
        "builtins" => vm.interp().builtins_module.get(),
        _ => None,
    };
    if let Some(module) = made {
        return Ok(module.clone());
    }
    let def =
        vm.interp().native_modules.with(|all| all.iter().find(|def| def.name == name).copied());
    match def {
        Some(def) => Module::from_def(vm, def),
        None => Err(not_found(vm, name)),
    }
}

/// Names of all native modules, sorted: `sys.builtin_module_names`.
pub fn native_names(vm: &Vm) -> Ref<Tuple> {
    let mut names: Vec<&str> =
        vm.interp().native_modules.with(|all| all.iter().map(|def| def.name).collect());
    names.sort_unstable();
    Tuple::from_vec(names.into_iter().map(|n| vm.intern(n).into()).collect())
}

/// `sys.stdlib_module_names`
fn stdlib_names(vm: &Vm) -> Value {
    let names: Vec<Value> = crate::builtin_modules::stdlib_names::STDLIB_NAMES
        .iter()
        .map(|name| vm.intern(name).into())
        .collect();
    Set::frozen_from(vm, &names)
}

// ---- finding and loading ----

fn not_found(vm: &Vm, name: &str) -> Exc {
    let message = format!("No module named '{name}'");
    let exc = vm.module_not_found_error(message.clone());
    exc.0.set_field(vm, "msg", vm.str(&message));
    exc.0.set_field(vm, "name", vm.str(name));
    exc
}

/// `importlib.import_module(name)` for Rust code: the module itself, not its top package.
pub fn import_module(vm: &Vm, name: &str) -> PyResult {
    let name = vm.intern(name);
    match loaded(vm, &name)? {
        Some(module) => Ok(module),
        None => find_and_load(vm, &name),
    }
}

/// A module that `sys.modules` has, initialised as far as another thread may still be doing it.
fn loaded(vm: &Vm, name: &Ref<Str>) -> PyResult<Option<Value>> {
    let Some(module) = vm.modules().get_str(name).filter(|m| !m.is_none()) else { return Ok(None) };
    let Some(importlib) = vm.interp().importlib.get() else { return Ok(Some(module)) };
    if let Some(spec) = object::lookup_attr(vm, &module, &vm.names().__spec__)?
        && let Some(flag) = object::lookup_attr(vm, &spec, &vm.names()._initializing)?
        && object::is_true(vm, &flag)?
    {
        call_bootstrap(vm, importlib, "_lock_unlock_module", &[name.to_value()])?;
    }
    Ok(Some(module))
}

/// Imports that have not ended, and how many have begun since there were none.
#[derive(Clone, Copy)]
struct Imports {
    depth: usize,
    begun: usize,
}

static UNDER_WAY: GilCell<Imports> = GilCell::new(Imports { depth: 0, begun: 0 });
static LISTENER: OnceLock<fn(usize)> = OnceLock::new();

/// Asks to be told when an import has ended within no other, and how many modules were looked for; only the
/// first one who asks is.
pub fn listen(listener: fn(usize)) {
    let _ = LISTENER.set(listener);
}

fn ended() {
    let last = UNDER_WAY.with(|imports| {
        imports.depth = imports.depth.saturating_sub(1);
        (imports.depth == 0).then(|| std::mem::take(&mut imports.begun))
    });
    if let (Some(modules), Some(listener)) = (last, LISTENER.get()) {
        listener(modules);
    }
}

/// Asks importlib; its own frames are taken out of the traceback of what it raises.
fn find_and_load(vm: &Vm, name: &Ref<Str>) -> PyResult {
    let Some(importlib) = vm.interp().importlib.get() else {
        let module = native(vm, &name.to_string())?.to_value();
        drop(vm.modules().insert_str(name, module.clone()));
        return Ok(module);
    };
    let import = vm.builtins().get_str(&vm.names().__import__).unwrap_or(Value::NONE);
    let started = import_time::start(vm);
    UNDER_WAY
        .with(|imports| (imports.depth, imports.begun) = (imports.depth + 1, imports.begun + 1));
    let found = call_bootstrap(vm, importlib, "_find_and_load", &[name.to_value(), import]);
    ended();
    if let Some(started) = started {
        import_time::finish(vm, &name.to_string(), started, found.is_ok());
    }
    found.inspect_err(|exc| {
        if vm.config().verbose == 0 {
            leave_out_importlib(vm, exc);
        }
    })
}

/// Takes importlib's frames out of a traceback: all of them for an `ImportError`, else those that end
/// in running the module's own code (`_call_with_frames_removed`).
fn leave_out_importlib(vm: &Vm, exc: &Exc) {
    let always = exc.is(&vm.exceptions().import_error);
    let mut kept: Vec<Ref<Traceback>> = Vec::new();
    // Where the present run of importlib's frames starts in `kept`.
    let mut run: Option<usize> = None;
    let mut at = exc.0.traceback().and_then(|t| t.into_ref::<Traceback>().ok());
    while let Some(entry) = at {
        at = entry.next();
        let code = entry.frame().code();
        let inside = matches!(
            code.source.filename.as_str(),
            Some("<frozen importlib._bootstrap>" | "<frozen importlib._bootstrap_external>")
        );
        if !inside {
            run = None;
        } else if run.is_none() {
            run = Some(kept.len());
        }
        let ends = inside && (always || code.source.name == *"_call_with_frames_removed");
        kept.push(entry);
        if let Some(start) = run.filter(|_| ends) {
            kept.truncate(start);
        }
    }
    let mut next = None;
    for entry in kept.into_iter().rev() {
        entry.link(next);
        next = Some(entry);
    }
    exc.0.set_traceback(next.map(Value::from));
}

// ---- __import__ ----

/// `__import__(name, globals, locals, fromlist, level)`
pub fn import(
    vm: &Vm,
    name: &Obj<Str>,
    globals: Option<&Value>,
    fromlist: &Value,
    level: isize,
) -> PyResult {
    if level < 0 {
        return Err(vm.value_error("level must be >= 0"));
    }
    let absolute = if level > 0 {
        resolve_relative(vm, name, globals, level as usize)?
    } else {
        if name.is_empty() {
            return Err(vm.value_error("Empty module name"));
        }
        name.to_ref()
    };
    let module = match loaded(vm, &absolute)? {
        Some(module) => module,
        None => find_and_load(vm, &absolute)?,
    };
    let wants_names = !fromlist.is_none() && object::is_true(vm, fromlist)?;
    if !wants_names {
        return first_part(vm, name, &absolute, module, level);
    }
    if object::lookup_attr(vm, &module, &vm.names().__path__)?.is_some()
        && !has_all_names(vm, &module, fromlist)?
        && let Some(importlib) = vm.interp().importlib.get()
    {
        let import = vm.builtins().get_str(&vm.names().__import__).unwrap_or(Value::NONE);
        let args = [module, fromlist.clone(), import];
        return call_bootstrap(vm, importlib, "_handle_fromlist", &args)
            .inspect_err(|exc| leave_out_importlib(vm, exc));
    }
    Ok(module)
}

/// What `import a.b.c` binds: `a`; for a relative import, the package that the first part names.
fn first_part(
    vm: &Vm,
    name: &Obj<Str>,
    absolute: &Ref<Str>,
    module: Value,
    level: isize,
) -> PyResult {
    let text = name.to_string();
    let (Some(dot), false) = (text.find('.'), text.is_empty()) else { return Ok(module) };
    if level == 0 {
        return import_module(vm, &text[..dot]);
    }
    let absolute = absolute.to_string();
    let top = vm.intern(&absolute[..absolute.len() - (text.len() - dot)]);
    match vm.modules().get_str(&top) {
        Some(module) => Ok(module),
        None => Err(vm.key_error(&vm.str(&format!("'{top}' not in sys.modules as expected")))),
    }
}

/// Does a package have all the names asked for already? Then no submodule need be looked for.
fn has_all_names(vm: &Vm, module: &Value, fromlist: &Value) -> PyResult<bool> {
    let Some(names) = fromlist.downcast::<Tuple>() else { return Ok(false) };
    for name in names.items() {
        let Some(text) = name.downcast_exact::<Str>().filter(|t| !t.is_str("*")) else {
            return Ok(false);
        };
        if object::lookup_attr(vm, module, &text.to_ref())?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The absolute name of a relative import.
fn resolve_relative(
    vm: &Vm,
    name: &Obj<Str>,
    globals: Option<&Value>,
    level: usize,
) -> PyResult<Ref<Str>> {
    let Some(globals) = globals else {
        return Err(vm.key_error(&vm.str("'__name__' not in globals")));
    };
    let Some(globals) = globals.downcast::<Dict>() else {
        return Err(vm.type_error("globals must be a dict"));
    };
    let package = package_of(vm, globals)?;
    if package.is_empty() {
        return Err(vm.import_error("attempted relative import with no known parent package"));
    }
    let mut base = package.as_str();
    for _ in 1..level {
        base = match base.rsplit_once('.') {
            Some((parent, _)) => parent,
            None => {
                return Err(vm.import_error("attempted relative import beyond top-level package"));
            }
        };
    }
    Ok(if name.is_empty() { vm.intern(base) } else { vm.intern(&format!("{base}.{name}")) })
}

/// The package that a module's relative imports start from: `__package__`, else its spec's parent,
/// else what its name says.
fn package_of(vm: &Vm, globals: &Obj<Dict>) -> PyResult<String> {
    let names = vm.names();
    let given = |name: &Ref<Str>| globals.get_str(name).filter(|v| !v.is_none());
    let text = |value: &Value, what: &str| match value.downcast::<Str>() {
        Some(text) => Ok(text.to_string()),
        None => Err(vm.type_error(format!("{what} must be a string"))),
    };
    let spec = given(&names.__spec__);
    let parent = match &spec {
        Some(spec) => object::lookup_attr(vm, spec, &vm.intern("parent"))?,
        None => None,
    };
    if let Some(package) = given(&names.__package__) {
        let package_text = text(&package, "package")?;
        if let Some(parent) = parent
            && !crate::protocol::compare::equal(vm, &package, &parent)?
        {
            let warning = &vm.exceptions().deprecation_warning;
            vm.warn(warning, "__package__ != __spec__.parent", 1)?;
        }
        return Ok(package_text);
    }
    if let Some(parent) = parent {
        return text(&parent, "__spec__.parent");
    }
    vm.warn(
        &vm.exceptions().import_warning,
        "can't resolve package from __spec__ or __package__, falling back on __name__ and __path__",
        1,
    )?;
    let Some(own) = given(&names.__name__) else {
        return Err(vm.key_error(&vm.str("'__name__' not in globals")));
    };
    let own = text(&own, "__name__")?;
    if globals.get_str(&names.__path__).is_some() {
        return Ok(own);
    }
    Ok(own.rsplit_once('.').map(|(package, _)| package.to_string()).unwrap_or_default())
}

// ---- from module import name ----

/// What `IMPORT_FROM` finds missing: the exception, with the reason that is most likely.
pub fn cannot_import_name(vm: &Vm, module: &Value, name: &Str) -> Exc {
    let own = text_attribute(vm, module, &vm.names().__name__);
    let spec = object::lookup_attr(vm, module, &vm.names().__spec__).ok().flatten();
    let file =
        origin(vm, spec.as_ref()).or_else(|| text_attribute(vm, module, &vm.names().__file__));
    let shown = own.clone().unwrap_or_else(|| "<unknown module name>".into());
    let place = file.clone().unwrap_or_else(|| "unknown location".into());
    let message = match shadowing(vm, &shown, file.as_deref()) {
        Some(Shadowed::Standard) => format!(
            "cannot import name '{name}' from '{shown}' (consider renaming '{place}' since it has the same name as the standard library module named '{shown}' and prevents importing that standard library module)"
        ),
        shadowed if spec.as_ref().is_some_and(|s| is_initializing(vm, s)) => match shadowed {
            Some(Shadowed::Other) => format!(
                "cannot import name '{name}' from '{shown}' (consider renaming '{place}' if it has the same name as a library you intended to import)"
            ),
            _ => format!(
                "cannot import name '{name}' from partially initialized module '{shown}' (most likely due to a circular import) ({place})"
            ),
        },
        _ => format!("cannot import name '{name}' from '{shown}' ({place})"),
    };
    let exc = vm.import_error(message.clone());
    exc.0.set_field(vm, "msg", vm.str(&message));
    exc.0.set_field(vm, "name_from", vm.str(&name.to_string()));
    if let Some(own) = own {
        exc.0.set_field(vm, "name", vm.str(&own));
    }
    if let Some(file) = file {
        exc.0.set_field(vm, "path", vm.str(&file));
    }
    exc
}

/// Why a module may not be the one that was meant.
pub enum Shadowed {
    /// It hides a module of the library.
    Standard,
    /// It lies beside the program, and may hide a package.
    Other,
}

/// Does the program's own folder hide another module of this name?
pub fn shadowing(vm: &Vm, name: &str, file: Option<&str>) -> Option<Shadowed> {
    if vm.config().safe_path {
        return None;
    }
    let folder = std::path::Path::new(file?).parent()?;
    let folder = match name.contains('.') {
        true => return None,
        false if file?.ends_with("/__init__.py") => folder.parent()?,
        false => folder,
    };
    let first = vm.config().path0.as_ref()?;
    let first = if first.is_empty() { std::env::current_dir().ok()? } else { first.into() };
    if folder != first {
        return None;
    }
    let standard = crate::builtin_modules::stdlib_names::STDLIB_NAMES.binary_search(&name).is_ok();
    Some(if standard { Shadowed::Standard } else { Shadowed::Other })
}

fn text_attribute(vm: &Vm, object: &Value, name: &Ref<Str>) -> Option<String> {
    let value = object::lookup_attr(vm, object, name).ok().flatten()?;
    value.downcast::<Str>().map(|text| text.to_string())
}

/// Where a spec says its module comes from.
pub fn origin(vm: &Vm, spec: Option<&Value>) -> Option<String> {
    let has = object::lookup_attr(vm, spec?, &vm.intern("has_location")).ok().flatten()?;
    if !object::is_true(vm, &has).unwrap_or(false) {
        return None;
    }
    text_attribute(vm, spec?, &vm.intern("origin"))
}

/// Is the module of this spec still being imported?
pub fn is_initializing(vm: &Vm, spec: &Value) -> bool {
    object::lookup_attr(vm, spec, &vm.names()._initializing)
        .ok()
        .flatten()
        .is_some_and(|flag| object::is_true(vm, &flag).unwrap_or(false))
}
