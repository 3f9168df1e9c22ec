//! What guests can do to the host, and what they cannot: every misbehaviour in `tests/guests` ends here in its own
//! fault. The components must have been built, see `tests/guests/BUILDING.md`.

mod answers;
mod bounds;
mod bytes;
mod cache_dir;
mod capability;
mod contract;
mod endless;
mod growth;
mod isolation;
mod leftovers;
mod load;
mod measured;
mod parts;
mod requests;
mod smuggling;
mod spying;
mod stand;
