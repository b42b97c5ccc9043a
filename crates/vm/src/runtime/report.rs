//! Showing an exception: the traceback as today's CPython prints it, with carets under the failing
//! expression. CPython's counterpart: `Python/traceback.c`, `Python/pythonrun.c`, `Lib/traceback.py`.

use crate::object::{Obj, Ref};
use crate::objects::exception_group;
use crate::objects::exceptions::ExcObj;
use crate::objects::list::List;
use crate::objects::str_::Str;
use crate::objects::traceback::Traceback;
use crate::objects::type_::methods::full_name;
use crate::protocol::{iter, object};
use crate::runtime::errors::Exc;
use crate::runtime::suggest;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::fmt::Write;

const CAUSE: &str = "\nThe above exception was the direct cause of the following exception:\n\n";
const CONTEXT: &str = "\nDuring handling of the above exception, another exception occurred:\n\n";

/// The whole report of an exception: chain, tracebacks, message, notes.
pub fn report(vm: &Vm, exc: &Exc) -> String {
    let mut out = String::new();
    chain(vm, &exc.0, &mut Vec::new(), "", &mut out);
    out
}

fn chain(vm: &Vm, exc: &Ref<ExcObj>, seen: &mut Vec<usize>, indent: &str, out: &mut String) {
    let address = exc.head().address();
    if seen.contains(&address) || vm.check_stack().is_err() {
        return;
    }
    seen.push(address);
    if let Some(cause) = exc.cause() {
        if !seen.contains(&cause.head().address()) {
            chain(vm, &cause, seen, indent, out);
            push(out, indent, CAUSE);
        }
    } else if let Some(context) = exc.context().filter(|_| !exc.suppresses_context())
        && !seen.contains(&context.head().address())
    {
        chain(vm, &context, seen, indent, out);
        push(out, indent, CONTEXT);
    }
    one(vm, exc, seen, indent, out);
}

/// Adds text, each line indented.
fn push(out: &mut String, indent: &str, text: &str) {
    for line in text.split_inclusive('\n') {
        if indent.is_empty() {
            out.push_str(line);
        } else {
            let _ = write!(out, "{indent}{line}");
        }
    }
}

fn one(vm: &Vm, exc: &Ref<ExcObj>, seen: &mut Vec<usize>, indent: &str, out: &mut String) {
    let group = exception_group::is_group(vm, exc);
    let top = indent.is_empty();
    let (lead, inner) = match (group, top) {
        (true, true) => ("  + Exception Group Traceback (most recent call last):\n", "  | "),
        (true, false) => ("Exception Group Traceback (most recent call last):\n", indent),
        _ => ("Traceback (most recent call last):\n", indent),
    };
    if let Some(tb) = exc.traceback().and_then(|t| t.into_ref::<Traceback>().ok()) {
        push(out, indent, lead);
        let mut text = String::new();
        frames(vm, tb, &mut text);
        push(out, inner, &text);
    }
    push(out, inner, &message(vm, exc));
    if group {
        members(vm, exc, seen, inner.trim_end_matches("| "), out);
    }
}

fn members(vm: &Vm, exc: &Obj<ExcObj>, seen: &mut Vec<usize>, margin: &str, out: &mut String) {
    const SHOWN: usize = 15;
    let all = exception_group::members(vm, exc);
    let deeper = format!("{margin}  | ");
    for (i, member) in all.iter().enumerate().take(SHOWN) {
        let plus = if i == 0 { "+-" } else { "  " };
        let _ = writeln!(out, "{margin}{plus}+---------------- {} ----------------", i + 1);
        if let Some(member) = member.downcast::<ExcObj>() {
            chain(vm, &member.to_ref(), seen, &deeper, out);
        }
    }
    if all.len() > SHOWN {
        let _ = writeln!(out, "{margin}  +---------------- ... ----------------");
        let rest = all.len() - SHOWN;
        let plural = if rest == 1 { "" } else { "s" };
        let _ = writeln!(out, "{deeper}and {rest} more exception{plural}");
    }
    let nested =
        |v: &Value| v.downcast::<ExcObj>().is_some_and(|e| exception_group::is_group(vm, e));
    if !all.last().is_some_and(nested) {
        let _ = writeln!(out, "{margin}  +------------------------------------");
    }
}

