//! Both adapters keep the promises of the port (invariant 8).

mod sqlite {
    use colloquy_auth::guess_store_conformance;

    use crate::parts::sqlite_guesses;

    guess_store_conformance!(sqlite_guesses());
}

mod postgres {
    use colloquy_auth::guess_store_conformance;

    use crate::parts::postgres_guesses;

    guess_store_conformance!(postgres_guesses());
}
