//! `_sha1`.

use crate::hash::prelude::*;
use ::sha1::{Digest, Sha1 as Engine};

hash_type!(Sha1, "_sha1.sha1", "sha1", Engine, 64);

#[pymodule(name = "_sha1")]
pub mod sha1 {
    use super::*;

    /// Return a new SHA1 hash object; optionally initialized with a string.
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn sha1(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        Sha1::make(vm, data, string)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.set(vm, "SHA1Type", vm.type_object::<Sha1>().to_value());
        Ok(())
    }
}
