//! BigCommerce.
//!
//! A webhook names what changed and says nothing about it, so most answers are [`Answer::Fetch`]:
//!
//! | scope | becomes | the host fetches | and hands it to |
//! |---|---|---|---|
//! | `store/order/created`, `updated`, `archived`, `statusUpdated` | [`Fetch::Order`] | `/v2/orders/{id}`, and its `products` and `coupons` | [`BigCommerce::order`] |
//! | `store/cart/converted` | [`Fetch::Order`] | the same | the same |
//! | `store/order/refund/created` | [`Fetch::Refunds`] | `/v3/orders/{id}/payment_actions/refunds` | [`BigCommerce::refunds`] |
//! | `store/cart/created`, `updated`, `couponApplied`; `store/cart/lineItem/created`, `updated`, `deleted` | [`Fetch::Cart`] | `/v3/carts/{id}` | [`BigCommerce::cart`] |
//! | any other, also a cart that was abandoned or deleted | [`Ignored::Topic`] | | |
//!
//! The same events of one channel (`store/channel/{id}/order/updated`) are the same.
//!
//! The body's `hash` is no signature: it has no key. The signature is that of Standard Webhooks, under the app's
//! client secret as it is.
//!
//! # Status
//!
//! | `status_id` | counts as |
//! |---|---|
//! | 2, 3 shipped, 4, 14 refunded, 8, 9, 11 awaiting pickup, shipment, fulfilment, 10 completed | paid |
//! | 1 pending, 7 awaiting payment, 12 manual verification, 13 disputed, and any other | placed |
//! | 0 incomplete, 5 cancelled, 6 declined, and whatever is deleted | cancelled, until a later version says otherwise |
//!
//! [`BigCommerce::status`] changes a row.

use chrono::{DateTime, TimeDelta, Utc};

use super::json::{self, Json};
use super::read::{Object, Read, each, fail, needed, see, within};
use super::settings::settings;
use super::table::{CartItems, Found, ProductKey, Snapshot, product, unversioned};
use super::{Answer, Delivery, Fetch, Ignored, Received, Refused, Secrets, Statuses, bounded, events};
use crate::event::{Event, OrderLine, OrderStatus};
use crate::id::{IdKind, Identifier, Identifiers};
use crate::money::{Currency, Money};
use crate::text::{OrderId, ProductId};

/// The platform's name in event ids.
const NAME: &str = "bigcommerce";

/// Webhooks of one BigCommerce shop: [`BigCommerce::new`], settings, then [`BigCommerce::receive`].
#[derive(Clone, Debug)]
pub struct BigCommerce {
    secrets: Secrets,
    product: ProductKey,
    statuses: Statuses,
    tolerance: TimeDelta,
}

settings! { BigCommerce:
    /// A client secret that was changed signs for a while yet.
    accept;
    /// A host whose clock drifts widens it.
    tolerance;
    /// Without a variant or a stock-keeping unit it is the product.
    product_key;
}

impl BigCommerce {
    /// With the app's client secret: its bytes as they are, not decoded.
    ///
    /// # Errors
    /// [`Refused::EmptySecret`].
    pub fn new(secret: &[u8]) -> Result<Self, Refused> {
        Ok(Self {
            secrets: Secrets::new(secret)?,
            product: ProductKey::default(),
            statuses: Statuses::default(),
            tolerance: TimeDelta::minutes(5),
        })
    }

    /// What an order with this `status_id` counts as; default the table above.
    pub fn status(&mut self, status_id: u32, counts_as: OrderStatus) -> &mut Self {
        self.statuses.set(&status_id.to_string(), counts_as);
        self
    }

    /// Verifies a webhook and reads it; `now` is compared with the time that is signed.
    ///
    /// # Errors
    /// [`Refused`], and nothing has happened.
    pub fn receive(&self, delivery: &Delivery<'_>, now: DateTime<Utc>) -> Result<Received, Refused> {
        delivery.bounded()?;
        let (id, secret) = self.secrets.check_standard(delivery, now, self.tolerance)?;
        let json = json::parse(delivery.body)?;
        let body = Object::of(&json)?;
        let scope = body.need_text("scope")?;
        let answer = thin(scope, body)?;
        Ok(Received::new(scope, secret, answer).of_store(body.text("producer")?).delivered_as(Some(id)))
    }

