//! The step in every order: two invocations at a time, each killed before or after any of its effects, DRS that refuses, answers or
//! stays silent, an alarm that ends, and an operator who refuses. A model checker visits every state.
//!
//! The model has no backstop: DRS starts an execution for every new token, so that only the step prevents a second one.

use std::fmt;
use std::hash::{Hash, Hasher};

use dr_failover::alarm::{AlarmEvent, AlarmForm, AlarmState};
use dr_failover::facts::{
    DrsPlan, ExecutionProgress, Facts, FoundExecution, KillSwitch, LaterFacts, PlanServer, Recoverable,
    RecoverySnapshot, SecondAlarm, ServerLaunch, Signals, StepProgress, StepServer,
};
use dr_failover::reported::ReportedState;
use dr_failover::rules::{Mode, RecoveryPlan, read};
use dr_failover::settings::Settings;
use dr_failover::step::{
    Effect, EmailAnswer, Input, KnownPlan, MissingFact, StartAnswer, StartFailure, Step, StepContext, step,
};
use jiff::{SignedDuration, Timestamp};
use shared::act::Performed;
use shared::arn::Arn;
use shared::call_error::CallError;
use shared::config::Document;
use shared::home::Home;
use stateright::{Checker as _, Model, Property};

const ARN: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down";
const RULES: &str = r#"
[[recovery-plan]]
name = "shop"
alarms = ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down"]
second-signal = { alarm = "from-outside" }
agree = "1 of 1"
plan = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1"
mode = "recovery"
rpo = "15m"
"#;

/// The invocations at a time.
const MOST_INVOCATIONS: usize = 2;

/// How long an invocation lives, in minutes.
const LIFETIME: u8 = 5;

/// Time passes in steps of this length: until every invocation has certainly ended.
const PAUSE: u8 = 6;

/// The minutes of the model.
const LAST_MINUTE: u8 = PAUSE;

/// The faults of a run: killed invocations, lost answers and refusals.
const MOST_FAULTS: u8 = 1;

/// A value without `Hash`, by its text.
#[derive(Clone, PartialEq)]
struct ByText<T>(T);

impl<T: fmt::Debug> Hash for ByText<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        format!("{:?}", self.0).hash(state);
    }
}

impl<T: fmt::Debug> fmt::Debug for ByText<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an invocation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum About {
    Alarm,
    Ok,
    Refusal,
    Reconcile,
}

/// An invocation that has taken its step and performs the effects, one by one.
#[derive(Debug, Clone, PartialEq, Hash)]
struct Running {
    about: About,
    request: u8,
    /// None of its effects had a fault, and no other invocation ran meanwhile.
    is_clean: bool,
    /// The state in the table that its next write replaces.
    stored: ByText<KnownPlan>,
    known: ByText<KnownPlan>,
    effects: ByText<Vec<Effect>>,
}

/// An execution that DRS started.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Execution {
    token: String,
    incident: String,
    is_complete: bool,
}

/// The world at one moment.
#[derive(Debug, Clone, PartialEq, Hash)]
struct World {
    minute: u8,
    /// The item of the latch, and that of the incident.
    table: ByText<KnownPlan>,
    executions: Vec<Execution>,
    running: Vec<Running>,
    requests: u8,
    faults: u8,
    is_alarm_delivered: bool,
    is_ok_delivered: bool,
    has_refused: bool,
    /// Whether the last minute passed without a fault after a whole reconcile.
    is_settled: bool,
    emails: u8,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq)]
enum Happening {
    Begins(About),
    /// The first invocation that is named performs its next effect.
    Performs(usize, Fate),
    /// An execution launches its servers.
    Completes,
    TimePasses,
}

/// The fate of an effect.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Done,
    /// The invocation is killed before or after the effect.
    KilledBefore,
    KilledAfter,
    /// DRS or SNS refuses.
    Refused,
    /// DRS does not answer, and did nothing or everything.
    SilentBefore,
    SilentAfter,
}

/// The fates that are a fault.
const FAULTS: [Fate; 5] =
    [Fate::KilledBefore, Fate::KilledAfter, Fate::Refused, Fate::SilentBefore, Fate::SilentAfter];

struct Failover {
    /// The invocations of a run.
    most_requests: u8,
    plan: RecoveryPlan,
    settings: Settings,
    home: Home,
}

fn at(minute: u8) -> Timestamp {
    let began: Timestamp = "2026-03-02T10:00:20Z".parse().expect("it is a time");
    began + SignedDuration::from_mins(minute.into())
}

fn arn() -> Arn {
    ARN.parse().expect("it is an ARN")
}

