//! Closed lists of names: a choice reads and prints as its stable name.

/// Defines a choice: variant and stable name; `Display` and serde use the name.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident: $($(#[$vdoc:meta])* $variant:ident $text:literal;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// All choices.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its stable name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::Error;

            fn from_str(text: &str) -> crate::Result<Self> {
                let named = Self::ALL.iter().copied().find(|choice| choice.name() == text);
                named.ok_or_else(|| {
                    let what = stringify!($name);
                    let names = Self::ALL.iter().map(|choice| choice.name()).collect();
                    crate::ErrorKind::UnknownName { what, found: text.to_owned(), names }.into()
                })
            }
        }
    };
}
pub(crate) use choice;
