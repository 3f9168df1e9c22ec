//! The table of intents: one row each. A new intent is a row here, a template in `templates/en` and a sample in `samples`.
//! What an intent means is the doc comment of its input type.

use crate::{Effect, Intent};

/// Reads the table twice: as trait implementations for everybody, and as definitions where schemas are wanted.
macro_rules! intents {
    ($( $domain:ident, $name:literal, $effect:ident, $input:ident => $output:ident, $title:literal; )+) => {
        $(
            impl Intent for crate::$input {
                type Output = crate::$output;
                const NAME: &'static str = $name;
                const EFFECT: Effect = Effect::$effect;
            }
        )+

        /// What the definitions are made from, in the order of the table.
        #[cfg(feature = "schema")]
        pub(crate) const ROWS: &[crate::schema::Row] = &[$(
            crate::schema::Row {
                name: $name,
                effect: Effect::$effect,
                domain: stringify!($domain),
                title: $title,
                output_model: stringify!($output),
                schemas: crate::schema::of::<crate::$input>,
                template: include_str!(concat!("../templates/en/", $name, ".txt")),
                sample: include_str!(concat!("../samples/", $name, ".json")),
            },
        )+];
    };
}

intents! {
    crm, "customer.lookup", Read, CustomerLookupInput => ContactList, "Find a customer";
    crm, "contact.update", Update, ContactUpdateInput => Contact, "Change a contact";
    crm, "lead.create", Create, LeadCreateInput => Lead, "Record a lead";
    crm, "opportunity.create", Create, OpportunityCreateInput => Opportunity, "Record an opportunity";
    crm, "interaction.log", Create, InteractionLogInput => Interaction, "Log a conversation";

    helpdesk, "ticket.create", Create, TicketCreateInput => Ticket, "Open a ticket";
    helpdesk, "ticket.status", Read, TicketStatusInput => Ticket, "Ticket status";
    helpdesk, "ticket.search", Read, TicketSearchInput => TicketList, "Find tickets";
    helpdesk, "ticket.update", Update, TicketUpdateInput => Ticket, "Change a ticket";
    helpdesk, "ticket.route", Update, TicketRouteInput => TicketRouting, "Route a ticket or hand over";

    commerce, "order.status", Read, OrderStatusInput => Order, "Order status";
    commerce, "order.search", Read, OrderSearchInput => OrderList, "Find orders";
    commerce, "product.search", Read, ProductSearchInput => ProductList, "Find products";
    commerce, "inventory.check", Read, InventoryCheckInput => StockLevelList, "Check availability";
    commerce, "return.start", Create, ReturnStartInput => Return, "Start a return";
    commerce, "cart.create", Create, CartCreateInput => Cart, "Fill a cart";

    hr, "pto.balance", Read, PtoBalanceInput => TimeOffBalanceList, "Time off balance";
    hr, "benefits.summary", Read, BenefitsSummaryInput => BenefitsSummary, "Benefits";
    hr, "employee.lookup", Read, EmployeeLookupInput => EmployeeList, "Find a colleague";
    hr, "pto.request", Create, PtoRequestInput => TimeOffRequest, "Request time off";
    hr, "hr_case.create", Create, HrCaseCreateInput => HrCase, "Open an HR case";
    hr, "hr_case.status", Read, HrCaseStatusInput => HrCase, "HR case status";

    it, "it_request.create", Create, ItRequestCreateInput => ItRequest, "Request something from IT";
    it, "it_request.status", Read, ItRequestStatusInput => ItRequest, "IT request status";

    finance, "invoice.status", Read, InvoiceStatusInput => Invoice, "Invoice status";
    finance, "payment.status", Read, PaymentStatusInput => Payment, "Payment status";
    finance, "expense.status", Read, ExpenseStatusInput => ExpenseList, "Expense status";
    finance, "budget.status", Read, BudgetStatusInput => Budget, "Budget status";

    erp, "sales_order.status", Read, SalesOrderStatusInput => SalesOrder, "Sales order status";
    erp, "purchase_order.status", Read, PurchaseOrderStatusInput => PurchaseOrder, "Purchase order status";
    erp, "stock.check", Read, StockCheckInput => StockLevelList, "Check stock";
}
