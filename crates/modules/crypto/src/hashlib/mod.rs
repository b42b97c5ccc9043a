//! `_hashlib`: hashes by name, HMAC and key derivation. CPython's counterpart: `Modules/_hashopenssl.c`,
//! which asks OpenSSL for what `algorithm.rs` has.

mod algorithm;

use crate::hash::prelude::*;
use crate::hash::{feed, hexadecimal, initial};
use adder_modules_core::support::{self, bytes_of};
use adder_vm::object::GilCell;
use adder_vm::objects::builtin_function::BuiltinFunction;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::int;
use adder_vm::objects::mapping_proxy::MappingProxy;
use adder_vm::objects::set::Set;
use adder_vm::objects::type_::{Type, declare};
use adder_vm::protocol::{number, object};
use adder_vm::runtime::errors::Exc;
use algorithm::{Algorithm, Running};

/// A running computation and what it is.
struct Shared {
    algorithm: &'static Algorithm,
    state: Guarded<Box<dyn Running>>,
}

impl Shared {
    fn new(algorithm: &'static Algorithm, state: Box<dyn Running>) -> Shared {
        Shared { algorithm, state: Guarded::new(state) }
    }
    fn copy(&self) -> Shared {
        Shared::new(self.algorithm, self.state.with(|state| state.copy()))
    }
    fn update(&self, vm: &Vm, data: &Value) -> PyResult<()> {
        feed(vm, data, |bytes| self.state.with_mut(|state| state.update(bytes)))
    }
    fn digest(&self, length: usize) -> Vec<u8> {
        self.state.with(|state| state.digest(length))
    }
}

/// A hash is an object used to calculate a checksum of a string of information.
///
/// Methods:
///
/// update() -- updates the current digest with an additional string
/// digest() -- return the current digest value
/// hexdigest() -- return the current digest as a string of hexadecimal digits
/// copy() -- return a copy of the current hash object
///
/// Attributes:
///
/// name -- the hash algorithm being used by this object
/// digest_size -- number of bytes in this hashes output
#[pyclass(name = "_hashlib.HASH", no_new, no_gc)]
pub struct Hash {
    #[notrace]
    shared: Shared,
}

/// A hash is an object used to calculate a checksum of a string of information.
///
/// Methods:
///
/// update() -- updates the current digest with an additional string
/// digest(length) -- return the current digest value
/// hexdigest(length) -- return the current digest as a string of hexadecimal digits
/// copy() -- return a copy of the current hash object
///
/// Attributes:
///
/// name -- the hash algorithm being used by this object
/// digest_size -- number of bytes in this hashes output
#[pyclass(name = "_hashlib.HASHXOF", base = Hash, no_new, no_gc)]
pub struct HashXof {
    #[notrace]
    shared: Shared,
}

/// What a hash of either type holds.
fn shared<'a>(vm: &Vm, value: &'a Value) -> PyResult<&'a Shared> {
    let plain = value.downcast::<Hash>().map(|hash| &hash.shared);
    plain
        .or_else(|| value.downcast::<HashXof>().map(|hash| &hash.shared))
        .ok_or_else(|| vm.type_error("a hash object is required"))
}

fn hash_object(vm: &Vm, shared: Shared) -> Value {
    if shared.algorithm.keyed.is_some() {
        Ref::with_type(Hash { shared }, vm.type_object::<Hash>()).into()
    } else {
        Ref::with_type(HashXof { shared }, vm.type_object::<HashXof>()).into()
    }
}

