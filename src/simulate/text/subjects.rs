//! Subjects of a source that names none: openings that share their words belong together.
//!
//! Without them "one subject" and "many" were the same rows in other blocks: an innocent that stays with its
//! matter read exactly as a harvest that goes over everything. Spherical k-means over hashed words, weighed by
//! how rare they are; from fixed seeds and in a fixed order, so that the same file gives the same subjects.
//! Cost: 0.1 s for 10,000 openings.

use crate::trace::words::each_word;

/// Places of a vector: words that share one are rare enough.
const PLACES: usize = 2_048;
/// Words of an opening that are looked at.
const WORDS: usize = 80;
const ROUNDS: usize = 8;
/// Openings among which the first centres are looked for.
const CANDIDATES: usize = 400;
/// A subject smaller than this part of an even share is given up: nothing could be drawn from it twice.
const LEAST: usize = 4;

/// The subject of each text, at most so many.
pub(super) fn subjects(texts: &[&str], most: usize) -> Vec<usize> {
    if texts.is_empty() {
        return Vec::new();
    }
    let vectors = vectors(texts);
    let count = most.min(texts.len()).max(1);
    let mut centres = seeds(&vectors, count);
    let mut subject = vec![0; vectors.len()];
    for round in 0..=ROUNDS {
        for (vector, subject) in vectors.iter().zip(&mut subject) {
            *subject = nearest(vector, &centres);
        }
        let mut sums = vec![vec![0.0; PLACES]; centres.len()];
        let mut sizes = vec![0; centres.len()];
        for (vector, subject) in vectors.iter().zip(&subject) {
            sizes[*subject] += 1;
            add(&mut sums[*subject], vector);
        }
        if round + 1 == ROUNDS {
            let least = vectors.len() / (LEAST * centres.len());
            let large = sums.into_iter().zip(sizes).filter(|(_, size)| *size > least);
            centres = large.map(|(sum, _)| normal(sum)).collect();
        } else {
            for (centre, (sum, size)) in centres.iter_mut().zip(sums.into_iter().zip(sizes)) {
                if size > 0 {
                    *centre = normal(sum);
                }
            }
        }
    }
    subject
}

/// Openings that are as unlike each other as can be, among some of them.
fn seeds(vectors: &[Vector], count: usize) -> Vec<Vec<f32>> {
    let some: Vec<&Vector> = vectors.iter().step_by(1 + vectors.len() / CANDIDATES).collect();
    let mut nearest = vec![f32::NEG_INFINITY; some.len()];
    let (mut next, mut seeds) = (0, Vec::new());
    while seeds.len() < count {
        let seed = dense(some[next]);
        for (near, vector) in nearest.iter_mut().zip(&some) {
            *near = near.max(similar(vector, &seed));
        }
        seeds.push(seed);
        let unlike = nearest.iter().enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b));
        next = unlike.map_or(0, |(at, _)| at);
    }
    seeds
}

/// Place and weight of each distinct word; of length 1.
type Vector = Vec<(usize, f32)>;

fn vectors(texts: &[&str]) -> Vec<Vector> {
    let places: Vec<Vec<usize>> = texts.iter().map(|text| places(text)).collect();
    let mut holding = vec![0_u32; PLACES];
    for place in places.iter().flatten() {
        holding[*place] += 1;
    }
    let rarity = |place: usize| libm::log((1 + texts.len()) as f64 / f64::from(holding[place])) as f32;
    let weighed = |places: &Vec<usize>| {
        let vector: Vector = places.iter().map(|place| (*place, rarity(*place))).collect();
        let length = vector.iter().fold(0.0, |sum, (_, weight)| sum + weight * weight).sqrt().max(1e-6);
        vector.into_iter().map(|(place, weight)| (place, weight / length)).collect()
    };
    places.iter().map(weighed).collect()
}

fn places(text: &str) -> Vec<usize> {
    let (mut places, mut words) = (Vec::new(), 0);
    each_word(text, |word| {
        words += 1;
        places.push((word.hash >> 40) as usize % PLACES);
        words < WORDS
    });
    places.sort_unstable();
    places.dedup();
    places
}

fn dense(vector: &Vector) -> Vec<f32> {
    let mut dense = vec![0.0; PLACES];
    add(&mut dense, vector);
    dense
}

fn add(sum: &mut [f32], vector: &Vector) {
    for (place, weight) in vector {
        sum[*place] += weight;
    }
}

fn normal(mut sum: Vec<f32>) -> Vec<f32> {
    let length = sum.iter().fold(0.0, |total, weight| total + weight * weight).sqrt().max(1e-6);
    for weight in &mut sum {
        *weight /= length;
    }
    sum
}

/// The first of the most similar centres.
fn nearest(vector: &Vector, centres: &[Vec<f32>]) -> usize {
    let (mut best, mut most) = (0, f32::NEG_INFINITY);
    for (k, centre) in centres.iter().enumerate() {
        let similar = similar(vector, centre);
        if similar > most {
            (best, most) = (k, similar);
        }
    }
    best
}

fn similar(vector: &Vector, centre: &[f32]) -> f32 {
    vector.iter().fold(0.0, |sum, (place, weight)| sum + weight * centre[*place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shares_words_belongs_together() {
        let about = |i: usize| ["ship harbour anchor sail", "bread oven flour yeast", "court judge appeal law"][i % 3];
        let texts: Vec<String> = (0..90).map(|i| format!("please tell me of {} number {i}", about(i))).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let subjects = subjects(&texts, 3);
        for (i, subject) in subjects.iter().enumerate() {
            assert_eq!(*subject, subjects[i % 3], "text {i}");
        }
        assert_ne!(subjects[0], subjects[1]);
        assert_ne!(subjects[1], subjects[2]);
    }

    #[test]
    fn a_subject_is_never_a_handful() {
        let mut texts = vec!["the same words again and again"; 200];
        texts.extend(["odd one out", "quite another thing"]);
        assert!(subjects(&texts, 8).iter().all(|subject| *subject == 0));
    }
}
