//! Just enough HTTP/1 to check what a proxy did with a message, written apart from the program's own parser on purpose.

use std::io::{self, BufRead, Read};

/// A request as an origin received it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub version: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(String, String)>,
    /// Which connection of the origin it came on, counted from 0.
    pub connection: usize,
}

/// A response as a client received it.
#[derive(Clone, Debug, Default)]
pub struct Response {
    pub version: String,
    pub status: u16,
    pub reason: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(String, String)>,
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
}

fn all<'a>(headers: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    headers
        .iter()
        .filter(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.as_str())
        .collect()
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        all(&self.headers, name)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads one request; `None`: the connection ended between two.
    pub fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(head) = head(from)? else { return Ok(None) };
        let mut words = head.first.splitn(3, ' ');
        let mut next = || words.next().unwrap_or("").to_owned();
        let mut r = Self {
            method: next(),
            target: next(),
            version: next(),
            headers: head.fields,
            ..Self::default()
        };
        if is_chunked(&r.headers) {
            (r.body, r.trailers) = chunked(from)?;
        } else if let Some(n) = find(&r.headers, "content-length") {
            r.body = exactly(from, n.trim().parse().map_err(io::Error::other)?)?;
        }
        Ok(Some(r))
    }
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        all(&self.headers, name)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads one response to a request of this method.
    pub fn read(from: &mut impl BufRead, method: &str) -> io::Result<Self> {
        let Some(head) = head(from)? else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let mut words = head.first.splitn(3, ' ');
        let mut r = Self {
            version: words.next().unwrap_or("").to_owned(),
            status: words.next().unwrap_or("").parse().map_err(io::Error::other)?,
            reason: words.next().unwrap_or("").to_owned(),
            headers: head.fields,
            ..Self::default()
        };
        let bodiless = method == "HEAD" || r.status < 200 || matches!(r.status, 204 | 304) || (method == "CONNECT" && r.status < 300);
        if bodiless {
            return Ok(r);
        }
        if is_chunked(&r.headers) {
            (r.body, r.trailers) = chunked(from)?;
        } else if let Some(n) = find(&r.headers, "content-length") {
            r.body = exactly(from, n.trim().parse().map_err(io::Error::other)?)?;
        } else {
            from.read_to_end(&mut r.body)?;
        }
        Ok(r)
    }
}

struct Head {
    first: String,
    fields: Vec<(String, String)>,
}

fn is_chunked(headers: &[(String, String)]) -> bool {
    find(headers, "transfer-encoding").is_some_and(|v| v.to_ascii_lowercase().ends_with("chunked"))
}

fn line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut raw = Vec::new();
    if from.read_until(b'\n', &mut raw)? == 0 {
        return Ok(None);
    }
    if raw.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if raw.last() == Some(&b'\r') {
        raw.pop();
    }
    Ok(Some(String::from_utf8_lossy(&raw).into_owned()))
}

fn head(from: &mut impl BufRead) -> io::Result<Option<Head>> {
    let Some(first) = line(from)? else { return Ok(None) };
    Ok(Some(Head {
        first,
        fields: fields(from)?,
    }))
}

fn fields(from: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut list = Vec::new();
    loop {
        let text = line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if text.is_empty() {
            return Ok(list);
        }
        let (name, value) = text.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
        list.push((name.to_owned(), value.trim().to_owned()));
    }
}

fn exactly(from: &mut impl BufRead, n: u64) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if from.take(n).read_to_end(&mut body)? as u64 != n {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(body)
}

type Fields = Vec<(String, String)>;

fn chunked(from: &mut impl BufRead) -> io::Result<(Vec<u8>, Fields)> {
    let mut body = Vec::new();
    loop {
        let size = line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = size.split(';').next().unwrap_or("").trim();
        let n = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
        if n == 0 {
            return Ok((body, fields(from)?));
        }
        body.extend(exactly(from, n)?);
        if line(from)?.as_deref() != Some("") {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}
