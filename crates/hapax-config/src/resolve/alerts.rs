//! `email-alert` lines: whether they are complete, and which `mailers` section they mean.

use hapax_diag::Diagnostic;

use super::names;
use super::proxy::One;
use crate::codes;
use crate::draft::Draft;
use crate::plan::MailAlerts;

/// The syslog level above which nothing is mailed unless a line says otherwise: `alert`.
const LEVEL: u8 = 1;

pub(super) fn finish(cx: &mut One<'_, '_>, draft: &mut Draft) {
    let alerts = (*draft.alerts).clone();
    let Some(asked) = alerts.asked else { return };
    let (Some(mailers), Some(from), Some(to)) = (alerts.mailers, alerts.from, alerts.to) else {
        let message = format!(
            "'email-alert' will be ignored for {} '{}' (the presence any of 'email-alert from', 'email-alert level' 'email-alert mailers', \
             'email-alert myhostname', or 'email-alert to' requires each of 'email-alert from', 'email-alert mailers' and 'email-alert to' \
             to be present).",
            draft.kind_name(),
            draft.proxy.name
        );
        cx.push(super::told(Diagnostic::warning(&codes::MISSING_ARGUMENT, message).at(asked)));
        return;
    };
    let Some(at) = cx.reader.mailers.iter().position(|m| m.name == mailers.0) else {
        let message = format!("Proxy '{}': unable to find mailers '{}'.", draft.proxy.name, mailers.0);
        cx.push(names::unknown(message, mailers.1));
        return;
    };
    draft.proxy.mail_alerts = Some(Box::new(MailAlerts {
        mailers: at as u32,
        from,
        to,
        myhostname: alerts.myhostname,
        level: alerts.level.unwrap_or(LEVEL),
    }));
}
