//! The lines of one section that say how servers are checked, and the script they make.

use std::sync::Arc;

use super::protocols;
use crate::plan::{Act, Connect, CopyOnWrite, Expect, External, HttpCheckOptions, HttpSend, Pattern, Script, ScriptKind, Step};

/// Which option asked for a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckType {
    Tcp,
    Http,
    Ssl,
    Ldap,
    Redis,
    Spop,
    Smtp {
        hello: Arc<[u8]>,
    },
    Mysql {
        user: Option<Arc<[u8]>>,
        login: hapax_proto::checks::Login,
    },
    Pgsql {
        user: Arc<[u8]>,
    },
    External,
}

/// What a section says of checks, as far as it is read.
#[derive(Clone, Debug, Default)]
pub struct CheckRules {
    pub kind: Option<CheckType>,
    pub tcp: Steps,
    pub http: Steps,
    /// The first request of an HTTP check: `option httpchk` and the first `http-check send` describe the same one.
    pub request: Arc<HttpSend>,
    /// A line described it.
    pub described: bool,
    /// Where in `http` an explicit `send` put it.
    pub request_at: Option<usize>,
    pub options: HttpCheckOptions,
    pub external: External,
}

/// Steps in the order of the lines.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    pub list: Vec<Arc<Step>>,
    /// Lines so far, comments among them.
    pub lines: u32,
    /// A `comment` line that waits for its step.
    pub comment: Option<Arc<str>>,
    /// They come from `defaults`: the first line of the section's own replaces them.
    pub inherited: bool,
}

impl Steps {
    pub fn push(&mut self, comment: Option<Arc<str>>, act: Act) {
        self.lines += 1;
        let waiting = match act {
            Act::SetVar { .. } | Act::UnsetVar(_) => None,
            _ => self.comment.take(),
        };
        self.list.push(Arc::new(Step {
            number: self.lines,
            comment: comment.or(waiting),
            act,
        }));
    }

    /// The last step that talks to the server.
    pub fn last(&self) -> Option<&Act> {
        self.list.iter().map(|s| &s.act).rfind(|a| is_talk(a))
    }
}

fn is_talk(act: &Act) -> bool {
    !matches!(act, Act::SetVar { .. } | Act::UnsetVar(_))
}

pub(super) fn silent(act: Act) -> Arc<Step> {
    Arc::new(Step {
        number: 0,
        comment: None,
        act,
    })
}

fn connect() -> Arc<Step> {
    silent(Act::Connect(Box::new(Connect {
        like_server: true,
        ..Connect::default()
    })))
}

impl CheckRules {
    /// What a section starts from.
    pub fn inherit(from: &CopyOnWrite<Self>) -> CopyOnWrite<Self> {
        let mut own = from.clone();
        // Where no line has spoken of checks yet there is nothing to replace, and nothing to copy.
        let spoken = |steps: &Steps| steps.lines > 0 || steps.comment.is_some();
        if own.described || own.request_at.is_some() || spoken(&own.tcp) || spoken(&own.http) {
            own.tcp.inherited = true;
            own.http.inherited = true;
        }
        own
    }

    /// The section's own TCP steps.
    pub fn own_tcp(&mut self) -> &mut Steps {
        if self.tcp.inherited {
            self.tcp = Steps::default();
        }
        &mut self.tcp
    }

    /// The section's own HTTP steps: with its first line, request and steps of `defaults` are forgotten.
    pub fn own_http(&mut self) -> &mut Self {
        if self.http.inherited {
            self.http = Steps::default();
            self.request = Arc::default();
            self.described = false;
            self.request_at = None;
        }
        self
    }

