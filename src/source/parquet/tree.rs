//! The shape of a Parquet schema: what is an object, a list or a map, and at which levels.
//!
//! A value of nested data carries two numbers. Its *definition level* says how much of its path is there:
//! below [`Node::defined`] the node is null. Its *repetition level* says which list it goes on with.

use std::ops::Range;

use parquet::basic::{ConvertedType, LogicalType, Repetition};
use parquet::schema::types::Type;

use super::cell::Meaning;

/// One value of the schema and what is in it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) shape: Shape,
    /// Definition level from which on it is not null.
    pub(super) defined: i16,
    /// The leaf columns under it.
    pub(super) leaves: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Shape {
    Leaf(Meaning),
    Object(Vec<(String, Node)>),
    List { element: Box<Node>, repetition: i16 },
    Map { key: Box<Node>, value: Box<Node>, repetition: i16 },
}

impl Node {
    /// The tree of a file's schema. Leaves are numbered as its columns are.
    pub(super) fn of(schema: &Type) -> Node {
        let mut builder = Builder { leaves: 0 };
        let fields = schema.get_fields().iter();
        let fields = fields.map(|field| (field.name().to_owned(), builder.field(field, 0, 0, Top(true)))).collect();
        Node { shape: Shape::Object(fields), defined: 0, leaves: 0..builder.leaves }
    }
}

/// Whether a field is one of the record's own: some of those are known by name.
#[derive(Clone, Copy)]
struct Top(bool);

struct Builder {
    leaves: usize,
}

impl Builder {
    /// A field of which `defined` and `repeated` levels are above it.
    fn field(&mut self, field: &Type, defined: i16, repeated: i16, top: Top) -> Node {
        match field.get_basic_info().has_repetition().then(|| field.get_basic_info().repetition()) {
            Some(Repetition::OPTIONAL) => self.value(field, defined + 1, repeated, top),
            Some(Repetition::REPEATED) => {
                let element = self.value(field, defined + 1, repeated + 1, Top(false));
                list(element, defined, repeated + 1)
            }
            Some(Repetition::REQUIRED) | None => self.value(field, defined, repeated, top),
        }
    }

    fn value(&mut self, field: &Type, defined: i16, repeated: i16, top: Top) -> Node {
        let start = self.leaves;
        if field.is_primitive() {
            self.leaves += 1;
            let meaning = Meaning::of(field, top.0);
            return Node { shape: Shape::Leaf(meaning), defined, leaves: start..self.leaves };
        }
        if let [inner] = field.get_fields()
            && is_repeated(inner)
        {
            if marked(field, ConvertedType::LIST, &LogicalType::List) {
                let element = self.element(field, inner, defined + 1, repeated + 1);
                return list(element, defined, repeated + 1);
            }
            let is_map = marked(field, ConvertedType::MAP, &LogicalType::Map)
                || field.get_basic_info().converted_type() == ConvertedType::MAP_KEY_VALUE;
            if let (true, [key, value]) = (is_map, fields(inner)) {
                let key = Box::new(self.field(key, defined + 1, repeated + 1, Top(false)));
                let value = Box::new(self.field(value, defined + 1, repeated + 1, Top(false)));
                let shape = Shape::Map { key, value, repetition: repeated + 1 };
                return Node { shape, defined, leaves: start..self.leaves };
            }
        }
        let inner = field.get_fields().iter();
        let inner =
            inner.map(|inner| (inner.name().to_owned(), self.field(inner, defined, repeated, Top(false)))).collect();
        Node { shape: Shape::Object(inner), defined, leaves: start..self.leaves }
    }

    /// The element of a list: the format's rules for files older than its three levels.
    fn element(&mut self, list: &Type, repeated: &Type, defined: i16, repetition: i16) -> Node {
        let is_element = |name: &str| name == "array" || name == format!("{}_tuple", list.name());
        match fields(repeated) {
            [element] if !is_element(repeated.name()) => self.field(element, defined, repetition, Top(false)),
            _ => self.value(repeated, defined, repetition, Top(false)),
        }
    }
}

fn list(element: Node, defined: i16, repetition: i16) -> Node {
    let leaves = element.leaves.clone();
    Node { shape: Shape::List { element: Box::new(element), repetition }, defined, leaves }
}

fn fields(field: &Type) -> &[std::sync::Arc<Type>] {
    if field.is_group() { field.get_fields() } else { &[] }
}

fn is_repeated(field: &Type) -> bool {
    let about = field.get_basic_info();
    about.has_repetition() && about.repetition() == Repetition::REPEATED
}

fn marked(field: &Type, old: ConvertedType, new: &LogicalType) -> bool {
    let about = field.get_basic_info();
    about.converted_type() == old || about.logical_type_ref() == Some(new)
}
