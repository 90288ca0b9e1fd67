//! From `[[recovery-plan]]` tables to recovery plans, with every problem of the tables.

mod addresses;

use std::ops::Range;

use jiff::SignedDuration;
use shared::arn::Arn;
use shared::config::codes::MISSING_KEY;
use shared::config::{BrokenRow, Code, Document, Problem, RawTable, TableReader, Text};

use super::BrokenPlan;
use super::waves;
use super::{Agreement, Approval, OverRpo, PlanMode, PlanPlaces, RecoveryPlan, Rules, SecondSignal};
use crate::FUNCTION;

/// The table.
pub const TABLE: &str = "recovery-plan";

const BAD_NAME: Code =
    Code { name: "bad-plan-name", title: "a recovery plan has a name that is not allowed" };
const SAME_NAME: Code = Code { name: "plan-named-twice", title: "two recovery plans have the same name" };
const BAD_ALARM: Code = Code { name: "bad-alarm", title: "a value is not the ARN of an alarm" };
const BAD_DRS_PLAN: Code =
    Code { name: "bad-drs-plan", title: "a value is not the ARN of a DRS recovery plan" };
const BAD_SIGNAL: Code =
    Code { name: "bad-second-signal", title: "a recovery plan has no usable second signal" };
const BAD_DURATION: Code =
    Code { name: "bad-duration", title: "a value is not a duration within the limits of its key" };
const BAD_TOPIC: Code = Code { name: "bad-topic", title: "a value is not the ARN of an SNS topic" };
const BAD_AGREE: Code =
    Code { name: "bad-agree", title: "a value is not a number of readings of the second signal" };
const BAD_ADDRESS: Code =
    Code { name: "bad-address", title: "a recovery plan names an Elastic IP address that it cannot move" };
const BAD_APPROVAL: Code = Code {
    name: "bad-approval",
    title: "a value does not say when a recovery may start without an approval",
};
const ELSEWHERE: Code = Code { name: "plan-elsewhere", title: "a recovery plan names two regions" };

/// Every code of this module.
pub const CODES: &[Code] = &[
    BAD_NAME,
    SAME_NAME,
    BAD_ALARM,
    BAD_DRS_PLAN,
    BAD_SIGNAL,
    BAD_AGREE,
    BAD_APPROVAL,
    BAD_DURATION,
    BAD_TOPIC,
    BAD_ADDRESS,
    ELSEWHERE,
    waves::NO_ONE_ORDER,
    waves::BAD_WAVE,
    waves::SAME_WAVE,
    waves::BAD_SERVER,
    waves::SERVER_TWICE,
    waves::TOO_MANY,
];

/// The longest name: the name is part of an email's subject.
const LONGEST_NAME: usize = 40;

/// CloudWatch keeps names of alarms of up to 255 characters (PutMetricAlarm, Amazon CloudWatch API Reference).
const LONGEST_ALARM: usize = 255;

/// Reads the plans. A plan with a problem may be missing from the result.
pub fn read(document: &Document, problems: &mut Vec<Problem>) -> Rules {
    let mut rules = Rules::default();
    let mut names: Vec<Text> = Vec::new();
    for table in document.tables(TABLE, problems) {
        let (name, plan) = plan(document, &table, problems);
        if let Some(name) = name {
            if let Some(first) = names.iter().find(|first| first.get_ref() == name.get_ref()) {
                problems.push(
                    Problem::new(SAME_NAME, name.span(), "another plan has this name")
                        .related(first.span(), "the other plan")
                        .help("latches and incidents are stored under the plan's name: give each plan its own name"),
                );
                continue;
            }
            names.push(name);
        }
        rules.plans.extend(plan);
    }
    rules.broken = document.broken_rows(&[TABLE]).map(broken).collect();
    rules
}

/// A plan that cannot be read, with its alarms if they can.
fn broken(row: &BrokenRow) -> BrokenPlan {
    let mut problems = Vec::new();
    let tables = row.document.tables(TABLE, &mut problems);
    problems.clear();
    let alarms = tables.first().and_then(|table| {
        let mut table = TableReader::new(FUNCTION.described_table(TABLE), table, &mut problems);
        let alarms = alarms(&mut table);
        alarms.map(|(arns, _)| arns)
    });
    BrokenPlan { place: row.place.clone(), alarms: alarms.filter(|_| problems.is_empty()) }
}

