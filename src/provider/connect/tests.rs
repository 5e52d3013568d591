mod kinds;

use rstest::rstest;

use super::*;
use crate::api::{
    Auth0, Auth0Auth, BasicAuth, CaBundleRef, ClientSecretAuth, Composer, ComposerAuth, DigitalRoute,
    DigitalRouteAuth, DynamicRegistration, DynamicRegistrationAuth, Hydra, HydraAuth, NoAuth, PasswordAuth,
    PrivateKeyJwtAuth, ScopeProvisioning, SecretRef, SigningAlgorithm, SoftwareStatementRef, Tls, TokenAuth,
};

fn reference(name: &str) -> SecretRef {
    SecretRef { name: name.into() }
}

fn basic() -> BasicAuth {
    BasicAuth {
        secret_ref: reference("admin"),
        username_key: "username".into(),
        password_key: "password".into(),
    }
}

fn digital_route(url: &str) -> DigitalRoute {
    DigitalRoute {
        url: url.into(),
        api_prefix: "/authserver/api".into(),
        token_path: "/authserver/token".into(),
        scope_provisioning: ScopeProvisioning::Refuse,
        auth: DigitalRouteAuth::Basic(basic()),
    }
}

fn spec(url: &str) -> ServerSpec {
    ServerSpec::new(ProviderSpec::DigitalRoute(digital_route(url)), None)
}

fn by_issuer() -> DynamicRegistration {
    DynamicRegistration {
        issuer: Some("https://issuer.example.com/a".into()),
        registration_uri: None,
        software_statement_secret_ref: None,
        auth: DynamicRegistrationAuth::InitialAccessToken(TokenAuth {
            secret_ref: reference("initial"),
            token_key: "token".into(),
        }),
    }
}

fn secrets(object: &str, values: &[(&str, &str)]) -> Secrets {
    let values = values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Confidential::new(*value)));
    Secrets::from([(object.to_owned(), values.collect())])
}

fn good() -> Secrets {
    secrets(
        "admin",
        &[("username", "operator"), ("password", "canary-password")],
    )
}

fn refused(spec: &ServerSpec, namespaced: bool, secrets: &Secrets) -> NotConnected {
    match connect(spec, namespaced, secrets, &EgressRules::default()) {
        Ok(_) => panic!("connected"),
        Err(refused) => {
            let text = format!("{refused} {refused:?}");
            assert!(!text.contains("canary"), "{text}");
            refused
        }
    }
}

#[test]
fn a_server_is_connected_to_without_a_call() {
    let adapter = connect(
        &spec("https://mz.example.com:10000"),
        true,
        &good(),
        &EgressRules::default(),
    );
    let adapter = adapter.unwrap_or_else(|refused| panic!("{refused}"));
    assert!(adapter.capabilities().can_list);
    assert_eq!(
        adapter.capabilities().scopes,
        crate::model::ScopeModel::Provisioned {
            may_create: false,
            to_let_create: Some("set scopeProvisioning to Create")
        }
    );
}

#[test]
fn the_others_come_later_and_say_so() {
    let url = || "https://example.com".to_owned();
    let client_secret = || ClientSecretAuth {
        secret_ref: reference("admin"),
        client_id_key: "client-id".into(),
        client_secret_key: "client-secret".into(),
    };
    for provider in [
        ProviderSpec::Auth0(Auth0 {
            domain: "tenant.auth0.com".into(),
            management_audience: None,
            default_audience: None,
            auth: Auth0Auth::ClientSecret(client_secret()),
        }),
        ProviderSpec::Hydra(Hydra {
            admin_url: url(),
            public_url: None,
            auth: HydraAuth::None(NoAuth {}),
        }),
    ] {
        let kind = provider.provider_type();
        let spec = ServerSpec::new(provider, None);
        let refused = refused(&spec, false, &good());
        assert_eq!(refused, NotConnected::ProviderNotAvailable(kind));
        assert!(refused.to_string().contains(kind.as_str()), "{refused}");
        assert!(secrets_needed(&spec).is_empty());
        assert!(fingerprint(&spec.provider).starts_with(kind.as_str()));
    }
}

#[test]
fn what_is_needed_is_said_once() {
    let mut spec = spec("https://example.com");
    assert_eq!(
        secrets_needed(&spec),
        [Needed {
            kind: NeededKind::Secret,
            name: "admin".into(),
            keys: BTreeSet::from(["password".into(), "username".into()]),
        }]
    );
    spec.tls = Some(Tls {
        ca_bundle: None,
        ca_bundle_ref: Some(CaBundleRef {
            kind: CaBundleKind::ConfigMap,
            name: "admin".into(),
            key: "ca.crt".into(),
        }),
        client_certificate_secret_ref: Some(reference("admin")),
    });
    let needed = secrets_needed(&spec);
    let ids: Vec<String> = needed.iter().map(Needed::id).collect();
    assert_eq!(ids, ["admin", "configmap/admin"]);
    let keys: Vec<&str> = needed[0].keys.iter().map(String::as_str).collect();
    assert_eq!(keys, ["password", "tls.crt", "tls.key", "username"]);

    if let ProviderSpec::DigitalRoute(server) = &mut spec.provider {
        server.auth = DigitalRouteAuth::None(NoAuth {});
    }
    spec.tls = None;
    assert!(secrets_needed(&spec).is_empty());
    assert!(connect(&spec, false, &Secrets::new(), &EgressRules::default()).is_ok());
}

