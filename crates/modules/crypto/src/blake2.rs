//! `_blake2`: BLAKE2b and BLAKE2s with keys, salts and the parameters of tree hashing.

use crate::hash::prelude::*;
use crate::hash::{feed, hexadecimal, initial};
use adder_modules_core::support::{Signature, bytes_of};
use adder_vm::objects::int;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{number, object};
use adder_vm::runtime::args::CallArgs;

/// What the two algorithms allow.
struct Limits {
    function: &'static str,
    key: usize,
    digest: usize,
    salt: usize,
    /// The greatest node offset.
    offset: u64,
}

const BLAKE2B: Limits =
    Limits { function: "blake2b", key: 64, digest: 64, salt: 16, offset: u64::MAX };
const BLAKE2S: Limits =
    Limits { function: "blake2s", key: 32, digest: 32, salt: 8, offset: (1 << 48) - 1 };

/// The arguments of a constructor, checked.
struct Parameters {
    data: Option<Value>,
    digest_size: usize,
    key: Vec<u8>,
    salt: Vec<u8>,
    person: Vec<u8>,
    fanout: u8,
    depth: u8,
    leaf_size: u32,
    node_offset: u64,
    node_depth: u8,
    inner_size: usize,
    last_node: bool,
}

/// A number from `low` to `high`, or else an error in these words.
fn within(
    vm: &Vm,
    value: Option<Value>,
    default: i64,
    low: i64,
    high: i64,
    message: impl FnOnce() -> String,
) -> PyResult<i64> {
    let Some(value) = value else { return Ok(default) };
    let value = number::index(vm, &value)?;
    match int::to_i64_exact(&value).filter(|n| i32::try_from(*n).is_ok()) {
        Some(n) if (low..=high).contains(&n) => Ok(n),
        Some(_) => Err(vm.value_error(message())),
        None => Err(vm.overflow_error("Python int too large to convert to C int")),
    }
}

/// An unsigned number up to `max`.
fn unsigned(vm: &Vm, value: Option<Value>, max: u64, name: &str) -> PyResult<u64> {
    let Some(value) = value else { return Ok(0) };
    let value = number::index(vm, &value)?;
    if int::is_negative(&value) {
        return Err(vm.value_error("value must be positive"));
    }
    match number::to_i128(vm, &value)?.and_then(|n| u64::try_from(n).ok()) {
        Some(n) if n <= max => Ok(n),
        Some(_) => Err(vm.overflow_error(format!("{name} is too large"))),
        None => Err(vm.overflow_error("int too big to convert")),
    }
}

fn short_bytes(vm: &Vm, value: Option<Value>, max: usize, name: &str) -> PyResult<Vec<u8>> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let bytes = bytes_of(vm, &value)?.to_vec();
    if bytes.len() > max {
        return Err(vm.value_error(format!("maximum {name} length is {max} bytes")));
    }
    Ok(bytes)
}

impl Limits {
    fn read(&self, vm: &Vm, args: CallArgs<'_>) -> PyResult<Parameters> {
        let signature = Signature {
            function: self.function,
            names: [
                "data",
                "digest_size",
                "key",
                "salt",
                "person",
                "fanout",
                "depth",
                "leaf_size",
                "node_offset",
                "node_depth",
                "inner_size",
                "last_node",
                "usedforsecurity",
                "string",
            ],
            required: 0,
            positional: 1,
        };
        let [
            data,
            digest_size,
            key,
            salt,
            person,
            fanout,
            depth,
            leaf_size,
            node_offset,
            node_depth,
            inner_size,
            last_node,
            _usedforsecurity,
            string,
        ] = signature.bind(vm, args)?;
        let longest = self.digest as i64;
        let digest_size = within(vm, digest_size, longest, 1, longest, || {
            format!("digest_size must be between 1 and {longest} bytes")
        })?;
        let parameters = Parameters {
            data: initial(vm, data, string)?,
            digest_size: digest_size as usize,
            salt: short_bytes(vm, salt, self.salt, "salt")?,
            person: short_bytes(vm, person, self.salt, "person")?,
            fanout: within(vm, fanout, 1, 0, 255, || "fanout must be between 0 and 255".to_owned())?
                as u8,
            depth: within(vm, depth, 1, 1, 255, || "depth must be between 1 and 255".to_owned())?
                as u8,
            leaf_size: unsigned(vm, leaf_size, u64::from(u32::MAX), "leaf_size")? as u32,
            node_offset: unsigned(vm, node_offset, self.offset, "node_offset")?,
            node_depth: within(vm, node_depth, 0, 0, 255, || {
                "node_depth must be between 0 and 255".to_owned()
            })? as u8,
            inner_size: within(vm, inner_size, 0, 0, longest, || {
                format!("inner_size must be between 0 and is {longest}")
            })? as usize,
            last_node: last_node.map_or(Ok(false), |flag| object::is_true(vm, &flag))?,
            key: short_bytes(vm, key, self.key, "key")?,
        };
        Ok(parameters)
    }
}

