use std::sync::Arc;

use hapax_config::Plan;
use hapax_config::plan::{Mode, Proxy, ProxyCaps, Server};

use super::*;

fn shared() -> Shared {
    let server = |name: &str, disabled| Server {
        name: Arc::from(name),
        weight: 1,
        disabled,
        ..Server::default()
    };
    let proxy = |name: &str, caps| Proxy {
        name: Arc::from(name),
        caps,
        mode: Mode::Http,
        ..Proxy::default()
    };
    let plan = Plan {
        proxies: vec![
            Proxy {
                description: Some("a \"b\"".to_owned()),
                ..proxy("f", ProxyCaps::FRONTEND)
            },
            Proxy {
                servers: vec![server("up", false), server("off", true)],
                ..proxy("b", ProxyCaps::BACKEND)
            },
        ],
        ..Plan::default()
    };
    Shared::new(Arc::new(plan), 1, 100, 1_000_000)
}

fn asked(query: &str) -> Option<String> {
    metrics(&shared(), &ProcessFacts::default(), query, 5_000_000)
}

#[test]
fn every_line_belongs_to_a_metric_that_was_announced() {
    let all = asked("").unwrap();
    let mut announced = "";
    for line in all.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            announced = rest.split(' ').next().unwrap();
            assert!(rest.ends_with(" gauge") || rest.ends_with(" counter"), "{line}");
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            assert_eq!(name, announced);
            let value = line.rsplit(' ').next().unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
    for line in [
        "haproxy_process_nbthread 1\n",
        "haproxy_frontend_status{proxy=\"f\",state=\"UP\"} 1\n",
        "haproxy_frontend_http_responses_total{proxy=\"f\",code=\"other\"} 0\n",
        "haproxy_server_status{proxy=\"b\",server=\"off\",state=\"MAINT\"} 1\n",
        "haproxy_server_status{proxy=\"b\",server=\"up\",state=\"MAINT\"} 0\n",
        "haproxy_backend_agg_server_status{proxy=\"b\",state=\"MAINT\"} 1\n",
        "haproxy_server_limit_sessions{proxy=\"b\",server=\"up\"} NaN\n",
    ] {
        assert!(all.contains(line), "{line}");
    }
    assert!(!all.contains("haproxy_server_check_status"), "nobody is checked");
}

#[test]
fn queries_choose() {
    let has = |query: &str, part: &str| asked(query).unwrap().contains(part);
    assert_eq!(asked("scope=moon"), None);
    assert_eq!(asked("scope=*&scope="), Some(String::new()));
    assert!(has("scope=&scope=global", "haproxy_process_") && !has("scope=global", "haproxy_frontend_"));
    assert!(has("scope=frontend&scope=server", "haproxy_server_") && !has("scope=frontend&scope=server", "haproxy_backend_"));
    assert!(!has("no-maint", "server=\"off\"") && has("no-maint", "server=\"up\""));
    assert_eq!(asked("metrics=haproxy_process_nbthread").unwrap().lines().count(), 3);
    assert!(!has("metrics=-haproxy_backend_status", "haproxy_backend_status{"));
    assert!(has(
        "desc-labels",
        "haproxy_frontend_status{proxy=\"f\",desc=\"a \\\"b\\\"\",state=\"UP\"} 1\n"
    ));
}
