//! Lists that come in pages: the whole of it, or a fault.
//!
//! That something is not in a list may be taken for a proof that it is not there, so a list that ends early, goes round in
//! circles, or changes while it is read is no list. The adapter asks for one page after the other; where it goes on at
//! addresses that the server gives, the first page is at `None`:
//!
//! ```text
//! let mut pages = Pages::new("the clients", first, deadline);
//! while let Some((at, within)) = pages.next()? {
//!     // Ask for the page, then:
//!     pages.add(bytes, items, |item| item.id.clone(), next)?;
//! }
//! let clients = pages.whole()?;
//! ```

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::http::{LIST, short};
use super::time_for;
use crate::model::Fault;

/// With a hundred clients on each, more than the largest servers have.
const PAGES_MAX: usize = 2000;

/// A list under way. `C` is what says where a page is: an address, a cursor, an offset or the number of a page.
pub struct Pages<T, C, I = String> {
    what: &'static str,
    deadline: Instant,
    next: Option<C>,
    asked: BTreeSet<C>,
    known: BTreeSet<I>,
    bytes: usize,
    items: Vec<T>,
}

impl<T, C: Clone + Ord, I: Ord> Pages<T, C, I> {
    /// A list whose first page is at `first`, and which is to be whole at the deadline. `what` are words that follow "for".
    pub fn new(what: &'static str, first: C, deadline: Instant) -> Self {
        Self {
            what,
            deadline,
            next: Some(first),
            asked: BTreeSet::new(),
            known: BTreeSet::new(),
            bytes: 0,
            items: Vec::new(),
        }
    }

    /// Where the next page is and how long its call may take. None once the list is whole.
    #[expect(
        clippy::should_implement_trait,
        reason = "it can fail, and the answer comes by `add`"
    )]
    pub fn next(&mut self) -> Result<Option<(C, Duration)>, Fault> {
        let Some(next) = &self.next else {
            return Ok(None);
        };
        if self.asked.len() >= PAGES_MAX {
            return Err(self.broken("it has too many pages"));
        }
        if !self.asked.insert(next.clone()) {
            return Err(self.broken("a page leads back to an earlier one"));
        }
        let within = time_for(self.what, self.deadline)?;
        Ok(Some((next.clone(), within)))
    }

    /// A page: how large its answer was, what is on it, what tells one item from another, and where the next one is. None
    /// is the end.
    ///
    /// An item that was there before shows that pages overlap, or that the list changed while it was read: then another
    /// one may have been passed over.
    pub fn add(
        &mut self,
        bytes: usize,
        items: Vec<T>,
        id: impl Fn(&T) -> I,
        next: Option<C>,
    ) -> Result<(), Fault> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > LIST {
            return Err(self.broken("it is too large"));
        }
        for item in items {
            if !self.known.insert(id(&item)) {
                return Err(self.broken("something is on it twice, so it changed while it was read"));
            }
            self.items.push(item);
        }
        self.next = next;
        Ok(())
    }

    /// The last item so far.
    pub fn last(&self) -> Option<&T> {
        self.items.last()
    }

    /// All items, once the list is whole.
    pub fn whole(self) -> Result<Vec<T>, Fault> {
        if self.next.is_some() {
            return Err(self.broken("it is not whole"));
        }
        Ok(self.items)
    }

    fn broken(&self, why: &str) -> Fault {
        Fault::Unavailable(short(&format!(
            "the answer for {} makes no sense: {why}",
            self.what
        )))
    }
}

impl<T, I: Ord> Pages<T, usize, I> {
    /// A page of a list by offsets, which was asked for from [`from_offset`] of where it is. Such a list moves up when
    /// something before is removed, and an item would be passed over. So each page begins with the last item of the one
    /// before, and one that does not shows that the list has moved. A server may give fewer items than it was asked for, if
    /// at least two, so only a page without anything new is the end.
    pub fn add_from_offset(
        &mut self,
        bytes: usize,
        mut items: Vec<T>,
        id: impl Fn(&T) -> I,
    ) -> Result<(), Fault> {
        if let Some(last) = self.last() {
            if items.first().map(&id) != Some(id(last)) {
                return Err(self.broken("it changed while it was read"));
            }
            items.remove(0);
        }
        let next = (!items.is_empty()).then(|| self.items.len() + items.len());
        self.add(bytes, items, id, next)
    }
}

