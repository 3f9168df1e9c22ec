//! Canonical words that more than one domain uses. Those of one domain stand beside its models.

codes! {
    /// How urgent something is.
    pub enum Priority {
        /// Can wait.
        Low = "low", "low";
        /// The usual pace.
        Normal = "normal", "normal";
        /// Before the usual work.
        High = "high", "high";
        /// At once.
        Urgent = "urgent", "urgent";
    } else {
        /// A level of the business system that is none of these.
        Other = "other", "not set";
    }
}

codes! {
    /// Where a request to a service team (IT, HR) stands.
    pub enum RequestStatus {
        /// Received, nobody has started.
        Submitted = "submitted", "submitted";
        /// Somebody has to approve it first.
        AwaitingApproval = "awaiting_approval", "waiting for approval";
        /// Somebody works on it.
        InProgress = "in_progress", "in progress";
        /// Cannot go on before the requester answers.
        WaitingForRequester = "waiting_for_requester", "waiting for your reply";
        /// Paused for another reason.
        OnHold = "on_hold", "on hold";
        /// Done.
        Completed = "completed", "completed";
        /// Refused.
        Rejected = "rejected", "rejected";
        /// Withdrawn.
        Cancelled = "cancelled", "cancelled";
    } else {
        /// A state of the business system that is none of these.
        Other = "other", "being processed";
    }
}

codes! {
    /// What the approvers said.
    pub enum ApprovalStatus {
        /// Nobody has to approve it.
        NotRequired = "not_required", "not required";
        /// Somebody has yet to decide.
        Pending = "pending", "pending";
        /// Accepted.
        Approved = "approved", "approved";
        /// Refused.
        Rejected = "rejected", "rejected";
        /// Withdrawn before anybody decided.
        Cancelled = "cancelled", "cancelled";
    } else {
        /// A state of the business system that is none of these.
        Other = "other", "being processed";
    }
}

codes! {
    /// How far one side of a business document is: its delivery, its receipt, its billing.
    pub enum Progress {
        /// Does not apply to this document.
        NotRelevant = "not_relevant", "not relevant";
        /// Nothing has happened yet.
        NotStarted = "not_started", "not started";
        /// Part of it is done.
        Partial = "partial", "partly done";
        /// All of it is done.
        Complete = "complete", "complete";
    } else {
        /// A state of the business system that is none of these.
        Other = "other", "being processed";
    }
}
