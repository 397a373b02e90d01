//! The LaTeX tables go through pdflatex without an error, hard names included.

use std::process::Command;

use super::*;

#[test]
#[ignore = "needs pdflatex"]
fn tables_compile_with_pdflatex() {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let name = "\"a\" <b> \\end{table} 100%_$x^2$ #1 ~ | `c` & 🎬 שלום Łódź ß \u{17f} µ ε";
    let world = MadeTrials { dataset: "<i>50%_&\"é\" | 🎬 ש\\\\", ..MadeTrials::new() };
    let sweep = world.sweep(name, &[0.001, 0.01], &[0.0005, 0.001], 3);
    fabricate::fill(&mut store, &sweep, None, |_, _| {});
    let out = tempfile::tempdir().expect("a temporary folder");
    let paper = Path::new(env!("CARGO_MANIFEST_DIR")).join("papers/drr.toml");
    let options = ReportOptions {
        papers: vec![Paper::read(&paper, Path::new("/nowhere")).expect("it reads")],
        ..ReportOptions::default()
    };
    let sweep = store.sweep(name).expect("read").expect("recorded");
    let written = write(&store, &sweep, out.path(), &[Format::Tex], &options).expect("written");
    let tables: Vec<_> = written.files.iter().filter(|file| file.extension().is_some_and(|it| it == "tex")).collect();
    assert!(tables.len() >= 10, "{}", tables.len());
    let inputs: String = tables.iter().map(|table| format!("\\input{{{}}}\n\\clearpage\n", table.display())).collect();
    let text = format!(
        "\\documentclass{{article}}\n\\usepackage[T1]{{fontenc}}\n\\usepackage{{booktabs,textcomp}}\n\
         \\begin{{document}}\n{inputs}\\end{{document}}\n"
    );
    fs::write(out.path().join("all.tex"), text).expect("written");
    let compiled = Command::new("pdflatex")
        .args(["-interaction=nonstopmode", "-halt-on-error", "all.tex"])
        .current_dir(out.path())
        .output()
        .expect("there is a pdflatex (Debian: texlive-latex-recommended, texlive-fonts-recommended)");
    let said = String::from_utf8_lossy(&compiled.stdout);
    let errors: Vec<&str> = said.lines().filter(|line| line.starts_with('!')).collect();
    assert!(compiled.status.success() && errors.is_empty(), "{errors:?}\n{said}");
    if let Some(keep) = std::env::var_os("DRR_LAB_SCREENSHOTS") {
        fs::copy(out.path().join("all.pdf"), Path::new(&keep).join("tables.pdf")).expect("kept");
    }
}