/// From which offset the page at `at` is asked for: one earlier, as [`Pages::add_from_offset`] wants it.
pub fn from_offset(at: usize) -> usize {
    at.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    fn id(item: &&str) -> String {
        (*item).to_owned()
    }

    /// Follows cursors through pages that are given by them.
    fn read(page: impl Fn(u32) -> (Vec<&'static str>, Option<u32>)) -> Result<Vec<&'static str>, Fault> {
        let mut pages = Pages::new("the list", 0, soon());
        while let Some((at, _)) = pages.next()? {
            let (items, next) = page(at);
            pages.add(100, items, id, next)?;
        }
        pages.whole()
    }

    fn why<T: std::fmt::Debug>(came: Result<T, Fault>) -> String {
        match came {
            Err(Fault::Unavailable(text)) => text,
            came => panic!("{came:?}"),
        }
    }

    #[test]
    fn a_list_is_read_to_its_end() {
        assert_eq!(read(|_| (vec![], None)), Ok(vec![]));
        assert_eq!(read(|_| (vec!["a"], None)), Ok(vec!["a"]));
        let three = |at| match at {
            0 => (vec!["a", "b"], Some(7)),
            7 => (vec![], Some(3)),
            _ => (vec!["c"], None),
        };
        assert_eq!(read(three), Ok(vec!["a", "b", "c"]));
    }

    #[test]
    fn a_list_that_goes_round_is_none() {
        let text = why(read(|at| (vec![], Some((at + 1) % 3))));
        assert!(text.contains("leads back"), "{text}");
        assert!(why(read(|_| (vec![], Some(0)))).contains("leads back"));
        assert!(why(read(|at| (vec![], Some(at + 1)))).contains("too many pages"));
        assert!(why(read(|at| (vec!["a"], Some(at + 1)))).contains("twice"));
        assert!(why(read(|_| (vec!["a", "b", "a"], None))).contains("twice"));
    }

    #[test]
    fn a_list_has_bounds() {
        let mut pages = Pages::new("the list", 0, soon());
        pages.next().unwrap();
        pages.add(LIST, vec!["a"], id, Some(1)).unwrap();
        assert!(why(pages.add(1, vec!["b"], id, None)).contains("too large"));

        let mut late = Pages::<&str, u32>::new("the list", 0, Instant::now());
        assert_eq!(why(late.next()), "no time was left for the list");
        assert!(why(late.whole()).contains("not whole"));
        let mut pages = Pages::<&str, u32>::new("the list", 0, soon());
        let (_, within) = pages.next().unwrap().unwrap();
        assert!(within <= Duration::from_secs(10) && within > Duration::from_secs(9));
    }

    /// A server that has `most` items on a page, and whose list is another one after the first page.
    fn by_offset(
        before: &[&'static str],
        after: &[&'static str],
        most: usize,
    ) -> Result<Vec<&'static str>, Fault> {
        let mut pages = Pages::new("the list", 0, soon());
        while let Some((at, _)) = pages.next()? {
            let list = if at == 0 { before } else { after };
            let items = list.iter().skip(from_offset(at)).take(most).copied().collect();
            pages.add_from_offset(100, items, id)?;
        }
        pages.whole()
    }

    #[test]
    fn offsets() {
        let list = ["a", "b", "c", "d", "e"];
        for most in 2..7 {
            assert_eq!(by_offset(&list, &list, most), Ok(list.to_vec()), "{most}");
        }
        assert_eq!(by_offset(&[], &[], 3), Ok(vec![]));
        // What comes at the end is read or not; it was not there when the reading began.
        assert_eq!(
            by_offset(&["a", "b", "c"], &["a", "b", "c", "d"], 3),
            Ok(vec!["a", "b", "c", "d"])
        );
    }

    #[test]
    fn a_list_that_moves_is_none() {
        let before = ["a", "b", "c", "d", "e"];
        for after in [
            &["b", "c", "d", "e"][..],
            &["a", "c", "d", "e"],
            &["0", "a", "b", "c", "d", "e"],
            &["a", "b"],
            &[],
        ] {
            let text = why(by_offset(&before, after, 3));
            assert!(text.contains("changed while it was read"), "{after:?}: {text}");
        }
        // A server that does not know offsets, and one that gives one item at a time.
        let mut pages = Pages::new("the list", 0, soon());
        let mut ask = || -> Result<(), Fault> {
            while pages.next()?.is_some() {
                pages.add_from_offset(100, vec!["a", "b"], id)?;
            }
            Ok(())
        };
        assert!(why(ask()).contains("changed"));
    }
}
