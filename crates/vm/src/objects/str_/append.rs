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
    use super::*;
    use crate::testing::{Session, with_vm};

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

    /// A text of a width, longer than the shared ones.
    fn text(c: char, len: usize) -> Ref<Str> {
        Ref::from_str(&c.to_string().repeat(len))
    }

    const WIDTHS: [(char, usize); 4] = [('a', 1), ('\u{e9}', 1), ('\u{3b1}', 2), ('\u{1f600}', 4)];

    #[test]
    fn every_width_takes_every_other_one() {
        with_vm(|_| {
            for (c, width) in WIDTHS {
                for (d, other) in WIDTHS {
                    for (left, right) in
                        [(0, 2), (2, 0), (2, 2), (7, 1), (8, 9), (500, 20), (3, 5000)]
                    {
                        let expected = c.to_string().repeat(left) + &d.to_string().repeat(right);
                        let (left, right) = (text(c, left), text(d, right));
                        // What it knows of itself is no longer true.
                        let _ = left.hash();
                        let grown = Str::append(left, &right);
                        assert_eq!(grown.to_string(), expected);
                        assert_eq!(grown.is_ascii(), expected.is_ascii());
                        assert!(grown.is_empty() || grown.width() <= width.max(other));
                        let fresh = Ref::<Str>::from_str(&expected);
                        assert!(grown.equals(&fresh) && grown.hash() == fresh.hash());
                    }
                }
            }
        });
    }

    #[test]
    fn growing_goes_on_in_place_and_moves_with_its_content() {
        with_vm(|_| {
            for (c, width) in WIDTHS {
                let mut grown = text(c, 2);
                let (mut moves, more) = (0, text(c, 3));
                for round in 1..2000 {
                    let before = grown.head().address();
                    assert_ne!(grown.hash(), 0);
                    grown = Str::append(grown, &more);
                    moves += usize::from(grown.head().address() != before);
                    assert_eq!((grown.len(), grown.width()), (2 + 3 * round, width));
                    assert_eq!(grown.tail_bytes(), room_for(grown.byte_len()));
                    assert!(grown.tail_bytes() >= grown.byte_len());
                }
                assert!(moves < 200, "{moves}");
                assert!(grown.code_points().all(|p| p == c as u32));
            }
        });
    }

    #[test]
    fn a_text_that_others_see_is_left_alone() {
        with_vm(|_| {
            let right = text('b', 4);
            let left = text('a', 6);
            let kept = left.clone();
            let sum = Str::append(left, &right);
            assert_eq!((kept.to_string(), sum.to_string()), ("aaaaaa".into(), "aaaaaabbbb".into()));
            assert_eq!((kept.head().refcount(), sum.head().refcount()), (1, 1));
            let interned = crate::objects::str_::intern::intern_str("interned text");
            let sum = Str::append(interned, &right);
            assert!(!sum.is_interned() && sum.is_str("interned textbbbb"));
            // To itself: then there are two references.
            let own = text('x', 5);
            assert_eq!(Str::append(own.clone(), &own).to_string(), "x".repeat(10));
            assert_eq!(own.to_string(), "xxxxx");
        });
    }

    #[test]
    fn nothing_is_appended_for_nothing() {
        with_vm(|vm| {
            let (left, nothing) = (text('a', 6), text('a', 0));
            let address = left.head().address();
            let left = Str::append(left, &nothing);
            assert_eq!(left.head().address(), address);
            let same = Str::append(nothing, &left);
            assert!(std::ptr::eq::<Obj<Str>>(&*same, &*left) && left.head().refcount() == 2);
            assert_eq!(Str::growth(&left, &text('b', 0)), 0);
            // Of a subclass's instance the text is taken.
            let session = Session::new(
                vm,
                "class S(str): pass\ns = S('sub')\nt = s\nt += ''\nu = S()\nu += s",
            );
            assert_eq!(
                session.show("type(t), t, type(u), u"),
                "(<class 'str'>, 'sub', <class 'str'>, 'sub')"
            );
        });
    }
}