#[pymethods]
impl Hash {
    #[slot]
    fn repr(zelf: &Value, vm: &Vm) -> PyResult {
        let (name, ty) = (shared(vm, zelf)?.algorithm.name, zelf.ty().name());
        let ty = ty.strip_prefix("_hashlib.").unwrap_or(&ty);
        Ok(vm.str(&format!("<{name} _hashlib.{ty} object @ {:#x}>", object::address(zelf))))
    }
    /// Return a copy of the hash object.
    #[pymethod]
    fn copy(zelf: &Value, vm: &Vm) -> PyResult {
        Ok(hash_object(vm, shared(vm, zelf)?.copy()))
    }
    /// Return the digest value as a bytes object.
    #[pymethod]
    fn digest(zelf: &Obj<Hash>, _vm: &Vm) -> Ref<Bytes> {
        Bytes::from_slice(&zelf.shared.digest(0))
    }
    /// Return the digest value as a string of hexadecimal digits.
    #[pymethod]
    fn hexdigest(zelf: &Obj<Hash>, _vm: &Vm) -> Ref<Str> {
        hexadecimal(&zelf.shared.digest(0))
    }
    /// Update this hash object's state with the provided string.
    #[pymethod(sig = "($self, obj, /)")]
    fn update(zelf: &Value, vm: &Vm, obj: &Value) -> PyResult<()> {
        shared(vm, zelf)?.update(vm, obj)
    }
    #[getter]
    fn digest_size(zelf: &Value, vm: &Vm) -> PyResult<usize> {
        Ok(shared(vm, zelf)?.algorithm.digest_size)
    }
    #[getter]
    fn block_size(zelf: &Value, vm: &Vm) -> PyResult<usize> {
        Ok(shared(vm, zelf)?.algorithm.block_size)
    }
    #[getter]
    fn name(zelf: &Value, vm: &Vm) -> PyResult<&'static str> {
        Ok(shared(vm, zelf)?.algorithm.name)
    }
}

impl HashXof {
    fn squeeze(&self, vm: &Vm, length: &Value) -> PyResult<Vec<u8>> {
        let length = number::index(vm, length)?;
        if int::is_negative(&length) {
            return Err(vm.value_error("value must be positive"));
        }
        let length = int::to_i64_exact(&length).and_then(|n| usize::try_from(n).ok());
        let Some(length) = length else {
            return Err(vm.overflow_error("Python int too large to convert to C ssize_t"));
        };
        // In hexadecimal twice as much, and once more as a string.
        vm.need(length.saturating_mul(5))?;
        Ok(self.shared.digest(length))
    }
}

#[pymethods]
impl HashXof {
    /// Return the digest value as a bytes object.
    #[pymethod(sig = "($self, /, length)")]
    fn digest(zelf: &Obj<HashXof>, vm: &Vm, length: &Value) -> PyResult<Ref<Bytes>> {
        Bytes::copied(vm, &zelf.squeeze(vm, length)?)
    }
    /// Return the digest value as a string of hexadecimal digits.
    #[pymethod(sig = "($self, /, length)")]
    fn hexdigest(zelf: &Obj<HashXof>, vm: &Vm, length: &Value) -> PyResult<Ref<Str>> {
        Ok(hexadecimal(&zelf.squeeze(vm, length)?))
    }
}

/// The object used to calculate HMAC of a message.
///
/// Methods:
///
/// update() -- updates the current digest with an additional string
/// digest() -- return the current digest value
/// hexdigest() -- return the current digest as a string of hexadecimal digits
/// copy() -- return a copy of the current hash object
///
/// Attributes:
///
/// name -- the name, including the hash algorithm used by this object
/// digest_size -- number of bytes in digest() output
#[pyclass(name = "_hashlib.HMAC", no_new, no_gc)]
pub struct Hmac {
    #[notrace]
    shared: Shared,
}

