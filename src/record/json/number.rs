//! Numbers as data: read as written, converted when a field asks.

/// A number as it was written: whether it fits is for the field to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'a> {
    pub(super) text: &'a str,
    /// Written without fraction and exponent.
    pub plain: bool,
}

impl Number<'_> {
    /// The value if it is whole and within ±2^63 (`1.0` and `1e3` are whole), or plain and an `i128`.
    pub fn whole(&self) -> Option<i128> {
        if self.plain {
            let short = self.text.parse::<i64>().map(i128::from);
            return short.or_else(|_| self.text.parse::<i128>()).ok();
        }
        let value = self.float()?;
        let fits = value.fract() == 0.0 && value.abs() < 9.3e18;
        fits.then_some(value as i128)
    }

    /// The value if it is finite as a double.
    pub fn float(&self) -> Option<f64> {
        self.text.parse::<f64>().ok().filter(|value| value.is_finite())
    }
}
