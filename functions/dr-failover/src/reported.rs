//! The state of an incident that an email reports once: it changes when the operator should know of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::incident::{DrillState, Flapping, Incident, IncidentPhase};
use crate::interlock::InterlockCode;
use crate::rules::Mode;

/// What stands between a state and the traffic in an item.
const TRAFFIC: &str = " + traffic ";

/// The state that an email reports. Items hold it as a text, which is the same in every format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ReportedState {
    /// Interlocks block the start.
    Held {
        /// The codes, sorted, each of them once.
        codes: Vec<InterlockCode>,
        /// The RTO has passed.
        over_rto: bool,
    },
    /// The alarms flap. No email reports what blocks the start meanwhile.
    Flapping,
    /// A start is about to be asked for. No email reports it: one reports DRS's answer.
    Starting,
    /// DRS did not answer the start.
    StartUnanswered {
        /// The RTO has passed.
        over_rto: bool,
    },
    /// A start was asked for, and DRS's executions cannot be read.
    StartUnseen {
        /// The RTO has passed.
        over_rto: bool,
    },
    /// The execution is in progress.
    Running {
        /// Every alarm is OK.
        alarm_ok: bool,
        /// The execution cannot be read.
        unseen: bool,
        /// The servers whose launch failed.
        failed: Vec<String>,
        /// The RTO has passed.
        over_rto: bool,
    },
    /// A wave is in progress.
    InWaves {
        /// Every alarm is OK.
        alarm_ok: bool,
        /// The jobs cannot be read.
        unseen: bool,
        /// The codes of what blocks the waves, sorted, each of them once.
        codes: Vec<InterlockCode>,
        /// The servers whose launch failed.
        failed: Vec<String>,
        /// The RTO has passed.
        over_rto: bool,
    },
    /// A phase after the execution, or without one.
    Ended(IncidentPhase),
    /// A drill after its launch.
    Drill(DrillState),
    /// The same, after this number of events since the launch.
    AfterLaunch {
        /// The phase.
        phase: IncidentPhase,
        /// The number of events.
        count: u32,
    },
    /// Such a state, with the addresses of servers.
    WithTraffic {
        /// The state.
        state: Box<ReportedState>,
        /// Each server with the code of its address's status.
        traffic: String,
    },
    /// A text of another version of the function. It equals no state, so that the state is reported again.
    Unknown(String),
}

impl ReportedState {
    /// The state of an incident.
    pub fn of(incident: &Incident) -> Self {
        let state = Self::of_course(incident);
        if incident.traffic.is_empty() {
            return state;
        }
        let each = incident.traffic.iter().map(|(server, moved)| format!("{server}={}", moved.status.code()));
        Self::WithTraffic { state: Box::new(state), traffic: each.collect::<Vec<_>>().join(" ") }
    }

    /// The addresses of servers with their statuses.
    pub fn traffic(&self) -> Option<&str> {
        match self {
            Self::WithTraffic { traffic, .. } => Some(traffic),
            _ => None,
        }
    }

    /// The state of an incident without its traffic.
    fn of_course(incident: &Incident) -> Self {
        let over_rto = incident.over_rto;
        if let Some(state) = incident.drill_state() {
            return Self::Drill(state);
        }
        match incident.phase {
            IncidentPhase::Held if incident.flapping == Flapping::Yes => Self::Flapping,
            IncidentPhase::Held => Self::Held { codes: codes(incident), over_rto },
            IncidentPhase::Starting if !incident.holds.is_empty() => Self::StartUnseen { over_rto },
            IncidentPhase::Starting => {
                let is_unanswered = incident.current().is_some_and(|attempt| attempt.unanswered.is_some());
                if is_unanswered { Self::StartUnanswered { over_rto } } else { Self::Starting }
            }
            IncidentPhase::Running if let Some(course) = &incident.waves => Self::InWaves {
                alarm_ok: incident.is_over(),
                unseen: course.unreadable.is_some(),
                codes: codes(incident),
                failed: incident.failed().map(|(id, _)| id.clone()).collect(),
                over_rto,
            },
            IncidentPhase::Running => Self::Running {
                alarm_ok: incident.is_over(),
                unseen: incident.execution().is_some_and(|execution| execution.unreadable.is_some()),
                failed: incident.failed().map(|(id, _)| id.clone()).collect(),
                over_rto,
            },
            ended @ (IncidentPhase::Recovered
            | IncidentPhase::Drilled
            | IncidentPhase::RecoveredInPart
            | IncidentPhase::Failed
            | IncidentPhase::Cancelled
            | IncidentPhase::OkAgain
            | IncidentPhase::Refused
            | IncidentPhase::AgedOut) => match incident.later.as_ref().map_or(0, |later| later.count) {
                0 => Self::Ended(ended),
                count => Self::AfterLaunch { phase: ended, count },
            },
        }
    }

