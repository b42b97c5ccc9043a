//! Reads arrays out of the data files at compile time.

macro_rules! loader {
    ($name:ident, $t:ty, $size:literal) => {
        /// The little-endian array that begins at `start`.
        pub(crate) const fn $name<const N: usize>(bytes: &[u8], start: usize) -> [$t; N] {
            let mut out = [0; N];
            let mut index = 0;
            while index < N {
                let mut item = [0; $size];
                let mut byte = 0;
                while byte < $size {
                    item[byte] = bytes[start + index * $size + byte];
                    byte += 1;
                }
                out[index] = <$t>::from_le_bytes(item);
                index += 1;
            }
            out
        }
    };
}
loader!(u8s, u8, 1);
loader!(u16s, u16, 2);
loader!(u32s, u32, 4);
loader!(i32s, i32, 4);
loader!(u64s, u64, 8);

/// Looks `code` up in a two-stage table; past the last code point it answers as for U+10FFFF,
/// which is unassigned.
macro_rules! two_stage {
    ($index:ident, $blocks:ident, $shift:ident, $code:expr) => {{
        let code: u32 = u32::min($code, 0x10_ffff);
        let block = usize::from(crate::layout::$index[(code >> crate::layout::$shift) as usize]);
        let offset = (code & ((1 << crate::layout::$shift) - 1)) as usize;
        usize::from(crate::layout::$blocks[(block << crate::layout::$shift) + offset])
    }};
}
pub(crate) use two_stage;
