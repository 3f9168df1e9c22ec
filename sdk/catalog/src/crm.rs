//! What a sales or service team may ask of a CRM, and its words.

mod contact;
mod interaction;
mod sales;

pub use contact::{Contact, ContactChanges, ContactList, ContactUpdateInput, CustomerLookupInput};
pub use interaction::{Interaction, InteractionChannel, InteractionLogInput};
pub use sales::{Lead, LeadCreateInput, LeadStatus, Opportunity, OpportunityCreateInput, OpportunityStatus};
