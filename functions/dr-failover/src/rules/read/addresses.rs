//! The key `addresses`: the Elastic IP addresses that recovered servers receive.

use std::ops::Range;

use shared::config::{Problem, TableReader, Text};

use super::BAD_ADDRESS;
use crate::rules::{ServerAddress, Wave};

const HELP: &str = "write source servers and allocation ids, as in addresses = { \"s-0a1b2c3d4e5f60718\" = \
                    \"eipalloc-0a1b2c3d4e5f60718\" }";

/// Reads the addresses, and the places of their allocation ids.
pub(super) fn read(
    table: &mut TableReader<'_, '_, '_>,
    waves: &[Wave],
) -> (Vec<ServerAddress>, Vec<Range<usize>>) {
    let mut found: Vec<(ServerAddress, Range<usize>)> = Vec::new();
    if table.span("addresses").is_none() {
        return (Vec::new(), Vec::new());
    }
    for (server, allocation) in table.string_table("addresses").unwrap_or_default() {
        if !is_server(server.get_ref()) {
            let label = "not the id of a source server";
            table.problem(Problem::new(BAD_ADDRESS, server.span(), label).help(HELP));
            continue;
        }
        if !is_allocation(allocation.get_ref()) {
            let label = "not the allocation id of an Elastic IP address";
            table.problem(Problem::new(BAD_ADDRESS, allocation.span(), label).help(HELP));
            continue;
        }
        let same = found.iter().find(|(other, _)| other.allocation == *allocation.get_ref());
        if let Some((_, at)) = same {
            let problem = Problem::new(BAD_ADDRESS, allocation.span(), "another server has this address");
            table.problem(
                problem
                    .related(at.clone(), "here")
                    .help("an address has one server: allocate another address"),
            );
            continue;
        }
        if !is_in(waves, server.get_ref()) {
            missing(table, &server);
            continue;
        }
        let at = allocation.span();
        let (server, allocation) = (server.into_inner(), allocation.into_inner());
        found.push((ServerAddress { server, allocation }, at));
    }
    found.into_iter().unzip()
}

fn missing(table: &mut TableReader<'_, '_, '_>, server: &Text) {
    let problem = Problem::new(BAD_ADDRESS, server.span(), "no wave has this server");
    table.problem(problem.help("name a server that the plan recovers"));
}

/// Whether the plan recovers the server. The servers of a DRS recovery plan, and those that tags name, are not known here.
fn is_in(waves: &[Wave], server: &str) -> bool {
    let is_unknown = waves.is_empty() || waves.iter().any(|wave| !wave.tags.is_empty());
    is_unknown || waves.iter().any(|wave| wave.servers.iter().any(|id| id == server))
}

/// `s-` and 17 letters or digits (SourceServerID, AWS Elastic Disaster Recovery API Reference).
fn is_server(id: &str) -> bool {
    let rest = id.strip_prefix("s-");
    rest.is_some_and(|rest| rest.len() == 17 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// `eipalloc-` and 8 or 17 hexadecimal digits, as EC2's ids have them.
fn is_allocation(id: &str) -> bool {
    let digits = id.strip_prefix("eipalloc-");
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    digits.is_some_and(|digits| matches!(digits.len(), 8 | 17) && digits.bytes().all(is_hex))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn is_a_server_outside_of_the_waves_found() {
        let wave = |tags: BTreeMap<String, String>| Wave {
            name: "web".to_owned(),
            servers: vec!["s-000000000000web01".to_owned()],
            tags,
            optional: Vec::new(),
            within: SignedDuration::from_mins(30),
        };
        let by_ids = [wave(BTreeMap::new())];
        assert!(is_in(&by_ids, "s-000000000000web01") && !is_in(&by_ids, "s-0000000000000db01"));
        assert!(is_in(&[], "s-0000000000000db01"), "a DRS recovery plan has the servers");
        let by_tags = [wave([("tier".to_owned(), "web".to_owned())].into())];
        assert!(is_in(&by_tags, "s-0000000000000db01"), "tags name the servers");
    }

    #[test]
    fn is_an_id_of_another_kind_refused() {
        for id in ["eipalloc-0a1b2c3d", "eipalloc-0a1b2c3d4e5f60718"] {
            assert!(is_allocation(id), "{id}");
        }
        for id in
            ["", "eipalloc-", "eipalloc-0A1B2C3D", "eipassoc-0a1b2c3d", "203.0.113.10", "eipalloc-0a1b2c3d;x"]
        {
            assert!(!is_allocation(id), "{id}");
        }
        assert!(is_server("s-000000000000web01") && !is_server("i-0a1b2c3d4e5f60718") && !is_server("s-1"));
    }
}
