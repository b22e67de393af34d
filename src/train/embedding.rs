//! Fits the table by which prompts get their place among topics: principal components, by linfa.
//!
//! ```text
//!  texts ─► the lowest hashes of each source ─► weights of buckets ─► PCA ─► rows in eight bits ─► try on texts kept back
//! ```
//!
//! Every source weighs the same, whatever its size; a text counts once. Only the table outlives the run.
//! linfa's components come from a seeded start, so the same texts give the same bytes on machines of one kind
//! (its matrix products choose instructions at run time); the table is what ships, and it is read in integers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_reduction::Pca;
use ndarray::Array2;

use super::{TrainError, write};
use crate::trace::embed::{BUCKETS, Place, Slot, Table, WIDTH, likeness};
use crate::trace::words::{each_word, mix};
use crate::units::hex;

/// Texts kept of a source: the dense matrix of 16 sources is 200 MB.
const MOST_TEXTS: usize = 800;
/// Of the texts, one in this many is kept back to try the table on.
const KEPT_BACK: u64 = 5;
/// Texts without which components mean nothing.
const LEAST_TEXTS: usize = 500;
/// Words of a text that is tried: two halves of at least eight.
const LEAST_WORDS: usize = 16;

/// What the run gave.
#[derive(Clone, Debug)]
pub struct EmbeddingReport {
    /// The table.
    pub file: PathBuf,
    /// Its card.
    pub card: PathBuf,
    /// The table's checksum.
    pub sha256: String,
    /// Texts fitted to, and kept back.
    pub texts: (usize, usize),
    /// How often the other half of a text was nearer than half of another text of its source.
    pub won: f64,
}

/// The texts of a source by their hash, as buckets.
type Texts = BTreeMap<u64, Box<[u16]>>;

/// Texts gathered for a fit. Memory: at most [`MOST_TEXTS`] a source.
#[derive(Debug, Default)]
pub struct Gathering {
    sources: BTreeMap<String, Texts>,
}

impl Gathering {
    /// Takes a text. Of too many, those with the lowest hashes stay: an order of files changes nothing.
    pub fn take(&mut self, source: &str, text: &str) {
        let (mut slot, mut all) = (Slot::new(), 0);
        each_word(text, |word| {
            slot.word(word.hash);
            all = mix(all ^ word.hash, 0xe703_7ed1_a0b4_28db);
            true
        });
        if slot.buckets().is_empty() {
            return;
        }
        let texts = match self.sources.get_mut(source) {
            Some(texts) => texts,
            None => self.sources.entry(source.to_owned()).or_default(),
        };
        texts.insert(mix(all, 0x9e37_79b9_7f4a_7c15), slot.buckets().into());
        if texts.len() > MOST_TEXTS {
            texts.pop_last();
        }
    }

    fn texts(&self, kept_back: bool) -> impl Iterator<Item = &[u16]> {
        self.sources
            .values()
            .flatten()
            .filter(move |(hash, _)| is_kept_back(**hash) == kept_back)
            .map(|(_, text)| &**text)
    }
}

/// Fits, tries and writes a table with its card.
pub fn fit(gathered: &Gathering, out: &Path) -> Result<EmbeddingReport, TrainError> {
    let texts: Vec<&[u16]> = gathered.texts(false).collect();
    if texts.len() < LEAST_TEXTS {
        return Err(TrainError::TooFewTexts { found: texts.len(), needed: LEAST_TEXTS });
    }
    let table = components(&texts)?;
    let tried: Vec<(&str, [f64; 2])> =
        gathered.sources.iter().filter_map(|(name, texts)| Some((name.as_str(), halves(texts, &table)?))).collect();
    let mean = |which: usize| tried.iter().map(|(_, won)| won[which]).sum::<f64>() / tried.len().max(1) as f64;
    let kept = gathered.texts(true).count();
    let bytes = table.encode();
    let card = out.with_extension("card.md");
    let sha256 = hex(bytes.last_chunk::<32>().map_or(&[], |sum| sum.as_slice()));
    let mut page = format!(
        "# Embedding `{name}`\n\n\
         A table of {BUCKETS} rows of {WIDTH} small numbers. The words of a prompt's slot choose rows by their public hash; \
         the scaled sum is the prompt's place among topics. Principal components by linfa, fitted by `stillwatch train --embedding`.\n\n\
         - Artefact: `{file}`, {size} bytes, sha256 of what stands before it `{sha256}`\n\
         - Fitted to {fitted} texts, tried on {kept} others, at most {MOST_TEXTS} a source; rare words weigh more\n\n\
         ## For and not for\n\n\
         For: whether successive prompts of one account are about the same, and how many matters it has.\n\
         Not for: meaning, or search. Words that the sources do not have fall on rows of other words; two texts that share words are near in any language, \
         two that share none are not, whatever they mean.\n\
         No text can be read back: the rows are sums over thousands of texts.\n\n\
         ## How it does\n\n\
         How often the second half of a text is nearer to its first half than the second half of another text of the same source: a half is the middle.\n\n\
         | source | texts | learned | the same with random rows |\n|---|---|---|---|\n",
        name = out.file_stem().unwrap_or_default().to_string_lossy(),
        file = out.file_name().unwrap_or_default().to_string_lossy(),
        size = bytes.len(),
        fitted = texts.len(),
    );
    for (name, [learned, random]) in &tried {
        let count = gathered.sources.get(*name).map_or(0, BTreeMap::len);
        page = format!("{page}| {name} | {count} | {learned:.3} | {random:.3} |\n");
    }
    page = format!("{page}| mean | | {:.3} | {:.3} |\n", mean(0), mean(1));
    let unwritable = |file: &Path, source| TrainError::Unwritable { file: file.to_path_buf(), source };
    write::replace(out, &bytes).map_err(|source| unwritable(out, source))?;
    write::replace(&card, page.as_bytes()).map_err(|source| unwritable(&card, source))?;
    Ok(EmbeddingReport { file: out.to_path_buf(), card, sha256, texts: (texts.len(), kept), won: mean(0) })
}

