//! The handlers of the prepared instructions, a row each: what they do is in `handlers/`, by family.
//!
//! A row is `Instruction: kind = effect;`. The kinds:
//!
//! | kind | |
//! | --- | --- |
//! | `plain` | in the handler; cannot fail |
//! | `quick Other` | in the handler, which calls nothing; if the effect says `false`, nothing has happened, and `Other` does the instruction |
//! | `attempt Other` | in the handler; may raise; if the effect says `None`, as above |
//! | `hot` | in the handler; may raise |
//! | `cold` | out of line; may raise |
//! | `end Other` | as `quick`, ends the frame ([`Quickly`]) |
//! | `leave` | in the handler; may end the frame |
//! | `step` | out of line; may do anything ([`Step`]) |
//! | `call ...` | may enter a frame: looks first whether somebody has begun to watch |
//! | `ret ...` | the same for what leaves a frame |
//! | `... told` | whoever watches is told of the call |
//!
//! In an effect, `vm` is the thread's state, `m` the machine's registers, `i` the instruction, `O` the
//! observer. Nothing in a handler itself may give away the address of a local (a closure that borrows,
//! a reference passed to a function that is not inlined): its last call would be no jump then.

#![expect(unsafe_code, reason = "handlers follow each other under the verifier's promises")]
#![allow(non_snake_case, reason = "handlers are called like their instructions")]

use crate::protocol::number;
use crate::runtime::ceval::{self, Exit, Handler};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::frame::{Frame, Slot};
use crate::runtime::handlers::block::{self, Landed, Way};
use crate::runtime::handlers::{
    Done, arith, attr, build, call, fused, import_, iter, method, names, pattern, stack, subscr,
};
use crate::runtime::leave::{self, Quickly};
use crate::runtime::machine::Machine;
use crate::runtime::observer::Observer;
use crate::runtime::prepared::{Instr, P, Word};
use crate::runtime::signals;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::marker::PhantomData;

/// What an instruction of the kind `step` led to.
enum Step {
    Next,
    /// The result for Rust.
    Value(Value),
    /// An exception here; `true` if it was handled before.
    Raise(Exc, bool),
    /// An exception for Rust: the frame is gone.
    Out(Exc),
}

/// The handlers for an observer, by instruction.
pub(crate) struct Handlers<O>(PhantomData<O>);

impl<O: Observer> Handlers<O> {
    const ALL: [Handler; P::ALL.len()] = {
        let mut all: [Handler; P::ALL.len()] = [Nop::<O>; P::ALL.len()];
        let mut n = 0;
        while n < all.len() {
            all[n] = handler::<O>(P::ALL[n]);
            n += 1;
        }
        all
    };

    #[inline(always)]
    pub(crate) fn of(op: P) -> Handler {
        // SAFETY: the table has an entry for each instruction.
        unsafe { *(const { &Self::ALL }).get_unchecked(op as usize) }
    }
}

