//! The same group looks the same in every figure, and groups that share a figure look different.

use super::*;
use crate::report::figure::{Figure, GroupLooks, Plot};

/// What every figure shows of a group, by the group's name.
fn drawn(report: &SweepReport<'_>, store: &Store) -> BTreeMap<String, Vec<(String, String)>> {
    let looks = GroupLooks::of(&report.studies);
    let mut all: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut figures: Vec<Figure> = Vec::new();
    for (study, tables) in &report.studies {
        figures.extend(
            figure::figures(&CurveSource::Recorded(store), study, &looks, Default::default()).expect("figures"),
        );
        for table in tables.iter().filter(|table| table.id.is_headline()) {
            figures.extend(figure::profile(study, table, &looks));
        }
    }
    for figure in &figures {
        let Plot::Lines(lines) = &figure.plot else { continue };
        let mut seen = Vec::new();
        for series in &lines.series {
            let alike = seen.iter().any(|other: &figure::SeriesStyle| other.is_like(&series.style));
            assert!(!alike, "{}: two look alike", figure.slug);
            seen.push(series.style);
            let look = format!("{:?}", series.style);
            // A model's curve is called by its place alone.
            let name = if series.name.is_empty() { "drr" } else { &series.name };
            all.entry(format!("{name} {}", series.detail)).or_default().push((figure.slug.clone(), look));
        }
    }
    all
}

#[test]
fn a_group_has_one_look_in_all_figures_of_a_report() {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    for (name, taus, rates) in [
        ("two", &[0.001, 0.01][..], &[0.0005][..]),
        ("eight", &[0.001, 0.003, 0.01, 0.03], &[0.0005, 0.001]),
        ("forty", &[0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03], &[0.0001, 0.0003, 0.0005, 0.001, 0.002]),
    ] {
        let sweep = MadeTrials::new().sweep(name, taus, rates, 3);
        fabricate::fill(&mut store, &sweep, None, |_, _| {});
        let sweep = store.sweep(name).expect("read").expect("recorded");
        let options = ReportOptions::default();
        let report = SweepReport::new(&sweep, &options).expect("nothing is asked for");
        let all = drawn(&report, &store);
        for (group, looks) in &all {
            assert!(looks.iter().all(|(_, look)| *look == looks[0].1), "{name}: {group} {looks:?}");
        }
        assert!(all.values().any(|looks| looks.len() > 2), "{name}: a group is in several figures");
    }
}

#[test]
fn looks_repeat_a_colour_with_another_dash_and_marker_and_say_so() {
    let looks: Vec<String> = (0..64).map(|index| format!("{:?}", figure::of_recommender(index))).collect();
    let mut different = looks.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), 64);
    assert_eq!(format!("{:?}", figure::of_recommender(64)), looks[0]);
}

#[test]
fn policies_share_no_cell_and_no_line_of_the_figures_of_axes() {
    let (_runs, store) = recorded();
    let sweep = store.sweep("quickstart").expect("read").expect("recorded");
    let options = ReportOptions::default();
    let report = SweepReport::new(&sweep, &options).expect("nothing is asked for");
    let (study, tables) = report.studies.into_iter().find(|(study, _)| study.subject.is_of_policies()).expect("one");
    let stands = |group: &&group::Group<'_>| study.axes.iter().all(|axis| group.point.contains_key(*axis));
    let own = study.groups.iter().find(stands).expect("a policy on all axes").policy;
    let plots = |study: &group::Study<'_>| -> Vec<String> {
        figure::sensitivity(study, &tables[0]).iter().map(|figure| format!("{:?}", figure.plot)).collect()
    };
    let alone =
        group::Study { groups: study.groups.iter().filter(|it| it.policy == own).cloned().collect(), ..study.clone() };
    assert!(plots(&alone).iter().any(|plot| plot.starts_with("Heat")), "two axes have a heat map");
    // The same groups once more, as another policy's: twice as many scores in every cell, if they were not kept apart.
    let other = study.groups.iter().find(|it| it.policy != own).expect("another policy").policy;
    let mut beside = alone.clone();
    beside.groups.extend(alone.groups.iter().map(|it| group::Group { policy: other, ..it.clone() }));
    assert_eq!(plots(&beside), plots(&alone));
    let figures = figure::sensitivity(&beside, &tables[0]);
    assert!(figures.iter().all(|figure| figure.note.contains(&format!("Of {own} alone"))), "{figures:?}");
}
