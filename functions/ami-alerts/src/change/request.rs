//! Reads the grantees of a request in every form that a record may have: members of any case, wrapped requests, lists as arrays
//! or as XML-like `item` members. What this function does not understand is kept as a grantee of an unknown kind.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::grantee::Grantee;

/// The deepest member that is searched for an id.
const DEEPEST: usize = 8;

/// The members of the older form that hold grantees (ModifyImageAttribute and ModifySnapshotAttribute, Amazon EC2 API
/// Reference, and the names that CloudTrail gives to lists).
const LISTS: [&str; 15] = [
    "userid",
    "userids",
    "useridset",
    "usergroup",
    "usergroups",
    "usergroupset",
    "group",
    "groups",
    "groupset",
    "groupnames",
    "groupnameset",
    "organizationarns",
    "organizationarnset",
    "organizationalunitarns",
    "organizationalunitarnset",
];

/// The members of a grantee: of LaunchPermission and CreateVolumePermission, and of the older form (Amazon EC2 API Reference).
const KEYS: [&str; 6] =
    ["userid", "group", "usergroup", "groupname", "organizationarn", "organizationalunitarn"];

/// The members that hold the permissions of an image and of a snapshot, and their two parts.
const PERMISSIONS: [&str; 4] = ["launchpermission", "createvolumepermission", "add", "remove"];

/// The members that hold the items of a list.
const ITEMS: [&str; 4] = ["items", "item", "member", "members"];

/// The members of a request that grant no access by themselves.
const ABOUT: [&str; 9] = [
    "imageid",
    "snapshotid",
    "operationtype",
    "attributetype",
    "attribute",
    "value",
    "dryrun",
    "clienttoken",
    "tagspecificationset",
];

/// The attributes that grant no access: every other one of ImageAttributeName and SnapshotAttributeName (Amazon EC2 API
/// Reference).
const HARMLESS: [&str; 13] = [
    "blockdevicemapping",
    "bootmode",
    "deregistrationprotection",
    "description",
    "imdssupport",
    "kernel",
    "lastlaunchedtime",
    "productcode",
    "productcodes",
    "ramdisk",
    "sriovnetsupport",
    "tpmsupport",
    "uefidata",
];

/// A member's value by its name, which has any case.
pub(super) fn member<'v>(members: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The request without the objects that wrap it: `{"ModifyImageAttributeRequest": {..}}`. An object beside members that may
/// grant access wraps nothing.
pub(super) fn unwrapped(mut request: &Map<String, Value>) -> &Map<String, Value> {
    for _ in 0..DEEPEST {
        let wraps = |name: &str| name.to_ascii_lowercase().ends_with("request");
        let mut others = request.iter().filter(|(name, value)| !wraps(name) && !is_empty(value));
        let is_alone =
            others.all(|(name, _)| ABOUT.contains(&plain(name).as_str()) || plain(name) == "xmlns");
        let mut wrapped = request.iter().filter_map(|(name, value)| match value {
            Value::Object(inner) if wraps(name) => Some(inner),
            _ => None,
        });
        match wrapped.next().filter(|_| is_alone && wrapped.next().is_none()) {
            Some(inner) => request = inner,
            None => break,
        }
    }
    request
}

/// The first text of a member with this name, at any depth.
pub(super) fn text_within<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    within(value, name, DEEPEST)
}

fn within<'v>(value: &'v Value, name: &str, depth: usize) -> Option<&'v str> {
    if depth == 0 {
        return None;
    }
    match value {
        Value::Object(members) => {
            let named = member(members, name).and_then(Value::as_str).filter(|text| !text.is_empty());
            named.or_else(|| members.values().find_map(|inner| within(inner, name, depth - 1)))
        }
        Value::Array(items) => items.iter().find_map(|inner| within(inner, name, depth - 1)),
        _ => None,
    }
}

/// The attribute that the request names.
pub(super) fn attribute(request: &Map<String, Value>) -> Option<&str> {
    ["attributeType", "attribute"].iter().find_map(|name| member(request, name)?.as_str())
}

/// Whether an attribute is the permission. `CREATE_VOLUME_PERMISSION` and `createVolumePermission` are the same.
pub(super) fn is_permission(attribute: &str, permission: &str) -> bool {
    plain(attribute) == permission.to_ascii_lowercase()
}

/// The attribute of a request that changes no access: one that the API Reference lists, and no other.
pub(super) fn harmless_attribute(request: &Map<String, Value>) -> Option<String> {
    let is_harmless = |name: &str| HARMLESS.contains(&plain(name).as_str());
    let others = request.keys().filter(|name| !ABOUT.contains(&plain(name).as_str()));
    let others: Vec<&String> = others.collect();
    let named = ["attributeType", "attribute"].iter().filter_map(|name| member(request, name));
    let is_unread = named.into_iter().any(|value| !value.is_string() && !value.is_null());
    if is_unread || !others.iter().all(|name| is_harmless(name)) {
        return None;
    }
    match attribute(request) {
        Some(attribute) => is_harmless(attribute).then(|| attribute.to_owned()),
        None => others.first().map(|name| (*name).clone()),
    }
}

