//! Subprotocols: the offer's grammar and the server's choice (RFC 6455 sections 4.1 item 10, 4.2.2 item 4 and 11.3.4).
