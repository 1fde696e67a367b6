//! Messages whose framing fields rules have edited: see [`hapax_proto::h1::reframe`].

use hapax_proto::h1::framing::BodyLen;
use hapax_proto::h1::normalise;
use hapax_proto::h1::reframe::{self, Contradiction};

use super::Step;
use super::exchange::Exchange;
use crate::outcome::{Blame, End, Phase};

fn refused(Contradiction: Contradiction) -> End {
    End::new(Blame::Internal, Phase::Headers)
}

impl Exchange<'_> {
    /// The request, after all rules.
    pub(super) fn reframe_request(&mut self) -> Step<()> {
        if !std::mem::take(&mut self.p.controls.framing_edited) {
            return Ok(());
        }
        let head = &mut self.p.req_head;
        self.single_use |= normalise::connection_closes(head);
        reframe::request(head, self.meta.body).map_err(refused)?;
        Ok(())
    }

    /// An answer of our own, after the rules that may edit it; whether its status allows no body. `given`: the status that it had
    /// before them.
    pub(super) fn reframe_own(&mut self, len: usize, given: u16) -> bool {
        let head = &mut self.p.res_head;
        if informs(head.status) {
            head.status = given;
        }
        if std::mem::take(&mut self.p.controls.framing_edited) {
            reframe::own(head, len);
        }
        reframe::is_bodiless(head.status)
    }

    /// The response, after all rules; whether its body is still announced as it came. Where it is not, it ends with its connection.
    pub(super) fn reframe_response(&mut self, body: BodyLen, bodiless: bool) -> Step<bool> {
        if !std::mem::take(&mut self.p.controls.framing_edited) {
            return Ok(true);
        }
        let head = &mut self.p.res_head;
        self.keep_alive &= !normalise::connection_closes(head);
        let announced = reframe::response(head, body, bodiless).map_err(refused)?;
        self.keep_alive &= announced;
        Ok(announced)
    }
}

/// A status that says more is to come, as none that is the last word may.
fn informs(status: u16) -> bool {
    (100..200).contains(&status)
}
