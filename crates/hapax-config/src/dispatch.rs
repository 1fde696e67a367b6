//! From a line to its row: section headings, prefixes, place, version, arguments, and what the support of the row asks to tell.

use hapax_diag::{Diagnostic, Severity, Span, Standing};
use hapax_syntax::{Line, Word};
use hapax_value::Support;

use crate::args::{ArgValue, Args};
use crate::codes;
use crate::dictionary::{Found, section_keywords};
use crate::draft::Draft;
use crate::keyword::{Class, Keyword, Misplaced, Prefix, Sections, Version};
use crate::once;
use crate::reader::{Reader, Section};
use crate::section::{self, SectionRow};

impl Reader<'_> {
    /// Reads one line. A refused line leaves its diagnostics behind and the reading goes on.
    pub fn line(&mut self, line: &Line<'_>) {
        let (prefix, words) = split_prefix(&line.words);
        let Some(first) = words.first() else { return };
        let before = self.diags.len();
        let unfit = prefix_of_nothing(line);
        let row = section::find(first.str(), self.opts.for_version);
        if let Some(d) = unfit {
            self.diags.push(d);
            if row.is_none() {
                return;
            }
        }
        if let Some(row) = row {
            self.heading(row, words, line.span);
            return;
        }
        if let Err(d) = self.keyword(prefix, words, line.span) {
            self.diags.push(d.or_at(line.span));
        }
        self.tell_absent(words, line.span);
        if self.lost {
            // It is in the wrong section because the heading of its own was not understood.
            let told = self.diags.iter_mut().skip(before);
            told.filter(|d| d.standing == Standing::Own)
                .for_each(|d| d.standing = Standing::Follows);
        }
        self.lost |= self.lost_now;
        self.lost_now = false;
    }

    /// Map and list files that the line named and that are not there.
    pub(crate) fn tell_absent(&mut self, words: &[Word<'_>], line: Span) {
        for path in self.refs.take_absent() {
            let named = words.iter().find(|w| w.text().contains(&*path)).map_or(line, |w| w.span);
            let message = format!("failed to open pattern file <{path}>");
            self.diags.push(refusal(&codes::MISSING_FILE, message, named).missing());
        }
    }

    fn heading(&mut self, row: &'static SectionRow, words: &[Word<'_>], line: Span) {
        self.end_section();
        self.lost = false;
        let args = Args {
            name: row.name,
            prefix: Prefix::None,
            span: words[0].span,
            line,
            words: &words[1..],
            value: ArgValue::None,
        };
        self.enter(row, &args);
        if let Err(d) = self.check_heading(row, &args) {
            self.diags.push(d);
        }
        if let Err(d) = (row.start)(self, &args) {
            self.diags.push(d.or_at(line));
        }
    }

    fn check_heading(&mut self, row: &SectionRow, args: &Args<'_>) -> Result<(), Diagnostic> {
        let name = row.name;
        if row.experimental && !self.experimental {
            let message = format!("section '{name}' is experimental, must be allowed via a global 'expose-experimental-directives'");
            return Err(refusal(&codes::EXPERIMENTAL, message, args.span));
        }
        if let (Some((major, minor)), None) = (row.until, self.opts.for_version) {
            let message = format!("the '{name}' section is not supported any more since HAProxy {major}.{minor}.");
            self.diags.push(Diagnostic::warning(&codes::REMOVED, message).at(args.span));
        }
        Ok(())
    }

    fn keyword(&mut self, prefix: Prefix, words: &[Word<'_>], line: Span) -> Result<(), Diagnostic> {
        let Some(section) = self.section() else {
            let message = format!("unknown keyword '{}' out of section.", words[0].text());
            return Err(refusal(&codes::OUT_OF_SECTION, message, words[0].span));
        };
        let found = section_keywords().find(words, section.bit);
        let Some(Found { row, words: n }) = found else {
            let d = self.unknown(section, &words[0]);
            return Err(d);
        };
        self.glued.clear();
        if let Some((_, inner)) = words[n - 1].str().split_once('(') {
            self.glued.push_str(inner.trim_end_matches(')'));
        }
        let mut args = Args {
            name: row.name,
            prefix,
            span: words[0].span.to(words[n - 1].span),
            line,
            words: &words[n..],
            value: ArgValue::None,
        };
        let aside = !row.sections.contains(section.bit) && !self.misplaced(row, section, &args)?;
        if row.named_defaults && section.bit == Sections::DEFAULTS && self.proxy().proxy.name.is_empty() {
            return Err(refusal(
                &codes::WRONG_SECTION,
                format!("'{}' not allowed in anonymous 'defaults' section.", words[0].str()),
                args.span,
            )
            .help("give the section a name: defaults <name>"));
        }
        if prefix != Prefix::None && !row.negatable {
            let name = row.name.strip_prefix("option ").unwrap_or(row.name);
            return Err(refusal(
                &codes::PREFIX,
                format!("negation/default is not supported for option '{name}'."),
                args.span,
            ));
        }
        if aside && row.misplaced == Misplaced::Unread {
            return Ok(());
        }
        if aside {
            return self.read_aside(row, &mut args);
        }
        if once::given_again(self, row, &args)? {
            return Ok(());
        }
        run_row(self, row, &mut args).map_err(|mut d| {
            if row.read_first {
                d.standing = Standing::Early;
            }
            d
        })?;
        once::given(self, row, &args);
        if section.bit.intersects(Sections::ACME | Sections::CACHE | Sections::FCGI_APP) && prefix == Prefix::None {
            self.words_said.push((row.name, args.show(0), args.span));
        }
        Ok(())
    }

    /// Reads a line that the proxy has no use for: only its mistakes count.
    fn read_aside(&mut self, row: &'static Keyword<Section>, args: &mut Args<'_>) -> Result<(), Diagnostic> {
        let before = self.diags.len();
        let real = self.proxy();
        let mut scratch = Draft {
            kind: real.kind,
            site: real.site.clone(),
            acls: std::mem::take(&mut real.acls),
            default_server: real.default_server.clone(),
            ..Draft::default()
        };
        scratch.proxy.name = real.proxy.name.clone();
        scratch.proxy.mode = real.proxy.mode;
        let kept = std::mem::replace(real, scratch);
        let read = run_row(self, row, args);
        let scratch = std::mem::replace(self.proxy(), kept);
        self.proxy().acls = scratch.acls;
        if row.name == "error-log-format" {
            // Of all formats that backends have no use for, this one is compiled all the same.
            self.proxy().formats.error.clone_from(&scratch.formats.error);
        }
        let mut n = 0;
        self.diags.retain(|d| {
            n += 1;
            n <= before || d.severity == Severity::Alert
        });
        read
    }

    /// A keyword in a section that does not take it: whether to read the line all the same.
    fn misplaced(&mut self, row: &Keyword<Section>, section: &SectionRow, args: &Args<'_>) -> Result<bool, Diagnostic> {
        let proxy_word = row.sections.intersects(Sections::PROXY);
        if section.bit == Sections::DEFAULTS && proxy_word {
            return Err(refusal(
                &codes::WRONG_SECTION,
                format!("'{}' not allowed in 'defaults' section.", args.name),
                args.span,
            )
            .help("write it in the frontends, backends and listens it is for"));
        }
        if !(section.bit.intersects(Sections::REAL) && proxy_word) {
            let d = refusal(
                &codes::WRONG_SECTION,
                format!("unknown keyword '{}' in '{}' section", args.name, section.name),
                args.span,
            );
            return Err(d.help(format!("'{}' belongs in {}", args.name, place_names(row.sections))));
        }
        let lacks = if section.bit == Sections::BACKEND { "frontend" } else { "backend" };
        let (kind, proxy) = (section.name, self.proxy().proxy.name.clone());
        let verb = if row.misplaced == Misplaced::Read {
            "will be ignored"
        } else {
            "ignored"
        };
        let message = match row.misplaced {
            Misplaced::InBackend => format!("backend '{proxy}' : '{}' directive is ignored in backends.", args.name),
            Misplaced::NotAllowed => format!("'{}' not allowed because {kind} '{proxy}' has no {lacks} capability.", args.name),
            _ => format!("'{}' {verb} because {kind} '{proxy}' has no {lacks} capability.", args.name),
        };
        let d = Diagnostic::warning(&codes::NO_SUCH_SIDE, message).at(args.span).help(format!(
            "'{}' belongs in {}",
            args.name,
            place_names(row.sections)
        ));
        if matches!(row.misplaced, Misplaced::Refused | Misplaced::NotAllowed) {
            return Err(Diagnostic {
                severity: Severity::Alert,
                ..d
            });
        }
        self.diags.push(d);
        Ok(row.misplaced == Misplaced::Read)
    }

    fn unknown(&mut self, section: &SectionRow, word: &Word<'_>) -> Diagnostic {
        let shown = word.text();
        let best = hapax_diag::suggest(&shown, section_keywords().names(section.bit).chain(section::names()));
        self.lost_now = word.span.start == 0 && best.is_some_and(|best| section::names().any(|name| name == best));
        let message = match best {
            Some(best) => format!(
                "unknown keyword '{shown}' in '{}' section; did you mean '{best}' maybe ?",
                section.name
            ),
            None => format!("unknown keyword '{shown}' in '{}' section", section.name),
        };
        refusal(&codes::UNKNOWN_KEYWORD, message, word.span)
    }
}

