//! The command line. CPython's counterpart: `Programs/python.c`, `Modules/main.c`.

#![cfg_attr(not(test), no_main)]
#![cfg_attr(test, expect(dead_code, reason = "the tests begin elsewhere"))]

mod entry;
mod kept;
mod mapped;
mod memory;
mod options;
mod paths;
mod repl;
mod stack;
mod words;

use adder_vm::objects::code::Code;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::module::Module;
use adder_vm::protocol::{call, object};
use adder_vm::runtime::compile::Request;
use adder_vm::runtime::{enter, import_, stress, tracemalloc};
use adder_vm::{Exc, Obj, PyResult, Ref, Value, Vm};
use options::{Command, Options};
use std::io::{IsTerminal, Read};

/// The status of a program that ended with an uncaught `KeyboardInterrupt`; no other has the high
/// bit.
const INTERRUPTED: i32 = 0x100 | 130;

/// Runs the command line; gives the exit status.
fn process() -> u8 {
    memory::tune();
    stack::run_on_large(start)
}

fn start() -> u8 {
    let options = match options::parse(std::env::args_os()) {
        Ok(options) => options,
        Err(usage) => {
            eprintln!("{usage}");
            return if usage.starts_with("Fatal") { 1 } else { 2 };
        }
    };
    match &options.command {
        Command::Print(text) => {
            println!("{text}");
            0
        }
        Command::Word(word) => words::run(word, &options),
        _ => adder::run(options.config.clone(), |vm| {
            let status = run(vm, &options);
            if status == INTERRUPTED {
                // A shell stops a script whose program died of the signal, not one that exited.
                adder_vm::builtin_modules::signal::die_of_interrupt();
            }
            entry::end(status & 0xff)
        }),
    }
}

/// Runs what the command line asks for; gives the exit status.
fn run(vm: &Vm, options: &Options) -> i32 {
    adder_vm::builtin_modules::signal::install_defaults(vm);
    if options.traced_frames > 0 {
        tracemalloc::start(vm, options.traced_frames);
    }
    let main = main_module(vm);
    if options.faults
        && let Err(exc) = import_::import_module(vm, "faulthandler")
            .and_then(|module| object::call_method(vm, &module, &vm.intern("enable"), &[]))
    {
        let status = outcome(vm, Err(exc));
        return finish(vm, status);
    }
    if !options.config.no_site {
        if let Err(exc) = import_::import_module(vm, "site") {
            let status = outcome(vm, Err(exc));
            return finish(vm, status);
        }
        adder_vm::runtime::gc::settle();
    }
    mapped::watch_imports();
    let result = match &options.command {
        Command::File(path) => run_path(vm, &main, path).map(|()| 0),
        Command::Module(name) => prepend_path(vm, vm.config().path0.as_deref())
            .and_then(|()| run_as_main(vm, &[vm.str(name), Value::TRUE]))
            .map(|()| 0),
        other => prepend_path(vm, vm.config().path0.as_deref())
            .and_then(|()| run_text(vm, &main, other, options)),
    };
    let mut status = outcome(vm, result);
    if options.config.inspect && !matches!(options.command, Command::Stdin) {
        status = repl::run(vm, &main, options);
    }
    drop(main);
    finish(vm, status)
}

/// `-c`, or standard input: a program or a prompt.
fn run_text(vm: &Vm, main: &Ref<Module>, command: &Command, options: &Options) -> PyResult<i32> {
    let result = match command {
        Command::Source(text) => run_source(vm, main, text.as_bytes(), "<string>", true),
        Command::Stdin if std::io::stdin().is_terminal() || options.config.interactive => {
            return Ok(repl::run(vm, main, options));
        }
        _ => {
            let mut source = Vec::new();
            match std::io::stdin().read_to_end(&mut source) {
                Ok(_) => run_source(vm, main, &source, "<stdin>", false),
                Err(e) => Err(vm.os_error(&e, None)),
            }
        }
    };
    result.map(|()| 0)
}

/// Puts an entry in front of `sys.path`.
fn prepend_path(vm: &Vm, entry: Option<&str>) -> PyResult<()> {
    if let Some(entry) = entry
        && let Some(path) = vm.sys_get(&vm.names().path)
    {
        let at = Value::int_unchecked(0);
        object::call_method(vm, &path, &vm.intern("insert"), &[at, vm.str(entry)])?;
    }
    Ok(())
}

/// The exit status for a program's result; an uncaught exception is shown.
fn outcome(vm: &Vm, result: PyResult<i32>) -> i32 {
    let exc = match result {
        Ok(status) => return status,
        Err(exc) => exc,
    };
    if exc.is(vm.exception_type("SystemExit")) {
        adder_vm::builtin_modules::sys::flush_streams(vm);
        return adder_vm::builtin_modules::sys::exit_status(vm, &exc) & 0xff;
    }
    adder_vm::builtin_modules::sys::flush_streams(vm);
    adder_vm::builtin_modules::sys::show_uncaught(vm, &exc);
    if exc.is(vm.exception_type("KeyboardInterrupt")) { INTERRUPTED } else { 1 }
}

