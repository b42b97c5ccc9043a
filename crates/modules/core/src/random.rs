//! `_random`: the Mersenne Twister MT19937 (M. Matsumoto, T. Nishimura, 1998), seeded and read as
//! CPython does, so that equal seeds give equal numbers. CPython's counterpart:
//! `Modules/_randommodule.c`.

use crate::support::no_keywords;
use adder_bigint::Int;
use adder_derive::{pyclass, pymethods, pymodule};
use adder_vm::object::Guarded;
use adder_vm::objects::int;
use adder_vm::objects::module::Module;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// Words of state, and how far apart the recurrence reaches.
const N: usize = 624;
const M: usize = 397;

struct Twister {
    state: [u32; N],
    /// The next word to hand out; `N` when new ones are due.
    next: usize,
}

impl Default for Twister {
    fn default() -> Self {
        Twister { state: [0; N], next: N }
    }
}

impl Twister {
    /// Fills the state from one word.
    fn seed_word(&mut self, seed: u32) {
        let mut last = seed;
        self.state[0] = seed;
        for (i, place) in self.state.iter_mut().enumerate().skip(1) {
            last = (last ^ (last >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
            *place = last;
        }
        self.next = N;
    }

    /// Fills the state from any number of words.
    fn seed(&mut self, key: &[u32]) {
        self.seed_word(19_650_218);
        let mut i = 1;
        let mixed = |s: &[u32; N], i: usize| s[i - 1] ^ (s[i - 1] >> 30);
        for k in 0..N.max(key.len()) {
            let j = k % key.len();
            let mix = mixed(&self.state, i).wrapping_mul(1_664_525);
            self.state[i] = (self.state[i] ^ mix).wrapping_add(key[j]).wrapping_add(j as u32);
            i = self.after(i);
        }
        for _ in 1..N {
            let mix = mixed(&self.state, i).wrapping_mul(1_566_083_941);
            self.state[i] = (self.state[i] ^ mix).wrapping_sub(i as u32);
            i = self.after(i);
        }
        self.state[0] = 0x8000_0000;
    }

    /// The place after `i`, going round without place 0, which takes the last word instead.
    fn after(&mut self, i: usize) -> usize {
        if i + 1 < N {
            return i + 1;
        }
        self.state[0] = self.state[N - 1];
        1
    }

    #[cold]
    fn twist(&mut self) {
        for i in 0..N {
            let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + M) % N] ^ (joined >> 1) ^ odd;
        }
        self.next = 0;
    }

