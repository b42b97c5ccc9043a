//! The Python methods and slots of `str`, each a thin shim over its neighbours in this folder.
//!
//! Signatures, docstrings and error texts are CPython's (3.14).

use super::iter::StrIter;
use super::search::{self, bounds};
use super::{
    Str, StrBuilder, case, check_room, codec, format, intern, percent, plain, split, translate,
};
use crate::object::{Obj, Payload, Ref};
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::compare::CmpOp;
use crate::protocol::index::{Subscript, adjust, wrap};
use crate::protocol::{number, object};
use crate::runtime::args::{CallArgs, Keywords, Rest};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymethods;
use adder_unicode as ucd;

/// A `str` argument by position: `find() argument 1 must be str, not int`.
pub(super) fn text_argument<'a>(
    vm: &Vm,
    value: &'a Value,
    function: &str,
    position: usize,
) -> PyResult<&'a Obj<Str>> {
    value.downcast::<Str>().ok_or_else(|| {
        vm.type_error(format!(
            "{function}() argument {position} must be str, not {}",
            object::type_name_or_none(value)
        ))
    })
}

/// A `str` argument of a function that has no other.
fn only_text<'a>(vm: &Vm, value: &'a Value, what: &str) -> PyResult<&'a Obj<Str>> {
    value.downcast::<Str>().ok_or_else(|| {
        vm.type_error(format!("{what}must be str, not {}", object::type_name_or_none(value)))
    })
}

/// `startswith` and `endswith`: one text or a tuple of them.
fn affix(
    vm: &Vm,
    zelf: &Obj<Str>,
    wanted: &Value,
    range: (Option<&Value>, Option<&Value>),
    function: &str,
) -> PyResult<bool> {
    let at_end = function == "endswith";
    let matches = |affix: &Str| -> PyResult<bool> {
        let Some(range) = bounds(vm, zelf.len(), range.0, range.1)? else { return Ok(false) };
        if affix.len() > range.len() {
            return Ok(false);
        }
        let at = if at_end { range.end - affix.len() } else { range.start };
        Ok(search::stands_at(zelf, affix, at))
    };
    if let Some(texts) = wanted.downcast::<Tuple>() {
        for text in texts.items() {
            let Some(text) = text.downcast::<Str>() else {
                return Err(vm.type_error(format!(
                    "tuple for {function} must only contain str, not {}",
                    text.ty().name()
                )));
            };
            if matches(text)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    match wanted.downcast::<Str>() {
        Some(text) => matches(text),
        None => Err(vm.type_error(format!(
            "{function} first arg must be str or a tuple of str, not {}",
            wanted.ty().name()
        ))),
    }
}

fn strip(
    vm: &Vm,
    zelf: &Obj<Str>,
    chars: Option<&Value>,
    (left, right): (bool, bool),
    function: &str,
) -> PyResult<Ref<Str>> {
    let range = match chars.filter(|c| !c.is_none()) {
        None => search::strip(zelf, left, right, search::is_space),
        Some(chars) => match chars.downcast::<Str>() {
            Some(set) => search::strip(zelf, left, right, |c| search::contains_code(set, c)),
            None => return Err(vm.type_error(format!("{function} arg must be None or str"))),
        },
    };
    if range.len() == zelf.len() {
        return Ok(plain(zelf));
    }
    Ok(zelf.substring(range.start, range.end))
}

fn separator<'a>(vm: &Vm, sep: Option<&'a Value>) -> PyResult<Option<&'a Obj<Str>>> {
    let Some(sep) = sep.filter(|s| !s.is_none()) else { return Ok(None) };
    let Some(text) = sep.downcast::<Str>() else {
        return Err(vm.type_error(format!("must be str or None, not {}", sep.ty().name())));
    };
    if text.is_empty() {
        return Err(vm.value_error("empty separator"));
    }
    Ok(Some(text))
}

fn fill_character(vm: &Vm, fill: Option<&Value>) -> PyResult<u32> {
    let Some(fill) = fill else { return Ok(u32::from(b' ')) };
    match fill.downcast::<Str>() {
        Some(text) if text.len() == 1 => Ok(text.at(0)),
        Some(_) => Err(vm.type_error("The fill character must be exactly one character long")),
        None => Err(vm.type_error(format!(
            "The fill character must be a unicode character, not {}",
            fill.ty().name()
        ))),
    }
}

fn missing(zelf: &Str, width: isize) -> usize {
    usize::try_from(width).unwrap_or(0).saturating_sub(zelf.len())
}