/// Runs exit handlers and finalisers, and writes out what is buffered.
fn finish(vm: &Vm, status: i32) -> i32 {
    let exit = adder_vm::runtime::exit::run_handlers(vm);
    let status = match exit {
        Ok(()) => status,
        Err(exc) => outcome(vm, Err(exc)),
    };
    let flushed = adder_vm::builtin_modules::sys::flush_streams(vm);
    adder_vm::runtime::exit::finalize(vm);
    let flushed = flushed & adder_vm::builtin_modules::sys::flush_streams(vm);
    let status = if flushed { status } else { 120 };
    if stress::ON { stress::end(vm, status) } else { status }
}

/// `__main__`
fn main_module(vm: &Vm) -> Ref<Module> {
    let module = Module::new_ref(vm, "__main__", None);
    module.set(vm, "__builtins__", builtins_module(vm));
    drop(vm.modules().insert_str(&vm.intern("__main__"), module.to_value()));
    module
}

fn builtins_module(vm: &Vm) -> adder_vm::Value {
    vm.modules().get_str(&vm.intern("builtins")).unwrap_or_else(|| vm.builtins().to_value())
}

fn run_source(
    vm: &Vm,
    main: &Ref<Module>,
    source: &[u8],
    filename: &str,
    is_text: bool,
) -> PyResult<()> {
    let code = compile(vm, source, filename, is_text)?;
    run_code(vm, main, &code)
}

fn compile(vm: &Vm, source: &[u8], filename: &str, is_text: bool) -> PyResult<Ref<Code>> {
    vm.compile(source, &Request { is_text, ..Request::file(vm, filename) })
}

fn run_code(vm: &Vm, main: &Ref<Module>, code: &Obj<Code>) -> PyResult<()> {
    let dict: Ref<Dict> = main.dict().to_ref();
    enter::run_code(vm, code, &dict, dict.to_value(), None).map(drop)
}

fn cannot_open(vm: &Vm, path: &str, error: &std::io::Error) -> Exc {
    let text = error.to_string();
    let text = text.rsplit_once(" (os error").map_or(text.as_str(), |(t, _)| t);
    let number = error.raw_os_error().unwrap_or(0);
    let program = &vm.config().executable;
    let message = format!("{program}: can't open file '{path}': [Errno {number}] {text}");
    vm.system_exit_with(&message, 2)
}

/// A path on the command line: a script; or a folder or archive with `__main__.py`, which is then the
/// first place on `sys.path`.
fn run_path(vm: &Vm, main: &Ref<Module>, path: &str) -> PyResult<()> {
    let is_folder = std::path::Path::new(path).is_dir();
    let source = if is_folder {
        Vec::new()
    } else {
        let read = std::fs::read(path);
        read.map_err(|error| cannot_open(vm, &absolute(path), &error))?
    };
    if is_folder || (may_be_archive(&source) && is_importable(vm, path)?) {
        prepend_path(vm, Some(path))?;
        return run_as_main(vm, &[vm.str("__main__"), Value::FALSE]);
    }
    prepend_path(vm, vm.config().path0.as_deref())?;
    main.set(vm, "__file__", vm.str(path));
    if source.get(..4).and_then(|m| m.first_chunk::<4>()) == Some(&[0x33, 0x0d, 0x0d, 0x0a]) {
        return words::run_pyc(vm, main, &source);
    }
    let external = import_::import_module(vm, "_frozen_importlib_external")?;
    let is_compiled = path.ends_with(".pyc");
    let kind = if is_compiled { "SourcelessFileLoader" } else { "SourceFileLoader" };
    let loader = object::get_attr_str(vm, &external, kind)?;
    let loader = call::call(vm, &loader, &[vm.str("__main__"), vm.str(path)])?;
    main.set(vm, "__loader__", loader.clone());
    if is_compiled {
        let code = object::call_method(vm, &loader, &vm.intern("get_code"), &[vm.str("__main__")])?;
        let Ok(code) = code.into_ref::<Code>() else { return Ok(()) };
        return run_code(vm, main, &code);
    }
    let skipped = match vm.config().skip_first_line {
        true => source.iter().position(|&byte| byte == b'\n').unwrap_or(source.len()),
        false => 0,
    };
    let code = compile(vm, &source[skipped..], path, false)?;
    // The start and the compiler.
    mapped::give_back();
    run_code(vm, main, &code)
}

/// Does the end of a file look like a zip archive's?
fn may_be_archive(content: &[u8]) -> bool {
    let tail = &content[content.len().saturating_sub((1 << 16) + 22)..];
    tail.windows(4).any(|bytes| bytes == b"PK\x05\x06")
}

/// Does a path hook take this path?
fn is_importable(vm: &Vm, path: &str) -> PyResult<bool> {
    let pkgutil = import_::import_module(vm, "pkgutil")?;
    let found = object::call_method(vm, &pkgutil, &vm.intern("get_importer"), &[vm.str(path)])?;
    Ok(!found.is_none())
}

fn absolute(path: &str) -> String {
    std::path::absolute(path).map_or_else(|_| path.to_string(), |p| p.display().to_string())
}

/// A module's code, run as `__main__`: the library's `runpy`.
fn run_as_main(vm: &Vm, args: &[Value]) -> PyResult<()> {
    let runpy = import_::import_module(vm, "runpy")?;
    object::call_method(vm, &runpy, &vm.intern("_run_module_as_main"), args).map(drop)
}