/// Checks the row's arguments, calls its setter and tells what its support asks to tell.
pub(crate) fn run_row<K: Class>(cx: &mut K::Cx<'_>, row: &'static Keyword<K>, args: &mut Args<'_>) -> Result<(), Diagnostic> {
    if let Support::Refused(why) = row.support {
        let code = if row.until.is_some() { &codes::REMOVED } else { &codes::REFUSED };
        return Err(refusal(code, why, args.span));
    }
    if row.experimental && !K::experimental(cx) {
        let message = format!(
            "'{}' directive is experimental, must be allowed via a global 'expose-experimental-directives'",
            row.name
        );
        return Err(refusal(&codes::EXPERIMENTAL, message, args.span));
    }
    let old = check_version(row, K::version(cx), args)?;
    if row.lenient {
        pass_over::<K>(cx, row.shape.bounds().1, args);
    }
    args.value = row.shape.check::<K>(args, cx)?;
    (row.set)(cx, args)?;
    let old_told = old.is_some();
    if let Some(old) = old {
        K::compile(cx).diags.push(old);
    }
    let (name, gone) = (row.name, old_told);
    let told = match row.support {
        Support::NoEffect(_) if gone => return Ok(()),
        Support::NotYet(what) => Diagnostic::warning(&codes::NOT_YET, format!("'{name}' is accepted but not acted on yet: {what}")),
        Support::Partial(what) => Diagnostic::warning(&codes::NOT_YET, format!("'{name}' is acted on in part: {what}")),
        Support::NoEffect(why) => Diagnostic::new(&codes::NO_EFFECT, Severity::Note, format!("'{name}' has no effect: {why}")),
        Support::Full | Support::Refused(_) => return Ok(()),
    };
    if args.prefix == Prefix::None {
        K::compile(cx).diags.push(told.at(args.span));
    }
    Ok(())
}

