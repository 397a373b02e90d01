//! The source tree this program was built from, where it still lies there: commit, branch, and what is not committed.

use std::fs;
use std::path::Path;
use std::process::Command;

use drr_core::Digest;
use drr_core::trial_dir::write_whole;
use serde::Serialize;

/// How the source tree stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceTree {
    /// The commit that is checked out.
    pub commit: String,
    /// The branch, `HEAD` if none is.
    pub branch: String,
    /// Files that are not as committed, as `git status` has them.
    pub changed: Vec<String>,
    /// SHA-256 of the difference to the commit, kept as `diffs/<digest>.diff` in the runs folder.
    pub diff: Option<Digest>,
}

impl SourceTree {
    /// Looks at the tree and keeps its difference to the commit in the runs folder; `None` where git knows no tree.
    pub fn look(runs: &Path) -> Option<Self> {
        Self::at(Path::new(env!("CARGO_MANIFEST_DIR")), runs)
    }

    fn at(tree: &Path, runs: &Path) -> Option<Self> {
        let text = |arguments: &[&str]| git(tree, arguments).map(|it| String::from_utf8_lossy(&it).trim().to_owned());
        let commit = text(&["rev-parse", "HEAD"])?;
        let branch = text(&["rev-parse", "--abbrev-ref", "HEAD"])?;
        let status = git(tree, &["status", "--porcelain=v1", "--no-renames", "--untracked-files=all", "-z"])?;
        let names = status.split(|byte| *byte == 0).filter(|entry| entry.len() > 3);
        let changed: Vec<String> = names.map(|entry| String::from_utf8_lossy(&entry[3..]).into_owned()).collect();
        let diff =
            git(tree, &["diff", "HEAD", "--binary", "--no-color", "--no-ext-diff"]).filter(|diff| !diff.is_empty());
        let diff = diff.map(|diff| {
            let digest = Digest::of(&diff);
            let folder = runs.join("diffs");
            let path = folder.join(format!("{digest}.diff"));
            // What cannot be kept here is still known by its digest; a trial must not fail for it.
            if !path.exists() {
                let _ = fs::create_dir_all(&folder).and_then(|()| write_whole(&path, &diff));
            }
            digest
        });
        Some(Self { commit, branch, changed, diff })
    }
}

fn git(tree: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("git").arg("-C").arg(tree).args(arguments).output().ok()?;
    output.status.success().then_some(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_named_and_its_difference_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let (tree, runs) = (folder.path().join("tree"), folder.path().join("runs"));
        fs::create_dir(&tree).expect("made");
        assert_eq!(SourceTree::at(&tree, &runs), None, "no repository");
        fs::write(tree.join("a b.rs"), "one\n").expect("written");
        let who = ["-c", "user.name=n", "-c", "user.email=e@x", "-c", "commit.gpgsign=false"];
        for arguments in
            [&["init", "-q", "-b", "main"][..], &["add", "."], &[&who[..], &["commit", "-qm", "one"]].concat()]
        {
            git(&tree, arguments).expect("git works");
        }
        let clean = SourceTree::at(&tree, &runs).expect("a repository");
        assert_eq!((clean.branch.as_str(), clean.changed.len(), clean.diff), ("main", 0, None));
        fs::write(tree.join("a b.rs"), "two\n").expect("written");
        fs::write(tree.join("new.rs"), "").expect("written");
        let dirty = SourceTree::at(&tree, &runs).expect("a repository");
        assert_eq!((&dirty.commit, dirty.changed), (&clean.commit, vec!["a b.rs".to_owned(), "new.rs".to_owned()]));
        let digest = dirty.diff.expect("a difference");
        let kept = fs::read(runs.join(format!("diffs/{digest}.diff"))).expect("kept");
        assert_eq!(Digest::of(&kept), digest);
        assert!(String::from_utf8_lossy(&kept).contains("-one\n+two"));
    }
}
