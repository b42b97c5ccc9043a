//! Methods for a call, with inline caches: `LoadMethod` pushes what `CallMethod` takes, and makes no bound
//! method.
//!
//! It pushes a method and its receiver; or nothing and a callable, where that is no method of the owner's
//! type (a module's function, a static method, a value that happens to be callable).

#![expect(unsafe_code, reason = "the owner's word becomes nothing")]

use super::Done;
use super::attr::{attrs_of, shape_without};
use crate::object::{Obj, Ref};
use crate::objects::classmethod::{ClassMethod, StaticMethod};
use crate::objects::descr::MethodDescr;
use crate::objects::function::{self, Function};
use crate::objects::module::Module;
use crate::objects::object as generic;
use crate::objects::str_::Str;
use crate::objects::super_::Super;
use crate::objects::type_::Type;
use crate::protocol::object::{self, Method};
use crate::runtime::args::NativeDef;
use crate::runtime::errors::PyResult;
use crate::runtime::machine::Machine;
use crate::runtime::prepared::cache::{Asked, Cache, MAX_MISSES, known, remember};
use crate::runtime::prepared::{Instr, P};
use crate::runtime::vm::Vm;
use crate::value::Value;

/// owner -- method owner | nothing bound-method
///
/// The first form if the method is a function of the type (then no bound method is made), the
/// second for everything else.
#[inline(never)]
pub fn load_method(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let mut cache = Cache { misses: m.cache(i.b).misses, ..Cache::EMPTY };
    if learn_method(m.name(i.c), m.peek(1), &mut cache) {
        let op = match m.peek(1).head() {
            Some(_) => native_call(m, i).unwrap_or(P::LoadMethodType),
            None => P::LoadMethodWord,
        };
        m.specialize(Instr { op, ..i });
    } else if let Some(op) = learn_callable(m.name(i.c), m.peek(1), &mut cache) {
        m.specialize(Instr { op, ..i });
    } else {
        cache.misses += 1;
        if cache.misses > MAX_MISSES {
            m.specialize(Instr { op: P::LoadMethodGeneric, ..i });
        }
    }
    *m.cache(i.b) = cache;
    load_method_generic(vm, m, i)
}

/// The form that does the call behind it as well: for native methods of the owner's type.
fn native_call(m: &Machine, i: Instr) -> Option<P> {
    let (op, args) = if super::fused::is_call_with_local(m, P::CallMethod) {
        (P::MethodCallFast, 2)
    } else if m.ahead(0).op == P::CallMethod && m.ahead(0).c == 0 {
        (P::MethodCall, 1)
    } else {
        return None;
    };
    let owner = m.peek(1);
    let found = owner.ty().lookup(m.name(i.c))?;
    let method = found.downcast_exact::<MethodDescr>()?;
    (method.applies_to(owner) && method.def().takes(args)).then_some(op)
}

/// The native method that the cache knows for an owner, where [`native_call`] found one.
#[inline(always)]
pub fn cached_native(m: &Machine, i: Instr) -> Option<&'static NativeDef> {
    let cache = m.cache(i.b);
    if !holds(m.peek(1), cache) {
        return None;
    }
    crate::object::weak::look_at_word(cache.word, |method| {
        method.downcast_exact::<MethodDescr>().map(|method| method.def())
    })
}

fn learn_method(name: &Ref<Str>, owner: &Value, cache: &mut Cache) -> bool {
    let ty = owner.ty();
    if !generic::has_generic_getattr(ty) {
        return false;
    }
    let version = ty.version();
    let Some(found) = ty.lookup(name) else { return false };
    if version == 0 || !function::is_method_like(&found) {
        return false;
    }
    if let Some(head) = owner.head() {
        let Some(shape) = shape_without(head, ty, name) else { return false };
        cache.shape = shape;
    }
    cache.type_version = version;
    cache.word = found.bits();
    true
}

/// The method that the cache knows for an owner.
#[inline(always)]
fn cached_method(owner: &Value, cache: &Cache) -> Option<Value> {
    if holds(owner, cache) { crate::object::weak::borrowed_word(cache.word) } else { None }
}

/// Is the cache's method still the one that the owner, an object, has?
#[inline(always)]
fn holds(owner: &Value, cache: &Cache) -> bool {
    let Some(head) = owner.head() else { return false };
    let ty = head.ty();
    ty.has_version(cache.type_version)
        && (ty.attrs_offset == 0 || attrs_of(head, ty).shape_word() == cache.shape)
}

