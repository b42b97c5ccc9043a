//! "Did you mean": the nearest of some names. CPython's counterpart: `Python/suggestions.c`.

const MOVE_COST: usize = 2;
const CASE_COST: usize = 1;
const MAX_LENGTH: usize = 40;
const MAX_CANDIDATES: usize = 750;

fn substitution(a: char, b: char) -> usize {
    if a == b {
        0
    } else if a.eq_ignore_ascii_case(&b) {
        CASE_COST
    } else {
        MOVE_COST
    }
}

/// Edit distance in units of half a move, `None` beyond `limit`.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len() > MAX_LENGTH || b.len() > MAX_LENGTH {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).map(|j| j * MOVE_COST).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = (i + 1) * MOVE_COST;
        for (j, y) in b.iter().enumerate() {
            let best = (diagonal + substitution(*x, *y))
                .min(row[j] + MOVE_COST)
                .min(row[j + 1] + MOVE_COST);
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    row.last().copied().filter(|d| *d <= limit)
}

/// The candidate nearest to `name`, if one is near enough.
pub fn closest(name: &str, candidates: &[String]) -> Option<String> {
    if candidates.len() > MAX_CANDIDATES {
        return None;
    }
    let mut best: Option<(usize, &String)> = None;
    for candidate in candidates.iter().filter(|c| *c != name) {
        let limit = (name.chars().count() + candidate.chars().count() + 3) * MOVE_COST / 6;
        let limit = best.map_or(limit, |(d, _)| limit.min(d.saturating_sub(1)));
        if let Some(d) = distance(name, candidate, limit) {
            best = Some((d, candidate));
        }
    }
    best.map(|(_, c)| c.clone())
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn near_names_are_found() {
        let names: Vec<String> = ["append", "extend", "index"].map(String::from).to_vec();
        assert_eq!(closest("appendd", &names).as_deref(), Some("append"));
        assert_eq!(closest("Index", &names).as_deref(), Some("index"));
        assert_eq!(closest("zzz", &names), None);
    }
}
