//! The connector's schemas against the catalogue: a word that is new there is missed here.

use jackfield_sdk::{Value, prelude::*};

fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// All words of a list; of those that a user may choose the "something else" at the end is none.
fn codes<T: Coded>(chosen: bool) -> Vec<&'static str> {
    let words = &T::ALL[..T::ALL.len() - usize::from(chosen)];
    words.iter().map(|word| word.code()).collect()
}

#[test]
fn words_that_a_user_may_choose_are_those_of_the_catalogue() {
    let input = schema(include_str!("../schemas/arrange.input.json"));
    let properties = &input["properties"];
    assert_eq!(properties["reason"]["enum"], json!(codes::<ReturnReason>(true)));
    assert_eq!(properties["items"]["items"]["properties"]["reason"]["enum"], json!(codes::<ReturnReason>(true)));
    assert_eq!(properties["resolution"]["enum"], json!(codes::<ReturnResolution>(true)));
    assert_eq!(properties["channel"]["enum"], json!(codes::<InteractionChannel>(true)));
}

#[test]
fn states_of_a_return_are_those_of_the_catalogue_and_have_its_words() {
    let output = schema(include_str!("../schemas/arrange.output.json"));
    let status = &output["properties"]["return"]["properties"]["status"];
    assert_eq!(status["enum"], json!(codes::<ReturnStatus>(false)));
    for word in ReturnStatus::ALL {
        assert_eq!(status["x-codes"][word.code()], word.text());
    }
}
