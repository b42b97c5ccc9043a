//! The main loop.
//!
//! `run` executes frames until the one it was entered with returns. Each arm below is one prepared
//! instruction; what it does is in `handlers/`, by family. A handler that fails breaks out of the
//! inner loop with its exception; the outer loop finds the handler, or leaves the frame.
//!
//! CPython's counterpart: `_PyEval_EvalFrameDefault` in `Python/ceval.c`.

#![expect(unsafe_code, reason = "fetches instructions and follows frame pointers")]

use crate::protocol::number;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::frame::Frame;
use crate::runtime::handlers::block::{self, Landed, Way};
use crate::runtime::handlers::{
    arith, attr, build, call, fused, import_, iter, names, pattern, stack, subscr,
};
use crate::runtime::leave;
use crate::runtime::machine::Machine;
use crate::runtime::observer::{NoObserver, Observer, Tracer};
use crate::runtime::prepared::P;
use crate::runtime::signals;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// Runs a handler out of line: it gets a copy of the registers, so that the loop's own stay in
/// machine registers.
macro_rules! cold {
    ($m:ident, |$c:ident| $body:expr, $exc:ident, $again:ident, $label:lifetime) => {{
        let mut copy = $m;
        let done = {
            let $c = &mut copy;
            $c.save();
            $body
        };
        $m = copy;
        match done {
            Ok(()) => continue,
            Err(e) => {
                $exc = e;
                $again = false;
                break $label;
            }
        }
    }};
}

/// Runs a frame that was entered from Rust.
///
/// # Safety
/// `entry` is the innermost frame, just pushed (or a generator's, just resumed), with `ToRust`.
pub unsafe fn run(vm: &Vm, entry: *mut Frame) -> PyResult {
    // SAFETY: passed on.
    unsafe { run_on(vm, entry, true) }
}

/// The same, also for a frame that whoever watches knows to have been entered (not `fresh`).
///
/// # Safety
/// As for `run`.
pub unsafe fn run_on(vm: &Vm, entry: *mut Frame, fresh: bool) -> PyResult {
    let (mut frame, mut fresh) = (entry, fresh);
    loop {
        let result = if vm.is_observed() {
            // SAFETY: passed on.
            unsafe { run_with::<Tracer>(vm, frame, fresh) }
        } else {
            // SAFETY: passed on.
            unsafe { run_with::<NoObserver>(vm, frame, fresh) }
        };
        if let Some(value) = result? {
            return Ok(value);
        }
        // Somebody has begun to watch: the loop for that goes on with the innermost frame.
        (frame, fresh) = (vm.frame.get(), false);
    }
}

