//! Groups and who belongs to them (Zendesk Ticketing API, groups and group memberships).

use serde_json::json;

use super::{Call, not_found};
use crate::exchange::Answer;

impl Call<'_> {
    pub(super) fn list_groups(&mut self) -> Answer {
        self.known(&["exclude_deleted"]);
        let groups = self.state.groups.clone();
        self.page("groups", groups)
    }

    pub(super) fn show_group(&mut self, id: &str) -> Answer {
        self.known(&[]);
        let found = self.state.groups.iter().find(|group| number(id) == group["id"].as_u64());
        match found {
            Some(group) => Answer::json(200, &json!({ "group": group })),
            None => not_found(),
        }
    }

    /// Memberships, of one group or of one user when asked so.
    pub(super) fn memberships(&mut self, group: Option<&str>, user: Option<&str>) -> Answer {
        self.known(&["include"]);
        let wanted = |wanted: Option<&str>, held: Option<u64>| wanted.is_none_or(|id| number(id) == held);
        let found = self
            .state
            .memberships
            .iter()
            .filter(|entry| wanted(group, entry["group_id"].as_u64()))
            .filter(|entry| wanted(user, entry["user_id"].as_u64()))
            .cloned()
            .collect();
        self.page("group_memberships", found)
    }

    pub(super) fn groups_of(&mut self, user: &str) -> Answer {
        self.known(&[]);
        let user = number(user).unwrap_or_default();
        let found = self
            .state
            .groups
            .iter()
            .filter(|group| self.state.is_member(user, group["id"].as_u64().unwrap_or_default()))
            .cloned()
            .collect();
        self.page("groups", found)
    }

    pub(super) fn users_of(&mut self, group: &str) -> Answer {
        self.known(&["role", "role[]", "permission_set", "external_id"]);
        let Some(group) = number(group).filter(|id| self.state.groups.iter().any(|group| group["id"] == *id)) else {
            return not_found();
        };
        let found = self
            .state
            .users
            .iter()
            .filter(|user| self.state.is_member(user["id"].as_u64().unwrap_or_default(), group))
            .cloned()
            .collect();
        self.page("users", found)
    }
}

pub(super) fn number(id: &str) -> Option<u64> {
    id.parse().ok()
}
