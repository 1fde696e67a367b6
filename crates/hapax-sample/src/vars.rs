//! Variables (manual, 2.8): names become ids at load, values live in one scope each.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

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
        let (scope, name) = text.split_once('.').ok_or_else(|| format!("invalid variable name '{text}'"))?;
        let scope = match scope {
            "proc" => VarScope::Proc,
            "sess" => VarScope::Sess,
            "txn" => VarScope::Txn,
            "req" => VarScope::Req,
            "res" => VarScope::Res,
            "check" => VarScope::Check,
            _ => {
                return Err(format!(
                    "invalid variable name '{text}'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'"
                ));
            }
        };
        let next = self.ids.len() as u32;
        let name = *self.ids.entry(Arc::from(name)).or_insert(next);
        Ok(VarId { scope, name })
    }
}

impl VarNames {
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

fn drop_from(scope: &mut Scope, name: u32) {
    scope.retain(|(n, _)| *n != name);
}

fn find(scope: &Scope, name: u32) -> Option<Value<'static>> {
    scope.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone())
}

impl Vars {
    /// The scope as a cell; `None` for the scopes that do not belong to a stream.
    fn cell(&self, scope: VarScope) -> Option<&RefCell<Scope>> {
        match scope {
            VarScope::Sess => Some(&self.sess),
            VarScope::Txn => Some(&self.txn),
            VarScope::Req => Some(&self.req),
            VarScope::Res => Some(&self.res),
            VarScope::Proc | VarScope::Check => None,
        }
    }
}

impl crate::Env<'_> {
    /// Sets a variable where `when` allows it; tells whether it was set. The value may borrow from this very evaluation.
    pub fn set_var(&self, id: VarId, value: Value<'_>, when: StoreIf) -> bool {
        if let Some(cell) = self.vars.cell(id.scope) {
            return put(&mut cell.borrow_mut(), id.name, false, value, when);
        }
        match self.world.proc_vars().write() {
            // A process variable that the configuration names exists from the start.
            Ok(mut scope) if id.scope == VarScope::Proc => put(&mut scope, id.name, true, value, when),
            _ => false,
        }
    }

    pub fn unset_var(&self, id: VarId) {
        if let Some(cell) = self.vars.cell(id.scope) {
            drop_from(&mut cell.borrow_mut(), id.name);
        } else if let Ok(mut scope) = self.world.proc_vars().write() {
            drop_from(&mut scope, id.name);
        }
    }

    /// The variable's value, where it has one.
    pub fn var(&self, id: VarId) -> Option<Value<'static>> {
        if let Some(cell) = self.vars.cell(id.scope) {
            return find(&cell.borrow(), id.name);
        }
        self.world.proc_vars().read().ok().and_then(|scope| find(&scope, id.name))
    }
}
