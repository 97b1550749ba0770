//! One visit of everybody's paths: all models and dimensions asked for, and what the overview counts.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::event::Kind;
use crate::fact::ahead::{self, AHEAD};
use crate::fact::{Facts, NONE, QUERY, Symbol};
use crate::journey::{
    Asked, Circle, Claiming, Decision, Dimension, Earned, Entered, Shopper, Source, TouchKind, Turn, What,
    World, read,
};
use crate::model::Chosen;
use crate::money::Currency;
use crate::question::{Dated, Earned as Wanted, Question};
use crate::report::crowd::Group;
use crate::report::erased;
use crate::report::share::Sharing;
use crate::report::state::State;
use crate::report::sums::{NotCounted, Sums};
use crate::report::tally::{ASKED, CONVERTED, IN_PATH, TURNS};
use crate::time::{nanos_of, utc_of};

/// What a row is called where a touchpoint has no value in the dimension.
pub(crate) const NONE_LABEL: &str = "none";

/// The sums that answer a question.
pub(crate) fn collect(facts: &Facts, question: &Question) -> Result<Sums> {
    question.check()?;
    let world = World::new(facts, &question.rules, question.consent, question.as_of);
    let Counted { here, away } = count_all(&world, question)?;
    let mut sums = here.sums(facts, question);
    sums.retract(&away.sums(facts, question));
    sums.merge(&erased::sums(facts, question));
    Ok(sums)
}

/// What was counted, and what of it has to be taken away again.
pub(crate) struct Counted {
    pub(crate) here: State,
    pub(crate) away: State,
}

/// Counts everybody.
pub(crate) fn count_all(world: &World<'_>, question: &Question) -> Result<Counted> {
    let (mut here, turns) = visit_all(world, question)?;
    let mut away = State::new(world, question);
    reached(world, question, turns, &mut here, &mut away);
    Ok(Counted { here, away })
}

/// Visits everybody, one after the other.
fn visit_in_turn(world: &World<'_>, question: &Question) -> Result<(State, Vec<Turn>)> {
    let mut state = State::new(world, question);
    let mut collector = Collector::new(world, question, &mut state);
    collector.books(0..world.facts.books.len());
    collector.visit_all(0..world.facts.clusters.len()).map_err(|(_, error)| error)?;
    let reached = collector.reached;
    Ok((state, reached))
}

#[cfg(not(feature = "parallel"))]
use visit_in_turn as visit_all;

/// How many clusters or orders a thread takes at a time.
#[cfg(feature = "parallel")]
const PIECE: usize = 2_048;

/// The same on all threads of the pool that the host has put the call into. Sums do not depend on who adds what; of
/// several failures that of the first cluster counts.
#[cfg(feature = "parallel")]
fn visit_all(world: &World<'_>, question: &Question) -> Result<(State, Vec<Turn>)> {
    use std::sync::atomic::{AtomicUsize, Ordering};

    type Done = std::result::Result<(State, Vec<Turn>), (usize, Error)>;
    let (clusters, books) = (world.facts.clusters.len(), world.facts.books.len());
    if clusters + books <= PIECE {
        return visit_in_turn(world, question);
    }
    let (next_cluster, next_book) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let piece = |next: &AtomicUsize, count: usize| {
        let start = next.fetch_add(PIECE, Ordering::Relaxed);
        (start < count).then(|| start..count.min(start + PIECE))
    };
    let done: Vec<Done> = rayon::broadcast(|_| {
        let mut state = State::new(world, question);
        let mut collector = Collector::new(world, question, &mut state);
        while let Some(piece) = piece(&next_book, books) {
            collector.books(piece);
        }
        while let Some(piece) = piece(&next_cluster, clusters) {
            collector.visit_all(piece)?;
        }
        let reached = collector.reached;
        Ok((state, reached))
    });
    let (mut state, mut turns) = (State::new(world, question), Vec::new());
    let mut failed: Option<(usize, Error)> = None;
    for part in done {
        match part {
            Ok((part, more)) => {
                state.tally.add(&part.whole());
                turns.extend(more);
            }
            Err((number, error)) if failed.as_ref().is_none_or(|(first, _)| number < *first) => {
                failed = Some((number, error));
            }
            Err(_) => {}
        }
    }
    failed.map_or(Ok((state, turns)), |(_, error)| Err(error))
}

