//! From claims to people: computed from the facts at hand, never stored, so it can be taken back.
//!
//! Whose an event is stands in the docs of [`Identifiers`](crate::Identifiers). An identifier is claimed by the
//! customers named with it and by those that claim a narrower identifier seen with it; one without any such claim takes
//! those of the broader ones seen with it. While a claim is withdrawn, no chain of claims leads from one of its two
//! identifiers to the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smallvec::SmallVec;

use crate::fact::{Handle, Known, Names};
use crate::id::{IdKind, Key};

/// Whom the facts of a cluster belong to, by the handle that they carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum People {
    /// All of them to one person.
    One {
        /// Whether it is a known one: a customer or a mailbox.
        known: bool,
    },
    /// To several.
    Many {
        /// Handle, number of the person, whether several customers share an identifier of it; by handle.
        of: Vec<(Handle, u32, bool)>,
        /// Whether each person is a known one.
        known: Vec<bool>,
    },
}

impl People {
    /// The person that facts with this handle belong to.
    pub(crate) fn of(&self, handle: Handle) -> u32 {
        match self {
            Self::One { .. } => 0,
            Self::Many { of, .. } => find(of, handle).map_or(0, |(_, person, _)| *person),
        }
    }

    /// Whether several customers share one of the identifiers.
    pub(crate) fn shared(&self, handle: Handle) -> bool {
        match self {
            Self::One { .. } => false,
            Self::Many { of, .. } => find(of, handle).is_some_and(|(_, _, shared)| *shared),
        }
    }

    pub(crate) fn count(&self) -> usize {
        match self {
            Self::One { .. } => 1,
            Self::Many { known, .. } => known.len(),
        }
    }

    pub(crate) fn known(&self, person: u32) -> bool {
        match self {
            Self::One { known } => *known,
            Self::Many { known, .. } => known[person as usize],
        }
    }
}

fn find(of: &[(Handle, u32, bool)], handle: Handle) -> Option<&(Handle, u32, bool)> {
    of.binary_search_by_key(&handle, |(held, _, _)| *held).ok().map(|place| &of[place])
}

/// What a cluster says about who is who.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Sets of identifiers whose facts make claims.
    pub(crate) claims: Vec<Claim>,
    /// Pairs of identifiers whose claim was withdrawn, and when.
    pub(crate) withdrawn: Vec<(Handle, Handle, i128)>,
}

/// Facts that name one set of identifiers.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) handle: Handle,
    /// Instant, kind and id of the first of them, and the instant of the last; only read where something was
    /// withdrawn.
    pub(crate) first: (i128, u8, Vec<u8>),
    pub(crate) last: i128,
}

/// An identifier's place in the sorted list of those of the cluster.
type Node = usize;

/// Customers and mailboxes that claim an identifier, sorted. Shared, since a hub hands its claims on to many.
type Claims = Arc<[Node]>;

/// Resolves the handles of one cluster.
pub(crate) fn resolve(handles: &[Handle], said: &Said, names: &Names, key: &Key) -> People {
    if let Some(known) = one_person(handles, said, names) {
        return People::One { known };
    }
    let graph = Graph::new(handles, said, names, key);
    let strong = Strong::new(&graph);
    let weak = Weak::new(&graph, &strong);
    match number(handles, &graph, &strong, &weak) {
        People::Many { of, known } if known.len() == 1 && of.iter().all(|(_, _, shared)| !shared) => {
            People::One { known: known[0] }
        }
        people => people,
    }
}

/// Whether it is plain that all handles belong to one person, and whether that is a known one.
///
/// It is where nothing was withdrawn and all sets make claims, if either nobody is named (then all of a cluster is
/// connected), or just one customer or mailbox is and every other identifier was seen with it.
fn one_person(handles: &[Handle], said: &Said, names: &Names) -> Option<bool> {
    if !said.withdrawn.is_empty() || handles.len() > 64 {
        return None;
    }
    let sets = handles.iter().filter(|handle| names.is_set(**handle)).count();
    if sets != said.claims.len() {
        return None;
    }
    let mut singles = handles.iter().copied().filter(|handle| !names.is_set(*handle));
    let strong = |handle: &Handle| names.kind(*handle).is_strong();
    let mut named = handles.iter().copied().filter(|handle| !names.is_set(*handle)).filter(strong);
    let Some(person) = named.next() else { return Some(false) };
    if named.next().is_some() {
        return None;
    }
    let seen_with = |handle: Handle| {
        let sets = said.claims.iter().map(|claim| names.members(claim.handle));
        sets.into_iter().any(|members| members.contains(&handle) && members.contains(&person))
    };
    singles.all(|handle| handle == person || seen_with(handle)).then_some(true)
}

