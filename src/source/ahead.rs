//! Makes the next thing while the last one is worked on: files are decompressed, and traffic simulated, on a thread of
//! their own.

use std::sync::mpsc::sync_channel;

/// Hands what `make` makes to `take`, in order, one thing ahead. What `make` calls returns false when nothing more is
/// wanted, which is after the first error of `take`.
pub(crate) fn ahead<T: Send, E>(
    make: impl FnOnce(&mut dyn FnMut(T) -> bool) + Send,
    take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    std::thread::scope(|scope| {
        let (made, things) = sync_channel(1);
        scope.spawn(move || make(&mut |thing| made.send(thing).is_ok()));
        things.into_iter().try_for_each(take)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_in_order() {
        let mut taken = Vec::new();
        let done: Result<(), ()> = ahead(
            |give| assert!((0..1_000).all(&mut *give)),
            |thing| {
                taken.push(thing);
                Ok(())
            },
        );
        assert_eq!((done, taken), (Ok(()), (0..1_000).collect()));
    }

    #[test]
    fn an_error_ends_both() {
        let mut made = 0;
        let failed = ahead(
            |give| {
                while give(made) {
                    made += 1;
                }
            },
            |thing| if thing < 5 { Ok(()) } else { Err(thing) },
        );
        assert_eq!(failed, Err(5));
        assert!((5..=8).contains(&made), "{made}");
    }
}
