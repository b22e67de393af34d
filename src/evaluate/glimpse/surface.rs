//! The surface of a text: how long, which case, how many digits and marks. No word is looked at.
//!
//! A detector that needs no more than this has learnt a corpus, not a behaviour; how well it does
//! between twins is how much a simulator leaks.

/// Figures of one text.
const OF_TEXT: usize = 7;
/// Figures of prompt and response.
pub const WIDTH: usize = 2 * OF_TEXT;

/// Figures of one exchange: the prompt's, then the response's (zero if there is none).
pub type Surface = [f32; WIDTH];

/// Looks at both texts.
pub fn of(prompt: &str, response: &str) -> Surface {
    let mut surface = [0.0; WIDTH];
    for (slot, value) in surface.iter_mut().zip(of_text(prompt).into_iter().chain(of_text(response))) {
        *slot = value;
    }
    surface
}

/// log2 length, length of words, and shares of capitals, digits, marks, lines and other scripts.
fn of_text(text: &str) -> [f32; OF_TEXT] {
    let (mut upper, mut digits, mut marks, mut spaces, mut lines, mut other) = (0u32, 0u32, 0u32, 0u32, 0u32, 0u32);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' => upper += 1,
            b'0'..=b'9' => digits += 1,
            b'\n' => lines += 1,
            b' ' | b'\t' | b'\r' => spaces += 1,
            0x80.. => other += 1,
            _ if byte.is_ascii_punctuation() => marks += 1,
            _ => {}
        }
    }
    let length = text.len() as f32;
    let share = |count: u32| count as f32 / length.max(1.0);
    [
        libm::log2f(1.0 + length),
        length / (1 + spaces + lines) as f32,
        share(upper),
        share(digits),
        share(marks),
        share(lines),
        share(other),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_hand() {
        // 16 bytes: 2 capitals, 3 digits, 2 marks, 3 spaces, 1 line break
        let surface = of("Ab Cd, 123 ef.\nx", "");
        let want = [libm::log2f(17.0), 16.0 / 5.0, 2.0 / 16.0, 3.0 / 16.0, 2.0 / 16.0, 1.0 / 16.0, 0.0];
        // three spaces and a line break end four words, the text ends the fifth
        assert_eq!(surface[..OF_TEXT], want);
        assert_eq!(surface[OF_TEXT..], [0.0; OF_TEXT]);
    }
}
