//! The words of the ladder: what happened, what may be done, and what was done. Each sentence may be the operator's own, by
//! intent and language; English is built in.

use jackfield_core::degrade::{Choice, Trouble};

use crate::config::Word;
use crate::policy::{Sentence, Sentences};

/// The host's own words.
pub fn in_english(word: Word) -> &'static str {
    match word {
        Word::Trouble => "I'm having trouble accessing that information right now.",
        Word::Busy => "It's very busy right now. Please try again in a moment.",
        Word::Cannot => "I can't do that here.",
        Word::AskRetry => "Would you like to try again?",
        Word::AskHandoff => "Should I connect you with a team member?",
        Word::AskRetryOrHandoff => "Would you like to try again, or should I connect you with a team member?",
        Word::AskMessage => "Should I pass a message on to the team?",
        Word::AskRetryOrMessage => "Would you like to try again, or should I pass a message on to the team?",
        Word::LabelRetry => "Try again",
        Word::LabelMessage => "Leave a message",
        Word::LabelHandoff => "Talk to a team member",
        Word::LabelContact => "How to reach us",
        Word::Taken => {
            "I've taken your request down for the team, and they'll get back to you by e-mail. Your reference is {reference}."
        }
        Word::HandedOff => "I've handed our conversation over to the team. Your ticket is #{ticket}.",
        Word::Kept => {
            "I couldn't reach the team just now. Your request is kept and goes to them as soon as possible; your reference is {reference}."
        }
        Word::Unsure => {
            "I can't tell yet whether the team has got that, so please don't send it again. Your reference is {reference}."
        }
        Word::Lost => "I couldn't pass that on to the team.",
        Word::NoAddress => "Please give an e-mail address, so that we can answer you.",
    }
}

/// The words for one person and one intent.
#[derive(Clone, Copy)]
pub struct Words<'w> {
    /// By language.
    pub sentences: &'w Sentences,
    /// BCP 47 tag of the person's language.
    pub locale: &'w str,
}

impl<'w> Words<'w> {
    /// One of them.
    pub fn say(&self, word: Word) -> &'w str {
        self.sentences.say(Sentence::Fallback(word), self.locale)
    }

    /// One of them with the numbers that a person may need.
    pub fn say_with(&self, word: Word, reference: &str, ticket: &str) -> String {
        self.say(word).replace("{reference}", reference).replace("{ticket}", ticket)
    }

    /// What happened, for the person. `None` for what is wrong with the request: its problem has words of its own.
    pub fn cause(&self, trouble: Trouble) -> Option<&'w str> {
        Some(self.say(match trouble {
            Trouble::Request => return None,
            Trouble::RateLimited | Trouble::Overloaded => Word::Busy,
            Trouble::Denied | Trouble::Unsupported => Word::Cannot,
            Trouble::Unavailable
            | Trouble::Timeout
            | Trouble::ReauthRequired
            | Trouble::ConnectorFault
            | Trouble::Internal => Word::Trouble,
        }))
    }

    /// The question that offers the best of the choices, of which all stand in `options`.
    pub fn question(&self, choices: &[Choice]) -> Option<&'w str> {
        let has = |choice| choices.contains(&choice);
        let word = match (has(Choice::Retry), has(Choice::Handoff), has(Choice::Message)) {
            (true, true, _) => Word::AskRetryOrHandoff,
            (true, false, true) => Word::AskRetryOrMessage,
            (true, false, false) => Word::AskRetry,
            (false, true, _) => Word::AskHandoff,
            (false, false, true) => Word::AskMessage,
            (false, false, false) => return None,
        };
        Some(self.say(word))
    }

    /// The label of an option.
    pub fn label(&self, choice: Choice) -> &'w str {
        self.say(match choice {
            Choice::Retry => Word::LabelRetry,
            Choice::Message => Word::LabelMessage,
            Choice::Handoff => Word::LabelHandoff,
            Choice::Contact => Word::LabelContact,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_offers_what_there_is() {
        use Choice::{Contact, Handoff, Message, Retry};
        let sentences = Sentences::default();
        let words = Words { sentences: &sentences, locale: "en" };
        let cases: [(&[Choice], Option<&str>); 6] = [
            (
                &[Retry, Message, Handoff],
                Some("Would you like to try again, or should I connect you with a team member?"),
            ),
            (&[Retry, Contact], Some("Would you like to try again?")),
            (&[Retry, Message], Some("Would you like to try again, or should I pass a message on to the team?")),
            (&[Handoff], Some("Should I connect you with a team member?")),
            (&[Message], Some("Should I pass a message on to the team?")),
            (&[Contact], None),
        ];
        for (choices, expected) in cases {
            assert_eq!(words.question(choices), expected, "{choices:?}");
        }
    }
}
