//! `_warnings`: what becomes of a warning (`warnings.warn` and `warn_explicit`), and how the machine
//! issues its own.
//!
//! The state (filters, registries) is here until the library's `warnings` module is imported; from then
//! on that module's attributes of the same names decide, and its `_showwarnmsg` shows.
//! CPython's counterpart: `Python/_warnings.c`.

use crate::object::{GilCell, Obj, Ref};
use crate::objects::dict::Dict;
use crate::objects::frame::{self, FrameObj};
use crate::objects::list::List;
use crate::objects::module::Module;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::{call, number, object};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::import_;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymodule;
use std::time::Duration;

/// What applies while `warnings` says nothing else.
#[derive(Clone)]
struct State {
    filters: Ref<List>,
    once: Ref<Dict>,
    action: Ref<Str>,
}

static STATE: GilCell<Option<State>> = GilCell::new(None);

/// Gives up the state.
pub(super) fn forget() {
    drop(STATE.with(Option::take));
}

/// Counts changes of the filters: registries of an earlier version are out of date.
static VERSION: GilCell<i64> = GilCell::new(0);

/// The thread that holds the lock of `warnings`, and how often.
static LOCK: GilCell<(u64, usize)> = GilCell::new((0, 0));

fn state(vm: &Vm) -> State {
    STATE.with(|state| state.clone()).unwrap_or_else(|| {
        let e = vm.exceptions();
        let filter = |action: &str, category: &Ref<Type>, module: Value| -> Value {
            let (action, zero) = (vm.intern(action).into(), Value::int_unchecked(0));
            Tuple::from_vec(vec![action, Value::NONE, category.to_value(), module, zero]).into()
        };
        let filters = vec![
            filter("default", &e.deprecation_warning, vm.intern("__main__").into()),
            filter("ignore", &e.deprecation_warning, Value::NONE),
            filter("ignore", &e.pending_deprecation_warning, Value::NONE),
            filter("ignore", &e.import_warning, Value::NONE),
            filter("ignore", &e.resource_warning, Value::NONE),
        ];
        let made = State {
            filters: List::from_vec(filters),
            once: Dict::new_ref(),
            action: vm.intern("default"),
        };
        STATE.with(|state| *state = Some(made.clone()));
        made
    })
}

/// What the library says last stays, should it stop saying anything.
fn note(vm: &Vm, change: impl FnOnce(&mut State)) {
    let mut new = state(vm);
    change(&mut new);
    drop(STATE.with(|state| state.replace(new)));
}

/// An attribute of the library's module, if that is imported and has it.
fn library_attr(vm: &Vm, name: &str) -> PyResult<Option<Value>> {
    match vm.modules().get_str(&vm.intern("warnings")) {
        Some(module) => object::lookup_attr(vm, &module, &vm.intern(name)),
        None => Ok(None),
    }
}

/// Issues a warning; `Err` if a filter makes it an exception.
pub fn warn(vm: &Vm, category: &Obj<Type>, message: &str, level: usize) -> PyResult<()> {
    heed_options(vm)?;
    let message = vm.str(message);
    issue(vm, category, &message, level as i64, &[], None)
}

/// Issues a `ResourceWarning` about an object: `tracemalloc` may know where it was made.
pub fn warn_of_resource(vm: &Vm, source: &Value, message: &str) -> PyResult<()> {
    heed_options(vm)?;
    let category = &vm.exceptions().resource_warning;
    issue(vm, category, &vm.str(message), 1, &[], Some(source))
}

/// Issues a warning for a place in a file.
pub fn warn_explicit(
    vm: &Vm,
    category: &Obj<Type>,
    message: &str,
    filename: &str,
    line: u32,
) -> PyResult<()> {
    heed_options(vm)?;
    let place = Place {
        filename: vm.str(filename),
        line: Value::int_unchecked(line.into()),
        module: None,
        registry: None,
    };
    decide(vm, category, &vm.str(message), &place, None, None)
}

