//! The operator's own credentials, and which keys of a Secret hold them.

use crate::api::{
    BasicAuth, ClientSecretAuth, PasswordAuth, PrivateKeyJwtAuth, SoftwareStatementRef, TokenAuth,
};
use crate::model::Confidential;

/// Who the operator is at a server: a user with its password, or a client with its secret or private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// User name, or client id.
    pub name: Confidential,
    /// Password, client secret, or private key.
    pub secret: Confidential,
}

/// What refers to keys of a Secret.
pub trait Keys {
    /// The Secret, and the keys that it must have.
    fn keys(&self) -> (&str, Vec<&str>);
}

impl Keys for BasicAuth {
    fn keys(&self) -> (&str, Vec<&str>) {
        (
            &self.secret_ref.name,
            vec![&self.username_key, &self.password_key],
        )
    }
}

impl Keys for ClientSecretAuth {
    fn keys(&self) -> (&str, Vec<&str>) {
        (
            &self.secret_ref.name,
            vec![&self.client_id_key, &self.client_secret_key],
        )
    }
}

impl Keys for PrivateKeyJwtAuth {
    fn keys(&self) -> (&str, Vec<&str>) {
        (
            &self.secret_ref.name,
            vec![&self.client_id_key, &self.private_key_key],
        )
    }
}

impl Keys for PasswordAuth {
    fn keys(&self) -> (&str, Vec<&str>) {
        let keys = [
            &self.username_key,
            &self.password_key,
            &self.client_id_key,
            &self.client_secret_key,
        ];
        (&self.secret_ref.name, keys.map(String::as_str).to_vec())
    }
}

impl Keys for TokenAuth {
    fn keys(&self) -> (&str, Vec<&str>) {
        (&self.secret_ref.name, vec![&self.token_key])
    }
}

impl Keys for SoftwareStatementRef {
    fn keys(&self) -> (&str, Vec<&str>) {
        (&self.name, vec![&self.key])
    }
}
