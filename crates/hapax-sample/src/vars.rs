//! Variables (manual, 2.8): names become ids at load, values live in one scope each.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hapax_value::Value;

/// Where a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VarScope {
    Proc,
    Sess,
    Txn,
    Req,
    Res,
    Check,
    /// Of the stream that this one works for (`psess`, `ptxn`, `preq`, `pres`); no stream here works for another, so these
    /// have no value.
    Parent,
}

impl VarScope {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "proc" => Self::Proc,
            "sess" => Self::Sess,
            "txn" => Self::Txn,
            "req" => Self::Req,
            "res" => Self::Res,
            "check" => Self::Check,
            "psess" | "ptxn" | "preq" | "pres" => Self::Parent,
            _ => return None,
        })
    }
}

/// A variable known at load: its scope and the index of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VarId {
    pub scope: VarScope,
    pub name: u32,
}

/// Names seen at load.
#[derive(Clone, Debug, Default)]
pub struct VarNames {
    ids: HashMap<Arc<str>, u32>,
}

impl VarNames {
    /// `scope.name` to an id; the error is in words for the user.
    pub fn intern(&mut self, text: &str) -> Result<VarId, String> {
        const RULE: &str =
            "A variable name must start with its scope. The scope can be 'proc', '(p)sess', '(p)txn', '(p)req', '(p)res' or 'check'";
        if text.is_empty() {
            return Err("Empty variable name cannot be accepted".to_owned());
        }
        let found = text
            .split_once('.')
            .filter(|(_, name)| !name.is_empty())
            .and_then(|(scope, name)| Some((VarScope::from_word(scope)?, name)));
        let Some((scope, name)) = found else {
            return Err(format!("invalid variable name '{text}'. {RULE}"));
        };
        if let Some(bad) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))) {
            return Err(format!("invalid syntax at char '{bad}'"));
        }
        let next = self.ids.len() as u32;
        let name = *self.ids.entry(Arc::from(name)).or_insert(next);
        Ok(VarId { scope, name })
    }
}

impl VarNames {
    /// The id of a process-wide variable that is known already.
    pub fn of_process(&self, text: &str) -> Option<VarId> {
        let name = *self.ids.get(text.strip_prefix("proc.")?)?;
        Some(VarId {
            scope: VarScope::Proc,
            name,
        })
    }

    /// The name behind an id, without its scope; for those who explain. Slow.
    pub fn name(&self, id: u32) -> Option<&str> {
        self.ids.iter().find(|(_, i)| **i == id).map(|(n, _)| &**n)
    }
}

/// Values of one scope, few enough to search.
pub type Scope = Vec<(u32, Value<'static>)>;

/// The scopes of one stream; `sess` outlives it.
#[derive(Debug, Default)]
pub struct Vars {
    pub sess: RefCell<Scope>,
    pub txn: RefCell<Scope>,
    pub req: RefCell<Scope>,
    pub res: RefCell<Scope>,
    pub check: RefCell<Scope>,
    pub limits: VarLimits,
    /// The response has begun: those of the request are gone, and those of the response exist.
    pub responding: Cell<bool>,
    /// What `capture-req` and `capture-res` have kept of this stream.
    pub caught: RefCell<Vec<Caught>>,
}

/// A sample in a capture slot.
#[derive(Clone, Debug)]
pub struct Caught {
    pub request: bool,
    pub slot: usize,
    pub text: Box<[u8]>,
}

/// How many bytes variables may take (`tune.vars.*-max-size`); a wider scope counts the narrower ones in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VarLimits {
    /// Of all scopes of all streams together.
    pub global: Option<u64>,
    pub proc: Option<u64>,
    pub sess: Option<u64>,
    pub txn: Option<u64>,
    pub reqres: Option<u64>,
    pub check: Option<u64>,
}

