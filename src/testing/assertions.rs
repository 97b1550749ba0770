//! What is expected of a story. Each assertion that fails shows the receipts it is about.

use crate::credit::credit;
use crate::journey::{Claim, ConversionKind, Dimension, Evidence, JourneyBuilder, Path};
use crate::model::{Chosen, Participation};
use crate::money::{Currency, Money, decimal, fixed_point};
use crate::reason::{DropReason, RefuseReason, UnattributedReason};
use crate::report::{NotCounted, Remainder, Report, Table, Totals};
use crate::testing::scenario::{Scenario, money, must};

/// What is expected. All of these panic at the line of the test, with the receipts that explain the answer.
impl Scenario {
    /// A turn (or an engagement that stands alone) earned so much over all conversions asked about.
    ///
    /// `model` is the name of a model of the question, or of a rule model. The amount may leave its currency out
    /// where the story has one only.
    #[track_caller]
    pub fn assert_credit(&mut self, model: &str, turn: &str, amount: &str) -> &mut Self {
        self.assert_credits(&self.claims(), model, turn, amount);
        self
    }

    /// A turn earned so much of one order.
    #[track_caller]
    pub fn assert_order_credit(&mut self, order: &str, model: &str, turn: &str, amount: &str) -> &mut Self {
        self.assert_credits(&[self.claim(order)], model, turn, amount);
        self
    }

    #[track_caller]
    fn assert_credits(&self, claims: &[Claim], model: &str, turn: &str, amount: &str) {
        if !self.events().iter().any(|event| event.id().as_str() == turn) {
            panic!("no event of this story has the id `{turn}`");
        }
        let expected = self.amount(amount);
        let mut got = 0;
        for claim in claims {
            got += self.credited(claim, model, turn, expected.currency());
        }
        let got = Money::new(got, expected.currency());
        if got != expected {
            self.fail(claims, &format!("{turn} earned {got} under {model}, not {expected}"));
        }
    }

    /// A label earned so much over all conversions of the period.
    #[track_caller]
    pub fn assert_label_credit(
        &mut self,
        by: Dimension,
        label: &str,
        model: &str,
        amount: &str,
    ) -> &mut Self {
        let expected = self.amount(amount);
        let mut question = self.question().clone();
        (question.by, question.models) = (vec![by], vec![self.model(model)]);
        let report = must(self.tracker().report(&question));
        let rows = report.tables[0].rows.iter();
        let row = rows.filter(|row| row.label == label && row.currency == Some(expected.currency()));
        let got = row.map(|row| row.models[0].value.clone()).next();
        let got = got.unwrap_or_else(|| Money::new(0, expected.currency()).amount());
        if got != expected.amount() {
            panic!("{by} `{label}` earned {got} under {model}, not {expected}\n\n{report}");
        }
        self
    }

    /// These touchpoints, in this order, may claim an order.
    #[track_caller]
    pub fn assert_path(&mut self, order: &str, touchpoints: &[&str]) -> &mut Self {
        let claim = self.claim(order);
        let ids: Vec<&str> = claim.touchpoints.iter().map(|touchpoint| touchpoint.id.as_str()).collect();
        if ids != touchpoints {
            self.fail([&claim], &format!("the path of order {order} is {ids:?}, not {touchpoints:?}"));
        }
        self
    }

    /// A touchpoint may claim an order on this evidence, others aside.
    #[track_caller]
    pub fn assert_evidence(&mut self, order: &str, turn: &str, evidence: Evidence) -> &mut Self {
        let claim = self.claim(order);
        let found = claim.touchpoints.iter().find(|touchpoint| touchpoint.id == turn);
        let told = found.map_or_else(|| "no claim".to_owned(), |found| found.evidence.to_string());
        if !found.is_some_and(|found| found.evidence.contains(evidence)) {
            self.fail([&claim], &format!("{turn} has {told} to order {order}, not {evidence}"));
        }
        self
    }

    /// A touchpoint may not claim an order, for this reason.
    #[track_caller]
    pub fn assert_refused(&mut self, order: &str, turn: &str, reason: RefuseReason) -> &mut Self {
        let claim = self.claim(order);
        let found = claim.refused.iter().find(|refused| refused.id == turn).map(|refused| refused.reason);
        if found != Some(reason) {
            let told = found.map_or("not refused", RefuseReason::name);
            self.fail([&claim], &format!("order {order}: {turn} is {told}, not {reason}"));
        }
        self
    }

