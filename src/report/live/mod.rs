//! Questions that are kept answered while facts come in.
//!
//! An answer is a sum over clusters and orders. Just before a fact changes some of them, what they gave is counted a
//! second time and taken away; what they give now is added when somebody asks, or earlier. So an event costs its
//! shopper's journey twice, and a shopper who is busy between two looks at the answer costs it once.
//!
//! Clusters that see each other through a code or a turn's id change together: see [`ties`].

mod plain;
mod ties;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use smallvec::SmallVec;

use crate::error::Result;
use crate::fact::{Change, Facts, Handle, Witness};
use crate::journey::{Entered, Plan, World, read};
use crate::question::Question;
use crate::report::collect::{Collector, Counted, count_all, reached};
use crate::report::erased;
use crate::report::live::plain::{Sale, Shopper, Shoppers, Sides};
use crate::report::live::ties::{Asked, Group, Named};
use crate::report::state::State;
use crate::report::sums::{OrderValue, Sums};
use crate::time::nanos_of;

/// From how many orders on their values are put in order.
const LOOSE_ORDERS: usize = 256;

/// All questions that are kept answered.
#[derive(Clone, Default)]
pub(crate) struct Watching {
    live: BTreeMap<u64, Live>,
    next: u64,
    asked: Asked,
}

impl Watching {
    /// Begins to keep a question answered and says under which number.
    pub(crate) fn begin(&mut self, facts: &Facts, question: &Question) -> Result<u64> {
        question.check()?;
        let live = Live::new(facts, question)?;
        self.next += 1;
        self.live.insert(self.next, live);
        Ok(self.next)
    }

    pub(crate) fn end(&mut self, number: u64) {
        self.live.remove(&number);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// Whatever was counted is no longer so: all is counted anew when it is asked for.
    pub(crate) fn forget(&mut self) {
        self.asked = Asked::default();
        self.live.values_mut().for_each(|live| live.stale = true);
    }

    /// Brings every answer up to date.
    pub(crate) fn settle(&mut self, facts: &Facts) -> Result<()> {
        self.live.values_mut().try_for_each(|live| live.settle(facts, &mut self.asked))
    }

    /// The question under a number.
    pub(crate) fn question(&self, number: u64) -> Option<&Question> {
        self.live.get(&number).map(|live| &live.question)
    }

    /// The answer under a number, up to date; none if nothing is kept under it.
    pub(crate) fn sums(&mut self, facts: &Facts, number: u64) -> Result<Option<Sums>> {
        let Some(live) = self.live.get_mut(&number) else { return Ok(None) };
        live.settle(facts, &mut self.asked)?;
        Ok(Some(live.sums(facts)))
    }
}

impl Witness for Watching {
    fn before(&mut self, facts: &Facts, change: &Change<'_>) {
        for live in self.live.values_mut() {
            live.before(facts, change, &mut self.asked);
        }
    }

    fn after(&mut self, facts: &Facts, handle: Option<Handle>, change: &Change<'_>) {
        if let (Some(tag), Some(handle)) = (change.turn, handle) {
            self.asked.note(tag, handle);
        }
        let cluster = handle.map(|handle| facts.names.cluster(handle));
        for live in self.live.values_mut() {
            live.after(facts, cluster, change, &mut self.asked);
        }
    }
}

/// One question with what has been counted for it.
#[derive(Clone)]
struct Live {
    question: Question,
    plan: Plan,
    /// The answer is what was counted here without what was counted as away.
    here: State,
    away: State,
    /// Orders by their value, as far as they are not in the two.
    orders: BTreeMap<OrderValue, i128>,
    /// What has been taken away and not been added again.
    out: Out,
    named: Named,
    /// Shoppers who are counted piece by piece; none of them is out.
    shoppers: Shoppers,
    /// Whether the change at hand is such a piece.
    piece: bool,
    /// Whether all has to be counted anew.
    stale: bool,
}

/// Clusters and orders that are in no sum at the moment.
#[derive(Clone, Default)]
struct Out {
    clusters: Vec<u32>,
    books: BTreeSet<u32>,
    /// By cluster.
    marks: Vec<bool>,
}

impl Out {
    fn has(&self, cluster: u32) -> bool {
        self.marks.get(cluster as usize).is_some_and(|mark| *mark)
    }

    fn add(&mut self, cluster: u32) {
        let place = cluster as usize;
        if self.marks.len() <= place {
            self.marks.resize((place + 1).next_power_of_two(), false);
        }
        if !std::mem::replace(&mut self.marks[place], true) {
            self.clusters.push(cluster);
        }
    }

    fn take(&mut self) -> (Vec<u32>, BTreeSet<u32>) {
        self.clusters.iter().for_each(|cluster| self.marks[*cluster as usize] = false);
        (std::mem::take(&mut self.clusters), std::mem::take(&mut self.books))
    }
}

/// Whether a part is added or taken away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Here,
    Away,
}