    /// The script of the servers that are checked so.
    pub fn script(&self) -> Script {
        let (kind, steps) = match &self.kind {
            None => (ScriptKind::Connect, Vec::new()),
            Some(CheckType::Tcp) => (ScriptKind::Tcp, self.tcp.list.clone()),
            Some(CheckType::Http) => (ScriptKind::Http, self.http_steps()),
            Some(CheckType::External) => (ScriptKind::External, Vec::new()),
            Some(other) => (ScriptKind::Protocol, protocols::steps(other)),
        };
        let mut script = Script {
            kind,
            steps,
            http: self.options,
            external: (kind == ScriptKind::External).then(|| self.external.clone()),
        };
        let first = script.steps.iter().find(|s| is_talk(&s.act));
        if !first.is_some_and(|s| matches!(s.act, Act::Connect(_))) {
            script.steps.insert(0, connect());
        }
        script
    }

    fn http_steps(&self) -> Vec<Arc<Step>> {
        let mut steps = self.http.list.clone();
        let request = silent(Act::SendHttp(Box::new((*self.request).clone())));
        let sends = steps.iter().any(|s| matches!(s.act, Act::SendHttp(_)));
        if let Some(at) = self.request_at {
            steps.insert(at, request);
        } else if self.described || !sends {
            // No line says where: before the first answer that is expected, else after the connection.
            let expected = steps.iter().position(|s| matches!(s.act, Act::Expect(_)));
            let connected = steps.iter().position(|s| matches!(s.act, Act::Connect(_)));
            steps.insert(expected.or(connected.map(|i| i + 1)).unwrap_or(0), request);
        }
        let last_talk = steps.iter().rfind(|s| is_talk(&s.act));
        if last_talk.is_some_and(|s| matches!(s.act, Act::SendHttp(_))) {
            let expect = Act::Expect(Box::new(Expect::new(Pattern::Status(vec![(200, 399)]))));
            steps.push(Arc::new(Step {
                // After the connection and the request.
                number: 2,
                comment: None,
                act: expect,
            }));
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(steps: &[Arc<Step>]) -> String {
        let letter = |s: &Arc<Step>| match s.act {
            Act::Connect(_) => 'c',
            Act::Send(_) | Act::SendHex(_) | Act::SendHttp(_) => 's',
            Act::Expect(_) => 'e',
            Act::SetVar { .. } | Act::UnsetVar(_) => 'v',
        };
        steps.iter().map(letter).collect()
    }

    fn expect() -> Act {
        Act::Expect(Box::new(Expect::new(Pattern::Status(vec![(204, 204)]))))
    }

    #[test]
    fn what_no_line_says_is_filled_in() {
        let none = CheckRules::default();
        assert_eq!(shape(&none.script().steps), "c");
        let mut http = CheckRules {
            kind: Some(CheckType::Http),
            ..CheckRules::default()
        };
        assert_eq!(shape(&http.script().steps), "cse");
        http.own_http().http.push(None, expect());
        assert_eq!(shape(&http.script().steps), "cse");
        let mut two = CheckRules {
            kind: Some(CheckType::Http),
            ..CheckRules::default()
        };
        for act in [
            Act::Connect(Box::default()),
            Act::SendHttp(Box::default()),
            expect(),
            Act::Connect(Box::default()),
            Act::SendHttp(Box::default()),
        ] {
            two.http.push(None, act);
        }
        assert_eq!(shape(&two.script().steps), "csecse");
        let mut tcp = CheckRules {
            kind: Some(CheckType::Tcp),
            ..CheckRules::default()
        };
        tcp.own_tcp().push(None, Act::Send(crate::plan::Text::default()));
        assert_eq!((shape(&tcp.script().steps).as_str(), tcp.script().kind), ("cs", ScriptKind::Tcp));
    }

    #[test]
    fn a_comment_waits_for_its_step() {
        let mut steps = Steps::default();
        steps.lines += 1;
        steps.comment = Some("why".into());
        steps.push(
            None,
            Act::UnsetVar(hapax_sample::vars::VarNames::default().intern("check.x").expect("a name")),
        );
        steps.push(None, Act::Connect(Box::default()));
        steps.push(None, expect());
        let seen: Vec<_> = steps.list.iter().map(|s| (s.number, s.comment.as_deref())).collect();
        assert_eq!(seen, [(2, None), (3, Some("why")), (4, None)]);
    }
}
