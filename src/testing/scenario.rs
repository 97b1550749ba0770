//! A story in verbs: a clock moved by hand, one shopper at a time, and everything recorded at once.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::event::{Event, EventOf, Order, OrderStatus, Purpose, Query};
use crate::fact::Intake;
use crate::fact::Recorded;
use crate::id::{Identifiers, Key, Who};
use crate::money::Money;
use crate::question::Question;
use crate::receipt::Receipt;
use crate::report::Report;
use crate::text::{EventId, OrderId};
use crate::time::Span;
use crate::tracker::Tracker;

/// A story for a test: who did what and when, and what is expected of it.
///
/// Every verb records one event at the clock's instant, for the current shopper, into a [`Tracker`]. The clock
/// starts at [`Scenario::START`] and stands still until [`Scenario::after`] or [`Scenario::at`] moves it; events of
/// one instant are ordered causes first, then by id. Verbs and assertions return the scenario, so that a story goes
/// on behind an assertion.
///
/// ```
/// use clinch::testing::Scenario;
/// use clinch::{RefuseReason, Span};
///
/// let mut shop = Scenario::new();
/// shop.visitor("v9").asks("t1", "availability").after("2d");
/// shop.logs_in("k4").asks("t2", "delivery").after("5m").orders("1001", "59.90 EUR");
/// shop.assert_credit("first_touch", "t1", "59.90").assert_credit("linear", "t2", "29.95");
///
/// shop.with(|question| question.rules.lookback = Span::days(1));
/// shop.assert_refused("1001", "t1", RefuseReason::OutOfWindow).assert_credit("linear", "t2", "59.90");
/// ```
///
/// # Panics
/// It is made for tests: a text that does not read, a verb before there is a shopper, and a verb whose event is
/// dropped at the door panic, and say where in the test. [`Scenario::event`] may be dropped.
#[derive(Clone)]
pub struct Scenario {
    events: Vec<Event>,
    tracker: Tracker,
    intake: Intake,
    question: Question,
    now: DateTime<Utc>,
    who: Identifiers,
    conversation: String,
    /// Orders as they were told last, for cancelling them.
    orders: BTreeMap<OrderId, EventOf<Order>>,
}

/// Names the conversations that a story does not name itself.
const CONVERSATION: &str = "conversation of shopper";

impl Default for Scenario {
    fn default() -> Self {
        Self::new()
    }
}

/// The clock, the shopper and what is asked.
impl Scenario {
    /// Where every clock starts: a Monday morning, `2026-03-02T09:00:00Z`.
    pub const START: DateTime<Utc> = DateTime::from_timestamp(1_772_442_000, 0).unwrap();

    /// An empty shop at [`Scenario::START`] with all defaults.
    pub fn new() -> Self {
        Self {
            events: Vec::new(),
            tracker: Tracker::new(Key::new(*b"only for testing")),
            intake: Intake::default(),
            question: Question::new(Self::START),
            now: Self::START,
            who: Identifiers::none(),
            conversation: String::new(),
            orders: BTreeMap::new(),
        }
    }

    /// Moves the clock ahead by a span such as `30d`, `2h` or `1ns`.
    #[track_caller]
    pub fn after(&mut self, span: &str) -> &mut Self {
        let span: Span = must(span.parse());
        let Some(later) = self.now.checked_add_signed(TimeDelta::from(span)) else {
            panic!("{span} after {} is no instant", self.now);
        };
        self.set_clock(later)
    }

    /// Sets the clock to an instant such as `2026-03-02T09:00:00Z`, back too: what follows arrives late.
    #[track_caller]
    pub fn at(&mut self, at: &str) -> &mut Self {
        self.set_clock(instant(at))
    }

    fn set_clock(&mut self, now: DateTime<Utc>) -> &mut Self {
        self.now = now;
        self.question.as_of = self.question.as_of.max(now);
        self
    }

    /// Another shopper: nothing but this visitor id is known of them.
    pub fn visitor(&mut self, visitor: &str) -> &mut Self {
        self.shopper(Who::visitor(visitor))
    }

    /// Another shopper: a customer, wherever they are.
    pub fn customer(&mut self, customer: &str) -> &mut Self {
        self.shopper(Who::customer(customer))
    }

    /// Another shopper, seen with these identifiers from now on. A new conversation begins unless one is among them.
    pub fn shopper(&mut self, who: Identifiers) -> &mut Self {
        self.conversation = format!("{CONVERSATION} {}", self.events.len());
        self.who = who;
        self
    }

    /// The shopper's later turns belong to this conversation.
    pub fn conversation(&mut self, conversation: &str) -> &mut Self {
        self.conversation = conversation.to_owned();
        self
    }

