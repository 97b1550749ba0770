//! What clusters see of each other: turns that a code names, and turns named by their id.
//!
//! A code, or an id, that several people's turns have says nothing beyond each of them, so it ties nobody: what is
//! common in a shop keeps nobody together. Two such turns, somewhere else, are enough to know.

use std::collections::{BTreeMap, BTreeSet};

use smallvec::SmallVec;

use crate::event::Kind;
use crate::fact::{Booked, Facts, Handle, NOBODY, NONE, Symbol, Tie};
use crate::journey::{Circle, World};

/// From how many clusters on that see each other an answer is rather counted anew.
const MOST: usize = 64;

/// How many of those that have a code or an id are looked at to find two whose turns count.
const TRIED: usize = 8;

/// How many mentions of a code or an id are looked through for these.
const LOOKED_AT: usize = 256;

/// Ids of turns that are named where the person has no such turn: by their hash, one handle of who names it. What is
/// in it may have got its turn since.
#[derive(Clone, Default)]
pub(super) struct Named(BTreeMap<u32, SmallVec<[Handle; 2]>>);

impl Named {
    pub(super) fn new(world: &World<'_>) -> Self {
        let mut named = Self::default();
        for cluster in world.clusters() {
            let _new = named.note(world, cluster);
        }
        named
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody names a turn with this hash.
    pub(super) fn has(&self, tag: u32) -> bool {
        self.0.contains_key(&tag)
    }

    /// Notes what a cluster's people name, and says what nobody named before.
    pub(super) fn note(&mut self, world: &World<'_>, number: u32) -> Vec<u32> {
        let (cluster, mut new) = (world.cluster(number), Vec::new());
        if !cluster.traits.causes {
            return new;
        }
        let handle = cluster.handles.first().copied().unwrap_or(NOBODY);
        for id in Circle::new(world, number).foreign_ids() {
            let tag = world.facts.tag(&id);
            let held = self.0.entry(tag).or_default();
            if held.is_empty() {
                new.push(tag);
            }
            if !held.contains(&handle) {
                held.push(handle);
            }
        }
        new
    }
}

/// Turns by the hash of their id: who has one. Worked out when it is first asked for.
#[derive(Clone, Default)]
pub(super) struct Asked {
    /// In order.
    built: Option<Vec<(u32, Handle)>>,
    /// What came since.
    recent: BTreeSet<(u32, Handle)>,
}

impl Asked {
    /// A turn has come.
    pub(super) fn note(&mut self, tag: u32, handle: Handle) {
        if self.built.is_some() {
            self.recent.insert((tag, handle));
        }
    }