    /// The state of an incident that the last email does not report, if an email should.
    pub fn unreported(incident: &Incident) -> Option<Self> {
        let state = Self::of(incident);
        let is_passing = match &state {
            Self::Starting | Self::Drill(DrillState::CleaningUp) => true,
            // A drill waits for a few minutes, and one email reports how that ended.
            Self::Held { .. } => incident.mode == Mode::Drill,
            _ => incident.is_validated_again() || incident.is_moving_traffic(),
        };
        let is_reported = incident.reported.as_ref().is_some_and(|reported| reported.covers(&state));
        // The alarms of a flapping incident are OK for now.
        let is_over = incident.phase == IncidentPhase::Held && incident.is_open() && incident.is_over();
        (!is_reported && !is_passing && !is_over).then_some(state)
    }

    /// Whether an email about this state needs none about the other: they are equal, or the second signal agrees in some readings
    /// after an email that it does not confirm the outage.
    fn covers(&self, other: &Self) -> bool {
        let (Self::Held { codes, over_rto }, Self::Held { codes: now, over_rto: now_over }) = (self, other)
        else {
            return self == other;
        };
        let rest = |codes: &[InterlockCode]| -> Vec<InterlockCode> {
            codes.iter().filter(|code| !code.is_of_the_second_signal()).copied().collect()
        };
        let is_counted = now.contains(&InterlockCode::SecondSignalUnconfirmed)
            && codes.iter().any(|code| code.is_of_the_second_signal())
            && rest(codes) == rest(now);
        over_rto == now_over && (codes == now || is_counted)
    }

    /// Whether the states are of the same kind, so that an incident may alternate between them. A start, a server that fails, an end
    /// and the RTO are news each time.
    pub fn alternates_with(&self, other: &Self) -> bool {
        let is_alike = match (self, other) {
            (Self::Held { .. }, Self::Held { .. }) => true,
            (Self::Running { failed, .. }, Self::Running { failed: other, .. })
            | (Self::InWaves { failed, .. }, Self::InWaves { failed: other, .. }) => failed == other,
            (Self::WithTraffic { state, .. }, Self::WithTraffic { state: other, .. }) => state == other,
            _ => false,
        };
        is_alike && self.is_over_rto() == other.is_over_rto()
    }

    /// The state without the addresses.
    pub fn without_traffic(&self) -> &Self {
        match self {
            Self::WithTraffic { state, .. } => state,
            state => state,
        }
    }

    /// Whether the state reports that the RTO has passed.
    pub fn is_over_rto(&self) -> bool {
        match self {
            Self::Held { over_rto, .. }
            | Self::StartUnanswered { over_rto }
            | Self::StartUnseen { over_rto }
            | Self::InWaves { over_rto, .. }
            | Self::Running { over_rto, .. } => *over_rto,
            Self::WithTraffic { state, .. } => state.is_over_rto(),
            Self::Flapping
            | Self::Starting
            | Self::Ended(_)
            | Self::AfterLaunch { .. }
            | Self::Drill(_)
            | Self::Unknown(_) => false,
        }
    }

    /// Whether the state is that of an execution in progress, and whether that could be read.
    pub fn running_unseen(&self) -> Option<bool> {
        match self {
            Self::Running { unseen, .. } | Self::InWaves { unseen, .. } => Some(*unseen),
            _ => None,
        }
    }
}

fn codes(incident: &Incident) -> Vec<InterlockCode> {
    let mut codes: Vec<InterlockCode> = incident.holds.iter().map(|hold| hold.interlock.code()).collect();
    codes.sort_unstable_by_key(|code| code.name());
    codes.dedup();
    codes
}

impl fmt::Display for ReportedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let late = if self.is_over_rto() { " over-rto" } else { "" };
        match self {
            Self::Held { codes, .. } => {
                let codes: Vec<&str> = codes.iter().map(|code| code.name()).collect();
                write!(f, "held: {}{late}", codes.join(" "))
            }
            Self::Flapping => f.write_str("flapping"),
            Self::Starting => f.write_str("starting"),
            Self::StartUnanswered { .. } => write!(f, "starting: no answer{late}"),
            Self::StartUnseen { .. } => write!(f, "starting: unseen{late}"),
            Self::Running { alarm_ok, unseen, failed, .. } => {
                let over = if *alarm_ok { " alarm-ok" } else { "" };
                let unseen = if *unseen { " unseen" } else { "" };
                write!(f, "running:{over}{unseen} {}{late}", failed.join(" "))
            }
            Self::InWaves { alarm_ok, unseen, codes, failed, .. } => {
                let over = if *alarm_ok { " alarm-ok" } else { "" };
                let unseen = if *unseen { " unseen" } else { "" };
                let codes: String = codes.iter().map(|code| format!(" !{}", code.name())).collect();
                write!(f, "waves:{over}{unseen}{codes} {}{late}", failed.join(" "))
            }
            Self::Ended(phase) => f.write_str(phase.name()),
            Self::Drill(state) => state.fmt(f),
            Self::AfterLaunch { phase, count } => write!(f, "{}: later {count}", phase.name()),
            Self::WithTraffic { state, traffic } => write!(f, "{state}{TRAFFIC}{traffic}"),
            Self::Unknown(text) => f.write_str(text),
        }
    }
}

