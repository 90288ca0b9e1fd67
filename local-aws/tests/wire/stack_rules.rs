//! The refusals of CloudFormation, over real HTTP, with its messages.

use local_aws::LocalAws;

use crate::client::{Client, Response, WorldText};

const PLAIN: &str = r#"{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}"#;

fn start(more: &str) -> (LocalAws, Client) {
    let aws = LocalAws::start(WorldText::of(&format!("now = \"2026-03-02T10:00:00Z\"\n{more}"))).unwrap();
    let client = Client::new(&aws.endpoint());
    (aws, client)
}

fn create(client: &Client, members: &[(&str, &str)]) -> Response {
    client.query("cloudformation", "2010-05-15", "CreateStack", members)
}

/// `Code: Message`.
fn refusal(response: &Response) -> String {
    assert!(response.status >= 400, "{}", response.body);
    format!("{}: {}", response.texts("Code")[0], response.texts("Message")[0])
}

#[test]
fn a_name_is_one_that_a_stack_can_have() {
    let (_aws, client) = start("");
    for name in ["", "1a", "a_b", "a/b", "größe", "a b", &"a".repeat(129)] {
        let answer = create(&client, &[("StackName", name), ("TemplateBody", PLAIN)]);
        let refusal = refusal(&answer);
        assert!(refusal.starts_with("ValidationError: 1 validation error detected: Value '"), "{refusal}");
        assert!(refusal.contains("at 'stackName' failed to satisfy constraint"), "{refusal}");
    }
    assert_eq!(create(&client, &[("StackName", &"a".repeat(128)), ("TemplateBody", PLAIN)]).status, 200);
}

#[test]
fn a_template_is_a_template() {
    let (_aws, client) = start("");
    let with = |rest: &str| format!("Resources:\n  T: {{ Type: AWS::SNS::Topic }}\n{rest}");
    let cases = [
        ("[]".to_owned(), "Template format error: unsupported structure."),
        ("a: [".to_owned(), "Template format error: YAML not well-formed."),
        ("{\"Resources\": ".to_owned(), "Template format error: JSON not well-formed. (line 1, column 14)"),
        ("Description: x".to_owned(), "Template format error: At least one Resources member must be defined."),
        (with("Resorces: {}"), "Invalid template property or properties [Resorces]"),
        (with("AWSTemplateFormatVersion: 2011-01-01"), "Template format error: unsupported value for AWSTemplateFormatVersion."),
        ("Resources: { T: { Properties: {} } }".to_owned(), "Template format error: [/Resources/T] Every Resources object must contain a Type member."),
        ("Resources: { T-1: { Type: AWS::SNS::Topic } }".to_owned(), "Template format error: Resource name T-1 is non alphanumeric."),
        ("Resources: { T: { Type: AWS::SNS::Topic, Propertys: {} } }".to_owned(), "Invalid template resource property 'Propertys'"),
        ("Resources: { T: { Type: AWS::SNS::Tpic }, U: { Type: Custom::Mine } }".to_owned(), "Template format error: Unrecognized resource types: [AWS::SNS::Tpic]"),
        ("Resources: { T: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Nme } } }".to_owned(), "Template format error: Unresolved resource dependencies [Nme] in the Resources block of the template"),
        ("Resources: { T: { Type: AWS::SNS::Topic, Properties: { TopicName: !Sub \"${Nme}-${!x}\" } } }".to_owned(), "Template format error: Unresolved resource dependencies [Nme] in the Resources block of the template"),
        ("Resources: { T: { Type: AWS::SNS::Topic, Condition: Prod } }".to_owned(), "Template format error: Unresolved condition dependency Prod in the Resources block of the template"),
        ("Resources: { T: { Type: AWS::SNS::Topic, Properties: { TopicName: !GetAtt U.Arn } } }".to_owned(), "Template error: instance of Fn::GetAtt references undefined resource U"),
        ("Resources: { T: { Type: AWS::SNS::Topic, DependsOn: U }, U: { Type: AWS::SNS::Topic, DependsOn: [T] } }".to_owned(), "Circular dependency between resources: [T, U]"),
        (with("Conditions: { A: !Not [!Condition B], B: !Not [Condition: A], C: !Equals [a, b] }"), "Template format error: Circular dependency between conditions: [A, B]"),
        (with("Outputs: { O: { Value: !Ref U } }"), "Template format error: Unresolved resource dependencies [U] in the Outputs block of the template"),
        (with("Conditions: { C: !Equals [!Ref T, a] }"), "Template format error: Unresolved dependencies [T]. Cannot reference resources in the Conditions block of the template"),
        (with("Parameters: { P: { Default: a } }"), "Template format error: Every Parameters object must contain a Type member."),
    ];
    for (body, expected) in cases {
        let answered = refusal(&create(&client, &[("StackName", "s"), ("TemplateBody", &body)]));
        assert!(answered.starts_with(&format!("ValidationError: {expected}")), "{body}\n{answered}");
    }
}

