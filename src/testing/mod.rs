//! For integrators' own tests (feature `testing`): facts to try things on, with no clock and no random source.
//!
//! A [`Scenario`] is a story in verbs and what is expected of it. [`stories`] has some ready-made.
//!
//! ```
//! use clinch::testing::Scenario;
//!
//! let mut shop = Scenario::new();
//! shop.visitor("v9").asks("t1", "availability").after("2d").orders("1001", "59.90 EUR");
//! shop.assert_credit("linear", "t1", "59.90");
//! shop.after("7d").refunds("1001", "10.00 EUR");
//! shop.assert_credit("linear", "t1", "49.90");
//! ```
//!
//! [`Shop::generate`] makes a whole shop from a seed, with the truth per order beside the events:
//!
//! ```
//! use clinch::testing::{Shop, ShopConfig};
//!
//! let config = ShopConfig { seed: 7, shoppers: 20, ..ShopConfig::default() };
//! let shop = Shop::generate(&config);
//! assert_eq!(shop, Shop::generate(&config));
//!
//! // What a host would have received: late, shuffled, and some of it twice.
//! let delivered = shop.deliveries(7);
//! assert!(delivered.len() >= shop.events.len());
//!
//! // Some orders have one possible cause only; there every model must say the same.
//! assert!(shop.truth.iter().any(|truth| truth.single_cause && truth.turn.is_some()));
//! ```

mod assertions;
mod random;
mod scenario;
mod shop;
pub mod stories;
mod trial;

pub use assertions::assert_books_balance;
pub use scenario::{Scenario, instant, money};
pub use shop::{Shop, ShopConfig, Truth};
pub use trial::{Trial, TrialConfig};
