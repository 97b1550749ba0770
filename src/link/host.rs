//! Hosts compared by label, never by substring.

/// Whether `host` is `parent` or a host below it; ASCII case and a trailing dot do not matter.
pub(super) fn is_or_below(host: &str, parent: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let parent = parent.strip_suffix('.').unwrap_or(parent);
    let Some(at) = host.len().checked_sub(parent.len()) else { return false };
    let (before, end) = host.as_bytes().split_at(at);
    !parent.is_empty()
        && end.eq_ignore_ascii_case(parent.as_bytes())
        && matches!(before.last(), None | Some(b'.'))
}
