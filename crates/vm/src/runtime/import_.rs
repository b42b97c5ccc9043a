//! Import: native modules, the library inside the binary, source files and packages along
//! `sys.path`.
//!
//! CPython's counterpart: `Python/import.c` and `Lib/importlib/_bootstrap*.py`.

use crate::object::{Obj, Ref};
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::module::Module;
use crate::objects::namespace::Namespace;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::{iter, object};
use crate::runtime::compile::Request;
use crate::runtime::enter;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::path::Path;

/// `importlib.import_module(name)` for Rust code: the module itself, not its top package.
pub fn import_module(vm: &Vm, name: &str) -> PyResult {
    if let Some(module) = vm.modules().get_str(&vm.intern(name)) {
        return Ok(module);
    }
    load_dotted(vm, name)?;
    match vm.modules().get_str(&vm.intern(name)) {
        Some(module) => Ok(module),
        None => Err(not_found(vm, name, None)),
    }
}

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
        resolve_relative(vm, &name.to_string(), globals, level as usize)?
    } else {
        if name.is_empty() {
            return Err(vm.value_error("Empty module name"));
        }
        name.to_string()
    };
    let module = match vm.modules().get_str(&vm.intern(&absolute)) {
        Some(module) if module.is_none() => {
            let message = format!("import of {absolute} halted; None in sys.modules");
            return Err(not_found(vm, &absolute, Some(message)));
        }
        Some(module) => module,
        None => import_module(vm, &absolute)?,
    };
    let wants_names = !fromlist.is_none() && object::is_true(vm, fromlist)?;
    if !wants_names {
        if level == 0 {
            let top = absolute.split('.').next().unwrap_or(&absolute);
            return import_module(vm, top);
        }
        // `from . import` has names; a plain relative import gives the package part asked for.
        let cut = name.to_string().split('.').next().map_or(0, str::len);
        let keep = absolute.len() - (name.len() - cut);
        return import_module(vm, &absolute[..keep]);
    }
    if object::lookup_attr(vm, &module, &vm.names().__path__)?.is_some() {
        import_names(vm, &module, &absolute, fromlist)?;
    }
    Ok(module)
}