#[test]
fn a_template_must_work_out_with_its_values() {
    let (_aws, client) = start("");
    let head = "Parameters: { P: { Type: String, Default: a } }\nMappings: { M: { eu: { b: c } } }\nConditions: { Never: !Equals [!Ref P, b], Always: !Equals [!Ref P, a] }\n";
    let of = |properties: &str| {
        format!(
            "{head}Resources: {{ T: {{ Type: AWS::SNS::Topic, Condition: Never }}, U: {{ Type: AWS::SNS::Topic }}, \
             Q: {{ Type: AWS::SNS::Topic, DependsOn: T, Properties: {{ DisplayName: {properties} }} }} }}\n"
        )
    };
    let unresolved = |block: &str| {
        format!(
            "Template format error: Unresolved resource dependencies [T] in the {block} block of the template"
        )
    };
    let select = "Template error: Fn::Select cannot select nonexistent value at index 1".to_owned();
    let rule = |assert: &str| {
        format!(
            "{}Rules: {{ R: {{ Assertions: [{{ Assert: {assert}, AssertDescription: P is b }}] }} }}\n",
            of("x")
        )
    };
    let no_rule = "Template format error: Rule R failed to satisfy assertion: P is b".to_owned();
    for (body, expected) in [
        (of("!Ref T"), unresolved("Resources")),
        (of("!GetAtt T.TopicName"), unresolved("Resources")),
        (of("!Sub [\"${T}${x}\", { x: y }]"), unresolved("Resources")),
        (of("!If [Never, x, !Ref T]"), unresolved("Resources")),
        (
            of("x") + "Outputs: { O: { Value: !Ref T } }",
            unresolved("Outputs").replace("Template format error: ", ""),
        ),
        (
            of("!FindInMap [M, !Ref AWS::Region, b]"),
            "Template error: Unable to get mapping for M::us-east-1::b".into(),
        ),
        (
            of("!Select [1, [a]]"),
            "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
                .into(),
        ),
        (of("!Select [1, !Split [\",\", !Ref P]]"), select),
        (
            of("x").replace("[!Ref P, b]", "[!ImportValue x, b]"),
            "Template error: Cannot use Fn::ImportValue in Conditions.".into(),
        ),
        (
            of("x").replace("Condition: Never", "DeletionPolicy: Keep"),
            "Template format error: Unrecognized DeletionPolicy Keep for resource T".into(),
        ),
        (
            of("x").replace("Condition: Never", "DeletionPolicy: !Ref P"),
            "Template format error: Every DeletionPolicy member must be a string.".into(),
        ),
        (rule("!Equals [!Ref P, b]"), no_rule.clone()),
        (rule("{ \"Fn::Contains\": [[b, c], !Ref P] }"), no_rule),
    ] {
        let answered = refusal(&create(&client, &[("StackName", "s"), ("TemplateBody", &body)]));
        assert_eq!(answered, format!("ValidationError: {expected}"), "{body}");
    }
    let served = rule("{ \"Fn::ValueOf\": [P, Attribute] }");
    assert_eq!(create(&client, &[("StackName", "s"), ("TemplateBody", &served)]).status, 501);
    for (index, body) in [
        of("!If [Always, x, !Ref T]"),
        of("!FindInMap [M, eu, b]"),
        // The parts of a name that is created later are not known.
        of("!Select [1, !Split [\":\", !Ref U]]"),
        of("x") + "Outputs: { O: { Condition: Never, Value: !Ref T } }",
        of("x").replace("Condition: Never", "DeletionPolicy: RetainExceptOnCreate"),
        rule("!Not [!Equals [!Ref P, b]]"),
    ]
    .iter()
    .enumerate()
    {
        let answer = create(&client, &[("StackName", &format!("s{index}")), ("TemplateBody", body)]);
        assert_eq!(answer.status, 200, "{body}\n{}", answer.body);
    }
}

