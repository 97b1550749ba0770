//! Ready-made stories: what attribution has to get right in a real shop, to run one's own code on.
//!
//! Each starts at [`Scenario::START`], states its ids, and can be told on.
//!
//! ```
//! let mut shop = clinch::testing::stories::shared_device();
//! shop.assert_path("1002", &["t2"]).assert_books();
//! ```

use crate::testing::Scenario;

/// Visitor `v9` asks `t1` about availability and orders `1001` for 59.90 EUR two days later.
pub fn one_question() -> Scenario {
    let mut shop = Scenario::new();
    shop.visitor("v9").asks("t1", "availability").after("2d").orders("1001", "59.90 EUR");
    shop
}

/// Customers `k1` and `k2` use one tablet: `t1` and `t2` are theirs, `t3` is asked there without a login.
///
/// Both order, `1001` and `1002`, for 40.00 EUR each. `t3` belongs to neither.
pub fn shared_device() -> Scenario {
    let mut shop = Scenario::new();
    shop.visitor("tablet").logs_in("k1").asks("t1", "sizes").after("1h");
    shop.visitor("tablet").logs_in("k2").asks("t2", "colours").after("1h");
    shop.visitor("tablet").asks("t3", "delivery").after("1d");
    shop.customer("k1").orders("1001", "40.00 EUR");
    shop.customer("k2").orders("1002", "40.00 EUR");
    shop
}

/// A visitor asks `t1` and gets a link; the link's code comes in with order `1001` of somebody else, 80.00 EUR.
///
/// Nothing but the code leads from the order to the turn.
pub fn code_on_another_device() -> Scenario {
    let mut shop = Scenario::new();
    shop.visitor("phone").asks("t1", "gifts").gets_link("t1", "7zk3q9t4").after("3h");
    shop.visitor("laptop").orders_with("1001", "80.00 EUR", |order| order.code("7zk3q9t4"));
    shop
}

/// The same with a discount code: offered after `t1`, used on order `1001` of 45.00 EUR by a guest.
pub fn discount_code_of_a_guest() -> Scenario {
    let mut shop = Scenario::new();
    shop.visitor("phone").asks("t1", "price").is_offered("t1", "SAVE5-XK2").after("3h");
    shop.visitor("laptop").orders_with("1001", "45.00 EUR", |order| order.discount_code("SAVE5-XK2"));
    shop
}

/// A refund of 10.00 EUR arrives before its order `1001` of 59.90 EUR does; `t1` is the cause.
pub fn refund_before_order() -> Scenario {
    let mut shop = Scenario::new();
    shop.visitor("v9").asks("t1", "availability").after("9d").refunds("1001", "10.00 EUR");
    shop.at("2026-03-04T09:00:00Z").orders("1001", "59.90 EUR").at("2026-03-12T09:00:00Z");
    shop
}

/// `t1` sells order `1001` of 30.00 EUR; `t2` asks where it is, which sells nothing; then order `1002`, 20.00 EUR.
pub fn support_question() -> Scenario {
    let mut shop = Scenario::new();
    shop.customer("k4").asks("t1", "availability").after("1h").orders("1001", "30.00 EUR").after("3d");
    shop.asks_with("t2", |query| query.topic("parcel").intent("order_status")).after("1h");
    shop.orders("1002", "20.00 EUR");
    shop
}

/// Anonymous `t1` on the phone and `t2` on the laptop, then customer `k4` logs in on both and orders `1001`,
/// 60.00 EUR.
pub fn anonymous_first_known_later() -> Scenario {
    let mut shop = Scenario::new();
    shop.visitor("phone").asks("t1", "sizes").after("1d");
    shop.visitor("laptop").asks("t2", "delivery").after("1h").logs_in("k4").after("1h");
    shop.visitor("phone").logs_in("k4").after("1h").orders("1001", "60.00 EUR");
    shop
}

/// `k4` asks `t1`, orders `1001` for 25.00 EUR, and refuses analytics afterwards: the order is unattributed.
pub fn consent_refused_later() -> Scenario {
    let mut shop = Scenario::new();
    shop.customer("k4")
        .asks("t1", "sizes")
        .after("1h")
        .orders("1001", "25.00 EUR")
        .after("1h")
        .consents(false);
    shop
}

/// `t1` lies a nanosecond more than 30 days before order `1001` of 10.00 EUR, `t2` exactly 30 days.
pub fn edge_of_the_window() -> Scenario {
    let mut shop = Scenario::new();
    shop.customer("k4").asks("t1", "sizes").after("1ns").asks("t2", "colours").after("30d");
    shop.orders("1001", "10.00 EUR");
    shop
}

/// `t1` sells two orders in two currencies, `1001` for 59.90 EUR and `1002` for 12000 JPY.
pub fn two_currencies() -> Scenario {
    let mut shop = Scenario::new();
    shop.customer("k4").asks("t1", "gifts").after("1h").orders("1001", "59.90 EUR");
    shop.after("1h").orders("1002", "12000 JPY");
    shop
}

/// Order `1001` of 30.00 EUR after `t1` is edited to 45.00 EUR and then cancelled.
pub fn edited_and_cancelled() -> Scenario {
    let mut shop = Scenario::new();
    shop.customer("k4").asks("t1", "sizes").after("1h").orders("1001", "30.00 EUR");
    shop.after("1h").orders("1001", "45.00 EUR").after("1h").cancels("1001");
    shop
}

/// Order `1001` of 15.00 EUR comes first and question `t1` an hour later: nothing earned it.
pub fn order_before_any_turn() -> Scenario {
    let mut shop = Scenario::new();
    shop.customer("k4").orders("1001", "15.00 EUR").after("1h").asks("t1", "care");
    shop
}
