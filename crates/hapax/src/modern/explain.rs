//! `hapax explain`: what a configuration would do with a request, rule by rule, without opening a socket.

use std::process::ExitCode;

use clap::Args;
use hapax_config::{LoadOptions, Loaded, Plan};
use hapax_diag::render::{self, Closing};
use hapax_diag::{Severity, Sources};
use hapax_explain::{Busy, Entry, Handshake, Numbers, Question, Tls};

use crate::asked_version::{self, AskedVersion};
use crate::report::print;
use crate::{environment, files, inputs};

/// The question cannot be asked, or the configuration is refused.
const USAGE: u8 = 2;

#[derive(Args)]
pub(crate) struct Options {
    /// Configuration file, or directory of which every *.cfg is read; may be given several times
    #[arg(short = 'f', long = "file", required = true)]
    files: Vec<String>,
    /// https://host/path, or a path
    #[arg(required_unless_present_any = ["request", "requests"])]
    url: Option<String>,
    #[arg(short = 'X', long, default_value = "GET")]
    method: String,
    /// 'METHOD URL', in place of the two
    #[arg(long, value_parser = request_line, conflicts_with_all = ["url", "method"])]
    request: Option<(String, String)>,
    /// A file of many, in TOML: a [[request]] for each, with the keys that a test's request has
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "method", "request"])]
    requests: Option<String>,
    /// `Name: value`, as often as needed
    #[arg(short = 'H', long = "header", value_parser = hapax_explain::field)]
    headers: Vec<(String, String)>,
    /// Body of the request
    #[arg(short = 'd', long, default_value = "")]
    data: String,
    /// HTTP version: 1.0, 1.1 or 2
    #[arg(long, default_value = "1.1")]
    http: String,
    /// The client's address, with or without a port
    #[arg(long, default_value = "192.0.2.1")]
    src: String,
    /// The address it connects to
    #[arg(long)]
    dst: Option<String>,
    /// The name that the client asks for in its TLS handshake
    #[arg(long)]
    sni: Option<String>,
    /// The frontend, where the address does not tell
    #[arg(long)]
    frontend: Option<String>,
    /// A server that is down, as backend/server, or a whole backend
    #[arg(long)]
    down: Vec<String>,
    /// A client certificate, in PEM
    #[arg(long, value_name = "FILE")]
    client_cert: Option<String>,
    /// What a stick table holds: 'TABLE KEY http_req_rate=120 gpc0=1'
    #[arg(long, value_name = "ENTRY", value_parser = entry)]
    entry: Vec<Entry>,
    /// A variable that is set beforehand, as scope.name=value
    #[arg(long, value_name = "VARIABLE", value_parser = variable)]
    var: Vec<(String, String)>,
    /// How busy a proxy or a server is: 'api/s1 conn=10 queue=2 rate=5'
    #[arg(long, value_name = "LOAD", value_parser = busy)]
    busy: Vec<(String, Busy)>,
    /// The time of the request, such as 2026-01-31T12:00:00Z; by default it is now
    #[arg(long)]
    time: Option<String>,
    /// Status of the server's response
    #[arg(long, default_value_t = 200)]
    response_status: u16,
    /// `Name: value` of the server's response
    #[arg(long, value_parser = hapax_explain::field)]
    response_header: Vec<(String, String)>,
    /// Show rules that are not taken too
    #[arg(short = 'a', long)]
    all: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Judge the configuration as this HAProxy version would (as HAPAX_FOR in the environment)
    #[arg(long = "for", value_name = "VERSION")]
    for_version: Option<AskedVersion>,
}

fn request_line(text: &str) -> Result<(String, String), String> {
    let mut words = text.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(method), Some(url), None) => Ok((method.to_owned(), url.to_owned())),
        _ => Err("expects 'METHOD URL'".to_owned()),
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expects scope.name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Words of the form `name=number[,number...]`.
fn numbers<'t>(words: impl Iterator<Item = &'t str>) -> Result<Vec<(&'t str, Vec<u64>)>, String> {
    let one = |word: &'t str| {
        let (name, list) = word.split_once('=')?;
        let list: Result<Vec<u64>, _> = list.split(',').map(str::parse).collect();
        Some((name, list.ok()?))
    };
    words
        .map(|w| one(w).ok_or_else(|| format!("'{w}' is not of the form name=number")))
        .collect()
}

fn entry(text: &str) -> Result<Entry, String> {
    let mut words = text.split_whitespace();
    let (Some(table), Some(key)) = (words.next(), words.next()) else {
        return Err("expects 'TABLE KEY data=number'".to_owned());
    };
    let data = numbers(words)?.into_iter().map(|(n, list)| (n.to_owned(), Numbers::Many(list)));
    Ok(Entry {
        table: table.to_owned(),
        key: key.to_owned(),
        data: data.collect(),
    })
}

