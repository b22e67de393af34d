//! Text without anyone's text: words, sentences, documents, code, tables, dialogues.
//!
//! Every form is reachable from attackers and innocents alike; which side a text serves is not known here.

pub(super) mod source;
mod subjects;
pub(super) mod lexicon;
mod words;
pub(super) mod pen;
pub(super) mod form;
pub(super) mod reading;
pub(super) mod warp;
pub(super) mod disguise;
mod code;
mod maths;
pub(super) mod phrases;
pub(super) mod answer;

pub(super) use answer::answer;
pub(super) use form::{Form, body};
pub(super) use lexicon::{Inputs, Wants, World};
pub(super) use pen::Pen;
pub(super) use reading::head;