/// Takes the words behind the first `most` from the line: nobody looks at them.
fn pass_over<K: Class>(cx: &mut K::Cx<'_>, most: usize, args: &mut Args<'_>) {
    let (taken, rest) = args.words.split_at(most.min(args.len()));
    if let (Some(first), Some(last)) = (rest.first(), rest.last()) {
        let message = format!("'{}' does not look at what stands here", args.name);
        crate::shape::note::<K>(cx, first.span.to(last.span), message);
        args.words = taken;
    }
}

/// Refuses words that the version asked for does not know. Where none is asked for, a word that is gone is a warning.
fn check_version<K: Class>(row: &Keyword<K>, asked: Option<Version>, args: &Args<'_>) -> Result<Option<Diagnostic>, Diagnostic> {
    if let Some((major, minor)) = asked.filter(|v| *v < row.since) {
        let (since_major, since_minor) = row.since;
        return Err(refusal(
            &codes::OTHER_VERSION,
            format!("unknown keyword '{}' in version {major}.{minor}", row.name),
            args.span,
        )
        .help(format!("'{}' exists since version {since_major}.{since_minor}", row.name)));
    }
    match (row.until, asked) {
        (Some((gone, instead)), Some(version)) if version >= gone => Err(refusal(&codes::REMOVED, instead, args.span)),
        (Some((_, instead)), None) => Ok(Some(Diagnostic::warning(&codes::REMOVED, instead).at(args.span))),
        _ => Ok(None),
    }
}

fn refusal(code: &'static hapax_diag::Code, message: impl Into<String>, at: Span) -> Diagnostic {
    Diagnostic::alert(code, message).at(at)
}

/// A prefix before a word that takes none: told whatever the section, and before anything else.
pub(crate) fn prefix_of_nothing(line: &Line<'_>) -> Option<Diagnostic> {
    let first = line.words.first().filter(|w| matches!(w.str(), "no" | "default"))?;
    let second = line.words.get(1);
    if second.is_some_and(|w| section_keywords().takes_prefix(w.str())) {
        return None;
    }
    let message = "negation/default currently supported only for options, log, busy-polling, set-dumpable, strict-limits, \
                   insecure-fork-wanted and numa-cpu-mapping.";
    let mut d = refusal(&codes::PREFIX, message, second.unwrap_or(first).span);
    d.standing = Standing::Early;
    Some(d)
}

fn split_prefix<'l, 'w>(words: &'l [Word<'w>]) -> (Prefix, &'l [Word<'w>]) {
    match words.first().map(Word::str) {
        Some("no") if words.len() > 1 => (Prefix::No, &words[1..]),
        Some("default") if words.len() > 1 => (Prefix::Default, &words[1..]),
        _ => (Prefix::None, words),
    }
}

/// `'frontend', 'listen' or 'backend' sections`
fn place_names(sections: Sections) -> String {
    let names: Vec<&str> = section::ALL.iter().filter(|s| sections.contains(s.bit)).map(|s| s.name).collect();
    let noun = if names.len() == 1 { "section" } else { "sections" };
    format!("the {} {noun}", crate::shape::list(&names))
}

#[cfg(test)]
mod tests;
