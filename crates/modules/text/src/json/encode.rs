//! `make_encoder`: writes a value as JSON.

use super::DEPTH_MAX;
use super::text::{Escape, push_quoted};
use adder_derive::{pyclass, pymethods};
use adder_modules_core::support::Signature;
use adder_numtext::ReprBuffer;
use adder_vm::objects::builtin_function::BuiltinFunction;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::list::List;
use adder_vm::objects::str_::{Str, StrBuilder};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::{Type, methods::full_name};
use adder_vm::objects::{float, int};
use adder_vm::protocol::{call, iter, number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};

/// Encoder(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)
#[pyclass(name = "_json.Encoder")]
pub struct Encoder {
    /// The containers being written, by their addresses; `None` if nobody checks for circles.
    markers: Option<Ref<Dict>>,
    default: Value,
    encoder: Value,
    /// What `encoder` does, if it is one of this module's functions.
    #[notrace]
    escape: Option<Escape>,
    indent: Option<Ref<Str>>,
    key_separator: Ref<Str>,
    item_separator: Ref<Str>,
    sort_keys: bool,
    skipkeys: bool,
    allow_nan: bool,
}

/// The text so far, and how deep it is.
struct Writer<'a> {
    vm: &'a Vm,
    encoder: &'a Encoder,
    out: StrBuilder,
    level: usize,
    depth: usize,
}

fn own_escape(encoder: &Value) -> Option<Escape> {
    let given = encoder.downcast::<BuiltinFunction>()?.unbound()?;
    let own = super::json::MODULE.functions.iter().find(|def| std::ptr::eq(*def, given))?;
    match own.name {
        "encode_basestring_ascii" => Some(Escape::NonAscii),
        "encode_basestring" => Some(Escape::Needed),
        _ => None,
    }
}

