//! One shopper: what is known of them, and the single steps that they and the bot take.

use chrono::{DateTime, TimeDelta, Utc};

use crate::event::{Event, OrderLine};
use crate::id::{Identifiers, Who};
use crate::money::{Currency, Money};
use crate::testing::random::Random;
use crate::testing::shop::catalogue::{CHANNELS, PRODUCTS, Product, QUESTIONS, Question, SOURCES};
use crate::testing::shop::{Shop, ShopConfig, Truth};
use crate::text::EventId;

/// A shopper in the middle of their story.
pub(super) struct Shopper<'a> {
    config: &'a ShopConfig,
    pub number: u32,
    pub currency: Currency,
    pub random: Random,
    /// Seconds since the shop began.
    now: i64,
    shop: Shop,
    conversations: u32,
    carts: u32,
    orders: u32,
}

/// One conversation with the bot.
#[derive(Clone)]
pub(super) struct Chat {
    channel: &'static str,
    /// As whom the shopper appears in that channel, whatever the conversation.
    pub person: Identifiers,
    /// The same with the conversation: what its events name.
    who: Identifiers,
}

/// A question that was asked and answered.
#[derive(Clone)]
pub(super) struct Turn {
    pub id: EventId,
    pub product: &'static Product,
    chat: Chat,
}

/// What a shopper is about to buy, and what of it leads back to the bot.
#[derive(Clone, Default)]
pub(super) struct Basket {
    pub lines: Vec<OrderLine>,
    pub cart: String,
    pub link_code: Option<String>,
    pub discount_code: Option<String>,
}

impl Chat {
    /// The same conversation, with the shopper logged in from its start.
    pub(super) fn named(self, customer: String) -> Self {
        let Self { channel, person, who } = self;
        Self { channel, person: person.customer(&customer), who: who.customer(customer) }
    }
}

impl<'a> Shopper<'a> {
    pub(super) fn new(config: &'a ShopConfig, number: u32, currency: Currency, mut random: Random) -> Self {
        let now = i64::from(random.between(0, config.days.clamp(1, 36_500) * 86_400 - 1));
        let shop = Shop::default();
        Self { config, number, currency, random, now, shop, conversations: 0, carts: 0, orders: 0 }
    }

    pub(super) fn into_shop(self) -> Shop {
        std::iter::once(self.shop).collect()
    }

    /// Lets so many seconds pass, both ends in.
    pub(super) fn wait(&mut self, low: u32, high: u32) {
        self.now += i64::from(self.random.between(low, high));
    }

    /// The present instant of the story.
    pub(super) fn at(&self) -> DateTime<Utc> {
        self.before(0)
    }

