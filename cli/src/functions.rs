//! The functions of the workspace. A further function is a further line here.

use shared::function::Function;

/// Every function. The command line, the tests and the lists in the documents come from these descriptions.
pub const FUNCTIONS: [&Function; 3] = [
    &pipeline_trigger::description::FUNCTION,
    &branch_stacks::description::FUNCTION,
    &ami_alerts::description::FUNCTION,
];