impl Writer<'_> {
    fn push_text(&mut self, text: &Value) -> PyResult<()> {
        if let Some(escape) = self.encoder.escape
            && let Some(text) = text.downcast::<Str>()
        {
            push_quoted(&mut self.out, text, escape);
            return Ok(());
        }
        let made = call::call(self.vm, &self.encoder.encoder, std::slice::from_ref(text))?;
        let Some(made) = made.downcast::<Str>() else {
            let given = made.ty().name();
            return Err(self.vm.type_error(format!("encoder() must return a string, not {given}")));
        };
        self.out.push_obj(made);
        Ok(())
    }

    fn push_int(&mut self, value: &Value) -> PyResult<()> {
        match value.as_small_int() {
            Some(i) => self.out.push_str(itoa::Buffer::new().format(i)),
            None => {
                let text = int::to_text(self.vm, value)?;
                self.out.push_obj(&text);
            }
        }
        Ok(())
    }

    fn push_float(&mut self, value: &Value, f: f64) -> PyResult<()> {
        if f.is_finite() {
            self.out.push_str(ReprBuffer::new().format(f));
            return Ok(());
        }
        if !self.encoder.allow_nan {
            let shown = object::repr(self.vm, value)?;
            return Err(self.vm.value_error(format!(
                "Out of range float values are not JSON compliant: {shown}"
            )));
        }
        self.out.push_str(match f {
            f64::INFINITY => "Infinity",
            f64::NEG_INFINITY => "-Infinity",
            _ => "NaN",
        });
        Ok(())
    }

    /// Runs `write` for a container, which must not be inside itself.
    fn guarded(
        &mut self,
        value: &Value,
        write: impl FnOnce(&mut Self) -> PyResult<()>,
    ) -> PyResult<()> {
        let vm = self.vm;
        if self.depth >= DEPTH_MAX || vm.check_stack().is_err() {
            let message = "maximum recursion depth exceeded while encoding a JSON object";
            return Err(vm.recursion_error(message));
        }
        self.depth += 1;
        let Some(markers) = &self.encoder.markers else {
            write(self)?;
            self.depth -= 1;
            return Ok(());
        };
        let id = int::from_i64(object::address(value) as i64);
        if markers.contains(vm, &id)? {
            return Err(vm.value_error("Circular reference detected"));
        }
        markers.insert(vm, &id, value.clone())?;
        write(self)?;
        self.depth -= 1;
        if markers.remove(vm, &id)?.is_none() {
            return Err(vm.key_error(&id));
        }
        Ok(())
    }

    /// A note that says where an error happened.
    #[cold]
    fn noted(&self, exc: Exc, container: &Value, what: &str) -> Exc {
        let name = full_name(self.vm, container.ty());
        match exc.0.add_note(self.vm, &format!("when serializing {name} {what}")) {
            Ok(()) => exc,
            Err(failure) => failure,
        }
    }

    fn value(&mut self, value: &Value) -> PyResult<()> {
        if let Some(text) = value.downcast::<Str>() {
            match self.encoder.escape {
                Some(escape) => push_quoted(&mut self.out, text, escape),
                None => self.push_text(value)?,
            }
        } else if value.is_none() {
            self.out.push_str("null");
        } else if let Some(b) = value.as_bool() {
            self.out.push_str(if b { "true" } else { "false" });
        } else if int::is_int(value) {
            self.push_int(value)?;
        } else if let Some(f) = float::as_f64(value) {
            self.push_float(value, f)?;
        } else if value.downcast::<List>().is_some() || value.downcast::<Tuple>().is_some() {
            self.sequence(value)?;
        } else if let Some(dict) = value.downcast::<Dict>() {
            self.dict(value, dict)?;
        } else {
            self.guarded(value, |w| {
                let made = call::call(w.vm, &w.encoder.default, std::slice::from_ref(value))?;
                w.value(&made).map_err(|exc| w.noted(exc, value, "object"))
            })?;
        }
        Ok(())
    }

    fn new_line(&mut self) {
        if let Some(indent) = &self.encoder.indent {
            self.out.push(u32::from(b'\n'));
            for _ in 0..self.level {
                self.out.push_obj(indent);
            }
        }
    }

    /// Before an item: the separator, if it is not the first, and the line's beginning.
    #[inline]
    fn separate(&mut self, first: bool) {
        if !first {
            self.out.push_obj(&self.encoder.item_separator);
        }
        self.new_line();
    }

    fn sequence(&mut self, value: &Value) -> PyResult<()> {
        let item = |at: usize| match value.downcast::<List>() {
            Some(list) => list.get(at),
            None => value.downcast::<Tuple>().and_then(|t| t.items().get(at).cloned()),
        };
        if item(0).is_none() {
            self.out.push_str("[]");
            return Ok(());
        }
        self.guarded(value, |w| {
            w.out.push(u32::from(b'['));
            w.level += 1;
            let mut at = 0;
            // The list may change while its items are written.
            while let Some(item) = item(at) {
                w.separate(at == 0);
                w.value(&item).map_err(|exc| w.noted(exc, value, &format!("item {at}")))?;
                at += 1;
            }
            w.level -= 1;
            w.new_line();
            w.out.push(u32::from(b']'));
            Ok(())
        })
    }

    /// The text that stands for a key; `None` if the item is left out.
    fn key(&mut self, key: &Value) -> PyResult<Option<Value>> {
        if key.downcast::<Str>().is_some() {
            return Ok(Some(key.clone()));
        }
        let vm = self.vm;
        let word = if let Some(f) = float::as_f64(key) {
            let mut alone =
                Writer { vm, encoder: self.encoder, out: StrBuilder::new(), level: 0, depth: 0 };
            alone.push_float(key, f)?;
            return Ok(Some(alone.out.finish_in(vm)?.into()));
        } else if key.is_none() {
            "null"
        } else if let Some(b) = key.as_bool() {
            if b { "true" } else { "false" }
        } else if int::is_int(key) {
            return Ok(Some(int::to_text(vm, key)?.into()));
        } else if self.encoder.skipkeys {
            return Ok(None);
        } else {
            let given = key.ty().name();
            return Err(
                vm.type_error(format!("keys must be str, int, float, bool or None, not {given}"))
            );
        };
        Ok(Some(vm.str(word)))
    }

    fn item(
        &mut self,
        owner: &Value,
        key: &Value,
        value: &Value,
        first: &mut bool,
    ) -> PyResult<()> {
        let Some(text) = self.key(key)? else { return Ok(()) };
        self.separate(std::mem::take(first));
        self.push_text(&text)?;
        self.out.push_obj(&self.encoder.key_separator);
        self.value(value).map_err(|exc| match object::repr(self.vm, key) {
            Ok(shown) => self.noted(exc, owner, &format!("item {shown}")),
            Err(failure) => failure,
        })
    }

    fn dict(&mut self, owner: &Value, dict: &Obj<Dict>) -> PyResult<()> {
        if dict.is_empty() {
            self.out.push_str("{}");
            return Ok(());
        }
        self.guarded(owner, |w| {
            w.out.push(u32::from(b'{'));
            w.level += 1;
            let mut first = true;
            if w.encoder.sort_keys || !dict.is_exact() {
                w.listed_items(owner, &mut first)?;
            } else {
                // The dict may change while its items are written.
                let mut at = 0;
                while let Some((entry, key, value)) = dict.entry_from(at) {
                    at = entry + 1;
                    w.item(owner, &key, &value, &mut first)?;
                }
            }
            w.level -= 1;
            if !first {
                w.new_line();
            }
            w.out.push(u32::from(b'}'));
            Ok(())
        })
    }

    /// Items in order, or those that a subclass of `dict` says it has.
    fn listed_items(&mut self, owner: &Value, first: &mut bool) -> PyResult<()> {
        let vm = self.vm;
        let items = object::call_method(vm, owner, &vm.intern("items"), &[])?;
        let items = List::from_vec(iter::collect(vm, &items)?);
        if self.encoder.sort_keys {
            object::call_method(vm, &items.to_value(), &vm.intern("sort"), &[])?;
        }
        let mut at = 0;
        while let Some(item) = items.get(at) {
            at += 1;
            match item.downcast::<Tuple>().map(|pair| pair.items()) {
                Some([key, value]) => self.item(owner, key, value, first)?,
                _ => return Err(vm.value_error("items must return 2-tuples")),
            }
        }
        Ok(())
    }
}

