//! A holdout experiment with a known effect: what the bot truly caused stands beside the events.

use chrono::{DateTime, TimeDelta, Utc};

use crate::event::Event;
use crate::experiment::{Arm, Holdout};
use crate::id::{IdKind, Identifier, Who};
use crate::money::{Currency, Money};
use crate::testing::random::Random;
use crate::text::OrderId;
use crate::time::Period;

/// What a generated experiment is like. The same configuration always gives the same events.
///
/// 30 of 100 visitors have ordered before. Of these 20 of 100 would order again without the bot, and for more the more
/// they spent before; of the others 8 would. With the bot at hand, 60 of 100 who would order anyway chat, but only 30
/// of 100 others: chats go with orders whether or not they cause any. Of those who chat and would not have ordered,
/// `effect_percent` do because of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialConfig {
    /// Another seed, another experiment.
    pub seed: u64,
    /// How many visitors come in the period.
    pub visitors: u32,
    /// Who is held out.
    pub holdout: Holdout,
    /// How many of a hundred chatting visitors buy because of it.
    pub effect_percent: u32,
    /// The period: earlier orders lie in the 30 days before it, visits in its first half.
    pub start: DateTime<Utc>,
    /// How many days the period has; 0 counts as 1, and more than 365 as that.
    pub days: u32,
    /// What everybody pays in.
    pub currency: Currency,
}

/// The events of an experiment, and what the bot truly caused.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The period to ask about.
    pub period: Period,
    /// Every event once, by visitor.
    pub events: Vec<Event>,
    /// The orders that would not have been without the bot.
    pub caused: Vec<(OrderId, Money)>,
    /// How many visitors have the bot.
    pub with_bot: u32,
}

/// Topics that are asked about.
const TOPICS: [&str; 5] = ["availability", "comparison", "delivery", "discount", "size"];

impl TrialConfig {
    /// The true difference that the bot makes per person who enters: in conversions, and in minor units of revenue.
    pub fn truth(&self) -> (f64, f64) {
        let effect = f64::from(self.effect_percent.min(100)) / 100.0 * 0.3;
        let (loyal, others) = (0.3 * 0.8, 0.7 * 0.92);
        (effect * (loyal + others), effect * (loyal * 6_500.0 + others * 4_050.0))
    }
}

impl Trial {
    /// Makes the experiment of a configuration.
    pub fn generate(config: &TrialConfig) -> Self {
        let days = i64::from(config.days.clamp(1, 365));
        let end = config.start + TimeDelta::days(days);
        let period = Period::between(config.start, end);
        let mut trial = Self { period, events: Vec::new(), caused: Vec::new(), with_bot: 0 };
        (0..config.visitors).for_each(|number| trial.visitor(config, number, days));
        trial
    }

    fn visitor(&mut self, config: &TrialConfig, number: u32, days: i64) {
        let mut random = Random::new(config.seed, u64::from(number));
        let name = format!("v-{}-{number}", config.seed);
        let (who, arm) =
            (Who::visitor(&name), config.holdout.assign(&Identifier::new(IdKind::Visitor, &name)));
        let mut now = config.start + TimeDelta::seconds(i64::from(random.below(days as u64 * 43_200) as u32));
        let loyal = random.chance(30);
        let earlier = i64::from(random.between(2_000, 9_000));
        let mut record = |event: Event| self.events.push(event);
        if loyal {
            let before = config.start - TimeDelta::days(i64::from(random.between(1, 30)));
            let value = Money::new(earlier, config.currency);
            record(
                Event::order(format!("b{number}"), before, who.clone(), format!("b{number}"), value).into(),
            );
        }
        record(Event::visit(format!("a{number}"), now, who.clone()).url("https://shop.example/").into());
        let would = random.chance(if loyal { 20 } else { 8 });
        let talks = random.chance(if would { 60 } else { 30 }) && arm == Arm::Bot;
        let persuaded = random.chance(config.effect_percent) && talks && !would;
        let turns = random.between(1, 3);
        for turn in 0..turns {
            now += TimeDelta::seconds(i64::from(random.between(5, 300)));
            let topic = *random.pick(&TOPICS);
            if talks {
                let id = format!("q{number}-{turn}");
                record(Event::query(id, now, who.clone()).topic(topic).into());
            }
        }
        let more = i64::from(random.between(0, 2_000));
        let value = if loyal { earlier + more } else { 500 + 2 * more + i64::from(random.between(0, 1_000)) };
        let value = if !loyal && random.chance(5) { value * 8 } else { value };
        let order = OrderId::from(format!("o{number}"));
        let value = Money::new(value, config.currency);
        if would || persuaded {
            now += TimeDelta::seconds(i64::from(random.between(60, 7_200)));
            record(Event::order(format!("o{number}"), now, who, order.clone(), value).into());
        }
        self.with_bot += u32::from(arm == Arm::Bot);
        if persuaded {
            self.caused.push((order, value));
        }
    }
}