fn plan(
    document: &Document,
    table: &RawTable<'_>,
    problems: &mut Vec<Problem>,
) -> (Option<Text>, Option<RecoveryPlan>) {
    let before = problems.len();
    let mut table = TableReader::new(FUNCTION.described_table(TABLE), table, problems);
    let place = document.place(&table.header());
    let name = table.required_string("name", BAD_NAME).filter(|name| legal_name(&mut table, name));
    let alarms = alarms(&mut table);
    let second_signal = second_signal(&mut table);
    let agree = agreement(&mut table);
    let has_plan = table.span("plan").is_some();
    let drs_plan = if has_plan { table.required_string("plan", BAD_DRS_PLAN) } else { None };
    let (waves, waves_at) = waves::read(&mut table, has_plan);
    let drs_plan = drs_plan.and_then(|text| Some((drs_plan_arn(&mut table, &text)?, text.span())));
    // `drill` was the default of earlier versions, in which an alarm could start a drill.
    let modes = [("notify", PlanMode::Notify), ("recovery", PlanMode::Recovery), ("drill", PlanMode::Notify)];
    let mode = table.choice("mode", &modes);
    let approval = approval(&mut table, mode);
    if table.span("rpo").is_none() {
        let help = "add `rpo = \"15m\"`: the most recent data that the application may lose";
        let problem = Problem::new(MISSING_KEY, table.header(), "this table has no `rpo`");
        table.problem(problem.help(help));
    }
    let rpo = duration(&mut table, "rpo", SignedDuration::from_mins(1)..=DAYS_30);
    let over_rpo = table.choice("over-rpo", &[("hold", OverRpo::Hold), ("proceed", OverRpo::Proceed)]);
    let rto = duration(&mut table, "rto", SignedDuration::from_mins(1)..=DAYS_30);
    let cool_down = duration(&mut table, "cool-down", SignedDuration::ZERO..=DAYS_30);
    let stale_after = duration(&mut table, "stale-after", SignedDuration::from_mins(1)..=DAY);
    let give_up_after = duration(&mut table, "give-up-after", SignedDuration::from_mins(5)..=DAYS_30);
    let topic_at = table.span("topic");
    let topic = table.string("topic").and_then(|text| Some((topic_arn(&mut table, &text)?, text.span())));
    if let (Some(plan), Some(topic)) = (&drs_plan, &topic) {
        same_region(&mut table, plan, topic);
    }
    if let (Some((alarms, at)), Some(signal), Some((plan, _))) = (&alarms, &second_signal, &drs_plan) {
        not_itself(&mut table, alarms, at, signal, plan);
    }
    let known_waves = waves.clone().unwrap_or_default();
    let (addresses, addresses_at) = addresses::read(&mut table, &known_waves);
    table.finish();
    let is_good = problems.len() == before;
    let plan = (|| {
        let (alarms, alarms_at) = alarms?;
        let (drs_plan, drs_plan_at) = drs_plan.unzip();
        Some(RecoveryPlan {
            name: name.clone()?.into_inner(),
            alarms,
            second_signal: second_signal?,
            named_at: PlanPlaces {
                drs_plan: drs_plan_at,
                topic: topic_at,
                alarms: alarms_at,
                addresses: addresses_at,
                waves: waves_at,
            },
            agree,
            drs_plan,
            waves: waves?,
            mode: mode.unwrap_or(PlanMode::Notify),
            approval,
            addresses,
            rpo: rpo?,
            over_rpo: over_rpo.unwrap_or(OverRpo::Hold),
            rto: rto.unwrap_or(SignedDuration::from_hours(4)),
            cool_down: cool_down.unwrap_or(SignedDuration::from_hours(1)),
            stale_after: stale_after.unwrap_or(SignedDuration::from_mins(15)),
            give_up_after: give_up_after.unwrap_or(SignedDuration::from_hours(6)),
            topic: topic.map(|(topic, _)| topic),
            place,
        })
    })();
    // A plan with a problem would check less than its author wants.
    (name, plan.filter(|_| is_good))
}

const DAY: SignedDuration = SignedDuration::from_hours(24);
const DAYS_30: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Letters, digits and hyphens: the name is part of keys and of commands in emails.
fn legal_name(table: &mut TableReader<'_, '_, '_>, name: &Text) -> bool {
    let text = name.get_ref();
    let is_legal = text.len() <= LONGEST_NAME
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && text.starts_with(|first: char| first.is_ascii_alphanumeric());
    if !is_legal {
        let label = format!(
            "at most {LONGEST_NAME} characters of a-z, 0-9 and -, beginning with a letter or a digit"
        );
        table.problem(
            Problem::new(BAD_NAME, name.span(), label).help("write a name such as \"shop\" or \"shop-eu\""),
        );
    }
    is_legal
}

