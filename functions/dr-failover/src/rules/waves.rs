//! Reads the key `waves`: source servers in ordered waves, for a plan without a DRS recovery plan.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::SignedDuration;
use shared::config::{Code, Problem, TableReader, Text};
use shared::function::{Key, KeyDefault, Table, ValueType};

use super::Wave;
use super::read::duration;

pub(super) const NO_ONE_ORDER: Code =
    Code { name: "plan-or-waves", title: "a recovery plan has both `plan` and `waves`, or neither" };
pub(super) const BAD_WAVE: Code =
    Code { name: "bad-wave", title: "a wave names no server, or has a bad name" };
pub(super) const SAME_WAVE: Code =
    Code { name: "wave-named-twice", title: "two waves of a recovery plan have the same name" };
pub(super) const BAD_SERVER: Code =
    Code { name: "bad-source-server", title: "a value is not the id of a source server of the wave" };
pub(super) const SERVER_TWICE: Code =
    Code { name: "server-named-twice", title: "the waves of a recovery plan name a source server twice" };
pub(super) const TOO_MANY: Code =
    Code { name: "too-many-waves", title: "a recovery plan has too many waves or servers" };

/// The most waves of a plan.
const MOST_WAVES: usize = 20;

/// The most servers of all waves of a plan: the table's item of an incident has at most 400 KB, and holds about 600 bytes for
/// each server. DRS replicates at most 300 servers in an account and region unless AWS raised that quota.
pub const MOST_WAVE_SERVERS: usize = 300;

/// The longest name: it is in subjects.
const LONGEST_NAME: usize = 40;

/// The table of a wave.
pub const WAVE: Table = Table {
    name: "recovery-plan.waves",
    summary: "a wave of source servers",
    is_list: true,
    keys: &[
        key("name", ValueType::String, KeyDefault::Required, "the wave's name"),
        key("servers", ValueType::STRINGS, KeyDefault::Absent("none"), "the ids of source servers"),
        key(
            "tags",
            ValueType::TABLE_OF_STRINGS,
            KeyDefault::Absent("none"),
            "the tags that every source server of the wave has",
        ),
        key("optional", ValueType::STRINGS, KeyDefault::Absent("none"), "the servers that no wave waits for"),
        key(
            "within",
            ValueType::text("a duration of 1m to 1d"),
            KeyDefault::Value("\"30m\""),
            "the time in which the servers launch",
        ),
    ],
};

const fn key(name: &'static str, takes: ValueType, default: KeyDefault, summary: &'static str) -> Key {
    Key { name, takes, default, summary }
}

/// The names and the servers of the waves that were read, with their places.
#[derive(Default)]
struct SeenWaves {
    names: Vec<Text>,
    servers: Vec<Text>,
    /// The tags of waves.
    tags: Vec<Range<usize>>,
}

impl SeenWaves {
    /// The servers with their places: ids, and `*` for those that tags name.
    fn places(self) -> Vec<(String, Range<usize>)> {
        let tags = self.tags.into_iter().map(|at| ("*".to_owned(), at));
        self.servers.into_iter().map(|id| (id.get_ref().clone(), id.span())).chain(tags).collect()
    }
}

/// The waves with the places of their servers.
type ReadWaves = (Option<Vec<Wave>>, Vec<(String, Range<usize>)>);

/// Reads the waves; empty for a plan with a DRS recovery plan.
pub(super) fn read(table: &mut TableReader<'_, '_, '_>, has_plan: bool) -> ReadWaves {
    let mut seen = SeenWaves::default();
    let waves = all(table, has_plan, &mut seen);
    (waves, seen.places())
}

fn all(table: &mut TableReader<'_, '_, '_>, has_plan: bool, seen: &mut SeenWaves) -> Option<Vec<Wave>> {
    let Some(at) = table.span("waves") else {
        if !has_plan {
            let label = "this table has neither `plan` nor `waves`";
            let help = "add `plan = \"...\"`, the ARN of a DRS recovery plan, or `waves = [{ name = \"...\", servers = [\"s-...\"] }]`";
            table.problem(Problem::new(NO_ONE_ORDER, table.header(), label).help(help));
            return None;
        }
        return Some(Vec::new());
    };
    if has_plan {
        let label = "this table has `plan`, too";
        let help = "remove `plan`, whose steps have the order of the servers in DRS, or `waves`";
        table.problem(Problem::new(NO_ONE_ORDER, at.clone(), label).help(help));
    }
    let raw = table.tables("waves")?.into_inner();
    let waves: Vec<Option<Wave>> = raw.iter().map(|raw| wave(table.nested(&WAVE, raw), seen)).collect();
    counted(table, &at, raw.len(), seen.servers.len());
    waves.into_iter().collect()
}

