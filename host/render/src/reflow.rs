//! The shape of a finished text: lines joined to sentences, paragraphs, list items, and its greatest length.

use std::io;

/// The longest text in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 8 * 1024;

/// What a template may write before it is stopped: blanks and line ends of the template are still in it.
const RAW_BYTES_MAX: usize = 32 * 1024;

/// Stands for an empty line of a template. Values cannot contain it, see `clean`.
const PARAGRAPH: char = '\u{2}';

/// A template whose empty lines are marked: only they start paragraphs. The lines that tags leave empty do not.
pub(crate) fn marked(template: &str) -> String {
    let mut marked = String::with_capacity(template.len() + 16);
    let mut closer = None;
    for (index, line) in template.split('\n').enumerate() {
        if index > 0 {
            marked.push('\n');
        }
        if closer.is_none() && line.trim().is_empty() {
            marked.push(PARAGRAPH);
        }
        marked.push_str(line);
        closer = open_tag(line, closer);
    }
    marked
}

/// A finished text on its way into another template: its paragraphs stay paragraphs.
pub(crate) fn finished(text: &str) -> String {
    text.replace("\n\n", &format!("\n{PARAGRAPH}\n"))
}

/// What closes the tag that is still open at the end of a line: inside of it an empty line means nothing.
fn open_tag(line: &str, mut closer: Option<&'static str>) -> Option<&'static str> {
    let mut rest = line;
    loop {
        if let Some(end) = closer {
            let Some(at) = rest.find(end) else { return closer };
            rest = &rest[at + end.len()..];
        }
        let openers = [("{%", "%}"), ("{{", "}}"), ("{#", "#}")];
        let next = openers.iter().filter_map(|(open, close)| Some((rest.find(open)?, *close))).min();
        let (at, close) = next?;
        rest = &rest[at + 2..];
        closer = Some(close);
    }
}

/// What a template writes into: takes no more than it may and then stops the template.
#[derive(Default)]
pub(crate) struct Page {
    bytes: Vec<u8>,
    pub(crate) is_full: bool,
}

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = RAW_BYTES_MAX - self.bytes.len().min(RAW_BYTES_MAX);
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            self.is_full = true;
            return Err(io::Error::other("the text is too long"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    /// The text, in its final shape.
    pub(crate) fn finish(self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let mut text = reflowed(&text);
        if self.is_full {
            // A character may have been cut in two, and more was to come.
            text = text.trim_end_matches('\u{fffd}').to_owned();
            let bytes_max = TEXT_BYTES_MAX.min(text.len().saturating_sub(1));
            cut(&mut text, bytes_max);
        } else {
            cut(&mut text, TEXT_BYTES_MAX);
        }
        text
    }
}

/// Joins lines with a blank; a mark starts a paragraph, `- ` an item, and what follows an item a new line.
fn reflowed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_item = false;
    let mut paragraph_ended = false;
    for line in text.lines() {
        paragraph_ended |= line.contains(PARAGRAPH);
        let mut words = line.split([' ', '\t', '\r', PARAGRAPH]).filter(|word| !word.is_empty()).peekable();
        let Some(first) = words.peek() else { continue };
        let is_item = *first == "-";
        if !out.is_empty() {
            out.push_str(match (is_item, in_item) {
                // Items stay together, however many empty lines a loop leaves between them.
                (true, true) => "\n",
                _ if paragraph_ended => "\n\n",
                (true, _) | (_, true) => "\n",
                _ => " ",
            });
        }
        let start = out.len();
        for word in words {
            if out.len() > start {
                out.push(' ');
            }
            out.push_str(word);
        }
        (in_item, paragraph_ended) = (is_item, false);
    }
    out
}

/// Cuts a text that is longer than `bytes_max` behind a word and says so with an ellipsis.
pub(crate) fn cut(text: &mut String, bytes_max: usize) {
    const ELLIPSIS: char = '…';
    if text.len() <= bytes_max {
        return;
    }
    let room = bytes_max.saturating_sub(ELLIPSIS.len_utf8());
    let end = (0..=room).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    // A word longer than a line is cut in its middle rather than losing all of it.
    let word_end = text[..end].rfind(char::is_whitespace).filter(|&at| end - at < 100).unwrap_or(end);
    text.truncate(word_end);
    text.truncate(text.trim_end().len());
    text.push(ELLIPSIS);
}
