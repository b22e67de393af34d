//! Exchange to [`Trace`]: fixed-size numbers and keyed hashes. **After this stage there is no text.**
