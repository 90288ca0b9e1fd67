//! DynamoDB over real HTTP: conditional claims, refused claims, and invalid requests.

use local_aws::{JournaledAnswer, LocalAws};
use serde_json::{Value, json};

use crate::client::{Client, WorldText, error};

const TABLES: &str = r#"
[[table]]
name = "claims"
hash = { name = "id" }
items = [{ id = "old", expires = 5, confirmed = true, deep = { list = [1, "two"] } }]
[[table]]
name = "findings"
hash = { name = "image" }
range = { name = "seen", type = "N" }
items = [{ image = "a", seen = 10 }, { image = "a", seen = 9 }, { image = "a", seen = -1 }, { image = "b", seen = 3 }]
[[table]]
name = "claims"
region = "eu-west-1"
hash = { name = "id" }
"#;

struct ItemsTable {
    aws: LocalAws,
    client: Client,
}

fn start() -> ItemsTable {
    let aws = LocalAws::start(WorldText::of(TABLES)).unwrap();
    let client = Client::new(&aws.endpoint());
    ItemsTable { aws, client }
}

impl ItemsTable {
    fn ask(&self, operation: &str, mut input: Value) -> JournaledAnswer {
        if input.get("TableName").is_none() {
            input["TableName"] = json!("claims");
        }
        self.client.dynamodb(operation, &input)
    }

    fn ok(&self, operation: &str, input: Value) -> Value {
        match self.ask(operation, input) {
            JournaledAnswer::Ok(output) => output,
            other => panic!("{other:?}"),
        }
    }

    fn invalid(&self, operation: &str, input: Value) -> String {
        match self.ask(operation, input.clone()) {
            JournaledAnswer::Error { code, message, status: 400 }
                if code == "com.amazon.coral.validate#ValidationException" =>
            {
                message
            }
            other => panic!("{input}: {other:?}"),
        }
    }

    fn item(&self, id: &str) -> Option<Value> {
        self.aws.items("claims").unwrap().into_iter().find(|item| item["id"]["S"] == id)
    }
}

