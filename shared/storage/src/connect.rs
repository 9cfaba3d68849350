//! From an address to its store.

use crate::{Address, Bucket, Patience, Service, Settings, StorageError, key::key, tls};
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GoogleCloudStorageBuilder, GoogleConfigKey},
    local::LocalFileSystem,
    prefix::PrefixStore,
};
use std::{str::FromStr, sync::Arc};

/// The store at an address, whose paths begin there. Nothing is asked yet; a directory must be there.
pub(crate) fn connect(address: &Address, settings: &Settings) -> Result<Arc<dyn ObjectStore>, StorageError> {
    let bucket = match address {
        Address::Directory(path) => {
            let store = LocalFileSystem::new_with_prefix(path)
                .map_err(|error| StorageError::of_store(address, address.to_string(), &error))?;
            return Ok(Arc::new(store));
        }
        Address::Bucket(bucket) => bucket,
    };
    tls::prepare();
    let prefix = key(&bucket.prefix);
    let under = |store: Result<Arc<dyn ObjectStore>, object_store::Error>| match store {
        Ok(store) => Ok(Arc::new(PrefixStore::new(store, prefix)) as Arc<dyn ObjectStore>),
        Err(error) => {
            let mut refused = StorageError::of_store(address, address.to_string(), &error);
            // Nobody was asked yet: what is wrong is what was said.
            refused.remedy = configured(bucket.service).to_owned();
            Err(refused)
        }
    };
    let of_settings = |reason| StorageError::settings(address, reason, configured(bucket.service));
    match bucket.service {
        Service::S3 => {
            let variables = settings.aws().map_err(of_settings)?;
            let builder = AmazonS3Builder::new()
                .with_client_options(client(&variables, settings.patience))
                .with_retry(retries(settings.patience))
                .with_bucket_name(&bucket.name);
            under(configure(builder, &variables, AmazonS3Builder::with_config, is_s3).build().map(|s| Arc::new(s) as _))
        }
        Service::Gcs => {
            let variables = gcs_variables(settings);
            let builder = GoogleCloudStorageBuilder::new()
                .with_client_options(client(&variables, settings.patience))
                .with_retry(retries(settings.patience))
                .with_bucket_name(&bucket.name);
            let builder = configure(builder, &variables, GoogleCloudStorageBuilder::with_config, |key| {
                !matches!(key, GoogleConfigKey::Bucket)
            });
            under(builder.build().map(|s| Arc::new(s) as _))
        }
        Service::Azure => {
            let variables = azure_variables(settings, bucket);
            let builder = MicrosoftAzureBuilder::new()
                .with_client_options(client(&variables, settings.patience))
                .with_retry(retries(settings.patience))
                .with_container_name(&bucket.name);
            let builder = configure(builder, &variables, MicrosoftAzureBuilder::with_config, |key| {
                !matches!(key, AzureConfigKey::ContainerName)
            });
            under(builder.build().map(|s| Arc::new(s) as _))
        }
    }
}

/// A bucket that the environment names is not the one that the address does.
const fn is_s3(key: &AmazonS3ConfigKey) -> bool {
    !matches!(key, AmazonS3ConfigKey::Bucket)
}

/// Where what a service is told comes from.
const fn configured(service: Service) -> &'static str {
    match service {
        Service::S3 => "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE and AWS_ENDPOINT_URL",
        Service::Gcs => "check GOOGLE_APPLICATION_CREDENTIALS",
        Service::Azure => "check AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    }
}

/// Tells a builder what variables say. The library takes them for itself only from a process's own environment.
fn configure<B, K: FromStr>(
    builder: B,
    variables: &[(String, String)],
    with: impl Fn(B, K, String) -> B,
    wanted: impl Fn(&K) -> bool,
) -> B {
    variables.iter().fold(builder, |builder, (name, value)| match name.to_ascii_lowercase().parse() {
        Ok(key) if wanted(&key) => with(builder, key, value.clone()),
        _ => builder,
    })
}

fn gcs_variables(settings: &Settings) -> Vec<(String, String)> {
    let named = settings.variables.iter().filter(|(name, _)| name.starts_with("GOOGLE_")).cloned();
    // What Google's own libraries call an emulator; it takes any token. (Where the library is told not to sign, it still
    // asks the machine for credentials before it writes.)
    let emulator = settings.variable("STORAGE_EMULATOR_HOST").map(|host| {
        let url = if host.contains("://") { host.to_owned() } else { format!("http://{host}") };
        [("GOOGLE_BASE_URL".to_owned(), url), ("GOOGLE_BEARER_TOKEN".to_owned(), "emulated".to_owned())]
    });
    emulator.into_iter().flatten().chain(named).collect()
}

fn azure_variables(settings: &Settings, bucket: &Bucket) -> Vec<(String, String)> {
    let named = settings.variables.iter().filter(|(name, _)| name.starts_with("AZURE_")).cloned();
    let account = bucket.account.clone().map(|account| ("AZURE_STORAGE_ACCOUNT_NAME".to_owned(), account));
    named.chain(account).collect()
}

fn client(variables: &[(String, String)], patience: Patience) -> ClientOptions {
    // Who names an address without TLS means it.
    let plain = |(name, value): &(String, String)| {
        (name.contains("ENDPOINT") || name.ends_with("_URL")) && value.to_ascii_lowercase().starts_with("http://")
    };
    ClientOptions::new()
        .with_allow_http(variables.iter().any(plain))
        .with_timeout_disabled()
        .with_read_timeout(patience.silence)
}

fn retries(patience: Patience) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: patience.first_wait,
            max_backoff: patience.longest_wait,
            ..BackoffConfig::default()
        },
        max_retries: patience.attempts.saturating_sub(1) as usize,
        retry_timeout: patience.in_all,
    }
}
