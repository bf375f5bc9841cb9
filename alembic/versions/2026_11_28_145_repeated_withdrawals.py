"""Of an item of a consent that was withdrawn again and again the first four withdrawals stay.

Going back puts none back: an item that was withdrawn four times stays withdrawn.
"""

from alembic import op

revision = "2026_11_28_145"
down_revision = "2026_11_28_131"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE consent AS c SET withdrawn_items = first.items, taken_by = first.takers FROM ("
        "  SELECT k.case_id, k.id, array_agg(u.item ORDER BY u.place) AS items,"
        "    array_agg(u.taker ORDER BY u.place) AS takers"
        "  FROM consent k CROSS JOIN LATERAL ("
        "    SELECT t.*, row_number() OVER (PARTITION BY t.item ORDER BY t.place) AS nth"
        "    FROM unnest(k.withdrawn_items, k.taken_by) WITH ORDINALITY AS t (item, taker, place)"
        "  ) AS u WHERE u.nth <= 4 GROUP BY k.case_id, k.id) AS first"
        " WHERE c.case_id = first.case_id AND c.id = first.id"
        " AND cardinality(first.items) < cardinality(c.withdrawn_items)"
    )


def downgrade() -> None:
    """None is put back."""