/// Options (`-W`) are the library's business.
fn heed_options(vm: &Vm) -> PyResult<()> {
    if vm.config().warn_options.is_empty()
        || !vm.interp().started.get()
        || vm.modules().get_str(&vm.intern("warnings")).is_some()
    {
        return Ok(());
    }
    import_::import_module(vm, "warnings").map(drop)
}

/// Hands a coroutine that was never awaited to the library, if that takes it.
pub(crate) fn unawaited(vm: &Vm, coroutine: &Value) -> PyResult<bool> {
    if vm.modules().get_str(&vm.intern("warnings")).is_none() && vm.interp().started.get() {
        import_::import_module(vm, "warnings").map(drop)?;
    }
    match library_attr(vm, "_warn_unawaited_coroutine")? {
        Some(function) => call::call(vm, &function, std::slice::from_ref(coroutine)).map(|_| true),
        None => Ok(false),
    }
}

/// Where a warning is issued.
struct Place {
    filename: Value,
    line: Value,
    /// The module's name; by default that of the file.
    module: Option<Value>,
    registry: Option<Ref<Dict>>,
}

fn is_internal(frame: &FrameObj) -> bool {
    let name = frame.code().filename();
    name.contains("importlib") && name.contains("_bootstrap")
}

/// The caller, without the import machinery and files that are to be skipped.
fn next_external(vm: &Vm, frame: &FrameObj, skip: &[String]) -> Option<Ref<FrameObj>> {
    let mut at = frame.back(vm);
    while let Some(frame) = at {
        let name = frame.code().filename();
        if !is_internal(&frame) && !skip.iter().any(|prefix| name.starts_with(prefix)) {
            return Some(frame);
        }
        at = frame.back(vm);
    }
    None
}

/// The place `level` callers up, and the globals there.
fn place(vm: &Vm, level: i64, skip: &[String]) -> PyResult<(Place, Ref<Dict>)> {
    let mut at = frame::current(vm);
    let plainly = level <= 1 || at.as_ref().is_some_and(|frame| is_internal(frame));
    for _ in 1..level {
        at = match at {
            Some(frame) if plainly => frame.back(vm),
            Some(frame) => next_external(vm, &frame, skip),
            None => break,
        };
    }
    let (globals, filename, line) = match at {
        Some(frame) => (frame.globals().to_ref(), frame.code().filename(), frame.line()),
        None => {
            let sys = vm.interp().sys.get();
            let globals = sys.map_or_else(Dict::new_ref, |sys| sys.dict().to_ref());
            (globals, "<sys>".to_string(), 0)
        }
    };
    let key = vm.intern("__warningregistry__");
    let registry = match globals.get_str(&key) {
        Some(registry) => registry.into_ref::<Dict>().ok(),
        None => {
            let registry = Dict::new_ref();
            drop(globals.insert_str(&key, registry.to_value()));
            Some(registry)
        }
    };
    let module = globals.get_str(&vm.names().__name__);
    let module = module.filter(|name| name.is_none() || name.downcast::<Str>().is_some());
    let place = Place {
        filename: vm.str(&filename),
        line: Value::int_unchecked(line.into()),
        module: Some(module.unwrap_or_else(|| vm.str("<string>"))),
        registry,
    };
    Ok((place, globals))
}

fn issue(
    vm: &Vm,
    category: &Obj<Type>,
    message: &Value,
    level: i64,
    skip: &[String],
    source: Option<&Value>,
) -> PyResult<()> {
    let (place, _globals) = place(vm, level, skip)?;
    decide(vm, category, message, &place, None, source)
}

