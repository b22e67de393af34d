//! The exchange classifier: a line through what a single exchange shows, fitted by linfa's logistic regression to an
//! exchange or some of each tenant that teaches. A window's value is the mean log-odds of as many exchanges as its
//! features speak of; unlike them it looks at whole records even where a window is shown with less. Costs two more
//! passes, so only `--ablate` asks.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array2, Axis};

use crate::model::Model;
use crate::model::artifact::Line;
use crate::tenant::{Shown, Tenant};
use crate::trace::words::mix;
use crate::trace::{Trace, embed};
use crate::train::by_tenant::ByTenant;
use crate::train::fit::{self, LEAST_ATTACKERS, LINE_ROWS, drawn};
use crate::train::survey::{PerUnit, Room, Survey, is_seen, place};
use crate::train::{Feed, Labels, Role, Taken, Told, TrainError};

/// Exchanges of a tenant and a side that teach, at most.
const EACH: usize = 24;
/// One bit of the trace each.
const BITS: usize = 30;
const NUMBERS: usize = 14;
const WIDTH: usize = BITS + NUMBERS + embed::WIDTH;

type Figures = [f32; WIDTH];

/// What an exchange shows by itself: what it asked for and how, how long it is, what it is about.
fn figures_of(trace: &Trace<'_>) -> Figures {
    let log2 = |count: u32| libm::log2(1.0 + f64::from(count)) as f32;
    let numbers: [f32; NUMBERS] = [
        log2(trace.input_tokens),
        log2(trace.output_tokens),
        log2(trace.reasoning_tokens),
        log2(trace.prompt_words),
        log2(trace.response_words),
        log2(trace.response_lines),
        log2(trace.limit),
        log2(trace.messages),
        log2(trace.context_bytes),
        trace.overlap,
        trace.variety,
        trace.digits,
        trace.beyond_ascii,
        trace.temperature,
    ];
    let bits = (0..BITS).map(|bit| if trace.flags.0 >> bit & 1 == 1 { 1.0 } else { 0.0 });
    let place = trace.place.iter().map(|along| f32::from(*along) / 127.0);
    let mut all = bits.chain(numbers).chain(place);
    // what a trace does not have is not a number or 0: the line can't tell it from none
    std::array::from_fn(|_| all.next().filter(|value| value.is_finite()).unwrap_or(0.0))
}

/// Some exchanges of a tenant by side: those of the lowest hash.
#[derive(Default)]
struct Sampled {
    calm: BTreeMap<u64, Figures>,
    harvest: BTreeMap<u64, Figures>,
}

/// The line, and what its columns are standardised by.
struct Classifier {
    mean: Vec<f64>,
    deviation: Vec<f64>,
    line: Line,
}

/// One tenant that is judged.
struct Judged {
    tenant: Tenant,
    odds: PerUnit,
    room: Room,
    /// Exchanges of the unit, and their mean log-odds.
    windows: Vec<(u64, f32)>,
}

/// Fits the classifier to those that teach and gives the windows of all others what it says. Where those that teach are
/// too few, or linfa finds no line, none is given anything.
pub(in crate::train) fn judge(
    survey: &mut Survey,
    teaching: &BTreeSet<String>,
    labels: &Labels,
    blank: &Model,
    feed: &mut Feed<'_>,
) -> Result<(), TrainError> {
    let mut sampled = ByTenant::<Sampled>::default();
    feed(&mut |told| {
        let new = |told: &Told<'_>| teaching.contains(told.trace.tenant).then(Sampled::default);
        sampled.fold(told, new, |sampled, told| sampled.take(told, labels));
    })?;
    let sides = |sampled: Sampled| (sampled.calm.into_values().collect(), sampled.harvest.into_values().collect());
    let (mut calm, mut harvest): (Vec<Vec<Figures>>, Vec<Vec<Figures>>) =
        sampled.into_map().into_values().map(sides).unzip();
    calm.retain(|shown| !shown.is_empty());
    harvest.retain(|shown| !shown.is_empty());
    if harvest.len() < LEAST_ATTACKERS || calm.is_empty() {
        return Ok(());
    }
    let Some(classifier) = Classifier::fit(&drawn(&calm, LINE_ROWS), &drawn(&harvest, LINE_ROWS)) else {
        return Ok(());
    };

    let mut judged = ByTenant::<Judged>::default();
    feed(&mut |told| {
        let new = |told: &Told<'_>| {
            let tenant = told.trace.tenant;
            (is_seen(labels, told) && !teaching.contains(tenant)).then(|| Judged::new(tenant))
        };
        judged.fold(told, new, |judged, told| {
            if is_seen(labels, told) {
                judged.take(told, &classifier, blank);
            }
        });
    })?;
    let mut judged = judged.into_map();
    for tenant in survey.calm.iter_mut().chain(&mut survey.attackers) {
        let windows = judged.remove(&tenant.name).map(|judged| judged.windows).unwrap_or_default();
        // the same decisions as in the survey, unless the log changed meanwhile
        let counts = tenant.windows.iter().map(|window| window.exchanges);
        if counts.eq(windows.iter().map(|(count, _)| *count)) {
            let all = tenant.windows.iter_mut().zip(windows);
            all.for_each(|(window, (_, odds))| window.by_exchange = Some(odds));
        }
    }
    Ok(())
}

