//! Storages other than S3, by emulators that are running: `make emulators` starts one of Azure's and runs this.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use std::{env, io::Read};
use superposed_storage::{Kind, Settings, Storage, blocking::Blocking};

/// Addresses of emulated buckets, apart by spaces.
const PLACES: &str = "SUPERPOSED_EMULATED";

fn places() -> Vec<String> {
    let Ok(places) = env::var(PLACES) else {
        eprintln!("skipped: {PLACES} names no bucket of an emulator");
        return Vec::new();
    };
    places.split_whitespace().map(str::to_owned).collect()
}

fn content(number: u32) -> Bytes {
    format!("{number} ").repeat(1 + number as usize % 700).into()
}

#[tokio::test]
async fn what_is_put_is_listed_and_read_and_of_several_that_create_a_file_one_does() {
    for place in places() {
        let storage =
            Storage::open(place.parse().expect("an address"), &Settings::from_environment()).expect("legal settings");
        let names: Vec<_> = (0..300).map(|number| format!("1M/i/{number:04}_pos.pkl")).collect();
        let put = async |number: u32| storage.put(&names[number as usize], content(number)).await;
        stream::iter(0..300).map(put).buffer_unordered(16).try_collect::<()>().await.expect("it is there and writable");
        let listed: Vec<_> =
            storage.list("1M").map_ok(|file| file.path).try_collect().await.expect("it is there and writable");
        assert_eq!(listed, names, "{place}");
        for number in [0, 299] {
            let found = storage.get(&names[number as usize]).await.expect("it is there and writable");
            assert_eq!(found, Some(content(number)), "{place}");
        }
        assert_eq!(storage.get("1M/i/none").await.expect("it is there and writable"), None, "{place}");

        storage.check_writable().await.expect("it is there and writable");
        storage.remove("claim").await.expect("it is there and writable");
        let tried = stream::iter(0..8).map(async |number| storage.create("claim", content(number)).await);
        let done: Vec<bool> = tried.buffer_unordered(8).try_collect().await.expect("it is there and writable");
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{place}");
        storage.remove("claim").await.expect("it is there and writable");
        storage.remove("claim").await.expect("it is there and writable");

        let absent = place.replacen("lab", "no-such-bucket", 1);
        let absent = Storage::open(absent.parse().expect("an address"), &Settings::from_environment());
        let error = absent.expect("legal settings").check_writable().await.expect_err("there is no such bucket");
        assert_eq!(error.kind, Kind::Absent, "{place}: {error}");
    }
}

#[test]
fn a_reader_gives_a_long_file_in_order() {
    for place in places() {
        let content: Vec<u8> = (0..9_500_001_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let here =
            Blocking::open(place.parse().expect("an address"), &Settings::from_environment()).expect("legal settings");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(here.storage().put("text/long", content.clone().into())).expect("a writable bucket");
        let mut found = Vec::new();
        here.read("text/long").expect("an object").read_to_end(&mut found).expect("it is whole");
        assert!(found == content, "{place}");
    }
}
