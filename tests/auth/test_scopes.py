from app.auth.scopes import CLASSES, ROLES, SCOPE_TITLES, Scope


def test_only_a_decider_decides() -> None:
    assert {role for role, scopes in ROLES.items() if Scope.REFERRAL_DECIDE in scopes} == {
        "decider"
    }


def test_an_operator_reads_no_body() -> None:
    assert ROLES["operator"] == {
        Scope.SERVICE_OPERATE,
        Scope.ACT_TAKE,
        Scope.DIRECTORY_READ,
    }
    assert CLASSES["operator"] == CLASSES["auditor"] == frozenset()


def test_everyone_reads_the_directory() -> None:
    assert all(Scope.DIRECTORY_READ in scopes for scopes in ROLES.values())


def test_every_role_has_its_classes_and_every_scope_its_title_and_its_role() -> None:
    assert set(CLASSES) == set(ROLES)
    assert (
        set(SCOPE_TITLES) == set(Scope) == {scope for scopes in ROLES.values() for scope in scopes}
    )
