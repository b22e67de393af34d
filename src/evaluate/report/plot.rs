//! Plots as SVG, drawn by hand: axes, lines, dots with intervals. Colours are classes of the page's
//! style, so that a plot follows light and dark.

use core::fmt::Write;

use super::html::escape;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 44.0;

/// One axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What it measures.
    pub label: &'static str,
    /// Its ends.
    pub ends: (f64, f64),
    /// Whether equal steps are equal factors.
    pub log: bool,
}

/// A named line.
#[derive(Clone, Debug)]
pub struct Series {
    /// Name at its end.
    pub name: String,
    /// Points from left to right.
    pub points: Vec<(f64, f64)>,
    /// Whether a value holds until the next point.
    pub steps: bool,
}

/// A named value with its interval.
#[derive(Clone, Debug)]
pub struct Whisker {
    /// Name beside it.
    pub name: String,
    /// Value, lower and upper end.
    pub value: (f64, f64, f64),
}

impl Axis {
    /// From 0 at one end to 1 at the other.
    fn place(&self, value: f64) -> f64 {
        let on = |value: f64| if self.log { libm::log10(value.max(self.ends.0)) } else { value };
        let (from, to) = (on(self.ends.0), on(self.ends.1));
        if to > from { ((on(value) - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Powers of ten, or fifths.
    fn ticks(&self) -> Vec<f64> {
        if !self.log {
            return (0..=5).map(|i| self.ends.0 + f64::from(i) / 5.0 * (self.ends.1 - self.ends.0)).collect();
        }
        let (from, to) = (libm::log10(self.ends.0).ceil() as i32, libm::log10(self.ends.1).floor() as i32);
        (from..=to).map(|power| libm::pow(10.0, f64::from(power))).collect()
    }
}

/// Lines over two axes; `diagonal` adds the line of equal values.
pub fn lines(x: &Axis, y: &Axis, series: &[Series], diagonal: bool) -> String {
    let mut svg = open(HEIGHT, x.label, y.label);
    frame(&mut svg, x, y);
    let at = |px: f64, py: f64| (across(x.place(px)), TOP + (1.0 - y.place(py)) * (HEIGHT - TOP - BOTTOM));
    if diagonal {
        let from = x.ends.0.max(y.ends.0);
        let to = x.ends.1.min(y.ends.1);
        let ((x1, y1), (x2, y2)) = (at(from, from), at(to, to));
        let _written = write!(
            svg,
            r#"<line class="grid" stroke-dasharray="4 4" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#
        );
    }
    for (index, line) in series.iter().enumerate() {
        let mut path = String::new();
        let mut last: Option<f64> = None;
        for (px, py) in &line.points {
            let (cx, cy) = at(*px, *py);
            let _written = match last {
                None => write!(path, "M{cx:.1} {cy:.1}"),
                Some(before) if line.steps => write!(path, "L{cx:.1} {before:.1}L{cx:.1} {cy:.1}"),
                Some(_) => write!(path, "L{cx:.1} {cy:.1}"),
            };
            last = Some(cy);
        }
        let name = escape(&line.name);
        let y = TOP + 14.0 + 18.0 * index as f64;
        let x = WIDTH - RIGHT + 12.0;
        let _written = write!(
            svg,
            r#"<path class="line s{index}" d="{path}"><title>{name}</title></path><line class="line s{index}" x1="{x}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{y}">{name}</text>"#,
            x + 16.0,
            y - 4.0,
            y - 4.0,
            x + 22.0,
        );
    }
    svg.push_str("</svg>");
    svg
}

/// One row each, with its interval.
pub fn whiskers(x: &Axis, rows: &[Whisker]) -> String {
    const ROW: f64 = 18.0;
    const NAMES: f64 = 170.0;
    let height = TOP + ROW * rows.len() as f64 + BOTTOM;
    let mut svg = open(height, x.label, "");
    let at = |value: f64| NAMES + x.place(value) * (WIDTH - NAMES - 20.0);
    for tick in x.ticks() {
        let _written = write!(
            svg,
            r#"<line class="grid" x1="{0:.1}" x2="{0:.1}" y1="{TOP}" y2="{1:.1}"/><text text-anchor="middle" x="{0:.1}" y="{2:.1}">{3}</text>"#,
            at(tick),
            height - BOTTOM,
            height - BOTTOM + 16.0,
            tick_text(tick)
        );
    }
    for (index, row) in rows.iter().enumerate() {
        let y = TOP + ROW * (index as f64 + 0.5);
        let (value, low, high) = row.value;
        let _written = write!(
            svg,
            r#"<g><title>{0}: {1} [{2}, {3}]</title><text text-anchor="end" x="{4}" y="{5:.1}">{0}</text><line class="line s0" x1="{6:.1}" x2="{7:.1}" y1="{y:.1}" y2="{y:.1}"/><circle class="dot" cx="{8:.1}" cy="{y:.1}" r="3.5"/></g>"#,
            escape(&row.name),
            tick_text(value),
            tick_text(low),
            tick_text(high),
            NAMES - 8.0,
            y + 4.0,
            at(low),
            at(high),
            at(value),
        );
    }
    let _written = write!(
        svg,
        r#"<text text-anchor="middle" x="{}" y="{}">{}</text></svg>"#,
        f64::midpoint(NAMES, WIDTH),
        height - 8.0,
        x.label
    );
    svg
}

fn open(height: f64, x: &str, y: &str) -> String {
    format!(r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{} {}">"#, escape(y), escape(x))
}

fn across(place: f64) -> f64 {
    LEFT + place * (WIDTH - LEFT - RIGHT)
}

fn frame(svg: &mut String, x: &Axis, y: &Axis) {
    let bottom = HEIGHT - BOTTOM;
    for tick in x.ticks() {
        let px = across(x.place(tick));
        let _written = write!(
            svg,
            r#"<line class="grid" x1="{px:.1}" x2="{px:.1}" y1="{TOP}" y2="{bottom}"/><text text-anchor="middle" x="{px:.1}" y="{}">{}</text>"#,
            bottom + 16.0,
            tick_text(tick)
        );
    }
    for tick in y.ticks() {
        let py = TOP + (1.0 - y.place(tick)) * (bottom - TOP);
        let _written = write!(
            svg,
            r#"<line class="grid" x1="{LEFT}" x2="{}" y1="{py:.1}" y2="{py:.1}"/><text text-anchor="end" x="{}" y="{:.1}">{}</text>"#,
            WIDTH - RIGHT,
            LEFT - 6.0,
            py + 4.0,
            tick_text(tick)
        );
    }
    let _written = write!(
        svg,
        r#"<text text-anchor="middle" x="{}" y="{}">{}</text><text text-anchor="middle" transform="translate(14 {}) rotate(-90)">{}</text>"#,
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 8.0,
        escape(x.label),
        f64::midpoint(TOP, bottom),
        escape(y.label)
    );
}

/// Three digits, without trailing zeros.
fn tick_text(value: f64) -> String {
    crate::finding::number::plain(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_on_both_kinds_of_axis() {
        let plain = Axis { label: "", ends: (0.0, 2.0), log: false };
        let log = Axis { label: "", ends: (1.0, 10_000.0), log: true };
        assert_eq!((plain.place(1.0), plain.place(9.0)), (0.5, 1.0));
        assert_eq!((log.place(100.0), log.place(0.0)), (0.5, 0.0));
        assert_eq!(log.ticks().len(), 5);
    }

    #[test]
    fn steps_hold_their_value() {
        let axis = Axis { label: "n", ends: (0.0, 1.0), log: false };
        let series = [Series { name: "a<b".into(), points: vec![(0.0, 0.0), (1.0, 1.0)], steps: true }];
        let svg = lines(&axis, &axis, &series, false);
        let (left, right, bottom, top) = (LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM, TOP);
        assert!(svg.contains(&format!("M{left:.1} {bottom:.1}L{right:.1} {bottom:.1}L{right:.1} {top:.1}")), "{svg}");
        assert!(svg.contains("a&lt;b") && !svg.contains("a<b"));
    }
}