    /// One order of the V2 API with its lines and coupons: the bodies of `/v2/orders/{id}`,
    /// `/v2/orders/{id}/products` and `/v2/orders/{id}/coupons`, the latter two empty where the shop answers with
    /// nothing (204).
    ///
    /// Money is in `default_currency_code`, in which the shop trades; `currency_code` is what the buyer saw.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`]; paths inside lines and coupons begin with
    /// `products` and `coupons`.
    pub fn order(&self, order: &[u8], products: &[u8], coupons: &[u8]) -> Result<Answer, Refused> {
        [order, products, coupons].into_iter().try_for_each(bounded)?;
        let order = json::parse(order)?;
        let [products, coupons] = [products, coupons].map(|body| if body.is_empty() { b"[]" } else { body });
        let (products, coupons) = (json::parse(products)?, json::parse(coupons)?);
        Ok(Answer::Events(vec![self.snapshot(Object::of(&order)?, &products, &coupons)?]))
    }

    fn snapshot(&self, order: Object<'_>, products: &Json<'_>, coupons: &Json<'_>) -> Read<Event> {
        let currency = order.need_currency("default_currency_code")?;
        let placed_at = needed(order.instant_mail("date_created")?, "date_created")?;
        let lines = named_list(products, "products", |line| self.line(line, currency))?;
        let codes = named_list(coupons, "coupons", |coupon| coupon.need_text("code"))?;
        let snapshot = Snapshot {
            platform: NAME,
            order: order.need_text("id")?,
            placed_at,
            updated_at: order.instant_mail("date_modified")?.unwrap_or(placed_at),
            status: self.order_status(order)?,
            total: order.need_money("total_inc_tax", currency)?,
            lines,
            refunds: Vec::new(),
            who: buyer(order)?,
            found: Found::default(),
            discount_codes: codes,
            url: None,
            referrer: None,
            source: order.text("order_source")?,
        };
        Ok(snapshot.into_event())
    }

    fn order_status(&self, order: Object<'_>) -> Read<OrderStatus> {
        let id = order.need_text("status_id")?;
        if order.flag("is_deleted")? {
            return Ok(OrderStatus::Cancelled);
        }
        Ok(self.statuses.get(id).unwrap_or(match id {
            "0" | "5" | "6" => OrderStatus::Cancelled,
            "2" | "3" | "4" | "8" | "9" | "10" | "11" | "14" => OrderStatus::Paid,
            _ => OrderStatus::Placed,
        }))
    }

    fn line(&self, line: Object<'_>, currency: Currency) -> Read<OrderLine> {
        let product = product(line, self.product, ["product_id", "variant_id", "sku", "id"])?;
        let product = needed(product, "product_id")?;
        let quantity = line.pieces("quantity")?;
        Ok(OrderLine::new(ProductId::from(&*product), quantity, line.need_money("total_inc_tax", currency)?))
    }

    /// One cart of the V3 API: the body of `/v3/carts/{id}`. Each product in it becomes one `add_to_cart`, at the
    /// cart's latest change; an empty cart is [`Ignored::NothingInIt`].
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn cart(&self, cart: &[u8]) -> Result<Answer, Refused> {
        bounded(cart)?;
        let json = json::parse(cart)?;
        let events_of = Object::of(&json)?.object("data", |cart| self.cart_events(cart))?;
        Ok(events(needed(events_of, "data")?))
    }