fn plain(name: &str) -> String {
    name.replace(['_', '-'], "").to_ascii_lowercase()
}

/// The grantees that a request adds and removes.
#[derive(Debug, Default)]
pub(super) struct Modification {
    pub(super) added: Vec<Grantee>,
    pub(super) removed: Vec<Grantee>,
    /// The parts that are not understood.
    pub(super) unread: Vec<String>,
}

/// The grantees that a request names. `permission` is the member of the newer form.
pub(super) fn modification(request: &Map<String, Value>, permission: &str) -> Modification {
    let mut read = Modification::default();
    let mut listed = Vec::new();
    let operations =
        request.iter().filter(|(name, value)| plain(name) == "operationtype" && !is_empty(value));
    let operations: Vec<&Value> = operations.map(|(_, value)| value).collect();
    let operation = operations.first().copied();
    for (name, value) in request {
        let plain = plain(name);
        if plain == permission.to_ascii_lowercase() {
            read.permission(value);
        } else if LISTS.contains(&plain.as_str()) {
            listed.extend(grantees(value));
        } else if !ABOUT.contains(&plain.as_str()) && !HARMLESS.contains(&plain.as_str()) && !is_empty(value)
            || has_grantees(value, DEEPEST)
        {
            read.not_understood(name, value);
        }
    }
    let word =
        operation.and_then(Value::as_str).filter(|_| operations.len() == 1).map(str::to_ascii_lowercase);
    match word.as_deref() {
        Some("add") => read.added.extend(listed),
        Some("remove") => read.removed.extend(listed),
        None if operation.is_none() && listed.is_empty() => {}
        None if operation.is_none() => {
            read.unread.extend(listed.iter().map(|grantee| grantee.name().into_owned()))
        }
        _ => read.not_understood("operationType", operation.unwrap_or(&Value::Null)),
    }
    read.added = without_repeats(read.added);
    read.removed = without_repeats(read.removed);
    read
}

impl Modification {
    /// The newer form: `{"add": {"items": [..]}, "remove": {"items": [..]}}`.
    fn permission(&mut self, value: &Value) {
        let Value::Object(asked) = value else {
            if !is_empty(value) {
                self.unread.push(value.to_string());
            }
            return;
        };
        for (name, value) in asked {
            match plain(name).as_str() {
                "add" => self.added.extend(grantees(value)),
                "remove" => self.removed.extend(grantees(value)),
                _ if is_empty(value) => {}
                _ => self.not_understood(name, value),
            }
        }
    }

    fn not_understood(&mut self, name: &str, value: &Value) {
        let part: Map<String, Value> = [(name.to_owned(), value.clone())].into_iter().collect();
        self.unread.push(Value::Object(part).to_string());
    }
}

/// Whether a value has a member that names a permission or a grantee, at any depth.
fn has_grantees(value: &Value, depth: usize) -> bool {
    match value {
        _ if depth == 0 => !is_empty(value),
        Value::Object(members) => members.iter().any(|(name, inner)| {
            let plain = plain(name);
            let names = [&LISTS[..], &KEYS, &PERMISSIONS];
            names.iter().any(|names| names.contains(&plain.as_str())) || has_grantees(inner, depth - 1)
        }),
        Value::Array(items) => items.iter().any(|inner| has_grantees(inner, depth - 1)),
        _ => false,
    }
}

/// All grantees in a value: in `{"items": [..]}`, a list, one object, a string or a number.
fn grantees(value: &Value) -> Vec<Grantee> {
    match value {
        _ if is_empty(value) => Vec::new(),
        Value::String(text) => vec![Grantee::of(text)],
        Value::Number(number) => vec![Grantee::of(&account_of(&number.to_string()))],
        Value::Array(items) => items.iter().flat_map(grantees).collect(),
        Value::Object(members) => item(members),
        Value::Null | Value::Bool(_) => vec![Grantee::Other(value.to_string())],
    }
}

/// An account's id as a number has no leading zeros.
fn account_of(digits: &str) -> String {
    if (9..12).contains(&digits.len()) { format!("{digits:0>12}") } else { digits.to_owned() }
}

/// The grantees of one object. A member of a kind that AWS added later is kept as it is rather than dropped.
fn item(members: &Map<String, Value>) -> Vec<Grantee> {
    let mut named = Vec::new();
    let mut unknown = Map::new();
    for (name, value) in members {
        let plain = plain(name);
        if ITEMS.contains(&plain.as_str()) || KEYS.contains(&plain.as_str()) {
            named.extend(grantees(value));
        } else if !is_empty(value) {
            unknown.insert(name.clone(), value.clone());
        }
    }
    if !unknown.is_empty() {
        named.push(Grantee::Other(Value::Object(unknown).to_string()));
    }
    named
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn without_repeats(grantees: Vec<Grantee>) -> Vec<Grantee> {
    let mut seen = BTreeSet::new();
    grantees.into_iter().filter(|grantee| seen.insert(grantee.clone())).collect()
}