    /// Nothing may claim an order, for this reason.
    #[track_caller]
    pub fn assert_unattributed(&mut self, order: &str, reason: UnattributedReason) -> &mut Self {
        let claim = self.claim(order);
        if claim.unattributed != Some(reason) {
            let told = claim.unattributed.map_or("attributed", UnattributedReason::name);
            self.fail([&claim], &format!("order {order} is {told}, not {reason}"));
        }
        self
    }

    /// So much of an order is left after refunds.
    #[track_caller]
    pub fn assert_net(&mut self, order: &str, amount: &str) -> &mut Self {
        let (claim, expected) = (self.claim(order), self.amount(amount));
        if claim.conversion.value != Some(expected) {
            let left = claim.conversion.value.map_or_else(|| "nothing".to_owned(), |left| left.to_string());
            self.fail([&claim], &format!("{left} is left of order {order}, not {expected}"));
        }
        self
    }

    /// An order is no conversion, for this reason.
    #[track_caller]
    pub fn assert_not_counted(&mut self, order: &str, reason: NotCounted) -> &mut Self {
        let receipt = self.receipt(order);
        if receipt.not_counted != Some(reason) {
            let told = receipt.not_counted.map_or("counted", NotCounted::name);
            panic!("order {order} is {told}, not {reason}\n\n{receipt}");
        }
        self
    }

    /// So many events were dropped at the door for this reason.
    #[track_caller]
    pub fn assert_dropped(&mut self, reason: DropReason, count: u64) -> &mut Self {
        let got = self.intake().dropped.get(&reason).copied().unwrap_or(0);
        assert_eq!(got, count, "events dropped for {reason}: {}", self.intake());
        self
    }

    /// The books balance in every dimension, under the models of the question.
    #[track_caller]
    pub fn assert_books(&mut self) -> &mut Self {
        let mut question = self.question().clone();
        question.by = Dimension::ALL.to_vec();
        let report = must(self.tracker().report(&question));
        assert_books_balance(&report);
        self
    }

    /// Conversions asked about, with their touchpoints and refusals. Ids of other people's turns are shown.
    pub fn claims(&self) -> Vec<Claim> {
        let question = self.question();
        let mut builder = JourneyBuilder::with_limits(self.tracker().limits().clone());
        builder.rules(question.rules.clone()).consent(question.consent);
        for event in self.events() {
            // What became of each was counted when it was recorded.
            let _recorded = builder.add(event.clone());
        }
        let journeys = builder.build(question.as_of);
        let claims = journeys.into_iter().flat_map(|journey| journey.claims);
        claims.filter(|claim| question.asks_about(&claim.conversion.kind)).collect()
    }

    #[track_caller]
    fn claim(&self, order: &str) -> Claim {
        match self.claims().into_iter().find(|claim| claim.conversion.kind.id() == order) {
            Some(claim) => claim,
            // The receipt says why a known order is none, and panics by itself for an unknown one.
            None => panic!(
                "order {order} is no conversion

{}",
                self.receipt(order)
            ),
        }
    }

    /// Minor units that a touchpoint earned of a conversion in this currency.
    #[track_caller]
    fn credited(&self, claim: &Claim, model: &str, turn: &str, currency: Currency) -> i64 {
        if claim.conversion.currency() != Some(currency) {
            return 0;
        }
        let question = self.question();
        let (by, transform) = (question.first_dimension(), question.rules.transform);
        let path = Path::transformed(&claim.conversion, &claim.touchpoints, by, transform);
        let chosen = self.model(model);
        let Some(model) = chosen.model() else { panic!("{chosen} shares nothing: ask for a label's credit") };
        let credits = must(credit(model, &path));
        let own = credits.credits.iter().filter(|credit| credit.touchpoint == turn);
        own.filter_map(|credit| credit.value).map(Money::minor).sum()
    }

    /// A model of the question, or else a rule model by its name.
    #[track_caller]
    fn model(&self, name: &str) -> Chosen {
        match self.question().models.iter().find(|model| model.name() == name) {
            Some(model) => model.clone(),
            None => must(name.parse()),
        }
    }

