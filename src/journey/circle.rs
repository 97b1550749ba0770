//! The people of one cluster, as one answer sees them: whose turns there are, and what caused what.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::event::{Kind, Purpose};
use crate::fact::{Cluster, Handle, NOBODY, NONE, Row, Symbol};
use crate::identity::People;
use crate::journey::order::{Entered, OrderState, read, winner};
use crate::journey::plan::barred;
use crate::journey::touchpoint::TouchKind;
use crate::journey::world::{Remote, World};
use crate::reason::RefuseReason;

/// Everybody in one cluster.
pub(crate) struct Circle<'w, 'a> {
    pub(crate) world: &'w World<'a>,
    pub(crate) number: u32,
    pub(crate) cluster: &'a Cluster,
    /// Facts that had come to be, in order.
    pub(crate) rows: Cow<'a, [Row]>,
    pub(crate) people: Cow<'a, People>,
    pub(crate) shoppers: Vec<Shopper<'a>>,
}

/// One person, with what may earn and what was earned.
#[derive(Debug, Default)]
pub(crate) struct Shopper<'a> {
    pub(crate) person: u32,
    /// Whether it is a customer or a mailbox.
    pub(crate) known: bool,
    /// Whether the person's paths may be built.
    pub(crate) consent: bool,
    /// What can be a touchpoint, in order.
    pub(crate) touches: Vec<Touch>,
    /// Turns of other people that caused something here.
    pub(crate) others: Vec<Turn>,
    /// Rows of goals.
    pub(crate) goals: Vec<u32>,
    /// Codes on clicks and visits: when, and which.
    pub(crate) uses: Vec<(i128, Symbol)>,
    /// Orders whose version that holds is this person's, in the order of their ids.
    pub(crate) orders: Vec<OrderState<'a>>,
    /// Rows of answers to "did this help?".
    feedback: Vec<u32>,
}

/// A fact that can be a touchpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touch {
    /// Nanoseconds since 1970.
    pub(crate) at: i128,
    pub(crate) row: u32,
    pub(crate) content: u32,
    pub(crate) handle: Handle,
    pub(crate) kind: TouchKind,
    /// Whether its kind may earn.
    pub(crate) may: bool,
    pub(crate) cause: Cause,
    /// Why it may not earn, whatever the conversion.
    pub(crate) barred: Option<RefuseReason>,
}

/// The turn that caused something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    None,
    /// The person's own: its place among the touches.
    Own(u32),
    /// Another person's: its place among the others.
    Other(u32),
}

/// A turn as other people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) cluster: u32,
    pub(crate) row: u32,
    pub(crate) person: u32,
    pub(crate) at: i128,
    pub(crate) content: u32,
    pub(crate) handle: Handle,
    pub(crate) barred: Option<RefuseReason>,
    /// Whether its person's paths may be built.
    pub(crate) consent: bool,
}

/// Where a person's turns of others stand, by cluster and row.
type Others = BTreeMap<(u32, u32), u32>;

impl<'w, 'a> Circle<'w, 'a> {
    /// The people of a cluster, with what caused what as far as no code is needed to tell.
    pub(crate) fn new(world: &'w World<'a>, number: u32) -> Self {
        let cluster = world.cluster(number);
        let rows = cluster.rows.all();
        let seen = world.seen(&rows);
        let rows = match rows {
            Cow::Borrowed(rows) => Cow::Borrowed(&rows[..seen]),
            Cow::Owned(mut rows) => {
                rows.truncate(seen);
                Cow::Owned(rows)
            }
        };
        let people =
            if number == 0 { Cow::Owned(People::One { known: false }) } else { world.people(number, &rows) };
        let mut circle = Self { world, number, cluster, rows, people, shoppers: Vec::new() };
        circle.gather();
        circle.enter_orders();
        for shopper in &mut circle.shoppers {
            shopper.orders.sort_by(|a, b| a.id.cmp(b.id));
        }
        if cluster.traits.causes {
            circle.bar_unhelpful();
        }
        circle
    }

    /// Deals the rows out to their people.
    fn gather(&mut self) {
        let nobody = self.number == 0;
        let count = if nobody { self.rows.len() } else { self.people.count() };
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (place, row) in self.rows.iter().enumerate() {
            let person = if nobody { place } else { self.people.of(row.handle) as usize };
            members[person].push(place as u32);
        }
        for (person, mut members) in members.into_iter().enumerate() {
            if members.len() > 1 && self.cluster.has_repeats(self.world.facts.hashed()) {
                self.drop_repeats(&mut members);
            }
            let mut shopper = self.read(&members);
            shopper.person = person as u32;
            shopper.known = self.people.known(if nobody { 0 } else { person as u32 });
            self.shoppers.push(shopper);
        }
    }