/// Was this reported before? If not, and `note` is set, it is from now on.
fn already(vm: &Vm, registry: &Obj<Dict>, key: &Value, note: bool) -> PyResult<bool> {
    let name = vm.intern("version").to_value();
    let version = Value::int_unchecked(VERSION.get());
    let current = registry.get(vm, &name)?;
    if current.is_none_or(|current| current.bits() != version.bits()) {
        registry.clear();
        registry.insert(vm, &name, version)?;
    } else if let Some(seen) = registry.get(vm, key)?
        && object::is_true(vm, &seen)?
    {
        return Ok(true);
    }
    if note {
        registry.insert(vm, key, Value::TRUE)?;
    }
    Ok(false)
}

/// Does a filter's pattern (`None`, a text, or a regular expression) say yes?
fn matches(vm: &Vm, pattern: &Value, text: &Value) -> PyResult<bool> {
    if pattern.is_none() {
        return Ok(true);
    }
    if pattern.is_exact::<Str>() {
        return crate::protocol::compare::equal(vm, pattern, text);
    }
    let found = object::call_method(vm, pattern, &vm.intern("match"), std::slice::from_ref(text))?;
    object::is_true(vm, &found)
}

/// What the filters say, and which of them.
fn action(
    vm: &Vm,
    category: &Obj<Type>,
    text: &Value,
    line: &Value,
    module: &Value,
) -> PyResult<(Ref<Str>, Value)> {
    let filters = match library_attr(vm, "filters")? {
        Some(filters) => match filters.downcast::<List>() {
            Some(list) => {
                note(vm, |state| state.filters = list.to_ref());
                list.to_ref()
            }
            None => return Err(vm.value_error("warnings.filters must be a list")),
        },
        None => state(vm).filters,
    };
    let mut i = 0;
    while let Some(item) = filters.get(i) {
        let Some([action, message, class, module_pattern, at]) =
            item.downcast::<Tuple>().map(|tuple| tuple.items())
        else {
            return Err(vm.value_error(format!("warnings.filters item {i} isn't a 5-tuple")));
        };
        let Some(action) = action.downcast::<Str>() else {
            return Err(
                vm.type_error(format!("action must be a string, not '{}'", action.ty().name()))
            );
        };
        let hit = matches(vm, message, text)?
            && object::is_subclass(vm, &category.to_value(), class)?
            && matches(vm, module_pattern, module)?
            && {
                let at = number::to_ssize(vm, at)?;
                at == 0 || number::to_ssize(vm, line)? == at
            };
        if hit {
            return Ok((action.to_ref(), item.clone()));
        }
        i += 1;
    }
    match library_attr(vm, "defaultaction")? {
        None => Ok((state(vm).action, Value::NONE)),
        Some(action) => match action.downcast::<Str>() {
            Some(text) => {
                note(vm, |state| state.action = text.to_ref());
                Ok((text.to_ref(), Value::NONE))
            }
            None => Err(vm.type_error(format!(
                "warnings.defaultaction must be a string, not '{}'",
                action.ty().name()
            ))),
        },
    }
}

/// The name of a file as a module.
fn module_of(vm: &Vm, filename: &Value) -> Value {
    let name = filename.downcast::<Str>().map(|s| s.to_string_lossy()).unwrap_or_default();
    match name.strip_suffix(".py") {
        _ if name.is_empty() => vm.str("<unknown>"),
        Some(stem) => vm.str(stem),
        None => filename.clone(),
    }
}

