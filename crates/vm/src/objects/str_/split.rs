//! Taking strings apart and putting them together: `split`, `splitlines`, `partition`, `join`,
//! justification, tabs.
//!
//! CPython's counterpart: `Objects/stringlib/{split,partition,transmogrify}.h`.

use super::search::{Pattern, Places, Unit, by_width, is_space};
use super::{Str, StrBuilder};
use crate::object::{Obj, Ref};
use crate::objects::list::List;
use crate::objects::tuple::Tuple;
use crate::protocol::iter;
use crate::runtime::errors::PyResult;
use crate::runtime::memory;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// How many cuts to make; a negative number means no limit.
fn limit(max: isize) -> usize {
    usize::try_from(max).unwrap_or(usize::MAX)
}

fn part(text: &Str, start: usize, end: usize) -> Value {
    text.substring(start, end).into()
}

/// The words of a slice from the left: at most `max` cuts, the rest is one piece.
fn words<T: Unit>(s: &[T], max: usize, mut emit: impl FnMut(usize, usize)) {
    let (mut at, mut cuts) = (0, 0);
    loop {
        while at < s.len() && is_space(s[at].code()) {
            at += 1;
        }
        if at == s.len() {
            return;
        }
        let start = at;
        if cuts == max {
            emit(start, s.len());
            return;
        }
        at += 1;
        while at < s.len() && !is_space(s[at].code()) {
            at += 1;
        }
        emit(start, at);
        cuts += 1;
    }
}

/// The words from the right, last one first.
fn words_back<T: Unit>(s: &[T], max: usize, mut emit: impl FnMut(usize, usize)) {
    let (mut at, mut cuts) = (s.len(), 0);
    loop {
        while at > 0 && is_space(s[at - 1].code()) {
            at -= 1;
        }
        if at == 0 {
            return;
        }
        let end = at;
        if cuts == max {
            emit(0, end);
            return;
        }
        while at > 0 && !is_space(s[at - 1].code()) {
            at -= 1;
        }
        emit(at, end);
        cuts += 1;
    }
}

/// How many parts to have room for at first: those of most texts are few, and some characters long.
fn few_parts(text: &Str) -> usize {
    (text.len() / 6).clamp(4, 12)
}

/// `text.split(None, max)`
pub fn split_words(vm: &Vm, text: &Obj<Str>, max: isize) -> PyResult<Vec<Value>> {
    let mut parts = Vec::with_capacity(few_parts(text));
    by_width!(text, |s| words(s, limit(max), |a, b| memory::push(
        &mut parts,
        whole_or_part(text, a, b)
    )));
    vm.check_memory()?;
    Ok(parts)
}

/// `text.rsplit(None, max)`
pub fn rsplit_words(vm: &Vm, text: &Obj<Str>, max: isize) -> PyResult<Vec<Value>> {
    let mut parts = Vec::new();
    by_width!(text, |s| words_back(s, limit(max), |a, b| memory::push(
        &mut parts,
        whole_or_part(text, a, b)
    )));
    parts.reverse();
    vm.check_memory()?;
    Ok(parts)
}

fn whole_or_part(text: &Obj<Str>, start: usize, end: usize) -> Value {
    if start == 0 && end == text.len() { super::plain(text).into() } else { part(text, start, end) }
}

/// `text.split(separator, max)`; the separator is not empty.
pub fn split(vm: &Vm, text: &Obj<Str>, separator: &Str, max: isize) -> PyResult<Vec<Value>> {
    if let (Some(ascii), Some(&[byte])) = (text.as_ascii(), separator.as_ascii().map(str::as_bytes))
    {
        return split_at_byte(vm, text, ascii.as_bytes(), byte, limit(max));
    }
    let mut places = match Pattern::new(text, separator) {
        Some(pattern) => pattern.each(vm, text)?,
        None => Vec::new(),
    };
    places.truncate(limit(max));
    if places.is_empty() {
        return Ok(vec![super::plain(text).into()]);
    }
    let mut parts = Vec::new();
    vm.room_for(&mut parts, places.len() + 1)?;
    let mut from = 0;
    for at in places {
        memory::push(&mut parts, part(text, from, at));
        from = at + separator.len();
    }
    memory::push(&mut parts, part(text, from, text.len()));
    vm.check_memory()?;
    Ok(parts)
}

