//! What the shop sells, what its shoppers ask, and where visits come from.

/// Something on sale.
pub(super) struct Product {
    pub id: &'static str,
    pub product_type: &'static str,
    /// Price of one piece in minor units of whatever currency the shopper pays in: 59.90 EUR, 5990 JPY, 5.990 KWD.
    pub price: i64,
}

/// A question that shoppers ask.
pub(super) struct Question {
    pub query: &'static str,
    pub topic: &'static str,
    pub intent: &'static str,
    /// The scripted path that answers it; empty where the answer is free.
    pub flow: &'static str,
}

/// A place that visits come from: the tags on the landing page, and the page before it. Empty is none.
pub(super) struct Source {
    pub tags: &'static str,
    pub referrer: &'static str,
}

const fn product(id: &'static str, product_type: &'static str, price: i64) -> Product {
    Product { id, product_type, price }
}

const fn ask(query: &'static str, topic: &'static str, intent: &'static str, flow: &'static str) -> Question {
    Question { query, topic, intent, flow }
}

pub(super) const PRODUCTS: [Product; 24] = [
    product("p-runner-blue", "shoes", 8990),
    product("p-runner-red", "shoes", 8990),
    product("p-trail", "shoes", 12950),
    product("p-sandal", "shoes", 3999),
    product("p-boot", "shoes", 14900),
    product("p-tee", "shirts", 1995),
    product("p-polo", "shirts", 3450),
    product("p-linen", "shirts", 5990),
    product("p-oxford", "shirts", 6490),
    product("p-parka", "jackets", 19900),
    product("p-shell", "jackets", 15999),
    product("p-fleece", "jackets", 7495),
    product("p-daypack", "bags", 6900),
    product("p-tote", "bags", 2450),
    product("p-duffel", "bags", 9900),
    product("p-belt", "accessories", 2999),
    product("p-cap", "accessories", 1799),
    product("p-scarf", "accessories", 2499),
    product("p-gloves", "accessories", 2295),
    product("p-socks", "accessories", 899),
    product("p-jeans", "trousers", 7990),
    product("p-chino", "trousers", 5999),
    product("p-shorts", "trousers", 3495),
    product("p-leggings", "trousers", 4450),
];

pub(super) const QUESTIONS: [Question; 20] = [
    ask("have this in blue", "availability", "product_question", ""),
    ask("is it in stock", "availability", "product_question", ""),
    ask("when is it back in stock", "availability", "product_question", "restock_alert"),
    ask("which size fits me", "sizing", "product_question", "size_finder"),
    ask("does it run small", "sizing", "product_question", "size_finder"),
    ask("what is it made of", "material", "product_question", ""),
    ask("is it waterproof", "material", "product_question", ""),
    ask("how do i wash it", "care", "product_question", ""),
    ask("what goes well with this", "style", "recommendation_request", "outfit_builder"),
    ask("a gift for my father", "gifts", "recommendation_request", "gift_finder"),
    ask("something warm for a trip", "style", "recommendation_request", "outfit_builder"),
    ask("which bag for a laptop", "style", "recommendation_request", ""),
    ask("runner or trail shoe", "comparison", "comparison", ""),
    ask("is the parka worth more than the shell", "comparison", "comparison", ""),
    ask("is there a discount", "price", "discount_question", "discount"),
    ask("do students pay less", "price", "discount_question", "discount"),
    ask("how long does shipping take", "shipping", "shipping_question", ""),
    ask("do you ship abroad", "shipping", "shipping_question", ""),
    ask("can i pay in parts", "payment", "payment_question", ""),
    ask("do you take gift cards", "payment", "payment_question", ""),
];

/// Asked after an order; their intents are on the list of those that earn nothing.
pub(super) const SUPPORT: [Question; 4] = [
    ask("where is my parcel", "delivery", "order_status", "track_order"),
    ask("has my order left", "delivery", "order_status", "track_order"),
    ask("how do i send it back", "returns", "returns", "return_label"),
    ask("can i change it for a larger one", "returns", "returns", "return_label"),
];

pub(super) const SOURCES: [Source; 8] = [
    Source { tags: "utm_source=google&utm_medium=cpc&utm_campaign=spring", referrer: "" },
    Source { tags: "utm_source=newsletter&utm_medium=email&utm_campaign=week_12", referrer: "" },
    Source { tags: "utm_source=instagram&utm_medium=paid_social&utm_campaign=spring", referrer: "" },
    Source { tags: "utm_source=partner&utm_medium=affiliate", referrer: "https://blog.example.org/" },
    Source { tags: "", referrer: "https://www.google.com/" },
    Source { tags: "", referrer: "https://duckduckgo.com/" },
    Source { tags: "", referrer: "https://www.facebook.com/" },
    Source { tags: "", referrer: "" },
];

pub(super) const CHANNELS: [&str; 5] = ["web", "whatsapp", "instagram", "telegram", "email"];