    /// Of equal event ids the newest stays, ties by content.
    fn drop_repeats(&self, members: &mut Vec<u32>) {
        let row = |place: &u32| &self.rows[*place as usize];
        let hashed = self.world.facts.hashed();
        let id = |place: &u32| self.cluster.id_of(row(place), hashed);
        let mut by_id = members.clone();
        by_id.sort_by(|a, b| row(a).id[0].cmp(&row(b).id[0]).then_with(|| id(a).bytes().cmp(id(b).bytes())));
        let mut dropped = Vec::new();
        let mut held: Option<u32> = None;
        for place in by_id {
            held = Some(match held {
                Some(held) if id(&held).bytes() == id(&place).bytes() => {
                    let wins = self.world.outdoes(self.cluster, row(&place), row(&held));
                    dropped.push(if wins { held } else { place });
                    if wins { place } else { held }
                }
                _ => place,
            });
        }
        if !dropped.is_empty() {
            dropped.sort_unstable();
            members.retain(|place| dropped.binary_search(place).is_err());
        }
    }

    /// One person's facts by what they are.
    fn read(&self, members: &[u32]) -> Shopper<'a> {
        let mut shopper = Shopper::default();
        let mut word: Option<(i128, bool)> = None;
        for place in members {
            let row = &self.rows[*place as usize];
            let prepared = self.world.prepared(row.content);
            let at = row.at.nanos();
            let held = self.world.facts.contents.get(row.content);
            if held.code != NONE && matches!(held.content.kind, Kind::LinkClick(_) | Kind::Visit(_)) {
                shopper.uses.push((at, held.code));
            }
            if let Some(kind) = prepared.touch {
                shopper.touches.push(Touch {
                    at,
                    row: *place,
                    content: row.content,
                    handle: row.handle,
                    kind,
                    may: prepared.may,
                    cause: Cause::None,
                    barred: barred(prepared),
                });
                continue;
            }
            match &held.content.kind {
                Kind::Feedback(_) => shopper.feedback.push(*place),
                Kind::Goal(_) => shopper.goals.push(*place),
                // The last word counts; of two at one instant the denial.
                Kind::Consent(consent) if consent.purpose == Purpose::Analytics => {
                    word = word.max(Some((at, !consent.granted)));
                }
                _ => {}
            }
        }
        shopper.consent = self.world.policy.allows(word.map(|(_, denied)| !denied));
        shopper
    }

    /// Reads the orders whose version that holds is somebody's here.
    fn enter_orders(&mut self) {
        let world = self.world;
        for book in &self.cluster.books {
            let book = world.facts.books.get(*book);
            // A book is read where its order is, not wherever a version of it is.
            let handle = winner(book, world.as_of, world.facts).map(|winner| winner.handle);
            let Some(handle) = handle.filter(|handle| world.facts.names.cluster(*handle) == self.number)
            else {
                continue;
            };
            let Entered::Order(state) = read(book, world.as_of, world.facts) else { continue };
            if handle == NOBODY {
                // Each such order is a person of its own.
                let person = self.shoppers.len() as u32;
                let consent = world.policy.allows(None);
                self.shoppers.push(Shopper { person, consent, orders: vec![state], ..Shopper::default() });
            } else {
                self.shoppers[self.people.of(handle) as usize].orders.push(state);
            }
        }
    }

    fn row(&self, place: u32) -> &Row {
        &self.rows[place as usize]
    }

    /// Marks turns whose answer did not help: the last word counts, of two at one instant the unhelpful one.
    fn bar_unhelpful(&mut self) {
        for number in 0..self.shoppers.len() {
            if self.shoppers[number].feedback.is_empty() {
                continue;
            }
            let index = TurnIndex::new(self, number);
            let mut words: Vec<(u32, i128, bool)> = Vec::new();
            for place in &self.shoppers[number].feedback {
                let row = self.row(*place);
                let turn = match self.cluster.turn(row) {
                    Some(id) => index.named(self, id),
                    None => index.latest(self, row.handle, row.at.nanos()),
                };
                let helpful = match &self.world.facts.contents.get(row.content).content.kind {
                    Kind::Feedback(feedback) => feedback.helpful,
                    _ => true,
                };
                words.extend(turn.map(|turn| (turn, row.at.nanos(), !helpful)));
            }
            words.sort_unstable();
            for (place, (turn, _, unhelpful)) in words.iter().enumerate() {
                let last = words.get(place + 1).is_none_or(|(next, _, _)| next != turn);
                let touch = &mut self.shoppers[number].touches[*turn as usize];
                if last && *unhelpful && !self.world.rules.unhelpful_may_earn && touch.barred.is_none() {
                    touch.barred = Some(RefuseReason::Unhelpful);
                }
            }
        }
    }

    /// Finds the turns behind what was shared and offered.
    pub(crate) fn find_sharing(&mut self, remote: &Remote) {
        self.find(remote, |kind| matches!(kind, TouchKind::LinkShared | TouchKind::DiscountOffer));
    }

    /// Finds the turn behind every engagement. What was shared and offered has been found before, for everybody,
    /// since a click may name its turn by the code.
    pub(crate) fn find_causes(&mut self) {
        if self.cluster.traits.causes {
            self.find(&self.world.remote, |_| true);
        }
    }

    fn find(&mut self, remote: &Remote, wanted: impl Fn(TouchKind) -> bool) {
        for number in 0..self.shoppers.len() {
            let engages = |touch: &Touch| touch.kind.is_engagement() && wanted(touch.kind);
            if !self.shoppers[number].touches.iter().any(engages) {
                continue;
            }
            let index = TurnIndex::new(self, number);
            let others = (0..).zip(&self.shoppers[number].others);
            let mut others: Others = others.map(|(place, turn)| ((turn.cluster, turn.row), place)).collect();
            for place in 0..self.shoppers[number].touches.len() {
                let touch = self.shoppers[number].touches[place];
                if engages(&touch) {
                    let cause = self.cause(number, &index, &touch, remote, &mut others);
                    self.shoppers[number].touches[place].cause = cause;
                }
            }
        }
    }

    fn cause(
        &mut self,
        number: usize,
        index: &TurnIndex,
        touch: &Touch,
        remote: &Remote,
        others: &mut Others,
    ) -> Cause {
        let row = self.row(touch.row);
        if let Some(id) = self.cluster.turn(row) {
            let own = index.named(self, id).map(Cause::Own);
            let mut anyones = |circle: &mut Self| {
                let turn = remote.turns.get(id).copied().flatten();
                turn.map_or(Cause::None, |turn| circle.other(number, turn, others))
            };
            return own.unwrap_or_else(|| anyones(self));
        }
        let code = self.world.facts.contents.get(touch.content).code;
        if touch.kind == TouchKind::LinkClick && code != NONE {
            let turns = remote.links.get(&code).map_or(&[][..], Vec::as_slice);
            let named = match (turns, self.own_turns(&self.shoppers[number], turns)) {
                ([only], _) | (_, [only]) => Some(*only),
                _ => None,
            };
            if let Some(turn) = named {
                return self.other(number, turn, others);
            }
        }
        index.latest(self, touch.handle, touch.at).map_or(Cause::None, Cause::Own)
    }

    /// A turn found by id or code as a cause: it may turn out to be the person's own.
    fn other(&mut self, number: usize, turn: Turn, others: &mut Others) -> Cause {
        let shopper = &mut self.shoppers[number];
        if turn.cluster == self.number && turn.person == shopper.person {
            let place = shopper.touches.partition_point(|touch| touch.row < turn.row);
            return Cause::Own(place as u32);
        }
        let place = *others.entry((turn.cluster, turn.row)).or_insert_with(|| {
            shopper.others.push(turn);
            shopper.others.len() as u32 - 1
        });
        Cause::Other(place)
    }

    /// The person's own among the turns that a code names.
    pub(crate) fn own_turns<'t>(&self, shopper: &Shopper<'_>, turns: &'t [Turn]) -> &'t [Turn] {
        let whose = |turn: &Turn| (turn.cluster, turn.person);
        let own = (self.number, shopper.person);
        let start = turns.partition_point(|turn| whose(turn) < own);
        let count = turns[start..].partition_point(|turn| whose(turn) == own);
        &turns[start..start + count]
    }

    /// A person's turn as others see it.
    pub(crate) fn turn(&self, shopper: &Shopper<'_>, touch: &Touch) -> Turn {
        let (cluster, person, consent) = (self.number, shopper.person, shopper.consent);
        let Touch { row, at, content, handle, barred, .. } = *touch;
        Turn { cluster, row, person, at, content, handle, barred, consent }
    }

    /// All turns, with their rows.
    pub(crate) fn turns(&self) -> impl Iterator<Item = (Turn, Row)> + '_ {
        self.shoppers.iter().flat_map(move |shopper| {
            let turns = shopper.touches.iter().filter(|touch| touch.kind == TouchKind::Query);
            turns.map(move |touch| (self.turn(shopper, touch), *self.row(touch.row)))
        })
    }

    /// Ids of turns that are named here and are not the person's own.
    pub(crate) fn foreign_ids(&self) -> Vec<Vec<u8>> {
        let mut ids = Vec::new();
        for (number, shopper) in self.shoppers.iter().enumerate() {
            let mut index = None;
            for touch in shopper.touches.iter().filter(|touch| touch.kind.is_engagement()) {
                if let Some(id) = self.cluster.turn(self.row(touch.row)) {
                    let index = index.get_or_insert_with(|| TurnIndex::new(self, number));
                    if index.named(self, id).is_none() {
                        ids.push(id.to_vec());
                    }
                }
            }
        }
        ids
    }

    /// Adds the turns behind the codes that were handed out here, where somebody used them.
    pub(crate) fn shared(&self, remote: &mut Remote) {
        let facts = self.world.facts;
        for shopper in &self.shoppers {
            for touch in &shopper.touches {
                let (ties, turns) = match touch.kind {
                    TouchKind::LinkShared => (&facts.links, &mut remote.links),
                    TouchKind::DiscountOffer => (&facts.discounts, &mut remote.discounts),
                    _ => continue,
                };
                let code = facts.contents.get(touch.content).code;
                let turn = match touch.cause {
                    Cause::None => continue,
                    Cause::Own(turn) => self.turn(shopper, &shopper.touches[turn as usize]),
                    Cause::Other(turn) => shopper.others[turn as usize],
                };
                if code != NONE && ties.get(code).is_some_and(|tie| !tie.users.is_empty()) {
                    turns.entry(code).or_default().push(turn);
                }
            }
        }
    }

    /// Codes that were used here: on links and as discounts, [`NONE`] in the place of the other sort.
    pub(crate) fn codes_used(&self) -> Vec<(Symbol, Symbol)> {
        let contents = &self.world.facts.contents;
        let mut used = Vec::new();
        for shopper in &self.shoppers {
            used.extend(shopper.uses.iter().map(|(_, code)| (*code, NONE)));
            for version in shopper.orders.iter().map(|state| state.version) {
                let links = version.codes().iter().filter_map(|code| contents.links.find(code.as_str()));
                used.extend(links.map(|code| (code, NONE)));
                let discounts = version.discount_codes().iter();
                let discounts = discounts.filter_map(|code| contents.discounts.find(code.as_str()));
                used.extend(discounts.map(|code| (NONE, code)));
            }
        }
        used
    }

    /// Times that a code was handed out here where no turn is known.
    pub(crate) fn codes_without_turn(&self) -> u64 {
        let hands_out =
            |touch: &&Touch| matches!(touch.kind, TouchKind::LinkShared | TouchKind::DiscountOffer);
        let touches = self.shoppers.iter().flat_map(|shopper| &shopper.touches).filter(hands_out);
        let coded = |touch: &&Touch| self.world.facts.contents.get(touch.content).code != NONE;
        touches.filter(|touch| touch.cause == Cause::None).filter(coded).count() as u64
    }
}