macro_rules! blake2_type {
    ($(#[$doc:meta])* $rust:ident, $name:literal, $engine:ident, $limits:expr) => {
        $(#[$doc])*
        #[pyclass(name = $name, no_gc)]
        pub struct $rust {
            state: Guarded<Box<$engine::State>>,
            digest_size: usize,
        }

        impl $rust {
            fn bytes(&self) -> Vec<u8> {
                self.state.with(|state| state.finalize().as_bytes().to_vec())
            }
        }

        #[pymethods]
        impl $rust {
            #[slot]
            fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
                let given = $limits.read(vm, args)?;
                let mut parameters = $engine::Params::new();
                parameters
                    .hash_length(given.digest_size)
                    .key(&given.key)
                    .salt(&given.salt)
                    .personal(&given.person)
                    .fanout(given.fanout)
                    .max_depth(given.depth)
                    .max_leaf_length(given.leaf_size)
                    .node_offset(given.node_offset)
                    .node_depth(given.node_depth)
                    .inner_hash_length(given.inner_size)
                    .last_node(given.last_node);
                let mut state = Box::new(parameters.to_state());
                if let Some(data) = given.data {
                    feed(vm, &data, |bytes| {
                        state.update(bytes);
                    })?;
                }
                let digest_size = given.digest_size;
                Ok(Ref::with_type($rust { state: Guarded::new(state), digest_size }, ty).into())
            }
            /// Return a copy of the hash object.
            #[pymethod]
            fn copy(zelf: &Obj<$rust>, _vm: &Vm) -> Ref<$rust> {
                let state = Guarded::new(zelf.state.with(|state| state.clone()));
                Ref::with_type($rust { state, digest_size: zelf.digest_size }, zelf.ty())
            }
            /// Return the digest value as a bytes object.
            #[pymethod]
            fn digest(zelf: &Obj<$rust>, _vm: &Vm) -> Ref<Bytes> {
                Bytes::from_slice(&zelf.bytes())
            }
            /// Return the digest value as a string of hexadecimal digits.
            #[pymethod]
            fn hexdigest(zelf: &Obj<$rust>, _vm: &Vm) -> Ref<Str> {
                hexadecimal(&zelf.bytes())
            }
            /// Update this hash object's state with the provided bytes-like object.
            #[pymethod]
            fn update(zelf: &Obj<$rust>, vm: &Vm, data: &Value) -> PyResult<()> {
                feed(vm, data, |bytes| {
                    zelf.state.with_mut(|state| {
                        state.update(bytes);
                    })
                })
            }
            #[getter]
            fn name(_zelf: &Obj<$rust>, _vm: &Vm) -> &'static str {
                $limits.function
            }
            #[getter]
            fn block_size(_zelf: &Obj<$rust>, _vm: &Vm) -> usize {
                $engine::BLOCKBYTES
            }
            #[getter]
            fn digest_size(zelf: &Obj<$rust>, _vm: &Vm) -> usize {
                zelf.digest_size
            }
        }
    };
}

blake2_type!(
    /// Return a new BLAKE2b hash object.
    Blake2b, "_blake2.blake2b", blake2b_simd, BLAKE2B
);
blake2_type!(
    /// Return a new BLAKE2s hash object.
    Blake2s, "_blake2.blake2s", blake2s_simd, BLAKE2S
);

/// _blake2b provides BLAKE2b for hashlib
#[pymodule(name = "_blake2")]
pub mod blake2 {
    use super::*;

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let types = [
            (vm.type_object::<Blake2b>(), BLAKE2B, "BLAKE2B"),
            (vm.type_object::<Blake2s>(), BLAKE2S, "BLAKE2S"),
        ];
        for (ty, limits, prefix) in types {
            module.add_type(vm, ty);
            for (name, value) in [
                ("SALT_SIZE", limits.salt),
                ("PERSON_SIZE", limits.salt),
                ("MAX_KEY_SIZE", limits.key),
                ("MAX_DIGEST_SIZE", limits.digest),
            ] {
                let value = int::from_i64(value as i64);
                module.set(vm, &format!("{prefix}_{name}"), value.clone());
                drop(ty.dict().insert_str(&vm.intern(name), value));
            }
        }
        Ok(())
    }
}