/// Sets of numbered identifiers, and the withdrawals in force.
struct Graph<'a> {
    nodes: Vec<Known>,
    /// Nodes behind each handle, narrow to broad.
    sets: Vec<SmallVec<[Node; 3]>>,
    /// Which sets make claims, with their facts.
    claiming: Vec<(usize, &'a Claim)>,
    key: &'a Key,
    /// For each identifier, those that it is kept apart from, both ways.
    apart: BTreeMap<Node, BTreeSet<Node>>,
}

impl<'a> Graph<'a> {
    fn new(handles: &[Handle], said: &'a Said, names: &Names, key: &'a Key) -> Self {
        let singles = handles.iter().filter(|handle| !names.is_set(**handle));
        let mut nodes: Vec<(Known, Handle)> = singles.map(|handle| (names.known(*handle), *handle)).collect();
        nodes.sort_unstable();
        let mut places: Vec<(Handle, Node)> =
            nodes.iter().enumerate().map(|(node, (_, handle))| (*handle, node)).collect();
        places.sort_unstable();
        let node = |handle: Handle| {
            places.binary_search_by_key(&handle, |(held, _)| *held).map_or(0, |place| places[place].1)
        };
        let sets = handles
            .iter()
            .map(|handle| names.members(*handle).iter().map(|member| node(*member)).collect())
            .collect();
        let mut place_of: Vec<(Handle, usize)> =
            handles.iter().enumerate().map(|(place, handle)| (*handle, place)).collect();
        place_of.sort_unstable();
        let place = |handle: Handle| {
            let found = place_of.binary_search_by_key(&handle, |(held, _)| *held);
            found.map_or(0, |found| place_of[found].1)
        };
        let claiming = said.claims.iter().map(|claim| (place(claim.handle), claim)).collect();
        let nodes = nodes.into_iter().map(|(known, _)| known).collect();
        let mut graph = Self { nodes, sets, claiming, key, apart: BTreeMap::new() };
        let withdrawn = said.withdrawn.iter().map(|(one, other, at)| (node(*one), node(*other), *at));
        graph.withdraw(withdrawn);
        graph
    }

    fn kind(&self, node: Node) -> IdKind {
        self.nodes[node].kind
    }

    /// Notes the withdrawals that no later direct claim has lifted.
    fn withdraw(&mut self, withdrawn: impl Iterator<Item = (Node, Node, i128)>) {
        let mut latest: BTreeMap<(Node, Node), i128> = BTreeMap::new();
        for (one, other, said) in withdrawn.filter(|(one, other, _)| one != other) {
            let at = latest.entry(ordered(one, other)).or_insert(said);
            *at = said.max(*at);
        }
        if latest.is_empty() {
            return;
        }
        for (set, claim) in &self.claiming {
            for pair in pairs(&self.sets[*set]) {
                if latest.get(&pair).is_some_and(|withdrawn| claim.last > *withdrawn) {
                    latest.remove(&pair);
                }
            }
        }
        for (one, other) in latest.into_keys() {
            self.apart.entry(one).or_default().insert(other);
            self.apart.entry(other).or_default().insert(one);
        }
    }

    fn is_apart(&self, one: Node, other: Node) -> bool {
        self.apart.get(&one).is_some_and(|others| others.contains(&other))
    }