fn alarm(state: AlarmState, since: Timestamp) -> AlarmEvent {
    AlarmEvent {
        form: AlarmForm::EventBridge,
        arn: Some(ARN.to_owned()),
        name: "shop-down".to_owned(),
        account: None,
        state,
        previous: Some(if state == AlarmState::Alarm { AlarmState::Ok } else { AlarmState::Alarm }),
        at: Some(since),
        suppressed_by: None,
        suppressed_until: None,
        was_suppressed: false,
        after_mute: None,
        reason: None,
    }
}

impl Failover {
    fn new(most_requests: u8) -> Self {
        Self {
            most_requests,
            plan: read(&Document::new("pointsman.toml", RULES), &mut Vec::new()).plans.remove(0),
            settings: Settings {
                topic: "arn:aws:sns:us-east-1:111122223333:on-call".to_owned(),
                table: "incidents".to_owned(),
                kill_switch: "/kill-switch".to_owned(),
                approval: "/approval".to_owned(),
                role: "arn:aws:iam::111122223333:role/dr-failover".to_owned(),
                time_is_made_up: false,
            },
            home: Home::of("arn:aws:lambda:us-east-1:111122223333:function:dr-failover"),
        }
    }

    /// The facts as an invocation reads them now.
    fn facts(&self, world: &World) -> Facts {
        let snapshot =
            RecoverySnapshot { id: "pit-1".to_owned(), taken: at(0) - SignedDuration::from_mins(2) };
        let server = PlanServer {
            id: "s-1".to_owned(),
            step: "all".to_owned(),
            critical: true,
            snapshot: Ok(Some(snapshot)),
            hostname: Some("db-1".to_owned()),
            replication: None,
        };
        let second = SecondAlarm::Is { state: Some(AlarmState::Alarm), since: None, suppressed_by: None };
        let executions: Vec<FoundExecution> = world.executions.iter().map(found).collect();
        let progress = world.executions.last().map(|execution| Ok(progress(execution)));
        Facts {
            is_stored: Some(world.table.0.incident.is_some()),
            signals: Some(Signals {
                kill_switch: Ok(KillSwitch::Enabled),
                second_alarm: Some(Ok(second)),
                probe: None,
            }),
            recoverable: Some(Recoverable {
                plan: Ok(DrsPlan { status: "ACTIVE".to_owned(), servers: vec![server] }),
                jobs: Ok(Vec::new()),
                instances: Ok(Vec::new()),
            }),
            last_incident: Some(world.table.0.incident.clone().map(Box::new)),
            later: Some(LaterFacts {
                progress: progress.clone(),
                executions: Ok(executions.clone()),
                jobs: Ok(Vec::new()),
                instances: Ok(Vec::new()),
            }),
            executions: Some(Ok(executions)),
            progress,
            ..Facts::default()
        }
    }

    fn step(&self, known: &KnownPlan, input: Input<'_>, facts: &Facts, request: u8, now: u8) -> Step {
        let request = request.to_string();
        let context = StepContext {
            plan: &self.plan,
            settings: &self.settings,
            home: &self.home,
            request: &request,
            ends: at(now + LIFETIME),
            now: at(now),
        };
        match step(known, input, facts, &context) {
            Ok(mut step) => {
                // No decision reads the record: without it, states with other histories are the same.
                step.known.incident.iter_mut().for_each(|incident| incident.record.clear());
                step
            }
            Err(MissingFact::Progress(_)) => panic!("no execution is known"),
            Err(missing) => panic!("{missing:?} is missing"),
        }
    }

    /// An invocation reads the table and the facts, and takes its step.
    fn begun(&self, world: &World, about: About, request: u8) -> Option<Running> {
        let stored = world.table.0.clone();
        let facts = self.facts(world);
        let (arn, down, up) = (
            arn(),
            alarm(AlarmState::Alarm, at(0)),
            alarm(AlarmState::Ok, at(0) + SignedDuration::from_secs(30)),
        );
        let id = stored.latch.open.clone().unwrap_or_default();
        let input = match about {
            About::Alarm => Input::Alarm(&down, &arn),
            About::Ok => Input::Alarm(&up, &arn),
            About::Refusal => Input::Refuse { incident: &id, by: "Ana" },
            About::Reconcile => Input::Reconcile(Mode::Recovery),
        };
        // The table keeps a closed incident, and the latch does not name it.
        let known =
            KnownPlan { incident: stored.incident.clone().filter(|of| of.id == id), ..stored.clone() };
        let taken = self.step(&known, input, &facts, request, world.minute);
        let running = Running {
            about,
            request,
            is_clean: true,
            stored: ByText(known),
            known: ByText(taken.known),
            effects: ByText(taken.effects),
        };
        (!running.effects.0.is_empty()).then_some(running)
    }