impl From<ReportedState> for String {
    fn from(state: ReportedState) -> Self {
        state.to_string()
    }
}

impl From<String> for ReportedState {
    fn from(text: String) -> Self {
        parsed(&text).filter(|state| state.to_string() == text).unwrap_or(Self::Unknown(text))
    }
}

/// The state that is written as this text.
fn parsed(text: &str) -> Option<ReportedState> {
    if let Some((state, traffic)) = text.split_once(TRAFFIC) {
        let state = Box::new(parsed(state)?);
        return Some(ReportedState::WithTraffic { state, traffic: traffic.to_owned() });
    }
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    let over_rto = words.pop_if(|last| *last == "over-rto").is_some();
    match (kind, &words[..]) {
        ("held", codes) => {
            let codes = codes.iter().map(|code| code.parse()).collect::<Result<Vec<InterlockCode>, _>>();
            Some(ReportedState::Held { codes: codes.ok()?, over_rto })
        }
        ("flapping", []) => Some(ReportedState::Flapping),
        ("starting", []) => Some(ReportedState::Starting),
        ("starting", ["no", "answer"]) => Some(ReportedState::StartUnanswered { over_rto }),
        ("starting", ["unseen"]) => Some(ReportedState::StartUnseen { over_rto }),
        ("running", words) => {
            let alarm_ok = words.first() == Some(&"alarm-ok");
            let words = &words[usize::from(alarm_ok)..];
            let unseen = words.first() == Some(&"unseen");
            let failed = words[usize::from(unseen)..].iter().map(|id| (*id).to_owned()).collect();
            Some(ReportedState::Running { alarm_ok, unseen, failed, over_rto })
        }
        ("waves", words) => {
            let alarm_ok = words.first() == Some(&"alarm-ok");
            let words = &words[usize::from(alarm_ok)..];
            let unseen = words.first() == Some(&"unseen");
            let words = &words[usize::from(unseen)..];
            let codes: Vec<&str> = words.iter().map_while(|word| word.strip_prefix('!')).collect();
            let failed = words[codes.len()..].iter().map(|id| (*id).to_owned()).collect();
            let codes = codes.iter().map(|code| code.parse()).collect::<Result<Vec<InterlockCode>, _>>();
            Some(ReportedState::InWaves { alarm_ok, unseen, codes: codes.ok()?, failed, over_rto })
        }
        (phase, ["later", count]) => Some(ReportedState::AfterLaunch {
            phase: IncidentPhase::closing_named(phase)?,
            count: count.parse().ok().filter(|count| *count > 0)?,
        }),
        (kind, words) => {
            let drill = DrillState::parsed(kind, words).map(ReportedState::Drill);
            let phase = || IncidentPhase::closing_named(kind).filter(|_| words.is_empty());
            drill.or_else(|| phase().map(ReportedState::Ended))
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    /// A state that is not read back as it was written is emailed every minute.
    #[test]
    fn is_the_state_of_each_phase_read_back() {
        let mut incident: Incident = serde_json::from_value(serde_json::json!({
            "id": "shop-1", "version": 1, "plan": "shop", "opened": "2026-03-02T10:00:00Z", "phase": "held",
            "drs-plan": "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1", "mode": "RECOVERY", "alarms": {},
        }))
        .unwrap();
        for phase in IncidentPhase::VARIANTS {
            incident.phase = *phase;
            let state = ReportedState::of(&incident);
            assert_eq!(ReportedState::from(String::from(state.clone())), state, "{}", phase.name());
            assert_eq!(matches!(state, ReportedState::Ended(_)), phase.can_close(), "{}", phase.name());
        }
    }

    #[test]
    fn is_a_state_read_back_as_it_was_written() {
        for text in [
            "held: kill-switch-off stale",
            "held: second-signal-quiet over-rto",
            "held: ",
            "flapping",
            "starting",
            "starting: no answer",
            "starting: unseen over-rto",
            "running: ",
            "running: alarm-ok unseen s-1 s-2 over-rto",
            "running:  over-rto",
            "waves: ",
            "waves: alarm-ok unseen !wave-blocked !wave-slow s-1 s-2 over-rto",
            "recovered-in-part",
            "recovered: later 3",
            "failed: later 1",
            "recovered + traffic s-1=traffic-moved s-2=address-in-use",
        ] {
            let state = ReportedState::from(text.to_owned());
            assert!(!matches!(state, ReportedState::Unknown(_)), "{text}");
            assert_eq!(state.to_string(), text);
        }
    }

    #[test]
    fn is_a_state_of_another_version_kept_and_reported_again() {
        let state = ReportedState::from("paused: by Ana".to_owned());
        assert_eq!(state, ReportedState::Unknown("paused: by Ana".to_owned()));
        assert_eq!(String::from(state), "paused: by Ana");
    }
}
