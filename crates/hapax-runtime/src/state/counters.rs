//! Counters that only grow.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter with a cell per worker and one for the control thread. Each worker writes its own cell alone, so an increment is a plain load and store.
#[derive(Debug)]
pub struct Count {
    cells: Box<[Cell]>,
}

#[derive(Debug, Default)]
struct Cell(AtomicU64);

impl Count {
    pub fn new(workers: usize) -> Self {
        Self {
            // The last cell is the control thread's.
            cells: (0..=workers).map(|_| Cell::default()).collect(),
        }
    }

    /// `worker` must be the calling worker's own index.
    pub fn add(&self, worker: usize, n: u64) {
        let cell = &self.cells[worker].0;
        cell.store(cell.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }

    pub fn inc(&self, worker: usize) {
        self.add(worker, 1);
    }

    pub fn get(&self) -> u64 {
        self.cells.iter().map(|c| c.0.load(Ordering::Relaxed)).fold(0, u64::wrapping_add)
    }

    /// Counts on from what a former process had.
    pub fn start_at(&self, n: u64) {
        self.clear();
        if let Some(last) = self.cells.last() {
            last.0.store(n, Ordering::Relaxed);
        }
    }

    /// `clear counters all`
    pub fn clear(&self) {
        for c in &self.cells {
            c.0.store(0, Ordering::Relaxed);
        }
    }
}

macro_rules! counters {
    ($(#[$doc:meta])* $name:ident { $($field:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name { $(pub $field: Count),* }

        impl $name {
            pub fn new(workers: usize) -> Self {
                Self { $($field: Count::new(workers)),* }
            }

            pub fn clear(&self) {
                $(self.$field.clear();)*
            }
        }
    };
}

/// Counts for a frontend and, where that has counters of its own, for the `bind` line the client came by.
macro_rules! count_front {
    ($state:expr, $bind:expr, $worker:expr, $field:ident, $n:expr) => {{
        let (state, n) = ($state, $n);
        state.fe.$field.add($worker, n);
        if let Some(own) = state.own_counters($bind) {
            own.counters.$field.add($worker, n);
        }
    }};
}
pub(crate) use count_front;

counters! {
    /// Of a frontend (names as in `show stat`).
    FrontendCounters {
        conn_tot, sess_tot, bytes_in, bytes_out, denied_req, denied_resp, failed_req, denied_conn, denied_sess,
        spliced_in, spliced_out, req_tot, rsp_1xx, rsp_2xx, rsp_3xx, rsp_4xx, rsp_5xx, rsp_other, intercepted, internal_errors, cache_lookups, cache_hits,
        failed_rewrites, h1_sess, h1_streams, h1_in, h1_out,
        comp_in, comp_out, comp_byp, comp_rsp, req_out, res_out, ssl_sess, ssl_reused, ssl_failed,
    }
}

counters! {
    /// Of a `bind` line that has counters of its own.
    ListenerCounters {
        conn_tot, sess_tot, bytes_in, bytes_out, denied_req, denied_resp, failed_req, denied_conn, denied_sess,
        failed_rewrites, internal_errors, req_out, res_out, h1_sess, req_tot, ssl_sess, ssl_reused, ssl_failed,
    }
}

counters! {
    /// Of a backend.
    BackendCounters {
        sess_tot, bytes_in, bytes_out, denied_req, denied_resp, failed_conns, failed_resp, retries, redispatches, lb_total,
        spliced_in, spliced_out, req_tot, rsp_1xx, rsp_2xx, rsp_3xx, rsp_4xx, rsp_5xx, rsp_other, cli_aborts, srv_aborts, connect, reuse, internal_errors,
        failed_rewrites, chkdown, comp_in, comp_out, comp_byp, comp_rsp,
        h1_in, h1_out, req_out, res_out, ssl_sess, ssl_reused, ssl_failed,
    }
}

counters! {
    /// Of a server.
    ServerCounters {
        sess_tot, bytes_in, bytes_out, denied_resp, failed_conns, failed_resp, retries, redispatches, lb_total,
        spliced_in, spliced_out, req_tot, rsp_1xx, rsp_2xx, rsp_3xx, rsp_4xx, rsp_5xx, rsp_other, cli_aborts, srv_aborts, connect, reuse, internal_errors,
        failed_rewrites, failed_checks, failed_observed, down_transitions, req_out, res_out, ssl_sess, ssl_reused, ssl_failed,
    }
}
