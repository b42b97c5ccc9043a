//! Random bytes from the operating system.

#![expect(unsafe_code, reason = "calls getrandom(2)")]

/// Fills a buffer. If the system has none to give (it cannot fail for small requests once booted),
/// the rest keeps what the address space's randomisation and the clock give.
pub fn fill(buffer: &mut [u8]) {
    let mut done = 0;
    while done < buffer.len() {
        let rest = &mut buffer[done..];
        // SAFETY: the pointer and length are those of a live buffer.
        let n = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match usize::try_from(n) {
            Ok(n) if n > 0 => done += n,
            _ => {
                let now = std::time::SystemTime::now()
                    .duration_since(std::time::UNIX_EPOCH)
                    .map_or(0, |d| d.as_nanos() as u64);
                let mut state = now ^ std::ptr::from_ref(&rest) as u64;
                for byte in rest {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    *byte = (state >> 56) as u8;
                }
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_buffer_is_filled_to_its_end_and_no_further() {
        for size in [0, 1, 7, 256, 5000] {
            let mut bytes = vec![0; size + 2];
            let mut seen = vec![false; size];
            // A zero is as likely as any other byte: not in each of so many goes.
            for _ in 0..50 {
                super::fill(&mut bytes[1..=size]);
                seen.iter_mut().zip(&bytes[1..]).for_each(|(seen, byte)| *seen |= *byte != 0);
            }
            assert!(seen.iter().all(|seen| *seen) && bytes[0] == 0 && bytes[size + 1] == 0);
        }
    }
}
