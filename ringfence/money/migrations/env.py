"""How alembic reaches the ledger: through the connection that `ringfence.money.ledger` hands over."""

from alembic import context

from ringfence.money.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, transactional_ddl=False)
context.run_migrations()
