//! How the runtime was started: what the command line and the environment say.
//!
//! CPython's counterpart: `PyConfig`.

use adder_syntax::Level;

/// Settings of one run.
#[derive(Clone, Debug)]
pub struct Config {
    /// `sys.argv`
    pub argv: Vec<String>,
    pub executable: String,
    pub level: Level,
    /// `-O`, `-OO`
    pub optimize: u8,
    pub inspect: bool,
    pub interactive: bool,
    pub quiet: bool,
    pub verbose: u8,
    pub bytes_warning: u8,
    pub dont_write_bytecode: bool,
    pub ignore_environment: bool,
    pub isolated: bool,
    pub no_site: bool,
    pub no_user_site: bool,
    pub safe_path: bool,
    pub unbuffered: bool,
    pub dev_mode: bool,
    pub utf8_mode: bool,
    /// `PYTHONIOENCODING`
    pub io_encoding: Option<String>,
    pub warn_options: Vec<String>,
    pub x_options: Vec<(String, Option<String>)>,
    /// The secret of `str` hashes; `None` for a random one.
    pub hash_seed: Option<u32>,
    pub int_max_str_digits: usize,
    /// `sys.path` before `site`.
    pub path: Vec<String>,
    /// What is put in front of `sys.path` for the program itself, after `site`.
    pub path0: Option<String>,
    /// `-x`: a script's first line is left out.
    pub skip_first_line: bool,
    /// `sys.prefix` and `sys.base_prefix`: they differ in a virtual environment.
    pub prefix: String,
    pub base_prefix: String,
    /// A folder to take the library from, instead of the one inside the binary.
    pub stdlib: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            argv: vec![String::new()],
            executable: String::new(),
            level: Level::Py314,
            optimize: 0,
            inspect: false,
            interactive: false,
            quiet: false,
            verbose: 0,
            bytes_warning: 0,
            dont_write_bytecode: false,
            ignore_environment: false,
            isolated: false,
            no_site: false,
            no_user_site: false,
            safe_path: false,
            unbuffered: false,
            dev_mode: false,
            utf8_mode: true,
            io_encoding: None,
            warn_options: Vec::new(),
            x_options: Vec::new(),
            hash_seed: None,
            int_max_str_digits: 4300,
            path: Vec::new(),
            path0: None,
            skip_first_line: false,
            prefix: "/usr/local".into(),
            base_prefix: "/usr/local".into(),
            stdlib: None,
        }
    }
}

impl Config {
    /// The folder where the library is shown to be: one that the command line names, or a place of
    /// our own below the prefix, where no file needs to exist.
    pub fn library_root(&self) -> String {
        match &self.stdlib {
            Some(folder) => folder.clone(),
            None => format!("{}/lib/adder3.14", self.base_prefix.trim_end_matches('/')),
        }
    }
}
