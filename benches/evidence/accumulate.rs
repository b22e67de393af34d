//! Ways to gather the scores of a unit's decisions over time. The product's own is [`Method::Steady`].
//!
//! All of them hear the same scores, and what is to be learnt is learnt from the same calm tenants and harvests: how
//! common a score is on either side ([`Learned`]). None looks ahead; each is a few numbers a unit.

use stillwatch::evidence::{Evidence, Params, Side};

/// Shares of calm decisions at or above the edges of the bins; the first bin has no edge.
pub const SHARES: [f64; 16] = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
/// Powers that are betted with; the mean of the stakes is a martingale as each of them is.
const BETS: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];

/// How scores are gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The score as it is: a window of the last 64 to 256 exchanges, related to calm tenants at its count.
    Window,
    /// Its mean over the last few decisions.
    Steady,
    /// The mean against the means of calm and of harvesting units, at four dyadic spans; the highest.
    Offset,
    /// All log-ratios.
    Sum,
    /// All log-ratios since they were last below nothing.
    Cusum,
    /// Capital won by betting that p-values are small.
    Martingale,
    /// The same, and who has lost his stake begins anew.
    Restarted,
}

/// What the calm tenants and the harvests of one half taught.
#[derive(Clone, Debug)]
pub struct Learned {
    /// Lower edges of the bins of scores but the first.
    pub edges: Vec<f32>,
    /// Log of how much more common a bin is among harvests.
    pub ratios: Vec<f64>,
    /// How means of units are spread.
    pub params: Params,
}

/// A score with its weight.
pub type Weighted = (f32, f64);

/// Sums over one unit's scores.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnitSums {
    pub weight: f64,
    pub count: f64,
    pub sum: f64,
    pub squares: f64,
    pub products: f64,
    pub last: f64,
}

/// What has been gathered for one unit.
#[derive(Clone, Debug)]
pub struct Accumulator {
    method: Method,
    evidence: Evidence,
    sum: f64,
    stakes: [f64; BETS.len()],
}

impl Method {
    pub const ALL: [Method; 7] = [
        Method::Window,
        Method::Steady,
        Method::Offset,
        Method::Sum,
        Method::Cusum,
        Method::Martingale,
        Method::Restarted,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Method::Window => "the window's own",
            Method::Steady => "its mean over 8 decisions (in use)",
            Method::Offset => "modelled offset, dyadic spans",
            Method::Sum => "sum of log-ratios",
            Method::Cusum => "CUSUM of log-ratios",
            Method::Martingale => "betting martingale",
            Method::Restarted => "betting martingale, restarted",
        }
    }
}

impl Accumulator {
    pub fn new(method: Method) -> Accumulator {
        Accumulator { method, evidence: Evidence::default(), sum: 0.0, stakes: [0.0; BETS.len()] }
    }

    /// Takes the score of a decision; the evidence after it.
    pub fn step(&mut self, score: f32, learned: &Learned) -> f64 {
        match self.method {
            Method::Window => f64::from(score),
            Method::Steady => f64::from(self.evidence.steady(score)),
            Method::Offset => f64::from(self.evidence.add(score, &learned.params)),
            Method::Sum => {
                self.sum += learned.ratio(score);
                self.sum
            }
            Method::Cusum => {
                self.sum = (self.sum + learned.ratio(score)).max(0.0);
                self.sum
            }
            Method::Martingale | Method::Restarted => self.bet(learned.p_value(score)),
        }
    }

    fn bet(&mut self, p_value: f64) -> f64 {
        let log_p = p_value.ln();
        for (stake, power) in self.stakes.iter_mut().zip(BETS) {
            *stake += power.ln() + (power - 1.0) * log_p;
            if self.method == Method::Restarted {
                *stake = stake.max(0.0);
            }
        }
        let most = self.stakes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mean = self.stakes.iter().map(|stake| (stake - most).exp()).sum::<f64>() / BETS.len() as f64;
        most + mean.ln()
    }
}

