//! The algorithms by name: what OpenSSL's `EVP_MD` is to CPython's `_hashlib`.

use ::md5::Md5;
use ::sha1::Sha1;
use ::sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use ::sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};
use ::shake::{ExtendableOutput, Shake128, Shake256, XofReader};
use hmac::digest::block_api::EagerHash;
use hmac::digest::common::BlockSizeUser;
use hmac::digest::typenum::{U32, U36, U64, U128, Unsigned};
use hmac::digest::{
    Digest, FixedOutput, HashMarker, KeyInit, Output, OutputSizeUser, Update, common::InvalidLength,
};
use hmac::{Hmac, SimpleHmac};
use ripemd::Ripemd160;
use sm3::Sm3;

/// A computation that has begun.
pub trait Running: Send {
    fn update(&mut self, bytes: &[u8]);
    /// The digest of what has been fed so far; how long it is only those of variable length ask.
    fn digest(&self, length: usize) -> Vec<u8>;
    fn copy(&self) -> Box<dyn Running>;
}

type Derive = fn(&[u8], &[u8], u32, &mut [u8]) -> Result<(), InvalidLength>;

/// What can be done with an algorithm of fixed length as a keyed one.
pub struct Keyed {
    pub start: fn(&[u8]) -> Option<Box<dyn Running>>,
    /// PBKDF2: password, salt, rounds, place of the key.
    pub derive: Derive,
}

pub struct Algorithm {
    /// As Python calls it.
    pub name: &'static str,
    /// Other names, in small letters.
    others: &'static [&'static str],
    /// 0 if it is variable.
    pub digest_size: usize,
    pub block_size: usize,
    pub start: fn() -> Box<dyn Running>,
    pub keyed: Option<Keyed>,
}

/// The algorithm of a name.
pub fn find(name: &str) -> Option<&'static Algorithm> {
    let name = name.to_ascii_lowercase();
    ALGORITHMS.iter().find(|one| one.name == name || one.others.contains(&&*name))
}

/// The names of all algorithms.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALGORITHMS.iter().map(|one| one.name)
}

/// Of fixed length.
#[derive(Clone)]
struct Plain<D>(D);

impl<D: Update + FixedOutput + Clone + Send + 'static> Running for Plain<D> {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    fn digest(&self, _length: usize) -> Vec<u8> {
        self.0.clone().finalize_fixed().to_vec()
    }
    fn copy(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }
}

/// As long as one asks for.
#[derive(Clone)]
struct Variable<X>(X);

impl<X: Update + ExtendableOutput + Clone + Send + 'static> Running for Variable<X> {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    fn digest(&self, length: usize) -> Vec<u8> {
        let mut out = vec![0; length];
        self.0.clone().finalize_xof().read(&mut out);
        out
    }
    fn copy(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }
}

fn start<D: Default + Update + FixedOutput + Clone + Send + 'static>() -> Box<dyn Running> {
    Box::new(Plain(D::default()))
}

fn start_variable<X: Default + Update + ExtendableOutput + Clone + Send + 'static>()
-> Box<dyn Running> {
    Box::new(Variable(X::default()))
}

fn start_keyed<M: KeyInit + Update + FixedOutput + Clone + Send + 'static>(
    key: &[u8],
) -> Option<Box<dyn Running>> {
    Some(Box::new(Plain(M::new_from_slice(key).ok()?)))
}

