//! The core through what it offers the shells. One program for all files beside this one: what they stand on is
//! compiled and linked once. `cargo test --test core FILE::` runs one file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and what cannot be set up fails it"
)]

mod admission_cost;
mod admission_logs;
mod admission_refusals;
mod calendar_data;
mod calendar_deadlines;
mod carry_bundles;
mod codec_bytes;
mod codec_names;
mod codec_time;
mod common;
mod directory_apart;
mod directory_boundaries;
mod directory_catalogue;
mod directory_city;
mod directory_colleagues;
mod directory_due;
mod directory_held;
mod directory_moved_records;
mod directory_moves;
mod directory_people;
mod directory_redraws;
mod expression_errors;
mod expression_paths;
mod expression_values;
mod lifecycle_flows;
mod lifecycle_table;
mod merge_cases;
mod merge_laws;
mod merge_scale;
mod merge_world;
mod notice_catalogue;
mod notice_words;
mod plan_rules;
mod questionnaire_answers;
mod resident_receipts;
mod schema_doc;
mod schema_fields;
mod schema_forms;
mod schema_meaning;
mod schema_offered;
mod schema_probe;
mod schema_rules;
mod search_rules;
mod session_answer;
mod session_debts;
mod session_pages;
mod view_rows;
mod wire_fuzz;
mod wire_golden;
mod wire_hostile;
mod wire_protocol_doc;
mod wire_round_trip;