    /// An amount with its currency, or in the only currency of the story.
    #[track_caller]
    fn amount(&self, text: &str) -> Money {
        if text.contains(' ') {
            return money(text);
        }
        let mut currencies: Vec<Currency> = self.events().iter().filter_map(currency_of_order).collect();
        currencies.sort();
        currencies.dedup();
        match currencies[..] {
            [currency] => must(Money::parse(text, currency)),
            _ => panic!("`{text}`: write the currency too, this story has {}", currencies.len()),
        }
    }

    #[track_caller]
    fn fail<'a>(&self, claims: impl IntoIterator<Item = &'a Claim>, what: &str) -> ! {
        let mut message = what.to_owned();
        for claim in claims {
            if let ConversionKind::Order(order) = &claim.conversion.kind {
                message += &format!("\n\n{}", self.receipt(order.as_str()));
            }
        }
        panic!("{message}\n")
    }
}

fn currency_of_order(event: &crate::event::Event) -> Option<Currency> {
    match event.kind() {
        crate::event::Kind::Order(order) => Some(order.total.currency()),
        _ => None,
    }
}

/// Asserts law 1 on the report as it is printed: in every table, currency and model that shares,
/// rows + declined + outside the period + unattributed = value, and the same in conversions.
///
/// Participation shares nothing and is left aside. A report without conversions balances too: say what you
/// expect of its totals beside this.
///
/// # Panics
/// If a sum is off, or a number does not read; the message has the sum and the report.
#[track_caller]
pub fn assert_books_balance(report: &Report) {
    for totals in &report.totals {
        let reasons: i128 = totals.reasons.iter().map(|reason| units(&reason.value, totals.currency)).sum();
        let unattributed = units(&totals.unattributed, totals.currency);
        assert_eq!(reasons, unattributed, "unattributed is not the sum of its reasons\n\n{report}");
        for table in &report.tables {
            for model in report.models.iter().filter(|model| *model != Participation::NAME) {
                let off = books(table, totals, model);
                assert!(off.is_none(), "{} by {}: {}\n\n{report}", model, table.by, off.unwrap_or_default());
            }
        }
    }
}

/// What is wrong in one column of one table in one currency, if anything is.
fn books(table: &Table, totals: &Totals, model: &str) -> Option<String> {
    let rows = table.rows.iter().filter(|row| row.currency == totals.currency);
    let figures = rows.flat_map(|row| &row.models).filter(|figure| figure.model == model);
    let [mut value, mut conversions] = [0, 0];
    for figure in figures {
        value += units(&figure.value, totals.currency);
        conversions += nanos(&figure.conversions);
    }
    let remainder =
        |remainder: &&Remainder| remainder.currency == totals.currency && remainder.model == model;
    for remainder in table.remainders.iter().filter(remainder) {
        value += units(&remainder.declined, totals.currency) + units(&remainder.outside, totals.currency);
        conversions += nanos(&remainder.declined_conversions) + nanos(&remainder.outside_conversions);
    }
    let unattributed: u64 = totals.reasons.iter().map(|reason| reason.conversions).sum();
    let unattributed = unattributed + totals.expired.count + totals.erased.count;
    value += units(&totals.unattributed, totals.currency);
    for row in [&totals.expired, &totals.erased].into_iter().filter(|row| row.count > 0) {
        value += units(&row.value, totals.currency);
    }
    conversions += i128::from(unattributed) * NANOS;
    if value != units(&totals.value, totals.currency) {
        let value = totals.currency.map_or_else(|| value.to_string(), |currency| decimal(value, currency));
        return Some(format!("all of it comes to {value}, not {}", totals.value));
    }
    let whole = i128::from(totals.conversions) * NANOS;
    (conversions != whole).then(|| {
        format!("all of it is {} conversions, not {}", fixed_point(conversions, 9), totals.conversions)
    })
}

/// Units of 10^-9 in one conversion.
const NANOS: i128 = 1_000_000_000;

/// An amount of a report in minor units; without a currency it is a whole number.
#[track_caller]
fn units(text: &str, currency: Option<Currency>) -> i128 {
    fixed(text, currency.map_or(0, |currency| usize::from(currency.exponent())))
}

#[track_caller]
fn nanos(text: &str) -> i128 {
    fixed(text, 9)
}

/// Decimal text with exactly so many decimals, as an integer.
fn fixed(text: &str, decimals: usize) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    assert_eq!(fraction.len(), decimals, "`{text}` has not {decimals} decimals");
    format!("{whole}{fraction}").parse().unwrap_or_else(|_| panic!("`{text}` is no decimal number"))
}
