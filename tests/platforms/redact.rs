//! Privacy requests of a platform carried through: redacted, then delivered again.

use clinch::platform::{Answer, Privacy};
use clinch::{Event, Key, Question, Subject, Tracker, Who};
use serde_json::json;

use crate::shopify::shop;
use crate::{at, bytes, events, json, now};

/// What a host does with a request.
fn subject(answer: Answer) -> (Subject, bool) {
    let (who, orders, erases) = match answer {
        Answer::Privacy(Privacy::Erase { who, orders }) => (who, orders, true),
        Answer::Privacy(Privacy::Export { who, orders }) => (who, orders, false),
        other => panic!("no request: {other:?}"),
    };
    (orders.into_iter().fold(Subject::from(who), Subject::order), erases)
}

fn request(topic: &str) -> (Subject, bool) {
    let body = json!({
        "shop_domain": "a.myshopify.com",
        "customer": {"id": 207_119_551, "email": "bob.norman@hostmail.com", "phone": "+13125551212"},
        "orders_requested": [450_789_469], "orders_to_redact": [450_789_469],
    });
    subject(shop().read(topic, &bytes(&body), now()).unwrap())
}

#[test]
fn a_redacted_customer_does_not_come_back_with_the_next_webhook_and_totals_stay() {
    let order = bytes(&json("shopify/order.json")["order"]);
    let deliver = |topic: &str| events(shop().read(topic, &order, now()));
    let turn: Event = Event::query(
        "t1",
        at("2008-01-10T10:00:00-05:00"),
        Who::visitor("v9").email("bob.norman@hostmail.com"),
    )
    .topic("availability")
    .into();
    let mut tracker = Tracker::new(Key::new([5; 16]));
    tracker.extend(deliver("orders/create").into_iter().chain([turn.clone()])).unwrap();
    let question = Question::new(now());
    let totals = |tracker: &Tracker| {
        let report = tracker.report(&question).unwrap();
        let totals = &report.totals[0];
        (totals.value.clone(), totals.conversions, totals.erased.count)
    };
    assert_eq!(totals(&tracker), ("409.94".to_owned(), 1, 0));

    let (whose, erases) = request("customers/data_request");
    let export = tracker.export(whose, &question).unwrap();
    assert!(
        !erases
            && export.events.len() == 2
            && export.receipts[0].models.iter().any(|model| !model.credits.is_empty())
    );

    let (whose, erases) = request("customers/redact");
    assert!(erases);
    let erased = tracker.erase(whose.clone(), now()).unwrap();
    assert_eq!((erased.facts["order"], erased.facts["query"], erased.orders), (1, 1, 1));
    let gone = tracker.clone();
    for topic in ["orders/create", "orders/paid", "orders/updated", "orders/create"] {
        assert_eq!(tracker.extend(deliver(topic)).unwrap().new, 0, "{topic}");
    }
    assert_eq!(tracker.extend([turn]).unwrap().new, 0);
    assert!(tracker == gone);
    assert_eq!(totals(&tracker), ("409.94".to_owned(), 1, 1));
    assert!(tracker.export(whose, &question).unwrap().is_empty());
    let mut written = Vec::new();
    tracker.snapshot(&mut written).unwrap();
    let shown =
        format!("{}{tracker:?}{}", tracker.report(&question).unwrap(), String::from_utf8_lossy(&written));
    for left in
        ["bob", "hostmail", "207119551", "450789469", "68778783ad298f1c80c3bafcddeea02f", "availability"]
    {
        assert!(!shown.contains(left), "{left}");
    }
}

#[test]
fn a_merge_of_customers_that_failed_changes_nothing() {
    let turn = |id: &str, whose: &str| -> Event {
        Event::query(id.to_owned(), at("2026-03-01T10:00:00Z"), Who::customer(whose)).topic("size").into()
    };
    let mut tracker = Tracker::new(Key::new([5; 16]));
    tracker.extend([turn("t1", "1"), turn("t2", "2")]).unwrap();
    let before = tracker.clone();
    let merge = |status: &str| {
        let body = json!({
            "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
            "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2",
            "status": status, "errors": [],
        });
        shop().read("customers/merge", &bytes(&body), at("2026-03-02T00:00:00Z")).unwrap()
    };
    assert!(matches!(merge("failed"), Answer::Ignored(_)), "{:?}", merge("failed"));
    assert!(tracker == before);
    let one = clinch::Identifier::new(clinch::IdKind::Customer, "1");
    let question = Question::new(now());
    assert_eq!(tracker.export(one.clone(), &question).unwrap().events.len(), 1);
    tracker.extend(events(Ok(merge("completed")))).unwrap();
    assert_eq!(tracker.export(one, &question).unwrap().events.len(), 3);
}
