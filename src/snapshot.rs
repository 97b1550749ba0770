//! The bytes of a snapshot: a form that any language can read and write.
//!
//! [`Tracker::snapshot`](crate::Tracker::snapshot) writes it and [`Tracker::restore`](crate::Tracker::restore) reads
//! it. This is version [`MAJOR`].[`MINOR`].
//!
//! It is *canonical*: one set of facts under one key has exactly one snapshot, so that two are the same set if and only
//! if they are the same bytes. Nothing in it depends on the order in which facts came. A reader refuses whatever a
//! writer would not have written.
//!
//! # Versions
//!
//! A newer minor version adds sections and changes none; facts that say something new stand in such a section. Its
//! writer gives the lowest minor version that knows all sections that are there. A reader keeps sections that it does
//! not know and writes them back at their place; in a snapshot that gives the reader's own minor version or a lower
//! one they are damage. Everything else is a new major version. The first 40 bytes keep their form in all versions.
//!
//! # Blocks
//!
//! Numbers of fixed size are unsigned, the least byte first. The head:
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 8 | `93 63 6c 69 6e 63 68 0a`, which is `\x93clinch\n` |
//! | 8 | 2 | major version |
//! | 10 | 2 | minor version |
//! | 12 | 4 | flags: 1 if ids of events, orders and refunds are pseudonyms (`Limits::hash_ids`); all others 0 |
//! | 16 | 16 | key check: the pseudonym, the least byte first, of SipHash-2-4-128 over the single byte 121 (`Key`) |
//! | 32 | 8 | checksum |
//!
//! Then blocks up to the end, each of a head of 16 bytes, a payload and the checksum:
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 2 | section that it is part of |
//! | 2 | 2 | flags: 1 in the last block of a section; all others 0 |
//! | 4 | 4 | n, bytes of payload: 65,536, in the last block of a section 1 to 65,536 |
//! | 8 | 8 | checksum |
//! | 16 | n | payload |
//! | 16 + n | 8 | checksum |
//!
//! The checksum is CRC-64/XZ (polynomial `42f0e1eba9ea3693` of ECMA-182, reflected, begun with and finished by all
//! ones; of `123456789` it is `995dc9bbdf1939fa`). Each one is that of *all* bytes from the first one of the file to
//! where it stands, other checksums left out. So the last one names the whole file, and a block of another snapshot
//! does not fit. A CRC sees every change of a single bit, and of up to 64 bits in a row, always; lengths have a
//! checksum of their own before they are used; and a snapshot ends with a section of its own. That is why a flipped bit
//! or a missing end never goes unseen. Other damage does once in 2^64. A checksum is no signature: who can write the
//! file can write another one.
//!
//! Sections stand by number, each at most once; one without a byte is left out. The payloads of a section's blocks
//! follow each other without a gap.
//!
//! | number | section |
//! |---|---|
//! | 5 | gone |
//! | 10 | texts |
//! | 20 | contents |
//! | 30 | shoppers |
//! | 40 | orders |
//! | 65535 | end |
//!
//! # Items
//!
//! | item | bytes |
//! |---|---|
//! | *byte* | one |
//! | *number* | seven bits a byte, the least first, the highest bit set in all but the last; no more bytes than needed; below 2^64 |
//! | *signed* | the number 2n for n >= 0 and -2n - 1 for n < 0 |
//! | *text* | the number of its place among the texts, from 0 |
//! | *text?* | the number 0 for none, else the text's place + 1 |
//! | *list of x* | the number of them, then each |
//! | *money* | three letters of ISO 4217, then the *amount*: the number of minor units, below 2^63 |
//! | *money?* | the byte 0 for none, or the byte 1 and the money |
//! | *id* | the number of its bytes and these, in UTF-8; where ids are pseudonyms, without a number, 8 bytes for an event and a turn and 16 for an order and a refund, as their hexadecimal digits read |
//! | *time* | the number 4s + u for so many seconds s and a unit u; then for u > 0 the number of units: u = 0 none, 1 milliseconds, 2 microseconds, 3 nanoseconds, always the largest that will do |
//! | *instant* | a time whose seconds are those since 1970 as a signed number would have them |
//! | *left out* | the byte of placeholders among the identifiers; then the byte of how many reasons follow; then for each, in order, its byte and the byte of how many fields, at least 1 |
//!
//! Reasons are 0 `identifier_in_field`, 1 `above_privacy_level`, 2 `question_too_long`. An event id and a turn are as
//! long as `Limits` allow; ids but for a turn are not empty.
//!
//! # Gone
//!
//! What was erased or has become too old, if anything was. An *instant?* is the byte 0 for none, or the byte 1 and the
//! instant; a *map of x* is the number of entries, each 16 bytes of a pseudonym, *the highest byte first*, and x, by
//! pseudonym. In this order:
//!
//! 1. up to before which instants texts of questions, touchpoints, and orders are not kept: each an *instant?*;
//! 2. up to which instant everything was erased: *instant?*;
//! 3. tombstones of identifiers: a *map of* two *instant?*, up to which all events are refused, and touchpoints alone;
//! 4. tombstones of sets of identifiers that others share, the same;
//! 5. facts of others that spoke of somebody erased: a *map of* an *instant?*, when that was, and the *number* whose bits
//!    are the fields taken out;
//! 6. stand-ins of erased customers on shared devices: a *map of* an *instant*;
//! 7. erased orders: a *map of* the byte 1 if their money went too, else 0; three *instant?*, when it was erased, the
//!    latest of anything told of it, the earliest of any version; the byte 0, or the byte 1 and the version that holds:
//!    since when (*instant*), the byte 1, total *money*, when it was changed (*instant?*), the byte of its status; then
//!    a *map of* refunds, each since when (*instant*), the byte 1, *money*.
//!
//! No fact stands in a snapshot that what is gone would refuse.
//!
//! # Texts
//!
//! Every label, product, code and question that the other sections name, each once, in the order of their bytes. Each
//! is the number of bytes that it begins with like the one before (as many as it can), the number of bytes that
//! follow, and these.
//!
//! # Contents
//!
//! What the facts say that are no orders and no refunds, apart from when and by whom, each once, in the order of the
//! bytes that follow. Each is the byte of its kind, *left out*, the channel (*text?*), and:
//!
//! | kind | |
//! |---|---|
//! | 0 `consent` | byte of the purpose (0 analytics, 1 marketing, 2 preferences, 3 sale_or_sharing), byte 1 if granted, else 0 |
//! | 1 `identify` | - |
//! | 2 `customer_merged` | - |
//! | 3 `claim_withdrawn` | bytes of the kinds of the two identifiers, in order |
//! | 4 `visit` | code *text?* |
//! | 5 `query` | text, query, topic, intent, flow, product type, language: each *text?*; *list of text* of products; cost *money?* |
//! | 6 `recommendation` | *list of text* of products |
//! | 7 `link_shared`, 10 `link_click` | code *text?*, product *text?* |
//! | 8 `discount_request`, 9 `discount_offer` | discount code *text?* |
//! | 11 `add_to_cart`, 12 `remove_from_cart` | product *text*, quantity *number*, price *money?* |
//! | 13 `checkout_started` | - |
//! | 14 `feedback` | byte 1 if helpful, else 0 |
//! | 15 `goal` | goal *text*, value *money?* |
//!
//! # Shoppers
//!
//! The number of facts that name nobody (identifiers that were placeholders), then these facts; then shoppers up to the
//! end. A shopper is identifiers that facts join, directly or through others, with these facts:
//!
//! 1. the number of identifiers; each is the byte of its kind (0 checkout, 1 cart, 2 conversation, 3 visitor, 4 phone,
//!    5 email, 6 customer) and 16 bytes of its pseudonym, *the highest byte first*; by pseudonym;
//! 2. a list of sets, those that a fact names together; each is a *list of number*, the places of identifiers from 0,
//!    narrow to broad (for `customer_merged` from and into; for `claim_withdrawn` as in its content; an `identify` that
//!    an erasure left in place of others may name several of a kind); by these
//!    numbers;
//! 3. the number of facts, then these.
//!
//! Shoppers stand by the second of their first fact, those without a fact here first; then by their first pseudonym.
//! Handles are numbered through all shoppers from 1, of each shopper identifiers first and then sets; 0 is nobody.
//!
//! A fact is its instant (of the first one an *instant*, of others a *time* whose seconds are those since the one
//! before); the number 2c + t of its content's place c, t being 1 if it names a turn; the number of its handle, that of
//! the shopper's first one taken off (left out where nobody is named); its id; the turn's id if there is one. Facts
//! stand by instant, kind, id in bytes, content, handle and turn (none first).
//!
//! # Orders
//!
//! By the instant of their first fact, then by id in bytes. Each is its id and the number of facts about it, then these.
//! A fact is a byte (1 for a refund, and 2 if it names a turn), an instant, its id, the turn's id if there is one, the
//! number of its handle, *left out*, the channel (*text?*), and:
//!
//! * of a version of the order: total *money*; byte of the status (0 placed, 1 paid, 2 cancelled, 3 test); byte 0, or byte
//!   1 and the instant when it was changed; *list of* lines, each product *text*, product type *text?*, quantity
//!   *number*, *amount*; *list of text* of link codes and of discount codes, each once and in order; *list of* refunds,
//!   each id, *amount*, *list of* lines, each product *text*, *amount*;
//! * of a refund: its id, *money*, *list of* lines as above.
//!
//! They stand by instant, versions before refunds, their id in bytes, then what a version or a refund says in the order
//! above (money by minor units, then currency), then channel, turn, identifiers (each by kind, then pseudonym),
//! placeholders and fields left out. None comes before some, and a list before a longer one that begins with it.
//!
//! # End
//!
//! The number of facts, and the number of identifiers. Nothing follows.
//!
//! # Keeping one
//!
//! The crate writes to any [`Write`](std::io::Write) and knows of no files. `examples/snapshots.rs` shows how a host
//! keeps them: written beside the old one, synced, renamed, and the one before kept.

pub use crate::fact::snapshot::{MAJOR, MINOR};
