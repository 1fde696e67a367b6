//! Commands for those who look into the program itself.

use hapax_balance::notice::level;

use super::own::row;
use crate::command::{Answer, Call, Command};
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

pub(super) static ROWS: &[Command] = &[row!(
    &["debug", "dev", "log"],
    Admin,
    "debug dev log [msg] ...",
    "send a message to the log targets of the global section",
    dev_log
)];

fn dev_log(c: &mut Call<'_>) -> Answer {
    if !c.session.expert {
        return Answer::err("This command is restricted to expert mode only.");
    }
    c.control.shared().events.tell_all(level::INFO, &c.args().join(" "));
    Answer::Done
}