#[test]
fn a_body_has_a_size_and_a_url_leads_to_a_template() {
    let url = "https://templates.s3.eu-west-1.amazonaws.com/branch.yaml";
    let (_aws, client) =
        start(&format!("[[cloudformation.template]]\nurl = \"{url}\"\nbody = '''{PLAIN}'''\n"));
    let padded = |length: usize| format!("{PLAIN}{}", " ".repeat(length - PLAIN.len()));
    let body = |body: &str| create(&client, &[("StackName", "s"), ("TemplateBody", body)]);
    assert!(refusal(&body(&padded(51_201))).ends_with("length less than or equal to 51200"));
    assert_eq!(body(&padded(51_200)).status, 200);
    let behind = |url: &str| create(&client, &[("StackName", "u"), ("TemplateURL", url)]);
    assert_eq!(
        refusal(&behind("http://example.com/a")),
        "ValidationError: TemplateURL must be a supported URL."
    );
    let other = "https://s3.amazonaws.com/bucket/other.yaml";
    assert!(refusal(&behind(other)).starts_with("ValidationError: S3 error: Access Denied"));
    assert_eq!(behind(url).status, 200);
    let neither = create(&client, &[("StackName", "n")]);
    assert_eq!(refusal(&neither), "ValidationError: Either Template URL or Template Body must be specified.");
}

const PARAMETERS: &str = r#"
Parameters:
  Branch: { Type: String, MinLength: 2, MaxLength: 4, AllowedPattern: "(?!x)[a-z]*" }
  Stage: { Type: String, Default: dev, AllowedValues: [dev, prod], ConstraintDescription: must be a stage }
  Count: { Type: Number, Default: 2, MinValue: 1, MaxValue: 3 }
  List: { Type: CommaDelimitedList, Default: "a,b", AllowedPattern: "[a-z]" }
Resources: { T: { Type: AWS::SNS::Topic } }
"#;

