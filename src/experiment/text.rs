//! An experiment for a person to read.

use std::fmt;

use crate::experiment::{Arm, Compared, HoldoutReport, RevenueLift};
use crate::statistics::Estimate;

/// A number of minor units as decimal text, rounded half away from zero.
fn money(minor: f64, currency: crate::Currency) -> String {
    crate::money::decimal(minor.round() as i128, currency)
}

/// An estimate with its interval, each as `print` has it.
fn told(estimate: &Estimate, print: impl Fn(f64) -> String) -> String {
    let high = estimate.interval.high.map_or_else(|| "..".to_owned(), &print);
    format!("{} [{}, {high}]", print(estimate.value), print(estimate.interval.low))
}

impl fmt::Display for HoldoutReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for arm in &self.arms {
            let rate = arm.converted.rate.map_or_else(|| "-".to_owned(), |rate| told(&rate, percent));
            let (count, of) = (arm.converted.count, arm.converted.of);
            writeln!(
                f,
                "{:<8} {of} people, {} met the bot, {count} converted: {rate}",
                arm.arm, arm.exposed
            )?;
        }
        let holds =
            if self.sample_ratio.holds { "as assigned" } else { "NOT as assigned: do not compare them" };
        writeln!(f, "sizes of the arms: {holds} (p = {:.4})", self.sample_ratio.p)?;
        let leaks = self.arms.iter().filter(|arm| arm.arm == Arm::Holdout && arm.exposed > 0);
        for arm in leaks {
            writeln!(
                f,
                "{} people of the holdout MET THE BOT: what follows is less than it causes",
                arm.exposed
            )?;
        }
        writeln!(f, "conversion rate: {}", self.conversion)?;
        self.revenue.iter().try_for_each(|revenue| write!(f, "{revenue}"))?;
        writeln!(f, "{}, question {}", self.holdout, self.question)
    }
}

fn percent(rate: f64) -> String {
    format!("{:.2} %", rate * 100.0)
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.reason, self.difference, self.ratio, self.p) {
            (None, Some(difference), Some(ratio), Some(p)) => {
                let points = told(&difference, |rate| format!("{:+.2}", rate * 100.0));
                write!(
                    f,
                    "{points} points, times {}, {}",
                    told(&ratio, |ratio| format!("{ratio:.2}")),
                    if p < 0.0001 { "p < 0.0001".to_owned() } else { format!("p = {p:.4}") }
                )
            }
            (reason, ..) => write!(f, "not compared: {}", reason.map_or("", |reason| reason.name())),
        }
    }
}

impl fmt::Display for RevenueLift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let currency = self.currency;
        let print = |minor: f64| money(minor, currency);
        write!(f, "{currency} per person: ")?;
        match (self.reason, self.difference) {
            (None, Some(difference)) => writeln!(f, "{}", told(&difference, print))?,
            (reason, _) => writeln!(f, "not compared: {}", reason.map_or("", |reason| reason.name()))?,
        }
        if let Some(adjusted) = self.adjusted {
            writeln!(
                f,
                "{currency} per person, less what earlier revenue foretold: {}",
                told(&adjusted, print)
            )?;
        }
        if let Some(incremental) = self.incremental {
            writeln!(f, "{currency} incremental: {}", told(&incremental, print))?;
        }
        for model in &self.attributed {
            let factor = model
                .factor
                .map_or_else(|| "-".to_owned(), |factor| told(&factor, |one| format!("{one:.2}")));
            writeln!(
                f,
                "{currency} attributed by {}: {}, incremental over attributed {factor}",
                model.model, model.attributed
            )?;
        }
        Ok(())
    }
}
