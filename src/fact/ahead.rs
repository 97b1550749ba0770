//! Looks at what comes next before it is written or counted.
//!
//! Facts lie all over memory, and what one of them waits for there another could wait for at the same time: the
//! processor fetches as much at once as one short loop asks for. Nothing here has a result.

use std::hint::black_box;
use std::ops::Range;

use crate::fact::text::Texts;
use crate::fact::{Cluster, Facts, Row};

/// So many are looked at together: about as many as a processor fetches at once.
pub(crate) const AHEAD: usize = 16;

/// Some clusters, whose numbers are given, then the rows, texts and identifiers of these.
pub(super) fn of_shoppers(facts: &Facts, numbers: impl Iterator<Item = u32> + Clone) {
    let clusters = || numbers.clone().map(|number| &facts.clusters[number as usize]);
    black_box(clusters().map(|cluster| cluster.handles.len() + cluster.rows.len()).sum::<usize>());
    let rows = clusters().flat_map(ends);
    black_box(rows.flatten().fold(0, |sum, row| sum ^ row.handle));
    black_box(clusters().fold(0, |sum, cluster| sum ^ cluster.text.first()));
    let handles = clusters().flat_map(|cluster| cluster.handles.iter().take(AHEAD));
    black_box(handles.fold(0, |sum, handle| sum ^ facts.names.cluster(*handle)));
}

/// The first and the last row and the first order of each cluster.
pub(crate) fn of_clusters(facts: &Facts, numbers: Range<usize>) {
    let clusters = facts.clusters.range(numbers);
    black_box(clusters.clone().flat_map(ends).flatten().fold(0, |sum, row| sum ^ row.content));
    let books = clusters.filter_map(|cluster| facts.books.get(*cluster.books.first()?).first());
    black_box(books.fold(0, |sum, held| sum ^ held.handle));
}

fn ends(cluster: &Cluster) -> [Option<&Row>; 2] {
    [cluster.rows.first(), cluster.rows.last()]
}

/// Some rows, whose places stand behind the numbers of their clusters, then their ids.
#[inline]
pub(super) fn of_rows(rows: &[Row], places: &[(u32, u32)], text: Option<&Texts>) {
    let rows = || places.iter().map(|(_, place)| &rows[*place as usize]);
    black_box(rows().fold(0, |sum, row| sum ^ row.handle));
    if let Some(text) = text {
        black_box(rows().fold(0, |sum, row| sum ^ text.byte(row.id[1])));
    }
}

/// Their first facts, then the order and the ids of these.
pub(super) fn of_books(facts: &Facts, numbers: &[u32]) {
    let firsts = || numbers.iter().filter_map(|number| facts.books.get(*number).first());
    black_box(numbers.iter().map(|number| facts.books.get(*number).len()).sum::<usize>());
    black_box(firsts().fold(0, |sum, held| sum ^ held.handle));
    let first_byte = |text: &str| text.bytes().next();
    black_box(firsts().fold(None, |last, held| last.max(first_byte(held.id.as_str()))));
    let orders = numbers.iter().map(|number| &facts.books.get(*number).order);
    black_box(orders.fold(None, |last, order| last.max(first_byte(order.as_str()))));
}