/// The body of a handler, by kind.
macro_rules! body {
    ([call $($kind:ident)+] $vm:ident $m:ident $i:ident $body:expr) => {{
        if !O::ACTIVE && ($vm.is_observed() || ceval::has_grown($vm)) {
            return ceval::stop_before($vm, *$m);
        }
        body!([$($kind)+] $vm $m $i $body)
    }};
    ([ret $($kind:ident)+] $vm:ident $m:ident $i:ident $body:expr) => {{
        if !O::ACTIVE && $vm.is_observed() {
            return ceval::stop_before($vm, *$m);
        }
        body!([$($kind)+] $vm $m $i $body)
    }};
    ([$kind:ident told] $vm:ident $m:ident $i:ident $body:expr) => {
        body!([$kind] $vm $m $i O::after_call($vm, $m, |$m| $body))
    };
    ([plain] $vm:ident $m:ident $i:ident $body:expr) => {{
        $body;
        ceval::next::<O>($vm, *$m)
    }};
    ([hot] $vm:ident $m:ident $i:ident $body:expr) => {
        match $body {
            Ok(()) => ceval::next::<O>($vm, *$m),
            Err(e) => ceval::raise_here::<O>($vm, *$m, e),
        }
    };
    ([cold] $vm:ident $m:ident $i:ident $body:expr) => {{
        #[inline(never)]
        #[allow(clippy::extra_unused_type_parameters, reason = "not every effect asks for it")]
        fn outlined<O: Observer>($vm: &Vm, $i: Instr) -> Done {
            let _ = $i;
            let mut registers = Machine::load($vm.frame.get());
            let $m = &mut registers;
            let done = $body;
            registers.finish($vm, done)
        }
        $m.save();
        match outlined::<O>($vm, $i) {
            Ok(()) => ceval::next_saved::<O>($vm),
            Err(e) => ceval::raise::<O>($vm, e, false),
        }
    }};
    ([quick $other:ident] $vm:ident $m:ident $i:ident $body:expr) => {
        if !O::ACTIVE && $body {
            ceval::next::<O>($vm, *$m)
        } else {
            $other::<O>($vm, $i.word(), $m.ip, $m.sp, $m.locals, $m.frame)
        }
    };
    ([attempt $other:ident] $vm:ident $m:ident $i:ident $body:expr) => {
        match if O::ACTIVE { None } else { $body } {
            Some(Ok(())) => ceval::next::<O>($vm, *$m),
            Some(Err(e)) => ceval::raise_here::<O>($vm, *$m, e),
            None => $other::<O>($vm, $i.word(), $m.ip, $m.sp, $m.locals, $m.frame),
        }
    };
    ([end $other:ident] $vm:ident $m:ident $i:ident $body:expr) => {
        match if O::ACTIVE { Quickly::Not } else { $body } {
            Quickly::Returned => ceval::next::<O>($vm, *$m),
            Quickly::ToRust(value) => Exit::returned(value),
            Quickly::Not => $other::<O>($vm, $i.word(), $m.ip, $m.sp, $m.locals, $m.frame),
        }
    };
    ([leave] $vm:ident $m:ident $i:ident $body:expr) => {
        match $body {
            Ok(None) => ceval::next::<O>($vm, *$m),
            Ok(Some(value)) => Exit::returned(value),
            Err(e) => ceval::raise_here::<O>($vm, *$m, e),
        }
    };
    ([step] $vm:ident $m:ident $i:ident $body:expr) => {{
        #[inline(never)]
        #[allow(clippy::extra_unused_type_parameters, reason = "not every effect asks for it")]
        fn outlined<O: Observer>($vm: &Vm, $i: Instr) -> Step {
            let _ = $i;
            let mut registers = Machine::load($vm.frame.get());
            let $m = &mut registers;
            let step = $body;
            if !matches!(step, Step::Value(_) | Step::Out(_)) {
                registers.settle();
            }
            step
        }
        $m.save();
        match outlined::<O>($vm, $i) {
            Step::Next => ceval::next_saved::<O>($vm),
            Step::Value(value) => Exit::returned(value),
            Step::Raise(e, again) => ceval::raise::<O>($vm, e, again),
            Step::Out(e) => Exit::raised(e),
        }
    }};
}

/// Declares handler functions.
macro_rules! handlers {
    (|$vm:ident, $m:ident, $i:ident| $($op:ident: $($kind:ident)+ = $body:expr;)*) => {
        $(
            /// # Safety
            /// The registers are those of the innermost frame, `word` its instruction before `ip`; its
            /// code is verified.
            #[inline(never)]
            unsafe fn $op<O: Observer>(
                $vm: &Vm,
                word: u64,
                ip: *const Instr,
                sp: *mut Slot,
                locals: *mut Slot,
                frame: *mut Frame,
            ) -> Exit {
                let mut registers = Machine::at(ip, sp, locals, frame);
                // SAFETY: passed on.
                unsafe {
                    let ($m, $i) = (&mut registers, Instr::from_word(word));
                    let _ = $i;
                    body!([$($kind)+] $vm $m $i $body)
                }
            }
        )*
    };
}

