//! Customers: who they are, who were joined, whose data is asked for.

use chrono::{DateTime, Utc};

use super::NAME;
use crate::event::Event;
use crate::id::{IdKind, Identifiers};
use crate::platform::read::{Object, Read, fail, see, text, within};
use crate::platform::table::{veiled, versioned};
use crate::platform::{Answer, Ignored};
use crate::text::OrderId;

/// E-mail and phone of an object.
pub(super) fn contact(from: Object<'_>, who: &mut Identifiers) -> Read<()> {
    let typed = from.text("contact_email")?;
    see(who, IdKind::Email, from.text("email")?.or(typed));
    see(who, IdKind::Phone, from.text("phone")?);
    Ok(())
}

/// The identifiers of a customer record.
pub(super) fn customer_of(customer: Object<'_>) -> Read<Identifiers> {
    let mut who = Identifiers::none();
    see(&mut who, IdKind::Customer, customer.id("id")?);
    contact(customer, &mut who)?;
    Ok(who)
}

/// A customer record that ties several identifiers together; one without dates is as new as its delivery.
pub(super) fn customer(customer: Object<'_>, now: DateTime<Utc>) -> Read<Vec<Event>> {
    let id = customer.need_text("id")?;
    let at = customer.instant("updated_at")?.or(customer.instant("created_at")?).unwrap_or(now);
    let who = customer_of(customer)?;
    let event = Event::identify(versioned(NAME, "customer", &veiled(id), at), at, who);
    Ok((event.who().len() > 1).then(|| event.into()).into_iter().collect())
}

/// Two customers made one; the body has no date.
pub(super) fn merge(merge: Object<'_>, at: DateTime<Utc>) -> Read<Answer> {
    let from = global_id(merge, "admin_graphql_api_customer_deleted_id")?;
    let into = global_id(merge, "admin_graphql_api_customer_kept_id")?;
    let status = merge.need_text("status")?.to_ascii_lowercase();
    let is_done = matches!(&*status, "completed" | "success") && merge.list("errors")?.is_empty();
    if !is_done {
        return Ok(Answer::Ignored(Ignored::MergeFailed));
    }
    let id = format!("{NAME}:merge:{}:{}", veiled(from), veiled(into));
    Ok(Answer::Events(vec![Event::customer_merged(id, at, from, into).into()]))
}

/// The last part of `gid://shopify/Customer/1`, which is the id in all other payloads.
fn global_id<'a>(from: Object<'a>, field: &str) -> Read<&'a str> {
    let text = from.need_text(field)?;
    let id = text.strip_prefix("gid://shopify/Customer/").unwrap_or(text);
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    if is_id { Ok(id) } else { fail(field, "not the id of a customer") }
}

/// Whose data a privacy request is about, and which orders; a guest's request may name orders only.
pub(super) fn request(body: Object<'_>, orders: &str) -> Read<(Identifiers, Vec<OrderId>)> {
    let who = body.object("customer", customer_of)?.unwrap_or_else(Identifiers::none);
    let named = body.list(orders)?.iter().enumerate();
    let orders =
        named.map(|(place, id)| within(text(id, ""), || format!("{orders}[{place}]")).map(OrderId::from));
    let orders = orders.collect::<Read<Vec<_>>>()?;
    if who.is_empty() && orders.is_empty() { fail("customer", "names nobody") } else { Ok((who, orders)) }
}