    /// Clusters in which somebody has a turn with this hash, in order.
    pub(super) fn clusters(&mut self, facts: &Facts, tag: u32) -> Vec<u32> {
        let built = self.built.get_or_insert_with(|| {
            let is_turn = |content| matches!(facts.contents.get(content).content.kind, Kind::Query(_));
            let rows = facts.clusters.iter().flat_map(|cluster| cluster.rows.iter());
            let mut turns: Vec<(u32, Handle)> =
                rows.filter(|row| is_turn(row.content)).map(|row| (row.id[0], row.handle)).collect();
            turns.sort_unstable();
            turns.dedup();
            turns
        });
        let start = built.partition_point(|(held, _)| *held < tag);
        let held = built[start..].iter().take_while(|(held, _)| *held == tag);
        let recent = self.recent.range((tag, 0)..=(tag, Handle::MAX));
        let mut clusters: Vec<u32> =
            held.chain(recent).map(|(_, handle)| facts.names.cluster(*handle)).collect();
        clusters.sort_unstable();
        clusters.dedup();
        clusters
    }
}

/// Whether the people of a cluster may see others, or be seen.
pub(super) fn may_see(facts: &Facts, cluster: u32, named: &Named) -> bool {
    let traits = facts.clusters[cluster as usize].traits;
    traits.causes || traits.codes || !named.0.is_empty()
}

/// Clusters that see nothing outside their context.
pub(super) struct Group {
    pub(super) clusters: Vec<u32>,
    /// They themselves, and clusters whose turns show that a code or an id names several people's.
    pub(super) context: Vec<u32>,
    /// Whether any of them sees another one.
    pub(super) tied: bool,
}

impl Group {
    /// The group of some clusters, of which those in `changing` prove nothing about others. None if it is very large.
    pub(super) fn around(
        world: &World<'_>,
        clusters: &[u32],
        changing: &[u32],
        named: &Named,
        asked: &mut Asked,
    ) -> Option<Self> {
        let mut group = Growing {
            world,
            changing,
            named,
            asked,
            clusters: BTreeSet::new(),
            proof: Vec::new(),
            tied: false,
        };
        let mut queue: Vec<u32> = clusters.to_vec();
        let most = clusters.len() + MOST;
        while let Some(cluster) = queue.pop() {
            if group.clusters.insert(cluster) {
                if group.clusters.len() > most {
                    return None;
                }
                if may_see(world.facts, cluster, named) {
                    group.tied = true;
                    group.seen_from(cluster, &mut queue, most)?;
                }
            }
        }
        let Growing { clusters, proof: mut context, tied, .. } = group;
        context.extend(&clusters);
        context.sort_unstable();
        context.dedup();
        Some(Self { clusters: clusters.into_iter().collect(), context, tied })
    }
}

/// A group in the making.
struct Growing<'g, 'w> {
    world: &'g World<'w>,
    changing: &'g [u32],
    named: &'g Named,
    asked: &'g mut Asked,
    clusters: BTreeSet<u32>,
    proof: Vec<u32>,
    tied: bool,
}

impl Growing<'_, '_> {
    /// Adds what a cluster sees and what sees it to the queue; none if that is very much.
    fn seen_from(&mut self, number: u32, queue: &mut Vec<u32>, most: usize) -> Option<()> {
        let (facts, cluster) = (self.world.facts, self.world.cluster(number));
        if cluster.traits.codes {
            let (links, discounts) = self.codes(number);
            for code in links {
                self.by_code(number, facts.links.get(code), Sort::Link(code), queue, most)?;
            }
            for code in discounts {
                self.by_code(number, facts.discounts.get(code), Sort::Discount(code), queue, most)?;
            }
        }
        if cluster.traits.causes {
            for id in Circle::new(self.world, number).foreign_ids() {
                let owners = self.asked.clusters(facts, facts.tag(&id));
                if !self.several(&owners, |world, owner| owns(world, owner, &id)) {
                    self.add(number, owners, queue, most)?;
                }
            }
        }
        if !self.named.0.is_empty() {
            self.by_own_turns(number, queue, most)?;
        }
        Some(())
    }

    /// All codes in a cluster's facts: on links, and discounts.
    fn codes(&self, number: u32) -> (BTreeSet<Symbol>, BTreeSet<Symbol>) {
        let (facts, cluster) = (self.world.facts, self.world.cluster(number));
        let (mut links, mut discounts) = (BTreeSet::new(), BTreeSet::new());
        for row in cluster.rows.iter() {
            let held = facts.contents.get(row.content);
            if held.code != NONE {
                let discount = matches!(held.content.kind, Kind::DiscountOffer(_));
                if discount { &mut discounts } else { &mut links }.insert(held.code);
            }
        }
        let books = cluster.books.iter().flat_map(|book| facts.books.get(*book).facts());
        for version in books.filter_map(Booked::version) {
            links.extend(version.codes().iter().filter_map(|code| facts.contents.links.find(code.as_str())));
            let codes = version.discount_codes().iter();
            discounts.extend(codes.filter_map(|code| facts.contents.discounts.find(code.as_str())));
        }
        (links, discounts)
    }

