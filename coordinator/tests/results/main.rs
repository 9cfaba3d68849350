//! What is done with results when they are there: shown, checked, exported, and read by others' programs.

mod made;
mod reading;
mod show;
mod transform;