/// Turns that stand in a path of somebody in another cluster have ended in a conversion too: the rates of their
/// clusters with that are added to `here`, and those without it to `away`.
pub(crate) fn reached(
    world: &World<'_>,
    question: &Question,
    mut turns: Vec<Turn>,
    here: &mut State,
    away: &mut State,
) {
    turns.sort_unstable_by_key(|turn| (turn.cluster, turn.row));
    turns.dedup_by_key(|turn| (turn.cluster, turn.row));
    let (mut with, mut without) =
        (Collector::new(world, question, here), Collector::new(world, question, away));
    for turns in turns.chunk_by(|a, b| a.cluster == b.cluster) {
        let mut circle = Circle::new(world, turns[0].cluster);
        circle.find_causes();
        let mut ended = with.ended(&circle);
        without.rates(&circle, &ended);
        ended.reach(&circle, turns);
        with.rates(&circle, &ended);
    }
}

/// Counts people into a state.
pub(crate) struct Collector<'s, 'q, 'w, 'a> {
    world: &'w World<'a>,
    question: &'q Question,
    state: &'s mut State,
    sharing: Sharing<'q>,
    asked: Asked,
    /// Turns of other clusters that stand in a path.
    pub(crate) reached: Vec<Turn>,
}

/// Which touches of each shopper stand in the path of a conversion that is asked about.
pub(crate) struct Ended(Vec<Vec<bool>>);

impl Ended {
    fn new(circle: &Circle<'_, '_>) -> Self {
        Self(circle.shoppers.iter().map(|_| Vec::new()).collect())
    }

    fn mark(&mut self, shopper: usize, touch: u32, count: usize) {
        let marks = &mut self.0[shopper];
        marks.resize(count, false);
        marks[touch as usize] = true;
    }

    /// Marks turns that others reached.
    fn reach(&mut self, circle: &Circle<'_, '_>, turns: &[Turn]) {
        for turn in turns.iter().filter(|turn| turn.cluster == circle.number) {
            let touches = &circle.shoppers[turn.person as usize].touches;
            let place = touches.partition_point(|touch| touch.row < turn.row);
            self.mark(turn.person as usize, place as u32, touches.len());
        }
    }

    fn get(&self, shopper: usize, touch: usize) -> bool {
        self.0[shopper].get(touch).is_some_and(|marked| *marked)
    }
}

impl<'s, 'q, 'w, 'a> Collector<'s, 'q, 'w, 'a> {
    pub(crate) fn new(world: &'w World<'a>, question: &'q Question, state: &'s mut State) -> Self {
        let custom = question.models.iter().any(|chosen| matches!(chosen, Chosen::Custom(_)));
        let evidence = custom || question.by.contains(&Dimension::Evidence);
        let asked = Asked { evidence, refused: false };
        Self { world, question, state, sharing: Sharing::new(question), asked, reached: Vec::new() }
    }

    fn currency(&mut self, currency: Option<Currency>) -> usize {
        self.state.tally.currency(currency, self.question.models.len())
    }

    /// What became of orders and refunds.
    pub(crate) fn books(&mut self, range: std::ops::Range<usize>) {
        for number in range {
            let book = self.world.facts.books.get(number as u32);
            if let Some(brief) = book.brief().filter(|_| book.seen(self.world.as_of)) {
                self.state.tally.intake.events += 1;
                if self.counts_at(brief.at.into()) {
                    self.state.tally.intake.orders_known += 1;
                    let _known = self.currency(Some(brief.value.currency()));
                }
                continue;
            }
            for fact in book.facts().filter(|fact| fact.seen(self.world.as_of)) {
                self.state.tally.intake.events += 1;
                self.state.tally.intake.junk += i64::from(fact.junk);
                fact.left_out.count(&mut self.state.tally.intake.left_out);
            }
            let state = match read(book, self.world.as_of, self.world.facts) {
                Entered::Order(state) => state,
                Entered::Orphans(refunds) => {
                    self.loose(&refunds);
                    continue;
                }
            };
            self.loose(&state.misfits);
            if !self.counts_at(nanos_of(state.at)) {
                continue;
            }
            self.state.tally.intake.orders_known += 1;
            let place = self.currency(Some(state.currency()));
            let money = &mut self.state.tally.money[place];
            money.refunds_applied += state.applied() as i64;
            money.over_refunded += state.over_refunded();
            if let Some(reason) = NotCounted::of(&state) {
                self.state.tally.intake.not_counted[reason as usize] += 1;
            }
        }
    }