/// Passes a warning through the filters: it is shown, raised, or forgotten.
fn decide(
    vm: &Vm,
    category: &Obj<Type>,
    message: &Value,
    place: &Place,
    line: Option<&Value>,
    source: Option<&Value>,
) -> PyResult<()> {
    let module = match &place.module {
        Some(module) if module.is_none() => return Ok(()),
        Some(module) => module.clone(),
        None => module_of(vm, &place.filename),
    };
    let is_warning = message.ty().is_subtype(&vm.exceptions().warning);
    let category = if is_warning { message.ty().to_ref() } else { category.to_ref() };
    let (text, message) = if is_warning {
        (object::str(vm, message)?.to_value(), message.clone())
    } else {
        (message.clone(), call::call(vm, &category.to_value(), std::slice::from_ref(message))?)
    };
    let key_for = |line: Value| -> Value {
        Tuple::from_vec(vec![text.clone(), category.to_value(), line]).into()
    };
    let key = key_for(place.line.clone());
    if let Some(registry) = &place.registry
        && already(vm, registry, &key, false)?
    {
        return Ok(());
    }
    let (action, filter) = action(vm, &category, &text, &place.line, &module)?;
    let action = action.to_string_lossy();
    match action.as_str() {
        "error" => {
            return Err(message
                .into_ref()
                .map(Exc)
                .unwrap_or_else(|value| vm.exception_with_args(&category, vec![value])));
        }
        "ignore" => return Ok(()),
        "always" | "all" => {}
        _ => {
            if let Some(registry) = &place.registry {
                registry.insert(vm, &key, Value::TRUE)?;
            }
            let zero = Value::int_unchecked(0);
            let seen = match (action.as_str(), &place.registry) {
                ("once", Some(registry)) => {
                    already(vm, registry, &key_once(&text, &category), true)?
                }
                ("once", None) => {
                    already(vm, &*once_registry(vm)?, &key_once(&text, &category), true)?
                }
                ("module", Some(registry)) => already(vm, registry, &key_for(zero), true)?,
                ("module", None) | ("default", _) => false,
                _ => {
                    return Err(vm.runtime_error(format!(
                        "Unrecognized action ({}) in warnings.filters:\n {}",
                        object::repr(vm, &vm.str(&action))?,
                        object::repr(vm, &filter)?
                    )));
                }
            };
            if seen {
                return Ok(());
            }
        }
    }
    show(vm, &category, &text, message, place, line, source)
}

fn key_once(text: &Value, category: &Ref<Type>) -> Value {
    Tuple::from_vec(vec![text.clone(), category.to_value()]).into()
}

fn once_registry(vm: &Vm) -> PyResult<Ref<Dict>> {
    match library_attr(vm, "onceregistry")? {
        None => Ok(state(vm).once),
        Some(registry) => match registry.downcast::<Dict>() {
            Some(registry) => {
                note(vm, |state| state.once = registry.to_ref());
                Ok(registry.to_ref())
            }
            None => Err(vm.type_error(format!(
                "_warnings.onceregistry must be a dict, not '{}'",
                registry.ty().name()
            ))),
        },
    }
}

/// Hands a warning to the library, or writes it if that is not there.
fn show(
    vm: &Vm,
    category: &Ref<Type>,
    text: &Value,
    message: Value,
    place: &Place,
    line: Option<&Value>,
    source: Option<&Value>,
) -> PyResult<()> {
    if source.is_some() && vm.modules().get_str(&vm.intern("warnings")).is_none() {
        // It knows more to say about where the object came from.
        import_::import_module(vm, "warnings").map(drop)?;
    }
    let Some(shows) = library_attr(vm, "_showwarnmsg")? else {
        return write(vm, category, text, place, line);
    };
    if !call::is_callable(&shows) {
        return Err(vm.type_error("warnings._showwarnmsg() must be set to a callable"));
    }
    let Some(class) = library_attr(vm, "WarningMessage")? else {
        return Err(vm.runtime_error("unable to get warnings.WarningMessage"));
    };
    let args = [
        message,
        category.to_value(),
        place.filename.clone(),
        place.line.clone(),
        Value::NONE,
        Value::NONE,
        source.cloned().unwrap_or(Value::NONE),
    ];
    let message = call::call(vm, &class, &args)?;
    call::call(vm, &shows, &[message]).map(drop)
}

