//! What only the built binary can show: its exit codes and what it writes where.

mod secrets;
