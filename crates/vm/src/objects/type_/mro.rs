//! The method resolution order: C3 linearisation.

use super::{Mro, Type};
use crate::object::{Obj, Ref};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;

fn same(a: &Ref<Type>, b: &Ref<Type>) -> bool {
    std::ptr::eq::<Obj<Type>>(&**a, &**b)
}

/// Merges the bases' orders; `None` if they contradict each other.
fn merge(bases: &[Ref<Type>]) -> Option<Vec<Ref<Type>>> {
    if let [base] = bases {
        return Some(base.mro());
    }
    let mut lists: Vec<Vec<Ref<Type>>> = bases.iter().map(|b| b.mro()).collect();
    lists.push(bases.to_vec());
    let mut heads = vec![0usize; lists.len()];
    let mut order = Vec::new();
    loop {
        let mut any = false;
        let mut next = None;
        for (i, list) in lists.iter().enumerate() {
            let Some(candidate) = list.get(heads[i]) else { continue };
            any = true;
            let in_a_tail = lists
                .iter()
                .zip(&heads)
                .any(|(l, h)| l.iter().skip(h + 1).any(|t| same(t, candidate)));
            if !in_a_tail {
                next = Some(candidate.clone());
                break;
            }
        }
        match next {
            Some(next) => {
                for (list, head) in lists.iter().zip(&mut heads) {
                    if list.get(*head).is_some_and(|t| same(t, &next)) {
                        *head += 1;
                    }
                }
                order.push(next);
            }
            None if any => return None,
            None => return Some(order),
        }
    }
}

/// For built-in types, whose bases are known to agree.
pub(super) fn merge_simple(bases: &[Ref<Type>]) -> Vec<Ref<Type>> {
    merge(bases).unwrap_or_default()
}

/// The linearisation of `ty` over its bases.
pub fn compute(vm: &Vm, ty: &Ref<Type>, bases: &[Ref<Type>]) -> PyResult<Mro> {
    for (i, base) in bases.iter().enumerate() {
        if bases[..i].iter().any(|b| same(b, base)) {
            return Err(vm.type_error(format!("duplicate base class {}", base.name())));
        }
    }
    if let Some(base) = bases.iter().find(|base| base.mro.with(Vec::is_empty)) {
        let name = base.name();
        return Err(vm.type_error(format!("Cannot extend an incomplete type '{name}'")));
    }
    match merge(bases) {
        Some(rest) => {
            let mut mro = vec![ty.clone()];
            mro.extend(rest);
            Ok(mro)
        }
        None => {
            let names: Vec<_> = bases.iter().map(|b| b.short_name()).collect();
            Err(vm.type_error(format!(
                "Cannot create a consistent method resolution order (MRO) for bases {}",
                names.join(", ")
            )))
        }
    }
}
