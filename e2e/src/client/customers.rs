//! The customers every fresh system has (contract §3).

/// A seeded customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeded {
    /// The customer's id: 1, 2 or 3.
    pub id: i64,
    /// What to log in with.
    pub username: &'static str,
    /// What to log in with.
    pub password: &'static str,
    /// The name that messages carry.
    pub full_name: &'static str,
}

/// Customer 1.
pub const USER1: Seeded = Seeded {
    id: 1,
    username: "user1",
    password: "123",
    full_name: "Vũ Thanh Hải",
};

/// Customer 2.
pub const USER2: Seeded = Seeded {
    id: 2,
    username: "user2",
    password: "1234",
    full_name: "Huỳnh Đặng Tấn Phát",
};

/// Customer 3, in no room unless a test says so.
pub const USER3: Seeded = Seeded {
    id: 3,
    username: "user3",
    password: "12345",
    full_name: "Nguyễn Anh Quốc",
};

impl Seeded {
    /// A place in an array of the three.
    #[must_use]
    pub const fn index(self) -> usize {
        match self.id {
            1 => 0,
            2 => 1,
            _ => 2,
        }
    }
}