/// The same for ASCII text and a separator of one character.
fn split_at_byte(
    vm: &Vm,
    text: &Obj<Str>,
    ascii: &[u8],
    byte: u8,
    limit: usize,
) -> PyResult<Vec<Value>> {
    let mut places = Places { byte, window: ascii, at: 0 }.take(limit);
    let Some(mut end) = places.next() else { return Ok(vec![super::plain(text).into()]) };
    let mut parts = Vec::with_capacity(few_parts(text));
    let mut from = 0;
    loop {
        memory::push(&mut parts, Str::from_ascii(&ascii[from..end]).into());
        from = end + 1;
        match places.next() {
            Some(at) => end = at,
            None => break,
        }
    }
    memory::push(&mut parts, Str::from_ascii(&ascii[from..]).into());
    vm.check_memory()?;
    Ok(parts)
}

/// `text.rsplit(separator, max)`
pub fn rsplit(vm: &Vm, text: &Obj<Str>, separator: &Str, max: isize) -> PyResult<Vec<Value>> {
    let Some(pattern) = Pattern::new(text, separator) else {
        return Ok(vec![super::plain(text).into()]);
    };
    let mut parts = Vec::new();
    let mut end = text.len();
    while parts.len() < limit(max)
        && let Some(at) = pattern.rfind(text, 0..end)
    {
        memory::push(&mut parts, part(text, at + separator.len(), end));
        end = at;
    }
    memory::push(&mut parts, whole_or_part(text, 0, end));
    parts.reverse();
    vm.check_memory()?;
    Ok(parts)
}

/// `text.splitlines(keepends)`
pub fn splitlines(vm: &Vm, text: &Obj<Str>, keep: bool) -> PyResult<Vec<Value>> {
    let mut parts = Vec::new();
    by_width!(text, |s| {
        let mut at = 0;
        while at < s.len() {
            let start = at;
            while at < s.len() && !is_linebreak(s[at].code()) {
                at += 1;
            }
            let end = at;
            if at < s.len() {
                let crlf = s[at].code() == 0x0d && s.get(at + 1).is_some_and(|c| c.code() == 0x0a);
                at += 1 + crlf as usize;
            }
            memory::push(&mut parts, whole_or_part(text, start, if keep { at } else { end }));
        }
    });
    vm.check_memory()?;
    Ok(parts)
}

#[inline(always)]
fn is_linebreak(c: u32) -> bool {
    if c < 0x80 { matches!(c, 0x0a..=0x0d | 0x1c..=0x1e) } else { adder_unicode::is_linebreak(c) }
}

/// `separator.join(items)`
pub fn join(vm: &Vm, separator: &Obj<Str>, iterable: &Value) -> PyResult<Ref<Str>> {
    if !iter::is_iterable(iterable) {
        return Err(vm.type_error("can only join an iterable"));
    }
    if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
        return join_items(vm, separator, tuple.items());
    }
    if let Some(list) = iterable.downcast_exact::<List>() {
        return list.with(|items| join_items(vm, separator, items));
    }
    join_items(vm, separator, &iter::collect(vm, iterable)?)
}

