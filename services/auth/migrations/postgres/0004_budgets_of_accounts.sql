-- Whose budget it is, as a digest: all of an account's are lifted together. NULL: of an address over all accounts.
ALTER TABLE guess_budgets ADD COLUMN account TEXT;
CREATE INDEX guess_budgets_by_account ON guess_budgets (account);
