//! `_library`: what `_library_importer` needs to know of the image. Paths are those in the library,
//! with `/` between the parts.

use crate::{frozen, image};
use adder_derive::pymodule;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::code::Code;
use adder_vm::objects::module::Module;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// The library inside the binary.
#[pymodule(name = "_library")]
pub mod library {
    use super::*;

    /// Path and kind (is it a package?) of the module with this path without ending, or None.
    #[pyfunction]
    fn find(vm: &Vm, stem: String) -> Value {
        match image::find_module(&stem) {
            Some((file, is_package)) => {
                let parts = vec![vm.str(file.path()), Value::bool(is_package)];
                adder_vm::objects::tuple::Tuple::from_vec(parts).into()
            }
            None => Value::NONE,
        }
    }

    /// The code object of a module's path, compiled when Adder was built; None if it is no module.
    #[pyfunction]
    fn code(vm: &Vm, path: String) -> PyResult<Option<Ref<Code>>> {
        let Some(code) = image::find(&path).and_then(image::File::code) else { return Ok(None) };
        let shown = frozen::shown(&vm.config().library_root(), &path);
        Code::of_library(vm, code, &shown).map(Some)
    }

    /// The bytes of a file, or None.
    #[pyfunction]
    fn data(_vm: &Vm, path: String) -> Option<Ref<Bytes>> {
        image::find(&path).map(|file| Bytes::from_slice(&file.content()))
    }

    /// The names in a folder, or None; the library's root is ''.
    #[pyfunction]
    fn folder(vm: &Vm, path: String) -> Option<Vec<Value>> {
        image::list(&path).map(|names| names.into_iter().map(|name| vm.str(name)).collect())
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.set(vm, "root", vm.str(&vm.config().library_root()));
        Ok(())
    }
}