    fn cart_events(&self, cart: Object<'_>) -> Read<Vec<Event>> {
        let id = cart.need_text("id")?;
        let created_at = cart.instant("created_time")?;
        let at = needed(cart.instant("updated_time")?.or(created_at), "updated_time")?;
        let currency = cart.object("currency", |currency| currency.need_currency("code"))?;
        let mut who = Identifiers::none();
        see(&mut who, IdKind::Cart, Some(id));
        see(&mut who, IdKind::Customer, cart.id("customer_id")?);
        see(&mut who, IdKind::Email, cart.text("email")?);
        let mut items = CartItems::default();
        cart.object("line_items", |lists| {
            // Gift certificates and lines written by hand are no products.
            for list in ["physical_items", "digital_items"] {
                lists.objects(list, |line| {
                    let product = product(line, self.product, ["product_id", "variant_id", "sku", "id"])?;
                    let price = currency.map(|currency| line.money("sale_price", currency)).transpose()?;
                    let product = needed(product, "product_id")?;
                    items.add(&product, line.pieces("quantity")?, price.flatten());
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        Ok(items.into_events(NAME, id, at, &who))
    }

    /// Refunds of the V3 API: the body of `/v3/orders/{id}/payment_actions/refunds`. It names no currency, so the
    /// order's `default_currency_code` is an argument. What a payment provider declined did not move and is taken off.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn refunds(&self, refunds: &[u8], currency: Currency) -> Result<Answer, Refused> {
        bounded(refunds)?;
        let json = json::parse(refunds)?;
        let events_of = |refund: Object<'_>| {
            let (id, order) = (refund.need_text("id")?, refund.need_text("order_id")?);
            let at = needed(refund.instant_mail("created")?, "created")?;
            let total = refund.need_money("total_amount", currency)?;
            let declined = refund.objects("payments", |payment| {
                let is_declined = payment.flag("is_declined")?;
                Ok(payment.money("amount", currency)?.filter(|_| is_declined).map_or(0, Money::minor))
            })?;
            let moved = declined.into_iter().fold(total.minor(), i64::saturating_sub);
            let amount = Money::new(moved.max(0), currency);
            let refund = Event::refund(unversioned(NAME, "refund", id), at, id, order, amount);
            Ok((moved > 0).then(|| refund.into()))
        };
        let found = Object::of(&json)?.objects("data", events_of)?;
        Ok(events(found.into_iter().flatten().collect()))
    }
}

/// What a thin body asks for. The entity is named as `id` in its own events, as `cartId` in those of what is in a
/// cart, as `order_id` and `cart_id` in those of one channel.
fn thin(scope: &str, body: Object<'_>) -> Read<Answer> {
    let id = |fields: &[&str]| {
        let id = body.object("data", |data| {
            let named = fields.iter().map(|field| data.text(field)).collect::<Read<Vec<_>>>()?;
            needed(named.into_iter().flatten().next(), fields[0])
        })?;
        Ok(OrderId::from(needed(id, "data")?))
    };
    let order = |fields: &[&str]| id(fields).map(|order| Answer::Fetch(Fetch::Order(order)));
    let cart = |fields: &[&str]| {
        id(fields).map(|id| Answer::Fetch(Fetch::Cart(Identifier::new(IdKind::Cart, id.as_str()))))
    };
    match of_any_channel(scope) {
        "order/created" | "order/updated" | "order/archived" | "order/statusUpdated" => {
            order(&["id", "order_id"])
        }
        "order/refund/created" => id(&["id", "order_id"]).map(|order| Answer::Fetch(Fetch::Refunds(order))),
        "cart/converted" => order(&["orderId", "order_id"]),
        "cart/created" | "cart/updated" => cart(&["id", "cart_id"]),
        "cart/couponApplied" => cart(&["cartId", "cart_id", "id"]),
        "cart/lineItem/created"
        | "cart/lineItem/updated"
        | "cart/lineItem/deleted"
        | "cart/lineItems/created"
        | "cart/lineItems/updated"
        | "cart/lineItems/deleted" => cart(&["cartId", "cart_id"]),
        _ => Ok(Answer::Ignored(Ignored::Topic)),
    }
}

/// `order/created` of `store/order/created` and of `store/channel/1/order/created`.
fn of_any_channel(scope: &str) -> &str {
    let event = scope.strip_prefix("store/").unwrap_or_default();
    let of_channel = event.strip_prefix("channel/").and_then(|rest| rest.split_once('/'));
    of_channel.map_or(event, |(_, event)| event)
}

/// A body that is a list, whose errors begin with `name`.
fn named_list<'a, T>(
    body: &'a Json<'a>,
    name: &str,
    read: impl FnMut(Object<'a>) -> Read<T>,
) -> Read<Vec<T>> {
    let Json::List(items) = body else {
        return fail(name, format!("expected a list, found {}", body.name()));
    };
    within(each(items, read), || name.to_owned())
}

fn buyer(order: Object<'_>) -> Read<Identifiers> {
    let mut who = Identifiers::none();
    see(&mut who, IdKind::Cart, order.text("cart_id")?);
    see(&mut who, IdKind::Customer, order.id("customer_id")?);
    order.object("billing_address", |billing| {
        see(&mut who, IdKind::Email, billing.text("email")?);
        see(&mut who, IdKind::Phone, billing.text("phone")?);
        Ok(())
    })?;
    Ok(who)
}
