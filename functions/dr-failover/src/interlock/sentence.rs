//! The sentence of each interlock, without a full stop.

use std::fmt;

use shared::text::{count, list, list_at_most, noun, verb};

use super::{Interlock, KillSwitchGap, SecondAlarmGap};
use crate::facts::{JobKind, RecoveryInstance};
use crate::incident::{MissingDetail, RefusalCause};
use crate::text::short_duration;

/// The most names in a sentence.
const MOST: usize = 5;

/// Some of many names.
pub(crate) fn some(names: &[String]) -> String {
    list_at_most(names, MOST)
}

fn instances(instances: &[RecoveryInstance]) -> String {
    let names = instances.iter().map(|instance| format!("{} ({})", instance.server, instance.id));
    some(&names.collect::<Vec<_>>())
}

impl fmt::Display for MissingDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PreviousState => "the alarm's previous state",
            Self::Time => "the time of the change",
            Self::Other => "a detail that this version of the function does not know",
        })
    }
}

impl fmt::Display for Interlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillSwitchOff { parameter } => {
                write!(f, "the kill switch {parameter} is `disabled`: no recovery may start")
            }
            Self::KillSwitchUnclear { parameter, found } => match found {
                KillSwitchGap::Absent => write!(f, "the kill switch {parameter} does not exist"),
                KillSwitchGap::Other(value) => {
                    write!(f, "the kill switch {parameter} is `{value}`, neither `enabled` nor `disabled`")
                }
                KillSwitchGap::Unreadable(error) => {
                    write!(f, "the kill switch {parameter} cannot be read ({error})")
                }
            },
            Self::NotifyOnly => {
                f.write_str("the plan's mode is notify, so an operator has to start the recovery")
            }
            Self::ApprovalNeeded { starts: Some(starts), .. } => {
                write!(
                    f,
                    "the recovery waits for an approval: without a refusal it starts by itself at {starts}"
                )
            }
            Self::ApprovalNeeded { expires: Some(expires), .. } => {
                write!(
                    f,
                    "no operator has approved the recovery: the request can be approved until {expires}"
                )
            }
            Self::ApprovalNeeded { after: Some(after), .. } => write!(
                f,
                "the recovery waits {} for a refusal, once nothing else blocks it",
                short_duration(*after)
            ),
            Self::ApprovalNeeded { .. } => f.write_str(
                "the recovery needs an approval, which the function asks for once nothing else blocks it",
            ),
            Self::ApprovalUnanswered { requests } => {
                write!(
                    f,
                    "no operator answered {requests} requests for an approval, and the function asks no more"
                )
            }
            Self::ApprovalUnreadable { parameter, error } => {
                write!(f, "the answers of operators in {parameter} cannot be read ({error})")
            }
            Self::TimeIsMadeUp => f.write_str("the function's time is set by hand (POINTSMAN_NOW)"),
            Self::PlanElsewhere { region, here } => {
                write!(f, "the DRS recovery plan is in {region}, and this function is in {here}")
            }
            Self::AlarmUnclear { alarm, missing } => {
                let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
                write!(f, "the event of the alarm {alarm} lacks {}", list(missing))
            }
            Self::AlarmUnknown { alarms } => {
                let (alarm, has) = (noun(alarms.len(), "alarm"), verb(alarms.len(), "has", "have"));
                let names = some(alarms);
                write!(
                    f,
                    "the {alarm} {names} {has} no data (INSUFFICIENT_DATA), and no other alarm is in ALARM"
                )
            }
            Self::Stale { alarm, late, most } => write!(
                f,
                "the event of the alarm {alarm} arrived {} late, more than {}: the site may be up again",
                short_duration(*late),
                short_duration(*most)
            ),
            Self::FromTheFuture { alarm, early } => {
                let early = short_duration(*early);
                write!(
                    f,
                    "the event of the alarm {alarm} arrived {early} before its own time: a clock is wrong"
                )
            }
            Self::Suppressed { alarm, by } => {
                write!(f, "the actions of the alarm {alarm} are suppressed ({by})")
            }
            Self::SecondAlarmQuiet { alarm, state } => {
                write!(f, "the second signal does not agree: the alarm {alarm} is {state}")
            }
            Self::SecondAlarmSuppressed { alarm, by } => {
                write!(f, "the actions of the second alarm {alarm} are suppressed ({by})")
            }
            Self::SecondAlarmOld { alarm, since, began } => write!(
                f,
                "the second alarm {alarm} has been in ALARM since {since}, {} before the outage began: it does not confirm the outage",
                short_duration(began.duration_since(*since))
            ),
            Self::SecondSignalUnconfirmed { agreed, readings, needed, of } => write!(
                f,
                "the second signal agrees in {agreed} of {}; {needed} of {of} are needed",
                count(usize::try_from(*readings).unwrap_or(usize::MAX), "reading")
            ),
            Self::SecondAlarmUnreadable { alarm, found } => match found {
                SecondAlarmGap::Absent => write!(f, "the second alarm {alarm} does not exist"),
                SecondAlarmGap::NoData => {
                    write!(f, "the second alarm {alarm} has no data (INSUFFICIENT_DATA)")
                }
                SecondAlarmGap::UnknownState => {
                    write!(f, "the second alarm {alarm} has a state that this function does not know")
                }
                SecondAlarmGap::Unreadable(error) => {
                    write!(f, "the second alarm {alarm} cannot be read ({error})")
                }
            },
            Self::ProbeAnswered { url, status } => {
                write!(f, "the second signal does not agree: {url} answered with status {status}")
            }
            Self::ProbeNotSent { url, failure } => {
                write!(
                    f,
                    "the second signal cannot be read: the probe of {url} could not be sent ({failure})"
                )
            }
            Self::CoolingDown { mode, started, until } => {
                write!(f, "a {mode} started at {started}, and the next one may start at {until}")
            }
            Self::Latched { incident, at } => {
                write!(f, "a recovery started at {at} ({incident}), and its latch has not been cleared since")
            }
            Self::RecoveryRunning { execution, status, started } => write!(
                f,
                "a recovery that this incident did not start is in progress: {execution} started at {started} and has the status \
                 {status}"
            ),
            Self::DrillRunning { execution, status, started, incident } => {
                let of = incident.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
                write!(
                    f,
                    "a drill{of} is in progress: {execution} started at {started} and has the status {status}"
                )
            }
            Self::IncidentOpen { incident } => {
                write!(f, "the plan has the open incident {incident}, and a drill would block its recovery")
            }
            Self::JobRunning { job, job_kind, servers } => match job_kind {
                JobKind::Drill => write!(f, "the drill job {job} is launching {}", some(servers)),
                JobKind::Recovery => write!(f, "the recovery job {job} is launching {}", some(servers)),
                JobKind::Other(kind) => {
                    write!(f, "the {kind} job {job} is in progress for {}", some(servers))
                }
            },
            Self::ExecutionsUnreadable { error } => {
                write!(f, "the executions of the DRS recovery plan cannot be read ({error})")
            }
            Self::JobsUnreadable { error } => write!(f, "the jobs of DRS cannot be read ({error})"),
            Self::InstancesUnreadable { error } => {
                write!(f, "the recovery instances of DRS cannot be read ({error})")
            }
            Self::RecoveredAlready { instances } => {
                let (server, is) = (noun(instances.len(), "server"), verb(instances.len(), "is", "are"));
                write!(f, "the {server} {} {is} already recovered", self::instances(instances))
            }
            Self::DrillInstances { instances } => write!(
                f,
                "a drill launched {}, which DRS deletes first: {}",
                count(instances.len(), "instance"),
                self::instances(instances)
            ),
            Self::PlanUnreadable { error } => write!(f, "the DRS recovery plan cannot be read ({error})"),
            Self::PlanInvalid { status } => write!(f, "the DRS recovery plan is {status}, not ACTIVE"),
            Self::PlanEmpty => f.write_str("the DRS recovery plan has no server"),
            Self::TooManyServers { count, most } => {
                write!(f, "the DRS recovery plan has {count} servers, and a start takes snapshots of {most}")
            }
            Self::SnapshotsUnreadable { servers, error } => {
                write!(f, "the recovery snapshots of {} cannot be read ({error})", some(servers))
            }
            Self::NoSnapshot { servers, .. } => {
                let (server, has) = (noun(servers.len(), "server"), verb(servers.len(), "has", "have"));
                write!(f, "the {server} {} {has} no recovery snapshot", some(servers))
            }
            Self::OverRpo { servers, oldest, rpo } => write!(
                f,
                "the newest recovery snapshot of {} lacks the last {} before the incident, and the RPO is {}",
                some(servers),
                short_duration(*oldest),
                short_duration(*rpo)
            ),
            Self::ReplicationStopped { servers } => {
                let (count, names) = (count(servers.len(), "server"), some(servers));
                write!(f, "DRS replication of {count} is disconnected or stopped: {names}")
            }
            Self::WaveEmpty { waves } => {
                write!(f, "no source server belongs to the {} {}", noun(waves.len(), "wave"), some(waves))
            }
            Self::WavesTooLarge { count, most } => {
                write!(f, "the waves of the plan have {count} servers, and an incident holds at most {most}")
            }
            Self::WaveBlocked { wave, servers } => {
                write!(f, "the launch of {} failed in the wave {wave}, so the next wave waits", some(servers))
            }
            Self::WaveSlow { wave, servers, within } => {
                let (server, is) = (noun(servers.len(), "server"), verb(servers.len(), "is", "are"));
                let within = short_duration(*within);
                write!(
                    f,
                    "the {server} {} {is} not launched within the {within} of the wave {wave}",
                    some(servers)
                )
            }
            Self::WaveRefused { wave, error, again } => {
                write!(
                    f,
                    "DRS refused a launch of the wave {wave} ({error}); the function asks again at {again}"
                )
            }
            Self::WaveAlarmOk { wave } => {
                write!(f, "every alarm is OK, so the wave {wave} waits for an operator")
            }
            Self::StartRefused { cause, again } => match cause {
                RefusalCause::Refused { error } if cause.is_lasting() => {
                    if let Some((principal, permission)) = cause.denied() {
                        write!(f, "{principal} lacks the permission {permission}: ")?;
                    }
                    write!(
                        f,
                        "DRS refused the start, and refuses it until an operator removes the cause ({error}); the function asks again \
                         at {again}"
                    )
                }
                RefusalCause::Refused { error } => {
                    write!(f, "DRS refused the start ({error}); the function asks again at {again}")
                }
                RefusalCause::EndedBeforeAnyStep { .. } | RefusalCause::Earlier { .. } => {
                    write!(f, "DRS launched nothing: {cause}; the function asks again at {again}")
                }
            },
            Self::Earlier { because, .. } => f.write_str(because),
        }
    }
}
