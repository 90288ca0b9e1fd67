//! The commands of an operator about waves: skip a server, launch it again, continue although the alarm is OK.

use jiff::Timestamp;
use shared::decision::Verdict;

use super::open::launch;
use super::{Draft, MissingFact, observe::NOT_STARTED};
use crate::because::Because;
use crate::event::ServerCommand;
use crate::incident::{ChosenSnapshot, EntryKind, Incident, IncidentPhase, WaveCourse, WaveLaunch};

/// The most launches of a wave: an item has 400 KB at most.
const MOST_LAUNCHES: usize = 30;

impl Draft<'_> {
    /// Skips a server, or launches it again.
    pub(in crate::step) fn command_server(
        &mut self,
        command: ServerCommand,
        id: &str,
        server: &str,
        by: &str,
    ) -> Result<(), MissingFact> {
        if !self.names_waves(id) {
            return Ok(());
        }
        let Some(incident) = self.step.known.incident.as_mut() else { return Ok(()) };
        let Some(known) = incident.servers.get(server) else {
            let because =
                Because::NothingOfThatName { what: "server of the incident", name: server.to_owned() };
            self.reason(Verdict::Fail, &because);
            return Ok(());
        };
        let why = match command {
            _ if known.is_launched() => Some("is launched"),
            ServerCommand::Retry if is_refused(incident, server, self.context.now) => None,
            ServerCommand::Retry if !known.has_failed() => Some("has not failed"),
            ServerCommand::Retry if is_full(incident, &known.step) => {
                Some("was launched too often in its wave")
            }
            ServerCommand::Skip | ServerCommand::Retry => None,
        };
        if let Some(why) = why {
            let server = incident.host_and_id(server);
            self.reason(Verdict::Skip, &Because::ServerKept { server, why });
            return Ok(());
        }
        match command {
            ServerCommand::Skip => self.skip(server, by),
            ServerCommand::Retry => self.launch_again(server, by)?,
        }
        Ok(())
    }

    /// The operator continues the waves although the alarm is OK.
    pub(in crate::step) fn continue_waves(&mut self, id: &str, by: &str) {
        if !self.names_waves(id) {
            return;
        }
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut() else { return };
        incident.note(now, EntryKind::Operator, format!("{by} continues the waves"));
        let by = Incident::bounded(by);
        incident.waves.iter_mut().for_each(|course| course.continued_by = Some(by.clone()));
        self.reason(Verdict::Update, &Because::WavesContinued { by });
    }

    /// Whether the id is that of the open incident, and its waves are in progress.
    fn names_waves(&mut self, id: &str) -> bool {
        let incident = self.step.known.incident.as_ref().filter(|incident| incident.id == id);
        let is_running = incident
            .is_some_and(|incident| incident.waves.is_some() && incident.phase == IncidentPhase::Running);
        if !is_running {
            let what = "open incident with a wave in progress";
            self.reason(Verdict::Fail, &Because::NothingOfThatName { what, name: id.to_owned() });
        }
        is_running
    }

    fn skip(&mut self, server: &str, by: &str) {
        let now = self.context.now;
        let Some(incident) = self.step.known.incident.as_mut() else { return };
        let host = incident.host_and_id(server);
        incident.note(now, EntryKind::Operator, format!("{by} skips the server {host}"));
        let by = Incident::bounded(by);
        incident.waves.iter_mut().for_each(|course| {
            course.skipped.insert(server.to_owned(), by.clone());
        });
        self.reason(Verdict::Update, &Because::ServerCommanded { server: host, by, again: false });
    }

    /// The next launch of a server takes the newest snapshot, or the earlier one if that cannot be read.
    fn launch_again(&mut self, server: &str, by: &str) -> Result<(), MissingFact> {
        let now = self.context.now;
        let newest = self.facts.newest.as_ref().ok_or_else(|| MissingFact::Newest(server.to_owned()))?;
        let Some(incident) = self.step.known.incident.as_mut() else { return Ok(()) };
        let host = incident.host_and_id(server);
        let mut earlier = incident.start().into_iter().flat_map(|start| &start.snapshots);
        let earlier = earlier.find(|chosen| chosen.server == server).cloned();
        let newest = newest.as_ref().ok().and_then(Option::as_ref).map(|newest| ChosenSnapshot {
            server: server.to_owned(),
            snapshot: newest.id.clone(),
            taken: newest.taken,
        });
        let (Some(chosen), Some(course), Some(known)) =
            (newest.or(earlier), incident.waves.as_mut(), incident.servers.get_mut(server))
        else {
            return Ok(());
        };
        course.skipped.remove(server);
        match refused_launch(course, server, now) {
            // The other servers of the launch keep their snapshots.
            Some(launch) => {
                launch.refusal = None;
                let of_server = launch.snapshots.iter_mut().filter(|of| of.server == server);
                of_server.for_each(|of| of.clone_from(&chosen));
            }
            None => {
                if let Some(wave) = course.waves.iter_mut().find(|wave| wave.name == known.step) {
                    let part = wave.launches.iter().map(|launch| launch.part).max().unwrap_or_default() + 1;
                    wave.launches.push(launch(part, vec![chosen], now));
                }
                (known.status, known.job, known.instance, known.since) =
                    (NOT_STARTED.to_owned(), None, None, now);
            }
        }
        incident.note(now, EntryKind::Operator, format!("{by} launches the server {host} again"));
        let by = Incident::bounded(by);
        self.reason(Verdict::Update, &Because::ServerCommanded { server: host, by, again: true });
        Ok(())
    }
}

/// Whether DRS refused the launch of the server, and is not being asked again.
fn is_refused(incident: &Incident, server: &str, now: Timestamp) -> bool {
    let pending = incident.waves.as_ref().and_then(|course| course.launch_of(server));
    pending.is_some_and(|(_, launch)| launch.is_refused(now))
}

/// That launch, to change it.
fn refused_launch<'c>(
    course: &'c mut WaveCourse,
    server: &str,
    now: Timestamp,
) -> Option<&'c mut WaveLaunch> {
    let mut launches = course.waves.iter_mut().flat_map(|wave| &mut wave.launches);
    launches.find(|launch| {
        launch.is_refused(now) && launch.snapshots.iter().any(|chosen| chosen.server == server)
    })
}

fn is_full(incident: &Incident, wave: &str) -> bool {
    let waves = incident.waves.iter().flat_map(|course| &course.waves);
    waves.filter(|one| one.name == wave).any(|one| one.launches.len() >= MOST_LAUNCHES)
}
