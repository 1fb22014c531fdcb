-- Invoices that no node has made yet are looked for every few seconds; there are only ever a few.
CREATE INDEX invoices_asked ON invoices (created_at) WHERE state = 'asked';
