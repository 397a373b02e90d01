//! Which datasets a sweep names: one, several as an axis, or with its commands the one that they ask for.

use serde_json::Value;

use super::axis::Setting;
use super::choices::DatasetChoice;
use super::draft::{Draft, FieldGroup};
use super::fields::FieldKey;
use super::problem::{Problem, Problems, TextSpan};

/// The datasets that a sweep names, each once; of commands the one that they ask for, if they do.
pub(super) fn datasets(
    draft: &mut Draft,
    is_of_commands: bool,
    asked_for: Option<(String, TextSpan)>,
    start: &TextSpan,
    problems: &mut Problems,
) -> Vec<DatasetChoice> {
    let key = FieldKey::dataset();
    let said = draft.settings.get(&key);
    if let Some(said) = said.filter(|said| !said.when.is_empty()) {
        problems.add(Problem::new("a `dataset` holds always"), &said.place, "it can have no condition");
    }
    let (values, place) = match (said.map(|said| (&said.setting, said.place.clone())), &asked_for) {
        (Some((_, place)), None) if is_of_commands => {
            let problem = Problem::new("`dataset` has no effect: the command asks for none");
            problems.add(problem.help("[command]\ndata = { dataset = \"ml-100k\" }"), &place, "never used");
            return Vec::new();
        }
        (_, Some((name, place))) => (vec![Value::from(name.clone())], place.clone()),
        (Some((Setting::Fixed(value), place)), None) => (vec![value.clone()], place),
        (Some((Setting::Varied(values), place)), None) => (values.clone(), place),
        (Some((Setting::Drawn(_), _)) | None, None) => {
            let column = |group: &FieldGroup| {
                let at = group.axis.fields.iter().position(|field| *field == key)?;
                Some(group.axis.points.iter().map(|point| point[at].clone()).collect::<Vec<_>>())
            };
            (draft.groups.iter().find_map(column).unwrap_or_default(), start.clone())
        }
    };
    if let Some((name, place)) = asked_for {
        draft.fix(key, Value::from(name), place);
    }
    if values.is_empty() && !is_of_commands {
        let problem = Problem::new("the sweep names no dataset").help("add dataset = \"ml-100k\", or \"synthetic\"");
        problems.add(problem, start, "before the first section");
    }
    let mut datasets: Vec<DatasetChoice> = Vec::new();
    for name in values.iter().filter_map(Value::as_str) {
        if datasets.iter().all(|known| known.name != name) {
            datasets.push(DatasetChoice { name: name.to_owned(), place: place.clone() });
        }
    }
    datasets
}
