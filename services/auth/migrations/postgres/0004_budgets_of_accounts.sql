-- A wait of before this column has no account, so a password reset could not lift it: all budgets begin anew.
DELETE FROM guess_budgets;
-- Whose budget it is, as a digest: all of an account's are lifted together. NULL: of an address over all accounts.
ALTER TABLE guess_budgets ADD COLUMN account TEXT;
CREATE INDEX guess_budgets_by_account ON guess_budgets (account);
