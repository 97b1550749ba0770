//! The short way for plain shoppers: one person, no causes to find, nothing withdrawn, every touch may earn.
//!
//! It counts exactly what [`Collector::visit`](super::collect::Collector) counts. A path is a range of the person's
//! touches there, so what a rule model gives to it is a few numbers: equal parts, and one more for so many of the
//! first. These are noted at the ends of ranges and summed up once over the person's touches, whatever the number of
//! conversions; only time decay looks at each pair of a touch and a conversion.

mod given;
mod labels;

use crate::credit::ONE;
use crate::error::Result;
use crate::fact::{Cluster, NONE, QUERY, Row, Symbol};
use crate::identity::People;
use crate::journey::{DirectVisits, Entered, ProductMatch, Reuse, TouchKind, Transform, Unit, World, read};
use crate::model::{BuiltIn, Chosen, Factor, HalfLife, Steps, Weights};
use crate::money;
use crate::question::{Dated, Earned, Question};
use crate::reason::{RefuseReason, UnattributedReason};
use crate::report::plain::labels::Labels;
use crate::report::tally::{ASKED, CONVERTED, IN_PATH, TURNS, Tally};
use crate::time::{Period, nanos_of, utc_of};

/// What a content is here.
#[derive(Clone, Copy, Default)]
pub(crate) struct Flags {
    /// A person with it has to be looked at closely.
    pub(crate) blocks: bool,
    pub(crate) touch: bool,
    pub(crate) turn: bool,
    direct: bool,
    pub(crate) query: Symbol,
}

/// How a model shares.
#[derive(Clone)]
enum Way {
    First,
    Last,
    LastNonDirect,
    Linear,
    /// First, middle, last.
    Positions([u64; 3], BuiltIn),
    /// Under which half-life; its place among the models that look at each pair.
    Decay(HalfLife, usize),
}

/// An order of the person at hand.
#[derive(Clone, Copy)]
pub(crate) struct Bought {
    pub(crate) at: i64,
    pub(crate) minor: i64,
    /// Its place in the tally.
    pub(crate) currency: usize,
    /// The touches of its path.
    pub(crate) low: usize,
    pub(crate) high: usize,
    /// Whether it lies in the period.
    pub(crate) inside: bool,
}

/// Shares the orders of plain shoppers.
#[derive(Clone)]
pub(crate) struct Plain {
    period: Period,
    ways: Vec<Way>,
    /// The models that look at each pair.
    decays: Vec<usize>,
    flags: Vec<Flags>,
    labels: Vec<Labels>,
    window: i64,
    has_queries: bool,
    scratch: Scratch,
    /// The cluster of the person at hand, if it is a plain one.
    met: Option<u32>,
}

/// What of a person may earn, in order.
#[derive(Clone, Default)]
pub(crate) struct Touches {
    pub(crate) at: Vec<i64>,
    pub(crate) content: Vec<u32>,
    pub(crate) handle: Vec<u32>,
}

impl Touches {
    /// The same with room for more.
    pub(crate) fn with_room(&self) -> Self {
        fn copy<T: Copy>(list: &[T]) -> Vec<T> {
            let mut copy = Vec::with_capacity(list.len() + list.len() / 4 + 4);
            copy.extend_from_slice(list);
            copy
        }
        Self { at: copy(&self.at), content: copy(&self.content), handle: copy(&self.handle) }
    }
}

/// Room that is used again for every person.
#[derive(Clone, Default)]
struct Scratch {
    touches: Touches,
    bought: Vec<Bought>,
    /// The touch with which the next three begin.
    start: usize,
    /// By touch and model, share and value: what begins to be given here, to this and all later touches.
    from: Vec<[i64; 2]>,
    /// By model that looks at each pair, then by touch, with one cell more than touches: what is given to this touch alone.
    alone: Vec<[i64; 2]>,
    factors: Vec<Factor>,
    /// By model, share and value: what goes on to be given to the next touch.
    running: Vec<[i64; 2]>,
    units: Vec<u64>,
    shares: Vec<i64>,
    values: Vec<i64>,
    room: money::Scratch,
    weights: Weights,
    queries: Vec<Symbol>,
    conversations: Vec<(u32, bool)>,
}

