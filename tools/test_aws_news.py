"""Tests of aws_news.py with small models. `make test` runs them; they need no network."""

import json
import pathlib
import tempfile
import unittest
import zipfile

import aws_news


def model(**shapes):
    """A model with one operation, Make."""
    operation = {"input": {"shape": "In"}, "output": {"shape": "Out"}, "errors": [{"shape": "Taken"}]}
    base = {
        "In": {"type": "structure", "members": {"Name": {"shape": "Name"}, "Mode": {"shape": "Mode"}}},
        "Out": {"type": "structure", "members": {"Tree": {"shape": "Tree"}}},
        "Name": {"type": "string", "max": 128},
        "Mode": {"type": "string", "enum": ["STANDARD"]},
        "Tree": {"type": "structure", "members": {"Trees": {"shape": "Trees"}, "Leaf": {"shape": "Name"}}},
        "Trees": {"type": "list", "member": {"shape": "Tree"}},
        "Taken": {"type": "structure", "exception": True, "members": {}},
    }
    return {"operations": {"Make": operation}, "shapes": {**base, **shapes}}


class Changes(unittest.TestCase):
    def changes(self, **shapes):
        return aws_news.changes(model(), model(**shapes), "Make")

    def test_equal_models_have_no_changes(self):
        self.assertEqual(self.changes(), [])

    def test_a_new_and_a_removed_member_are_named_with_their_path(self):
        members = {"Mode": {"shape": "Mode"}, "Tags": {"shape": "Tags"}}
        changes = self.changes(
            In={"type": "structure", "members": members},
            Tags={"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Name"}},
        )
        self.assertEqual(changes, ["new input Tags", "removed input Name"], "without what is inside")

    def test_a_change_of_a_list_of_a_recursive_shape_is_found_once(self):
        members = {"Trees": {"shape": "Trees"}, "Leaf": {"shape": "Name"}, "Fruit": {"shape": "Name"}}
        changes = self.changes(Tree={"type": "structure", "members": members})
        self.assertEqual(changes, ["new output Tree.Fruit"])

    def test_values_types_constraints_and_required_members_are_compared(self):
        required = {"type": "structure", "required": ["Name"], "members": model()["shapes"]["In"]["members"]}
        changes = self.changes(
            In=required,
            Mode={"type": "string", "enum": ["EXPRESS"]},
            Name={"type": "string", "max": 256, "pattern": "[a-z]+"},
        )
        self.assertIn("input Mode: new value EXPRESS", changes)
        self.assertIn("input Mode: removed value STANDARD", changes)
        self.assertIn("input Name: required False is now True", changes)
        self.assertIn("input Name: max 128 is now 256", changes)
        self.assertIn("input Name: pattern (none) is now [a-z]+", changes)

    def test_documentation_alone_is_no_change(self):
        self.assertEqual(self.changes(Name={"type": "string", "max": 128, "documentation": "a name"}), [])

    def test_errors_are_compared(self):
        new = model()
        new["operations"]["Make"]["errors"] = [{"shape": "Busy"}]
        self.assertEqual(aws_news.changes(model(), new, "Make"), ["new error Busy", "removed error Taken"])

    def test_an_operation_or_a_service_that_is_missing_is_reported(self):
        without = {"operations": {}, "shapes": {}}
        self.assertEqual(aws_news.changes(without, model(), "Make"), ["the operation is new"])
        self.assertEqual(aws_news.changes(model(), None, "Make"), ["the operation was removed"])
        self.assertEqual(aws_news.changes(None, without, "Make"), ["the operation is in neither version"])


class Report(unittest.TestCase):
    def test_only_changed_calls_are_listed(self):
        new = model(Mode={"type": "string", "enum": ["STANDARD", "EXPRESS"]})
        text = aws_news.report(lambda _: model(), lambda service: new if service == "a" else model(), ["a:Make", "b:Make"])
        self.assertEqual(text, "a:Make\n  input Mode: new value EXPRESS\n1 of 2 calls are unchanged")

    def test_the_newest_model_of_a_wheel_is_read(self):
        with tempfile.TemporaryDirectory() as folder:
            wheel = pathlib.Path(folder) / "botocore-1.0.0-py3-none-any.whl"
            with zipfile.ZipFile(wheel, "w") as archive:
                for version, name in [("2010-01-01", "Old"), ("2020-01-01", "New")]:
                    text = json.dumps({"operations": {name: {}}})
                    archive.writestr(f"botocore/data/made/{version}/service-2.json", text)
            self.assertEqual(list(aws_news.load(wheel, "made")["operations"]), ["New"])
            self.assertIsNone(aws_news.load(wheel, "unmade"))

    def test_the_pin_is_read(self):
        self.assertEqual(aws_news.pinned_version("# a comment\nbotocore==1.2.3\n"), "1.2.3")
        self.assertRaises(SystemExit, aws_news.pinned_version, "boto3==1\n")


class Calls(unittest.TestCase):
    def test_the_calls_of_the_descriptions_are_found(self):
        found = aws_news.calls()
        self.assertIn("cloudformation:DescribeEvents", found)
        self.assertIn("sns:Publish", found, "a constant of a crate")
        self.assertNotIn("iam:PassRole", found)


if __name__ == "__main__":
    unittest.main()
