//! Control data of messages (`recvmsg`, `sendmsg`): items of level, kind and bytes.

use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::{buffer, iter};
use adder_vm::runtime::args::FromArg;
use adder_vm::{PyResult, Value, Vm};

/// An item begins with its length (8 bytes), its level and its kind (4 bytes each).
const HEADER: usize = 16;
/// Lengths are 31 bits to the system.
const MOST: usize = i32::MAX as usize;

fn aligned(len: usize) -> usize {
    len.next_multiple_of(8)
}

/// The length of an item with so much data.
pub fn item_len(data: usize) -> Option<usize> {
    data.checked_add(HEADER).filter(|len| *len <= MOST)
}

/// The room that an item takes with what fills it up; the largest leaves room for another one.
pub fn item_room(data: usize) -> Option<usize> {
    if data > MOST - aligned(HEADER + 1) {
        return None;
    }
    item_len(data).map(aligned)
}

/// Control data for sending.
pub fn encode(vm: &Vm, items: &Value) -> PyResult<Vec<u8>> {
    if !iter::is_iterable(items) {
        return Err(vm.type_error("sendmsg() argument 2 must be an iterable"));
    }
    const WHAT: &str = "[sendmsg() ancillary data items]() argument must be";
    let mut all = Vec::new();
    for item in iter::collect(vm, items)? {
        if !adder_vm::protocol::object::is_sequence(&item) {
            return Err(vm.type_error(format!(
                "{WHAT} 3-item sequence, not {}",
                adder_vm::protocol::object::type_name_or_none(&item)
            )));
        }
        let parts = iter::collect(vm, &item)?;
        let [level, kind, data] = parts.as_slice() else {
            let n = parts.len();
            return Err(vm.type_error(format!("{WHAT} sequence of length 3, not {n}")));
        };
        let (level, kind) = (i32::from_value(vm, level)?, i32::from_value(vm, kind)?);
        let data = buffer::contiguous(vm, data)?;
        let os_error = |text: &str| vm.exception(vm.exception_type("OSError"), text.to_string());
        let (Some(len), Some(room)) = (item_len(data.len()), item_room(data.len())) else {
            return Err(os_error("ancillary data item too large"));
        };
        if all.len() + room > MOST {
            return Err(os_error("too much ancillary data"));
        }
        let end = all.len() + room;
        all.extend_from_slice(&len.to_ne_bytes());
        all.extend_from_slice(&level.to_ne_bytes());
        all.extend_from_slice(&kind.to_ne_bytes());
        all.extend_from_slice(&data);
        all.resize(end, 0);
    }
    Ok(all)
}

/// The first `N` bytes, and the rest.
fn field<const N: usize>(bytes: &[u8]) -> Option<([u8; N], &[u8])> {
    bytes.split_first_chunk::<N>().map(|(field, rest)| (*field, rest))
}

/// Reads one item: level, kind, data, whether all of the data is there, and what follows.
fn item(bytes: &[u8]) -> Option<(i32, i32, &[u8], bool, &[u8])> {
    let (len, rest) = field::<8>(bytes)?;
    let (level, rest) = field::<4>(rest)?;
    let (kind, data) = field::<4>(rest)?;
    let len = usize::from_ne_bytes(len).checked_sub(HEADER)?;
    let next = data.get(aligned(len.min(MOST))..).unwrap_or(&[]);
    let shown = data.get(..len).unwrap_or(data);
    Some((i32::from_ne_bytes(level), i32::from_ne_bytes(kind), shown, shown.len() == len, next))
}

/// Control data that was received.
pub fn decode(vm: &Vm, control: &[u8]) -> PyResult<Vec<Value>> {
    let mut all = Vec::new();
    let mut rest = control;
    while let Some((level, kind, data, whole, next)) = item(rest) {
        if !whole {
            let message = "received malformed or improperly-truncated ancillary data";
            vm.warn(vm.exception_type("RuntimeWarning"), message, 1)?;
        }
        all.push(
            Tuple::from_vec(vec![
                int::from_i64(level.into()),
                int::from_i64(kind.into()),
                Bytes::from_slice(data).into(),
            ])
            .into(),
        );
        rest = next;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_as_far_as_they_go() {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&20usize.to_ne_bytes());
        bytes.extend_from_slice(&1i32.to_ne_bytes());
        bytes.extend_from_slice(&2i32.to_ne_bytes());
        bytes.extend_from_slice(&[7, 8, 9, 10, 0, 0, 0, 0]);
        let (level, kind, data, whole, rest) = item(&bytes).expect("an item");
        assert_eq!((level, kind, data, whole, rest.len()), (1, 2, &[7, 8, 9, 10][..], true, 0));
        // A length beyond the end, and one below the header's.
        bytes[..8].copy_from_slice(&usize::MAX.to_ne_bytes());
        assert!(item(&bytes).is_some_and(|(_, _, data, whole, _)| data.len() == 8 && !whole));
        bytes[..8].copy_from_slice(&3usize.to_ne_bytes());
        assert!(item(&bytes).is_none());
    }

    #[test]
    fn lengths_are_limited() {
        assert_eq!((item_len(5), item_room(5)), (Some(21), Some(24)));
        assert_eq!((item_len(usize::MAX), item_room(MOST - HEADER)), (None, None));
    }
}