/// A path of which only the length counts.
struct Length(usize);

impl Steps for Length {
    fn len(&self) -> usize {
        self.0
    }

    fn is_direct(&self, _: usize) -> bool {
        false
    }

    fn key(&self, place: usize) -> usize {
        place
    }

    fn nanos(&self, _: usize) -> i128 {
        0
    }
}

impl Plain {
    /// None where the question asks for more than can be told the short way.
    pub(crate) fn new(world: &World<'_>, question: &Question, tally: &Tally) -> Option<Self> {
        let rules = &question.rules;
        let simple = rules.kind_windows.is_empty()
            && rules.evidence_windows.is_empty()
            && rules.unit != Unit::Conversation
            && rules.reuse == Reuse::Allowed
            && rules.transform == Transform::All
            && rules.product_match == ProductMatch::Any
            && rules.direct_visits == DirectVisits::May
            && rules.last_touchpoints.is_none()
            && question.dated == Dated::ByConversion
            && matches!(question.earned, Earned::Orders)
            && question.consent.allows(None)
            && question.min_group == 0;
        let mut decays = Vec::new();
        let ways = question.models.iter().enumerate().map(|(model, chosen)| way(chosen, model, &mut decays));
        let ways: Option<Vec<Way>> = ways.collect();
        let labels = (0..tally.dimensions()).map(|place| Labels::new(tally.dimension(place)));
        let labels: Option<Vec<Labels>> = labels.collect();
        let (ways, labels, true) = (ways?, labels?, simple) else { return None };
        let mut plain = Self {
            period: question.period,
            ways,
            decays,
            flags: Vec::new(),
            labels,
            window: i64::try_from(rules.lookback.as_nanos()).unwrap_or(i64::MAX),
            has_queries: false,
            scratch: Scratch::default(),
            met: None,
        };
        plain.grow(world);
        Some(plain)
    }

    /// Takes in the contents that have come since.
    pub(crate) fn grow(&mut self, world: &World<'_>) {
        let (known, contents) = (self.flags.len() as u32, &world.facts.contents);
        self.has_queries = world.plan.has_queries;
        self.flags.extend((known..contents.iter().len() as u32).map(|content| flags(world, content)));
        self.labels.iter_mut().for_each(|labels| labels.grow(contents));
    }

    /// Counts the people of a cluster, if it is a plain one; else nothing is counted.
    pub(crate) fn visit(&mut self, world: &World<'_>, number: u32, tally: &mut Tally) -> Result<bool> {
        if !self.meet(world, number, tally) {
            return Ok(false);
        }
        let rows = &world.cluster(number).rows;
        tally.intake.events += world.events(number, rows.iter(), rows.len());
        let bought = std::mem::take(&mut self.scratch.bought);
        self.orders(&bought, 0, tally)?;
        self.rates(world, tally, &bought);
        if bought.is_empty() {
            self.never_bought(tally);
        }
        self.scratch.bought = bought;
        Ok(true)
    }

    /// Makes the only person of a plain cluster the one at hand; says whether it is one. Nothing is counted.
    pub(crate) fn meet(&mut self, world: &World<'_>, number: u32, tally: &mut Tally) -> bool {
        self.met = None;
        let cluster = world.cluster(number);
        let traits = cluster.traits;
        let special = traits.withdrawals
            || traits.causes
            || traits.consent
            || traits.codes
            || traits.goals
            || traits.counted;
        if number == 0 || special || cluster.has_repeats(world.facts.hashed()) {
            return false;
        }
        let rows = cluster.rows.all();
        if world.seen(&rows) < rows.len() || !self.read(&rows) {
            return false;
        }
        if !cluster.books.is_empty() && !self.read_orders(world, number, cluster, &rows, tally) {
            return false;
        }
        if cluster.handles.len() > 1 && !matches!(*world.people(number, &rows), People::One { .. }) {
            return false;
        }
        self.scratch.bought.sort_unstable_by_key(|bought| bought.at);
        self.met = Some(number);
        true
    }