impl Live {
    fn new(facts: &Facts, question: &Question) -> Result<Self> {
        let world = World::new(facts, &question.rules, question.consent, question.as_of);
        let Counted { here, away } = count_all(&world, question)?;
        let named = Named::new(&world);
        let plan = world.plan.into_owned();
        let mut live = Self {
            question: question.clone(),
            plan,
            here,
            away,
            orders: BTreeMap::new(),
            out: Out::default(),
            named,
            shoppers: Shoppers::default(),
            piece: false,
            stale: false,
        };
        // Now, and not at the first event.
        live.settle_orders();
        Ok(live)
    }

    /// Takes away what a change is about to touch.
    fn before(&mut self, facts: &Facts, change: &Change<'_>, asked: &mut Asked) {
        if self.stale {
            return;
        }
        self.piece = self.is_piece(facts, change);
        if self.piece {
            return;
        }
        // Others may have relied on a turn in one that is out already.
        let looked_at =
            |cluster: &u32| !self.out.has(*cluster) || ties::may_see(facts, *cluster, &self.named);
        let clusters: SmallVec<[u32; 4]> = change.clusters.iter().copied().filter(looked_at).collect();
        let book = change.book.filter(|book| self.out.books.insert(*book));
        self.take_away(facts, &clusters, book, None, asked);
    }

    /// Whether a shopper can be counted by the change alone.
    fn is_piece(&mut self, facts: &Facts, change: &Change<'_>) -> bool {
        let [cluster] = *change.clusters else { return false };
        if self.out.has(cluster) || change.row.is_some_and(|row| self.named.has(row.tag)) {
            return false;
        }
        self.grow(facts);
        // What has no path any more is told apart.
        let expired = |at| world(facts, &self.question, &self.plan).expired(nanos_of(at));
        if change.order.is_some_and(|(order, _)| expired(order.at)) {
            return false;
        }
        if !self.shoppers.has(cluster) {
            self.meet(facts, cluster);
        }
        let (Some(shopper), Some(plain)) = (self.shoppers.get(cluster), &self.here.plain) else {
            return false;
        };
        shopper.takes(facts, change, plain, nanos_of(self.question.as_of))
    }

    /// Gets to know a shopper who is in the sums, if it is one who can be counted piece by piece.
    fn meet(&mut self, facts: &Facts, cluster: u32) {
        let Self { question, plan, here, shoppers, named, .. } = self;
        let world = world(facts, question, plan);
        let State { tally, plain: Some(plain) } = here else { return };
        let is_named = || world.cluster(cluster).rows.iter().any(|row| named.has(row.id[0]));
        if plain.meet(&world, cluster, tally)
            && (named.is_empty() || !is_named())
            && let Some(found) = Shopper::new(&world, cluster, here, question.period)
        {
            shoppers.insert(cluster, found);
        }
    }

    /// Counts a change of a plain shopper.
    fn count_piece(&mut self, facts: &Facts, cluster: u32, change: &Change<'_>) -> Result<()> {
        let Self { question, plan, here, away, shoppers, .. } = self;
        let Some(shopper) = shoppers.get_mut(cluster) else { return Ok(()) };
        let world = world(facts, question, plan);
        let (models, period) = (question.models.len(), question.period);
        let Some(number) = change.book else {
            return shopper.row(&world, change, &mut Sides { here, away, models, period });
        };
        Collector::new(&world, question, here).books(number as usize..number as usize + 1);
        let state = match read(facts.books.get(number), world.as_of, facts) {
            Entered::Order(state) if state.counts() => state,
            _ => return Ok(()),
        };
        let at = i64::try_from(nanos_of(state.at)).unwrap_or(i64::MAX);
        let inside = period.is_all() || period.contains(state.at);
        let sale = Sale { at, minor: state.net(), currency: state.currency(), inside };
        shopper.order(&world, &sale, &mut Sides { here, away, models, period })
    }

    /// Notes what a change has made, and takes away what sees it from now on.
    fn after(&mut self, facts: &Facts, cluster: Option<u32>, change: &Change<'_>, asked: &mut Asked) {
        if self.stale {
            return;
        }
        if let Some(cluster) = cluster.filter(|_| std::mem::take(&mut self.piece)) {
            self.stale = self.count_piece(facts, cluster, change).is_err();
            self.settle_loose_orders();
            return;
        }
        self.out.books.extend(change.book);
        let Some(cluster) = cluster else { return };
        self.out.add(cluster);
        self.note_names(facts, cluster, asked);
        if ties::may_see(facts, cluster, &self.named) {
            self.take_away(facts, &[cluster], None, Some(cluster), asked);
        }
    }

    /// Notes which turns of others are named in a cluster, at once: whoever gets such a turn while the cluster is out
    /// must not be counted by himself.
    fn note_names(&mut self, facts: &Facts, cluster: u32, asked: &mut Asked) {
        self.grow(facts);
        let world = world(facts, &self.question, &self.plan);
        for tag in self.named.note(&world, cluster) {
            asked.clusters(facts, tag).iter().for_each(|cluster| self.shoppers.remove(*cluster));
        }
    }