    /// Joins nodes along claims whose both ends satisfy `joins`, oldest claim first, never two that are apart.
    fn connect(&self, mut joins: impl FnMut(Node) -> bool) -> Groups<'_> {
        let mut order = Vec::new();
        // Claims stand by time and id; equal ones are told apart by what the identifiers hash to, which is the
        // same under every key.
        for (set, claim) in &self.claiming {
            for (one, other) in pairs(&self.sets[*set]).filter(|(one, other)| joins(*one) && joins(*other)) {
                let mut ends = [0; 2];
                if !self.apart.is_empty() {
                    ends = [one, other].map(|node| self.key.unwrap(self.nodes[node].name));
                    ends.sort_unstable();
                }
                order.push((&claim.first, ends, one, other));
            }
        }
        if !self.apart.is_empty() {
            order.sort();
        }
        let mut groups = Groups::new(self);
        for (_, _, one, other) in order {
            groups.join(one, other);
        }
        groups
    }
}

fn ordered(one: Node, other: Node) -> (Node, Node) {
    (one.min(other), one.max(other))
}

/// All pairs of a fact's nodes.
fn pairs(nodes: &[Node]) -> impl Iterator<Item = (Node, Node)> {
    let rest = |(place, one): (usize, &Node)| {
        let one = *one;
        nodes[place + 1..].iter().map(move |other| ordered(one, *other))
    };
    nodes.iter().enumerate().flat_map(rest).filter(|(one, other)| one != other)
}

/// Disjoint groups of nodes (union by size) that keep what is apart in two groups.
struct Groups<'a> {
    graph: &'a Graph<'a>,
    parent: Vec<Node>,
    /// Members of each root that are kept apart from something.
    bound: BTreeMap<Node, Vec<Node>>,
    size: Vec<u32>,
}

impl<'a> Groups<'a> {
    fn new(graph: &'a Graph<'a>) -> Self {
        let count = graph.nodes.len();
        let bound = graph.apart.keys().map(|node| (*node, vec![*node])).collect();
        Self { graph, parent: (0..count).collect(), bound, size: vec![1; count] }
    }

    fn root(&self, mut node: Node) -> Node {
        while self.parent[node] != node {
            node = self.parent[node];
        }
        node
    }

    fn join(&mut self, one: Node, other: Node) {
        let (one, other) = (self.root(one), self.root(other));
        if one == other || self.parted(one, other) {
            return;
        }
        let (small, large) = if self.size[one] < self.size[other] { (one, other) } else { (other, one) };
        self.parent[small] = large;
        self.size[large] += self.size[small];
        if let Some(moved) = self.bound.remove(&small) {
            self.bound.entry(large).or_default().extend(moved);
        }
    }

    fn parted(&self, one: Node, other: Node) -> bool {
        let (Some(ones), Some(others)) = (self.bound.get(&one), self.bound.get(&other)) else { return false };
        ones.iter().any(|a| others.iter().any(|b| self.graph.is_apart(*a, *b)))
    }
}

/// Customers and mailboxes.
struct Strong<'a> {
    customers: Groups<'a>,
    /// Of each e-mail address and phone number: the customers named with it.
    named: BTreeMap<Node, Vec<Node>>,
    /// Of each phone number: the addresses without a customer seen with it.
    mailboxes: BTreeMap<Node, Vec<Node>>,
}

impl<'a> Strong<'a> {
    fn new(graph: &'a Graph<'a>) -> Self {
        let customers = graph.connect(|node| graph.kind(node) == IdKind::Customer);
        let mut strong = Self { customers, named: BTreeMap::new(), mailboxes: BTreeMap::new() };
        for (set, _) in &graph.claiming {
            for (one, other) in pairs(&graph.sets[*set]) {
                strong.name(graph, one, other);
                strong.name(graph, other, one);
            }
        }
        strong.named.values_mut().for_each(sort_dedup);
        for (set, _) in &graph.claiming {
            for (one, other) in pairs(&graph.sets[*set]) {
                strong.mailbox(graph, one, other);
                strong.mailbox(graph, other, one);
            }
        }
        strong.mailboxes.values_mut().for_each(sort_dedup);
        strong
    }

