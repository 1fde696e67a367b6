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