#[pymethods]
impl Hmac {
    #[slot]
    fn repr(zelf: &Obj<Hmac>, vm: &Vm) -> PyResult {
        let (name, at) = (zelf.shared.algorithm.name, object::address(&zelf.to_value()));
        Ok(vm.str(&format!("<{name} HMAC object @ {at:#x}>")))
    }
    /// Return a copy ("clone") of the HMAC object.
    #[pymethod(sig = "($self, /)")]
    fn copy(zelf: &Obj<Hmac>, _vm: &Vm) -> Ref<Hmac> {
        Ref::with_type(Hmac { shared: zelf.shared.copy() }, zelf.ty())
    }
    /// Return the digest of the bytes passed to the update() method so far.
    #[pymethod(sig = "($self, /)")]
    fn digest(zelf: &Obj<Hmac>, _vm: &Vm) -> Ref<Bytes> {
        Bytes::from_slice(&zelf.shared.digest(0))
    }
    /// Return hexadecimal digest of the bytes passed to the update() method so far.
    ///
    /// This may be used to exchange the value safely in email or other non-binary
    /// environments.
    #[pymethod(sig = "($self, /)")]
    fn hexdigest(zelf: &Obj<Hmac>, _vm: &Vm) -> Ref<Str> {
        hexadecimal(&zelf.shared.digest(0))
    }
    /// Update the HMAC object with msg.
    #[pymethod(sig = "($self, /, msg)")]
    fn update(zelf: &Obj<Hmac>, vm: &Vm, msg: &Value) -> PyResult<()> {
        zelf.shared.update(vm, msg)
    }
    #[getter]
    fn digest_size(zelf: &Obj<Hmac>, _vm: &Vm) -> usize {
        zelf.shared.algorithm.digest_size
    }
    #[getter]
    fn block_size(zelf: &Obj<Hmac>, _vm: &Vm) -> usize {
        zelf.shared.algorithm.block_size
    }
    #[getter]
    fn name(zelf: &Obj<Hmac>, _vm: &Vm) -> String {
        format!("hmac-{}", zelf.shared.algorithm.name)
    }
}

static UNSUPPORTED: GilCell<Option<Value>> = GilCell::new(None);

/// The class `UnsupportedDigestmodError`.
fn unsupported_type(vm: &Vm) -> Value {
    if let Some(known) = UNSUPPORTED.with(|ty| ty.clone()) {
        return known;
    }
    let base = vm.exception_type("ValueError");
    let made = declare::exception_subclass(vm, "UnsupportedDigestmodError", "_hashlib", &[base]);
    UNSUPPORTED.with(|ty| ty.get_or_insert(made).clone())
}

fn unsupported(vm: &Vm, message: String) -> Exc {
    match unsupported_type(vm).downcast::<Type>() {
        Some(ty) => vm.exception(ty, message),
        None => vm.value_error(message),
    }
}

fn by_name(vm: &Vm, name: &str) -> PyResult<&'static Algorithm> {
    algorithm::find(name)
        .ok_or_else(|| unsupported(vm, "[digital envelope routines] unsupported".to_owned()))
}

/// A hash object that has been given its first data.
fn begin(vm: &Vm, name: &str, data: Option<Value>, string: Option<Value>) -> PyResult {
    let algorithm = by_name(vm, name)?;
    let shared = Shared::new(algorithm, (algorithm.start)());
    if let Some(data) = initial(vm, data, string)? {
        shared.update(vm, &data)?;
    }
    Ok(hash_object(vm, shared))
}

/// The algorithm that a name or a function of this module stands for.
fn by_digestmod(vm: &Vm, digestmod: &Value) -> PyResult<&'static Algorithm> {
    if let Some(name) = digestmod.downcast::<Str>() {
        return by_name(vm, &name.to_string_lossy());
    }
    let function = digestmod.downcast::<BuiltinFunction>();
    let constructor = function.and_then(|f| f.name().strip_prefix("openssl_"));
    match constructor.and_then(algorithm::find) {
        Some(algorithm) => Ok(algorithm),
        None => {
            let shown = object::repr(vm, digestmod)?;
            Err(unsupported(vm, format!("Unsupported digestmod {shown}")))
        }
    }
}

/// What a keyed use of an algorithm of variable length is told.
fn no_reason(vm: &Vm) -> Exc {
    vm.value_error("no reason supplied")
}

