//! Both adapters keep the promises of the port (invariant 8).

mod sqlite {
    use colloquy_auth::login_throttle_store_conformance;

    use crate::parts::sqlite_throttle;

    login_throttle_store_conformance!(sqlite_throttle());
}

mod postgres {
    use colloquy_auth::login_throttle_store_conformance;

    use crate::parts::postgres_throttle;

    login_throttle_store_conformance!(postgres_throttle());
}
