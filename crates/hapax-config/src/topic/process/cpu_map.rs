//! `cpu-map`: which processors each thread may run on.

use hapax_diag::Diagnostic;

use super::MAX_THREADS;
use crate::args::Args;
use crate::reader::Reader;

/// Highest processor number that is understood.
const MAX_CPUS: u32 = 1024;

pub(super) fn set(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.len() < 2 {
        return Err(a.missing(format!(
            "{} expects a thread group number  including 'all', 'odd', 'even', or a number from 1 to {MAX_THREADS}, followed by a list of \
             CPU ranges with numbers from 0 to {}.",
            a.name,
            MAX_CPUS - 1
        )));
    }
    let (auto, target) = match a.str(0).strip_prefix("auto:") {
        Some(rest) => (true, rest),
        None => (false, a.str(0)),
    };
    let (group, threads) = target.split_once('/').map_or((None, target), |(g, t)| (Some(g), t));
    if let Some(group) = group {
        set_of(group, 1, 16).map_err(|e| a.bad(0, format!("cpu-map : {e}")))?;
    }
    let threads = set_of(threads, 1, MAX_THREADS as u32).map_err(|e| a.bad(0, format!("cpu-map : {e}")))?;
    let mut cpus = Vec::new();
    for i in 1..a.len() {
        for part in a.str(i).split(',').filter(|p| !p.is_empty()) {
            cpus.extend(processors(part).map_err(|e| a.bad(i, format!("cpu-map : {e}")))?);
        }
    }
    // A single word before the slash names a group when there is no thread: all of its threads.
    if auto && threads.len() != cpus.len() {
        let at = a.bad(
            0,
            "cpu-map : TGROUP/THREAD range and CPU sets must have the same size to be automatically bound",
        );
        return Err(at);
    }
    for (n, thread) in threads.iter().enumerate() {
        let index = *thread as usize - 1;
        if cx.global.cpu_map.len() <= index {
            cx.global.cpu_map.resize(index + 1, Vec::new());
        }
        cx.global.cpu_map[index] = if auto { vec![cpus[n]] } else { cpus.clone() };
    }
    Ok(())
}

fn set_of(word: &str, low: u32, high: u32) -> Result<Vec<u32>, String> {
    Ok(match word {
        "all" => (low..=high).collect(),
        "odd" => (low..=high).filter(|n| n % 2 == 1).collect(),
        "even" => (low..=high).filter(|n| n % 2 == 0).collect(),
        range_word => range(range_word, low, high)?,
    })
}

/// `3`, `0-7`
fn range(word: &str, low: u32, high: u32) -> Result<Vec<u32>, String> {
    let (from, to) = word.split_once('-').unwrap_or((word, word));
    let number = |text: &str| text.parse::<u32>().map_err(|_| format!("'{word}' is not a valid number/range."));
    let (mut from, mut to) = (number(from)?, number(if to.is_empty() { from } else { to })?);
    if from > to {
        std::mem::swap(&mut from, &mut to);
    }
    if from < low || to > high {
        return Err(format!(
            "'{word}' is not a valid number/range. It supports numbers from {low} to {high}."
        ));
    }
    Ok((from..=to).collect())
}

/// As `range`, but for what stands behind the digits: HAProxy does not look at that here.
fn processors(word: &str) -> Result<Vec<u32>, String> {
    let digits = |text: &str| -> String { text.chars().take_while(char::is_ascii_digit).collect() };
    let low = digits(word);
    let high = word[low.len()..].strip_prefix('-').map(digits).unwrap_or_default();
    let read = if high.is_empty() { low } else { format!("{low}-{high}") };
    range(&read, 0, MAX_CPUS - 1).map_err(|e| {
        if read.is_empty() {
            format!("'{word}' is not a valid number/range.")
        } else {
            e
        }
    })
}
