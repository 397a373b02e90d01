//! Which address is which view. Everything that a view needs is opened here, anew for each request: nothing stays open
//! between two of them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use drr_core::TrialId;

use super::answer::{ContentType, PageAnswer, unknown};
use super::asked::{AskedPath, encoded};
use super::choice::Choice;
use super::kept::KeptAnswers;
use super::watch::{RunsWatch, Seen};
use super::{groups, overview, progress, trial, trials};
use crate::audit;
use crate::error::{Error, Exit, Result};
use crate::store::{Store, StoredSweep};

/// What a browser gets of a runs folder.
pub struct Site {
    runs: PathBuf,
    watch: RunsWatch,
    kept: KeptAnswers,
    /// The sweep that was looked at last, as it was.
    last: Mutex<Option<(u64, Arc<StoredSweep>)>>,
}

impl Site {
    /// Of a runs folder, which need not be there yet.
    pub fn new(runs: &Path) -> Self {
        Self {
            runs: runs.to_owned(),
            watch: RunsWatch::new(runs),
            kept: KeptAnswers::default(),
            last: Mutex::new(None),
        }
    }

    /// The path of a sweep's page.
    ///
    /// # Errors
    /// No sweep of that name is recorded.
    pub fn path_of(&self, sweep: &str) -> Result<String> {
        let store = self.store()?;
        match store.asked_of(sweep)? {
            Some(_) => Ok(format!("sweep/{}", encoded(sweep))),
            None => {
                let known = store.sweep_names()?.join(", ");
                let error = Error::input(format!("no sweep called `{sweep}` is recorded"));
                Err(if known.is_empty() { error } else { error.hint(format!("recorded are: {known}")) })
            }
        }
    }

    /// What is recorded now, as a number that changes with it.
    pub(super) fn version(&self) -> u64 {
        self.watch.look().growing
    }

    /// The answer to a path and a query.
    pub(super) fn answer(&self, path: &str, query: &str) -> PageAnswer {
        let Some(asked) = AskedPath::read(path, query) else {
            return PageAnswer::refusal(400, "the address is no text");
        };
        self.view(&asked).unwrap_or_else(|error| {
            let hint = error.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
            PageAnswer::refusal(if error.exit == Exit::BadInput { 404 } else { 500 }, &format!("{error}{hint}"))
        })
    }

    fn view(&self, asked: &AskedPath) -> Result<PageAnswer> {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        match path[..] {
            ["live.css"] => {
                let css = concat!(
                    include_str!("../../templates/report.css"),
                    include_str!("../../templates/figure.css"),
                    include_str!("../../templates/live.css")
                );
                return Ok(PageAnswer::file(ContentType::Css, css));
            }
            ["live.js"] => {
                return Ok(PageAnswer::file(ContentType::Script, include_str!("../../templates/live.js")));
            }
            ["tables.js"] => {
                return Ok(PageAnswer::file(ContentType::Script, include_str!("../../templates/tables.js")));
            }
            ["icon.svg"] => return Ok(PageAnswer::file(ContentType::Svg, include_str!("../../templates/icon.svg"))),
            _ => {}
        }
        let Seen { database, growing } = self.watch.look();
        let dear = |version, make: &dyn Fn() -> Result<PageAnswer>| self.kept.get(&asked.key(), version, make);
        match path[..] {
            [] => overview::page(&self.runs),
            ["sweeps"] => overview::part(&self.runs),
            ["sweep", name] => progress::page(&self.store()?, name, asked),
            ["sweep", name, "now"] => progress::part(&self.store()?, name),
            ["sweep", name, "groups"] => dear(database, &|| groups::tables(&*self.chosen(name, database, asked)?)),
            ["sweep", name, "curves"] => {
                dear(growing, &|| groups::curves(&self.store()?, &*self.chosen(name, database, asked)?))
            }
            ["sweep", name, "compare"] => dear(database, &|| {
                groups::comparison(&*self.sweep(name, database)?, asked.value("first"), asked.value("second"))
            }),
            ["sweep", name, "trials"] => dear(database, &|| trials::part(&*self.chosen(name, database, asked)?, asked)),
            ["trial", id] => trial::page(&self.store()?, of_id(id)?),
            ["trial", id, "now"] => trial::part(&self.store()?, of_id(id)?),
            _ => Err(Error::input("there is no such page").hint("/ lists the sweeps")),
        }
    }

    /// The database, or the folders where it cannot be read.
    fn store(&self) -> Result<Store> {
        audit::read_index(&self.runs).map(|(store, _)| store)
    }

    /// A sweep with all its trials.
    fn sweep(&self, name: &str, version: u64) -> Result<Arc<StoredSweep>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, sweep)) = last.as_ref()
            && *of == version
            && sweep.name == name
        {
            return Ok(Arc::clone(sweep));
        }
        // The old one is not held beside the new one.
        *last = None;
        let sweep = self.store()?.sweep(name)?.map(Arc::new).ok_or_else(|| unknown(name))?;
        *last = Some((version, Arc::clone(&sweep)));
        Ok(sweep)
    }

    /// A sweep with the trials that the query's filter leaves.
    fn chosen(&self, name: &str, version: u64, asked: &AskedPath) -> Result<Arc<StoredSweep>> {
        let sweep = self.sweep(name, version)?;
        let choice = Choice::read(asked.value("filter"));
        if choice.is_all() {
            return Ok(sweep);
        }
        let axes: Vec<&str> = sweep.axes.iter().map(String::as_str).collect();
        let trials = sweep.trials.iter().filter(|trial| choice.fits(trial, &axes)).cloned().collect();
        Ok(Arc::new(StoredSweep {
            name: sweep.name.clone(),
            source: String::new(),
            axes: sweep.axes.clone(),
            commands: sweep.commands.clone(),
            trials,
        }))
    }
}

fn of_id(text: &str) -> Result<TrialId> {
    text.parse().map_err(|_| Error::input("an address of a trial has its whole id, 64 hexadecimal digits"))
}