fn not_found(vm: &Vm, at: Option<usize>) -> PyResult<usize> {
    at.ok_or_else(|| vm.value_error("substring not found"))
}

fn position(at: Option<usize>) -> isize {
    at.map_or(-1, |at| at as isize)
}

fn partition(vm: &Vm, zelf: &Obj<Str>, sep: &Value, back: bool) -> PyResult<Ref<Tuple>> {
    let sep = only_text(vm, sep, "")?;
    if sep.is_empty() {
        return Err(vm.value_error("empty separator"));
    }
    let all = 0..zelf.len();
    let at = if back { search::rfind(zelf, sep, all) } else { search::find(zelf, sep, all) };
    let empty = || Value::from(intern::empty());
    Ok(Tuple::from_array(match at {
        Some(at) => [
            zelf.substring(0, at).into(),
            sep.to_value(),
            zelf.substring(at + sep.len(), zelf.len()).into(),
        ],
        None if back => [empty(), empty(), plain(zelf).into()],
        None => [plain(zelf).into(), empty(), empty()],
    }))
}

/// `str(object, encoding, errors)`
fn construct(vm: &Vm, args: CallArgs<'_>) -> PyResult<Ref<Str>> {
    let positional = args.args();
    if positional.len() > 3 {
        return Err(
            vm.type_error(format!("str expected at most 3 arguments, got {}", positional.len()))
        );
    }
    let total = positional.len() + args.keyword_count();
    if total > 3 {
        return Err(vm.type_error(format!("str() takes at most 3 arguments ({total} given)")));
    }
    let mut places = [positional.first(), positional.get(1), positional.get(2)];
    for (name, value) in args.keywords() {
        let text = object::str(vm, name)?;
        let at = ["object", "encoding", "errors"].iter().position(|n| text.is_str(n));
        let Some(at) = at else {
            return Err(vm.type_error(format!("str() got an unexpected keyword argument '{text}'")));
        };
        if places[at].is_some() {
            return Err(vm.type_error(format!(
                "argument for str() given by name ('{text}') and position ({})",
                at + 1
            )));
        }
        places[at] = Some(value);
    }
    let [object, encoding, errors] = places;
    let plain_call = encoding.is_none() && errors.is_none();
    let encoding = codec::name_argument(vm, encoding, "str", "encoding", "utf-8")?;
    let errors = codec::name_argument(vm, errors, "str", "errors", "strict")?;
    match object {
        None => Ok(intern::empty()),
        Some(object) if plain_call => object::str(vm, object),
        Some(object) => codec::decode_object(vm, object, &encoding, &errors),
    }
}

