//! The brake: a run that would start very many pipelines starts none of them, until an operator confirms the list.

use shared::decision::Verdict;
use shared::report::Report;
use shared::token::client_token;

use super::due::DueStart;
use super::{MOST_STARTS, RUN};
use crate::because::Because;

/// The length of the digest that an operator types.
const DIGEST: usize = 16;

/// The digest of the starts that are due: of their pipelines, branches and commits.
pub(super) fn digest(due: &[DueStart<'_>]) -> String {
    let mut tokens: Vec<&str> =
        due.iter().flat_map(|due| &due.plan.starts).map(|start| start.token.as_str()).collect();
    tokens.sort_unstable();
    client_token(tokens)[..DIGEST].to_owned()
}

/// The report about starts that are held: their number, and why each of them would start.
pub(super) fn held(due: Vec<DueStart<'_>>, digest: String) -> Report {
    let because = Because::TooManyStarts { starts: due.len(), most: MOST_STARTS, digest };
    let mut report = Report::of(Verdict::Hold, RUN, &because);
    due.into_iter().for_each(|due| report.add(due.would_start()));
    report
}
