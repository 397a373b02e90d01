//! A Slurm of one's own, to try the executor and to test it: `cargo xtask slurm-up`, `slurm-down`. Debian's packages,
//! everything in one folder, on loopback, as the user who calls; several nodes on one host, so that one can die.

use std::env;
use std::fs::{self, File, Permissions};
use std::io::{self, Read as _};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::problem::Problem;

/// Nodes, each with this machine's cores.
const NODES: usize = 2;

/// How long a daemon may take to come up or to go.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where it lives.
fn home(root: &Path) -> PathBuf {
    root.join("target/slurm")
}

/// Whether its programs are installed.
pub fn is_installed() -> bool {
    ["munged", "slurmctld", "slurmd", "sbatch"].iter().all(|program| find(program).is_some())
}

/// Starts it, unless it runs already.
pub fn up(root: &Path) -> Result<ExitCode, Problem> {
    let home = home(root);
    if !is_installed() {
        return Err(missing());
    }
    if answers(&home) {
        println!("it runs already");
        tell(&home);
        return Ok(ExitCode::SUCCESS);
    }
    // What an earlier one left would be half of another cluster.
    down(root)?;
    write(&home).map_err(|error| Problem::file(&home.display().to_string(), &error, "is the disk full?"))?;
    let at = |name: &str| home.join(name).display().to_string();
    start(
        "munged",
        &[
            "--force",
            &format!("--key-file={}", at("munge.key")),
            &format!("--socket={}", at("munge.sock")),
            &format!("--pid-file={}", at("munged.pid")),
            &format!("--log-file={}", at("log/munged.log")),
            &format!("--seed-file={}", at("munge.seed")),
        ],
    )?;
    start("slurmctld", &["-f", &at("slurm.conf")])?;
    for node in nodes() {
        start("slurmd", &["-f", &at("slurm.conf"), "-N", &node])?;
    }
    let idle = || {
        let said = output("sinfo", &home, &["--noheader", "--Node", "--format=%T"]).unwrap_or_default();
        said.lines().filter(|line| line.trim() == "idle").count() == NODES
    };
    if !wait(idle) {
        let mend = format!("its logs lie in {}", at("log"));
        return Err(Problem::file("Slurm's nodes", &io::Error::from(io::ErrorKind::TimedOut), &mend));
    }
    tell(&home);
    Ok(ExitCode::SUCCESS)
}

/// Stops it, with all its jobs.
pub fn down(root: &Path) -> Result<ExitCode, Problem> {
    let home = home(root);
    if answers(&home) {
        let user = uid().to_string();
        let _ = output("scancel", &home, &["--quiet", &format!("--user={user}")]);
        wait(|| output("squeue", &home, &["--noheader", "--states=running,completing"]).is_none_or(|it| it.is_empty()));
    }
    let mut daemons: Vec<String> = nodes().iter().map(|node| format!("slurmd-{node}.pid")).collect();
    daemons.extend(["slurmctld.pid".to_owned(), "munged.pid".to_owned()]);
    for daemon in daemons {
        let Some(pid) = fs::read_to_string(home.join(&daemon)).ok().and_then(|text| text.trim().parse::<u32>().ok())
        else {
            continue;
        };
        let _ = Command::new("kill").arg(pid.to_string()).stderr(Stdio::null()).status();
        if !wait(|| !Path::new(&format!("/proc/{pid}")).exists() || is_zombie(pid)) {
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).stderr(Stdio::null()).status();
        }
        let _ = fs::remove_file(home.join(daemon));
    }
    Ok(ExitCode::SUCCESS)
}

fn missing() -> Problem {
    let error = io::Error::from(io::ErrorKind::NotFound);
    Problem::file("Slurm", &error, "install it: apt-get install slurm-wlm munge")
}

fn tell(home: &Path) {
    println!(
        "a Slurm of {NODES} nodes runs in {home}; to use it from this shell:\n\n  \
         export SLURM_CONF={home}/slurm.conf\n\n\
         `cargo xtask slurm-down` stops it",
        home = home.display()
    );
}

fn nodes() -> Vec<String> {
    (1..=NODES).map(|number| format!("n{number}")).collect()
}

