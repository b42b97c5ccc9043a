//! Functions of whole numbers: divisors, factorials, binomials.

use adder_bigint::Int;
use adder_vm::objects::int;
use adder_vm::protocol::number;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Value, Vm};

fn made(vm: &Vm, result: Result<Int, adder_bigint::TooLarge>) -> PyResult {
    result.map(int::from_int).map_err(|_| int::no_memory(vm))
}

/// The product of `from..=to`, halved again and again so that factors are of like size.
fn product(from: u64, to: u64) -> Result<Int, adder_bigint::TooLarge> {
    if from > to {
        return Ok(Int::ONE);
    }
    if to - from < 8 {
        let mut all = Int::from(from);
        for i in from + 1..=to {
            all = all.mul(&Int::from(i))?;
        }
        return Ok(all);
    }
    let middle = from + (to - from) / 2;
    product(from, middle)?.mul(&product(middle + 1, to)?)
}

/// `n (n-1) ... (n-k+1)` for any n.
fn falling(n: &Int, k: u64) -> Result<Int, adder_bigint::TooLarge> {
    match n.to_u64() {
        Some(n) if k <= n => product(n - k + 1, n),
        _ => {
            let mut all = Int::ONE;
            for i in 0..k {
                all = all.mul(&n.sub(&Int::from(i)))?;
            }
            Ok(all)
        }
    }
}

pub fn factorial(vm: &Vm, n: &Value) -> PyResult {
    let n = number::to_int(vm, n)?;
    if n.is_negative() {
        return Err(vm.value_error("factorial() not defined for negative values"));
    }
    match n.to_i64() {
        Some(n) => made(vm, product(1, n as u64)),
        None => {
            Err(vm.overflow_error(format!("factorial() argument should not exceed {}", i64::MAX)))
        }
    }
}

/// n and k of `comb` and `perm`, neither negative.
fn pair(vm: &Vm, n: &Value, k: &Value) -> PyResult<(Int, Int)> {
    let (n, k) = (number::to_int(vm, n)?, number::to_int(vm, k)?);
    if n.is_negative() {
        return Err(vm.value_error("n must be a non-negative integer"));
    }
    if k.is_negative() {
        return Err(vm.value_error("k must be a non-negative integer"));
    }
    Ok((n, k))
}

pub fn comb(vm: &Vm, n: &Value, k: &Value) -> PyResult {
    let (n, k) = pair(vm, n, k)?;
    if k > n {
        return Ok(Value::int_unchecked(0));
    }
    let other = n.sub(&k);
    let k = if other < k { other } else { k };
    let Some(k) = k.to_i64() else {
        return Err(vm.overflow_error(format!("min(n - k, k) must not exceed {}", i64::MAX)));
    };
    let quotient = || -> Result<Int, adder_bigint::TooLarge> {
        let (above, below) = (falling(&n, k as u64)?, product(1, k as u64)?);
        Ok(above.floor_div(&below).unwrap_or(Int::ONE))
    };
    made(vm, quotient())
}

pub fn perm(vm: &Vm, n: &Value, k: Option<&Value>) -> PyResult {
    let Some(k) = k else { return factorial(vm, n) };
    let (n, k) = pair(vm, n, k)?;
    if k > n {
        return Ok(Value::int_unchecked(0));
    }
    match k.to_i64() {
        Some(k) => made(vm, falling(&n, k as u64)),
        None => Err(vm.overflow_error(format!("k must not exceed {}", i64::MAX))),
    }
}

pub fn gcd(vm: &Vm, integers: &[Value]) -> PyResult {
    let mut result = Int::ZERO;
    for n in integers {
        let n = number::to_int(vm, n)?;
        int::need_for(vm, &result, &n)?;
        result = result.gcd(&n);
    }
    Ok(int::from_int(result))
}

pub fn lcm(vm: &Vm, integers: &[Value]) -> PyResult {
    let mut result = Int::ONE;
    for n in integers {
        let n = number::to_int(vm, n)?;
        int::need_for(vm, &result, &n)?;
        let divisor = result.gcd(&n);
        result = match n.floor_div(&divisor) {
            Some(part) if !result.is_zero() => {
                result.mul(&part).map_err(|_| int::no_memory(vm))?.abs()
            }
            _ => Int::ZERO,
        };
    }
    Ok(int::from_int(result))
}