    /// Whether what stands at an instant is asked about, where touchpoints are not what is dated.
    fn counts_at(&self, at: i128) -> bool {
        let Question { dated, period, .. } = self.question;
        *dated == Dated::ByTouch || period.is_all() || period.contains(utc_of(at))
    }

    fn loose(&mut self, refunds: &[crate::money::Money]) {
        for refund in refunds {
            let place = self.currency(Some(refund.currency()));
            let loose = &mut self.state.tally.money[place].refunds_loose;
            loose.0 += 1;
            loose.1 += i128::from(refund.minor());
        }
    }

    /// Counts the people of some clusters; where one of them fails, says which.
    fn visit_all(&mut self, numbers: Range<usize>) -> std::result::Result<(), (usize, Error)> {
        let facts = self.world.facts;
        for start in numbers.clone().step_by(AHEAD) {
            let some = start..numbers.end.min(start + AHEAD);
            ahead::of_clusters(facts, some.clone());
            for number in some {
                self.visit(number as u32).map_err(|error| (number, error))?;
            }
        }
        Ok(())
    }

    /// Counts the people of one cluster.
    pub(crate) fn visit(&mut self, number: u32) -> Result<()> {
        let State { tally, plain } = &mut *self.state;
        if let Some(plain) = plain
            && plain.visit(self.world, number, tally)?
        {
            return Ok(());
        }
        let mut circle = Circle::new(self.world, number);
        circle.find_causes();
        self.state.tally.intake.events += self.world.events(number, circle.rows.iter(), circle.rows.len());
        if circle.cluster.traits.counted {
            for row in circle.rows.iter() {
                let content = &self.world.facts.contents.get(row.content).content;
                self.state.tally.intake.junk += i64::from(content.junk);
                content.left_out.count(&mut self.state.tally.intake.left_out);
            }
        }
        if circle.cluster.traits.codes {
            self.state.tally.intake.codes_without_turn += circle.codes_without_turn() as i64;
        }
        let mut ended = Ended::new(&circle);
        let mut reached = Vec::new();
        for place in 0..circle.shoppers.len() {
            self.shopper(&circle, place, &mut ended, &mut reached)?;
        }
        ended.reach(&circle, &reached);
        self.reached.extend(reached.into_iter().filter(|turn| turn.cluster != number));
        self.rates(&circle, &ended);
        circle.shoppers.iter().for_each(|shopper| self.repeats(&circle, shopper));
        Ok(())
    }

    /// Which touches stand in a path, without counting anything else.
    pub(crate) fn ended(&mut self, circle: &Circle<'_, '_>) -> Ended {
        let (mut ended, mut reached) = (Ended::new(circle), Vec::new());
        for (place, shopper) in circle.shoppers.iter().enumerate() {
            let mut claiming = Claiming::new(circle, shopper, self.asked);
            for earned in circle.earned(shopper) {
                let decision = claiming.decide(&earned);
                if self.asks_about(circle, &earned) {
                    mark(circle, place, decision, &mut ended, &mut reached);
                }
            }
        }
        ended.reach(circle, &reached);
        ended
    }

    fn asks_about(&self, circle: &Circle<'_, '_>, earned: &Earned) -> bool {
        match (&self.question.earned, earned.what) {
            (Wanted::Orders, What::Order(_)) => true,
            (Wanted::Goal(asked), What::Goal(row)) => {
                let content = circle.rows[row as usize].content;
                match &self.world.facts.contents.get(content).content.kind {
                    Kind::Goal(goal) => goal.goal == *asked,
                    _ => false,
                }
            }
            _ => false,
        }
    }

