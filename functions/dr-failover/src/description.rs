//! The description of this function: its tables and keys, settings, calls, problem codes and reason codes.

use shared::config::{ProblemLevel, RulesRemark};
use shared::foreign_event::ForeignEvent;
use shared::function::{Call, Function, Key, KeyDefault, Setting, Table, ValueType, WithoutRules};
use strum::VariantNames;

use crate::approval::VoidAnswer;
use crate::because::Because;
use crate::incident::{CLOSING_CODES, LaterEvent};
use crate::interlock::InterlockCode;
use crate::preflight::{PreflightGap, PreflightResult};
use crate::remark::Remark;
use crate::rules::WAVE;
use crate::traffic::TrafficStatus;
use crate::{rules, settings};

const DRS_PLAN: &str = "arn:{partition}:drs:{region}:{account}:recovery-plan/*";
const DRS_EXECUTION: &str = "arn:{partition}:drs:{region}:{account}:recovery-plan-execution/*";
const DRS_JOB: &str = "arn:{partition}:drs:{region}:{account}:job/*";
const SOURCE_SERVER: &str = "arn:{partition}:drs:{region}:{account}:source-server/*";
const RECOVERY_INSTANCE: &str = "arn:{partition}:drs:{region}:{account}:recovery-instance/*";
const ELASTIC_IP: &str = "arn:{partition}:ec2:{region}:{account}:elastic-ip/*";
const TABLE: &str = "arn:{partition}:dynamodb:{region}:{account}:table/*";
const TOPIC: &str = "arn:{partition}:sns:{region}:{account}:*";
const PARAMETER: &str = "arn:{partition}:ssm:{region}:{account}:parameter/*";

const ROLE: &str = "arn:{partition}:iam::{account}:role/*";

/// This function.
pub const FUNCTION: Function = Function {
    name: "dr-failover",
    summary: "starts a DRS recovery plan when an alarm is confirmed from the recovery region, or emails what blocks it",
    tables: &[Table {
        name: rules::TABLE,
        summary: "a recovery plan: the alarms that may start it, the second signal, and the DRS recovery plan",
        keys: KEYS,
        is_list: true,
    }],
    settings: &[
        Setting { name: settings::TOPIC, takes: "the ARN of the SNS topic for emails", default: None },
        Setting {
            name: settings::TABLE,
            takes: "the name of the DynamoDB table for latches and incidents",
            default: None,
        },
        Setting {
            name: settings::KILL_SWITCH,
            takes: "the name of the SSM parameter that is the kill switch",
            default: None,
        },
        Setting {
            name: settings::APPROVAL,
            takes: "the name of the SSM parameter that operators answer requests for an approval with",
            default: None,
        },
        Setting {
            name: settings::ROLE,
            takes: "the ARN of the function's own role, whose answers do not count and whose permissions a preflight simulates",
            default: None,
        },
    ],
    calls: &[
        Call::on_everything("cloudwatch:DescribeAlarms"),
        Call::on_everything("drs:DescribeJobs"),
        Call::on_everything("drs:DescribeRecoveryInstances"),
        Call::on("drs:DescribeRecoverySnapshots", SOURCE_SERVER),
        Call::on_everything("drs:DescribeSourceServers"),
        Call::on("drs:GetRecoveryPlan", DRS_PLAN),
        Call::on("drs:GetRecoveryPlanExecution", DRS_EXECUTION),
        Call::on("drs:ListRecoveryPlanExecutionSteps", DRS_EXECUTION),
        Call::on("drs:ListRecoveryPlanExecutions", DRS_PLAN),
        Call::on("drs:ListRecoveryPlanSteps", DRS_PLAN),
        Call::on("drs:StartRecovery", SOURCE_SERVER),
        Call::on("drs:StartRecoveryPlanExecution", DRS_PLAN),
        // A start tags its execution, and a wave its job.
        Call::on("drs:TagResource", DRS_EXECUTION),
        Call::on("drs:TagResource", DRS_JOB),
        // Only instances of a drill, on an operator's command.
        Call::on("drs:TerminateRecoveryInstances", RECOVERY_INSTANCE),
        Call::on("dynamodb:GetItem", TABLE),
        // TransactWriteItems needs it, too.
        Call::on("dynamodb:PutItem", TABLE),
        Call::on("iam:SimulatePrincipalPolicy", ROLE),
        Call::on("sns:ListSubscriptionsByTopic", TOPIC),
        // The instance and its network interface are resources of the call as well.
        Call::on("ec2:AssociateAddress", ELASTIC_IP),
        Call::on_everything("ec2:DescribeAddresses"),
        Call::on_everything("ec2:DescribeInstances"),
        Call::on("sns:Publish", TOPIC),
        Call::on("ssm:GetParameter", PARAMETER),
        Call::on("ssm:GetParameterHistory", PARAMETER),
    ],
    problems: rules::CODES,
    reasons: &[
        Because::VARIANTS,
        ForeignEvent::CODES_OF_ACCOUNTS,
        RulesRemark::CODES,
        InterlockCode::VARIANTS,
        VoidAnswer::VARIANTS,
        &CLOSING_CODES,
        LaterEvent::VARIANTS,
        TrafficStatus::VARIANTS,
        Remark::VARIANTS,
        PreflightGap::VARIANTS,
        PreflightResult::VARIANTS,
    ],
    without_rules: WithoutRules { level: Some(ProblemLevel::Error), effect: "no alarm starts a recovery" },
    check: crate::check::check,
};

