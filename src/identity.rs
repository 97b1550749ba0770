//! From claims to people: computed from the facts at hand, never stored, so it can be taken back.
//!
//! Facts that name several identifiers claim that these belong together. An event belongs to
//!
//! 1. the customer that it names (customers that the shop merged count as one);
//! 2. else the one customer that was named together with its e-mail address or phone number; none: the mailbox
//!    itself is the customer; several: these decide nothing;
//! 3. else whom its narrowest decided identifier belongs to (checkout, cart, conversation, visitor). An identifier
//!    is claimed by the customers named with it and by those that claim a narrower identifier seen with it; one
//!    without any such claim takes those of the broader ones seen with it. Exactly one claim decides;
//! 4. else the anonymous person that its identifiers form. These connect only through identifiers without a claim
//!    of their own, so a device that two customers share carries anonymous events to neither.
//!
//! A withdrawn claim holds until a later event names both identifiers again. While it holds, no chain of claims
//! leads from one of the two to the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::event::Kind;
use crate::fact::{Fact, Known};
use crate::id::{IdKind, Key};

/// Whom each fact belongs to.
#[derive(Debug)]
pub(crate) struct People {
    /// Index of the person of each fact, in the order of the facts.
    pub(crate) of: Vec<u32>,
    /// Whether each person is a known one: a customer or a mailbox.
    pub(crate) known: Vec<bool>,
    /// Whether several customers share an identifier of each fact.
    pub(crate) shared: Vec<bool>,
}

/// An identifier's place in the sorted list of all of them.
type Node = usize;

/// Customers and mailboxes that claim an identifier, sorted. Shared, since a hub hands its claims on to many.
type Claims = Arc<[Node]>;

/// Resolves every fact. `claims` says which facts may make claims: superseded versions of orders may not.
pub(crate) fn resolve(facts: &[&Fact], claims: &[bool], key: &Key) -> People {
    let graph = Graph::new(facts, claims, key);
    let strong = Strong::new(&graph);
    let weak = Weak::new(&graph, &strong);
    number(&graph, &strong, &weak)
}

/// The facts as sets of numbered identifiers, and the withdrawals in force.
struct Graph<'a> {
    nodes: Vec<Known>,
    /// Nodes of each fact, narrow to broad.
    facts: Vec<Vec<Node>>,
    /// Facts that make claims: place, instant.
    claiming: Vec<usize>,
    source: &'a [&'a Fact],
    key: &'a Key,
    /// For each identifier, those that it is kept apart from, both ways.
    apart: BTreeMap<Node, BTreeSet<Node>>,
}

