//! From `[[recovery-plan]]` tables to plans, with every problem on the way.

use std::ops::Range;

use jiff::SignedDuration;
use shared::config::codes::MISSING_KEY;
use shared::config::{Code, Document, Problem, RawTable, TableReader, Text};

use super::{Mode, NamedAt, OverRpo, Plan, Rules, SecondSignal};

/// The table.
pub const TABLE: &str = "recovery-plan";

const BAD_NAME: Code = Code { name: "bad-plan-name", title: "a recovery plan cannot have this name" };
const SAME_NAME: Code = Code { name: "plan-named-twice", title: "two recovery plans have one name" };
const BAD_ALARM: Code = Code { name: "bad-alarm", title: "this is not the ARN of an alarm" };
const BAD_DRS_PLAN: Code = Code { name: "bad-drs-plan", title: "this is not the ARN of a DRS recovery plan" };
const BAD_SIGNAL: Code =
    Code { name: "bad-second-signal", title: "a recovery plan has no usable second signal" };
const BAD_DURATION: Code = Code { name: "bad-duration", title: "this is not a duration that fits here" };
const BAD_TOPIC: Code = Code { name: "bad-topic", title: "this is not the ARN of an SNS topic" };
const ELSEWHERE: Code = Code { name: "plan-elsewhere", title: "a recovery plan names two regions" };

/// Every code of this module.
pub const CODES: &[Code] =
    &[BAD_NAME, SAME_NAME, BAD_ALARM, BAD_DRS_PLAN, BAD_SIGNAL, BAD_DURATION, BAD_TOPIC, ELSEWHERE];

/// The longest name: it is part of a mail's subject.
const LONGEST_NAME: usize = 40;

/// CloudWatch keeps names of alarms of up to 255 characters (PutMetricAlarm, Amazon CloudWatch API Reference).
const LONGEST_ALARM: usize = 255;

/// Reads the plans. One that has a problem may be missing from what is returned; the problems say so.
pub fn read(document: &Document, problems: &mut Vec<Problem>) -> Rules {
    let mut rules = Rules::default();
    let mut names: Vec<Text> = Vec::new();
    for table in document.tables(TABLE, problems) {
        let (name, plan) = plan(document, &table, problems);
        if let Some(name) = name {
            if let Some(first) = names.iter().find(|first| first.get_ref() == name.get_ref()) {
                problems.push(
                    Problem::new(SAME_NAME, name.span(), "another plan has this name")
                        .related(first.span(), "the other one")
                        .help("a name is what latches and incidents are kept under: give each plan its own"),
                );
                continue;
            }
            names.push(name);
        }
        rules.plans.extend(plan);
    }
    rules
}

