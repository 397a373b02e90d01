//! The README's pictures, made again from nothing: the quickstart's sweep is run (or found finished), reported, and the figures
//! that the README shows are copied into `docs/images/`. Where Chromium is installed the report's page and the live one are
//! photographed too.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::{env, fs, io};

use crate::chores::{BUILD, all_pass};
use crate::problem::Problem;
use crate::steps::Step;

const STEPS: &[Step] = &[
    BUILD,
    Step::drr_lab("data", &["data", "fetch", "ml-100k"]),
    Step::drr_lab("sweep", &["sweep", "sweeps/quickstart.toml"]),
    Step::drr_lab("report", &["report", "quickstart", "--format", "html,png"]),
];

/// A figure of the report and what it is called in `docs/images/`.
const FIGURES: &[(&str, &str)] = &[
    ("offline-published-ml-100k-precision", "quickstart"),
    ("offline-published-ml-100k-precision-differences", "quickstart-differences"),
];

/// Runs the steps and copies the pictures.
pub fn run(root: &Path) -> Result<ExitCode, Problem> {
    if !all_pass(root, STEPS)? {
        return Ok(ExitCode::FAILURE);
    }
    let (report, images) = (root.join("reports/quickstart"), root.join("docs/images"));
    for (figure, name) in FIGURES {
        let (from, to) = (report.join(format!("figures/{figure}.png")), images.join(format!("{name}.png")));
        fs::copy(&from, &to)
            .map_err(|error| Problem::file(&from.display().to_string(), &error, "did the report change?"))?;
        println!("docs/images/{name}.png");
    }
    let page = format!("file://{}", report.join("index.html").display());
    let (mut server, live) = serve(root).map_err(|error| Problem::file("drr-lab serve", &error, "run it by hand"))?;
    for (page, name) in [(page, "quickstart-page"), (format!("{live}?still"), "quickstart-live")] {
        match photograph(&page, &images.join(format!("{name}.png"))) {
            Ok(true) => println!("docs/images/{name}.png"),
            Ok(false) => println!("no Chromium here: docs/images/{name}.png stays as it is"),
            Err(error) => {
                let _ = server.kill();
                return Err(Problem::file("chromium", &error, "run it by hand to see more: chromium --headless"));
            }
        }
    }
    let _ = server.kill();
    let _ = server.wait();
    Ok(ExitCode::SUCCESS)
}

/// The live page of the quickstart, and where it is.
fn serve(root: &Path) -> io::Result<(Child, String)> {
    let mut server = Command::new(root.join("target/debug/drr-lab"))
        .current_dir(root)
        .args(["serve", "quickstart"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut url = String::new();
    BufReader::new(server.stdout.take().expect("it is piped")).read_line(&mut url)?;
    Ok((server, url.trim().to_owned()))
}

/// The top of a page as a picture; false where there is no Chromium.
fn photograph(page: &str, to: &Path) -> io::Result<bool> {
    let profile = env::temp_dir().join(format!("drr-lab-pictures-{}", std::process::id()));
    let done = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"])
        .args(["--disable-component-update", "--disable-sync", "--no-first-run", "--window-size=1280,1000"])
        // What the page asks for after it has loaded has come by then.
        .arg("--virtual-time-budget=10000")
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("--screenshot={}", to.display()))
        .arg(page)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let _ = fs::remove_dir_all(&profile);
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
        Ok(status) if status.success() => Ok(true),
        Ok(status) => Err(io::Error::other(format!("it ended with {status}"))),
    }
}