    fn by_code(
        &mut self,
        number: u32,
        tie: Option<&Tie>,
        code: Sort,
        queue: &mut Vec<u32>,
        most: usize,
    ) -> Option<()> {
        let Some(tie) = tie.filter(|tie| !tie.users.is_empty() && !tie.sharers.is_empty()) else {
            return Some(());
        };
        let names = &self.world.facts.names;
        let cluster_of = |handle: &Handle| names.cluster(*handle);
        if self.several_of(tie.sharers.iter().map(cluster_of), |world, sharer| shares(world, sharer, code)) {
            return Some(());
        }
        self.add(number, tie.sharers.iter().chain(&tie.users).map(cluster_of), queue, most)
    }

    /// Those that name a turn of this cluster.
    fn by_own_turns(&mut self, number: u32, queue: &mut Vec<u32>, most: usize) -> Option<()> {
        let facts = self.world.facts;
        for row in self.world.cluster(number).rows.iter() {
            let Some(handles) = self.named.0.get(&row.id[0]) else { continue };
            if !matches!(facts.contents.get(row.content).content.kind, Kind::Query(_)) {
                continue;
            }
            let hashed = facts.hashed();
            let id = self.world.cluster(number).id_of(row, hashed).bytes().to_vec();
            let owners = self.asked.clusters(facts, row.id[0]);
            if !self.several(&owners, |world, owner| owns(world, owner, &id)) {
                let namers: Vec<u32> = handles.iter().map(|handle| facts.names.cluster(*handle)).collect();
                self.add(number, namers.into_iter().chain(owners), queue, most)?;
            }
        }
        Some(())
    }

    fn add(
        &self,
        number: u32,
        clusters: impl IntoIterator<Item = u32>,
        queue: &mut Vec<u32>,
        most: usize,
    ) -> Option<()> {
        for cluster in clusters.into_iter().filter(|cluster| *cluster != number) {
            if !self.clusters.contains(&cluster) && queue.last() != Some(&cluster) {
                queue.push(cluster);
                if queue.len() > most * 4 {
                    return None;
                }
            }
        }
        Some(())
    }

    fn several(&mut self, clusters: &[u32], counts: impl Fn(&World<'_>, u32) -> bool) -> bool {
        self.several_of(clusters.iter().copied(), counts)
    }

    /// Whether two of the clusters, none of them changing, have a turn that counts; these are proof then.
    fn several_of(
        &mut self,
        clusters: impl Iterator<Item = u32>,
        counts: impl Fn(&World<'_>, u32) -> bool,
    ) -> bool {
        let mut tried: SmallVec<[u32; TRIED]> = SmallVec::new();
        for cluster in clusters.take(LOOKED_AT) {
            if !self.changing.contains(&cluster) && !tried.contains(&cluster) {
                tried.push(cluster);
                if tried.len() == TRIED {
                    break;
                }
            }
        }
        if tried.len() < 2 {
            return false;
        }
        tried.retain(|cluster| counts(self.world, *cluster));
        tried.truncate(2);
        if tried.len() < 2 {
            return false;
        }
        self.proof.extend(tried);
        true
    }
}

/// A code of one sort.
#[derive(Clone, Copy)]
enum Sort {
    Link(Symbol),
    Discount(Symbol),
}

/// Whether somebody in a cluster has a turn of his own that handed out a code.
fn shares(world: &World<'_>, cluster: u32, code: Sort) -> bool {
    let mut circle = Circle::new(world, cluster);
    let mut remote = Default::default();
    circle.find_sharing(&remote);
    circle.shared(&mut remote);
    let turns = match code {
        Sort::Link(code) => remote.links.get(&code),
        Sort::Discount(code) => remote.discounts.get(&code),
    };
    turns.is_some_and(|turns| !turns.is_empty())
}

/// Whether somebody in a cluster has the turn of this id.
fn owns(world: &World<'_>, cluster: u32, id: &[u8]) -> bool {
    let (circle, hashed) = (Circle::new(world, cluster), world.facts.hashed());
    circle.turns().any(|(_, row)| circle.cluster.id_of(&row, hashed).bytes() == id)
}
