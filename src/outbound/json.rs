//! Writing JSON: texts escaped, numbers by their digits, which serde's data model cannot carry.

/// One object while it is written.
#[derive(Debug, Default)]
pub(super) struct Object(String);

impl Object {
    pub(super) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.raw(name, &quoted(value))
    }

    /// A value that is JSON already.
    pub(super) fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self.0.push_str(json);
        self
    }

    pub(super) fn done(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('{');
        }
        self.0.push('}');
        self.0
    }
}

/// A list of values that are JSON already.
pub(super) fn list(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

/// A text in quotes (RFC 8259).
fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for symbol in text.chars() {
        match symbol {
            '"' | '\\' => json.extend(['\\', symbol]),
            '\0'..='\u{1F}' => json.push_str(&format!("\\u{:04x}", u32::from(symbol))),
            _ => json.push(symbol),
        }
    }
    json.push('"');
    json
}
