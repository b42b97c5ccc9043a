//! Between the parser's tree and Python's nodes, both ways: what is common to all node types.
//!
//! Each struct of the tree implements [`Fields`]; enums and leaves implement [`Convert`]. The schema
//! says which fields a class has and in which order. CPython's counterpart: the `ast2obj_*` and
//! `obj2ast_*` functions of `Python/Python-ast.c`.

use super::schema;
use super::{classes, node};
use adder_syntax::ast::{List, Pos, Span};
use adder_syntax::{Arena, Pool, Symbol};
use adder_vm::objects::int;
use adder_vm::objects::list;
use adder_vm::objects::str_::Str;
use adder_vm::protocol::{number, object};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Value, Vm};

/// Makes Python nodes.
pub struct Writer<'a> {
    pub vm: &'a Vm,
    pub pool: &'a Pool,
    /// The value to put in for `__debug__`.
    pub debug: Option<bool>,
}

/// Makes the parser's nodes.
pub struct Reader<'a> {
    pub vm: &'a Vm,
    pub arena: &'a Arena,
    pub pool: Pool,
}

/// Where a value stands: a field of a class.
#[derive(Clone, Copy)]
pub struct Place {
    pub class: &'static str,
    pub field: &'static str,
}

/// A value of a field.
pub trait Convert<'a>: Copy {
    fn to_python(&self, w: &Writer<'_>) -> PyResult;
    fn from_python(r: &mut Reader<'a>, value: &Value, place: Place) -> PyResult<Self>;
    /// What a missing field means.
    fn missing(r: &mut Reader<'a>, place: Place) -> PyResult<Self> {
        let Place { class, field } = place;
        Err(r.vm.type_error(format!("required field \"{field}\" missing from {class}")))
    }
    /// The name of a list of these in error texts, if None may not be in it.
    const LIST: Option<&'static str> = None;
}

/// The fields of a class.
pub trait Fields {
    /// A field by its Python name; None for one that the tree does not have (`type_comment`).
    fn get(&self, w: &Writer<'_>, name: &str) -> PyResult;
}

/// What can be read from a node's fields.
pub trait FromFields<'a>: Copy {
    fn read(r: &mut Reader<'a>, node: &Value, class: &'static str) -> PyResult<Self>;
}

/// Implements both for a struct, each field with its Python name.
macro_rules! fields {
    ($($ty:ident { $($field:ident = $name:literal),* $(,)? })*) => {$(
        impl $crate::ast::convert::Fields for $ty<'_> {
            fn get(
                &self,
                w: &$crate::ast::convert::Writer<'_>,
                name: &str,
            ) -> adder_vm::runtime::errors::PyResult {
                match name {
                    $($name => $crate::ast::convert::Convert::to_python(&self.$field, w),)*
                    _ => Ok(adder_vm::Value::NONE),
                }
            }
        }
        impl<'a> $crate::ast::convert::FromFields<'a> for $ty<'a> {
            fn read(
                r: &mut $crate::ast::convert::Reader<'a>,
                node: &adder_vm::Value,
                class: &'static str,
            ) -> adder_vm::runtime::errors::PyResult<Self> {
                Ok($ty { $($field: r.field(node, class, $name)?,)* })
            }
        }
    )*};
}
pub(super) use fields;

impl Writer<'_> {
    /// A node of a class, with its place if it has one.
    pub fn node(
        &self,
        class: &'static str,
        span: Option<Span>,
        get: &mut dyn FnMut(&str) -> PyResult,
    ) -> PyResult {
        let vm = self.vm;
        vm.check_stack()?;
        vm.check_memory()?;
        let mut attributes = Vec::new();
        for field in schema::class_of(class).map_or(&[][..], |class| &class.fields) {
            attributes.push((vm.intern(field.name), get(field.name)?));
        }
        if let Some(Span { start, end }) = span {
            for (name, number) in [
                ("lineno", start.line),
                ("col_offset", start.col),
                ("end_lineno", end.line),
                ("end_col_offset", end.col),
            ] {
                attributes.push((vm.intern(name), Value::int_unchecked(number.into())));
            }
        }
        node::make(&*classes::class(vm, class)?, vm, &mut attributes.into_iter())
    }

    /// A node with these fields.
    pub fn with_fields(
        &self,
        class: &'static str,
        span: Option<Span>,
        fields: &dyn Fields,
    ) -> PyResult {
        self.node(class, span, &mut |name| fields.get(self, name))
    }
}

