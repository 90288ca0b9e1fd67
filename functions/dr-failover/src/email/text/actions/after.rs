//! The actions of the operator after the launch of an incident.

use super::{ActionList, clear, close, failed, running};
use crate::email::{IncidentEmail, commands};
use crate::incident::{IncidentPhase, LaterEvent, ManualLaunch};

/// The actions for the events that the email reports, the least harmful first.
pub(super) fn after(email: &IncidentEmail<'_>, list: &mut ActionList) {
    let events = || email.incident.news().iter().map(|entry| &entry.event);
    if events().any(|event| matches!(event, LaterEvent::OkAfterLaunch { launched } if *launched > 0)) {
        both_sites(email, list);
    }
    if events().any(|event| matches!(event, LaterEvent::AlarmAfterLaunch { .. })) {
        list.sentence("Find out which site users reach, and whether that site is down.");
        list.command("List the instances of DRS, with their servers", commands::instances(email));
    }
    if events().any(|event| matches!(event, LaterEvent::StepRetried { .. } | LaterEvent::StartedAgain { .. }))
    {
        match email.incident.phase {
            IncidentPhase::Running => running(email.incident, list),
            // The new end is the news, and its actions close and clear.
            IncidentPhase::Failed | IncidentPhase::Cancelled => return failed(email, list),
            _ => {}
        }
    }
    events().for_each(|event| of_event(email, event, list));
    if email.incident.is_open() {
        close(email, list);
        clear(email, list);
    }
}

fn of_event(email: &IncidentEmail<'_>, event: &LaterEvent, list: &mut ActionList) {
    match event {
        LaterEvent::LaunchedByHand { launch: ManualLaunch::Execution { arn, .. } } => {
            list.command("List the steps of that execution", commands::steps(arn));
            let what = "Cancel it, if it is not needed (the servers of the current step still launch)";
            list.command(what, commands::cancel(arn));
        }
        LaterEvent::LaunchedByHand { launch: ManualLaunch::Job { .. } } => {
            list.sentence("A job cannot be cancelled. Ask the principal that started it.");
        }
        // Another principal launches servers now: another launch would delete these instances.
        LaterEvent::ServersGone { .. } if is_launched_by_hand(email) => {}
        LaterEvent::ServersGone { servers, .. } => {
            let servers: Vec<&str> = servers.iter().map(String::as_str).collect();
            let what = "Launch these servers again, if they are still needed";
            list.command(what, commands::start_servers(email, &servers));
        }
        LaterEvent::OkAfterLaunch { .. }
        | LaterEvent::AlarmAfterLaunch { .. }
        | LaterEvent::StepRetried { .. }
        | LaterEvent::StartedAgain { .. }
        | LaterEvent::ClosedInAlarm { .. } => {}
    }
}

fn is_launched_by_hand(email: &IncidentEmail<'_>) -> bool {
    let is_manual = |event: &LaterEvent| matches!(event, LaterEvent::LaunchedByHand { .. });
    email.incident.news().iter().any(|entry| is_manual(&entry.event))
}

/// The original site works again while launched servers run.
fn both_sites(email: &IncidentEmail<'_>, list: &mut ActionList) {
    if email.incident.has_moved_traffic() {
        list.numbered([
            "Find out which site users reach: the function moved traffic to the launched servers.",
            "If users reach the launched servers, leave traffic there, and stop writes on the original site: stop its application or close \
             its database. Then fail back in DRS when you choose.",
            "If both sites took writes, stop writes on both, and keep both copies until the differences are merged.",
        ]);
        return;
    }
    list.numbered([
        "Find out which site users reach: check DNS and the addresses.",
        "If users still reach the original site, leave traffic there, and stop the launched servers (the first command). The original \
         site keeps its writes.",
        "If traffic was moved, leave it on the launched servers, and stop writes on the original site: stop its application or close \
         its database. Then fail back in DRS when you choose.",
        "If both sites took writes, stop writes on both, and keep both copies until the differences are merged.",
    ]);
    list.command("Stop the launched servers; they can be started again", commands::stop(email));
    let what = "Terminate the launched servers, once you are sure that nothing on them is needed";
    list.command(what, commands::terminate(email));
}
