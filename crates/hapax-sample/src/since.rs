//! Since which version of HAProxy the words of expressions exist, for judging a file as an older version would.
//!
//! One table rather than a field of each row: what is past never changes, and only `--for` asks.

/// A HAProxy version as (major, minor), such as (2, 6).
pub type Version = (u8, u8);

/// Fetches that 2.4 did not know.
static FETCHES: &[(Version, &str)] = &[
    (
        (2, 5),
        "bc_err bc_err_str fc_dst fc_dst_is_local fc_dst_port fc_err fc_err_str fc_src fc_src_is_local fc_src_port \
         http_auth_bearer sc1_clr_gpc sc_clr_gpc sc_get_gpc sc_get_gpt sc_gpc_rate sc_inc_gpc src_clr_gpc src_get_gpc \
         src_get_gpt src_gpc_rate src_inc_gpc ssl_bc_err ssl_bc_err_str ssl_fc_ecformats_bin ssl_fc_eclist_bin \
         ssl_fc_err ssl_fc_err_str ssl_fc_extlist_bin ssl_fc_protocol_hello_id",
    ),
    ((2, 6), "last_rule_file last_rule_line"),
    ((2, 8), "bc_rtt bc_rttvar quic_enabled ssl_c_r_dn"),
    (
        (2, 9),
        "accept_date acl act_conn bc.timer.connect bs.id bytes_in bytes_out cur_client_timeout fc.timer.handshake \
         fc.timer.total fc_pp_tlv fs.id pid req.cook_names req.timer.hdr req.timer.idle req.timer.queue req.timer.tq \
         request_date res.cook_names res.timer.data res.timer.hdr server_status ssl_bc_curve ssl_fc_curve \
         txn.conn_retries txn.id32 txn.sess_term_state txn.status txn.timer.total txn.timer.user",
    ),
    (
        (3, 0),
        "bc_be_queue bc_glitches bc_nb_streams bc_srv_queue bs.aborted bs.rst_code fc_glitches fc_nb_streams \
         fc_settings_streams_limit fs.aborted fs.rst_code sc0_glitch_cnt sc0_glitch_rate sc1_glitch_cnt sc1_glitch_rate \
         sc2_glitch_cnt sc2_glitch_rate sc_glitch_cnt sc_glitch_rate src_glitch_cnt src_glitch_rate \
         ssl_bc_client_early_traffic_secret ssl_bc_client_handshake_traffic_secret ssl_bc_client_traffic_secret_0 \
         ssl_bc_early_exporter_secret ssl_bc_exporter_secret ssl_bc_server_handshake_traffic_secret \
         ssl_bc_server_traffic_secret_0 txn.redispatched uptime",
    ),
    (
        (3, 1),
        "bc_err_name bs.debug_str fc_err_name fs.debug_str last_entity spoe.engine-id ssl_c_san ssl_fc_sigalgs_bin \
         ssl_fc_supported_versions_bin waiting_entity",
    ),
    (
        (3, 2),
        "bc_reused req.ssl_cipherlist req.ssl_keyshare_groups req.ssl_sigalgs req.ssl_supported_groups sc0_key sc1_key \
         sc2_key sc_key term_events",
    ),
    (
        (3, 3),
        "req.bytes_in req.bytes_out res.bytes_in res.bytes_out ssl_bc_sni ssl_fc_early_rcvd",
    ),
    (
        (3, 4),
        "bc_settings_streams_limit be_connect_timeout be_queue_timeout be_tarpit_timeout cpu_usage_grp cpu_usage_proc \
         cpu_usage_thr cur_connect_timeout cur_queue_timeout cur_tarpit_timeout dump_all_vars fc_saved_syn \
         fe_tarpit_timeout ssl_fc_crtname tgroup",
    ),
    ((3, 5), "be_max_retries cur_max_retries ssl_c_policies"),
];

/// Converters that 2.4 did not know.
static CONVERTERS: &[(Version, &str)] = &[
    (
        (2, 5),
        "be2dec be2hex jwt_header_query jwt_payload_query jwt_verify table_gpc table_gpc_rate table_gpt",
    ),
    ((2, 6), "add_item host_only port_only table_expire table_idle"),
    ((2, 7), "x509_v_err_str"),
    ((2, 8), "param rfc7239_field rfc7239_is_valid rfc7239_n2nn rfc7239_n2np"),
    ((2, 9), "ms_ltime ms_utime us_ltime us_utime"),
    (
        (3, 0),
        "aes_gcm_enc map_beg_key map_dir_key map_dom_key map_end_key map_int_key map_ip_key map_reg_key map_str_key \
         map_sub_key table_glitch_cnt table_glitch_rate",
    ),
    ((3, 1), "date rfc7239_nn rfc7239_np when"),
    (
        (3, 2),
        "table_clr_gpc table_clr_gpc0 table_clr_gpc1 table_inc_gpc table_inc_gpc0 table_inc_gpc1",
    ),
    ((3, 3), "base2 jwt_verify_cert le2dec srv_is_up"),
    (
        (3, 4),
        "aes_cbc_dec aes_cbc_enc eth.data eth.dst eth.hdr eth.proto eth.src eth.vlan fe_exists ip.data ip.df ip.dst \
         ip.fp ip.hdr ip.proto ip.src ip.tos ip.ttl ip.ver jwt_decrypt_cert jwt_decrypt_jwk jwt_decrypt_secret reverse \
         reverse_dom tcp.dst tcp.flags tcp.options.mss tcp.options.sack tcp.options.tsopt tcp.options.tsval \
         tcp.options.wscale tcp.options.wsopt tcp.options_list tcp.seq tcp.src tcp.win",
    ),
    ((3, 5), "has_ctl"),
];

/// The first version with this fetch; (0, 0) where it is older than 2.4.
pub fn fetch(name: &str) -> Version {
    find(FETCHES, name)
}

/// The first version with this converter; (0, 0) where it is older than 2.4.
pub fn converter(name: &str) -> Version {
    find(CONVERTERS, name)
}

fn find(table: &[(Version, &str)], name: &str) -> Version {
    let row = table.iter().find(|(_, words)| words.split(' ').any(|w| w == name));
    row.map_or((0, 0), |(version, _)| *version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;

    #[test]
    fn every_name_has_a_row_and_one_version() {
        let mut seen = std::collections::HashSet::new();
        for name in FETCHES.iter().flat_map(|(_, names)| names.split(' ')) {
            assert!(registry::fetch(name).is_some(), "{name} is no fetch");
            assert!(seen.insert(("fetch", name)), "{name} stands twice");
        }
        for name in CONVERTERS.iter().flat_map(|(_, names)| names.split(' ')) {
            assert!(registry::converter(name).is_some(), "{name} is no converter");
            assert!(seen.insert(("converter", name)), "{name} stands twice");
        }
    }

    #[test]
    fn versions() {
        assert_eq!(fetch("src"), (0, 0));
        assert_eq!(fetch("bc_rtt"), (2, 8));
        assert_eq!(converter("rfc7239_nn"), (3, 1));
        assert_eq!(converter("host_only"), (2, 6));
    }
}