impl Sampled {
    fn take(&mut self, told: &Told<'_>, labels: &Labels) {
        let tenant = told.trace.tenant;
        let all = match (labels.role(tenant), told.taken) {
            (Role::Calm, _) | (Role::Attack, Taken::No) => &mut self.calm,
            (Role::Attack, Taken::Yes) => &mut self.harvest,
            (Role::Attack, Taken::Unsaid) if labels.is_pure(tenant) => &mut self.harvest,
            (Role::Attack, Taken::Unsaid) | (Role::Grey, _) => return,
        };
        let place = mix(place(tenant, 0), told.at.offset as u64);
        if all.len() < EACH || all.last_key_value().is_some_and(|(last, _)| place < *last) {
            all.insert(place, figures_of(&told.trace));
        }
        if all.len() > EACH {
            all.pop_last();
        }
    }
}

impl Classifier {
    fn fit(calm: &[&Figures], harvest: &[&Figures]) -> Option<Classifier> {
        let all: Vec<&Figures> = calm.iter().chain(harvest).copied().collect();
        let mut rows = Array2::from_shape_fn((all.len(), WIDTH), |(row, column)| f64::from(all[row][column]));
        let mean = rows.mean_axis(Axis(0))?.to_vec();
        // a column that hardly moves tells nothing, and must not be blown up to something
        let deviation: Vec<f64> = rows.std_axis(Axis(0), 0.0).iter().map(|deviation| deviation.max(0.01)).collect();
        for mut row in rows.rows_mut() {
            for (column, value) in row.iter_mut().enumerate() {
                *value = (*value - mean[column]) / deviation[column];
            }
        }
        let line = fit::line_of(rows, calm.len()).ok()?;
        Some(Classifier { mean, deviation, line })
    }

    fn odds(&self, of: &Figures) -> f64 {
        let standard = |column: usize| (f64::from(of[column]) - self.mean[column]) / self.deviation[column];
        let weights = self.line.weights.iter().enumerate();
        self.line.intercept + weights.map(|(column, weight)| weight * standard(column)).sum::<f64>()
    }
}

impl Judged {
    fn new(name: &str) -> Judged {
        Judged { tenant: Tenant::new(name), odds: PerUnit::default(), room: Room::default(), windows: Vec::new() }
    }

    fn take(&mut self, told: &Told<'_>, classifier: &Classifier, blank: &Model) {
        let of_one = classifier.odds(&figures_of(&told.trace)) as f32;
        let Judged { tenant, odds, room, windows } = self;
        tenant.watch(&told.trace, told.at, blank, &mut |shown| match shown {
            Shown::Joined { workload, exchanges } => odds.add(workload, exchanges, of_one),
            Shown::Decision(decision) if room.takes(decision.exchanges) => {
                let odds = odds.mean(decision.subject.workload).unwrap_or_default();
                windows.push((decision.exchanges, odds as f32));
            }
            Shown::Decision(_) => {}
        });
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::tenant::stream::{HARVEST, PERSON, stream};

    #[test]
    fn exchanges_of_harvests_and_of_people_are_told_apart_by_themselves() {
        let of = |habit, seed| stream(habit, seed, 200).iter().map(|(trace, _)| figures_of(trace)).collect::<Vec<_>>();
        let (calm, harvest) = (of(&PERSON, 1), of(&HARVEST, 2));
        let classifier =
            Classifier::fit(&calm.iter().collect::<Vec<_>>(), &harvest.iter().collect::<Vec<_>>()).unwrap();
        let right = |habit, side: f64| of(habit, 77).iter().filter(|one| classifier.odds(one) * side > 0.0).count();
        assert!(right(&PERSON, -1.0) > 180 && right(&HARVEST, 1.0) > 180);
    }

    #[test]
    fn a_sample_does_not_depend_on_the_order_of_reading() {
        let mut labels = Labels::default();
        labels.add("a", Role::Attack, "judge_farm", 100);
        let all = stream(&HARVEST, 3, 100);
        let told = |(trace, at): &(Trace<'static>, crate::finding::Seen)| Told {
            trace: trace.renamed("a", None),
            at: *at,
            taken: Taken::Unsaid,
            log: 0,
        };
        let (mut forth, mut back) = (Sampled::default(), Sampled::default());
        for (one, other) in all.iter().zip(all.iter().rev()) {
            forth.take(&told(one), &labels);
            back.take(&told(other), &labels);
        }
        assert_eq!((forth.harvest.len(), forth.calm.len()), (EACH, 0));
        assert_eq!(forth.harvest, back.harvest);
    }
}
