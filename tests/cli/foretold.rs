//! What is explained is what happens: random rules and random requests, asked of `hapax explain` and sent to the running proxy.

use std::fmt::Write as _;
use std::fs;

use hapax_tests::{Builder, Client, Origin, Program, Proxy, Response};
use serde_json::Value;

/// Frontends with rules of their own, and requests to each.
const FRONTENDS: usize = 12;
const REQUESTS: usize = 25;

/// A small generator; the rules and requests of a seed are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const TESTS: &[&str] = &[
    "path_beg /a",
    "path_end .html",
    "path -m sub b/",
    "path_reg ^/[ab]/",
    "path_dir c",
    "hdr(x-a) one two",
    "hdr(x-a) -i -m sub ON",
    "hdr_cnt(x-a) gt 1",
    "hdr_val(x-n) 3:7",
    "hdr_val(x-n) lt 0",
    "hdr(x-a,-1) -m found",
    "cook(c) yes",
    "cook_cnt(c) eq 0",
    "url_param(q) -m len 2",
    "urlp(q),lower ab",
    "query -m found",
    "method POST PUT",
    "var(txn.v) -m str set",
    "var(txn.v),length eq 0",
    "req.hdr(x-n),add(1),mul(2) gt 6",
    "src 127.0.0.0/8",
    "base32,mod(3) 1",
    "hdr(x-b),field(2,:) 5",
    "path,map_beg(@dir@/m.map,none) first",
];

const REQUEST_ACTIONS: &[&str] = &[
    "set-header x-seen %[path]",
    "set-header x-seen \"%[req.hdr(x-a)]|%[urlp(q)]\"",
    "add-header x-a three",
    "del-header x-b",
    "del-header x- -m beg",
    "replace-header x-a o(.) \\1o",
    "replace-value x-a t(.*) <\\1>",
    "set-path /new%[path]",
    "replace-path ^/a/(.*) /z/\\1",
    "replace-pathq (.*)b(.*) \\1B\\2",
    "set-query r=%[urlp(q),upper]",
    "set-uri /u?%[query]",
    "set-method PATCH",
    "set-var(txn.v) str(set)",
    "set-var(txn.v) req.hdr(x-a)",
    "set-var-fmt(txn.w) \"%[var(txn.v)]-%[path]\"",
    "unset-var(txn.v)",
    "normalize-uri path-merge-slashes",
    "normalize-uri query-sort-by-name",
    "deny",
    "deny deny_status 429",
    "deny status 418 content-type text/plain string no hdr x-why rule",
    "return status 200 content-type text/plain lf-string \"%[path] %[var(txn.v)]\"",
    "redirect location /there code 303",
    "redirect prefix http://p.test drop-query",
    "redirect scheme https code 308",
];

const RESPONSE_ACTIONS: &[&str] = &[
    "set-header x-r \"%[status] %[var(txn.v)]\"",
    "add-header x-r more",
    "del-header x-o",
    "set-status 203 reason Other",
    "replace-value x-r s(.) \\1",
    "set-header x-way %[be_name]/%[srv_name]",
];

fn condition(dice: &mut Dice) -> String {
    let mut out = dice.of(&["if", "if", "unless"]).to_owned();
    for i in 0..=dice.below(3) {
        if i > 0 && dice.below(2) == 0 {
            out += " or";
        }
        let _ = write!(out, " {}{{ {} }}", dice.of(&["", "", "!"]), dice.of(TESTS));
    }
    out
}

/// One frontend's rules; the last ones of each kind are taken by whoever is still there.
fn rules(dice: &mut Dice) -> String {
    let mut out = String::new();
    for _ in 0..4 + dice.below(6) {
        // An action that ends the rules always has a condition.
        let _ = writeln!(out, "  http-request {} {}", dice.of(REQUEST_ACTIONS), condition(dice));
    }
    for _ in 0..dice.below(4) {
        let _ = writeln!(
            out,
            "  http-response {} {}",
            dice.of(RESPONSE_ACTIONS),
            dice.of(&["", "if { status 200 }", "unless { var(txn.v) -m found }"])
        );
    }
    for set in ["http-after-response set-header x-after %[status]"].iter().take(dice.below(2)) {
        let _ = writeln!(out, "  {set}");
    }
    for _ in 0..dice.below(4) {
        let _ = writeln!(
            out,
            "  use_backend {} {}",
            dice.of(&["b0", "b1", "b%[urlp(q),length]"]),
            condition(dice)
        );
    }
    out
}

struct Asked {
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, &'static str)>,
}