fn plan(
    document: &Document,
    table: &RawTable<'_>,
    problems: &mut Vec<Problem>,
) -> (Option<Text>, Option<Plan>) {
    let before = problems.len();
    let mut table = TableReader::new(TABLE, table, problems);
    let place = document.place(&table.header());
    let name = table.required_string("name", BAD_NAME).filter(|name| legal_name(&mut table, name));
    let alarms = alarms(&mut table);
    let second_signal = second_signal(&mut table);
    let drs_plan = table.required_string("plan", BAD_DRS_PLAN).filter(|arn| legal_plan(&mut table, arn));
    let mode = table.choice("mode", &[("drill", Mode::Drill), ("recovery", Mode::Recovery)]);
    if table.span("rpo").is_none() {
        let help = "add `rpo = \"15m\"`: how much of its data the application may lose";
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
    let topic = table.string("topic").filter(|arn| legal_topic(&mut table, arn));
    if let (Some(plan), Some(topic)) = (&drs_plan, &topic) {
        same_region(&mut table, plan, topic);
    }
    if let (Some((alarms, at)), Some(signal), Some(plan)) = (&alarms, &second_signal, &drs_plan) {
        not_itself(&mut table, alarms, at, signal, plan);
    }
    table.finish();
    let is_good = problems.len() == before;
    let plan = (|| {
        let (alarms, alarms_at) = alarms?;
        let drs_plan = drs_plan?;
        Some(Plan {
            name: name.clone()?.into_inner(),
            alarms,
            second_signal: second_signal?,
            named_at: NamedAt { drs_plan: drs_plan.span(), topic: topic_at, alarms: alarms_at },
            drs_plan: drs_plan.into_inner(),
            mode: mode.unwrap_or(Mode::Drill),
            rpo: rpo?,
            over_rpo: over_rpo.unwrap_or(OverRpo::Hold),
            rto: rto.unwrap_or(SignedDuration::from_hours(4)),
            cool_down: cool_down.unwrap_or(SignedDuration::from_hours(1)),
            stale_after: stale_after.unwrap_or(SignedDuration::from_mins(15)),
            give_up_after: give_up_after.unwrap_or(SignedDuration::from_hours(6)),
            topic: topic.map(Text::into_inner),
            place,
        })
    })();
    // A plan of which something is wrong would hold less than it should.
    (name, plan.filter(|_| is_good))
}

const DAY: SignedDuration = SignedDuration::from_hours(24);
const DAYS_30: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Letters, digits and hyphens: it is part of keys and of commands that people copy.
fn legal_name(table: &mut TableReader<'_, '_, '_>, name: &Text) -> bool {
    let text = name.get_ref();
    let is_legal = text.len() <= LONGEST_NAME
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && text.starts_with(|first: char| first.is_ascii_alphanumeric());
    if !is_legal {
        let label = format!("up to {LONGEST_NAME} of a-z, 0-9 and -, a letter or a digit first");
        table.problem(
            Problem::new(BAD_NAME, name.span(), label).help("write a name such as \"shop\" or \"shop-eu\""),
        );
    }
    is_legal
}

fn alarms(table: &mut TableReader<'_, '_, '_>) -> Option<(Vec<String>, Vec<Range<usize>>)> {
    let help = "write ARNs, as in \"arn:aws:cloudwatch:us-east-1:111122223333:alarm:shop-down\"";
    if table.span("alarms").is_none() {
        let label = "this table has no `alarms`";
        let problem = Problem::new(MISSING_KEY, table.header(), label);
        table.problem(problem.help("add `alarms = [\"...\"]`: the ARNs of the alarms that may start it"));
        return None;
    }
    let texts = table.strings("alarms")?;
    if texts.get_ref().is_empty() {
        table.problem(Problem::new(BAD_ALARM, texts.span(), "`alarms` is empty").help(help));
    }
    let (mut arns, mut places): (Vec<String>, Vec<Range<usize>>) = (Vec::new(), Vec::new());
    for text in texts.get_ref() {
        let label = match text.get_ref() {
            arn if !is_alarm(arn) => "not of the form that AWS gives it",
            arn if arns.contains(arn) => "this is in the list already",
            arn => {
                arns.push(arn.clone());
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
                of an alarm of the recovery region";
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
                (None, "not the name of an alarm (1 to 255 characters, no ARN)")
            }
            ("alarm", _) => (Some(&mut signal.alarm), ""),
            ("probe", url) if !is_probe(url) => {
                (None, "not a URL that begins with http:// or https://, and has no name or password")
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
        table.problem(Problem::new(BAD_SIGNAL, at, "there is nothing in it that could agree").help(help));
        return None;
    }
    Some(signal)
}

/// A second signal that is one of the alarms agrees with itself.
fn not_itself(
    table: &mut TableReader<'_, '_, '_>,
    alarms: &[String],
    at: &[Range<usize>],
    signal: &SecondSignal,
    plan: &Text,
) {
    let Some(name) = &signal.alarm else { return };
    let of_plan: Vec<&str> = plan.get_ref().split(':').skip(3).take(2).collect();
    let same = alarms.iter().zip(at).find(|(arn, _)| {
        let parts: Vec<&str> = arn.splitn(7, ':').collect();
        parts[3..5] == of_plan && parts[6] == name
    });
    if let (Some((_, alarm)), Some(signal)) = (same, table.span("second-signal")) {
        table.problem(
            Problem::new(BAD_SIGNAL, signal, "this alarm is the one that opens the incident")
                .related(alarm.clone(), "here")
                .help("name another alarm, or a probe: what must agree has to be seen in another way"),
        );
    }
}

/// `arn:aws:drs:REGION:ACCOUNT:recovery-plan/ID`; the form is the API model's (StrictDRSARN).
fn legal_plan(table: &mut TableReader<'_, '_, '_>, arn: &Text) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_/.-".contains(c);
    let parts: Vec<&str> = arn.get_ref().splitn(6, ':').collect();
    let is_legal = matches!(parts[..], ["arn", partition, "drs", region, account, plan]
        if partition.starts_with("aws") && shared::home::is_region(region) && is_account(account)
            && !plan.is_empty() && plan.chars().all(allowed));
    if !is_legal {
        let help = "write the ARN that `aws drs list-recovery-plans` shows";
        table.problem(Problem::new(BAD_DRS_PLAN, arn.span(), "not of the form that DRS gives it").help(help));
    }
    is_legal
}

fn legal_topic(table: &mut TableReader<'_, '_, '_>, arn: &Text) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let parts: Vec<&str> = arn.get_ref().splitn(6, ':').collect();
    let is_legal = matches!(parts[..], ["arn", partition, "sns", region, account, name]
        if partition.starts_with("aws") && shared::home::is_region(region) && is_account(account)
            && !name.is_empty() && name.chars().all(allowed));
    if !is_legal {
        let help = "write an ARN, as in \"arn:aws:sns:eu-west-1:111122223333:on-call\"";
        table.problem(Problem::new(BAD_TOPIC, arn.span(), "not of the form that SNS gives it").help(help));
    }
    is_legal
}

/// Mails are sent from the recovery region, which is the DRS plan's.
fn same_region(table: &mut TableReader<'_, '_, '_>, plan: &Text, topic: &Text) {
    let region = |arn: &Text| arn.get_ref().split(':').nth(3).unwrap_or_default().to_owned();
    if region(plan) != region(topic) {
        table.problem(
            Problem::new(ELSEWHERE, topic.span(), format!("a topic of {}", region(topic)))
                .related(plan.span(), format!("the plan is in {}", region(plan)))
                .help("use a topic of the plan's region: mails must not depend on the region that failed"),
        );
    }
}

fn is_alarm(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    matches!(parts[..], ["arn", partition, "cloudwatch", region, account, "alarm", name]
        if partition.starts_with("aws") && shared::home::is_region(region) && is_account(account)
            && (1..=LONGEST_ALARM).contains(&name.chars().count()))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// No name or password in it: the URL is told in mails.
fn is_probe(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or(url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !host.contains('@') && url.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

/// `15m`, `2h`, `1d`: jiff's friendly durations, with days of 24 hours.
fn duration(
    table: &mut TableReader<'_, '_, '_>,
    key: &'static str,
    range: std::ops::RangeInclusive<SignedDuration>,
) -> Option<SignedDuration> {
    let text = table.string(key)?;
    let parsed = text.get_ref().parse::<jiff::Span>().ok();
    let parsed = parsed.and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok());
    let fits = parsed.filter(|duration| range.contains(duration));
    if fits.is_none() {
        let label = format!("not a duration of {:#} to {:#}", range.start(), range.end());
        table.problem(
            Problem::new(BAD_DURATION, text.span(), label)
                .help(format!("write a duration, as in {key} = \"15m\"")),
        );
    }
    fits
}
