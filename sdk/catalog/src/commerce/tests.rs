//! The rules that all shops share.

use super::{Availability, FulfilmentStatus, OrderPaymentStatus, OrderStatus, Shipment, ShipmentStatus};

#[test]
fn an_orders_state_follows_from_its_parts() {
    use {FulfilmentStatus as F, OrderPaymentStatus as P, OrderStatus as S};
    let parcel = |status| Shipment { status, ..Shipment::default() };
    let (arrived, moving) = (parcel(ShipmentStatus::Delivered), parcel(ShipmentStatus::InTransit));
    let check = |expected: S, payment: P, fulfilment: F, shipments: &[Shipment]| {
        assert_eq!(OrderStatus::of(false, Some(payment), Some(fulfilment), shipments), expected);
    };
    check(S::Pending, P::Paid, F::Unfulfilled, &[]);
    check(S::Pending, P::Authorized, F::Unfulfilled, &[]);
    check(S::AwaitingPayment, P::Unpaid, F::Unfulfilled, &[]);
    check(S::Shipped, P::Paid, F::Fulfilled, &[]);
    check(S::Shipped, P::Paid, F::Fulfilled, &[arrived.clone(), moving]);
    check(S::Delivered, P::Paid, F::Fulfilled, std::slice::from_ref(&arrived));
    check(S::PartiallyShipped, P::Paid, F::PartiallyFulfilled, &[arrived]);
    check(S::Refunded, P::Refunded, F::Fulfilled, &[]);
    check(S::Cancelled, P::Voided, F::Unfulfilled, &[]);
    check(S::OnHold, P::Paid, F::OnHold, &[]);
    assert_eq!(OrderStatus::of(true, Some(P::Refunded), Some(F::Unfulfilled), &[]), S::Cancelled);
    assert_eq!(OrderStatus::of(false, None, None, &[]), S::Other);
}

#[test]
fn stock_is_told_in_bands() {
    assert_eq!(Availability::of(10.0, 3.0, false), Availability::InStock);
    assert_eq!(Availability::of(3.0, 3.0, false), Availability::LowStock);
    assert_eq!(Availability::of(0.0, 3.0, false), Availability::OutOfStock);
    assert_eq!(Availability::of(-2.0, 3.0, true), Availability::Backorder);
}