impl Learned {
    /// From scores with weights, and sums over units of either side.
    pub fn from(calm: &[Weighted], harvest: &[Weighted], units: &[UnitSums], harvests: &[UnitSums]) -> Learned {
        let edges = edges(calm.to_owned());
        let share = |scores: &[Weighted]| {
            let mut shares = vec![0.0; edges.len() + 1];
            for (score, weight) in scores {
                shares[place(&edges, *score)] += weight;
            }
            let all: f64 = shares.iter().sum();
            // half a per mille in every bin: one that is empty on a side says much and not everything
            shares.iter().map(|share| (share / all.max(1e-9) + 5e-4) / (1.0 + 5e-4 * shares.len() as f64)).collect()
        };
        let (calm, harvest): (Vec<f64>, Vec<f64>) = (share(calm), share(harvest));
        let ratios = harvest.iter().zip(&calm).map(|(harvest, calm)| (harvest / calm).ln()).collect();
        Learned { edges, ratios, params: params(units, harvests) }
    }

    /// Log of how much more common the score is among harvests.
    pub fn ratio(&self, score: f32) -> f64 {
        self.ratios[place(&self.edges, score)]
    }

    /// Share of calm decisions whose scores are in the same bin or above.
    pub fn p_value(&self, score: f32) -> f64 {
        SHARES[place(&self.edges, score).min(SHARES.len() - 1)]
    }
}

impl UnitSums {
    pub fn add(&mut self, score: f32) {
        let score = f64::from(score);
        if self.count > 0.0 {
            self.products += self.last * score;
        }
        self.count += 1.0;
        self.sum += score;
        self.squares += score * score;
        self.last = score;
    }

    fn mean(&self) -> f64 {
        self.sum / self.count.max(1.0)
    }

    fn variance(&self) -> f64 {
        (self.squares / self.count.max(1.0) - self.mean() * self.mean()).max(0.0)
    }

    fn covariance(&self) -> f64 {
        let limit = self.variance();
        (self.products / (self.count - 1.0).max(1.0) - self.mean() * self.mean()).clamp(-limit, limit)
    }
}

fn place(edges: &[f32], score: f32) -> usize {
    edges.partition_point(|edge| *edge <= score)
}

/// Scores that the shares of calm decisions but the first reach.
fn edges(mut calm: Vec<Weighted>) -> Vec<f32> {
    calm.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all: f64 = calm.iter().map(|(_, weight)| weight).sum();
    let mut edges: Vec<f32> = Vec::new();
    for share in &SHARES[1..] {
        let mut above = 0.0;
        let reached = calm.iter().find(|(_, weight)| {
            above += weight;
            above >= share * all
        });
        edges.push(reached.map_or(f32::INFINITY, |(score, _)| *score));
    }
    edges
}

/// Between units, within them, and how alike successive scores are: each unit with its weight.
fn params(calm: &[UnitSums], harvest: &[UnitSums]) -> Params {
    let (calm, correlation) = side(calm);
    let (mut harvest, _) = side(harvest);
    harvest.mean = harvest.mean.max(calm.mean + 0.1);
    Params { calm, harvest, correlation }
}

fn side(units: &[UnitSums]) -> (Side, f64) {
    let all = units.iter().map(|unit| unit.weight).sum::<f64>().max(1e-9);
    let average = |of: &dyn Fn(&UnitSums) -> f64| units.iter().map(|unit| unit.weight * of(unit)).sum::<f64>() / all;
    let mean = average(&UnitSums::mean);
    let within = average(&UnitSums::variance).max(1e-4);
    let correlation = (average(&UnitSums::covariance) / within).clamp(0.0, 0.99);
    // part of the spread of means is chance: what is left is the offset
    let chance = average(&|unit| within * ((1.0 + correlation) / (1.0 - correlation) / unit.count).min(1.0));
    let spread = average(&|unit| (unit.mean() - mean).powi(2));
    let between = (spread - chance).max(spread / 4.0).max(1e-3).sqrt();
    (Side { mean, between, within: within.sqrt() }, correlation)
}
