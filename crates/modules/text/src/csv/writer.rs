//! `writer`: joins fields to rows, quoting and escaping what needs it.

use super::dialect::Dialect;
use super::{Quoting, error};
use adder_derive::{pyclass, pymethods};
use adder_vm::objects::complex::ComplexObj;
use adder_vm::objects::list::List;
use adder_vm::objects::str_::{Str, StrBuilder};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::{float, int};
use adder_vm::protocol::{call, iter, number, object};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// CSV writer
///
/// Writer objects are responsible for generating tabular data
/// in CSV format from sequence input.
#[pyclass(name = "_csv.writer", no_new)]
pub struct Writer {
    write: Value,
    dialect: Ref<Dialect>,
}

/// A row being joined.
struct Row<'a> {
    vm: &'a Vm,
    dialect: &'a Dialect,
    out: StrBuilder,
    fields: usize,
}

fn is_number(value: &Value) -> bool {
    let slots = &value.ty().slots;
    int::is_int(value)
        || float::as_f64(value).is_some()
        || number::has_index(value)
        || slots.float.get().is_some()
        || slots.int.get().is_some()
        || value.downcast::<ComplexObj>().is_some()
}

impl Row<'_> {
    fn is_special(&self, c: u32) -> bool {
        let d = self.dialect;
        c == d.delimiter
            || Some(c) == d.quotechar
            || Some(c) == d.escapechar
            || matches!(c, 0x0a | 0x0d)
            || d.lineterminator.code_points().any(|other| other == c)
    }

    /// Does a null field have to be told from an empty string?
    fn keeps_nulls(&self) -> bool {
        matches!(self.dialect.quoting, Quoting::Strings | Quoting::NotNull)
    }

    /// Adds a field; `None` is a null field.
    fn push(&mut self, field: Option<&Str>, mut quoted: bool) -> PyResult<()> {
        let (vm, dialect) = (self.vm, self.dialect);
        let len = field.map_or(0, Str::len);
        if len == 0 && dialect.delimiter == 0x20 && dialect.skipinitialspace {
            if dialect.quoting == Quoting::None || field.is_none() && self.keeps_nulls() {
                let message = "empty field must be quoted if delimiter is a space \
                               and skipinitialspace is true";
                return Err(error(vm, message));
            }
            quoted = true;
        }
        if self.fields > 0 {
            self.out.push(dialect.delimiter);
        }
        self.fields += 1;
        let Some(field) = field.filter(|_| len > 0) else {
            if quoted {
                self.push_quote();
                self.push_quote();
            }
            return Ok(());
        };
        if !field.code_points().any(|c| self.is_special(c)) {
            if quoted {
                self.push_quote();
            }
            self.out.push_obj(field);
            if quoted {
                self.push_quote();
            }
            return Ok(());
        }
        // Whether quotes are needed shows only while the characters are gone through.
        let mut text = StrBuilder::with_capacity(len + 2);
        for c in field.code_points() {
            if self.is_special(c) {
                let escape = if dialect.quoting == Quoting::None {
                    true
                } else if Some(c) == dialect.quotechar {
                    if dialect.doublequote {
                        text.push(c);
                    }
                    !dialect.doublequote
                } else {
                    Some(c) == dialect.escapechar
                };
                if escape {
                    let Some(escapechar) = dialect.escapechar else {
                        return Err(error(vm, "need to escape, but no escapechar set"));
                    };
                    text.push(escapechar);
                } else {
                    quoted = true;
                }
            }
            text.push(c);
        }
        let text = text.finish_in(vm)?;
        if quoted {
            self.push_quote();
        }
        self.out.push_obj(&text);
        if quoted {
            self.push_quote();
        }
        Ok(())
    }

    fn push_quote(&mut self) {
        if let Some(quote) = self.dialect.quotechar {
            self.out.push(quote);
        }
    }
}

impl Writer {
    pub fn make(vm: &Vm, write: Value, dialect: Ref<Dialect>) -> Value {
        Ref::with_type(Writer { write, dialect }, vm.type_object::<Writer>()).into()
    }

    fn write_row(&self, vm: &Vm, fields: &Value) -> PyResult {
        let iterator;
        let fields = if fields.is_exact::<List>() || fields.is_exact::<Tuple>() {
            fields
        } else {
            iterator = iter::iter(vm, fields).map_err(|exc| {
                if exc.is(&vm.exceptions().type_error) {
                    return error(vm, format!("iterable expected, not {}", fields.ty().name()));
                }
                exc
            })?;
            &iterator
        };
        let dialect = self.dialect.clone();
        let mut row = Row { vm, dialect: &dialect, out: StrBuilder::new(), fields: 0 };
        let mut ends_null = false;
        iter::for_each(vm, fields, |field| {
            let quoted = match dialect.quoting {
                Quoting::NonNumeric => !is_number(&field),
                Quoting::All => true,
                Quoting::Strings => field.downcast::<Str>().is_some(),
                Quoting::NotNull => !field.is_none(),
                Quoting::Minimal | Quoting::None => false,
            };
            ends_null = field.is_none();
            if let Some(text) = field.downcast::<Str>() {
                row.push(Some(text), quoted)?;
            } else if ends_null {
                row.push(None, quoted)?;
            } else {
                row.push(Some(&*object::str(vm, &field)?), quoted)?;
            }
            Ok(true)
        })?;
        if row.fields > 0 && row.out.is_empty() {
            if dialect.quoting == Quoting::None || ends_null && row.keeps_nulls() {
                return Err(error(vm, "single empty field record must be quoted"));
            }
            row.fields -= 1;
            row.push(None, true)?;
        }
        row.out.push_obj(&dialect.lineterminator);
        call::call(vm, &self.write, &[row.out.finish_in(vm)?.into()])
    }
}

#[pymethods]
impl Writer {
    /// writerow(iterable)
    ///
    /// Construct and write a CSV record from an iterable of fields.  Non-string
    /// elements will be converted to string.
    #[pymethod(sig = "($self, seq, /)")]
    fn writerow(zelf: &Obj<Writer>, vm: &Vm, seq: &Value) -> PyResult {
        zelf.write_row(vm, seq)
    }
    /// writerows(iterable of iterables)
    ///
    /// Construct and write a series of iterables to a csv file.  Non-string
    /// elements will be converted to string.
    #[pymethod(sig = "($self, seqseq, /)")]
    fn writerows(zelf: &Obj<Writer>, vm: &Vm, seqseq: &Value) -> PyResult<()> {
        iter::for_each(vm, seqseq, |row| zelf.write_row(vm, &row).map(|_| true))
    }
    #[getter(member)]
    fn dialect(zelf: &Obj<Writer>, _vm: &Vm) -> Ref<Dialect> {
        zelf.dialect.clone()
    }
}
