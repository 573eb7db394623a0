-- SQL cannot fold: the service fills the column when it starts. NULL means: not yet.
ALTER TABLE customers ADD COLUMN full_name_folded TEXT;
CREATE INDEX customers_by_folded_name ON customers (full_name_folded, customer_id);
