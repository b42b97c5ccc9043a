//! The command line. CPython's counterpart: `Programs/python.c`, `Modules/main.c`.

mod options;
mod repl;
mod words;

use adder_vm::objects::dict::Dict;
use adder_vm::objects::module::Module;
use adder_vm::protocol::object;
use adder_vm::runtime::compile::Request;
use adder_vm::runtime::enter;
use adder_vm::{Exc, PyResult, Ref, Vm};
use options::{Command, Options};
use std::io::{IsTerminal, Read};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Deep native recursion (a parser, `repr` of nested data) gets this much stack; it is reserved, not
/// used.
const STACK: usize = 64 << 20;

fn main() -> ExitCode {
    let runner = std::thread::Builder::new().name("main".into()).stack_size(STACK).spawn(start);
    match runner.map(|thread| thread.join()) {
        Ok(Ok(code)) => code,
        _ => ExitCode::from(101),
    }
}

fn start() -> ExitCode {
    let options = match options::parse(std::env::args_os()) {
        Ok(options) => options,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    match &options.command {
        Command::Print(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Command::Word(word) => words::run(word, &options),
        _ => {
            let status = adder::run(options.config.clone(), |vm| run(vm, &options));
            ExitCode::from(status as u8)
        }
    }
}

/// Runs what the command line asks for; gives the exit status.
fn run(vm: &Vm, options: &Options) -> i32 {
    adder_vm::builtin_modules::signal::install_defaults(vm);
    let main = main_module(vm);
    let result = match &options.command {
        Command::Source(text) => run_source(vm, &main, text.as_bytes(), "<string>", true),
        Command::File(path) => run_file(vm, &main, path),
        Command::Module(name) => run_module(vm, &main, name),
        Command::Stdin if std::io::stdin().is_terminal() || options.config.interactive => {
            return finish(vm, repl::run(vm, &main, options));
        }
        Command::Stdin => {
            let mut source = Vec::new();
            match std::io::stdin().read_to_end(&mut source) {
                Ok(_) => run_source(vm, &main, &source, "<stdin>", false),
                Err(e) => Err(vm.os_error(&e, None)),
            }
        }
        Command::Print(_) | Command::Word(_) => Ok(()),
    };
    let mut status = outcome(vm, result);
    if options.config.inspect {
        status = repl::run(vm, &main, options);
    }
    finish(vm, status)
}

/// The exit status for a program's result; an uncaught exception is shown.
fn outcome(vm: &Vm, result: PyResult<()>) -> i32 {
    let Err(exc) = result else { return 0 };
    if exc.is(vm.exception_type("SystemExit")) {
        adder_vm::builtin_modules::sys::flush_streams(vm);
        return adder_vm::builtin_modules::sys::exit_status(vm, &exc);
    }
    adder_vm::builtin_modules::sys::flush_streams(vm);
    adder_vm::builtin_modules::sys::show_uncaught(vm, &exc);
    if exc.is(vm.exception_type("KeyboardInterrupt")) { 130 } else { 1 }
}

/// Runs exit handlers and writes out what is buffered.
fn finish(vm: &Vm, status: i32) -> i32 {
    let exit = adder_vm::runtime::exit::run_handlers(vm);
    let status = match exit {
        Ok(()) => status,
        Err(exc) => outcome(vm, Err(exc)),
    };
    if adder_vm::builtin_modules::sys::flush_streams(vm) { status } else { 120 }
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
    let request = Request { is_text, ..Request::file(vm, filename) };
    let code = vm.compile(source, &request)?;
    let dict: Ref<Dict> = main.dict().to_ref();
    enter::run_code(vm, &code, &dict, dict.to_value(), None).map(drop)
}

fn cannot_open(vm: &Vm, path: &str, error: &std::io::Error) -> Exc {
    let text = error.to_string();
    let text = text.rsplit_once(" (os error").map_or(text.as_str(), |(t, _)| t);
    let number = error.raw_os_error().unwrap_or(0);
    let program = &vm.config().executable;
    let message = format!("{program}: can't open file '{path}': [Errno {number}] {text}");
    vm.system_exit_with(&message, 2)
}

fn run_file(vm: &Vm, main: &Ref<Module>, path: &str) -> PyResult<()> {
    let mut file = std::path::PathBuf::from(path);
    if file.is_dir() {
        file.push("__main__.py");
        if !file.is_file() {
            let program = &vm.config().executable;
            let message = format!("{program}: can't find '__main__' module in '{path}'");
            return Err(vm.system_exit_with(&message, 1));
        }
    }
    let shown = file.display().to_string();
    let source = match std::fs::read(&file) {
        Ok(source) => source,
        Err(error) => return Err(cannot_open(vm, &absolute(path), &error)),
    };
    main.set(vm, "__file__", vm.str(&shown));
    if source.get(..4).and_then(|m| m.first_chunk::<4>()) == Some(&[0x33, 0x0d, 0x0d, 0x0a]) {
        return words::run_pyc(vm, main, &source);
    }
    run_source(vm, main, &source, &shown, false)
}

fn absolute(path: &str) -> String {
    std::path::absolute(path).map_or_else(|_| path.to_string(), |p| p.display().to_string())
}

/// `-m name`: the module's code, run as `__main__`.
fn run_module(vm: &Vm, main: &Ref<Module>, name: &str) -> PyResult<()> {
    use adder_vm::runtime::import_::{self, Located};
    match import_::locate(vm, name)? {
        Located::Native => {
            let module = import_::import_module(vm, name)?;
            match object::lookup_attr(vm, &module, &vm.intern("_main"))? {
                Some(start) => adder_vm::protocol::call::call(vm, &start, &[]).map(drop),
                None => Err(no_module(vm, &format!("No code object available for {name}"))),
            }
        }
        Located::Source { source, file } => {
            main.set(vm, "__file__", vm.str(&file));
            let package = name.rsplit_once('.').map_or("", |(p, _)| p);
            main.set(vm, "__package__", vm.str(package));
            adder_vm::builtin_modules::sys::set_argv0(vm, &file);
            run_source(vm, main, &source, &file, false)
        }
        Located::Missing => Err(no_module(vm, &format!("No module named {name}"))),
    }
}

fn no_module(vm: &Vm, message: &str) -> Exc {
    let program = &vm.config().executable;
    vm.system_exit_with(&format!("{program}: {message}"), 1)
}
