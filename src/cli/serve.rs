//! `drr-lab serve`: what is recorded, shown in a browser while it grows.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use serde_json::json;

use super::{Context, OutputFormat};
use crate::error::{Exit, Result};
use crate::live::{Site, SiteAccess, listen, new_token};
use crate::neutral::printing;

const EXAMPLES: &str = "\
Examples:
  drr-lab serve --open                 a page of all sweeps, in your browser
  drr-lab serve quickstart --open      the page of one sweep
  drr-lab serve --address 0.0.0.0      for others too: the address it prints holds a token
  ssh -L 4777:localhost:4777 HOST      then open http://localhost:4777/ for a drr-lab serve on HOST

It reads and never writes: start and stop it as you like, beside a sweep or without one. Ctrl-C ends it.";

/// The port, unless another is asked for; where it is taken, one of those that follow.
const PORT: u16 = 4777;
const TRIED: u16 = 20;

/// Show what is recorded in a browser, and follow it while it grows.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The sweep to open; the list of all, if none is named.
    #[arg(value_name = "SWEEP")]
    sweep: Option<String>,
    /// The port [default: the first free one from 4777 on].
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// The address to listen at. Any but the loopback's needs the token that is printed with it.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Open it in the browser.
    #[arg(long)]
    open: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit> {
    let addresses: Vec<SocketAddr> = match args.port {
        Some(port) => vec![SocketAddr::new(args.address, port)],
        None => (PORT..PORT + TRIED).map(|port| SocketAddr::new(args.address, port)).collect(),
    };
    let token = if args.address.is_loopback() { None } else { Some(new_token()?) };
    let site = Site::new(&context.runs);
    let path = match &args.sweep {
        Some(name) => site.path_of(name)?,
        None => String::new(),
    };
    let server = listen(&addresses, site, |address| SiteAccess::new(address, token.clone()))?;
    let url = server.url(&path);
    match context.output {
        OutputFormat::Json => printing::out_now(format!("{}\n", json!({ "url": url })).as_bytes()),
        OutputFormat::Human => printing::out_now(format!("{url}\nCtrl-C ends it.\n").as_bytes()),
        OutputFormat::Quiet => {}
    }
    if args.open && !open(&url) {
        eprintln!("note: no browser was found to open it in; open the address yourself");
    }
    server.run().map(|()| Exit::Done)
}

/// Hands an address to the desktop's browser.
fn open(url: &str) -> bool {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}