#[test]
fn a_credential_must_be_there_and_hold_something() {
    let spec = spec("https://example.com");
    let missing = |key: &str| NotConnected::CredentialMissing {
        object: "Secret admin".into(),
        key: key.into(),
    };
    let empty = |key: &str| NotConnected::CredentialEmpty {
        object: "Secret admin".into(),
        key: key.into(),
    };
    for (secrets, expected) in [
        (Secrets::new(), missing("username")),
        (secrets("admin", &[]), missing("username")),
        (
            secrets("other", &[("username", "a"), ("password", "b")]),
            missing("username"),
        ),
        (secrets("admin", &[("username", "canary")]), missing("password")),
        (
            secrets("admin", &[("username", ""), ("password", "canary")]),
            empty("username"),
        ),
        (
            secrets("admin", &[("username", "a"), ("password", "\r\n")]),
            empty("password"),
        ),
    ] {
        assert_eq!(refused(&spec, false, &secrets), expected);
    }
    assert_eq!(
        missing("password").to_string(),
        "Secret admin has no key password"
    );
    assert_eq!(
        empty("password").to_string(),
        "key password of Secret admin is empty"
    );
}

#[rstest]
#[case("operator", "canary\u{0}")]
#[case("operator", "canary\nsecond line")]
#[case("canary:a", "b")]
#[case("canary\ta", "b")]
fn a_credential_must_be_one_that_can_be_sent(#[case] user: &str, #[case] password: &str) {
    let secrets = secrets("admin", &[("username", user), ("password", password)]);
    let refused = refused(&spec("https://example.com"), false, &secrets);
    assert!(
        matches!(refused, NotConnected::BadConfiguration(_)),
        "{refused:?}"
    );
}

/// As `kubectl create secret --from-file` and many editors leave it.
#[test]
fn a_line_break_at_the_end_is_none_of_the_credential() {
    let secrets = secrets("admin", &[("username", "operator\n"), ("password", "pass\r\n")]);
    assert!(
        connect(
            &spec("https://example.com"),
            false,
            &secrets,
            &EgressRules::default()
        )
        .is_ok()
    );
}

#[rstest]
#[case("https://127.0.0.1", false, "--allow-loopback")]
#[case("https://169.254.169.254", false, "--allowed-cidrs")]
#[case("https://0xa9fea9fe", false, "--allowed-cidrs")]
#[case("https://10.0.0.1", true, "--allowed-cidrs")]
fn an_address_must_be_allowed(#[case] url: &str, #[case] namespaced: bool, #[case] flag: &str) {
    let refused = refused(&spec(url), namespaced, &good());
    let NotConnected::AddressNotAllowed(text) = refused else {
        panic!("{refused:?}")
    };
    assert!(text.contains(flag), "{text}");
}

/// The token endpoint is an address like another.
#[test]
fn the_token_endpoint_must_be_allowed_too() {
    let mut spec = spec("https://example.com");
    spec.endpoints = Some(crate::api::Endpoints {
        token_uri: Some("https://169.254.169.254/token".into()),
        ..crate::api::Endpoints::default()
    });
    let refused = refused(&spec, false, &good());
    assert!(
        matches!(refused, NotConnected::AddressNotAllowed(_)),
        "{refused:?}"
    );
}

#[rstest]
#[case("https://canary:canary@example.com", false)]
#[case("ftp://example.com", false)]
#[case("http://example.com", true)]
#[case("nonsense", false)]
fn an_address_must_make_sense(#[case] url: &str, #[case] namespaced: bool) {
    let refused = refused(&spec(url), namespaced, &good());
    assert!(
        matches!(refused, NotConnected::BadConfiguration(_)),
        "{refused:?}"
    );
}

