//! What the bot caused beside what models attribute to it, on a generated shop of which the truth is known.
//!
//! `cargo run --example holdout [seed [visitors [effect in per cent]]]` (default 7, 20000, 25): four of ten visitors get
//! no bot; of those who chat and would not have bought, so many of a hundred do because of it. Whoever wants to buy
//! chats more than others, so that models credit the bot with orders that would have been anyway.

use std::error::Error;

use clinch::testing::{Trial, TrialConfig};
use clinch::{
    Chosen, Dimension, Event, Game, Holdout, JourneyBuilder, Key, MarkovCounts, Negative, PathTable, PathsBy,
    Question, Removal, Shapley, Tracker,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let mut number = |name: &str, default: u64| match words.next() {
        None => Ok(default),
        Some(word) => word.parse().map_err(|error| format!("{name}: {word}: {error}")),
    };
    let (seed, visitors) = (number("seed", 7)?, number("visitors", 20_000)?);
    let effect_percent = u32::try_from(number("effect", 25)?)?;
    let currency = "EUR".parse()?;
    let holdout = Holdout::new(Key::new(*b"experiment's key"), "spring", 400_000)?;
    let config = TrialConfig {
        seed,
        visitors: u32::try_from(visitors)?,
        holdout: holdout.clone(),
        effect_percent,
        start: "2026-03-01T00:00:00Z".parse()?,
        days: 30,
        currency,
    };
    let trial = Trial::generate(&config);
    let mut question = Question::new("2026-05-01T00:00:00Z".parse()?);
    question.period = trial.period;
    let models =
        ["first_touch", "last_touch", "last_non_direct", "linear", "position_based", "time_decay:7d"];
    question.models = models.into_iter().map(str::parse).collect::<Result<_, _>>()?;
    question.models.extend(fitted(&trial.events, &question)?);
    let mut tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
    tracker.extend(trial.events)?;

    let report = tracker.holdout(&holdout, &question)?;
    print!("{report}");

    let caused: i64 = trial.caused.iter().map(|(_, value)| value.minor()).sum();
    let euros = |minor: f64| format!("{:.2} {currency}", minor / 100.0);
    println!("\ntruly caused: {} orders, {}", trial.caused.len(), euros(caused as f64));
    let Some(revenue) = report.revenue.first() else { return Ok(()) };
    if let Some(incremental) = revenue.incremental {
        let off = (incremental.value / caused as f64 - 1.0) * 100.0;
        println!("{:<18} {:>16}  {off:+.0} %", "holdout", euros(incremental.value));
    }
    for model in &revenue.attributed {
        let attributed: f64 = model.attributed.parse()?;
        let off = (attributed * 100.0 / caused as f64 - 1.0) * 100.0;
        println!("{:<18} {:>16}  {off:+.0} %", model.model, euros(attributed * 100.0));
    }
    Ok(())
}

/// Models fitted to the journeys of both arms: to topics, and to visits, which have none.
fn fitted(events: &[Event], question: &Question) -> Result<[Chosen; 3], Box<dyn Error>> {
    let mut builder = JourneyBuilder::new();
    builder.extend(events.iter().cloned())?;
    let (mut table, by) = (PathTable::new(), PathsBy::new(Dimension::Topic));
    for journey in builder.build(question.as_of) {
        table.add_journey(&journey, &by)?;
    }
    let markov = |order| MarkovCounts::of(&table, order).map(|counts| counts.fit(Removal::default()));
    let (topic, refuse) = (Dimension::Topic, Negative::Refuse);
    let shapley = Shapley::fit(&table, Game::OnSubsets);
    Ok([
        markov(1)?.allocation(topic, refuse)?.into(),
        markov(2)?.allocation(topic, refuse)?.into(),
        shapley.allocation(topic, refuse)?.into(),
    ])
}