/// Submodules among the names that `from package import ...` asks for.
fn import_names(vm: &Vm, module: &Value, package: &str, fromlist: &Value) -> PyResult<()> {
    for name in iter::collect(vm, fromlist)? {
        let Some(text) = name.downcast::<Str>() else {
            return Err(vm.type_error(format!(
                "Item in ``from list'' must be str, not {}",
                name.ty().name()
            )));
        };
        if text.is_str("*") {
            if let Some(all) = object::lookup_attr(vm, module, &vm.names().__all__)? {
                import_names(vm, module, package, &all)?;
            }
            continue;
        }
        let attribute = object::attribute_name(vm, &name)?;
        if object::lookup_attr(vm, module, &attribute)?.is_some() {
            continue;
        }
        let full = format!("{package}.{text}");
        match load_dotted(vm, &full) {
            Ok(()) => {}
            // A name that is no submodule is left for IMPORT_FROM to complain about.
            Err(e) if is_missing(vm, &e, &full) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Is it `ModuleNotFoundError` for this very module?
fn is_missing(vm: &Vm, exc: &Exc, name: &str) -> bool {
    exc.is(&vm.exceptions().module_not_found_error)
        && exc.0.field(vm, "name").and_then(|n| n.downcast::<Str>().map(|n| n.is_str(name)))
            == Some(true)
}

fn resolve_relative(
    vm: &Vm,
    name: &str,
    globals: Option<&Value>,
    level: usize,
) -> PyResult<String> {
    let names = vm.names();
    let Some(globals) = globals.and_then(|g| g.downcast::<Dict>()) else {
        return Err(vm.type_error("globals must be a dict"));
    };
    let text = |v: Option<Value>| v.and_then(|v| v.downcast::<Str>().map(|s| s.to_string()));
    let package = match text(globals.get_str(&names.__package__)) {
        Some(package) => package,
        None => {
            let Some(own) = text(globals.get_str(&names.__name__)) else {
                return Err(vm.key_error(&vm.str("'__name__' not in globals")));
            };
            if globals.get_str(&names.__path__).is_some() {
                own
            } else {
                own.rsplit_once('.').map(|(p, _)| p.to_string()).unwrap_or_default()
            }
        }
    };
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
    Ok(if name.is_empty() { base.to_string() } else { format!("{base}.{name}") })
}

/// Imports a module and the packages it is in.
fn load_dotted(vm: &Vm, name: &str) -> PyResult<()> {
    let mut parent: Option<(String, Value)> = None;
    let mut end = 0;
    loop {
        end = name[end..].find('.').map_or(name.len(), |i| end + i);
        let prefix = &name[..end];
        let key = vm.intern(prefix);
        let module = match vm.modules().get_str(&key) {
            Some(module) => module,
            None => {
                let path = match &parent {
                    None => None,
                    Some((package, module)) => {
                        match object::lookup_attr(vm, module, &vm.names().__path__)? {
                            Some(path) => Some(path),
                            None => {
                                let message = format!(
                                    "No module named '{name}'; '{package}' is not a package"
                                );
                                return Err(not_found(vm, name, Some(message)));
                            }
                        }
                    }
                };
                let module = load(vm, prefix, path.as_ref())?;
                if let Some((_, package)) = &parent {
                    let short = prefix.rsplit('.').next().unwrap_or(prefix);
                    object::set_attr(vm, package, &vm.intern(short), module.clone())?;
                }
                module
            }
        };
        if end == name.len() {
            return Ok(());
        }
        parent = Some((prefix.to_string(), module));
        end += 1;
    }
}

fn not_found(vm: &Vm, name: &str, message: Option<String>) -> Exc {
    let message = message.unwrap_or_else(|| format!("No module named '{name}'"));
    let exc = vm.module_not_found_error(message.clone());
    exc.0.set_field(vm, "msg", vm.str(&message));
    exc.0.set_field(vm, "name", vm.str(name));
    exc
}

/// `ImportError: cannot import name 'x' from 'm' (path)`
pub fn cannot_import_name(vm: &Vm, module: &Value, name: &Str) -> Exc {
    let text = |n: &Ref<Str>| {
        object::lookup_attr(vm, module, n)
            .ok()
            .flatten()
            .and_then(|v| v.downcast::<Str>().map(|s| s.to_string()))
    };
    let own = text(&vm.names().__name__);
    let file = text(&vm.names().__file__).unwrap_or_else(|| "unknown location".into());
    let shown = own.clone().unwrap_or_else(|| "<unknown module name>".into());
    let message = format!("cannot import name '{name}' from '{shown}' ({file})");
    let exc = vm.import_error(message.clone());
    exc.0.set_field(vm, "msg", vm.str(&message));
    exc.0.set_field(vm, "name_from", vm.str(&name.to_string()));
    if let Some(own) = own {
        exc.0.set_field(vm, "name", vm.str(&own));
    }
    exc
}

/// Where a module was found.
enum Found {
    Source {
        source: Vec<u8>,
        file: String,
        package: Option<String>,
    },
    /// A folder without `__init__.py` (PEP 420).
    Namespace(Vec<String>),
}

fn load(vm: &Vm, name: &str, path: Option<&Value>) -> PyResult {
    let native =
        vm.interp().native_modules.with(|all| all.iter().find(|def| def.name == name).copied());
    if let Some(def) = native {
        let module = Module::from_def(vm, def)?;
        let spec = make_spec(vm, name, Some("built-in"), None);
        module.set(vm, "__spec__", spec);
        let value: Value = module.into();
        drop(vm.modules().insert_str(&vm.intern(name), value.clone()));
        return Ok(value);
    }
    let Some(found) = find(vm, name, path)? else { return Err(not_found(vm, name, None)) };
    match found {
        Found::Source { source, file, package } => run_source(vm, name, &source, &file, package),
        Found::Namespace(folders) => {
            let module = Module::new_ref(vm, name, None);
            let paths = List::from_vec(folders.iter().map(|f| vm.str(f)).collect());
            module.set(vm, "__path__", paths.into());
            module.set(vm, "__package__", vm.str(name));
            module.set(vm, "__spec__", make_spec(vm, name, None, None));
            let value: Value = module.into();
            drop(vm.modules().insert_str(&vm.intern(name), value.clone()));
            Ok(value)
        }
    }
}

fn make_spec(vm: &Vm, name: &str, origin: Option<&str>, search: Option<Value>) -> Value {
    let parent = match search {
        Some(_) => name,
        None => name.rsplit_once('.').map_or("", |(p, _)| p),
    };
    let origin_value = origin.map_or(Value::NONE, |o| vm.str(o));
    Namespace::with_items(
        vm,
        vec![
            ("name", vm.str(name)),
            ("loader", Value::NONE),
            ("origin", origin_value),
            ("submodule_search_locations", search.unwrap_or(Value::NONE)),
            ("cached", Value::NONE),
            ("parent", vm.str(parent)),
            ("has_location", Value::bool(origin.is_some_and(|o| o != "built-in"))),
            ("loader_state", Value::NONE),
            ("_initializing", Value::FALSE),
        ],
    )
}

/// Looks in the library inside the binary, then along a path.
fn find(vm: &Vm, name: &str, path: Option<&Value>) -> PyResult<Option<Found>> {
    if vm.config().stdlib.is_none()
        && let Some(library) = vm.interp().frozen.get()
        && let Some(module) = (library.find)(name)
    {
        let package = module.is_package.then(|| {
            Path::new(&module.path).parent().map(|p| p.display().to_string()).unwrap_or_default()
        });
        return Ok(Some(Found::Source {
            source: module.source.into_bytes(),
            file: module.path,
            package,
        }));
    }
    let search = match path {
        Some(path) => iter::collect(vm, path)?,
        None => match vm.sys_get(&vm.names().path) {
            Some(path) => iter::collect(vm, &path)?,
            None => Vec::new(),
        },
    };
    let short = name.rsplit('.').next().unwrap_or(name);
    let mut namespaces = Vec::new();
    for entry in search {
        let Some(folder) = entry.downcast::<Str>().and_then(|s| s.to_utf8()) else { continue };
        let folder = if folder.is_empty() { ".".to_string() } else { folder };
        let package = Path::new(&folder).join(short);
        let init = package.join("__init__.py");
        if init.is_file() {
            let source = read(vm, &init)?;
            return Ok(Some(Found::Source {
                source,
                file: init.display().to_string(),
                package: Some(package.display().to_string()),
            }));
        }
        let file = Path::new(&folder).join(format!("{short}.py"));
        if file.is_file() {
            let source = read(vm, &file)?;
            return Ok(Some(Found::Source {
                source,
                file: file.display().to_string(),
                package: None,
            }));
        }
        if package.is_dir() {
            namespaces.push(package.display().to_string());
        }
    }
    Ok(if namespaces.is_empty() { None } else { Some(Found::Namespace(namespaces)) })
}

fn read(vm: &Vm, path: &Path) -> PyResult<Vec<u8>> {
    std::fs::read(path).map_err(|e| vm.os_error(&e, Some(vm.str(&path.display().to_string()))))
}

fn run_source(vm: &Vm, name: &str, source: &[u8], file: &str, package: Option<String>) -> PyResult {
    let module = Module::new_ref(vm, name, None);
    module.set(vm, "__file__", vm.str(file));
    let search = package.as_ref().map(|p| List::from_vec(vec![vm.str(p)]));
    if let Some(search) = &search {
        module.set(vm, "__path__", search.to_value());
        module.set(vm, "__package__", vm.str(name));
    } else {
        let parent = name.rsplit_once('.').map_or("", |(p, _)| p);
        module.set(vm, "__package__", vm.str(parent));
    }
    let spec = make_spec(vm, name, Some(file), search.map(Value::from));
    module.set(vm, "__spec__", spec);
    module.set(vm, "__builtins__", vm.builtins().to_value());
    let key = vm.intern(name);
    drop(vm.modules().insert_str(&key, module.to_value()));
    let result = vm.compile(source, &Request::file(vm, file)).and_then(|code| {
        let dict = module.dict().to_ref();
        enter::run_code(vm, &code, &dict, dict.to_value(), None)
    });
    if let Err(e) = result {
        drop(vm.modules().remove_str(&key));
        return Err(e);
    }
    // A module may have put something else in its place.
    Ok(vm.modules().get_str(&key).unwrap_or_else(|| module.into()))
}

/// Registers a native module.
pub fn add_native(vm: &Vm, def: &'static crate::objects::module::ModuleDef) {
    vm.interp().native_modules.with_mut(|all| all.push(def));
}

/// Names of all native modules, sorted: `sys.builtin_module_names`.
pub fn native_names(vm: &Vm) -> Ref<Tuple> {
    let mut names: Vec<&str> =
        vm.interp().native_modules.with(|all| all.iter().map(|def| def.name).collect());
    names.sort_unstable();
    Tuple::from_vec(names.into_iter().map(|n| vm.str(n)).collect())
}

/// Where `-m` finds a module's code.
pub enum Located {
    Native,
    Source { source: Vec<u8>, file: String },
    Missing,
}

/// Finds a module without running it; a package's `__main__` if it is one.
pub fn locate(vm: &Vm, name: &str) -> PyResult<Located> {
    let native =
        |n: &str| vm.interp().native_modules.with(|all| all.iter().any(|def| def.name == n));
    if native(name) {
        return Ok(Located::Native);
    }
    let path = match name.rsplit_once('.') {
        Some((package, _)) => {
            let module = import_module(vm, package)?;
            object::lookup_attr(vm, &module, &vm.names().__path__)?
        }
        None => None,
    };
    match find(vm, name, path.as_ref())? {
        None | Some(Found::Namespace(_)) => Ok(Located::Missing),
        Some(Found::Source { package: Some(_), .. }) => locate(vm, &format!("{name}.__main__")),
        Some(Found::Source { source, file, package: None }) => Ok(Located::Source { source, file }),
    }
}
