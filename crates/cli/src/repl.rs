//! The plain prompt: reads a statement, runs it, shows what it gives; errors keep it going.

use crate::options::Options;
use adder_vm::builtin_modules::sys;
use adder_vm::objects::module::Module;
use adder_vm::protocol::object;
use adder_vm::runtime::compile::{Mode, Request};
use adder_vm::runtime::enter;
use adder_vm::{Ref, Vm};
use std::io::{BufRead, Write};

/// Runs until end of input or `exit()`; gives the exit status.
pub fn run(vm: &Vm, main: &Ref<Module>, options: &Options) -> i32 {
    if !options.config.quiet {
        println!(
            "Python 3.14.0 (Adder {}) on linux\nType \"help\", \"copyright\", \"credits\" or \"license\" for more information.",
            env!("CARGO_PKG_VERSION")
        );
    }
    for (name, default) in [("ps1", ">>> "), ("ps2", "... ")] {
        if vm.sys_get(&vm.intern(name)).is_none() {
            sys::set(vm, name, vm.str(default));
        }
    }
    let mut number = 0;
    loop {
        match read_statement(vm) {
            Input::End => {
                println!();
                return 0;
            }
            Input::Interrupted => println!("\nKeyboardInterrupt"),
            Input::Text(text) if text.trim().is_empty() => {}
            Input::Text(text) => {
                let file = format!("<stdin>-{number}");
                number += 1;
                sys::remember_source(&file, &text);
                let request =
                    Request { mode: Mode::Single, is_text: true, ..Request::file(vm, &file) };
                let result = vm.compile(text.as_bytes(), &request).and_then(|code| {
                    let dict = main.dict().to_ref();
                    enter::run_code(vm, &code, &dict, dict.to_value(), None)
                });
                if let Err(exc) = result {
                    if exc.is(vm.exception_type("SystemExit")) {
                        return sys::exit_status(vm, &exc);
                    }
                    let _ = sys::flush_streams(vm);
                    sys::show_uncaught(vm, &exc);
                }
                let _ = sys::flush_streams(vm);
            }
        }
    }
}

enum Input {
    Text(String),
    Interrupted,
    End,
}

fn prompt(vm: &Vm, name: &str) -> String {
    let value = vm.sys_get(&vm.intern(name));
    value.and_then(|v| object::str(vm, &v).ok()).map(|s| s.to_string()).unwrap_or_default()
}

/// Reads lines until they make a whole statement.
fn read_statement(vm: &Vm) -> Input {
    let mut text = String::new();
    loop {
        print!("{}", prompt(vm, if text.is_empty() { "ps1" } else { "ps2" }));
        let _ = std::io::stdout().flush();
        let mut line = String::new();
        let read = vm.without_lock(|| std::io::stdin().lock().read_line(&mut line));
        if vm.check_signals().is_err() {
            return Input::Interrupted;
        }
        match read {
            Err(_) => return Input::Interrupted,
            Ok(0) if text.is_empty() => return Input::End,
            Ok(0) => return Input::Text(text),
            Ok(_) => {}
        }
        let first = text.is_empty();
        let blank = line.trim().is_empty();
        text.push_str(&line);
        if first && blank {
            return Input::Text(String::new());
        }
        let request = Request {
            mode: Mode::Single,
            is_text: true,
            dont_imply_dedent: !blank,
            allow_incomplete: true,
            ..Request::file(vm, "<stdin>")
        };
        match vm.compile(text.as_bytes(), &request) {
            Err(e) if e.is(vm.exception_type("_IncompleteInputError")) => {}
            _ => return Input::Text(text),
        }
    }
}