    /// Counts some orders of the person at hand, which follow each other; the one before them had touches up to
    /// `since` behind it.
    pub(crate) fn orders(&mut self, orders: &[Bought], since: usize, tally: &mut Tally) -> Result<()> {
        self.claims(orders, tally);
        for same in orders.chunk_by(|a, b| a.currency == b.currency) {
            self.share(same)?;
            self.add_up(same);
        }
        self.repeats(orders, since, tally);
        Ok(())
    }

    /// Makes a person's touches those at hand, and gives back those that were.
    pub(crate) fn swap(&mut self, touches: &mut Touches) {
        std::mem::swap(&mut self.scratch.touches, touches);
    }

    /// The cluster of the person at hand, if it is a plain one.
    pub(crate) fn met(&self) -> Option<u32> {
        self.met
    }

    /// The touches and orders of the person at hand.
    pub(crate) fn last(&self) -> (&Touches, &[Bought]) {
        (&self.scratch.touches, &self.scratch.bought)
    }

    pub(crate) fn flags(&self, content: u32) -> Flags {
        self.flags[content as usize]
    }

    /// The lookback window in nanoseconds.
    pub(crate) fn window(&self) -> i64 {
        self.window
    }

    /// Reads a person's touches; says whether all may earn.
    fn read(&mut self, rows: &[Row]) -> bool {
        let Scratch { touches: Touches { at, content, handle }, bought, .. } = &mut self.scratch;
        at.clear();
        content.clear();
        handle.clear();
        bought.clear();
        for row in rows {
            let flags = self.flags[row.content as usize];
            let Ok(nanos) = i64::try_from(row.at.nanos()) else { return false };
            if flags.blocks {
                return false;
            }
            if flags.touch {
                at.push(nanos);
                content.push(row.content);
                handle.push(row.handle);
            }
        }
        true
    }

    /// Reads the orders that count; says whether they are simple enough.
    fn read_orders(
        &mut self,
        world: &World<'_>,
        number: u32,
        cluster: &Cluster,
        rows: &[Row],
        tally: &mut Tally,
    ) -> bool {
        let mut sum = 0_i128;
        for book in &cluster.books {
            let book = world.facts.books.get(*book);
            if !book.seen(world.as_of) {
                return false;
            }
            // A book is read where its order is, not wherever a version of it is.
            let elsewhere = |handle| world.facts.names.cluster(handle) != number;
            let (at, value) = if let Some(brief) = book.brief() {
                if elsewhere(brief.handle) {
                    continue;
                }
                (brief.at, brief.value)
            } else {
                if book.newest().is_none_or(|newest| elsewhere(newest.handle)) {
                    continue;
                }
                let Entered::Order(state) = read(book, world.as_of, world.facts) else { continue };
                if !state.counts() {
                    continue;
                }
                let Ok(at) = i64::try_from(nanos_of(state.at)) else { return false };
                (at, state.net_value())
            };
            if world.expired(i128::from(at)) {
                return false;
            }
            let (minor, period) = (value.minor(), self.period);
            sum += i128::from(minor);
            let currency = tally.currency(Some(value.currency()), self.ways.len());
            let times = &self.scratch.touches.at;
            let low = times.partition_point(|time| *time < at.saturating_sub(self.window));
            let high = low + times[low..].partition_point(|time| *time <= at);
            let inside = period.is_all() || period.contains(utc_of(at.into()));
            self.scratch.bought.push(Bought { at, minor, currency, low, high, inside });
        }
        debug_assert!(self.scratch.touches.at.len() <= rows.len());
        // Sums over one person stay in 64 bits.
        sum < 1 << 62
            && self.scratch.bought.len() <= u32::MAX as usize
            && self.scratch.touches.at.len() < 1 << 29
    }

