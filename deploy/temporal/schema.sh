# Makes Temporal's two databases, and brings their schemas up to date. Sourced by
# the container's shell; running it again changes nothing.
# temporal-sql-tool reads SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD.

for database in temporal temporal_visibility; do
  folder=${database#temporal_}
  temporal-sql-tool --database "$database" create-database
  # setup-schema fails on a database that has one: that is the second start.
  temporal-sql-tool --database "$database" setup-schema --version 0.0 ||
    echo "$database has its schema table already"
  temporal-sql-tool --database "$database" update-schema \
    --schema-dir "/etc/temporal/schema/postgresql/v12/$folder/versioned"
done
