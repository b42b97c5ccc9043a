//! Reading the command line and the environment, by CPython's rules: `-c` and `-m` end the options,
//! short ones may be joined (`-Bsu`).

use crate::paths;
use adder_syntax::Level;
use adder_vm::runtime::config::Config;
use adder_vm::runtime::tracemalloc;
use std::ffi::OsString;

/// What to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// `-c`
    Source(String),
    /// A script, or a folder with `__main__.py`.
    File(String),
    /// `-m`
    Module(String),
    /// `-`, or nothing: standard input, a prompt if that is a terminal.
    Stdin,
    /// `--version`, `--help`
    Print(String),
    /// `compile` and `dis`, with their arguments.
    Word(Word),
}

/// Adder's own commands.
#[derive(Clone, Debug)]
pub enum Word {
    Compile { out_dir: String, files: Vec<String> },
    Dis { show_bytes: bool, file: String },
}

/// The command line, read.
#[derive(Clone, Debug)]
pub struct Options {
    pub command: Command,
    pub config: Config,
    /// Fatal signals are told of (`-X faulthandler`).
    pub faults: bool,
    /// How many frames are noted of where memory is asked for, 0 for none (`-X tracemalloc`).
    pub traced_frames: usize,
}

const USAGE: &str = "\
usage: adder [option] ... [-c cmd | -m mod | file | -] [arg] ...
       adder compile --lang 3.6 --out-dir OUT [--optimize N] FILE...
       adder dis [--lang 3.6|3.14] [--show-bytes] FILE
Options:
-b     : issue warnings about converting bytes/bytearray to str; -bb: issue errors
-B     : don't write .pyc files on import
-c cmd : program passed in as string (terminates option list)
-E     : ignore PYTHON* environment variables
-h     : print this help message and exit (also -? or --help)
-i     : inspect interactively after running script
-I     : isolate Adder from the user's environment (implies -E and -s)
-m mod : run library module as a script (terminates option list)
-O     : remove assert and __debug__-dependent statements; -OO: docstrings too
-P     : don't prepend a potentially unsafe path to sys.path
-q     : don't print version and copyright messages on interactive startup
-s     : don't add user site directory to sys.path
-S     : don't imply 'import site' on initialization
-u     : force the stdout and stderr streams to be unbuffered
-v     : verbose (trace import statements)
-V     : print the version number and exit (also --version); -VV: more
-W arg : warning control
-x     : skip first line of source
-X opt : set implementation-specific option
--lang L : language level 3.6 or 3.14 (default)
file   : program read from script file
-      : program read from stdin (default; interactive mode if a tty)
arg ...: arguments passed to program in sys.argv[1:]";

fn version(long: bool) -> String {
    let own = env!("CARGO_PKG_VERSION");
    if long { format!("Python 3.14.0 (Adder {own}) [Rust]") } else { "Python 3.14.0".into() }
}

fn usage(problem: &str) -> String {
    format!(
        "{problem}\nusage: adder [option] ... [-c cmd | -m mod | file | -] [arg] ...\n\
         Try `adder -h' for more information."
    )
}

fn level(text: &str) -> Result<Level, String> {
    match text {
        "3.6" => Ok(Level::Py36),
        "3.14" => Ok(Level::Py314),
        _ => Err(usage(&format!("unknown language level '{text}' (3.6 or 3.14)"))),
    }
}

fn text(value: OsString) -> String {
    value.to_string_lossy().into_owned()
}

/// `-X tracemalloc[=N]`, else `PYTHONTRACEMALLOC`.
fn traced_frames(config: &Config) -> Result<usize, String> {
    let read = |text: &str, name: &str| match text.parse::<usize>() {
        Ok(frames) if frames <= tracemalloc::MAX_FRAMES => Ok(frames),
        Ok(_) => Err("Fatal Python error: init_interp_main: can't start tracemalloc".into()),
        _ => Err(format!(
            "Fatal Python error: config_init_tracemalloc: {name}: invalid number of frames"
        )),
    };
    let option = config.x_options.iter().rev().find(|(name, _)| name == "tracemalloc");
    if let Some((_, frames)) = option {
        return frames.as_ref().map_or(Ok(1), |text| read(text, "-X tracemalloc=NFRAME"));
    }
    match std::env::var("PYTHONTRACEMALLOC") {
        Ok(text) if !text.is_empty() && !config.ignore_environment => {
            read(&text, "PYTHONTRACEMALLOC")
        }
        _ => Ok(0),
    }
}

