//! The parts that the emails of this function share: fields, lists, commands. Pure.

use std::fmt;

use shared::arn::Arn;
use shared::text::printable;

/// The command that shows the events of a stack.
pub(crate) const HISTORY: (&str, &str) = ("To list all events of the stack", "describe-stack-events");

/// Fields, one a line, without the empty ones.
pub(crate) fn fields(fields: &[(&str, &str)]) -> String {
    let present = fields.iter().filter(|(_, value)| !value.is_empty());
    let lines: Vec<String> = present.map(|(name, value)| format!("{name:<11}{}", printable(value))).collect();
    lines.join("\n")
}

/// A list, one item a line; `none` for an empty one.
pub(crate) fn items<T: fmt::Display>(items: &[T], none: &str) -> String {
    let lines: Vec<String> = items.iter().map(|item| format!("- {item}")).collect();
    if lines.is_empty() { format!("- {none}") } else { lines.join("\n") }
}

/// The first `most` items of a list, and the number of the others; `rest` says where they are listed.
pub(crate) fn items_at_most<T: fmt::Display>(all: &[T], most: usize, rest: &str) -> String {
    let more = all.len().saturating_sub(most);
    let shown = items(&all[..all.len() - more], "none");
    if more == 0 { shown } else { format!("{shown}\n- and {more} more{rest}") }
}

/// Commands of `aws cloudformation` about a stack, each after its purpose, as paragraphs.
pub(crate) fn commands<'a>(
    stack: &Arn,
    commands: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> impl Iterator<Item = String> {
    let paragraphs = |(purpose, command): (&str, &str)| [purpose.to_owned(), cloudformation(command, stack)];
    commands.into_iter().flat_map(paragraphs).collect::<Vec<_>>().into_iter()
}

/// A command of `aws cloudformation` about a stack.
pub(crate) fn cloudformation(command: &str, stack: &Arn) -> String {
    let region = if stack.region.is_empty() { String::new() } else { format!(" --region {}", stack.region) };
    format!("aws cloudformation {command}{region} --stack-name {stack}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_the_number_of_the_items_that_it_leaves_out() {
        assert_eq!(items_at_most(&["a", "b"], 2, ""), "- a\n- b");
        assert_eq!(
            items_at_most(&["a", "b", "c"], 2, "; see the log"),
            "- a\n- b\n- and 1 more; see the log"
        );
        assert_eq!(items_at_most::<&str>(&[], 2, ""), "- none");
    }

    #[test]
    fn an_empty_field_has_no_line() {
        assert_eq!(fields(&[("Branch", "main"), ("Rule", "")]), "Branch     main");
    }
}