/// A person's turns by id and by conversation.
struct TurnIndex {
    /// Hash of the id, place among the touches.
    by_id: Vec<(u32, u32)>,
    /// Conversation, place among the touches.
    by_conversation: Vec<(Handle, u32)>,
    shopper: usize,
}

impl TurnIndex {
    fn new(circle: &Circle<'_, '_>, shopper: usize) -> Self {
        let touches = &circle.shoppers[shopper].touches;
        let turns = (0..).zip(touches).filter(|(_, touch)| touch.kind == TouchKind::Query);
        let mut by_id: Vec<(u32, u32)> =
            turns.clone().map(|(place, touch)| (circle.row(touch.row).id[0], place)).collect();
        by_id.sort_unstable();
        let conversation =
            |(place, touch): (u32, &Touch)| Some((circle.world.conversation(touch.handle)?, place));
        let mut by_conversation: Vec<(Handle, u32)> = turns.filter_map(conversation).collect();
        by_conversation.sort_unstable();
        Self { by_id, by_conversation, shopper }
    }

    /// The person's turn of this id.
    fn named(&self, circle: &Circle<'_, '_>, id: &[u8]) -> Option<u32> {
        let facts = circle.world.facts;
        let tag = facts.tag(id);
        let start = self.by_id.partition_point(|(held, _)| *held < tag);
        let mut found = self.by_id[start..].iter().take_while(|(held, _)| *held == tag);
        let touches = &circle.shoppers[self.shopper].touches;
        let same = |(_, place): &&(u32, u32)| {
            let row = circle.row(touches[*place as usize].row);
            circle.cluster.id_of(row, facts.hashed()).bytes() == id
        };
        found.find(same).map(|(_, place)| *place)
    }

    /// The latest turn of the conversation that a handle names, at most a session gap before `at`.
    fn latest(&self, circle: &Circle<'_, '_>, handle: Handle, at: i128) -> Option<u32> {
        let conversation = circle.world.conversation(handle)?;
        let touches = &circle.shoppers[self.shopper].touches;
        let before = self.by_conversation.partition_point(|(held, place)| {
            *held < conversation || (*held == conversation && touches[*place as usize].at <= at)
        });
        let (held, place) = *self.by_conversation.get(before.checked_sub(1)?)?;
        let gap = i128::from(circle.world.rules.session_gap.as_nanos());
        (held == conversation && at - touches[place as usize].at <= gap).then_some(place)
    }
}
