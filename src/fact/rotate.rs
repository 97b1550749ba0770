//! The same facts under another key.

use crate::error::Result;
use crate::event::Kind;
use crate::fact::Fact;
use crate::fact::set::Facts;
use crate::id::{Key, Pseudonym};
use crate::text::{EventId, OrderId, RefundId};

impl Facts {
    /// All facts and tombstones, each pseudonym unwrapped and wrapped anew.
    pub(crate) fn rotated(&self, key: Key) -> Result<Self> {
        let keys = Keys { old: self.key(), new: &key };
        let mut rotated = Self::new(key.clone(), self.limits().clone());
        rotated.gone = self.gone.clone().rewrapped(|name| keys.rewrap(name));
        for mut fact in self.facts() {
            fact.who.iter_mut().for_each(|known| known.name = keys.rewrap(known.name));
            if self.hashed() {
                keys.rewrap_ids(&mut fact);
            }
            let _recorded = rotated.insert(fact)?;
        }
        Ok(rotated)
    }
}

struct Keys<'k> {
    old: &'k Key,
    new: &'k Key,
}

impl Keys<'_> {
    fn rewrap(&self, name: Pseudonym) -> Pseudonym {
        self.new.wrap(self.old.unwrap(name))
    }

    /// Ids that are pseudonyms themselves: of events half as long as the others.
    fn rewrap_ids(&self, fact: &mut Fact) {
        let short = |id: &EventId| {
            let number = u64::from_str_radix(id.as_str(), 16).unwrap_or_default();
            EventId::from(format!("{:016x}", self.new.wrap_short(self.old.unwrap_short(number))))
        };
        let long = |id: &str| {
            let number = u128::from_str_radix(id, 16).unwrap_or_default();
            self.rewrap(Pseudonym::from_words([number as u64, (number >> 64) as u64])).to_string()
        };
        fact.id = short(&fact.id);
        fact.turn = fact.turn.as_ref().map(short);
        match &mut fact.kind {
            Kind::Order(order) => {
                order.order = OrderId::from(long(order.order.as_str()));
                for refund in &mut order.refunds {
                    refund.refund = RefundId::from(long(refund.refund.as_str()));
                }
            }
            Kind::Refund(refund) => {
                refund.order = OrderId::from(long(refund.order.as_str()));
                refund.refund = RefundId::from(long(refund.refund.as_str()));
            }
            _ => {}
        }
    }
}
