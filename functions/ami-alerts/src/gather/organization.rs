//! Asks AWS Organizations which organization accounts belong to, for rules that trust organizations.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_organizations::Client as Organizations;
use jiff::Timestamp;
use shared::act::Executor;
use shared::arn::Arn;
use shared::call_error::CallError;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::facts::{LookUp, LookupError};
use crate::grantee::{Grantee, is_organization};
use crate::membership_table::MembershipTable;
use crate::rules::{ImageRule, Memberships, Trusted};
use crate::run::Run;

/// The most accounts that a recorded call asks about.
pub(super) const MOST_OF_A_CALL: usize = 20;

/// The calls at a time: Organizations throttles an account that makes many ("Throttling limits", AWS Organizations User Guide).
const AT_A_TIME: usize = 5;

/// The time limit of the answers for one image or snapshot.
const TIME: Duration = Duration::from_secs(15);

/// The answers to an account that may not ask (DescribeAccount, AWS Organizations API Reference).
const REFUSALS: [&str; 2] = ["AccessDeniedException", "AWSOrganizationsNotInUseException"];

const DESCRIBE_ACCOUNT: &str = "organizations:DescribeAccount";

/// Asks about accounts, about each once.
#[derive(Debug)]
pub struct MembershipReader<'r> {
    run: &'r Run<'r>,
    /// The accounts that may still be asked about.
    left: usize,
    most: usize,
    answers: Memberships,
    /// Why Organizations answers no question of this invocation.
    refused: Option<LookupError>,
}

impl<'r> MembershipReader<'r> {
    /// A reader that asks about `most` accounts at most. The others stay unknown.
    pub fn new(run: &'r Run<'r>, most: usize) -> Self {
        Self { run, left: most, most, answers: Memberships::new(), refused: None }
    }

    /// The organization of each account among these grantees that the rule may trust only as a member of an organization.
    pub async fn memberships(
        &mut self,
        rule: Option<&ImageRule>,
        owner: Option<&str>,
        grantees: impl Iterator<Item = &Grantee>,
    ) -> Memberships {
        let trusted = self.run.rules.trust(rule, &Memberships::new());
        let unlisted: Vec<String> =
            self.run.rules.unlisted(&trusted).into_iter().map(str::to_owned).collect();
        let accounts = accounts_in_question(&trusted, owner, grantees);
        if unlisted.is_empty() || accounts.is_empty() {
            return Memberships::new();
        }
        self.ask_about(&accounts).await;
        let own = self.own_organization(&accounts).await;
        let answer = |account: String| {
            let answer = judged(self.answers.get(&account), own.as_ref(), &unlisted, self.most);
            (account, answer)
        };
        accounts.into_iter().map(answer).collect()
    }

    /// Asks about the accounts without an answer, some at a time.
    async fn ask_about(&mut self, accounts: &[String]) {
        let until = Instant::now() + TIME;
        let unasked = |account: &&String| !self.answers.contains_key(*account);
        let unasked: Vec<String> = accounts.iter().filter(unasked).take(self.left).cloned().collect();
        self.left -= unasked.len();
        for some in unasked.chunks(AT_A_TIME) {
            let mut asked = JoinSet::new();
            for account in some {
                let asking = Question::new(self.run, account, self.refused.clone());
                asked.spawn(async move { asking.answer_until(until).await });
            }
            let answers = asked.join_all().await;
            let error =
                answers.iter().filter_map(|(_, answer)| answer.error()).find(|error| is_refusal(error));
            self.refused = self.refused.take().or(error.cloned());
            self.answers.extend(answers);
        }
    }

    /// The organization of the function's own account, if an answer can be understood only with it.
    async fn own_organization(&mut self, accounts: &[String]) -> Option<LookUp<Option<String>>> {
        let is_outside = |account: &String| matches!(self.answers.get(account), Some(LookUp::Found(None)));
        if !accounts.iter().any(is_outside) {
            return None;
        }
        let own = self.run.home.account.clone();
        if !self.answers.contains_key(&own) {
            let question = Question::new(self.run, &own, self.refused.clone());
            let (own, answer) = question.answer_until(Instant::now() + TIME).await;
            self.answers.insert(own, answer);
        }
        self.answers.get(&own).cloned()
    }
}

/// The accounts whose trust depends on their organization, each once, in their order.
fn accounts_in_question<'g>(
    trusted: &Trusted,
    owner: Option<&str>,
    grantees: impl Iterator<Item = &'g Grantee>,
) -> Vec<String> {
    let mut known = BTreeSet::new();
    let accounts =
        grantees.filter(|grantee| !trusted.includes(grantee)).filter_map(|grantee| match grantee {
            Grantee::Account(id) if Some(id.as_str()) != owner => Some(id),
            _ => None,
        });
    accounts.filter(|id| known.insert((*id).clone())).cloned().collect()
}

/// What an answer proves. An account that is not found belongs to another organization than the function's, or to none: that is
/// proof only if the rule trusts no other organization.
fn judged(
    answer: Option<&LookUp<Option<String>>>,
    own: Option<&LookUp<Option<String>>>,
    unlisted: &[String],
    most: usize,
) -> LookUp<Option<String>> {
    match (answer, own) {
        (None, _) => LookUp::Failed(LookupError::TooManyAccounts { most }),
        (Some(LookUp::Found(None)), Some(LookUp::Found(Some(own)))) => {
            let others: Vec<&str> = unlisted.iter().filter(|id| *id != own).map(String::as_str).collect();
            match others.is_empty() {
                true => LookUp::Found(None),
                false => LookUp::Failed(LookupError::OtherOrganization {
                    own: own.clone(),
                    trusted: others.join(", "),
                }),
            }
        }
        (Some(LookUp::Found(None)), Some(LookUp::Failed(error))) => LookUp::Failed(error.clone()),
        (Some(LookUp::Found(None)), _) => LookUp::Failed(LookupError::NoOrganization),
        (Some(answer), _) => answer.clone(),
    }
}

