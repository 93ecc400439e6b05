"""create tables."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_first"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
    )
    op.create_table(
        "awaited_role",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=100), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("email", "role", name=op.f("pk_awaited_role")),
    )
    op.create_table(
        "caught_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("envelope_from", sa.String(length=254), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caught_message")),
    )
    op.create_table(
        "cut_request",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("author", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cut_request")),
    )
    op.create_table(
        "journal_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("stream", sa.String(length=60), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entry")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("journal_entry", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_journal_entry_actor_occurred_at_id"), ["actor", "occurred_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_journal_entry_kind_actor_occurred_at_id"),
            ["kind", "actor", "occurred_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_journal_entry_kind_occurred_at_id"), ["kind", "occurred_at", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_journal_entry_occurred_at_id"), ["occurred_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_journal_entry_stream_kind"), ["stream", "kind"], unique=False)

    op.create_table(
        "mail_note",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mail_note")),
    )
    op.create_table(
        "open_evening",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("host", sa.String(length=200), nullable=True),
        sa.Column("venue", sa.String(length=200), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("joining_url", sa.Text(), nullable=True),
        sa.Column("agenda", sa.JSON(), nullable=False),
        sa.Column("aims", sa.JSON(), nullable=False),
        sa.Column("accessibility", sa.JSON(), nullable=False),
        sa.Column("ask_by", sa.JSON(), nullable=False),
        sa.Column("materials", sa.JSON(), nullable=False),
        sa.Column("timing", sa.JSON(), nullable=False),
        sa.Column("registration_closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("questions_close_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("loaded", sa.JSON(), nullable=False),
        sa.Column("last_turn", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_evening")),
        sa.UniqueConstraint("slug", name=op.f("uq_open_evening_slug")),
    )
    with op.batch_alter_table("open_evening", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_open_evening_status"), ["status"], unique=False)

    op.create_table(
        "outbox_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("stream", sa.String(length=60), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("envelope_from", sa.String(length=254), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.String(length=40), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_message_key")),
    )
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_message_settled_at"), ["settled_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_message_state_due_at_id"), ["state", "due_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_message_stream_id"), ["stream", "id"], unique=False)

    op.create_table(
        "planned_round",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("reached", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_planned_round")),
    )
    op.create_table(
        "questionnaire",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("is_frozen", sa.Boolean(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaire")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_questionnaire_key_version")),
    )
    op.create_table(
        "role_grant",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=100), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("email", "role", name=op.f("pk_role_grant")),
    )
    op.create_table(
        "series",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("questionnaire_key", sa.String(length=40), nullable=False),
        sa.Column("months", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_series")),
    )
    op.create_table(
        "sign_in_link",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fingerprint", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_path", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_link")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_sign_in_link_fingerprint")),
    )
    with op.batch_alter_table("sign_in_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_link_email"), ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_link_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "sign_in_session",
        sa.Column("fingerprint", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_sign_in_session")),
    )
    with op.batch_alter_table("sign_in_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_session_email"), ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_session_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "staff",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("directorate", sa.String(length=100), nullable=False),
        sa.Column("grade", sa.String(length=40), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_email")),
    )
    op.create_table(
        "trustee",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_trustee")),
    )
    op.create_table(
        "asked_question",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("open_evening_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["open_evening_id"],
            ["open_evening.id"],
            name=op.f("fk_asked_question_open_evening_id_open_evening"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asked_question")),
    )
    with op.batch_alter_table("asked_question", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_asked_question_open_evening_id"), ["open_evening_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_asked_question_status_id_open_evening_id"), ["status", "id", "open_evening_id"], unique=False
        )

    op.create_table(
        "feedback",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("open_evening_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["open_evening_id"],
            ["open_evening.id"],
            name=op.f("fk_feedback_open_evening_id_open_evening"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feedback_open_evening_id"), ["open_evening_id"], unique=False)

    op.create_table(
        "mailing",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("open_evening_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["open_evening_id"],
            ["open_evening.id"],
            name=op.f("fk_mailing_open_evening_id_open_evening"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing")),
        sa.UniqueConstraint("key", name=op.f("uq_mailing_key")),
    )
    with op.batch_alter_table("mailing", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mailing_open_evening_id"), ["open_evening_id"], unique=False)

    op.create_table(
        "pending_fact",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subscriber", sa.String(length=60), nullable=False),
        sa.Column("stream", sa.String(length=60), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["journal_entry.id"], name=op.f("fk_pending_fact_entry_id_journal_entry"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entry_id", "subscriber", name=op.f("pk_pending_fact")),
    )
    with op.batch_alter_table("pending_fact", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pending_fact_subscriber_stream_entry_id"), ["subscriber", "stream", "entry_id"], unique=False
        )

    op.create_table(
        "slot",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("open_evening_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_slot_ends_after_start")),
        sa.CheckConstraint("held >= 0 AND held <= capacity", name=op.f("ck_slot_held_within_capacity")),
        sa.CheckConstraint("waiting >= 0", name=op.f("ck_slot_waiting_not_negative")),
        sa.ForeignKeyConstraint(
            ["open_evening_id"],
            ["open_evening.id"],
            name=op.f("fk_slot_open_evening_id_open_evening"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot")),
        sa.UniqueConstraint("open_evening_id", "key", name=op.f("uq_slot_open_evening_id_key")),
    )
    with op.batch_alter_table("slot", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_slot_ends_at"), ["ends_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_slot_starts_at"), ["starts_at"], unique=False)

    op.create_table(
        "vacancy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("open_evening_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("grade", sa.String(length=40), nullable=True),
        sa.Column("posts", sa.Integer(), nullable=True),
        sa.Column("permanent", sa.Boolean(), nullable=True),
        sa.Column("salary", sa.String(length=200), nullable=True),
        sa.Column("apply_url", sa.Text(), nullable=True),
        sa.Column("description_url", sa.Text(), nullable=True),
        sa.Column("contact", sa.String(length=254), nullable=True),
        sa.Column("help_hours", sa.String(length=200), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closing_set_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminders_days_before", sa.JSON(), nullable=False),
        sa.Column("form_parts", sa.JSON(), nullable=False),
        sa.Column("tests", sa.JSON(), nullable=False),
        sa.Column("interview", sa.JSON(), nullable=True),
        sa.Column("hints", sa.JSON(), nullable=False),
        sa.Column("vetting", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["open_evening_id"],
            ["open_evening.id"],
            name=op.f("fk_vacancy_open_evening_id_open_evening"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vacancy")),
        sa.UniqueConstraint("open_evening_id", "key", name=op.f("uq_vacancy_open_evening_id_key")),
    )
    with op.batch_alter_table("vacancy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vacancy_closes_at"), ["closes_at"], unique=False)

    op.create_table(
        "wave",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("series_key", sa.String(length=40), nullable=True),
        sa.Column("questionnaire_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("results_by", sa.Date(), nullable=True),
        sa.Column("reminders_days_before", sa.JSON(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("families", sa.JSON(), nullable=False),
        sa.Column("trustees", sa.JSON(), nullable=False),
        sa.Column("shares_needed", sa.Integer(), nullable=True),
        sa.Column("consultation_began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opening_reason", sa.Text(), nullable=True),
        sa.Column("union_words", sa.Text(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("wrapped_private_key", sa.LargeBinary(), nullable=True),
        sa.Column("wrapped_link_key", sa.LargeBinary(), nullable=True),
        sa.Column("invited", sa.Integer(), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.Column("loaded", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'consulting', 'open', 'closed', 'tallied', 'published', 'void')",
            name=op.f("ck_wave_status_known"),
        ),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_wave_closes_after_opening")),
        sa.CheckConstraint("threshold >= 5", name=op.f("ck_wave_threshold_protects")),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"], ["questionnaire.id"], name=op.f("fk_wave_questionnaire_id_questionnaire")
        ),
        sa.ForeignKeyConstraint(["series_key"], ["series.key"], name=op.f("fk_wave_series_key_series")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wave")),
        sa.UniqueConstraint("key", name=op.f("uq_wave_key")),
    )
    op.create_table(
        "action",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wave_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("theme", sa.String(length=40), nullable=True),
        sa.Column("question", sa.String(length=40), nullable=True),
        sa.Column("family", sa.String(length=40), nullable=True),
        sa.Column("group", sa.String(length=100), nullable=True),
        sa.Column("owner", sa.String(length=254), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('proposed', 'agreed', 'under way', 'done', 'dropped')", name=op.f("ck_action_status_known")
        ),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_action_wave_id_wave"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action")),
    )
    with op.batch_alter_table("action", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_action_wave_id"), ["wave_id"], unique=False)

    op.create_table(
        "consultation_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wave_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("author", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["wave.id"], name=op.f("fk_consultation_entry_wave_id_wave"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_entry")),
    )
    with op.batch_alter_table("consultation_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consultation_entry_wave_id"), ["wave_id"], unique=False)

    op.create_table(
        "counted_comment",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("wave_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("question", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("redacted", sa.Text(), nullable=False),
        sa.Column("is_withheld", sa.Boolean(), nullable=False),
        sa.Column("workforce_reader", sa.String(length=254), nullable=True),
        sa.Column("union_reader", sa.String(length=254), nullable=True),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["wave.id"], name=op.f("fk_counted_comment_wave_id_wave"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_counted_comment")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("counted_comment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_counted_comment_wave_id"), ["wave_id"], unique=False)

    op.create_table(
        "key_share",
        sa.Column("wave_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["email"], ["trustee.email"], name=op.f("fk_key_share_email_trustee")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_key_share_wave_id_wave"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("wave_id", "email", name=op.f("pk_key_share")),
    )
    op.create_table(
        "registration",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("open_evening_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("uid", sa.String(length=60), nullable=False),
        sa.Column("ticket_code", sa.String(length=8), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("party", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("has_reminders", sa.Boolean(), nullable=False),
        sa.Column("attendance", sa.String(length=12), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("has_given_feedback", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("form", sa.String(length=40), nullable=False),
        sa.Column("first_slot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("first_position", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "slot_id IS NOT NULL OR status IN ('subscribed', 'cancelled')", name=op.f("ck_registration_slot_named")
        ),
        sa.CheckConstraint(
            "status IN ('confirmed', 'waiting', 'offered', 'lapsed', 'cancelled', 'attended', 'subscribed')",
            name=op.f("ck_registration_status_known"),
        ),
        sa.CheckConstraint("party IN (1, 2)", name=op.f("ck_registration_party_one_or_two")),
        sa.ForeignKeyConstraint(
            ["open_evening_id"],
            ["open_evening.id"],
            name=op.f("fk_registration_open_evening_id_open_evening"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_registration_slot_id_slot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration")),
        sa.UniqueConstraint("open_evening_id", "email_key", name=op.f("uq_registration_open_evening_id_email_key")),
        sa.UniqueConstraint("open_evening_id", "ticket_code", name=op.f("uq_registration_open_evening_id_ticket_code")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("registration", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_registration_declined_until"),
            ["declined_until"],
            unique=False,
            sqlite_where=sa.text("declined_until IS NOT NULL"),
            postgresql_where=sa.text("declined_until IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_registration_form"), ["form"], unique=False)
        batch_op.create_index(batch_op.f("ix_registration_open_evening_id_id"), ["open_evening_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registration_slot_id"), ["slot_id"], unique=False)

    op.create_table(
        "release",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wave_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("root", sa.String(length=71), nullable=False),
        sa.Column("previous_root", sa.String(length=71), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_release_wave_id_wave")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("previous_root", name=op.f("uq_release_previous_root")),
        sa.UniqueConstraint("wave_id", "kind", name=op.f("uq_release_wave_id_kind")),
    )
    op.create_table(
        "roster_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wave_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("directorate", sa.String(length=100), nullable=False),
        sa.Column("grade", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["wave.id"], name=op.f("fk_roster_entry_wave_id_wave"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_entry")),
        sa.UniqueConstraint("wave_id", "staff_id", name=op.f("uq_roster_entry_wave_id_staff_id")),
    )
    op.create_table(
        "sealed_comments",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("wave_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["wave.id"], name=op.f("fk_sealed_comments_wave_id_wave"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sealed_comments")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sealed_sheet",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("wave_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["wave.id"], name=op.f("fk_sealed_sheet_wave_id_wave"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sealed_sheet")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "spent_link",
        sa.Column("fingerprint", sa.LargeBinary(length=20), nullable=False),
        sa.Column("wave_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_spent_link_wave_id_wave"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_spent_link")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tally",
        sa.Column("wave_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("tallied_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_tally_wave_id_wave"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("wave_id", name=op.f("pk_tally")),
    )
    op.create_table(
        "tally_desk",
        sa.Column("wave_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_tally_desk_wave_id_wave"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("wave_id", name=op.f("pk_tally_desk")),
    )
    op.create_table(
        "access_need",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("registration_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.String(length=254), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'arranged', 'confirmed', 'refused')", name=op.f("ck_access_need_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registration.id"],
            name=op.f("fk_access_need_registration_id_registration"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_need")),
        sa.UniqueConstraint("registration_id", "kind", name=op.f("uq_access_need_registration_id_kind")),
    )
    with op.batch_alter_table("access_need", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_access_need_state_registration_id"), ["state", "registration_id"], unique=False
        )

    op.create_table(
        "action_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("action_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("author", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["action_id"], ["action.id"], name=op.f("fk_action_entry_action_id_action"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_entry")),
    )
    with op.batch_alter_table("action_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_action_entry_action_id"), ["action_id"], unique=False)

    op.create_table(
        "admission",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("open_evening_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("registration_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("door", sa.Integer(), nullable=False),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["open_evening_id"],
            ["open_evening.id"],
            name=op.f("fk_admission_open_evening_id_open_evening"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registration.id"],
            name=op.f("fk_admission_registration_id_registration"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_admission_slot_id_slot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admission")),
        sa.UniqueConstraint("key", name=op.f("uq_admission_key")),
    )
    with op.batch_alter_table("admission", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_admission_open_evening_id_changed_at"), ["open_evening_id", "changed_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_admission_registration_id"), ["registration_id"], unique=False)

    op.create_table(
        "answered_form",
        sa.Column("registration_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form", sa.String(length=40), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("slot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registration.id"],
            name=op.f("fk_answered_form_registration_id_registration"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("registration_id", "form", "expires_at", name=op.f("pk_answered_form")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("answered_form", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answered_form_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_answered_form_form"), ["form"], unique=False)

    op.create_table(
        "handed_share",
        sa.Column("wave_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["tally_desk.wave_id"], name=op.f("fk_handed_share_wave_id_tally_desk"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("wave_id", "email", name=op.f("pk_handed_share")),
    )
    op.create_table(
        "interest",
        sa.Column("registration_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("vacancy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registration.id"],
            name=op.f("fk_interest_registration_id_registration"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["vacancy_id"], ["vacancy.id"], name=op.f("fk_interest_vacancy_id_vacancy"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("registration_id", "vacancy_id", name=op.f("pk_interest")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("interest", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_interest_vacancy_id"), ["vacancy_id"], unique=False)

    op.create_table(
        "mailing_recipient",
        sa.Column("mailing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("registration_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name=op.f("fk_mailing_recipient_mailing_id_mailing"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registration.id"],
            name=op.f("fk_mailing_recipient_registration_id_registration"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mailing_id", "registration_id", name=op.f("pk_mailing_recipient")),
    )
    with op.batch_alter_table("mailing_recipient", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mailing_recipient_registration_id"), ["registration_id"], unique=False)

    op.create_table(
        "queue_entry",
        sa.Column("registration_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("offer_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registration.id"],
            name=op.f("fk_queue_entry_registration_id_registration"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_queue_entry_slot_id_slot")),
        sa.PrimaryKeyConstraint("registration_id", name=op.f("pk_queue_entry")),
        sa.UniqueConstraint("slot_id", "turn", name=op.f("uq_queue_entry_slot_id_turn")),
    )
    with op.batch_alter_table("queue_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_queue_entry_offer_expires_at"), ["offer_expires_at"], unique=False)
    if op.get_context().dialect.name == "sqlite":  # whose sequences begin with the first row: ids are drawn before it
        op.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('journal_entry', 0), ('registration', 0)")


def downgrade() -> None:
    with op.batch_alter_table("queue_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_queue_entry_offer_expires_at"))

    op.drop_table("queue_entry")
    with op.batch_alter_table("mailing_recipient", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mailing_recipient_registration_id"))

    op.drop_table("mailing_recipient")
    with op.batch_alter_table("interest", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_interest_vacancy_id"))

    op.drop_table("interest")
    op.drop_table("handed_share")
    with op.batch_alter_table("answered_form", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_answered_form_form"))
        batch_op.drop_index(batch_op.f("ix_answered_form_expires_at"))

    op.drop_table("answered_form")
    with op.batch_alter_table("admission", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_admission_registration_id"))
        batch_op.drop_index(batch_op.f("ix_admission_open_evening_id_changed_at"))

    op.drop_table("admission")
    with op.batch_alter_table("action_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_action_entry_action_id"))

    op.drop_table("action_entry")
    with op.batch_alter_table("access_need", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_access_need_state_registration_id"))

    op.drop_table("access_need")
    op.drop_table("tally_desk")
    op.drop_table("tally")
    op.drop_table("spent_link")
    op.drop_table("sealed_sheet")
    op.drop_table("sealed_comments")
    op.drop_table("roster_entry")
    op.drop_table("release")
    with op.batch_alter_table("registration", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_registration_slot_id"))
        batch_op.drop_index(batch_op.f("ix_registration_open_evening_id_id"))
        batch_op.drop_index(batch_op.f("ix_registration_form"))
        batch_op.drop_index(batch_op.f("ix_registration_declined_until"))

    op.drop_table("registration")
    op.drop_table("key_share")
    with op.batch_alter_table("counted_comment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_counted_comment_wave_id"))

    op.drop_table("counted_comment")
    with op.batch_alter_table("consultation_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consultation_entry_wave_id"))

    op.drop_table("consultation_entry")
    with op.batch_alter_table("action", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_action_wave_id"))

    op.drop_table("action")
    op.drop_table("wave")
    with op.batch_alter_table("vacancy", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vacancy_closes_at"))

    op.drop_table("vacancy")
    with op.batch_alter_table("slot", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_slot_starts_at"))
        batch_op.drop_index(batch_op.f("ix_slot_ends_at"))

    op.drop_table("slot")
    with op.batch_alter_table("pending_fact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pending_fact_subscriber_stream_entry_id"))

    op.drop_table("pending_fact")
    with op.batch_alter_table("mailing", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mailing_open_evening_id"))

    op.drop_table("mailing")
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feedback_open_evening_id"))

    op.drop_table("feedback")
    with op.batch_alter_table("asked_question", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_asked_question_status_id_open_evening_id"))
        batch_op.drop_index(batch_op.f("ix_asked_question_open_evening_id"))

    op.drop_table("asked_question")
    op.drop_table("trustee")
    op.drop_table("staff")
    with op.batch_alter_table("sign_in_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_session_expires_at"))
        batch_op.drop_index(batch_op.f("ix_sign_in_session_email"))

    op.drop_table("sign_in_session")
    with op.batch_alter_table("sign_in_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_link_expires_at"))
        batch_op.drop_index(batch_op.f("ix_sign_in_link_email"))

    op.drop_table("sign_in_link")
    op.drop_table("series")
    op.drop_table("role_grant")
    op.drop_table("questionnaire")
    op.drop_table("planned_round")
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_message_stream_id"))
        batch_op.drop_index(batch_op.f("ix_outbox_message_state_due_at_id"))
        batch_op.drop_index(batch_op.f("ix_outbox_message_settled_at"))

    op.drop_table("outbox_message")
    with op.batch_alter_table("open_evening", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_open_evening_status"))

    op.drop_table("open_evening")
    op.drop_table("mail_note")
    with op.batch_alter_table("journal_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_journal_entry_stream_kind"))
        batch_op.drop_index(batch_op.f("ix_journal_entry_occurred_at_id"))
        batch_op.drop_index(batch_op.f("ix_journal_entry_kind_occurred_at_id"))
        batch_op.drop_index(batch_op.f("ix_journal_entry_kind_actor_occurred_at_id"))
        batch_op.drop_index(batch_op.f("ix_journal_entry_actor_occurred_at_id"))

    op.drop_table("journal_entry")
    op.drop_table("cut_request")
    op.drop_table("caught_message")
    op.drop_table("awaited_role")
    op.drop_table("account")