    fn shopper(
        &mut self,
        circle: &Circle<'_, 'a>,
        place: usize,
        ended: &mut Ended,
        reached: &mut Vec<Turn>,
    ) -> Result<()> {
        let shopper = &circle.shoppers[place];
        if shopper.orders.is_empty() && shopper.goals.is_empty() {
            return Ok(());
        }
        let mut claiming = Claiming::new(circle, shopper, self.asked);
        for earned in circle.earned(shopper) {
            if !self.asks_about(circle, &earned) && !self.consumes() {
                claiming.pass(&earned);
                continue;
            }
            claiming.decide(&earned);
            if self.asks_about(circle, &earned) {
                mark(circle, place, claiming.decision(), ended, reached);
                self.claim(circle, shopper, &earned, &claiming)?;
            }
        }
        self.state.tally.crowd.settle();
        Ok(())
    }

    fn consumes(&self) -> bool {
        self.question.rules.reuse == crate::journey::Reuse::Consumed
    }

    fn claim(
        &mut self,
        circle: &Circle<'_, 'a>,
        shopper: &Shopper<'a>,
        earned: &Earned,
        claiming: &Claiming<'_, '_, '_>,
    ) -> Result<()> {
        let by_touch = self.question.dated == Dated::ByTouch;
        if !by_touch && !self.question.period.contains(utc_of(earned.at)) {
            return Ok(());
        }
        let value = match earned.what {
            What::Order(place) => Some(shopper.orders[place as usize].net_value()),
            What::Goal(_) => circle.conversion(shopper, earned).value,
        };
        let minor = value.map_or(0, crate::money::Money::minor);
        let place = self.currency(value.map(crate::money::Money::currency));
        let expired = self.world.expired(earned.at);
        let decision = claiming.decision();
        for (held, count) in self.state.tally.refused.iter_mut().zip(decision.refused) {
            *held += count as i64;
        }
        if value.is_some() && !expired {
            let with_bot = decision.path.iter().any(|standing| standing.bot);
            self.state.tally.orders.push((with_bot, place as u32, minor));
            self.state.tally.crowd.note(Group::Ordered { currency: place, with_bot });
        }
        self.queries_in_path(circle, shopper, decision);
        self.state.tally.crowd.note(Group::Earned { currency: place });
        let money = &mut self.state.tally.money[place];
        money.conversions += 1;
        money.value += i128::from(minor);
        if decision.path.is_empty() {
            let reason = claiming.unattributed(earned);
            let held = &mut money.unattributed[reason as usize];
            *held = (held.0 + 1, held.1 + i128::from(minor));
            self.state.tally.crowd.note(Group::Unclaimed { currency: place, reason });
            return Ok(());
        }
        self.state.tally.crowd.note(Group::Claimed { currency: place });
        self.sharing.share(&mut self.state.tally, place, circle, shopper, earned, decision, minor)
    }

    fn queries_in_path(&mut self, circle: &Circle<'_, '_>, shopper: &Shopper<'_>, decision: &Decision) {
        if !self.world.plan.has_queries {
            return;
        }
        let mut queries: Vec<Symbol> = Vec::new();
        for standing in &decision.path {
            queries.extend(circle.symbols(shopper, standing, Dimension::Query));
        }
        queries.sort_unstable();
        queries.dedup();
        for query in queries {
            self.state.tally.queries.at(query)[IN_PATH] += 1;
            self.state.tally.crowd.note(Group::InPath { query });
        }
    }