fn busy(text: &str) -> Result<(String, Busy), String> {
    let mut words = text.split_whitespace();
    let name = words.next().ok_or("expects 'NAME conn=number'")?.to_owned();
    let mut busy = Busy::default();
    for (what, list) in numbers(words)? {
        let n = list.first().copied().unwrap_or_default() as i64;
        match what {
            "conn" => busy.conn = n,
            "queue" => busy.queue = n,
            "rate" => busy.rate = n,
            other => return Err(format!("'{other}' is none of conn, queue, rate")),
        }
    }
    Ok((name, busy))
}

impl Options {
    /// What is asked, from the file or from the line.
    fn questions(&self) -> Result<Vec<Question>, String> {
        let mut all = match &self.requests {
            None => vec![self.question()],
            Some(path) => {
                let text = read(path)?;
                hapax_explain::questions(&text).map_err(|e| format!("{path}: {e}"))?
            }
        };
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        for q in &mut all {
            complete(q)?;
            if let (None, Ok(now)) = (&q.time, &now) {
                q.time = Some(now.as_secs().to_string());
            }
        }
        Ok(all)
    }

    fn question(&self) -> Question {
        let (method, url) = match &self.request {
            Some((method, url)) => (method.clone(), url.clone()),
            None => (self.method.clone(), self.url.clone().unwrap_or_default()),
        };
        let mut q = Question {
            method,
            url,
            sni: self.sni.clone(),
            version: self.http.clone(),
            headers: self.headers.clone(),
            body: self.data.clone(),
            src: self.src.clone(),
            dst: self.dst.clone(),
            frontend: self.frontend.clone(),
            down: self.down.clone(),
            ..Question::default()
        };
        q.tables.clone_from(&self.entry);
        q.vars = self.var.iter().cloned().collect();
        q.busy = self.busy.iter().cloned().collect();
        q.time.clone_from(&self.time);
        q.tls = self.client_cert.clone().map(|file| {
            Tls::Told(Handshake {
                client_cert: Some(file),
                ..Handshake::default()
            })
        });
        q.response.status = self.response_status;
        q.response.headers.clone_from(&self.response_header);
        q
    }
}

/// A file of the user's; the error says which it is.
pub(super) fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))
}

/// Puts the files that a question names in their places.
pub(super) fn complete(q: &mut Question) -> Result<(), String> {
    if let Some(Tls::Told(handshake)) = &mut q.tls
        && let Some(file) = &mut handshake.client_cert
    {
        *file = read(file)?;
    }
    Ok(())
}

pub(super) fn run(o: &Options) -> ExitCode {
    match explain(o) {
        Ok(text) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{}", why.trim_end());
            ExitCode::from(USAGE)
        }
    }
}

fn explain(o: &Options) -> Result<String, String> {
    let (plan, sources) = load(&o.files, o.for_version)?;
    let mut reports = Vec::new();
    for (i, question) in o.questions()?.iter().enumerate() {
        let report = hapax_explain::explain(&plan, &sources, question);
        reports.push(report.map_err(|e| match &o.requests {
            Some(path) => format!("{path}: request {}: {e}", i + 1),
            None => e.to_string(),
        })?);
    }
    if o.json {
        // A file is a list, whatever its length.
        let json = match &reports[..] {
            [one] if o.requests.is_none() => serde_json::to_string_pretty(one),
            all => serde_json::to_string_pretty(all),
        };
        return Ok(json.map_err(|e| e.to_string())? + "\n");
    }
    let texts: Vec<String> = reports.iter().map(|r| hapax_explain::render(r, o.all)).collect();
    Ok(texts.join("\n"))
}

/// The plan of these files; where they are refused, what is wrong with them.
pub(super) fn load(paths: &[String], version: Option<AskedVersion>) -> Result<(Plan, Sources), String> {
    let read = inputs::read_within(paths, None)?;
    let names: Vec<String> = read.iter().map(|input| input.name.clone()).collect();
    let options = LoadOptions {
        env: environment::variables(&names, None),
        // What this machine lacks need not be there to know what would be done.
        lacking: Some(Severity::Note),
        for_version: asked_version::or_environment(version)?,
        ..LoadOptions::default()
    };
    let Loaded { plan, mut diags, sources } = hapax_config::load(read, &files::DiskFiles::default(), &options);
    plan.map(|p| (p, sources.clone())).ok_or_else(|| {
        diags.retain(|d| d.severity == Severity::Alert);
        render::haproxy(&diags, &sources, std::process::id(), Closing::Verdict)
    })
}
