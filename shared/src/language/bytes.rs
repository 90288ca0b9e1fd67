//! A set of bytes.

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// The bytes for which `contains` holds.
    pub fn of(contains: impl Fn(u8) -> bool) -> Self {
        let mut set = Self::default();
        (0..=u8::MAX).filter(|byte| contains(*byte)).for_each(|byte| set.insert(byte));
        set
    }

    /// Adds a byte.
    pub fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Removes a byte.
    pub fn remove(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] &= !(1 << (byte & 63));
    }

    /// Whether the set has the byte.
    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
    }

    /// The bytes of the set, those that read well first.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        READABLE.iter().copied().chain(0..=u8::MAX).filter(|byte| self.contains(*byte))
    }

    /// The bytes of the set that `other` lacks.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|index| self.0[index] & !other.0[index]))
    }
}

/// Letters that few patterns name come first: they make a better example.
const READABLE: &[u8] = b"zqxjkvwybpfmuhncdrasoeiltg0123456789_-";