/// Runs frames until the one that was entered from Rust has ended; `None` if it stopped before, since
/// the other loop has to go on.
unsafe fn run_with<O: Observer>(
    vm: &Vm,
    entry: *mut Frame,
    fresh: bool,
) -> PyResult<Option<Value>> {
    let mut m = Machine::load(entry);
    let mut exc: Exc;
    // Does the exception go on after it was handled (no new traceback entry)?
    let mut again: bool;
    if O::ACTIVE
        && fresh
        && let Err(e) = O::enter(vm, &m)
    {
        match m.outline(|m| leave::raise_in(vm, m, e, false)) {
            Ok(()) => {}
            Err(e) => return Err(e),
        }
    }
    // A generator that delegates leaves it to the innermost one, where a Ctrl-C belongs.
    // SAFETY: a frame that is entered or resumed has a next instruction.
    if signals::is_set() && unsafe { (*m.ip).op } != P::YieldFrom {
        m.save();
        if let Err(e) = vm.handle_requests() {
            m.outline(|m| leave::raise_in(vm, m, e, false))?;
        }
    }
    loop {
        'raise: {
            loop {
                // SAFETY: verified code ends every path with a jump, a return or a raise, so the
                // pointer stays inside the prepared instructions.
                let i = unsafe { *m.ip };
                // SAFETY: as above.
                m.ip = unsafe { m.ip.add(1) };
                if O::ACTIVE {
                    match O::instruction(vm, &mut m) {
                        Ok(true) => {}
                        // Somebody has moved the frame on to another line.
                        Ok(false) => continue,
                        Err(e) => {
                            exc = e;
                            again = false;
                            break 'raise;
                        }
                    }
                }
                macro_rules! go {
                    ($done:expr) => {
                        match $done {
                            Ok(()) => continue,
                            Err(e) => {
                                exc = e;
                                again = false;
                                break 'raise;
                            }
                        }
                    };
                }
                // Calls and returns are where it is noticed that somebody has begun to watch.
                macro_rules! unwatched {
                    () => {
                        if !O::ACTIVE && vm.is_observed() {
                            m.again();
                            m.save();
                            return Ok(None);
                        }
                    };
                }
                macro_rules! always {
                    ($effect:expr) => {{
                        $effect;
                        continue;
                    }};
                }
                // Whoever watches sees each instruction by itself.
                let op = if O::ACTIVE { i.op.plain() } else { i.op };
                match op {
                    // the stack, constants, locals
                    P::Nop => continue,
                    P::PopTop => always!(stack::pop_top(&mut m)),
                    P::RotTwo => always!(stack::rot_two(&mut m)),
                    P::RotThree => always!(stack::rot_three(&mut m)),
                    P::RotN => cold!(m, |c| always_ok(stack::rot_n(c, i)), exc, again, 'raise),
                    P::DupTop => always!(stack::dup_top(&mut m)),
                    P::ChainedCompare => go!(fused::chained_compare(vm, &mut m)),
                    P::DupTopTwo => always!(stack::dup_top_two(&mut m)),
                    P::LoadConst => always!(stack::load_const(&mut m, i)),
                    P::LoadFast => go!(stack::load_fast(vm, &mut m, i.c)),
                    P::StoreFast => always!(stack::store_fast(&mut m, i.c)),
                    P::DeleteFast => cold!(m, |c| stack::delete_fast(vm, c, i), exc, again, 'raise),
                    // names
                    P::LoadName => cold!(m, |c| names::load_name(vm, c, i), exc, again, 'raise),
                    P::LoadNameModule => always!(names::load_name_module(&mut m, i)),
                    P::LoadNameBuiltin => always!(names::load_name_builtin(&mut m, i)),
                    P::StoreNameModule => always!(names::store_name_module(&mut m, i)),
                    P::StoreName => cold!(m, |c| names::store_name(vm, c, i), exc, again, 'raise),
                    P::DeleteName => cold!(m, |c| names::delete_name(vm, c, i), exc, again, 'raise),
                    P::LoadGlobal => cold!(m, |c| names::load_global(vm, c, i), exc, again, 'raise),
                    P::LoadGlobalModule => always!(names::load_global_module(&mut m, i)),
                    P::LoadGlobalBuiltin => always!(names::load_global_builtin(&mut m, i)),
                    P::GlobalCallFast => {
                        unwatched!();
                        go!(fused::global_call_fast(vm, &mut m, i))
                    }
                    P::StoreGlobal => {
                        cold!(m, |c| names::store_global(vm, c, i), exc, again, 'raise)
                    }
                    P::StoreGlobalModule => always!(names::store_global_module(&mut m, i)),
                    P::DeleteGlobal => {
                        cold!(m, |c| names::delete_global(vm, c, i), exc, again, 'raise)
                    }
                    P::LoadClosure => go!(names::load_closure(vm, &mut m, i)),
                    P::LoadDeref => go!(names::load_deref(vm, &mut m, i)),
                    P::LoadClassDeref => {
                        cold!(m, |c| names::load_classderef(vm, c, i), exc, again, 'raise)
                    }
                    P::StoreDeref => go!(names::store_deref(vm, &mut m, i)),
                    P::DeleteDeref => {
                        cold!(m, |c| names::delete_deref(vm, c, i), exc, again, 'raise)
                    }
                    P::LoadFromDictOrDeref => {
                        cold!(m, |c| names::load_from_dict_or_deref(vm, c, i), exc, again, 'raise)
                    }
                    P::LoadFromDictOrGlobals => {
                        cold!(m, |c| names::load_from_dict_or_globals(vm, c, i), exc, again, 'raise)
                    }
                    P::LoadLocals => cold!(m, |c| names::load_locals(vm, c), exc, again, 'raise),
                    // arithmetic
                    P::UnaryPositive => go!(arith::unary(vm, &mut m, number::positive)),
                    P::UnaryNegative => go!(arith::negative(vm, &mut m)),
                    P::UnaryNot => go!(arith::not(vm, &mut m)),
                    P::UnaryInvert => go!(arith::unary(vm, &mut m, number::invert)),
                    P::BinaryAdd => go!(O::after_call(vm, &mut m, |m| arith::add(vm, m))),
                    P::BinarySubtract => go!(O::after_call(vm, &mut m, |m| arith::subtract(vm, m))),
                    P::BinaryMultiply => go!(O::after_call(vm, &mut m, |m| arith::multiply(vm, m))),
                    P::BinaryTrueDivide => {
                        go!(O::after_call(vm, &mut m, |m| arith::true_divide(vm, m)))
                    }
                    P::BinaryFloorDivide => {
                        go!(O::after_call(vm, &mut m, |m| arith::floor_divide(vm, m)))
                    }
                    P::BinaryModulo => go!(O::after_call(vm, &mut m, |m| arith::modulo(vm, m))),
                    P::BinaryPower => cold!(m, |c| arith::power(vm, c), exc, again, 'raise),
                    P::BinaryOther => {
                        cold!(m, |c| O::after_call(vm, c, |c| arith::binary_other(vm, c, i)), exc, again, 'raise)
                    }
                    P::BinaryAnd => go!(O::after_call(vm, &mut m, |m| arith::and(vm, m))),
                    P::BinaryOr => go!(O::after_call(vm, &mut m, |m| arith::or(vm, m))),
                    P::BinaryXor => go!(O::after_call(vm, &mut m, |m| arith::xor(vm, m))),
                    P::BinaryLshift => go!(O::after_call(vm, &mut m, |m| arith::lshift(vm, m))),
                    P::BinaryRshift => go!(O::after_call(vm, &mut m, |m| arith::rshift(vm, m))),
                    P::InplaceAdd => go!(O::after_call(vm, &mut m, |m| arith::inplace_add(vm, m))),
                    P::InplaceSubtract => {
                        go!(O::after_call(vm, &mut m, |m| arith::inplace_subtract(vm, m)))
                    }
                    P::InplaceMultiply => {
                        go!(O::after_call(vm, &mut m, |m| arith::inplace_multiply(vm, m)))
                    }
                    P::InplaceOther => {
                        go!(O::after_call(vm, &mut m, |m| arith::inplace_other(vm, m, i)))
                    }
                    P::InplacePower => {
                        cold!(m, |c| arith::inplace_power(vm, c), exc, again, 'raise)
                    }
                    P::BinarySubscr => {
                        go!(O::after_call(vm, &mut m, |m| subscr::binary_subscr(vm, m)))
                    }
                    P::StoreSubscr => go!(subscr::store_subscr(vm, &mut m)),
                    P::DeleteSubscr => {
                        cold!(m, |c| subscr::delete_subscr(vm, c), exc, again, 'raise)
                    }
                    P::BuildSlice => always!(m.outline(|m| subscr::build_slice(m, i, !O::ACTIVE))),
                    // comparison and jumps
                    P::CompareOp => go!(O::after_call(vm, &mut m, |m| arith::compare_op(vm, m, i))),
                    P::CompareJump => {
                        go!(O::after_call(vm, &mut m, |m| arith::compare_jump(vm, m, i)))
                    }
                    P::Is => go!(arith::is::<O>(vm, &mut m, true)),
                    P::IsNot => go!(arith::is::<O>(vm, &mut m, false)),
                    P::In => go!(arith::is_in::<O>(vm, &mut m, true)),
                    P::NotIn => go!(arith::is_in::<O>(vm, &mut m, false)),
                    P::ExceptionMatch => {
                        cold!(m, |c| arith::exception_match(vm, c), exc, again, 'raise)
                    }
                    P::JumpForward => always!(m.jump_by(i.c)),
                    P::JumpBackward => go!(arith::jump_backward(vm, &mut m, i)),
                    P::PopJumpIfFalse => go!(arith::pop_jump_if(vm, &mut m, i, false)),
                    P::PopJumpIfTrue => go!(arith::pop_jump_if(vm, &mut m, i, true)),
                    P::JumpIfFalseOrPop => go!(arith::jump_if_or_pop(vm, &mut m, i, false)),
                    P::JumpIfTrueOrPop => go!(arith::jump_if_or_pop(vm, &mut m, i, true)),
                    // iteration
                    P::GetIter => go!(iter::get_iter(vm, &mut m)),
                    P::ForIter => go!(iter::for_iter::<O>(vm, &mut m, i)),
                    P::ForIterStoreFast => go!(iter::for_iter_store_fast::<O>(vm, &mut m, i)),
                    P::UnpackSequence => go!(iter::unpack_sequence(vm, &mut m, i)),
                    P::UnpackEx => cold!(m, |c| iter::unpack_ex(vm, c, i), exc, again, 'raise),
                    P::ListAppend => always!(iter::list_append(&mut m, i)),
                    P::SetAdd => go!(iter::set_add(vm, &mut m, i)),
                    P::MapAdd => go!(iter::map_add(vm, &mut m, i)),
                    // attributes
                    P::LoadAttr => {
                        cold!(m, |c| O::after_call(vm, c, |c| attr::load_attr(vm, c, i)), exc, again, 'raise)
                    }
                    P::LoadAttrSlot => always!(attr::load_attr_slot(&mut m, i)),
                    P::LoadAttrMember => always!(attr::load_attr_member(&mut m, i)),
                    P::LoadAttrClass => always!(attr::load_attr_class(&mut m, i)),
                    P::LoadAttrOnType => always!(attr::load_attr_on_type(&mut m, i)),
                    P::LoadAttrProperty => {
                        cold!(m, |c| O::after_call(vm, c, |c| attr::load_attr_property(vm, c, i)), exc, again, 'raise)
                    }
                    P::LoadAttrModule => always!(attr::load_attr_module(&mut m, i)),
                    P::LoadAttrGeneric => {
                        cold!(m, |c| O::after_call(vm, c, |c| attr::load_attr_generic(vm, c, i)), exc, again, 'raise)
                    }
                    P::StoreAttr => cold!(m, |c| attr::store_attr(vm, c, i), exc, again, 'raise),
                    P::StoreAttrSlot => always!(attr::store_attr_slot(&mut m, i)),
                    P::StoreAttrAdd => always!(attr::store_attr_add(&mut m, i)),
                    P::StoreAttrMember => always!(attr::store_attr_member(&mut m, i)),
                    P::StoreAttrGeneric => {
                        cold!(m, |c| attr::store_attr_generic(vm, c, i), exc, again, 'raise)
                    }
                    P::DeleteAttr => cold!(m, |c| attr::delete_attr(vm, c, i), exc, again, 'raise),
                    // calls
                    P::LoadMethod => cold!(m, |c| attr::load_method(vm, c, i), exc, again, 'raise),
                    P::MethodCall => {
                        unwatched!();
                        go!(fused::method_call(vm, &mut m, i))
                    }
                    P::MethodCallFast => {
                        unwatched!();
                        go!(fused::method_call_fast(vm, &mut m, i))
                    }
                    P::LoadMethodType => always!(attr::load_method_type(&mut m, i)),
                    P::LoadMethodGeneric => {
                        cold!(m, |c| attr::load_method_generic(vm, c, i), exc, again, 'raise)
                    }
                    P::CallMethod => {
                        unwatched!();
                        go!(O::after_call(vm, &mut m, |m| call::call_method(vm, m, i)))
                    }
                    P::CallFunction => {
                        unwatched!();
                        go!(O::after_call(vm, &mut m, |m| call::call_function(vm, m, i)))
                    }
                    P::CallFunctionKw => {
                        unwatched!();
                        cold!(m, |c| O::after_call(vm, c, |c| call::call_function_kw(vm, c, i)), exc, again, 'raise)
                    }
                    P::CallFunctionEx => {
                        unwatched!();
                        cold!(m, |c| O::after_call(vm, c, |c| call::call_function_ex(vm, c, i)), exc, again, 'raise)
                    }
                    P::MakeFunction => {
                        cold!(m, |c| build::make_function(vm, c, i), exc, again, 'raise)
                    }
                    // containers
                    P::BuildTuple => always!(build::build_tuple(&mut m, i)),
                    P::BuildList => always!(build::build_list(&mut m, i)),
                    P::BuildSet => cold!(m, |c| build::build_set(vm, c, i), exc, again, 'raise),
                    P::BuildMap => cold!(m, |c| build::build_map(vm, c, i), exc, again, 'raise),
                    P::BuildConstKeyMap => {
                        cold!(m, |c| build::build_const_key_map(vm, c, i), exc, again, 'raise)
                    }
                    P::BuildString => always!(m.outline(|m| arith::build_string(m, i))),
                    P::BuildListUnpack => {
                        cold!(m, |c| build::build_list_unpack(vm, c, i), exc, again, 'raise)
                    }
                    P::BuildTupleUnpack => {
                        cold!(m, |c| build::build_tuple_unpack(vm, c, i), exc, again, 'raise)
                    }
                    P::BuildTupleUnpackWithCall => {
                        cold!(m, |c| build::build_tuple_unpack(vm, c, i), exc, again, 'raise)
                    }
                    P::BuildSetUnpack => {
                        cold!(m, |c| build::build_set_unpack(vm, c, i), exc, again, 'raise)
                    }
                    P::BuildMapUnpack => {
                        cold!(m, |c| build::build_map_unpack(vm, c, i), exc, again, 'raise)
                    }
                    P::BuildMapUnpackWithCall => {
                        cold!(m, |c| build::build_map_unpack_with_call(vm, c, i), exc, again, 'raise)
                    }
                    P::FormatValue => {
                        cold!(m, |c| stack::format_value(vm, c, i), exc, again, 'raise)
                    }
                    P::LoadBuildClass => {
                        cold!(m, |c| build::load_build_class(vm, c), exc, again, 'raise)
                    }
                    P::SetupAnnotations => {
                        cold!(m, |c| names::setup_annotations(vm, c), exc, again, 'raise)
                    }
                    P::StoreAnnotation => {
                        cold!(m, |c| names::store_annotation(vm, c, i), exc, again, 'raise)
                    }
                    P::PrintExpr => cold!(m, |c| build::print_expr(vm, c), exc, again, 'raise),
                    // two or more in one
                    P::FastFastAdd => go!(fused::fast_fast_add(vm, &mut m, i)),
                    P::FastConstAdd => go!(fused::fast_const_add(vm, &mut m, i)),
                    P::FastAdd => go!(fused::fast_add(vm, &mut m, i)),
                    P::ConstAdd => always!(fused::const_add(&mut m, i)),
                    P::FastFastSubtract => go!(fused::fast_fast_subtract(vm, &mut m, i)),
                    P::FastConstSubtract => go!(fused::fast_const_subtract(vm, &mut m, i)),
                    P::FastSubtract => go!(fused::fast_subtract(vm, &mut m, i)),
                    P::ConstSubtract => always!(fused::const_subtract(&mut m, i)),
                    P::FastFastMultiply => go!(fused::fast_fast_multiply(vm, &mut m, i)),
                    P::FastConstMultiply => go!(fused::fast_const_multiply(vm, &mut m, i)),
                    P::FastMultiply => go!(fused::fast_multiply(vm, &mut m, i)),
                    P::ConstMultiply => always!(fused::const_multiply(&mut m, i)),
                    P::FastFastArith => go!(fused::fast_fast_arith(vm, &mut m, i)),
                    P::FastConstArith => go!(fused::fast_const_arith(vm, &mut m, i)),
                    P::FastArith => go!(fused::fast_arith(vm, &mut m, i)),
                    P::ConstArith => always!(fused::const_arith(&mut m, i)),
                    P::FastFastSubscr => go!(fused::fast_fast_subscr(vm, &mut m, i)),
                    P::FastConstSubscr => go!(fused::fast_const_subscr(vm, &mut m, i)),
                    P::FastSubscr => go!(fused::fast_subscr(vm, &mut m, i)),
                    P::ConstSubscr => always!(fused::const_subscr(&mut m, i)),
                    P::FastFastStoreSubscr => go!(fused::fast_fast_store_subscr(vm, &mut m, i)),
                    P::FastFastCompareJump => go!(fused::fast_fast_compare_jump(vm, &mut m, i)),
                    P::FastConstCompareJump => go!(fused::fast_const_compare_jump(vm, &mut m, i)),
                    P::FastCompareJump => go!(fused::fast_compare_jump(vm, &mut m, i)),
                    P::ConstCompareJump => go!(fused::const_compare_jump(vm, &mut m, i)),
                    P::FastIsJump => go!(fused::fast_is_jump(vm, &mut m, i)),
                    P::FastPopJump => go!(fused::fast_pop_jump(vm, &mut m, i)),
                    P::FastAttr => go!(fused::fast_attr(vm, &mut m, i)),
                    P::FastStoreAttr => go!(fused::fast_store_attr(vm, &mut m, i)),
                    P::LoadFastFast => go!(fused::load_fast_fast(vm, &mut m, i)),
                    P::LoadFastConst => go!(fused::load_fast_const(vm, &mut m, i)),
                    P::StoreFastLoadFast => always!(fused::store_fast_load_fast(&mut m, i)),
                    P::StoreFastJump => go!(fused::store_fast_jump(vm, &mut m, i)),
                    P::UnpackStoreFast => {
                        if fused::unpack_store_fast(&mut m, i) {
                            continue;
                        }
                        go!(iter::unpack_sequence(vm, &mut m, i))
                    }
                    P::FastReturn => {
                        unwatched!();
                        let Some(value) = fused::returned_local(&mut m, i) else {
                            go!(stack::load_fast(vm, &mut m, i.c))
                        };
                        match leave::return_value::<O>(vm, &mut m, value) {
                            Ok(None) => continue,
                            Ok(Some(value)) => return Ok(Some(value)),
                            Err(e) => {
                                exc = e;
                                again = false;
                                break 'raise;
                            }
                        }
                    }
                    // leaving
                    P::ReturnValue => {
                        unwatched!();
                        let value = m.pop();
                        match leave::return_value::<O>(vm, &mut m, value) {
                            Ok(None) => continue,
                            Ok(Some(value)) => return Ok(Some(value)),
                            Err(e) => {
                                exc = e;
                                again = false;
                                break 'raise;
                            }
                        }
                    }
                    P::ReturnUnwind | P::BreakLoop | P::ContinueLoop | P::EndFinally => {
                        // `continue` jumps back, at once or behind the clause it passes through.
                        if signals::is_set() && matches!(i.op, P::ContinueLoop | P::EndFinally) {
                            m.save();
                            if let Err(e) = vm.handle_requests() {
                                exc = e;
                                again = false;
                                break 'raise;
                            }
                        }
                        let mut c = m;
                        let landed = match i.op {
                            P::ReturnUnwind => {
                                let value = c.pop();
                                block::leave(vm, &mut c, Way::Return(value))
                            }
                            P::BreakLoop => block::leave(vm, &mut c, Way::Break),
                            P::ContinueLoop => block::leave(vm, &mut c, Way::Continue(i.c)),
                            _ => block::end_finally(vm, &mut c, i),
                        };
                        m = c;
                        match landed {
                            Ok(Landed::Here) => continue,
                            Ok(Landed::Return(value)) => {
                                match leave::return_value::<O>(vm, &mut m, value) {
                                    Ok(None) => continue,
                                    Ok(Some(value)) => return Ok(Some(value)),
                                    Err(e) => {
                                        exc = e;
                                        again = false;
                                        break 'raise;
                                    }
                                }
                            }
                            Err(e) => {
                                let mut c = m;
                                let caught = block::unwind_from_parent(vm, &mut c, e);
                                m = c;
                                match caught {
                                    Ok(()) => continue,
                                    Err(e) => match m.outline(|m| leave::drop_frame(vm, m, e)) {
                                        Ok(e) => {
                                            exc = e;
                                            again = false;
                                            break 'raise;
                                        }
                                        Err(e) => return Err(e),
                                    },
                                }
                            }
                        }
                    }
                    P::YieldValue => {
                        let value = m.pop();
                        match leave::yield_value::<O>(vm, &mut m, value) {
                            Ok(None) => continue,
                            Ok(Some(value)) => return Ok(Some(value)),
                            Err(e) => {
                                exc = e;
                                again = false;
                                break 'raise;
                            }
                        }
                    }
                    P::YieldFrom => {
                        if !O::ACTIVE && !signals::is_set() && leave::delegates(&m) {
                            go!(m.outline(|m| leave::resume_delegate(vm, m)))
                        }
                        m.save();
                        let mut c = m;
                        let stepped = leave::yield_from(vm, &mut c);
                        m = c;
                        match stepped {
                            Ok(None) => continue,
                            Ok(Some(value)) => match leave::yield_value::<O>(vm, &mut m, value) {
                                Ok(None) => continue,
                                Ok(Some(value)) => return Ok(Some(value)),
                                Err(e) => {
                                    exc = e;
                                    again = false;
                                    break 'raise;
                                }
                            },
                            Err(e) => {
                                exc = e;
                                again = false;
                                break 'raise;
                            }
                        }
                    }
                    P::EndExcept => {
                        exc = m.outline(|m| block::end_except(vm, m));
                        again = true;
                        break 'raise;
                    }
                    P::RaiseVarargs => {
                        let mut c = m;
                        exc = block::raise_varargs(vm, &mut c, i);
                        m = c;
                        again = i.c == 0;
                        break 'raise;
                    }
                    P::Reraise => {
                        exc = m.outline(|m| block::reraise(vm, m));
                        again = true;
                        break 'raise;
                    }
                    P::EnterFinally => always!(m.outline(|m| block::enter_finally(vm, m, i))),
                    P::PopExcept => always!(m.outline(|m| block::pop_except(vm, m))),
                    P::SetupWith => cold!(m, |c| block::setup_with(vm, c), exc, again, 'raise),
                    P::BeforeAsyncWith => {
                        cold!(m, |c| block::before_async_with(vm, c), exc, again, 'raise)
                    }
                    P::WithCleanupStart => {
                        cold!(m, |c| block::with_cleanup_start(vm, c), exc, again, 'raise)
                    }
                    P::WithCleanupFinish => {
                        cold!(m, |c| block::with_cleanup_finish(vm, c), exc, again, 'raise)
                    }
                    // imports
                    P::ImportName => {
                        cold!(m, |c| import_::import_name(vm, c, i), exc, again, 'raise)
                    }
                    P::ImportFrom => {
                        cold!(m, |c| import_::import_from(vm, c, i), exc, again, 'raise)
                    }
                    P::ImportStar => cold!(m, |c| import_::import_star(vm, c), exc, again, 'raise),
                    // asynchronous code
                    P::GetYieldFromIter => {
                        cold!(m, |c| pattern::get_yield_from_iter(vm, c), exc, again, 'raise)
                    }
                    P::GetAwaitable => {
                        cold!(m, |c| pattern::get_awaitable(vm, c), exc, again, 'raise)
                    }
                    P::GetAiter => cold!(m, |c| pattern::get_aiter(vm, c), exc, again, 'raise),
                    P::GetAnext => cold!(m, |c| pattern::get_anext(vm, c), exc, again, 'raise),
                    // today's language
                    P::GetLen => cold!(m, |c| pattern::get_len(vm, c), exc, again, 'raise),
                    P::MatchMapping => {
                        cold!(m, |c| always_ok(pattern::match_mapping(c)), exc, again, 'raise)
                    }
                    P::MatchSequence => {
                        cold!(m, |c| always_ok(pattern::match_sequence(c)), exc, again, 'raise)
                    }
                    P::MatchKeys => cold!(m, |c| pattern::match_keys(vm, c), exc, again, 'raise),
                    P::MatchClass => {
                        cold!(m, |c| pattern::match_class(vm, c, i), exc, again, 'raise)
                    }
                    P::CheckEgMatch => {
                        cold!(m, |c| pattern::check_eg_match(vm, c), exc, again, 'raise)
                    }
                    P::BuildTemplate => {
                        cold!(m, |c| pattern::build_template(vm, c), exc, again, 'raise)
                    }
                    P::BuildInterpolation => {
                        cold!(m, |c| pattern::build_interpolation(vm, c, i), exc, again, 'raise)
                    }
                    P::LoadCommonConstant => {
                        cold!(m, |c| pattern::load_common_constant(vm, c, i), exc, again, 'raise)
                    }
                    P::CallIntrinsic1 => {
                        cold!(m, |c| pattern::call_intrinsic_1(vm, c, i), exc, again, 'raise)
                    }
                    P::CallIntrinsic2 => {
                        cold!(m, |c| pattern::call_intrinsic_2(vm, c, i), exc, again, 'raise)
                    }
                }
            }
        }
        let mut c = m;
        let caught = leave::raise_in(vm, &mut c, exc, again);
        m = c;
        caught?;
    }
}

#[inline(always)]
fn always_ok(_done: ()) -> Result<(), Exc> {
    Ok(())
}
