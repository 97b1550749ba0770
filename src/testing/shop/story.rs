//! What shoppers live through. Each story says of its orders what caused them, and whether its events show it.

use crate::event::{Event, Purpose};
use crate::id::{IdKind, Identifiers, Who};
use crate::money::Money;
use crate::testing::shop::Shop;
use crate::testing::shop::catalogue::{QUESTIONS, SUPPORT};
use crate::testing::shop::order::Cause;
use crate::testing::shop::shopper::{Basket, Chat, Shopper, Turn};

/// When, if ever, a shopper gives a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Logged in from the first question on; buys on a second device.
    AtOnce,
    /// Logs in after the conversation; buys on a second device.
    AtLogin,
    /// When ordering, on the device of the conversation.
    AtOrder,
    /// By e-mail address only, when ordering.
    AsGuest,
    /// Never: the order names the device only.
    Never,
}

const KNOWN: [Known; 5] = [Known::AtOnce, Known::AtLogin, Known::AtOrder, Known::AsGuest, Known::Never];

/// As whom a shopper browses the shop, and as whom they buy. What the order names joins the two and the
/// conversation to one person.
struct Reach {
    browses: Identifiers,
    buys: Identifiers,
}

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

impl Shopper<'_> {
    /// Lives through one story.
    pub(super) fn live(mut self) -> Shop {
        match self.random.below(100) {
            0..28 => self.asks_once_and_buys(),
            28..48 => self.considers(),
            48..76 => self.leaves(),
            76..82 => self.buys_without_the_bot(),
            82..86 => self.is_reached_by_code_only(),
            86..90 => self.shares_a_device(),
            90..93 => self.refuses_consent(),
            93..95 => self.is_two_customers(),
            95..97 => self.buys_too_late(),
            _ => self.is_badly_served(),
        }
        self.into_shop()
    }

    /// Opens a conversation, under a name if there is one already.
    fn greet(&mut self, known: Known) -> Chat {
        let chat = self.chat();
        match known {
            Known::AtOnce => chat.named(self.customer()),
            _ => chat,
        }
    }

    /// Goes from the conversation to the shop, logging in where the story has it.
    fn go_to_shop(&mut self, known: Known, chat: &Chat) -> Reach {
        if matches!(known, Known::AtOnce | Known::AtLogin) {
            if known == Known::AtLogin {
                self.wait(MINUTE, 20 * MINUTE);
                let person = chat.person.clone().customer(self.customer());
                self.record(Event::identify(self.id(), self.at(), person.email(self.email())));
            }
            let browses = self.device(2);
            return Reach { buys: browses.clone().customer(self.customer()), browses };
        }
        let visitor = chat.person.get(IdKind::Visitor).cloned();
        let browses = visitor.map_or_else(|| self.device(1), Identifiers::from);
        let mut buys = chat.person.clone();
        browses.iter().for_each(|identifier| buys.set(identifier.clone()));
        let buys = match known {
            Known::AtOrder => buys.customer(self.customer()).email(self.email()),
            Known::AsGuest => buys.email(self.email()),
            _ => buys,
        };
        Reach { browses, buys }
    }

    /// What a turn leads to before the order: every step names the turn, its code, or its conversation.
    fn follow(&mut self, turn: &Turn, browses: &Identifiers) -> Basket {
        if self.random.chance(60) {
            self.recommend(turn);
        }
        let link_code = self.random.chance(70).then(|| self.share_link(turn));
        if let Some(code) = &link_code
            && self.random.chance(85)
        {
            self.click(turn, code, browses.clone());
        }
        let discount_code = if self.random.chance(20) { self.ask_discount(turn) } else { None };
        if self.random.chance(15) {
            self.rate(turn, true);
        }
        let basket = if self.random.chance(75) {
            self.fill_cart(turn, browses)
        } else {
            self.choose(Some(turn.product))
        };
        let link_code = link_code.filter(|_| self.random.chance(25));
        Basket { link_code, discount_code, ..basket }
    }

    /// After the order: where is it, how does it go back.
    fn asks_support(&mut self, chat: &Chat) {
        for _ in 0..self.random.below(3) {
            self.wait(DAY, 5 * DAY);
            let again = self.chat_again(chat);
            let question = self.random.pick(&SUPPORT);
            self.ask_this(&again, question);
        }
    }

    fn reaches_goal(&mut self, who: Identifiers) {
        self.wait(MINUTE, HOUR);
        let goal = *self.random.pick(&["sign_up", "newsletter", "loyalty"]);
        let event = Event::goal(self.id(), self.at(), who, goal);
        let worth = Money::new(200, self.currency);
        let valued = self.random.chance(40);
        self.record(if valued { event.value(worth) } else { event });
    }

    fn consents(&mut self, who: Identifiers, purpose: Purpose, granted: bool) {
        self.wait(1, 20);
        self.record(Event::consent(self.id(), self.at(), who, purpose, granted));
    }

    fn asks_once_and_buys(&mut self) {
        let known = *self.random.pick(&KNOWN);
        let chat = self.greet(known);
        if self.random.chance(15) {
            let purpose = *self.random.pick(&Purpose::ALL);
            self.consents(chat.person.clone(), purpose, true);
        }
        let turn = self.ask(&chat);
        let reach = self.go_to_shop(known, &chat);
        let basket = self.follow(&turn, &reach.browses);
        let longest = *self.random.pick(&[HOUR, HOUR, DAY, 7 * DAY, 28 * DAY]);
        self.wait(MINUTE, longest);
        let goal = self.random.chance(8).then(|| reach.buys.clone());
        self.order(basket, Cause { buyer: reach.buys, turn: Some(&turn), single: true });
        if let Some(who) = goal {
            self.reaches_goal(who);
        }
        self.asks_support(&chat);
    }

    /// Several turns in several conversations, visits between them, one or two orders.
    fn considers(&mut self) {
        let known = *self.random.pick(&KNOWN);
        let mut chat = self.greet(known);
        let device = self.device(1);
        let mut cause = self.asks_perhaps_again(&chat);
        for _ in 0..self.random.between(1, 4) {
            if self.random.chance(30) {
                self.visit(device.clone());
            }
            if self.random.chance(50) {
                self.wait(2 * HOUR, 4 * DAY);
                chat = self.greet(known);
            }
            let turn = self.asks_perhaps_again(&chat);
            cause = if self.random.chance(60) { turn } else { cause };
        }
        let reach = self.go_to_shop(known, &chat);
        let basket = self.follow(&cause, &reach.browses);
        self.wait(MINUTE, 3 * DAY);
        self.order(basket, Cause { buyer: reach.buys.clone(), turn: Some(&cause), single: false });
        self.asks_support(&chat);
        if self.random.chance(25) {
            self.wait(DAY, 10 * DAY);
            let turn = self.ask(&chat);
            let basket = self.follow(&turn, &reach.browses);
            self.wait(MINUTE, DAY);
            self.order(basket, Cause { buyer: reach.buys, turn: Some(&turn), single: false });
        }
    }

    /// One question in three is asked a second time.
    fn asks_perhaps_again(&mut self, chat: &Chat) -> Turn {
        let question = self.random.pick(&QUESTIONS);
        let turn = self.ask_this(chat, question);
        if self.random.chance(33) { self.ask_this(chat, question) } else { turn }
    }

    /// Asks, looks around, perhaps leaves an address; buys nothing.
    fn leaves(&mut self) {
        let known = *self.random.pick(&KNOWN);
        let chat = self.greet(known);
        for _ in 0..self.random.between(1, 3) {
            let turn = self.asks_perhaps_again(&chat);
            if self.random.chance(30) {
                self.recommend(&turn);
            }
            if self.random.chance(30) {
                let code = self.share_link(&turn);
                self.click(&turn, &code, self.device(1));
            }
            if self.random.chance(20) {
                let helpful = self.random.chance(50);
                self.rate(&turn, helpful);
            }
        }
        if self.random.chance(25) {
            self.reaches_goal(chat.person.email(self.email()));
        }
    }

    fn buys_without_the_bot(&mut self) {
        let device = self.device(1);
        for _ in 0..self.random.below(4) {
            self.visit(device.clone());
            self.wait(HOUR, 5 * DAY);
        }
        let basket = self.choose(None);
        let buyer = device.customer(self.customer());
        self.order(basket, Cause { buyer, turn: None, single: false });
    }

    /// Asks in one app, follows the link on a device that nothing joins to it, and buys there.
    fn is_reached_by_code_only(&mut self) {
        let chat = self.chat_as("instagram", Who::visitor(format!("ig-{}", self.number)));
        let turn = self.ask(&chat);
        let code = self.share_link(&turn);
        let device = self.device(1);
        self.click(&turn, &code, device.clone());
        let link_code = self.random.chance(50).then_some(code);
        let basket = Basket { link_code, ..self.choose(Some(turn.product)) };
        self.wait(MINUTE, 2 * DAY);
        let buyer = device.customer(self.customer());
        self.order(basket, Cause { buyer, turn: Some(&turn), single: false });
    }

    /// Two customers on one device, and a third who was logged in there by mistake.
    fn shares_a_device(&mut self) {
        let device = self.device(1);
        let first = device.clone().customer(self.customer());
        let second = device.clone().customer(format!("k-{}b", self.number));
        let chat = self.chat_as("web", first.clone());
        let turn = self.ask(&chat);
        let basket = self.choose(Some(turn.product));
        self.wait(MINUTE, DAY);
        self.order(basket, Cause { buyer: first, turn: Some(&turn), single: true });

        let chat = self.chat_as("web", device.clone());
        let turn = self.ask(&chat);
        let basket = self.choose(Some(turn.product));
        self.wait(MINUTE, DAY);
        self.order(basket, Cause { buyer: second, turn: Some(&turn), single: false });

        self.wait(MINUTE, DAY);
        let third = device.customer(format!("k-{}c", self.number));
        self.record(Event::identify(self.id(), self.at(), third.clone()));
        self.wait(MINUTE, HOUR);
        if let (Some(visitor), Some(customer)) = (third.get(IdKind::Visitor), third.get(IdKind::Customer)) {
            self.record(Event::claim_withdrawn(self.id(), self.at(), visitor.clone(), customer.clone()));
        }
    }

    /// Denies the use of data, and sometimes grants it later: the last word counts.
    fn refuses_consent(&mut self) {
        let chat = self.greet(Known::AtOnce);
        self.consents(chat.person.clone(), Purpose::Analytics, false);
        let turn = self.ask(&chat);
        let reach = self.go_to_shop(Known::AtOnce, &chat);
        let basket = self.follow(&turn, &reach.browses);
        let granted_later = self.random.chance(30);
        if granted_later {
            self.consents(chat.person.clone(), Purpose::Analytics, true);
        }
        self.wait(MINUTE, DAY);
        self.order(basket, Cause { buyer: reach.buys, turn: Some(&turn), single: granted_later });
    }

    /// Asks as one customer and buys as another; the shop joins the two afterwards.
    fn is_two_customers(&mut self) {
        let old = format!("k-{}-old", self.number);
        let chat = self.chat_as("web", self.device(1).customer(&old));
        let turn = self.ask(&chat);
        let buyer = self.device(2).customer(self.customer());
        let basket = self.follow(&turn, &buyer);
        self.wait(MINUTE, 2 * DAY);
        self.order(basket, Cause { buyer, turn: Some(&turn), single: true });
        self.wait(HOUR, 9 * DAY);
        self.record(Event::customer_merged(self.id(), self.at(), old, self.customer()));
    }

    /// Buys 31 to 45 days after the answer: outside the lookback window.
    fn buys_too_late(&mut self) {
        let chat = self.greet(Known::AtOnce);
        let turn = self.ask(&chat);
        self.wait(31 * DAY, 45 * DAY);
        let basket = self.choose(Some(turn.product));
        let buyer = self.device(2).customer(self.customer());
        self.order(basket, Cause { buyer, turn: Some(&turn), single: false });
    }

    /// The answer did not serve, which the shopper says; buys all the same.
    fn is_badly_served(&mut self) {
        let chat = self.greet(Known::AtOnce);
        let turn = self.ask(&chat);
        self.recommend(&turn);
        self.rate(&turn, false);
        self.wait(HOUR, DAY);
        let basket = self.choose(None);
        let buyer = self.device(2).customer(self.customer());
        self.order(basket, Cause { buyer, turn: None, single: false });
    }
}
