//! Where in the source each instruction comes from: start and end line and column, as today's
//! tracebacks need them for their carets (PEP 657). CPython keeps them in `co_linetable`; level
//! 3.6 has only `lnotab`, so Adder keeps this beside it. The byte form is our own: runs of code
//! units with one position, each a few variable-length numbers, read only when somebody asks.

use crate::code::Bytes;

/// A place in the source. Lines count from 1, columns from 0 in bytes of the UTF-8 line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Position {
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
}

/// The positions of all instructions of a code object.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Positions(Bytes);

impl Positions {
    /// Takes the byte form, as [`Positions::as_bytes`] gave it. Any bytes will do: what cannot
    /// be read is no position.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        Positions(bytes.into())
    }

    /// The byte form.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The position of the instruction at this offset in bytes.
    pub fn at(&self, offset: u32) -> Option<Position> {
        let unit = u64::from(offset / 2);
        let mut end = 0u64;
        for (units, position) in self.runs() {
            end += u64::from(units);
            if unit < end {
                return position;
            }
        }
        None
    }

    /// Runs of code units (two bytes each) with the same position.
    pub fn runs(&self) -> Runs<'_> {
        Runs { bytes: &self.0, line: 0 }
    }
}

/// Iterator over `(code units, position)`; see [`Positions::runs`].
pub struct Runs<'a> {
    bytes: &'a [u8],
    line: i64,
}

impl Runs<'_> {
    fn number(&mut self) -> Option<u32> {
        let mut value = 0u64;
        for shift in (0..35).step_by(7) {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(value).ok();
            }
        }
        None
    }
}

impl Iterator for Runs<'_> {
    type Item = (u32, Option<Position>);

    // A run is: units * 2 + (1 if it has a position); then line step (zigzag), column,
    // number of lines spanned, end column.
    fn next(&mut self) -> Option<Self::Item> {
        let head = self.number()?;
        if head & 1 == 0 {
            return Some((head >> 1, None));
        }
        let step = self.number()?;
        self.line += i64::from(step >> 1) ^ -i64::from(step & 1);
        let line = u32::try_from(self.line).ok()?;
        let column = self.number()?;
        let end_line = line.checked_add(self.number()?)?;
        let end_column = self.number()?;
        Some((head >> 1, Some(Position { line, column, end_line, end_column })))
    }
}

/// Collects positions, run after run of code units; again and again in the same room.
#[derive(Default)]
pub struct PositionsBuilder {
    bytes: Vec<u8>,
    line: u32,
}

/// How long a run is whose numbers are a byte each, as nearly all are.
const SHORT: usize = 5;

impl PositionsBuilder {
    /// Begins with nothing, and with room for about so many runs.
    pub fn begin(&mut self, runs: usize) {
        self.bytes.clear();
        self.bytes.reserve(runs * SHORT);
        self.line = 0;
    }

    /// The next `units` code units have this position; those after them have another.
    #[inline(always)]
    pub fn push_run(&mut self, units: u32, position: Option<Position>) {
        let Some(p) = position else {
            return self.number(units << 1);
        };
        let step = p.line.wrapping_sub(self.line).cast_signed();
        self.line = p.line;
        let step = ((step << 1) ^ (step >> 31)).cast_unsigned();
        let spanned = p.end_line.saturating_sub(p.line);
        let head = units << 1 | 1;
        if head | step | p.column | spanned | p.end_column < 0x80 {
            let run = [head, step, p.column, spanned, p.end_column].map(|number| number as u8);
            return self.bytes.extend_from_slice(&run);
        }
        self.long_run([head, step, p.column, spanned, p.end_column]);
    }

    #[cold]
    fn long_run(&mut self, run: [u32; SHORT]) {
        for number in run {
            self.number(number);
        }
    }

    /// What was collected, in just the room that it takes.
    pub fn finish(&self) -> Positions {
        Positions(self.bytes.clone().into())
    }

    fn number(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let a = Position { line: 10, column: 4, end_line: 12, end_column: 300 };
        let b = Position { line: 3, column: 0, end_line: 3, end_column: 1 };
        let mut builder = PositionsBuilder::default();
        for (units, position) in [(3, Some(a)), (4, None), (1, Some(b))] {
            builder.push_run(units, position);
        }
        let positions = builder.finish();
        assert_eq!(positions.runs().count(), 3);
        let found: Vec<_> = [0, 5, 6, 13, 14, 16].map(|offset| positions.at(offset)).into();
        assert_eq!(found, [Some(a), Some(a), None, None, Some(b), None]);
    }

    #[test]
    fn any_bytes_are_read_without_fault() {
        for bytes in [&[0xff; 9][..], &[3], &[3, 1, 0, 0, 0], &[3, 0x80]] {
            assert_eq!(Positions::from_bytes(bytes.to_vec()).at(0), None);
        }
    }
}
