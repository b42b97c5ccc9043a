//! Adder's own commands: `compile` and `dis`; and running `.pyc` files.

use crate::options::{Options, Word};
use adder_bytecode::{dis, pyc};
use adder_compiler::CompileError;
use adder_syntax::SyntaxError;
use adder_vm::objects::code::Code;
use adder_vm::objects::module::Module;
use adder_vm::runtime::enter;
use adder_vm::{PyResult, Ref, Vm};
use std::path::{Path, PathBuf};

/// Runs a word; needs no machine. Gives the exit status.
pub fn run(word: &Word, options: &Options) -> u8 {
    match word {
        Word::Compile { out_dir, files } => {
            let mut failed = false;
            for file in files {
                if let Err(message) = compile_file(file, out_dir, options) {
                    eprintln!("{message}");
                    failed = true;
                }
            }
            u8::from(failed)
        }
        Word::Dis { show_bytes, file } => match read_code(file, options) {
            Ok(code) => {
                print!("{}", dis::disassemble(&code, None, None, &dis::show_const));
                if *show_bytes {
                    println!("{:?}", code.code);
                }
                0
            }
            Err(message) => {
                eprintln!("{message}");
                1
            }
        },
    }
}

fn describe(error: &SyntaxError, file: &str) -> String {
    use adder_syntax::ErrorKind;
    let name = match error.kind {
        ErrorKind::Syntax => "SyntaxError",
        ErrorKind::Indentation => "IndentationError",
        ErrorKind::Tab => "TabError",
        ErrorKind::Memory => "MemoryError",
    };
    let base = Path::new(file).file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    format!("{name}: {} ({base}, line {})", error.message, error.lineno)
}

fn read_code(file: &str, options: &Options) -> Result<adder_bytecode::code::CodeObject, String> {
    let source = std::fs::read(file).map_err(|e| format!("{file}: {e}"))?;
    let parsing = adder_syntax::Options::new(options.config.level);
    let arena = adder_syntax::Arena::new();
    let parsed =
        adder_syntax::parse_module(&source, parsing, &arena).map_err(|e| describe(&e, file))?;
    let compiling = adder_compiler::Options {
        optimize: options.config.optimize,
        source: Some(&source),
        ..adder_compiler::Options::new(options.config.level, file)
    };
    match adder_compiler::compile(parsed, &compiling) {
        Ok(compiled) => Ok(compiled.code),
        Err(CompileError::Syntax(error)) => Err(describe(&error, file)),
        Err(CompileError::Recursion) => {
            Err("RecursionError: maximum recursion depth exceeded during compilation".into())
        }
        Err(CompileError::Overflow(message)) => Err(format!("OverflowError: {message}")),
    }
}

fn compile_file(file: &str, out_dir: &str, options: &Options) -> Result<(), String> {
    let code = read_code(file, options)?;
    let fail = |e: std::io::Error| format!("{file}: {e}");
    let absolute = std::path::absolute(file).map_err(fail)?;
    let inside = absolute.strip_prefix("/").unwrap_or(&absolute);
    let mut target = PathBuf::from(out_dir).join(inside);
    target.as_mut_os_string().push("c");
    let data = std::fs::metadata(file).map_err(fail)?;
    let modified = data.modified().ok().and_then(|m| m.duration_since(std::time::UNIX_EPOCH).ok());
    let stamp =
        pyc::Stamp { mtime: modified.map_or(0, |d| d.as_secs() as u32), size: data.len() as u32 };
    let bytes = pyc::write(&code, stamp).map_err(|e| format!("{file}: {e}"))?;
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    std::fs::write(&target, bytes).map_err(fail)
}

/// Runs a `.pyc` of CPython 3.6, or ours.
pub fn run_pyc(vm: &Vm, main: &Ref<Module>, bytes: &[u8]) -> PyResult<()> {
    match pyc::read(bytes) {
        Ok((_, code)) => {
            let code = Code::new_ref(code);
            let dict = main.dict().to_ref();
            enter::run_code(vm, &code, &dict, dict.to_value(), None).map(drop)
        }
        Err(error) => Err(vm.import_error(error.to_string())),
    }
}
