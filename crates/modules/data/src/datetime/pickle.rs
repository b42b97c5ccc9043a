//! What dates and times are pickled as: bytes, which their constructors take back. Python 2 wrote
//! them as text.

use adder_vm::Vm;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::str_::Str;
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;

/// The `N` bytes that a constructor was given in place of its arguments, at most `max` of them. The
/// bytes are believed if one of them can be no other argument, as `sane` says.
pub fn state<const N: usize>(
    vm: &Vm,
    args: CallArgs<'_>,
    max: usize,
    what: &str,
    sane: impl Fn(&[u8; N]) -> bool,
) -> PyResult<Option<[u8; N]>> {
    let [first, rest @ ..] = args.all() else { return Ok(None) };
    if rest.len() >= max || args.keyword_count() > 0 {
        return Ok(None);
    }
    if let Some(bytes) = first.downcast::<Bytes>() {
        return Ok(<[u8; N]>::try_from(bytes.as_slice()).ok().filter(|state| sane(state)));
    }
    let Some(text) = first.downcast::<Str>().filter(|text| text.len() == N) else {
        return Ok(None);
    };
    let mut state = [0; N];
    let mut is_latin1 = true;
    for (byte, c) in state.iter_mut().zip(text.code_points()) {
        is_latin1 &= c < 0x100;
        *byte = u8::try_from(c).unwrap_or(u8::MAX);
    }
    if !sane(&state) {
        return Ok(None);
    }
    if !is_latin1 {
        return Err(vm.value_error(format!(
            "Failed to encode latin1 string when unpickling a {what} object. \
             pickle.load(data, encoding='latin1') is assumed."
        )));
    }
    Ok(Some(state))
}
