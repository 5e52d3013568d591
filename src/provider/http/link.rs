//! `Link` (RFC 8288 section 3), read tolerantly: what makes no sense is passed over.

/// The target of the first link of a relation type, as it was given.
pub fn to<'t>(header: &'t str, relation: &str) -> Option<&'t str> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let end = end_of_link(after);
        let (parameters, next) = after.split_at(end);
        if is_of(parameters, relation) {
            return Some(target.trim());
        }
        rest = next;
    }
    None
}

/// Where the parameters of a link end: at a comma outside of quotes.
fn end_of_link(text: &str) -> usize {
    outside_of_quotes(text, ',').next().unwrap_or(text.len())
}

/// Where a character is that stands in no quoted string.
fn outside_of_quotes(text: &str, wanted: char) -> impl Iterator<Item = usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().filter_map(move |(index, c)| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return (c == wanted && !quoted).then_some(index),
        }
        None
    })
}

/// Whether parameters name a relation type. Only the first `rel` counts, and a link with an `anchor` is one of something
/// else (sections 3.2 and 3.3).
fn is_of(parameters: &str, relation: &str) -> bool {
    let mut ends: Vec<usize> = outside_of_quotes(parameters, ';').collect();
    ends.push(parameters.len());
    let mut start = 0;
    let mut relations = None;
    for end in ends {
        let (name, value) = parameters[start..end].split_once('=').unwrap_or_default();
        start = end + 1;
        match name.trim().to_ascii_lowercase().as_str() {
            "anchor" => return false,
            "rel" => {
                relations.get_or_insert(value.trim().trim_matches('"'));
            }
            _ => {}
        }
    }
    let mut relations = relations.unwrap_or_default().split_ascii_whitespace();
    relations.any(|known| known.eq_ignore_ascii_case(relation))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(r#"<https://a/b?c=d,e;f>; rel="next""#, Some("https://a/b?c=d,e;f"))]
    #[case(r"</list?page=2>;rel=next", Some("/list?page=2"))]
    #[case(r"<?page=2> ; REL = Next", Some("?page=2"))]
    #[case(r#"<1>; rel="first", <2>; rel="next"; title="x", <9>; rel="last""#, Some("2"))]
    #[case(r#"<1>;rel="first",<2>;title="a, b; rel=next";rel="prev next""#, Some("2"))]
    #[case(r#"<1>; title="\", <x>; rel=next"; rel=prev, <2>; rel=next"#, Some("2"))]
    #[case(r"<1>; rel=prev; rel=next", None)]
    #[case(r##"<1>; rel=next; anchor="#other""##, None)]
    #[case(r#"<1>; rel="nextish next-page""#, None)]
    #[case(r"<1>", None)]
    #[case(r"<1", None)]
    #[case(r"1>; rel=next", None)]
    #[case(r#"<1>; rel="next"#, Some("1"))]
    #[case(r"<1>;;;rel=next;", Some("1"))]
    #[case("", None)]
    #[case(r"<>; rel=next", Some(""))]
    fn each_form(#[case] header: &str, #[case] target: Option<&str>) {
        assert_eq!(to(header, "next"), target);
    }
}
