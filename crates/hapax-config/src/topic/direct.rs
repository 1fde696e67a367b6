//! Where a stream goes that no server gets: `dispatch`, `option transparent` (manual of 2.6 to 3.4, 4.2; gone since 3.5).

use hapax_diag::Diagnostic;
use hapax_value::Endpoint;

use super::Topic;
use crate::address::{self, Accept};
use crate::args::Args;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::Sections;
use crate::plan::Server;
use crate::reader::Reader;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "direct",
    rows: ROWS,
    inherit,
};

static ROWS: &[Row] = &[
    Row::new("dispatch", Sections::REAL)
        .usage("<address>:<port>")
        .doc("Address that gets what is bound to no server; without a `balance`, servers get what is bound to them alone.")
        .until(
            3,
            5,
            "support for 'dispatch' was removed in version 3.5. The modern way to do the same is to create a \
server with the same address, and possibly to assign any extra server a weight of zero if any.",
        )
        .ok(&["dispatch 127.0.0.1:80"])
        .bad(&[
            "dispatch",
            "dispatch 127.0.0.1",
            "dispatch 127.0.0.1:80-90",
            "dispatch 127.0.0.1:80 now",
        ])
        .set(dispatch),
    Row::new("transparent", Sections::BACK)
        .shape(Shape::Nothing)
        .doc("Old form of `option transparent`.")
        .until(
            3,
            5,
            "support for 'transparent' was removed in version 3.5. The modern way to do the same is to create \
a server with address 0.0.0.0.",
        )
        .ok(&["transparent"])
        .bad(&["transparent x"])
        .set(|cx, _| {
            cx.proxy().transparent = true;
            Ok(())
        }),
    Row::new("option transparent", Sections::BACK)
        .shape(Shape::Nothing)
        .doc("Sends what is bound to no server where the client meant to go; without a `balance`, servers get what is bound to them alone.")
        .until(3, 5, "support for option 'transparent' was removed in version 3.5.")
        .negatable()
        .ok(&["option transparent", "no option transparent"])
        .bad(&["option transparent x"])
        .set(|cx, a| {
            cx.proxy().transparent = !a.negated();
            Ok(())
        }),
];

fn dispatch(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("'dispatch' : '' resolves to an empty address (environment variable missing?)"));
    }
    if a.len() > 1 {
        return Err(a.bad(1, format!("'dispatch' cannot handle unexpected argument '{}'.", a.show(1))));
    }
    let parsed = address::parse(a.str(0), Accept::WITH_PORT, &cx.env).map_err(|e| a.bad(0, format!("'dispatch' : {e}")))?;
    if let Some(to) = cx.resolve(&parsed, a.str(0), a.at(0), "'dispatch' : ")? {
        cx.proxy().dispatch = Some((to, a.line));
    }
    Ok(())
}

/// The stand-in for servers that the section asks for. The unspecified address is the client's destination.
pub(crate) fn stand_in(draft: &Draft) -> Option<Box<Server>> {
    let address = match &draft.dispatch {
        Some((to, _)) => to.clone(),
        None if draft.transparent => Endpoint::Ip(([0, 0, 0, 0], 0).into()),
        None => return None,
    };
    Some(Box::new(Server {
        address: Some(address),
        ..Server::default()
    }))
}

fn inherit(to: &mut Draft, from: &Draft) {
    if to.is_back() {
        to.transparent = from.transparent;
    }
}
