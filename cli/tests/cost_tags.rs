//! The documented example of tags for cost allocation gives a stack these tags.

use std::path::Path;

use branch_stacks::identity::BranchId;
use branch_stacks::rules::read;
use shared::config::Document;

#[test]
fn the_example_of_tags_for_cost_allocation_tags_a_stack() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(root.join("docs/configuration.md")).unwrap();
    let (_, section) = page.split_once("**Cost allocation.**").unwrap();
    let example = section.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.toml");
    std::fs::write(&path, example).unwrap();
    let mut problems = Vec::new();
    let rules = read(&Document::read(&path).unwrap(), &[root.join("templates")], &mut problems);
    assert_eq!(problems, []);
    let branch = BranchId { repository: "shop".to_owned(), name: "feature/cart".to_owned() };
    let spec = rules.stacks[0].spec(&branch, "0123456789012345678901234567890123456789");
    let tag = |key: &str| spec.tags.iter().find(|(name, _)| name == key).unwrap().1.clone();
    assert_eq!(["cost-center", "team", "repository"].map(tag), ["4711", "shop", "shop"]);
    assert!(tag("slug").starts_with("feature-cart"));
}
