//! The source tree this program was built from, where it still lies there: commit, branch, and what is not committed.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io};

use drr_core::Digest;
use drr_core::trial_dir::write_whole;
use serde::Serialize;

/// What a look at the source tree found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceLook {
    /// The sources are in no repository here, or not here at all.
    NoRepository,
    /// The tree.
    Tree(SourceTree),
    /// There is a repository, but how it stands cannot be told, for this reason.
    Unreadable(String),
}

/// The variables of a process.
type Environment = [(OsString, OsString)];

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
    /// Looks at the tree and keeps its difference to the commit in the runs folder.
    pub fn look(runs: &Path) -> SourceLook {
        Self::at(Path::new(env!("CARGO_MANIFEST_DIR")), runs, &std::env::vars_os().collect::<Vec<_>>())
    }

    /// The same of another folder: that of a sweep's commands.
    pub fn of(folder: &Path, runs: &Path) -> SourceLook {
        Self::at(folder, runs, &std::env::vars_os().collect::<Vec<_>>())
    }

    fn at(tree: &Path, runs: &Path, environment: &Environment) -> SourceLook {
        if !tree.ancestors().any(|folder| folder.join(".git").exists()) {
            return SourceLook::NoRepository;
        }
        match Self::read(tree, runs, environment) {
            Ok(tree) => SourceLook::Tree(tree),
            Err(why) => SourceLook::Unreadable(why),
        }
    }

    fn read(tree: &Path, runs: &Path, environment: &Environment) -> Result<Self, String> {
        let text = |arguments: &[&str]| {
            git(tree, arguments, environment, None).map(|it| String::from_utf8_lossy(&it).trim().to_owned())
        };
        let commit = text(&["rev-parse", "HEAD"])?;
        let branch = text(&["rev-parse", "--abbrev-ref", "HEAD"])?;
        // `git diff` writes what it learns of files' times into the index, whatever it is told: it gets a copy.
        let index = IndexCopy::new(&tree.join(text(&["rev-parse", "--git-path", "index"])?))?;
        let git = |arguments: &[&str]| git(tree, arguments, environment, Some(&index.0));
        let status = git(&["status", "--porcelain=v1", "--no-renames", "--untracked-files=all", "-z"])?;
        let names = status.split(|byte| *byte == 0).filter(|entry| entry.len() > 3);
        let changed: Vec<String> = names.map(|entry| String::from_utf8_lossy(&entry[3..]).into_owned()).collect();
        let diff = git(&["diff", "HEAD", "--binary", "--no-color", "--no-ext-diff", "--no-textconv"])?;
        let diff = Some(diff).filter(|diff| !diff.is_empty()).map(|diff| {
            let digest = Digest::of(&diff);
            let folder = runs.join("diffs");
            let path = folder.join(format!("{digest}.diff"));
            // What cannot be kept here is still known by its digest; a trial must not fail for it.
            if !path.exists() {
                let _ = fs::create_dir_all(&folder).and_then(|()| write_whole(&path, &diff));
            }
            digest
        });
        Ok(Self { commit, branch, changed, diff })
    }
}

/// A copy of a repository's index, for programs that would write to it; removed when dropped. It is as old as the index: git
/// reads those files again that are no older, since they may have changed within the tick of a clock in which it was written.
struct IndexCopy(PathBuf);

impl IndexCopy {
    fn new(index: &Path) -> Result<Self, String> {
        static COPIES: AtomicUsize = AtomicUsize::new(0);
        let number = COPIES.fetch_add(1, Ordering::Relaxed);
        let copy = std::env::temp_dir().join(format!("drr-lab-index-{}-{number}", std::process::id()));
        let about = |error: io::Error| format!("its index {} cannot be read: {error}", index.display());
        let modified = fs::metadata(index).and_then(|it| it.modified()).map_err(about)?;
        let bytes = fs::read(index).map_err(about)?;
        // New, so that no link is followed that somebody put there.
        let mut file = fs::File::create_new(&copy).map_err(about)?;
        let copy = Self(copy);
        file.write_all(&bytes).and_then(|()| file.set_modified(modified)).map_err(about)?;
        Ok(copy)
    }
}