/// Reads the arguments, the program's name first.
///
/// # Errors
/// The usage message, for exit status 2.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Options, String> {
    use lexopt::prelude::*;
    let mut args = args.into_iter();
    let program = args.next().map(text).unwrap_or_else(|| "adder".into());
    let rest: Vec<OsString> = args.collect();
    let mut config = Config::default();
    paths::locate(&mut config, &program);
    if let Some(word) = rest.first().and_then(|w| w.to_str())
        && matches!(word, "compile" | "dis")
        && !std::path::Path::new(word).exists()
    {
        let word = parse_word(word, &rest[1..], &mut config)?;
        return Ok(Options {
            command: Command::Word(word),
            config,
            faults: false,
            traced_frames: 0,
        });
    }
    let mut parser = lexopt::Parser::from_args(rest);
    let mut command = None;
    let mut versions = 0;
    while command.is_none() {
        let Some(arg) = parser.next().map_err(|e| usage(&e.to_string()))? else { break };
        match arg {
            Short('c') => command = Some(Command::Source(value(&mut parser, 'c')?)),
            Short('m') => command = Some(Command::Module(value(&mut parser, 'm')?)),
            Short('b') => config.bytes_warning += 1,
            Short('B') => config.dont_write_bytecode = true,
            Short('d' | 'R' | 't') => {}
            Short('x') => config.skip_first_line = true,
            Short('E') => config.ignore_environment = true,
            Short('h' | '?') | Long("help") => command = Some(Command::Print(USAGE.into())),
            Short('i') => {
                config.inspect = true;
                config.interactive = true;
            }
            Short('I') => {
                config.isolated = true;
                config.ignore_environment = true;
                config.no_user_site = true;
                config.safe_path = true;
            }
            Short('O') => config.optimize = (config.optimize + 1).min(2),
            Short('P') => config.safe_path = true,
            Short('q') => config.quiet = true,
            Short('s') => config.no_user_site = true,
            Short('S') => config.no_site = true,
            Short('u') => config.unbuffered = true,
            Short('v') => config.verbose += 1,
            Short('V') => versions += 1,
            Long("version") => versions = 1,
            Short('W') => config.warn_options.push(value(&mut parser, 'W')?),
            Short('X') => x_option(&mut config, &value(&mut parser, 'X')?)?,
            Long("lang") => {
                config.level = level(&given(&mut parser)?)?;
            }
            Long("stdlib") => {
                config.stdlib = Some(given(&mut parser)?);
            }
            Value(file) if file == "-" => command = Some(Command::Stdin),
            Value(file) => command = Some(Command::File(text(file))),
            Short(c) => return Err(usage(&format!("Unknown option: -{c}"))),
            Long(name) => return Err(usage(&format!("unknown option --{name}"))),
        }
    }
    if versions > 0 && command.is_none() {
        command = Some(Command::Print(version(versions > 1)));
    }
    let command = command.unwrap_or(Command::Stdin);
    let tail: Vec<String> = match parser.raw_args() {
        Ok(raw) => raw.map(text).collect(),
        Err(_) => Vec::new(),
    };
    environment(&mut config);
    finish(&mut config, &command, tail);
    let faults = config.dev_mode
        || config.x_options.iter().any(|(name, _)| name == "faulthandler")
        || (!config.ignore_environment
            && std::env::var_os("PYTHONFAULTHANDLER").is_some_and(|v| !v.is_empty()));
    let traced_frames = traced_frames(&config)?;
    Ok(Options { command, config, faults, traced_frames })
}

fn value(parser: &mut lexopt::Parser, option: char) -> Result<String, String> {
    parser
        .value()
        .map(text)
        .map_err(|_| usage(&format!("Argument expected for the -{option} option")))
}

fn x_option(config: &mut Config, option: &str) -> Result<(), String> {
    let (name, value) = match option.split_once('=') {
        Some((name, value)) => (name, Some(value.to_string())),
        None => (option, None),
    };
    match (name, value.as_deref()) {
        ("int_max_str_digits", Some(n)) => match n.parse() {
            Ok(n) if n == 0 || n >= 640 => config.int_max_str_digits = n,
            _ => {
                return Err(
                    "Fatal Python error: config_init_int_max_str_digits: -X int_max_str_digits: invalid limit; must be >= 640 or 0 for unlimited.".into(),
                );
            }
        },
        ("dev", None) => config.dev_mode = true,
        ("utf8", value) => config.utf8_mode = value != Some("0"),
        _ => {}
    }
    config.x_options.push((name.to_string(), value));
    Ok(())
}