    /// Changes what is asked: rules, models, period, consent policy.
    ///
    /// `as_of` goes along with the clock; where it is set here, it stays until the clock passes it.
    pub fn with(&mut self, change: impl FnOnce(&mut Question)) -> &mut Self {
        change(&mut self.question);
        self
    }
}

/// What happens.
impl Scenario {
    /// A turn: the shopper asks about a topic.
    #[track_caller]
    pub fn asks(&mut self, turn: &str, topic: &str) -> &mut Self {
        self.asks_with(turn, |query| query.topic(topic))
    }

    /// A turn with labels of any kind: `|query| query.topic("parcel").intent("order_status")`.
    #[track_caller]
    pub fn asks_with(
        &mut self,
        turn: &str,
        labels: impl FnOnce(EventOf<Query>) -> EventOf<Query>,
    ) -> &mut Self {
        let query = Event::query(turn, self.now, self.chatting());
        self.tell(labels(query))
    }

    /// The bot recommends a product in its answer to `turn`.
    #[track_caller]
    pub fn is_shown(&mut self, turn: &str, product: &str) -> &mut Self {
        let event =
            Event::recommendation(self.next_id("recommendation"), self.now, self.chatting(), [product]);
        self.tell(event.turn(turn))
    }

    /// The bot sends a link with this code in its answer to `turn`.
    #[track_caller]
    pub fn gets_link(&mut self, turn: &str, code: &str) -> &mut Self {
        let url = "https://shop.example/";
        let event = Event::link_shared(self.next_id("link_shared"), self.now, self.chatting(), url);
        self.tell(event.turn(turn).code(code))
    }

    /// The bot offers a discount code in its answer to `turn`.
    #[track_caller]
    pub fn is_offered(&mut self, turn: &str, discount_code: &str) -> &mut Self {
        let event = Event::discount_offer(self.next_id("discount_offer"), self.now, self.chatting());
        self.tell(event.turn(turn).discount_code(discount_code))
    }

    /// The shopper follows a link with this code, outside of any conversation.
    #[track_caller]
    pub fn clicks(&mut self, code: &str) -> &mut Self {
        let event = Event::link_click(self.next_id("link_click"), self.now, self.seen());
        self.tell(event.code(code))
    }

    /// The shopper puts a product into the cart while chatting: the latest turn is taken as its cause.
    #[track_caller]
    pub fn adds_to_cart(&mut self, product: &str) -> &mut Self {
        let event = Event::add_to_cart(self.next_id("add_to_cart"), self.now, self.chatting(), product);
        self.tell(event)
    }

    /// The shopper says whether the answer to `turn` helped.
    #[track_caller]
    pub fn rates(&mut self, turn: &str, helpful: bool) -> &mut Self {
        let event = Event::feedback(self.next_id("feedback"), self.now, self.chatting(), helpful);
        self.tell(event.turn(turn))
    }

    /// The shopper arrives by a channel such as `newsletter`; `direct` for a typed address.
    #[track_caller]
    pub fn visits(&mut self, channel: &str) -> &mut Self {
        let event = Event::visit(self.next_id("visit"), self.now, self.seen());
        self.tell(event.channel(channel))
    }

    /// The shopper turns out to be this customer, and is seen as such from now on.
    #[track_caller]
    pub fn logs_in(&mut self, customer: &str) -> &mut Self {
        self.who = self.seen().customer(customer);
        let event = Event::identify(self.next_id("identify"), self.now, self.chatting());
        self.tell(event)
    }

    /// The shopper agrees to analytics, or refuses.
    #[track_caller]
    pub fn consents(&mut self, granted: bool) -> &mut Self {
        let (id, who) = (self.next_id("consent"), self.seen());
        self.tell(Event::consent(id, self.now, who, Purpose::Analytics, granted))
    }

    /// The shopper reaches a goal such as `sign_up`.
    #[track_caller]
    pub fn reaches(&mut self, goal: &str) -> &mut Self {
        let event = Event::goal(self.next_id("goal"), self.now, self.seen(), goal);
        self.tell(event)
    }

    /// The shopper orders for an amount such as `59.90 EUR`. An order told again is an edit of it.
    #[track_caller]
    pub fn orders(&mut self, order: &str, total: &str) -> &mut Self {
        self.orders_with(order, total, |order| order)
    }

    /// An order with lines, codes or discount codes: `|order| order.code("7zk3q9t4")`.
    #[track_caller]
    pub fn orders_with(
        &mut self,
        order: &str,
        total: &str,
        more: impl FnOnce(EventOf<Order>) -> EventOf<Order>,
    ) -> &mut Self {
        let (id, who) = (self.next_id("order"), self.seen());
        let event = more(Event::order(id, self.now, who, order, money(total)));
        self.orders.insert(event.kind().order.clone(), event.clone());
        self.tell(event)
    }

