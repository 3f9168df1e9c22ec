//! What employees and suppliers may ask of the accounts, and the words for it. No intent here moves money.

mod budget;
mod expense;
mod invoice;
mod payment;

pub use budget::{Budget, BudgetStatus, BudgetStatusInput};
pub use expense::{Expense, ExpenseItem, ExpenseList, ExpenseStatus, ExpenseStatusInput};
pub use invoice::{Invoice, InvoiceSide, InvoiceStatus, InvoiceStatusInput};
pub use payment::{Payment, PaymentStatus, PaymentStatusInput};
