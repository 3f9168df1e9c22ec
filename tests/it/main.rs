//! End to end: a real host, real components, simulated systems. One binary, one file per topic.

mod admission;
mod assertions;
mod author;
mod cases;
mod connections;
mod consent;
mod csrf;
mod deadlines;
mod desk;
mod dev;
mod disk;
mod fallbacks;
mod guests;
mod house;
mod keeping;
mod mistakes;
mod operator;
mod overload;
mod record;
mod secrets;
mod settle;
mod tokens;
mod upgrade;
mod upstream;
mod waiting;
mod writes;