/// Algorithms whose blocks go straight in (`HMAC` keeps the state after its key), and those whose
/// implementations do not let it.
const fn eager<D>(name: &'static str, others: &'static [&'static str]) -> Algorithm
where
    D: EagerHash + Digest + FixedOutput + Update + Default + Clone + Send + 'static,
    Hmac<D>: KeyInit + Update + FixedOutput + Clone + Send + 'static,
{
    let keyed = Keyed { start: start_keyed::<Hmac<D>>, derive: pbkdf2::pbkdf2::<Hmac<D>> };
    Algorithm {
        name,
        others,
        digest_size: <D as OutputSizeUser>::OutputSize::USIZE,
        block_size: <D as BlockSizeUser>::BlockSize::USIZE,
        start: start::<D>,
        keyed: Some(keyed),
    }
}

const fn lazy<D>(name: &'static str, others: &'static [&'static str]) -> Algorithm
where
    D: Digest + BlockSizeUser + FixedOutput + Update + Default + Clone + Send + 'static,
{
    let keyed =
        Keyed { start: start_keyed::<SimpleHmac<D>>, derive: pbkdf2::pbkdf2::<SimpleHmac<D>> };
    Algorithm {
        name,
        others,
        digest_size: <D as OutputSizeUser>::OutputSize::USIZE,
        block_size: <D as BlockSizeUser>::BlockSize::USIZE,
        start: start::<D>,
        keyed: Some(keyed),
    }
}

const fn variable<X>(
    name: &'static str,
    others: &'static [&'static str],
    block_size: usize,
) -> Algorithm
where
    X: Default + Update + ExtendableOutput + Clone + Send + 'static,
{
    Algorithm { name, others, digest_size: 0, block_size, start: start_variable::<X>, keyed: None }
}

static ALGORITHMS: [Algorithm; 19] = [
    eager::<Md5>("md5", &["ssl3-md5"]),
    eager::<Sha1>("sha1", &["sha-1", "ssl3-sha1"]),
    eager::<Sha224>("sha224", &["sha-224", "sha2-224"]),
    eager::<Sha256>("sha256", &["sha-256", "sha2-256"]),
    eager::<Sha384>("sha384", &["sha-384", "sha2-384"]),
    eager::<Sha512>("sha512", &["sha-512", "sha2-512"]),
    eager::<Sha512_224>("sha512_224", &["sha512-224", "sha-512/224", "sha2-512/224"]),
    eager::<Sha512_256>("sha512_256", &["sha512-256", "sha-512/256", "sha2-512/256"]),
    lazy::<Sha3_224>("sha3_224", &["sha3-224"]),
    lazy::<Sha3_256>("sha3_256", &["sha3-256"]),
    lazy::<Sha3_384>("sha3_384", &["sha3-384"]),
    lazy::<Sha3_512>("sha3_512", &["sha3-512"]),
    variable::<Shake128>("shake_128", &["shake128", "shake-128"], 168),
    variable::<Shake256>("shake_256", &["shake256", "shake-256"], 136),
    lazy::<Blake2b512>("blake2b", &["blake2b512", "blake2b-512"]),
    lazy::<Blake2s256>("blake2s", &["blake2s256", "blake2s-256"]),
    lazy::<Md5Sha1>("md5-sha1", &[]),
    eager::<Ripemd160>("ripemd160", &["ripemd-160", "ripemd", "rmd160"]),
    eager::<Sm3>("sm3", &[]),
];

/// Gives an algorithm the traits of the others.
macro_rules! algorithm {
    ($name:ident, $digest:ty, $block:ty, |$state:ident, $bytes:ident| $update:expr,
     |$done:ident, $out:ident| $finish:expr) => {
        impl HashMarker for $name {}
        impl OutputSizeUser for $name {
            type OutputSize = $digest;
        }
        impl BlockSizeUser for $name {
            type BlockSize = $block;
        }
        impl Update for $name {
            fn update(&mut self, $bytes: &[u8]) {
                let $state = self;
                $update;
            }
        }
        impl FixedOutput for $name {
            fn finalize_into(self, $out: &mut Output<$name>) {
                let $done = self;
                $finish;
            }
        }
    };
}

#[derive(Clone)]
struct Blake2b512(blake2b_simd::State);

impl Default for Blake2b512 {
    fn default() -> Self {
        Blake2b512(blake2b_simd::State::new())
    }
}

algorithm!(Blake2b512, U64, U128, |state, bytes| state.0.update(bytes), |state, out| out
    .copy_from_slice(state.0.finalize().as_bytes()));

#[derive(Clone)]
struct Blake2s256(blake2s_simd::State);

impl Default for Blake2s256 {
    fn default() -> Self {
        Blake2s256(blake2s_simd::State::new())
    }
}

algorithm!(Blake2s256, U32, U64, |state, bytes| state.0.update(bytes), |state, out| out
    .copy_from_slice(state.0.finalize().as_bytes()));

/// Both, one after the other, as old TLS wanted it.
#[derive(Clone, Default)]
struct Md5Sha1(Md5, Sha1);

algorithm!(
    Md5Sha1,
    U36,
    U64,
    |state, bytes| {
        Update::update(&mut state.0, bytes);
        Update::update(&mut state.1, bytes)
    },
    |state, out| {
        let (first, second) = out.split_at_mut(16);
        first.copy_from_slice(&state.0.finalize_fixed());
        second.copy_from_slice(&state.1.finalize_fixed())
    }
);