/// The frames of a traceback; a frame that repeats more than three times is counted.
fn frames(vm: &Vm, first: Ref<Traceback>, out: &mut String) {
    let mut at = Some(first);
    let (mut last, mut repeated) = (None, 0u32);
    let note = |repeated: u32, out: &mut String| {
        if repeated > 3 {
            let more = repeated - 3;
            let plural = if more > 1 { "s" } else { "" };
            let _ = writeln!(out, "  [Previous line repeated {more} more time{plural}]");
        }
    };
    while let Some(tb) = at {
        let frame = tb.frame();
        let code = frame.code();
        let file = code.filename();
        let key = (file.clone(), tb.line(), code.name().to_string_lossy());
        if last.as_ref() == Some(&key) {
            repeated += 1;
        } else {
            note(repeated, out);
            repeated = 1;
            last = Some(key);
        }
        if repeated <= 3 {
            let name = code.name().to_string_lossy();
            let _ = writeln!(out, "  File \"{file}\", line {}, in {name}", tb.line());
            source_lines(vm, &tb, &file, out);
        }
        at = tb.next();
    }
    note(repeated, out);
}

/// The source of a file, from the disk or the library inside the binary.
pub fn source_of(vm: &Vm, file: &str) -> Option<String> {
    let library = vm.interp().frozen.get();
    if let Some(bytes) = library.and_then(|l| (l.source)(&vm.config().library_root(), file)) {
        return Some(String::from_utf8_lossy(&bytes).into_owned());
    }
    if let Ok(bytes) = std::fs::read(file) {
        return Some(String::from_utf8_lossy(&bytes).into_owned());
    }
    crate::builtin_modules::sys::interactive_source(file)
}

fn source_lines(vm: &Vm, tb: &Traceback, file: &str, out: &mut String) {
    let Some(source) = source_of(vm, file) else { return };
    let line_number = tb.line();
    let lines: Vec<&str> = source.lines().collect();
    let get = |n: u32| n.checked_sub(1).and_then(|i| lines.get(i as usize).copied());
    let Some(line) = get(line_number) else { return };
    let text = line.trim();
    if text.is_empty() {
        return;
    }
    let offset = u32::try_from(tb.lasti()).unwrap_or(0);
    let position = tb.frame().code().position_at(offset);
    let _ = writeln!(out, "    {text}");
    let Some(p) = position else { return };
    if p.line != line_number || p.end_line < p.line {
        return;
    }
    let lead = line.len() - line.trim_start().len();
    let start = (p.column as usize).max(lead);
    let end = if p.end_line == p.line {
        (p.end_column as usize).min(line.len())
    } else {
        line.trim_end().len()
    };
    if end <= start || !line.is_char_boundary(start) || !line.is_char_boundary(end) {
        return;
    }
    let width = |s: &str| s.chars().count();
    let blank = width(&line[lead..start]);
    let marks = match anchors(&line[start..end]) {
        Some(marks) => marks,
        // Carets under the whole line say nothing.
        None if start == lead && end == line.trim_end().len() => return,
        None => "^".repeat(width(&line[start..end])),
    };
    let _ = writeln!(out, "    {}{marks}", " ".repeat(blank));
}

/// Within the failing expression: `~~^~~` at a binary operator, `~~~^^^` at a call or subscript.
fn anchors(segment: &str) -> Option<String> {
    let bytes = segment.as_bytes();
    let (mut depth, mut quote) = (0i32, 0u8);
    let mut operator: Option<(usize, usize)> = None;
    let mut bracket: Option<usize> = None;
    let mut i = 0;
    while i < bytes.len() {
        let b = bytes[i];
        if quote != 0 {
            if b == b'\\' {
                i += 1;
            } else if b == quote {
                quote = 0;
            }
        } else {
            match b {
                b'\'' | b'"' => quote = b,
                b'(' | b'[' | b'{' => {
                    if depth == 0 && i > 0 && b != b'{' {
                        bracket = Some(i);
                    }
                    depth += 1;
                }
                b')' | b']' | b'}' => depth -= 1,
                b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'<' | b'>'
                    if depth == 0 && i > 0 && segment[..i].ends_with(' ') =>
                {
                    let mut n = 1;
                    while bytes.get(i + n) == Some(&b) {
                        n += 1;
                    }
                    if bytes.get(i + n) == Some(&b' ') {
                        operator = Some((i, i + n));
                    } else if bytes.get(i + n) == Some(&b'=') {
                        return None;
                    }
                    i += n - 1;
                }
                _ => {}
            }
        }
        i += 1;
    }
    let width = |a: usize, b: usize| segment.get(a..b).map_or(0, |s| s.chars().count());
    if let Some((a, b)) = operator {
        let (x, y, z) = (width(0, a), width(a, b), width(b, segment.len()));
        return Some(format!("{}{}{}", "~".repeat(x), "^".repeat(y), "~".repeat(z)));
    }
    let at = bracket?;
    if !segment.ends_with(')') && !segment.ends_with(']') {
        return None;
    }
    let (x, y) = (width(0, at), width(at, segment.len()));
    Some(format!("{}{}", "~".repeat(x), "^".repeat(y)))
}

