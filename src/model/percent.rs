//! Percent-encoding: of path segments, and of forms.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986. `+` is encoded too, since some servers read it as a space.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One path segment. `.` and `..` have no encoding that survives the normalisation of URLs: see
/// [`is_addressable`].
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// `application/x-www-form-urlencoded`, as RFC 6749 section 2.3.1 asks for before HTTP Basic.
pub fn form(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Whether a text can be one segment of a path. An empty one is lost with its slash. `.` and `..`, in whatever
/// encoding, are taken out of every URL by the standard (and by proxies), and the rest would lead elsewhere.
pub fn is_addressable(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_stays_one_segment() {
        for (text, encoded) in [
            ("plain-name_1.~", "plain-name_1.~"),
            ("Some App", "Some%20App"),
            ("a/b", "a%2Fb"),
            ("..%2f..", "..%252f.."),
            ("a?b#c;d", "a%3Fb%23c%3Bd"),
            ("ü+&=", "%C3%BC%2B%26%3D"),
            ("...", "..."),
        ] {
            assert_eq!(segment(text), encoded);
            let mut url = url::Url::parse("https://host/base").unwrap();
            url.set_path(&format!("/base/{}", segment(text)));
            assert_eq!(url.path(), format!("/base/{encoded}"));
        }
    }

    #[test]
    fn dot_segments_are_lost_however_they_are_written() {
        for dots in [".", "..", "%2e", "%2E%2e", ".%2e"] {
            let mut url = url::Url::parse("https://host/base").unwrap();
            url.set_path(&format!("/base/{dots}"));
            assert_ne!(url.path(), format!("/base/{dots}"));
        }
        assert!(!is_addressable("."));
        assert!(!is_addressable(".."));
        assert!(!is_addressable(""));
        assert!(is_addressable("..."));
    }
}
