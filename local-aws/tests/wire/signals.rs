//! The signals that a function checks before it acts: alarms, parameters, endpoints. And transactions.

use local_aws::{JournaledAnswer, LocalAws, WorldChange};
use serde_json::{Value, json};

use crate::client::{Client, WorldText, error};

const SIGNALS: &str = r#"
now = "2026-03-02T10:00:00Z"
region = "eu-west-1"
[[parameter]]
name = "/switch"
value = "enabled"
[[endpoint]]
url = "http://www.example.com/healthz"
status = 503
[[endpoint]]
url = "http://www.example.com/slow"
answers = false
[[table]]
name = "items"
region = "us-east-1"
hash = { name = "id" }
items = [{ id = "a", version = 1 }]
"#;

fn start() -> (LocalAws, Client) {
    let aws = LocalAws::start(WorldText::of(SIGNALS)).unwrap();
    let client = Client::new(&aws.endpoint());
    (aws, client)
}

#[test]
fn a_parameter_is_read_changed_and_removed() {
    let (aws, client) = start();
    let read = || client.call("ssm", "AmazonSSM", "GetParameter", &json!({"Name": "/switch"}));
    let value = |answer: JournaledAnswer| match answer {
        JournaledAnswer::Ok(output) => {
            (output["Parameter"]["Value"].clone(), output["Parameter"]["Version"].clone())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(value(read()), (json!("enabled"), json!(1)));
    let set = |value: Option<&str>| {
        aws.apply(&WorldChange::Parameter { name: "/switch".to_owned(), value: value.map(str::to_owned), by: None });
    };
    set(Some("disabled"));
    assert_eq!(value(read()), (json!("disabled"), json!(2)));
    set(None);
    assert_eq!(error(&read()), (400, "ParameterNotFound"));
}

#[test]
fn the_versions_of_a_parameter_say_which_principal_wrote_each_in_pages_of_the_newest_100() {
    let (aws, client) = start();
    let ssm = |operation: &str, input: Value| client.call("ssm", "AmazonSSM", operation, &input);
    let ana = "arn:aws:iam::111122223333:user/ana";
    aws.apply(&WorldChange::Parameter {
        name: "/switch".to_owned(),
        value: Some("by ana".to_owned()),
        by: Some(ana.to_owned()),
    });
    let taken = ssm("PutParameter", json!({"Name": "/switch", "Value": "x", "Type": "String"}));
    assert_eq!(error(&taken), (400, "ParameterAlreadyExists"));
    assert_eq!(error(&ssm("PutParameter", json!({"Name": "/new", "Value": "x"}))), (400, "ValidationException"));
    for number in 3..=110 {
        let put = json!({"Name": "/switch", "Value": number.to_string(), "Overwrite": true});
        let JournaledAnswer::Ok(answer) = ssm("PutParameter", put) else { panic!("it is overwritten") };
        assert_eq!(answer["Version"], json!(number));
    }
    let page = |token: Option<Value>| {
        match ssm("GetParameterHistory", json!({"Name": "/switch", "NextToken": token})) {
            JournaledAnswer::Ok(page) => page,
            other => panic!("{other:?}"),
        }
    };
    let first = page(None);
    let second = page(Some(first["NextToken"].clone()));
    let of = |page: &Value| page["Parameters"].as_array().cloned().unwrap_or_default();
    assert_eq!((of(&first).len(), of(&second).len()), (50, 50));
    assert_eq!((&of(&first)[0]["Version"], &of(&second)[49]["Version"]), (&json!(11), &json!(110)));
    assert!(second["NextToken"].is_null());
    let user = of(&second)[49]["LastModifiedUser"].clone();
    assert_eq!(user, json!("arn:aws:sts::111122223333:assumed-role/local/local"));
    let changes = aws.take_events();
    assert_eq!(changes.len(), 109);
    assert_eq!(changes[0]["source"], "aws.ssm");
    assert_eq!(changes[0]["detail"], json!({"operation": "Update", "name": "/switch", "type": "String"}));
    let refused = ssm("GetParameterHistory", json!({"Name": "/switch", "MaxResults": 51}));
    assert_eq!(error(&refused), (400, "ValidationException"));
    assert_eq!(error(&ssm("GetParameterHistory", json!({"Name": "/none"}))), (400, "ParameterNotFound"));
}

#[test]
fn a_parameter_in_no_hierarchy_has_one_value_with_and_without_its_slash() {
    let (aws, client) = start();
    let read = |name: &str| client.call("ssm", "AmazonSSM", "GetParameter", &json!({"Name": name}));
    let value = |answer: JournaledAnswer| match answer {
        JournaledAnswer::Ok(output) => output["Parameter"]["Value"].clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(value(read("switch")), json!("enabled"));
    aws.apply(&WorldChange::Parameter { name: "switch".to_owned(), value: Some("disabled".to_owned()), by: None });
    assert_eq!(value(read("/switch")), json!("disabled"));
    let nested = |name: &str, value: &str| {
        aws.apply(&WorldChange::Parameter { name: name.to_owned(), value: Some(value.to_owned()), by: None });
    };
    nested("/shop/switch", "other");
    assert_eq!(value(read("/switch")), json!("disabled"));
    assert_eq!(error(&read("shop/switch")), (400, "ValidationException"));
    assert_eq!(error(&read("/shop")), (400, "ParameterNotFound"));
    aws.apply(&WorldChange::Parameter { name: "switch".to_owned(), value: None, by: None });
    assert_eq!(error(&read("/switch")), (400, "ParameterNotFound"));
}

#[test]
fn an_endpoint_of_the_world_answers_through_the_proxy_and_no_other_does() {
    let (aws, client) = start();
    let url = "http://www.example.com/healthz";
    assert_eq!(client.through_proxy(url), Some(503));
    aws.apply(&WorldChange::Endpoint { url: url.to_owned(), status: Some(200) });
    assert_eq!(client.through_proxy(url), Some(200));
    assert_eq!(client.through_proxy("http://www.example.com/slow"), None);
    assert_eq!(client.through_proxy("http://elsewhere.example.com/"), None);
    let asked: Vec<String> =
        aws.journal().iter().map(|call| format!("{} {}", call.service, call.input["url"])).collect();
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[0], format!("http \"{url}\""));
}

fn put(id: &str, version: u32, before: Option<u32>) -> Value {
    let condition = match before {
        None => json!({"ConditionExpression": "attribute_not_exists(id)"}),
        Some(before) => json!({"ConditionExpression": "version = :v",
            "ExpressionAttributeValues": {":v": {"N": before.to_string()}}}),
    };
    let mut put =
        json!({"TableName": "items", "Item": {"id": {"S": id}, "version": {"N": version.to_string()}}});
    put.as_object_mut().unwrap().extend(condition.as_object().unwrap().clone());
    json!({"Put": put})
}

fn transact(client: &Client, items: Value, token: Option<&str>) -> JournaledAnswer {
    let mut input = json!({"TransactItems": items});
    if let Some(token) = token {
        input["ClientRequestToken"] = json!(token);
    }
    client.dynamodb("TransactWriteItems", &input)
}

#[test]
fn a_transaction_performs_all_its_writes_or_none() {
    let (aws, client) = start();
    let versions = || -> Vec<String> {
        let items = aws.items("items").unwrap();
        items
            .iter()
            .map(|item| {
                format!("{}{}", item["id"]["S"].as_str().unwrap(), item["version"]["N"].as_str().unwrap())
            })
            .collect()
    };
    let both = |before| json!([put("a", 2, Some(before)), put("b", 1, None)]);
    assert_eq!(
        error(&transact(&client, both(7), None)),
        (400, "com.amazonaws.dynamodb.v20120810#TransactionCanceledException")
    );
    assert_eq!(versions(), ["a1"], "nothing of it");
    assert!(matches!(transact(&client, both(1), Some("t")), JournaledAnswer::Ok(_)));
    assert_eq!(versions(), ["a2", "b1"]);
    assert!(
        matches!(transact(&client, both(1), Some("t")), JournaledAnswer::Ok(_)),
        "the same token is the same transaction"
    );
    let other = transact(&client, both(2), Some("t"));
    assert_eq!(error(&other), (400, "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException"));
    let twice = transact(&client, json!([put("c", 1, None), put("c", 2, None)]), None);
    assert_eq!(error(&twice), (400, "com.amazon.coral.validate#ValidationException"));
    let checked = json!([{"ConditionCheck": {"TableName": "items", "Key": {"id": {"S": "a"}}, "ConditionExpression": "attribute_exists(id)"}},
        {"Delete": {"TableName": "items", "Key": {"id": {"S": "b"}}}},
        {"Update": {"TableName": "items", "Key": {"id": {"S": "d"}}, "UpdateExpression": "SET version = :v",
            "ExpressionAttributeValues": {":v": {"N": "9"}}}}]);
    assert!(matches!(transact(&client, checked, None), JournaledAnswer::Ok(_)));
    assert_eq!(versions(), ["a2", "d9"]);
}

#[test]
fn a_caller_that_is_cut_off_gets_no_answer_until_calls_are_answered_again() {
    let (aws, client) = start();
    aws.cut_off_after(1, true);
    assert!(matches!(transact(&client, json!([put("b", 1, None)]), None), JournaledAnswer::Ok(_)));
    assert_eq!(transact(&client, json!([put("c", 1, None)]), None), JournaledAnswer::Cut);
    assert_eq!(transact(&client, json!([put("d", 1, None)]), None), JournaledAnswer::Cut);
    assert_eq!(aws.items("items").unwrap().len(), 3, "the first that was not answered was carried out");
    assert!(aws.answer_again());
    assert!(matches!(transact(&client, json!([put("d", 1, None)]), None), JournaledAnswer::Ok(_)));
}
