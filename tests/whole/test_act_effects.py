"""What acts do is put together by main, out of what each subject hands in."""

from app.domain.acts.acts import KINDS
from app.main import EFFECTS


def test_every_kind_of_act_has_an_effect_and_no_other_has() -> None:
    assert set(EFFECTS) == set(KINDS)
