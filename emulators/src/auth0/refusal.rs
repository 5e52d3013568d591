//! Refusals of the Management API.

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// What people read.
    pub message: String,
    /// The `errorCode`; none where none is known.
    pub code: Option<&'static str>,
}

impl Refusal {
    /// Any.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            code: Some(code),
        }
    }

    /// One whose `errorCode` nobody has told.
    pub fn uncoded(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            code: None,
        }
    }

    /// A body that does not fit its schema.
    pub fn body(what: impl std::fmt::Display) -> Self {
        let message = format!("Payload validation error: {what}.");
        Self::new(400, "invalid_body", message)
    }

    /// A query that does not fit its schema.
    pub fn query(what: impl std::fmt::Display) -> Self {
        let message = format!("Query validation error: {what}.");
        Self::new(400, "invalid_query_string", message)
    }

    /// What is asked for is not there.
    pub fn absent(code: &'static str, message: &str) -> Self {
        Self::new(404, code, message)
    }

    /// The client is not there.
    pub fn no_client() -> Self {
        Self::absent("inexistent_client", "The client does not exist")
    }

    /// The caller's token lacks a scope.
    pub fn scope(needed: &[&str]) -> Self {
        let message = format!("Insufficient scope, expected any of: {}", needed.join(","));
        Self::new(403, "insufficient_scope", message)
    }

    /// The plan or the vendor does not offer this.
    pub fn not_offered(status: u16, message: &str) -> Self {
        let code = if status == 403 {
            "insufficient_entitlement"
        } else {
            "operation_not_supported"
        };
        Self::new(status, code, message)
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }
}
