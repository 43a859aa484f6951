"""The tables of the state, and the names of the facts that are counted from the start."""

VERSION = 3
SUMS = ("quantity", "gross", "vat", "net", "discount")
FACTS = (
    *("customers", "stores", "receipts", "lines", *SUMS),
    *(f"returns.{name}" for name in ("lines", *SUMS)),
    *("requests", "imports", "prospects", "deleted", "points", "bonuses", "clips", "carts"),
    *("cart_items", "payment_cards", "vehicles", "redemptions", "disabled_promotions", "triggers"),
    *("files.taken", "files.done", "files.failed"),
    *("warnings.over_400_receipts", "warnings.repeated_receipts"),
    *("warnings.header_gross_differs", "warnings.net_and_vat_differ_from_gross"),
)
# A receipt's key is the number of its first line, so that any page of lines is one range of keys.
# In every other table `customer` is the number of a customer, and `body` is JSON.
TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE stores (number INTEGER PRIMARY KEY, store_id TEXT NOT NULL UNIQUE);
CREATE TABLE receipts (
    first_line INTEGER PRIMARY KEY, lines INTEGER NOT NULL, store_id TEXT NOT NULL,
    receipt_id TEXT NOT NULL, kind TEXT NOT NULL, customer TEXT, gross TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX receipts_by_key ON receipts (receipt_id, store_id, kind, gross);
CREATE INDEX receipts_by_customer ON receipts (customer) WHERE customer IS NOT NULL;
CREATE TABLE customers (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, external_id TEXT UNIQUE,
    mobile_phone TEXT UNIQUE, email TEXT UNIQUE, body TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE INDEX customers_by_change ON customers (updated_at);
CREATE TABLE quarantine (fingerprint BLOB PRIMARY KEY, since REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE bonuses (
    number INTEGER PRIMARY KEY, customer INTEGER NOT NULL, points INTEGER NOT NULL,
    value TEXT NOT NULL, rule TEXT, happened_at TEXT NOT NULL, made_at TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX bonuses_by_customer ON bonuses (customer, points);
CREATE TABLE clips (
    customer INTEGER NOT NULL, card TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (customer, card)
) WITHOUT ROWID;
CREATE TABLE carts (
    cart_id TEXT PRIMARY KEY, contact TEXT, external_id TEXT, items INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX carts_by_contact ON carts (contact);
CREATE INDEX carts_by_external_id ON carts (external_id);
CREATE TABLE payment_cards (
    number INTEGER PRIMARY KEY, customer INTEGER NOT NULL, card_id TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE
);
CREATE INDEX payment_cards_by_customer ON payment_cards (customer);
CREATE TABLE vehicles (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX vehicles_by_customer ON vehicles (customer);
CREATE TABLE redemptions (
    number INTEGER PRIMARY KEY, customer INTEGER NOT NULL, promotion TEXT NOT NULL,
    made_at TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX redemptions_by_customer ON redemptions (customer, promotion);
CREATE TABLE disabled_promotions (
    customer INTEGER NOT NULL, promotion TEXT NOT NULL, PRIMARY KEY (customer, promotion)
) WITHOUT ROWID;
CREATE TABLE triggers (
    number INTEGER PRIMARY KEY, customer INTEGER NOT NULL, trigger_id TEXT NOT NULL,
    made_at TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX triggers_by_customer ON triggers (customer);
CREATE TABLE files (
    number INTEGER PRIMARY KEY, format TEXT NOT NULL, state TEXT NOT NULL, members INTEGER,
    reason TEXT, content BLOB
);
"""
