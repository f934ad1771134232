//! So much of what is wrong is told, and shared between the fields: one that is wrong in
//! every row leaves room for the others.

use std::collections::BTreeMap;

/// So many violations are told; one more says how many are left out.
pub const MOST_VIOLATIONS: usize = 1_000;

/// Up to [`MOST_VIOLATIONS`] of what is added. Each field keeps its first ones, without
/// a gap, and if there is no room for all, none has more than others that would need it.
///
/// ```
/// let mut fair = outpost_contract::Fair::default();
/// (0..3_000).for_each(|row| fair.add("age", || format!("age {row}")));
/// (0..100).for_each(|row| fair.add("sex", || format!("sex {row}")));
/// let told = fair.told(|_, left_out| format!("{left_out} more"));
/// assert_eq!(told.len(), 1_001);
/// assert_eq!(told[899..901], ["age 899", "sex 0"]);
/// assert_eq!(told[999..], ["sex 99", "2100 more"]);
/// ```
#[derive(Clone, Debug)]
pub struct Fair<T> {
    fields: Vec<Of<T>>,
    /// Where among them each is, by its name.
    places: BTreeMap<String, usize>,
    /// The one that was added to last: mostly the next is of the same.
    last: usize,
    /// Of all fields.
    kept: usize,
    /// How many were added, which is the number of the next one.
    next: usize,
}

/// What is kept of one field.
#[derive(Clone, Debug)]
struct Of<T> {
    name: String,
    /// Each with its number.
    kept: Vec<(usize, T)>,
    /// Once one is left out, all that follow are.
    left_out: usize,
}

impl<T> Default for Fair<T> {
    fn default() -> Self {
        Fair { fields: Vec::new(), places: BTreeMap::new(), last: 0, kept: 0, next: 0 }
    }
}

impl<T> Fair<T> {
    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.next == 0
    }

    /// Adds one of a field. It is not made if there is no room for it.
    pub fn add(&mut self, field: &str, make: impl FnOnce() -> T) {
        let number = self.next;
        self.next += 1;
        let place = self.place(field);
        let Some(own) = self.fields.get(place) else { return };
        let room = own.left_out == 0 && (self.kept < MOST_VIOLATIONS || self.take(own.kept.len()));
        let Some(own) = self.fields.get_mut(place) else { return };
        if room {
            own.kept.push((number, make()));
            self.kept += 1;
        } else {
            own.left_out += 1;
        }
    }

    /// Adds what another one kept, and counts what that left out.
    pub fn append(&mut self, other: Fair<T>) {
        let left_out: Vec<(String, usize)> =
            other.fields.iter().map(|field| (field.name.clone(), field.left_out)).collect();
        for (field, item) in other.numbered() {
            self.add(&field, || item);
        }
        for (field, left_out) in left_out {
            let place = self.place(&field);
            if let Some(field) = self.fields.get_mut(place) {
                field.left_out += left_out;
            }
            self.next += left_out;
        }
    }

    /// Each changed.
    pub fn map<U>(self, change: impl Fn(T) -> U) -> Fair<U> {
        let changed = |field: Of<T>| Of {
            name: field.name,
            kept: field.kept.into_iter().map(|(number, item)| (number, change(item))).collect(),
            left_out: field.left_out,
        };
        let Fair { fields, places, last, kept, next } = self;
        Fair { fields: fields.into_iter().map(changed).collect(), places, last, kept, next }
    }

    /// Whether there is one like this among those that are kept of a field.
    pub fn has(&self, field: &str, like: impl Fn(&T) -> bool) -> bool {
        let own = self.places.get(field).and_then(|&place| self.fields.get(place));
        own.is_some_and(|own| own.kept.iter().any(|(_, item)| like(item)))
    }

    /// Only those that are like this stay; others are forgotten, not left out.
    pub fn retain(&mut self, like: impl Fn(&T) -> bool) {
        for field in &mut self.fields {
            field.kept.retain(|(_, item)| like(item));
        }
        self.kept = self.fields.iter().map(|field| field.kept.len()).sum();
        self.next = self.fields.iter().map(|field| field.kept.len() + field.left_out).sum();
    }

    /// Field by field, in the order in which they first came, and each by this key.
    pub fn sort_by_field<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        let mut number = 0;
        for field in &mut self.fields {
            field.kept.sort_by_key(|(_, item)| key(item));
            for (own, _) in &mut field.kept {
                *own = number;
                number += 1;
            }
        }
    }

    /// Those that are kept, in the order in which they were added. If some are left
    /// out, `more` makes the last one, of one of the field that lacks most, and of how
    /// many there are in all.
    pub fn told(self, more: impl FnOnce(&T, usize) -> T) -> Vec<T> {
        let left_out: usize = self.fields.iter().map(|field| field.left_out).sum();
        let with_some = self.fields.iter().filter(|field| !field.kept.is_empty());
        let last = with_some
            .max_by_key(|field| field.left_out)
            .and_then(|field| field.kept.last())
            .filter(|_| left_out > 0)
            .map(|(_, item)| more(item, left_out));
        self.numbered().into_iter().map(|(_, item)| item).chain(last).collect()
    }

    /// Those that are kept, each with its field, in their order.
    fn numbered(self) -> Vec<(String, T)> {
        let mut all = Vec::with_capacity(self.kept);
        for Of { name, kept, .. } in self.fields {
            all.extend(kept.into_iter().map(|(number, item)| (number, name.clone(), item)));
        }
        all.sort_by_key(|(number, ..)| *number);
        all.into_iter().map(|(_, field, item)| (field, item)).collect()
    }

    fn place(&mut self, field: &str) -> usize {
        if self.fields.get(self.last).is_none_or(|last| last.name != field) {
            self.last = match self.places.get(field) {
                Some(&place) => place,
                None => {
                    self.places.insert(field.to_owned(), self.fields.len());
                    let name = field.to_owned();
                    self.fields.push(Of { name, kept: Vec::new(), left_out: 0 });
                    self.fields.len() - 1
                }
            };
        }
        self.last
    }

    /// Makes room for a field that has so many: the one that has most loses its last,
    /// if it then still has no fewer.
    fn take(&mut self, own: usize) -> bool {
        let most = self.fields.iter_mut().max_by_key(|field| field.kept.len());
        match most.filter(|most| most.kept.len() > own + 1) {
            Some(most) => {
                most.kept.pop();
                most.left_out += 1;
                self.kept -= 1;
                true
            }
            None => false,
        }
    }
}

