"""What Alembic runs: the revisions, over the one connection that `migrate` hands in."""

from alembic import context

from gateway.adapters.db.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
