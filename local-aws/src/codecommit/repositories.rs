//! ListRepositories.

use serde_json::{Value, json};

use super::branches::bad_token;
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::paging;
use crate::service::Context;

/// Sorts by name or by the last change. All repositories here have the same time of change, and then keep the order
/// of their names.
pub(super) fn list_repositories(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let token = input.string("nextToken")?;
    let sort_by = input.string("sortBy")?.unwrap_or_else(|| "lastModifiedDate".to_owned());
    let order = input.string("order")?.unwrap_or_else(|| "descending".to_owned());
    input.finish()?;
    if !matches!(&*sort_by, "repositoryName" | "lastModifiedDate") {
        return Err(ErrorAnswer::new(
            "InvalidSortByException",
            format!("{sort_by} is not a valid sort by value"),
        ));
    }
    if !matches!(&*order, "ascending" | "descending") {
        return Err(ErrorAnswer::new("InvalidOrderException", format!("{order} is not a valid order")));
    }
    let mut names = context.world.codecommit.names();
    if sort_by == "repositoryName" && order == "descending" {
        names.reverse();
    }
    let listed =
        |name: &String| json!({"repositoryName": name, "repositoryId": ids::uuid(&["repository", name])});
    let all: Vec<Value> = names.iter().map(listed).collect();
    let size = context.world.codecommit.list_page_size;
    let page = paging::page(&all, size, token.as_deref(), &["ListRepositories", &sort_by, &order]);
    let page = page.map_err(|_| bad_token())?;
    let mut output = json!({"repositories": page.items});
    if let Some(next) = page.next {
        output["nextToken"] = json!(next);
    }
    Ok(output)
}
