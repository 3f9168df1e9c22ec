//! What guests can do to the host, and what they cannot: every misbehaviour in `tests/guests` ends here in its own
//! fault. The components must have been built, see `tests/guests/BUILDING.md`.

mod bounds;
mod cache_dir;
mod capability;
mod contract;
mod isolation;
mod load;
mod requests;
mod stand;
