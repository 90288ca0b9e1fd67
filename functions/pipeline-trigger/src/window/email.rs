//! The email that a start is held until its window opens. Pure.

use std::fmt::Write as _;

use shared::email::Message;
use shared::text::printable;

use super::hold::HeldKind;
use super::judge::HeldStart;

/// One email for all starts of an event that were held.
pub fn email(kind: HeldKind, event: &str, held: &[&HeldStart]) -> Message {
    let pipelines = shared::text::list_at_most(
        &held.iter().map(|one| one.start.pipeline.as_str()).collect::<Vec<_>>(),
        3,
    );
    let headline = match held {
        [one] => format!("{pipelines} is held until {}", one.until),
        _ => format!("{pipelines} are held until their windows open"),
    };
    let mut text = format!("{}: {}\n", label(kind), printable(event));
    for one in held {
        let HeldStart { start, window, closed, until, .. } = one;
        let closed = printable(&closed.to_string());
        let _ = write!(
            text,
            "\nPipeline: {}\nWindow: {window}, closed: {closed}\nStarts at: {until}\n",
            start.pipeline
        );
    }
    text.push_str("\nEventBridge Scheduler invokes the function then, and the function\n");
    text.push_str(what_follows(kind));
    text.push_str("\nTo start a pipeline now, start it in the console of CodePipeline.\n");
    Message::plain(&headline, &text)
}

fn label(kind: HeldKind) -> &'static str {
    match kind {
        HeldKind::Push => "Push",
        HeldKind::Image => "Image",
        HeldKind::Object => "Object",
    }
}

fn what_follows(kind: HeldKind) -> &'static str {
    match kind {
        HeldKind::Push => {
            "re-evaluates the push. A later push of the same branch or tag moves the\n\
             start to its commit, without another email.\n"
        }
        HeldKind::Image => {
            "re-evaluates the image. A later image of the same repository takes its\n\
             place, without another email.\n"
        }
        HeldKind::Object => {
            "re-evaluates the version. A later version of the same key takes its\n\
             place, without another email.\n"
        }
    }
}
