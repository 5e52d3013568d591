//! Every choice that the documentation of a server leaves open, each in every value.

use futures::future::join_all;

use super::{Bench, Truth};

/// One line for the defaults, and for each value of a switch that differs what differs. The bench holds every answer against
/// what is so; what is seen here is what a person has to live with. `untrue` are the switches that make the server itself
/// say what is not so.
pub async fn each_value<S: Truth>(untrue: &[&str], story: impl AsyncFn(Bench<S>) -> String) -> String {
    let usual = story(Bench::new().await).await;
    let mut lines = vec![format!("default:{usual}")];
    let values = S::switches().into_iter().flat_map(|info| {
        let values = info.samples.into_iter().map(move |value| (info.name, value));
        values.collect::<Vec<_>>()
    });
    let stories = values.map(async |(switch, value)| {
        let bench = Bench {
            lies: untrue.contains(&switch),
            ..Bench::turned(switch, &value).await
        };
        (format!("{switch}={value}"), story(bench).await)
    });
    let mut same = 0;
    for (label, story) in join_all(stories).await {
        match difference(&usual, &story) {
            none if none.is_empty() => same += 1,
            difference => lines.push(format!("{label}:{difference}")),
        }
    }
    lines.push(format!("{same} more: as by default"));
    lines.join("\n")
}

fn difference(usual: &str, story: &str) -> String {
    let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
    let usual = words(usual);
    let other = words(story).into_iter().filter(|word| !usual.contains(word));
    other.fold(String::new(), |text, word| text + " " + &word)
}
