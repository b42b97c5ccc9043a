//! `termios`: control of terminals. CPython's counterpart: `Modules/termios.c`.

use crate::system;
use adder_derive::pymodule;
use adder_modules_core::posix::retry;
use adder_modules_core::support::{add_ints, descriptor};
use adder_vm::object::GilCell;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::list::List;
use adder_vm::objects::module::Module;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::number;
use adder_vm::runtime::args::FromArg;
use adder_vm::{Exc, Obj, PyResult, Ref, Value, Vm};

/// The class `termios.error`.
static ERROR: GilCell<Option<Value>> = GilCell::new(None);

fn failed(vm: &Vm, error: &std::io::Error) -> Exc {
    let number = error.raw_os_error().unwrap_or(libc::EIO);
    let class = ERROR.with(|e| e.clone());
    let args = [Value::int_unchecked(number.into()), vm.errno_text(number)];
    let made = class.map(|c| adder_vm::protocol::call::call(vm, &c, &args));
    match made.map(|m| m.map(Value::into_ref)) {
        Some(Ok(Ok(exc))) => Exc(exc),
        _ => vm.os_error(error, None),
    }
}

fn call(vm: &Vm, fd: &Value, f: impl Fn(i32) -> std::io::Result<i32>) -> PyResult<()> {
    let fd = descriptor(vm, fd)?;
    retry(vm, || f(fd))?.map(drop).map_err(|e| failed(vm, &e))
}

/// The characters of `VMIN` and `VTIME` are numbers when input is not by lines.
fn is_number(mode: &libc::termios, at: usize) -> bool {
    mode.c_lflag & libc::ICANON == 0 && (at == libc::VMIN || at == libc::VTIME)
}

/// This module provides an interface to the Posix calls for tty I/O control.
///
/// For a complete description of these calls, see the Posix or Unix manual
/// pages. It is only available for those Unix versions that support Posix
/// termios style tty I/O control (and then only if configured at installation
/// time).
///
/// All functions in this module take a file descriptor fd as their first
/// argument. This can be an integer file descriptor, such as returned by
/// sys.stdin.fileno(), or a file object, such as sys.stdin itself.
#[pymodule(name = "termios")]
pub mod termios {
    use super::*;

    /// Get the tty attributes for file descriptor fd.
    ///
    /// Returns a list [iflag, oflag, cflag, lflag, ispeed, ospeed, cc]
    /// where cc is a list of the tty special characters (each a string of
    /// length 1, except the items with indices VMIN and VTIME, which are
    /// integers when these fields are defined).  The interpretation of the
    /// flags and the speeds as well as the indexing in the cc array must be
    /// done using the symbolic constants defined in this module.
    #[pyfunction]
    fn tcgetattr(vm: &Vm, fd: &Value) -> PyResult<Ref<List>> {
        let fd = descriptor(vm, fd)?;
        let mode = system::tcgetattr(fd).map_err(|e| failed(vm, &e))?;
        let characters = mode.c_cc.iter().enumerate().map(|(at, c)| {
            if is_number(&mode, at) {
                Value::int_unchecked((*c).into())
            } else {
                Bytes::from_slice(&[*c]).into()
            }
        });
        let (input, output) = system::speeds(&mode);
        let numbers = [mode.c_iflag, mode.c_oflag, mode.c_cflag, mode.c_lflag, input, output];
        let mut all: Vec<Value> = numbers.map(|n| int::from_i64(n.into())).to_vec();
        all.push(List::from_vec(characters.collect()).into());
        Ok(List::from_vec(all))
    }

    /// Set the tty attributes for file descriptor fd.
    ///
    /// The attributes to be set are taken from the attributes argument, which
    /// is a list like the one returned by tcgetattr(). The when argument
    /// determines when the attributes are changed: termios.TCSANOW to
    /// change immediately, termios.TCSADRAIN to change after transmitting all
    /// queued output, or termios.TCSAFLUSH to change after transmitting all
    /// queued output and discarding all queued input.
    #[pyfunction]
    fn tcsetattr(vm: &Vm, fd: &Value, when: i32, attributes: &Value) -> PyResult<()> {
        let fd = descriptor(vm, fd)?;
        let parts = attributes.downcast::<List>().map(|l| l.to_vec());
        let Some([iflag, oflag, cflag, lflag, input, output, characters]) = parts.as_deref() else {
            return Err(vm.type_error("tcsetattr, arg 3: must be 7 element list"));
        };
        let mut mode = system::tcgetattr(fd).map_err(|e| failed(vm, &e))?;
        let flag = |value: &Value| -> PyResult<u32> {
            Ok(number::to_i128(vm, value)?.unwrap_or(0) as u32)
        };
        mode.c_iflag = flag(iflag)?;
        mode.c_oflag = flag(oflag)?;
        mode.c_cflag = flag(cflag)?;
        mode.c_lflag = flag(lflag)?;
        let (input, output) = (flag(input)?, flag(output)?);
        let wrong = || {
            vm.type_error(format!("tcsetattr: attributes[6] must be {} element list", libc::NCCS))
        };
        let Some(characters) = characters.downcast::<List>().map(|l| l.to_vec()) else {
            return Err(wrong());
        };
        if characters.len() != libc::NCCS {
            return Err(wrong());
        }
        for (place, value) in mode.c_cc.iter_mut().zip(&characters) {
            *place = match value.downcast::<Bytes>().map(|b| b.as_slice().to_vec()).as_deref() {
                Some([one]) => *one,
                _ if int::is_int(value) => number::to_i128(vm, value)?.unwrap_or(0) as u8,
                _ => {
                    return Err(vm.type_error(
                        "tcsetattr: elements of attributes must be characters or integers",
                    ));
                }
            };
        }
        system::set_speeds(&mut mode, input, output).map_err(|e| failed(vm, &e))?;
        retry(vm, || system::tcsetattr(fd, when, &mode))?.map(drop).map_err(|e| failed(vm, &e))
    }

