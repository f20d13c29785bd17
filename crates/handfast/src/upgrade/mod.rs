//! WebSockets on requests that other libraries have read: one module for each of them.

#[cfg(feature = "axum")]
pub mod axum;
pub mod hyper;
mod rejection;
#[cfg(feature = "tower")]
pub mod tower;
