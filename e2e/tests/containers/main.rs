//! The containers of `compose.yaml`, which run: nothing is lost when all of them are taken down and started again.
//! `cargo xtask containers` says where the system is, as for the other tests of the distributed mode, and
//! `COLLOQUY_E2E_COMPOSE` is its docker-compose with all files.

mod compose;
mod people;
mod restart;
