"""initial"""

import sqlalchemy as sa
from alembic import op

import plauder.store.schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "abuse_report",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("reporter", sa.String(), nullable=False),
        sa.Column("reported", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_abuse_report")),
    )
    op.create_index("ix_abuse_report_at", "abuse_report", ["at"], unique=False)
    op.create_index("ix_abuse_report_reporter", "abuse_report", ["reporter", "at"], unique=False)
    op.create_table(
        "accounts",
        sa.Column("local", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("iterations", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("discoverable", sa.Boolean(), nullable=False),
        sa.Column("pin_hash", sa.String(), nullable=True),
        sa.Column("pin_failures", sa.Integer(), nullable=False),
        sa.Column("pin_blocked_until", plauder.store.schema.Instant(), nullable=True),
        sa.Column("created", plauder.store.schema.Instant(), nullable=False),
        sa.Column("seen", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("local", name=op.f("pk_accounts")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("details", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"], unique=False)
    op.create_table(
        "backup_archives",
        sa.Column("local", sa.String(), nullable=False),
        sa.Column("blob", sa.String(), nullable=False),
        sa.Column("lock", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("made", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("local", name=op.f("pk_backup_archives")),
    )
    op.create_table(
        "backup_vaults",
        sa.Column("local", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("local", name=op.f("pk_backup_vaults")),
    )
    op.create_table(
        "billing_accounts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("credit_limit", sa.BigInteger(), nullable=False),
        sa.Column("spend_limit", sa.BigInteger(), nullable=True),
        sa.Column("essential_limit", sa.BigInteger(), nullable=True),
        sa.Column("alert_percent", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("tax_id", sa.String(), nullable=False),
        sa.Column("tax_name", sa.String(), nullable=False),
        sa.Column("tax_basis_points", sa.Integer(), nullable=False),
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("industry", sa.String(), nullable=False),
        sa.Column("opened_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_accounts")),
    )
    op.create_table(
        "billing_charges",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("reported_category", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("accepted_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("settled_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("month", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_charges")),
    )
    op.create_index("ix_billing_charges_account", "billing_charges", ["account", "month", "state"], unique=False)
    op.create_table(
        "billing_conversations",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("ends_at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("number", "recipient", "category", name=op.f("pk_billing_conversations")),
    )
    op.create_index("ix_billing_conversations_ends_at", "billing_conversations", ["ends_at"], unique=False)
    op.create_index("ix_billing_conversations_opened_by", "billing_conversations", ["opened_by"], unique=False)
    op.create_table(
        "billing_counters",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("counter", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "counter", "scope", "period", name=op.f("pk_billing_counters")),
    )
    op.create_table(
        "billing_credited",
        sa.Column("charge", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("charge", name=op.f("pk_billing_credited")),
        info={"append_only": True},
    )
    op.create_table(
        "billing_documents",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_billing_documents")),
        info={"append_only": True},
    )
    op.create_index("ix_billing_documents_account", "billing_documents", ["account", "number"], unique=False)
    op.create_table(
        "billing_numbers",
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_billing_numbers")),
    )
    op.create_table(
        "block_item",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("jid", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", "jid", name=op.f("pk_block_item")),
    )
    op.create_index("ix_block_item_jid", "block_item", ["jid"], unique=False)
    op.create_table(
        "business_catalog",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_catalog")),
    )
    op.create_index("ix_business_catalog_portfolio", "business_catalog", ["portfolio_id"], unique=False)
    op.create_table(
        "business_catalog_waba",
        sa.Column("waba_id", sa.String(), nullable=False),
        sa.Column("catalog_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("waba_id", name=op.f("pk_business_catalog_waba")),
    )
    op.create_index("ix_business_catalog_waba_catalog", "business_catalog_waba", ["catalog_id"], unique=False)
    op.create_table(
        "business_click",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_click")),
    )
    op.create_index("ix_business_click_at", "business_click", ["at"], unique=False)
    op.create_table(
        "business_contact",
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("wa_id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("last_in_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("referral_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("free_entry_until", plauder.store.schema.Instant(), nullable=True),
        sa.Column("blocked_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("marketing_stopped", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("phone_id", "wa_id", name=op.f("pk_business_contact")),
    )
    op.create_index("ix_business_contact_user", "business_contact", ["portfolio_id", "user_id"], unique=False)
    op.create_table(
        "business_flow_metric",
        sa.Column("flow_id", sa.String(), nullable=False),
        sa.Column("hour", plauder.store.schema.Instant(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("flow_id", "hour", "error", "seconds", name=op.f("pk_business_flow_metric")),
    )
    op.create_table(
        "business_login_code",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("redirect_uri", sa.String(), nullable=False),
        sa.Column("expires_at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_login_code")),
    )
    op.create_table(
        "business_media",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("mime_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("blob", sa.String(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("expires_at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_media")),
    )
    op.create_index("ix_business_media_expires", "business_media", ["expires_at"], unique=False)
    op.create_index("ix_business_media_source", "business_media", ["portfolio_id", "source"], unique=False)
    op.create_table(
        "business_message",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("waba_id", sa.String(), nullable=False),
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("wa_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.Column("stanza_id", sa.String(), nullable=False),
        sa.Column("context_id", sa.String(), nullable=False),
        sa.Column("callback_data", sa.String(), nullable=False),
        sa.Column("template_id", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("pricing", sa.JSON(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("expires_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("sent_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("delivered_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("read_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("failed_at", plauder.store.schema.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_message")),
    )
    op.create_index("ix_business_message_expiry", "business_message", ["status", "expires_at"], unique=False)
    op.create_index(
        "ix_business_message_stanza", "business_message", ["phone_id", "wa_id", "direction", "stanza_id"], unique=True
    )
    op.create_index("ix_business_message_status", "business_message", ["status", "created_at"], unique=False)
    op.create_index("ix_business_message_template", "business_message", ["template_id", "created_at"], unique=False)
    op.create_index("ix_business_message_thread", "business_message", ["phone_id", "wa_id", "created_at"], unique=False)
    op.create_index("ix_business_message_waba", "business_message", ["waba_id", "created_at"], unique=False)
    op.create_table(
        "business_message_link",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_business_message_link")),
    )
    op.create_index("ix_business_message_link_phone", "business_message_link", ["phone_id", "created_at"], unique=False)
    op.create_table(
        "business_node",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("waba_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_node")),
    )
    op.create_index("ix_business_node_portfolio", "business_node", ["portfolio_id", "kind"], unique=False)
    op.create_table(
        "business_number_attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number_id", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_number_attempt")),
    )
    op.create_index(
        "ix_business_number_attempt_number", "business_number_attempt", ["number_id", "what", "at"], unique=False
    )
    op.create_table(
        "business_number_code",
        sa.Column("number_id", sa.String(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("asked_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number_id", name=op.f("pk_business_number_code")),
    )
    op.create_table(
        "business_omemo",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_business_omemo")),
    )
    op.create_index("ix_business_omemo_key", "business_omemo", ["key"], unique=False)
    op.create_table(
        "business_portfolio",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("verification", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_portfolio")),
    )
    op.create_table(
        "business_profile",
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("vertical", sa.String(), nullable=False),
        sa.Column("websites", sa.JSON(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=True),
        sa.Column("picture_media_id", sa.String(), nullable=False),
        sa.Column("is_cart_enabled", sa.Boolean(), nullable=False),
        sa.Column("is_catalog_visible", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("phone_id", name=op.f("pk_business_profile")),
    )
    op.create_table(
        "business_reach",
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("wa_id", sa.String(), nullable=False),
        sa.Column("at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("portfolio_id", "wa_id", name=op.f("pk_business_reach")),
    )
    op.create_index("ix_business_reach_at", "business_reach", ["portfolio_id", "at"], unique=False)
    op.create_table(
        "business_sandbox",
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("customer_name", sa.String(), nullable=False),
        sa.Column("sends_receipts", sa.Boolean(), nullable=False),
        sa.Column("reads", sa.Boolean(), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("portfolio_id", name=op.f("pk_business_sandbox")),
        sa.UniqueConstraint("customer", name=op.f("uq_business_sandbox_customer")),
        sa.UniqueConstraint("phone_id", name=op.f("uq_business_sandbox_phone_id")),
    )
    op.create_table(
        "business_send_key",
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("phone_id", "key", name=op.f("pk_business_send_key")),
    )
    op.create_index("ix_business_send_key_at", "business_send_key", ["at"], unique=False)
    op.create_table(
        "business_signal",
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("wa_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("template_id", sa.String(), nullable=False),
        sa.Column("at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("phone_id", "wa_id", "kind", name=op.f("pk_business_signal")),
    )
    op.create_index("ix_business_signal_at", "business_signal", ["at"], unique=False)
    op.create_table(
        "business_token",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("expires_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("revoked_at", plauder.store.schema.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_token")),
    )
    op.create_index("ix_business_token_portfolio", "business_token", ["portfolio_id"], unique=False)
    op.create_table(
        "business_upload",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("file_type", sa.String(), nullable=False),
        sa.Column("file_length", sa.Integer(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("media_id", sa.String(), nullable=False),
        sa.Column("expires_at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_upload")),
    )
    op.create_index("ix_business_upload_handle", "business_upload", ["handle"], unique=False)
    op.create_table(
        "capability_hash",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("interests", sa.String(), nullable=False),
        sa.Column("learnt", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_capability_hash")),
    )
    op.create_table(
        "code_sends",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("network", sa.LargeBinary(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_sends")),
    )
    op.create_index("ix_code_sends_at", "code_sends", ["at"], unique=False)
    op.create_index("ix_code_sends_number", "code_sends", ["number", "at"], unique=False)
    op.create_table(
        "group_rooms",
        sa.Column("local", sa.String(), nullable=False),
        sa.Column("config", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_by", sa.String(), nullable=False),
        sa.Column("subject_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("vcard", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("invite", sa.String(), nullable=False),
        sa.Column("hats", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("local", name=op.f("pk_group_rooms")),
    )
    op.create_index("ix_group_rooms_invite", "group_rooms", ["invite"], unique=False)
    op.create_table(
        "invites",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created", plauder.store.schema.Instant(), nullable=False),
        sa.Column("expires", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_invites")),
    )
    op.create_table(
        "last_seen",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_last_seen")),
    )
    op.create_table(
        "ledger_balances",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "currency", name=op.f("pk_ledger_balances")),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("memo", sa.String(), nullable=False),
        sa.Column("corrects", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["corrects"], ["ledger_entries.key"], name=op.f("fk_ledger_entries_corrects_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_entries_key")),
        info={"append_only": True},
    )
    op.create_table(
        "media_slots",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("expires_at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_slots")),
    )
    op.create_index("ix_media_slots_account", "media_slots", ["account", "created_at"], unique=False)
    op.create_index("ix_media_slots_expires", "media_slots", ["expires_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", plauder.store.schema.Instant(), nullable=True),
        sa.Column("claimed_until", plauder.store.schema.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_key", "outbox", ["topic", "key", "id"], unique=False)
    op.create_table(
        "outbox_dead",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_dead")),
    )
    op.create_table(
        "pep_node",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("config", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pep_node")),
        sa.UniqueConstraint("account", "node", name=op.f("uq_pep_node_account")),
    )
    op.create_table(
        "private_element",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_private_element")),
    )
    op.create_table(
        "push_targets",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("options", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("account", "device", "kind", "address", name=op.f("pk_push_targets")),
    )
    op.create_table(
        "rate_cards",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("imported_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.Column("csv", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_cards")),
        info={"append_only": True},
    )
    op.create_table(
        "registrations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("send_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires", plauder.store.schema.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
    )
    op.create_index("ix_registrations_expires", "registrations", ["expires"], unique=False)
    op.create_table(
        "roster_item",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("groups", sa.String(), nullable=False),
        sa.Column("is_approved", sa.Boolean(), nullable=False),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "contact", name=op.f("pk_roster_item")),
    )
    op.create_index("ix_roster_item_contact", "roster_item", ["contact"], unique=False)
    op.create_table(
        "roster_version",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_roster_version")),
    )
    op.create_table(
        "vcard",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("card", sa.LargeBinary(), nullable=False),
        sa.Column("picture", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_vcard")),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("waba_id", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("next_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("leased_until", plauder.store.schema.Instant(), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
    )
    op.create_index("ix_webhook_delivery_due", "webhook_delivery", ["state", "next_at"], unique=False)
    op.create_index("ix_webhook_delivery_lane", "webhook_delivery", ["lane", "id"], unique=False)
    op.create_index("ix_webhook_delivery_portfolio", "webhook_delivery", ["portfolio_id", "state"], unique=False)
    op.create_table(
        "webhook_journal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_journal")),
    )
    op.create_index("ix_webhook_journal_at", "webhook_journal", ["at"], unique=False)
    op.create_index("ix_webhook_journal_portfolio", "webhook_journal", ["portfolio_id", "id"], unique=False)
    op.create_table(
        "webhook_number_override",
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("override_url", sa.String(), nullable=False),
        sa.Column("verify_token", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("phone_id", "app_id", name=op.f("pk_webhook_number_override")),
    )
    op.create_table(
        "webhook_subscription",
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("callback_url", sa.String(), nullable=False),
        sa.Column("verify_token", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("app_id", "object", name=op.f("pk_webhook_subscription")),
    )
    op.create_table(
        "webhook_waba_app",
        sa.Column("waba_id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("override_url", sa.String(), nullable=False),
        sa.Column("verify_token", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("waba_id", "app_id", name=op.f("pk_webhook_waba_app")),
    )
    op.create_table(
        "account_devices",
        sa.Column("local", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created", plauder.store.schema.Instant(), nullable=False),
        sa.Column("seen", plauder.store.schema.Instant(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("stored_key_sha1", sa.LargeBinary(), nullable=False),
        sa.Column("server_key_sha1", sa.LargeBinary(), nullable=False),
        sa.Column("stored_key_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("server_key_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("stored_key_sha512", sa.LargeBinary(), nullable=False),
        sa.Column("server_key_sha512", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["local"],
            ["accounts.local"],
            name=op.f("fk_account_devices_local_accounts"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("local", "id", name=op.f("pk_account_devices")),
    )
    op.create_table(
        "business_app",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("requires_proof", sa.Boolean(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["portfolio_id"], ["business_portfolio.id"], name=op.f("fk_business_app_portfolio_id_business_portfolio")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_app")),
    )
    op.create_index("ix_business_app_portfolio", "business_app", ["portfolio_id"], unique=False)
    op.create_table(
        "business_invitation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("invite", sa.String(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("expires_at", plauder.store.schema.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["portfolio_id"],
            ["business_portfolio.id"],
            name=op.f("fk_business_invitation_portfolio_id_business_portfolio"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_invitation")),
    )
    op.create_index("ix_business_invitation_invite", "business_invitation", ["invite"], unique=False)
    op.create_index("ix_business_invitation_number", "business_invitation", ["number"], unique=False)
    op.create_index("ix_business_invitation_portfolio", "business_invitation", ["portfolio_id"], unique=False)
    op.create_table(
        "business_member",
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("joined_at", plauder.store.schema.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["portfolio_id"], ["business_portfolio.id"], name=op.f("fk_business_member_portfolio_id_business_portfolio")
        ),
        sa.PrimaryKeyConstraint("portfolio_id", "account", name=op.f("pk_business_member")),
    )
    op.create_index("ix_business_member_account", "business_member", ["account"], unique=False)
    op.create_table(
        "business_product",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("catalog_id", sa.String(), nullable=False),
        sa.Column("retailer_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("availability", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("image_url", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["catalog_id"], ["business_catalog.id"], name=op.f("fk_business_product_catalog_id_business_catalog")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_product")),
    )
    op.create_index("ix_business_product_retailer", "business_product", ["catalog_id", "retailer_id"], unique=True)
    op.create_table(
        "business_system_user",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["portfolio_id"],
            ["business_portfolio.id"],
            name=op.f("fk_business_system_user_portfolio_id_business_portfolio"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_system_user")),
    )
    op.create_table(
        "business_waba",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("timezone_id", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("namespace", sa.String(), nullable=False),
        sa.Column("review_status", sa.String(), nullable=False),
        sa.Column("insights", sa.Boolean(), nullable=False),
        sa.Column("marketing_disabled", sa.Boolean(), nullable=False),
        sa.Column("locked_reason", sa.String(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["portfolio_id"], ["business_portfolio.id"], name=op.f("fk_business_waba_portfolio_id_business_portfolio")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_waba")),
    )
    op.create_index("ix_business_waba_portfolio", "business_waba", ["portfolio_id"], unique=False)
    op.create_table(
        "contact_lookups",
        sa.Column("local", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["local"],
            ["accounts.local"],
            name=op.f("fk_contact_lookups_local_accounts"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("local", "day", name=op.f("pk_contact_lookups")),
    )
    op.create_table(
        "device_links",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("local", sa.String(), nullable=False),
        sa.Column("expires", plauder.store.schema.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["local"],
            ["accounts.local"],
            name=op.f("fk_device_links_local_accounts"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_device_links")),
    )
    op.create_table(
        "fast_tokens",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("local", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("mechanism", sa.String(), nullable=False),
        sa.Column("expires", plauder.store.schema.Instant(), nullable=False),
        sa.Column("counter", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["local"],
            ["accounts.local"],
            name=op.f("fk_fast_tokens_local_accounts"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fast_tokens")),
    )
    op.create_index("ix_fast_tokens_agent", "fast_tokens", ["local", "user_agent"], unique=False)
    op.create_index("ix_fast_tokens_expires", "fast_tokens", ["expires"], unique=False)
    op.create_table(
        "group_affiliations",
        sa.Column("room", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("affiliation", sa.String(), nullable=False),
        sa.Column("nick", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room"], ["group_rooms.local"], name=op.f("fk_group_affiliations_room_group_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room", "account", name=op.f("pk_group_affiliations")),
    )
    op.create_index("ix_group_affiliations_account", "group_affiliations", ["account"], unique=False)
    op.create_table(
        "ledger_legs",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.id"], name=op.f("fk_ledger_legs_entry_id_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("entry_id", "position", name=op.f("pk_ledger_legs")),
        info={"append_only": True},
    )
    op.create_index("ix_ledger_legs_account", "ledger_legs", ["account", "currency", "entry_id"], unique=False)
    op.create_table(
        "pep_affiliation",
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("jid", sa.String(), nullable=False),
        sa.Column("affiliation", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["node_id"], ["pep_node.id"], name=op.f("fk_pep_affiliation_node_id_pep_node"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("node_id", "jid", name=op.f("pk_pep_affiliation")),
    )
    op.create_table(
        "pep_item",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("publisher", sa.String(), nullable=False),
        sa.Column("published", plauder.store.schema.Instant(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["node_id"], ["pep_node.id"], name=op.f("fk_pep_item_node_id_pep_node"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_pep_item")),
        sa.UniqueConstraint("node_id", "item", name=op.f("uq_pep_item_node_id")),
    )
    op.create_index("ix_pep_item_latest", "pep_item", ["node_id", "seq", "size"], unique=False)
    op.create_table(
        "pep_subscription",
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("jid", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("subid", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["node_id"], ["pep_node.id"], name=op.f("fk_pep_subscription_node_id_pep_node"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("node_id", "jid", name=op.f("pk_pep_subscription")),
    )
    op.create_index("ix_pep_subscription_jid", "pep_subscription", ["jid"], unique=False)
    op.create_table(
        "business_flow",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("waba_id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("json", sa.String(), nullable=False),
        sa.Column("json_version", sa.String(), nullable=False),
        sa.Column("data_api_version", sa.String(), nullable=False),
        sa.Column("endpoint_uri", sa.String(), nullable=False),
        sa.Column("application_id", sa.String(), nullable=False),
        sa.Column("validation_errors", sa.JSON(), nullable=False),
        sa.Column("preview_token", sa.String(), nullable=False),
        sa.Column("preview_until", plauder.store.schema.Instant(), nullable=False),
        sa.Column("updated_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["waba_id"], ["business_waba.id"], name=op.f("fk_business_flow_waba_id_business_waba")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_flow")),
    )
    op.create_index("ix_business_flow_waba", "business_flow", ["waba_id", "name"], unique=False)
    op.create_table(
        "business_number",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("waba_id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("digits", sa.String(), nullable=False),
        sa.Column("display", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("verified_name", sa.String(), nullable=False),
        sa.Column("new_display_name", sa.String(), nullable=False),
        sa.Column("name_status", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("code_verification_status", sa.String(), nullable=False),
        sa.Column("quality", sa.String(), nullable=False),
        sa.Column("throughput", sa.Integer(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("pin_hash", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("automation", sa.JSON(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("search_visibility", sa.String(), nullable=False),
        sa.Column("registered_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["waba_id"], ["business_waba.id"], name=op.f("fk_business_number_waba_id_business_waba")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_number")),
        sa.UniqueConstraint("digits", name=op.f("uq_business_number_digits")),
    )
    op.create_index("ix_business_number_waba", "business_number", ["waba_id"], unique=False)
    op.create_table(
        "business_template",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("waba_id", sa.String(), nullable=False),
        sa.Column("portfolio_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("previous_category", sa.String(), nullable=False),
        sa.Column("correct_category", sa.String(), nullable=False),
        sa.Column("sub_category", sa.String(), nullable=False),
        sa.Column("parameter_format", sa.String(), nullable=False),
        sa.Column("components", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("rejected_reason", sa.String(), nullable=False),
        sa.Column("quality", sa.String(), nullable=False),
        sa.Column("quality_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("ttl_seconds", sa.Integer(), nullable=True),
        sa.Column("library_name", sa.String(), nullable=False),
        sa.Column("link_tracking_opted_out", sa.Boolean(), nullable=False),
        sa.Column("pauses", sa.Integer(), nullable=False),
        sa.Column("paused_until", plauder.store.schema.Instant(), nullable=True),
        sa.Column("paced_since", plauder.store.schema.Instant(), nullable=True),
        sa.Column("used_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("archived_at", plauder.store.schema.Instant(), nullable=True),
        sa.Column("edits", sa.JSON(), nullable=False),
        sa.Column("created_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("updated_at", plauder.store.schema.Instant(), nullable=False),
        sa.Column("deleted_at", plauder.store.schema.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["waba_id"], ["business_waba.id"], name=op.f("fk_business_template_waba_id_business_waba")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_template")),
    )
    op.create_index("ix_business_template_name", "business_template", ["waba_id", "name", "language"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER IF NOT EXISTS billing_credited_no_UPDATE BEFORE UPDATE ON billing_credited BEGIN SELECT RAISE(ABORT, 'billing_credited only grows'); END"
        )
        op.execute(
            "CREATE TRIGGER IF NOT EXISTS billing_credited_no_DELETE BEFORE DELETE ON billing_credited BEGIN SELECT RAISE(ABORT, 'billing_credited only grows'); END"
        )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION billing_credited_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'billing_credited only grows'; END $$"
        )
        op.execute(
            "CREATE OR REPLACE TRIGGER billing_credited_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_credited FOR EACH STATEMENT EXECUTE FUNCTION billing_credited_only_grows()"
        )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER IF NOT EXISTS billing_documents_no_UPDATE BEFORE UPDATE ON billing_documents BEGIN SELECT RAISE(ABORT, 'billing_documents only grows'); END"
        )
        op.execute(
            "CREATE TRIGGER IF NOT EXISTS billing_documents_no_DELETE BEFORE DELETE ON billing_documents BEGIN SELECT RAISE(ABORT, 'billing_documents only grows'); END"
        )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION billing_documents_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'billing_documents only grows'; END $$"
        )
        op.execute(
            "CREATE OR REPLACE TRIGGER billing_documents_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_documents FOR EACH STATEMENT EXECUTE FUNCTION billing_documents_only_grows()"
        )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER IF NOT EXISTS ledger_entries_no_UPDATE BEFORE UPDATE ON ledger_entries BEGIN SELECT RAISE(ABORT, 'ledger_entries only grows'); END"
        )
        op.execute(
            "CREATE TRIGGER IF NOT EXISTS ledger_entries_no_DELETE BEFORE DELETE ON ledger_entries BEGIN SELECT RAISE(ABORT, 'ledger_entries only grows'); END"
        )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION ledger_entries_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ledger_entries only grows'; END $$"
        )
        op.execute(
            "CREATE OR REPLACE TRIGGER ledger_entries_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_only_grows()"
        )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER IF NOT EXISTS rate_cards_no_UPDATE BEFORE UPDATE ON rate_cards BEGIN SELECT RAISE(ABORT, 'rate_cards only grows'); END"
        )
        op.execute(
            "CREATE TRIGGER IF NOT EXISTS rate_cards_no_DELETE BEFORE DELETE ON rate_cards BEGIN SELECT RAISE(ABORT, 'rate_cards only grows'); END"
        )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION rate_cards_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'rate_cards only grows'; END $$"
        )
        op.execute(
            "CREATE OR REPLACE TRIGGER rate_cards_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON rate_cards FOR EACH STATEMENT EXECUTE FUNCTION rate_cards_only_grows()"
        )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER IF NOT EXISTS ledger_legs_no_UPDATE BEFORE UPDATE ON ledger_legs BEGIN SELECT RAISE(ABORT, 'ledger_legs only grows'); END"
        )
        op.execute(
            "CREATE TRIGGER IF NOT EXISTS ledger_legs_no_DELETE BEFORE DELETE ON ledger_legs BEGIN SELECT RAISE(ABORT, 'ledger_legs only grows'); END"
        )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION ledger_legs_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ledger_legs only grows'; END $$"
        )
        op.execute(
            "CREATE OR REPLACE TRIGGER ledger_legs_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_legs FOR EACH STATEMENT EXECUTE FUNCTION ledger_legs_only_grows()"
        )