/// Whether further questions have the same answer: this account may not ask, or Organizations does not answer in time.
fn is_refusal(error: &LookupError) -> bool {
    match error {
        LookupError::MembershipRefused(_) | LookupError::TooSlow { .. } => true,
        LookupError::Call(error) => error.is_throttling(),
        _ => false,
    }
}

/// A question about one account, which can be asked at the same time as others.
struct Question {
    account: String,
    organizations: Organizations,
    dynamodb: aws_sdk_dynamodb::Client,
    table: Option<String>,
    executor: Executor,
    now: Timestamp,
    /// Why only the table is asked.
    refused: Option<LookupError>,
}

impl Question {
    fn new(run: &Run<'_>, account: &str, refused: Option<LookupError>) -> Self {
        Self {
            refused,
            account: account.to_owned(),
            organizations: run.aws.organizations(),
            dynamodb: run.aws.dynamodb.clone(),
            table: run.settings.table.clone(),
            executor: run.invocation.executor,
            now: run.invocation.now,
        }
    }

    async fn answer_until(self, until: Instant) -> (String, LookUp<Option<String>>) {
        let answer = match timeout_at(until, self.answer()).await {
            Ok(answer) => answer.into(),
            Err(_) => LookUp::Failed(LookupError::TooSlow { seconds: TIME.as_secs() }),
        };
        (self.account, answer)
    }

    /// A recent answer from the table, or else from Organizations. Only a membership is kept: an account can join at any time.
    async fn answer(&self) -> Result<Option<String>, LookupError> {
        let table = self.table.as_deref().map(|name| MembershipTable { client: &self.dynamodb, name });
        if let Some(table) = table
            && let Some(organization) = table.organization_of(&self.account, self.now).await
        {
            return Ok(Some(organization));
        }
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let organization = self.ask().await?;
        if let (Some(table), Some(id)) = (table, &organization) {
            // An answer that was not kept is asked for again.
            self.executor.perform(table.keep(&self.account, id, self.now)).await;
        }
        Ok(organization)
    }

    /// The organization of the account: `None` if it is not a member of the function's own. An account that is suspended or being
    /// closed is still a member.
    async fn ask(&self) -> Result<Option<String>, LookupError> {
        let answer = self.organizations.describe_account().account_id(&self.account).send().await;
        match answer.map_err(|error| CallError::new(DESCRIBE_ACCOUNT, error)) {
            Ok(answer) => {
                let arn = answer.account.and_then(|account| account.arn);
                let id = arn.as_deref().and_then(|arn| organization_in(arn, &self.account));
                id.map(Some).ok_or(LookupError::NoOrganization)
            }
            Err(error) if error.has_code("AccountNotFoundException") => Ok(None),
            Err(error) if REFUSALS.iter().any(|code| error.has_code(code)) => {
                Err(LookupError::MembershipRefused(error))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The organization in an account's ARN: `arn:aws:organizations::MANAGEMENT:account/o-a1b2c3d4e5/444455556666` ("Resource types
/// defined by AWS Organizations", Service Authorization Reference).
fn organization_in(arn: &str, account: &str) -> Option<String> {
    let arn: Arn = arn.parse().ok()?;
    let (organization, id) = arn.resource_of("account")?.split_once('/')?;
    let is_right = arn.service == "organizations" && id == account && is_organization(organization);
    is_right.then(|| organization.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_organization_in_the_arn_of_the_account() {
        let id = |arn: &str| organization_in(arn, "444455556666");
        let right = "arn:aws-cn:organizations::111122223333:account/o-a1b2c3d4e5/444455556666";
        assert_eq!(id(right).as_deref(), Some("o-a1b2c3d4e5"));
        for wrong in [
            "",
            "arn:aws:organizations::111122223333:account/o-a1b2c3d4e5/777788889999",
            "arn:aws:organizations::111122223333:account/444455556666",
            "arn:aws:organizations::111122223333:organization/o-a1b2c3d4e5",
            "arn:aws:iam::111122223333:account/o-a1b2c3d4e5/444455556666",
        ] {
            assert_eq!(id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn does_an_account_that_is_not_found_prove_nothing_about_another_organization() {
        let found = |id: Option<&str>| LookUp::Found(id.map(str::to_owned));
        let (own, other) = ("o-aaaaaaaaaa".to_owned(), "o-bbbbbbbbbb".to_owned());
        let failed = LookUp::Failed(LookupError::NoState);
        let judge = |answer, own, unlisted: &[String]| judged(answer, own, unlisted, 20);
        let ours = found(Some(&own));
        let outside = found(None);
        assert_eq!(judge(Some(&outside), Some(&ours), std::slice::from_ref(&own)), outside);
        let unproven = judge(Some(&outside), Some(&ours), &[own.clone(), other.clone()]);
        let error = LookupError::OtherOrganization { own: own.clone(), trusted: other };
        assert_eq!(unproven, LookUp::Failed(error));
        assert_eq!(judge(Some(&outside), Some(&failed), std::slice::from_ref(&own)), failed);
        assert_eq!(judge(Some(&ours), None, std::slice::from_ref(&own)), ours);
        assert!(matches!(
            judge(None, None, &[own]),
            LookUp::Failed(LookupError::TooManyAccounts { most: 20 })
        ));
    }
}
