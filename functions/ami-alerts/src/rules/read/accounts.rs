//! Reads `[[account]]` tables: the role with which the function acts in another account.

use shared::arn::Arn;
use shared::config::{Code, Document, Problem, RawTable, TableReader, Text};
use shared::home::is_account;

use super::ACCOUNT_TABLE;
use crate::FUNCTION;
use crate::rules::AccountRole;
use crate::rules::trusted_actor::is_role_arn;

pub(super) const BAD_ACCOUNT: Code =
    Code { name: "bad-account", title: "the role of another account cannot be read from this table" };

const HELP: &str =
    "write the ARN of a role of that account, as in \"arn:aws:iam::444455556666:role/pointsman-ami-alerts\"";

pub(super) fn read(document: &Document, problems: &mut Vec<Problem>) -> Vec<AccountRole> {
    let mut roles: Vec<AccountRole> = Vec::new();
    for table in document.tables(ACCOUNT_TABLE, problems) {
        let Some(role) = role(&table, problems) else { continue };
        if let Some(first) = roles.iter().find(|before| before.id == role.id) {
            let problem =
                Problem::new(BAD_ACCOUNT, role.id_at.clone(), "an earlier table names this account");
            problems.push(problem.related(first.id_at.clone(), "here").help("remove one of the tables"));
        }
        roles.push(role);
    }
    roles
}

fn role(table: &RawTable<'_>, problems: &mut Vec<Problem>) -> Option<AccountRole> {
    let before = problems.len();
    let mut table = TableReader::new(FUNCTION.described_table(ACCOUNT_TABLE), table, problems);
    let id = table.required_string("id", BAD_ACCOUNT);
    let role = table.required_string("role", BAD_ACCOUNT);
    if let Some(id) = id.as_ref().filter(|id| !is_account(id.get_ref())) {
        let problem = Problem::new(BAD_ACCOUNT, id.span(), "this is not the id of an account");
        table.problem(problem.help("write the 12 digits of an account id, in quotation marks"));
    } else if let (Some(id), Some(role)) = (&id, &role) {
        role_problem(&mut table, id, role);
    }
    table.finish();
    let (id, role) = (id?, role?);
    let (id_at, role_at) = (id.span(), role.span());
    let role = AccountRole { id: id.into_inner(), id_at, role: role.into_inner(), role_at };
    (problems.len() == before).then_some(role)
}

fn role_problem(table: &mut TableReader<'_, '_, '_>, id: &Text, role: &Text) {
    let label = match role.get_ref().parse::<Arn>() {
        Ok(arn) if is_role_arn(role.get_ref()) && arn.account == *id.get_ref() => return,
        Ok(arn) if is_role_arn(role.get_ref()) => {
            format!(
                "this is a role of account {}, and the table is about account {}",
                arn.account,
                id.get_ref()
            )
        }
        _ => "this is not the ARN of a role".to_owned(),
    };
    table.problem(Problem::new(BAD_ACCOUNT, role.span(), label).help(HELP));
}