    /// So many seconds ago.
    pub(super) fn before(&self, seconds: i64) -> DateTime<Utc> {
        let since_start = TimeDelta::seconds(self.now - seconds);
        self.config.start.checked_add_signed(since_start).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// An id for the next event. Ids and identifiers hold a hyphen, which no link code does: none can be part
    /// of a code by chance, where it would be taken for a leaked identifier.
    pub(super) fn id(&self) -> String {
        format!("e{}-{}", self.number, self.shop.events.len())
    }

    pub(super) fn record(&mut self, event: impl Into<Event>) {
        self.shop.events.push(event.into());
    }

    pub(super) fn know(&mut self, truth: Truth) {
        self.shop.truth.push(truth);
    }

    /// An id for the next order: the shopper's number from 1, and two digits.
    pub(super) fn next_order(&mut self) -> String {
        self.orders += 1;
        format!("{}{:02}", u64::from(self.number) + 1, self.orders)
    }

    pub(super) fn customer(&self) -> String {
        format!("k-{}", self.number)
    }

    pub(super) fn email(&self) -> String {
        format!("shopper{}@example.com", self.number)
    }

    /// A browser of theirs, from 1.
    pub(super) fn device(&self, place: u32) -> Identifiers {
        Who::visitor(format!("v-{}-{place}", self.number))
    }

    /// As whom they appear in a channel without giving a name.
    fn seen_in(&self, channel: &str) -> Identifiers {
        match channel {
            "whatsapp" => Who::phone(format!("+4915{:09}", self.number)),
            "email" => Who::email(self.email()),
            "instagram" => Who::visitor(format!("ig-{}", self.number)),
            "telegram" => Who::visitor(format!("tg-{}", self.number)),
            _ => self.device(1),
        }
    }

    /// Opens a conversation in any channel.
    pub(super) fn chat(&mut self) -> Chat {
        let channel = *self.random.pick(&CHANNELS);
        self.chat_as(channel, self.seen_in(channel))
    }

    /// Opens a conversation in a channel as a given person.
    pub(super) fn chat_as(&mut self, channel: &'static str, person: Identifiers) -> Chat {
        self.conversations += 1;
        let conversation = format!("c-{}-{}", self.number, self.conversations);
        Chat { channel, who: person.clone().conversation(conversation), person }
    }

    /// Opens another conversation in the channel of an earlier one, as the same person.
    pub(super) fn chat_again(&mut self, chat: &Chat) -> Chat {
        self.chat_as(chat.channel, chat.person.clone())
    }

    /// Asks any question about any product.
    pub(super) fn ask(&mut self, chat: &Chat) -> Turn {
        let question = self.random.pick(&QUESTIONS);
        self.ask_this(chat, question)
    }

    /// Asks a given question about any product.
    pub(super) fn ask_this(&mut self, chat: &Chat, question: &'static Question) -> Turn {
        let product = self.random.pick(&PRODUCTS);
        self.wait(5, 120);
        let id = self.id();
        let mut turn = Event::query(&id, self.at(), chat.who.clone())
            .channel(chat.channel)
            .query(question.query)
            .topic(question.topic)
            .intent(question.intent);
        if !question.flow.is_empty() {
            turn = turn.flow(question.flow);
        }
        if self.random.chance(80) {
            turn = turn.product_type(product.product_type).product(product.id);
        }
        if self.random.chance(10) {
            turn = turn.text(format!("Hi, {}?", question.query));
        }
        if self.random.chance(20) {
            turn = turn.cost(Money::new(i64::from(self.random.between(1, 4)), self.currency));
        }
        self.record(turn);
        Turn { id: EventId::from(&id), product, chat: chat.clone() }
    }

    /// The bot recommends the product of its turn, and others; it says which turn, or is in the same conversation.
    pub(super) fn recommend(&mut self, turn: &Turn) {
        let others = self.random.between(0, 2);
        let mut products = vec![turn.product.id];
        products.extend((0..others).map(|_| self.random.pick(&PRODUCTS).id));
        self.wait(1, 5);
        let event = Event::recommendation(self.id(), self.at(), turn.chat.who.clone(), products);
        let names_turn = self.random.chance(70);
        self.record(if names_turn { event.turn(&turn.id) } else { event });
    }

    /// The bot sends a link with a code of its own; gives the code.
    pub(super) fn share_link(&mut self, turn: &Turn) -> String {
        let code = self.code();
        let url = format!("https://shop.example/p/{}?clq={code}", turn.product.id);
        self.wait(1, 5);
        let event = Event::link_shared(self.id(), self.at(), turn.chat.who.clone(), url)
            .turn(&turn.id)
            .product(turn.product.id);
        let spelled_out = self.random.chance(70);
        self.record(if spelled_out { event.code(code.as_str()) } else { event });
        code
    }

    /// The link is followed by `who`: known by its turn, by its code, or by its address alone.
    pub(super) fn click(&mut self, turn: &Turn, code: &str, who: Identifiers) {
        self.wait(20, 600);
        let url = format!("https://shop.example/p/{}?clq={code}", turn.product.id);
        let event = Event::link_click(self.id(), self.at(), who).product(turn.product.id);
        let event = match self.random.below(3) {
            0 => event.turn(&turn.id).url(url),
            1 => event.code(code),
            _ => event.url(url),
        };
        self.record(event);
    }

    /// A discount is asked for and, mostly, offered; gives the code. One in three codes is everybody's.
    pub(super) fn ask_discount(&mut self, turn: &Turn) -> Option<String> {
        self.wait(10, 90);
        let who = turn.chat.who.clone();
        self.record(Event::discount_request(self.id(), self.at(), who.clone()).turn(&turn.id));
        let own = format!("SAVE-{}", self.code()[..8].to_uppercase());
        let code = if self.random.chance(33) { "WELCOME10".to_owned() } else { own };
        self.wait(1, 5);
        let offer = Event::discount_offer(self.id(), self.at(), who).turn(&turn.id);
        if self.random.chance(20) {
            self.record(offer);
            return None;
        }
        self.record(offer.discount_code(code.as_str()));
        Some(code)
    }

    /// The shopper says whether the answer served.
    pub(super) fn rate(&mut self, turn: &Turn, helpful: bool) {
        self.wait(5, 60);
        self.record(Event::feedback(self.id(), self.at(), turn.chat.who.clone(), helpful).turn(&turn.id));
    }

    /// Puts the product of a turn, and perhaps others, into a new cart.
    pub(super) fn fill_cart(&mut self, turn: &Turn, who: &Identifiers) -> Basket {
        let mut basket = self.choose(Some(turn.product));
        let in_cart = who.clone().cart(&basket.cart);
        for line in &basket.lines {
            self.wait(10, 200);
            let price = Money::new(line.total.minor() / i64::from(line.quantity), self.currency);
            let event = Event::add_to_cart(self.id(), self.at(), in_cart.clone(), &line.product)
                .quantity(line.quantity)
                .price(price)
                .turn(&turn.id);
            self.record(event);
        }
        if basket.lines.len() > 1
            && self.random.chance(30)
            && let Some(taken) = basket.lines.pop()
        {
            self.wait(10, 200);
            let event = Event::remove_from_cart(self.id(), self.at(), in_cart, taken.product);
            self.record(event.quantity(taken.quantity).turn(&turn.id));
        }
        basket
    }

    /// What is about to be bought: `first` if it is given, and up to two products more.
    pub(super) fn choose(&mut self, first: Option<&'static Product>) -> Basket {
        let mut products = vec![first.unwrap_or(self.random.pick(&PRODUCTS))];
        for _ in 0..self.random.below(3) {
            let more = self.random.pick(&PRODUCTS);
            if products.iter().all(|product| product.id != more.id) {
                products.push(more);
            }
        }
        self.carts += 1;
        let lines = products.into_iter().map(|product| self.line(product)).collect();
        Basket { lines, cart: format!("cart-{}-{}", self.number, self.carts), ..Basket::default() }
    }

    /// A line of one to three pieces at full price.
    pub(super) fn line(&mut self, product: &Product) -> OrderLine {
        let quantity = if self.random.chance(80) { 1 } else { self.random.between(2, 3) };
        let total = Money::new(product.price * i64::from(quantity), self.currency);
        OrderLine::new(product.id, quantity, total).product_type(product.product_type)
    }

    /// Arrives from somewhere else: an advertisement, a search, a newsletter, or from nowhere.
    pub(super) fn visit(&mut self, who: Identifiers) {
        let source = self.random.pick(&SOURCES);
        let tags = if source.tags.is_empty() { String::new() } else { format!("?{}", source.tags) };
        let url = format!("https://shop.example/{tags}");
        self.wait(10, 600);
        let event = Event::visit(self.id(), self.at(), who).url(url);
        self.record(if source.referrer.is_empty() { event } else { event.referrer(source.referrer) });
    }

    /// A unique code of 16 symbols in Crockford's base 32.
    fn code(&mut self) -> String {
        const SYMBOLS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        (0..16).map(|_| char::from(*self.random.pick(SYMBOLS))).collect()
    }
}
