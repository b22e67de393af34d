//! A page of text: a title, sections, pairs, numbered items, wrapped at a width that fits a terminal.

/// Characters in a line; longer words stand alone.
const WIDTH: usize = 88;
const INDENT: &str = "  ";
/// Below an item's number.
const DEEPER: &str = "     ";
/// The column where the values of pairs begin.
const LABEL: usize = 12;

/// Text in the making.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    pub(super) fn title(&mut self, title: &str) {
        self.line(title);
        self.line(&"=".repeat(title.chars().count().min(WIDTH)));
    }

    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A blank line and, if there is one, a heading.
    pub(super) fn section(&mut self, heading: &str) {
        self.text.push('\n');
        if !heading.is_empty() {
            self.line(heading);
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.wrapped(text, INDENT, INDENT);
    }

    pub(super) fn pair(&mut self, label: &str, value: &str) {
        let first = format!("{INDENT}{label:<LABEL$}");
        let rest = " ".repeat(first.chars().count());
        self.wrapped(value, &first, &rest);
    }

    pub(super) fn pair_if(&mut self, label: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.pair(label, value);
        }
    }

    pub(super) fn item(&mut self, number: usize, text: &str) {
        self.wrapped(text, &format!("{INDENT}{number}. "), DEEPER);
    }

    pub(super) fn below_item(&mut self, text: &str) {
        self.wrapped(text, DEEPER, DEEPER);
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    fn wrapped(&mut self, text: &str, first: &str, rest: &str) {
        let mut line = first.to_owned();
        let mut length = first.chars().count();
        let mut words_in_line = 0;
        for word in words(text) {
            let word_length = word.chars().count();
            if words_in_line > 0 && length + 1 + word_length > WIDTH {
                self.line(&line);
                rest.clone_into(&mut line);
                length = rest.chars().count();
                words_in_line = 0;
            }
            if words_in_line > 0 {
                line.push(' ');
                length += 1;
            }
            line.push_str(&word);
            length += word_length;
            words_in_line += 1;
        }
        if words_in_line > 0 {
            self.line(&line);
        }
    }
}

/// The words of a text; a per cent sign stays with its number.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(number) if word.starts_with('%') => {
                number.push(' ');
                number.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}
