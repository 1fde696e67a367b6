//! A reader of requests that takes nothing on trust: CR LF, one space, one length, exact chunks, or an error. It shares no code with
//! the proxy.

/// The length of the first message, `None` while it is incomplete.
pub(crate) fn message(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = &bytes[..end + 2];
    let lines: Vec<&[u8]> = lines(head)?;
    let start: Vec<&[u8]> = lines[0].split(|b| *b == b' ').collect();
    if start.len() != 3 || start.iter().any(|w| w.is_empty()) || !start[2].starts_with(b"HTTP/") {
        return Err(format!("start line {:?}", String::from_utf8_lossy(lines[0])));
    }
    let (mut length, mut chunked, mut hosts) = (None, false, 0);
    for line in &lines[1..] {
        let colon = line.iter().position(|b| *b == b':').ok_or("a field without a colon")?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if name.is_empty() || name.iter().any(|b| b.is_ascii_whitespace() || b.is_ascii_uppercase()) {
            return Err(format!("name {:?}", String::from_utf8_lossy(name)));
        }
        let value = value.strip_prefix(b" ").ok_or("a value without its space")?;
        match name {
            b"content-length" if length.is_some() || value.is_empty() || !value.iter().all(u8::is_ascii_digit) => {
                return Err("content-length".to_owned());
            }
            b"content-length" => length = Some(std::str::from_utf8(value).unwrap().parse::<usize>().map_err(|e| e.to_string())?),
            b"transfer-encoding" if chunked || !value.eq_ignore_ascii_case(b"chunked") => {
                return Err("transfer-encoding".to_owned());
            }
            b"transfer-encoding" => chunked = true,
            b"host" => hosts += 1,
            _ => {}
        }
    }
    if hosts > 1 || (chunked && length.is_some()) {
        return Err("two hosts, or two lengths".to_owned());
    }
    let body = &bytes[end + 4..];
    let len = if chunked { chunks(body)? } else { Some(length.unwrap_or(0)) };
    Ok(len.filter(|l| *l <= body.len()).map(|l| end + 4 + l))
}

/// How many complete messages there are, and how many bytes after them.
pub(crate) fn messages(bytes: &[u8]) -> Result<(usize, usize), String> {
    let (mut at, mut count) = (0, 0);
    while let Some(len) = message(&bytes[at..])? {
        at += len;
        count += 1;
    }
    Ok((count, bytes.len() - at))
}

fn lines(head: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut out = Vec::new();
    let mut rest = head;
    while let Some(lf) = rest.iter().position(|b| *b == b'\n') {
        let line = rest[..lf].strip_suffix(b"\r").ok_or("a bare line feed")?;
        if line.contains(&b'\r') || line.contains(&0) {
            return Err("a carriage return or a NUL within a line".to_owned());
        }
        out.push(line);
        rest = &rest[lf + 1..];
    }
    Ok(out)
}

/// The length of a chunked body.
fn chunks(body: &[u8]) -> Result<Option<usize>, String> {
    let mut at = 0;
    loop {
        let Some(len) = body[at..].windows(2).position(|w| w == b"\r\n") else {
            return Ok(None);
        };
        let digits = std::str::from_utf8(&body[at..at + len]).map_err(|e| e.to_string())?;
        if digits.starts_with('+') {
            return Err("a signed size".to_owned());
        }
        let size = usize::from_str_radix(digits, 16).map_err(|e| format!("size {digits:?}: {e}"))?;
        at += len + 2;
        if size == 0 {
            break;
        }
        match body.get(at + size..at + size + 2) {
            None => return Ok(None),
            Some(b"\r\n") => at += size + 2,
            Some(_) => return Err("no line end after a chunk".to_owned()),
        }
    }
    loop {
        let Some(len) = body[at..].windows(2).position(|w| w == b"\r\n") else {
            return Ok(None);
        };
        at += len + 2;
        if len == 0 {
            return Ok(Some(at));
        }
    }
}
