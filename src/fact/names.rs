//! Identifiers, numbered; and the sets of them that stood together in one fact.

use smallvec::SmallVec;

use crate::fact::Known;
use crate::fact::index::Index;
use crate::fact::pieces::Pieces;
use crate::id::{IdKind, Pseudonym};

/// A number of an identifier, or of a set of several: what a fact carries instead of identifiers.
pub(crate) type Handle = u32;

/// The handle of facts without any identifier.
pub(crate) const NOBODY: Handle = 0;

/// Every handle with the cluster that it is in. 32 bytes each, and 11 to 21 for finding it again.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    held: Pieces<Name>,
    /// Members of sets, narrow to broad, one set after the other.
    lists: Vec<Handle>,
    index: Index,
    /// How many are identifiers, not sets.
    identifiers: usize,
    has_conversations: bool,
    /// Handles that were taken out; others may still name them.
    dead: Vec<Handle>,
    /// Handles that nobody names: they are given out again.
    free: Vec<Handle>,
    /// How many of the members in `lists` are those of sets that were taken out.
    garbage: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Name {
    /// The pseudonym of an identifier; of a set a sum over its members' that is as good as random.
    key: [u64; 2],
    cluster: u32,
    /// Of a set: where its members start.
    start: u32,
    /// Of a set: how many members it has. 1 for an identifier, 0 for nobody.
    count: u8,
    kind: IdKind,
    /// Whether a fact other than an order or a withdrawn claim names this set.
    claims: bool,
}

impl Names {
    pub(crate) fn new() -> Self {
        let nobody =
            Name { key: [0; 2], cluster: 0, start: 0, count: 0, kind: IdKind::Checkout, claims: false };
        Self {
            held: Pieces::from(nobody),
            lists: Vec::new(),
            index: Index::default(),
            identifiers: 0,
            has_conversations: false,
            dead: Vec::new(),
            free: Vec::new(),
            garbage: 0,
        }
    }

    /// How many handles there are, nobody's included.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// How many members all sets have together.
    pub(crate) fn members_len(&self) -> usize {
        self.lists.len()
    }

    pub(crate) fn identifiers(&self) -> usize {
        self.identifiers
    }

    /// Whether a conversation is among them.
    pub(crate) fn has_conversations(&self) -> bool {
        self.has_conversations
    }

    /// How many identifiers `other` does not have.
    pub(crate) fn count_unknown_in(&self, other: &Self) -> usize {
        let singles = self.held.iter().filter(|held| held.count == 1);
        singles.filter(|held| other.find_key(held.key, 1).is_none()).count()
    }

    /// The handle of these identifiers, if they have stood together before.
    pub(crate) fn find(&self, who: &[Known]) -> Option<Handle> {
        match who {
            [] => Some(NOBODY),
            [one] => self.find_key(key_of(*one), 1),
            several => self.find_key(key_of_set(several), several.len()),
        }
    }

    /// The handle of one identifier.
    pub(crate) fn find_one(&self, known: Known) -> Option<Handle> {
        self.find_key(key_of(known), 1)
    }

    fn find_key(&self, key: [u64; 2], count: usize) -> Option<Handle> {
        self.index.find(key[0] as u32, |handle| {
            let held = &self.held[handle as usize];
            held.key == key && usize::from(held.count) == count
        })
    }

    /// Adds an identifier, which is not here yet.
    pub(crate) fn add_one(&mut self, known: Known, cluster: u32) -> Handle {
        self.identifiers += 1;
        self.has_conversations |= known.kind == IdKind::Conversation;
        self.push(Name { key: key_of(known), cluster, start: 0, count: 1, kind: known.kind, claims: false })
    }

    /// Adds an identifier at the end; nobody finds it before [`Names::index_all`]. Nothing has been taken out so far.
    pub(super) fn append(&mut self, known: Known, cluster: u32) {
        self.identifiers += 1;
        self.has_conversations |= known.kind == IdKind::Conversation;
        let key = key_of(known);
        self.place(Name { key, cluster, start: 0, count: 1, kind: known.kind, claims: false });
    }

    /// The same for a set of several identifiers.
    pub(super) fn append_set(&mut self, who: &[Known], members: &[Handle], cluster: u32) {
        let name = self.set_of(who, members, cluster);
        self.place(name);
    }

    /// Makes everything found that was appended; says whether all of it differs.
    pub(super) fn index_all(&mut self) -> bool {
        let held = &self.held;
        let hashes = held.range(1..held.len()).map(|name| name.key[0] as u32);
        let are_equal = |one: Handle, other: Handle| {
            let (one, other) = (&held[one as usize], &held[other as usize]);
            one.key == other.key && one.count == other.count
        };
        let index = Index::of(1, hashes, are_equal);
        index.map(|index| self.index = index).is_some()
    }

    /// Adds a set of several identifiers, which is not here yet.
    pub(crate) fn add_set(&mut self, who: &[Known], members: &[Handle], cluster: u32) -> Handle {
        let name = self.set_of(who, members, cluster);
        self.push(name)
    }

