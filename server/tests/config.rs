//! The configuration through its public API.

use gridfold_server::config::{Config, ConfigError, Engine, LogFormat};

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[track_caller]
fn check_error(text: &str, vars: &[(&str, &str)], expected: &str) {
    let error = Config::parse(text, env(vars)).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn nothing_set_gives_the_documented_defaults() {
    let config = Config::parse("", []).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8420");
    assert_eq!(config.public_url(), "http://127.0.0.1:8420");
    assert_eq!(config.issuer(), "http://127.0.0.1:8420");
    assert_eq!(config.log.engine, Engine::Sled);
    assert_eq!(config.limits.body_bytes, 4 * 1024 * 1024);
    assert_eq!(config.tokens.access_ttl_s, 600);
    assert_eq!(config.tokens.refresh_idle_days, 30);
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = "[log]\nengine = \"redb\"\ncache_mib = 128\n[logging]\nformat = \"json\"\n";
    let vars = [
        ("GRIDFOLD_LOG_CACHE_MIB", "32"),
        ("GRIDFOLD_DATA", "/x"),
        ("PATH", "/bin"),
    ];
    let config = Config::parse(file, env(&vars)).unwrap();
    assert_eq!(config.log.engine, Engine::Redb);
    assert_eq!(config.log.cache_mib, 32);
    assert_eq!(config.logging.format, LogFormat::Json);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_valid_one() {
    check_error(
        "[log]\ncache_mb = 1\n",
        &[],
        "the configuration file sets `log.cache_mb`, which does not exist; did you mean `log.cache_mib`?",
    );
    check_error(
        "[limit]\nbody_bytes = 4096\n",
        &[],
        "the configuration file sets `limit`, which does not exist; did you mean `limits`?",
    );
    check_error(
        "listen = \"0.0.0.0:1\"\n",
        &[],
        "the configuration file sets `listen`, which does not exist; did you mean `server.listen`?",
    );
    check_error(
        "",
        &[("GRIDFOLD_SERVER_LISTN", "0.0.0.0:1")],
        "the environment variable GRIDFOLD_SERVER_LISTN sets `GRIDFOLD_SERVER_LISTN`, which does not exist; did you mean `GRIDFOLD_SERVER_LISTEN`?",
    );
}

#[test]
fn a_value_that_does_not_fit_is_refused_without_repeating_it() {
    check_error(
        "[server]\nlisten = \"here\"\n",
        &[],
        "the configuration file sets `server.listen` to something that is not an address and port such as 127.0.0.1:8420",
    );
    check_error(
        "[limits]\nbody_bytes = 1023\n",
        &[],
        "the configuration file sets `limits.body_bytes` to something that is not a whole number from 1024 to 67108864",
    );
    check_error(
        "[log]\ncache_mib = \"64\"\n",
        &[],
        "the configuration file sets `log.cache_mib` to something that is not a whole number",
    );
    check_error(
        "",
        &[("GRIDFOLD_LOG_ENGINE", "rocks")],
        "the environment variable GRIDFOLD_LOG_ENGINE sets `log.engine` to something that is not \"sled\" or \"redb\"",
    );
    check_error(
        "[server]\ntls_cert = \"c.pem\"\n",
        &[],
        "`server.tls_cert` and `server.tls_key` must be set together",
    );
}

#[test]
fn broken_toml_names_its_line() {
    let error = Config::parse("[log]\ncache_mib = 64\nengine =\n", []).unwrap_err();
    assert!(
        matches!(error, ConfigError::Syntax { line: 3, .. }),
        "{error}"
    );
}

#[test]
fn what_is_printed_reads_back_as_the_same_configuration() {
    let file = "[server]\nlisten = \"[::1]:9000\"\n[tokens]\naudience = \"a \\\"b\\\"\"\n";
    let config = Config::parse(file, []).unwrap();
    let printed = config.to_commented_toml();
    assert_eq!(Config::parse(&printed, []).unwrap(), config);
    assert!(printed.contains("# public_url = \"http://[::1]:9000\"  # derived"));
    assert!(printed.contains(
        "# Unit: MiB. Default: 64. Environment: GRIDFOLD_LOG_CACHE_MIB.\ncache_mib = 64\n"
    ));
}

#[test]
fn the_file_in_the_data_directory_may_be_absent_but_a_named_one_may_not() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        Config::load(dir.path(), None, []).unwrap(),
        Config::default()
    );
    let named = dir.path().join("other.toml");
    let error = Config::load(dir.path(), Some(&named), []).unwrap_err();
    assert!(matches!(error, ConfigError::Read { .. }));
    std::fs::write(
        dir.path().join("gridfold.toml"),
        "[limits]\ndevices_per_worker = 5\n",
    )
    .unwrap();
    let config = Config::load(dir.path(), None, []).unwrap();
    assert_eq!(config.limits.devices_per_worker, 5);
}