    /// An order of this story is cancelled.
    #[track_caller]
    pub fn cancels(&mut self, order: &str) -> &mut Self {
        let Some(mut event) = self.orders.get(order).cloned() else {
            panic!("there is no order {order} to cancel");
        };
        event.id = self.next_id("order");
        event.at = self.now;
        self.tell(event.status(OrderStatus::Cancelled).updated_at(self.now))
    }

    /// An amount such as `10.00 EUR` is given back for an order, which may come later.
    #[track_caller]
    pub fn refunds(&mut self, order: &str, amount: &str) -> &mut Self {
        let id = self.next_id("refund");
        self.tell(Event::refund(&id, self.now, id.as_str(), order, money(amount)))
    }

    /// Any event of the host's own making. If it is dropped, [`Scenario::intake`] says why.
    #[track_caller]
    pub fn event(&mut self, event: impl Into<Event>) -> &mut Self {
        let _counted = self.record(event.into());
        self
    }

    /// Any event at the clock's instant, for the current shopper in their conversation.
    ///
    /// ```
    /// use clinch::Event;
    /// use clinch::testing::Scenario;
    ///
    /// let mut shop = Scenario::new();
    /// shop.visitor("v9").asks("t1", "price").happens(|at, who| Event::discount_request("d1", at, who));
    /// shop.after("1h").orders("1001", "20.00 EUR").assert_credit("linear", "t1", "20.00");
    /// ```
    #[track_caller]
    pub fn happens<E: Into<Event>>(
        &mut self,
        event: impl FnOnce(DateTime<Utc>, Identifiers) -> E,
    ) -> &mut Self {
        let event = event(self.now, self.chatting());
        self.tell(event)
    }

    /// Records what a verb says. Such an event is expected to be taken in.
    #[track_caller]
    fn tell(&mut self, event: impl Into<Event>) -> &mut Self {
        let event = event.into();
        let kind = event.kind().name();
        if let Recorded::Dropped(reason) = self.record(event) {
            panic!("this {kind} was dropped: {reason}. {}", reason.advice());
        }
        self
    }

    #[track_caller]
    fn record(&mut self, event: Event) -> Recorded {
        let recorded = must(self.tracker.record(event.clone()));
        self.intake.count(recorded);
        self.events.push(event);
        recorded
    }

    fn next_id(&self, kind: &str) -> EventId {
        EventId::from(format!("{kind} {}", self.events.len()))
    }

    /// The shopper's identifiers.
    #[track_caller]
    fn seen(&self) -> Identifiers {
        assert!(
            !self.who.is_empty(),
            "nobody is there yet: start with .visitor(..), .customer(..) or .shopper(..)"
        );
        self.who.clone()
    }

    /// The same in the conversation.
    #[track_caller]
    fn chatting(&self) -> Identifiers {
        let who = self.seen();
        let named = who.get(crate::id::IdKind::Conversation).is_some();
        if named { who } else { who.conversation(&self.conversation) }
    }
}

/// What there is.
impl Scenario {
    /// The clock's instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Everything recorded so far, as delivered.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What became of it at the door.
    pub fn intake(&self) -> &Intake {
        &self.intake
    }

    /// The tracker that holds it.
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// What is asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// The report on what is asked.
    #[track_caller]
    pub fn report(&self) -> Report {
        must(self.tracker.report(&self.question))
    }

    /// The receipt of an order that was recorded.
    #[track_caller]
    pub fn receipt(&self, order: &str) -> Receipt {
        match must(self.tracker.receipt(order, &self.question)) {
            Some(receipt) => receipt,
            None => panic!("no order {order} is known as of {}", self.question.as_of),
        }
    }
}

/// Shows the clock and how much there is; receipts are what explains an answer.
impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scenario({} events up to {})", self.events.len(), self.now)
    }
}

/// An amount as in `59.90 EUR`.
///
/// # Panics
/// If it does not read.
#[track_caller]
pub fn money(text: &str) -> Money {
    let Some((amount, currency)) = text.split_once(' ') else {
        panic!("`{text}` is not an amount and a currency, as in 59.90 EUR");
    };
    must(Money::parse(amount, must(currency.parse())))
}

/// An instant as in `2026-03-02T09:00:00Z`.
///
/// # Panics
/// If it does not read.
#[track_caller]
pub fn instant(text: &str) -> DateTime<Utc> {
    must(text.parse())
}

/// The value, or a panic at the caller: a closure that panics would point in here.
#[track_caller]
pub(super) fn must<T, E: fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
