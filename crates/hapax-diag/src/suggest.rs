//! "Did you mean": the known word nearest to an unknown one.

/// Letters of a word that is still compared.
const LONGEST: usize = 64;

/// The candidate nearest to `word`, if near enough for a slip of the keyboard: a third of the letters, at least one.
///
/// Distance is Damerau-Levenshtein's (insert, delete, replace, swap two neighbours), letter case aside. The first of
/// equals wins.
pub fn suggest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wanted: Vec<char> = word.chars().map(|c| c.to_ascii_lowercase()).collect();
    // Nobody slips in a name of that length, and comparing such takes long.
    if wanted.len() > LONGEST {
        return None;
    }
    let limit = (wanted.len().max(3) / 3).min(4);
    let mut best = None;
    for candidate in candidates {
        if candidate == word || candidate.chars().count().abs_diff(wanted.len()) > limit {
            continue;
        }
        let known: Vec<char> = candidate.chars().map(|c| c.to_ascii_lowercase()).collect();
        let d = distance(&wanted, &known);
        if d <= limit && best.is_none_or(|(b, _)| d < b) {
            best = Some((d, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Optimal string alignment over three rows.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &y) in b.iter().enumerate() {
            let mut d = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                d = d.min(before[j - 1] + 1);
            }
            row.push(d);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests;
