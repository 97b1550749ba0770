//! Looks at what comes next before it is counted: what one cluster waits for in memory, its neighbours can wait for at
//! the same time. Nothing here has a result.

use std::hint::black_box;

use crate::fact::{Cluster, Facts};

/// So many are looked at together: about as many as a processor fetches at once.
pub(super) const AHEAD: usize = 16;

/// The first and the last row and the first order of each cluster.
pub(super) fn of_clusters(facts: &Facts, clusters: &[Cluster]) {
    let ends = clusters.iter().flat_map(|cluster| [cluster.rows.first(), cluster.rows.last()]);
    black_box(ends.flatten().fold(0, |sum, row| sum ^ row.content));
    let books = clusters.iter().filter_map(|cluster| facts.books.get(*cluster.books.first()?).first());
    black_box(books.fold(0, |sum, held| sum ^ held.handle));
}
