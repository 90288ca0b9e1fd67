use super::*;

fn read_text(events: &str) -> Result<ClosedTimes, Vec<IcsProblem>> {
    let text =
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}\r\nEND:VCALENDAR\r\n", events.replace('\n', "\r\n"));
    read(text.as_bytes(), &TimeZone::get("Europe/Berlin").unwrap())
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT")
}

#[track_caller]
fn days(lines: &str) -> Vec<String> {
    let closed = read_text(&event(lines)).unwrap_or_else(|problems| panic!("{problems:?}"));
    closed.days.keys().map(Date::to_string).collect()
}

#[track_caller]
fn periods(lines: &str) -> Vec<String> {
    let closed = read_text(&event(lines)).unwrap_or_else(|problems| panic!("{problems:?}"));
    closed.periods.iter().map(|period| format!("{} {}", period.from, period.until)).collect()
}

#[track_caller]
fn problem(events: &str) -> String {
    let problems = read_text(events).unwrap_err();
    problems.iter().map(IcsProblem::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn an_all_day_event_closes_its_days_without_its_end() {
    assert_eq!(
        days("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227\nSUMMARY:Christmas"),
        ["2026-12-24", "2026-12-25", "2026-12-26"]
    );
    assert_eq!(days("DTSTART:20261224"), ["2026-12-24"], "a date is a date without VALUE, too");
    assert_eq!(days("dtstart;value=date:20280229\nduration:P2D"), ["2028-02-29", "2028-03-01"]);
    assert_eq!(days("DTSTART;VALUE=DATE:20261231\nDURATION:P1W").len(), 7);
}

#[test]
fn a_timed_event_closes_from_one_instant_to_another() {
    assert_eq!(
        periods("DTSTART;TZID=America/New_York:20261224T120000\nDTEND;TZID=America/New_York:20261224T180000"),
        ["2026-12-24T17:00:00Z 2026-12-24T23:00:00Z"]
    );
    assert_eq!(
        periods("DTSTART:20261224T120000Z\nDURATION:PT1H30M"),
        ["2026-12-24T12:00:00Z 2026-12-24T13:30:00Z"]
    );
    assert_eq!(
        periods("DTSTART:20261224T120000\nDURATION:PT1H"),
        ["2026-12-24T11:00:00Z 2026-12-24T12:00:00Z"],
        "a time without a zone is the window's"
    );
    assert_eq!(
        periods("DTSTART;TZID=\"Eastern Standard Time\":20261224T120000\nDURATION:PT1H"),
        ["2026-12-24T17:00:00Z 2026-12-24T18:00:00Z"],
        "a zone of Outlook"
    );
    assert_eq!(
        periods("DTSTART;TZID=\"Europe/Berlin\":20260329T023000\nDURATION:PT1H"),
        ["2026-03-29T01:30:00Z 2026-03-29T02:30:00Z"],
        "a skipped time has the offset before the change"
    );
}

#[test]
fn a_nominal_day_and_an_exact_day_differ_when_the_clock_changes() {
    let twice = "RRULE:FREQ=WEEKLY;COUNT=2";
    let nominal = periods(&format!("DTSTART;TZID=Europe/Berlin:20260321T120000\nDURATION:P1D\n{twice}"));
    assert_eq!(nominal[1], "2026-03-28T11:00:00Z 2026-03-29T10:00:00Z");
    let exact = periods(&format!(
        "DTSTART;TZID=Europe/Berlin:20260321T120000\nDTEND;TZID=Europe/Berlin:20260322T120000\n{twice}"
    ));
    assert_eq!(exact[1], "2026-03-28T11:00:00Z 2026-03-29T11:00:00Z");
}

#[test]
fn an_event_recurs_as_its_rule_says() {
    let recurs = |start: &str, rule: &str| {
        let mut all = days(&format!("DTSTART;VALUE=DATE:{start}\nRRULE:{rule}"));
        all.truncate(4);
        all
    };
    assert_eq!(recurs("20251225", "FREQ=YEARLY"), ["2025-12-25", "2026-12-25", "2027-12-25", "2028-12-25"]);
    assert_eq!(recurs("20240229", "FREQ=YEARLY"), ["2024-02-29", "2028-02-29", "2032-02-29", "2036-02-29"]);
    assert_eq!(
        recurs("20251127", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;UNTIL=20271231"),
        ["2025-11-27", "2026-11-26", "2027-11-25"]
    );
    assert_eq!(recurs("20260525", "FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;COUNT=2"), ["2026-05-25", "2027-05-31"]);
    assert_eq!(recurs("20260131", "FREQ=MONTHLY;COUNT=3"), ["2026-01-31", "2026-03-31", "2026-05-31"]);
    assert_eq!(
        recurs("20260131", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3"),
        ["2026-01-31", "2026-02-28", "2026-03-31"]
    );
    assert_eq!(
        recurs("20260130", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2"),
        ["2026-01-30", "2026-02-27"]
    );
    assert_eq!(
        recurs("20261204", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,SU;COUNT=3"),
        ["2026-12-04", "2026-12-06", "2026-12-18"]
    );
    assert_eq!(recurs("20260105", "FREQ=YEARLY;BYDAY=1MO;COUNT=2"), ["2026-01-05", "2027-01-04"]);
    assert_eq!(
        recurs("20261201", "FREQ=DAILY;INTERVAL=3;UNTIL=20261207T230000Z"),
        ["2026-12-01", "2026-12-04", "2026-12-07"]
    );
}

#[test]
fn dates_are_excepted_added_and_replaced() {
    assert_eq!(
        days(
            "DTSTART;VALUE=DATE:20251225\nRRULE:FREQ=YEARLY;COUNT=3\nEXDATE;VALUE=DATE:20261225,20271225\nRDATE;VALUE=DATE:20260101"
        ),
        ["2025-12-25", "2026-01-01"]
    );
    let moved = format!(
        "{}\n{}\n{}",
        event("UID:a\nDTSTART;VALUE=DATE:20251225\nRRULE:FREQ=YEARLY;COUNT=3"),
        event("UID:a\nRECURRENCE-ID;VALUE=DATE:20261225\nDTSTART;VALUE=DATE:20261228"),
        event("UID:a\nRECURRENCE-ID;VALUE=DATE:20271225\nDTSTART;VALUE=DATE:20271225\nSTATUS:CANCELLED"),
    );
    let closed = read_text(&moved).unwrap();
    assert_eq!(closed.days.keys().map(Date::to_string).collect::<Vec<_>>(), ["2025-12-25", "2026-12-28"]);
    let cancelled = read_text(&event("DTSTART;VALUE=DATE:20251225\nSTATUS:CANCELLED")).unwrap();
    assert_eq!(cancelled, ClosedTimes::default());
}

#[test]
fn folded_lines_and_names_are_read() {
    let closed = read_text(&event(
        "DTSTART;VALUE=DATE:2026\n 1225\nSUMMARY:Christmas\\, the\n  first day\nBEGIN:VALARM\nDTSTART:x\nEND:VALARM",
    ));
    assert_eq!(closed.unwrap().days.values().next().unwrap(), "Christmas, the first day");
    // A line may be folded within a character ("Content Lines", RFC 5545, 3.1).
    let split = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20261225\r\nSUMMARY:F\xc3\r\n \xaate\r\nEND:VEVENT\r\nEND:VCALENDAR";
    assert_eq!(read(split, &TimeZone::UTC).unwrap().days.values().next().unwrap(), "F\u{ea}te");
}

#[test]
fn whatever_is_not_understood_names_its_line() {
    for (lines, says) in [
        ("DTSTART:20261301", "line 4: `20261301` is not a date, or a date with a time"),
        (
            "DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=HOURLY",
            "line 5: the part `FREQ=HOURLY` of the recurrence is not understood",
        ),
        (
            "DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY;BYWEEKNO=20",
            "line 5: the part `BYWEEKNO=20` of the recurrence is not understood",
        ),
        (
            "DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY;BYMONTH=11",
            "line 5: DTSTART is not one of the dates of its RRULE; RFC 5545 does not define the others then",
        ),
        (
            "DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY;INTERVAL=0",
            "line 5: the part `INTERVAL=0` of the recurrence is not understood",
        ),
        (
            "DTSTART;TZID=Customized Time Zone:20261225T100000\nDURATION:PT1H",
            "line 4: `Customized Time Zone` is not a time zone of the IANA database",
        ),
        ("SUMMARY:x", "line 3: the event has no `DTSTART`"),
        ("DTSTART:20261225T100000Z", "line 4: the event has no `DTEND`"),
        (
            "DTSTART:20261225\nDTEND:20261225",
            "line 5: the event ends when it begins, or before, so it closes nothing",
        ),
        ("DTSTART:20261225\nDTEND:20261226T100000", "line 5: DTEND has to be a date, as DTSTART is"),
        ("DTSTART:20261225\nDURATION:-P1D", "line 5: `-P1D` is not a duration"),
        ("DTSTART:20261225\nDTSTART:20261226", "line 5: the event has a second `DTSTART`"),
        ("DTSTART;VALUE=PERIOD:20261225", "line 4: the parameter `VALUE=PERIOD` is not understood"),
        (
            "DTSTART:20261225\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261225",
            "line 5: the parameter `RANGE=THISANDFUTURE` is not understood",
        ),
        ("DTSTART:20261225\nEXRULE:FREQ=DAILY", "line 5: `EXRULE` is not understood"),
        ("DTSTART:20261225\nnonsense", "line 5: not a line of iCalendar, `NAME:value`"),
    ] {
        assert_eq!(problem(&event(lines)), says);
    }
    assert_eq!(
        problem("BEGIN:VTODO\nEND:VTODO"),
        "line 3: VTODO is not an event; only VEVENT closes a window"
    );
    assert_eq!(
        problem("BEGIN:VEVENT\nDTSTART:20261225"),
        "line 5: `END:VCALENDAR` ends nothing that began; line 5: the file ends within VEVENT"
    );
    let zone = TimeZone::UTC;
    let says = |bytes: &[u8]| read(bytes, &zone).unwrap_err()[0].to_string();
    assert_eq!(says(b""), "line 1: the file has no VCALENDAR");
    assert_eq!(says(b"\xff"), "line 1: the file is not UTF-8");
    assert_eq!(says(b"BEGIN:VCALENDAR\nX:a\n  b\nX:\xff\nEND:VCALENDAR"), "line 4: the file is not UTF-8");
    assert_eq!(says(b"<html>:x"), "line 1: not a line of iCalendar, `NAME:value`");
    assert_eq!(says(&vec![b'x'; LARGEST + 1]), "line 1: the file has more than 1000000 bytes");
}

#[test]
fn a_hostile_file_ends() {
    let daily = event("DTSTART;VALUE=DATE:00010101\nRRULE:FREQ=DAILY");
    assert!(problem(&daily).contains("more than 200000 occurrences"));
    assert!(
        problem(&event("DTSTART;VALUE=DATE:00010101\nDTEND;VALUE=DATE:99991231")).contains("occurrences")
    );
    let never = event("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31");
    assert!(problem(&never).contains("DTSTART is not one of the dates"));
    let many = vec![daily; 500].join("\n");
    let started = std::time::Instant::now();
    assert!(read_text(&many).is_err());
    assert!(started.elapsed().as_secs() < 10);
}