    /// Send a break on file descriptor fd.
    ///
    /// A zero duration sends a break for 0.25-0.5 seconds; a nonzero duration
    /// has a system dependent meaning.
    #[pyfunction]
    fn tcsendbreak(vm: &Vm, fd: &Value, duration: i32) -> PyResult<()> {
        call(vm, fd, |fd| system::tcsendbreak(fd, duration))
    }
    /// Wait until all output written to file descriptor fd has been transmitted.
    #[pyfunction]
    fn tcdrain(vm: &Vm, fd: &Value) -> PyResult<()> {
        call(vm, fd, system::tcdrain)
    }
    /// Discard queued data on file descriptor fd.
    ///
    /// The queue selector specifies which queue: termios.TCIFLUSH for the input
    /// queue, termios.TCOFLUSH for the output queue, or termios.TCIOFLUSH for
    /// both queues.
    #[pyfunction]
    fn tcflush(vm: &Vm, fd: &Value, queue: i32) -> PyResult<()> {
        call(vm, fd, |fd| system::tcflush(fd, queue))
    }
    /// Suspend or resume input or output on file descriptor fd.
    ///
    /// The action argument can be termios.TCOOFF to suspend output,
    /// termios.TCOON to restart output, termios.TCIOFF to suspend input,
    /// or termios.TCION to restart input.
    #[pyfunction]
    fn tcflow(vm: &Vm, fd: &Value, action: i32) -> PyResult<()> {
        call(vm, fd, |fd| system::tcflow(fd, action))
    }
    /// Get the tty winsize for file descriptor fd.
    ///
    /// Returns a tuple (ws_row, ws_col).
    #[pyfunction]
    fn tcgetwinsize(vm: &Vm, fd: &Value) -> PyResult<(i32, i32)> {
        let fd = descriptor(vm, fd)?;
        let mut size = [0; 8];
        system::ioctl_buffer(fd, libc::TIOCGWINSZ, &mut size).map_err(|e| failed(vm, &e))?;
        let word = |at: usize| u16::from_ne_bytes([size[at], size[at + 1]]).into();
        Ok((word(0), word(2)))
    }
    /// Set the tty winsize for file descriptor fd.
    ///
    /// The winsize to be set is taken from the winsize argument, which
    /// is a two-item tuple (ws_row, ws_col) like the one returned by tcgetwinsize().
    #[pyfunction]
    fn tcsetwinsize(vm: &Vm, fd: &Value, winsize: &Value) -> PyResult<()> {
        let fd = descriptor(vm, fd)?;
        let parts = match winsize.downcast::<Tuple>() {
            Some(tuple) => tuple.items().to_vec(),
            None => winsize.downcast::<List>().map(|l| l.to_vec()).unwrap_or_default(),
        };
        let [rows, columns] = parts.as_slice() else {
            return Err(vm.type_error("tcsetwinsize, arg 2: must be a two-item sequence"));
        };
        let mut size = [0; 8];
        system::ioctl_buffer(fd, libc::TIOCGWINSZ, &mut size).map_err(|e| failed(vm, &e))?;
        size[0..2].copy_from_slice(&winsize_number(vm, rows)?.to_ne_bytes());
        size[2..4].copy_from_slice(&winsize_number(vm, columns)?.to_ne_bytes());
        system::ioctl_buffer(fd, libc::TIOCSWINSZ, &mut size).map(drop).map_err(|e| failed(vm, &e))
    }

    fn winsize_number(vm: &Vm, value: &Value) -> PyResult<u16> {
        u16::from_value(vm, value).map_err(|e| {
            if e.is(vm.exception_type("OverflowError")) {
                vm.overflow_error("winsize value(s) out of range.")
            } else {
                e
            }
        })
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let bases = [vm.exception_type("Exception")];
        let class =
            adder_vm::objects::type_::declare::exception_subclass(vm, "error", "termios", &bases);
        let old = ERROR.with(|e| e.replace(class.clone()));
        drop(old);
        module.set(vm, "error", class);
        add_ints(vm, module, CONSTANTS);
        Ok(())
    }
}

