//! Who is ready and waits for a worker.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::Urgency;
use crate::model::Subject;

/// Subjects that are ready, by urgency.
#[derive(Debug, Default)]
pub(super) struct Waiting(BTreeMap<Urgency, Rota>);

impl Waiting {
    pub(super) fn add(&mut self, subject: Subject, urgency: Urgency) {
        if urgency == Urgency::Change {
            self.0.entry(Urgency::Background).or_default().remove(&subject);
        } else if self
            .0
            .get(&Urgency::Change)
            .is_some_and(|rota| rota.members.contains(&subject))
        {
            return;
        }
        self.0.entry(urgency).or_default().push(subject);
    }

    pub(super) fn pop(&mut self, urgency: Urgency) -> Option<Subject> {
        self.0.get_mut(&urgency)?.pop()
    }

    pub(super) fn len(&self) -> usize {
        self.0.values().map(|rota| rota.members.len()).sum()
    }
}

/// Subjects that are ready, one namespace after the other, so that a crowd in one delays nobody in another.
#[derive(Debug, Default)]
struct Rota {
    namespaces: VecDeque<String>,
    waiting: HashMap<String, VecDeque<Subject>>,
    members: HashSet<Subject>,
}

impl Rota {
    fn push(&mut self, subject: Subject) {
        if !self.members.insert(subject.clone()) {
            return;
        }
        let namespace = subject.client.namespace.clone();
        let line = self.waiting.entry(namespace.clone()).or_default();
        if line.is_empty() {
            self.namespaces.push_back(namespace);
        }
        line.push_back(subject);
    }

    fn pop(&mut self) -> Option<Subject> {
        let namespace = self.namespaces.pop_front()?;
        let line = self.waiting.get_mut(&namespace)?;
        let subject = line.pop_front()?;
        if line.is_empty() {
            self.waiting.remove(&namespace);
        } else {
            self.namespaces.push_back(namespace);
        }
        self.members.remove(&subject);
        Some(subject)
    }

    fn remove(&mut self, subject: &Subject) {
        if !self.members.remove(subject) {
            return;
        }
        let namespace = &subject.client.namespace;
        if let Some(line) = self.waiting.get_mut(namespace) {
            line.retain(|waiting| waiting != subject);
            if line.is_empty() {
                self.waiting.remove(namespace);
                self.namespaces.retain(|waiting| waiting != namespace);
            }
        }
    }
}
