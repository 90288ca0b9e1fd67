//! The email that a start is held until its window opens. Pure.

use std::fmt::Write as _;

use shared::email::Message;
use shared::text::printable;

use super::judge::HeldStart;

/// One email for all starts of a push that were held.
pub fn email(event: &str, held: &[&HeldStart]) -> Message {
    let pipelines = shared::text::list_at_most(
        &held.iter().map(|one| one.start.pipeline.as_str()).collect::<Vec<_>>(),
        3,
    );
    let headline = match held {
        [one] => format!("{pipelines} is held until {}", one.until),
        _ => format!("{pipelines} are held until their windows open"),
    };
    let mut text = format!("Push: {}\n", printable(event));
    for one in held {
        let HeldStart { start, window, closed, until, .. } = one;
        let closed = printable(&closed.to_string());
        let _ = write!(
            text,
            "\nPipeline: {}\nWindow: {window}, closed: {closed}\nStarts at: {until}\n",
            start.pipeline
        );
    }
    text.push_str(
        "\nEventBridge Scheduler invokes the function then, and the function\n\
         re-evaluates the push. A later push of the same branch or tag moves the\n\
         start to its commit, without another email.\n\n\
         To start a pipeline now, start it in the console of CodePipeline.\n",
    );
    Message::plain(&headline, &text)
}