/// `PYTHON*` variables.
fn environment(config: &mut Config) {
    if config.ignore_environment {
        return;
    }
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    if let Some(level) = set("PYTHONOPTIMIZE") {
        let level: u8 = level.parse().unwrap_or(1);
        config.optimize = config.optimize.max(level.min(2));
    }
    config.dont_write_bytecode |= set("PYTHONDONTWRITEBYTECODE").is_some();
    config.unbuffered |= set("PYTHONUNBUFFERED").is_some();
    config.inspect |= set("PYTHONINSPECT").is_some();
    config.no_user_site |= set("PYTHONNOUSERSITE").is_some();
    config.safe_path |= set("PYTHONSAFEPATH").is_some();
    config.dev_mode |= set("PYTHONDEVMODE").is_some();
    if let Some(options) = set("PYTHONWARNINGS") {
        let own = std::mem::take(&mut config.warn_options);
        config.warn_options = options.split(',').map(str::to_string).chain(own).collect();
    }
    if let Some(seed) = set("PYTHONHASHSEED")
        && seed != "random"
    {
        config.hash_seed = seed.parse().ok();
    }
    config.io_encoding = set("PYTHONIOENCODING");
    if let Some(digits) = set("PYTHONINTMAXSTRDIGITS").and_then(|d| d.parse().ok()) {
        config.int_max_str_digits = digits;
    }
    if let Some(home) = set("PYTHONHOME") {
        paths::home(config, &home);
    }
    if let Some(path) = set("PYTHONPATH") {
        config.path.extend(path.split(':').map(str::to_string));
    }
}

/// `sys.argv` and the first entry of `sys.path`.
fn finish(config: &mut Config, command: &Command, tail: Vec<String>) {
    let (name, first) = match command {
        Command::Source(_) => ("-c".to_string(), Some(String::new())),
        Command::Module(_) => ("-m".to_string(), Some(current_dir())),
        Command::File(path) => {
            let folder = if std::path::Path::new(path).is_dir() {
                path.clone()
            } else {
                let parent = std::path::Path::new(path).parent();
                parent.map(|p| p.display().to_string()).unwrap_or_default()
            };
            let folder = std::path::absolute(if folder.is_empty() { "." } else { &folder });
            (path.clone(), folder.ok().map(|p| p.display().to_string()))
        }
        Command::Stdin if !tail.is_empty() => ("-".to_string(), Some(String::new())),
        _ => (String::new(), Some(String::new())),
    };
    config.argv = std::iter::once(name).chain(tail).collect();
    let library = config.library_root();
    config.path.push(library);
    config.path0 = first.filter(|_| !config.safe_path);
}

fn current_dir() -> String {
    std::env::current_dir().map(|p| p.display().to_string()).unwrap_or_default()
}

/// The value of a long option.
fn given(parser: &mut lexopt::Parser) -> Result<String, String> {
    parser.value().map(text).map_err(|e| usage(&e.to_string()))
}

fn parse_word(word: &str, args: &[OsString], config: &mut Config) -> Result<Word, String> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_args(args.iter().cloned());
    let (mut out_dir, mut show_bytes, mut files) = (None, false, Vec::new());
    while let Some(arg) = parser.next().map_err(|e| usage(&e.to_string()))? {
        match arg {
            Long("lang") => config.level = level(&given(&mut parser)?)?,
            Long("out-dir") => out_dir = Some(given(&mut parser)?),
            Long("optimize") => {
                config.optimize = match given(&mut parser)?.as_str() {
                    "0" => 0,
                    "1" => 1,
                    "2" => 2,
                    other => return Err(usage(&format!("bad optimisation level '{other}'"))),
                };
            }
            Long("show-bytes") => show_bytes = true,
            Value(file) => files.push(text(file)),
            other => return Err(usage(&other.unexpected().to_string())),
        }
    }
    match word {
        "compile" => match out_dir {
            Some(out_dir) => Ok(Word::Compile { out_dir, files }),
            None => Err(usage("compile needs --out-dir OUT")),
        },
        _ => match files.as_slice() {
            [file] => Ok(Word::Dis { show_bytes, file: file.clone() }),
            _ => Err(usage("dis needs one FILE")),
        },
    }
}
