//! The records of templates/dr-site.yaml, walked through every health of the servers and through outages minute by minute.

mod outage;
mod zone;

use serde_json::Value;

use crate::repository::{read, root};
use outage::{Change, Outage, table};
use zone::{Answer, PRIMARY, RECOVERED, Seen, Zone};

fn template() -> Value {
    pointsman::template::document(&root().join("templates/dr-site.yaml")).expect("the template is right")
}

fn https() -> Zone {
    Zone::of(&template(), true)
}

/// What the checkers may have seen of a server. `None`: a new health check that does not know it yet.
const SEEN: [Option<bool>; 3] = [Some(true), Some(false), None];

/// Every state that the three endpoint checks can have. The two checks of the recovered server need not agree.
fn all_seen() -> impl Iterator<Item = Seen> {
    let of = |primary| move |recovered| SEEN.map(|silent| Seen { primary, recovered, silent });
    SEEN.into_iter().flat_map(move |primary| SEEN.into_iter().flat_map(of(primary)))
}

/// Why an answer is wrong, if it is.
fn wrong(seen: Seen, answer: &Answer) -> Option<&'static str> {
    let Seen { primary, recovered, silent } = seen;
    let is_known = primary.is_some() && recovered.is_some() && silent == recovered;
    match answer {
        Answer::Primary if primary == Some(false) => Some("the primary server is known to be down"),
        Answer::Recovered if recovered == Some(false) => Some("the recovered server is known to be down"),
        Answer::Primary if silent == Some(true) => Some("visitors leave a recovered server that answers"),
        Answer::Page if is_known && (primary, recovered) != (Some(false), Some(false)) => {
            Some("visitors see the page though a server answers")
        }
        _ => None,
    }
}

fn wrong_answers(zone: &Zone) -> Vec<String> {
    let found = all_seen().filter_map(|seen| {
        let answer = zone.answer(seen);
        wrong(seen, &answer).map(|why| format!("{seen:?} -> {answer:?}: {why}"))
    });
    found.collect()
}

#[test]
fn no_health_of_the_servers_leads_a_visitor_to_the_wrong_tier() {
    for is_https in [true, false] {
        let zone = Zone::of(&template(), is_https);
        assert_eq!(all_seen().count(), 27);
        assert_eq!(wrong_answers(&zone), Vec::<String>::new(), "HTTPS: {is_https}");
    }
}

/// Each change is one that a reviewer could take for harmless.
#[test]
fn each_part_of_the_records_is_needed() {
    let changes: [(&str, &str, Value); 6] = [
        ("PrimaryServes", "/HealthCheckConfig/HealthThreshold", 1.into()),
        ("RecoveredIsSilent", "/HealthCheckConfig/Inverted", false.into()),
        ("SiteServers", "/AliasTarget/EvaluateTargetHealth", false.into()),
        ("PrimaryServer", "/HealthCheckId", serde_json::json!({ "Ref": "PrimaryAnswers" })),
        ("PrimaryServer", "/Failover", "SECONDARY".into()),
        ("RecoveredServer", "/HealthCheckId", serde_json::json!({ "Ref": "PrimaryAnswers" })),
    ];
    for (resource, place, value) in changes {
        let mut template = template();
        let properties = &mut template["Resources"][resource]["Properties"];
        *properties.pointer_mut(place).expect("the template has the property") = value;
        assert_ne!(wrong_answers(&Zone::of(&template, true)), Vec::<String>::new(), "{resource}{place}");
    }
}

#[test]
fn the_page_is_always_healthy() {
    let zone = https();
    let page = zone.records.iter().find(|record| record.set == "page").expect("there is a page");
    assert_eq!((page.check.as_deref(), page.evaluates), (None, false));
}