    fn name(&mut self, graph: &Graph<'_>, contact: Node, customer: Node) {
        let contacts = [IdKind::Email, IdKind::Phone];
        let fits = contacts.contains(&graph.kind(contact)) && graph.kind(customer) == IdKind::Customer;
        if fits && !graph.is_apart(contact, customer) {
            let root = self.customers.root(customer);
            let mut apart = graph.apart.get(&contact).into_iter().flatten();
            // Apart from a customer that was merged into this one: a chain of claims would lead there.
            if !apart
                .any(|other| graph.kind(*other) == IdKind::Customer && self.customers.root(*other) == root)
            {
                self.named.entry(contact).or_default().push(root);
            }
        }
    }

    fn mailbox(&mut self, graph: &Graph<'_>, phone: Node, email: Node) {
        let fits = graph.kind(phone) == IdKind::Phone && graph.kind(email) == IdKind::Email;
        if fits && !graph.is_apart(phone, email) && !self.named.contains_key(&email) {
            self.mailboxes.entry(phone).or_default().push(email);
        }
    }

    /// The customer or mailbox that an identifier stands for, if it stands for exactly one.
    fn person(&self, graph: &Graph<'_>, node: Node) -> Option<Node> {
        let only = |found: &Vec<Node>| (found.len() == 1).then(|| found[0]);
        match graph.kind(node) {
            IdKind::Customer => Some(self.customers.root(node)),
            IdKind::Email => self.named.get(&node).map_or(Some(node), only),
            IdKind::Phone => match self.named.get(&node) {
                Some(customers) => only(customers),
                None => self.mailboxes.get(&node).map_or(Some(node), only),
            },
            _ => None,
        }
    }

    /// The persons that `node` must not lead to.
    fn banned(&self, graph: &Graph<'_>, node: Node) -> Vec<Node> {
        let Some(others) = graph.apart.get(&node) else { return Vec::new() };
        others.iter().filter_map(|other| self.person(graph, *other)).collect()
    }

    /// The known person that a set itself names.
    fn of_set(&self, graph: &Graph<'_>, nodes: &[Node]) -> Option<Node> {
        if let Some(customer) = nodes.iter().find(|node| graph.kind(**node) == IdKind::Customer) {
            return Some(self.customers.root(*customer));
        }
        let contacts: Vec<Node> =
            nodes.iter().copied().filter(|node| graph.kind(*node).is_strong()).collect();
        let mut customers: Vec<Node> =
            contacts.iter().filter_map(|node| self.named.get(node)).flatten().copied().collect();
        sort_dedup(&mut customers);
        let banned: Vec<Node> = nodes.iter().flat_map(|node| self.banned(graph, *node)).collect();
        if customers.is_empty() {
            // An address says more than a number: nodes stand narrow to broad.
            let mailbox = contacts.last().and_then(|node| self.person(graph, *node));
            return mailbox.filter(|mailbox| !banned.contains(mailbox));
        }
        customers.retain(|customer| !banned.contains(customer));
        (customers.len() == 1).then(|| customers[0])
    }
}

fn sort_dedup(nodes: &mut Vec<Node>) {
    nodes.sort_unstable();
    nodes.dedup();
}

/// Who claims the identifiers that name nobody by themselves, and how those without a claim connect.
struct Weak<'a> {
    /// The known person that each set names.
    strong: Vec<Option<Node>>,
    /// Claims of its own, per node.
    own: Vec<Claims>,
    /// Claims, those through broader identifiers included, per node.
    all: Vec<Claims>,
    anonymous: Groups<'a>,
}

