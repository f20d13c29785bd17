//! The one grammar for token lists, quoted strings and parameters (RFC 9110 section 5.6, RFC 6455 section 9.1).
