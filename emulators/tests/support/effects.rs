//! No switch and no value of a switch may be without effect.

use std::collections::BTreeMap;

use authserver_emulator::switch::SwitchInfo;

/// Has the same long conversation under each value of each switch, and fails where two values of one switch lead to the same
/// answers. `samples` chooses values where there are too many.
pub async fn each_value_makes_a_difference(
    switches: Vec<SwitchInfo>,
    samples: impl Fn(&SwitchInfo) -> Vec<String>,
    conversation: impl AsyncFn(&str, &str) -> Vec<String>,
) {
    // A switch with its default changes nothing.
    let usual = switches.first().unwrap();
    let once = conversation(usual.name, &usual.default).await;
    let again = conversation(usual.name, &usual.default).await;
    for (line, other) in once.iter().zip(&again) {
        assert_eq!(line, other, "without a difference it is always the same");
    }
    assert_eq!(once.len(), again.len());
    let mut same = Vec::new();
    for info in switches {
        let samples = samples(&info);
        assert!(samples.contains(&info.default), "{}", info.name);
        let mut heard: BTreeMap<Vec<String>, String> = BTreeMap::new();
        for value in samples {
            let said = conversation(info.name, &value).await;
            if let Some(other) = heard.insert(said, value.clone()) {
                same.push(format!(
                    "{} does the same for {value:?} as for {other:?}",
                    info.name
                ));
            }
        }
    }
    assert!(same.is_empty(), "{same:#?}");
}