    /// Takes away what clusters and an order give, and whatever sees them; `new` holds a new fact already.
    fn take_away(
        &mut self,
        facts: &Facts,
        clusters: &[u32],
        book: Option<u32>,
        new: Option<u32>,
        asked: &mut Asked,
    ) {
        if clusters.is_empty() && book.is_none() {
            return;
        }
        self.grow(facts);
        let world = world(facts, &self.question, &self.plan);
        let Some(mut group) = Group::around(&world, clusters, clusters, &self.named, asked) else {
            self.stale = true;
            return;
        };
        group.clusters.retain(|cluster| !self.out.has(*cluster));
        // What sees the new fact did not see it before, and is taken away as it was.
        group.context.retain(|cluster| Some(*cluster) != new);
        let books: SmallVec<[u32; 1]> = book.into_iter().collect();
        let done = self.count(facts, Side::Away, &group, &books);
        for cluster in &group.clusters {
            self.out.add(*cluster);
            self.shoppers.remove(*cluster);
        }
        // A model that fails now is asked anew, over everything, when the answer is.
        self.stale |= done.is_err();
    }

    /// Adds what was taken away, as it is now.
    fn settle(&mut self, facts: &Facts, asked: &mut Asked) -> Result<()> {
        if self.stale {
            *self = Self::new(facts, &self.question)?;
            return Ok(());
        }
        if self.out.clusters.is_empty() && self.out.books.is_empty() {
            return Ok(());
        }
        let (clusters, books) = self.out.take();
        self.grow(facts);
        let books: Vec<u32> = books.into_iter().collect();
        let world = world(facts, &self.question, &self.plan);
        let group = Group::around(&world, &clusters, &[], &self.named, asked);
        let done = match group {
            Some(group) => self.count(facts, Side::Here, &group, &books),
            None => {
                *self = Self::new(facts, &self.question)?;
                return Ok(());
            }
        };
        self.stale |= done.is_err();
        self.settle_loose_orders();
        done
    }

    fn settle_loose_orders(&mut self) {
        if self.here.tally.orders.len() + self.away.tally.orders.len() > LOOSE_ORDERS {
            self.settle_orders();
        }
    }

    fn grow(&mut self, facts: &Facts) {
        if self.plan.len() == facts.contents.iter().len() {
            return;
        }
        self.plan.grow(&facts.contents, &self.question.rules);
        let world = world(facts, &self.question, &self.plan);
        self.here.grow(&world);
        self.away.grow(&world);
    }

    /// Counts a group of clusters that sees nothing outside itself and its context, and some orders.
    fn count(&mut self, facts: &Facts, side: Side, group: &Group, books: &[u32]) -> Result<()> {
        let Self { question, plan, here, away, .. } = self;
        let mut world = world(facts, question, plan);
        if group.tied {
            world.remote = world.remote_of(&group.context, group.context.iter().copied());
        }
        let (to, other) = if side == Side::Here { (here, away) } else { (away, here) };
        let mut collector = Collector::new(&world, question, to);
        for book in books {
            collector.books(*book as usize..*book as usize + 1);
        }
        for cluster in &group.clusters {
            collector.visit(*cluster)?;
        }
        let turns = std::mem::take(&mut collector.reached);
        if !turns.is_empty() {
            reached(&world, question, turns, to, other);
        }
        Ok(())
    }

    /// Moves values of orders into their map, of which only those are looked at that come to something: most are
    /// taken away and added again as they were.
    fn settle_orders(&mut self) {
        let (here, away) = (self.here.tally.take_orders(), self.away.tally.take_orders());
        let away = away.into_iter().map(|(value, count)| (value, -count));
        let mut loose: Vec<(OrderValue, i128)> = here.into_iter().chain(away).collect();
        loose.sort_unstable_by_key(|(value, _)| *value);
        for same in loose.chunk_by(|a, b| a.0 == b.0) {
            let count: i128 = same.iter().map(|(_, count)| count).sum();
            if count == 0 {
                continue;
            }
            match self.orders.entry(same[0].0) {
                Entry::Vacant(place) => drop(place.insert(count)),
                Entry::Occupied(held) if *held.get() == -count => drop(held.remove()),
                Entry::Occupied(mut held) => *held.get_mut() += count,
            }
        }
    }

    fn sums(&mut self, facts: &Facts) -> Sums {
        self.settle_orders();
        let mut sums = self.here.clone().sums(facts, &self.question);
        sums.retract(&self.away.clone().sums(facts, &self.question));
        sums.add_orders(self.orders.iter().map(|(value, count)| (*value, *count)).collect());
        sums.merge(&erased::sums(facts, &self.question));
        sums
    }
}

fn world<'a>(facts: &'a Facts, question: &'a Question, plan: &'a Plan) -> World<'a> {
    World::alone(facts, &question.rules, Cow::Borrowed(plan), question.consent, question.as_of)
}