/// Fills the cache for a callable that is no method of the owner: a module's, a class's, or a static or
/// class method.
fn learn_callable(name: &Ref<Str>, owner: &Value, cache: &mut Cache) -> Option<P> {
    let head = owner.head()?;
    let ty = head.ty();
    if let Some(module) = owner.downcast_exact::<Module>() {
        if ty.lookup(name).is_some() {
            return None;
        }
        cache.index = module.dict().index_of_str(name)? as u32;
        cache.word = module.dict().keys_version();
        return Some(P::LoadMethodModule);
    }
    let (class, form) = match owner.downcast_exact::<Type>() {
        Some(class) if Type::type_object().lookup(name).is_none() => (class, P::LoadMethodOnType),
        Some(_) => return None,
        None if generic::has_generic_getattr(ty) => (ty, P::LoadMethodUnbound),
        None => return None,
    };
    let found = class.lookup(name)?;
    let wrapped = found.is_exact::<StaticMethod>() || found.is_exact::<ClassMethod>();
    if form == P::LoadMethodOnType {
        let plain = found.is_exact::<Function>() || found.ty().slots.descr_get.get().is_none();
        if !wrapped && !plain {
            return None;
        }
    } else {
        if !wrapped {
            return None;
        }
        cache.shape = shape_without(head, ty, name)?;
    }
    if class.version() == 0 {
        return None;
    }
    cache.type_version = class.version();
    cache.word = found.bits();
    cache.extra = class.values().into();
    Some(form)
}

/// owner -- nothing callable | function class, by what was found on a class; `false` if that is no more.
#[inline(always)]
fn put_callable(m: &mut Machine, class: &Obj<Type>, cache: &Cache) -> bool {
    if !class.has_version(cache.type_version) || u64::from(class.values()) != cache.extra {
        return false;
    }
    let Some(found) = crate::object::weak::borrowed_word(cache.word) else { return false };
    if let Some(method) = found.downcast_exact::<ClassMethod>() {
        let Some(function) = method.function().filter(|f| f.is_exact::<Function>()) else {
            return false;
        };
        let class = class.to_value();
        m.exchange(1, function);
        m.push(class);
        return true;
    }
    let callable = match found.downcast_exact::<StaticMethod>() {
        Some(method) => match method.function() {
            Some(function) => function,
            None => return false,
        },
        None => found,
    };
    put_bound(m, callable);
    true
}

/// owner -- nothing callable
#[inline(always)]
fn put_bound(m: &mut Machine, callable: Value) {
    // SAFETY: the owner's word becomes "nothing".
    let owner = unsafe { (*m.slot(1)).take() };
    m.push(callable);
    m.discard(owner);
}

#[inline(always)]
pub fn load_method_module(m: &mut Machine, i: Instr) -> bool {
    let cache = m.cache(i.b);
    let Some(module) = m.peek(1).downcast_exact::<Module>() else { return false };
    if !module.dict().has_keys_version(cache.word) {
        return false;
    }
    let Some(callable) = module.dict().value_at(cache.index as usize) else { return false };
    put_bound(m, callable);
    true
}

#[inline(always)]
pub fn load_method_on_type(m: &mut Machine, i: Instr) -> bool {
    let cache = *m.cache(i.b);
    let Some(class) = m.peek(1).downcast_exact::<Type>() else { return false };
    // SAFETY: the class is alive while it is the owner, and its callable keeps it no longer needed.
    let class: &Obj<Type> = unsafe { &*(class as *const _) };
    put_callable(m, class, &cache)
}

#[inline(always)]
pub fn load_method_unbound(m: &mut Machine, i: Instr) -> bool {
    let cache = *m.cache(i.b);
    let Some(head) = m.peek(1).head() else { return false };
    let ty = head.ty();
    if ty.attrs_offset != 0 && attrs_of(head, ty).shape_word() != cache.shape {
        return false;
    }
    // SAFETY: the type is alive while its instance is, which `put_callable` lets go last.
    let ty: &Obj<Type> = unsafe { &*(ty as *const _) };
    put_callable(m, ty, &cache)
}

/// owner -- method owner
#[inline(always)]
fn put_method(m: &mut Machine, method: Value) {
    // SAFETY: the owner moves one word up, the method takes its place.
    let owner = unsafe { (*m.slot(1)).replace(method) };
    m.push_slot(owner);
}

#[inline(always)]
pub fn load_method_type(m: &mut Machine, i: Instr) -> bool {
    match cached_method(m.peek(1), m.cache(i.b)) {
        Some(method) => {
            put_method(m, method);
            true
        }
        None => false,
    }
}

/// The same for an owner that is no object.
#[inline(always)]
pub fn load_method_word(m: &mut Machine, i: Instr) -> bool {
    let (owner, cache) = (m.peek(1), m.cache(i.b));
    if owner.is_pointer() || !owner.ty().has_version(cache.type_version) {
        return false;
    }
    let Some(method) = crate::object::weak::borrowed_word(cache.word) else { return false };
    put_method(m, method);
    true
}

