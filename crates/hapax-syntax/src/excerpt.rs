//! The two lines HAProxy prints under a message of its line reader: the input, made printable and cut to a width, and a caret.

/// `lead` is what stands before `text` on its line (`.if ` or nothing); `pos` is the byte the caret points at.
pub(crate) fn excerpt(lead: &str, text: &[u8], pos: usize, width: usize) -> Box<str> {
    let mut line = String::with_capacity(width);
    let caret = if pos < width {
        line.extend(text.iter().take(width).map(|&b| printable(b)));
        pos
    } else {
        // The place would be cut off: show what surrounds it.
        let shift = pos - width / 2;
        line.push_str("...");
        line.extend(text.iter().skip(shift + 3).take(width - 6).map(|&b| printable(b)));
        line.push_str("...");
        pos - shift
    };
    let column = caret + lead.len() + 1;
    format!("  {lead}{line}\n  {:>column$}", "^").into()
}

fn printable(b: u8) -> char {
    match b {
        b' '..=b'~' => b as char,
        b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => ' ',
        _ => '?',
    }
}
