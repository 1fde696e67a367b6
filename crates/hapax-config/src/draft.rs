//! A proxy while its lines are read: the plan's [`Proxy`] as far as it is known, and the names that wait for the last line.

use std::sync::Arc;

use hapax_diag::Span;
use hapax_sample::acl::{AclSet, Condition};

use crate::keyword::Sections;
use crate::plan::{Global, Proxy, ProxyCaps};

/// A log-format string as written; compiled once the proxy is known in full.
#[derive(Clone, Debug)]
pub struct FormatText {
    pub text: Arc<[u8]>,
    pub span: Span,
}

/// `use_backend` before its name is resolved.
#[derive(Debug)]
pub struct PendingSwitch {
    pub name: Arc<[u8]>,
    pub cond: Option<Arc<Condition>>,
    pub span: Span,
    pub name_span: Span,
}

/// A frontend, backend, listen or defaults section as far as it is read.
#[derive(Debug, Default)]
pub struct Draft {
    pub proxy: Proxy,
    /// The one bit of its kind of section.
    pub kind: Sections,
    pub acls: AclSet,
    pub default_backend: Option<(Arc<str>, Span)>,
    pub switching: Vec<PendingSwitch>,
}

impl Draft {
    /// What every `defaults` section starts from: HAProxy's built-in values.
    pub fn initial() -> Self {
        Self {
            kind: Sections::DEFAULTS,
            proxy: Proxy {
                caps: ProxyCaps::all(),
                retries: 3,
                ..Proxy::default()
            },
            ..Self::default()
        }
    }

    /// A new section that starts from `defaults`, each topic handing over its own piece.
    pub fn inherit(kind: Sections, name: Arc<str>, span: Span, defaults: &Self) -> Self {
        let mut draft = Self { kind, ..Self::default() };
        draft.proxy.name = name;
        draft.proxy.span = span;
        draft.proxy.caps = match kind {
            Sections::FRONTEND => ProxyCaps::FRONTEND,
            Sections::BACKEND => ProxyCaps::BACKEND,
            _ => ProxyCaps::all(),
        };
        for topic in crate::topic::ALL {
            (topic.inherit)(&mut draft, defaults);
        }
        draft
    }

    /// `frontend`, `backend`, `listen` or `defaults`: as messages name it.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Sections::FRONTEND => "frontend",
            Sections::BACKEND => "backend",
            Sections::DEFAULTS => "defaults",
            _ => "proxy",
        }
    }

    pub fn is_front(&self) -> bool {
        self.proxy.caps.contains(ProxyCaps::FRONTEND)
    }

    pub fn is_back(&self) -> bool {
        self.proxy.caps.contains(ProxyCaps::BACKEND)
    }
}

/// The `global` section's built-in values.
pub fn initial_global() -> Global {
    Global {
        bufsize: 16384,
        maxrewrite: 1024,
        maxhdr: 101,
        ..Global::default()
    }
}
