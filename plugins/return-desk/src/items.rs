//! What goes back: the items that were named, or all of an order that was sent and has not come back.

use jackfield_sdk::prelude::*;

use crate::intents::return_desk_return_arrange::ReturnArrangeInput;

/// The most items that one return has: the bound of `return.start`.
const ITEMS_MAX: usize = 20;

/// The items in the words of `return.start`.
///
/// # Errors
/// `rejected` where nothing of the order can go back, `invalid-input` where the items must be named.
pub(crate) fn wanted(input: &ReturnArrangeInput, order: &Order) -> Result<Vec<ReturnItemInput>, Failure> {
    let Some(named) = &input.items else { return whole(input, order) };
    let items = named.iter().map(|item| ReturnItemInput {
        sku: item.sku.clone(),
        title: item.title.clone(),
        quantity: item.quantity,
        reason: item.reason.unwrap_or(input.reason),
        note: item.note.clone(),
    });
    Ok(items.collect())
}

fn whole(input: &ReturnArrangeInput, order: &Order) -> Result<Vec<ReturnItemInput>, Failure> {
    let mut items: Vec<ReturnItemInput> = Vec::new();
    for line in &order.line_items {
        let sent = line.fulfilled_quantity.unwrap_or(line.quantity);
        let quantity = sent.saturating_sub(line.returned_quantity.unwrap_or_default());
        // By its SKU alone where it has one: titles are not always spelt alike.
        let sku = line.sku.clone().filter(|sku| !sku.trim().is_empty());
        let title = Some(line.title.clone()).filter(|title| sku.is_none() && !title.trim().is_empty());
        if quantity == 0 || (sku.is_none() && title.is_none()) {
            continue;
        }
        // The same article may stand on two lines, of which the shop would take the second for a repetition.
        match items.iter_mut().find(|item| item.sku == sku && item.title == title) {
            Some(item) => item.quantity = item.quantity.saturating_add(quantity),
            None => items.push(ReturnItemInput { sku, title, quantity, reason: input.reason, note: None }),
        }
    }
    if order.line_items.is_empty() {
        return Err(Failure::invalid("/items", "Please say which items shall go back."));
    }
    if items.is_empty() {
        return Err(Failure::rejected("There is nothing in this order that could be sent back now."));
    }
    if items.len() > ITEMS_MAX {
        return Err(Failure::invalid("/items", "These are too many items at once. Please say which shall go back."));
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(sku: &str, title: &str, quantity: u32) -> LineItem {
        LineItem { sku: Some(sku.to_owned()), title: title.to_owned(), quantity, ..LineItem::default() }
    }

    fn wanted_of(line_items: Vec<LineItem>) -> Result<Vec<(String, u32)>, Failure> {
        let input = ReturnArrangeInput { reason: ReturnReason::Unwanted, ..ReturnArrangeInput::default() };
        let items = wanted(&input, &Order { line_items, ..Order::default() })?;
        Ok(items.into_iter().map(|item| (item.sku.or(item.title).unwrap_or_default(), item.quantity)).collect())
    }

    #[test]
    fn a_whole_order_is_what_was_sent_less_what_came_back() {
        let sent = LineItem { fulfilled_quantity: Some(2), returned_quantity: Some(1), ..line("A", "a", 3) };
        let unsent = LineItem { fulfilled_quantity: Some(0), ..line("B", "b", 1) };
        let items = wanted_of(vec![sent, unsent, line("", "c", 1), line("", " ", 1)]);
        assert_eq!(items, Ok(vec![("A".to_owned(), 1), ("c".to_owned(), 1)]));
    }

    #[test]
    fn an_article_on_two_lines_is_one_item() {
        assert_eq!(wanted_of(vec![line("A", "a", 1), line("A", "b", u32::MAX)]), Ok(vec![("A".to_owned(), u32::MAX)]));
    }

    #[test]
    fn an_order_of_which_nothing_can_go_back_is_refused() {
        let back = LineItem { returned_quantity: Some(2), ..line("A", "a", 1) };
        assert_eq!(wanted_of(vec![back]).map_err(|failure| failure.kind.code()), Err("rejected"));
    }

    #[test]
    fn items_that_are_not_known_or_too_many_must_be_named() {
        let many = (0..=ITEMS_MAX).map(|at| line(&at.to_string(), "a", 1)).collect();
        for lines in [vec![], many] {
            assert_eq!(wanted_of(lines).map_err(|failure| failure.kind.code()), Err("invalid-input"));
        }
    }
}
