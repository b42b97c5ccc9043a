//! `text += more`, in place where nobody else sees the text.
//!
//! A loop that appends a character at a time must not copy the whole text each time. A string that
//! has grown by appending keeps room behind its characters: how much is a function of its length
//! (`room_for`), so nothing has to be stored but the flag. The room grows by at least a sixteenth, so
//! that appending costs O(1) a character. CPython leaves this to `realloc`
//! (`PyUnicode_Append`, `Objects/unicodeobject.c`).

#![expect(unsafe_code, reason = "the string's memory is resized in place")]

use super::{ASCII, GROWN, INTERNED, LEN_MASK, Str};
use crate::object::{Obj, Payload, Ref, heap};

/// The bytes allotted to `bytes` bytes of characters of a grown string: `bytes` rounded up so that
/// only its four highest bits are set.
pub(super) fn room_for(bytes: usize) -> usize {
    let shift = (usize::BITS - bytes.leading_zeros()).saturating_sub(4).max(3);
    let step = 1usize << shift;
    bytes.div_ceil(step) * step
}

impl Str {
    /// About how many bytes `left + right` has to allocate: none, if it fits into `left`'s room.
    pub fn growth(left: &Str, right: &Str) -> usize {
        let total = left.byte_len().saturating_add(right.len() * right.width().max(left.width()));
        if total <= left.tail_len() { 0 } else { total.saturating_add(total / 8) }
    }

    /// `left + right`; `left`'s memory is used again if this is its only reference.
    pub fn append(left: Ref<Str>, right: &Obj<Str>) -> Ref<Str> {
        if right.is_empty() && left.is_exact() {
            return left;
        }
        if left.is_empty() && right.is_exact() {
            return right.to_ref();
        }
        let alone = left.head().refcount() == 1 && left.is_exact() && !left.is_interned();
        // An appended text that needs wider characters makes a new string; so does text too long
        // for an allocation, where `concat` gives up in the usual way.
        let total = left.byte_len().checked_add(right.len() * left.width());
        match total {
            Some(total)
                if alone && right.width() <= left.width() && total < isize::MAX as usize / 2 =>
            {
                grow(left, right, total)
            }
            _ => left.concat(right),
        }
    }
}

/// Appends in place; `total` is the new length in bytes.
fn grow(left: Ref<Str>, right: &Obj<Str>, total: usize) -> Ref<Str> {
    let (old_room, room) = (left.tail_len(), room_for(total));
    let (width, old_bytes) = (left.width(), left.byte_len());
    let fixed = size_of::<Obj<Str>>();
    let meta = left.meta.get();
    let ascii = meta & right.meta.get() & ASCII;
    let meta = (meta & !(LEN_MASK | ASCII)) | ascii | GROWN | (left.len() + right.len()) as u64;
    let mut object = left.into_raw();
    // SAFETY: the object's only reference is in our hands and its type is exactly `str`, so it is
    // one block of `fixed + old_room` bytes without anything in front (see `object/alloc.rs`) and
    // nobody holds a pointer into it. After resizing, `data` is set anew and the characters behind
    // the old ones are written, `room >= total` of them.
    unsafe {
        if old_room != room {
            object = heap::reallocate(object.cast(), fixed + old_room, fixed + room).cast();
            let start = object.as_ptr().cast::<u8>().add(fixed);
            (*object.as_ptr()).payload.data = start;
        }
        let string = object.as_ref();
        let end = string.payload.data.add(old_bytes).cast_mut();
        let other = right.raw_bytes();
        match (width, right.width()) {
            (a, b) if a == b => std::ptr::copy_nonoverlapping(other.as_ptr(), end, other.len()),
            (2, _) => write_wide(end.cast::<u16>(), right, |c| c as u16),
            _ => write_wide(end.cast::<u32>(), right, |c| c),
        }
        string.payload.meta.set(meta);
        string.payload.hash.set(0);
        debug_assert!(meta & INTERNED == 0 && string.payload.tail_bytes() == room);
        Ref::from_raw(object)
    }
}

/// # Safety
/// There is room for all of `text`'s characters at `end`, which is aligned for `T`.
unsafe fn write_wide<T>(end: *mut T, text: &Str, convert: impl Fn(u32) -> T) {
    for (i, c) in text.code_points().enumerate() {
        // SAFETY: promised by the caller.
        unsafe { end.add(i).write(convert(c)) }
    }
}

#[cfg(test)]
mod tests {
    use super::room_for;

    #[test]
    fn the_room_is_enough_and_grows_in_steps() {
        let mut last = 0;
        for bytes in 1..100_000 {
            let room = room_for(bytes);
            assert!(room >= bytes && room >= last && room_for(room) == room);
            assert!(room - bytes <= 8.max(bytes / 8), "{bytes} {room}");
            last = room;
        }
    }
}
