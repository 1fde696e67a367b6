//! Variables of the process that are set outside a stream: by `set-var` and `set-var-fmt` in `global`, and by the runtime API.

use hapax_value::Value;

use super::{StoreIf, VarId, Vars};
use crate::expr::Expr;
use crate::logformat::LogFormat;
use crate::{Body, Env, Now, SessionFacts, StreamFacts, World};

/// What makes the value.
#[derive(Debug)]
pub enum Source {
    Expr(Expr),
    Format(LogFormat),
}

/// A variable and what it is set to.
#[derive(Debug)]
pub struct ProcessVar {
    pub var: VarId,
    pub source: Source,
}

impl ProcessVar {
    /// Sets the variable. There is no connection and no message: an expression sees the process alone.
    pub fn set(&self, now: Now, world: &dyn World) {
        let (sess, stream, vars) = (SessionFacts::nobody(), StreamFacts::default(), Vars::default());
        let env = Env {
            now,
            sess: &sess,
            stream: &stream,
            req: None,
            res: None,
            req_body: Body::default(),
            res_body: Body::default(),
            payload: None,
            no_more: true,
            vars: &vars,
            world,
        };
        match &self.source {
            Source::Expr(expr) => {
                if let Ok(value) = expr.eval(&env) {
                    // The value may borrow from the variable it replaces.
                    let value = value.into_owned();
                    env.set_var(self.var, value, StoreIf::empty());
                }
            }
            Source::Format(format) => {
                let mut text = Vec::new();
                format.write(&env, &mut text);
                env.set_var(self.var, Value::Str(text.into()), StoreIf::empty());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::still::Stage;
    use crate::vars::VarScope;

    #[test]
    fn later_ones_see_earlier_ones() {
        let mut stage = Stage::default();
        let name = |stage: &mut Stage, n: &str| stage.compile(|cx| cx.vars.intern(n)).expect("name");
        let (a, b) = (name(&mut stage, "proc.a"), name(&mut stage, "proc.b"));
        assert_eq!(a.scope, VarScope::Proc);
        let expr = stage.expr("var(proc.none,60),div(proc.b)").expect("expression");
        let five = stage.expr("int(12)").expect("expression");
        let text = stage
            .compile(|cx| LogFormat::compile_text(b"n=%[var(proc.a)]", hapax_diag::Span::default(), cx))
            .expect("format");
        let all = [(b, Source::Expr(five)), (a, Source::Expr(expr)), (b, Source::Format(text))];
        for (var, source) in all {
            ProcessVar { var, source }.set(Now::default(), &stage.world);
        }
        assert_eq!(stage.env().var(a), Some(Value::Int(5)));
        assert_eq!(stage.env().var(b), Some(Value::Str(b"n=5".as_slice().into())));
    }
}
