//! Texts that are cut to what the API server takes.

/// The first `limit` characters, which is how the schema of a status counts.
pub fn first_chars(text: &str, limit: usize) -> &str {
    match text.char_indices().nth(limit) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// The beginning of a text, at most `limit` bytes, which is how an Event counts.
pub fn first_bytes(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_is_cut_in_two() {
        assert_eq!(
            [0, 1, 2, 3].map(|limit| first_chars("aä", limit)),
            ["", "a", "aä", "aä"]
        );
        assert_eq!(
            [0, 1, 2, 3].map(|limit| first_bytes("aä", limit)),
            ["", "a", "a", "aä"]
        );
    }
}
