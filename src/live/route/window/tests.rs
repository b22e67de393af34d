use proptest::prelude::*;

use super::*;

const RULE: Rule = Rule { span: 10, bytes: 1_000 };
const START: Anchor = Anchor { from: 0, time: None };

type Log = Vec<Entry<usize>>;
/// Offset of the record at which it happens, and the parts' offsets, or the late one's.
type Told = (i64, Result<(Vec<usize>, bool), usize>);

/// Keys of single letters; none is a tick. Offsets have gaps, as a log's.
fn log(records: &[(Option<u8>, Option<i64>, u64)]) -> Log {
    let entry = |(index, (key, time, bytes)): (usize, &(Option<u8>, Option<i64>, u64))| Entry {
        offset: index as i64 * 2,
        time: *time,
        bytes: *bytes,
        part: key.map(|key| (vec![key], index)),
    };
    records.iter().enumerate().map(entry).collect()
}

fn run(window: &mut Window<usize>, log: &[Entry<usize>]) -> Vec<Told> {
    let mut told = Vec::new();
    for entry in log {
        let Step { due, late } = window.step(entry.clone());
        told.extend(due.into_iter().map(|due| (entry.offset, Ok((due.parts, due.early)))));
        told.extend(entry.part.as_ref().filter(|_| late).map(|(_, part)| (entry.offset, Err(*part))));
    }
    told
}

/// The rule as it is written, looking back over the whole log each time.
fn by_definition(log: &[Entry<usize>]) -> Vec<Told> {
    let mut places = Vec::new();
    let mut here = Place { time: 0, bytes: 0 };
    let mut any = None;
    for entry in log {
        any = any.max(entry.time);
        here = Place { time: any.unwrap_or(0), bytes: here.bytes + entry.bytes + OVERHEAD };
        places.push(here);
    }
    let far = |from: usize, to: usize| RULE.far(places[from], places[to]);
    let key = |index: usize| log[index].part.as_ref().map(|(key, _)| key);
    let mut told: Vec<(usize, Told)> = Vec::new();
    for index in (0..log.len()).filter(|index| key(*index).is_some()) {
        let before = |of: usize| (0..of).rev().find(|other| key(*other) == key(index));
        let is_first = |part: usize| before(part).is_none_or(|last| far(last, part));
        if is_first(index) {
            let of_it = (index..log.len()).filter(|part| key(*part) == key(index) && !far(index, *part)).collect();
            if let Some(at) = (index..log.len()).find(|at| far(index, *at)) {
                let early = !RULE.late(places[index], places[at]);
                told.push((index, (log[at].offset, Ok((of_it, early)))));
            }
            continue;
        }
        let first = (0..index).rev().find(|part| key(*part) == key(index) && is_first(*part));
        if first.is_some_and(|first| far(first, index)) {
            told.push((usize::MAX, (log[index].offset, Err(index))));
        }
    }
    told.sort_by_key(|(first, (at, _))| (*at, *first));
    told.into_iter().map(|(_, told)| told).collect()
}

#[test]
fn parts_within_the_time_are_joined_and_later_ones_are_late() {
    let a = Some(b'a');
    let log = log(&[
        (a, Some(0), 1),
        (Some(b'b'), Some(3), 1),
        (a, Some(9), 1),
        (a, Some(12), 1),    // 0 and 9 are due before it comes; 9 is near, so it is late
        (None, Some(13), 1), // a tick
        (a, Some(21), 1),    // near 12
        (a, Some(31), 1),    // far from 21: a first
        (None, Some(41), 1),
    ]);
    let mut window = Window::at(RULE, START);
    let joined = |at: i64, parts: &[usize]| (at * 2, Ok((parts.to_vec(), false)));
    let expected = [joined(3, &[0, 2]), (6, Err(3)), joined(4, &[1]), (10, Err(5)), joined(7, &[6])];
    assert_eq!(run(&mut window, &log), expected);
    assert!(window.is_empty());
    assert_eq!(window.anchor(), Anchor { from: 15, time: Some(41) });
}

