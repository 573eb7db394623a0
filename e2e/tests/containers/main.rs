//! The containers of `compose.yaml`, which run: nothing is lost when each of them is replaced under load, one after the
//! other, nor when all of them are taken down and started again. `cargo xtask containers` says where the system is, as for
//! the other tests of the distributed mode, and `COLLOQUY_E2E_COMPOSE` is its docker-compose with all files.
//!
//! One test replaces what the other uses, so they run one after the other (`--test-threads 1`).

mod compose;
mod restart;
mod rolling_restart;
