"""What is counted of a settlement holds known kinds of residence only, from before as well."""

from alembic import op

revision = "2026_11_28_97"
down_revision = "2026_11_28_95"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        UPDATE settlement SET residence_kind = 'other' WHERE residence_kind NOT IN (
            'offender_hostel', 'self_reliance_home', 'relief_facility', 'rehab_facility_pa',
            'lodging_facility_pa', 'medical_protection_facility', 'vocational_facility_pa',
            'free_lowcost_lodging', 'private_apartment', 'public_housing',
            'group_home_disability', 'disability_support_facility', 'lodging_training',
            'welfare_home', 'nursing_home_yogo', 'nursing_home_keihi', 'nursing_home_tokuyo',
            'nursing_home_paid', 'serviced_elderly_housing', 'group_home_dementia',
            'geriatric_health_facility', 'psychiatric_hospital', 'hospital', 'own_home',
            'relative_home', 'employer_housing', 'temporary_shelter', 'other', 'undetermined')
    """)


def downgrade() -> None:
    pass  # which other words stood there is not kept
