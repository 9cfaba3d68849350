//! Every page, as a person sees it who follows a campaign from its submission to its topics.

use crate::{browser::Browser, installation::Installation};
use fantoccini::{Locator, key::Key};
use serde_json::json;

/// A page that is loaded again forgets this.
const MARK: &str = "window.neverLoadedAgain = true";

const IS_MARKED: &str = "return window.neverLoadedAgain === true";

/// Nothing sticks out of a narrow screen.
const FITS: &str = "return document.documentElement.scrollWidth <= window.innerWidth";

#[tokio::test]
async fn a_campaign_is_followed_live_and_its_topics_are_read() {
    let installation = Installation::start().await;
    let browser = Browser::start(installation.path()).await;
    browser.size(1280, 1000).await;
    let client = &browser.client;
    client.goto(&installation.url).await.expect("the dashboard is there");
    browser.until("return document.body.innerText.includes('No campaign was submitted yet')").await;
    client.execute(MARK, vec![]).await.expect("a script runs");

    // A campaign comes, without loading the page again.
    installation.submit("planted-words");
    browser.click("#campaign-1").await;
    browser.until("return document.querySelector('h1')?.innerText === 'planted-words'").await;
    browser.until("return document.querySelectorAll('.heat .cell').length > 0").await;

    // Paused: a worker finds nothing to do. Resumed: it does all of it.
    browser.click("#action-pause").await;
    browser.element(".state.paused").await;
    assert!(installation.run(&["status", "1"]).contains("is paused"));
    let worker = installation.worker("a-worker");
    browser.click("nav a[href='#/workers']").await;
    browser.until("return document.body.innerText.includes('a-worker')").await;
    browser.picture("workers.png").await;
    client.execute("history.back()", vec![]).await.expect("a script runs");
    browser.element(".state.paused").await;
    assert!(browser.text("dl.figures").await.contains("0 of"), "a paused campaign went on");
    browser.click("#action-resume").await;
    browser.element(".state.completed").await;
    browser.until("return document.querySelector('dl.figures').innerText.includes('100 %')").await;
    let share = "return document.querySelector('.heat .cell').style.getPropertyValue('--share')";
    assert_eq!(client.execute(share, vec![]).await.expect("a script runs"), json!("100%"));
    browser.until("return /at most/.test(document.querySelector('figure.chart')?.innerText)").await;
    // Nothing more will change: the connection ended as it should.
    assert_eq!(browser.text("#connection").await, "");
    browser.picture("campaign.png").await;
    assert_eq!(client.execute(IS_MARKED, vec![]).await.expect("a script runs"), json!(true), "it was loaded again");

    // Its best topics; those with a word; a neuron; how a word set hangs together.
    browser.click("#results").await;
    browser.until("return document.querySelectorAll('ol.topics li').length > 1").await;
    let word = browser.text("ol.topics .word").await;
    let field = browser.element("#field-words").await;
    field.send_keys(&word).await.expect("a field takes keys");
    field.send_keys(&char::from(Key::Enter).to_string()).await.expect("a field takes keys");
    browser.until("return !document.querySelector('#search-told')?.innerText.includes('…')").await;
    assert_eq!(browser.text("[role=alert]").await, "");
    let all_have_it = "const items = [...document.querySelectorAll('ol.topics li')]; return items.length > 0 && \
                       items.every((item) => [...item.querySelectorAll('.word')].some((word) => word.innerText === arguments[0]))";
    assert_eq!(client.execute(all_have_it, vec![json!(word)]).await.expect("a script runs"), json!(true), "{word}");
    browser.picture("results.png").await;
    browser.click("ol.topics a.job").await;
    browser.until("return document.body.innerText.includes('Word sets (')").await;
    browser.click("#npmi-0").await;
    browser.element("table.npmi td.together").await;
    browser.picture("neuron.png").await;
    browser.click("#other").await;
    browser.until("return /, (neg|pos)/.test(document.querySelector('h1').innerText)").await;

    // What is not there says so.
    client.goto(&format!("{}/#/campaigns/99", installation.url)).await.expect("the dashboard is there");
    browser.until("return document.body.innerText.includes('there is no campaign 99')").await;
    drop(worker);
    // The one complaint is the browser's own, of that answer.
    let complaints = browser.complaints().await;
    let unexpected: Vec<_> = complaints.iter().filter(|complaint| !complaint.contains("/campaigns/99")).collect();
    assert!(unexpected.is_empty(), "the pages complain: {unexpected:#?}");
    browser.client.clone().close().await.expect("the browser ends");
}

#[tokio::test]
async fn pages_fit_a_phone_follow_the_colour_scheme_and_need_no_mouse() {
    let installation = Installation::start().await;
    installation.submit("small");
    let worker = installation.worker("a-worker");
    installation.run(&["watch", "1"]);
    let browser = Browser::start(installation.path()).await;
    let client = &browser.client;
    browser.size(360, 740).await;
    let pages = [
        ("#/", "return document.querySelector('#campaign-1') !== null"),
        ("#/campaigns/1", "return document.querySelectorAll('figure.chart').length === 2"),
        ("#/campaigns/1/results", "return document.querySelectorAll('ol.topics li').length > 1"),
        ("#/campaigns/1/jobs/i/0/1/pos", "return document.body.innerText.includes('Pool (')"),
        ("#/workers", "return document.body.innerText.includes('a-worker')"),
    ];
    for (page, shown) in pages {
        client.goto(&format!("{}/{page}", installation.url)).await.expect("the dashboard is there");
        browser.until(shown).await;
        assert_eq!(client.execute(FITS, vec![]).await.expect("a script runs"), json!(true), "{page} is too wide");
    }
    browser.picture("phone.png").await;

    // Light and dark differ, and words stand out from their ground in both.
    let ground = "return getComputedStyle(document.body).backgroundColor + ' ' + getComputedStyle(document.body).color";
    browser.scheme("light").await;
    let light = client.execute(ground, vec![]).await.expect("a script runs");
    browser.scheme("dark").await;
    let dark = client.execute(ground, vec![]).await.expect("a script runs");
    assert_ne!(light, dark);

    // From the first key to a campaign's page: skip link, brand, the pages, the campaign.
    client.goto(&format!("{}/#/", installation.url)).await.expect("the dashboard is there");
    client.refresh().await.expect("the dashboard is there");
    browser.until(pages[0].1).await;
    let mut passed = Vec::new();
    for _ in 0..12 {
        let active = client.active_element().await.expect("something has the focus");
        active.send_keys(&char::from(Key::Tab).to_string()).await.expect("it takes keys");
        let id = client.execute("return document.activeElement.id || document.activeElement.innerText", vec![]).await;
        passed.push(id.expect("a script runs"));
        if passed.last() == Some(&json!("campaign-1")) {
            break;
        }
    }
    assert_eq!(passed.first(), Some(&json!("Skip to content")), "{passed:?}");
    assert_eq!(passed.last(), Some(&json!("campaign-1")), "{passed:?}");
    let link = client.find(Locator::Id("campaign-1")).await.expect("it is there");
    link.send_keys(&char::from(Key::Enter).to_string()).await.expect("it takes keys");
    browser.until("return document.querySelector('h1')?.innerText === 'small'").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.client.clone().close().await.expect("the browser ends");
    drop(worker);
}
