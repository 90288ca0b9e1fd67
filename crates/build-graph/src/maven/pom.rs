//! Owns one pom.xml.

use crate::xml::XmlElement;

/// A reference to another project, as a pom.xml has it: values may have properties.
#[derive(Debug, Clone)]
pub(crate) struct PomReference {
    pub(crate) group: String,
    pub(crate) artifact: String,
    pub(crate) version: Option<String>,
    pub(crate) line: usize,
}

#[derive(Debug)]
pub(crate) struct Pom {
    project: XmlElement,
}

/// Where references stand that Maven counts for the order of a build, below the project and below a profile.
const REFERENCES: [&[&str]; 5] = [
    &["dependencies", "dependency"],
    &["build", "plugins", "plugin"],
    &["build", "plugins", "plugin", "dependencies", "dependency"],
    &["build", "extensions", "extension"],
    &["reporting", "plugins", "plugin"],
];

const MANAGED: &[&str] = &["dependencyManagement", "dependencies", "dependency"];

impl Pom {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let project = XmlElement::parse(text)?;
        if project.name != "project" {
            return Err(format!("is not a project: the first element is {}", project.name));
        }
        Ok(Self { project })
    }

    /// A value of the project itself.
    pub(crate) fn own(&self, name: &str) -> Option<&str> {
        self.project.text_of(name)
    }

    /// A value of the parent's reference.
    pub(crate) fn of_parent(&self, name: &str) -> Option<&str> {
        self.project.child("parent")?.text_of(name)
    }

    pub(crate) fn has_parent(&self) -> bool {
        self.project.child("parent").is_some()
    }

    /// Where the parent is; an empty element means that it is in no folder.
    pub(crate) fn parent_path(&self) -> Option<&str> {
        match self.project.child("parent")?.child("relativePath") {
            Some(path) => Some(path.text.trim()).filter(|path| !path.is_empty()),
            None => Some("../pom.xml"),
        }
    }

    pub(crate) fn group(&self) -> Option<&str> {
        self.own("groupId").or_else(|| self.of_parent("groupId"))
    }

    /// The project, and each of its profiles.
    fn parts(&self) -> impl Iterator<Item = &XmlElement> {
        std::iter::once(&self.project).chain(self.project.all(&["profiles", "profile"]))
    }

    /// The modules, also of profiles; Maven 4 has them as subprojects.
    pub(crate) fn modules(&self) -> Vec<String> {
        let paths: [&[&str]; 2] = [&["modules", "module"], &["subprojects", "subproject"]];
        let of_part = |part: &XmlElement| {
            let listed = paths.iter().flat_map(|path| part.all(path));
            listed
                .map(|module| module.text.trim().to_owned())
                .filter(|module| !module.is_empty())
                .collect::<Vec<_>>()
        };
        self.parts().flat_map(of_part).collect()
    }

    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.parts().find_map(|part| part.child("properties")?.text_of(name))
    }

    /// What a build of the project needs.
    pub(crate) fn references(&self) -> Vec<PomReference> {
        let of_part = |part| REFERENCES.iter().flat_map(move |path| XmlElement::all(part, path));
        self.parts().flat_map(of_part).filter_map(reference).collect()
    }

    /// The plugins that it uses.
    pub(crate) fn plugins(&self) -> Vec<PomReference> {
        let used = self.parts().flat_map(|part| part.all(&["build", "plugins", "plugin"]));
        used.filter_map(reference).collect()
    }

    /// What plugins would need if a project used them, with the plugin of each.
    pub(crate) fn managed_plugins(&self) -> Vec<(PomReference, Vec<PomReference>)> {
        let managed =
            self.parts().flat_map(|part| part.all(&["build", "pluginManagement", "plugins", "plugin"]));
        let with_needs = |plugin: &XmlElement| {
            let needs =
                plugin.all(&["dependencies", "dependency"]).into_iter().filter_map(reference).collect();
            Some((reference(plugin)?, needs))
        };
        managed.filter_map(with_needs).collect()
    }

    /// The lists of versions that it imports.
    pub(crate) fn imports(&self) -> Vec<PomReference> {
        let managed = self.parts().flat_map(|part| part.all(MANAGED));
        managed.filter(|entry| entry.text_of("scope") == Some("import")).filter_map(reference).collect()
    }

    /// The versions that it gives to dependencies without one.
    pub(crate) fn managed(&self) -> Vec<PomReference> {
        self.parts().flat_map(|part| part.all(MANAGED)).filter_map(reference).collect()
    }
}

/// A plugin without a group is one of Maven's own.
fn reference(element: &XmlElement) -> Option<PomReference> {
    Some(PomReference {
        group: element.text_of("groupId").unwrap_or("org.apache.maven.plugins").to_owned(),
        artifact: element.text_of("artifactId")?.to_owned(),
        version: element.text_of("version").map(str::to_owned),
        line: element.line,
    })
}
