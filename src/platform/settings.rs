//! The settings that several platforms have, each written once.

/// Gives a platform setters of these names, over fields of the same meaning. What a platform adds to the words that
/// are the same for all stands before the name.
macro_rules! settings {
    ($shop:ident: $($(#[$doc:meta])* $name:ident;)*) => {
        impl $shop {
            $(crate::platform::settings::settings! { @ $name $(#[$doc])* })*
        }
    };
    (@ accept $(#[$doc:meta])*) => {
        /// Also accepts another secret; default none.
        ///
        $(#[$doc])*
        ///
        /// # Errors
        /// [`Refused::EmptySecret`](crate::platform::Refused::EmptySecret).
        pub fn accept(&mut self, secret: &[u8]) -> Result<&mut Self, crate::platform::Refused> {
            self.secrets.accept(secret)?;
            Ok(self)
        }
    };
    (@ tolerance $(#[$doc:meta])*) => {
        /// How far the signed time may lie from `now`, on either side, the ends included; default 5 minutes.
        ///
        $(#[$doc])*
        pub fn tolerance(&mut self, tolerance: chrono::TimeDelta) -> &mut Self {
            self.tolerance = tolerance;
            self
        }
    };
    (@ carriers $(#[$doc:meta])*) => {
        /// Where codes and chat ids ride; default [`Carriers::default`](crate::platform::Carriers::default).
        ///
        $(#[$doc])*
        pub fn carriers(&mut self, carriers: crate::platform::Carriers) -> &mut Self {
            self.carriers = carriers;
            self
        }
    };
    (@ product_key $(#[$doc:meta])*) => {
        /// Which id is the product's; default [`ProductKey::Product`](crate::platform::ProductKey::Product).
        ///
        $(#[$doc])*
        pub fn product_key(&mut self, key: crate::platform::ProductKey) -> &mut Self {
            self.product = key;
            self
        }
    };
    (@ currency $(#[$doc:meta])*) => {
        /// The currency of amounts whose body names none; default none.
        ///
        $(#[$doc])*
        pub fn currency(&mut self, currency: crate::Currency) -> &mut Self {
            self.currency = Some(currency);
            self
        }
    };
    (@ status $(#[$doc:meta])*) => {
        /// What an order in this state counts as.
        ///
        $(#[$doc])*
        pub fn status(&mut self, status: &str, counts_as: crate::OrderStatus) -> &mut Self {
            self.statuses.set(status, counts_as);
            self
        }
    };
}
pub(super) use settings;
