"""The name under which the service is installed, so that the name `app` stays free for others.

In a wheel this folder holds the whole service: `app/` and `alembic/`, byte for byte as they lie
beside it in the repository.
"""
