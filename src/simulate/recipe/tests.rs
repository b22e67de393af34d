//! Labels must not contradict one another: what an innocent class does is not what a family does.

use super::{Class, Cover, Recipe, attack};
use crate::simulate::spec::Family;
use crate::simulate::text::Inputs;
use crate::simulate::text::phrases::Job;

/// Whether a harvest covers its items as this class does its own.
fn covers(family: &Recipe, cover: Cover) -> bool {
    family.cover.iter().any(|harvests| match (cover, *harvests) {
        (Cover::Passes(own), Cover::Passes(set)) | (Cover::Popular(own), Cover::Popular(set)) => own >= set,
        (Cover::Samples(_), Cover::Samples(_)) => true,
        (cover, harvests) => cover == harvests,
    })
}

/// The share of a class's workloads that a family's could be: the same task, covered in the same way, in turns
/// that harvests have, and nothing done with the answers.
fn alike(class: &Recipe, family: &Recipe) -> f64 {
    let tasks = class.tasks.iter().filter(|task| family.tasks.contains(task)).count();
    let covered = class.cover.iter().filter(|cover| covers(family, **cover)).count();
    let turns = class.turns.iter().filter(|turns| family.turns.contains(turns)).count();
    let share = |part: usize, all: usize| part as f64 / all as f64;
    // labels of what a template is for are no distillation, however new
    let same = if class.inputs == Inputs::Natural && family.inputs == Inputs::Foreign { 0.0 } else { 1.0 };
    same * share(tasks, class.tasks.len())
        * share(covered, class.cover.len())
        * share(turns, class.turns.len())
        * (1.0 - f64::from(class.goes_on) / 100.0)
}

#[test]
fn no_class_does_what_a_family_does() {
    for class in Class::all().filter(|class| class.name != "gateway") {
        for family in Family::ALL {
            let share = alike(&class.recipe, &attack(family));
            assert!(share <= 0.45, "{}: {:.0} % could be {family}", class.name, 100.0 * share);
        }
    }
}

#[test]
fn extraction_is_nobodys_harvest() {
    let extractive = [Job::Summarise, Job::Extract, Job::Translate, Job::Parse];
    for family in Family::ALL {
        assert!(attack(family).tasks.iter().all(|(job, _)| !extractive.contains(job)), "{family}");
    }
}
