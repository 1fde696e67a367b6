//! What an action may see and change.

use hapax_proto::http::Head;
use hapax_sample::vars::Vars;
use hapax_sample::{Body, Env, Now, SessionFacts, StreamFacts, World};
use hapax_value::Millis;

/// Settings of the stream that rules may change and the runtime reads afterwards.
#[derive(Clone, Debug, Default)]
pub struct Controls {
    pub timeout_client: Option<Millis>,
    pub timeout_server: Option<Millis>,
    pub timeout_tunnel: Option<Millis>,
    pub timeout_connect: Option<Millis>,
    pub timeout_queue: Option<Millis>,
    pub timeout_tarpit: Option<Millis>,
    pub retries: Option<u32>,
    pub no_l7_retry: bool,
    /// A rule that fails to be evaluated is an internal error (`strict-mode`).
    pub lenient: bool,
    pub fc_mark: Option<u32>,
    pub fc_tos: Option<u8>,
    pub bc_mark: Option<u32>,
    pub bc_tos: Option<u8>,
    pub nice: Option<i32>,
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
    pub vars: &'a Vars,
    pub world: &'a dyn World,
}

impl Txn<'_> {
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
            vars: self.vars,
            world: self.world,
        }
    }
}