#[test]
fn parameters_must_be_those_that_the_template_declares() {
    let (_aws, client) = start("");
    let with = |given: &[(&str, &str)]| {
        let keys: Vec<(String, String)> = given
            .iter()
            .enumerate()
            .flat_map(|(index, (key, value))| {
                let member = format!("Parameters.member.{}", index + 1);
                [
                    (format!("{member}.ParameterKey"), (*key).to_owned()),
                    (format!("{member}.ParameterValue"), (*value).to_owned()),
                ]
            })
            .collect();
        let mut members = vec![("StackName", "s"), ("TemplateBody", PARAMETERS)];
        members.extend(keys.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        create(&client, &members)
    };
    let cases: [(&[(&str, &str)], &str); 10] = [
        (&[], "Parameters: [Branch] must have values"),
        (&[("Branch", "ab"), ("Branches", "c")], "Parameters: [Branches] do not exist in the template"),
        (&[("Branch", "a")], "Parameter 'Branch' must contain at least 2 characters"),
        (&[("Branch", "abcde")], "Parameter 'Branch' must contain at most 4 characters"),
        (&[("Branch", "xab")], "Parameter 'Branch' must match pattern (?!x)[a-z]*"),
        (
            &[("Branch", "ab"), ("Stage", "test")],
            "Parameter Stage failed to satisfy constraint: must be a stage",
        ),
        (&[("Branch", "ab"), ("Count", "many")], "Parameter 'Count' must be a number."),
        (&[("Branch", "ab"), ("Count", "0")], "Parameter 'Count' must be a number not less than 1"),
        (&[("Branch", "ab"), ("Count", "4")], "Parameter 'Count' must be a number not greater than 3"),
        (&[("Branch", "ab"), ("List", "a, B")], "Parameter 'List' must match pattern [a-z]"),
    ];
    for (given, expected) in cases {
        assert_eq!(refusal(&with(given)), format!("ValidationError: {expected}"));
    }
    assert_eq!(with(&[("Branch", "ab"), ("List", "a, b")]).status, 200);
    let known = client.query("cloudformation", "2010-05-15", "DescribeStacks", &[("StackName", "s")]);
    assert_eq!(known.texts("ParameterValue"), ["ab", "dev", "2", "a, b"]);
}

#[test]
fn a_parameter_that_hides_its_value_hides_it() {
    let (_aws, client) = start("");
    let body = "Parameters: { P: { Type: String, NoEcho: true, Default: secret } }\nResources: { T: { Type: AWS::SNS::Topic } }";
    create(&client, &[("StackName", "s"), ("TemplateBody", body)]);
    let known = client.query("cloudformation", "2010-05-15", "DescribeStacks", &[("StackName", "s")]);
    assert_eq!(known.texts("ParameterValue"), ["****"]);
}

#[test]
fn what_can_do_harm_must_be_acknowledged() {
    let (_aws, client) = start("");
    let role = "Resources: { R: { Type: AWS::IAM::Role } }";
    let named = "Resources: { R: { Type: AWS::IAM::Role, Properties: { RoleName: x } } }";
    let unmade = "Conditions: { Never: !Equals [a, b] }\nResources: { T: { Type: AWS::SNS::Topic }, R: { Type: AWS::IAM::Role, Condition: Never } }";
    let sam = "Transform: AWS::Serverless-2016-10-31\nResources: { F: { Type: AWS::Serverless::Function } }";
    let globals = format!("Globals: {{ Function: {{ Timeout: 3 }} }}\n{sam}");
    let each = "Transform: AWS::LanguageExtensions\nResources: { Fn::ForEach::X: [I, [a], { \"T${I}\": { Type: AWS::SNS::Topic } }] }";
    let part = "Resources: { Fn::Transform: { Name: AWS::Include, Parameters: { Location: s3://b/k } } }";
    let with = |name: &str, body: &str, capability: &str| {
        let mut members = vec![("StackName", name), ("TemplateBody", body)];
        members.extend(Some(("Capabilities.member.1", capability)).filter(|(_, given)| !given.is_empty()));
        create(&client, &members)
    };
    for (body, given, needed) in [
        (role, "", "CAPABILITY_IAM"),
        (named, "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"),
        (sam, "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
        (&globals, "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
        (each, "", "CAPABILITY_AUTO_EXPAND"),
        (part, "", "CAPABILITY_AUTO_EXPAND"),
    ] {
        let expected = format!("InsufficientCapabilitiesException: Requires capabilities : [{needed}]");
        assert_eq!(refusal(&with("s", body, given)), expected);
    }
    assert_eq!(with("a", role, "CAPABILITY_NAMED_IAM").status, 200);
    assert_eq!(with("b", named, "CAPABILITY_NAMED_IAM").status, 200);
    assert_eq!(with("c", unmade, "").status, 200);
    for macros in [each, part] {
        assert_eq!(with("d", macros, "CAPABILITY_AUTO_EXPAND").status, 501, "{macros}");
    }
    for roles in [sam, &globals] {
        let expected = "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]";
        assert_eq!(refusal(&with("d", roles, "CAPABILITY_AUTO_EXPAND")), expected);
    }
    // Without the transform, the section is a mistake.
    let no_macro = globals.replace("Transform: AWS::Serverless-2016-10-31\n", "");
    assert!(refusal(&with("d", &no_macro, "CAPABILITY_AUTO_EXPAND")).contains("properties [Globals]"));
    assert!(refusal(&with("e", role, "CAPABILITY_ALL")).contains("enum value set"));
}

#[test]
fn tags_roles_and_tokens_have_a_form() {
    let (_aws, client) = start("");
    let with = |more: &[(&str, &str)]| {
        let mut members = vec![("StackName", "s"), ("TemplateBody", PLAIN)];
        members.extend(more);
        refusal(&create(&client, &members))
    };
    let tag = |key: &str, value: &str| with(&[("Tags.member.1.Key", key), ("Tags.member.1.Value", value)]);
    assert_eq!(
        tag("AWS:x", "v"),
        "ValidationError: aws: prefixed tag key names are not allowed for external use."
    );
    for (key, value) in [("", "v"), ("k", ""), (&"k".repeat(129), "v"), ("k", &"v".repeat(257))] {
        assert!(tag(key, value).contains("Member must have length"), "{key}={value}");
    }
    let many: Vec<(String, String)> = (1..=51)
        .flat_map(|n| {
            [
                (format!("Tags.member.{n}.Key"), format!("k{n}")),
                (format!("Tags.member.{n}.Value"), "v".into()),
            ]
        })
        .collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert!(with(&many).contains("at 'tags' failed to satisfy constraint"));
    assert!(
        with(&[("RoleARN", "arn:aws:iam::111122223333:user/x")]).ends_with("is invalid or cannot be assumed")
    );
    for token in ["-a", "a_b", &"a".repeat(129)] {
        assert!(with(&[("ClientRequestToken", token)]).contains("at 'clientRequestToken'"), "{token}");
    }
    let unknown = create(&client, &[("StackName", "s"), ("TemplateBody", PLAIN), ("OnFailure", "DELETE")]);
    assert_eq!(
        (unknown.status, refusal(&unknown)),
        (501, "NotServedLocally: the local AWS does not serve the member `OnFailure` of CreateStack".into())
    );
}

#[test]
fn an_account_has_so_many_stacks_and_no_more() {
    let (_aws, client) = start("[cloudformation]\nmax-stacks = 1\n");
    assert_eq!(create(&client, &[("StackName", "a"), ("TemplateBody", PLAIN)]).status, 200);
    let second = create(&client, &[("StackName", "b"), ("TemplateBody", PLAIN)]);
    assert!(refusal(&second).starts_with("LimitExceededException: "));
}

#[test]
fn a_tag_that_a_resource_cannot_have_fails_the_resource() {
    let (aws, client) = start("");
    let body = "Resources: { P: { Type: AWS::CodeBuild::Project } }";
    let tags = [("Tags.member.1.Key", "branch"), ("Tags.member.1.Value", "fix/#12")];
    let mut members = vec![("StackName", "s"), ("TemplateBody", body)];
    members.extend(tags);
    assert_eq!(create(&client, &members).status, 200);
    while aws.advance_to_next().is_some() {}
    assert_eq!(aws.stack("s").unwrap().status, "ROLLBACK_COMPLETE");
}

#[test]
fn a_fault_strikes_cloudformation_like_any_other_service() {
    let fault = "[[fault]]\noperation = \"CreateStack\"\ncall = 1\nanswer = \"Throttling\"\nmessage = \"Rate exceeded\"\nafter-effect = true\n";
    let (aws, client) = start(fault);
    let first = create(&client, &[("StackName", "s"), ("TemplateBody", PLAIN)]);
    assert_eq!((first.status, refusal(&first)), (400, "Throttling: Rate exceeded".into()));
    assert_eq!(first.texts("Type"), ["Sender"]);
    assert_eq!(aws.stacks().len(), 1);
    let other = client.query("cloudformation", "2011-01-01", "CreateStack", &[]);
    assert_eq!(
        refusal(&other),
        "NotServedLocally: the local AWS does not serve the API `2011-01-01` of cloudformation"
    );
    let unknown = client.query("cloudformation", "2010-05-15", "ListStacks", &[]);
    assert_eq!(unknown.status, 501);
}
