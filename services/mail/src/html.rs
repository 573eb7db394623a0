//! Text as HTML.

/// The text, so that a browser only shows it, in elements and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// A page of the text's paragraphs, which blank lines divide. It refers to nothing outside itself.
pub(crate) fn page(text: &str) -> String {
    let lines = text.lines().map(str::trim_end).collect::<Vec<_>>();
    let paragraphs: String = lines
        .split(|line| line.is_empty())
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| {
            format!(
                "<p>{}</p>\n",
                escape(&paragraph.join("\n")).replace('\n', "<br>\n")
            )
        })
        .collect();
    format!(
        "<!doctype html>\n<html>\n<head><meta charset=\"utf-8\"></head>\n<body>\n{paragraphs}</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s21_a_text_is_shown_and_does_nothing_else() {
        assert_eq!(
            escape("<a href=\"x\" onclick='y'>&amp;"),
            "&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;amp;"
        );
    }

    #[test]
    fn contract_4_mail_blank_lines_divide_paragraphs() {
        let page = page("Hello <b>,\r\nyour code:\n\n \n123456\n");
        let (_, body) = page.split_once("<body>\n").unwrap();
        assert_eq!(
            body,
            "<p>Hello &lt;b&gt;,<br>\nyour code:</p>\n<p>123456</p>\n</body>\n</html>\n"
        );
    }
}