impl VarLimits {
    /// Nothing is limited, and so nothing has to be counted.
    fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The process counts what all scopes take; as HAProxy's `proc` scope includes all others, its limit is one for all, too.
    fn for_all(&self) -> Option<u64> {
        match (self.global, self.proc) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

/// What a variable takes beside the bytes of its value.
const OVERHEAD: u64 = size_of::<(u32, Value<'static>)>() as u64;

fn size(value: &Value<'_>) -> u64 {
    OVERHEAD + value.bytes().map_or(0, |b| b.len() as u64)
}

fn total(scope: &Scope) -> u64 {
    scope.iter().map(|(_, v)| size(v)).sum()
}

bitflags::bitflags! {
    /// What must hold for a variable to be set (`set-var(txn.x,ifexists)`): all of the conditions given.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct StoreIf: u8 {
        const EXISTS     = 1 << 0;
        const NOT_EXISTS = 1 << 1;
        /// The new value, not the old one, is looked at for emptiness.
        const EMPTY      = 1 << 2;
        const NOT_EMPTY  = 1 << 3;
        const SET        = 1 << 4;
        const NOT_SET    = 1 << 5;
        /// The old value is greater, or less, than the new one (integers).
        const GT         = 1 << 6;
        const LT         = 1 << 7;
    }
}

impl StoreIf {
    /// One condition by its word; the error is in words for the user.
    pub fn from_word(word: &str) -> Result<Self, String> {
        Ok(match word {
            "ifexists" => Self::EXISTS,
            "ifnotexists" => Self::NOT_EXISTS,
            "ifempty" => Self::EMPTY,
            "ifnotempty" => Self::NOT_EMPTY,
            "ifset" => Self::SET,
            "ifnotset" => Self::NOT_SET,
            "ifgt" => Self::GT,
            "iflt" => Self::LT,
            _ => return Err(format!("unknown condition \"{word}\"")),
        })
    }

    fn allow(self, exists: bool, old: Option<&Value<'_>>, new: &Value<'_>) -> bool {
        let empty = match new {
            Value::Str(b) | Value::Bin(b) => Some(b.is_empty()),
            _ => None,
        };
        let ordered = match (old, new) {
            (Some(Value::Int(o)), Value::Int(n)) => !(self.contains(Self::GT) && o <= n || self.contains(Self::LT) && o >= n),
            _ => true,
        };
        !(self.contains(Self::EXISTS) && !exists
            || self.contains(Self::NOT_EXISTS) && exists
            || self.contains(Self::SET) && old.is_none()
            || self.contains(Self::NOT_SET) && old.is_some()
            || self.contains(Self::EMPTY) && empty != Some(true)
            || self.contains(Self::NOT_EMPTY) && empty == Some(true))
            && ordered
    }
}

fn put(scope: &mut Scope, name: u32, permanent: bool, value: Value<'_>, when: StoreIf) -> bool {
    let at = scope.iter().position(|(n, _)| *n == name);
    if !when.allow(at.is_some() || permanent, at.map(|i| &scope[i].1), &value) {
        return false;
    }
    let value = value.into_owned();
    match at {
        Some(i) => scope[i].1 = value,
        None => scope.push((name, value)),
    }
    true
}

/// Tells how many bytes that frees.
fn drop_from(scope: &mut Scope, name: u32) -> u64 {
    let at = scope.iter().position(|(n, _)| *n == name);
    at.map_or(0, |at| size(&scope.remove(at).1))
}

fn find(scope: &Scope, name: u32) -> Option<Value<'static>> {
    scope.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone())
}

impl Vars {
    /// The scope as a cell; `None` for those that do not belong to a stream, and for one whose message is not at hand.
    fn cell(&self, scope: VarScope) -> Option<&RefCell<Scope>> {
        match scope {
            VarScope::Sess => Some(&self.sess),
            VarScope::Txn => Some(&self.txn),
            VarScope::Req => (!self.responding.get()).then_some(&self.req),
            VarScope::Res => self.responding.get().then_some(&self.res),
            VarScope::Check => Some(&self.check),
            VarScope::Proc | VarScope::Parent => None,
        }
    }

    /// The rules of a response are to run, the server's or our own: the variables of the request end here.
    pub fn begin_response(&self, world: &dyn crate::World) {
        if !self.responding.replace(true) {
            let mut req = self.req.borrow_mut();
            if !req.is_empty() {
                self.give_back([&*req], world);
                req.clear();
            }
        }
    }

    /// Gives back to the process what the variables of these scopes have taken of its memory.
    pub fn give_back<'s>(&self, scopes: impl IntoIterator<Item = &'s Scope>, world: &dyn crate::World) {
        if self.limits.for_all().is_some() {
            let held: u64 = scopes.into_iter().map(total).sum();
            world.var_memory().fetch_sub(held, Ordering::Relaxed);
        }
    }

    /// Forgets the stream, keeps the memory of the lists.
    pub fn clear(&mut self, world: &dyn crate::World) {
        if self.limits.for_all().is_some() {
            let scopes = [&self.sess, &self.txn, &self.req, &self.res].map(RefCell::borrow);
            self.give_back(scopes.iter().map(|s| &**s), world);
        }
        for scope in [&mut self.sess, &mut self.txn, &mut self.req, &mut self.res, &mut self.check] {
            scope.get_mut().clear();
        }
        self.caught.get_mut().clear();
        self.responding.set(false);
    }

    /// Whether a variable may grow by so much, as far as its stream goes. `scope`: its own, which is borrowed already.
    fn fits(&self, id: VarId, scope: &Scope, grows: u64) -> bool {
        let VarLimits {
            sess, txn, reqres, check, ..
        } = self.limits;
        if sess.or(txn).or(reqres).or(check).is_none() {
            return true;
        }
        let own = total(scope);
        let of = |s: VarScope| {
            if s == id.scope {
                own
            } else {
                self.cell(s).map_or(0, |c| total(&c.borrow()))
            }
        };
        let within = |limit: Option<u64>, used: u64| limit.is_none_or(|l| used + grows <= l);
        let in_messages = of(VarScope::Req) + of(VarScope::Res);
        let in_txn = in_messages + of(VarScope::Txn);
        let in_sess = in_txn + of(VarScope::Sess);
        match id.scope {
            VarScope::Req | VarScope::Res => within(reqres, in_messages) && within(txn, in_txn) && within(sess, in_sess),
            VarScope::Txn => within(txn, in_txn) && within(sess, in_sess),
            VarScope::Sess => within(sess, in_sess),
            VarScope::Check => within(check, own),
            VarScope::Proc | VarScope::Parent => true,
        }
    }
}