fn counted(table: &mut TableReader<'_, '_, '_>, at: &Range<usize>, waves: usize, servers: usize) {
    if waves == 0 {
        let help = "write `waves = [{ name = \"databases\", servers = [\"s-...\"] }]`, or `plan`";
        table.problem(Problem::new(BAD_WAVE, at.clone(), "`waves` is empty").help(help));
    }
    let label = match (waves > MOST_WAVES, servers > MOST_WAVE_SERVERS) {
        (true, _) => format!("{waves} waves, and a plan has at most {MOST_WAVES}"),
        (_, true) => format!("{servers} servers, and the waves of a plan have at most {MOST_WAVE_SERVERS}"),
        _ => return,
    };
    table.problem(Problem::new(TOO_MANY, at.clone(), label).help("split the plan into several plans"));
}

fn wave(mut table: TableReader<'_, '_, '_>, seen: &mut SeenWaves) -> Option<Wave> {
    let name = table.required_string("name", BAD_WAVE).filter(|name| legal_name(&mut table, name, seen));
    let servers = servers(&mut table, seen);
    seen.tags.extend(table.span("tags"));
    let tags: BTreeMap<String, String> = table
        .string_table("tags")
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.into_inner(), value.into_inner()))
        .collect();
    if servers.is_empty() && tags.is_empty() {
        let help = "add `servers = [\"s-...\"]`, or `tags = { Wave = \"databases\" }`";
        table.problem(Problem::new(BAD_WAVE, table.header(), "this wave names no server").help(help));
    }
    let optional = optional(&mut table, &servers, !tags.is_empty());
    let within =
        duration(&mut table, "within", SignedDuration::from_mins(1)..=SignedDuration::from_hours(24));
    table.finish();
    Some(Wave {
        name: name?.into_inner(),
        servers,
        tags,
        optional,
        within: within.unwrap_or(SignedDuration::from_mins(30)),
    })
}

fn legal_name(table: &mut TableReader<'_, '_, '_>, name: &Text, seen: &mut SeenWaves) -> bool {
    let text = name.get_ref();
    if text.chars().count() > LONGEST_NAME || text.chars().any(char::is_control) {
        let label = format!("not at most {LONGEST_NAME} printable characters");
        table.problem(
            Problem::new(BAD_WAVE, name.span(), label).help("write a short name, such as \"databases\""),
        );
        return false;
    }
    if let Some(first) = seen.names.iter().find(|first| first.get_ref() == text) {
        table.problem(
            Problem::new(SAME_WAVE, name.span(), "another wave has this name")
                .related(first.span(), "the other wave")
                .help("emails name a wave by its name: give each wave its own"),
        );
        return false;
    }
    seen.names.push(name.clone());
    true
}

fn servers(table: &mut TableReader<'_, '_, '_>, seen: &mut SeenWaves) -> Vec<String> {
    let mut ids = Vec::new();
    for id in table.strings("servers").map(toml::Spanned::into_inner).unwrap_or_default() {
        if !is_server_id(id.get_ref()) {
            let help =
                "write an id that `aws drs describe-source-servers` shows, as in \"s-0123456789abcdef0\"";
            let label = "not the id of a source server: s- and 17 letters or digits";
            table.problem(Problem::new(BAD_SERVER, id.span(), label).help(help));
            continue;
        }
        if let Some(first) = seen.servers.iter().find(|first| first.get_ref() == id.get_ref()) {
            table.problem(
                Problem::new(SERVER_TWICE, id.span(), "the waves name this server already")
                    .related(first.span(), "here")
                    .help("a second launch of a server deletes its first instance: name it once"),
            );
            continue;
        }
        ids.push(id.get_ref().clone());
        seen.servers.push(id);
    }
    ids
}

/// With tags, the servers of the wave are known in DRS alone.
fn optional(table: &mut TableReader<'_, '_, '_>, servers: &[String], has_tags: bool) -> Vec<String> {
    let mut ids = Vec::new();
    for id in table.strings("optional").map(toml::Spanned::into_inner).unwrap_or_default() {
        let is_known = servers.contains(id.get_ref()) || (has_tags && is_server_id(id.get_ref()));
        match is_known {
            true => ids.push(id.into_inner()),
            false => {
                let label = "not a server of this wave";
                let help = "name it in `servers` of the same wave, too";
                table.problem(Problem::new(BAD_SERVER, id.span(), label).help(help));
            }
        }
    }
    ids
}

/// `s-` and 17 letters or digits (SourceServerID, AWS Elastic Disaster Recovery API Reference).
fn is_server_id(id: &str) -> bool {
    id.strip_prefix("s-")
        .is_some_and(|rest| rest.len() == 17 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}
