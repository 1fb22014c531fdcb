-- Where a node's own numbering of settled invoices and of payments stood when its books became ours: what is numbered
-- higher is a movement of ours, whatever the two clocks say. Null: not known (adopted before this, or the node numbers
-- anew), then the time of adoption decides.
ALTER TABLE "lightning_nodes"
    ADD COLUMN "cut_settled_index" BIGINT,
    ADD COLUMN "cut_payment_index" BIGINT;