/// Joins strings. Runs no Python code.
fn join_items(vm: &Vm, separator: &Obj<Str>, items: &[Value]) -> PyResult<Ref<Str>> {
    let mut total = 0usize;
    let mut one_byte = separator.width() == 1;
    let mut ascii = separator.is_ascii() || items.len() < 2;
    for (i, item) in items.iter().enumerate() {
        let Some(text) = item.downcast::<Str>() else {
            return Err(vm.type_error(format!(
                "sequence item {i}: expected str instance, {} found",
                item.ty().name()
            )));
        };
        one_byte &= text.width() == 1;
        ascii &= text.is_ascii();
        let gap = if i > 0 { separator.len() } else { 0 };
        total = match total.checked_add(text.len()).and_then(|n| n.checked_add(gap)) {
            Some(total) => total,
            None => {
                return Err(vm.overflow_error("join() result is too long for a Python string"));
            }
        };
    }
    if let [only] = items
        && let Some(text) = only.downcast_exact::<Str>()
    {
        return Ok(text.to_ref());
    }
    super::check_room(vm, total)?;
    if one_byte && total > 1 {
        return Ok(Str::join_one_byte(items, separator.raw_bytes(), total, ascii));
    }
    let mut out = StrBuilder::with_capacity(total);
    for (i, item) in items.iter().enumerate() {
        if i > 0 && !separator.is_empty() {
            out.push_obj(separator);
        }
        if let Some(text) = item.downcast::<Str>() {
            out.push_obj(text);
        }
    }
    out.finish_in(vm)
}

/// `left` fills, the text, `right` fills.
pub fn pad(vm: &Vm, text: &Obj<Str>, left: usize, right: usize, fill: u32) -> PyResult<Ref<Str>> {
    if left == 0 && right == 0 {
        return Ok(super::plain(text));
    }
    let total = left.checked_add(right).and_then(|n| n.checked_add(text.len()));
    let Some(total) = total.filter(|n| *n <= isize::MAX as usize) else {
        return Err(vm.overflow_error("padded string is too long"));
    };
    let width = if fill < 0x100 { text.width() } else { 4 };
    super::check_room(vm, total.saturating_mul(width))?;
    let mut out = StrBuilder::with_capacity(total);
    out.push_repeat(fill, left);
    out.push_obj(text);
    out.push_repeat(fill, right);
    out.finish_in(vm)
}

/// How much `str.center` puts to the left: an odd rest goes there if the width is odd.
pub fn center_left(len: usize, width: usize) -> usize {
    let margin = width.saturating_sub(len);
    margin / 2 + (margin & width & 1)
}

/// `text.expandtabs(size)`
pub fn expandtabs(vm: &Vm, text: &Obj<Str>, size: isize) -> PyResult<Ref<Str>> {
    let size = size.max(0) as usize;
    // The length first: a huge tab size must fail before anything is built.
    let (mut total, mut column) = (0usize, 0usize);
    let mut tabs = false;
    for c in text.code_points() {
        let step = match c {
            0x09 => {
                tabs = true;
                if size > 0 { size - column % size } else { 0 }
            }
            _ => 1,
        };
        total = match total.checked_add(step).filter(|n| *n <= isize::MAX as usize) {
            Some(total) => total,
            None => return Err(vm.overflow_error("new string is too long")),
        };
        column = if matches!(c, 0x0a | 0x0d) { 0 } else { column + step };
    }
    if !tabs {
        return Ok(super::plain(text));
    }
    super::check_room(vm, total)?;
    let mut out = StrBuilder::with_capacity(total);
    let mut column = 0;
    for c in text.code_points() {
        if c == 0x09 {
            let step = if size > 0 { size - column % size } else { 0 };
            out.push_repeat(0x20, step);
            column += step;
            continue;
        }
        out.push(c);
        column = if matches!(c, 0x0a | 0x0d) { 0 } else { column + 1 };
    }
    out.finish_in(vm)
}

/// `text.zfill(width)`: zeros after the sign.
pub fn zfill(vm: &Vm, text: &Obj<Str>, width: isize) -> PyResult<Ref<Str>> {
    let missing = usize::try_from(width).unwrap_or(0).saturating_sub(text.len());
    if missing == 0 {
        return Ok(super::plain(text));
    }
    super::check_room(vm, missing + text.len())?;
    let mut out = StrBuilder::with_capacity(missing + text.len());
    let signed = !text.is_empty() && matches!(text.at(0), 0x2b | 0x2d);
    let start = signed as usize;
    if signed {
        out.push(text.at(0));
    }
    out.push_repeat(u32::from(b'0'), missing);
    out.push_range(text, start, text.len());
    out.finish_in(vm)
}