impl crate::Env<'_> {
    /// Keeps a sample in a capture slot, in place of what was there.
    pub fn catch(&self, caught: Caught) {
        let mut all = self.vars.caught.borrow_mut();
        all.retain(|c| (c.request, c.slot) != (caught.request, caught.slot));
        all.push(caught);
    }

    /// The capture slots of a direction as rules and converters have left them.
    pub fn captures(&self, request: bool) -> Cow<'_, [Option<Box<[u8]>>]> {
        let slots = if request {
            &self.stream.req_captures
        } else {
            &self.stream.res_captures
        };
        let all = self.vars.caught.borrow();
        if all.is_empty() {
            return Cow::Borrowed(slots);
        }
        let mut slots = slots.clone();
        for c in all.iter().filter(|c| c.request == request) {
            if slots.len() <= c.slot {
                slots.resize(c.slot + 1, None);
            }
            slots[c.slot] = Some(c.text.clone());
        }
        Cow::Owned(slots)
    }

    /// Sets a variable where `when` and the limits allow it; tells whether it was set. The value may borrow from this very
    /// evaluation.
    pub fn set_var(&self, id: VarId, value: Value<'_>, when: StoreIf) -> bool {
        if let Some(cell) = self.vars.cell(id.scope) {
            return self.counted(id, &mut cell.borrow_mut(), value, when);
        }
        if id.scope != VarScope::Proc {
            return false;
        }
        let Ok(mut scope) = self.world.proc_vars().write() else {
            return false;
        };
        self.counted(id, &mut scope, value, when)
    }

    /// Puts a value where limits allow it.
    fn counted(&self, id: VarId, scope: &mut Scope, value: Value<'_>, when: StoreIf) -> bool {
        // A process variable that the configuration names exists from the start.
        let permanent = id.scope == VarScope::Proc;
        if self.vars.limits.is_none() {
            return put(scope, id.name, permanent, value, when);
        }
        let old = scope.iter().find(|(n, _)| *n == id.name).map_or(0, |(_, v)| size(v));
        let new = size(&value);
        if !self.vars.fits(id, scope, new.saturating_sub(old)) {
            return false;
        }
        let Some(limit) = self.vars.limits.for_all() else {
            return put(scope, id.name, permanent, value, when);
        };
        let memory = self.world.var_memory();
        let swap = |used: u64| (used.saturating_sub(old) + new <= limit || new <= old).then(|| used.saturating_sub(old) + new);
        if memory.fetch_update(Ordering::Relaxed, Ordering::Relaxed, swap).is_err() {
            return false;
        }
        let done = put(scope, id.name, permanent, value, when);
        if !done {
            memory.fetch_add(old, Ordering::Relaxed);
            memory.fetch_sub(new, Ordering::Relaxed);
        }
        done
    }

    pub fn unset_var(&self, id: VarId) {
        let gone = if let Some(cell) = self.vars.cell(id.scope) {
            drop_from(&mut cell.borrow_mut(), id.name)
        } else if id.scope == VarScope::Proc
            && let Ok(mut scope) = self.world.proc_vars().write()
        {
            drop_from(&mut scope, id.name)
        } else {
            0
        };
        if gone > 0 && self.vars.limits.for_all().is_some() {
            self.world.var_memory().fetch_sub(gone, Ordering::Relaxed);
        }
    }

    /// The variable's value, where it has one.
    pub fn var(&self, id: VarId) -> Option<Value<'static>> {
        if let Some(cell) = self.vars.cell(id.scope) {
            return find(&cell.borrow(), id.name);
        }
        if id.scope != VarScope::Proc {
            return None;
        }
        self.world.proc_vars().read().ok().and_then(|scope| find(&scope, id.name))
    }
}

pub mod process;
#[cfg(test)]
mod tests;
