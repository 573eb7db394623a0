//! Reading Rust's text just far enough for the checks: words, functions, bodies.

use std::ops::Range;

/// Whether `word` stands in `text` by itself, not as a part of a longer word.
pub fn has_word(text: &str, word: &str) -> bool {
    count_word(text, word) > 0
}

/// How often `word` stands in `text` by itself.
pub fn count_word(text: &str, word: &str) -> usize {
    text.match_indices(word)
        .filter(|(start, _)| {
            let before = text[..*start].chars().next_back();
            let after = text[start + word.len()..].chars().next();
            !before.is_some_and(is_word_character) && !after.is_some_and(is_word_character)
        })
        .count()
}

/// The names after each `keyword` in `text`, such as after `fn `.
pub fn names_after<'a>(text: &'a str, keyword: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(keyword).map(|(start, _)| {
        let rest = &text[start + keyword.len()..];
        let end = rest.find(|c| !is_word_character(c)).unwrap_or(rest.len());
        &rest[..end]
    })
}

/// What stands between the first `{` of `text` and its `}`, without comments and outer blanks.
pub fn body(text: &str) -> Option<String> {
    let mut depth = 0_u32;
    let mut body = String::new();
    for line in text.lines() {
        let code = line.split("//").next().unwrap_or_default();
        for character in code.chars() {
            match character {
                '{' => depth += 1,
                '}' if depth == 1 => return Some(body.trim().to_owned()),
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            let opens_the_body = character == '{' && depth == 1;
            if depth > 0 && !opens_the_body {
                body.push(character);
            }
        }
    }
    None
}

/// Where the bodies of the functions of this name stand in `text`, without their braces. A brace in a string counts, so
/// that only texts with as many opening as closing ones can be read.
pub fn function_bodies(text: &str, name: &str) -> Vec<Range<usize>> {
    let head = format!("fn {name}");
    text.match_indices(&head)
        .filter(|(start, _)| !text[start + head.len()..].starts_with(is_word_character))
        .filter_map(|(start, _)| {
            let open = start + text[start..].find(['{', ';'])?;
            let mut depth = 0_u32;
            for (at, character) in text[open..].char_indices() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 1 => return Some(open + 1..open + at),
                    '}' => depth -= 1,
                    _ if depth == 0 => return None,
                    _ => {}
                }
            }
            None
        })
        .collect()
}

fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_by_itself() {
        assert_eq!(count_word("a_b a b.a(a)", "a"), 3);
        assert!(!has_word("ab", "a"));
    }

    #[test]
    fn names_end_where_words_end() {
        let names: Vec<_> = names_after("fn one() {} async fn two<T>() {}", "fn ").collect();
        assert_eq!(names, ["one", "two"]);
    }

    #[test]
    fn a_body_is_what_remains_without_comments() {
        assert_eq!(body("fn a() {\n  // nothing\n}").as_deref(), Some(""));
        assert_eq!(body("fn a() { if x { y } }").as_deref(), Some("if x { y }"));
        assert_eq!(body("fn a();"), None);
    }
}
