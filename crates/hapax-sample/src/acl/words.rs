//! Words that are a fetch and a matching method in one (`path_beg`), valid as an ACL's criterion only.

use crate::pattern::MatchMethod;

/// What such a word stands for.
#[derive(Clone, Copy, Debug)]
pub struct Criterion {
    pub name: &'static str,
    pub fetch: &'static str,
    pub method: MatchMethod,
}

impl Criterion {
    /// The method is part of what the word says, so that another one stands against it.
    pub(super) fn insists(&self) -> bool {
        self.name == "method" || self.name.strip_suffix(self.method.name()).is_some_and(|stem| stem.ends_with('_'))
    }
}

const fn word(name: &'static str, fetch: &'static str, method: MatchMethod) -> Criterion {
    Criterion { name, fetch, method }
}

/// Every such word, sorted by name.
pub static CRITERIA: &[Criterion] = &[
    word("base", "base", MatchMethod::Str),
    word("base_beg", "base", MatchMethod::Beg),
    word("base_dir", "base", MatchMethod::Dir),
    word("base_dom", "base", MatchMethod::Dom),
    word("base_end", "base", MatchMethod::End),
    word("base_len", "base", MatchMethod::Len),
    word("base_reg", "base", MatchMethod::Reg),
    word("base_sub", "base", MatchMethod::Sub),
    word("cook", "req.cook", MatchMethod::Str),
    word("cook_beg", "req.cook", MatchMethod::Beg),
    word("cook_dir", "req.cook", MatchMethod::Dir),
    word("cook_dom", "req.cook", MatchMethod::Dom),
    word("cook_end", "req.cook", MatchMethod::End),
    word("cook_len", "req.cook", MatchMethod::Len),
    word("cook_reg", "req.cook", MatchMethod::Reg),
    word("cook_sub", "req.cook", MatchMethod::Sub),
    word("hdr", "req.hdr", MatchMethod::Str),
    word("hdr_beg", "req.hdr", MatchMethod::Beg),
    word("hdr_dir", "req.hdr", MatchMethod::Dir),
    word("hdr_dom", "req.hdr", MatchMethod::Dom),
    word("hdr_end", "req.hdr", MatchMethod::End),
    word("hdr_len", "req.hdr", MatchMethod::Len),
    word("hdr_reg", "req.hdr", MatchMethod::Reg),
    word("hdr_sub", "req.hdr", MatchMethod::Sub),
    word("http_auth_group", "http_auth_group", MatchMethod::Str),
    word("method", "method", MatchMethod::Str),
    word("path", "path", MatchMethod::Str),
    word("path_beg", "path", MatchMethod::Beg),
    word("path_dir", "path", MatchMethod::Dir),
    word("path_dom", "path", MatchMethod::Dom),
    word("path_end", "path", MatchMethod::End),
    word("path_len", "path", MatchMethod::Len),
    word("path_reg", "path", MatchMethod::Reg),
    word("path_sub", "path", MatchMethod::Sub),
    word("payload", "req.payload", MatchMethod::Bin),
    word("payload_lv", "req.payload_lv", MatchMethod::Bin),
    word("req.ssl_ver", "req.ssl_ver", MatchMethod::Int),
    word("req_rdp_cookie", "req.rdp_cookie", MatchMethod::Str),
    word("req_rdp_cookie_cnt", "req.rdp_cookie_cnt", MatchMethod::Int),
    word("req_ssl_sni", "req.ssl_sni", MatchMethod::Str),
    word("req_ssl_ver", "req.ssl_ver", MatchMethod::Int),
    word("req_ver", "req.ver", MatchMethod::Str),
    word("resp_ver", "res.ver", MatchMethod::Str),
    word("scook", "res.cook", MatchMethod::Str),
    word("scook_beg", "res.cook", MatchMethod::Beg),
    word("scook_dir", "res.cook", MatchMethod::Dir),
    word("scook_dom", "res.cook", MatchMethod::Dom),
    word("scook_end", "res.cook", MatchMethod::End),
    word("scook_len", "res.cook", MatchMethod::Len),
    word("scook_reg", "res.cook", MatchMethod::Reg),
    word("scook_sub", "res.cook", MatchMethod::Sub),
    word("shdr", "res.hdr", MatchMethod::Str),
    word("shdr_beg", "res.hdr", MatchMethod::Beg),
    word("shdr_dir", "res.hdr", MatchMethod::Dir),
    word("shdr_dom", "res.hdr", MatchMethod::Dom),
    word("shdr_end", "res.hdr", MatchMethod::End),
    word("shdr_len", "res.hdr", MatchMethod::Len),
    word("shdr_reg", "res.hdr", MatchMethod::Reg),
    word("shdr_sub", "res.hdr", MatchMethod::Sub),
    word("ssl_fc_sni_end", "ssl_fc_sni", MatchMethod::End),
    word("ssl_fc_sni_reg", "ssl_fc_sni", MatchMethod::Reg),
    word("url", "url", MatchMethod::Str),
    word("url_beg", "url", MatchMethod::Beg),
    word("url_dir", "url", MatchMethod::Dir),
    word("url_dom", "url", MatchMethod::Dom),
    word("url_end", "url", MatchMethod::End),
    word("url_len", "url", MatchMethod::Len),
    word("url_reg", "url", MatchMethod::Reg),
    word("url_sub", "url", MatchMethod::Sub),
    word("urlp", "urlp", MatchMethod::Str),
    word("urlp_beg", "urlp", MatchMethod::Beg),
    word("urlp_dir", "urlp", MatchMethod::Dir),
    word("urlp_dom", "urlp", MatchMethod::Dom),
    word("urlp_end", "urlp", MatchMethod::End),
    word("urlp_len", "urlp", MatchMethod::Len),
    word("urlp_reg", "urlp", MatchMethod::Reg),
    word("urlp_sub", "urlp", MatchMethod::Sub),
];

pub(super) fn criterion(name: &str) -> Option<&'static Criterion> {
    CRITERIA.binary_search_by(|c| c.name.cmp(name)).ok().map(|i| &CRITERIA[i])
}
