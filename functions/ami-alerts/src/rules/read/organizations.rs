//! Reads `[[organization]]` tables: the accounts of organizations, for functions that may not ask AWS Organizations.

use std::collections::BTreeSet;
use std::ops::Range;

use shared::config::codes::MISSING_KEY;
use shared::config::{Code, Document, Problem, RawTable, TableReader, Text};

use super::values::set;
use super::{BAD_GRANTEE, ORGANIZATION_TABLE};
use crate::FUNCTION;
use crate::grantee::{Grantee, is_account, is_organization};
use crate::rules::{ImageRule, MemberList};

pub(super) const BAD_ORGANIZATION: Code = Code {
    name: "bad-organization",
    title: "the accounts of an organization cannot be read from this table",
};
pub(super) const UNUSED_ORGANIZATION: Code =
    Code { name: "unused-organization", title: "no rule trusts this organization" };

/// Reads the lists. `images` are the rules that may trust an organization, if all of them could be read.
pub(super) fn read(
    document: &Document,
    images: Option<&Vec<ImageRule>>,
    problems: &mut Vec<Problem>,
) -> Vec<MemberList> {
    let mut lists: Vec<(MemberList, Range<usize>)> = Vec::new();
    for table in document.tables(ORGANIZATION_TABLE, problems) {
        let Some((list, at)) = list(&table, problems) else { continue };
        problems.extend(repeated(&lists, &list, &at));
        let is_trusted = |rule: &ImageRule| rule.trusted.organizations.contains(&list.id);
        if images.is_some_and(|images| !images.iter().any(is_trusted)) {
            problems.push(unused(&list, at.clone()));
        }
        lists.push((list, at));
    }
    lists.into_iter().map(|(list, _)| list).collect()
}

fn list(table: &RawTable<'_>, problems: &mut Vec<Problem>) -> Option<(MemberList, Range<usize>)> {
    let before = problems.len();
    let mut table = TableReader::new(FUNCTION.described_table(ORGANIZATION_TABLE), table, problems);
    let id = table.required_string("id", BAD_ORGANIZATION);
    let named = id.as_ref().and_then(|id| organization(&mut table, id));
    if table.span("accounts").is_none() {
        let problem = Problem::new(MISSING_KEY, table.header(), "this table has no `accounts`");
        table.problem(problem.help("list the ids of the organization's accounts, or remove the table"));
    }
    let help = "write the 12 digits of an account id, in quotation marks";
    let is_id = |text: &str| is_account(text).then(|| text.to_owned());
    let accounts: Option<BTreeSet<String>> = set(&mut table, "accounts", BAD_GRANTEE, help, is_id);
    table.finish();
    let (id, at) = (named?, id?.span());
    (problems.len() == before).then_some((MemberList { id, accounts: accounts? }, at))
}

fn organization(table: &mut TableReader<'_, '_, '_>, text: &Text) -> Option<String> {
    let id = match Grantee::of(text.get_ref()) {
        Grantee::Organization { id, .. } => Some(id),
        _ => is_organization(text.get_ref()).then(|| text.get_ref().clone()),
    };
    if id.is_none() {
        let problem = Problem::new(BAD_ORGANIZATION, text.span(), "this does not have AWS's form");
        table.problem(problem.help("write an organization's id, as in \"o-a1b2c3d4e5\", or its ARN"));
    }
    id
}

/// An organization has one list, and an account belongs to one organization.
fn repeated(lists: &[(MemberList, Range<usize>)], list: &MemberList, at: &Range<usize>) -> Option<Problem> {
    if let Some((_, first)) = lists.iter().find(|(before, _)| before.id == list.id) {
        let problem = Problem::new(BAD_ORGANIZATION, at.clone(), "an earlier table lists this organization");
        return Some(problem.related(first.clone(), "here").help("list all accounts in one table"));
    }
    let (before, first) = lists.iter().find(|(before, _)| !before.accounts.is_disjoint(&list.accounts))?;
    let account = before.accounts.intersection(&list.accounts).next()?;
    let label = format!("account {account} is also in the list of {}", before.id);
    let problem = Problem::new(BAD_ORGANIZATION, at.clone(), label).related(first.clone(), "here");
    Some(problem.help("an account belongs to one organization: remove it from the other list"))
}

fn unused(list: &MemberList, at: Range<usize>) -> Problem {
    let help =
        format!("add it to `trusted-organizations` of a rule, as in [\"{}\"], or remove the table", list.id);
    Problem::new(UNUSED_ORGANIZATION, at, "this list has no effect").warning().help(help)
}