fn alarms(table: &mut TableReader<'_, '_, '_>) -> Option<(Vec<Arn>, Vec<Range<usize>>)> {
    let help = "write ARNs, as in \"arn:aws:cloudwatch:us-east-1:111122223333:alarm:shop-down\"";
    if table.span("alarms").is_none() {
        let label = "this table has no `alarms`";
        let problem = Problem::new(MISSING_KEY, table.header(), label);
        table.problem(
            problem.help("add `alarms = [\"...\"]`: the ARNs of the alarms that may start the recovery"),
        );
        return None;
    }
    let texts = table.strings("alarms")?;
    if texts.get_ref().is_empty() {
        table.problem(Problem::new(BAD_ALARM, texts.span(), "`alarms` is empty").help(help));
    }
    let (mut arns, mut places): (Vec<Arn>, Vec<Range<usize>>) = (Vec::new(), Vec::new());
    for text in texts.get_ref() {
        let label = match text.get_ref().parse::<Arn>().ok().filter(is_alarm) {
            None => "not the ARN of a CloudWatch alarm",
            Some(arn) if arns.contains(&arn) => "the list has this alarm already",
            Some(arn) => {
                arns.push(arn);
                places.push(text.span());
                continue;
            }
        };
        table.problem(Problem::new(BAD_ALARM, text.span(), label).help(help));
    }
    Some((arns, places))
}

fn second_signal(table: &mut TableReader<'_, '_, '_>) -> Option<SecondSignal> {
    let help = "add `second-signal = { probe = \"https://www.example.com/healthz\" }`, or `{ alarm = \"...\" }` with the name \
                of an alarm in the recovery region";
    let Some(at) = table.span("second-signal") else {
        let label = "this table has no `second-signal`";
        table.problem(Problem::new(BAD_SIGNAL, table.header(), label).help(help));
        return None;
    };
    let mut signal = SecondSignal::default();
    for (key, value) in table.string_table("second-signal")? {
        let (slot, label) = match (key.get_ref().as_str(), value.get_ref()) {
            ("alarm", name)
                if name.is_empty() || name.chars().count() > LONGEST_ALARM || name.starts_with("arn:") =>
            {
                (None, "not the name of an alarm (1 to 255 characters, not an ARN)")
            }
            ("alarm", _) => (Some(&mut signal.alarm), ""),
            ("probe", url) if !is_probe(url) => {
                (None, "not a URL that begins with http:// or https:// and has no user name or password")
            }
            ("probe", _) => (Some(&mut signal.probe), ""),
            _ => (None, "a second signal is `alarm`, `probe` or both"),
        };
        match slot {
            Some(slot) => *slot = Some(value.into_inner()),
            None => table.problem(Problem::new(BAD_SIGNAL, value.span(), label).help(help)),
        }
    }
    if signal == SecondSignal::default() {
        table.problem(
            Problem::new(BAD_SIGNAL, at, "the second signal names neither an alarm nor a probe").help(help),
        );
        return None;
    }
    Some(signal)
}

/// The most readings that count.
const MOST_READINGS: u32 = 20;

/// `3 of 3`: the readings that must agree, of the latest ones.
fn agreement(table: &mut TableReader<'_, '_, '_>) -> Agreement {
    let Some(text) = table.string("agree") else { return Agreement::DEFAULT };
    let parts = text.get_ref().split_once(" of ");
    let numbers = parts.and_then(|(needed, of)| Some((needed.parse().ok()?, of.parse().ok()?)));
    match numbers {
        Some((needed, of)) if 1 <= needed && needed <= of && of <= MOST_READINGS => Agreement { needed, of },
        _ => {
            let label = format!("not `K of N` with K from 1 to N, and N of at most {MOST_READINGS}");
            let help = "write the readings that must agree and the latest readings that count, as in agree = \"3 of 3\"";
            table.problem(Problem::new(BAD_AGREE, text.span(), label).help(help));
            Agreement::DEFAULT
        }
    }
}

/// The longest time for a refusal.
const LONGEST_APPROVAL: SignedDuration = DAY;

/// `required`, or `after 10m`: the recovery waits for an approval, or so long for a refusal.
fn approval(table: &mut TableReader<'_, '_, '_>, mode: Option<PlanMode>) -> Approval {
    let Some(text) = table.string("approval") else { return Approval::None };
    let after = text.get_ref().strip_prefix("after ").and_then(parsed_duration);
    let range = SignedDuration::from_mins(1)..=LONGEST_APPROVAL;
    match (text.get_ref().as_str(), after.filter(|after| range.contains(after))) {
        ("required", _) => Approval::Required,
        (_, Some(after)) if mode == Some(PlanMode::Recovery) => Approval::After(after),
        (_, Some(_)) => {
            let label = "in the mode `notify` no recovery starts by itself";
            let help = "add mode = \"recovery\", or remove this key: a plan in the mode notify always needs an approval";
            table.problem(Problem::new(BAD_APPROVAL, text.span(), label).help(help));
            Approval::Required
        }
        (_, None) => {
            let label = "neither `required` nor `after` with a duration from 1m to 24h";
            let help = "write approval = \"required\", or approval = \"after 10m\"";
            table.problem(Problem::new(BAD_APPROVAL, text.span(), label).help(help));
            Approval::Required
        }
    }
}