    #[inline]
    fn word(&mut self) -> u32 {
        if self.next >= N {
            self.twist();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// A float in [0, 1) with all its 53 bits random.
    #[inline]
    fn float(&mut self) -> f64 {
        let (high, low) = (self.word() >> 5, self.word() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    fn bits(&mut self, mut count: u64) -> Vec<u32> {
        let mut words = Vec::with_capacity(count.div_ceil(32) as usize);
        while count > 0 {
            let unused = 32_u64.saturating_sub(count);
            words.push(self.word() >> unused);
            count = count.saturating_sub(32);
        }
        words
    }
}

/// The words of a seed, lowest first.
fn seed_words(vm: &Vm, seed: &Value) -> PyResult<Vec<u32>> {
    let magnitude = if int::is_int(seed) {
        int::to_int(&number::absolute(vm, seed)?)
    } else {
        Int::from(object::hash(vm, seed)? as u64)
    };
    let mut words: Vec<u32> =
        magnitude.words().iter().flat_map(|w| [*w as u32, (*w >> 32) as u32]).collect();
    while words.len() > 1 && words.last() == Some(&0) {
        words.pop();
    }
    if words.is_empty() {
        words.push(0);
    }
    Ok(words)
}

/// Random() -> create a random number generator with its own internal state.
#[pyclass(name = "_random.Random", base_type, no_gc)]
pub struct Random {
    twister: Guarded<Twister>,
}

impl Random {
    fn seed_from(&self, vm: &Vm, seed: Option<&Value>) -> PyResult<()> {
        let words = match seed.filter(|s| !s.is_none()) {
            Some(seed) => seed_words(vm, seed)?,
            None => {
                let mut bytes = [0; N * 4];
                adder_vm::runtime::random::fill(&mut bytes);
                bytes
                    .chunks_exact(4)
                    .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                    .collect()
            }
        };
        self.twister.with_mut(|t| t.seed(&words));
        Ok(())
    }
}

#[pymethods]
impl Random {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(Random { twister: Guarded::default() }, ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<Random>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        no_keywords(vm, "Random", args)?;
        match args.args() {
            [] => zelf.seed_from(vm, None),
            [seed] => zelf.seed_from(vm, Some(seed)),
            more => {
                Err(vm.type_error(format!("Random() requires 0 or 1 argument, got {}", more.len())))
            }
        }
    }
    /// random() -> x in the interval [0, 1).
    #[pymethod]
    fn random(zelf: &Obj<Random>, _vm: &Vm) -> f64 {
        zelf.twister.with_mut(Twister::float)
    }
    /// seed([n]) -> None.
    ///
    /// Defaults to use urandom and falls back to a combination
    /// of the current time and the process identifier.
    #[pymethod(sig = "($self, n=None, /)")]
    fn seed(zelf: &Obj<Random>, vm: &Vm, n: Option<&Value>) -> PyResult<()> {
        zelf.seed_from(vm, n)
    }
    /// getrandbits(k) -> x.  Generates an int with k random bits.
    #[pymethod]
    fn getrandbits(zelf: &Obj<Random>, vm: &Vm, k: &Value) -> PyResult {
        let count = number::index(vm, k)?;
        if int::is_negative(&count) {
            return Err(vm.value_error("Cannot convert negative int"));
        }
        let Some(count) = int::to_int(&count).to_u64() else {
            return Err(vm.overflow_error("Python int too large to convert to C unsigned long"));
        };
        if count <= 32 {
            let word =
                if count == 0 { 0 } else { zelf.twister.with_mut(|t| t.word()) >> (32 - count) };
            return Ok(Value::int_unchecked(i64::from(word)));
        }
        if adder_bigint::check_bits(count).is_err() {
            return Err(int::no_memory(vm));
        }
        // They are copied twice, into words and into the number.
        vm.need(usize::try_from(count / 8 * 3).unwrap_or(usize::MAX))?;
        let words = zelf.twister.with_mut(|t| t.bits(count));
        let join = |pair: &[u32]| {
            let high = pair.get(1).copied().unwrap_or(0);
            u64::from(pair[0]) | u64::from(high) << 32
        };
        let words: Vec<u64> = words.chunks(2).map(join).collect();
        Ok(int::from_int(Int::from_sign_words(false, &words)))
    }
    /// getstate() -> tuple containing the current state.
    #[pymethod]
    fn getstate(zelf: &Obj<Random>, _vm: &Vm) -> Ref<Tuple> {
        let (state, next) = zelf.twister.with(|t| (t.state, t.next));
        let mut items: Vec<Value> =
            state.iter().map(|w| Value::int_unchecked(i64::from(*w))).collect();
        items.push(Value::int_unchecked(next as i64));
        Tuple::from_vec(items)
    }
    /// setstate(state) -> None.  Restores generator state.
    #[pymethod]
    fn setstate(zelf: &Obj<Random>, vm: &Vm, state: &Value) -> PyResult<()> {
        let Some(items) = state.downcast::<Tuple>() else {
            return Err(vm.type_error("state vector must be a tuple"));
        };
        let [words @ .., next] = items.items() else {
            return Err(vm.value_error("state vector is the wrong size"));
        };
        if words.len() != N {
            return Err(vm.value_error("state vector is the wrong size"));
        }
        let mut twister = Twister::default();
        for (place, word) in twister.state.iter_mut().zip(words) {
            let word = number::to_i128(vm, word)?;
            let Some(word) = word.and_then(|w| u64::try_from(w).ok()) else {
                return Err(vm.overflow_error("can't convert negative value to unsigned int"));
            };
            *place = word as u32;
        }
        match usize::try_from(number::to_ssize(vm, next)?) {
            Ok(next) if next <= N => twister.next = next,
            _ => return Err(vm.value_error("invalid state")),
        }
        zelf.twister.replace(twister);
        Ok(())
    }
}

/// Module implements the Mersenne Twister random number generator.
#[pymodule(name = "_random")]
pub mod random {
    use super::*;

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<Random>());
        Ok(())
    }
}
