//! `_sha3`: SHA-3 and the SHAKE functions, whose digests are as long as one asks for.

use crate::hash::prelude::*;
use crate::hash::{feed, hexadecimal, initial};
use ::sha3::Digest;
use ::shake::{ExtendableOutput, Update, XofReader};
use adder_modules_core::support::Signature;
use adder_vm::objects::int;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::number;
use adder_vm::runtime::args::CallArgs;

/// The longest digest that can be asked for.
const LENGTH_MAX: u64 = 1 << 29;

fn constructor_data(
    vm: &Vm,
    function: &'static str,
    args: CallArgs<'_>,
) -> PyResult<Option<Value>> {
    let signature = Signature {
        function,
        names: ["data", "usedforsecurity", "string"],
        required: 0,
        positional: 1,
    };
    let [data, usedforsecurity, string] = signature.bind(vm, args)?;
    if let Some(flag) = usedforsecurity {
        adder_vm::protocol::object::is_true(vm, &flag)?;
    }
    initial(vm, data, string)
}

fn digest_length(vm: &Vm, length: &Value) -> PyResult<usize> {
    let length = number::index(vm, length)?;
    if int::is_negative(&length) {
        return Err(vm.value_error("value must be positive"));
    }
    let length = int::to_i64_exact(&length).map(|n| n as u64).filter(|n| *n < LENGTH_MAX);
    length.map(|n| n as usize).ok_or_else(|| vm.value_error("length is too large"))
}

/// What both kinds of types have.
macro_rules! sponge_type {
    (
        $(#[$doc:meta])*
        $rust:ident, $name:literal, $state:ty, $rate:literal, $suffix:literal, $size:expr,
        [$($length:ident)?], $bytes:expr
    ) => {
        $(#[$doc])*
        #[pyclass(name = $name, no_gc)]
        pub struct $rust {
            state: Guarded<Box<$state>>,
        }

        #[pymethods]
        impl $rust {
            #[slot]
            fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
                let function = $name.rsplit('.').next().unwrap_or($name);
                let mut state = Box::new(<$state>::default());
                if let Some(data) = constructor_data(vm, function, args)? {
                    feed(vm, &data, |bytes| Update::update(&mut *state, bytes))?;
                }
                Ok(Ref::with_type($rust { state: Guarded::new(state) }, ty).into())
            }
            /// Return a copy of the hash object.
            #[pymethod]
            fn copy(zelf: &Obj<$rust>, _vm: &Vm) -> Ref<$rust> {
                let state = zelf.state.with(|state| state.clone());
                Ref::with_type($rust { state: Guarded::new(state) }, zelf.ty())
            }
            /// Return the digest value as a bytes object.
            #[pymethod]
            fn digest(zelf: &Obj<$rust>, vm: &Vm $(, $length: &Value)?) -> PyResult<Ref<Bytes>> {
                let state = zelf.state.with(|state| (**state).clone());
                Bytes::copied(vm, &$bytes(vm, state $(, $length)?)?)
            }
            /// Return the digest value as a string of hexadecimal digits.
            #[pymethod]
            fn hexdigest(zelf: &Obj<$rust>, vm: &Vm $(, $length: &Value)?) -> PyResult<Ref<Str>> {
                let state = zelf.state.with(|state| (**state).clone());
                Ok(hexadecimal(&$bytes(vm, state $(, $length)?)?))
            }
            /// Update this hash object's state with the provided bytes-like object.
            #[pymethod]
            fn update(zelf: &Obj<$rust>, vm: &Vm, data: &Value) -> PyResult<()> {
                feed(vm, data, |bytes| zelf.state.with_mut(|s| Update::update(&mut **s, bytes)))
            }
            #[getter]
            fn block_size(_zelf: &Obj<$rust>, _vm: &Vm) -> usize {
                $rate / 8
            }
            #[getter]
            fn name(_zelf: &Obj<$rust>, _vm: &Vm) -> &'static str {
                $name.rsplit('.').next().unwrap_or($name)
            }
            #[getter]
            fn digest_size(_zelf: &Obj<$rust>, _vm: &Vm) -> usize {
                $size
            }
            #[getter]
            fn _capacity_bits(_zelf: &Obj<$rust>, _vm: &Vm) -> usize {
                1600 - $rate
            }
            #[getter]
            fn _rate_bits(_zelf: &Obj<$rust>, _vm: &Vm) -> usize {
                $rate
            }
            #[getter]
            fn _suffix(_zelf: &Obj<$rust>, _vm: &Vm) -> Ref<Bytes> {
                Bytes::from_slice(&[$suffix])
            }
        }
    };
}

fn whole<D: Digest>(_vm: &Vm, state: D) -> PyResult<Vec<u8>> {
    Ok(state.finalize().to_vec())
}

fn squeezed<X: ExtendableOutput>(vm: &Vm, state: X, length: &Value) -> PyResult<Vec<u8>> {
    let length = digest_length(vm, length)?;
    vm.need(length)?;
    let mut bytes = vec![0; length];
    state.finalize_xof().read(&mut bytes);
    Ok(bytes)
}

sponge_type!(
    /// sha3_224([data], *, usedforsecurity=True) -> SHA3 object
    ///
    /// Return a new SHA3 hash object with a hashbit length of 28 bytes.
    Sha3x224, "_sha3.sha3_224", ::sha3::Sha3_224, 1152, 6, 28, [], whole
);
sponge_type!(
    /// sha3_256([data], *, usedforsecurity=True) -> SHA3 object
    ///
    /// Return a new SHA3 hash object with a hashbit length of 32 bytes.
    Sha3x256, "_sha3.sha3_256", ::sha3::Sha3_256, 1088, 6, 32, [], whole
);
sponge_type!(
    /// sha3_384([data], *, usedforsecurity=True) -> SHA3 object
    ///
    /// Return a new SHA3 hash object with a hashbit length of 48 bytes.
    Sha3x384, "_sha3.sha3_384", ::sha3::Sha3_384, 832, 6, 48, [], whole
);
sponge_type!(
    /// sha3_512([data], *, usedforsecurity=True) -> SHA3 object
    ///
    /// Return a new SHA3 hash object with a hashbit length of 64 bytes.
    Sha3x512, "_sha3.sha3_512", ::sha3::Sha3_512, 576, 6, 64, [], whole
);
sponge_type!(
    /// shake_128([data], *, usedforsecurity=True) -> SHAKE object
    ///
    /// Return a new SHAKE hash object.
    Shake128, "_sha3.shake_128", ::shake::Shake128, 1344, 0x1f, 0, [length], squeezed
);
sponge_type!(
    /// shake_256([data], *, usedforsecurity=True) -> SHAKE object
    ///
    /// Return a new SHAKE hash object.
    Shake256, "_sha3.shake_256", ::shake::Shake256, 1088, 0x1f, 0, [length], squeezed
);

#[pymodule(name = "_sha3")]
pub mod sha3 {
    use super::*;

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        for ty in [
            vm.type_object::<Sha3x224>(),
            vm.type_object::<Sha3x256>(),
            vm.type_object::<Sha3x384>(),
            vm.type_object::<Sha3x512>(),
            vm.type_object::<Shake128>(),
            vm.type_object::<Shake256>(),
        ] {
            module.add_type(vm, ty);
        }
        module.set(vm, "implementation", vm.str("RustCrypto"));
        Ok(())
    }
}
