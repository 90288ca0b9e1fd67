//! The picture of a report: a bar for each step, on one axis of time. The table beside it has the same facts as text.

use dr_failover::text::short_duration;
use maud::{Markup, html};
use shared::text::shortened;

use super::ReportStep;

const WIDTH: f64 = 720.0;
const NAMES: f64 = 230.0;
const ROW: f64 = 30.0;

/// The characters of a name that fit beside its bar. The table has the whole name.
const LONGEST_NAME: usize = 32;

/// The picture. It has a title and a description for screen readers.
pub(super) fn picture(steps: &[ReportStep]) -> Markup {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
        return html! { p { "No time passed." } };
    };
    let whole = last.to.duration_since(first.from).as_secs_f64().max(1.0);
    let scale = (WIDTH - NAMES - 80.0) / whole;
    let height = ROW * f64::from(u32::try_from(steps.len()).unwrap_or(u32::MAX)) + 8.0;
    let description: Vec<String> =
        steps.iter().map(|step| format!("{}: {}", step.name, short_duration(step.took()))).collect();
    html! {
        svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="picture-title picture-text"
            viewBox=(format!("0 0 {WIDTH:.0} {height:.0}")) {
            title id="picture-title" { "The time that each step took" }
            desc id="picture-text" { (description.join("; ")) }
            @for (step, row) in steps.iter().zip(0_u32..) {
                @let y = f64::from(row) * ROW + 6.0;
                @let x = NAMES + step.from.duration_since(first.from).as_secs_f64() * scale;
                @let width = (step.took().as_secs_f64() * scale).max(2.0);
                text x="0" y=(format!("{:.1}", y + 14.0)) { (shortened(&step.name, LONGEST_NAME)) }
                rect x=(format!("{x:.1}")) y=(format!("{y:.1}")) width=(format!("{width:.1}")) height="18" rx="2" {}
                text x=(format!("{:.1}", x + width + 6.0)) y=(format!("{:.1}", y + 14.0)) { (short_duration(step.took())) }
            }
        }
    }
}
