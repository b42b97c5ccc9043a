//! Where matches are tried: matching at a place, searching, and stepping through all matches.
//!
//! Answers to `SRE(search)` and to the loops in `Modules/_sre/sre.c` over `must_advance`.

use crate::exec::{Goal, Machine, Poll, span};
use crate::program::{Greed, Program, Start};
use crate::unit::Unit;
use crate::{Captures, Interrupt, Pattern};

/// Matches one pattern against one text, as often as asked.
///
/// Positions count characters of the text. What lies beyond `endpos` does not exist; what lies
/// before `pos` is seen by lookbehind and boundaries, and `^` is true at 0 only.
pub struct Matcher<'a, U: Unit> {
    program: &'a Program,
    text: &'a [U],
    machine: Machine,
    /// Where the next match may begin; `None` after a failure.
    next: Option<usize>,
    /// The next match must not be empty at `next`, because the last one was, there.
    must_advance: bool,
    found: Option<(usize, usize)>,
    /// The next place of the required string, from wherever it was last looked for.
    required_at: Option<usize>,
}

impl<'a, U: Unit> Matcher<'a, U> {
    /// `pos` and `endpos` are cut to the text's length.
    pub fn new(pattern: &'a Pattern, text: &'a [U], pos: usize, endpos: usize) -> Self {
        let pos = pos.min(text.len());
        let text = &text[..endpos.min(text.len())];
        Matcher {
            program: &pattern.program,
            text,
            machine: Machine::default(),
            next: Some(pos),
            must_advance: false,
            found: None,
            required_at: None,
        }
    }

    /// Goes on as if the last match had ended at the start position, and had been empty there if
    /// `after_empty`. For callers that keep no matcher between matches.
    pub fn resume(mut self, after_empty: bool) -> Self {
        self.must_advance = after_empty;
        self
    }

    /// `Pattern.match`: at the start position only.
    pub fn match_at(&mut self, poll: Poll<'_>) -> Result<bool, Interrupt> {
        self.anchored(Goal::default(), poll)
    }

    /// `Pattern.fullmatch`: from the start position to the end.
    pub fn fullmatch(&mut self, poll: Poll<'_>) -> Result<bool, Interrupt> {
        self.anchored(Goal { whole: true, advance: false }, poll)
    }

    /// `Pattern.search`, and the next match of `finditer`, `findall`, `sub` and `split`: it begins
    /// where the last one ended, and is not empty there if the last one was.
    pub fn search(&mut self, poll: Poll<'_>) -> Result<bool, Interrupt> {
        let Some(start) = self.next else { return Ok(false) };
        let result = self.search_from(start, poll);
        self.finish(result)
    }

    /// `scanner.match`: a match right where the last one ended.
    pub fn next_match(&mut self, poll: Poll<'_>) -> Result<bool, Interrupt> {
        let advance = self.must_advance;
        self.anchored(Goal { whole: false, advance }, poll)
    }

    /// The span of the match, which must have been found.
    pub fn span(&self) -> Option<(usize, usize)> {
        self.found
    }

    /// The span of a group, counted from 1, if it took part.
    pub fn group(&self, group: usize) -> Option<(usize, usize)> {
        self.found?;
        let index = group.checked_sub(1).filter(|&index| index < self.program.groups)?;
        self.machine.group(index)
    }

    /// The group that was closed last, counted from 1.
    pub fn lastindex(&self) -> Option<usize> {
        Some(self.machine.lastindex as usize).filter(|&index| index > 0)
    }

    /// All spans of the match.
    pub fn captures(&self) -> Option<Captures> {
        let whole = self.found?;
        let mut spans = Vec::with_capacity(self.program.groups + 1);
        spans.push(Some(whole));
        spans.extend((0..self.program.groups).map(|group| self.machine.group(group)));
        Some(Captures { spans, lastindex: self.lastindex() })
    }

    fn anchored(&mut self, goal: Goal, poll: Poll<'_>) -> Result<bool, Interrupt> {
        let Some(start) = self.next.filter(|&start| start <= self.text.len()) else {
            return Ok(false);
        };
        let end = self.machine.run(self.program, self.text, start, goal, poll);
        self.finish(end.map(|end| end.map(|end| (start, end))))
    }

    fn finish(
        &mut self,
        result: Result<Option<(usize, usize)>, Interrupt>,
    ) -> Result<bool, Interrupt> {
        self.found = result?;
        self.next = self.found.map(|(_, end)| end);
        self.must_advance = self.found.is_some_and(|(start, end)| start == end);
        Ok(self.found.is_some())
    }

    fn search_from(
        &mut self,
        first: usize,
        poll: Poll<'_>,
    ) -> Result<Option<(usize, usize)>, Interrupt> {
        let Some(last) = self.text.len().checked_sub(self.program.min_width) else {
            return Ok(None);
        };
        let mut from = first;
        while let Some(start) = self.candidate(from, last) {
            if !self.may_match(start) {
                return Ok(None);
            }
            self.machine.step(poll)?;
            let advance = self.must_advance && start == first;
            let goal = Goal { whole: false, advance };
            if let Some(end) = self.machine.run(self.program, self.text, start, goal, poll)? {
                return Ok(Some((start, end)));
            }
            from = self.after_failure(start);
        }
        Ok(None)
    }

    /// The first place in `from..=last` where a match may begin.
    fn candidate(&self, from: usize, last: usize) -> Option<usize> {
        if from > last {
            return None;
        }
        let text = self.text;
        // A start needs a character where anything but `Any` and the anchors is asked for.
        let places = &text[from..text.len().min(last + 1)];
        let found = match &self.program.start {
            Start::Any => Some(0),
            Start::Text => (from == 0).then_some(0),
            Start::Line => {
                let newline = u32::from('\n');
                if from == 0 || text[from - 1].code() == newline {
                    Some(0)
                } else {
                    U::find(places, newline).map(|at| at + 1)
                }
            }
            // The string may reach beyond the last start.
            Start::Needle(needle) => U::find_str(&text[from..], needle),
            Start::Bytes(bytes) => U::find_any(places, bytes),
            Start::First(first) => places.iter().position(|unit| first.allows(unit.code())),
        };
        found.map(|at| from + at).filter(|&at| at <= last)
    }

    /// Whether the string that every match contains is anywhere from `start` on.
    fn may_match(&mut self, start: usize) -> bool {
        let Some(needle) = &self.program.required else { return true };
        if self.required_at.is_none_or(|at| at < start) {
            self.required_at = U::find_str(&self.text[start..], needle).map(|at| start + at);
        }
        self.required_at.is_some()
    }

    /// The next start worth trying after `start`.
    fn after_failure(&self, start: usize) -> usize {
        let Some(id) = self.program.leading else { return start + 1 };
        let repeat = self.program.repeats[id as usize];
        if !(U::NARROW || repeat.exclusive_wide) && repeat.greed != Greed::Possessive {
            return start + 1;
        }
        let class = &self.program.classes[repeat.class as usize];
        let end = start + span(class, &self.text[start..]);
        (start + 1).max((end + 1).saturating_sub(repeat.min as usize))
    }
}