/// Declares the handlers of the instructions, and `handler`, which tells an instruction's.
macro_rules! instructions {
    (|$vm:ident, $m:ident, $i:ident| $($op:ident: $($kind:ident)+ = $body:expr;)*) => {
        handlers! { |$vm, $m, $i| $($op: $($kind)+ = $body;)* }

        const fn handler<O: Observer>(op: P) -> Handler {
            match op {
                $(P::$op => $op::<O>,)*
            }
        }
    };
}

instructions! {
    |vm, m, i|
    // the stack, constants, locals
    Nop: plain = stack::nop();
    PopTop: plain = stack::pop_top(m);
    RotTwo: plain = stack::rot_two(m);
    RotThree: plain = stack::rot_three(m);
    RotN: cold = always_ok(stack::rot_n(m, i));
    DupTop: plain = stack::dup_top(m);
    ChainedCompare: quick DupTop = fused::chained_compare(vm, m);
    DupTopTwo: plain = stack::dup_top_two(m);
    LoadConst: plain = stack::load_const(m, i);
    LoadFast: quick UnboundLocal = stack::load_fast(m, i.c);
    StoreFast: plain = stack::store_fast(m, i.c);
    DeleteFast: cold = stack::delete_fast(vm, m, i);
    ClearFast: plain = stack::clear_fast(m, i.c);
    // names
    LoadName: cold = names::load_name(vm, m, i);
    LoadNameModule: quick RelearnName = names::load_name_module(m, i);
    LoadNameBuiltin: quick RelearnName = names::load_name_builtin(m, i);
    StoreNameModule: quick RelearnStoreName = names::store_name_module(m, i);
    StoreName: cold = names::store_name(vm, m, i);
    DeleteName: cold = names::delete_name(vm, m, i);
    LoadGlobal: cold = names::load_global(vm, m, i);
    LoadGlobalModule: quick RelearnGlobal = names::load_global_module(m, i);
    LoadGlobalBuiltin: quick RelearnGlobal = names::load_global_builtin(m, i);
    GlobalCallFast: call attempt LoadGlobalBuiltin = fused::global_call_fast(vm, m, i);
    StoreGlobal: cold = names::store_global(vm, m, i);
    StoreGlobalModule: quick RelearnStoreGlobal = names::store_global_module(m, i);
    DeleteGlobal: cold = names::delete_global(vm, m, i);
    LoadClosure: quick NoCell = names::load_closure(m, i);
    LoadDeref: quick UnboundCell = names::load_deref(m, i);
    LoadClassDeref: cold = names::load_classderef(vm, m, i);
    StoreDeref: quick NoCell = names::store_deref(m, i);
    DeleteDeref: cold = names::delete_deref(vm, m, i);
    MakeCell: cold = always_ok(names::make_cell(m, i));
    LoadFromDictOrDeref: cold = names::load_from_dict_or_deref(vm, m, i);
    LoadFromDictOrGlobals: cold = names::load_from_dict_or_globals(vm, m, i);
    LoadLocals: cold = names::load_locals(vm, m);
    // arithmetic
    UnaryPositive: cold = arith::unary(vm, m, number::positive);
    UnaryNegative: quick NegativeOther = arith::negative(m);
    UnaryNot: quick NotOther = arith::not(m);
    UnaryInvert: cold = arith::unary(vm, m, number::invert);
    BinaryAdd: quick BinaryAny = arith::add(m);
    BinarySubtract: quick BinaryAny = arith::subtract(m);
    BinaryMultiply: quick BinaryAny = arith::multiply(m);
    BinaryTrueDivide: quick BinaryAny = arith::true_divide(m);
    BinaryFloorDivide: quick BinaryAny = arith::floor_divide(m);
    BinaryModulo: quick BinaryAny = arith::modulo(m);
    BinaryPower: cold = arith::power(vm, m);
    BinaryOther: cold told = arith::binary_any(vm, m, i);
    BinaryAnd: quick BinaryAny = arith::and(m);
    BinaryOr: quick BinaryAny = arith::or(m);
    BinaryXor: quick BinaryAny = arith::xor(m);
    BinaryLshift: quick BinaryAny = arith::lshift(m);
    BinaryRshift: quick BinaryAny = arith::rshift(m);
    InplaceAdd: quick InplaceAddAny = arith::add(m);
    InplaceSubtract: quick InplaceAny = arith::subtract(m);
    InplaceMultiply: quick InplaceAny = arith::multiply(m);
    InplaceOther: quick InplaceAny = arith::inplace_other(m, i);
    InplacePower: cold = arith::inplace_power(vm, m);
    BinarySubscr: quick SubscrKnown = subscr::binary_subscr(m);
    StoreSubscr: quick StoreSubscrDict = subscr::store_subscr(m);
    DeleteSubscr: cold = subscr::delete_subscr(vm, m);
    BuildSlice: cold = always_ok(subscr::build_slice(m, i, !O::ACTIVE));
    // comparison and jumps
    CompareOp: quick CompareAny = arith::compare_op(m, i);
    CompareJump: quick CompareJumpAny = arith::compare_jump(vm, m, i);
    Is: plain = arith::is::<O>(vm, m, true);
    IsNot: plain = arith::is::<O>(vm, m, false);
    In: quick InAny = arith::is_in_known::<O>(vm, m, true);
    NotIn: quick NotInAny = arith::is_in_known::<O>(vm, m, false);
    ExceptionMatch: cold = arith::exception_match(vm, m);
    JumpForward: plain = m.jump_by(i.c);
    JumpBackward: plain = arith::jump_backward(vm, m, i);
    PopJumpIfFalse: quick PopJumpIfFalseAny = arith::pop_jump_if(vm, m, i, false);
    PopJumpIfTrue: quick PopJumpIfTrueAny = arith::pop_jump_if(vm, m, i, true);
    JumpIfFalseOrPop: quick JumpIfFalseOrPopAny = arith::jump_if_or_pop(vm, m, i, false);
    JumpIfTrueOrPop: quick JumpIfTrueOrPopAny = arith::jump_if_or_pop(vm, m, i, true);
    // iteration
    GetIter: cold = iter::get_iter(vm, m);
    ForIter: quick ForIterAny = iter::for_iter(m, i);
    ForRange: quick ForIter = iter::for_range(m, i, None);
    ForList: quick ForIter = iter::for_list(m, i, None);
    ForGenerator: attempt ForIter = iter::for_generator(vm, m);
    ForUnpack: cold = iter::for_unpack(vm, m, i);
    ForNext: attempt ForIter = iter::for_next(vm, m, false);
    ForIterStoreFast: quick ForIterStoreFastAny = iter::for_iter_store_fast(m, i);
    ForRangeStoreFast: quick ForIterStoreFast = iter::for_range(m, i, Some(i.b));
    ForListStoreFast: quick ForIterStoreFast = iter::for_list(m, i, Some(i.b));
    ForGeneratorStoreFast: attempt ForIterStoreFast = iter::for_generator(vm, m);
    ForNextStoreFast: attempt ForIterStoreFast = iter::for_next(vm, m, true);
    UnpackSequence: quick UnpackAny = iter::unpack_sequence(m, i);
    UnpackEx: cold = iter::unpack_ex(vm, m, i);
    ListAppend: plain = iter::list_append(m, i);
    SetAdd: cold = iter::set_add(vm, m, i);
    MapAdd: cold = iter::map_add(vm, m, i);
    // attributes
    LoadAttr: cold told = attr::load_attr(vm, m, i);
    LoadAttrSlot: quick RelearnAttr = attr::load_attr_slot(m, i);
    LoadAttrMember: quick RelearnAttr = attr::load_attr_member(m, i);
    LoadAttrClass: quick RelearnAttr = attr::load_attr_class(m, i);
    LoadAttrOnType: quick RelearnAttr = attr::load_attr_on_type(m, i);
    LoadAttrProperty: cold told = attr::load_attr_property(vm, m, i);
    LoadAttrDescr: cold told = attr::load_attr_descr(vm, m, i);
    LoadAttrModule: quick RelearnAttr = attr::load_attr_module(m, i);
    LoadAttrGeneric: quick LoadAttrGenericAny = attr::load_attr_shared(m, i);
    StoreAttr: cold = attr::store_attr(vm, m, i);
    StoreAttrSlot: quick RelearnStoreAttr = attr::store_attr_slot(m, i);
    StoreAttrAdd: quick RelearnStoreAttr = attr::store_attr_add(m, i);
    StoreAttrMember: quick RelearnStoreAttr = attr::store_attr_member(m, i);
    StoreAttrGeneric: quick StoreAttrGenericAny = attr::store_attr_shared(m, i);
    DeleteAttr: cold = attr::delete_attr(vm, m, i);
    // calls
    LoadMethod: cold = method::load_method(vm, m, i);
    LoadMethodWord: quick RelearnMethod = method::load_method_word(m, i);
    MethodCall: call attempt LoadMethodType = fused::method_call(vm, m, i);
    MethodCallFast: call attempt LoadMethodType = fused::method_call_fast(vm, m, i);
    LoadMethodModule: quick RelearnMethod = method::load_method_module(m, i);
    LoadMethodOnType: quick RelearnMethod = method::load_method_on_type(m, i);
    LoadMethodUnbound: quick RelearnMethod = method::load_method_unbound(m, i);
    LoadMethodType: quick RelearnMethod = method::load_method_type(m, i);
    LoadMethodGeneric: quick LoadMethodGenericAny = method::load_method_shared(m, i);
    CallMethod: call quick CallMethodBound = call::call_method(vm, m, i);
    CallFunction: call quick CallFunctionNative = call::call_function(vm, m, i);
    CallFunctionKw: call cold told = call::call_function_kw(vm, m, i);
    CallMethodKw: call cold told = call::call_method_kw(vm, m, i);
    CallFunctionEx: call cold told = call::call_function_ex(vm, m, i);
    MakeFunction: cold = build::make_function(vm, m, i);
    // containers
    BuildTuple: plain = build::build_tuple(vm, m, i);
    BuildList: plain = build::build_list(m, i);
    BuildSet: cold = build::build_set(vm, m, i);
    BuildMap: cold = build::build_map(vm, m, i);
    BuildConstKeyMap: cold = build::build_const_key_map(vm, m, i);
    BuildString: cold = arith::build_string(vm, m, i);
    BuildListUnpack: cold = build::build_list_unpack(vm, m, i);
    BuildTupleUnpack: cold = build::build_tuple_unpack(vm, m, i);
    BuildTupleUnpackWithCall: cold = build::build_tuple_unpack(vm, m, i);
    BuildSetUnpack: cold = build::build_set_unpack(vm, m, i);
    BuildMapUnpack: cold = build::build_map_unpack(vm, m, i);
    BuildMapUnpackWithCall: cold = build::build_map_unpack_with_call(vm, m, i);
    FormatValue: cold = stack::format_value(vm, m, i);
    LoadBuildClass: cold = build::load_build_class(vm, m);
    SetupAnnotations: cold = names::setup_annotations(vm, m);
    StoreAnnotation: cold = names::store_annotation(vm, m, i);
    PrintExpr: cold = build::print_expr(vm, m);
    // two or more in one
    FastFastAdd: quick MisfitFast = fused::fast_fast_add(m, i);
    FastConstAdd: quick MisfitFast = fused::fast_const_add(m, i);
    FastAdd: quick MisfitFast = fused::fast_add(m, i);
    ConstAdd: quick MisfitConst = fused::const_add(m, i);
    FastFastSubtract: quick MisfitFast = fused::fast_fast_subtract(m, i);
    FastConstSubtract: quick MisfitFast = fused::fast_const_subtract(m, i);
    FastSubtract: quick MisfitFast = fused::fast_subtract(m, i);
    ConstSubtract: quick MisfitConst = fused::const_subtract(m, i);
    FastFastMultiply: quick MisfitFast = fused::fast_fast_multiply(m, i);
    FastConstMultiply: quick MisfitFast = fused::fast_const_multiply(m, i);
    FastMultiply: quick MisfitFast = fused::fast_multiply(m, i);
    ConstMultiply: quick MisfitConst = fused::const_multiply(m, i);
    FastFastArith: quick MisfitFast = fused::fast_fast_arith(m, i);
    FastConstArith: quick MisfitFast = fused::fast_const_arith(m, i);
    FastArith: quick MisfitFast = fused::fast_arith(m, i);
    ConstArith: quick MisfitConst = fused::const_arith(m, i);
    FastFastSubscr: quick FastFastSubscrAny = fused::fast_fast_subscr(m, i);
    FastConstSubscr: quick FastConstSubscrAny = fused::fast_const_subscr(m, i);
    FastSubscr: quick FastSubscrAny = fused::fast_subscr(m, i);
    ConstSubscr: quick ConstSubscrAny = fused::const_subscr(m, i);
    FastFastStoreSubscr: quick MisfitFast = fused::fast_fast_store_subscr(m, i);
    FastFastCompareJump: quick FastFastCompareJumpAny = fused::fast_fast_compare_jump(vm, m, i);
    FastConstCompareJump: quick FastConstCompareJumpAny = fused::fast_const_compare_jump(vm, m, i);
    FastCompareJump: quick FastCompareJumpAny = fused::fast_compare_jump(vm, m, i);
    ConstCompareJump: quick ConstCompareJumpAny = fused::const_compare_jump(vm, m, i);
    FastIsJump: quick LoadFast = fused::fast_is_jump(vm, m, i);
    FastPopJump: quick LoadFast = fused::fast_pop_jump(vm, m, i);
    FastAttr: quick LoadFast = fused::fast_attr(m, i);
    FastStoreAttr: quick LoadFast = fused::fast_store_attr(m, i);
    LoadFastFast: quick LoadFast = fused::load_fast_fast(m, i);
    LoadFastConst: quick LoadFast = fused::load_fast_const(m, i);
    StoreFastLoadFast: plain = fused::store_fast_load_fast(m, i);
    StoreFastJump: plain = fused::store_fast_jump(vm, m, i);
    UnpackStoreFast: quick UnpackSequence = fused::unpack_store_fast(m, i);
    FastReturn: ret end FastReturnAny = fused::fast_return(vm, m, i);
    // leaving
    ReturnValue: ret end ReturnAny = leave::return_quickly(vm, m, m.slot(1));
    YieldValue: quick YieldAny = leave::yield_to_loop(vm, m);
    YieldFrom: step = yield_from::<O>(vm, m);
    ReturnUnwind: step = through_blocks::<O>(vm, m, i);
    BreakLoop: step = through_blocks::<O>(vm, m, i);
    ContinueLoop: step = through_blocks::<O>(vm, m, i);
    EndFinally: step = through_blocks::<O>(vm, m, i);
    EndExcept: step = Step::Raise(block::end_except(vm, m), true);
    RaiseVarargs: step = Step::Raise(block::raise_varargs(vm, m, i), i.c == 0);
    Reraise: step = Step::Raise(block::reraise(vm, m), true);
    EnterFinally: cold = always_ok(block::enter_finally(vm, m, i));
    PopExcept: cold = always_ok(block::pop_except(vm, m));
    SetupWith: cold = block::setup_with(vm, m);
    BeforeAsyncWith: cold = block::before_async_with(vm, m);
    WithCleanupStart: cold = block::with_cleanup_start(vm, m);
    WithCleanupFinish: cold = block::with_cleanup_finish(vm, m);
    // imports
    ImportName: cold = import_::import_name(vm, m, i);
    ImportFrom: cold = import_::import_from(vm, m, i);
    ImportStar: cold = import_::import_star(vm, m);
    // asynchronous code
    GetYieldFromIter: cold = pattern::get_yield_from_iter(vm, m);
    GetAwaitable: cold = pattern::get_awaitable(vm, m);
    GetAiter: cold = pattern::get_aiter(vm, m);
    GetAnext: cold = pattern::get_anext(vm, m);
    // today's language
    GetLen: cold = pattern::get_len(vm, m);
    MatchMapping: cold = always_ok(pattern::match_mapping(m));
    MatchSequence: cold = always_ok(pattern::match_sequence(m));
    MatchKeys: cold = pattern::match_keys(vm, m);
    MatchClass: cold = pattern::match_class(vm, m, i);
    CheckEgMatch: cold = pattern::check_eg_match(vm, m);
    BuildTemplate: cold = pattern::build_template(vm, m);
    BuildInterpolation: cold = pattern::build_interpolation(vm, m, i);
    LoadCommonConstant: cold = pattern::load_common_constant(vm, m, i);
    CallIntrinsic1: cold = pattern::call_intrinsic_1(vm, m, i);
    CallIntrinsic2: cold = pattern::call_intrinsic_2(vm, m, i);
}

