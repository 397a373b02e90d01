//! The live page: what is recorded, shown in a browser while it grows. Reads the runs folder and writes nothing; the
//! tables and curves are the report's own.
//!
//! | file | job |
//! | --- | --- |
//! | `server` | sockets and HTTP; nothing of what is shown |
//! | `guard` | who may ask, and what a browser may do with an answer |
//! | `watch` | whether anything was recorded since, told to every page that is open |
//! | `site` | which address is which view; `answer`, `asked`: what goes out and comes in |
//! | `kept` | answers that cost something, kept while nothing changed, and made anew only so often |
//! | `overview`, `progress`, `groups`, `trials`, `trial` | the views |
//! | `choice` | trials chosen by words and values of parameters |

mod answer;
mod asked;
mod choice;
mod groups;
mod guard;
mod kept;
mod overview;
mod progress;
mod server;
mod site;
#[cfg(test)]
mod tests;
mod trial;
mod trials;
mod watch;

pub use guard::{SiteAccess, new_token};
pub use server::{LiveServer, listen};
pub use site::Site;

/// `0.4 s`, `45 s`, `12 min`, `3.4 h`.
fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 9.95 => format!("{seconds:.1} s"),
        seconds if seconds < 99.5 => format!("{seconds:.0} s"),
        seconds if seconds < 99.5 * 60.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}