    /// Counts conversions, values and what is refused.
    fn claims(&mut self, orders: &[Bought], tally: &mut Tally) {
        let Scratch { touches: Touches { at, content, .. }, queries, .. } = &mut self.scratch;
        let count = at.len();
        for Bought { minor, currency, low, high, inside, .. } in orders.iter().copied() {
            if !inside {
                continue;
            }
            let (old, late) = (low, count - high);
            tally.refused[RefuseReason::OutOfWindow as usize] += old as i64;
            tally.refused[RefuseReason::AfterConversion as usize] += late as i64;
            let path = &content[low..high];
            let with_bot = path.iter().any(|content| self.flags[*content as usize].turn);
            tally.orders.push((with_bot, currency as u32, minor));
            let money = &mut tally.money[currency];
            money.conversions += 1;
            money.value += i128::from(minor);
            if path.is_empty() {
                let reason = match (old, late) {
                    (0, 0) => UnattributedReason::NoTouchpoint,
                    (0, _) => UnattributedReason::AfterConversion,
                    (_, 0) => UnattributedReason::OutOfWindow,
                    _ => UnattributedReason::AllRefused,
                };
                let held = &mut money.unattributed[reason as usize];
                *held = (held.0 + 1, held.1 + i128::from(minor));
            } else if self.has_queries {
                queries.clear();
                let found = path.iter().map(|content| self.flags[*content as usize].query);
                queries.extend(found.filter(|query| *query != NONE));
                queries.sort_unstable();
                queries.dedup();
                queries.iter().for_each(|query| tally.queries.at(*query)[IN_PATH] += 1);
            }
        }
    }

    /// Notes what each model gives to each touch for orders in one currency.
    fn share(&mut self, orders: &[Bought]) -> Result<()> {
        let (models, range) = (self.ways.len(), span(orders));
        self.scratch.start = range.start;
        let each = [(&mut self.scratch.from, models), (&mut self.scratch.alone, self.decays.len())];
        for (gifts, models) in each {
            gifts.clear();
            gifts.resize((range.len() + 1) * models, [0; 2]);
        }
        for (model, way) in self.ways.iter().enumerate() {
            if let Way::Decay(half_life, _) = way {
                self.scratch.factors.clear();
                let times = &self.scratch.touches.at[range.clone()];
                self.scratch.factors.extend(times.iter().map(|at| half_life.factor(i128::from(*at))));
            }
            for order in orders.iter().filter(|order| order.inside && order.low < order.high) {
                let mut given =
                    given::Given { scratch: &mut self.scratch, flags: &self.flags, models, model };
                given.give(way, *order)?;
            }
        }
        Ok(())
    }

    /// Adds what the touches were given to the rows of their values.
    fn add_up(&mut self, orders: &[Bought]) {
        let (currency, models) = (orders[0].currency, self.ways.len());
        let most = orders.iter().fold(0, |sum: u64, order| sum + order.minor.unsigned_abs().max(ONE as u64));
        for labels in &mut self.labels {
            labels.make_room(currency, models, most);
        }
        let Scratch { from, alone, touches, running, .. } = &mut self.scratch;
        running.clear();
        running.resize(models, [0; 2]);
        let (decays, span) = (&self.decays, span(orders));
        for (place, content) in touches.content[span.clone()].iter().enumerate() {
            for (running, from) in running.iter_mut().zip(&from[place * models..]) {
                *running = [running[0] + from[0], running[1] + from[1]];
            }
            // Such a model gives to each touch by itself, and nothing goes on to the next.
            for (which, model) in decays.iter().enumerate() {
                running[*model] = alone[which * (span.len() + 1) + place];
            }
            for labels in &mut self.labels {
                labels.give(currency, *content, running);
            }
        }
    }

    /// Turns, conversations and people, and which of them ended in a conversion.
    fn rates(&mut self, world: &World<'_>, tally: &mut Tally, orders: &[Bought]) {
        let Scratch { touches: Touches { at, content, handle }, conversations, .. } = &mut self.scratch;
        let period = self.period;
        conversations.clear();
        let mut person = None;
        let mut next = 0;
        for (place, content) in content.iter().enumerate() {
            let flags = self.flags[*content as usize];
            if !flags.turn || !period.is_all() && !period.contains(utc_of(at[place].into())) {
                continue;
            }
            // Orders stand in order of time, and so do the ends of their windows.
            while next < orders.len() && orders[next].high <= place {
                next += 1;
            }
            let ended = orders.get(next).is_some_and(|order| order.low <= place);
            tally.rates[0][0] += 1;
            tally.rates[0][1] += i64::from(ended);
            *person.get_or_insert(false) |= ended;
            if flags.query != NONE {
                let figures = tally.queries.at(flags.query);
                figures[TURNS] += 1;
                figures[CONVERTED] += i64::from(ended);
            }
            if world.has_conversations
                && let Some(conversation) = world.conversation(handle[place])
            {
                conversations.push((conversation, ended));
            }
        }
        if let Some(ended) = person {
            tally.rates[2][0] += 1;
            tally.rates[2][1] += i64::from(ended);
        }
        conversations.sort_unstable();
        for same in conversations.chunk_by(|a, b| a.0 == b.0) {
            tally.rates[1][0] += 1;
            tally.rates[1][1] += i64::from(same.iter().any(|(_, ended)| *ended));
        }
    }

