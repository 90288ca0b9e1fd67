//! How the time of an invocation is shared between reading and starting.

use std::time::{Duration, Instant};

/// How long before the end of a long invocation nothing more is read: half of it to read the pipelines, and half to
/// start them.
const TIME_TO_ACT: Duration = Duration::from_secs(60);

/// When each stage of reading must be over, so that the next still has its time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    /// The changed files, and what they are compared with.
    pub(crate) changes: Instant,
    /// The head and the pipelines.
    pub(crate) pipelines: Instant,
}

impl Deadlines {
    /// Of a short invocation the changed files may take three quarters; of a long one all but [`TIME_TO_ACT`].
    pub(crate) fn until(deadline: Instant, now: Instant) -> Self {
        let left = deadline.saturating_duration_since(now);
        let to_act = TIME_TO_ACT.min(left / 4);
        Self { changes: now + (left - to_act), pipelines: now + (left - to_act / 2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_leaves_the_next_its_time() {
        let now = Instant::now();
        for (seconds, changes, pipelines) in [(300, 240, 270), (20, 15, 17), (0, 0, 0)] {
            let deadlines = Deadlines::until(now + Duration::from_secs(seconds), now);
            assert_eq!((deadlines.changes - now).as_secs(), changes, "of {seconds} s");
            assert_eq!((deadlines.pipelines - now).as_secs(), pipelines, "of {seconds} s");
        }
    }
}