/// The last lines: type, message, notes; for syntax errors the place.
pub fn message(vm: &Vm, exc: &Obj<ExcObj>) -> String {
    let mut out = String::new();
    let e = vm.exceptions();
    let ty = exc.ty();
    let mut name = full_name(vm, ty);
    if let Some(short) = name.strip_prefix("__main__.") {
        name = short.to_string();
    }
    if ty.is_subtype(&e.syntax_error) {
        syntax_place(vm, exc, &mut out);
        let text = exc.field(vm, "msg").filter(|m| !m.is_none());
        let text = text.and_then(|m| object::str(vm, &m).ok()).map(|t| t.to_string_lossy());
        let _ = writeln!(out, "{name}: {}", text.unwrap_or_else(|| "<no detail available>".into()));
    } else {
        let text = match object::str(vm, &exc.to_value()) {
            Ok(text) => text.to_string_lossy(),
            Err(_) => "<exception str() failed>".to_string(),
        };
        let hint = hint(vm, exc).unwrap_or_default();
        if text.is_empty() {
            let _ = writeln!(out, "{name}{hint}");
        } else {
            let _ = writeln!(out, "{name}: {text}{hint}");
        }
    }
    if let Ok(Some(notes)) = object::lookup_attr(vm, &exc.to_value(), &vm.names().__notes__) {
        if notes.downcast::<List>().is_some() {
            for note in iter::collect(vm, &notes).unwrap_or_default() {
                let text = object::str(vm, &note).map(|t| t.to_string_lossy());
                let _ = writeln!(out, "{}", text.unwrap_or_else(|_| "<note str() failed>".into()));
            }
        } else if let Ok(text) = object::repr(vm, &notes) {
            let _ = writeln!(out, "{}", text.to_string_lossy());
        }
    }
    out
}

fn syntax_place(vm: &Vm, exc: &Obj<ExcObj>, out: &mut String) {
    let field = |n: &str| exc.field(vm, n).filter(|v| !v.is_none());
    let number = |n: &str| field(n).and_then(|v| crate::objects::int::to_i64_exact(&v));
    let Some(line) = number("lineno") else { return };
    let file = field("filename").and_then(|f| f.downcast::<Str>().map(|s| s.to_string_lossy()));
    let _ = writeln!(out, "  File \"{}\", line {line}", file.unwrap_or_else(|| "<string>".into()));
    let Some(text) = field("text").and_then(|t| t.downcast::<Str>().map(|s| s.to_string_lossy()))
    else {
        return;
    };
    let line_text = text.trim_end_matches(['\n', '\r']);
    let shown = line_text.trim_start_matches([' ', '\t', '\u{c}']);
    let _ = writeln!(out, "    {}", shown.trim_end());
    let Some(offset) = number("offset").filter(|o| *o > 0) else { return };
    let stripped = (line_text.chars().count() - shown.chars().count()) as i64;
    let length = shown.chars().count() as i64;
    let end = match number("end_offset") {
        Some(end) if end > 0 && number("end_lineno").is_none_or(|l| l == line) => end,
        Some(_) if number("end_lineno").is_some_and(|l| l > line) => length + stripped + 1,
        _ => offset + 1,
    };
    let start = (offset - 1 - stripped).clamp(0, length);
    let width = (end - 1 - stripped).min(length.max(start + 1)) - start;
    let marks = "^".repeat(width.max(1) as usize);
    let _ = writeln!(out, "    {}{marks}", " ".repeat(start as usize));
}

/// ". Did you mean: 'x'?"
fn hint(vm: &Vm, exc: &Obj<ExcObj>) -> Option<String> {
    let e = vm.exceptions();
    let name = exc.field(vm, "name")?.downcast::<Str>()?.to_string();
    let texts = |values: Vec<Value>| -> Vec<String> {
        values.iter().filter_map(|v| v.downcast::<Str>().map(|s| s.to_string())).collect()
    };
    let candidates = if exc.ty().is_subtype(&e.attribute_error) {
        let object = exc.field(vm, "obj")?;
        let names = crate::builtin_modules::builtins::dir_of(vm, &object).ok()?;
        let mut names = texts(names);
        if !name.starts_with('_') {
            names.retain(|n| !n.starts_with('_'));
        }
        names
    } else if exc.ty().is_subtype(&e.name_error) {
        let mut tb = exc.traceback()?.into_ref::<Traceback>().ok()?;
        while let Some(next) = tb.next() {
            tb = next;
        }
        let frame = tb.frame();
        let mut all: Vec<String> =
            frame.variables().iter().map(|(n, _, _)| n.to_string()).collect();
        all.extend(texts(frame.globals().keys_vec()));
        all.extend(texts(vm.builtins().keys_vec()));
        all
    } else {
        return None;
    };
    let best = suggest::closest(&name, &candidates)?;
    Some(format!(". Did you mean: '{best}'?"))
}