handlers! {
    |vm, m, i|
    // what `quick` instructions leave to others
    UnboundLocal: cold = stack::load_fast_any(vm, m, i);
    RelearnName: cold = always_ok(names::relearn(m, i, P::LoadName));
    RelearnStoreName: cold = always_ok(names::relearn(m, i, P::StoreName));
    RelearnGlobal: cold = always_ok(names::relearn(m, i, P::LoadGlobal));
    RelearnStoreGlobal: cold = always_ok(names::relearn(m, i, P::StoreGlobal));
    NoCell: cold = names::cell_any(vm, m, i);
    UnboundCell: cold = names::load_deref_any(vm, m, i);
    NegativeOther: cold = arith::unary(vm, m, number::negative);
    NotOther: cold = arith::not_any(vm, m);
    BinaryAny: cold told = arith::binary_any(vm, m, i);
    InplaceAny: cold told = arith::inplace_any(vm, m, i);
    InplaceAddAny: cold told = arith::inplace_add_any(vm, m, i);
    InAny: cold = arith::is_in::<O>(vm, m, true);
    NotInAny: cold = arith::is_in::<O>(vm, m, false);
    SubscrKnown: quick SubscrAny = subscr::subscr_known(m);
    SubscrAny: cold told = subscr::subscr_slow(vm, m);
    StoreSubscrDict: quick StoreSubscrAny = subscr::store_dict(m);
    StoreSubscrAny: cold = subscr::store_slow(vm, m);
    CompareAny: cold told = arith::compare_slow(vm, m, i);
    CompareJumpAny: cold told = arith::compare_jump_slow(vm, m, i);
    PopJumpIfFalseAny: cold = arith::pop_jump_if_slow(vm, m, i, false);
    PopJumpIfTrueAny: cold = arith::pop_jump_if_slow(vm, m, i, true);
    JumpIfFalseOrPopAny: cold = arith::jump_if_or_pop_slow(vm, m, i, false);
    JumpIfTrueOrPopAny: cold = arith::jump_if_or_pop_slow(vm, m, i, true);
    ForIterAny: hot = iter::for_iter_any::<O>(vm, m, i, None);
    ForIterStoreFastAny: hot = iter::for_iter_any::<O>(vm, m, i, Some(i.b));
    UnpackAny: cold = iter::unpack_any(vm, m, i);
    RelearnAttr: cold = always_ok(attr::relearn(m, i, P::LoadAttr, P::LoadAttrGeneric));
    RelearnStoreAttr: cold = always_ok(attr::relearn(m, i, P::StoreAttr, P::StoreAttrGeneric));
    LoadAttrGenericAny: cold told = attr::load_attr_generic(vm, m, i);
    StoreAttrGenericAny: cold = attr::store_attr_generic(vm, m, i);
    LoadMethodGenericAny: cold = method::load_method_generic(vm, m, i);
    RelearnMethod: cold = always_ok(attr::relearn(m, i, P::LoadMethod, P::LoadMethodGeneric));
    CallFunctionNative: attempt CallFunctionAny = call::call_function_native(vm, m, i);
    CallFunctionAny: cold told = call::call_any(vm, m, i.c as usize);
    CallMethodBound: quick CallMethodNative = call::call_method_bound(vm, m, i);
    CallMethodNative: attempt CallMethodWord = call::call_method_native(vm, m, i);
    CallMethodWord: attempt CallMethodAny = call::call_method_word(vm, m, i);
    CallMethodAny: cold told = call::call_method_any(vm, m, i);
    MisfitFast: quick LoadFast = fused::misfit(m, i);
    MisfitConst: quick LoadConst = fused::misfit(m, i);
    YieldAny: leave = {
        let value = m.pop();
        leave::yield_value::<O>(vm, m, value)
    };
    ReturnAny: leave = {
        let value = m.pop();
        leave::return_value::<O>(vm, m, value)
    };
    FastReturnAny: leave = match fused::returned_local(m, i) {
        Some(value) => leave::return_value::<O>(vm, m, value),
        None => stack::load_fast_any(vm, m, i).map(|()| None),
    };
    FastFastCompareJumpAny: quick MisfitFast = fused::fast_fast_compare_jump_any(vm, m, i);
    FastConstCompareJumpAny: quick MisfitFast = fused::fast_const_compare_jump_any(vm, m, i);
    FastCompareJumpAny: quick MisfitFast = fused::fast_compare_jump_any(vm, m, i);
    ConstCompareJumpAny: quick MisfitConst = fused::const_compare_jump_any(vm, m, i);
    FastFastSubscrAny: quick MisfitFast = fused::fast_fast_subscr_any(m, i);
    FastConstSubscrAny: quick MisfitFast = fused::fast_const_subscr_any(m, i);
    FastSubscrAny: quick MisfitFast = fused::fast_subscr_any(m, i);
    ConstSubscrAny: quick MisfitConst = fused::const_subscr_any(m, i);
}