fn keyed(vm: &Vm, key: &Value, algorithm: &'static Algorithm) -> PyResult<Shared> {
    let key = bytes_of(vm, key)?;
    let start = algorithm.keyed.as_ref().ok_or_else(|| no_reason(vm))?.start;
    Ok(Shared::new(algorithm, start(&key).ok_or_else(|| no_reason(vm))?))
}

/// A number of a key derivation, in C's `long`.
fn long(vm: &Vm, value: &Value) -> PyResult<i64> {
    let value = number::index(vm, value)?;
    int::to_i64_exact(&value)
        .ok_or_else(|| vm.overflow_error("Python int too large to convert to C long"))
}

const INT_MAX: i64 = i32::MAX as i64;

/// `EVP_PBE_scrypt`'s limit where none is given.
const SCRYPT_MEMORY: u64 = 32 << 20;

/// A parameter of `scrypt`.
fn scrypt_number(vm: &Vm, value: Option<&Value>, name: &str) -> PyResult<u64> {
    let wrong = || vm.type_error(format!("{name} is required and must be an unsigned int"));
    let value = value.ok_or_else(wrong)?;
    if !int::is_int(value) {
        let got = value.ty().name();
        return Err(vm.type_error(format!("scrypt() argument '{name}' must be int, not {got}")));
    }
    number::to_i128(vm, value)?.and_then(|n| u64::try_from(n).ok()).ok_or_else(wrong)
}

/// OpenSSL interface for hashlib module
#[pymodule(name = "_hashlib")]
pub mod hashlib {
    use super::*;