impl<'a> Graph<'a> {
    fn new(source: &'a [&'a Fact], claims: &[bool], key: &'a Key) -> Self {
        let mut nodes: Vec<Known> = source.iter().flat_map(|fact| fact.who.iter().copied()).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let node = |known: &Known| nodes.binary_search(known).unwrap_or(usize::MAX);
        let facts: Vec<Vec<Node>> = source.iter().map(|fact| fact.who.iter().map(node).collect()).collect();
        let makes_claims = |place: &usize| {
            claims[*place]
                && facts[*place].len() > 1
                && !matches!(source[*place].kind, Kind::ClaimWithdrawn(_))
        };
        let claiming = (0..source.len()).filter(makes_claims).collect();
        let mut graph = Self { nodes, facts, claiming, source, key, apart: BTreeMap::new() };
        graph.withdraw();
        graph
    }

    fn kind(&self, node: Node) -> IdKind {
        self.nodes[node].kind
    }

    /// Notes the withdrawals that no later direct claim has lifted.
    fn withdraw(&mut self) {
        let mut latest: BTreeMap<(Node, Node), DateTime<Utc>> = BTreeMap::new();
        for (fact, nodes) in self.source.iter().zip(&self.facts) {
            if let (Kind::ClaimWithdrawn(_), [one, other]) = (&fact.kind, nodes.as_slice())
                && one != other
            {
                let at = latest.entry(ordered(*one, *other)).or_insert(fact.at);
                *at = fact.at.max(*at);
            }
        }
        if latest.is_empty() {
            return;
        }
        for place in &self.claiming {
            let at = self.source[*place].at;
            for pair in pairs(&self.facts[*place]) {
                if latest.get(&pair).is_some_and(|withdrawn| at > *withdrawn) {
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
        let mut edges: BTreeSet<(Node, Node)> = BTreeSet::new();
        let mut order = Vec::new();
        // Facts stand by time and id; equal ones are told apart by what the identifiers hash to, which is the
        // same under every key.
        for place in &self.claiming {
            for (one, other) in pairs(&self.facts[*place]) {
                if joins(one) && joins(other) && edges.insert((one, other)) {
                    let fact = self.source[*place];
                    let mut ends = [one, other].map(|node| self.key.unwrap(self.nodes[node].name));
                    ends.sort_unstable();
                    order.push(((fact.at, fact.kind.rank(), &fact.id, ends), one, other));
                }
            }
        }
        order.sort();
        let mut groups = Groups::new(self);
        for (_, one, other) in order {
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
        for place in &graph.claiming {
            for (one, other) in pairs(&graph.facts[*place]) {
                strong.name(graph, one, other);
                strong.name(graph, other, one);
            }
        }
        strong.named.values_mut().for_each(sort_dedup);
        for place in &graph.claiming {
            for (one, other) in pairs(&graph.facts[*place]) {
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

    /// The known person that the fact itself names.
    fn of_fact(&self, graph: &Graph<'_>, nodes: &[Node]) -> Option<Node> {
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
    /// The known person that each fact names.
    strong: Vec<Option<Node>>,
    /// Claims of its own, per node.
    own: Vec<Claims>,
    /// Claims, those through broader identifiers included, per node.
    all: Vec<Claims>,
    anonymous: Groups<'a>,
}

impl<'a> Weak<'a> {
    fn new(graph: &'a Graph<'a>, strong: &Strong<'_>) -> Self {
        let named: Vec<Option<Node>> = graph.facts.iter().map(|nodes| strong.of_fact(graph, nodes)).collect();
        let nothing: Claims = Arc::from([]);
        let mut direct: Vec<Vec<Node>> = vec![Vec::new(); graph.nodes.len()];
        let mut seen: Vec<Vec<Node>> = vec![Vec::new(); graph.nodes.len()];
        for place in &graph.claiming {
            let nodes = &graph.facts[*place];
            for node in nodes.iter().filter(|node| !graph.kind(**node).is_strong()) {
                direct[*node].extend(named[*place]);
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

    /// The known person that the fact leads to through its weak identifiers.
    fn of_fact(&self, graph: &Graph<'_>, strong: &Strong<'_>, nodes: &[Node]) -> Option<Node> {
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
    /// A fact without any identifier.
    Fact(usize),
}

/// Numbers people by their first fact, so that the numbers do not depend on the key.
fn number(graph: &Graph<'_>, strong: &Strong<'_>, weak: &Weak<'_>) -> People {
    let mut numbers: BTreeMap<Stand, u32> = BTreeMap::new();
    let shared = |nodes: &Vec<Node>| nodes.iter().any(|node| weak.all[*node].len() > 1);
    let shared = graph.facts.iter().map(shared).collect();
    let mut people = People { of: Vec::with_capacity(graph.facts.len()), known: Vec::new(), shared };
    for (place, nodes) in graph.facts.iter().enumerate() {
        let known = weak.strong[place].or_else(|| weak.of_fact(graph, strong, nodes)).map(Stand::Known);
        let free = nodes.iter().find(|node| !graph.kind(**node).is_strong() && weak.own[**node].is_empty());
        let anonymous = || free.map(|node| Stand::Anonymous(weak.anonymous.root(*node)));
        let alone = || nodes.first().map_or(Stand::Fact(place), |node| Stand::Alone(*node));
        let stand = known.or_else(anonymous).unwrap_or_else(alone);
        let number = *numbers.entry(stand).or_insert_with(|| {
            people.known.push(matches!(stand, Stand::Known(_)));
            people.known.len() as u32 - 1
        });
        people.of.push(number);
    }
    people
}
