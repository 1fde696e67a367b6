//! What an action may see and change.

use crate::{Effect, RuleSets};
use hapax_proto::http::Head;
use hapax_sample::vars::Vars;
use hapax_sample::{Body, Env, Now, SessionFacts, StreamFacts, World};

/// Settings of the stream that rules may change and the runtime reads afterwards.
#[derive(Clone, Debug, Default)]
pub struct Controls {
    pub no_l7_retry: bool,
    /// `auth` has asked the client who it is.
    pub challenged: bool,
    /// A rule that fails to be evaluated is an internal error (`strict-mode`).
    pub lenient: bool,
    /// The most bytes that the heads of the request and of the response may come to; 0: no limit. The runtime sets them.
    pub room: [usize; 2],
    /// A rule has edited a field that frames a message; the runtime looks after them and empties it.
    pub framing_edited: bool,
    /// Rewrites that failed; the runtime counts and empties it.
    pub failed_rewrites: u32,
    pub fc_mark: Option<u32>,
    pub fc_tos: Option<u8>,
    pub bc_mark: Option<u32>,
    pub bc_tos: Option<u8>,
    pub nice: Option<i32>,
    /// `early-hint`: fields of the 103 responses to send once the rule set stops or waits; the runtime empties it.
    pub early_hints: Vec<Hint>,
    /// `set-bandwidth-limit`, one entry for each filter.
    pub bandwidth: Vec<Bandwidth>,
    /// `cache-store`: index of the cache.
    pub cache_store: Option<u32>,
    pub attach: Option<Attach>,
    /// Reused by actions that build a text; empty between two of them.
    pub scratch: Vec<u8>,
}

/// A longer scratch text is given back to the system at the stream's end.
const SCRATCH_KEPT: usize = 16_384;

impl Controls {
    /// Forgets the stream, keeps the scratch text's memory.
    pub fn clear(&mut self) {
        // Field by field: a whole new value would cost a copy of it, and the end of the old one.
        let Self {
            no_l7_retry,
            challenged,
            lenient,
            room,
            framing_edited,
            failed_rewrites,
            fc_mark,
            fc_tos,
            bc_mark,
            bc_tos,
            nice,
            early_hints,
            bandwidth,
            cache_store,
            attach,
            scratch,
        } = self;
        for flag in [no_l7_retry, challenged, lenient, framing_edited] {
            *flag = false;
        }
        (*room, *failed_rewrites) = ([0; 2], 0);
        (*fc_mark, *fc_tos, *bc_mark, *bc_tos) = (None, None, None, None);
        (*nice, *cache_store, *attach) = (None, None, None);
        early_hints.clear();
        bandwidth.clear();
        scratch.clear();
        if scratch.capacity() > SCRATCH_KEPT {
            *scratch = Vec::new();
        }
    }
}

/// A field of a 103 response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// It is the first of another response.
    pub starts: bool,
    /// Where its rule stands among those of its section.
    pub rule: u32,
    pub name: Box<[u8]>,
    pub value: Box<[u8]>,
}

/// `attach-srv`: a server, and the name to be known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attach {
    /// `(proxy << 32 | server)`
    pub server: u64,
    pub name: Box<[u8]>,
}

/// A bandwidth limitation filter turned on; `None`: as the filter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bandwidth {
    pub filter: u32,
    /// Bytes for each period.
    pub limit: Option<u64>,
    /// Milliseconds.
    pub period: Option<u64>,
}

/// Why a rule set is run again from a rule that had answered [`Effect::Wait`](crate::Effect::Wait).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Woken {
    /// It is not: a fresh run, or more bytes came for a rule that wanted to look again ([`Wait::More`](crate::Wait::More)).
    #[default]
    No,
    /// What the rule waited for has happened.
    Done,
    /// It has not, and the time is over.
    TimedOut,
}

/// One transaction while a rule set runs over it.
pub struct Txn<'a> {
    pub now: Now,
    pub sess: &'a mut SessionFacts,
    pub stream: &'a mut StreamFacts,
    pub controls: &'a mut Controls,
    pub req: Option<&'a mut Head>,
    pub res: Option<&'a mut Head>,
    pub req_body: Body<'a>,
    pub res_body: Body<'a>,
    pub payload: Option<Body<'a>>,
    /// Nothing more will come or be waited for: what is not known yet never will be. Always so in HTTP rule sets.
    pub no_more: bool,
    /// Taken by the first rule that is run.
    pub woken: Woken,
    pub vars: &'a Vars,
    pub world: &'a dyn World,
}

impl Txn<'_> {
    /// The head that `ruleset` edits.
    pub fn head(&mut self, ruleset: RuleSets) -> Option<&mut Head> {
        if ruleset.intersects(RuleSets::RESPONSE) {
            self.res.as_deref_mut()
        } else {
            self.req.as_deref_mut()
        }
    }

    /// Whether the head that `ruleset` edits may grow by `more` bytes (manual, `strict-mode`, `tune.maxrewrite`).
    pub fn has_room(&self, ruleset: RuleSets, more: usize) -> bool {
        let response = ruleset.intersects(RuleSets::RESPONSE);
        let room = self.controls.room[usize::from(response)];
        let head = if response { self.res.as_deref() } else { self.req.as_deref() };
        // What the head has taken so far is more than what is left of it: nearly always, that is answer enough.
        room == 0 || head.is_none_or(|h| h.wire_len() + more <= room || h.counted_len() as usize + more <= room)
    }

    /// A rewrite cannot be done: an internal error, unless `strict-mode off` has been said.
    pub fn failed_rewrite(&mut self) -> Effect {
        self.controls.failed_rewrites += 1;
        if self.controls.lenient { Effect::Continue } else { Effect::Fail }
    }

    /// Runs `edit` with a text that `fill` makes of the facts, in the stream's reused buffer.
    pub fn with_text<R>(&mut self, fill: impl FnOnce(&Env<'_>, &mut Vec<u8>), edit: impl FnOnce(&mut Self, &[u8]) -> R) -> R {
        let mut text = std::mem::take(&mut self.controls.scratch);
        fill(&self.env(), &mut text);
        let answer = edit(self, &text);
        text.clear();
        self.controls.scratch = text;
        answer
    }

    /// What expressions see of it now.
    pub fn env(&self) -> Env<'_> {
        Env {
            now: self.now,
            sess: self.sess,
            stream: self.stream,
            req: self.req.as_deref(),
            res: self.res.as_deref(),
            req_body: self.req_body,
            res_body: self.res_body,
            payload: self.payload,
            no_more: self.no_more,
            vars: self.vars,
            world: self.world,
        }
    }
}
