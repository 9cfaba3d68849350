//! Endpoints, tokens and caches, from the environment: the hub's variables are those of Hugging Face's own tools, so
//! that a cache that is there is used; those of object stores are their own.

use std::{env, fmt, fs, path::PathBuf, time::Duration};

/// Where things are fetched from, and where they are kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The hub.
    pub hub: HubSettings,
    /// Where what comes from buckets is kept.
    pub cache: PathBuf,
    /// How object stores are reached.
    pub storage: superposed_storage::Settings,
    /// How long a hub is waited for.
    pub patience: Patience,
}

/// A hub and its cache.
#[derive(Debug, Clone)]
pub struct HubSettings {
    /// Its address, `https://huggingface.co` or of a server that answers as it does.
    pub endpoint: String,
    /// Says who asks.
    pub token: Option<Token>,
    /// The directory of the cache, which holds a `models--owner--name` for each model.
    pub cache: PathBuf,
    /// Whether the hub is not to be asked.
    pub offline: bool,
}

/// A secret; it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// How long a hub is waited for, and how often it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Attempts that may fail one after the other; progress starts the count anew.
    pub attempts: u32,
    /// What is waited after the first that failed; twice as long after each further one.
    pub first_wait: Duration,
    /// How long a server may send nothing.
    pub silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { attempts: 5, first_wait: Duration::from_secs(1), silence: Duration::from_mins(1) }
    }
}

impl Settings {
    /// The settings of this process.
    #[must_use]
    pub fn from_environment() -> Self {
        let storage = superposed_storage::Settings::from_environment();
        Self::of(|name| env::var(name).ok().filter(|value| !value.is_empty()), storage)
    }

    fn of(variable: impl Fn(&str) -> Option<String>, storage: superposed_storage::Settings) -> Self {
        let path = |name: &str| variable(name).map(PathBuf::from);
        // A service may have no home.
        let caches = path("XDG_CACHE_HOME").or_else(|| Some(path("HOME")?.join(".cache")));
        let caches = caches.unwrap_or_else(|| PathBuf::from("/var/cache"));
        let hub_home = path("HF_HOME").unwrap_or_else(|| caches.join("huggingface"));
        let cache = path("HF_HUB_CACHE").or_else(|| path("HUGGINGFACE_HUB_CACHE"));
        let token = variable("HF_TOKEN").or_else(|| {
            let file = path("HF_TOKEN_PATH").unwrap_or_else(|| hub_home.join("token"));
            fs::read_to_string(file).ok()
        });
        let yes = |value: String| matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on");
        Self {
            hub: HubSettings {
                endpoint: variable("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned()),
                token: token.map(|token| Token(token.trim().to_owned())).filter(|token| !token.0.is_empty()),
                cache: cache.unwrap_or_else(|| hub_home.join("hub")),
                offline: variable("HF_HUB_OFFLINE").is_some_and(yes),
            },
            cache: path("SUPERPOSED_CACHE").unwrap_or_else(|| caches.join("superposed")),
            storage,
            patience: Patience::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Settings::of(variable, superposed_storage::Settings::default())
    }

    #[test]
    fn the_cache_is_where_the_hubs_own_tools_have_it() {
        let cache = |variables: &[(&str, &str)]| settings(variables).hub.cache;
        assert_eq!(cache(&[("HOME", "/h")]), PathBuf::from("/h/.cache/huggingface/hub"));
        assert_eq!(cache(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]), PathBuf::from("/x/huggingface/hub"));
        assert_eq!(cache(&[("HOME", "/h"), ("HF_HOME", "/f")]), PathBuf::from("/f/hub"));
        assert_eq!(cache(&[("HF_HOME", "/f"), ("HF_HUB_CACHE", "/c")]), PathBuf::from("/c"));
    }

    #[test]
    fn a_token_comes_from_the_environment_or_from_where_logging_in_puts_it_and_is_not_printed() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let home = home.path().display().to_string();
        assert_eq!(settings(&[("HF_HOME", &home)]).hub.token, None);
        fs::write(format!("{home}/token"), "hf_file\n").expect("a writable directory");
        assert_eq!(settings(&[("HF_HOME", &home)]).hub.token, Some(Token("hf_file".to_owned())));
        let named = settings(&[("HF_HOME", &home), ("HF_TOKEN", "hf_named")]);
        assert_eq!(named.hub.token, Some(Token("hf_named".to_owned())));
        assert!(!format!("{named:?}").contains("hf_named"));
    }

    #[test]
    fn the_endpoint_and_being_offline_can_be_said() {
        let plain = settings(&[("HOME", "/h")]);
        assert_eq!((plain.hub.endpoint.as_str(), plain.hub.offline), ("https://huggingface.co", false));
        let said = settings(&[("HOME", "/h"), ("HF_ENDPOINT", "http://127.0.0.1:1"), ("HF_HUB_OFFLINE", "1")]);
        assert_eq!((said.hub.endpoint.as_str(), said.hub.offline), ("http://127.0.0.1:1", true));
    }
}
