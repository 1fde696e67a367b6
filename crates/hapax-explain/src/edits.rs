//! What an action changed, found by comparing what was with what is.

use hapax_proto::http::Head;
use hapax_rules::{Controls, Txn};
use hapax_sample::Overrides;
use hapax_sample::vars::{Scope, VarNames, Vars};
use hapax_value::Endpoint;

/// What actions can change, as it was.
pub(crate) struct Before {
    req: Option<Head>,
    res: Option<Head>,
    controls: Controls,
    set: Overrides,
    addresses: [Option<Endpoint>; 2],
    vars: [Scope; 4],
    log_level: Option<u8>,
    tracks: usize,
}

fn scopes(vars: &Vars) -> [Scope; 4] {
    [&vars.sess, &vars.txn, &vars.req, &vars.res].map(|s| s.borrow().clone())
}

fn addresses(txn: &Txn<'_>) -> [Option<Endpoint>; 2] {
    let env = txn.env();
    [env.src().cloned(), env.dst().cloned()]
}

fn show(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Before {
    pub(crate) fn of(txn: &Txn<'_>) -> Self {
        Self {
            req: txn.req.as_deref().cloned(),
            res: txn.res.as_deref().cloned(),
            controls: txn.controls.clone(),
            set: txn.stream.set,
            addresses: addresses(txn),
            vars: scopes(txn.vars),
            log_level: txn.stream.log_level,
            tracks: txn.sess.tracks.len() + txn.stream.tracks.len(),
        }
    }

    /// One sentence for each change.
    pub(crate) fn changes(&self, txn: &Txn<'_>, names: &VarNames) -> Vec<String> {
        let mut out = Vec::new();
        if let (Some(old), Some(new)) = (&self.req, txn.req.as_deref()) {
            request_line(old, new, &mut out);
            fields(old, new, &mut out);
        }
        if let (Some(old), Some(new)) = (&self.res, txn.res.as_deref()) {
            if (old.status, old.reason()) != (new.status, new.reason()) {
                out.push(format!(
                    "status: {} {} -> {} {}",
                    old.status,
                    show(old.reason()),
                    new.status,
                    show(new.reason())
                ));
            }
            fields(old, new, &mut out);
        }
        for (what, old, new) in [
            ("src", &self.addresses[0], &addresses(txn)[0]),
            ("dst", &self.addresses[1], &addresses(txn)[1]),
        ] {
            if old != new {
                out.push(format!("{what}: {} -> {}", endpoint(old.as_ref()), endpoint(new.as_ref())));
            }
        }
        for ((scope, old), new) in ["sess", "txn", "req", "res"].iter().zip(&self.vars).zip(&scopes(txn.vars)) {
            variables(scope, old, new, names, &mut out);
        }
        if self.log_level != txn.stream.log_level {
            out.push(format!("log level: {:?}", txn.stream.log_level));
        }
        self.tracked(txn, &mut out);
        overrides(self.set, txn.stream.set, &mut out);
        controls(&self.controls, txn.controls, &mut out);
        out
    }
}

impl Before {
    /// The keys that the action has begun to track.
    fn tracked(&self, txn: &Txn<'_>, out: &mut Vec<String>) {
        let (of_session, of_stream) = (&txn.sess.tracks, &txn.stream.tracks);
        if of_session.len() + of_stream.len() <= self.tracks {
            return;
        }
        // Rules of a stream track for it, those of a connection for that.
        let Some((number, track)) = of_stream.last().or(of_session.last()) else {
            return;
        };
        let mut key = Vec::new();
        if let Some(value) = txn.world.track_key(track) {
            value.write_str(&mut key);
        }
        out.push(format!("sc{number} tracks {}", show(&key)));
    }
}

fn endpoint(e: Option<&Endpoint>) -> String {
    match e {
        Some(Endpoint::Ip(a)) => a.to_string(),
        Some(Endpoint::Unix(path)) => format!("unix@{path}"),
        Some(Endpoint::Abstract(name, _)) => format!("abns@{}", show(name)),
        None => "none".into(),
    }
}

/// One sentence for each difference of two heads.
pub(crate) fn heads(old: &Head, new: &Head) -> Vec<String> {
    let mut out = Vec::new();
    request_line(old, new, &mut out);
    fields(old, new, &mut out);
    out
}

fn request_line(old: &Head, new: &Head, out: &mut Vec<String>) {
    if old.method() != new.method() {
        out.push(format!("method: {} -> {}", show(old.method()), show(new.method())));
    }
    if old.uri() != new.uri() {
        out.push(format!("uri: {} -> {}", show(old.uri()), show(new.uri())));
    }
}

fn fields(old: &Head, new: &Head, out: &mut Vec<String>) {
    let mut left: Vec<(&[u8], &[u8])> = new.iter().collect();
    let mut gone: Vec<(&[u8], &[u8])> = Vec::new();
    for field in old {
        match left.iter().position(|f| *f == field) {
            Some(i) => {
                left.remove(i);
            }
            None => gone.push(field),
        }
    }
    for (name, value) in gone {
        match left.iter().position(|(n, _)| *n == name) {
            Some(i) => {
                let (_, now) = left.remove(i);
                out.push(format!("{}: {} -> {}", show(name), show(value), show(now)));
            }
            None => out.push(format!("- {}: {}", show(name), show(value))),
        }
    }
    out.extend(left.iter().map(|(name, value)| format!("+ {}: {}", show(name), show(value))));
}

fn variables(scope: &str, old: &Scope, new: &Scope, names: &VarNames, out: &mut Vec<String>) {
    let name = |id: u32| names.name(id).unwrap_or("?").to_owned();
    for (id, value) in new {
        if old.iter().any(|(i, v)| i == id && v == value) {
            continue;
        }
        let mut text = Vec::new();
        value.write_str(&mut text);
        out.push(format!("{scope}.{} = {}", name(*id), show(&text)));
    }
    for (id, _) in old {
        if !new.iter().any(|(i, _)| i == id) {
            out.push(format!("{scope}.{} has no value any more", name(*id)));
        }
    }
}

fn overrides(old: Overrides, new: Overrides, out: &mut Vec<String>) {
    for (what, old, new) in [
        ("timeout client", old.timeout_client, new.timeout_client),
        ("timeout server", old.timeout_server, new.timeout_server),
        ("timeout tunnel", old.timeout_tunnel, new.timeout_tunnel),
        ("timeout connect", old.timeout_connect, new.timeout_connect),
        ("timeout queue", old.timeout_queue, new.timeout_queue),
        ("timeout tarpit", old.timeout_tarpit, new.timeout_tarpit),
    ] {
        if old != new {
            out.push(format!("{what}: {} ms", new.unwrap_or_default()));
        }
    }
    if old.retries != new.retries {
        out.push(format!("retries: {}", new.retries.unwrap_or_default()));
    }
}

fn controls(old: &Controls, new: &Controls, out: &mut Vec<String>) {
    let mut told = |what: &str, changed: bool, now: String| {
        if changed {
            out.push(format!("{what}: {now}"));
        }
    };
    told(
        "fc mark",
        old.fc_mark != new.fc_mark,
        format!("{:#x}", new.fc_mark.unwrap_or_default()),
    );
    told(
        "bc mark",
        old.bc_mark != new.bc_mark,
        format!("{:#x}", new.bc_mark.unwrap_or_default()),
    );
    told("fc tos", old.fc_tos != new.fc_tos, format!("{:#x}", new.fc_tos.unwrap_or_default()));
    told("bc tos", old.bc_tos != new.bc_tos, format!("{:#x}", new.bc_tos.unwrap_or_default()));
    told("retries of requests", old.no_l7_retry != new.no_l7_retry, "off".into());
    told(
        "strict mode",
        old.lenient != new.lenient,
        (if new.lenient { "off" } else { "on" }).into(),
    );
    for hapax_rules::Hint { name, value, .. } in new.early_hints.iter().skip(old.early_hints.len()) {
        told("103 early hint", true, format!("{}: {}", show(name), show(value)));
    }
}
