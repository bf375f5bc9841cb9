"""Which kinds of agency may have a part in a flow (domain reference 1.1)."""

INSTITUTIONS = frozenset(
    {
        "prison",
        "juvenile_prison",
        "detention_house",
        "prison_branch",
        "detention_branch",
        "juvenile_training_school",
    }
)
PROBATION_OFFICES = frozenset({"probation_office"})
PROSECUTORS = frozenset({"prosecutor_district"})
CENTERS = frozenset({"settlement_center"})
COUNSEL = frozenset({"bar_association", "defence_counsel", "legal_support_center"})