/// "If you create a health check for which the value of FullyQualifiedDomainName matches the name of the records, results will be
/// unpredictable" (API reference, HealthCheckConfig): with an address, the name is not resolved.
#[test]
fn no_health_check_resolves_a_name() {
    let template = template();
    let checks = cloudformation_template::members(&template["Resources"])
        .filter(|(_, resource)| resource["Type"] == "AWS::Route53::HealthCheck");
    let config = |resource: &Value| resource["Properties"]["HealthCheckConfig"].clone();
    let by_name = checks
        .map(|(name, resource)| (name, config(resource)))
        .filter(|(_, config)| config["Type"] != "CALCULATED" && config["IPAddress"].is_null());
    assert_eq!(by_name.map(|(name, _)| name.clone()).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn the_records_of_the_site_wait_until_they_are_enabled() {
    let template = template();
    let zone = Zone::with(&template, true, "disabled");
    let names: Vec<&str> = zone.records.iter().map(|record| record.set.as_str()).collect();
    assert_eq!(names, ["primary", "recovered"]);
    assert_eq!(template["Parameters"]["SiteRecords"]["Default"], "disabled");
}

/// A new check of the recovered server says "healthy", and the inverted one "unhealthy": visitors would be sent to an address where
/// nothing answers. This is why the stack begins with `SiteRecords=disabled`.
#[test]
fn new_health_checks_would_send_visitors_to_the_recovery_address() {
    let new = Seen { primary: None, recovered: None, silent: None };
    assert_eq!(https().answer(new), Answer::Recovered);
}

#[test]
fn the_tables_of_the_page_are_computed_from_the_template() {
    let zone = https();
    let tables = [
        ("combinations", combinations(&zone)),
        ("outage", table(&zone, &OUTAGE)),
        ("short", table(&zone, &SHORT)),
        ("flapping", table(&zone, &FLAPPING)),
    ];
    let mut page = read("docs/dr-site.md");
    for (name, computed) in tables {
        let (begin, end) = (format!("<!-- Computed: {name} -->\n\n"), "\n<!-- end -->");
        let (before, rest) =
            page.split_once(&begin).unwrap_or_else(|| panic!("the page has the table {name}"));
        let (written, after) = rest.split_once(end).expect("the table ends");
        if std::env::var_os("POINTSMAN_BLESS").is_some() {
            page = format!("{before}{begin}{computed}{end}{after}");
        } else {
            assert_eq!(written, computed, "the table {name} of docs/dr-site.md; POINTSMAN_BLESS=1 writes it");
        }
    }
    if std::env::var_os("POINTSMAN_BLESS").is_some() {
        std::fs::write(root().join("docs/dr-site.md"), page).expect("the page can be written");
    }
}

/// The answer for each health of the two servers, where the two checks of the recovered server agree.
fn combinations(zone: &Zone) -> String {
    let word = |seen| match seen {
        Some(true) => "answers",
        Some(false) => "silent",
        None => "not known yet",
    };
    let mut rows = "| Primary server | Recovered server | DNS answers with |\n|---|---|---|\n".to_owned();
    for primary in SEEN {
        for recovered in SEEN {
            let answer = zone.answer(Seen { primary, recovered, silent: recovered });
            rows += &format!("| {} | {} | {} |\n", word(primary), word(recovered), answer.words());
        }
    }
    rows
}

const OUTAGE: Outage = Outage {
    changes: &[
        Change { at: 0, address: PRIMARY, answers: false, event: "the primary server stops answering" },
        Change { at: 330, address: "", answers: false, event: "the alarm of `dr-alarm.yaml` enters ALARM" },
        Change {
            at: 1200,
            address: "",
            answers: false,
            event: "DRS launched the recovered server, without the Elastic IP address",
        },
        Change {
            at: 1260,
            address: RECOVERED,
            answers: true,
            event: "the Elastic IP address is associated with the recovered server",
        },
        Change {
            at: 7200,
            address: PRIMARY,
            answers: true,
            event: "the primary server answers again, with old data",
        },
        Change { at: 7800, address: PRIMARY, answers: false, event: "an operator stops the primary server" },
        Change {
            at: 90_000,
            address: PRIMARY,
            answers: true,
            event: "the primary server has the new data and answers",
        },
        Change {
            at: 90_600,
            address: RECOVERED,
            answers: false,
            event: "an operator disassociates the Elastic IP address: failback",
        },
    ],
};

const SHORT: Outage = Outage {
    changes: &[
        Change { at: 0, address: PRIMARY, answers: false, event: "the primary server stops answering" },
        Change { at: 20, address: PRIMARY, answers: true, event: "it answers again" },
    ],
};

const FLAPPING: Outage = Outage {
    changes: &[
        Change { at: 0, address: PRIMARY, answers: false, event: "the primary server stops answering" },
        Change { at: 60, address: PRIMARY, answers: true, event: "it answers again" },
        Change { at: 120, address: PRIMARY, answers: false, event: "it stops again" },
        Change { at: 180, address: PRIMARY, answers: true, event: "it answers again" },
        Change { at: 300, address: RECOVERED, answers: true, event: "a recovered server answers, too" },
        Change { at: 420, address: PRIMARY, answers: false, event: "the primary server stops again" },
        Change { at: 480, address: PRIMARY, answers: true, event: "it answers again" },
    ],
};

#[test]
fn visitors_of_a_recovered_server_stay_there_while_the_primary_server_flaps() {
    let visits = outage::visits(&https(), &FLAPPING);
    let after: Vec<_> = visits.iter().filter(|visit| visit.at >= 360).map(|visit| &visit.fresh).collect();
    assert!(after.len() > 10);
    assert!(after.iter().all(|answer| **answer == Answer::Recovered), "{after:?}");
}

#[test]
fn an_outage_shorter_than_the_checks_moves_no_visitor() {
    let visits = outage::visits(&https(), &SHORT);
    assert!(visits.iter().all(|visit| visit.fresh == Answer::Primary));
}
