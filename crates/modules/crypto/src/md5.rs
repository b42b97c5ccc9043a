//! `_md5`.

use crate::hash::prelude::*;
use ::md5::{Digest, Md5 as Engine};

hash_type!(Md5, "_md5.md5", "md5", Engine, 64);

#[pymodule(name = "_md5")]
pub mod md5 {
    use super::*;

    /// Return a new MD5 hash object; optionally initialized with a string.
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn md5(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        Md5::make(vm, data, string)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.set(vm, "MD5Type", vm.type_object::<Md5>().to_value());
        Ok(())
    }
}