impl<'a> Reader<'a> {
    /// A field of a node.
    pub fn field<T: Convert<'a>>(
        &mut self,
        node: &Value,
        class: &'static str,
        field: &'static str,
    ) -> PyResult<T> {
        let place = Place { class, field };
        match object::lookup_attr(self.vm, node, &self.vm.intern(field))? {
            Some(value) => T::from_python(self, &value, place),
            None => T::missing(self, place),
        }
    }

    /// The constructor of a sum type that a node belongs to.
    pub fn constructor(&self, node: &Value, sum: &'static str) -> PyResult<&'static str> {
        for class in schema::classes().iter().filter(|class| class.base == Some(sum)) {
            let ty = classes::class(self.vm, class.name)?;
            if node.ty().is(&ty.to_value()) || object::is_instance(self.vm, node, &ty.to_value())? {
                return Ok(class.name);
            }
        }
        Err(self.vm.type_error(format!(
            "expected some sort of {sum}, but got {}",
            object::repr(self.vm, node)?.to_string_lossy()
        )))
    }

    fn number(&self, node: &Value, kind: &str, name: &str) -> PyResult<Option<i64>> {
        match object::lookup_attr(self.vm, node, &self.vm.intern(name))? {
            Some(value) if value.is_none() && name.starts_with("end_") => Ok(None),
            Some(value) => integer(self.vm, &value).map(Some),
            None if name.starts_with("end_") && !matches!(kind, "pattern" | "type_param") => {
                Ok(None)
            }
            None => {
                Err(self.vm.type_error(format!("required field \"{name}\" missing from {kind}")))
            }
        }
    }

    /// The place of a node of this type.
    pub fn span(&self, node: &Value, kind: &str) -> PyResult<Span> {
        let vm = self.vm;
        let line = self.number(node, kind, "lineno")?.unwrap_or(0);
        let column = self.number(node, kind, "col_offset")?.unwrap_or(0);
        let end_line = self.number(node, kind, "end_lineno")?.unwrap_or(line);
        let end_column = self.number(node, kind, "end_col_offset")?.unwrap_or(column);
        if line > end_line {
            return Err(
                vm.value_error(format!("AST node line range ({line}, {end_line}) is not valid"))
            );
        }
        if (line < 0 && end_line != line) || (column < 0 && column != end_column) {
            return Err(vm.value_error(format!(
                "AST node column range ({column}, {end_column}) for line range ({line}, {end_line}) is not valid"
            )));
        }
        if line == end_line && column > end_column {
            return Err(vm.value_error(format!(
                "line {line}, column {column}-{end_column} is not a valid range"
            )));
        }
        let place = |line: i64, column: i64| Pos {
            line: u32::try_from(line).unwrap_or(0),
            col: u32::try_from(column).unwrap_or(0),
        };
        Ok(Span { start: place(line, column), end: place(end_line, end_column) })
    }

    /// `ValueError` for None where a node must be.
    pub fn none_given(&self, place: Place) -> Exc {
        let Place { class, field } = place;
        self.vm.value_error(format!("field '{field}' is required for {class}"))
    }
}

/// An int field.
pub fn integer(vm: &Vm, value: &Value) -> PyResult<i64> {
    if !int::is_int(value) {
        return Err(vm.value_error(format!(
            "invalid integer value: {}",
            object::repr(vm, value)?.to_string_lossy()
        )));
    }
    let number = number::to_ssize(vm, value)?;
    match i32::try_from(number) {
        Ok(number) => Ok(number.into()),
        Err(_) => Err(vm.overflow_error("Python int too large to convert to C int")),
    }
}

