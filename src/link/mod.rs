//! Tagged links: how a click leads back to the turn that sent it.
