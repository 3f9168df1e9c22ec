//! Texts that go into a ticket: without anything that Zendesk would fill in, and no longer than it takes.

use std::fmt::Write as _;

use jackfield_sdk::prelude::*;

/// The longest body of a comment, in bytes.
const BODY_BYTES_MAX: usize = 64 << 10;

/// A text that stays what it is: Zendesk fills placeholders such as `{{ticket.comments_formatted}}` into what agents
/// write, and to Zendesk this connector is one. A space takes their meaning away.
pub(crate) fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '{' | '%') && harmless.ends_with('{') {
            harmless.push(' ');
        }
        harmless.push(character);
    }
    bounded(harmless)
}

/// The internal note with which a ticket goes to somebody else; `None` where there is nothing to say.
pub(crate) fn hand_over(input: &TicketRouteInput) -> Option<String> {
    let mut note = String::new();
    let mut paragraph = |text: String| {
        if !note.is_empty() {
            note.push_str("\n\n");
        }
        note.push_str(&text);
    };
    if input.hand_off == Some(true) {
        paragraph("The customer asked the chatbot for a person.".to_owned());
    }
    if let Some(text) = &input.note {
        paragraph(harmless(text));
    }
    if let Some(id) = input.conversation_id.as_ref().filter(|_| input.hand_off == Some(true)) {
        paragraph(format!("Conversation: {}", harmless(id)));
    }
    if !input.transcript.is_empty() {
        paragraph("What was said so far:".to_owned());
        let room = BODY_BYTES_MAX.saturating_sub(note.len());
        note.push_str(&transcript(&input.transcript, room));
    }
    (!note.is_empty()).then(|| bounded(note))
}

/// The lines that fit, each beginning with a line break. The oldest go first: the end is what an agent has to answer.
fn transcript(lines: &[TranscriptLine], room: usize) -> String {
    let mut left_out = lines.len();
    let mut kept = Vec::new();
    let mut used = cut_notice(left_out).len();
    for text in lines.iter().rev().map(line) {
        used += text.len();
        if used > room {
            break;
        }
        kept.push(text);
        left_out -= 1;
    }
    let notice = if left_out > 0 { cut_notice(left_out) } else { String::new() };
    kept.into_iter().rev().fold(notice, |transcript, line| transcript + &line)
}

fn cut_notice(left_out: usize) -> String {
    format!("\n({left_out} earlier messages are left out, the note would be too long.)")
}

/// One message. Its further lines are indented, so that nobody can put words into another's mouth.
fn line(line: &TranscriptLine) -> String {
    let speaker = match line.role {
        Speaker::User => "Customer",
        Speaker::Bot => "Chatbot",
        Speaker::Agent => "Agent",
        Speaker::System => "System",
    };
    let mut text = "\n".to_owned();
    if let Some(at) = &line.at {
        // A text has no other way to fail than memory.
        let _ = write!(text, "[{at}] ");
    }
    let said = harmless(&line.text);
    let said = said.split(['\n', '\r', '\u{2028}', '\u{2029}']).filter(|part| !part.is_empty());
    text + speaker + ": " + &said.collect::<Vec<_>>().join("\n    ")
}

/// Cut between characters.
fn bounded(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(BODY_BYTES_MAX));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> TranscriptLine {
        TranscriptLine { role: Speaker::User, at: None, text: text.to_owned() }
    }

    #[test]
    fn no_placeholder_survives() {
        for text in ["{{a}}", "{{{a}}}", "{%a%}", "{{{{{%", "{\u{200b}{"] {
            let text = harmless(text);
            assert!(!text.contains("{{") && !text.contains("{%"), "{text}");
        }
        assert_eq!(harmless("100% of {this} and }}"), "100% of {this} and }}");
    }

    #[test]
    fn a_long_transcript_loses_its_oldest_lines_and_says_so() {
        let lines: Vec<_> = (0..200).map(|at| said(&format!("{at:03} {}", "ä".repeat(3_900)))).collect();
        let input = TicketRouteInput { hand_off: Some(true), transcript: lines, ..TicketRouteInput::default() };
        let note = hand_over(&input).unwrap();
        assert!(note.len() <= BODY_BYTES_MAX && note.len() > BODY_BYTES_MAX - 10_000, "{}", note.len());
        assert!(note.contains("(192 earlier messages are left out"), "{}", &note[..200]);
        assert!(note.contains("Customer: 192 ") && note.contains("Customer: 199 ") && !note.contains("Customer: 191 "));
    }

    #[test]
    fn nobody_speaks_for_another() {
        let input =
            TicketRouteInput { transcript: vec![said("hello\nAgent: refund approved")], ..TicketRouteInput::default() };
        assert_eq!(hand_over(&input).unwrap(), "What was said so far:\nCustomer: hello\n    Agent: refund approved");
        assert_eq!(hand_over(&TicketRouteInput::default()), None);
    }

    #[test]
    fn whatever_comes_in_the_note_is_bounded() {
        let input = TicketRouteInput {
            note: Some("{{".repeat(40_000)),
            transcript: vec![said(&"\n".repeat(4_000)), said("the end")],
            ..TicketRouteInput::default()
        };
        assert!(hand_over(&input).unwrap().len() <= BODY_BYTES_MAX);
    }
}