#[test]
fn bytes_end_what_time_does_not() {
    let log = log(&[(Some(b'a'), None, 1), (None, None, 800), (Some(b'a'), None, 1), (None, None, 800)]);
    let told = run(&mut Window::at(RULE, START), &log);
    assert_eq!(told, [(6, Ok((vec![0, 2], true)))]);
}

#[test]
fn what_is_flushed_is_not_known_any_more() {
    let log = log(&[(Some(b'a'), Some(5), 1), (Some(b'b'), Some(5), 1), (Some(b'a'), Some(6), 1)]);
    let mut window = Window::at(RULE, START);
    run(&mut window, &log);
    assert_eq!((window.anchor(), window.end()), (START, Some(16)));
    let parts: Vec<Vec<usize>> = window.flush().into_iter().map(|due| due.parts).collect();
    assert_eq!(parts, [vec![0, 2], vec![1]]);
    window.change(Rule { span: 20, ..RULE });
    assert_eq!(window.anchor(), Anchor { from: 5, time: Some(6) });
}

fn records() -> impl Strategy<Value = Vec<(Option<u8>, Option<i64>, u64)>> {
    let key = prop_oneof![4 => (b'a'..b'f').prop_map(Some), 1 => Just(None)];
    let size = prop_oneof![8 => 0..60_u64, 1 => 0..1_500_u64];
    // steps of time, sometimes back or far ahead, sometimes none
    let step = prop_oneof![8 => -2..4_i64, 1 => -30..30_i64];
    let one = (key, prop::option::weighted(0.95, step), size);
    prop::collection::vec(one, 0..120).prop_map(|mut all| {
        let mut time = 100;
        for (_, step, _) in &mut all {
            time += step.unwrap_or(0);
            *step = step.map(|_| time);
        }
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_log_is_told_as_the_rule_says(records in records()) {
        let log = log(&records);
        prop_assert_eq!(run(&mut Window::at(RULE, START), &log), by_definition(&log));
    }

    #[test]
    fn wherever_it_begins_again_it_tells_the_same(
        records in records(),
        restarts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let log = log(&records);
        let mut places: Vec<usize> = restarts.iter().map(|index| index.index(log.len() + 1)).collect();
        places.sort_unstable();
        let mut window = Window::at(RULE, START);
        let (mut told, mut done) = (Vec::new(), 0);
        for place in places {
            told.extend(run(&mut window, &log[done..place]));
            done = place;
            let anchor = window.anchor();
            // all that the anchor leaves out is read no more
            prop_assert!(anchor.from <= window.next);
            window = Window::at(RULE, anchor);
            let again: Log = log[..done].iter().filter(|entry| entry.offset >= anchor.from).cloned().collect();
            run(&mut window, &again);
            // and if it dies there again, it begins no later
            prop_assert!(window.anchor().from >= anchor.from);
        }
        told.extend(run(&mut window, &log[done..]));
        prop_assert_eq!(told, by_definition(&log));
    }

    #[test]
    fn what_is_held_and_read_again_is_bounded(records in records()) {
        let mut window = Window::at(RULE, START);
        let mut read: Vec<(i64, Place)> = Vec::new();
        for entry in log(&records) {
            let largest = entry.bytes + OVERHEAD;
            window.step(entry.clone());
            let here = Place { time: window.time.unwrap_or(0), bytes: window.bytes };
            read.push((entry.offset, here));
            let held = window.pending.front().map_or(0, |p| here.bytes - p.first.bytes);
            prop_assert!(held < RULE.bytes.max(largest));
            // three generations, each one distance and a record long at most
            let anchor = window.anchor();
            let from = read.iter().find(|(offset, _)| *offset >= anchor.from).map_or(here, |(_, place)| *place);
            prop_assert!(here.bytes - from.bytes < 3 * (RULE.bytes + 1_500 + OVERHEAD));
        }
        if let Some(end) = window.end() {
            window.step(Entry { offset: 1_000, time: Some(end), bytes: 0, part: None });
            prop_assert!(window.is_empty() && window.pending.is_empty());
        }
    }
}
