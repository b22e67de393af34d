//! What gateways write in the place of text that they withhold. It is no text: or else every prompt of a redacted
//! log would look like one template.

/// Constants that stand for withheld text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks(Vec<String>);

/// The default of `input.redaction_marks`.
pub const DEFAULT: &str = "redacted-by-litellm, [REDACTED], <REDACTED>, REDACTED";

impl Default for Marks {
    fn default() -> Self {
        Marks::parse(DEFAULT)
    }
}

impl Marks {
    /// Marks between commas.
    pub fn parse(list: &str) -> Marks {
        Marks(list.split(',').map(str::trim).filter(|mark| !mark.is_empty()).map(str::to_owned).collect())
    }

    /// The text, unless it is a mark: the whole of it, in any case, with white space around it or without.
    pub fn text<'a>(&self, text: &'a str) -> Option<&'a str> {
        let bare = text.trim();
        (!self.0.iter().any(|mark| mark.eq_ignore_ascii_case(bare))).then_some(text)
    }

    /// The marks, for the identity of a fold.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Marks;

    #[test]
    fn only_a_whole_text_is_a_mark() {
        let marks = Marks::default();
        for mark in ["redacted-by-litellm", "[REDACTED]", "[redacted]", " REDACTED\n"] {
            assert_eq!(marks.text(mark), None, "{mark}");
        }
        for text in ["", "why is it [REDACTED]?", "redacted-by-litellm and more"] {
            assert_eq!(marks.text(text), Some(text));
        }
        assert_eq!(Marks::parse(" , ").as_slice(), &[] as &[String]);
        assert_eq!(Marks::parse("***").text("***"), None);
    }
}