    /// Queries asked again before a conversion.
    pub(crate) fn repeats(&mut self, orders: &[Bought], mut since: usize, tally: &mut Tally) {
        if !self.has_queries {
            return;
        }
        for order in orders {
            if order.inside {
                self.repeated(tally, order.low.max(since)..order.high, ASKED);
            }
            since = order.high;
        }
    }

    /// Queries asked again by a person without a conversion.
    pub(crate) fn never_bought(&mut self, tally: &mut Tally) {
        if self.has_queries {
            self.repeated(tally, 0..self.scratch.touches.at.len(), ASKED + 2);
        }
    }

    fn repeated(&mut self, tally: &mut Tally, range: std::ops::Range<usize>, place: usize) {
        if range.is_empty() {
            return;
        }
        let Scratch { touches: Touches { at, content, .. }, queries, .. } = &mut self.scratch;
        let period = self.period;
        let counts =
            |touch: usize| place == ASKED || period.is_all() || period.contains(utc_of(at[touch].into()));
        queries.clear();
        let found =
            range.filter(|touch| counts(*touch)).map(|touch| self.flags[content[touch] as usize].query);
        queries.extend(found.filter(|query| *query != NONE));
        queries.sort_unstable();
        for same in queries.chunk_by(|a, b| a == b) {
            let figures = tally.queries.at(same[0]);
            figures[place] += 1;
            figures[place + 1] += i64::from(same.len() > 1);
        }
    }

    /// Puts what was credited into the tables.
    pub(crate) fn finish(&self, tally: &mut Tally) {
        for (labels, tables) in self.labels.iter().zip(&mut tally.tables) {
            labels.finish(tables, self.ways.len());
        }
    }
}

/// All touches that lie in the window of some order.
fn span(orders: &[Bought]) -> std::ops::Range<usize> {
    let low = orders.iter().map(|order| order.low).min().unwrap_or_default();
    let high = orders.iter().map(|order| order.high).max().unwrap_or_default();
    low..high.max(low)
}

fn way(chosen: &Chosen, place: usize, decays: &mut Vec<usize>) -> Option<Way> {
    let Chosen::BuiltIn(model) = chosen else { return None };
    Some(match model {
        BuiltIn::FirstTouch => Way::First,
        BuiltIn::LastTouch => Way::Last,
        BuiltIn::LastNonDirect => Way::LastNonDirect,
        BuiltIn::Linear => Way::Linear,
        BuiltIn::PositionBased(positions) => Way::Positions(positions.shares(), model.clone()),
        BuiltIn::JShaped => Way::Positions([20, 20, 60], model.clone()),
        BuiltIn::InverseJ => Way::Positions([60, 20, 20], model.clone()),
        BuiltIn::TimeDecay(decay) => {
            decays.push(place);
            Way::Decay(HalfLife::new(decay.half_life().as_nanos()), decays.len() - 1)
        }
        BuiltIn::LinearUnique => return None,
    })
}

fn flags(world: &World<'_>, content: u32) -> Flags {
    let prepared = world.plan.get(content);
    let turn = prepared.touch == Some(TouchKind::Query);
    Flags {
        blocks: prepared.touch.is_some() && (!prepared.may || prepared.excluded),
        touch: prepared.touch.is_some(),
        turn,
        direct: prepared.touch == Some(TouchKind::Visit) && prepared.direct,
        query: world.facts.contents.get(content).labels[QUERY],
    }
}
