//! What is written for Slurm, word by word; and that bash reads it as it is meant.

use std::process::Command;

use super::*;

fn script<'a>(folder: &'a Path, runs: &'a Path) -> Script<'a> {
    Script {
        name: "drr-small-1a2b.drr-0",
        what: "drr-lab: 4 trials of the sweep small in 4 tasks",
        array: "0-3",
        first: 2,
        folder,
        runs,
        data: Path::new("/shared/data"),
        worker: Path::new("/shared/runs/slurm/small/1a2b/worker/drr-lab"),
        dataset: Some(("ml-100k", "0123456789ab")),
        environment: &[("MKL_CBWR", "AVX2,STRICT"), ("OMP_NUM_THREADS", "1")],
    }
}

fn rendered(settings: &SlurmSettings) -> String {
    script(Path::new("/shared/my runs/slurm/small/1a2b"), Path::new("/shared/my runs")).render(settings)
}

#[test]
fn a_script_without_settings_is_short() {
    insta::assert_snapshot!(rendered(&SlurmSettings::default()), @r#"
    #!/bin/bash
    # drr-lab: 4 trials of the sweep small in 4 tasks
    #SBATCH --job-name=drr-small-1a2b.drr-0
    #SBATCH --array=0-3
    #SBATCH --output='/shared/my runs/slurm/small/1a2b/logs/%x_%a.log'
    #SBATCH --open-mode=append
    #SBATCH --chdir='/shared/my runs'
    #SBATCH --requeue
    #SBATCH --ntasks=1
    #SBATCH --cpus-per-task=1
    set -eu
    export MKL_CBWR=AVX2,STRICT
    export OMP_NUM_THREADS=1
    export CUDA_VISIBLE_DEVICES=
    exec /shared/runs/slurm/small/1a2b/worker/drr-lab worker --plan '/shared/my runs/slurm/small/1a2b' --task $((2 + SLURM_ARRAY_TASK_ID)) --lost "${DRR_LAB_LOST:-0}"
    "#);
}

fn everything() -> SlurmSettings {
    let text = |text: &str| Some(text.to_owned());
    SlurmSettings {
        partition: text("gpu"),
        account: text("lab"),
        qos: text("long"),
        time: text("4:00:00"),
        mem: text("8G"),
        cpus: Some(2),
        gres: text("gpu:a100:1"),
        gpus: None,
        constraint: text("avx2&ib"),
        throttle: Some(50),
        sbatch: vec!["--exclusive".to_owned(), "#SBATCH --mail-type=END".to_owned()],
        prologue: text("module load apptainer\nulimit -n 4096"),
        container: text("/images/lab.sif"),
        libtorch: text("/opt/libtorch/lib"),
        cache: text("/scratch/$USER/drr-lab"),
    }
}

#[test]
fn a_script_with_everything_says_everything() {
    insta::assert_snapshot!(rendered(&everything()), @r##"
    #!/bin/bash
    # drr-lab: 4 trials of the sweep small in 4 tasks
    #SBATCH --job-name=drr-small-1a2b.drr-0
    #SBATCH --array=0-3%50
    #SBATCH --output='/shared/my runs/slurm/small/1a2b/logs/%x_%a.log'
    #SBATCH --open-mode=append
    #SBATCH --chdir='/shared/my runs'
    #SBATCH --requeue
    #SBATCH --ntasks=1
    #SBATCH --cpus-per-task=2
    #SBATCH --partition=gpu
    #SBATCH --account=lab
    #SBATCH --qos=long
    #SBATCH --time=4:00:00
    #SBATCH --mem=8G
    #SBATCH --gres=gpu:a100:1
    #SBATCH --constraint=avx2&ib
    #SBATCH --exclusive
    #SBATCH --mail-type=END
    module load apptainer
    ulimit -n 4096
    set -eu
    export MKL_CBWR=AVX2,STRICT
    export OMP_NUM_THREADS=1
    cache="/scratch/$USER/drr-lab"
    copy() {
      [ -e "$cache/$2" ] && return
      mkdir -p "$(dirname "$cache/$2")"
      aside=$(mktemp -d "$cache/copy.XXXXXX")
      cp -RL "$1/." "$aside"
      mv -T "$aside" "$cache/$2" 2>/dev/null || rm -rf "$aside"
    }
    copy /shared/data/ml-100k "data-0123456789ab/ml-100k"
    copy /opt/libtorch/lib opt-libtorch-lib
    export LD_LIBRARY_PATH="$cache"/opt-libtorch-lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    exec apptainer exec --nv --bind '/shared/my runs' --bind /shared/data --bind "$cache" /images/lab.sif /shared/runs/slurm/small/1a2b/worker/drr-lab worker --plan '/shared/my runs/slurm/small/1a2b' --task $((2 + SLURM_ARRAY_TASK_ID)) --lost "${DRR_LAB_LOST:-0}" --data "$cache/data-0123456789ab"
    "##);
}

#[test]
fn bash_copies_to_the_node_once_and_starts_the_worker_with_its_task() {
    let place = tempfile::tempdir().expect("a folder");
    let at = |name: &str| place.path().join(name);
    for folder in ["it's here/ml-100k", "lib"] {
        std::fs::create_dir_all(at(folder)).expect("made");
    }
    std::fs::write(at("it's here/ml-100k/ratings.tsv"), "ratings").expect("written");
    std::fs::write(at("lib/libtorch.so"), "library").expect("written");
    let worker = at("worker");
    std::fs::write(&worker, "#!/bin/bash\necho \"$@\"; echo $LD_LIBRARY_PATH; cat \"${@: -1}\"/ml-100k/ratings.tsv\n")
        .expect("written");
    std::fs::set_permissions(&worker, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
    let settings = SlurmSettings {
        cache: Some("$NODE/cache".to_owned()),
        libtorch: Some(at("lib").display().to_string()),
        ..SlurmSettings::default()
    };
    let data = at("it's here");
    let text = Script { worker: &worker, data: &data, ..script(Path::new("/plan"), Path::new("/")) }.render(&settings);
    for round in 0..2 {
        let output = Command::new("bash")
            .args(["-c", &text])
            .env("SLURM_ARRAY_TASK_ID", "5")
            .env("NODE", place.path())
            .env_remove("LD_LIBRARY_PATH")
            .output()
            .expect("bash");
        let cache = at("cache").display().to_string();
        let library = at("lib").display().to_string().trim_matches('/').replace('/', "-");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            format!(
                "worker --plan /plan --task 7 --lost 0 --data {cache}/data-0123456789ab\n{cache}/{library}\nratings"
            ),
            "round {round}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn words_are_quoted_where_the_shell_would_read_more() {
    for (word, written) in
        [("a/b-c.d", "a/b-c.d"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''"), ("$HOME", "'$HOME'")]
    {
        assert_eq!(quoted(word), written);
    }
}