/// How one says that there are more.
pub fn left_out(count: usize) -> String {
    match count {
        1 => "one more violation is left out".into(),
        more => format!("{more} more violations are left out"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fair, MOST_VIOLATIONS};

    type Item = (&'static str, usize);

    fn of(adds: impl Iterator<Item = Item>) -> Fair<Item> {
        let mut fair = Fair::default();
        adds.for_each(|item| fair.add(item.0, || item));
        fair
    }

    /// How many are kept of each field, if they are its first ones, and how many are
    /// left out in all.
    fn shares(fair: Fair<Item>, fields: &[&str]) -> (Vec<usize>, usize) {
        let mut left_out = 0;
        let mut all = fair.told(|item, more| {
            left_out = more;
            *item
        });
        if left_out > 0 {
            all.pop();
        }
        let share = |field: &&str| {
            let rows: Vec<usize> =
                all.iter().filter(|item| item.0 == *field).map(|item| item.1).collect();
            assert!(rows.iter().copied().eq(0..rows.len()), "{field}: {rows:?}");
            rows.len()
        };
        (fields.iter().map(share).collect(), left_out)
    }

    #[test]
    fn one_after_the_other() {
        let column = |field, rows: usize| (0..rows).map(move |row| (field, row));
        let all = column("a", 5_000).chain(column("b", 5_000)).chain(column("c", 7));
        let (kept, left_out) = shares(of(all), &["a", "b", "c"]);
        assert_eq!((kept[2], kept.iter().sum::<usize>()), (7, MOST_VIOLATIONS));
        assert!(kept[0].abs_diff(kept[1]) <= 1, "{kept:?}");
        assert_eq!(left_out, 10_007 - MOST_VIOLATIONS);
    }

    #[test]
    fn row_by_row() {
        let rows = (0..9_000).flat_map(|row| {
            let late = (row >= 8_000).then(|| ("d", row - 8_000));
            [("a", row), ("b", row), ("c", row)].into_iter().chain(late)
        });
        let (kept, left_out) = shares(of(rows), &["a", "b", "c", "d"]);
        assert!(kept.iter().all(|&kept| kept == 250), "{kept:?}");
        assert_eq!(left_out, 27_000);
    }

    #[test]
    fn as_many_as_there_is_room_for() {
        let fair = of((0..MOST_VIOLATIONS).map(|row| ("a", row)));
        assert_eq!(shares(fair.clone(), &["a"]), (vec![MOST_VIOLATIONS], 0));
        let mut fair = fair;
        fair.add("b", || ("b", 0));
        assert_eq!(shares(fair, &["a", "b"]), (vec![MOST_VIOLATIONS - 1, 1], 1));
    }

    #[test]
    fn there_can_be_more_fields_than_room() {
        let mut fair = Fair::default();
        for field in 0..MOST_VIOLATIONS + 5 {
            fair.add(&field.to_string(), || field);
        }
        let told = fair.told(|_, more| more);
        assert_eq!(told[..3], [0, 1, 2]);
        assert_eq!(told[MOST_VIOLATIONS..], [5]);
    }

    #[test]
    fn two_become_one() {
        let mut fair = of((0..900).map(|row| ("a", row)));
        fair.append(of((0..2_000).map(|row| ("b", row))));
        assert_eq!(shares(fair.clone(), &["a", "b"]), (vec![500, 500], 1_900));
        // What was left out once is not followed by others.
        fair.append(of([("b", 2_000), ("c", 0)].into_iter()));
        let (kept, left_out) = shares(fair, &["a", "b", "c"]);
        assert_eq!((kept[2], kept[0] + kept[1], left_out), (1, 999, 1_902));
    }

    #[test]
    fn by_field() {
        let mut fair = of([("a", 2), ("b", 1), ("a", 1), ("b", 0)].into_iter());
        assert!(fair.has("a", |item| item.1 == 2) && !fair.has("b", |item| item.1 == 2));
        fair.sort_by_field(|item| item.1);
        fair.add("a", || ("a", 0));
        let told = fair.clone().told(|item, _| *item);
        assert_eq!(told, [("a", 1), ("a", 2), ("b", 0), ("b", 1), ("a", 0)]);
        fair.retain(|item| item.0 == "b");
        assert_eq!(fair.clone().told(|item, _| *item), [("b", 0), ("b", 1)]);
        fair.retain(|_| false);
        assert!(fair.is_empty());
    }
}
