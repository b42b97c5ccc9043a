//! What all hash objects share.

use adder_modules_core::support::flat_buffer;
use adder_vm::objects::str_::Str;
use adder_vm::protocol::buffer;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Ref, Value, Vm};

/// Feeds the bytes of an argument to a hash.
pub fn feed(vm: &Vm, data: &Value, update: impl FnOnce(&[u8])) -> PyResult<()> {
    if data.downcast::<Str>().is_some() {
        return Err(vm.type_error("Strings must be encoded before hashing"));
    }
    if !buffer::has_buffer(data) {
        return Err(vm.type_error("object supporting the buffer API required"));
    }
    flat_buffer(vm, data, false)?.with(update);
    Ok(())
}

/// The data given to a constructor, under its name or the one it had before.
pub fn initial(vm: &Vm, data: Option<Value>, string: Option<Value>) -> PyResult<Option<Value>> {
    match (data, string) {
        (Some(_), Some(_)) => Err(both_names(vm)),
        (data, string) => Ok(data.or(string)),
    }
}

#[cold]
fn both_names(vm: &Vm) -> Exc {
    vm.type_error(
        "'data' and 'string' are mutually exclusive and support for 'string' keyword parameter \
         is slated for removal in a future version.",
    )
}

/// Bytes in hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> Ref<Str> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |d: u8| DIGITS[usize::from(d & 15)];
    let text: Vec<u8> = bytes.iter().flat_map(|&b| [digit(b >> 4), digit(b)]).collect();
    Str::from_latin1(&text)
}

/// A hash type without a constructor of its own: a function of its module makes it.
macro_rules! hash_type {
    ($rust:ident, $python:literal, $name:literal, $state:ty, $block_size:literal) => {
        #[pyclass(name = $python, no_new, no_gc)]
        pub struct $rust {
            state: Guarded<Box<$state>>,
        }

        impl $rust {
            fn make(vm: &Vm, data: Option<Value>, string: Option<Value>) -> PyResult {
                let mut state = Box::new(<$state>::new());
                if let Some(data) = crate::hash::initial(vm, data, string)? {
                    crate::hash::feed(vm, &data, |bytes| state.update(bytes))?;
                }
                let payload = $rust { state: Guarded::new(state) };
                Ok(Ref::with_type(payload, vm.type_object::<$rust>()).into())
            }
            fn bytes(&self) -> Vec<u8> {
                self.state.with(|state| (**state).clone()).finalize().to_vec()
            }
        }

        #[pymethods]
        impl $rust {
            /// Return a copy of the hash object.
            #[pymethod]
            fn copy(zelf: &Obj<$rust>, _vm: &Vm) -> Ref<$rust> {
                let state = zelf.state.with(|state| state.clone());
                Ref::with_type($rust { state: Guarded::new(state) }, zelf.ty())
            }
            /// Return the digest value as a bytes object.
            #[pymethod]
            fn digest(zelf: &Obj<$rust>, _vm: &Vm) -> Ref<Bytes> {
                Bytes::from_slice(&zelf.bytes())
            }
            /// Return the digest value as a string of hexadecimal digits.
            #[pymethod]
            fn hexdigest(zelf: &Obj<$rust>, _vm: &Vm) -> Ref<Str> {
                crate::hash::hexadecimal(&zelf.bytes())
            }
            /// Update this hash object's state with the provided string.
            #[pymethod]
            fn update(zelf: &Obj<$rust>, vm: &Vm, obj: &Value) -> PyResult<()> {
                crate::hash::feed(vm, obj, |bytes| zelf.state.with_mut(|s| s.update(bytes)))
            }
            #[getter]
            fn block_size(_zelf: &Obj<$rust>, _vm: &Vm) -> usize {
                $block_size
            }
            #[getter]
            fn name(_zelf: &Obj<$rust>, _vm: &Vm) -> &'static str {
                $name
            }
            #[getter]
            fn digest_size(_zelf: &Obj<$rust>, _vm: &Vm) -> usize {
                <$state>::output_size()
            }
        }
    };
}

/// What files that use `hash_type` import.
pub mod prelude {
    pub use adder_derive::{pyclass, pymethods, pymodule};
    pub use adder_vm::object::Guarded;
    pub use adder_vm::objects::bytes::Bytes;
    pub use adder_vm::objects::module::Module;
    pub use adder_vm::objects::str_::Str;
    pub use adder_vm::runtime::errors::PyResult;
    pub use adder_vm::{Obj, Ref, Value, Vm};
}