/// The same for sites that meet many types: by the table that they share, or the slow way.
#[inline(never)]
pub fn load_method_generic(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let name = m.name(i.c);
    let owner = m.peek(1);
    let version = owner.ty().version();
    if version != 0 {
        let method = known(version, name, Asked::Method, |way| cached_method(owner, &way.cache));
        if let Some(method) = method {
            put_method(m, method);
            return Ok(());
        }
        let mut cache = Cache::EMPTY;
        if learn_method(name, owner, &mut cache) {
            remember(name, Asked::Method, P::LoadMethodType, cache);
        }
    }
    if let Some(parent) = owner.downcast_exact::<Super>()
        && let Some((method, receiver)) = parent.method(name)
    {
        m.replace(1, method);
        m.push(receiver);
        return Ok(());
    }
    let name = name.clone();
    match method_of(vm, m.peek(1), &name)? {
        Method::Unbound(method) => put_method(m, method),
        Method::Bound(method) => put_bound(m, method),
    }
    Ok(())
}

/// The same straight from the table.
#[inline(always)]
pub fn load_method_shared(m: &mut Machine, i: Instr) -> bool {
    let owner = m.peek(1);
    let Some(head) = owner.head() else { return false };
    let version = head.ty().known_version();
    let method = known(version, m.name(i.c), Asked::Method, |way| cached_method(owner, &way.cache));
    let Some(method) = method else { return false };
    put_method(m, method);
    true
}

/// The method for a call: unbound if it is a function of the type that nothing on the instance
/// hides.
fn method_of(vm: &Vm, owner: &Value, name: &Ref<Str>) -> PyResult<Method> {
    let ty = owner.ty();
    if generic::has_generic_getattr(ty)
        && let Some(found) = ty.lookup(name)
        && function::is_method_like(&found)
        && generic::instance_value(owner, name).is_none()
    {
        return Ok(Method::Unbound(found));
    }
    object::get_attr(vm, owner, name).map(Method::Bound)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Session, owners, token, with_vm};

    #[test]
    fn methods_follow_when_what_was_remembered_is_wrong() {
        with_vm(|vm| {
            for (setup, change) in [
                ("o = A()", "A.m = lambda self, x: x"),
                ("o = A()", "o.m = lambda x: x"),
                ("o = A()", "o.other = 1"),
                ("o = A()", "o.__dict__['m'] = lambda x: x"),
                ("o = A()", "o = B()"),
                ("o = A()", "A.m = staticmethod(lambda x: x)"),
                ("o = A()", "A.m = C()"),
                ("o = A()", "A.__getattribute__ = lambda self, name: lambda x: x"),
                ("o = A(); o.m = C()", "o.m = len.__class__ and (lambda x: x)"),
                ("o = A; A.m = classmethod(lambda cls, x: x)", "A.m = staticmethod(lambda x: x)"),
                (
                    "o = A; A.m = staticmethod(lambda x: x)",
                    "o = B; B.m = staticmethod(lambda x: x)",
                ),
                ("import sys; o = type(sys)('o'); o.m = lambda x: x", "o.m = C()"),
                ("import sys; o = type(sys)('o'); o.m = lambda x: x", "del o.m; o.m = C()"),
                ("o = S()", "S.m = lambda self, x: x"),
            ] {
                let session = Session::new(
                    vm,
                    "
class A:
    def m(self, x): return x
class B(A): pass
class S:
    __slots__ = ()
    def m(self, x): return x
class C:
    def __call__(self, x): return x
",
                );
                let value = token();
                session.set("t", value.clone());
                session.exec(setup);
                session.exec("def run(o):\n    for _ in range(20): assert o.m(t) is t\nrun(o)");
                session.exec(change);
                session.exec("run(o); run(o)");
                assert_eq!(owners(&value), 2, "{setup}; {change}");
            }
        });
    }

    #[test]
    fn the_owner_may_go_when_its_method_was_found() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
class A:
    @staticmethod
    def s(x): return x
    @classmethod
    def c(cls, x): return x
    def m(self, x): return x
    @property
    def p(self): return lambda x: x
    def __del__(self): log.append(1)
log = []
def make(): return type('T', (A,), {})
def run():
    for _ in range(20):
        assert A().s(t) is t and A().c(t) is t and A().m(t) is t and A().p(t) is t
        assert make().s(t) is t and make().c(t) is t and make()().s(t) is t
",
            );
            let value = token();
            session.set("t", value.clone());
            session.exec("run()");
            crate::runtime::gc::collect(vm, 2);
            assert_eq!((session.show("len(log)"), owners(&value)), ("100".into(), 2));
        });
    }
}