    fn set_of(&mut self, who: &[Known], members: &[Handle], cluster: u32) -> Name {
        let start = self.lists.len() as u32;
        self.lists.extend_from_slice(members);
        let (key, count) = (key_of_set(who), members.len() as u8);
        Name { key, cluster, start, count, kind: IdKind::Checkout, claims: false }
    }

    fn place(&mut self, name: Name) -> Handle {
        self.held.push(name);
        (self.held.len() - 1) as Handle
    }

    fn push(&mut self, name: Name) -> Handle {
        if let Some(handle) = self.free.pop() {
            self.index.insert(name.key[0] as u32, handle);
            self.held[handle as usize] = name;
            return handle;
        }
        self.index.insert(name.key[0] as u32, self.held.len() as Handle);
        self.place(name)
    }

    /// Takes an identifier or a set out: nothing of it stays.
    pub(crate) fn remove(&mut self, handle: Handle) {
        let held = &mut self.held[handle as usize];
        self.index.remove(held.key[0] as u32, handle);
        match held.count {
            1 => self.identifiers -= 1,
            count => {
                self.garbage += usize::from(count);
                self.lists[held.start as usize..][..usize::from(count)].fill(NOBODY);
            }
        }
        *held = Name { key: [0; 2], cluster: 0, start: 0, count: 0, kind: IdKind::Checkout, claims: false };
        self.dead.push(handle);
    }

    /// Handles that were taken out and may still be named, sorted.
    pub(crate) fn dead(&mut self) -> &[Handle] {
        self.dead.sort_unstable();
        &self.dead
    }

    /// Gives the handles that were taken out free: nobody names them any more.
    pub(crate) fn recycle(&mut self) {
        self.free.append(&mut self.dead);
        if self.garbage * 2 > self.lists.len() {
            let mut lists = Vec::with_capacity(self.lists.len() - self.garbage);
            for held in self.held.iter_mut().filter(|held| held.count > 1) {
                let members = &self.lists[held.start as usize..][..usize::from(held.count)];
                held.start = lists.len() as u32;
                lists.extend_from_slice(members);
            }
            (self.lists, self.garbage) = (lists, 0);
        }
    }

    pub(crate) fn cluster(&self, handle: Handle) -> u32 {
        self.held[handle as usize].cluster
    }

    pub(crate) fn set_cluster(&mut self, handle: Handle, cluster: u32) {
        self.held[handle as usize].cluster = cluster;
    }

    pub(crate) fn claims(&self, handle: Handle) -> bool {
        self.held[handle as usize].claims
    }

    /// Whether it is a set that orders alone name: a version that comes to hold may say anew who is who.
    pub(crate) fn is_unclaimed_set(&self, handle: Handle) -> bool {
        self.is_set(handle) && !self.claims(handle)
    }

    pub(crate) fn set_claims(&mut self, handle: Handle) {
        self.held[handle as usize].claims = true;
    }

    /// The identifiers behind a handle, narrow to broad (in the order given for a claim about two).
    pub(crate) fn members(&self, handle: Handle) -> SmallVec<[Handle; 2]> {
        let held = &self.held[handle as usize];
        match held.count {
            0 => SmallVec::new(),
            1 => SmallVec::from_slice(&[handle]),
            count => SmallVec::from_slice(&self.lists[held.start as usize..][..usize::from(count)]),
        }
    }

    /// Whether it is a set of several.
    pub(crate) fn is_set(&self, handle: Handle) -> bool {
        self.held[handle as usize].count > 1
    }

    /// The kind of an identifier.
    pub(crate) fn kind(&self, handle: Handle) -> IdKind {
        self.held[handle as usize].kind
    }

    /// The identifier itself.
    pub(crate) fn known(&self, handle: Handle) -> Known {
        let held = &self.held[handle as usize];
        Known { kind: held.kind, name: Pseudonym::from_words(held.key) }
    }

    pub(crate) fn who(&self, handle: Handle) -> SmallVec<[Known; 2]> {
        self.members(handle).iter().map(|member| self.known(*member)).collect()
    }

    /// The identifier of one kind among those behind a handle.
    pub(crate) fn get(&self, handle: Handle, kind: IdKind) -> Option<Handle> {
        let held = &self.held[handle as usize];
        match held.count {
            0 => None,
            1 => (held.kind == kind).then_some(handle),
            count => {
                let members = &self.lists[held.start as usize..][..usize::from(count)];
                members.iter().copied().find(|member| self.kind(*member) == kind)
            }
        }
    }
}

/// Identifiers of two kinds never have one pseudonym: the kind is part of what is hashed.
fn key_of(known: Known) -> [u64; 2] {
    known.name.words()
}

/// Pseudonyms are as good as random to whoever does not hold the key, so a sum of their multiples is, too; the
/// place is part of it, since a merger of customers has a direction.
fn key_of_set(who: &[Known]) -> [u64; 2] {
    let mut key = [who.len() as u64, 0];
    for known in who {
        let words = known.name.words();
        for (half, word) in key.iter_mut().zip(words) {
            *half = half.wrapping_mul(0xd134_2543_de82_ef95).rotate_left(29).wrapping_add(word);
        }
    }
    key
}