/// A duration in jiff's friendly format, with days of 24 hours.
fn parsed_duration(text: &str) -> Option<SignedDuration> {
    let span = text.parse::<jiff::Span>().ok()?;
    span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()
}

/// Refuses a second signal that is one of the plan's own alarms, which would always agree.
fn not_itself(
    table: &mut TableReader<'_, '_, '_>,
    alarms: &[Arn],
    at: &[Range<usize>],
    signal: &SecondSignal,
    plan: &Arn,
) {
    let Some(name) = &signal.alarm else { return };
    let is_same = |arn: &Arn| {
        (&arn.region, &arn.account) == (&plan.region, &plan.account) && arn.resource_of("alarm") == Some(name)
    };
    let same = alarms.iter().zip(at).find(|(arn, _)| is_same(arn));
    if let (Some((_, alarm)), Some(signal)) = (same, table.span("second-signal")) {
        table.problem(
            Problem::new(BAD_SIGNAL, signal, "this alarm opens the incident itself")
                .related(alarm.clone(), "here")
                .help(
                    "name another alarm or a probe: the second signal must observe the outage in another way",
                ),
        );
    }
}

/// `arn:aws:drs:REGION:ACCOUNT:recovery-plan/ID`, in the form of the API model (StrictDRSARN).
fn drs_plan_arn(table: &mut TableReader<'_, '_, '_>, text: &Text) -> Option<Arn> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_/.-".contains(c);
    let arn = regional(text, "drs").filter(|arn| arn.resource.chars().all(allowed));
    if arn.is_none() {
        let help = "write an ARN that `aws drs list-recovery-plans` shows";
        let label = "not the ARN of a DRS recovery plan";
        table.problem(Problem::new(BAD_DRS_PLAN, text.span(), label).help(help));
    }
    arn
}

fn topic_arn(table: &mut TableReader<'_, '_, '_>, text: &Text) -> Option<Arn> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let arn = regional(text, "sns").filter(|arn| arn.resource.chars().all(allowed));
    if arn.is_none() {
        let help = "write an ARN, as in \"arn:aws:sns:eu-west-1:111122223333:on-call\"";
        table.problem(Problem::new(BAD_TOPIC, text.span(), "not the ARN of an SNS topic").help(help));
    }
    arn
}

/// Refuses a topic in another region: emails are sent from the recovery region, the region of the DRS plan.
fn same_region(table: &mut TableReader<'_, '_, '_>, plan: &(Arn, Range<usize>), topic: &(Arn, Range<usize>)) {
    let ((plan, plan_at), (topic, topic_at)) = (plan, topic);
    if plan.region != topic.region {
        table.problem(
            Problem::new(ELSEWHERE, topic_at.clone(), format!("a topic in {}", topic.region))
                .related(plan_at.clone(), format!("the plan is in {}", plan.region))
                .help("use a topic in the plan's region: emails must not depend on the failed region"),
        );
    }
}

/// An ARN of that service with a region and an account.
fn regional(text: &Text, service: &str) -> Option<Arn> {
    let arn: Arn = text.get_ref().parse().ok()?;
    (arn.service == service && is_regional(&arn)).then_some(arn)
}

fn is_regional(arn: &Arn) -> bool {
    arn.partition.starts_with("aws")
        && shared::home::is_region(&arn.region)
        && shared::home::is_account(&arn.account)
}

fn is_alarm(arn: &Arn) -> bool {
    let name = arn.resource.strip_prefix("alarm:").unwrap_or_default();
    arn.service == "cloudwatch" && is_regional(arn) && (1..=LONGEST_ALARM).contains(&name.chars().count())
}

/// Whether a URL can be probed. It has no user name and no password, because emails show the URL.
fn is_probe(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or(url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !host.contains('@') && url.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

/// A duration such as `15m`, `2h` or `1d`, in jiff's friendly format, with days of 24 hours.
pub(super) fn duration(
    table: &mut TableReader<'_, '_, '_>,
    key: &'static str,
    range: std::ops::RangeInclusive<SignedDuration>,
) -> Option<SignedDuration> {
    let text = table.string(key)?;
    let fits = parsed_duration(text.get_ref()).filter(|duration| range.contains(duration));
    if fits.is_none() {
        let label = format!("not a duration from {:#} to {:#}", range.start(), range.end());
        table.problem(
            Problem::new(BAD_DURATION, text.span(), label)
                .help(format!("write a duration, as in {key} = \"15m\"")),
        );
    }
    fits
}
