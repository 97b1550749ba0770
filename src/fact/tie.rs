//! What ties clusters together without saying whose facts they are: codes, and turns named by their id.

use crate::fact::content::Symbol;
use crate::fact::names::Handle;

/// Who handed out a code, and who used it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tie {
    /// Handles of facts that handed it out; one may stand twice.
    pub(crate) sharers: Vec<Handle>,
    /// Handles of facts that used it; one may stand twice.
    pub(crate) users: Vec<Handle>,
}

/// Ties by the number of a code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ties(Vec<Tie>);

impl Ties {
    pub(crate) fn get(&self, code: Symbol) -> Option<&Tie> {
        self.0.get(code as usize)
    }

    pub(crate) fn share(&mut self, code: Symbol, handle: Handle) {
        push(&mut self.at(code).sharers, handle);
    }

    pub(crate) fn using(&mut self, code: Symbol, handle: Handle) {
        push(&mut self.at(code).users, handle);
    }

    /// Forgets handles, which are sorted, and codes that are none any more.
    pub(crate) fn forget(&mut self, dead: &[Handle], is_code: impl Fn(Symbol) -> bool) {
        for (code, tie) in (0..).zip(&mut self.0) {
            if !is_code(code) {
                *tie = Tie::default();
            }
            for handles in [&mut tie.sharers, &mut tie.users] {
                handles.retain(|handle| dead.binary_search(handle).is_err());
            }
        }
    }

    fn at(&mut self, code: Symbol) -> &mut Tie {
        let place = code as usize;
        if self.0.len() <= place {
            self.0.resize_with(place + 1, Tie::default);
        }
        &mut self.0[place]
    }
}

/// Adds a handle, after those that stand twice have made room where there is none: what is delivered again and
/// again takes no more memory.
fn push(handles: &mut Vec<Handle>, handle: Handle) {
    if handles.last() == Some(&handle) {
        return;
    }
    if handles.len() == handles.capacity() && handles.len() >= 4 {
        handles.sort_unstable();
        handles.dedup();
        if handles.len() * 2 > handles.capacity() {
            handles.reserve_exact(handles.capacity());
        }
    }
    handles.push(handle);
}