/// `file:line: Category: text`, and the line itself.
fn write(
    vm: &Vm,
    category: &Ref<Type>,
    text: &Value,
    place: &Place,
    line: Option<&Value>,
) -> PyResult<()> {
    let file = object::str(vm, &place.filename)?.to_string_lossy();
    let number = object::str(vm, &place.line)?.to_string_lossy();
    let text = object::str(vm, text)?.to_string_lossy();
    let mut out = format!("{file}:{number}: {}: {text}\n", category.name());
    let shown = match line.and_then(|line| line.downcast::<Str>()) {
        Some(line) => Some(line.to_string_lossy()),
        None => number.parse::<usize>().ok().and_then(|number| {
            let source = std::fs::read_to_string(&file).ok()?;
            source.lines().nth(number.checked_sub(1)?).map(str::to_string)
        }),
    };
    if let Some(shown) = shown {
        out.push_str(&format!("  {}\n", shown.trim()));
    }
    super::sys::write_stderr(vm, &out);
    Ok(())
}

/// The line of source that a module's loader knows.
fn source_line(vm: &Vm, globals: &Obj<Dict>, line: &Value) -> PyResult<Option<Value>> {
    let Some(bootstrap) = vm.interp().importlib.get() else { return Ok(None) };
    let external = vm.intern("_bootstrap_external");
    let Some(external) = object::lookup_attr(vm, &bootstrap.to_value(), &external)? else {
        return Ok(None);
    };
    let bless = vm.intern("_bless_my_loader");
    let loader = object::call_method(vm, &external, &bless, &[globals.to_value()])?;
    let Some(name) = globals.get_str(&vm.names().__name__) else { return Ok(None) };
    let Some(get) = object::lookup_attr(vm, &loader, &vm.intern("get_source"))? else {
        return Ok(None);
    };
    let source = call::call(vm, &get, &[name])?;
    let Some(source) = source.downcast::<Str>() else { return Ok(None) };
    let text = source.to_string_lossy();
    let at = number::to_ssize(vm, line)?;
    let found = usize::try_from(at - 1).ok().and_then(|at| text.lines().nth(at));
    Ok(found.map(|line| vm.str(line)))
}

/// _warnings provides basic warning filtering support.
/// It is a helper module to speed up interpreter start-up.
#[pymodule(name = "_warnings")]
pub mod warnings {
    use super::*;