    /// Turns, conversations and people, and which of them ended in a conversion that is asked about.
    pub(crate) fn rates(&mut self, circle: &Circle<'_, '_>, ended: &Ended) {
        let mut conversations: Vec<(u32, bool)> = Vec::new();
        let period = self.question.period;
        for (number, shopper) in circle.shoppers.iter().enumerate().filter(|(_, shopper)| shopper.consent) {
            let mut person = None;
            for (place, touch) in shopper.touches.iter().enumerate() {
                if touch.kind != TouchKind::Query || !period.is_all() && !period.contains(utc_of(touch.at)) {
                    continue;
                }
                let ended = ended.get(number, place);
                count(&mut self.state.tally.rates[0], ended);
                *person.get_or_insert(false) |= ended;
                if let Some(conversation) = self.world.conversation(touch.handle) {
                    match conversations.last_mut() {
                        Some((held, any)) if *held == conversation => *any |= ended,
                        _ => conversations.push((conversation, ended)),
                    }
                }
                let query = self.world.facts.contents.get(touch.content).labels[QUERY];
                if query != NONE {
                    let figures = self.state.tally.queries.at(query);
                    figures[TURNS] += 1;
                    figures[CONVERTED] += i64::from(ended);
                }
            }
            if let Some(ended) = person {
                count(&mut self.state.tally.rates[2], ended);
            }
        }
        conversations.sort_unstable();
        for same in conversations.chunk_by(|a, b| a.0 == b.0) {
            count(&mut self.state.tally.rates[1], same.iter().any(|(_, ended)| *ended));
        }
    }

    /// Queries asked again before a conversion, against those of people who have none.
    fn repeats(&mut self, circle: &Circle<'_, '_>, shopper: &Shopper<'_>) {
        if !shopper.consent || !self.world.plan.has_queries {
            return;
        }
        let (question, touches) = (self.question, &shopper.touches);
        let lookback = i128::from(question.rules.lookback.as_nanos());
        let mut since: Option<i128> = None;
        for earned in circle.earned(shopper) {
            if !self.asks_about(circle, &earned) {
                continue;
            }
            let end = touches.partition_point(|touch| touch.at <= earned.at);
            let oldest = earned.at - lookback;
            let start = touches
                .partition_point(|touch| touch.at < oldest || since.is_some_and(|since| touch.at <= since));
            let told = question.period.contains(utc_of(earned.at)) && !self.world.expired(earned.at);
            if told && start < end {
                self.repeated(shopper, start..end, ASKED, |_| true);
            }
            since = Some(earned.at);
        }
        if since.is_none() {
            let period = question.period;
            let inside = |at: i128| period.is_all() || period.contains(utc_of(at));
            self.repeated(shopper, 0..touches.len(), ASKED + 2, inside);
        }
    }

    fn repeated(
        &mut self,
        shopper: &Shopper<'_>,
        range: std::ops::Range<usize>,
        place: usize,
        inside: impl Fn(i128) -> bool,
    ) {
        let touches = shopper.touches[range].iter().filter(|touch| inside(touch.at));
        let query =
            |touch: &crate::journey::Touch| self.world.facts.contents.get(touch.content).labels[QUERY];
        let mut queries: Vec<Symbol> = touches.map(query).filter(|query| *query != NONE).collect();
        queries.sort_unstable();
        for same in queries.chunk_by(|a, b| a == b) {
            let figures = self.state.tally.queries.at(same[0]);
            figures[place] += 1;
            figures[place + 1] += i64::from(same.len() > 1);
        }
    }
}

fn count(rate: &mut [i64; 2], ended: bool) {
    rate[0] += 1;
    rate[1] += i64::from(ended);
}

/// Marks what stands in a path.
fn mark(
    circle: &Circle<'_, '_>,
    shopper: usize,
    decision: &Decision,
    ended: &mut Ended,
    reached: &mut Vec<Turn>,
) {
    let count = circle.shoppers[shopper].touches.len();
    for part in decision.path.iter().flat_map(|standing| std::iter::once(standing).chain(&standing.rest)) {
        match part.source {
            Source::Own(touch) => ended.mark(shopper, touch, count),
            Source::Other(turn) => reached.push(turn),
        }
    }
}

/// Whether an instant lies in the period that touchpoints are reported for.
pub(crate) fn dated_inside(question: &Question, at: i128) -> bool {
    question.dated == Dated::ByConversion || question.period.is_all() || question.period.contains(utc_of(at))
}
