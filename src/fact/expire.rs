//! Facts that have become too old.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::error::Result;
use crate::fact::settle::Removed;
use crate::fact::tombstone::{Class, Horizons};
use crate::fact::{Fact, Facts, Known};
use crate::time::{Span, nanos_of};

impl Facts {
    /// Moves the horizons on and takes out what lies behind them.
    pub(crate) fn expire(&mut self, now: DateTime<Utc>) -> Result<Removed> {
        // Before the first instant there is nothing to be too old.
        let first = nanos_of(DateTime::<Utc>::MIN_UTC);
        let back = |span: Option<Span>| {
            span.map(|span| nanos_of(now) - i128::from(span.as_nanos())).filter(|horizon| *horizon > first)
        };
        let retention = &self.limits().retention;
        let horizons = Horizons {
            text: back(retention.text),
            touchpoints: back(retention.touchpoints),
            orders: back(retention.orders),
        };
        self.gone.horizons.join(horizons);
        let mut removed = self.settle_all()?;
        if let Some(horizon) = self.gone.horizons.everything() {
            for number in 0..self.clusters.len() as u32 {
                self.drop_idle_words(number, horizon, &mut removed)?;
            }
        }
        self.gone.expire();
        self.sweep();
        Ok(removed)
    }

    /// Takes out old words on consent and old claims about identifiers that no other fact names.
    fn drop_idle_words(&mut self, number: u32, horizon: i128, removed: &mut Removed) -> Result<()> {
        let cluster = &self.clusters[number as usize];
        let class = |content: u32| Class::of(usize::from(self.contents.rank(content)));
        let is_old = |at: i128, class: Class| class == Class::Word && at < horizon;
        if !cluster.rows.iter().any(|row| is_old(row.at.nanos(), class(row.content))) {
            return Ok(());
        }
        let others = cluster.rows.iter().filter(|row| class(row.content) != Class::Word);
        let mut used: BTreeSet<Known> = others.flat_map(|row| self.names.who(row.handle)).collect();
        let booked = cluster.books.iter().flat_map(|book| self.books.get(*book).facts());
        used.extend(booked.flat_map(|held| self.names.who(held.handle)));
        let is_idle = |fact: &Fact| {
            is_old(nanos_of(fact.at), Class::of(fact.kind.rank()))
                && !fact.who.iter().any(|known| used.contains(known))
        };
        if !cluster.rows.iter().any(|row| is_idle(&self.fact(cluster, row))) {
            return Ok(());
        }
        let facts = self.take_out(number).into_iter().map(|(_, fact)| fact);
        let (idle, kept): (Vec<Fact>, Vec<Fact>) = facts.partition(is_idle);
        idle.iter().for_each(|fact| removed.count(fact));
        self.put_back(kept)
    }
}
