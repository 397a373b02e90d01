//! What it measures: updates a second of cohorts, evaluation, a factorisation's epoch, memory against its estimate.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use drr_core::Seed;
use drr_cuda::trials::{Clock, member, model, world};
use drr_kinds::drr::DrrSpec;
use drr_kinds::error::Error;
use drr_kinds::online::OnlineSpec;
use drr_kinds::pmf::PmfSpec;
use drr_kinds::training::Silent;
use drr_train::evaluate::Policy;
use drr_train::kernels::Backend;
use drr_train::online::{self, Scene};
use drr_train::trainer::{Member, train};
use drr_train::{pmf, threads};

use super::GpuRig;
use super::alone::networks;
use super::table::Findings;

pub fn measure(rig: &GpuRig, findings: &mut Findings) -> Result<(), String> {
    let _no_gradients = tch::no_grad_guard();
    let cores = std::thread::available_parallelism().map_or(1, |count| count.get());
    threads::set(cores);
    findings.measured("cores", cores as f64);
    let (spec, k) = networks(rig);
    let (sizes, seconds): (&[u64], f64) = if rig.is_pretended { (&[1, 16], 0.3) } else { (&[1, 16, 64, 256], 12.0) };
    let world = Arc::new(world(943, 1682, 106));
    let model = Arc::new(model(&world, k));
    for &size in sizes {
        let spec = DrrSpec { train_steps: 1 << 40, ..spec.clone() };
        let members: Vec<Member> = (0..size).map(|seed| member(&world, &model, spec.clone(), seed)).collect();
        let mut clock = Clock::new(spec.learning_starts, seconds);
        let watch = GpuWatch::begin(rig);
        match train(&members, rig.backend, &mut clock) {
            Err(Error::Stopped) => {}
            Err(error) => return Err(error.to_string()),
            Ok(_) => return Err("training ended before the time was over".to_owned()),
        }
        findings.measured(&format!("member-updates a second, C = {size}"), clock.rate * size as f64);
        if let Some((busy, memory)) = seen(watch) {
            findings.measured(&format!("GPU busy, %, C = {size}"), busy);
            findings.measured(&format!("GPU memory, MiB, C = {size}"), memory);
        }
    }
    evaluation(rig, (&world, &model), findings)?;
    epoch(rig, findings)
}

/// Online: 20 repeats of sessions of 10, learning as they go.
fn evaluation(
    rig: &GpuRig,
    (world, model): (&Arc<drr_kinds::world::World>, &Arc<pmf::PmfModel>),
    findings: &mut Findings,
) -> Result<(), String> {
    let member = member(world, model, networks(rig).0, 0);
    let text = |error: Error| error.to_string();
    let (agent, _) = train(std::slice::from_ref(&member), rig.backend, &mut Silent).map_err(text)?;
    let mut policy = Policy::Recommender(Box::new(agent), Box::new(member.spec.clone()));
    let steps = if rig.is_pretended { 100 } else { 600 };
    let spec = OnlineSpec { k: vec![10], steps, repeats: 20, learning_starts: 64, ..OnlineSpec::default() };
    let began = Instant::now();
    online::run(&Scene::own(world, model, 5), &mut policy, &spec, Seed(0), &mut Silent).map_err(text)?;
    let took = began.elapsed().as_secs_f64();
    findings.measured("steps a second, online, 20 repeats", (steps * 20) as f64 / took);
    // The slides' protocol: 20 repeats of 20,000 steps at 4 K.
    findings.measured("minutes a model, online as in the slides", took / (steps * 20) as f64 * 1.6e6 / 60.0);
    Ok(())
}

/// An epoch over a million ratings and more, on the GPU and by the loops.
fn epoch(rig: &GpuRig, findings: &mut Findings) -> Result<(), String> {
    let (users, items, each) = if rig.is_pretended { (200, 300, 100) } else { (20_000, 10_000, 100) };
    let world = world(users, items, each);
    let ratings = world.train.ratings().count();
    for (name, backend) in [("on the GPU", rig.backend), ("by the loops", Backend::Slices)] {
        let seconds = |epochs: u64| {
            let (k, batch_size) = (if rig.is_pretended { 8 } else { 100 }, 16_384);
            let spec = PmfSpec { k, epochs, batch_size, validation: 0.0, ..PmfSpec::default() };
            let began = Instant::now();
            pmf::train_on(backend, &world, &spec, Seed(0), &mut Silent).map_err(|error| error.to_string())?;
            Ok::<f64, String>(began.elapsed().as_secs_f64())
        };
        let (one, three) = (seconds(1)?, seconds(3)?);
        findings.measured(&format!("seconds a PMF epoch, {ratings} ratings, {name}"), (three - one) / 2.0);
    }
    Ok(())
}

/// How busy the GPU is and what is taken of it, looked at every half second by the driver's own program.
struct GpuWatch {
    is_over: Arc<AtomicBool>,
    looks: std::thread::JoinHandle<Vec<(f64, f64)>>,
}

impl GpuWatch {
    fn begin(rig: &GpuRig) -> Option<Self> {
        if rig.is_pretended {
            return None;
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let looks = std::thread::spawn(move || {
            let mut looks = Vec::new();
            while !over.load(Ordering::Relaxed) {
                looks.extend(look());
                std::thread::sleep(Duration::from_millis(500));
            }
            looks
        });
        Some(Self { is_over, looks })
    }
}

/// Mean utilisation in percent, greatest memory in MiB.
fn seen(watch: Option<GpuWatch>) -> Option<(f64, f64)> {
    let watch = watch?;
    watch.is_over.store(true, Ordering::Relaxed);
    let looks = watch.looks.join().ok().filter(|looks| !looks.is_empty())?;
    let busy = looks.iter().map(|(busy, _)| busy).sum::<f64>() / looks.len() as f64;
    Some((busy, looks.iter().map(|(_, memory)| *memory).fold(0.0, f64::max)))
}

fn look() -> Option<(f64, f64)> {
    let arguments = ["--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits"];
    let said = Command::new("nvidia-smi").args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let (busy, memory) = text.lines().next()?.split_once(',')?;
    Some((busy.trim().parse().ok()?, memory.trim().parse().ok()?))
}