macro_rules! constants {
    ($($name:ident)*; $($own:literal = $value:expr,)*) => {
        const CONSTANTS: &[(&str, i64)] =
            &[$((stringify!($name), libc::$name as i64),)* $(($own, $value),)*];
    };
}

constants! {
    B0 B50 B75 B110 B134 B150 B200 B300 B600 B1200 B1800 B2400 B4800 B9600 B19200 B38400 B57600
    B115200 B230400 B460800 B500000 B576000 B921600 B1000000 B1152000 B1500000 B2000000 B2500000
    B3000000 B3500000 B4000000
    CSIZE TCOOFF TCOON TCIOFF TCION TCIFLUSH TCOFLUSH TCIOFLUSH TCSANOW TCSADRAIN TCSAFLUSH
    BRKINT IGNBRK IGNPAR PARMRK INPCK ISTRIP INLCR IGNCR ICRNL IUCLC IXON IXANY IXOFF IMAXBEL IUTF8
    OPOST OLCUC ONLCR OCRNL ONOCR ONLRET OFILL OFDEL NLDLY CRDLY TABDLY BSDLY VTDLY FFDLY NL0 NL1
    CR0 CR1 CR2 CR3 TAB0 TAB1 TAB2 TAB3 XTABS BS0 BS1 VT0 VT1 FF0 FF1
    CS5 CS6 CS7 CS8 CSTOPB CREAD PARENB PARODD HUPCL CLOCAL CIBAUD CRTSCTS
    ISIG ICANON XCASE ECHO ECHOE ECHOK ECHONL ECHOCTL ECHOPRT ECHOKE FLUSHO NOFLSH TOSTOP PENDIN
    IEXTEN EXTPROC
    VINTR VQUIT VERASE VKILL VEOF VTIME VMIN VSWTC VSTART VSTOP VSUSP VEOL VREPRINT VDISCARD
    VWERASE VLNEXT VEOL2 NCCS
    TCGETA TCGETS TCSBRK TCSBRKP TCSETA TCSETAF TCSETAW TCSETS TCSETSF TCSETSW TCXONC TCFLSH
    TIOCCONS TIOCEXCL TIOCGETD TIOCGICOUNT TIOCGLCKTRMIOS TIOCGPGRP TIOCGSERIAL TIOCGSOFTCAR
    TIOCGWINSZ TIOCINQ TIOCLINUX TIOCMBIC TIOCMBIS TIOCMGET TIOCMIWAIT TIOCMSET TIOCNOTTY TIOCNXCL
    TIOCOUTQ TIOCPKT TIOCSCTTY TIOCSERCONFIG TIOCSERGETLSR TIOCSERGSTRUCT TIOCSERGWILD TIOCSERSWILD
    TIOCSETD TIOCSLCKTRMIOS TIOCSPGRP TIOCSSERIAL TIOCSSOFTCAR TIOCSTI TIOCSWINSZ
    TIOCM_LE TIOCM_DTR TIOCM_RTS TIOCM_ST TIOCM_SR TIOCM_CTS TIOCM_CAR TIOCM_CD
    TIOCM_RNG TIOCM_RI TIOCM_DSR FIONREAD FIONBIO FIOASYNC FIOCLEX FIONCLEX;
    "CBAUD" = 0o010017,
    "CBAUDEX" = 0o010000,
    "EXTA" = libc::B19200 as i64,
    "EXTB" = libc::B38400 as i64,
    "VSWTCH" = libc::VSWTC as i64,
    "NCC" = 8,
    "CINTR" = 3,
    "CQUIT" = 0o34,
    "CERASE" = 0o177,
    "CKILL" = 0o25,
    "CEOF" = 4,
    "CEOL" = 0,
    "CSTART" = 0o21,
    "CSTOP" = 0o23,
    "CSUSP" = 0o32,
    "CRPRNT" = 0o22,
    "CFLUSH" = 0o17,
    "CWERASE" = 0o27,
    "CLNEXT" = 0o26,
    "TIOCPKT_DATA" = 0,
    "TIOCPKT_FLUSHREAD" = 1,
    "TIOCPKT_FLUSHWRITE" = 2,
    "TIOCPKT_STOP" = 4,
    "TIOCPKT_START" = 8,
    "TIOCPKT_NOSTOP" = 16,
    "TIOCPKT_DOSTOP" = 32,
    "TIOCSER_TEMT" = 1,
    "TIOCSERGETMULTI" = 0x545a,
    "TIOCSERSETMULTI" = 0x545b,
    "CDSUSP" = 0o31,
    "CEOT" = 4,
    "IOCSIZE_MASK" = 0x3fff_0000,
    "IOCSIZE_SHIFT" = 16,
    "N_TTY" = 0,
    "N_SLIP" = 1,
    "N_MOUSE" = 2,
    "N_PPP" = 3,
    "N_STRIP" = 4,
    "_POSIX_VDISABLE" = 0,
}
