//! What an answer sees of the facts: up to when, under which rules, and what reaches over from other clusters.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::event::Kind;
use crate::fact::{Booked, Cluster, Facts, Handle, Row, Symbol};
use crate::id::IdKind;
use crate::identity::{self, People, Said};
use crate::journey::circle::{Circle, Turn};
use crate::journey::order;
use crate::journey::plan::{Plan, Prepared};
use crate::journey::rules::Rules;
use crate::privacy::ConsentPolicy;
use crate::text::EventId;
use crate::time::nanos_of;

/// The facts of one answer.
pub(crate) struct World<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) rules: &'a Rules,
    pub(crate) plan: Cow<'a, Plan>,
    pub(crate) policy: ConsentPolicy,
    pub(crate) as_of: DateTime<Utc>,
    /// The same in nanoseconds since 1970.
    pub(crate) now: i128,
    pub(crate) remote: Remote,
    /// Whether any fact names a conversation.
    pub(crate) has_conversations: bool,
}

/// Instant, kind and id of the first fact that makes a claim, and the instant of the last.
type Told = ((i128, u8, Vec<u8>), i128);

/// What people of one cluster may need to know of another.
#[derive(Debug, Default)]
pub(crate) struct Remote {
    /// Turns that each link code names, in order of cluster, person and row; only of codes that somebody used.
    pub(crate) links: BTreeMap<Symbol, Vec<Turn>>,
    /// The same for discount codes.
    pub(crate) discounts: BTreeMap<Symbol, Vec<Turn>>,
    /// Turns by id, where somebody named one that is not his own; none if several people have it.
    pub(crate) turns: BTreeMap<Vec<u8>, Option<Turn>>,
}

impl<'a> World<'a> {
    pub(crate) fn new(
        facts: &'a Facts,
        rules: &'a Rules,
        policy: ConsentPolicy,
        as_of: DateTime<Utc>,
    ) -> Self {
        let mut world = Self::planned(facts, rules, policy, as_of);
        let tied: Vec<u32> = (0..facts.clusters.len() as u32)
            .filter(|number| {
                let traits = facts.clusters[*number as usize].traits;
                traits.causes || traits.codes
            })
            .collect();
        world.remote = world.remote_of(&tied, world.clusters());
        world
    }

    /// The same as far as one cluster's people can see.
    pub(crate) fn around(
        facts: &'a Facts,
        rules: &'a Rules,
        policy: ConsentPolicy,
        as_of: DateTime<Utc>,
        number: u32,
    ) -> Self {
        let mut world = Self::alone(facts, rules, Cow::Owned(Plan::bare(rules)), policy, as_of);
        let mut tied = vec![number];
        for code in Circle::new(&world, number).codes_used() {
            let ties = [facts.links.get(code.0), facts.discounts.get(code.1)];
            let sharers = ties.into_iter().flatten().flat_map(|tie| &tie.sharers);
            tied.extend(sharers.map(|handle| facts.names.cluster(*handle)));
        }
        tied.sort_unstable();
        tied.dedup();
        world.remote = world.remote_of(&tied, world.clusters());
        world
    }

    /// The same before anybody has looked at what reaches over from other clusters.
    pub(crate) fn planned(
        facts: &'a Facts,
        rules: &'a Rules,
        policy: ConsentPolicy,
        as_of: DateTime<Utc>,
    ) -> Self {
        Self::alone(facts, rules, Cow::Owned(Plan::new(&facts.contents, rules)), policy, as_of)
    }

    /// The same under a plan that is there already.
    pub(crate) fn alone(
        facts: &'a Facts,
        rules: &'a Rules,
        plan: Cow<'a, Plan>,
        policy: ConsentPolicy,
        as_of: DateTime<Utc>,
    ) -> Self {
        let (now, remote) = (nanos_of(as_of), Remote::default());
        let has_conversations = facts.names.has_conversations();
        Self { facts, rules, plan, policy, as_of, now, remote, has_conversations }
    }

    /// What a content is to the rules.
    pub(crate) fn prepared(&self, content: u32) -> Prepared {
        self.plan.prepared(content, &self.facts.contents, self.rules)
    }