    /// The invocation goes on with the answer to an effect.
    fn answered(&self, running: &mut Running, input: Input<'_>, minute: u8) {
        let taken = self.step(&running.known.0, input, &Facts::default(), running.request, minute);
        running.known = ByText(taken.known);
        running.effects = ByText(taken.effects);
    }

    /// Performs the next effect of an invocation. None if the fate does not fit the effect.
    fn performed(&self, before: &World, index: usize, fate: Fate) -> Option<World> {
        let mut world = before.clone();
        let mut running = world.running.remove(index);
        let effect = running.effects.0.remove(0);
        running.is_clean &= fate == Fate::Done;
        if fate == Fate::KilledBefore {
            return Some(world);
        }
        match effect {
            Effect::Write if matches!(fate, Fate::Done | Fate::KilledAfter) => {
                match written(&world.table.0, &running) {
                    Some(known) => {
                        world.table = ByText(known.clone());
                        (running.stored, running.known) = (ByText(known.clone()), ByText(known));
                    }
                    // Another invocation wrote first: all of it is done again.
                    None if fate == Fate::Done => {
                        let again = self.begun(&world, running.about, running.request);
                        let is_clean = running.is_clean;
                        world.running.extend(again.map(|again| Running { is_clean, ..again }));
                        return Some(world);
                    }
                    None => return None,
                }
            }
            Effect::Start(start) => {
                let incident = running.known.0.incident.as_ref()?.id.clone();
                let is_done = matches!(fate, Fate::Done | Fate::KilledAfter | Fate::SilentAfter);
                let is_new = !world.executions.iter().any(|execution| execution.token == start.token);
                if is_done && is_new {
                    world.executions.push(Execution {
                        token: start.token.clone(),
                        incident,
                        is_complete: false,
                    });
                }
                let error = || CallError::without_answer("drs:StartRecoveryPlanExecution", "no answer");
                let own = world.executions.iter().find(|execution| execution.token == start.token);
                let answer = match fate {
                    Fate::Refused => Performed::Failed(StartFailure::Refused(error())),
                    Fate::SilentBefore | Fate::SilentAfter => {
                        Performed::Failed(StartFailure::Unknown(error()))
                    }
                    _ => Performed::Done(StartAnswer(found(own?))),
                };
                if fate != Fate::KilledAfter {
                    self.answered(&mut running, Input::Started(&answer), world.minute);
                }
            }
            Effect::ReportIncident(claim) => {
                let (is_sent, answer) = match fate {
                    Fate::Refused => (false, EmailAnswer::Refused),
                    Fate::SilentBefore => (false, EmailAnswer::Lost),
                    Fate::SilentAfter => (true, EmailAnswer::Lost),
                    _ => (true, EmailAnswer::Accepted),
                };
                world.emails = (world.emails + u8::from(is_sent)).min(1);
                if fate != Fate::KilledAfter {
                    let input = Input::Published { claim: &claim, subject: "", answer };
                    self.answered(&mut running, input, world.minute);
                }
            }
            _ => return None,
        }
        if fate != Fate::KilledAfter && !running.effects.0.is_empty() {
            world.running.insert(index.min(world.running.len()), running);
        } else if running.is_clean && running.about == About::Reconcile && world.running.is_empty() {
            world.is_settled = true;
        }
        Some(world)
    }
}

/// The state in the table after a write, if no other invocation wrote since it was read.
fn written(table: &KnownPlan, running: &Running) -> Option<KnownPlan> {
    let (stored, mut next) = (&running.stored.0, running.known.0.clone());
    if stored.latch != next.latch {
        (table.latch.version == stored.latch.version).then_some(())?;
        next.latch.version += 1;
    } else {
        next.latch = table.latch.clone();
    }
    if stored.incident != next.incident
        && let Some(incident) = &mut next.incident
    {
        let stored = table.incident.as_ref().filter(|of| of.id == incident.id).map_or(0, |of| of.version);
        (stored == incident.version).then_some(())?;
        incident.version += 1;
    } else {
        next.incident.clone_from(&table.incident);
    }
    Some(next)
}

fn found(execution: &Execution) -> FoundExecution {
    FoundExecution {
        arn: format!("arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/{}", execution.token)
            .parse()
            .expect("it is an ARN"),
        mode: Some(Mode::Recovery),
        status: if execution.is_complete { "COMPLETED" } else { "IN_PROGRESS" }.to_owned(),
        started: at(0),
        incident: Some(execution.incident.clone()),
    }
}

