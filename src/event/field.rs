//! The names of fields that a line of the event log may have.

/// What is read from a field, whichever kind of event has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Text, a number or a flag.
    Plain,
    /// A list of texts.
    Texts,
    /// A list of objects.
    Objects,
}

macro_rules! fields {
    ($($field:ident $name:literal)*) => {
        /// A field that clinch knows, of any kind of event and of the objects inside one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Field {
            $(#[doc = $name] $field,)*
        }

        impl Field {
            const ALL: [Self; [$($name),*].len()] = [$(Self::$field),*];

            const NAMES: [&'static str; COUNT] = [$($name),*];

            /// Its name in the log.
            #[inline]
            pub(super) const fn name(self) -> &'static str {
                Self::NAMES[self as usize]
            }
        }
    };
}

fields! {
    Id "id" At "at" Kind "kind"
    Checkout "checkout" Cart "cart" Conversation "conversation" Visitor "visitor" Phone "phone" Email "email"
    Customer "customer" Channel "channel" Turn "turn" Text "text" Query "query" Topic "topic" Intent "intent"
    Flow "flow" ProductType "product_type" Language "language" Products "products" Cost "cost"
    CostCurrency "cost_currency" Privacy "privacy"
    Url "url" Code "code" Product "product" Referrer "referrer" Quantity "quantity" Price "price"
    Currency "currency" DiscountCode "discount_code" Helpful "helpful" Order "order" Total "total"
    UpdatedAt "updated_at" Status "status" Lines "lines" Codes "codes" DiscountCodes "discount_codes"
    Refunds "refunds" Refund "refund" Amount "amount" Goal "goal" Value "value" Purpose "purpose"
    Granted "granted" Of "of" From "from" Into "into"
}

/// How many fields there are.
pub(super) const COUNT: usize = Field::ALL.len();

/// Some of the fields, a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldSet(u64);

const _: () = assert!(COUNT <= u64::BITS as usize);

impl FieldSet {
    #[inline]
    pub(super) const fn with(self, field: Field) -> Self {
        Self(self.0 | 1 << field as u8)
    }

    #[inline]
    pub(super) const fn without(self, field: Field) -> Self {
        Self(self.0 & !(1 << field as u8))
    }

    #[inline]
    pub(super) const fn has(self, field: Field) -> bool {
        self.0 >> field as u8 & 1 == 1
    }
}

/// Where a name stands in [`TABLE`]: a different place for each known name, found by trial. A name is looked for
/// once per field of every line, where one comparison instead of twenty is a quarter of the time.
const fn place(name: &[u8]) -> usize {
    let middle = name[name.len() / 2].wrapping_mul(23);
    name[0].wrapping_mul(4).wrapping_add(middle).wrapping_add(name[name.len() - 1]) as usize
}

const TABLE: [Option<Field>; 256] = {
    let mut table = [None; 256];
    let mut next = 0;
    while next < COUNT {
        let at = place(Field::ALL[next].name().as_bytes());
        assert!(table[at].is_none(), "two names at one place");
        table[at] = Some(Field::ALL[next]);
        next += 1;
    }
    table
};

impl Field {
    /// The field of this name, if one is known.
    #[inline]
    pub(super) fn named(name: &str) -> Option<Self> {
        if name.is_empty() {
            return None;
        }
        TABLE[place(name.as_bytes())].filter(|field| field.name() == name)
    }

    #[inline]
    pub(super) fn shape(self) -> Shape {
        match self {
            Self::Products | Self::Codes | Self::DiscountCodes => Shape::Texts,
            Self::Lines | Self::Refunds => Shape::Objects,
            _ => Shape::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        for field in Field::ALL {
            assert_eq!(Field::named(field.name()), Some(field));
            assert_eq!(Field::named(&field.name().to_uppercase()), None);
            assert_eq!(Field::named(&format!("{}_", field.name())), None);
        }
        for name in ["", "x", "ids", "i", "\u{0}", "größe"] {
            assert_eq!(Field::named(name), None, "{name}");
        }
    }
}