#[pymethods]
impl Encoder {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<9> = Signature {
            function: "make_encoder",
            names: [
                "markers",
                "default",
                "encoder",
                "indent",
                "key_separator",
                "item_separator",
                "sort_keys",
                "skipkeys",
                "allow_nan",
            ],
            required: 9,
            positional: 9,
        };
        let bound = SIGNATURE.bind(vm, args)?.map(|value| value.unwrap_or(Value::NONE));
        let [markers, default, encoder, indent, key_separator, item_separator, flags @ ..] = bound;
        let [sort_keys, skipkeys, allow_nan] = flags;
        let markers = match markers.into_ref::<Dict>() {
            Ok(markers) => Some(markers),
            Err(none) if none.is_none() => None,
            Err(other) => {
                return Err(vm.type_error(format!(
                    "make_encoder() argument 1 must be dict or None, not {}",
                    other.ty().name()
                )));
            }
        };
        let text = |value: Value, at: usize| {
            value.into_ref::<Str>().map_err(|other| {
                vm.type_error(format!(
                    "make_encoder() argument {at} must be str, not {}",
                    object::type_name_or_none(&other)
                ))
            })
        };
        let payload = Encoder {
            markers,
            default,
            escape: own_escape(&encoder),
            encoder,
            indent: if indent.is_none() { None } else { Some(text(indent, 4)?) },
            key_separator: text(key_separator, 5)?,
            item_separator: text(item_separator, 6)?,
            sort_keys: object::is_true(vm, &sort_keys)?,
            skipkeys: object::is_true(vm, &skipkeys)?,
            allow_nan: object::is_true(vm, &allow_nan)?,
        };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn call(zelf: &Obj<Encoder>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<2> = Signature {
            function: "_iterencode",
            names: ["obj", "_current_indent_level"],
            required: 2,
            positional: 2,
        };
        let [value, level] = SIGNATURE.bind(vm, args)?;
        let level = number::to_ssize(vm, &level.unwrap_or(Value::NONE))?;
        let level = usize::try_from(level).unwrap_or(0);
        let mut writer = Writer { vm, encoder: zelf, out: StrBuilder::new(), level, depth: 0 };
        writer.value(&value.unwrap_or(Value::NONE))?;
        Ok(Tuple::from_vec(vec![writer.out.finish_in(vm)?.into()]).into())
    }
    /// markers
    #[getter(member)]
    fn markers(zelf: &Obj<Encoder>, _vm: &Vm) -> Option<Ref<Dict>> {
        zelf.markers.clone()
    }
    /// default
    #[getter(name = "default", member)]
    fn get_default(zelf: &Obj<Encoder>, _vm: &Vm) -> Value {
        zelf.default.clone()
    }
    /// encoder
    #[getter(member)]
    fn encoder(zelf: &Obj<Encoder>, _vm: &Vm) -> Value {
        zelf.encoder.clone()
    }
    /// indent
    #[getter(member)]
    fn indent(zelf: &Obj<Encoder>, _vm: &Vm) -> Option<Ref<Str>> {
        zelf.indent.clone()
    }
    /// key_separator
    #[getter(member)]
    fn key_separator(zelf: &Obj<Encoder>, _vm: &Vm) -> Ref<Str> {
        zelf.key_separator.clone()
    }
    /// item_separator
    #[getter(member)]
    fn item_separator(zelf: &Obj<Encoder>, _vm: &Vm) -> Ref<Str> {
        zelf.item_separator.clone()
    }
    /// sort_keys
    #[getter(member)]
    fn sort_keys(zelf: &Obj<Encoder>, _vm: &Vm) -> bool {
        zelf.sort_keys
    }
    /// skipkeys
    #[getter(member)]
    fn skipkeys(zelf: &Obj<Encoder>, _vm: &Vm) -> bool {
        zelf.skipkeys
    }
}
