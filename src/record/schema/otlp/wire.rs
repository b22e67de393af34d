//! Protobuf's wire format, as far as OTLP needs it: fields in order, unknown ones passed over. Groups, which
//! protobuf itself has given up, are refused. Nothing is copied and nothing recurses.

/// Not protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotProto;

/// One field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A number of variable length.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Four bytes.
    Fixed32(u32),
    /// A text, bytes or a message.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], NotProto> {
        if let Value::Bytes(bytes) = self { Ok(bytes) } else { Err(NotProto) }
    }

    pub(super) fn text(self) -> Result<&'a str, NotProto> {
        std::str::from_utf8(self.bytes()?).map_err(|_| NotProto)
    }

    pub(super) fn fixed64(self) -> Result<u64, NotProto> {
        if let Value::Fixed64(value) = self { Ok(value) } else { Err(NotProto) }
    }

    pub(super) fn varint(self) -> Result<u64, NotProto> {
        if let Value::Varint(value) = self { Ok(value) } else { Err(NotProto) }
    }
}

/// Fields of a message.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    /// The next field and its number, if there is one.
    pub(super) fn take(&mut self) -> Result<Option<(u64, Value<'a>)>, NotProto> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| NotProto)?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or(NotProto)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(NotProto),
        };
        match tag >> 3 {
            0 => Err(NotProto),
            number => Ok(Some((number, value))),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], NotProto> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or(NotProto)?;
        self.0 = rest;
        Ok(*array)
    }

    fn varint(&mut self) -> Result<u64, NotProto> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(NotProto)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(NotProto)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_each_kind_and_none_that_is_cut_off() {
        // the example of protobuf's own documentation, and one of each other kind
        let bytes = [8, 0x96, 1, 18, 2, b'h', b'i', 25, 1, 0, 0, 0, 0, 0, 0, 0, 37, 2, 0, 0, 0];
        let mut fields = Fields(&bytes);
        let mut all = Vec::new();
        while let Ok(Some(field)) = fields.take() {
            all.push(field);
        }
        let expected =
            [(1, Value::Varint(150)), (2, Value::Bytes(b"hi")), (3, Value::Fixed64(1)), (4, Value::Fixed32(2))];
        assert_eq!(all, expected);
        for cut in 1..bytes.len() {
            let mut fields = Fields(bytes.get(..cut).unwrap_or_default());
            let whole = [3, 7, 16].contains(&cut);
            let mut last = fields.take();
            while matches!(last, Ok(Some(_))) {
                last = fields.take();
            }
            assert_eq!(last.is_ok(), whole, "cut at {cut}");
        }
        for wrong in
            [&[0_u8, 0][..], &[0x0b], &[0xff; 11], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]]
        {
            assert_eq!(Fields(wrong).take(), Err(NotProto), "{wrong:?}");
        }
    }
}