/// The value of `second-signal`.
const SECOND_SIGNAL: Table = Table {
    name: "recovery-plan.second-signal",
    summary: "the signal that must agree with the alarm",
    is_list: false,
    keys: &[
        key(
            "alarm",
            ValueType::String,
            KeyDefault::Absent("the table has `probe`"),
            "the name of an alarm in the recovery region; it agrees in ALARM",
        ),
        key(
            "probe",
            ValueType::Text { form: "a URL", pattern: Some("^https?://") },
            KeyDefault::Absent("the table has `alarm`"),
            "a URL that is requested from the recovery region; it agrees if it does not answer with 2xx or 3xx",
        ),
    ],
};

const KEYS: &[Key] = &[
    key(
        "name",
        ValueType::String,
        KeyDefault::Required,
        "the plan's name: latches and incidents are stored under it",
    ),
    key(
        "alarms",
        ValueType::STRINGS,
        KeyDefault::Required,
        "the ARNs of the alarms that may start the recovery",
    ),
    key(
        "second-signal",
        ValueType::Table(&SECOND_SIGNAL),
        KeyDefault::Required,
        "`alarm`, the name of an alarm in the recovery region, `probe`, a URL, or both: all of them must agree",
    ),
    key(
        "agree",
        ValueType::Text { form: "`\"K of N\"`", pattern: Some("^[+]?[0-9]+ of [+]?[0-9]+$") },
        KeyDefault::Value("\"3 of 3\""),
        "the readings of the second signal, about a minute apart, that must agree, and the latest readings that count",
    ),
    key(
        "plan",
        ValueType::String,
        KeyDefault::Absent("the plan has `waves`"),
        "the ARN of the DRS recovery plan",
    ),
    key(
        "waves",
        ValueType::Tables(&WAVE),
        KeyDefault::Absent("the plan has `plan`"),
        "the source servers in ordered waves, in place of `plan`: `name`, `servers`, `tags`, `optional` and `within` of each",
    ),
    key(
        "mode",
        ValueType::OneOf(&["notify", "recovery"]),
        KeyDefault::Value("\"notify\""),
        "whether a confirmed alarm is emailed with the command that starts the recovery, or starts it",
    ),
    key(
        "approval",
        ValueType::Text {
            form: "`\"required\"` or `\"after 10m\"` (1m to 24h)",
            pattern: Some("^(required|after .+)$"),
        },
        KeyDefault::Absent("none is needed"),
        "whether a recovery waits for an operator's approval, or that long for a refusal",
    ),
    key(
        "rpo",
        ValueType::text("a duration of 1m to 30d"),
        KeyDefault::Required,
        "the greatest age of the newest recovery snapshot when the alarm begins",
    ),
    key(
        "over-rpo",
        ValueType::OneOf(&["hold", "proceed"]),
        KeyDefault::Value("\"hold\""),
        "whether older snapshots block the recovery",
    ),
    key(
        "rto",
        ValueType::text("a duration of 1m to 30d"),
        KeyDefault::Value("\"4h\""),
        "the time from the alarm after which an email reports that the recovery is not finished",
    ),
    key(
        "cool-down",
        ValueType::text("a duration of 0s to 30d"),
        KeyDefault::Value("\"1h\""),
        "the time after a recovery in which no other starts, even if its latch was cleared",
    ),
    key(
        "stale-after",
        ValueType::text("a duration of 1m to 1d"),
        KeyDefault::Value("\"15m\""),
        "the greatest delay of an alarm event",
    ),
    key(
        "give-up-after",
        ValueType::text("a duration of 5m to 30d"),
        KeyDefault::Value("\"6h\""),
        "the time from the alarm after which an incident without a start is given up",
    ),
    key(
        "addresses",
        ValueType::TABLE_OF_STRINGS,
        KeyDefault::Absent("no address is moved"),
        "source servers and the allocation ids of the Elastic IP addresses that their recovered instances receive",
    ),
    key(
        "topic",
        ValueType::String,
        KeyDefault::Absent("the stack's topic"),
        "the ARN of another topic for the plan's emails, in the plan's region",
    ),
];

const fn key(name: &'static str, takes: ValueType, default: KeyDefault, summary: &'static str) -> Key {
    Key { name, takes, default, summary }
}
