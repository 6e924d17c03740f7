//! Configuration: file → validated types, with every fault listed at once.