    /// Issue a warning, or maybe ignore it or raise an exception.
    #[pyfunction(
        sig = "(message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=())"
    )]
    fn warn(
        vm: &Vm,
        message: &Value,
        category: Option<&Value>,
        stacklevel: Option<isize>,
        source: Option<&Value>,
        skip_file_prefixes: Option<&Value>,
    ) -> PyResult<()> {
        let warning = &vm.exceptions().warning;
        let category = if message.ty().is_subtype(warning) {
            message.ty().to_ref()
        } else {
            match category.filter(|c| !c.is_none()) {
                None => vm.exceptions().user_warning.clone(),
                Some(given) => match given.downcast::<Type>() {
                    Some(class) if class.is_subtype(warning) => class.to_ref(),
                    _ => {
                        return Err(vm.type_error(format!(
                            "category must be a Warning subclass, not '{}'",
                            given.ty().name()
                        )));
                    }
                },
            }
        };
        let mut level = stacklevel.unwrap_or(1) as i64;
        let mut skip = Vec::new();
        if let Some(prefixes) = skip_file_prefixes {
            let Some(prefixes) = prefixes.downcast::<Tuple>() else {
                return Err(vm.type_error(format!(
                    "warn() argument 'skip_file_prefixes' must be tuple, not {}",
                    prefixes.ty().name()
                )));
            };
            for prefix in prefixes.items() {
                match prefix.downcast::<Str>() {
                    Some(prefix) => skip.push(prefix.to_string_lossy()),
                    None => {
                        return Err(vm.type_error(format!(
                            "Found non-str '{}' in skip_file_prefixes.",
                            prefix.ty().name()
                        )));
                    }
                }
            }
        }
        if !skip.is_empty() {
            level = level.max(2);
        }
        let source = source.filter(|source| !source.is_none());
        issue(vm, &category, message, level, &skip, source)
    }

    /// Issue a warning, or maybe ignore it or raise an exception.
    #[pyfunction(
        sig = "(message, category, filename, lineno, module=None, registry=None, module_globals=None, source=None)"
    )]
    fn warn_explicit(
        vm: &Vm,
        message: &Value,
        category: &Value,
        filename: &Obj<Str>,
        lineno: isize,
        module: Option<&Value>,
        registry: Option<&Value>,
        module_globals: Option<&Value>,
        source: Option<&Value>,
    ) -> PyResult<()> {
        let given = |value: Option<&Value>| value.filter(|v| !v.is_none()).cloned();
        let line = Value::int_unchecked(lineno as i64);
        let registry = match given(registry) {
            None => None,
            Some(registry) => Some(
                registry
                    .into_ref::<Dict>()
                    .map_err(|_| vm.type_error("'registry' must be a dict or None"))?,
            ),
        };
        let shown = match given(module_globals) {
            None => None,
            Some(globals) => match globals.downcast::<Dict>() {
                Some(globals) => source_line(vm, globals, &line)?,
                None => {
                    return Err(vm.type_error(format!(
                        "module_globals must be a dict, not '{}'",
                        globals.ty().name()
                    )));
                }
            },
        };
        let warning = &vm.exceptions().warning;
        let class = match category.downcast::<Type>() {
            Some(class) => class.to_ref(),
            None if message.ty().is_subtype(warning) => message.ty().to_ref(),
            None => {
                return Err(vm.type_error(format!(
                    "category must be a Warning subclass, not '{}'",
                    category.ty().name()
                )));
            }
        };
        let place = Place { filename: filename.to_value(), line, module: given(module), registry };
        decide(vm, &class, message, &place, shown.as_ref(), given(source).as_ref())
    }

    /// Notes that the filters have changed; the lock is held.
    #[pyfunction]
    fn _filters_mutated_lock_held(vm: &Vm) -> PyResult<()> {
        if LOCK.get().0 != vm.thread_ident() {
            return Err(vm.runtime_error("warnings._lock is not held"));
        }
        VERSION.with(|version| *version += 1);
        Ok(())
    }

    /// Takes the lock of the filters, which its holder may take again.
    #[pyfunction]
    fn _acquire_lock(vm: &Vm) {
        let me = vm.thread_ident();
        while LOCK.with(|(owner, count)| {
            let free = *count == 0 || *owner == me;
            if free {
                (*owner, *count) = (me, *count + 1);
            }
            !free
        }) {
            vm.without_lock(|| std::thread::sleep(Duration::from_micros(100)));
        }
    }

    /// Gives it back.
    #[pyfunction]
    fn _release_lock(vm: &Vm) -> PyResult<()> {
        let me = vm.thread_ident();
        let held = LOCK.with(|(owner, count)| {
            let held = *count > 0 && *owner == me;
            if held {
                *count -= 1;
                *owner = if *count == 0 { 0 } else { me };
            }
            held
        });
        if held { Ok(()) } else { Err(vm.runtime_error("cannot release un-acquired lock")) }
    }

    /// The context variable with the filters of a context is made when `warnings` asks for it.
    #[pyfunction]
    fn __getattr__(vm: &Vm, name: &Obj<Str>) -> PyResult {
        if name.to_string_lossy() != "_warnings_context" {
            return Err(vm.attribute_error(format!(
                "module '_warnings' has no attribute '{}'",
                name.to_string_lossy()
            )));
        }
        let contextvars = import_::import_module(vm, "_contextvars")?;
        let class = object::get_attr_str(vm, &contextvars, "ContextVar")?;
        call::call(vm, &class, &[vm.str("warnings_context")])
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let State { filters, once, action } = state(vm);
        module.set(vm, "filters", filters.into());
        module.set(vm, "_onceregistry", once.into());
        module.set(vm, "_defaultaction", action.into());
        Ok(())
    }
}
