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
    arith, attr, build, call, import_, iter, names, pattern, stack, subscr,
};
use crate::runtime::leave;
use crate::runtime::machine::Machine;
use crate::runtime::observer::{NoObserver, Observer, Tracer};
use crate::runtime::prepared::P;
use crate::runtime::vm::Vm;

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
    if vm.is_observed() {
        // SAFETY: passed on.
        unsafe { run_with::<Tracer>(vm, entry) }
    } else {
        // SAFETY: passed on.
        unsafe { run_with::<NoObserver>(vm, entry) }
    }
}

unsafe fn run_with<O: Observer>(vm: &Vm, entry: *mut Frame) -> PyResult {
    let mut m = Machine::load(entry);
    let mut exc: Exc;
    // Does the exception go on after it was handled (no new traceback entry)?
    let mut again: bool;
    if O::ACTIVE
        && let Err(e) = O::enter(vm, &m)
    {
        match m.outline(|m| leave::raise_in(vm, m, e, false)) {
            Ok(()) => {}
            Err(e) => return Err(e),
        }
    }
    if crate::runtime::signals::is_set() {
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
                if O::ACTIVE
                    && let Err(e) = O::instruction(vm, &mut m)
                {
                    exc = e;
                    again = false;
                    break 'raise;
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
                macro_rules! always {
                    ($effect:expr) => {{
                        $effect;
                        continue;
                    }};
                }
                match i.op {
                    // the stack, constants, locals
                    P::PopTop => always!(stack::pop_top(&mut m)),
                    P::RotTwo => always!(stack::rot_two(&mut m)),
                    P::RotThree => always!(stack::rot_three(&mut m)),
                    P::RotN => cold!(m, |c| always_ok(stack::rot_n(c, i)), exc, again, 'raise),
                    P::DupTop => always!(stack::dup_top(&mut m)),
                    P::DupTopTwo => always!(stack::dup_top_two(&mut m)),
                    P::LoadConst => always!(stack::load_const(&mut m, i)),
                    P::LoadFast => go!(stack::load_fast(vm, &mut m, i.c)),
                    P::LoadFastFast => go!(stack::load_fast_fast(vm, &mut m, i)),
                    P::LoadFastConst => go!(stack::load_fast_const(vm, &mut m, i)),
                    P::StoreFast => always!(stack::store_fast(&mut m, i.c)),
                    P::StoreFastLoadFast => go!(stack::store_fast_load_fast(vm, &mut m, i)),
                    P::DeleteFast => cold!(m, |c| stack::delete_fast(vm, c, i), exc, again, 'raise),
                    // names
                    P::LoadName => cold!(m, |c| names::load_name(vm, c, i), exc, again, 'raise),
                    P::StoreName => cold!(m, |c| names::store_name(vm, c, i), exc, again, 'raise),
                    P::DeleteName => cold!(m, |c| names::delete_name(vm, c, i), exc, again, 'raise),
                    P::LoadGlobal => cold!(m, |c| names::load_global(vm, c, i), exc, again, 'raise),
                    P::LoadGlobalModule => always!(names::load_global_module(&mut m, i)),
                    P::LoadGlobalBuiltin => always!(names::load_global_builtin(&mut m, i)),
                    P::StoreGlobal => {
                        cold!(m, |c| names::store_global(vm, c, i), exc, again, 'raise)
                    }
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
                    P::BinaryAdd => go!(arith::add(vm, &mut m)),
                    P::BinarySubtract => go!(arith::subtract(vm, &mut m)),
                    P::BinaryMultiply => go!(arith::multiply(vm, &mut m)),
                    P::BinaryTrueDivide => go!(arith::true_divide(vm, &mut m)),
                    P::BinaryFloorDivide => go!(arith::floor_divide(vm, &mut m)),
                    P::BinaryModulo => go!(arith::modulo(vm, &mut m)),
                    P::BinaryPower => cold!(m, |c| arith::power(vm, c), exc, again, 'raise),
                    P::BinaryOther => {
                        cold!(m, |c| arith::binary_other(vm, c, i), exc, again, 'raise)
                    }
                    P::BinaryAnd => go!(arith::and(vm, &mut m)),
                    P::BinaryOr => go!(arith::or(vm, &mut m)),
                    P::BinaryXor => go!(arith::xor(vm, &mut m)),
                    P::BinaryLshift => go!(arith::lshift(vm, &mut m)),
                    P::BinaryRshift => go!(arith::rshift(vm, &mut m)),
                    P::InplaceAdd => go!(arith::inplace_add(vm, &mut m)),
                    P::InplaceSubtract => go!(arith::inplace_subtract(vm, &mut m)),
                    P::InplaceMultiply => go!(arith::inplace_multiply(vm, &mut m)),
                    P::InplaceOther => go!(arith::inplace_other(vm, &mut m, i)),
                    P::InplacePower => {
                        cold!(m, |c| arith::inplace_power(vm, c), exc, again, 'raise)
                    }
                    P::BinarySubscr => go!(subscr::binary_subscr(vm, &mut m)),
                    P::StoreSubscr => go!(subscr::store_subscr(vm, &mut m)),
                    P::DeleteSubscr => {
                        cold!(m, |c| subscr::delete_subscr(vm, c), exc, again, 'raise)
                    }
                    P::BuildSlice => always!(m.outline(|m| subscr::build_slice(m, i))),
                    // comparison and jumps
                    P::CompareOp => go!(arith::compare_op(vm, &mut m, i)),
                    P::CompareJump => go!(arith::compare_jump(vm, &mut m, i)),
                    P::Is => always!(arith::is(&mut m, true)),
                    P::IsNot => always!(arith::is(&mut m, false)),
                    P::In => go!(arith::is_in(vm, &mut m, true)),
                    P::NotIn => go!(arith::is_in(vm, &mut m, false)),
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
                    P::ForIter => {
                        if !O::ACTIVE && iter::generator_on_top(&m) {
                            m.save();
                            go!(leave::resume_in_loop(vm, &mut m))
                        }
                        go!(iter::for_iter(vm, &mut m, i))
                    }
                    P::ForIterStoreFast => {
                        if !O::ACTIVE && iter::generator_on_top(&m) {
                            m.save();
                            go!(leave::resume_in_loop(vm, &mut m))
                        }
                        go!(iter::for_iter_store_fast(vm, &mut m, i))
                    }
                    P::UnpackSequence => go!(iter::unpack_sequence(vm, &mut m, i)),
                    P::UnpackEx => cold!(m, |c| iter::unpack_ex(vm, c, i), exc, again, 'raise),
                    P::ListAppend => always!(iter::list_append(&mut m, i)),
                    P::SetAdd => go!(iter::set_add(vm, &mut m, i)),
                    P::MapAdd => go!(iter::map_add(vm, &mut m, i)),
                    // attributes
                    P::LoadAttr => cold!(m, |c| attr::load_attr(vm, c, i), exc, again, 'raise),
                    P::LoadAttrSlot => always!(attr::load_attr_slot(&mut m, i)),
                    P::LoadAttrMember => always!(attr::load_attr_member(&mut m, i)),
                    P::LoadAttrClass => always!(attr::load_attr_class(&mut m, i)),
                    P::LoadAttrModule => always!(attr::load_attr_module(&mut m, i)),
                    P::LoadAttrGeneric => {
                        cold!(m, |c| attr::load_attr_generic(vm, c, i), exc, again, 'raise)
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
                    P::LoadMethodType => always!(attr::load_method_type(&mut m, i)),
                    P::LoadMethodGeneric => {
                        cold!(m, |c| attr::load_method_generic(vm, c, i), exc, again, 'raise)
                    }
                    P::CallMethod => {
                        go!(O::after_call(vm, &mut m, |m| call::call_method(vm, m, i)))
                    }
                    P::CallFunction => {
                        go!(O::after_call(vm, &mut m, |m| call::call_function(vm, m, i)))
                    }
                    P::CallFunctionKw => {
                        cold!(m, |c| O::after_call(vm, c, |c| call::call_function_kw(vm, c, i)), exc, again, 'raise)
                    }
                    P::CallFunctionEx => {
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
                        cold!(m, |c| build::build_tuple_unpack(vm, c, i, false), exc, again, 'raise)
                    }
                    P::BuildTupleUnpackWithCall => {
                        cold!(m, |c| build::build_tuple_unpack(vm, c, i, true), exc, again, 'raise)
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
                    // leaving
                    P::ReturnValue => {
                        let value = m.pop();
                        match leave::return_value::<O>(vm, &mut m, value) {
                            Ok(None) => continue,
                            Ok(Some(value)) => return Ok(value),
                            Err(e) => {
                                exc = e;
                                again = false;
                                break 'raise;
                            }
                        }
                    }
                    P::ReturnUnwind | P::BreakLoop | P::ContinueLoop | P::EndFinally => {
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
                                    Ok(Some(value)) => return Ok(value),
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
                            Ok(Some(value)) => return Ok(value),
                            Err(e) => {
                                exc = e;
                                again = false;
                                break 'raise;
                            }
                        }
                    }
                    P::YieldFrom => {
                        m.save();
                        let mut c = m;
                        let stepped = leave::yield_from(vm, &mut c);
                        m = c;
                        match stepped {
                            Ok(None) => continue,
                            Ok(Some(value)) => match leave::yield_value::<O>(vm, &mut m, value) {
                                Ok(None) => continue,
                                Ok(Some(value)) => return Ok(value),
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
        if O::ACTIVE {
            let c = m;
            exc = O::raised(vm, &c, exc);
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
