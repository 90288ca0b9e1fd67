//! Plays an outage in steps of ten seconds: servers, health checkers, DNS, and the cache of a visitor's resolver.

use super::zone::{Answer, PRIMARY, RECOVERED, Seen, Zone};

/// The seconds of a step.
const STEP: u64 = 10;
/// The TTL of the servers' records. The test below compares it with the template; AWS sets that of the page's record.
const TTL: u64 = 60;

pub(super) struct Outage {
    pub changes: &'static [Change],
}

/// A server begins or ceases to answer. Without an address, the event changes no server.
pub(super) struct Change {
    pub at: u64,
    pub address: &'static str,
    pub answers: bool,
    pub event: &'static str,
}

/// What visitors reach at a time.
pub(super) struct Visit {
    pub at: u64,
    event: Option<&'static str>,
    /// The answer to a query that no cache has.
    pub fresh: Answer,
    /// The oldest answer that a resolver may still have.
    cached: Answer,
    primary: bool,
    recovered: bool,
}

impl Outage {
    /// Whether a server answers at a time: the primary server at first, the recovered server not.
    fn answers(&self, address: &str, at: u64) -> bool {
        let changes = self.changes.iter().rev();
        let last = changes.filter(|change| change.at <= at).find(|change| change.address == address);
        last.map_or(address == PRIMARY, |change| change.answers)
    }

    /// What the checkers report: a state counts when it has lasted for as long as they need.
    fn seen(&self, address: &str, at: u64, needed: u64) -> bool {
        let mut seen = address == PRIMARY;
        let mut since = (seen, 0);
        for now in (0..=at).step_by(STEP as usize) {
            let answers = self.answers(address, now);
            if answers != since.0 {
                since = (answers, now);
            }
            if now - since.1 >= needed {
                seen = answers;
            }
        }
        seen
    }

    /// The times at which something may change, with the time that the checkers and the caches need after each event.
    fn times(&self, needed: u64) -> Vec<u64> {
        let after = |at: u64| (0..=needed + TTL).step_by(STEP as usize).map(move |step| at + step);
        let mut times: Vec<u64> = self.changes.iter().flat_map(|change| after(change.at)).collect();
        times.sort_unstable();
        times.dedup();
        times
    }
}

pub(super) fn visits(zone: &Zone, outage: &Outage) -> Vec<Visit> {
    let needed = zone.seconds_until_seen();
    let answer = |at: Option<u64>| {
        let seen = |address| Some(at.map_or(address == PRIMARY, |at| outage.seen(address, at, needed)));
        zone.answer(Seen { primary: seen(PRIMARY), recovered: seen(RECOVERED), silent: seen(RECOVERED) })
    };
    let visit = |at: u64| Visit {
        at,
        event: outage.changes.iter().find(|change| change.at == at).map(|change| change.event),
        fresh: answer(Some(at)),
        // An answer that is as old as its TTL is not used: the oldest one is a step younger.
        cached: answer((at + STEP).checked_sub(TTL)),
        primary: outage.answers(PRIMARY, at),
        recovered: outage.answers(RECOVERED, at),
    };
    outage.times(needed).into_iter().map(visit).collect()
}

impl Visit {
    fn sees(&self, answer: Answer) -> &'static str {
        match answer {
            Answer::Primary if self.primary => "the site",
            Answer::Recovered if self.recovered => "the recovered site",
            Answer::Page => "the page",
            Answer::Primary | Answer::Recovered => "an error",
        }
    }

    fn columns(&self) -> [&'static str; 2] {
        [self.sees(self.fresh), self.sees(self.cached)]
    }
}

/// A row for each event, and for each time at which visitors see something else than before.
pub(super) fn table(zone: &Zone, outage: &Outage) -> String {
    let mut rows =
        "| Time | Event | New visitor | Visitor with a cached answer |\n|---|---|---|---|\n".to_owned();
    let mut before = None;
    for visit in visits(zone, outage) {
        let columns = visit.columns();
        if visit.event.is_some() || before != Some(columns) {
            let [fresh, cached] = columns;
            rows +=
                &format!("| {} | {} | {fresh} | {cached} |\n", clock(visit.at), visit.event.unwrap_or(""));
        }
        before = Some(columns);
    }
    rows
}

/// `1:01:30`, or `1:30` below an hour.
fn clock(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[test]
fn the_servers_records_have_the_ttl_of_the_tables() {
    let template = super::template();
    for record in ["PrimaryServer", "RecoveredServer"] {
        assert_eq!(template["Resources"][record]["Properties"]["TTL"], TTL.to_string(), "{record}");
    }
}
