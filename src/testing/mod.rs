//! For integrators' own tests (feature `testing`): facts to try things on, with no clock and no random source.
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

mod random;
mod shop;

pub use shop::{Shop, ShopConfig, Truth};