#[test]
fn certificates_are_read_from_where_the_spec_says() {
    let mut spec = spec("https://example.com");
    let mut tls = |tls: Tls, secrets: &Secrets, namespaced: bool| {
        spec.tls = Some(tls);
        connect(&spec, namespaced, secrets, &EgressRules::default()).map(drop)
    };
    let authority = rcgen::generate_simple_self_signed(vec!["ca".into()])
        .unwrap()
        .cert
        .pem();
    let inline = |pem: &str| Tls {
        ca_bundle: Some(pem.into()),
        ..Tls::default()
    };
    let from = |kind| Tls {
        ca_bundle_ref: Some(CaBundleRef {
            kind,
            name: "trust".into(),
            key: "ca.crt".into(),
        }),
        ..Tls::default()
    };
    let with = |id: &str, pem: &str| {
        let mut all = good();
        all.extend(secrets(id, &[("ca.crt", pem)]));
        all
    };
    assert_eq!(tls(inline(&authority), &good(), true), Ok(()));
    assert!(matches!(
        tls(inline("nonsense"), &good(), true),
        Err(NotConnected::BadConfiguration(_))
    ));
    assert_eq!(
        tls(from(CaBundleKind::Secret), &with("trust", &authority), true),
        Ok(())
    );
    let config_map = with("configmap/trust", &authority);
    assert_eq!(tls(from(CaBundleKind::ConfigMap), &config_map, false), Ok(()));
    assert!(matches!(
        tls(from(CaBundleKind::ConfigMap), &config_map, true),
        Err(NotConnected::BadConfiguration(_))
    ));
    assert_eq!(
        tls(from(CaBundleKind::ConfigMap), &good(), false),
        Err(NotConnected::CredentialMissing {
            object: "ConfigMap trust".into(),
            key: "ca.crt".into()
        })
    );
    let client = Tls {
        client_certificate_secret_ref: Some(reference("client")),
        ..Tls::default()
    };
    assert_eq!(
        tls(client.clone(), &good(), false),
        Err(NotConnected::CredentialMissing {
            object: "Secret client".into(),
            key: "tls.crt".into()
        })
    );
    let mut broken = good();
    broken.extend(secrets("client", &[("tls.crt", "canary"), ("tls.key", "canary")]));
    let refused = tls(client, &broken, false).unwrap_err();
    assert!(matches!(&refused, NotConnected::BadConfiguration(text) if !text.contains("canary")));
}

/// One spelling for one address, and two for two.
#[test]
fn fingerprints() {
    let of = |url: &str| fingerprint(&spec(url).provider);
    let plain = of("https://mz.example.com");
    assert_eq!(plain, "digitalRoute https://mz.example.com:443/authserver/api");
    for same in [
        "https://mz.example.com/",
        "https://MZ.Example.com:443",
        "HTTPS://mz.example.com",
        "https://mz.example.com.",
    ] {
        assert_eq!(of(same), plain, "{same}");
    }
    for other in [
        "http://mz.example.com",
        "https://mz.example.com:8443",
        "https://mz2.example.com",
        "https://mz.example.com/mz2",
        "https://mz.example.com/MZ",
        "https://mz.example.com/mz",
    ] {
        assert_ne!(of(other), plain, "{other}");
    }
    assert_ne!(of("https://mz.example.com/MZ"), of("https://mz.example.com/mz"));
}

/// An address that changed in the way in which DigitalRoute's did, too.
#[test]
fn former_addresses() {
    let mut old = spec("http://old.example.com:10000");
    if let ProviderSpec::DigitalRoute(server) = &mut old.provider {
        server.api_prefix = "/api".into();
    }
    let was = fingerprint(&old.provider);
    let mut new = spec("https://new.example.com");
    assert!(former_fingerprints(&new).is_empty());
    for acknowledged in [
        "http://old.example.com:10000",
        "http://old.example.com:10000/api/",
    ] {
        new.former_urls = vec![acknowledged.into()];
        assert!(former_fingerprints(&new).contains(&was), "{acknowledged}");
    }
    new.former_urls = vec!["http://older.example.com:10000".into()];
    assert!(!former_fingerprints(&new).contains(&was));
}

#[test]
fn endpoints_are_the_given_ones_and_what_is_known() {
    let found = || Endpoints {
        token_uri: Some("https://found/token".into()),
        jwks_uri: Some("https://found/jwks".into()),
        ..Endpoints::default()
    };
    let mut spec = spec("https://mz.example.com/base/");
    assert_eq!(
        endpoints(&spec, found()),
        Endpoints {
            token_uri: Some("https://mz.example.com/base/authserver/token".into()),
            ..found()
        }
    );
    let by_metadata = ServerSpec::new(ProviderSpec::DynamicRegistration(by_issuer()), None);
    assert_eq!(endpoints(&by_metadata, found()), found());
    spec.endpoints = Some(crate::api::Endpoints {
        issuer_uri: Some("https://issuer".into()),
        token_uri: Some("https://issuer/token".into()),
        authorization_uri: Some("https://issuer/auth".into()),
        jwks_uri: Some("https://issuer/jwks".into()),
    });
    assert_eq!(
        endpoints(&spec, found()),
        Endpoints {
            issuer_uri: Some("https://issuer".into()),
            token_uri: Some("https://issuer/token".into()),
            authorization_uri: Some("https://issuer/auth".into()),
            jwks_uri: Some("https://issuer/jwks".into()),
        }
    );
}
