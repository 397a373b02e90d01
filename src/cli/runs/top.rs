//! `drr-lab runs top`: the N items that a recorded recommender ranks highest for a user.

use drr_core::TrialId;
use drr_core::finished::{self, Fault};
use drr_core::trial_dir::TrialDir;

use crate::cli::target::{self, Target};
use crate::cli::{Context, OutputFormat, index};
use crate::error::{Error, Exit, Result};
use crate::neutral::line;
use crate::report::{self, Alike, ReportOptions, SweepReport, TopList};

pub(super) fn run(context: &Context, name: &str, user: &str, n: usize, seen: bool) -> Result<()> {
    let trial = match target::find(&context.runs, name)? {
        Target::Trial(trial) => trial,
        Target::Sweep(sweep) => best(context, &sweep.name)?,
    };
    let changed = |fault: Fault| match fault {
        Fault::Unfinished(_) => Error::input(fault.to_string()).hint("run the sweep again to finish it"),
        _ => Error { exit: Exit::Mismatch, ..Error::input(fault.to_string()) },
    };
    let read = |trial| finished::read_spec(&TrialDir::new(&context.runs, trial)).map_err(changed);
    let spec = read(trial)?;
    // An evaluation stands for what it evaluates.
    let evaluated = report::evaluated_recommender(&spec);
    let spec = evaluated.map_or(Ok(spec), read)?;
    // The models are the ones that were recorded.
    for trial in spec.upstream().into_iter().chain([spec.id()]) {
        finished::read(&TrialDir::new(&context.runs, trial)).map_err(changed)?;
    }
    let list = report::top(&context.runs, &context.data, &spec, user, n, seen)?;
    match context.output {
        OutputFormat::Json => println!("{}", serde_json::to_string(&list).expect("a list is JSON")),
        OutputFormat::Human | OutputFormat::Quiet => print!("{}", text(&list)),
    }
    Ok(())
}

/// The best recommender of a sweep.
fn best(context: &Context, sweep: &str) -> Result<TrialId> {
    let stored = index::open(&context.runs, context.output)?.sweep(sweep)?;
    let plain = ReportOptions::default();
    let report = stored.as_ref().map(|stored| SweepReport::new(stored, &plain)).transpose()?;
    report.and_then(|report| report.best_recommender()).ok_or_else(|| {
        Error::input(format!("{sweep} has no finished offline evaluation of a recommender"))
            .hint("run the sweep, or name a recommender's trial")
    })
}

fn text(list: &TopList) -> String {
    let mut text = format!("user {} by {}, after:\n", line(&list.user), list.trial.short());
    for item in &list.history {
        text += &format!("      {}\n", line(&item.title));
    }
    let width = list.items.iter().map(|it| line(&it.item.title).chars().count()).max().unwrap_or(0);
    let width = width.max("recommended".len());
    text += &format!("\n  #  {:<width$}  {:>7}  held out\n", "recommended", "score");
    for (at, scored) in list.items.iter().enumerate() {
        let stars = scored
            .stars
            .map_or_else(|| "–".to_owned(), |stars| format!("{stars}{}", if list.in_stars { " ★" } else { "" }));
        text += &format!("{:>3}  {:<width$}  {:>7.3}  {stars}\n", at + 1, line(&scored.item.title), scored.score);
    }
    let Alike { users, same, distinct } = list.alike;
    let n = list.items.len();
    text += &match same {
        0 | 1 => format!("\nno other of {users} users has the same {n}"),
        _ => format!("\nthe same {n} for {same} of {users} users"),
    };
    text += &format!("; {distinct} distinct items in all their lists\n");
    text
}