fn progress(execution: &Execution) -> ExecutionProgress {
    let job = "drsjob-1".to_owned();
    let (status, launch) =
        if execution.is_complete { ("COMPLETED", "LAUNCHED") } else { ("EXECUTING", "PENDING") };
    let server = StepServer { id: "s-1".to_owned(), critical: true, job: Some(job.clone()) };
    let launch = ServerLaunch { status: launch.to_owned(), instance: None };
    ExecutionProgress {
        status: found(execution).status,
        error: None,
        steps: vec![StepProgress {
            name: "all".to_owned(),
            status: status.to_owned(),
            error: None,
            servers: vec![server],
        }],
        launches: [((job, "s-1".to_owned()), launch)].into(),
    }
}

impl Model for Failover {
    type State = World;
    type Action = Happening;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            minute: 0,
            table: ByText(KnownPlan::default()),
            executions: Vec::new(),
            running: Vec::new(),
            requests: 0,
            faults: 0,
            is_alarm_delivered: false,
            is_ok_delivered: false,
            has_refused: false,
            is_settled: false,
            emails: 0,
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Happening>) {
        for index in 0..world.running.len() {
            actions.push(Happening::Performs(index, Fate::Done));
            if world.faults < MOST_FAULTS {
                actions.extend(FAULTS.map(|fate| Happening::Performs(index, fate)));
            }
        }
        if world.running.len() < MOST_INVOCATIONS && world.requests < self.most_requests {
            actions.extend((!world.is_alarm_delivered).then_some(Happening::Begins(About::Alarm)));
            if world.is_alarm_delivered {
                actions.push(Happening::Begins(About::Reconcile));
                actions.extend((!world.is_ok_delivered).then_some(Happening::Begins(About::Ok)));
                actions.extend((!world.has_refused).then_some(Happening::Begins(About::Refusal)));
            }
        }
        if world.executions.iter().any(|execution| !execution.is_complete) {
            actions.push(Happening::Completes);
        }
        if world.minute < LAST_MINUTE && world.running.is_empty() {
            actions.push(Happening::TimePasses);
        }
    }

    fn next_state(&self, before: &World, happening: Happening) -> Option<World> {
        let mut world = before.clone();
        match happening {
            Happening::Begins(about) => {
                let running = self.begun(&world, about, world.requests)?;
                world.running.push(running);
                let is_alone = world.running.len() == 1;
                world.running.iter_mut().for_each(|running| running.is_clean &= is_alone);
                world.requests += 1;
                world.is_alarm_delivered = true;
                world.is_ok_delivered |= about == About::Ok;
                world.has_refused |= about == About::Refusal;
                world.is_settled = false;
            }
            Happening::Performs(index, fate) => {
                world = self.performed(&world, index, fate)?;
                world.faults += u8::from(fate != Fate::Done);
                world.is_settled &= fate == Fate::Done;
            }
            Happening::Completes => {
                world.executions.iter_mut().for_each(|execution| execution.is_complete = true);
                world.is_settled = false;
            }
            Happening::TimePasses => world.minute += PAUSE,
        }
        (world != *before).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("at most one start", |_: &Self, world: &World| world.executions.len() <= 1),
            // A killed invocation holds its claim until it has certainly ended.
            Property::always("no silence", |_: &Self, world: &World| {
                let incident = world.table.0.incident.as_ref();
                let is_due = world.is_settled && world.running.is_empty();
                !is_due
                    || incident.is_none_or(|incident| {
                        ReportedState::unreported(incident).is_none() || incident.claim.is_some()
                    })
            }),
            Property::always("what runs is known", |_: &Self, world: &World| {
                // DRS can refuse one invocation what it started for another: the next reconcile finds the execution.
                let is_known = world.table.0.latch.recovery.is_some();
                !world.is_settled || world.executions.is_empty() || is_known
            }),
            Property::sometimes("a recovery runs to its end", |_: &Self, world: &World| {
                let incident = world.table.0.incident.as_ref();
                incident.is_some_and(|incident| incident.finished.is_some())
            }),
            Property::sometimes("an operator refuses in time", |_: &Self, world: &World| {
                world.executions.is_empty()
                    && world.table.0.incident.as_ref().is_some_and(|incident| !incident.is_open())
            }),
        ]
    }
}

fn check(most_requests: u8) {
    let checker = Failover::new(most_requests).checker().threads(2).spawn_dfs().join();
    eprintln!("{} states with {most_requests} invocations", checker.unique_state_count());
    checker.assert_properties();
}

#[test]
fn is_there_at_most_one_start_and_never_silence() {
    check(3);
}

#[test]
#[ignore = "it takes minutes: cargo test -p tests -p dr-failover --test model -- --ignored"]
fn is_there_at_most_one_start_and_never_silence_with_one_more_invocation() {
    check(4);
}