fn is_kept_back(hash: u64) -> bool {
    // the hash is the sampling order: other bits of it
    mix(hash, 0xa076_1d64_78bd_642f).is_multiple_of(KEPT_BACK)
}

fn components(texts: &[&[u16]]) -> Result<Table, TrainError> {
    let mut holding = vec![0u32; BUCKETS];
    for text in texts {
        let mut seen = text.to_vec();
        seen.sort_unstable();
        seen.dedup();
        for bucket in seen {
            holding[usize::from(bucket)] += 1;
        }
    }
    let rarity: Vec<f64> =
        holding.iter().map(|count| ((1.0 + texts.len() as f64) / (1.0 + f64::from(*count))).ln()).collect();

    let mut matrix = Array2::<f64>::zeros((texts.len(), BUCKETS));
    let mut stretch = 0.0; // length of a text's vector ÷ root of its words
    for (text, mut row) in texts.iter().zip(matrix.rows_mut()) {
        for bucket in *text {
            row[usize::from(*bucket)] += rarity[usize::from(*bucket)];
        }
        let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
        row.iter_mut().for_each(|value| *value /= length);
        stretch += length / (text.len() as f64).sqrt() / texts.len() as f64;
    }
    let pca = Pca::params(WIDTH)
        .fit(&Dataset::from(matrix))
        .map_err(|error| TrainError::NoComponents { why: error.to_string() })?;

    let mut rows = vec![[0.0f64; WIDTH]; BUCKETS];
    let mut common = [0.0f64; WIDTH];
    // not whitened: dividing by the singular values, or by their root, gave 0.735 to 0.746 in place of 0.749
    for (dimension, component) in pca.components().rows().into_iter().enumerate() {
        for (bucket, value) in component.iter().enumerate() {
            rows[bucket][dimension] = value * rarity[bucket];
            common[dimension] += value * pca.mean()[bucket] * stretch;
        }
    }
    // the largest values are cut, so that the others are finer: one in a thousand
    let mut sizes: Vec<f64> = rows.iter().flatten().map(|value| value.abs()).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let unit = 127.0 / sizes[sizes.len() - 1 - sizes.len() / 1_000].max(1e-9);
    let rows = rows.iter().map(|row| row.map(|value| (value * unit).round().clamp(-127.0, 127.0) as i8)).collect();
    let common = common.map(|value| (value * unit * 16.0).round().clamp(-32_767.0, 32_767.0) as i16);
    Table::new(common, rows).ok_or_else(|| TrainError::NoComponents { why: "a table of another size".into() })
}

/// How often halves of one text are nearer than halves of two, by the table and by random rows.
fn halves(texts: &Texts, table: &Table) -> Option<[f64; 2]> {
    let kept: Vec<&[u16]> = texts
        .iter()
        .filter(|(hash, text)| is_kept_back(**hash) && text.len() >= LEAST_WORDS)
        .map(|(_, text)| &**text)
        .collect();
    let random = (0..BUCKETS as u64).map(|bucket| {
        core::array::from_fn(|dimension| {
            if mix(bucket + 1, 0x243f_6a88_85a3_08d3).rotate_left(dimension as u32 * 7) & 1 == 0 { 1i8 } else { -1 }
        })
    });
    let random = Table::new([0; WIDTH], random.collect())?;
    (kept.len() > 1).then(|| {
        [table, &random].map(|table| {
            let places: Vec<(Place, Place)> = kept
                .iter()
                .map(|text| text.split_at(text.len() / 2))
                .map(|(a, b)| (table.place(a), table.place(b)))
                .collect();
            let others = places.iter().cycle().skip(1);
            let won = places.iter().zip(others).map(|((first, own), (_, other))| {
                let (own, other) = (likeness(first, own), likeness(first, other));
                if own == other { 0.5 } else { f64::from(u8::from(own > other)) }
            });
            won.sum::<f64>() / places.len() as f64
        })
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::tenant::stream::scatter;

    /// Texts of ten topics of thirty words each.
    fn gathered(texts: impl Iterator<Item = u64>) -> Gathering {
        let mut gathering = Gathering::default();
        for text in texts {
            let word = |i| format!("t{}w{}", text % 10, scatter(text * 64 + i) % 30);
            let text: Vec<String> = (0..30).map(word).collect();
            gathering.take("made", &text.join(" "));
        }
        gathering
    }

    #[test]
    fn topics_are_learned_and_the_order_of_texts_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one.bin"), folder.path().join("two.bin"));
        let report = fit(&gathered(0..900), &one).unwrap();
        fit(&gathered((0..900).rev()), &two).unwrap();
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
        // a tenth of the others are of the same topic
        assert!(report.won > 0.9 && report.texts.0 > 500 && report.texts.1 > 100, "{report:?}");
        assert!(Table::decode(&std::fs::read(&one).unwrap()).is_ok());
        assert!(std::fs::read_to_string(report.card).unwrap().contains(&report.sha256));
    }

    #[test]
    fn too_few_texts_are_refused() {
        let error = fit(&gathered(0..100), Path::new("never-written.bin")).unwrap_err();
        assert!(error.to_string().starts_with("an embedding needs 500 texts, the input has"), "{error}");
    }
}