fn request(dice: &mut Dice) -> Asked {
    let path = dice.of(&["/", "/a", "/a/b/c", "/b/x.html", "/abc", "//a//b/", "/c/d", "/%41"]);
    let query = dice.of(&["", "", "?q=ab", "?q=AB&a=1", "?z=1&q=", "?q", "?"]);
    let mut headers = Vec::new();
    for _ in 0..dice.below(4) {
        let name = dice.of(&["x-a", "x-a", "x-b", "x-n", "cookie"]);
        let value = match name {
            "x-n" => dice.of(&["5", "-3", "7x", "nothing"]),
            "x-b" => dice.of(&["a:5", "5", ":"]),
            "cookie" => dice.of(&["c=yes", "c=no; d=1", "d=2"]),
            _ => dice.of(&["one", "two, one", "ONE", "t"]),
        };
        headers.push((name, value));
    }
    Asked {
        method: dice.of(&["GET", "GET", "POST", "PUT"]),
        target: format!("{path}{query}"),
        headers,
    }
}

fn configuration(dice: &mut Dice) -> String {
    let mut out = String::from(
        "global\n  expose-experimental-directives\ndefaults\n  mode http\n  timeout connect 2s\n  timeout client 10s\n  timeout server 10s\n",
    );
    for i in 0..FRONTENDS {
        let _ = write!(out, "frontend f{i}\n  bind @f{i}@\n{}  default_backend b2\n", rules(dice));
    }
    for i in 0..3 {
        let _ = write!(
            out,
            "backend b{i}\n{}  server s{i} @s@\n",
            rules(dice).replace("use_backend", "# use_backend")
        );
    }
    out
}

fn send(p: &Proxy, frontend: usize, asked: &Asked) -> Response {
    let mut c: Client = p.connect(&format!("f{frontend}"));
    let mut head = format!("{} {} HTTP/1.1\r\nHost: h.test\r\n", asked.method, asked.target);
    for (name, value) in &asked.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let body = if asked.method == "GET" { "" } else { "Content-Length: 0\r\n" };
    c.send(format!("{head}{body}\r\n"));
    c.answer()
}

/// The fields whose names begin with `x-`, and where a client is sent.
fn told(fields: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut all: Vec<_> = fields
        .map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()))
        .filter(|(n, _)| n.starts_with("x-") || n == "location")
        .collect();
    all.sort();
    all
}

fn explained(fields: &Value) -> Vec<(String, String)> {
    let pair = |f: &Value| (f[0].as_str().unwrap().to_owned(), f[1].as_str().unwrap().to_owned());
    told(fields.as_array().unwrap().iter().map(pair))
}

#[test]
fn what_is_explained_is_what_happens() {
    let mut dice = Dice(20_261_126);
    let origin = Origin::saying("ok");
    let p = Builder::new(Program::Hapax, &configuration(&mut dice))
        .file("m.map", "/a first\n/b second\n")
        .set("s", &origin.addr())
        .start();
    let mut all = Vec::new();
    let mut questions = String::new();
    for frontend in 0..FRONTENDS {
        for _ in 0..REQUESTS {
            let asked = request(&mut dice);
            let _ = write!(
                questions,
                "[[request]]\nfrontend = \"f{frontend}\"\nmethod = \"{}\"\nurl = \"http://h.test{}\"\nsrc = \"127.0.0.1\"\n[request.headers]\n",
                asked.method, asked.target
            );
            let mut names: Vec<&str> = asked.headers.iter().map(|(n, _)| *n).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let values: Vec<&str> = asked.headers.iter().filter(|(n, _)| *n == name).map(|(_, v)| *v).collect();
                let _ = writeln!(questions, "{name} = {values:?}");
            }
            if asked.method != "GET" {
                questions += "content-length = \"0\"\n";
            }
            all.push((frontend, asked));
        }
    }
    fs::write(p.dir().join("q.toml"), questions).unwrap();
    let out = Program::Hapax
        .command()
        .args(["explain", "-f", "hapax.cfg", "--requests", "q.toml", "--json"])
        .current_dir(p.dir())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let reports: Vec<Value> = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(reports.len(), all.len());
    let mut reached = 0;
    for ((frontend, asked), report) in all.iter().zip(&reports) {
        let before = origin.requests().len();
        let response = send(&p, *frontend, asked);
        let outcome = &report["outcome"];
        let about = format!("f{frontend} {} {} {:?}: {outcome:#}", asked.method, asked.target, asked.headers);
        assert_eq!(
            u64::from(response.status),
            outcome["response"]["status"].as_u64().unwrap(),
            "{about}"
        );
        assert_eq!(
            told(response.headers.iter().cloned()),
            explained(&outcome["response"]["headers"]),
            "{about}"
        );
        let requests = origin.requests();
        let sent = requests.get(before);
        assert_eq!(sent.is_some(), outcome["kind"] == "server", "{about}");
        if let Some(sent) = sent {
            reached += 1;
            assert_eq!(outcome["sent"]["uri"], *sent.target, "{about}");
            assert_eq!(outcome["sent"]["method"], *sent.method, "{about}");
            assert_eq!(
                told(sent.headers.iter().cloned()),
                explained(&outcome["sent"]["headers"]),
                "{about}"
            );
        } else {
            assert_eq!(outcome["response"]["body"], *response.text(), "{about}");
        }
    }
    assert!(reached > all.len() / 10 && reached < all.len(), "{reached} of {}", all.len());
}