/// Claims an event until a time, unless it is confirmed or claimed beyond `now`.
fn claim(now: u32, until: u32) -> Value {
    json!({
        "Item": {"id": {"S": "e1"}, "expires": {"N": until.to_string()}},
        "ConditionExpression": "attribute_not_exists(id) OR (attribute_not_exists(confirmed) AND expires < :now)",
        "ExpressionAttributeValues": {":now": {"N": now.to_string()}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    })
}

#[test]
fn an_event_is_claimed_once_claimed_again_when_the_claim_is_over_and_never_once_confirmed() {
    let table = start();
    let refused = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    table.ok("PutItem", claim(100, 160));
    assert_eq!(error(&table.ask("PutItem", claim(110, 170))), (400, refused));
    // As numbers: 160 is after 99, as texts it would be before.
    assert_eq!(error(&table.ask("PutItem", claim(99, 170))), (400, refused));
    table.ok("PutItem", claim(161, 220));
    assert_eq!(table.item("e1").unwrap()["expires"], json!({"N": "220"}));
    table.ok(
        "UpdateItem",
        json!({
            "Key": {"id": {"S": "e1"}},
            "UpdateExpression": "SET confirmed = :yes REMOVE expires",
            "ConditionExpression": "expires = :mine",
            "ExpressionAttributeValues": {":yes": {"BOOL": true}, ":mine": {"N": "220.0"}},
        }),
    );
    assert_eq!(table.item("e1").unwrap(), json!({"id": {"S": "e1"}, "confirmed": {"BOOL": true}}));
    assert_eq!(error(&table.ask("PutItem", claim(9999, 10_000))), (400, refused));
}

#[test]
fn of_those_who_claim_at_the_same_time_one_gets_it() {
    let table = start();
    let ask = || matches!(table.ask("PutItem", claim(100, 160)), JournaledAnswer::Ok(_));
    let won: Vec<bool> = std::thread::scope(|scope| {
        let claims: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        claims.into_iter().map(|claim| claim.join().unwrap()).collect()
    });
    assert_eq!((won.len(), won.iter().filter(|won| **won).count()), (16, 1));
}

#[test]
fn a_claim_whose_answer_is_lost_still_takes_effect() {
    let lost = "[[fault]]\noperation = \"PutItem\"\ncall = 1\nanswer = \"cut\"\nafter-effect = true\n";
    let aws = LocalAws::start(WorldText::of(&format!("{TABLES}{lost}"))).unwrap();
    let client = Client::new(&aws.endpoint());
    let table = ItemsTable { aws, client };
    assert_eq!(table.ask("PutItem", claim(100, 160)), JournaledAnswer::Cut);
    assert!(table.item("e1").is_some());
    assert_eq!(error(&table.ask("PutItem", claim(100, 160))).0, 400);
}

#[test]
fn a_condition_is_true_of_the_item_that_is_there() {
    let table = start();
    let cases = [
        ("attribute_exists(id)", true),
        ("attribute_exists(gone)", false),
        ("NOT attribute_exists(gone)", true),
        ("expires = :five", true),
        ("expires <> :five", false),
        ("gone <> :five", true),
        ("gone = :five", false),
        ("gone < :five", false),
        ("expires >= :five AND expires <= :five", true),
        ("expires > :five OR expires < :five", false),
        ("id = :five", false),
        ("id > :five", false),
        ("expires BETWEEN :five AND :five", true),
        ("expires IN (:five, :five)", true),
        ("deep.#l[1] = :two", true),
        ("deep.#l[2] = :two", false),
        ("contains(deep.#l, :two)", true),
        ("begins_with(id, :two)", false),
        ("size(deep.#l) < :five", true),
        ("attribute_type(expires, :n)", true),
        ("NOT (expires = :five AND id = :two)", true),
    ];
    for (condition, expected) in cases {
        // Every name and value is used, whatever the condition itself uses.
        let all = "(:five = :five AND :two = :two AND :n = :n AND (attribute_exists(#l) OR NOT attribute_exists(#l)))";
        let answer = table.ask(
            "PutItem",
            json!({
                "Item": {"id": {"S": "old"}, "expires": {"N": "5"}, "deep": {"M": {"list": {"L": [{"N": "1"}, {"S": "two"}]}}}},
                "ConditionExpression": format!("{all} AND ({condition})"),
                "ExpressionAttributeNames": {"#l": "list"},
                "ExpressionAttributeValues": {":five": {"N": "5"}, ":two": {"S": "two"}, ":n": {"S": "N"}},
            }),
        );
        assert_eq!(matches!(answer, JournaledAnswer::Ok(_)), expected, "{condition}: {answer:?}");
    }
}

#[test]
fn an_update_evaluates_the_previous_item_and_returns_the_requested_values() {
    let table = start();
    let update = |returned: &str| {
        json!({
            "Key": {"id": {"S": "n"}},
            "UpdateExpression": "SET hits = if_not_exists(hits, :zero) + :one, was = if_not_exists(hits, :zero)",
            "ExpressionAttributeValues": {":zero": {"N": "0"}, ":one": {"N": "1"}},
            "ReturnValues": returned,
        })
    };
    assert_eq!(table.ok("UpdateItem", update("ALL_OLD")), json!({}));
    let new = table.ok("UpdateItem", update("UPDATED_NEW"));
    assert_eq!(new["Attributes"], json!({"hits": {"N": "2"}, "was": {"N": "1"}}));
    let old = table.ok("UpdateItem", update("UPDATED_OLD"));
    assert_eq!(old["Attributes"], json!({"hits": {"N": "2"}, "was": {"N": "1"}}));
    let nested = json!({
        "Key": {"id": {"S": "old"}},
        "UpdateExpression": "SET deep.more = :one REMOVE deep.#l[0]",
        "ExpressionAttributeNames": {"#l": "list"},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
        "ReturnValues": "ALL_NEW",
    });
    let after = table.ok("UpdateItem", nested);
    assert_eq!(
        after["Attributes"]["deep"],
        json!({"M": {"list": {"L": [{"S": "two"}]}, "more": {"N": "1"}}})
    );
    table.ok("UpdateItem", json!({"Key": {"id": {"S": "bare"}}}));
    assert_eq!(table.item("bare"), Some(json!({"id": {"S": "bare"}})));
}

#[test]
fn what_dynamodb_refuses_is_refused_in_its_words_and_changes_nothing() {
    let table = start();
    let before = table.aws.items("claims");
    let item = |id: Value| json!({"Item": {"id": id}});
    let with = |condition: &str, values: Value| {
        let mut input = item(json!({"S": "old"}));
        input["ConditionExpression"] = json!(condition);
        input["ExpressionAttributeValues"] = values;
        input
    };
    let puts = [
        (
            json!({"Item": {"name": {"S": "x"}}}),
            "One or more parameter values were invalid: Missing the key id in the item",
        ),
        (
            item(json!({"N": "1"})),
            "One or more parameter values were invalid: Type mismatch for key id expected: S actual: N",
        ),
        (
            item(json!({"S": ""})),
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id",
        ),
        (
            item(json!({"S": "k".repeat(2049)})),
            "One or more parameter values were invalid: Size of hashkey has exceeded",
        ),
        (item(json!({})), "Supplied AttributeValue must contain exactly one"),
        (
            json!({"Item": {"id": {"S": "big"}, "x": {"S": "x".repeat(400 * 1024)}}}),
            "Item size has exceeded the maximum allowed size",
        ),
        (
            with("status = :a", json!({":a": {"S": "x"}})),
            "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: status",
        ),
        (
            with("a = :b", json!({":a": {"S": "x"}})),
            "Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :b",
        ),
        (
            with("#a = :a", json!({":a": {"S": "x"}})),
            "Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #a",
        ),
        (
            with("a = :a", json!({":a": {"S": "x"}, ":b": {"S": "x"}})),
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}",
        ),
        (
            with("a < :a", json!({":a": {"BOOL": true}})),
            "Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
        ),
        (with("a = ", json!({":a": {"S": "x"}})), "Invalid ConditionExpression: Syntax error; token: \""),
        (
            with("exists(a)", Value::Null),
            "Invalid ConditionExpression: Invalid function name; function: exists",
        ),
        (
            with("attribute_exists(a, b)", Value::Null),
            "Invalid ConditionExpression: Incorrect number of operands",
        ),
        (
            json!({"Item": {"id": {"S": "x"}}, "ReturnValues": "ALL_NEW"}),
            "1 validation error detected: Value 'ALL_NEW' at 'returnValues'",
        ),
    ];
    for (input, expected) in puts {
        let answered = table.invalid("PutItem", input);
        assert!(answered.starts_with(expected), "{expected}\n{answered}");
    }
    let key = json!({"id": {"S": "old"}});
    let updates = [
        (
            "SET id = :a",
            "One or more parameter values were invalid: Cannot update attribute id. This attribute is part of the key",
        ),
        ("SET a = :a, a = :a", "Invalid UpdateExpression: Two document paths overlap with each other"),
        ("SET a.b = :a", "The document path provided in the update expression is invalid for update"),
        (
            "SET a = b, c = :a",
            "The provided expression refers to an attribute that does not exist in the item",
        ),
        (
            "SET a = :a SET b = :a",
            "Invalid UpdateExpression: The \"SET\" section can only be used once in an update expression;",
        ),
        (
            "SET a = :a + :a",
            "Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: +, operand type: S",
        ),
    ];
    for (update, expected) in updates {
        let input =
            json!({"Key": key, "UpdateExpression": update, "ExpressionAttributeValues": {":a": {"S": "x"}}});
        let answered = table.invalid("UpdateItem", input);
        assert!(answered.starts_with(expected), "{expected}\n{answered}");
    }
    let schema = "The provided key element does not match the schema";
    for key in [json!({}), json!({"id": {"N": "1"}}), json!({"id": {"S": "x"}, "more": {"S": "x"}})] {
        assert_eq!(table.invalid("GetItem", json!({"Key": key})), schema);
        assert_eq!(table.invalid("DeleteItem", json!({"Key": key})), schema);
    }
    for (operation, input) in [
        (
            "UpdateItem",
            json!({"Key": key, "UpdateExpression": "ADD a :a", "ExpressionAttributeValues": {":a": {"N": "1"}}}),
        ),
        ("PutItem", json!({"Item": key, "Expected": {}})),
        ("PutItem", json!({"Item": key, "ReturnConsumedCapacity": "TOTAL"})),
        ("Scan", json!({"IndexName": "by-time"})),
        ("Scan", json!({"Segment": 0, "TotalSegments": 2})),
    ] {
        assert_eq!(error(&table.ask(operation, input)).0, 501, "{operation}");
    }
    let gone = table.ask("GetItem", json!({"TableName": "none", "Key": key}));
    assert_eq!(error(&gone), (400, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"));
    assert_eq!(table.aws.items("claims"), before);
    assert_eq!(table.aws.items("none"), None);
}

#[test]
fn a_query_gives_the_items_of_one_hash_key_by_their_range_page_by_page() {
    let table = start();
    let seen = |more: Value| -> (Vec<String>, Value) {
        let mut input = json!({"TableName": "findings", "KeyConditionExpression": "image = :i", "ExpressionAttributeValues": {":i": {"S": "a"}}});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        let output = table.ok("Query", input);
        let items = output["Items"].as_array().unwrap().iter();
        (
            items.map(|item| item["seen"]["N"].as_str().unwrap().to_owned()).collect(),
            output["LastEvaluatedKey"].clone(),
        )
    };
    assert_eq!(seen(json!({})), (vec!["-1".into(), "9".into(), "10".into()], Value::Null));
    assert_eq!(seen(json!({"ScanIndexForward": false})).0, ["10", "9", "-1"]);
    let (first, last) = seen(json!({"Limit": 2}));
    assert_eq!(
        (first, &last),
        (vec!["-1".into(), "9".into()], &json!({"image": {"S": "a"}, "seen": {"N": "9"}}))
    );
    assert_eq!(seen(json!({"ExclusiveStartKey": last})), (vec!["10".into()], Value::Null));
    let range = json!({
        "KeyConditionExpression": "image = :i AND seen >= :from",
        "ExpressionAttributeValues": {":i": {"S": "a"}, ":from": {"N": "9"}},
    });
    assert_eq!(seen(range).0, ["9", "10"]);
    let bad = |condition: &str| {
        let values = json!({":i": {"S": "a"}});
        table.invalid("Query", json!({"TableName": "findings", "KeyConditionExpression": condition, "ExpressionAttributeValues": values}))
    };
    assert_eq!(bad("seen = :i"), "Query condition missed key schema element: image");
    assert_eq!(bad("image > :i"), "Query key condition not supported");
    assert_eq!(bad("image = :i OR seen = :i"), "Query condition missed key schema element: image");
    let redundant = "Invalid KeyConditionExpression: The expression has redundant parentheses;";
    assert_eq!(bad("((image = :i))"), redundant);
}

#[test]
fn a_key_condition_with_an_empty_key_or_another_type_is_refused() {
    let table = start();
    let refused = |condition: &str, values: Value| {
        table.invalid("Query", json!({"TableName": "findings", "KeyConditionExpression": condition, "ExpressionAttributeValues": values}))
    };
    let empty = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty \
                 string value. Key: image";
    let mismatch =
        "One or more parameter values were invalid: Condition parameter type does not match schema type";
    assert_eq!(refused("image = :i", json!({":i": {"S": ""}})), empty);
    assert_eq!(refused("(image = :i) AND seen > :s", json!({":i": {"S": ""}, ":s": {"N": "1"}})), empty);
    assert_eq!(refused("image = :i", json!({":i": {"N": "1"}})), mismatch);
    let values = json!({":i": {"S": "a"}, ":s": {"S": ""}});
    assert_eq!(refused("image = :i AND seen = :s", values.clone()), mismatch);
    assert_eq!(refused("image = :i AND begins_with(seen, :s)", values), mismatch);
}

#[test]
fn a_scan_gives_every_item_once_over_pages_in_an_order_of_its_own() {
    let table = start();
    let scan = |more: Value| {
        let mut input = json!({"TableName": "findings", "ConsistentRead": true});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        table.ok("Scan", input)
    };
    let keys = |output: &Value| -> Vec<String> {
        let items = output["Items"].as_array().unwrap().iter();
        items
            .map(|item| {
                format!("{} {}", item["image"]["S"].as_str().unwrap(), item["seen"]["N"].as_str().unwrap())
            })
            .collect()
    };
    let whole = scan(json!({}));
    assert_eq!(
        (&whole["Count"], &whole["ScannedCount"], whole.get("LastEvaluatedKey")),
        (&json!(4), &json!(4), None)
    );
    let (mut found, mut pages, mut next) = (Vec::new(), 0, Value::Null);
    loop {
        let page = match next {
            Value::Null => scan(json!({"Limit": 1})),
            start => scan(json!({"Limit": 1, "ExclusiveStartKey": start})),
        };
        assert!(keys(&page).len() <= 1);
        found.extend(keys(&page));
        pages += 1;
        match page.get("LastEvaluatedKey") {
            None => break,
            Some(key) => next = key.clone(),
        }
    }
    // DynamoDB names a last key when the limit was reached, also after the last item.
    assert_eq!((&found, pages), (&keys(&whole), 5));
    found.sort();
    assert_eq!(found, ["a -1", "a 10", "a 9", "b 3"]);
    let filter = json!({"FilterExpression": "seen > :s", "ExpressionAttributeValues": {":s": {"N": "5"}}});
    let filtered = scan(filter);
    assert_eq!((&filtered["Count"], &filtered["ScannedCount"]), (&json!(2), &json!(4)));
    let gone = table.ask("Scan", json!({"TableName": "none"}));
    assert_eq!(error(&gone), (400, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"));
    for refused in [json!({"Limit": 0}), json!({"ExclusiveStartKey": {"image": {"S": "a"}}})] {
        table.invalid("Scan", refused);
    }
}

#[test]
fn a_page_of_a_scan_holds_a_megabyte_at_most() {
    let item = |id: usize| format!("{{ id = \"i{id}\", text = \"{}\" }}", "x".repeat(300_000));
    let items: Vec<String> = (0..7).map(item).collect();
    let world =
        format!("[[table]]\nname = \"wide\"\nhash = {{ name = \"id\" }}\nitems = [{}]\n", items.join(", "));
    let aws = LocalAws::start(WorldText::of(&world)).unwrap();
    let table = ItemsTable { client: Client::new(&aws.endpoint()), aws };
    let first = table.ok("Scan", json!({"TableName": "wide"}));
    assert_eq!(first["Count"], 3);
    let second =
        table.ok("Scan", json!({"TableName": "wide", "ExclusiveStartKey": first["LastEvaluatedKey"]}));
    let third =
        table.ok("Scan", json!({"TableName": "wide", "ExclusiveStartKey": second["LastEvaluatedKey"]}));
    assert_eq!(
        (&second["Count"], &third["Count"], third.get("LastEvaluatedKey")),
        (&json!(3), &json!(1), None)
    );
}
