//! The codes of the line reader: HX01xx.

use hapax_diag::{Code, Diagnostic, Severity};

macro_rules! codes {
    ($($name:ident = $id:literal, $title:literal, $explain:literal;)*) => {
        $(pub static $name: Code = Code { id: $id, title: $title, explain: $explain };)*
        /// Every code of this crate, for `--explain`.
        pub static CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    UNMATCHED_QUOTE = "HX0101", "unmatched quote",
        "A quote is opened on this line and not closed on it. A quoted text ends on the line it starts on; use \\n for a line feed, \
         and escape a literal quote with a backslash (or put a double quote inside single quotes).";
    UNMATCHED_BRACE = "HX0102", "unmatched brace in a variable reference",
        "A reference such as \"${NAME}\" or \"${NAME-default}\" lacks its closing brace, or has something between the name and the brace.";
    VARIABLE_NAME = "HX0103", "bad variable name",
        "Inside double quotes a dollar starts a variable reference; its name starts with a letter or an underscore, or is one of .FILE, \
         .LINE, .SECTION. For a literal dollar write \\$ or use single quotes.";
    BAD_HEX = "HX0104", "bad hexadecimal escape",
        "\\x takes exactly two hexadecimal digits. For a literal backslash write \\\\ or use single quotes.";
    WORD_EXPANSION = "HX0105", "bad word expansion",
        "Only \"${NAME[*]}\" is known between the brackets: it makes one word of each space-separated part of the variable.";
    TOO_MANY_WORDS = "HX0106", "too many words",
        "A line has at most 64 words, the keyword included. Quote what belongs together, or split the line.";
    EMPTY_ARGUMENT = "HX0107", "empty argument",
        "An empty word would end the list of arguments and hide what follows. It usually comes from a variable that is not set: give a \
         default with \"${NAME-default}\", or drop the word when empty with \"${NAME[*]}\".";
    MISSING_LF = "HX0108", "last line has no line feed",
        "The last line does not end with a line feed, so the file may have been cut while it was written. End it with a newline.";
    STRAY_NUL = "HX0109", "NUL byte",
        "A NUL byte stands in the line. Configuration files are text; reading stops here.";
    NESTED_TOO_DEEP = "HX0110", "conditional blocks nested too deep",
        "Fewer than 100 .if blocks may be open at once.";
    BAD_CONDITION = "HX0111", "bad condition",
        "The expression after .if or .elif cannot be read: it is made of integers, predicates such as defined(NAME), feature(NAME), \
         streq(a,b), version_atleast(3.0), with !, &&, || and parentheses. Spaces inside a predicate's parentheses are part of its arguments.";
    LONE_DIRECTIVE = "HX0112", "no matching .if",
        ".elif, .else and .endif belong to an .if that is still open.";
    AFTER_ELSE = "HX0113", "nothing may follow .else but .endif",
        "A block has one .else, after every .elif.";
    DIRECTIVE_ARGUMENT = "HX0114", "unexpected argument of a directive",
        ".else and .endif take no argument; .notice, .warning, .alert and .diag take one, so quote a message of several words.";
    OPEN_IF = "HX0115", "non-terminated .if",
        "The file ends while an .if is open. Every .if needs its .endif in the same file.";
    UNKNOWN_DIRECTIVE = "HX0116", "unknown directive",
        "Words that start with a dot are directives: .if, .elif, .else, .endif, .notice, .warning, .alert and .diag.";
    TOLD_ALERT = "HX0117", ".alert of the configuration",
        "The configuration itself says so with .alert; reading stops here.";
    TOLD_WARNING = "HX0118", ".warning of the configuration",
        "The configuration itself says so with .warning.";
    TOLD_NOTICE = "HX0119", ".notice of the configuration",
        "The configuration itself says so with .notice.";
    TOLD_DIAG = "HX0120", ".diag of the configuration",
        "The configuration itself says so with .diag; HAProxy shows it with -dD only.";
    TOO_MANY_ERRORS = "HX0121", "too many errors",
        "HAProxy stops reading after 50 lines with errors, and so does -c. Mend the first ones: later ones often follow from them. \
         `hapax check` goes on and tells them all.";
    BAD_SCOPE = "HX0122", "bad scope line",
        "A line that starts with a bracket opens a scope: [name], alone on its line, of letters, digits and - _ . : characters.";
    LINE_TOO_LONG = "HX0123", "line too long",
        "A line has at most one mebibyte, as written and once the variables in it are replaced by what they hold.";
    BYTE_ORDER_MARK = "HX0124", "byte order mark",
        "An editor wrote the three bytes EF BB BF before the first character. They cannot be seen, and HAProxy takes them for a part of \
         the first word. Save the file as UTF-8 without a byte order mark.";
}

/// Whether HAProxy tells of it in its first pass over the files, which only cuts lines and follows conditional blocks. An alert there
/// keeps it from reading the files in earnest.
pub fn first_pass(d: &Diagnostic) -> bool {
    // Directives that say something are not obeyed in that pass.
    let message_of_two_words = std::ptr::eq(d.code, &raw const DIRECTIVE_ARGUMENT) && d.message.contains("should contain spaces");
    let told_later = [
        &EMPTY_ARGUMENT,
        &UNKNOWN_DIRECTIVE,
        &TOLD_ALERT,
        &TOLD_WARNING,
        &TOLD_NOTICE,
        &TOLD_DIAG,
        &BYTE_ORDER_MARK,
        &TOO_MANY_ERRORS,
    ];
    d.severity == Severity::Alert && CODES.contains(&d.code) && !told_later.contains(&d.code) && !message_of_two_words
}
