//! Functions of whole numbers: divisors, factorials, binomials.

use adder_bigint::{Int, room};
use adder_vm::objects::int;
use adder_vm::protocol::number;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Value, Vm};

/// The product of `from..=to`, halved again and again so that factors are of like size.
fn product(vm: &Vm, from: u64, to: u64) -> PyResult<Int> {
    if from > to {
        return Ok(Int::ONE);
    }
    if to - from < 8 {
        let mut all = Int::from(from);
        for i in from + 1..=to {
            all = int::multiply(vm, &all, &Int::from(i))?;
        }
        return Ok(all);
    }
    let middle = from + (to - from) / 2;
    int::multiply(vm, &product(vm, from, middle)?, &product(vm, middle + 1, to)?)
}

/// `n (n-1) ... (n-k+1)` for any n.
fn falling(vm: &Vm, n: &Int, k: u64) -> PyResult<Int> {
    match n.to_u64() {
        Some(n) if k <= n => product(vm, n - k + 1, n),
        _ => {
            let mut all = Int::ONE;
            for i in 0..k {
                all = int::multiply(vm, &all, &n.sub(&Int::from(i)))?;
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
        Some(n) => product(vm, 1, n as u64).map(int::from_int),
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
    let (above, below) = (falling(vm, &n, k as u64)?, product(vm, 1, k as u64)?);
    vm.need(room::quotient(&above, &below))?;
    Ok(int::from_int(above.floor_div(&below).unwrap_or(Int::ONE)))
}

pub fn perm(vm: &Vm, n: &Value, k: Option<&Value>) -> PyResult {
    let Some(k) = k else { return factorial(vm, n) };
    let (n, k) = pair(vm, n, k)?;
    if k > n {
        return Ok(Value::int_unchecked(0));
    }
    match k.to_i64() {
        Some(k) => falling(vm, &n, k as u64).map(int::from_int),
        None => Err(vm.overflow_error(format!("k must not exceed {}", i64::MAX))),
    }
}

pub fn gcd(vm: &Vm, integers: &[Value]) -> PyResult {
    let mut result = Int::ZERO;
    for n in integers {
        let n = number::to_int(vm, n)?;
        vm.need(room::divisor(&result, &n))?;
        result = result.gcd(&n);
    }
    Ok(int::from_int(result))
}

pub fn lcm(vm: &Vm, integers: &[Value]) -> PyResult {
    let mut result = Int::ONE;
    for n in integers {
        let n = number::to_int(vm, n)?;
        vm.need(room::divisor(&result, &n))?;
        let divisor = result.gcd(&n);
        vm.need(room::quotient(&n, &divisor))?;
        result = match n.floor_div(&divisor) {
            Some(part) if !result.is_zero() => int::multiply(vm, &result, &part)?.abs(),
            _ => Int::ZERO,
        };
    }
    Ok(int::from_int(result))
}