/// Writes the folder: key, configuration, places for state and logs.
fn write(home: &Path) -> io::Result<()> {
    let _ = fs::remove_dir_all(home);
    for folder in ["state", "spool", "log"] {
        fs::create_dir_all(home.join(folder))?;
    }
    // munged takes a key that only its owner can read, in a folder that only its owner can write.
    fs::set_permissions(home, Permissions::from_mode(0o755))?;
    let mut key = [0; 128];
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    fs::write(home.join("munge.key"), key)?;
    fs::set_permissions(home.join("munge.key"), Permissions::from_mode(0o400))?;
    fs::write(home.join("slurm.conf"), configuration(home)?)
}

/// No accounting, no cgroups: what a container and a user of one's own can run.
fn configuration(home: &Path) -> io::Result<String> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname")?;
    let host = host.trim().split('.').next().unwrap_or_default();
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let ports = ports(NODES + 1)?;
    let user = user();
    let home = home.display();
    let mut text = format!(
        "ClusterName=drr-lab\n\
         SlurmctldHost=localhost(127.0.0.1)\n\
         SlurmUser={user}\n\
         SlurmdUser={user}\n\
         AuthType=auth/munge\n\
         CredType=cred/munge\n\
         AuthInfo=socket={home}/munge.sock,cred_expire=5\n\
         SlurmctldPort={port}\n\
         SlurmctldPidFile={home}/slurmctld.pid\n\
         SlurmdPidFile={home}/slurmd-%n.pid\n\
         StateSaveLocation={home}/state\n\
         SlurmdSpoolDir={home}/spool/%n\n\
         SlurmctldLogFile={home}/log/slurmctld.log\n\
         SlurmdLogFile={home}/log/slurmd-%n.log\n\
         ProctrackType=proctrack/linuxproc\n\
         TaskPlugin=task/none\n\
         SelectType=select/cons_tres\n\
         SelectTypeParameters=CR_Core\n\
         MpiDefault=none\n\
         ReturnToService=2\n\
         JobRequeue=1\n\
         KillWait=3\n\
         SlurmctldTimeout=10\n\
         SlurmdTimeout=10\n\
         MaxArraySize=1001\n\
         MaxJobCount=100000\n\
         SchedulerParameters=sched_interval=1,batch_sched_delay=0\n",
        port = ports[0]
    );
    for (node, port) in nodes().iter().zip(&ports[1..]) {
        text += &format!(
            "NodeName={node} NodeAddr=127.0.0.1 NodeHostname={host} Port={port} CPUs={cores} RealMemory=512\n"
        );
    }
    text += "PartitionName=main Nodes=ALL Default=YES MaxTime=1:00:00 State=UP\n";
    Ok(text)
}

/// Ports that are free now.
fn ports(count: usize) -> io::Result<Vec<u16>> {
    let listeners = (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<io::Result<Vec<_>>>()?;
    listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

fn uid() -> u32 {
    fs::metadata("/proc/self").map_or(0, |me| me.uid())
}

/// The name of the user who calls; Slurm also takes the number.
fn user() -> String {
    let uid = uid().to_string();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find(|line| line.split(':').nth(2) == Some(&uid)).and_then(|line| line.split(':').next());
    name.map_or_else(|| uid.clone(), str::to_owned)
}

/// A daemon's program is often outside a user's PATH.
fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Starts a daemon, which leaves this process by itself.
fn start(daemon: &str, arguments: &[&str]) -> Result<(), Problem> {
    let program = find(daemon).ok_or_else(missing)?;
    let status = Command::new(&program).args(arguments).stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Problem::file(daemon, &io::Error::other(status.to_string()), &by_hand(&program, arguments))),
        Err(error) => Err(Problem::file(daemon, &error, &by_hand(&program, arguments))),
    }
}

fn by_hand(program: &Path, arguments: &[&str]) -> String {
    format!("by hand: {} {}", program.display(), arguments.join(" "))
}

fn answers(home: &Path) -> bool {
    home.join("slurm.conf").is_file() && output("scontrol", home, &["ping"]).is_some_and(|said| said.contains("UP"))
}

fn output(program: &str, home: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(find(program)?);
    command.args(arguments).env("SLURM_CONF", home.join("slurm.conf")).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn wait(reached: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while !reached() {
        if began.elapsed() > PATIENCE {
            return false;
        }
        thread::sleep(Duration::from_millis(100));
    }
    true
}

/// Where nothing reaps orphans a dead process stays in the table.
fn is_zombie(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}
