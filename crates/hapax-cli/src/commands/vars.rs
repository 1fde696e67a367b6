//! Variables of the whole process: read, and set by expressions.

use hapax_config::plan::SocketLevel;
use hapax_diag::{Diagnostics, Span};
use hapax_sample::expr::Expr;
use hapax_sample::logformat::LogFormat;
use hapax_sample::pattern::PatternRefs;
use hapax_sample::vars::VarScope;
use hapax_sample::vars::process::{ProcessVar, Source};
use hapax_sample::{Compile, Files, Needs, Now, Wanted};
use hapax_value::Support;

use super::own::row;
use crate::command::{Answer, Call, Command};

pub(super) static ROWS: &[Command] = &[
    row!(&["get", "var"], Operator, "get var <name>", "show a variable of the process", get),
    row!(
        &["set", "var"],
        Operator,
        "set var <name> [expr | fmt] <value>",
        "set a variable of the process",
        set
    ),
];

const NO_NAME: &str = "Missing process-wide variable identifier.";

fn get(c: &mut Call<'_>) -> Answer {
    let name = c.arg(0);
    if name.is_empty() {
        return Answer::err(NO_NAME);
    }
    let shared = c.control.shared();
    let names = shared.var_names.lock();
    let names = names.as_ref().ok().and_then(|n| n.as_ref()).unwrap_or(&shared.plan.vars);
    let value = names.of_process(name).and_then(|id| {
        let scope = shared.proc_vars.read().ok()?;
        scope.iter().find(|(n, _)| *n == id.name).map(|(_, v)| v.clone())
    });
    let Some(value) = value else {
        return Answer::err("Variable not found.");
    };
    let mut text = Vec::new();
    value.write_str(&mut text);
    let text = String::from_utf8_lossy(&text);
    Answer::Text(format!("{name}: type={} value=<{text}>\n", value.kind().name()))
}

/// Expressions of the runtime API read no file.
struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<std::sync::Arc<[u8]>, String> {
        Err(format!("'{path}' cannot be read while running"))
    }
}

fn set(c: &mut Call<'_>) -> Answer {
    if !c.session.experimental {
        return Answer::err("This command is restricted to experimental mode only.");
    }
    let name = c.arg(0);
    if name.is_empty() {
        return Answer::err(NO_NAME);
    }
    let (format, from) = match c.arg(1) {
        "" => return Answer::err("Missing either 'expr', 'fmt' or expression."),
        "fmt" => (true, 2),
        "expr" => (false, 2),
        _ => (false, 1),
    };
    let text = c.args().get(from..).unwrap_or_default().join(" ");
    match compile(c, name, format, &text) {
        Ok(var) => {
            let now = Now {
                wall_us: c.control.now_us(),
                mono_ms: 0,
            };
            var.set(now, &*hapax_runtime::world::outside(c.control.shared()));
            Answer::Done
        }
        Err(message) => Answer::err(message),
    }
}

fn compile(c: &Call<'_>, name: &str, format: bool, text: &str) -> Result<ProcessVar, String> {
    let shared = c.control.shared();
    let mut names = shared.var_names.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let vars = names.get_or_insert_with(|| shared.plan.vars.clone());
    let (mut diags, mut deferred, mut refs) = (Diagnostics::default(), Vec::new(), PatternRefs::default());
    let mut cx = Compile {
        files: &NoFiles,
        diags: &mut diags,
        deferred: &mut deferred,
        within: None,
        vars,
        refs: &mut refs,
        wanted: &mut Wanted::default(),
        version: None,
    };
    let var = cx.vars.intern(name)?;
    if var.scope != VarScope::Proc {
        return Err(format!(
            "'set var': cannot set variable '{name}', only scope 'proc' is permitted here."
        ));
    }
    let at = Span::default();
    let source = if format {
        let made = LogFormat::compile_text(text.as_bytes(), at, &mut cx).map_err(|d| d.message)?;
        if let Some(why) = made.misplaced(Needs::CLI) {
            return Err(why);
        }
        Source::Format(made)
    } else {
        let made = Expr::compile(text, at, &mut cx).map_err(|d| d.message)?;
        if !made.needs().intersects(Needs::CLI) {
            return Err(format!(
                "fetch method 'set-var({name})' extracts information from '{}', none of which is available here",
                made.fetch().source()
            ));
        }
        Source::Expr(made)
    };
    match deferred.first() {
        // Proxies and tables by name are looked up at load.
        Some(name) => Err(format!("'{}' cannot be named here", name.name)),
        None => Ok(ProcessVar { var, source }),
    }
}