/// What cannot fail, as what can.
#[inline(always)]
fn always_ok(_done: ()) -> Done {
    Ok(())
}

/// `yield from`, `await`.
fn yield_from<O: Observer>(vm: &Vm, m: &mut Machine) -> Step {
    if !O::ACTIVE && !signals::is_set() && leave::delegates(m) {
        return match leave::resume_delegate(vm, m) {
            Ok(()) => Step::Next,
            Err(e) => Step::Raise(e, false),
        };
    }
    match leave::yield_from(vm, m) {
        Ok(None) => Step::Next,
        Ok(Some(value)) => left(leave::yield_value::<O>(vm, m, value)),
        Err(e) => Step::Raise(e, false),
    }
}

fn left(result: PyResult<Option<Value>>) -> Step {
    match result {
        Ok(None) => Step::Next,
        Ok(Some(value)) => Step::Value(value),
        Err(e) => Step::Raise(e, false),
    }
}

/// `return`, `break`, `continue` through `finally` clauses, and the end of such a clause.
fn through_blocks<O: Observer>(vm: &Vm, m: &mut Machine, i: Instr) -> Step {
    // `continue` jumps back, at once or behind the clause it passes through.
    if signals::is_set()
        && matches!(i.op, P::ContinueLoop | P::EndFinally)
        && let Err(e) = vm.handle_requests()
    {
        return Step::Raise(e, false);
    }
    let landed = match i.op {
        P::ReturnUnwind => {
            let value = m.pop();
            block::leave(vm, m, Way::Return(value))
        }
        P::BreakLoop => block::leave(vm, m, Way::Break),
        P::ContinueLoop => block::leave(vm, m, Way::Continue(i.c)),
        _ => block::end_finally(vm, m, i),
    };
    match landed {
        Ok(Landed::Here) => Step::Next,
        Ok(Landed::Return(value)) => left(leave::return_value::<O>(vm, m, value)),
        Err(e) => match block::unwind_from_parent(vm, m, e) {
            Ok(()) => Step::Next,
            Err(e) => match leave::drop_frame(vm, m, e) {
                Ok(e) => Step::Raise(e, false),
                Err(e) => Step::Out(e),
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::observer::{NoObserver, Tracer};

    #[test]
    fn each_instruction_has_a_handler_of_its_own() {
        let all: std::collections::HashSet<usize> =
            P::ALL.iter().map(|op| Handlers::<NoObserver>::of(*op) as usize).collect();
        // Functions that are equal may have been made one.
        assert!(all.len() > P::ALL.len() / 2 && !all.contains(&0));
        assert!(P::ALL.iter().enumerate().all(|(at, op)| *op as usize == at));
        assert!(P::ALL.iter().all(|op| Handlers::<Tracer>::of(*op) as usize != 0));
    }
}