impl<'a, T: Convert<'a>> Convert<'a> for Option<T> {
    fn to_python(&self, w: &Writer<'_>) -> PyResult {
        self.as_ref().map_or(Ok(Value::NONE), |inner| inner.to_python(w))
    }
    fn from_python(r: &mut Reader<'a>, value: &Value, place: Place) -> PyResult<Self> {
        if value.is_none() { Ok(None) } else { T::from_python(r, value, place).map(Some) }
    }
    fn missing(_r: &mut Reader<'a>, _place: Place) -> PyResult<Self> {
        Ok(None)
    }
}

impl<'a, T: Convert<'a>> Convert<'a> for &'a T {
    fn to_python(&self, w: &Writer<'_>) -> PyResult {
        (**self).to_python(w)
    }
    fn from_python(r: &mut Reader<'a>, value: &Value, place: Place) -> PyResult<Self> {
        Ok(r.arena.node(T::from_python(r, value, place)?))
    }
    fn missing(r: &mut Reader<'a>, place: Place) -> PyResult<Self> {
        Ok(r.arena.node(T::missing(r, place)?))
    }
}

impl<'a, T: Convert<'a>> Convert<'a> for List<'a, T> {
    fn to_python(&self, w: &Writer<'_>) -> PyResult {
        let items: PyResult<Vec<Value>> = self.iter().map(|item| item.to_python(w)).collect();
        Ok(list::List::from_vec(items?).into())
    }
    fn from_python(r: &mut Reader<'a>, value: &Value, place: Place) -> PyResult<Self> {
        let Place { class, field } = place;
        let Some(list) = value.downcast::<list::List>() else {
            return Err(r.vm.type_error(format!(
                "{class} field \"{field}\" must be a list, not a {}",
                value.ty().name()
            )));
        };
        let len = list.len();
        let mut items = Vec::new();
        while let Some(item) = list.get(items.len()) {
            if let Some(what) = T::LIST
                && item.is_none()
            {
                return Err(r.vm.value_error(format!("None disallowed in {what} list")));
            }
            items.push(T::from_python(r, &item, place)?);
            if list.len() != len {
                return Err(r.vm.runtime_error(format!(
                    "{class} field \"{field}\" changed size during iteration"
                )));
            }
        }
        Ok(r.arena.list(&items))
    }
    fn missing(_r: &mut Reader<'a>, _place: Place) -> PyResult<Self> {
        Ok(&[])
    }
}

impl Convert<'_> for Symbol {
    fn to_python(&self, w: &Writer<'_>) -> PyResult {
        Ok(w.vm.intern(w.pool.name(*self)).into())
    }
    fn from_python(r: &mut Reader<'_>, value: &Value, place: Place) -> PyResult<Self> {
        if value.is_none() {
            return Err(r.none_given(place));
        }
        let Some(text) = value.downcast::<Str>() else {
            return Err(r.vm.type_error("AST identifier must be of type str"));
        };
        match text.to_utf8() {
            Some(name) => Ok(r.pool.intern(&name)),
            None => Err(r.vm.surrogate_error(text)),
        }
    }
}

impl Convert<'_> for bool {
    fn to_python(&self, _w: &Writer<'_>) -> PyResult {
        Ok(Value::int_unchecked((*self).into()))
    }
    fn from_python(r: &mut Reader<'_>, value: &Value, _place: Place) -> PyResult<Self> {
        Ok(integer(r.vm, value)? != 0)
    }
}

impl Convert<'_> for u32 {
    fn to_python(&self, _w: &Writer<'_>) -> PyResult {
        Ok(Value::int_unchecked((*self).into()))
    }
    fn from_python(r: &mut Reader<'_>, value: &Value, _place: Place) -> PyResult<Self> {
        if value.is_none() {
            return Ok(0);
        }
        match u32::try_from(integer(r.vm, value)?) {
            Ok(number) => Ok(number),
            Err(_) => Err(r.vm.value_error("Negative ImportFrom level")),
        }
    }
    fn missing(_r: &mut Reader<'_>, _place: Place) -> PyResult<Self> {
        Ok(0)
    }
}
