//! Incremental UTF-8 that fails at the first bad byte (RFC 6455 section 8.1).
