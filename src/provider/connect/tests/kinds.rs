//! What is particular to a kind of server, or of credential.

use super::*;
use crate::api::{Keycloak, KeycloakAuth};

#[test]
fn dynamic_registration_needs_its_token_and_its_statement() {
    let mut server = by_issuer();
    let needed = |server: &DynamicRegistration| {
        let spec = ServerSpec::new(ProviderSpec::DynamicRegistration(server.clone()), None);
        let needed = secrets_needed(&spec);
        needed
            .iter()
            .map(|needed| format!("{} {:?}", needed.name, needed.keys))
            .collect::<Vec<_>>()
    };
    assert_eq!(needed(&server), [r#"initial {"token"}"#]);
    server.software_statement_secret_ref = Some(SoftwareStatementRef {
        name: "initial".into(),
        key: "statement".into(),
    });
    assert_eq!(needed(&server), [r#"initial {"statement", "token"}"#]);
    server.auth = DynamicRegistrationAuth::None(NoAuth {});
    assert_eq!(needed(&server), [r#"initial {"statement"}"#]);
    server.software_statement_secret_ref = None;
    assert!(needed(&server).is_empty());
}

#[test]
fn a_server_with_dynamic_registration_is_connected_to_without_a_call() {
    let with = |server: &DynamicRegistration, values: &[(&str, &str)]| {
        let spec = ServerSpec::new(ProviderSpec::DynamicRegistration(server.clone()), None);
        connect(&spec, true, &secrets("initial", values), &EgressRules::default()).map(drop)
    };
    let bad = |result: Result<(), NotConnected>| {
        let refused = result.unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("canary"));
        assert!(matches!(refused, NotConnected::BadConfiguration(_)), "{refused}");
    };
    let mut server = by_issuer();
    assert_eq!(with(&server, &[("token", "canary-token\n")]), Ok(()));
    assert!(matches!(
        with(&server, &[]),
        Err(NotConnected::CredentialMissing { .. })
    ));
    bad(with(&server, &[("token", "canary token")]));
    bad(with(&server, &[("token", "cänary")]));
    server.software_statement_secret_ref = Some(SoftwareStatementRef {
        name: "initial".into(),
        key: "statement".into(),
    });
    let both = [("token", "canary"), ("statement", "canary")];
    assert_eq!(with(&server, &both), Ok(()));
    assert!(matches!(
        with(&server, &both[..1]),
        Err(NotConnected::CredentialMissing { .. })
    ));
    server.registration_uri = Some("https://issuer.example.com/reg".into());
    bad(with(&server, &both));
    server.issuer = None;
    assert_eq!(with(&server, &both), Ok(()));
    server.registration_uri = Some("http://issuer.example.com/reg".into());
    bad(with(&server, &both));
    server.registration_uri = Some("https://10.0.0.1/reg".into());
    assert!(matches!(
        with(&server, &both),
        Err(NotConnected::AddressNotAllowed(text)) if text.starts_with("registrationURI")
    ));
    server.registration_uri = None;
    bad(with(&server, &both));
}

/// Whether it is known by its issuer or by its endpoint, it is at one address.
#[test]
fn fingerprints_of_dynamic_registration() {
    let by_uri = |uri: &str| DynamicRegistration {
        issuer: None,
        registration_uri: Some(uri.into()),
        ..by_issuer()
    };
    let of = |server: DynamicRegistration| fingerprint(&ProviderSpec::DynamicRegistration(server));
    let issuer = "dynamicRegistration https://issuer.example.com:443/a";
    assert_eq!(of(by_issuer()), issuer);
    assert_eq!(of(by_uri("https://ISSUER.example.com:443/a/")), issuer);
    assert_ne!(of(by_uri("https://issuer.example.com/a/reg")), issuer);
    let mut moved = ServerSpec::new(
        ProviderSpec::DynamicRegistration(by_uri("https://issuer.example.com/a/reg")),
        None,
    );
    moved.former_urls = vec!["https://issuer.example.com/a".into()];
    assert!(former_fingerprints(&moved).contains(issuer));
}

/// What adapters read their credential with.
#[test]
fn each_kind_of_credential() {
    let spec = spec("https://example.com");
    let all = secrets(
        "admin",
        &[
            ("username", "user\n"),
            ("password", "canary password\n"),
            ("client-id", "client"),
            ("client-secret", "canary-secret\r\n"),
            ("private-key", "-----BEGIN\ncanary\n-----END\n"),
        ],
    );
    let egress = EgressRules::default();
    let setup = |secrets| Setup {
        spec: &spec,
        namespaced: true,
        secrets,
        egress: &egress,
    };
    let account = |name: &str, secret: &str| Account {
        name: Confidential::new(name),
        secret: Confidential::new(secret),
    };
    let user = account("user", "canary password");
    let client = account("client", "canary-secret");
    let by_secret = ClientSecretAuth {
        secret_ref: reference("admin"),
        client_id_key: "client-id".into(),
        client_secret_key: "client-secret".into(),
    };
    let by_password = PasswordAuth {
        secret_ref: reference("admin"),
        username_key: "username".into(),
        password_key: "password".into(),
        client_id_key: "client-id".into(),
        client_secret_key: "client-secret".into(),
    };
    let by_key = PrivateKeyJwtAuth {
        secret_ref: reference("admin"),
        client_id_key: "client-id".into(),
        private_key_key: "private-key".into(),
        algorithm: SigningAlgorithm::RS256,
    };
    let good = setup(&all);
    assert_eq!(good.user(&basic()), Ok(user.clone()));
    assert_eq!(good.client(&by_secret), Ok(client.clone()));
    assert_eq!(good.user_and_client(&by_password), Ok((user, client)));
    let key = account("client", "-----BEGIN\ncanary\n-----END\n");
    assert_eq!(good.private_key(&by_key), Ok(key.clone()));
    assert!(!format!("{key:?}").contains("canary"));

    let none = Secrets::new();
    let bad = setup(&none);
    let missing = |needed: (&str, Vec<&str>), refused: NotConnected| {
        let NotConnected::CredentialMissing { key, .. } = refused else {
            panic!("{refused}")
        };
        assert!(needed.0 == "admin" && needed.1.contains(&key.as_str()), "{key}");
    };
    missing(basic().keys(), bad.user(&basic()).unwrap_err());
    missing(by_secret.keys(), bad.client(&by_secret).unwrap_err());
    missing(by_password.keys(), bad.user_and_client(&by_password).unwrap_err());
    missing(by_key.keys(), bad.private_key(&by_key).unwrap_err());
    assert_eq!(by_password.keys().1.len(), 4);
}

/// The address of Auth0 is a domain, and those of the others hold more than the URL.
#[test]
fn fingerprints_of_the_others() {
    let client_secret = || ClientSecretAuth {
        secret_ref: reference("admin"),
        client_id_key: "client-id".into(),
        client_secret_key: "client-secret".into(),
    };
    let auth0 = ProviderSpec::Auth0(Auth0 {
        domain: "Tenant.eu.auth0.com".into(),
        management_audience: None,
        default_audience: None,
        auth: Auth0Auth::ClientSecret(client_secret()),
    });
    assert_eq!(fingerprint(&auth0), "auth0 https://tenant.eu.auth0.com:443");
    let mut moved = ServerSpec::new(auth0, None);
    moved.former_urls = vec!["https://old.auth0.com/".into()];
    let former = former_fingerprints(&moved);
    assert_eq!(former, BTreeSet::from(["auth0 https://old.auth0.com:443".into()]));
    let keycloak = ProviderSpec::Keycloak(Keycloak {
        url: "https://kc.example.com/auth/".into(),
        realm: "r".into(),
        auth_realm: None,
        secret_rotation_policy: false,
        auth: KeycloakAuth::ClientSecret(client_secret()),
    });
    assert_eq!(
        fingerprint(&keycloak),
        "keycloak https://kc.example.com:443/auth/realms/r"
    );
    let composer = ProviderSpec::Composer(Composer {
        url: "https://bi.example.com".into(),
        context_path: "/composer".into(),
        media_type: "application/json".into(),
        auth: ComposerAuth::Basic(basic()),
        probe: None,
    });
    assert_eq!(
        fingerprint(&composer),
        "composer https://bi.example.com:443/composer"
    );
}
