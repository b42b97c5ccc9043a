//! `_sha2`.

use crate::hash::prelude::*;
use ::sha2::Digest;

hash_type!(Sha224, "_sha2.SHA224Type", "sha224", ::sha2::Sha224, 64);
hash_type!(Sha256, "_sha2.SHA256Type", "sha256", ::sha2::Sha256, 64);
hash_type!(Sha384, "_sha2.SHA384Type", "sha384", ::sha2::Sha384, 128);
hash_type!(Sha512, "_sha2.SHA512Type", "sha512", ::sha2::Sha512, 128);

#[pymodule(name = "_sha2")]
pub mod sha2 {
    use super::*;

    /// Return a new SHA-224 hash object; optionally initialized with a string.
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn sha224(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        Sha224::make(vm, data, string)
    }
    /// Return a new SHA-256 hash object; optionally initialized with a string.
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn sha256(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        Sha256::make(vm, data, string)
    }
    /// Return a new SHA-384 hash object; optionally initialized with a string.
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn sha384(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        Sha384::make(vm, data, string)
    }
    /// Return a new SHA-512 hash object; optionally initialized with a string.
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn sha512(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        Sha512::make(vm, data, string)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<Sha224>());
        module.add_type(vm, vm.type_object::<Sha256>());
        module.add_type(vm, vm.type_object::<Sha384>());
        module.add_type(vm, vm.type_object::<Sha512>());
        Ok(())
    }
}