    /// Return a new hash object using the named algorithm.
    ///
    /// An optional string argument may be provided and will be
    /// automatically hashed.
    ///
    /// The MD5 and SHA1 algorithms are always supported.
    #[pyfunction(sig = "($module, /, name, data=b'', *, usedforsecurity=True, string=None)")]
    fn new(
        vm: &Vm,
        name: &Value,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        let name = name.downcast::<Str>().map(|name| name.to_string_lossy());
        let Some(name) = name.filter(|name| !name.contains('\0')) else {
            return Err(vm.type_error("name must be a string"));
        };
        begin(vm, &name, data, string)
    }
    /// Returns a md5 hash object; optionally initialized with a string
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_md5(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        begin(vm, "md5", data, string)
    }
    /// Returns a sha1 hash object; optionally initialized with a string
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha1(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        begin(vm, "sha1", data, string)
    }
    /// Returns a sha224 hash object; optionally initialized with a string
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha224(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        begin(vm, "sha224", data, string)
    }
    /// Returns a sha256 hash object; optionally initialized with a string
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha256(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        begin(vm, "sha256", data, string)
    }
    /// Returns a sha384 hash object; optionally initialized with a string
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha384(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        begin(vm, "sha384", data, string)
    }
    /// Returns a sha512 hash object; optionally initialized with a string
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha512(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        begin(vm, "sha512", data, string)
    }
    /// Returns a sha3-224 hash object; optionally initialized with a string
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha3_224(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        begin(vm, "sha3_224", data, string)
    }
    /// Returns a sha3-256 hash object; optionally initialized with a string
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha3_256(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        begin(vm, "sha3_256", data, string)
    }
    /// Returns a sha3-384 hash object; optionally initialized with a string
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha3_384(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        begin(vm, "sha3_384", data, string)
    }
    /// Returns a sha3-512 hash object; optionally initialized with a string
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha3_512(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        begin(vm, "sha3_512", data, string)
    }
    /// Returns a shake-128 variable hash object; optionally initialized with a string
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_shake_128(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        begin(vm, "shake_128", data, string)
    }
    /// Returns a shake-256 variable hash object; optionally initialized with a string
    #[pyfunction(sig = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_shake_256(
        vm: &Vm,
        data: Option<Value>,
        _usedforsecurity: Option<bool>,
        string: Option<Value>,
    ) -> PyResult {
        begin(vm, "shake_256", data, string)
    }
    /// Return a new hmac object.
    #[pyfunction(sig = "($module, /, key, msg=b'', digestmod=None)")]
    fn hmac_new(
        vm: &Vm,
        key: &Value,
        msg: Option<&Value>,
        digestmod: Option<&Value>,
    ) -> PyResult<Ref<Hmac>> {
        let Some(digestmod) = digestmod else {
            return Err(vm.type_error("Missing required parameter 'digestmod'."));
        };
        let shared = keyed(vm, key, by_digestmod(vm, digestmod)?)?;
        if let Some(msg) = msg.filter(|msg| !msg.is_none()) {
            shared.update(vm, msg)?;
        }
        Ok(Ref::with_type(Hmac { shared }, vm.type_object::<Hmac>()))
    }
    /// Single-shot HMAC.
    #[pyfunction(sig = "($module, /, key, msg, digest)")]
    fn hmac_digest(vm: &Vm, key: &Value, msg: &Value, digest: &Value) -> PyResult<Ref<Bytes>> {
        let msg = bytes_of(vm, msg)?;
        let shared = keyed(vm, key, by_digestmod(vm, digest)?)?;
        shared.state.with_mut(|state| state.update(&msg));
        Bytes::copied(vm, &shared.digest(0))
    }
    /// Password based key derivation function 2 (PKCS #5 v2.0) with HMAC as pseudorandom function.
    #[pyfunction(sig = "($module, /, hash_name, password, salt, iterations, dklen=None)")]
    fn pbkdf2_hmac(
        vm: &Vm,
        hash_name: &Obj<Str>,
        password: &Value,
        salt: &Value,
        iterations: &Value,
        dklen: Option<&Value>,
    ) -> PyResult<Ref<Bytes>> {
        let (password, salt) = (bytes_of(vm, password)?.to_vec(), bytes_of(vm, salt)?.to_vec());
        let iterations = long(vm, iterations)?;
        let algorithm = by_name(vm, &hash_name.to_string_lossy())?;
        if iterations < 1 {
            return Err(vm.value_error("iteration value must be greater than 0."));
        }
        if iterations > INT_MAX {
            return Err(vm.overflow_error("iteration value is too great."));
        }
        let derive = algorithm.keyed.as_ref().ok_or_else(|| no_reason(vm))?.derive;
        let length = match dklen.filter(|n| !n.is_none()) {
            Some(length) => long(vm, length)?,
            None => algorithm.digest_size as i64,
        };
        if length < 1 {
            return Err(vm.value_error("key length must be greater than 0."));
        }
        if length > INT_MAX {
            return Err(vm.overflow_error("key length is too great."));
        }
        vm.need(length as usize)?;
        let mut key = vec![0; length as usize];
        vm.without_lock(|| derive(&password, &salt, iterations as u32, &mut key))
            .map_err(|_| no_reason(vm))?;
        Bytes::copied(vm, &key)
    }
    /// scrypt password-based key derivation function.
    #[pyfunction(
        sig = "($module, /, password, *, salt=None, n=None, r=None, p=None, maxmem=0, dklen=64)"
    )]
    fn scrypt(
        vm: &Vm,
        password: &Value,
        salt: Option<&Value>,
        n: Option<&Value>,
        r: Option<&Value>,
        p: Option<&Value>,
        maxmem: Option<&Value>,
        dklen: Option<&Value>,
    ) -> PyResult<Ref<Bytes>> {
        let password = bytes_of(vm, password)?.to_vec();
        let Some(salt) = salt else { return Err(vm.type_error("salt is required")) };
        let salt = bytes_of(vm, salt)?.to_vec();
        let n = scrypt_number(vm, n, "n")?;
        if n < 2 || !n.is_power_of_two() {
            return Err(vm.value_error("n must be a power of 2."));
        }
        let (r, p) = (scrypt_number(vm, r, "r")?, scrypt_number(vm, p, "p")?);
        let maxmem = maxmem.map_or(Ok(0), |n| long(vm, n))?;
        if !(0..=INT_MAX).contains(&maxmem) {
            let message = format!("maxmem must be positive and smaller than {INT_MAX}");
            return Err(vm.value_error(message));
        }
        let length = dklen.map_or(Ok(64), |n| long(vm, n))?;
        if !(1..=INT_MAX).contains(&length) {
            let message = format!("dklen must be greater than 0 and smaller than {INT_MAX}");
            return Err(vm.value_error(message));
        }
        let invalid = || vm.value_error("Invalid parameter combination for n, r, p, maxmem.");
        let limit = if maxmem == 0 { SCRYPT_MEMORY } else { maxmem as u64 };
        if r == 0 || p == 0 {
            return Err(invalid());
        }
        // RFC 7914: p * r < 2^30, N < 2^(128 * r / 8).
        let whole = r.checked_mul(p).filter(|rp| *rp < 1 << 30 && (r > 3 || n >> (16 * r) == 0));
        // The two areas the algorithm works in.
        let whole =
            whole.and_then(|rp| n.checked_add(2)?.checked_mul(128 * r)?.checked_add(128 * rp));
        let Some(whole) = whole.filter(|bytes| *bytes <= limit) else {
            return Err(vm.value_error("[digital envelope routines] memory limit exceeded"));
        };
        vm.need(whole as usize)?;
        vm.need(length as usize)?;
        let parameters = ::scrypt::Params::new(n.ilog2() as u8, r as u32, p as u32);
        let parameters = parameters.map_err(|_| invalid())?;
        let mut key = vec![0; length as usize];
        vm.without_lock(|| ::scrypt::scrypt(&password, &salt, &parameters, &mut key))
            .map_err(|_| invalid())?;
        Bytes::copied(vm, &key)
    }
    /// Determine the OpenSSL FIPS mode of operation.
    ///
    /// For OpenSSL 3.0.0 and newer it returns the state of the default provider
    /// in the default OSSL context. It's not quite the same as FIPS_mode() but good
    /// enough for unittests.
    ///
    /// Effectively any non-zero return value indicates FIPS mode;
    /// values other than 1 may have additional significance.
    #[pyfunction]
    fn get_fips_mode(_vm: &Vm) -> i64 {
        0
    }
    /// Return 'a == b'.
    ///
    /// This function uses an approach designed to prevent
    /// timing analysis, making it appropriate for cryptography.
    ///
    /// a and b must both be of the same type: either str (ASCII only),
    /// or any bytes-like object.
    ///
    /// Note: If a and b are of different lengths, or if an error occurs,
    /// a timing attack could theoretically reveal information about the
    /// types and lengths of a and b--but not their values.
    #[pyfunction]
    fn compare_digest(vm: &Vm, a: &Value, b: &Value) -> PyResult<bool> {
        support::compare_digest(vm, a, b)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<Hash>());
        module.add_type(vm, vm.type_object::<HashXof>());
        module.add_type(vm, vm.type_object::<Hmac>());
        module.set(vm, "UnsupportedDigestmodError", unsupported_type(vm));
        let names: Vec<Value> = algorithm::names().map(|name| vm.str(name)).collect();
        module.set(vm, "openssl_md_meth_names", Set::frozen_from(vm, &names));
        let constructors = Dict::new_ref();
        for (name, value) in module.dict().items_vec() {
            let name = name.downcast::<Str>().map(|s| s.to_string_lossy()).unwrap_or_default();
            if let Some(name) = name
                .strip_prefix("openssl_")
                .filter(|_| value.downcast::<BuiltinFunction>().is_some())
            {
                constructors.insert(vm, &value, vm.str(name))?;
            }
        }
        module.set(vm, "_constructors", MappingProxy::new_value(constructors.into()));
        Ok(())
    }
}