impl<'a> Weak<'a> {
    fn new(graph: &'a Graph<'a>, strong: &Strong<'_>) -> Self {
        let named: Vec<Option<Node>> = graph.sets.iter().map(|nodes| strong.of_set(graph, nodes)).collect();
        let nothing: Claims = Arc::from([]);
        let mut direct: Vec<Vec<Node>> = vec![Vec::new(); graph.nodes.len()];
        let mut seen: Vec<Vec<Node>> = vec![Vec::new(); graph.nodes.len()];
        for (set, _) in &graph.claiming {
            let nodes = &graph.sets[*set];
            for node in nodes.iter().filter(|node| !graph.kind(**node).is_strong()) {
                direct[*node].extend(named[*set]);
            }
            for (one, other) in pairs(nodes) {
                if !graph.is_apart(one, other) && !graph.kind(one.max(other)).is_strong() {
                    seen[one].push(other);
                    seen[other].push(one);
                }
            }
        }
        seen.iter_mut().for_each(sort_dedup);
        // Nodes are sorted by kind, narrow first: going up, narrower ones are done; going down, broader ones are.
        let mut own = vec![nothing; graph.nodes.len()];
        for node in 0..graph.nodes.len() {
            let narrower = seen[node].iter().filter(|other| graph.kind(**other) < graph.kind(node));
            let claims = narrower.map(|other| Arc::clone(&own[*other]));
            own[node] = union(claims.chain([Arc::from(&*direct[node])]), &strong.banned(graph, node));
        }
        let mut all = own.clone();
        for node in (0..graph.nodes.len()).rev().filter(|node| own[*node].is_empty()) {
            let broader = seen[node].iter().filter(|other| graph.kind(**other) > graph.kind(node));
            let claims: Vec<Claims> = broader.map(|other| Arc::clone(&all[*other])).collect();
            all[node] = union(claims, &strong.banned(graph, node));
        }
        let free = |node| !graph.kind(node).is_strong() && own[node].is_empty();
        let anonymous = graph.connect(free);
        Self { strong: named, own, all, anonymous }
    }

    /// The known person that a set leads to through its weak identifiers.
    fn of_set(&self, graph: &Graph<'_>, strong: &Strong<'_>, nodes: &[Node]) -> Option<Node> {
        let banned: Vec<Node> = nodes.iter().flat_map(|node| strong.banned(graph, *node)).collect();
        nodes.iter().find_map(|node| {
            let mut claims = self.all[*node].iter().filter(|person| !banned.contains(person));
            claims.next().filter(|_| claims.next().is_none()).copied()
        })
    }
}

/// The union of claims without the banned, shared where one of them is the whole of it.
fn union(claims: impl IntoIterator<Item = Claims>, banned: &[Node]) -> Claims {
    let mut some = claims.into_iter().filter(|claims| !claims.is_empty());
    let Some(first) = some.next() else { return Arc::from([]) };
    let rest: Vec<Claims> = some.filter(|claims| !Arc::ptr_eq(claims, &first)).collect();
    let sorted = first.is_sorted_by(|a, b| a < b);
    if rest.is_empty() && sorted && !first.iter().any(|person| banned.contains(person)) {
        return first;
    }
    let all = first.iter().chain(rest.iter().flat_map(|claims| claims.iter()));
    let mut all: Vec<Node> = all.copied().filter(|person| !banned.contains(person)).collect();
    sort_dedup(&mut all);
    Arc::from(all)
}

/// What stands for a person before people are numbered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stand {
    Known(Node),
    Anonymous(Node),
    /// One identifier that joins nothing.
    Alone(Node),
}

/// Numbers people by the first handle that leads to them.
fn number(handles: &[Handle], graph: &Graph<'_>, strong: &Strong<'_>, weak: &Weak<'_>) -> People {
    let mut numbers: BTreeMap<Stand, u32> = BTreeMap::new();
    let mut people = Vec::new();
    let mut of = Vec::with_capacity(handles.len());
    for (place, nodes) in graph.sets.iter().enumerate() {
        let known = weak.strong[place].or_else(|| weak.of_set(graph, strong, nodes)).map(Stand::Known);
        let free = nodes.iter().find(|node| !graph.kind(**node).is_strong() && weak.own[**node].is_empty());
        let anonymous = || free.map(|node| Stand::Anonymous(weak.anonymous.root(*node)));
        let alone = || Stand::Alone(nodes.first().copied().unwrap_or_default());
        let stand = known.or_else(anonymous).unwrap_or_else(alone);
        let person = *numbers.entry(stand).or_insert_with(|| {
            people.push(matches!(stand, Stand::Known(_)));
            people.len() as u32 - 1
        });
        let shared = nodes.iter().any(|node| weak.all[*node].len() > 1);
        of.push((handles[place], person, shared));
    }
    of.sort_unstable();
    People::Many { of, known: people }
}
