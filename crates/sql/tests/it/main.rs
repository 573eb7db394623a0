//! What our promises rest on: how databases are opened, and which errors mean "try again".

mod sqlite;
