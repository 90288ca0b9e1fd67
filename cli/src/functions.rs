//! The functions of the workspace. A further function is a further line here.

use shared::function::Function;

/// Every function. The command line, the tests and the lists in the documents come from these descriptions.
pub const FUNCTIONS: [&Function; 4] =
    [&pipeline_trigger::FUNCTION, &branch_stacks::FUNCTION, &ami_alerts::FUNCTION, &dr_failover::FUNCTION];
