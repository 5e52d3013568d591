//! Short names made from long ones.

use aws_lc_rs::digest;

/// SHA-256 over the parts, each preceded by its length so that no two lists of parts run together; in lower
/// case hexadecimal, 64 characters.
pub fn sha256_hex(parts: &[&str]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    hex(context.finish().as_ref())
}

/// Bytes in lower case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// The first `length` characters of [`sha256_hex`]; at most 64.
pub fn short_hash(parts: &[&str], length: usize) -> String {
    sha256_hex(parts).chars().take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(sha256_hex(&["ab", "c"]), sha256_hex(&["a", "bc"]));
        assert_eq!(short_hash(&["x"], 8).len(), 8);
    }
}