#[pymethods]
impl Str {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if let ([object], None) = (args.args(), args.names())
            && ty.same(Str::cell().get())
        {
            return object::str(vm, object).map(Value::from);
        }
        let text = construct(vm, args)?;
        if ty.same(Str::cell().get()) {
            return Ok(text.into());
        }
        Ok(text.with_subtype(ty).into())
    }

    #[slot]
    fn repr(zelf: &Obj<Str>, vm: &Vm) -> PyResult {
        Ok(super::repr::repr(vm, zelf)?.into())
    }
    #[slot]
    fn str(zelf: &Obj<Str>, _vm: &Vm) -> PyResult {
        Ok(plain(zelf).into())
    }
    #[slot]
    fn hash_(zelf: &Obj<Str>, _vm: &Vm) -> PyResult<i64> {
        Ok(zelf.hash())
    }

    #[slot]
    fn richcompare(zelf: &Obj<Str>, _vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Str>() else { return Ok(Value::NOT_IMPLEMENTED) };
        Ok(Value::bool(match op {
            CmpOp::Eq => zelf.equals(other),
            CmpOp::Ne => !zelf.equals(other),
            _ => op.holds(zelf.compare(other)),
        }))
    }

    #[slot]
    fn iter(zelf: &Obj<Str>, _vm: &Vm) -> PyResult {
        Ok(StrIter::new_value(zelf.to_ref()))
    }
    #[slot]
    fn len_(zelf: &Obj<Str>, _vm: &Vm) -> PyResult<usize> {
        Ok(zelf.len())
    }

    #[slot]
    fn getitem(zelf: &Obj<Str>, vm: &Vm, key: &Value) -> PyResult {
        let subscript = if let Some(i) = key.as_small_int() {
            Subscript::Index(i as isize)
        } else if let Some(slice) = key.downcast() {
            Subscript::Slice(adjust(vm, slice, zelf.len())?)
        } else if number::has_index(key) {
            Subscript::Index(number::to_index(vm, key)?)
        } else {
            return Err(vm.type_error(format!(
                "string indices must be integers, not '{}'",
                key.ty().name()
            )));
        };
        match subscript {
            Subscript::Index(i) => match wrap(i, zelf.len()) {
                Some(at) => Ok(intern::character(zelf.at(at)).into()),
                None => Err(vm.index_error("string index out of range")),
            },
            Subscript::Slice(s) if s.step == 1 => {
                if s.count == zelf.len() {
                    return Ok(plain(zelf).into());
                }
                let range = s.range();
                Ok(zelf.substring(range.start, range.end).into())
            }
            Subscript::Slice(s) => {
                let mut out = StrBuilder::with_capacity(s.count);
                s.positions().for_each(|i| out.push(zelf.at(i)));
                Ok(out.finish_in(vm)?.into())
            }
        }
    }

    #[slot]
    fn contains(zelf: &Obj<Str>, vm: &Vm, item: &Value) -> PyResult<bool> {
        match item.downcast::<Str>() {
            Some(text) => Ok(search::find(zelf, text, 0..zelf.len()).is_some()),
            None => Err(vm.type_error(format!(
                "'in <string>' requires string as left operand, not {}",
                item.ty().name()
            ))),
        }
    }

    #[slot]
    fn concat_(zelf: &Obj<Str>, vm: &Vm, other: &Value) -> PyResult {
        let Some(other) = other.downcast::<Str>() else {
            return Err(vm.type_error(format!(
                "can only concatenate str (not \"{}\") to str",
                other.ty().name()
            )));
        };
        if other.is_empty() {
            return Ok(plain(zelf).into());
        }
        if zelf.is_empty() {
            return Ok(plain(other).into());
        }
        check_room(vm, zelf.len().saturating_add(other.len()))?;
        Ok(zelf.concat(other).into())
    }

    #[slot]
    fn repeat(zelf: &Obj<Str>, vm: &Vm, count: isize) -> PyResult {
        let count = usize::try_from(count).unwrap_or(0);
        if count == 1 {
            return Ok(plain(zelf).into());
        }
        if count == 0 || zelf.is_empty() {
            return Ok(intern::empty().into());
        }
        let total = zelf.raw_bytes().len().checked_mul(count);
        let Some(total) = total.filter(|n| *n <= isize::MAX as usize) else {
            return Err(vm.overflow_error("repeated string is too long"));
        };
        check_room(vm, total)?;
        let bytes = zelf.raw_bytes().repeat(count);
        Ok(Str::from_raw_parts(&bytes, zelf.width(), zelf.is_ascii()).into())
    }

    #[slot]
    fn rem(zelf: &Value, vm: &Vm, args: &Value) -> PyResult {
        match zelf.downcast::<Str>() {
            Some(template) => percent::format_text(vm, template, args).map(Value::from),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    /// Encode the string using the codec registered for encoding.
    ///
    ///   encoding
    ///     The encoding in which to encode the string.
    ///   errors
    ///     The error handling scheme to use for encoding errors.
    ///     The default is 'strict' meaning that encoding errors raise a
    ///     UnicodeEncodeError.  Other possible values are 'ignore', 'replace' and
    ///     'xmlcharrefreplace' as well as any other name registered with
    ///     codecs.register_error that can handle UnicodeEncodeErrors.
    #[pymethod(sig = "($self, /, encoding='utf-8', errors='strict')")]
    fn encode(
        zelf: &Obj<Str>,
        vm: &Vm,
        encoding: Option<&Value>,
        errors: Option<&Value>,
    ) -> PyResult {
        if encoding.is_none() && errors.is_none() {
            return codec::encode_default(vm, zelf).map(Value::from);
        }
        let encoding = codec::name_argument(vm, encoding, "encode", "encoding", "utf-8")?;
        let errors = codec::name_argument(vm, errors, "encode", "errors", "strict")?;
        codec::encode(vm, zelf, &encoding, &errors)
    }

    /// Return a copy with all occurrences of substring old replaced by new.
    ///
    ///   count
    ///     Maximum number of occurrences to replace.
    ///     -1 (the default value) means replace all occurrences.
    ///
    /// If the optional argument count is given, only the first count occurrences are
    /// replaced.
    #[pymethod(sig = "($self, old, new, /, count=-1)")]
    fn replace(
        zelf: &Obj<Str>,
        vm: &Vm,
        old: &Value,
        new: &Value,
        count: Option<isize>,
    ) -> PyResult<Ref<Str>> {
        let old = text_argument(vm, old, "replace", 1)?;
        let new = text_argument(vm, new, "replace", 2)?;
        let replaced = search::replace(vm, zelf, old, new, count.unwrap_or(-1))?;
        Ok(replaced.unwrap_or_else(|| plain(zelf)))
    }

    /// Return a list of the substrings in the string, using sep as the separator string.
    ///
    ///   sep
    ///     The separator used to split the string.
    ///
    ///     When set to None (the default value), will split on any whitespace
    ///     character (including \n \r \t \f and spaces) and will discard
    ///     empty strings from the result.
    ///   maxsplit
    ///     Maximum number of splits.
    ///     -1 (the default value) means no limit.
    ///
    /// Splitting starts at the front of the string and works to the end.
    ///
    /// Note, str.split() is mainly useful for data that has been intentionally
    /// delimited.  With natural text that includes punctuation, consider using
    /// the regular expression module.
    #[pymethod(sig = "($self, /, sep=None, maxsplit=-1)")]
    fn split(
        zelf: &Obj<Str>,
        vm: &Vm,
        sep: Option<&Value>,
        maxsplit: Option<isize>,
    ) -> PyResult<Ref<List>> {
        let max = maxsplit.unwrap_or(-1);
        Ok(List::from_vec(match separator(vm, sep)? {
            Some(sep) => split::split(vm, zelf, sep, max)?,
            None => split::split_words(vm, zelf, max)?,
        }))
    }

    /// Return a list of the substrings in the string, using sep as the separator string.
    ///
    ///   sep
    ///     The separator used to split the string.
    ///
    ///     When set to None (the default value), will split on any whitespace
    ///     character (including \n \r \t \f and spaces) and will discard
    ///     empty strings from the result.
    ///   maxsplit
    ///     Maximum number of splits.
    ///     -1 (the default value) means no limit.
    ///
    /// Splitting starts at the end of the string and works to the front.
    #[pymethod(sig = "($self, /, sep=None, maxsplit=-1)")]
    fn rsplit(
        zelf: &Obj<Str>,
        vm: &Vm,
        sep: Option<&Value>,
        maxsplit: Option<isize>,
    ) -> PyResult<Ref<List>> {
        let max = maxsplit.unwrap_or(-1);
        Ok(List::from_vec(match separator(vm, sep)? {
            Some(sep) => split::rsplit(vm, zelf, sep, max)?,
            None => split::rsplit_words(vm, zelf, max)?,
        }))
    }

    /// Concatenate any number of strings.
    ///
    /// The string whose method is called is inserted in between each given string.
    /// The result is returned as a new string.
    ///
    /// Example: '.'.join(['ab', 'pq', 'rs']) -> 'ab.pq.rs'
    #[pymethod(sig = "($self, iterable, /)")]
    fn join(zelf: &Obj<Str>, vm: &Vm, iterable: &Value) -> PyResult<Ref<Str>> {
        split::join(vm, zelf, iterable)
    }

    /// Return a capitalized version of the string.
    ///
    /// More specifically, make the first character have upper case and the rest lower
    /// case.
    #[pymethod(sig = "($self, /)")]
    fn capitalize(zelf: &Obj<Str>, vm: &Vm) -> PyResult<Ref<Str>> {
        case::capitalize(vm, zelf)
    }
    /// Return a version of the string suitable for caseless comparisons.
    #[pymethod(sig = "($self, /)")]
    fn casefold(zelf: &Obj<Str>, vm: &Vm) -> PyResult<Ref<Str>> {
        case::casefold(vm, zelf)
    }
    /// Return a version of the string where each word is titlecased.
    ///
    /// More specifically, words start with uppercased characters and all remaining
    /// cased characters have lower case.
    #[pymethod(sig = "($self, /)")]
    fn title(zelf: &Obj<Str>, vm: &Vm) -> PyResult<Ref<Str>> {
        case::title(vm, zelf)
    }
    /// Return a copy of the string converted to lowercase.
    #[pymethod(sig = "($self, /)")]
    fn lower(zelf: &Obj<Str>, vm: &Vm) -> PyResult<Ref<Str>> {
        case::lower(vm, zelf)
    }
    /// Return a copy of the string converted to uppercase.
    #[pymethod(sig = "($self, /)")]
    fn upper(zelf: &Obj<Str>, vm: &Vm) -> PyResult<Ref<Str>> {
        case::upper(vm, zelf)
    }
    /// Convert uppercase characters to lowercase and lowercase characters to uppercase.
    #[pymethod(sig = "($self, /)")]
    fn swapcase(zelf: &Obj<Str>, vm: &Vm) -> PyResult<Ref<Str>> {
        case::swapcase(vm, zelf)
    }

    /// Return a centered string of length width.
    ///
    /// Padding is done using the specified fill character (default is a space).
    #[pymethod(sig = "($self, width, fillchar=' ', /)")]
    fn center(
        zelf: &Obj<Str>,
        vm: &Vm,
        width: isize,
        fillchar: Option<&Value>,
    ) -> PyResult<Ref<Str>> {
        let fill = fill_character(vm, fillchar)?;
        let left = split::center_left(zelf.len(), width.max(0) as usize);
        split::pad(vm, zelf, left, missing(zelf, width) - left, fill)
    }
    /// Return a left-justified string of length width.
    ///
    /// Padding is done using the specified fill character (default is a space).
    #[pymethod(sig = "($self, width, fillchar=' ', /)")]
    fn ljust(
        zelf: &Obj<Str>,
        vm: &Vm,
        width: isize,
        fillchar: Option<&Value>,
    ) -> PyResult<Ref<Str>> {
        let fill = fill_character(vm, fillchar)?;
        split::pad(vm, zelf, 0, missing(zelf, width), fill)
    }
    /// Return a right-justified string of length width.
    ///
    /// Padding is done using the specified fill character (default is a space).
    #[pymethod(sig = "($self, width, fillchar=' ', /)")]
    fn rjust(
        zelf: &Obj<Str>,
        vm: &Vm,
        width: isize,
        fillchar: Option<&Value>,
    ) -> PyResult<Ref<Str>> {
        let fill = fill_character(vm, fillchar)?;
        split::pad(vm, zelf, missing(zelf, width), 0, fill)
    }
    /// Pad a numeric string with zeros on the left, to fill a field of the given width.
    ///
    /// The string is never truncated.
    #[pymethod(sig = "($self, width, /)")]
    fn zfill(zelf: &Obj<Str>, vm: &Vm, width: isize) -> PyResult<Ref<Str>> {
        split::zfill(vm, zelf, width)
    }
    /// Return a copy where all tab characters are expanded using spaces.
    ///
    /// If tabsize is not given, a tab size of 8 characters is assumed.
    #[pymethod(sig = "($self, /, tabsize=8)")]
    fn expandtabs(zelf: &Obj<Str>, vm: &Vm, tabsize: Option<i32>) -> PyResult<Ref<Str>> {
        split::expandtabs(vm, zelf, tabsize.unwrap_or(8) as isize)
    }

    /// Return the number of non-overlapping occurrences of substring sub in string S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    #[pymethod(sig = "($self, sub, start=None, end=None, /)")]
    fn count(
        zelf: &Obj<Str>,
        vm: &Vm,
        sub: &Value,
        start: Option<&Value>,
        end: Option<&Value>,
    ) -> PyResult<usize> {
        let sub = text_argument(vm, sub, "count", 1)?;
        let range = bounds(vm, zelf.len(), start, end)?;
        Ok(range.map_or(0, |range| search::count(zelf, sub, range)))
    }
    /// Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Return -1 on failure.
    #[pymethod(sig = "($self, sub, start=None, end=None, /)")]
    fn find(
        zelf: &Obj<Str>,
        vm: &Vm,
        sub: &Value,
        start: Option<&Value>,
        end: Option<&Value>,
    ) -> PyResult<isize> {
        let sub = text_argument(vm, sub, "find", 1)?;
        let range = bounds(vm, zelf.len(), start, end)?;
        Ok(position(range.and_then(|range| search::find(zelf, sub, range))))
    }
    /// Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Return -1 on failure.
    #[pymethod(sig = "($self, sub, start=None, end=None, /)")]
    fn rfind(
        zelf: &Obj<Str>,
        vm: &Vm,
        sub: &Value,
        start: Option<&Value>,
        end: Option<&Value>,
    ) -> PyResult<isize> {
        let sub = text_argument(vm, sub, "rfind", 1)?;
        let range = bounds(vm, zelf.len(), start, end)?;
        Ok(position(range.and_then(|range| search::rfind(zelf, sub, range))))
    }
    /// Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Raises ValueError when the substring is not found.
    #[pymethod(sig = "($self, sub, start=None, end=None, /)")]
    fn index(
        zelf: &Obj<Str>,
        vm: &Vm,
        sub: &Value,
        start: Option<&Value>,
        end: Option<&Value>,
    ) -> PyResult<usize> {
        let sub = text_argument(vm, sub, "index", 1)?;
        let range = bounds(vm, zelf.len(), start, end)?;
        not_found(vm, range.and_then(|range| search::find(zelf, sub, range)))
    }
    /// Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Raises ValueError when the substring is not found.
    #[pymethod(sig = "($self, sub, start=None, end=None, /)")]
    fn rindex(
        zelf: &Obj<Str>,
        vm: &Vm,
        sub: &Value,
        start: Option<&Value>,
        end: Option<&Value>,
    ) -> PyResult<usize> {
        let sub = text_argument(vm, sub, "rindex", 1)?;
        let range = bounds(vm, zelf.len(), start, end)?;
        not_found(vm, range.and_then(|range| search::rfind(zelf, sub, range)))
    }
    /// Partition the string into three parts using the given separator.
    ///
    /// This will search for the separator in the string.  If the separator is found,
    /// returns a 3-tuple containing the part before the separator, the separator
    /// itself, and the part after it.
    ///
    /// If the separator is not found, returns a 3-tuple containing the original string
    /// and two empty strings.
    #[pymethod(sig = "($self, sep, /)")]
    fn partition(zelf: &Obj<Str>, vm: &Vm, sep: &Value) -> PyResult<Ref<Tuple>> {
        partition(vm, zelf, sep, false)
    }
    /// Partition the string into three parts using the given separator.
    ///
    /// This will search for the separator in the string, starting at the end. If
    /// the separator is found, returns a 3-tuple containing the part before the
    /// separator, the separator itself, and the part after it.
    ///
    /// If the separator is not found, returns a 3-tuple containing two empty strings
    /// and the original string.
    #[pymethod(sig = "($self, sep, /)")]
    fn rpartition(zelf: &Obj<Str>, vm: &Vm, sep: &Value) -> PyResult<Ref<Tuple>> {
        partition(vm, zelf, sep, true)
    }
    /// Return True if the string starts with the specified prefix, False otherwise.
    ///
    ///   prefix
    ///     A string or a tuple of strings to try.
    ///   start
    ///     Optional start position. Default: start of the string.
    ///   end
    ///     Optional stop position. Default: end of the string.
    #[pymethod(sig = "($self, prefix, start=None, end=None, /)")]
    fn startswith(
        zelf: &Obj<Str>,
        vm: &Vm,
        prefix: &Value,
        start: Option<&Value>,
        end: Option<&Value>,
    ) -> PyResult<bool> {
        affix(vm, zelf, prefix, (start, end), "startswith")
    }
    /// Return True if the string ends with the specified suffix, False otherwise.
    ///
    ///   suffix
    ///     A string or a tuple of strings to try.
    ///   start
    ///     Optional start position. Default: start of the string.
    ///   end
    ///     Optional stop position. Default: end of the string.
    #[pymethod(sig = "($self, suffix, start=None, end=None, /)")]
    fn endswith(
        zelf: &Obj<Str>,
        vm: &Vm,
        suffix: &Value,
        start: Option<&Value>,
        end: Option<&Value>,
    ) -> PyResult<bool> {
        affix(vm, zelf, suffix, (start, end), "endswith")
    }
    /// Return a str with the given prefix string removed if present.
    ///
    /// If the string starts with the prefix string, return string[len(prefix):].
    /// Otherwise, return a copy of the original string.
    #[pymethod(sig = "($self, prefix, /)")]
    fn removeprefix(zelf: &Obj<Str>, vm: &Vm, prefix: &Value) -> PyResult<Ref<Str>> {
        let prefix = only_text(vm, prefix, "removeprefix() argument ")?;
        if !prefix.is_empty() && search::stands_at(zelf, prefix, 0) {
            return Ok(zelf.substring(prefix.len(), zelf.len()));
        }
        Ok(plain(zelf))
    }
    /// Return a str with the given suffix string removed if present.
    ///
    /// If the string ends with the suffix string and that suffix is not empty,
    /// return string[:-len(suffix)]. Otherwise, return a copy of the original
    /// string.
    #[pymethod(sig = "($self, suffix, /)")]
    fn removesuffix(zelf: &Obj<Str>, vm: &Vm, suffix: &Value) -> PyResult<Ref<Str>> {
        let suffix = only_text(vm, suffix, "removesuffix() argument ")?;
        match zelf.len().checked_sub(suffix.len()) {
            Some(at) if !suffix.is_empty() && search::stands_at(zelf, suffix, at) => {
                Ok(zelf.substring(0, at))
            }
            _ => Ok(plain(zelf)),
        }
    }
    /// Return a copy of the string with leading and trailing whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[pymethod(sig = "($self, chars=None, /)")]
    fn strip(zelf: &Obj<Str>, vm: &Vm, chars: Option<&Value>) -> PyResult<Ref<Str>> {
        strip(vm, zelf, chars, (true, true), "strip")
    }
    /// Return a copy of the string with leading whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[pymethod(sig = "($self, chars=None, /)")]
    fn lstrip(zelf: &Obj<Str>, vm: &Vm, chars: Option<&Value>) -> PyResult<Ref<Str>> {
        strip(vm, zelf, chars, (true, false), "lstrip")
    }
    /// Return a copy of the string with trailing whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[pymethod(sig = "($self, chars=None, /)")]
    fn rstrip(zelf: &Obj<Str>, vm: &Vm, chars: Option<&Value>) -> PyResult<Ref<Str>> {
        strip(vm, zelf, chars, (false, true), "rstrip")
    }
    /// Return a list of the lines in the string, breaking at line boundaries.
    ///
    /// Line breaks are not included in the resulting list unless keepends is given and
    /// true.
    #[pymethod(sig = "($self, /, keepends=False)")]
    fn splitlines(zelf: &Obj<Str>, vm: &Vm, keepends: Option<bool>) -> PyResult<Ref<List>> {
        Ok(List::from_vec(split::splitlines(vm, zelf, keepends.unwrap_or(false))?))
    }
    /// Replace each character in the string using the given translation table.
    ///
    ///   table
    ///     Translation table, which must be a mapping of Unicode ordinals to
    ///     Unicode ordinals, strings, or None.
    ///
    /// The table must implement lookup/indexing via __getitem__, for instance a
    /// dictionary or list.  If this operation raises LookupError, the character is
    /// left untouched.  Characters mapped to None are deleted.
    #[pymethod(sig = "($self, table, /)")]
    fn translate(zelf: &Obj<Str>, vm: &Vm, table: &Value) -> PyResult<Ref<Str>> {
        translate::translate(vm, zelf, table)
    }
    /// Convert a function to be a static method.
    ///
    /// A static method does not receive an implicit first argument.
    /// To declare a static method, use this idiom:
    ///
    ///      class C:
    ///          @staticmethod
    ///          def f(arg1, arg2, argN):
    ///              ...
    ///
    /// It can be called either on the class (e.g. C.f()) or on an instance
    /// (e.g. C().f()). Both the class and the instance are ignored, and
    /// neither is passed implicitly as the first argument to the method.
    ///
    /// Static methods in Python are similar to those found in Java or C++.
    /// For a more advanced concept, see the classmethod builtin.
    #[staticmethod]
    fn maketrans(vm: &Vm, x: &Value, y: Option<&Value>, z: Option<&Value>) -> PyResult<Ref<Dict>> {
        translate::maketrans(vm, x, y, z)
    }

    /// Return True if all characters in the string are ASCII, False otherwise.
    ///
    /// ASCII characters have code points in the range U+0000-U+007F.
    /// Empty string is ASCII too.
    #[pymethod(sig = "($self, /)")]
    fn isascii(zelf: &Obj<Str>, _vm: &Vm) -> bool {
        zelf.is_ascii()
    }
    /// Return True if the string is a lowercase string, False otherwise.
    ///
    /// A string is lowercase if all cased characters in the string are lowercase and
    /// there is at least one cased character in the string.
    #[pymethod(sig = "($self, /)")]
    fn islower(zelf: &Obj<Str>, _vm: &Vm) -> bool {
        case::is_lower(zelf)
    }
    /// Return True if the string is an uppercase string, False otherwise.
    ///
    /// A string is uppercase if all cased characters in the string are uppercase and
    /// there is at least one cased character in the string.
    #[pymethod(sig = "($self, /)")]
    fn isupper(zelf: &Obj<Str>, _vm: &Vm) -> bool {
        case::is_upper(zelf)
    }
    /// Return True if the string is a title-cased string, False otherwise.
    ///
    /// In a title-cased string, upper- and title-case characters may only
    /// follow uncased characters and lowercase characters only cased ones.
    #[pymethod(sig = "($self, /)")]
    fn istitle(zelf: &Obj<Str>, _vm: &Vm) -> bool {
        case::is_title(zelf)
    }
    /// Return True if the string is a whitespace string, False otherwise.
    ///
    /// A string is whitespace if all characters in the string are whitespace and there
    /// is at least one character in the string.
    #[pymethod(sig = "($self, /)")]
    fn isspace(zelf: &Obj<Str>, _vm: &Vm) -> bool {
        case::all(zelf, search::is_space)
    }
    /// Return True if the string is a decimal string, False otherwise.
    ///
    /// A string is a decimal string if all characters in the string are decimal and
    /// there is at least one character in the string.
    #[pymethod(sig = "($self, /)")]
    fn isdecimal(zelf: &Obj<Str>, _vm: &Vm) -> bool {
        case::all_ascii_or(zelf, u8::is_ascii_digit, ucd::is_decimal)
    }
    /// Return True if the string is a digit string, False otherwise.
    ///
    /// A string is a digit string if all characters in the string are digits and there
    /// is at least one character in the string.
    #[pymethod(sig = "($self, /)")]
    fn isdigit(zelf: &Obj<Str>, _vm: &Vm) -> bool {
        case::all_ascii_or(zelf, u8::is_ascii_digit, ucd::is_digit)
    }
    /// Return True if the string is a numeric string, False otherwise.
    ///
    /// A string is numeric if all characters in the string are numeric and there is at
    /// least one character in the string.
    #[pymethod(sig = "($self, /)")]
    fn isnumeric(zelf: &Obj<Str>, _vm: &Vm) -> bool {
        case::all_ascii_or(zelf, u8::is_ascii_digit, ucd::is_numeric)
    }
    /// Return True if the string is an alphabetic string, False otherwise.
    ///
    /// A string is alphabetic if all characters in the string are alphabetic and there
    /// is at least one character in the string.
    #[pymethod(sig = "($self, /)")]
    fn isalpha(zelf: &Obj<Str>, _vm: &Vm) -> bool {
        case::all_ascii_or(zelf, u8::is_ascii_alphabetic, ucd::is_alpha)
    }
    /// Return True if the string is an alpha-numeric string, False otherwise.
    ///
    /// A string is alpha-numeric if all characters in the string are alpha-numeric and
    /// there is at least one character in the string.
    #[pymethod(sig = "($self, /)")]
    fn isalnum(zelf: &Obj<Str>, _vm: &Vm) -> bool {
        case::all_ascii_or(zelf, u8::is_ascii_alphanumeric, ucd::is_alnum)
    }
    /// Return True if the string is a valid Python identifier, False otherwise.
    ///
    /// Call keyword.iskeyword(s) to test whether string s is a reserved identifier,
    /// such as "def" or "class".
    #[pymethod(sig = "($self, /)")]
    fn isidentifier(zelf: &Obj<Str>, _vm: &Vm) -> bool {
        case::is_identifier(zelf)
    }
    /// Return True if all characters in the string are printable, False otherwise.
    ///
    /// A character is printable if repr() may use it in its output.
    #[pymethod(sig = "($self, /)")]
    fn isprintable(zelf: &Obj<Str>, _vm: &Vm) -> bool {
        zelf.is_empty() || case::all(zelf, ucd::is_printable)
    }

    /// Return a formatted version of the string, using substitutions from args and kwargs.
    /// The substitutions are identified by braces ('{' and '}').
    #[pymethod(sig = "($self, /, *args, **kwargs)")]
    fn format(zelf: &Obj<Str>, vm: &Vm, args: Rest<'_>, kwargs: Keywords) -> PyResult<Ref<Str>> {
        format::format(vm, zelf, Some(args.0), format::Names::Keywords(kwargs.0.as_deref()))
    }
    /// Return a formatted version of the string, using substitutions from mapping.
    /// The substitutions are identified by braces ('{' and '}').
    #[pymethod(sig = "($self, mapping, /)")]
    fn format_map(zelf: &Obj<Str>, vm: &Vm, mapping: &Value) -> PyResult<Ref<Str>> {
        format::format(vm, zelf, None, format::Names::Mapping(mapping))
    }
    /// Return a formatted version of the string as described by format_spec.
    #[pymethod(sig = "($self, format_spec, /)")]
    fn __format__(zelf: &Obj<Str>, vm: &Vm, format_spec: &Value) -> PyResult<Ref<Str>> {
        format::format_text(vm, zelf, format::spec_argument(vm, format_spec)?)
    }
    /// Return the size of the string in memory, in bytes.
    #[pymethod(sig = "($self, /)")]
    fn __sizeof__(zelf: &Obj<Str>, _vm: &Vm) -> usize {
        zelf.ty().basic_size + zelf.tail_len()
    }
    #[pymethod(sig = "($self, /)")]
    fn __getnewargs__(zelf: &Obj<Str>, _vm: &Vm) -> Ref<Tuple> {
        Tuple::from_vec(vec![zelf.with_subtype(Str::cell().get()).into()])
    }
}