    /// Whether the window of a conversion reaches back behind what is kept of touchpoints.
    pub(crate) fn expired(&self, at: i128) -> bool {
        let horizon = self.facts.gone.horizons.touchpoints;
        horizon.is_some_and(|horizon| at - i128::from(self.plan.longest) < horizon)
    }

    /// All clusters that hold something.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.facts.clusters.len() as u32
    }

    pub(crate) fn cluster(&self, number: u32) -> &'a Cluster {
        &self.facts.clusters[number as usize]
    }

    /// How many of the rows, which stand in order of time, had come to be.
    pub(crate) fn seen(&self, rows: &[Row]) -> usize {
        match rows.last() {
            Some(last) if last.at.nanos() > self.now => {
                rows.partition_point(|row| row.at.nanos() <= self.now)
            }
            _ => rows.len(),
        }
    }

    /// How many of a cluster's rows are events. What an erased customer left behind on somebody else's device is none.
    pub(crate) fn events<'r>(&self, number: u32, rows: impl Iterator<Item = &'r Row>, count: usize) -> i64 {
        let (gone, names) = (&self.facts.gone, &self.facts.names);
        let is_ghostly = |handle: Handle| gone.is_ghostly(&names.who(handle));
        let haunted =
            !gone.ghosts.is_empty() && self.cluster(number).handles.iter().any(|handle| is_ghostly(*handle));
        let left_behind = if haunted { rows.filter(|row| is_ghostly(row.handle)).count() } else { 0 };
        (count - left_behind) as i64
    }

    /// Whom the facts of a cluster belong to.
    pub(crate) fn people(&self, number: u32, seen: &[Row]) -> Cow<'a, People> {
        let cluster = self.cluster(number);
        let mut books = cluster.books.iter().map(|book| self.facts.books.get(*book));
        let whole = seen.len() == cluster.rows.len() && books.all(|book| book.seen(self.as_of));
        let resolve =
            |said: &Said| identity::resolve(&cluster.handles, said, &self.facts.names, self.facts.key());
        if whole {
            let people = cluster.people.get_or_init(|| {
                let simple = !cluster.traits.withdrawals;
                Box::new(resolve(&if simple { self.said_in_all(cluster) } else { self.said(number, seen) }))
            });
            Cow::Borrowed(people)
        } else {
            Cow::Owned(resolve(&self.said(number, seen)))
        }
    }

    /// The claims of a cluster of which every fact is seen and none was withdrawn.
    fn said_in_all(&self, cluster: &Cluster) -> Said {
        let names = &self.facts.names;
        let mut claims: Vec<Handle> = cluster
            .handles
            .iter()
            .copied()
            .filter(|handle| names.is_set(*handle) && names.claims(*handle))
            .collect();
        let winners = cluster.books.iter().filter_map(|book| self.winner(*book)).map(|winner| winner.handle);
        let cluster_of = |handle: Handle| names.cluster(handle);
        let mine = cluster.handles.first().map(|handle| cluster_of(*handle));
        claims.extend(winners.filter(|handle| names.is_set(*handle) && Some(cluster_of(*handle)) == mine));
        claims.sort_unstable();
        claims.dedup();
        let claim = |handle| identity::Claim { handle, first: (0, 0, Vec::new()), last: 0 };
        Said { claims: claims.into_iter().map(claim).collect(), withdrawn: Vec::new() }
    }

    fn winner(&self, book: u32) -> Option<&'a Booked> {
        order::winner(self.facts.books.get(book), self.as_of, self.facts)
    }

    /// The claims of a cluster with the instants that decide between them and withdrawals.
    fn said(&self, number: u32, seen: &[Row]) -> Said {
        let (names, cluster) = (&self.facts.names, self.cluster(number));
        let mut claims: BTreeMap<Handle, Told> = BTreeMap::new();
        let mut withdrawn = Vec::new();
        let mut claim = |handle: Handle, at: i128, rank: u8, id: &[u8]| {
            if names.is_set(handle) && names.cluster(handle) == number {
                let key = (at, rank, id.to_vec());
                let held = claims.entry(handle).or_insert_with(|| (key.clone(), at));
                held.0 = std::mem::take(&mut held.0).min(key);
                held.1 = held.1.max(at);
            }
        };
        for row in seen {
            let (at, held) = (row.at.nanos(), self.facts.contents.get(row.content));
            if let Kind::ClaimWithdrawn(_) = held.content.kind {
                if let [one, other] = names.members(row.handle).as_slice() {
                    withdrawn.push((*one, *other, at));
                }
                continue;
            }
            claim(row.handle, at, held.rank, cluster.id_of(row, self.facts.hashed()).bytes());
        }
        for book in &cluster.books {
            let refunds = self.facts.books.get(*book).facts();
            let refunds = refunds.filter(|held| held.refund().is_some() && held.seen(self.as_of));
            for held in refunds.chain(self.winner(*book)) {
                claim(held.handle, nanos_of(held.at), held.rank(), held.id.as_str().as_bytes());
            }
        }
        let claims =
            claims.into_iter().map(|(handle, (first, last))| identity::Claim { handle, first, last });
        Said { claims: claims.collect(), withdrawn }
    }

    /// The conversation that a handle names.
    pub(crate) fn conversation(&self, handle: Handle) -> Option<Handle> {
        self.facts.names.get(handle, IdKind::Conversation)
    }

    /// What reaches over between these clusters: first turns named by their id, then codes, whose turn may be
    /// named by its id.
    /// Turns are looked for in `among`.
    pub(crate) fn remote_of(&self, clusters: &[u32], among: impl IntoIterator<Item = u32>) -> Remote {
        let mut wanted: Vec<Vec<u8>> = Vec::new();
        for number in clusters.iter().filter(|number| self.cluster(**number).traits.causes) {
            wanted.extend(Circle::new(self, *number).foreign_ids());
        }
        let mut remote = Remote { turns: self.turns_named(wanted, among), ..Remote::default() };
        for number in clusters.iter().filter(|number| self.cluster(**number).traits.codes) {
            let mut circle = Circle::new(self, *number);
            circle.find_sharing(&remote);
            circle.shared(&mut remote);
        }
        for turns in remote.links.values_mut().chain(remote.discounts.values_mut()) {
            turns.sort_unstable_by_key(|turn| (turn.cluster, turn.person, turn.row));
            turns.dedup_by_key(|turn| (turn.cluster, turn.row));
        }
        remote
    }

    /// The turns with these ids in some clusters.
    fn turns_named(
        &self,
        mut wanted: Vec<Vec<u8>>,
        among: impl IntoIterator<Item = u32>,
    ) -> BTreeMap<Vec<u8>, Option<Turn>> {
        wanted.sort_unstable();
        wanted.dedup();
        let mut found = BTreeMap::new();
        if wanted.is_empty() {
            return found;
        }
        let mut tags: Vec<u32> = wanted.iter().map(|id| self.facts.tag(id)).collect();
        tags.sort_unstable();
        for number in among {
            let cluster = self.cluster(number);
            let named = |row: &&Row| {
                tags.binary_search(&row.id[0]).is_ok()
                    && wanted
                        .binary_search_by(|id| id.as_slice().cmp(self.id(cluster, row).as_slice()))
                        .is_ok()
            };
            if cluster.rows.iter().any(|row| named(&row)) {
                for turn in Circle::new(self, number).turns() {
                    let row = turn.1;
                    if named(&&row) {
                        let id = self.id(cluster, &row);
                        found.entry(id).and_modify(|held| *held = None).or_insert(Some(turn.0));
                    }
                }
            }
        }
        found
    }

    /// The id of a turn.
    pub(crate) fn turn_id(&self, turn: Turn) -> EventId {
        let cluster = self.cluster(turn.cluster);
        let row = cluster.rows.get(turn.row as usize);
        row.map_or_else(|| EventId::from(""), |row| self.facts.event_id(cluster, row))
    }

    fn id(&self, cluster: &Cluster, row: &Row) -> Vec<u8> {
        cluster.id_of(row, self.facts.hashed()).bytes().to_vec()
    }

    /// Which of two facts with one id counts: the newer, ties by content.
    pub(crate) fn outdoes(&self, cluster: &Cluster, one: &Row, other: &Row) -> bool {
        let order = one.at.cmp(&other.at).then_with(|| {
            let (one, other) = (self.facts.fact(cluster, one), self.facts.fact(cluster, other));
            let key = self.facts.key();
            one.content_key(key).cmp(&other.content_key(key))
        });
        order.is_gt()
    }
}
