//! `_types`: the machine's own types by name. CPython's counterpart: `Modules/_typesmodule.c`.

use adder_derive::{pyclass, pymethods, pymodule};
use adder_vm::objects as o;
use adder_vm::objects::module::Module;
use adder_vm::runtime::boot::generator_types;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Vm};

/// Capsule objects let you wrap a C "void *" pointer in a Python
/// object.  They're a way of passing data through the Python interpreter
/// without creating your own custom type.
///
/// Nothing here makes any: there are no C extensions.
#[pyclass(name = "PyCapsule", no_new, no_gc)]
pub struct Capsule {}

#[pymethods]
impl Capsule {}

/// Define names for built-in types.
#[pymodule(name = "_types")]
pub mod types {
    use super::*;

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let generators = generator_types();
        for (name, ty) in [
            ("AsyncGeneratorType", generators.async_generator),
            ("BuiltinFunctionType", vm.type_object::<o::builtin_function::BuiltinFunction>()),
            ("BuiltinMethodType", vm.type_object::<o::builtin_function::BuiltinFunction>()),
            ("CapsuleType", vm.type_object::<Capsule>()),
            ("CellType", vm.type_object::<o::cell::CellObj>()),
            ("ClassMethodDescriptorType", vm.type_object::<o::descr::ClassMethodDescr>()),
            ("CodeType", vm.type_object::<o::code::Code>()),
            ("CoroutineType", generators.coroutine),
            ("EllipsisType", vm.type_object::<o::singletons::EllipsisType>()),
            ("FrameType", vm.type_object::<o::frame::FrameObj>()),
            ("FunctionType", vm.type_object::<o::function::Function>()),
            ("GeneratorType", vm.type_object::<o::generator::Generator>()),
            ("GenericAlias", vm.type_object::<o::generic_alias::GenericAlias>()),
            ("GetSetDescriptorType", vm.type_object::<o::descr::GetSetDescr>()),
            ("LambdaType", vm.type_object::<o::function::Function>()),
            ("MappingProxyType", vm.type_object::<o::mapping_proxy::MappingProxy>()),
            ("MemberDescriptorType", vm.type_object::<o::descr::MemberDescr>()),
            ("MethodDescriptorType", vm.type_object::<o::descr::MethodDescr>()),
            ("MethodType", vm.type_object::<o::method::Method>()),
            ("MethodWrapperType", vm.type_object::<o::slot_wrapper::MethodWrapper>()),
            ("ModuleType", vm.type_object::<Module>()),
            ("NoneType", vm.type_object::<o::singletons::NoneType>()),
            ("NotImplementedType", vm.type_object::<o::singletons::NotImplementedType>()),
            ("SimpleNamespace", vm.type_object::<o::namespace::Namespace>()),
            ("TracebackType", vm.type_object::<o::traceback::Traceback>()),
            ("UnionType", vm.type_object::<o::union_::Union>()),
            ("WrapperDescriptorType", vm.type_object::<o::slot_wrapper::WrapperDescr>()),
        ] {
            module.set(vm, name, ty.to_value());
        }
        Ok(())
    }
}