impl Drop for IndexCopy {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// What git says about a tree. Variables of git that this process was given, as by a hook, are about another repository,
/// index or configuration, and are not passed on; the index is left as it is, and so is a lock that someone holds on it.
fn git(tree: &Path, arguments: &[&str], environment: &Environment, index: Option<&Path>) -> Result<Vec<u8>, String> {
    let kept = environment.iter().filter(|(name, _)| !name.as_encoded_bytes().starts_with(b"GIT_")).cloned();
    let mut command = Command::new("git");
    command.env_clear().envs(kept).envs(index.map(|copy| ("GIT_INDEX_FILE", copy)));
    command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    let output = command.args(["-c", "core.fsmonitor=false", "-C"]).arg(tree).args(arguments).output();
    let output = output.map_err(|error| format!("git cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned();
    let what = arguments.first().copied().unwrap_or_default();
    Err(format!("git {what} ended with {}: {said}", output.status))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn environment(more: &[(&str, &Path)]) -> Vec<(OsString, OsString)> {
        let more = more.iter().map(|(name, value)| (OsString::from(*name), value.as_os_str().to_owned()));
        std::env::vars_os().chain(more).collect()
    }

    /// A repository of one commit.
    fn repository(tree: &Path) {
        fs::create_dir(tree).expect("made");
        fs::write(tree.join("a b.rs"), "one\n").expect("written");
        let who = ["-c", "user.name=n", "-c", "user.email=e@x", "-c", "commit.gpgsign=false"];
        for arguments in
            [&["init", "-q", "-b", "main"][..], &["add", "."], &[&who[..], &["commit", "-qm", "one"]].concat()]
        {
            git(tree, arguments, &environment(&[]), None).expect("git works");
        }
    }

    fn seen(look: SourceLook) -> SourceTree {
        match look {
            SourceLook::Tree(tree) => tree,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_change_within_the_tick_in_which_the_index_was_written_is_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let (tree, runs) = (folder.path().join("tree"), folder.path().join("runs"));
        repository(&tree);
        // Of the same size and time, by a clock that stood still; what the test cannot set back is not looked at.
        let set_back = |file: &Path| {
            let file = fs::File::options().write(true).open(file).expect("there");
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).expect("set");
        };
        let (file, index) = (tree.join("a b.rs"), tree.join(".git/index"));
        git(&tree, &["config", "core.trustctime", "false"], &environment(&[]), None).expect("git works");
        set_back(&file);
        git(&tree, &["update-index", "--refresh"], &environment(&[]), None).expect("git works");
        set_back(&index);
        assert_eq!(seen(SourceTree::at(&tree, &runs, &environment(&[]))).changed, [""; 0]);
        fs::write(&file, "two\n").expect("written");
        set_back(&file);
        let dirty = seen(SourceTree::at(&tree, &runs, &environment(&[])));
        assert_eq!(dirty.changed, ["a b.rs"]);
        assert!(dirty.diff.is_some(), "the difference is kept as well");
    }

    #[test]
    fn a_change_is_named_and_its_difference_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let (tree, runs) = (folder.path().join("tree"), folder.path().join("runs"));
        assert_eq!(SourceTree::at(&tree, &runs, &environment(&[])), SourceLook::NoRepository);
        repository(&tree);
        let clean = seen(SourceTree::at(&tree, &runs, &environment(&[])));
        assert_eq!((clean.branch.as_str(), clean.changed.len(), clean.diff), ("main", 0, None));
        fs::write(tree.join("a b.rs"), "two\n").expect("written");
        fs::write(tree.join("new.rs"), "").expect("written");
        let dirty = seen(SourceTree::at(&tree, &runs, &environment(&[])));
        assert_eq!((&dirty.commit, dirty.changed), (&clean.commit, vec!["a b.rs".to_owned(), "new.rs".to_owned()]));
        let digest = dirty.diff.expect("a difference");
        let kept = fs::read(runs.join(format!("diffs/{digest}.diff"))).expect("kept");
        assert_eq!(Digest::of(&kept), digest);
        assert!(String::from_utf8_lossy(&kept).contains("-one\n+two"));
    }

    #[test]
    fn variables_of_git_lead_nowhere_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let (tree, other, runs) = (folder.path().join("tree"), folder.path().join("other"), folder.path().join("runs"));
        repository(&tree);
        repository(&other);
        fs::write(other.join("not mine.rs"), "").expect("written");
        let plain = SourceTree::at(&tree, &runs, &environment(&[]));
        let (git_dir, index, nowhere) = (other.join(".git"), other.join(".git/index"), folder.path().join("nowhere"));
        for variables in [
            &[("GIT_DIR", git_dir.as_path()), ("GIT_WORK_TREE", other.as_path())][..],
            &[("GIT_INDEX_FILE", index.as_path())],
            &[("GIT_INDEX_FILE", nowhere.as_path())],
            &[("GIT_OBJECT_DIRECTORY", nowhere.as_path())],
            &[("GIT_NAMESPACE", Path::new("elsewhere")), ("GIT_CEILING_DIRECTORIES", folder.path())],
        ] {
            assert_eq!(SourceTree::at(&tree, &runs, &environment(variables)), plain, "{variables:?}");
        }
    }

    #[test]
    fn the_index_and_a_lock_on_it_are_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let (tree, runs) = (folder.path().join("tree"), folder.path().join("runs"));
        repository(&tree);
        // The same content at another time: git would note in the index that nothing changed.
        let later = SystemTime::now() + Duration::from_secs(60);
        fs::File::open(tree.join("a b.rs")).and_then(|file| file.set_modified(later)).expect("set");
        let index = tree.join(".git/index");
        let before = fs::read(&index).expect("an index");
        assert!(seen(SourceTree::at(&tree, &runs, &environment(&[]))).changed.is_empty());
        assert_eq!(fs::read(&index).expect("an index"), before, "the index is not written");
        fs::write(tree.join(".git/index.lock"), "").expect("somebody commits");
        assert!(seen(SourceTree::at(&tree, &runs, &environment(&[]))).changed.is_empty());
    }

    #[test]
    fn a_tree_that_cannot_be_read_is_said_to_be_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let (tree, runs) = (folder.path().join("tree"), folder.path().join("runs"));
        repository(&tree);
        fs::write(tree.join(".git/index"), "no index").expect("written");
        match SourceTree::at(&tree, &runs, &environment(&[])) {
            SourceLook::Unreadable(why) => {
                assert!(why.starts_with("git status ended with exit status: 128: "), "{why}")
            }
            other => panic!("{other:?}"),
        }
        repository(&folder.path().join("second"));
        match SourceTree::at(&folder.path().join("second"), &runs, &[]) {
            SourceLook::Unreadable(why) => assert!(why.starts_with("git"), "{why}"),
            // Without a search path there may still be a usual place for programs.
            SourceLook::Tree(_) => {}
            SourceLook::NoRepository => panic!("there is one"),
        }
    }
}
